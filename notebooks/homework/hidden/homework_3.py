"""The teacher's instances for homework 3: the checks again, with other seeds."""

SEEDS = (11, 12, 13)

"""The teacher's instances for homework 4: the checks again, with other seeds."""

SEEDS = (11, 12, 13)

"""Homework 2: what a submission is graded with beside the checks that were handed out.

Each task is checked on further instances, of these seeds.
"""

SEEDS = (11, 12, 13)

"""Homework 6: what only the grading sees."""

SEEDS = (11, 12)  # of further instances

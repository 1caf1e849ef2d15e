"""Homework: checks with hints, and a look at a notebook before it is handed in.

The check of a task is a generator in checks.py. It calls the student's answer,
compares, and yields the points of each part that is right; at the first wrong part it
raises the Hint that names the likely mistake. `python -m lectures_lib.homework
HW.ipynb` looks a whole notebook over before it is handed in.
"""

from .checking import HIDDEN, HomeworkError, NotDone, ask, check, task
from .comparisons import Hint, expect, integer, kind, run_in_order, same, the_line

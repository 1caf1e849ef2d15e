"""The teacher's own files, examined before anybody is graded."""

from pathlib import Path

from lectures_lib.homework.checking import HomeworkError, load, tasks_of


def examine(hidden: Path, checks: Path) -> None:
    """Raise a HomeworkError for what the teacher has got wrong in these two files.

    In the grading it would count as a mistake of everyone who has handed in.
    """
    for path in (checks, hidden):
        try:
            module = load(path)
        except Exception as error:
            raise HomeworkError(f"{path}: {type(error).__name__}: {error}") from None
    seeds = getattr(module, "SEEDS", None)
    whole = type(seeds) in (list, tuple, range) and all(type(s) is int for s in seeds)
    if not (whole and seeds and min(seeds) >= 0):
        such = "expected whole numbers from 0 on, such as (11, 12) or (11,)"
        raise HomeworkError(f"{hidden}: SEEDS is {seeds!r}; {such}")
    tasks = tasks_of(load(checks))
    for name in sorted(tasks_of(module).keys() | tasks.keys() & vars(module).keys()):
        here = getattr(vars(module)[name], "points", "none, for want of @task")
        there = getattr(tasks.get(name), "points", "no such task")
        if here != there:
            both = f"{here} here, {there} in {checks.name}"
            raise HomeworkError(f"{hidden}: the points of {name} differ: {both}")

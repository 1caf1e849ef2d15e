"""One grading at a time: two that work on one course take each other's files away."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .execute import NotebookError


@contextmanager
def alone(course: Path) -> Iterator[None]:
    """Within the block no other process grades this course.

    Raises:
        NotebookError: one is at work.
    """
    path = course / "marks" / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:  # the system unlocks it when the process ends
        try:
            lock(file.fileno())
        except (BlockingIOError, PermissionError):
            raise NotebookError(
                f"another `make grade` is at work in {course}: wait until it has "
                "ended, then give the command again"
            ) from None
        yield


def lock(file: int) -> None:
    """Have the system lock an open file. OSError when another process has."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

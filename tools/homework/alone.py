"""One grading at a time: two that work on one course take each other's files away."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..writing import ToolError


@contextmanager
def alone(course: Path) -> Iterator[None]:
    """Within the block no other process grades this course.

    Raises:
        ToolError: one is at work.
    """
    path = course / "marks" / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(path).acquire(blocking=False)
    except Timeout:
        raise ToolError(
            f"another `make grade` is at work in {course}: wait until it has "
            "ended, then give the command again"
        ) from None
    with lock:  # the system unlocks it when the process ends
        yield

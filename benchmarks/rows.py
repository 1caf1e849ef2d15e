"""What every benchmark gives: rows that set a figure against a peer or a limit."""

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import cycle

from tools.writing import markdown_table


@dataclass(frozen=True)
class Row:
    """A figure, in each repetition, and what it is set against, in the same run.

    Where there is one number to set it against, such as a limit, it serves them all.
    """

    what: str
    unit: str
    ours: list[float]
    against: str
    theirs: list[float]

    def ratios(self) -> list[float]:
        """Ours as multiples of theirs."""
        return [a / b for a, b in zip(self.ours, cycle(self.theirs))]


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown: medians, and the range where there are several numbers."""
    names = ["what", "measured", "against", "that measures", "ratio"]
    lines = []
    for row in rows:
        sizes = [spread(numbers) for numbers in (row.ours, row.theirs, row.ratios())]
        ours, theirs, ratio = sizes
        unit = f" {row.unit}".rstrip()
        lines.append([row.what, ours + unit, row.against, theirs + unit, ratio])
    return markdown_table(names, lines)


def spread(numbers: list[float]) -> str:
    """The median with three digits, and the range."""
    middle = digits(statistics.median(numbers))
    ends = f" ({digits(min(numbers))} to {digits(max(numbers))})"
    return middle + ends * (len(numbers) > 1)


def digits(number: float) -> str:
    """Three digits, more where they stand before the point."""
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def by_turns(ways: Iterable[Callable[[], float]], repetitions: int) -> list[list]:
    """What each way measures in each repetition; each is the first in its turn.

    So whatever else the machine does meets all of them.
    """
    ways = list(ways)
    found: list[list[float]] = [[] for _ in ways]
    for number in range(repetitions):
        for place in list(range(len(ways)))[:: -1 if number % 2 else 1]:
            found[place].append(ways[place]())
    return found


def seconds(work: Callable[[], object]) -> float:
    """What a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start

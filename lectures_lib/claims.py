"""Claims: statements of the lecture that a cell proves, or fails.

A claim is an id, a sentence, and the comparisons that say the same in code:

    claim("D4", "deeper is worse", more(error[56], than=error[20]))

Several may stand in one claim: all have to hold. How far each is from falling, and how
it compares arrays and dictionaries, is in support/comparing.py.
"""

import math
from dataclasses import dataclass

from .support.comparing import (
    Comparison,
    Missing,
    among,
    as_array,
    equal,
    falling,
    less,
    more,
    rising,
    short,
    standard_errors,
)


@dataclass(frozen=True)
class Claim:
    """One statement, what was compared for it, and whether it held (None: unknown)."""

    id: str
    sentence: str
    holds: bool | None
    comparisons: tuple[Comparison, ...]


class ClaimError(AssertionError):
    """A statement of the lecture did not hold on this run."""


_ledger: dict[tuple[str, str], Claim] = {}


def claim(id: str, sentence: str, *comparisons: object, **shown: object) -> None:
    """Assert one statement of the lecture and print one fixed line when it holds.

    What rests on a recording that is not there or not sound is not checked; the line
    then says why.

    Args:
        id: the statement's id in the lecture, such as "R1".
        sentence: the statement, without numbers that change from run to run.
        comparisons: `more(…)`, `equal(…)`, …, or plain truth values, which are exact.
        shown: further values to be told when it falls.

    Raises:
        ClaimError: a comparison does not hold, or compares what is not a number (NaN).
        TypeError: there is nothing to compare, or something that is no truth value.
    """
    if not comparisons:
        raise TypeError(f"claim {id} compares nothing: give it more(…), equal(…), …")
    found = tuple(map(_comparison, comparisons))
    states = [comparison.holds for comparison in found]
    holds = False if False in states else None if None in states else True
    _ledger[id, sentence] = Claim(id, sentence, holds, found)
    if holds is False:
        marks = {True: "✓", False: "✗", None: "–"}
        lines = [f"  {marks[c.holds]} {c.text}" for c in found]
        lines += [f"  {name} = {short(value)}" for name, value in shown.items()]
        raise ClaimError("\n".join([f"{id} does not hold: {sentence}", *lines]))
    if holds is None:
        print(f"– {id} not checked: {found[states.index(None)].text}")
    else:
        print(f"✓ {id} {sentence}")


def ledger() -> list[Claim]:
    """All claims of this session in order, each once, with the latest measurement."""
    return list(_ledger.values())


def _comparison(value: object) -> Comparison:
    if isinstance(value, Comparison):
        return value
    if isinstance(value, Missing):
        return Comparison(None, value.why)
    truth = value
    if hasattr(value, "item") and as_array(value).size == 1:
        truth = value.item()
    if isinstance(truth, float) and math.isnan(truth):
        truth = False
    if not isinstance(truth, bool):
        # A tuple or a number would be true by accident: claim("D1", "…", (a > b, c)).
        raise TypeError(
            f"a claim needs comparisons or truth values, got {type(value).__name__}: "
            f"{short(value)}; write more(…), less(…), equal(…), or a condition"
        )
    return Comparison(truth, "the condition is " + ("true" if truth else "false"))

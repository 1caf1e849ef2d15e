"""Comparisons that know whether they hold, and how far they are from falling.

Several numbers may be compared at once: the closest of them counts.
"""

from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor

# Where a distance is counted: what is taken of both sides before one is subtracted.
SCALES = {
    "difference": lambda value: value,
    "ratio": np.log,
    "log odds": lambda share: np.log(share) - np.log1p(-share),
}


@dataclass(frozen=True)
class Comparison:
    """Whether something is as said; where several are compared, the closest of them."""

    holds: bool | None  # None: it cannot be checked
    text: str  # what was compared with what, or why it cannot be checked
    distance: float | None = None  # to falling, positive while it holds
    scale: str = "exact"  # of the distance: of SCALES, or "standard deviations"
    left: float | None = None
    relation: str = ""
    right: float | None = None

    def __bool__(self) -> bool:
        raise TypeError("comparisons stand side by side: claim(…, more(…), less(…))")


class Missing:
    """Stands for recorded numbers that are not there, or that nothing may rest on.

    What is computed from it is missing, too; a claim that compares it is not checked.
    """

    def __init__(self, why: str) -> None:
        self.why = why

    def _missing(self, *_, **__) -> "Missing":
        return self

    __call__ = __getitem__ = __neg__ = __abs__ = __pow__ = _missing
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _missing
    __truediv__ = __rtruediv__ = __lt__ = __le__ = __gt__ = __ge__ = _missing
    __array_ufunc__ = __array_function__ = _missing

    def __getattr__(self, name: str) -> "Missing":
        if name.startswith("_"):
            raise AttributeError(name)
        return self

    def __len__(self) -> int:
        return 0

    def __iter__(self):
        return iter(())

    def __format__(self, _: str) -> str:
        return "–"


def more(value, than, by=0.0, times=1.0, scale: str | None = None) -> Comparison:
    """Whether value > times · than + by, in each place where there are several.

    Args:
        value, than: numbers, or arrays, lists and dictionaries of numbers; two
            dictionaries are compared key by key, all else is broadcast.
        scale: of the distance, of SCALES; None is "ratio" where times is given,
            "difference" elsewhere. Shares near 0 or 1 are best kept in "log odds".

    Raises:
        ValueError: two dictionaries have other keys, or there is nothing in them.
    """
    return _ordered(">", 1, value, than, by, times, scale)


def less(value, than, by=0.0, times=1.0, scale: str | None = None) -> Comparison:
    """Whether value < times · than − by; otherwise as `more`."""
    return _ordered("<", -1, value, than, by, times, scale)


def rising(values, by=0.0, scale: str | None = None) -> Comparison:
    """Whether each of the values is more than the one before it, by so much.

    Args:
        values: a list or an array (along its first axis), or a dictionary in its order.
        by: −1e-9 lets neighbours be equal, up to rounding.
    """
    return _steps(more, values, by, scale)


def falling(values, by=0.0, scale: str | None = None) -> Comparison:
    """Whether each of the values is less than the one before it, by so much."""
    return _steps(less, values, by, scale)


def equal(value, to, within=0.0) -> Comparison:
    """Whether both are the same, exactly or up to rounding: an exact comparison.

    Args:
        value, to: anything; numbers, arrays, lists or dictionaries of them for within.
        within: the largest difference that is still rounding.
    """
    gone = _first_missing(value, to)
    if gone is not None:
        return gone
    one = _number(to)
    if not within and (one is None or _number(value) is not None):
        apart = _first_difference(value, to)
        text = apart or f"{short(value)} = {short(to)}"
        return Comparison(apart is None, text, None, "exact", _number(value), "=", one)
    names, left, right = _pairs(value, to)
    with np.errstate(all="ignore"):
        off = np.abs(left - right)
    worst = int(np.argmax(off))  # NaN counts as the largest
    holds = bool(off[worst] <= within)
    found = Comparison(holds, "", None, "exact", left[worst], "=", right[worst])
    return _told(found, names[worst], f" within {within:g}" if within else "")


def among(value, runs, scale: str = "difference", spreads: float = 5.0) -> Comparison:
    """Whether value is one of those runs: within so many standard deviations of them.

    Args:
        value: of this run, a number or an array; or a dictionary of them.
        runs: (runs, …) to match, or a dictionary of them.
        scale: on which mean and standard deviation are taken, of SCALES.
    """
    gone = _first_missing(value, runs)
    if gone is not None:
        return gone
    values = value if isinstance(value, dict) else {"": value}
    runs = runs if isinstance(runs, dict) else {"": runs}
    away = {}
    for name, one in values.items():
        with np.errstate(all="ignore"):
            one, many = (
                SCALES[scale](as_array(one)),
                SCALES[scale](as_array(runs[name])),
            )
            away[name] = np.abs(one - many.mean(0)) / many.std(0, ddof=1)
    return replace(less(away, than=spreads), scale="standard deviations")


def standard_errors(one, other):
    """How many standard errors the mean of one − other is above zero: (…).

    Args:
        one, other: (runs, …) of the same seeds in the same order.
    """
    difference = one - other
    error = difference.std(0, ddof=1) / max(len(difference), 1) ** 0.5
    return difference.mean(0) / error


def _ordered(sign, direction, value, than, by, times, scale) -> Comparison:
    """Whether the value is on its side of the bound, and how far inside."""
    gone = _first_missing(value, than)
    if gone is not None:
        return gone
    scale = scale or ("difference" if times == 1 else "ratio")
    names, left, right = _pairs(value, than)
    with np.errstate(all="ignore"):
        right = times * right + direction * by
        distances = direction * (SCALES[scale](left) - SCALES[scale](right))
    closest = int(np.argmin(distances))  # NaN counts as the smallest
    distance = float(distances[closest])
    found = Comparison(
        distance > 0, "", distance, scale, left[closest], sign, right[closest]
    )
    return _told(found, names[closest])


def _steps(comparison, values, by: float, scale: str | None) -> Comparison:
    if not isinstance(values, dict):
        return comparison(values[1:], than=values[:-1], by=by, scale=scale)
    names, numbers = list(values)[1:], list(values.values())
    after, before = dict(zip(names, numbers[1:])), dict(zip(names, numbers))
    return comparison(after, before, by=by, scale=scale)


def _told(found: Comparison, name: str, added: str = "") -> Comparison:
    """The comparison with its text, and its numbers as Python's."""
    left, right = float(found.left), float(found.right)
    text = f"{short(left)} {found.relation} {short(right)}{added}"
    text = f"{name}: {text}" if name else text
    return replace(found, text=text, left=left, right=right)


def _pairs(value, than) -> tuple[list[str], np.ndarray, np.ndarray]:
    """What is to be compared with what, side by side: names, left and right (n,)."""
    named = [side for side in (value, than) if isinstance(side, dict)]
    if not named:
        left, right = np.broadcast_arrays(as_array(value), as_array(than))
        if not left.size:
            raise ValueError("there is nothing to compare")
        return [""] * left.size, left.ravel(), right.ravel()
    if len(named) == 2 and value.keys() != than.keys():
        raise ValueError(f"compared are {list(value)} with {list(than)}: other keys")
    names, lefts, rights = [], [np.zeros(0)], [np.zeros(0)]
    for key in named[0]:
        sides = (
            side[key] if isinstance(side, dict) else side for side in (value, than)
        )
        inner, left, right = _pairs(*sides)
        names += [f"{key} {name}".strip() for name in inner]
        lefts.append(left)
        rights.append(right)
    if not names:
        raise ValueError("there is nothing to compare")
    return names, np.concatenate(lefts), np.concatenate(rights)


def as_array(value: object) -> np.ndarray:
    """Numbers as float64, of the shape that they come in."""
    if isinstance(value, Tensor):
        return value.detach().cpu().double().numpy()
    if isinstance(value, list | tuple):
        return np.array([as_array(item) for item in value])
    return np.asarray(value, dtype=float)


def _first_difference(value: object, to: object) -> str | None:
    """Where two values part, in words; None where they are equal in all places."""
    kinds = (list, tuple)
    if isinstance(value, dict) and isinstance(to, dict) and value.keys() == to.keys():
        pairs = ((f"{key}: ", value[key], to[key]) for key in value)
    elif isinstance(value, kinds) and isinstance(to, kinds) and len(value) == len(to):
        pairs = ((f"[{i}]: ", *pair) for i, pair in enumerate(zip(value, to)))
    else:
        arrays = any(isinstance(side, np.ndarray | Tensor) for side in (value, to))
        left, right = (as_array(value), as_array(to)) if arrays else (value, to)
        same = np.array_equal(left, right) if arrays else bool(left == right)
        return None if same else f"{short(value)} = {short(to)}"
    found = ((where, _first_difference(*pair)) for where, *pair in pairs)
    return next((where + inner for where, inner in found if inner is not None), None)


def _first_missing(*values: object) -> Comparison | None:
    """That it cannot be checked, when something in the values is missing."""
    for value in values:
        if isinstance(value, Missing):
            return Comparison(None, value.why)
        if isinstance(value, dict | list | tuple):
            inside = value.values() if isinstance(value, dict) else value
            gone = _first_missing(*inside)
            if gone is not None:
                return gone
    return None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float | np.number) else None


def short(value: object) -> str:
    """A value as a message tells it: four digits, whole numbers whole, no long text."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = abs(value) < 1e15 and value == int(value)
        return f"{int(value):,}" if whole else f"{value:.4g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 120 else text[:117] + "…"

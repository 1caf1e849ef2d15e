"""What checks compare answers with: values, lines and orders, and the hint if not."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

TENSORS = (Tensor, torch.nn.Parameter)  # a subclass may pretend to be equal


class Hint(Exception):
    """What is wrong with an answer, in words for the student."""


def expect(condition: object, hint: str) -> None:
    """Raise the hint unless the condition holds."""
    if not condition:
        raise Hint(hint)


def same(
    seen: object,
    expected: object,
    mistakes: dict[str, object] | None = None,
    what: str = "the result",
    tolerance: float = 1e-4,
) -> None:
    """Raise a Hint unless seen is the expected tensor, number, text or list.

    Args:
        mistakes: hint to the value that this mistake gives; the first that fits.
        tolerance: relative and absolute.
    """
    expect(seen is not None, f"{what} is None: is there a `return`?")
    if close(seen, expected, tolerance):
        return
    for hint, value in (mistakes or {}).items():
        expect(not close(seen, value, tolerance), hint)
    raise Hint(f"{what}: {_difference(seen, expected)}")


def kind(value: object) -> str:
    """What a value is, for a hint: a tensor by shape and type, a number as it is."""
    if type(value) in TENSORS:
        return f"a tensor {tuple(value.shape)} of {value.dtype}"
    if isinstance(value, bool | int | float | str):
        return repr(value)
    name = type(value).__name__
    if isinstance(value, list | tuple):
        return f"a {name} of {len(value)}"
    return f"a{'n' * (name[0] in 'AEIOU')} {name}"


def integer(generator: torch.Generator, low: int, high: int) -> int:
    """A whole number from low to high, both included."""
    return torch.randint(low, high + 1, (), generator=generator).item()


def the_line(line: object, right: int, others: dict[int, str]) -> None:
    """Raise a Hint unless it is the right line, from 1 on; others: line → why not."""
    last = len(others) + 1
    fits = type(line) is int and 1 <= line <= last
    expect(fits, f"expected the number of a line, from 1 to {last}, got {kind(line)}")
    expect(line == right, f"line {line}: {others.get(line)}")


def in_order(lines: Sequence[str], order: Sequence[int]) -> str:
    """The lines as a program, in the order of their numbers from 1 on.

    Raises Hint when a number is missing, there twice, or no number.
    """
    numbers = list(range(1, len(lines) + 1))
    whole = type(order) in (list, tuple) and all(type(n) is int for n in order)
    expect(
        whole and sorted(order) == numbers,
        f"expected a list with each of 1 to {len(lines)} once, such as {numbers}; "
        f"got {order!r}",
    )
    return "\n".join(lines[number - 1] for number in order)


def run_in_order(
    lines: Sequence[str],
    order: Sequence[int],
    names: dict[str, object],
    undefined: str,
    unreadable: str = "",
) -> dict[str, object]:
    """The names after the lines have run in this order, among them those given.

    Args:
        undefined: the hint where a {name} is used before a line gives it a value.
        unreadable: the hint where Python cannot read a {line} in its place, and {why}.
    """
    program = in_order(lines, order)
    try:
        exec(compile(program, "<your order>", "exec"), names)
    except SyntaxError as error:
        line = order[min(error.lineno, len(order)) - 1]
        raise Hint(unreadable.format(line=line, why=error.msg)) from None
    except NameError as error:
        raise Hint(undefined.format(name=error.name)) from None
    return names


def close(seen: object, expected: object, tolerance: float) -> bool:
    """Whether they are equal, of types that cannot pretend to be."""
    if type(expected) in (list, tuple):
        alike = type(seen) in (list, tuple) and len(seen) == len(expected)
        return alike and all(close(*pair, tolerance) for pair in zip(seen, expected))
    if type(expected) in (str, bool):
        return type(seen) is type(expected) and seen == expected
    if isinstance(expected, Tensor):
        if _misfit(seen, expected):
            return False
        pair = (t.detach().to_dense().double() for t in (seen, expected))
        return torch.allclose(*pair, tolerance, tolerance, equal_nan=True)
    one = type(seen) is Tensor and seen.numel() == 1  # a number: Python's, NumPy's, …
    seen = seen.item() if one or isinstance(seen, np.generic) else seen
    slack = 0 if type(expected) is int else tolerance * (1 + abs(expected))
    return type(seen) in (int, float) and abs(seen - expected) <= slack


def _misfit(seen: object, expected: object) -> str:
    """Why they are no two tensors to compare number by number, or nothing."""
    tensors = type(seen) in TENSORS and isinstance(expected, Tensor)
    alike = tensors and seen.shape == expected.shape
    if not (alike and seen.dtype == expected.dtype):
        return f"expected {kind(expected)}, got {kind(seen)}"
    if seen.device != expected.device:
        return f"expected it on {expected.device}, got it on {seen.device}"
    return ""


def _difference(seen: object, expected: object) -> str:
    """Where two values part, in words."""
    lists = type(expected) in (list, tuple) and type(seen) in (list, tuple)
    if lists and len(seen) == len(expected):
        near = [close(*pair, 1e-4) for pair in zip(seen, expected)]
        place = near.index(False) if False in near else 0
        return f"at [{place}]: {_difference(seen[place], expected[place])}"
    if type(expected) in (bool, int, float, str):
        return f"{kind(seen)} is not right"  # the right number is not given away
    if misfit := _misfit(seen, expected):
        return misfit
    seen, expected = (t.detach().to_dense().double() for t in (seen, expected))
    if seen.isnan().any():
        return f"{int(seen.isnan().sum())} of {seen.numel()} numbers are NaN"
    off = (seen - expected).abs()
    most = int(off.argmax())
    index = ", ".join(map(str, np.unravel_index(most, off.shape))) if off.dim() else ""
    return (
        f"{int((off > 1e-4).sum())} of {off.numel()} numbers differ; the most at "
        f"[{index}]: expected {expected.flatten()[most]:.4g}, "
        f"got {seen.flatten()[most]:.4g}"
    )

"""Claims: statements of the lecture that a cell proves, or falls over."""

import math
from dataclasses import dataclass, is_dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Claim:
    """One statement, what was measured for it, and whether it held."""

    id: str
    sentence: str
    holds: bool
    measured: dict[str, object]


class ClaimError(AssertionError):
    """A statement of the lecture did not hold on this run."""


_ledger: dict[tuple[str, str], Claim] = {}


def claim(id: str, sentence: str, condition: object, **measured: object) -> None:
    """Assert one statement of the lecture and print one fixed line when it holds.

    Args:
        id: the statement's id in the lecture, such as "R1".
        sentence: the statement; without run-dependent numbers, it is compared.
        condition: one truth value, computed from what was measured.
        measured: the numbers behind it, shown when it falls. `margin` is special: the
            distance to falling (positive when it holds), which the audit compares
            with its spread over seeds. Leave it out where the computation is exact.

    Raises:
        ClaimError: the condition is false, the margin is not positive, or a measured
            number is not a number (NaN).
        TypeError: the condition is not a single truth value.
    """
    positive = "margin" not in measured or float(measured["margin"]) > 0
    holds = _truth(condition) and positive and not _has_nan(measured)
    _ledger[id, sentence] = Claim(id, sentence, holds, measured)
    if not holds:
        values = ", ".join(f"{name} = {_short(v)}" for name, v in measured.items())
        raise ClaimError(
            f"{id} does not hold: {sentence}\n"
            f"measured: {values or 'nothing was passed to show'}"
        )
    print(f"✓ {id} {sentence}")


def ledger() -> list[Claim]:
    """All claims of this session in order, each once, with the latest measurement."""
    return list(_ledger.values())


def _truth(condition: object) -> bool:
    if isinstance(condition, np.generic | np.ndarray | torch.Tensor):
        values = torch.as_tensor(condition)
        condition = values.item() if values.numel() == 1 else condition
    if isinstance(condition, float) and math.isnan(condition):
        return False
    if not isinstance(condition, bool):
        # A tuple or a number would be true by accident: claim("D1", "…", (a > b, c)).
        raise TypeError(
            f"a claim needs one truth value, got {type(condition).__name__}: "
            f"{_short(condition)}; compare, and join several with `and`, all() or any()"
        )
    return condition


def _has_nan(value: object) -> bool:
    if is_dataclass(value):
        value = vars(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return any(map(_has_nan, value))
    differs = value != value  # of all values only NaN does not equal itself
    return bool(differs.any() if hasattr(differs, "any") else differs)


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = " ".join(str(value).split())
    return text if len(text) <= 120 else text[:117] + "…"

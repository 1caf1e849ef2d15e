"""The explorers of notebook 05: a constant on the targets, and dropout's masks."""

from functools import cache

import numpy as np
from matplotlib.axes import Axes

from .. import data, regularization
from ..figures import BLUE, GREY, INK, ORANGE, PINK
from .widgets import EXPLORERS, Explorer, explorer

PENALTIES = EXPLORERS["celsius_to_kelvin"]["controls"]["penalty"]
CURVES = {
    "free": {"color": BLUE, "linestyle": "-"},
    "penalised": {"color": PINK, "linestyle": "--"},
}
CALENDAR = np.linspace(-1, 1, 121)  # a year

# A unit's 20 inputs, not negative as after a ReLU, and their weights; its output with
# all of them on; for each of 1,000 masks a number at each input, below p if dropped.
_draws = np.random.RandomState(3)  # frozen streams: the same for everyone
INPUTS, WEIGHTS = np.abs(_draws.normal(size=20)), _draws.normal(0.25, 0.5, 20)
FULL = float(INPUTS @ WEIGHTS)
UNIFORM = np.random.RandomState(4).random_sample((1000, 20))
LIMITS, HIGHEST = EXPLORERS["dropout_masks"]["axes"][0]["xlim"], 200  # of the bars
BARS = np.linspace(*LIMITS, 61)  # their edges


def celsius_to_kelvin() -> Explorer:
    """Notebook 05: ridge regression when a constant is added to all temperatures."""
    return explorer(
        "celsius_to_kelvin",
        base=_draw_days,
        draw=_draw_fits,
        say=_say_fits,
        solved=lambda added, penalty, degree: (
            added == 273.15
            and penalty == max(p for p in PENALTIES if _below(added, p, degree) < 4)
        ),
    )


@cache
def _days() -> tuple[np.ndarray, np.ndarray]:
    """Twenty days, the same for everyone: time in the year (-1 to 1), °C."""
    _, place, celsius = data.seattle()
    chosen = np.random.RandomState(0).permutation(len(celsius))[:20]  # frozen stream
    return 2 * place[chosen] - 1, celsius[chosen]


def _powers(x: np.ndarray, degree: int) -> np.ndarray:
    """x to the powers 1 … degree, standardised over a year: (n, degree)."""
    exponents = np.arange(1, degree + 1)
    year = np.linspace(-1, 1, 366)[:, None] ** exponents
    return (x[:, None] ** exponents - year.mean(0)) / year.std(0)


@cache
def _fits(added: float, penalty: float, degree: int) -> list[np.ndarray]:
    """In °C, over the year, then at the days: the intercept free, and penalised."""
    x, celsius = _days()
    features, targets = _powers(x, degree), celsius + added
    free = np.hstack(regularization.ridge(features, targets, penalty))
    days = np.insert(features, 0, 1, axis=1)
    year = np.insert(_powers(CALENDAR, degree), 0, 1, axis=1)
    gram = days.T @ days + len(x) * penalty * np.eye(degree + 1)
    drawn = np.linalg.solve(gram, days.T @ targets)
    return [where @ w - added for where in (year, days) for w in (free, drawn)]


def _below(added: float, penalty: float, degree: int) -> float:
    """How far the days lie above the curve with the penalised intercept, on average."""
    return (_days()[1] - _fits(added, penalty, degree)[3]).mean()


def _draw_days(ax: Axes) -> None:
    for name, look in CURVES.items():
        ax.plot([], [], label=f"intercept {name}", **look)
    ax.plot(*_days(), "o", color=INK)
    ax.legend(frameon=False, loc="lower left")


def _draw_fits(ax: Axes, ghost: bool, **s) -> None:
    for curve, look in zip(_fits(**s), CURVES.values()):
        look = look | {"color": GREY, "linewidth": 1.5} if ghost else look
        ax.plot(CALENDAR, curve.clip(-300, 300), **look)


def _say_fits(added: float, penalty: float, degree: int) -> str:
    below = _below(added, penalty, degree)
    side = "below" if below > 0 else "above"
    where = f"lies {abs(below):.1f} degrees {side} them"
    if abs(below) < 0.05:
        where = "lies on them too"
    picture = " (off the picture)" if abs(below) > 80 else ""
    return (
        f"{added:g} added, λ = {penalty:g}, degree {degree}: with the intercept free, "
        "the curve goes through the middle of the days; penalised, it "
        f"{where} on average{picture}."
    )


def dropout_masks() -> Explorer:
    """Notebook 05: one unit's output over 1,000 masks of dropout on its inputs."""
    return explorer(
        "dropout_masks",
        draw=_draw_masks,
        say=_say_masks,
        solved=lambda **s: s["mode"] == "training" and _outputs(**s).mean() < FULL / 3,
    )


def _outputs(p: float, mode: str, scaling: str) -> np.ndarray:
    """The unit's output for each of the masks: (1000,)."""
    if mode == "evaluation":
        return np.full(len(UNIFORM), FULL)
    scale = 1 / (1 - p) if scaling == "on" else 1.0
    return ((p <= UNIFORM) * INPUTS * scale) @ WEIGHTS


def _counts(outputs: np.ndarray) -> np.ndarray:
    """The heights of the bars; the outer ones hold all that lies beyond."""
    return np.histogram(outputs.clip(*LIMITS), BARS)[0]


def _draw_masks(ax: Axes, ghost: bool, **s) -> None:
    outputs = _outputs(**s)
    heights = _counts(outputs).clip(max=HIGHEST)
    if ghost:
        ax.stairs(heights, BARS, color=GREY, linewidth=2)
        return
    ax.stairs(heights, BARS, color=BLUE, fill=True, alpha=0.8)
    if np.ptp(outputs) < 1e-9:
        ax.text(FULL + 0.5, 0.8 * HIGHEST, "all 1,000 alike", color=BLUE)
    ax.axvline(FULL, color=INK, linewidth=2)
    ax.text(FULL + 0.2, 1.04 * HIGHEST, "evaluation", color=INK, fontsize=12)
    mean = outputs.mean()
    ax.axvline(mean, color=ORANGE, linewidth=3, linestyle="--")
    ax.text(mean - 0.2, 1.04 * HIGHEST, "mean", color=INK, ha="right", fontsize=12)


def _say_masks(p: float, mode: str, scaling: str) -> str:
    outputs = _outputs(p, mode, scaling)
    if mode == "evaluation":
        return (
            f"Evaluation, p = {p:g}: all inputs are on, the output is {FULL:.1f} "
            "every time, whatever p and scaling."
        )
    notes = ""
    if outputs.min() < LIMITS[0] or outputs.max() > LIMITS[1]:
        notes += " The outer bars hold all that lies beyond."
    if _counts(outputs).max() > HIGHEST:
        notes += " Bars that are too high are cut."
    return (
        f"Training, p = {p:g}, scaling {scaling}: over 1,000 masks the output is "
        f"{outputs.mean():.1f} on average, its standard deviation "
        f"{outputs.std():.1f}; evaluation gives {FULL:.1f}.{notes}"
    )

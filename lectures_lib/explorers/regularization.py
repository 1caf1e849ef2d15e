"""The explorers of notebook 05: a constant on the targets, and dropout's masks."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from .. import data, regularization
from ..figures import BLUE, GREY, INK, RED
from .widgets import Explorer, Settings

CONSTANTS = (0.0, 10.0, 100.0, 273.15)
PENALTIES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
UNITS, MASKS = 20, 1000
LIMITS, HIGHEST = (-10.0, 14.0), 200  # of the axes
BARS = np.linspace(*LIMITS, 61)  # their edges


def celsius_to_kelvin() -> Explorer:
    """Notebook 05: ridge regression when a constant is added to all temperatures."""
    presets = {
        f"plus {constant:g}, λ = {penalty:g}": _setting(constant, penalty)
        for penalty in (0.01, 0.1)
        for constant in CONSTANTS
    }
    presets |= {
        f"plus 273.15, λ = 0.01, degree {degree}": _setting(273.15, 0.01, degree)
        for degree in (1, 15)
    }
    return Explorer(
        "Celsius to kelvin",
        controls={
            "added": CONSTANTS,
            "penalty": PENALTIES,
            "degree": (1, 3, 5, 9, 15),
        },
        draw=_draw_fits,
        say=_say_fits,
        presets=presets,
        challenge=(
            "in kelvin, find the largest λ at which the curve with the penalised "
            "intercept lies less than four degrees below the days.",
            lambda s: (
                s["added"] == 273.15
                and _below(**s)[1] < 4
                and _below(**s | {"penalty": _next(s["penalty"])})[1] > 4
            ),
        ),
    )


def _setting(added: float, penalty: float, degree: int = 9) -> Settings:
    return {"added": added, "penalty": penalty, "degree": degree}


def _next(penalty: float) -> float:
    return PENALTIES[min(PENALTIES.index(penalty) + 1, len(PENALTIES) - 1)]


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
    """Both curves over the year, and both at the days; without the constant again.

    First with the intercept free, then with the intercept penalised as well.
    """
    x, celsius = _days()
    features, targets = _powers(x, degree), celsius + added
    free = np.hstack(regularization.ridge(features, targets, penalty))
    ones = np.ones((len(x), 1))
    columns = np.hstack([ones, features])
    gram = columns.T @ columns + len(x) * penalty * np.eye(degree + 1)
    drawn = np.linalg.solve(gram, columns.T @ targets)
    calendar = np.linspace(-1, 1, 121)
    year = np.hstack([np.ones((121, 1)), _powers(calendar, degree)])
    return [where @ w - added for where in (year, columns) for w in (free, drawn)]


def _below(added: float, penalty: float, degree: int) -> tuple[float, float]:
    """How far the days lie above the curves on average: intercept free, penalised."""
    free, drawn = _fits(added, penalty, degree)[2:]
    celsius = _days()[1]
    return (celsius - free).mean(), (celsius - drawn).mean()


def _draw_fits(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.2), layout="none")
    ax = fig.add_axes((0.09, 0.15, 0.88, 0.8))
    x, celsius = _days()
    calendar = np.linspace(-1, 1, 121)
    for settings, ghost in ((before, True), (now, False)):
        if settings is None:
            continue
        for curve, color, line, name in zip(
            _fits(**settings)[:2], (BLUE, RED), ("-", "--"), ("free", "penalised")
        ):
            style = {"color": GREY, "linewidth": 1.5} if ghost else {"color": color}
            label = None if ghost else f"intercept {name}"
            ax.plot(calendar, curve.clip(-300, 300), line, label=label, **style)
    ax.plot(x, celsius, "o", color=INK)
    ax.set(xlim=(-1.02, 1.02), ylim=(-60, 50), xlabel="day of the year")
    ax.set_xticks([-1, -0.5, 0, 0.5, 1], ["Jan", "Apr", "Jul", "Oct", "Dec"])
    ax.set_ylabel("°C, the constant taken away")
    ax.legend(frameon=False, loc="lower left")
    return fig


def _say_fits(s: Settings) -> str:
    drawn = _below(**s)[1]
    where = (
        "lies on them too"
        if abs(drawn) < 0.05
        else f"lies {abs(drawn):.1f} degrees {'below' if drawn > 0 else 'above'} them"
    )
    picture = " (off the picture)" if abs(drawn) > 80 else ""
    return (
        f"{s['added']:g} added, λ = {s['penalty']:g}, degree {s['degree']}: with the "
        "intercept free, the curve goes through the middle of the days; penalised, it "
        f"{where} on average{picture}."
    )


def dropout_masks() -> Explorer:
    """Notebook 05: one unit's output over 1,000 masks of dropout on its inputs."""
    presets = {
        f"training, p = {p}": {"p": p, "mode": "training", "scaling": "on"}
        for p in (0.5, 0.0, 0.1, 0.3, 0.7, 0.9)
    }
    presets |= {
        f"training, p = {p}, no scaling": {"p": p, "mode": "training", "scaling": "off"}
        for p in (0.1, 0.5, 0.8)
    }
    presets |= {
        "evaluation, p = 0.5": {"p": 0.5, "mode": "evaluation", "scaling": "on"},
        "evaluation, p = 0.9": {"p": 0.9, "mode": "evaluation", "scaling": "on"},
    }
    return Explorer(
        "dropout",
        controls={
            "p": tuple(number / 10 for number in range(10)),
            "mode": ("training", "evaluation"),
            "scaling": ("on", "off"),
        },
        draw=_draw_masks,
        say=_say_masks,
        presets=presets,
        challenge=(
            "find a setting where what training sees is, on average, less than a third "
            "of what evaluation gives.",
            lambda s: s["mode"] == "training" and _outputs(**s).mean() < _full() / 3,
        ),
    )


@cache
def _unit() -> tuple[np.ndarray, np.ndarray]:
    """A unit's 20 inputs, not negative as behind a ReLU, and their weights."""
    draws = np.random.RandomState(3)  # a frozen stream: the same for everyone
    return np.abs(draws.normal(size=UNITS)), draws.normal(0.25, 0.5, UNITS)


@cache
def _uniform() -> np.ndarray:
    return np.random.RandomState(4).random_sample((MASKS, UNITS))


def _full() -> float:
    """The output with all inputs on."""
    inputs, weights = _unit()
    return float(inputs @ weights)


def _outputs(p: float, mode: str, scaling: str) -> np.ndarray:
    """The unit's output for each of the masks: (1000,)."""
    if mode == "evaluation":
        return np.full(MASKS, _full())
    inputs, weights = _unit()
    kept = _uniform() >= p
    scale = 1 / (1 - p) if scaling == "on" else 1.0
    return (kept * inputs * scale) @ weights


def _draw_masks(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.2), layout="none")
    ax = fig.add_axes((0.09, 0.15, 0.88, 0.8))
    if before is not None:
        counts = np.histogram(_outputs(**before).clip(*LIMITS), BARS)[0]
        ax.stairs(counts, BARS, color=GREY, linewidth=2)
    outputs = _outputs(**now)
    counts = np.histogram(outputs.clip(*LIMITS), BARS)[0]
    ax.stairs(counts, BARS, color=BLUE, fill=True, alpha=0.8)
    if np.ptp(outputs) < 1e-9:
        ax.text(_full() + 0.5, 0.8 * HIGHEST, f"all {MASKS:,} alike", color=BLUE)
    ax.axvline(_full(), color=INK, linewidth=2)
    ax.text(_full() + 0.2, 0.95 * HIGHEST, "evaluation", color=INK, fontsize=12)
    ax.axvline(outputs.mean(), color=RED, linewidth=3, linestyle="--")
    beside = {"color": RED, "ha": "right", "fontsize": 12}
    ax.text(outputs.mean() - 0.2, 0.95 * HIGHEST, "mean", **beside)
    ax.set(xlim=LIMITS, ylim=(0, HIGHEST), ylabel="masks", xlabel="output of the unit")
    return fig


def _say_masks(s: Settings) -> str:
    outputs, full = _outputs(**s), _full()
    if s["mode"] == "evaluation":
        return (
            f"Evaluation, p = {s['p']:g}: all inputs are on, the output is {full:.1f} "
            "every time, whatever p and scaling."
        )
    notes = ""
    if outputs.min() < LIMITS[0] or outputs.max() > LIMITS[1]:
        notes += " The outer bars hold all that lies beyond."
    if np.histogram(outputs.clip(*LIMITS), BARS)[0].max() > HIGHEST:
        notes += " Bars that are too high are cut."
    return (
        f"Training, p = {s['p']:g}, scaling {s['scaling']}: over 1,000 masks the "
        f"output is {outputs.mean():.1f} on average, its standard deviation "
        f"{outputs.std():.1f}; evaluation gives {full:.1f}.{notes}"
    )

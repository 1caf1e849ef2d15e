"""The explorers of notebook 01: overfitting or degradation, vanishing gradients."""

from functools import cache

import numpy as np
import torch
from matplotlib.axes import Axes
from torch.nn import functional as F

from .. import data, environment, models, recorded, training
from ..figures import GREY, INK, RED
from ..support.many import gradient_per_layer
from .widgets import EXPLORERS, GHOST, Explorer, explorer, noted, runs_at

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
CONTROLS = EXPLORERS["overfitting_or_degradation"]["controls"]
DEPTHS, SIZES = CONTROLS["depth"], CONTROLS["training_images"]
ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "ReLU": torch.relu}
# As in the notebook (bn-picture): before a step, and after it.
LINE = {"color": RED, "linestyle": "-"}
STEPS = (LINE | {"linewidth": 9, "alpha": 0.35}, LINE)
_recorded = cache(lambda: recorded.load("set_sizes"))


def overfitting_or_degradation() -> Explorer:
    """Notebook 01: errors of recorded nets, and the gradients of fresh ones."""
    return explorer(
        "overfitting_or_degradation",
        base=_draw_all_errors,
        draw=_draw_errors_and_gradients,
        say=_say_errors,
        solved=lambda **s: _illness(**s) == (True, True),
    )


def _errors(depth: int, training_images: int, **_) -> np.ndarray:
    """Training and test error of the recorded runs: (2, seeds); NaN without any."""
    names = f"train {depth}", f"test {depth}"
    return np.array([runs_at(_recorded(), n, "images", training_images) for n in names])


def _illness(depth: int, training_images: int, **_) -> tuple[bool, bool]:
    """Whether it overfits, and whether it is degraded.

    It is 15 points worse on new images; it trains 5 worse than a shallower net.
    """
    train, test = _errors(depth, training_images).mean(1)
    shallower = [_errors(d, training_images)[0].mean() for d in DEPTHS if d <= depth]
    return bool(test > train + 0.15), bool(train > min(shallower) + 0.05)


def _draw_all_errors(plane: Axes, layers: Axes) -> None:
    nets = [_errors(depth, n).mean(1) for depth in DEPTHS for n in SIZES]
    plane.scatter(*np.transpose(nets), s=14, color=GREY, zorder=0.9)
    plane.plot([0, 1], [0, 1], color=GREY, linewidth=1.5)
    plane.text(0.03, 0.82, "↑ overfitting", weight="bold")
    plane.text(0.5, 0.4, "degradation →", weight="bold", rotation=40)
    for step, look in enumerate(STEPS):
        layers.plot([], [], label=f"step {step}", **look)
    layers.legend(loc="upper right", frameon=False, fontsize=12)


def _draw_errors_and_gradients(plane: Axes, layers: Axes, ghost: bool, **s) -> None:
    runs, steps = _errors(**s), _steps(s["depth"], s["batch_norm"])
    numbers = range(1, steps.shape[1] + 1)
    if ghost:
        plane.scatter(*runs.mean(1), s=330, **GHOST)
        layers.plot(numbers, steps.T, ":", color=GHOST["edgecolor"], linewidth=2)
        return
    plane.scatter(*runs, s=25, color=RED)
    plane.scatter(*runs.mean(1), s=200, facecolor="none", edgecolor=RED, linewidth=3)
    for norms, look in zip(steps, STEPS):
        layers.plot(numbers, norms, **look)


@cache
def _steps(depth: int, batch_norm: bool) -> np.ndarray:
    """Gradient norms of all convolutions before and after one step: (2, layers)."""
    environment.seed_everything(0)
    shape = {"width": 8, "stem_stride": 4, "batch_norm": batch_norm}
    net = models.cifar_net(depth, "plain", **shape)
    images, labels = data.fashion_mnist("train", 128)
    before = training.gradient_norms(net, (images, labels))
    F.cross_entropy(net(images), labels).backward()
    torch.optim.SGD(net.parameters(), lr=0.1).step()
    after = training.gradient_norms(net, (images, labels))
    return np.array([list(before.values())[:-1], list(after.values())[:-1]])


def _say_errors(depth: int, training_images: int, batch_norm: bool) -> str:
    runs = _errors(depth, training_images)
    train, test = runs.mean(1)
    illness = {
        (False, False): "neither overfitting nor degradation",
        (True, False): "overfitting, far above the diagonal",
        (False, True): "degradation, worse in training than a shallower net",
        (True, True): "both illnesses at once",
    }[_illness(depth, training_images)]
    return noted(
        f"{depth} layers, {training_images:,} training images: training error "
        f"{train:.0%} (from {runs[0].min():.0%} to {runs[0].max():.0%}), test error "
        f"{test:.0%}, mean of {runs.shape[1]} recorded runs: {illness}. Right: "
        f"gradients {'with' if batch_norm else 'without'} batch norm.",
        _recorded(),
    )


def vanishing_gradients() -> Explorer:
    """Notebook 01: the gradient in each layer of random fully connected nets."""
    return explorer(
        "vanishing_gradients",
        base=lambda ax: ax.axhline(0.05, color=INK, linewidth=1),
        draw=_draw_norms,
        say=_say_norms,
        solved=lambda **s: (
            (s["activation"], s["depth"]) == ("sigmoid", 10)
            and bool(_norms(**s)[:, 0].median() > 0.05)
        ),
    )


@cache
def _norms(depth: int, activation: str, gain: float, width: int) -> torch.Tensor:
    batch = data.fashion_mnist("train", 32)
    return gradient_per_layer(batch, depth, ACTIVATIONS[activation], gain, width)


def _draw_norms(ax: Axes, ghost: bool, **s) -> None:
    norms = _norms(**s).clamp(min=1e-15)
    color, line = (GHOST["edgecolor"], ":") if ghost else (RED, "-")
    ax.plot(range(1, norms.shape[1] + 1), norms.T, line, color=color, linewidth=2)


def _say_norms(depth: int, activation: str, gain: float, width: int) -> str:
    norms = _norms(depth, activation, gain, width)[:, 0]
    power = norms.median().clamp(min=1e-45).log10().round().int().item()
    size = f"10{str(power).translate(RAISED)}"
    size = "nothing that float32 can hold" if power < -40 else size
    return (
        f"{depth} layers of {activation}, gain {gain}, width {width}: the first "
        f"layer's gradient has a norm of about {size}; it is below 0.05 in "
        f"{(norms < 0.05).sum()} of 5 random nets."
    )

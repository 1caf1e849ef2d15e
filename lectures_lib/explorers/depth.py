"""The explorers of notebook 01: overfitting or degradation, vanishing gradients."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch.nn import functional as F

from .. import data, environment, gradients, models, recorded, training
from ..figures import BLUE, GREY, INK, ORANGE, RED
from .widgets import Explorer, Settings

DEPTHS = (8, 20, 32, 44, 56)
SIZES = (250, 500, 1000, 2000, 4000, 8000)


def overfitting_or_degradation() -> Explorer:
    """Notebook 01: errors of recorded nets, and the gradients of fresh ones."""
    nets = {
        "20 layers, 8,000 images": (20, 8000),
        "20 layers, 1,000 images": (20, 1000),
        "20 layers, 250 images": (20, 250),
        "8 layers, 8,000 images": (8, 8000),
        "32 layers, 8,000 images": (32, 8000),
        "44 layers, 8,000 images": (44, 8000),
        "56 layers, 8,000 images": (56, 8000),
        "56 layers, 4,000 images": (56, 4000),
    }
    presets = {
        name: {"depth": depth, "training_images": n, "batch_norm": True}
        for name, (depth, n) in nets.items()
    }
    for depth in (20, 56):
        without = {"depth": depth, "training_images": 8000, "batch_norm": False}
        presets[f"{depth} layers, gradients without batch norm"] = without
    return Explorer(
        "overfitting or degradation?",
        controls={
            "depth": DEPTHS,
            "training_images": SIZES,
            "batch_norm": (True, False),
        },
        draw=_draw_plane,
        say=_say_plane,
        presets=presets,
        challenge=(
            "find a net that suffers from both: worse in training than a shallower "
            "net, and far above the diagonal.",
            lambda s: _illness(s) == (True, True),
        ),
    )


@cache
def _recorded() -> recorded.Recording:
    return recorded.load("set_sizes")


def _errors(s: Settings) -> np.ndarray:
    """Training and test error of the recorded runs: (2, seeds); NaN without them."""
    runs = _recorded()
    if not runs.values:
        return np.full((2, 1), np.nan)
    place = runs.axes["images"].index(s["training_images"])
    names = [f"{split} {s['depth']}" for split in ("train", "test")]
    return np.array([runs.values[name][:, place] for name in names])


def _illness(s: Settings) -> tuple[bool, bool]:
    """Overfits: 15 points worse on new images. Degraded: 5 than a shallower net."""
    train, test = _errors(s).mean(1)
    shallower = [
        _errors(s | {"depth": d}).mean(1)[0] for d in DEPTHS if d <= s["depth"]
    ]
    return bool(test > train + 0.15), bool(train > min(shallower) + 0.05)


def _draw_plane(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.4), layout="none")
    plane = fig.add_axes((0.09, 0.15, 0.38, 0.78))
    _draw_recorded(plane)
    if before:
        style = {"facecolor": "none", "edgecolor": "#666666", "linestyle": ":"}
        plane.scatter(*_errors(before).mean(1), s=330, linewidth=2, **style)
    runs = _errors(now)
    if runs.size:
        plane.scatter(*runs, s=25, color=RED)
        plane.scatter(
            *runs.mean(1), s=200, facecolor="none", edgecolor=RED, linewidth=3
        )
    layers = fig.add_axes((0.6, 0.15, 0.38, 0.78))
    if before and before != now:
        for norms in _steps(before["depth"], before["batch_norm"]):
            layers.plot(range(1, len(norms) + 1), norms, ":", color="#666666")
    for step, norms in enumerate(_steps(now["depth"], now["batch_norm"])):
        style = {"color": (RED, BLUE)[step], "linestyle": ("--", "-")[step]}
        layers.plot(range(1, len(norms) + 1), norms, label=f"step {step}", **style)
    layers.set(yscale="log", ylim=(1e-9, 1e4), xlim=(0, 57), xlabel="layer")
    layers.set_title("gradient norm", fontsize=14)
    layers.legend(loc="upper right", frameon=False, fontsize=12)
    return fig


def _draw_recorded(ax: Axes) -> None:
    """The plane with its diagonal, and all recorded nets as faint dots."""
    ax.plot([0, 1], [0, 1], color=GREY, linewidth=1.5)
    nets = [{"depth": d, "training_images": n} for d in DEPTHS for n in SIZES]
    ax.scatter(*np.transpose([_errors(s).mean(1) for s in nets]), s=14, color=GREY)
    ax.text(0.03, 0.82, "↑ overfitting", color=ORANGE, weight="bold")
    ax.text(0.5, 0.4, "degradation →", color=RED, weight="bold", rotation=40)
    ax.set(xlim=(-0.03, 1), ylim=(-0.03, 1), xlabel="training error")
    ax.set_title("test error", fontsize=14)


@cache
def _steps(depth: int, batch_norm: bool) -> np.ndarray:
    """Gradient norms of all convolutions before and after one step: (2, layers)."""
    environment.seed_everything(0)
    net = models.cifar_net(
        depth, "plain", width=8, stem_stride=4, batch_norm=batch_norm
    )
    images, labels = data.fashion_mnist("train", 128)
    found = [training.gradient_norms(net, (images, labels))]
    F.cross_entropy(net(images), labels).backward()
    torch.optim.SGD(net.parameters(), lr=0.1).step()
    found.append(training.gradient_norms(net, (images, labels)))
    return np.array([list(norms.values())[:-1] for norms in found])


def _say_plane(s: Settings) -> str:
    runs, recording = _errors(s), _recorded()
    if not recording.values:
        return f"No recorded runs: {recording.note}."
    train, test = runs.mean(1)
    illness = {
        (False, False): "neither overfitting nor degradation",
        (True, False): "overfitting, far above the diagonal",
        (False, True): "degradation, worse in training than a shallower net",
        (True, True): "both illnesses at once",
    }[_illness(s)]
    norm = "with" if s["batch_norm"] else "without"
    old = "" if recording.sound else f" {recording.note}."
    span = f"from {runs[0].min():.0%} to {runs[0].max():.0%}"
    return (
        f"{s['depth']} layers, {s['training_images']:,} training images: training "
        f"error {train:.0%} ({span}), test error {test:.0%}, mean of {runs.shape[1]} "
        f"recorded runs: {illness}. Right: gradients {norm} batch norm.{old}"
    )


def vanishing_gradients() -> Explorer:
    """Notebook 01: the gradient in each layer of random fully connected nets."""
    start = {"depth": 20, "activation": "ReLU", "gain": 1.0, "width": 100}
    changes = {
        "ReLU, gain 1": {},
        "ReLU, He's gain": {"gain": 1.4},
        "ReLU, gain 2: it explodes": {"gain": 2.0},
        "60 layers, He's gain": {"gain": 1.4, "depth": 60},
        "60 layers, He's gain, narrow": {"gain": 1.4, "depth": 60, "width": 10},
        "tanh, gain 1": {"activation": "tanh"},
        "tanh, gain 1, 60 layers": {"activation": "tanh", "depth": 60},
        "sigmoid, gain 1": {"activation": "sigmoid"},
        "sigmoid, gain 3": {"activation": "sigmoid", "gain": 3.0},
        "5 layers of sigmoid": {"activation": "sigmoid", "depth": 5},
    }
    return Explorer(
        "vanishing and exploding gradients",
        controls={
            "depth": (2, 5, 10, 20, 30, 40, 60),
            "activation": tuple(gradients.ACTIVATIONS),
            "gain": (0.5, 0.8, 1.0, 1.2, 1.4, 1.7, 2.0, 3.0, 4.0),
            "width": (10, 30, 100),
        },
        draw=_draw_norms,
        say=_say_norms,
        presets={name: start | change for name, change in changes.items()},
        challenge=(
            "find a gain at which a sigmoid net of 10 layers keeps the gradient of its "
            "first layer above 0.05.",
            lambda s: (
                (s["activation"], s["depth"]) == ("sigmoid", 10)
                and bool(_norms(**s)[:, 0].median() > 0.05)
            ),
        ),
    )


@cache
def _norms(depth: int, activation: str, gain: float, width: int) -> torch.Tensor:
    batch = data.fashion_mnist("train", 32)
    return gradients.per_layer(batch, depth, activation, gain, width, inits=5)


def _draw_norms(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.4), layout="none")
    ax = fig.add_axes((0.1, 0.15, 0.88, 0.8))
    for settings, style in (
        (before, {"color": "#666666", "linestyle": ":"}),
        (now, {}),
    ):
        if settings:
            norms = _norms(**settings).clamp(min=1e-15)
            style = style or {"color": BLUE, "linestyle": "-"}
            ax.plot(range(1, norms.shape[1] + 1), norms.T, linewidth=2, **style)
    ax.axhline(0.05, color=INK, linewidth=1)
    ax.set(yscale="log", ylim=(1e-15, 1e15), xlim=(0, 63), xlabel="layer")
    ax.set(ylabel="gradient norm (line: 0.05)")
    return fig


def _say_norms(s: Settings) -> str:
    norms = _norms(**s)[:, 0]
    vanished = int((norms < 0.05).sum())
    power = norms.median().clamp(min=1e-45).log10().round().int().item()
    size = "nothing that float32 can hold" if power < -40 else f"10 to the {power}"
    net = f"{s['depth']} layers of {s['activation']}"
    return (
        f"{net}, gain {s['gain']}, width {s['width']}: the first layer's gradient has "
        f"a norm of about {size}; it is below 0.05 in {vanished} of 5 random nets."
    )

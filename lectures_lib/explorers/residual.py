"""The explorers of notebook 02: weights turned down, blocks switched off."""

from functools import cache
from math import comb

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from .. import data, environment, figures, models, recorded
from ..figures import BLUE, GREY, INK, RED
from .widgets import Explorer, Settings

BEHIND = (1, 5, 10, 20)
ACTS_ON = (
    "all weights, no batch norm",
    "convolutions, batch norm behind",
    "last γ and β",
)
OFF = ("nearest the input", "nearest the output")


def turn_the_weights_down() -> Explorer:
    """Notebook 02: what 20 blocks leave of a picture when their weights shrink."""
    presets = {
        f"factor {factor}": {"factor": factor, "acts_on": ACTS_ON[0]}
        for factor in (1.0, 0.5, 0.2, 0.1, 0.01, 0.0)
    }
    for name, acts_on in (("batch norm", ACTS_ON[1]), ("last γ and β", ACTS_ON[2])):
        for factor in (1.0, 0.01):
            presets[f"{name}: factor {factor}"] = {"factor": factor, "acts_on": acts_on}
    return Explorer(
        "turn the weights down",
        controls={
            "factor": (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01, 0.0),
            "acts_on": ACTS_ON,
        },
        draw=_draw_stacks,
        say=_say_stacks,
        presets=presets,
        challenge=(
            "find a factor at which 20 residual blocks, without batch norm, change the "
            "picture by a fifth to a third.",
            lambda s: s["acts_on"] == ACTS_ON[0] and 0.2 < _change(**s) < 0.33,
        ),
    )


@cache
def _outputs(factor: float, acts_on: str) -> dict[str, list[torch.Tensor]]:
    """For each kind the input (1, 1, 28, 28), and what it is behind each block."""
    outputs = {}
    pictures = data.fashion_mnist("test", 8)[0]  # a batch, for batch norm
    for kind in ("plain", "residual"):
        environment.seed_everything(0)
        x = pictures.repeat(1, 8, 1, 1)
        outputs[kind] = [x[:1, :1].clone()]
        for _ in range(BEHIND[-1]):
            block = models.Block(8, 8, kind=kind, batch_norm=acts_on != ACTS_ON[0])
            for convolution in (block.conv1, block.conv2):
                nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
                if convolution.bias is not None:
                    nn.init.zeros_(convolution.bias)
            _scale(block, factor, acts_on)
            with torch.no_grad():
                x = block(x)
            outputs[kind].append(x[:1, :1].clone())
    return outputs


def _scale(block: models.Block, factor: float, acts_on: str) -> None:
    if acts_on == ACTS_ON[2]:
        weights = [block.norm2.weight, block.norm2.bias]
    else:
        weights = [block.conv1.weight, block.conv2.weight]
    for weight in weights:
        weight.data *= factor


def _sizes(factor: float, acts_on: str) -> dict[str, np.ndarray]:
    """Size of the picture behind each block, relative to the input's."""
    return {
        kind: np.array([x.norm().item() for x in found]) / found[0].norm().item()
        for kind, found in _outputs(factor, acts_on).items()
    }


def _change(factor: float, acts_on: str, kind: str = "residual") -> float:
    """Size of the picture's change behind all blocks, relative to its own."""
    found = _outputs(factor, acts_on)[kind]
    return ((found[-1] - found[0]).norm() / found[0].norm()).item()


def _draw_stacks(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.4), layout="none")
    for row, (kind, found) in enumerate(_outputs(**now).items()):
        for column, number in enumerate((0, *BEHIND)):
            place = (0.12 + 0.105 * column, 0.52 - 0.45 * row, 0.1, 0.35)
            title = f"block {number}" if number else "input"
            ax = fig.add_axes(place)
            figures.draw_images([ax], found[number].numpy(), [title])
        fig.text(0.0, 0.69 - 0.45 * row, kind, color=(RED, BLUE)[row], weight="bold")
    ax = fig.add_axes((0.74, 0.15, 0.24, 0.74))
    for settings, ghost in ((before, True), (now, False)):
        for kind, sizes in (_sizes(**settings) if settings else {}).items():
            style = {"color": (RED, BLUE)[kind == "residual"], "linestyle": "-"}
            style |= {"color": GREY, "linestyle": ":"} if ghost else {}
            ax.plot(range(21), sizes.clip(1e-12), **style)
    ax.axhline(1, color=INK, linewidth=1)
    ax.set(yscale="log", ylim=(1e-6, 1e6), xlim=(0, 20), xlabel="block")
    ax.set_title("size, input = 1", fontsize=14)
    return fig


def _say_stacks(s: Settings) -> str:
    words = []
    for kind, sizes in _sizes(**s).items():
        change = _change(**s, kind=kind)
        if change == 0:
            state = "the picture arrives unchanged"
        elif sizes[-1] < 1e-3:
            state = "nothing arrives"
        elif change < 0.5:
            state = f"the picture arrives, changed by {change:.1%}"
        else:
            state = "something else arrives"
        words.append(f"{kind}, {state}")
    return (
        f"Factor {s['factor']} on {s['acts_on']}. Behind 20 blocks: {'; '.join(words)}."
    )


def switch_blocks_off() -> Explorer:
    """Notebook 02: recorded test error of trained nets without some of their blocks."""
    presets = {
        f"{number} {end}": {"switched_off": number, "which": end}
        for end in OFF
        for number in (0, 1, 2, 3, 5, 7)
    }
    return Explorer(
        "switch blocks off",
        controls={"switched_off": range(8), "which": OFF},
        draw=_draw_switched,
        say=_say_switched,
        presets=presets,
        challenge=(
            "find the fewest blocks, from the output on, without which the residual "
            "net gets most pictures wrong.",
            lambda s: s["which"] == OFF[1] and _breaks_at(s["switched_off"]),
        ),
    )


@cache
def _recorded() -> recorded.Recording:
    return recorded.load("deletions")


def _switched(switched_off: int, which: str) -> dict[str, np.ndarray]:
    """Test errors of the recorded nets: (seeds,) for each kind; NaN without them."""
    runs = _recorded()
    if not runs.values:
        return dict.fromkeys(("plain", "residual"), np.array([np.nan]))
    ends = {OFF[0]: range(switched_off), OFF[1]: range(7 - switched_off, 7)}
    place = runs.axes["blocks"].index(list(ends[which]))
    return {kind: runs.values[kind][:, place] for kind in ("plain", "residual")}


def _breaks_at(number: int) -> bool:
    """Whether without so many blocks, and not before, most pictures are wrong."""
    errors = [_switched(n, OFF[1])["residual"].mean() for n in (number, number - 1)]
    return number > 0 and bool(errors[1] < 0.5 < errors[0])


def _paths(kind: str, blocks: int) -> dict[int, int]:
    """Number of paths by the layers they pass, of a net with so many blocks left."""
    if kind == "plain":
        return {2 + 2 * blocks: 1}
    return {2 + 2 * passed: comb(blocks, passed) for passed in range(blocks + 1)}


def _draw_switched(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.4), layout="none")
    left = fig.add_axes((0.09, 0.15, 0.4, 0.76))
    for kind, color, line in (("plain", RED, "--"), ("residual", BLUE, "-")):
        curve = [_switched(n, now["which"])[kind].mean() for n in range(8)]
        left.plot(range(8), curve, line, color=color, label=kind)
        for settings, shade, size in ((before, "#666666", 330), (now, color, 200)):
            if settings:
                error = _switched(**settings)[kind].mean()
                style = {"facecolor": "none", "edgecolor": shade, "linewidth": 3}
                left.scatter(settings["switched_off"], error, s=size, **style)
    left.set(xlim=(-0.3, 7.3), ylim=(0, 1), xlabel="blocks switched off")
    left.set_title("test error", fontsize=14)
    left.legend(frameon=False, loc="lower right")
    right = fig.add_axes((0.58, 0.15, 0.4, 0.76))
    for settings, color in ((before, None), (now, BLUE)):
        if settings:
            paths = _paths("residual", 9 - settings["switched_off"])
            style = {"color": color} if color else {"fill": False, "edgecolor": GREY}
            right.bar(list(paths), list(paths.values()), width=1.2, **style)
    right.set(xlim=(0, 22), ylim=(0.8, 300), yscale="log", xlabel="layers on the path")
    right.set_title("paths left in the residual net", fontsize=14)
    return fig


def _say_switched(s: Settings) -> str:
    recording = _recorded()
    if not recording.values:
        return f"No recorded runs: {recording.note}."
    errors = {kind: found.mean() for kind, found in _switched(**s).items()}
    old = "" if recording.sound else f" {recording.note}."
    return (
        f"{s['switched_off']} of 7 blocks switched off, {s['which']}: test error plain "
        f"{errors['plain']:.0%}, residual {errors['residual']:.0%} (mean of "
        f"{len(recording.values['plain'])} recorded nets each). Of 512 paths "
        f"{2 ** (9 - s['switched_off'])} are left.{old}"
    )

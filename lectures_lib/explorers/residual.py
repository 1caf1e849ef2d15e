"""The explorers of notebook 02: weights turned down, blocks switched off."""

from functools import cache
from math import comb

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import nn

from .. import data, environment, figures, models, recorded
from ..figures import BLUE, GREY, INK, RED
from .widgets import Explorer, explorer, noted

KINDS = {"plain": RED, "residual": BLUE}
SHOWN = (0, 1, 5, 10, 20)  # the number of blocks passed
ACTS_ON = (
    "all weights, no batch norm",
    "convolutions, batch norm after",
    "last γ and β",
)
OFF = ("nearest the input", "nearest the output")


def turn_the_weights_down() -> Explorer:
    """Notebook 02: what 20 blocks leave of a picture when their weights shrink."""
    images = [
        dict(rect=(0.12 + 0.105 * column, 0.52 - 0.45 * row, 0.1, 0.35))
        for row in range(2)
        for column in range(len(SHOWN))
    ]
    sizes = {"yscale": "log", "xlim": (0, 20), "ylim": (1e-6, 1e6), "xlabel": "block"}
    curves = dict(rect=(0.74, 0.15, 0.24, 0.74), title="size, input = 1", **sizes)
    return explorer(
        "turn_the_weights_down",
        controls={
            "factor": (1.0, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01, 0.0),
            "acts_on": ACTS_ON,
        },
        axes=[*images, curves],
        draw=_draw_stacks,
        say=_say_stacks,
        solved=lambda **s: s["acts_on"] == ACTS_ON[0] and 0.2 < _change(**s) < 0.33,
    )


@cache
def _outputs(factor: float, acts_on: str, kind: str) -> torch.Tensor:
    """A picture, and what it is after each of the blocks: (21, 28, 28)."""
    environment.seed_everything(0)
    x = data.fashion_mnist("test", 8)[0].repeat(1, 8, 1, 1)  # a batch, for batch norm
    pictures = [x[0, 0]]
    for _ in range(SHOWN[-1]):
        x = _block(factor, acts_on, kind)(x)
        pictures.append(x[0, 0])
    return torch.stack(pictures)


def _block(factor: float, acts_on: str, kind: str) -> nn.Module:
    """A block with He's random weights, some of them multiplied by the factor."""
    block = models.Block(8, 8, kind=kind, batch_norm=acts_on != ACTS_ON[0])
    for convolution in (block.conv1, block.conv2):
        nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
        if convolution.bias is not None:
            nn.init.zeros_(convolution.bias)
    weights = [block.conv1.weight, block.conv2.weight]
    if acts_on == ACTS_ON[2]:
        weights = [block.norm2.weight, block.norm2.bias]
    for weight in weights:
        weight.data *= factor
    return block.requires_grad_(False)


def _sizes(factor: float, acts_on: str, kind: str) -> np.ndarray:
    """Size of the picture after each block, relative to the input's."""
    sizes = _outputs(factor, acts_on, kind).flatten(1).norm(dim=1)
    return (sizes / sizes[0]).numpy()


def _change(factor: float, acts_on: str, kind: str = "residual") -> float:
    """Size of the picture's change after all blocks, relative to its own."""
    found = _outputs(factor, acts_on, kind)
    return ((found[-1] - found[0]).norm() / found[0].norm()).item()


def _draw_stacks(*axes: Axes, ghost: bool, **s) -> None:
    *images, curves = axes
    for kind, color in KINDS.items():
        color, line = (GREY, ":") if ghost else (color, "-")
        curves.plot(_sizes(**s, kind=kind).clip(1e-12), line, color=color)
    if ghost:
        return
    curves.axhline(1, color=INK, linewidth=1)
    titles = [f"block {number}" if number else "input" for number in SHOWN]
    for row, (kind, color) in enumerate(KINDS.items()):
        pictures = _outputs(**s, kind=kind)[list(SHOWN), None].numpy()
        figures.draw_images(images[5 * row :], pictures, titles)
        place = (0.0, 0.69 - 0.45 * row)
        curves.figure.text(*place, kind, color=color, weight="bold")


def _say_stacks(factor: float, acts_on: str) -> str:
    states = [f"{kind}, {_arrives(factor, acts_on, kind)}" for kind in KINDS]
    return f"Factor {factor} on {acts_on}. After 20 blocks: {'; '.join(states)}."


def _arrives(factor: float, acts_on: str, kind: str) -> str:
    change = _change(factor, acts_on, kind)
    if change == 0:
        return "the picture arrives unchanged"
    if _sizes(factor, acts_on, kind)[-1] < 1e-3:
        return "nothing arrives"
    if change < 0.5:
        return f"the picture arrives, changed by {change:.1%}"
    return "something else arrives"


def switch_blocks_off() -> Explorer:
    """Notebook 02: recorded test error of trained nets without some of their blocks."""
    return explorer(
        "switch_blocks_off",
        controls={"switched_off": range(8), "which": OFF},
        draw=_draw_switched,
        say=_say_switched,
        solved=lambda switched_off, which: which == OFF[1] and _breaks_at(switched_off),
    )


@cache
def _recorded() -> recorded.Recording:
    return recorded.load("deletions")


def _errors(kind: str, switched_off: int, which: str) -> np.ndarray:
    """Test errors of the recorded nets, (seeds,); NaN without records."""
    runs = _recorded()
    if not runs.values:
        return np.array([np.nan])
    ends = {OFF[0]: range(switched_off), OFF[1]: range(7 - switched_off, 7)}
    return runs.values[kind][:, runs.axes["blocks"].index(list(ends[which]))]


def _breaks_at(number: int) -> bool:
    """Whether without so many blocks, and not before, most pictures are wrong."""
    before, now = (_errors("residual", n, OFF[1]).mean() for n in (number - 1, number))
    return number > 0 and bool(before < 0.5 < now)


def _draw_switched(errors: Axes, paths: Axes, ghost: bool, **s) -> None:
    for kind, color in KINDS.items():
        error = _errors(kind, **s).mean()
        size, edge = (330, "#666666") if ghost else (200, color)
        look = {"facecolor": "none", "edgecolor": edge, "linewidth": 3}
        errors.scatter(s["switched_off"], error, size, **look)
    # The paths of the residual net by the blocks they pass: two layers each, and two.
    left = 9 - s["switched_off"]
    numbers = [comb(left, passed) for passed in range(left + 1)]
    look = {"fill": False, "edgecolor": GREY} if ghost else {"color": BLUE}
    paths.bar(range(2, 2 * left + 3, 2), numbers, width=1.2, **look)
    if ghost:
        return
    for (kind, color), line in zip(KINDS.items(), ("--", "-")):
        curve = [_errors(kind, number, s["which"]).mean() for number in range(8)]
        errors.plot(range(8), curve, line, color=color, label=kind)
    errors.legend(frameon=False, loc="lower right")


def _say_switched(switched_off: int, which: str) -> str:
    plain, residual = (_errors(kind, switched_off, which) for kind in KINDS)
    return noted(
        f"{switched_off} of 7 blocks switched off, {which}: test error plain "
        f"{plain.mean():.0%}, residual {residual.mean():.0%} (mean of {len(plain)} "
        f"recorded nets each). Of 512 paths {2 ** (9 - switched_off)} are left.",
        _recorded(),
    )

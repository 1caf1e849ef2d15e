"""The explorers of notebook 02: weights turned down, blocks switched off."""

from collections.abc import Sequence
from functools import cache
from math import comb

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn

from .. import data, environment, figures, models, recorded
from ..figures import BLUE, INK, RED
from .widgets import GHOST, Explorer, explorer, noted

KINDS = {"plain": RED, "residual": BLUE}
LINES = {"plain": "--", "residual": "-"}
SHOWN = (0, 1, 5, 10, 20)  # the number of blocks passed
CHANNELS = 32
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
            "factor": (1.0, 0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.05, 0.01, 0.0),
            "acts_on": ACTS_ON,
        },
        axes=[*images, curves],
        draw=_draw_stacks,
        say=_say_stacks,
        solved=lambda **s: (
            s["acts_on"] == ACTS_ON[0]
            and 0.2 < _through(**s, kind="residual")[1] < 1 / 3
        ),
    )


@cache
def _kernels() -> list[tuple[Tensor, Tensor]]:
    """He's random kernels of 20 blocks, scaled as in notebook 02 (cell b2-stack).

    At factor 1 a plain block passes on exactly as much as it receives.
    """
    draw, found = environment.generator(0), []
    x, shape = _pictures()[:1], (CHANNELS, CHANNELS, 3, 3)
    for _ in range(SHOWN[-1]):
        he = (2 / (9 * CHANNELS)) ** 0.5
        first, second = (he * torch.randn(shape, generator=draw) for _ in range(2))
        second *= x.norm() / _block((first, second), "plain", False)(x).norm()
        found.append((first, second))
        x = _block(found[-1], "plain", False)(x)
    return found


def _pictures() -> Tensor:
    """A batch, for batch norm: (4, 32, 28, 28); the first one is shown."""
    return data.fashion_mnist("test")[0][:4].repeat(1, CHANNELS, 1, 1)


def _block(kernels: Sequence[Tensor], kind: str, batch_norm: bool) -> nn.Module:
    """The library's block with these kernels and without biases."""
    block = models.Block(CHANNELS, CHANNELS, kind=kind, batch_norm=batch_norm)
    for convolution, kernel in zip((block.conv1, block.conv2), kernels):
        convolution.weight, convolution.bias = nn.Parameter(kernel), None
    return block.requires_grad_(False)


@cache
def _through(factor: float, acts_on: str, kind: str) -> tuple[Tensor, float]:
    """The picture after each of the blocks, (21, 28, 28), and its relative change.

    Of the 32 channels the first is the root of their mean square; the second is the
    size of what 20 blocks changed in all channels, divided by the picture's.
    """
    x = start = _pictures()
    shown = [x[0].square().mean(0).sqrt()]
    weight = 1.0 if acts_on == ACTS_ON[2] else factor
    for kernels in _kernels():
        scaled = [weight * kernel for kernel in kernels]
        block = _block(scaled, kind, acts_on != ACTS_ON[0])
        if acts_on == ACTS_ON[2]:
            block.norm2.weight *= factor
            block.norm2.bias *= factor
        x = block(x)
        shown.append(x[0].square().mean(0).sqrt())
    change = (x[0] - start[0]).norm() / start[0].norm()
    return torch.stack(shown), change.item()


def _sizes(**s) -> np.ndarray:
    """Size of the picture after each block, relative to the input's."""
    sizes = _through(**s)[0].flatten(1).norm(dim=1)
    return (sizes / sizes[0]).numpy()


def _draw_stacks(*axes: Axes, ghost: bool, **s) -> None:
    *images, curves = axes
    for kind, color in KINDS.items():
        color, line = (GHOST["edgecolor"], ":") if ghost else (color, LINES[kind])
        curves.plot(_sizes(**s, kind=kind).clip(1e-12), line, color=color)
    if ghost:
        return
    curves.axhline(1, color=INK, linewidth=1)
    titles = [f"block {number}" if number else "input" for number in SHOWN]
    for row, kind in enumerate(KINDS):
        pictures = _through(**s, kind=kind)[0][list(SHOWN), None].numpy()
        figures.draw_images(images[5 * row :], pictures, titles)
        curves.figure.text(0.0, 0.69 - 0.45 * row, kind, weight="bold")


def _say_stacks(factor: float, acts_on: str) -> str:
    states = [f"{kind}, {_arrives(factor, acts_on, kind)}" for kind in KINDS]
    return f"Factor {factor} on {acts_on}. After 20 blocks: {'; '.join(states)}."


def _arrives(factor: float, acts_on: str, kind: str) -> str:
    setting = {"factor": factor, "acts_on": acts_on, "kind": kind}
    change, size = _through(**setting)[1], _sizes(**setting)[-1]
    if change == 0:
        return "the picture arrives unchanged"
    if size < 1e-3:
        return "nothing arrives"
    if change < 0.9:
        return f"the picture arrives, changed by {change:.1%}"
    size = f"{size:,.0f}" if size > 10 else f"{size:.2f}"
    return f"much is changed, what arrives is {size} times as large"


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
        look = {"facecolor": "none", "edgecolor": color, "linewidth": 3}
        size, look = (330, GHOST) if ghost else (200, look)
        errors.scatter(s["switched_off"], error, size, **look)
    # The paths of the residual net by the blocks they pass: two layers each, and two.
    left = 9 - s["switched_off"]
    numbers = [comb(left, passed) for passed in range(left + 1)]
    look = GHOST if ghost else {"color": BLUE}
    paths.bar(range(2, 2 * left + 3, 2), numbers, width=1.2, **look)
    if ghost:
        return
    for kind, color in KINDS.items():
        curve = [_errors(kind, number, s["which"]).mean() for number in range(8)]
        errors.plot(range(8), curve, LINES[kind], color=color, label=kind)
    errors.legend(frameon=False, loc="lower right")


def _say_switched(switched_off: int, which: str) -> str:
    plain, residual = (_errors(kind, switched_off, which) for kind in KINDS)
    return noted(
        f"{switched_off} of 7 blocks switched off, {which}: test error plain "
        f"{plain.mean():.0%}, residual {residual.mean():.0%} (mean of {len(plain)} "
        f"recorded nets each). Of 512 paths {2 ** (9 - switched_off)} are left.",
        _recorded(),
    )

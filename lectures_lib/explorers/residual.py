"""The explorers of notebook 02: weights turned down, blocks switched off."""

from collections.abc import Sequence
from functools import cache
from math import comb

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor, nn
from torch.nn import functional as F

from .. import data, environment, models, recorded
from ..figures import BLUE, INK, RED
from .paper import boxes, draw_sheet, draw_titles, sheet
from .widgets import EXPLORERS, GHOST, Explorer, explorer, noted, runs_at

KINDS = {"plain": (RED, "--"), "residual": (BLUE, "-")}
SHOWN = (0, 1, 5, 10, 20)  # the number of blocks passed
CHANNELS, SIDE = 32, 30  # of a picture with its frame
ACTS_ON = EXPLORERS["turn_the_weights_down"]["controls"]["acts_on"]
OFF = EXPLORERS["switch_blocks_off"]["controls"]["which"]
_recorded = cache(lambda: recorded.load("deletions"))


def turn_the_weights_down() -> Explorer:
    """Notebook 02: what 20 blocks leave of a picture when their weights shrink."""
    sizes = {"yscale": "log", "xlim": (0, 20), "ylim": (1e-6, 1e6), "xlabel": "block"}
    curves = dict(rect=(0.74, 0.15, 0.24, 0.74), title="size, input = 1", **sizes)
    return explorer(
        "turn_the_weights_down",
        axes=[sheet((0.12, 0.02, 0.53, 0.96), 2, len(SHOWN), SIDE), curves],
        base=_draw_names,
        draw=_draw_stacks,
        say=_say_stacks,
        solved=lambda **s: (
            s["acts_on"] == ACTS_ON[0]
            and 0.2 < _through(**s, kind="residual")[1] < 1 / 3
        ),
    )


@cache
def _kernels() -> list[list[Tensor]]:
    """He's random kernels of 20 blocks, scaled as in notebook 02 (cell b2-stack).

    At factor 1 a plain block passes on exactly as much as it receives.
    """
    generator, found = environment.generator(0), []
    x, shape = _pictures()[:1], (CHANNELS, CHANNELS, 3, 3)
    for _ in range(SHOWN[-1]):
        he = (2 / (9 * CHANNELS)) ** 0.5
        pair = [he * torch.randn(shape, generator=generator) for _ in range(2)]
        pair[1] *= x.norm() / _block(pair, "plain", False)(x).norm()
        x = _block(pair, "plain", False)(x)
        found.append(pair)
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
    outputs, weight = [_pictures()], 1.0 if acts_on == ACTS_ON[2] else factor
    for kernels in _kernels():
        scaled = [weight * kernel for kernel in kernels]
        block = _block(scaled, kind, batch_norm=acts_on != ACTS_ON[0])
        if acts_on == ACTS_ON[2]:
            block.norm2.weight *= factor
            block.norm2.bias *= factor
        outputs.append(block(outputs[-1]))
    maps = [output[0] for output in outputs]
    change = (maps[-1] - maps[0]).norm() / maps[0].norm()
    return torch.stack([m.square().mean(0).sqrt() for m in maps]), change.item()


def _sizes(**s) -> np.ndarray:
    """Size of the picture after each block, relative to the input's."""
    sizes = _through(**s)[0].flatten(1).norm(dim=1)
    return (sizes / sizes[0]).numpy()


def _draw_names(images: Axes, curves: Axes) -> None:
    titles = [f"block {number}" if number else "input" for number in SHOWN]
    draw_titles(images, titles, len(SHOWN), SIDE)
    for row, kind in enumerate(KINDS):
        look = {"weight": "bold", "ha": "right", "va": "center"}
        images.text(-3, (1.5 * row + 1) * SIDE, kind, **look)
    curves.axhline(1, color=INK, linewidth=1)


def _draw_stacks(images: Axes, curves: Axes, ghost: bool, **s) -> None:
    for kind, look in KINDS.items():
        color, line = (GHOST["edgecolor"], ":") if ghost else look
        curves.plot(_sizes(**s, kind=kind).clip(1e-12), line, color=color)
    if not ghost:
        pictures = [_through(**s, kind=kind)[0][list(SHOWN)] for kind in KINDS]
        framed = F.pad(torch.cat(pictures), (1, 1, 1, 1), value=0.6)
        draw_sheet(images, framed.numpy(), columns=len(SHOWN))


def _say_stacks(**s) -> str:
    states = "; ".join(f"{kind}, {_arrives(**s, kind=kind)}" for kind in KINDS)
    return f"Factor {s['factor']} on {s['acts_on']}. After 20 blocks: {states}."


def _arrives(**s) -> str:
    change, size = _through(**s)[1], _sizes(**s)[-1]
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
        base=_draw_legend,
        draw=_draw_switched,
        say=_say_switched,
        solved=lambda switched_off, which: which == OFF[1] and _breaks_at(switched_off),
    )


def _errors(kind: str, switched_off: int, which: str) -> np.ndarray:
    """Test errors of the recorded nets, (seeds,); NaN without records."""
    ends = {OFF[0]: range(switched_off), OFF[1]: range(7 - switched_off, 7)}
    return runs_at(_recorded(), kind, "blocks", list(ends[which]))


def _breaks_at(number: int) -> bool:
    """Whether without so many blocks, and not before, most pictures are wrong."""
    before, now = (_errors("residual", n, OFF[1]).mean() for n in (number - 1, number))
    return number > 0 and bool(before < 0.5 < now)


def _draw_legend(errors: Axes, _: Axes) -> None:
    for kind, (color, line) in KINDS.items():
        errors.plot([], [], line, color=color, label=kind)
    errors.legend(frameon=False, loc="lower right")


def _draw_switched(errors: Axes, paths: Axes, ghost: bool, **s) -> None:
    for kind, (color, line) in KINDS.items():
        curve = [_errors(kind, number, s["which"]).mean() for number in range(8)]
        ring = {"facecolor": "none", "edgecolor": color, "linewidth": 3}
        size, look = (330, GHOST) if ghost else (200, ring)
        errors.scatter(s["switched_off"], curve[s["switched_off"]], size, **look)
        if not ghost:
            errors.plot(range(8), curve, line, color=color)
    # The paths of the residual net by the blocks they pass: two layers each, and two.
    left = 9 - s["switched_off"]
    passed = np.arange(left + 1)
    numbers = [comb(left, number) for number in passed]
    look = GHOST if ghost else {"color": BLUE}
    paths.add_collection(boxes(2 * passed + 1.4, 0.1, 1.2, numbers, **look))


def _say_switched(switched_off: int, which: str) -> str:
    plain, residual = (_errors(kind, switched_off, which) for kind in KINDS)
    return noted(
        f"{switched_off} of 7 blocks switched off, {which}: test error plain "
        f"{plain.mean():.0%}, residual {residual.mean():.0%} (mean of {len(plain)} "
        f"recorded nets each). Of 512 paths {2 ** (9 - switched_off)} are left.",
        _recorded(),
    )

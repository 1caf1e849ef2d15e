"""The explorer of notebook 03: a ResNet on a budget."""

import math
from functools import cache

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import nn

from .. import counting, resnets
from ..figures import BLUE, GREEN, GREY, ORANGE
from .widgets import Explorer, Settings

COUNTS = (1, 2, 3, 4, 6, 8, 23, 36)  # blocks that a stage may have
STAGES = ("conv2", "conv3", "conv4", "conv5")
ROWS = ("conv1", *(f"{stage}_x" for stage in STAGES), "fc")
PLACES = range(len(ROWS))
PANELS = {  # what is counted: color, hatching
    "parameters": (BLUE, ""),
    "multiply-adds": (ORANGE, "//"),
    "activations": (GREEN, "xx"),
}
WIDTH = 9.2  # of a panel, in powers of ten
Cost = tuple[int, int, int]  # parameters, multiply-adds, activations


def resnet_on_a_budget() -> Explorer:
    """Notebook 03: what each stage of a ResNet costs, for any number of blocks."""
    presets = {
        f"ResNet-{depth}": _settings(kind, blocks)
        for depth, (kind, blocks) in resnets.RESNETS.items()
    }
    presets["ResNet-50, stride in the 1×1"] = presets["ResNet-50"] | {"stride": "1×1"}
    presets |= {
        "50 layers of basic blocks": _settings("basic", (6, 6, 6, 6)),
        "50 layers, most blocks early": _settings("bottleneck", (8, 6, 1, 1)),
        "50 layers, most blocks late": _settings("bottleneck", (1, 1, 6, 8)),
    }
    return Explorer(
        "a ResNet on a budget",
        controls={
            **dict.fromkeys(STAGES, COUNTS),
            "block": ("basic", "bottleneck"),
            "stride": ("3×3", "1×1"),
        },
        draw=_draw_costs,
        say=_say_costs,
        presets=presets,
        challenge=(
            "find a net with more layers than ResNet-50 and fewer parameters than "
            "ResNet-18.",
            lambda s: _depth(s) > 50 and _total(s)[0] < _total(presets["ResNet-18"])[0],
        ),
    )


def _settings(kind: str, blocks: tuple[int, ...]) -> Settings:
    return dict(zip(STAGES, blocks)) | {"block": kind, "stride": "3×3"}


def _depth(s: Settings) -> int:
    return 2 + (2 if s["block"] == "basic" else 3) * sum(s[stage] for stage in STAGES)


def _costs(s: Settings) -> list[Cost]:
    """The cost of each row, for one image of 224×224 pixels."""
    kind, place, found = s["block"], s["stride"].replace("×", "x"), [_stem()]
    for stage, name in enumerate(STAGES):
        first, other = (_block(kind, place, stage, new) for new in (True, False))
        found.append(tuple(a + (s[name] - 1) * b for a, b in zip(first, other)))
    return [*found, _head(512 if kind == "basic" else 2048)]


def _total(s: Settings) -> Cost:
    return tuple(map(sum, zip(*_costs(s))))


@cache
def _block(kind: str, place: str, stage: int, new: bool) -> Cost:
    """One block, the first of its stage or another, counted on the library's own."""
    width, grows = resnets.WIDTHS[stage], 1 if kind == "basic" else 4
    stride = 2 if new and stage > 0 else 1
    channels = grows * width
    if new:
        channels = 64 if stage == 0 else channels // 2
    with torch.device("meta"):
        if kind == "basic":
            block = resnets.BasicBlock(channels, width, stride)
        else:
            block = resnets.Bottleneck(channels, width, stride, place)
    return _count(block, (channels, *(2 * [56 // 2**stage * stride])))


@cache
def _stem() -> Cost:
    with torch.device("meta"):
        stem = nn.Sequential(resnets.assemble("basic", (1, 1, 1, 1))[:2])
    return _count(stem, (3, 224, 224))


@cache
def _head(channels: int) -> Cost:
    with torch.device("meta"):
        return _count(
            nn.Sequential(nn.Flatten(), nn.Linear(channels, 1000)), (channels, 1, 1)
        )


def _count(module: nn.Module, input_shape: tuple[int, ...]) -> Cost:
    layers = counting.layers(module, input_shape)
    outputs = sum(math.prod(n.output_shape) for n in layers if n.multiply_adds)
    cost = sum(layer.multiply_adds for layer in layers)
    return counting.parameters(module), cost, outputs


def _draw_costs(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.4), layout="none")
    ax = fig.add_axes((0.1, 0.12, 0.9, 0.78))
    for panel, title in enumerate(PANELS):
        left = WIDTH * panel
        values = [cost[panel] for cost in _costs(now)]
        _draw_panel(ax, left, title, values)
        if before and before != now:
            old = [math.log10(cost[panel]) - 3 for cost in _costs(before)]
            ghost = {"facecolor": "none", "edgecolor": "#666666", "linestyle": ":"}
            ax.barh(PLACES, old, 0.84, left, linewidth=2, **ghost)
    ticks = [WIDTH * panel + x for panel in range(3) for x in (0, 3, 6)]
    ax.set_xticks(ticks, 3 * ["1 k", "1 M", "1 G"], fontsize=12)
    ax.set_yticks(PLACES, ROWS)
    ax.set(xlim=(0, 3 * WIDTH), ylim=(5.6, -0.6))
    ax.spines["bottom"].set_visible(False)
    return fig


def _draw_panel(ax: Axes, left: float, title: str, values: list[int]) -> None:
    """Bars on a logarithmic axis that begins at a thousand."""
    color, hatch = PANELS[title]
    lengths = [math.log10(value) - 3 for value in values]
    ax.barh(PLACES, lengths, 0.6, left, color=color, hatch=hatch, edgecolor="white")
    ax.vlines([left, left + 3, left + 6], -0.6, 5.6, GREY, linewidth=1, zorder=0)
    for place, length, value in zip(PLACES, lengths, values):
        ax.text(left + length + 0.2, place, _short(value), va="center", fontsize=12)
    ax.text(left, -0.75, f"{title}: {_short(sum(values))}", weight="bold")


def _short(value: float) -> str:
    """Three digits: 9.54 k, 25.6 M, 3.86 G."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= 0.9995 * size:
            digits = 2 if value < 9.995 * size else 1 if value < 99.95 * size else 0
            return f"{value / size:.{digits}f} {unit}"
    return f"{value:.0f}"


def _say_costs(s: Settings) -> str:
    per_block = 2 if s["block"] == "basic" else 3
    terms = " + ".join(f"{per_block}·{s[stage]}" for stage in STAGES)
    parameters, cost, activations = map(_short, _total(s))
    most = [max(zip(column, ROWS))[1] for column in zip(*_costs(s))]
    place = (
        "basic blocks, stride in the first 3×3"
        if s["block"] == "basic"
        else f"bottlenecks, stride in the {s['stride']}"
    )
    return (
        f"1 + {terms} + 1 = {_depth(s)} layers, {place}: {parameters} parameters, most "
        f"in {most[0]}; {cost} multiply-adds, most in {most[1]}; {activations} "
        f"activations, most in {most[2]}."
    )

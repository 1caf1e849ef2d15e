"""The explorer of notebook 03: a ResNet on a budget."""

import math
from functools import cache

import numpy as np
import torch
from matplotlib.axes import Axes

from .. import counting, resnets
from ..figures import BLUE, GREEN, GREY, ORANGE
from .paper import boxes
from .widgets import EXPLORERS, GHOST, Explorer, Settings, explorer

COUNTS = (1, 2, 3, 4, 6, 8, 23, 36)  # blocks that a stage may have
STAGES = ("conv2", "conv3", "conv4", "conv5")
ROWS = ("conv1", "conv2_x", "conv3_x", "conv4_x", "conv5_x", "fc")
PARTS = ("conv1", "layer1", "layer2", "layer3", "layer4", "fc")  # of the net
PLACES = np.arange(len(ROWS))
PANELS = {"parameters": BLUE, "multiply-adds": ORANGE, "activations": GREEN}
WIDTH = 9.2  # of a panel, in powers of ten
LEFTS = (0, WIDTH, 2 * WIDTH)


def resnet_on_a_budget() -> Explorer:
    """Notebook 03: what each stage of a ResNet costs, for any number of blocks."""
    presets = {
        f"ResNet-{depth}": dict(zip(STAGES, blocks), block=kind, stride="3×3")
        for depth, (kind, blocks) in resnets.RESNETS.items()
    }
    presets["ResNet-50, stride in the 1×1"] = presets["ResNet-50"] | {"stride": "1×1"}
    presets |= EXPLORERS["resnet_on_a_budget"]["presets"]
    ticks = [left + power for left in LEFTS for power in (0, 3, 6)]
    scale = {"xlim": (0, 3 * WIDTH), "xticks": ticks, "ylim": (5.6, -0.6)}
    scale |= {"xticklabels": 3 * ["1 k", "1 M", "1 G"]}
    scale |= {"yticks": PLACES, "yticklabels": ROWS}
    kinds = {"block": ("basic", "bottleneck"), "stride": ("3×3", "1×1")}
    return explorer(
        "resnet_on_a_budget",
        controls=dict.fromkeys(STAGES, COUNTS) | kinds,
        axes=[dict(rect=(0.1, 0.12, 0.9, 0.78), frame_on=False, **scale)],
        base=lambda ax: ax.vlines(ticks, -0.6, 5.6, GREY, linewidth=1),
        draw=_draw_costs,
        say=_say_costs,
        presets=presets,
        solved=lambda **s: (
            _depth(s) > 50 and _total(s)[0] < _total(presets["ResNet-18"])[0]
        ),
    )


def _depth(s: Settings) -> int:
    return 2 + (2 if s["block"] == "basic" else 3) * sum(s[stage] for stage in STAGES)


def _costs(s: Settings) -> np.ndarray:
    """Parameters, multiply-adds and activations of each row: (6, 3)."""
    one, two = (_counted(s["block"], s["stride"], blocks) for blocks in (1, 2))
    # All blocks of a stage cost the same, but for the first.
    further = np.array([0, *(s[stage] - 1 for stage in STAGES), 0])
    return one + further[:, None] * (two - one)


@cache
def _counted(kind: str, stride: str, blocks: int) -> np.ndarray:
    """The costs with so many blocks in each stage, for an image of 224×224 pixels."""
    with torch.device("meta"):
        net = resnets.assemble(kind, 4 * [blocks], stride_in=stride.replace("×", "x"))
    costs = np.zeros((len(ROWS), 3), int)
    for layer in counting.layers(net, (3, 224, 224)):
        part = layer.name.split(".")[0].replace("bn1", "conv1")
        if part in PARTS:  # the others cost nothing
            outputs = math.prod(layer.output_shape) if layer.multiply_adds else 0
            cost = (layer.parameters, layer.multiply_adds, outputs)
            costs[PARTS.index(part)] += cost
    return costs


def _total(s: Settings) -> tuple[int, ...]:
    return tuple(_costs(s).sum(0))


def _draw_costs(ax: Axes, ghost: bool, **s) -> None:
    """Bars on logarithmic axes that begin at a thousand, a panel for each cost."""
    for left, (title, color), values in zip(LEFTS, PANELS.items(), _costs(s).T):
        lengths = np.log10(values) - 3
        if ghost:
            ends = left + lengths
            ax.vlines(ends, PLACES - 0.45, PLACES + 0.45, GHOST["edgecolor"], ":")
            continue
        ax.add_collection(boxes(left, PLACES - 0.3, lengths, 0.6, color=color))
        for place, length, value in zip(PLACES, lengths, values):
            ax.text(left + length + 0.2, place, _short(value), va="center", fontsize=12)
        ax.text(left, -0.75, f"{title}: {_short(values.sum())}", weight="bold")


def _short(value: float) -> str:
    """Three digits: 9.54 k, 25.6 M, 3.86 G."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if value >= 0.9995 * size:
            digits = 2 if value < 9.995 * size else 1 if value < 99.95 * size else 0
            return f"{value / size:.{digits}f} {unit}"
    return f"{value:.0f}"


def _say_costs(**s) -> str:
    per_block, place = 3, f"bottlenecks, stride in the {s['stride']}"
    if s["block"] == "basic":
        per_block, place = 2, "basic blocks, stride in the first 3×3"
    terms = " + ".join(f"{per_block}·{s[stage]}" for stage in STAGES)
    parameters, cost, activations = map(_short, _total(s))
    most = [max(zip(column, ROWS))[1] for column in _costs(s).T]
    return (
        f"1 + {terms} + 1 = {_depth(s)} layers, {place}: {parameters} parameters, most "
        f"in {most[0]}; {cost} multiply-adds, most in {most[1]}; {activations} "
        f"activations, most in {most[2]}."
    )

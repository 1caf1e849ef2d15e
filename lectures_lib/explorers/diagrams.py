"""Diagrams of a block and of a whole net."""

import numpy as np
from matplotlib.axes import Axes
from torch import nn

from ..figures import BLUE, GREY, INK, ORANGE
from ..models import Layer


def draw_block(ax: Axes, kind: str) -> None:
    """Draw a block from top to bottom, "plain" or "residual": then with its skip."""
    parts = ["conv 3×3", "batch norm", "ReLU", "conv 3×3", "batch norm", "ReLU"]
    levels = [0, -1, -2, -3, -4, -5.8]  # room for the addition
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 2, "mutation_scale": 18}
    box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "linewidth": 2}
    middle = {"ha": "center", "va": "center"}
    ax.annotate("x", (0, -6.9), (0, 0.9), arrowprops=arrow, zorder=0, **middle)
    ax.text(0, -7.2, "y", **middle)
    for part, level in zip(parts, levels):
        edge = INK if "conv" in part else GREY if "norm" in part else ORANGE
        ax.text(0, level, part, bbox=box | {"edgecolor": edge}, **middle)
    if kind == "residual":
        ax.plot([0, 1, 1], [0.65, 0.65, -4.9], color=BLUE, linewidth=3)
        ax.annotate("", (0.12, -4.9), (1.02, -4.9), arrowprops=arrow | {"color": BLUE})
        circle = box | {"boxstyle": "circle,pad=0.1", "edgecolor": BLUE}
        ax.text(0, -4.9, "+", bbox=circle, color=BLUE, **middle)
        ax.text(1.08, -2, "skip", color=BLUE)
    ax.set(xlim=(-1, 1.8), ylim=(-7.4, 1.2), title=kind)
    ax.axis("off")


def draw_network(ax: Axes, layers: list[Layer]) -> None:
    """Draw a net from its layers: a bar for each with weights and each pooling.

    Heights grow with the square root of the picture's side, widths with the logarithm
    of the number of channels. layers: of `models.layers(model, input_shape)`.
    """
    styles = {
        nn.Conv2d: ("conv", {"color": BLUE}),
        nn.AvgPool2d: ("pool", {"color": "white"}),
        nn.Linear: ("linear", {"color": ORANGE, "hatch": "\\\\"}),
    }
    x = 0.0
    ax.axhline(0, color=GREY, linewidth=1.5, zorder=0)
    for layer in (layer for layer in layers if type(layer.module) in styles):
        name, style = styles[type(layer.module)]
        channels, *side = layer.output_shape
        height = side[0] ** 0.5 if side else 0.6 * np.log2(channels)
        width = 0.25 * np.log2(channels) if side else 0.5
        ax.bar(x, height, width, -height / 2, align="edge", edgecolor=INK, **style)
        text = f"{name}\n" + "×".join(map(str, layer.output_shape))
        ax.text(x + width / 2, -height / 2 - 0.25, text, va="top", ha="center", size=11)
        x += width + 1.0
    ax.set(xlim=(-0.6, x), ylim=(-4.5, 3))
    ax.axis("off")

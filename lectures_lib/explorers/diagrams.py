"""Diagrams of a block and of a whole net."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import nn

from ..figures import BLUE, GREY, INK, ORANGE, RED
from ..models import Layer


def draw_block(ax: Axes, kind: str) -> None:
    """Draw a block from top to bottom, "plain" or "residual": then with its skip."""
    parts = ["conv 3×3", "batch norm", "ReLU", "conv 3×3", "batch norm", "ReLU"]
    levels = [0, -1, -2, -3, -4, -5.8]  # room for the addition
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 2, "mutation_scale": 18}
    ax.annotate("", (0, -6.9), (0, 0.9), arrowprops=arrow, zorder=0)
    for part, level in zip(parts, levels):
        color = BLUE if "conv" in part else GREY if "norm" in part else ORANGE
        _boxed(ax, (0, level), part, color, "round,pad=0.3")
    ax.text(0.1, 1, "x", va="center", style="italic")
    ax.text(0.1, -7, "y", va="center", style="italic")
    if kind == "residual":
        ax.plot([0, 1, 1], [0.65, 0.65, -4.9], color=RED, linewidth=3)
        ax.annotate("", (0.12, -4.9), (1.02, -4.9), arrowprops=arrow | {"color": RED})
        _boxed(ax, (0, -4.9), "+", RED, "circle,pad=0.1", color=RED)
        ax.text(1.08, -2, "skip", color=RED)
    ax.set(xlim=(-1, 1.8), ylim=(-7.2, 1.2), title=kind)
    ax.axis("off")


def _boxed(ax: Axes, point, text: str, edge: str, shape: str, **style) -> None:
    box = {"boxstyle": shape, "facecolor": "white", "edgecolor": edge, "linewidth": 2}
    ax.text(*point, text, ha="center", va="center", bbox=box, **style)


def draw_network(ax: Axes, layers: list[Layer]) -> list[Rectangle]:
    """Draw a net from its own layers: a box for each with weights and each pooling.

    Height grows with the square root of the picture's side, width with the logarithm
    of the number of channels; a linear layer is a thin bar.

    Args:
        layers: of `models.layers(model, input_shape)`.

    Returns:
        The boxes, in the order of the layers.
    """
    boxes, x = [], 0.0
    ax.axhline(0, color=GREY, linewidth=1.5, zorder=0)
    for layer in layers:
        if not isinstance(layer.module, nn.Conv2d | nn.Linear | nn.AvgPool2d):
            continue
        channels, *side = layer.output_shape
        height = side[0] ** 0.5 if side else 0.6 * np.log2(channels)
        width = 0.25 * np.log2(channels) if side else 0.5
        name, style = _layer_style(layer.module)
        place = (x, -height / 2)
        boxes.append(ax.add_patch(Rectangle(place, width, height, ec=INK, **style)))
        text = f"{name}\n" + "×".join(map(str, layer.output_shape))
        middle, below = x + width / 2, -height / 2 - 0.25
        ax.text(middle, below, text, va="top", ha="center", fontsize=11)
        x += width + 1.0
    tallest = max(box.get_height() for box in boxes) / 2
    ax.set(xlim=(-0.6, x), ylim=(-tallest - 1.7, tallest + 0.3))
    ax.axis("off")
    return boxes


def _layer_style(module: nn.Module) -> tuple[str, dict[str, str]]:
    if isinstance(module, nn.Conv2d):
        kernel = "×".join(map(str, module.kernel_size))
        return f"conv {kernel}", {"facecolor": BLUE}
    if isinstance(module, nn.Linear):
        return "linear", {"facecolor": ORANGE, "hatch": "\\\\"}
    return "pool", {"facecolor": "#FFFFFF"}

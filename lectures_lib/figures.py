"""The look of every figure: style, alt text, and the diagrams of the course."""

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Annotation
from PIL import Image
from torch import nn

from .models import Layer

# Okabe and Ito's palette: told apart with every common form of colour blindness.
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, RED, YELLOW, GREY, INK = "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C", "#222222"
_CYCLE = plt.cycler(color=[BLUE, ORANGE, GREEN, PINK, RED, SKY]) + plt.cycler(
    linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (3, 1))]
)


def use_style() -> None:
    """Set the style of all figures: large type, strong lines, one palette."""
    plt.rcdefaults()
    plt.rcParams.update(
        {
            **{"figure.figsize": (9, 4.2), "figure.dpi": 100, "savefig.dpi": 100},
            **{"figure.constrained_layout.use": True, "font.size": 14},
            **{"axes.spines.top": False, "axes.spines.right": False},
            **{"axes.titlesize": 15, "axes.titlelocation": "left"},
            **{
                "axes.prop_cycle": _CYCLE,
                "lines.linewidth": 2.5,
                "hatch.linewidth": 1.5,
            },
            **{"text.color": INK, "axes.labelcolor": INK, "image.cmap": "gray"},
        }
    )


def png(fig: Figure, colors: int | None = 64) -> bytes:
    """The figure as PNG bytes, the same for the same picture, and the figure closed.

    Args:
        colors: size of the palette, which makes drawings several times smaller;
            None keeps all colours, for photographs.
    """
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", metadata={"Software": None})
    plt.close(fig)
    fig.clear()  # three megabytes that else wait for the garbage collector
    if colors is None:
        return buffer.getvalue()
    full = Image.open(buffer).convert("RGB")
    method, dither = Image.Quantize.FASTOCTREE, Image.Dither.NONE
    small = io.BytesIO()
    full.quantize(colors, method=method, dither=dither).save(
        small, "PNG", optimize=True
    )
    return small.getvalue()


def show(fig: Figure, alt: str, colors: int | None = 64) -> None:
    """Display the figure with its description, which is printed below it as well.

    Args:
        alt: what is to be seen, in a sentence or two, for who cannot see it; without
            numbers that change from run to run.
        colors: as in `png`.

    Raises:
        ValueError: there is no description.
    """
    if not alt.strip():
        raise ValueError('a figure needs a description: show(fig, alt="what it shows")')
    alt = " ".join(alt.split())
    bundle = {"image/png": png(fig, colors), "text/plain": "<figure>"}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt}})
    print(f"Figure: {alt}")


def label(
    ax: Axes, point: tuple[float, float], text: str, side: str = "right", **style
) -> Annotation:
    """Write text beside a point of the data: no far legend to look up.

    Args:
        side: "right", "left", "above" or "below" the point.
        style: of the text, such as its color.

    Raises:
        KeyError: there is no such side.
    """
    places = {
        "right": ((10, 0), "left", "center"),
        "left": ((-10, 0), "right", "center"),
        "above": ((0, 10), "center", "bottom"),
        "below": ((0, -10), "center", "top"),
    }
    offset, ha, va = places[side]
    return ax.annotate(
        text, point, offset, textcoords="offset points", ha=ha, va=va, **style
    )


def draw_band(
    ax: Axes,
    x: Sequence[float],
    low: np.ndarray | float,
    high: np.ndarray | float,
    color: str = GREY,
) -> None:
    """Draw the band of recorded runs behind a live curve; of NaN nothing is seen."""
    ax.fill_between(x, low, high, color=color, alpha=0.15, linewidth=0)


def draw_images(axes, images, titles) -> None:
    """Draw images (n, 1, height, width) in [0, 1] with a title each, without axes."""
    for ax, image, title in zip(np.ravel(axes), images, titles):
        ax.imshow(image[0], vmin=0, vmax=1)
        ax.set_title(title, loc="center", fontsize=12)
        ax.axis("off")


def draw_block(ax: Axes, kind: str) -> None:
    """Draw a block from top to bottom, "plain" or "residual": then with its skip."""
    parts = ["conv 3×3", "batch norm", "ReLU", "conv 3×3", "batch norm", "ReLU"]
    levels = [0, -1, -2, -3, -4, -5.8]  # room for the addition
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 2, "mutation_scale": 18}
    ax.annotate("", (0, -6.9), (0, 0.9), arrowprops=arrow, zorder=0)
    for part, level in zip(parts, levels):
        color = BLUE if "conv" in part else GREY if "norm" in part else ORANGE
        box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": color}
        ax.text(0, level, part, ha="center", va="center", bbox=box | {"linewidth": 2})
    ax.text(0.1, 1, "x", va="center", style="italic")
    ax.text(0.1, -7, "y", va="center", style="italic")
    if kind == "residual":
        ax.plot([0, 1, 1], [0.65, 0.65, -4.9], color=RED, linewidth=3)
        ax.annotate("", (0.12, -4.9), (1.02, -4.9), arrowprops=arrow | {"color": RED})
        plus = {"boxstyle": "circle,pad=0.1", "facecolor": "white", "edgecolor": RED}
        ax.text(0, -4.9, "+", ha="center", va="center", bbox=plus, color=RED)
        ax.text(1.08, -2, "skip", color=RED)
    ax.set(xlim=(-1, 1.8), ylim=(-7.2, 1.2), title=kind)
    ax.axis("off")


def draw_network(ax: Axes, layers: list[Layer], labels: bool = True) -> list[Rectangle]:
    """Draw a net from its own layers: a box for each with weights and each pooling.

    Height grows with the square root of the picture's side, width with the logarithm
    of the number of channels; a linear layer is a thin bar.

    Args:
        layers: of `models.layers(model, input_shape)`.
        labels: write kind and output shape at each box.

    Returns:
        The boxes, in the order of the layers.
    """
    kinds = (nn.Conv2d, nn.Linear, nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d)
    boxes, x = [], 0.0
    for layer in (layer for layer in layers if isinstance(layer.module, kinds)):
        channels, *side = layer.output_shape
        height = side[0] ** 0.5 if side else 0.6 * np.log2(channels)
        width = 0.25 * np.log2(channels) if side else 0.5
        box = Rectangle((x, -height / 2), width, height, **_layer_style(layer.module))
        boxes.append(ax.add_patch(box))
        if labels:
            text, style = _layer_text(layer), {"ha": "center", "fontsize": 11}
            ax.text(x + width / 2, -height / 2 - 0.25, text, va="top", **style)
        x += width + (1.0 if labels else 0.3)
    ax.axhline(0, color=GREY, linewidth=1.5, zorder=0)
    tallest = max(box.get_height() for box in boxes) / 2
    ax.set(xlim=(-0.6, x), ylim=(-tallest - (1.7 if labels else 0.3), tallest + 0.3))
    ax.axis("off")
    return boxes


def _layer_style(module: nn.Module) -> dict:
    if isinstance(module, nn.Conv2d):
        return {"facecolor": BLUE, "edgecolor": INK}
    if isinstance(module, nn.Linear):
        return {"facecolor": ORANGE, "edgecolor": INK, "hatch": "\\\\"}
    return {"facecolor": "#FFFFFF", "edgecolor": INK}


def _layer_text(layer: Layer) -> str:
    shape = "×".join(map(str, layer.output_shape))
    module = layer.module
    if isinstance(module, nn.Conv2d):
        kernel = "×".join(map(str, module.kernel_size))
        return f"conv {kernel}\n{shape}"
    kind = "linear" if isinstance(module, nn.Linear) else "pool"
    return f"{kind}\n{shape}"

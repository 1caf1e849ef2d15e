"""The look of every figure: style, colours, alt text."""

import gc
import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from PIL import Image

# Okabe and Ito's palette: told apart with every common form of colour blindness. One
# colour for one thing: plain nets RED, residual ones BLUE, gates and kept starts GREEN;
# validation and test BLUE, training INK or ORANGE; what is recorded or shuffled GREY.
# Text is INK or BLUE: on white the others have a contrast below 4.5 : 1.
BLUE, ORANGE, GREEN, PINK = "#0072B2", "#E69F00", "#009E73", "#CC79A7"
SKY, RED, YELLOW, GREY, INK = "#56B4E9", "#D55E00", "#F0E442", "#8C8C8C", "#222222"
_CYCLE = plt.cycler(color=[BLUE, ORANGE, GREEN, PINK, RED, SKY]) + plt.cycler(
    linestyle=["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (3, 1))]
)


_STYLE = {
    "figure.figsize": (9, 4.2),
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 14,
    "axes.titlesize": 15,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": _CYCLE,
    "axes.labelcolor": INK,
    "text.color": INK,
    "lines.linewidth": 2.5,
    "hatch.linewidth": 1.5,
    "image.cmap": "gray",
}


def use_style() -> None:
    """Set the style of all figures: large type, strong lines, one palette."""
    plt.rcdefaults()
    plt.rcParams.update(_STYLE)


def png(fig: Figure, colors: int | None = 64, dpi: int = 100) -> bytes:
    """The figure as PNG bytes, the same for the same picture, and the figure closed.

    Args:
        colors: size of the palette, which makes drawings several times smaller;
            photographs need 256, and None keeps all of them.
    """
    fig.set_dpi(dpi)
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    image = drawn(canvas)
    plt.close(fig)
    fig.clear()  # three megabytes that would wait for the garbage collector
    return with_palette(image, colors) if colors else as_png(image)


def drawn(canvas: FigureCanvasAgg) -> Image.Image:
    """What has been drawn on the canvas, in RGB."""
    return Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB")


def with_palette(
    image: Image.Image, colors: int = 64, compress_level: int = 9
) -> bytes:
    """An RGB image as PNG bytes, with so many colours at most."""
    # Octrees keep small markers, the median cut keeps a photograph's shades.
    kind = Image.Quantize.FASTOCTREE if colors <= 64 else Image.Quantize.MEDIANCUT
    image = image.quantize(colors, kind, dither=Image.Dither.NONE)
    rgb = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
    rgb[(rgb > 250).all(1)] = 255  # nearly white would be a box on the page
    image.putpalette(rgb.tobytes())
    return as_png(image, compress_level)


def as_png(image: Image.Image, compress_level: int = 9) -> bytes:
    """The image as PNG bytes."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=compress_level)
    return buffer.getvalue()


def show(fig: Figure, alt: str, colors: int | None = 64) -> None:
    """Display the figure with its description, which is printed below it, too.

    A drawing has nearly twice the resolution of the page, for the wall.

    Args:
        alt: what is to be seen, in a sentence or two, for readers who cannot see it;
            without numbers that change from run to run.
        colors: as in `png`.

    Raises:
        ValueError: there is no description.
    """
    if not alt.strip():
        raise ValueError('a figure needs a description: show(fig, alt="what it shows")')
    alt, width = " ".join(alt.split()), round(100 * fig.get_figwidth())
    picture = png(fig, colors, dpi=180 if colors == 64 else 100)
    gc.collect()  # forty megabytes of marks and pixels that nobody needs any more
    bundle = {"image/png": picture, "text/plain": "<figure>"}
    display(bundle, raw=True, metadata={"image/png": {"alt": alt, "width": width}})
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
    """Draw images (n, 1, height, width) in [0, 1], each in a frame, with its title."""
    for ax, image, title in zip(np.ravel(axes), images, titles):
        ax.imshow(image[0], vmin=0, vmax=1)
        ax.set_title(title, loc="center", fontsize=12)
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set(visible=True, color=GREY, linewidth=0.8)

"""Pictures that follow a slider: what is the same in all of them is drawn once."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from ..figures import drawn


class Paper:
    """A figure that keeps its axes as pixels: they take longer than a few curves.

    Args:
        size: in inches.
        axes: what `Figure.add_axes` takes for each.
        base: draws into the axes what is the same in each picture, below all else.
    """

    def __init__(
        self, size: tuple[float, float], axes: list[dict], base: Callable[..., None]
    ) -> None:
        self.figure = Figure(size, layout="none")
        # A title has its place: to look for one takes as long as to draw the curves.
        with plt.rc_context({"axes.titlesize": 14, "axes.titley": 1.0}):
            self.axes = [self.figure.add_axes(**place) for place in axes]
        self._kept = set(self._artists())
        base(*self.axes)
        self._canvas = FigureCanvasAgg(self.figure)
        self._canvas.draw()
        self._pixels = self._canvas.copy_from_bbox(self.figure.bbox)
        self.figure.patch.set_visible(False)
        for ax in self.axes:
            ax.set_axis_off()
            ax.set_title("", y=1.0)

    def clear(self) -> None:
        """Take away what has been drawn into the axes."""
        for artist in set(self._artists()) - self._kept:
            artist.remove()
        for ax in self.axes:
            ax.set_prop_cycle(None)

    def image(self) -> Image.Image:
        """The axes with what has been drawn into them, in RGB."""
        self._canvas.restore_region(self._pixels)
        with plt.rc_context({"text.hinting": "none"}):  # a third of the time of text
            self.figure.draw(self._canvas.get_renderer())
        return drawn(self._canvas)

    def _artists(self) -> list[Artist]:
        parents = (self.figure, *self.axes)
        return [artist for parent in parents for artist in parent.get_children()]


def _cell(side: int) -> tuple[int, int]:
    """Width and height that an image of a sheet takes, with its title and a gap."""
    return side + side // 8, side + side // 2


def sheet(rect: Sequence[float], rows: int, columns: int, side: int) -> dict:
    """Axes of an explorer for square images, with room for a title above each."""
    width, height = _cell(side)
    limits = {"xlim": (0, columns * width), "ylim": (rows * height, 0)}
    limits |= {"xticks": [], "yticks": [], "aspect": "equal"}
    return {"rect": rect, "frame_on": False} | limits


def draw_sheet(ax: Axes, images: np.ndarray, columns: int) -> None:
    """Draw images (n, side, side) in [0, 1] into a sheet, row by row, as one image."""
    n, side, _ = images.shape
    width, height = _cell(side)
    room = [(0, 0), (height - side, 0), (0, width - side)]
    cells = np.pad(images, room, constant_values=np.nan)  # nothing covers the titles
    whole = np.block([list(row) for row in np.split(cells, n // columns)])
    extent = (0, whole.shape[1], whole.shape[0], 0)
    ax.imshow(whole, vmin=0, vmax=1, extent=extent, interpolation="nearest")


def draw_titles(ax: Axes, titles: Sequence[str], columns: int, side: int) -> None:
    """Write the titles above the images of a sheet, row by row."""
    width, height = _cell(side)
    for place, title in enumerate(titles):
        row, column = divmod(place, columns)
        x, y = column * width + side / 2, row * height + 0.4 * side
        ax.text(x, y, title, ha="center", fontsize=12)


def boxes(left, bottom, width, height, **look) -> PatchCollection:
    """Rectangles as one artist, in a tenth of the time of bars; numbers or arrays."""
    places = np.broadcast(left, bottom, width, height)
    return PatchCollection([Rectangle((x, y), w, h) for x, y, w, h in places], **look)

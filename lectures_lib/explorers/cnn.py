"""The explorer of notebook 00: one output pixel of a convolution."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.patches import Rectangle

from ..figures import BLUE, INK
from .paper import boxes
from .widgets import GHOST, Explorer, Settings, explorer

GEOMETRY = ("size", "kernel_size", "stride", "padding", "dilation")
HATCH = {"facecolor": "none", "edgecolor": INK, "hatch": "//", "linewidth": 0}


def one_output_pixel() -> Explorer:
    """Notebook 00: which input pixels does one output pixel of a convolution see?"""
    return explorer(
        "one_output_pixel",
        draw=_draw_output_pixel,
        say=_say_output_pixel,
        solved=lambda **s: (
            (s["size"], s["kernel_size"], len(_windows(s))) == (9, 3, 3)
            and not _unseen(s)
        ),
    )


def _windows(s: Settings) -> list[np.ndarray]:
    """For each output row the input rows that it sees; columns are alike."""
    taps = s["dilation"] * np.arange(s["kernel_size"])
    end = s["size"] + s["padding"] - taps[-1]
    return [first + taps for first in range(-s["padding"], end, s["stride"])]


def _unseen(s: Settings) -> list[int]:
    """Rows of the padded input that no output row sees."""
    rows = range(-s["padding"], s["size"] + s["padding"])
    return [row for row in rows if not np.any(np.equal(_windows(s), row))]


def _place(s: Settings) -> tuple[int, int]:
    """Row and column of the chosen output pixel; past the end, the last one."""
    out = len(_windows(s))
    return divmod(min(s["pixel"], out * out - 1), out)


def _draw_output_pixel(left: Axes, right: Axes, ghost: bool, **s) -> None:
    out = len(_windows(s))
    if ghost and out:
        _draw_ghost(left, right, s)
    if ghost:
        return
    if out:
        _draw_cells(left, _input_kinds(s), first=-s["padding"])
        first, side = -s["padding"] - 0.5, s["size"] + 2 * s["padding"]
        for i in _unseen(s):
            left.add_patch(Rectangle((first, i - 0.5), side, 1, **HATCH))
            left.add_patch(Rectangle((i - 0.5, first), 1, side, **HATCH))
        kinds = np.ones((out, out))
        kinds[_place(s)] = 2
        _draw_cells(right, kinds, first=0)
    for height, line in zip((0.1, 0.02), _formulas(s)):
        left.figure.text(0.5, height, line, ha="center", fontsize=16)


def _input_kinds(s: Settings) -> np.ndarray:
    kinds = np.pad(np.ones((s["size"], s["size"])), s["padding"])
    rows, columns = (_windows(s)[i] + s["padding"] for i in _place(s))
    kinds[np.ix_(rows, columns)] = 2
    return kinds


def _draw_cells(ax: Axes, kinds: np.ndarray, first: int) -> None:
    """Draw a square of cells of kind 0 (padding), 1 (pixel) or 2 (lit)."""
    edges = np.arange(len(kinds) + 1) + first - 0.5
    palette = ListedColormap(["#FFFFFF", "#A5CBE6", BLUE])
    style = {"cmap": palette, "vmin": 0, "vmax": 2, "edgecolors": "#9AA8B2"}
    ax.pcolormesh(edges, edges, kinds, linewidth=1, **style)


def _draw_ghost(left: Axes, right: Axes, s: Settings) -> None:
    rows, columns = (_windows(s)[i] for i in _place(s))
    taps = boxes(columns - 0.5, rows[:, None] - 0.5, 1, 1, zorder=1.5, **GHOST)
    left.add_collection(taps)
    out = len(_windows(s))
    right.add_patch(Rectangle((-0.5, -0.5), out, out, zorder=1.5, **GHOST))


def _formulas(s: Settings) -> tuple[str, str]:
    size, kernel, stride, padding, dilation = (s[name] for name in GEOMETRY)
    fraction = f"({size} + 2·{padding} − {dilation}·({kernel} − 1) − 1) / {stride}"
    exact = (size + 2 * padding - dilation * (kernel - 1) - 1) / stride
    result = f"⌊{exact:.4g}⌋ + 1 = {len(_windows(s))}" if exact >= 0 else "no output"
    i, o = s["in_channels"], s["out_channels"]
    weights = f"{o}·({i}·{kernel}·{kernel} + 1) = {_parameters(s):,}"
    return f"side: ⌊{fraction}⌋ + 1 = {result}", f"parameters: {weights}"


def _parameters(s: Settings) -> int:
    return s["out_channels"] * (s["in_channels"] * s["kernel_size"] ** 2 + 1)


def _say_output_pixel(**s) -> str:
    size, out, k = s["size"], len(_windows(s)), s["kernel_size"]
    if not out:
        span = s["dilation"] * (k - 1) + 1
        return (
            f"The kernel spans {span} pixels, more than the padded input: there is no "
            "output, and PyTorch raises an error."
        )
    lost = ", ".join(str(i) for i in _unseen(s) if 0 <= i < size) or "none"
    row, column = _place(s)
    apart = f", {s['dilation']} apart," if s["dilation"] > 1 else ""
    return (
        f"Input {size}×{size}, output {out}×{out}. The output pixel in row {row}, "
        f"column {column} covers {k}×{k} positions{apart} in each channel. Rows of the "
        f"image that no output pixel sees: {lost}; the same columns. "
        f"{_parameters(s):,} parameters."
    )

"""The explorers of the notebooks: one function each, returning a widget."""

import matplotlib.pyplot as plt
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from . import figures
from .models import output_size
from .widgets import Explorer, Settings

GEOMETRY = ("size", "kernel_size", "stride", "padding", "dilation")


def one_output_pixel() -> Explorer:
    """Notebook 00: which input pixels does one output pixel of a convolution see?"""
    start = {"size": 8, "kernel_size": 3, "stride": 1, "padding": 0, "dilation": 1}
    start |= {"in_channels": 3, "out_channels": 6, "pixel": 9}
    steps = {
        "3×3, nothing else": {},
        "padding 1 keeps the size": {"padding": 1},
        "stride 2 halves it": {"padding": 1, "stride": 2, "pixel": 5},
        "7 × 7 with stride 2: nothing is lost": {"size": 7, "stride": 2, "pixel": 4},
        "dilation 2 spreads the taps": {"padding": 2, "dilation": 2},
        "1×1 mixes channels only": {"kernel_size": 1},
        "a larger image": {"size": 10, "padding": 1},
        "more channels": {"padding": 1, "in_channels": 8, "out_channels": 16},
        "stride 3 skips pixels": {"kernel_size": 2, "stride": 3, "pixel": 4},
        "too large a kernel": {"size": 4, "dilation": 3},
    }
    return Explorer(
        "one output pixel of a convolution",
        controls={
            **{"size": range(4, 11), "kernel_size": range(1, 6)},
            **{"stride": range(1, 4), "padding": range(0, 3)},
            **{"dilation": range(1, 4), "in_channels": range(1, 9)},
            **{"out_channels": range(1, 17), "pixel": range(0, 100)},
        },
        draw=_draw_output_pixel,
        say=_say_output_pixel,
        presets={name: start | changes for name, changes in steps.items()},
        challenge=(
            "keep the output as large as the input with a 3×3 kernel and dilation 2.",
            lambda s: (
                (s["kernel_size"], s["dilation"]) == (3, 2) and _output(s) == s["size"]
            ),
        ),
    )


def _output(s: Settings) -> int | None:
    try:
        return output_size(*(s[name] for name in GEOMETRY))
    except ValueError:
        return None


def _draw_output_pixel(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 5), layout="none")
    left, right = (
        fig.add_axes((0, 0.16, 0.5, 0.76)),
        fig.add_axes((0.5, 0.16, 0.5, 0.76)),
    )
    for ax in (left, right):
        ax.set(xlim=(-2.7, 11.7), ylim=(11.7, -2.7), aspect="equal")
        ax.axis("off")
    left.set_title("input and its padding", loc="center")
    right.set_title("output", loc="center")
    geometry = {name: now[name] for name in (*GEOMETRY, "pixel")}
    if _output(now) is not None:
        figures.draw_convolution(left, right, **geometry)
    if before and _output(before) is not None:
        _draw_ghost(left, right, before)
    for height, line in zip((0.1, 0.02), _formulas(now)):
        fig.text(0.5, height, line, ha="center", fontsize=16)
    return fig


def _draw_ghost(left, right, s: Settings) -> None:
    rows, columns = figures.taps(*(s[name] for name in (*GEOMETRY, "pixel")))
    corners = [
        (c - s["padding"] - 0.5, r - s["padding"] - 0.5) for r in rows for c in columns
    ]
    style = {"facecolor": "none", "edgecolor": "#666666", "linewidth": 2}
    style["linestyle"] = ":"
    left.add_collection(
        PatchCollection([Rectangle(xy, 1, 1) for xy in corners], **style)
    )
    right.add_patch(Rectangle((-0.5, -0.5), _output(s), _output(s), **style))


def _formulas(s: Settings) -> tuple[str, str]:
    size, kernel, stride, padding, dilation = (s[name] for name in GEOMETRY)
    span = dilation * (kernel - 1) + 1
    fraction = f"({size} + 2·{padding} − {dilation}·({kernel} − 1) − 1) / {stride}"
    exact = (size + 2 * padding - span) / stride
    result = "no output" if exact < 0 else f"⌊{exact:.4g}⌋ + 1 = {int(exact) + 1}"
    i, o = s["in_channels"], s["out_channels"]
    weights = f"{o}·({i}·{kernel}·{kernel} + 1) = {o * (i * kernel**2 + 1):,}"
    return f"side: ⌊{fraction}⌋ + 1 = {result}", f"parameters: {weights}"


def _say_output_pixel(s: Settings) -> str:
    size, kernel, stride, padding, dilation = (s[name] for name in GEOMETRY)
    span, out = dilation * (kernel - 1) + 1, _output(s)
    if out is None:
        return (
            f"The kernel spans {span} pixels, the padded input {size + 2 * padding}: "
            "there is no output, and PyTorch raises an error."
        )
    lost = (size + 2 * padding - span) % stride
    count = s["out_channels"] * (s["in_channels"] * kernel**2 + 1)
    parts = [
        f"A {size}×{size} input gives a {out}×{out} output; "
        f"each output pixel sees {kernel * kernel} input pixels in each channel",
        f"{lost} row{'s' * (lost > 1)} and as many columns are never seen"
        if lost
        else "",
        f"{count:,} parameters",
    ]
    return "; ".join(filter(None, parts)) + "."

"""The explorers of notebook 04: the gallery; affinity and diversity."""

from functools import cache
from math import cos, radians, sin, tan

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from .. import augmentation, data, environment, many, recorded
from ..figures import BLUE, GREY, INK, RED
from .widgets import Explorer, Settings

PLAIN = {
    **{"turn": 0, "shift": 0, "zoom": 100, "shear": 0},
    **{"brightness": 100, "contrast": 100, "mirror": "no"},
}

GEOMETRY = ("turn", "shift", "zoom", "shear", "mirror")
OPERATIONS = tuple(name for name in augmentation.POOL if name != "saturation")
STRENGTHS = (0.25, 0.5, 0.75, 1.0)


def gallery() -> Explorer:
    """Notebook 04: a photograph under several of torchvision's transformations."""
    presets = {
        "as it is": PLAIN,
        "a likely training picture": PLAIN
        | {"turn": 15, "zoom": 120, "brightness": 75, "mirror": "yes"},
        "turned and sheared": PLAIN | {"turn": -30, "shear": 20},
        "a crop": PLAIN | {"zoom": 200, "shift": -20},
        "upside down": PLAIN | {"turn": 180},
        "too far": PLAIN | {"turn": 90, "shift": 40, "zoom": 200, "contrast": 300},
        "black": PLAIN | {"brightness": 0},
        "grey": PLAIN | {"contrast": 0},
    }
    return Explorer(
        "a gallery with torchvision.transforms.v2",
        controls={
            **{"turn": range(-180, 181, 15), "shift": range(-40, 41, 10)},
            **{"zoom": range(50, 201, 10), "shear": range(-40, 41, 10)},
            **{"brightness": range(0, 301, 25), "contrast": range(0, 301, 25)},
            "mirror": ("no", "yes"),
        },
        draw=_draw_gallery,
        say=_say_gallery,
        presets=presets,
        challenge=(
            "destroy more than half of the colour values, without 0 % and without "
            "moving the cat.",
            lambda s: (
                s["brightness"] * s["contrast"] > 0
                and all(s[name] == PLAIN[name] for name in GEOMETRY)
                and _at_the_ends(_changed(**s)) > 0.5
            ),
        ),
    )


@cache
def _photo() -> Tensor:
    return data.photo()[:, ::2, ::2].contiguous()  # half the size: four times as fast


def _changed(turn, shift, zoom, shear, brightness, contrast, mirror) -> Tensor:
    """The photograph (3, height, width) after geometry, and then colour."""
    from torchvision.transforms import v2  # here: half a second, and only one notebook

    image = _photo()
    move = [shift / 100 * image.shape[2], 0]
    image = v2.functional.affine(
        *(image, -turn, move, zoom / 100, [shear, 0]),
        interpolation=v2.InterpolationMode.BILINEAR,
    )
    if mirror == "yes":
        image = v2.functional.horizontal_flip(image)
    image = v2.functional.adjust_brightness(image, brightness / 100)
    return v2.functional.adjust_contrast(image, contrast / 100).clamp(0, 1)


def _frame(turn, shift, zoom, shear, mirror, **_) -> np.ndarray:
    """Where the photograph's frame goes: its corners (2, 5), in pixels."""
    height, width = _photo().shape[1:]
    corners = np.array([[-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1]]) / 2
    corners = corners * [[width], [height]]
    angle = radians(-turn)
    rotation = np.array([[cos(angle), -sin(angle)], [sin(angle), cos(angle)]])
    sheared = np.array([[1, -tan(radians(shear))], [0, 1]])
    corners = zoom / 100 * rotation @ sheared @ corners
    corners[0] += shift / 100 * width
    if mirror == "yes":
        corners[0] *= -1
    return corners + np.array([[width / 2 - 0.5], [height / 2 - 0.5]])


def _draw_gallery(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(5, 3.4), layout="none")
    ax = fig.add_axes((0.01, 0.01, 0.98, 0.98))
    height, width = _photo().shape[1:]
    ax.imshow(_changed(**now).permute(1, 2, 0).numpy())
    for settings, color, line in ((before, GREY, ":"), (now, INK, "-")):
        if settings:
            ax.plot(*_frame(**settings), line, color=color, linewidth=2)
    ax.set(xlim=(-5, width + 5), ylim=(height + 5, -5))
    ax.axis("off")
    return fig


def _say_gallery(s: Settings) -> str:
    image = _changed(**s)
    side = "left" if s["turn"] >= 0 else "right"
    words = [
        (s["turn"], f"turned by {abs(s['turn'])} degrees to the {side}"),
        (s["shift"], f"shifted by {s['shift']} % of the width"),
        (s["zoom"] - 100, f"at {s['zoom']} % of its size"),
        (s["shear"], f"sheared by {s['shear']} degrees"),
        (s["mirror"] == "yes", "then mirrored"),
        (s["brightness"] - 100, f"at {s['brightness']} % brightness"),
        (s["contrast"] - 100, f"at {s['contrast']} % contrast"),
    ]
    changes = ", ".join(text for changed, text in words if changed) or "as it is"
    if image.std() == 0:
        color = "black" if image.max() == 0 else "of one grey"
        return f"The cat {changes}: all pixels are {color}, nothing is left of it."
    ends = _at_the_ends(image)
    return f"The cat {changes}. {ends:.0%} of all colour values are 0 or 1."


def _at_the_ends(image: Tensor) -> float:
    """The share of colour values that are 0 or 1: there differences are lost."""
    return ((image == 0) | (image == 1)).float().mean().item()


def affinity_and_diversity() -> Explorer:
    """Notebook 04: eight digits, and where an operation lies in a plane of all."""
    chosen = (
        *(("rotate", 0.5), ("shift y", 0.5), ("shift y", 1.0), ("shift x", 1.0)),
        *(("shift x", 0.25), ("noise", 1.0), ("cutout", 1.0), ("mirror", 1.0)),
        *(("half turn", 1.0), ("invert", 1.0), ("black", 1.0), ("zoom", 1.0)),
    )
    presets = {
        f"{name}, {strength}": {"operation": name, "strength": strength}
        for name, strength in chosen
    }
    return Explorer(
        "affinity and diversity",
        controls={
            "operation": OPERATIONS,
            "strength": STRENGTHS,
        },
        draw=_draw_affinity,
        say=_say_affinity,
        presets=presets,
        challenge=(
            "find the one that gains more than a point with an affinity below 0.8.",
            lambda s: _numbers(**s)["affinity"] < 0.8 and _numbers(**s)["gain"] > 0.01,
        ),
    )


@cache
def _recorded() -> recorded.Recording:
    return recorded.load("operations")


@cache
def _frozen() -> list[Tensor]:
    """A net that has only seen digits as they are, all of the training set."""
    images, labels = data.digits("train")
    return many.fit_many(images[None], labels[None], steps=400)


@cache
def _eight(operation: str, strength: float) -> tuple[Tensor, list[int], list[int]]:
    """Eight transformed test digits, their labels and the frozen net's answers."""
    images, labels = data.digits("test", 8)
    draw = environment.generator(0)
    images = augmentation.augment(images, [operation], draw, strength)
    answers = many.logits(_frozen(), images.flatten(1)).argmax(2)[0]
    return images, labels.tolist(), answers.tolist()


def _numbers(operation: str, strength: float) -> dict[str, float]:
    """Recorded means: affinity, diversity, gain, and the standard error of the gain."""
    runs = _recorded()
    if not runs.values:
        return dict.fromkeys(("affinity", "diversity", "gain", "error"), np.nan)
    share = 1.0 if augmentation.POOL[operation].switch else strength
    place = runs.axes["kind"].index([operation, share])
    names = ("affinity", "diversity", "gain")
    found = {name: runs.values[name][:, place] for name in names}
    error = found["gain"].std(ddof=1) / len(found["gain"]) ** 0.5
    return {name: runs.mean() for name, runs in found.items()} | {"error": error}


def _draw_affinity(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.2), layout="none")
    for place, (image, label, answer) in enumerate(zip(*_eight(**now))):
        row, column = divmod(place, 4)
        ax = fig.add_axes((0.01 + 0.105 * column, 0.5 - 0.46 * row, 0.095, 0.33))
        ax.imshow(image[0].numpy(), vmin=0, vmax=1)
        ax.axis("off")
        mark, color = ("✓", BLUE) if answer == label else (f"not {label}", RED)
        ax.set_title(f"{answer} {mark}", loc="center", fontsize=13, color=color)
    _draw_plane(fig.add_axes((0.53, 0.16, 0.46, 0.74)), now, before)
    return fig


def _draw_plane(ax: Axes, now: Settings, before: Settings | None) -> None:
    values = _recorded().values
    if values:
        x, y, gain = (values[n].mean(0) for n in ("affinity", "diversity", "gain"))
        kinds = (
            (gain > 0.005, "^", BLUE, "gains"),
            (abs(gain) <= 0.005, "o", GREY, "within half a point"),
            (gain < -0.005, "v", RED, "loses"),
        )
        for which, marker, color, text in kinds:
            look = {"c": color, "marker": marker, "alpha": 0.8}
            ax.scatter(x[which], y[which], 45, **look, label=text)
    for settings, color in ((before, GREY), (now, INK)):
        if settings:
            found = _numbers(**settings)
            ring = {"facecolor": "none", "edgecolor": color, "linewidth": 3}
            ax.scatter(found["affinity"], found["diversity"], 330, **ring)
    ax.set(xlim=(0, 1.05), yscale="log", ylim=(0.004, 2), xlabel="affinity")
    ax.set_title("diversity", fontsize=14)
    if values:
        ax.legend(frameon=False, fontsize=11, loc="lower left")


def _say_affinity(s: Settings) -> str:
    recording = _recorded()
    _, labels, answers = _eight(**s)
    kept = sum(label == answer for label, answer in zip(labels, answers))
    seen = f"{s['operation']}, strength {s['strength']}: {kept} of 8 answers are right."
    if not recording.values:
        return f"{seen} No recorded runs: {recording.note}."
    found = _numbers(**s)
    old = "" if recording.sound else f" {recording.note}."
    return (
        f"{seen} Affinity {found['affinity']:.2f}, diversity {found['diversity']:.2f}, "
        f"gain {100 * found['gain']:+.1f} ± {100 * found['error']:.1f} points (mean, "
        f"standard error of {len(recording.values['gain'])} recorded draws).{old}"
    )

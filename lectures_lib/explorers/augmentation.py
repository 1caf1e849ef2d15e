"""The explorers of notebook 04: the gallery; affinity and diversity."""

from functools import cache, lru_cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.transforms import Affine2D
from torch import Tensor

from .. import augmentation, data, environment, recorded
from ..figures import BLUE, GREY, INK, RED
from ..support import many
from .paper import draw_sheet, draw_titles, sheet
from .widgets import EXPLORERS, Explorer, explorer, noted, runs_at

PLAIN = EXPLORERS["gallery"]["presets"]["as it is"]
OPERATIONS = tuple(name for name in augmentation.POOL if name != "saturation")
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
_recorded = cache(lambda: recorded.load("operations"))


def gallery() -> Explorer:
    """Notebook 04: a photograph under several of torchvision's transformations."""
    return explorer(
        "gallery",
        draw=_draw_gallery,
        say=_say_gallery,
        solved=lambda **s: (
            s | {"brightness": 100, "contrast": 100} == PLAIN
            and s["brightness"] * s["contrast"] > 0
            and _at_the_ends(_changed(**s)) > 0.5
        ),
    )


@cache
def _photo() -> Tensor:
    return data.photo()[:, ::2, ::2].contiguous()  # half the size: four times as fast


@lru_cache(maxsize=1)  # it is drawn, and then looked at
def _changed(turn, shift, zoom, shear, brightness, contrast, mirror) -> Tensor:
    """The photograph (3, height, width) after geometry, and then colour."""
    from torchvision.transforms import v2  # here: half a second, and only one notebook

    image = _photo()
    move, smooth = [shift / 100 * image.shape[2], 0], v2.InterpolationMode.BILINEAR
    image = v2.functional.affine(image, -turn, move, zoom / 100, [shear, 0], smooth)
    if mirror == "yes":
        image = v2.functional.horizontal_flip(image)
    image = v2.functional.adjust_brightness(image, brightness / 100)
    return v2.functional.adjust_contrast(image, contrast / 100).clamp(0, 1)


def _frame(turn, shift, zoom, shear, mirror, **_) -> np.ndarray:
    """Where the photograph's frame goes: its corners (2, 5), in pixels."""
    height, width = _photo().shape[1:]
    around = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) / 2
    move = Affine2D().skew_deg(-shear, 0).rotate_deg(-turn).scale(zoom / 100)
    move.translate(shift / 100 * width, 0).scale(-1 if mirror == "yes" else 1, 1)
    move.translate(width / 2 - 0.5, height / 2 - 0.5)
    return move.transform(around * [width, height]).T


def _draw_gallery(ax: Axes, ghost: bool, **s) -> None:
    height, width = _photo().shape[1:]
    color, line = (GREY, ":") if ghost else (INK, "-")
    ax.plot(*_frame(**s), line, color=color, linewidth=2)
    if not ghost:
        ax.imshow(_changed(**s).permute(1, 2, 0).numpy())
    ax.set(xlim=(-5, width + 5), ylim=(height + 5, -5))


def _say_gallery(**s) -> str:
    image = _changed(**s)
    side = "left" if s["turn"] >= 0 else "right"
    words = {
        "turn": f"turned by {abs(s['turn'])} degrees to the {side}",
        "shift": f"shifted by {s['shift']} % of the width",
        "zoom": f"at {s['zoom']} % of its size",
        "shear": f"sheared by {s['shear']} degrees",
        "mirror": "then mirrored",
        "brightness": f"at {s['brightness']} % brightness",
        "contrast": f"at {s['contrast']} % contrast",
    }
    changes = ", ".join(words[name] for name in words if s[name] != PLAIN[name])
    cat = f"The cat {changes or 'as it is'}"
    if image.std() == 0:
        color = "black" if image.max() == 0 else "of one grey"
        return f"{cat}: all pixels are {color}, nothing is left of it."
    return f"{cat}. {_at_the_ends(image):.0%} of all colour values are 0 or 1."


def _at_the_ends(image: Tensor) -> float:
    """The share of colour values that are 0 or 1: there differences are lost."""
    return ((image == 0) | (image == 1)).float().mean().item()


def affinity_and_diversity() -> Explorer:
    """Notebook 04: eight digits, and where an operation lies in a plane of all."""
    plane = {"yscale": "log", "xlim": (0, 1.05), "ylim": (0.004, 2)}
    plane |= {"title": "diversity", "xlabel": "affinity"}
    return explorer(
        "affinity_and_diversity",
        controls=dict(operation=OPERATIONS, strength=STRENGTHS),
        axes=[
            sheet((0.01, 0.02, 0.42, 0.96), rows=2, columns=4, side=8),
            dict(rect=(0.53, 0.16, 0.46, 0.74), **plane),
        ],
        base=_draw_recorded,
        draw=_draw_affinity,
        say=_say_affinity,
        solved=lambda **s: _mean("affinity", **s) < 0.8 and _mean("gain", **s) > 0.01,
    )


@cache
def _frozen() -> list[Tensor]:
    """A net that has only seen digits as they are, all of the training set."""
    images, labels = data.digits("train")
    return many.fit_many(images[None], labels[None], steps=400)


@cache
def _eight(operation: str, strength: float) -> tuple[Tensor, list[int], list[int]]:
    """Eight transformed test digits, their labels and the frozen net's answers."""
    images, labels = data.digits("test", 8)
    generator = environment.generator(0)
    images = augmentation.augment(images, [operation], generator, strength)
    answers = many.logits(_frozen(), images.flatten(1)).argmax(2)[0]
    return images, labels.tolist(), answers.tolist()


def _runs(name: str, operation: str, strength: float) -> np.ndarray:
    """Recorded "affinity", "diversity" or "gain", (draws,); NaN without records."""
    share = 1.0 if augmentation.POOL[operation].switch else strength
    return runs_at(_recorded(), name, "kind", [operation, share])


def _mean(name: str, operation: str, strength: float) -> float:
    return _runs(name, operation, strength).mean()


def _draw_affinity(digits: Axes, plane: Axes, ghost: bool, **s) -> None:
    ring = {"facecolor": "none", "edgecolor": GREY if ghost else INK, "linewidth": 3}
    place = _mean("affinity", **s), _mean("diversity", **s)
    plane.scatter(*place, 330, zorder=1.5, **ring)
    if ghost:
        return
    images, labels, answers = _eight(**s)
    pairs = zip(answers, labels)
    titles = [f"{a} ✓" if a == label else f"{a} not {label}" for a, label in pairs]
    draw_sheet(digits, images[:, 0].numpy(), columns=4)
    draw_titles(digits, titles, columns=4, side=8)


def _draw_recorded(_: Axes, plane: Axes) -> None:
    values = _recorded().values
    if not values:
        return
    x, y, gain = (values[n].mean(0) for n in ("affinity", "diversity", "gain"))
    for which, marker, color, text in (
        (gain > 0.005, "^", BLUE, "gains"),
        (abs(gain) <= 0.005, "o", GREY, "within half a point"),
        (gain < -0.005, "v", RED, "loses"),
    ):
        look = {"c": color, "marker": marker, "alpha": 0.8, "label": text}
        plane.scatter(x[which], y[which], 45, **look)
    plane.legend(frameon=False, fontsize=11, loc="lower left")


def _say_affinity(**s) -> str:
    _, labels, answers = _eight(**s)
    kept = sum(label == answer for label, answer in zip(labels, answers))
    seen = f"{s['operation']}, strength {s['strength']}: {kept} of 8 answers are right."
    gain = 100 * _runs("gain", **s)
    error = gain.std(ddof=1) / len(gain) ** 0.5
    affinity, diversity = (_mean(name, **s) for name in ("affinity", "diversity"))
    found = (
        f"Affinity {affinity:.2f}, diversity {diversity:.2f}, gain {gain.mean():+.1f} "
        f"± {error:.1f} points (mean, standard error of {len(gain)} recorded draws)."
    )
    return f"{seen} {noted(found, _recorded())}"

"""How fast pictures are transformed: our batch against torchvision, image by image.

Both apply the same operations with strengths drawn anew for each picture. v2 on a whole
batch stands beside them: as fast as it gets, but with one strength for all pictures.
The three are measured by turns.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from lectures_lib import augmentation, data, environment

from .rows import Row, by_turns, seconds

BILINEAR = {"interpolation": v2.InterpolationMode.BILINEAR}


def _affine(image: Tensor, angle=0.0, move=(0, 0), scale=1.0, shear=(0, 0)) -> Tensor:
    return tv.affine(image, angle, list(move), scale, list(shear), **BILINEAR)


def _noise(image: Tensor, sigma: float) -> Tensor:
    return tv.gaussian_noise(image, sigma=sigma)


def _cutout(image: Tensor, side: float) -> Tensor:
    height, width = image.shape[-2:]
    y, x = torch.rand(2).tolist()
    top, bottom = (round((y + s * side / 2) * height) for s in (-1, 1))
    left, right = (round((x + s * side / 2) * width) for s in (-1, 1))
    top, left = max(top, 0), max(left, 0)
    shape = max(bottom - top, 0), max(right - left, 0)
    return tv.erase(image, top, left, *shape, v=torch.zeros(1))


# What torchvision has for each operation of the pool, but for stretch: it has none.
TORCHVISION: dict[str, Callable[[Tensor, float], Tensor]] = {
    "shift x": lambda x, s: _affine(x, move=(s * x.shape[-1], 0)),
    "shift y": lambda x, s: _affine(x, move=(0, s * x.shape[-2])),
    "rotate": lambda x, s: tv.rotate(x, s, **BILINEAR),
    "shear x": lambda x, s: _affine(x, shear=(s, 0)),
    "shear y": lambda x, s: _affine(x, shear=(0, s)),
    "zoom": lambda x, s: _affine(x, scale=s),
    "brightness": tv.adjust_brightness,
    "contrast": tv.adjust_contrast,
    "saturation": tv.adjust_saturation,
    "noise": _noise,
    "cutout": _cutout,
    "mirror": lambda x, s: tv.horizontal_flip(x) if s else x,
    "upside down": lambda x, s: tv.vertical_flip(x) if s else x,
    "half turn": lambda x, s: tv.rotate(x, 180) if s else x,
    "invert": lambda x, s: tv.invert(x) if s else x,
    "black": lambda x, s: torch.zeros_like(x) if s else x,
}


def ours(images: Tensor, name: str, draw: torch.Generator) -> Tensor:
    return augmentation.augment(images, [name], draw)


def image_by_image(images: Tensor, name: str, draw: torch.Generator) -> Tensor:
    strengths = augmentation.POOL[name].draw(len(images), draw).tolist()
    return torch.stack([TORCHVISION[name](x, s) for x, s in zip(images, strengths)])


def whole_batch(images: Tensor, name: str, draw: torch.Generator) -> Tensor:
    return TORCHVISION[name](images, augmentation.POOL[name].draw(1, draw).item())


WAYS = {"ours": ours, "image by image": image_by_image, "whole batch": whole_batch}


def speeds(images: Tensor, name: str, repetitions: int) -> dict[str, list[float]]:
    """Images per second of each way to do an operation, in each repetition."""
    draw = environment.generator(0)

    def timed(way: Callable) -> Callable[[], float]:
        return lambda: len(images) / seconds(lambda: way(images, name, draw))

    found = by_turns(map(timed, WAYS.values()), repetitions + 1)
    return {way: runs[1:] for way, runs in zip(WAYS, found)}  # the first warms up


def measure(small: bool) -> list[Row]:
    """Each operation, and all one after the other, against torchvision's."""
    number, repetitions = (4, 2) if small else (1000, 5)
    images = data.fashion_mnist("test", number)[0]
    found = {name: speeds(images, name, repetitions) for name in TORCHVISION}
    pool = {}
    for way in WAYS:
        runs = zip(*(of_way[way] for of_way in found.values()))
        pool[way] = [1 / sum(1 / speed for speed in run) for run in runs]
    rows, (ours, each, batch) = [], WAYS
    for name, of in (found | {"all operations": pool}).items():
        against = f"torchvision's v2, {each}"
        rows.append(Row(name, "images/s", of[ours], against, of[each]))
    one = f"v2, {batch}, one strength for all"
    return [*rows, Row("all operations", "images/s", pool[ours], one, pool[batch])]

"""How fast pictures are transformed: our batch against torchvision, image by image.

make bench B=augmentation, or python benchmarks/augmentation.py [--threads 1]

Both apply the same operations with strengths drawn anew for each picture. v2 on a whole
batch stands beside them: as fast as it gets, but with one strength for all pictures.
The three are measured by turns.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as tv

from lectures_lib import augmentation, data, environment

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


def seconds(way: Callable, images: Tensor, name: str, draw: torch.Generator) -> float:
    start = time.perf_counter()
    way(images, name, draw)
    return time.perf_counter() - start


def speeds(images: Tensor, repetitions: int) -> dict[str, dict[str, list[float]]]:
    """Images per second for each operation and way, in each repetition."""
    draw = environment.generator(0)
    found = {name: {way: [] for way in WAYS} for name in TORCHVISION}
    for name, of_way in found.items():
        for number in range(-1, repetitions):  # the first time warms up
            for way in list(WAYS)[:: -1 if number % 2 else 1]:
                took = seconds(WAYS[way], images, name, draw)
                if number >= 0:
                    of_way[way].append(len(images) / took)
    return found


def table(found: dict[str, dict[str, list[float]]]) -> str:
    """Images per second, medians; ours against image by image as median (range)."""
    rows = [f"{'images/s':12} {'ours':>12} {'image by image':>15} {'ratio':>18} "]
    rows[0] += f"{'whole batch':>12}"
    pool = {}  # all operations, one after the other
    for way in WAYS:
        runs = zip(*(of_way[way] for of_way in found.values()))
        pool[way] = [1 / sum(1 / speed for speed in run) for run in runs]
    for name, of_way in (found | {"whole pool": pool}).items():
        ours, each, batch = (statistics.median(of_way[way]) for way in WAYS)
        rows.append(f"{name:12} {ours:12,.0f} {each:15,.0f} ")
        rows[-1] += f"{spread(ratios(of_way)):>18} {batch:12,.0f}"
    return "\n".join(rows)


def ratios(of_way: dict[str, list[float]]) -> list[float]:
    return [a / b for a, b in zip(of_way["ours"], of_way["image by image"])]


def spread(values: list[float]) -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.0f} ({low:.0f} to {high:.0f})"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--threads", type=int, help="that torch computes with")
    chosen = parser.parse_args(arguments)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    images = data.fashion_mnist("test", chosen.images)[0]
    print(
        f"{chosen.images} pictures of 28×28, {chosen.repetitions} repetitions; "
        "whole batch: torchvision's v2 with one strength for all pictures"
    )
    print(table(speeds(images, chosen.repetitions)))
    print(
        f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}"
    )


if __name__ == "__main__":
    main()

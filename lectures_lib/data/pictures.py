"""Pictures with their labels, a photograph, and the temperatures of four years."""

import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import environment
from . import files
from .files import DataError, read

FASHION_CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
Labelled = tuple[Tensor, Tensor]  # images (n, channels, height, width), labels (n,)


def fashion_mnist(split: str, n: int | None = None, seed: int = 0) -> Labelled:
    """Pictures of clothes: a balanced part of Fashion-MNIST (Xiao et al. 2017, MIT).

    Args:
        split: "train" (8,000 images) or "test" (2,000).
        n: how many to draw, the classes equal up to one; None: all, in stored order.
        seed: which draw; LECTURES_SEED is added to it.
    Returns: images float32 (n, 1, 28, 28) in [0, 1]; labels int64 (n,), the places in
    FASHION_CLASSES. Raises DataError: unknown split, n out of range, unsound file.
    """
    images, labels = _subset(_fashion_mnist(files.FOLDER), split, n, seed)
    return images / 255, labels


def digits(split: str, n: int | None = None, seed: int = 0) -> Labelled:
    """Handwritten digits: scikit-learn's 1,797 images (Alpaydin and Kaynak 1998).

    Neighbours in the file seem to share a writer. So "test" is its last 600, mostly by
    other hands than "train" (1,197): harder than a random part, nearer to real use.
    Arguments, errors: as for fashion_mnist; when a class is used up, others fill n.
    Returns: images float32 (n, 1, 8, 8) in [0, 1]; labels int64 (n,), 0 to 9.
    """
    images, labels = _subset(_digits(), split, n, seed)
    return images / 16, labels


def photo() -> Tensor:
    """A cat, float32 (3, 300, 451) in [0, 1]: red, green, blue; rows, columns.

    Raises DataError when the file is not as shipped. Source: Stéfan van der Walt, CC0.
    """
    image = Image.open(io.BytesIO(read("cat.png"))).convert("RGB")
    return torch.tensor(np.asarray(image)).permute(2, 0, 1).contiguous() / 255


def seattle() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The warmest temperature of each day in Seattle, 2012 to 2015 (NOAA).

    Returns: year int64 (1461,); place in the year, float64 (1461,), 0 on January 1st,
    below 1; degrees Celsius, float64 (1461,). Raises DataError for an unsound file.
    """
    lines = read("seattle.csv").decode().split()[1:]
    days, celsius = zip(*(line.split(",") for line in lines))
    dates = np.array(days, "datetime64[D]")
    years = dates.astype("datetime64[Y]")
    passed = (dates - years).astype(float)
    lengths = (years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")
    place = passed / lengths.astype(float)
    return years.astype(int) + 1970, place, np.array(celsius, float)


@cache  # kept as bytes; whoever asks gets floats of their own
def _fashion_mnist(folder: Path) -> dict[str, Tensor]:
    with np.load(io.BytesIO(read("fashion_mnist.npz")), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


@cache
def _digits() -> dict[str, Tensor]:
    # scikit-learn's file, without its import: that would take a second and 70 MB.
    package = find_spec("sklearn")
    if package is None:
        raise DataError("no scikit-learn, which has the digits: make lab installs it")
    file = Path(package.submodule_search_locations[0], "datasets/data/digits.csv.gz")
    table = np.loadtxt(file, delimiter=",")
    pixels, target = torch.tensor(table).byte().split((64, 1), 1)
    images, target = pixels.reshape(-1, 8, 8), target[:, 0].long()
    train = {"train_images": images[:-600], "train_labels": target[:-600]}
    return train | {"test_images": images[-600:], "test_labels": target[-600:]}


def _subset(
    arrays: dict[str, Tensor], split: str, n: int | None, seed: int
) -> Labelled:
    if split not in ("train", "test"):
        raise DataError(f"unknown split {split!r}: expected 'train' or 'test'")
    images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"].long()
    chosen = torch.arange(len(labels)) if n is None else _draw(labels, n, seed)
    return images[chosen, None].float(), labels[chosen]  # copies


def _draw(labels: Tensor, n: int, seed: int) -> Tensor:
    if not isinstance(n, int | np.integer) or n is True or not 1 <= n <= len(labels):
        raise DataError(f"n = {n!r}: expected a whole number from 1 to {len(labels)}")
    generator = environment.generator(seed)
    order = torch.randperm(len(labels), generator=generator)
    # Each class queues in this order; the first of every queue come before the second.
    queues = torch.nn.functional.one_hot(labels[order])
    place = (queues.cumsum(0) * queues).sum(1)
    chosen = order[place.argsort(stable=True)[:n]]
    return chosen[torch.randperm(len(chosen), generator=generator)]

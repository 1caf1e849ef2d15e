"""Pictures with their labels, a photograph, and the temperatures of four years."""

import io
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .. import environment
from .files import DataError, read, tensors

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
stored = cache(tensors)  # as bytes; whoever asks gets floats of their own
Labelled = tuple[Tensor, Tensor]  # images (n, channels, height, width), labels (n,)


def fashion_mnist(split: str, n: int | None = None, seed: int = 0) -> Labelled:
    """Pictures of clothes: a balanced part of Fashion-MNIST (Xiao et al. 2017, MIT).

    Args:
        split: "train" (8,000 images) or "test" (2,000).
        n: how many to draw, the classes equal up to one; None: all, in stored order.
        seed: which draw; LECTURES_SEED is added to it.

    Returns:
        Images, float32 (n, 1, 28, 28) in [0, 1], and labels, int64 (n,), the places in
        FASHION_CLASSES.
    """
    images, labels = _subset("fashion_mnist.npz", split, n, seed)
    return images / 255, labels


def digits(split: str, n: int | None = None, seed: int = 0) -> Labelled:
    """Handwritten digits: scikit-learn's 1,797 images (Alpaydin and Kaynak 1998).

    Neighbours in the file seem to share a writer. So "test" is its last 600, mostly by
    other people than "train" (1,197): harder than a random part, nearer to real use.

    Arguments are those of fashion_mnist; when a class is used up, others fill n.
    Images are (n, 1, 8, 8), labels 0 to 9.
    """
    images, labels = _subset("digits.npz", split, n, seed)
    return images / 16, labels


def photo() -> Tensor:
    """A cat by Stéfan van der Walt, CC0: float32 (3, 300, 451), RGB in [0, 1]."""
    image = Image.open(io.BytesIO(read("cat.png"))).convert("RGB")
    return torch.tensor(np.asarray(image)).permute(2, 0, 1).contiguous() / 255


def seattle() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The warmest temperature of each day in Seattle, 2012 to 2015 (NOAA).

    Returns:
        Year, int64 (1461,); place in the year, float64 (1461,), 0 on January 1st, below
        1; degrees Celsius, float64 (1461,).
    """
    columns = [("day", "datetime64[D]"), ("celsius", float)]
    file = io.BytesIO(read("seattle.csv"))
    table = np.loadtxt(file, columns, delimiter=",", skiprows=1)
    year = table["day"].astype("datetime64[Y]")
    length = (year + 1).astype("datetime64[D]") - year
    return year.astype(int) + 1970, (table["day"] - year) / length, table["celsius"]


def _subset(name: str, split: str, n: int | None, seed: int) -> Labelled:
    if split not in ("train", "test"):
        raise DataError(f"unknown split {split!r}: expected 'train' or 'test'")
    labels = stored(name)[f"{split}_labels"].long()
    chosen = torch.arange(len(labels)) if n is None else _draw(labels, n, seed)
    images = stored(name)[f"{split}_images"][chosen, None]
    return images.float(), labels[chosen]  # copies


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

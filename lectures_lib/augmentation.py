"""Data augmentation: transformations of a whole batch, each image by its own strength.

The pool is one table, from which policies draw. Nothing here knows of a net.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from .environment import require

Transform = Callable[[Tensor, Tensor, torch.Generator | None], Tensor]


@dataclass(frozen=True)
class Operation:
    """One transformation, and the strengths from which policies draw.

    Attributes:
        apply: images (n, channels, height, width), strengths (n,) and a generator, for
            what is random besides the strength, to images of the same shape.
        low, high: the policies' strongest; drawn uniformly, or 0 and 1 for a switch.
        unit: of the strength, as it is written at a slider.
        neutral: the strength that changes nothing.
        least: below this a strength has no meaning.
        switch: done or not done, without anything between.
    """

    apply: Transform
    low: float
    high: float
    unit: str
    neutral: float = 0.0
    least: float = -math.inf
    switch: bool = False

    def draw(self, n: int, generator: torch.Generator, share: float = 1.0) -> Tensor:
        """Strengths (n,) from so large a share of the range around neutral.

        A switch has nothing in between: on for half of the images, off at share 0.
        """
        uniform = torch.rand(n, generator=generator)
        if self.switch:
            return (uniform < 0.5 * (share > 0)).float()
        drawn = self.low + (self.high - self.low) * uniform
        return self.neutral + share * (drawn - self.neutral)


def transform(
    images: Tensor,
    name: str,
    strengths: Tensor,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Images (n, channels, height, width), each transformed with its own strength.

    Args:
        images: float in [0, 1]; in half precision computed as float32, then rounded.
        name: an operation of POOL.
        strengths: (n,), in the operation's unit.
        generator: for what is random besides the strength; None: torch's own.

    Raises:
        ValueError: unknown name; images of another type, range or shape; strengths of
            another shape, not finite, or without meaning.
    """
    operation = _operation(name)
    _check_images(images)
    require(
        strengths.shape == images.shape[:1],
        f"strengths {tuple(strengths.shape)}: expected ({len(images)},), one for each",
    )
    least = f" of at least {operation.least:g}" if operation.least > -math.inf else ""
    require(
        (strengths.isfinite() & (strengths >= operation.least)).all(),
        f"strengths of {name!r}: expected finite numbers{least}",
    )
    if not len(images):
        return images
    # In half precision coordinates are rounded, and neighbouring pixels looked up.
    exact = images.to(torch.promote_types(images.dtype, torch.float32))
    return operation.apply(exact, strengths.to(exact), generator).to(images)


def augment(
    images: Tensor,
    names: Sequence[str],
    generator: torch.Generator,
    strength: float = 1.0,
) -> Tensor:
    """Images after all the named operations in this order, with strengths drawn anew.

    Args:
        images: float (n, channels, height, width) in [0, 1].
        strength: share of each operation's range, from 0 (nothing happens) to 1.

    Raises:
        ValueError: as for `transform`, or a strength outside [0, 1].
    """
    _check_share(strength)
    for name in names:
        drawn = _operation(name).draw(len(images), generator, strength)
        images = transform(images, name, drawn, generator)
    return images


def affine(images: Tensor, matrices: Tensor) -> Tensor:
    """Images (n, channels, height, width) looked up elsewhere; black outside of them.

    Args:
        matrices: (n, 2, 3), for each image from a place of the result to the place
            where it is looked up: (x, y, 1), in pixels to the right of and below the
            middle. With the row 0 0 1 below each, A B transforms by A and then by B.
    """
    height, width = images.shape[-2:]
    # torch counts from -1 to 1 between the edges. Its affine_grid takes ten times as
    # long as this one product.
    x, y = ((torch.arange(n) + 0.5) * 2 / n - 1 for n in (width, height))
    places = torch.stack(
        [*torch.meshgrid(x, y, indexing="xy"), torch.ones(height, width)]
    )
    size = torch.tensor([width / 2, height / 2, 1])
    lookup = (matrices.cpu() * size / size[:2, None]).reshape(-1, 3).float()
    grid = (lookup @ places.flatten(1)).reshape(-1, 2, height, width)
    grid = grid.movedim(1, -1).to(images)
    return F.grid_sample(images, grid, align_corners=False).clamp(0, 1)


def _geometric(
    lookup: Callable[[Tensor, int, int], list], low: float, high: float, unit: str
) -> Operation:
    """An operation from the six numbers of its matrix, in terms of its strength."""

    def apply(images: Tensor, strengths: Tensor, _) -> Tensor:
        height, width = images.shape[-2:]
        numbers = [n + 0 * strengths for n in lookup(strengths, width, height)]
        return affine(images, torch.stack(numbers, 1).reshape(-1, 2, 3))

    factor = {"neutral": 1.0, "least": 0.01} if unit == "times" else {}
    return Operation(apply, low, high, unit, **factor)


def _rotation(degrees: Tensor, *_) -> list:
    cos, sin = degrees.deg2rad().cos(), degrees.deg2rad().sin()
    return [cos, -sin, 0, sin, cos, 0]


def _blended(other: Callable[[Tensor], Tensor], low: float, high: float) -> Operation:
    """At strength 0 the other image, at 1 the image itself, above 1 further away."""

    def apply(images: Tensor, strengths: Tensor, _) -> Tensor:
        start = other(images)
        return (start + _each(strengths) * (images - start)).clamp(0, 1)

    return Operation(apply, low, high, "times", neutral=1.0, least=0.0)


def _gray(images: Tensor) -> Tensor:
    """Luminance (n, 1, height, width), as in television (ITU-R BT.601)."""
    if images.shape[1] == 1:
        return images
    weights = images.new_tensor([0.299, 0.587, 0.114])
    return (images * weights[:, None, None]).sum(1, keepdim=True)


def _mean_gray(images: Tensor) -> Tensor:
    return _gray(images).mean((1, 2, 3), keepdim=True)


def _switched(change: Callable[[Tensor], Tensor]) -> Operation:
    """The changed image from strength 0.5 on, the image itself below."""

    def apply(images: Tensor, strengths: Tensor, _) -> Tensor:
        return torch.where(_each(strengths) >= 0.5, change(images), images)

    return Operation(apply, 0, 1, "", switch=True)


def _noise(images: Tensor, strengths: Tensor, generator) -> Tensor:
    drawn = torch.randn(images.shape, generator=generator).to(images)
    return (images + _each(strengths) * drawn).clamp(0, 1)


def _cutout(images: Tensor, sides: Tensor, generator) -> Tensor:
    """Black squares (DeVries and Taylor 2017); centred anywhere in the image."""
    covered = []
    for length in images.shape[-2:]:
        places = (torch.arange(length) + 0.5) / length
        middle = torch.rand(len(images), 1, generator=generator)
        covered.append((places - middle).abs().to(images) < sides[:, None] / 2)
    rows, columns = covered
    return images * ~(rows[:, None, :, None] & columns[:, None, None, :])


def _each(strengths: Tensor) -> Tensor:
    return strengths[:, None, None, None]


# The matrices of the first seven look up a place (x, y) of the result in the image.
POOL = {
    "shift x": _geometric(
        lambda s, width, _: [1, 0, -s * width, 0, 1, 0], -0.25, 0.25, "of the width"
    ),
    "shift y": _geometric(
        lambda s, _, height: [1, 0, 0, 0, 1, -s * height], -0.25, 0.25, "of the height"
    ),
    "rotate": _geometric(_rotation, -30, 30, "degrees"),
    "shear x": _geometric(
        lambda s, *_: [1, s.deg2rad().tan(), 0, 0, 1, 0], -30, 30, "degrees"
    ),
    "shear y": _geometric(
        lambda s, *_: [1, 0, 0, s.deg2rad().tan(), 1, 0], -30, 30, "degrees"
    ),
    "zoom": _geometric(lambda s, *_: [1 / s, 0, 0, 0, 1 / s, 0], 0.7, 1.3, "times"),
    "stretch": _geometric(lambda s, *_: [1 / s, 0, 0, 0, 1, 0], 0.7, 1.3, "times"),
    "brightness": _blended(torch.zeros_like, 0.4, 1.6),
    "contrast": _blended(_mean_gray, 0.4, 1.6),
    "saturation": _blended(_gray, 0, 2),
    "noise": Operation(_noise, 0, 0.3, "standard deviations", least=0),
    "cutout": Operation(_cutout, 0, 0.5, "of the side", least=0),
    "mirror": _switched(lambda images: images.flip(-1)),
    "upside down": _switched(lambda images: images.flip(-2)),
    "half turn": _switched(lambda images: images.rot90(2, (-2, -1))),
    "invert": _switched(lambda images: 1 - images),
    "black": _switched(torch.zeros_like),
}


def _operation(name: str) -> Operation:
    require(name in POOL, f"no operation {name!r}; the pool has: {', '.join(POOL)}")
    return POOL[name]


def _check_images(images: Tensor) -> None:
    expected = "expected float (n, channels, height, width) in [0, 1]"
    is_tensor = isinstance(images, Tensor)
    kind = images.dtype if is_tensor else type(images).__name__
    require(
        is_tensor and images.is_floating_point(),
        f"images are {kind}: {expected}; divide bytes by 255",
    )
    require(
        images.dim() == 4 and images.shape[1] in (1, 3),
        f"images {tuple(images.shape)}: {expected}, with 1 or 3 channels; one image "
        "alone becomes a batch by image[None]",
    )
    low, high = images.aminmax() if images.numel() else (0, 1)
    inside = low >= 0 and high <= 1
    require(inside, f"images lie in [{low:g}, {high:g}]: {expected}")


def _check_share(strength: float) -> None:
    expected = "expected a share of each range, from 0 to 1"
    require(0 <= strength <= 1, f"strength {strength}: {expected}")

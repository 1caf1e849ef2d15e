"""Regularization: ridge regression, mixup, and nine ways to train one small net."""

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import augmentation, training
from .data import Labelled, digits
from .environment import require, seed_everything

# Each method with the strengths to choose from; all begin with the same weights.
METHODS = {
    "nothing": (0,),
    "weight decay": (0.003, 0.01, 0.03),  # of each weight, added to its gradient
    "early stopping": (15, 30, 60),  # the epoch; after 60 all end
    "label smoothing": (0.1, 0.2, 0.4),  # share given to all classes alike
    "mixup": (0.25, 0.5, 1.0),  # largest share of the other image
    "dropout": (0.2, 0.4, 0.6),  # probability
    "batch norm": (1,),  # on
    "augmentation": (0.1, 0.2, 0.4),  # shifts: share of a quarter of the width
    "five together": (0.25, 0.5, 1.0),  # together: share of TOGETHER
}
TOGETHER = {"label smoothing": 0.2, "mixup": 0.5, "dropout": 0.2, "augmentation": 0.25}
EPOCHS, BATCH_SIZE, LEARNING_RATE = 60, 25, 0.05


def ridge(
    features: np.ndarray,
    targets: np.ndarray,
    penalty: float,
    prior: np.ndarray | float = 0.0,
) -> tuple[float, np.ndarray]:
    """Ridge regression in closed form, the intercept free.

    Minimises (1/n) Σ (θ₀ + xᵢᵀθ − yᵢ)² + λ ‖θ − prior‖².

    Args:
        features: x, (n, d).
        targets: y, (n,).
        penalty: λ, at least 0.
        prior: what θ is drawn to, (d,) or one number.

    Returns:
        θ₀ and θ (d,).

    Raises:
        ValueError: shapes that do not belong together, numbers that are not finite, a
            negative penalty, or no penalty where the data does not determine θ.
    """
    features, targets = np.asarray(features, float), np.asarray(targets, float)
    _check(features, targets, penalty)
    n, d = features.shape
    middle, level = features.mean(0), targets.mean()
    # With the singular values the features need not be squared: λ may be tiny.
    left, sizes, right = np.linalg.svd(features - middle, full_matrices=False)
    rank = int((sizes > sizes.max(initial=0) * max(n, d) * 1e-16).sum())
    require(
        penalty > 0 or rank == d,
        f"λ = 0, and {n} rows of {d} features have rank {rank} after centring: "
        "many weights fit equally well; expected λ > 0, or fewer features",
    )
    prior = np.broadcast_to(np.asarray(prior, float), (d,))
    missing = targets - level - (features - middle) @ prior
    with np.errstate(invalid="ignore"):
        filtered = np.nan_to_num(sizes / (sizes**2 + n * penalty))
    weights = prior + right.T @ (filtered * (left.T @ missing))
    return float(level - middle @ weights), weights


def _check(features: np.ndarray, targets: np.ndarray, penalty: float) -> None:
    require(
        features.ndim == 2 and targets.shape == features.shape[:1] and len(targets) > 0,
        f"features {features.shape} and targets {targets.shape} do not belong "
        "together; expected (n, d) and (n,) with the same n of at least 1",
    )
    require(
        0 <= penalty < np.inf,
        f"λ = {penalty}: expected a finite number of at least 0; below 0 large "
        "weights would be rewarded",
    )
    for name, values in (("features", features), ("targets", targets)):
        broken = np.count_nonzero(~np.isfinite(values))
        require(
            not broken,
            f"{broken} of the {name} are NaN or infinite: expected finite numbers; "
            "leave those rows out, or fill the gaps first",
        )


def small_net(dropout: float = 0.0, batch_norm: bool = False) -> nn.Sequential:
    """Two convolutions and two linear layers for images of 8×8 pixels, 10 classes."""
    norm = nn.BatchNorm2d if batch_norm else nn.Identity
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        norm(16),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, stride=2, padding=1),
        norm(16),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(256, 64),
        nn.ReLU(),
        nn.Dropout(dropout),
        nn.Linear(64, 10),
    )


def mixup(
    images: Tensor,
    labels: Tensor,
    generator: torch.Generator,
    strength: float = 1.0,
    classes: int = 10,
) -> tuple[Tensor, Tensor]:
    """Each image mixed with another of the batch, their labels in the same shares.

    The other's share is uniform in [0, strength]: at 1 this is the mixup of Zhang et
    al. (2018) with α = 1. Images float (n, …); labels int64 (n,) become probabilities
    (n, classes). Raises ValueError for labels outside these classes.
    """
    training.check_labels(labels, classes)
    share = strength * torch.rand(len(images), generator=generator)
    other = torch.randperm(len(images), generator=generator)
    labels = F.one_hot(labels, classes).float()
    each = share.reshape(-1, *[1] * (images.dim() - 1))
    images = images + each * (images[other] - images)
    return images, labels + share[:, None] * (labels[other] - labels)


def recipe(method: str, strength: float) -> dict[str, float]:
    """What one of METHODS switches on in the training, and how strongly.

    Raises:
        ValueError: there is no such method.
    """
    known = method in METHODS
    require(known, f"no method {method!r}; there are: {', '.join(METHODS)}")
    if method == "five together":
        shares = {name: strength * full for name, full in TOGETHER.items()}
        return shares | {"batch norm": 1}
    return {method: strength}


def train(chosen: dict[str, float], data: Labelled, seed: int) -> nn.Sequential:
    """A small net trained on data, with what a recipe switches on."""
    seed_everything(seed)
    net = small_net(chosen.get("dropout", 0), "batch norm" in chosen)
    last = chosen.get("early stopping", EPOCHS)
    smoothing = chosen.get("label smoothing", 0.0)
    training.fit(
        net,
        data,
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        learning_rate=LEARNING_RATE,
        seed=seed,
        augment=partial(_augment, chosen),
        loss=partial(F.cross_entropy, label_smoothing=smoothing),
        weight_decay=chosen.get("weight decay", 0.0),
        stop=lambda epoch: epoch == last,
    )
    return net


def _augment(
    chosen: dict[str, float], images: Tensor, labels: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    if share := chosen.get("augmentation"):
        shifts = ["shift x", "shift y"]
        images = augmentation.augment(images, shifts, generator, share)
    if share := chosen.get("mixup"):
        images, labels = mixup(images, labels, generator, share)
    return images, labels


def compare_methods(seed: int) -> dict:
    """Small nets on 100 digits: each method at the strength that validation chose.

    Returns:
        For each of METHODS its strength, training loss, test loss and test error, by
        names such as "mixup: test error".
    """
    images, labels = digits("train", 400, seed)
    few, validation = (images[:100], labels[:100]), (images[100:], labels[100:])
    test = digits("test")
    found = {}
    for method, strengths in METHODS.items():
        nets = [train(recipe(method, strength), few, seed) for strength in strengths]
        errors = [1 - training.accuracy(net, validation) for net in nets]
        best = errors.index(min(errors))
        found[f"{method}: strength"] = strengths[best]
        found[f"{method}: training loss"] = training.mean_loss(nets[best], few)
        found[f"{method}: test loss"] = training.mean_loss(nets[best], test)
        found[f"{method}: test error"] = 1 - training.accuracy(nets[best], test)
    return found

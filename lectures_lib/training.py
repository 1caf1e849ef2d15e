"""Training and evaluation: the one loop of the course."""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import environment
from .data import Labelled
from .environment import require

EXPLODED = 1e4  # a loss from which no run recovers; guessing among 10 costs 2.3


@dataclass
class History:
    """What happened in each epoch; NaN from the epoch on in which the run diverged."""

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    diverged: bool = False

    def add(self, finite: bool, **values: float) -> None:
        """Append each value to the list of its name; NaN when the run has diverged."""
        self.diverged = not finite
        for name, value in values.items():
            getattr(self, name).append(value if finite else math.nan)

    def __str__(self) -> str:
        epochs = len(self.train_loss)
        if self.diverged:
            return f"diverged in epoch {epochs}"
        text = f"{epochs} epochs"
        if self.train_loss:
            text += f", training loss {self.train_loss[-1]:.3f}"
        if self.test_accuracy:
            text += f", test accuracy {self.test_accuracy[-1]:.3f}"
        return text


def fit(
    model: nn.Module,
    train: Labelled,
    test: Labelled | None = None,
    epochs: int = 5,
    batch_size: int = 128,
    learning_rate: float = 0.05,
    momentum: float = 0.9,
    seed: int = 0,
    augment: Callable[[Tensor, Tensor, torch.Generator], Labelled] | None = None,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    weight_decay: float = 0.0,
    stop: Callable[[int], bool] | None = None,
) -> History:
    """Train a classifier in place: stochastic gradient descent on the cross-entropy.

    The learning rate falls along half a cosine, from learning_rate to zero. A run whose
    loss explodes, or whose weights are no longer finite, ends there, as diverged.

    Args:
        model: takes images (batch, channels, height, width), gives logits
            (batch, classes); trained on the device that holds its weights, which take
            the memory format channels_last: measured, 10 to 30 % faster on a CPU.
        train: images float32 (n, channels, height, width), labels int64 (n,) < classes.
        test: the same for the accuracy after each epoch.
        seed: of the order of the images, shifted by LECTURES_SEED.
        augment: from a batch's images, labels and a generator makes the images and
            labels (or probabilities of the classes) that the net is trained on.
        loss: of logits and labels, their mean over the batch.
        weight_decay: times each weight is added to its gradient.
        stop: asked after each epoch with its number, from 1; True ends the training.

    Raises:
        ValueError: images, labels, net and batch_size do not fit, or all is frozen.
    """
    images, labels = _checked(train)
    learns = any(weight.requires_grad for weight in model.parameters())
    require(learns, "no weight to train: all are frozen; model.requires_grad_() thaws")
    require(batch_size >= 1, f"batch_size is {batch_size}: expected at least 1")
    device = next(model.parameters()).device
    model.to(memory_format=torch.channels_last)
    images, labels = _channels_last(images).to(device), labels.to(device)
    optimizer = torch.optim.SGD(
        model.parameters(), learning_rate, momentum, weight_decay=weight_decay
    )
    schedule = half_cosine(optimizer, epochs * math.ceil(len(images) / batch_size))
    order, draws = environment.generator(seed), environment.generator(seed + 10_000)
    augment = augment or (lambda images, labels, _: (images, labels))
    history = History()
    for epoch in range(1, epochs + 1):
        model.train()
        picks = torch.randperm(len(images), generator=order).split(batch_size)
        batches = (augment(images[pick], labels[pick], draws) for pick in picks)
        mean_loss, correct = _epoch(model, batches, loss, optimizer, schedule)
        finite = math.isfinite(mean_loss) and _weights_are_finite(model)
        tested = {} if test is None else {"test_accuracy": accuracy(model, test)}
        history.add(finite, train_loss=mean_loss, train_accuracy=correct, **tested)
        if history.diverged or (stop is not None and stop(epoch)):
            break
    return history


def _epoch(model, batches, loss, optimizer, schedule) -> tuple[float, float]:
    """One pass over the batches: mean loss, accuracy; NaN where the loss explodes."""
    total_loss, correct, n = 0.0, 0, 0
    for images, labels in batches:
        scores = _scores(model, images)
        if labels.dim() == 1:  # not probabilities
            check_labels(labels, scores.shape[1])
        value = loss(scores, labels)
        if not value.item() < EXPLODED:
            return math.nan, math.nan
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        schedule.step()
        likeliest = labels if labels.dim() == 1 else labels.argmax(1)
        total_loss += value.item() * len(images)
        correct += (scores.argmax(1) == likeliest).sum().item()
        n += len(images)
    return total_loss / n, correct / n


def half_cosine(
    optimizer: torch.optim.Optimizer, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """A schedule of the learning rate: half a cosine, down to zero after steps."""
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: (1 + math.cos(math.pi * step / max(steps, 1))) / 2
    )


@torch.no_grad()
def logits(model: nn.Module, images: Tensor, batch_size: int = 250) -> Tensor:
    """Logits (n, classes) in evaluation mode; each module keeps the mode it was in."""
    device = next(model.parameters()).device
    batches = _channels_last(images).split(batch_size)
    with environment.evaluating(model):
        return torch.cat([_scores(model, batch.to(device)) for batch in batches])


def accuracy(model: nn.Module, data: Labelled) -> float:
    """Share of images whose largest logit is at their label; NaN if one is not finite.

    Raises:
        ValueError: images and labels do not belong together.
    """
    images, labels = _checked(data)
    scores = logits(model, images)
    check_labels(labels, scores.shape[1])
    if not scores.isfinite().all():
        return math.nan  # a diverged net has no accuracy: argmax would invent one
    return (scores.argmax(1).cpu() == labels.cpu()).float().mean().item()


def mean_loss(model: nn.Module, data: Labelled) -> float:
    """Mean cross-entropy in evaluation mode, without regularization.

    Raises:
        ValueError: images and labels do not belong together.
    """
    images, labels = _checked(data)
    scores = logits(model, images)
    check_labels(labels, scores.shape[1])
    return F.cross_entropy(scores.cpu(), labels.cpu()).item()


def gradient_norms(model: nn.Module, data: Labelled) -> dict[str, float]:
    """Norm of the loss's gradient at the weights of each convolution and linear layer.

    The cross-entropy's gradient on all of data at once, in the mode that the net is in;
    weights, their own gradients and running statistics stay as they are.

    Returns:
        name of the layer to the Euclidean norm, in the order of the layers.

    Raises:
        ValueError: images and labels do not belong together.
    """
    images, labels = _checked(data)
    device = next(model.parameters()).device
    model = copy.deepcopy(model).requires_grad_()
    scores = _scores(model, _channels_last(images).to(device))
    check_labels(labels, scores.shape[1])
    F.cross_entropy(scores, labels.to(device)).backward()
    layers = {
        name: module
        for name, module in model.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    }
    return {name: layer.weight.grad.norm().item() for name, layer in layers.items()}


def _weights_are_finite(model: nn.Module) -> bool:
    return all(weight.isfinite().all() for weight in model.parameters())


def _channels_last(images: Tensor) -> Tensor:
    # One channel has no order of its own, and torch then keeps the slower layout.
    if images.dim() != 4:
        return images
    return images.contiguous(memory_format=torch.channels_last)


def _scores(model: nn.Module, images: Tensor) -> Tensor:
    """What the net gives for images; where it cannot take them, a sentence says why."""
    try:
        return model(images)
    except (RuntimeError, ValueError) as error:
        expected = f"{next(model.parameters()).dtype} (n, channels, height, width)"
        remedy = (
            "images.float() / 255, images[:, None] or images.movedim(3, 1) may help"
        )
        if "more than 1 value per channel" in str(error):
            expected, remedy = "more for batch norm", "take another batch_size"
        found = f"{images.dtype} {tuple(images.shape)}: expected {expected}; {remedy}"
        raise ValueError(f"the net cannot take images {found} ({error})") from error


def check_labels(labels: Tensor, classes: int) -> None:
    """Raise a ValueError unless all labels (n,) are from 0 to classes − 1."""
    low, high = (int(end) for end in labels.aminmax())
    found = f"labels lie in [{low}, {high}]: expected 0 to {classes - 1}"
    require(0 <= low <= high < classes, f"{found}; leave others out, or add classes")


def _checked(data: Labelled) -> Labelled:
    images, labels = data
    tensors = isinstance(images, Tensor) and isinstance(labels, Tensor)
    require(tensors, "expected images and labels as tensors: torch.from_numpy(array)")
    require(
        labels.dim() == 1 and len(images) == len(labels) > 0,
        f"images {tuple(images.shape)} and labels {tuple(labels.shape)} do not belong "
        "together; expected (n, …) and (n,) with the same n of at least 1",
    )
    require(
        labels.dtype == torch.int64, f"labels are {labels.dtype}; expected torch.int64"
    )
    return images, labels

"""Training, evaluation, and repetition over seeds: the one loop of the course."""

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import torch
from joblib import Parallel, delayed
from torch import Tensor, nn
from torch.nn import functional as F

from . import counting, environment
from .data import Labelled

EXPLODED = 1e4  # a loss from which no run comes back; guessing among 10 costs 2.3


@dataclass
class History:
    """What happened in each epoch; NaN from the epoch on in which the run diverged."""

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    test_accuracy: list[float] = field(default_factory=list)
    seconds: float = 0.0
    diverged: bool = False

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
    stop: Callable[[], bool] | None = None,
) -> History:
    """Train a classifier in place: stochastic gradient descent on the cross-entropy.

    The learning rate falls along half a cosine, from learning_rate to zero. A run whose
    loss explodes, or whose weights are no longer finite, ends there, as diverged.

    Args:
        model: takes images (batch, channels, height, width), gives logits
            (batch, classes); trained on the device that holds its weights.
        train: images float32 (n, channels, height, width) and labels int64 (n,).
        test: the same for the accuracy after each epoch.
        seed: of the order of the images, shifted by LECTURES_SEED.
        augment: from a batch's images, labels and a generator makes the images and
            labels (or probabilities of the classes) that the net is trained on.
        loss: of logits and labels, their mean over the batch.
        weight_decay: times each weight is added to its gradient, as in torch.optim.SGD.
        stop: asked after each epoch; the training ends when it says True.

    Raises:
        ValueError: images and labels do not belong together.
    """
    images, labels = _checked(train)
    place = next(model.parameters()).device
    images, labels = _channels_last(images).to(place), labels.to(place)
    model.to(memory_format=torch.channels_last)  # measured: 10 to 30 % faster on a CPU
    steps = epochs * math.ceil(len(images) / batch_size)
    rates = _half_cosine(learning_rate, steps)
    step = _momentum_sgd(model, rates, momentum, weight_decay)
    order, draws = environment.generator(seed), environment.generator(seed + 10_000)

    def prepared(batch: Tensor) -> Labelled:
        if augment is None:
            return images[batch], labels[batch]
        return augment(images[batch], labels[batch], draws)

    history, start = History(), time.perf_counter()
    for _ in range(epochs):
        model.train()
        batches = torch.randperm(len(images), generator=order).split(batch_size)
        mean_loss, correct = _epoch(model, map(prepared, batches), loss, step)
        finite = math.isfinite(mean_loss) and _weights_are_finite(model)
        history.diverged = not finite
        history.train_loss.append(mean_loss if finite else math.nan)
        history.train_accuracy.append(correct if finite else math.nan)
        if test is not None:
            history.test_accuracy.append(accuracy(model, test) if finite else math.nan)
        if not finite or (stop is not None and stop()):
            break
    history.seconds = time.perf_counter() - start
    return history


def _epoch(model, batches, loss, step) -> tuple[float, float]:
    """One pass over the batches: mean loss, accuracy; NaN where the loss explodes."""
    total_loss, correct, n = 0.0, 0, 0
    for images, labels in batches:
        logits = model(images)
        value = loss(logits, labels)
        if not value.item() < EXPLODED:
            return math.nan, math.nan
        step(value)
        likeliest = labels if labels.dim() == 1 else labels.argmax(1)
        total_loss += value.item() * len(images)
        correct += (logits.argmax(1) == likeliest).sum().item()
        n += len(images)
    return total_loss / n, correct / n


def _half_cosine(highest: float, steps: int) -> Iterator[float]:
    """A learning rate for each step, from the highest down to nearly zero."""
    for step in range(steps):
        yield highest * (1 + math.cos(math.pi * step / steps)) / 2


def _momentum_sgd(
    model: nn.Module, rates: Iterator[float], momentum: float, weight_decay: float
) -> Callable[[Tensor], None]:
    """A function that takes one step down a loss, on all weights that are trained.

    v ← momentum · v + gradient + weight_decay · w, then w ← w − rate · v: the SGD of
    torch.optim, whose import alone takes 150 MB and two seconds.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    velocity = [torch.zeros_like(weight) for weight in weights]

    @torch.no_grad()
    def step(loss: Tensor) -> None:
        gradients = torch.autograd.grad(loss, weights, materialize_grads=True)
        if weight_decay:
            torch._foreach_add_(gradients, weights, alpha=weight_decay)
        torch._foreach_mul_(velocity, momentum)
        torch._foreach_add_(velocity, gradients)
        torch._foreach_add_(weights, velocity, alpha=-next(rates))

    return step


@torch.no_grad()
def logits(model: nn.Module, images: Tensor, batch_size: int = 250) -> Tensor:
    """Logits (n, classes) in evaluation mode; each module keeps the mode it was in."""
    place = next(model.parameters()).device
    batches = _channels_last(images).split(batch_size)
    with counting.evaluating(model):
        return torch.cat([model(batch.to(place)) for batch in batches])


def accuracy(model: nn.Module, data: Labelled) -> float:
    """Share of images whose largest logit is at their label; NaN if one is not finite.

    Raises:
        ValueError: images and labels do not belong together.
    """
    images, labels = _checked(data)
    scores = logits(model, images)
    if not scores.isfinite().all():
        return math.nan  # a diverged net has no accuracy: argmax would invent one
    return (scores.argmax(1).cpu() == labels.cpu()).float().mean().item()


def mean_loss(model: nn.Module, data: Labelled) -> float:
    """Mean cross-entropy in evaluation mode, without regularization.

    Raises:
        ValueError: images and labels do not belong together.
    """
    images, labels = _checked(data)
    return F.cross_entropy(logits(model, images).cpu(), labels.cpu()).item()


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
    place = next(model.parameters()).device
    kinds = (nn.Conv2d, nn.Linear)
    layers = {n: m for n, m in model.named_modules() if isinstance(m, kinds)}
    statistics = {name: buffer.clone() for name, buffer in model.named_buffers()}
    loss = F.cross_entropy(model(_channels_last(images).to(place)), labels.to(place))
    weights = [layer.weight for layer in layers.values()]
    gradients = torch.autograd.grad(loss, weights)
    for name, buffer in model.named_buffers():
        buffer.copy_(statistics[name])
    return {name: g.norm().item() for name, g in zip(layers, gradients)}


def over_seeds(
    experiment: Callable[[int], object], seeds: Iterable[int], jobs: int = 1
) -> list:
    """The results of experiment(seed) for each seed, in order.

    Python, NumPy and torch are seeded with seed + LECTURES_SEED before each run; the
    experiment receives the seed itself, since all draws of the library add the offset.

    Args:
        jobs: processes side by side; each takes about 0.4 GB with torch loaded.
    """

    offset = environment.seed_offset()

    def run(seed: int) -> object:
        os.environ["LECTURES_SEED"] = str(
            offset
        )  # a worker may be older than its value
        environment.seed_everything(seed)
        return experiment(seed)

    return Parallel(n_jobs=jobs)(delayed(run)(seed) for seed in seeds)


def _weights_are_finite(model: nn.Module) -> bool:
    return all(weight.isfinite().all() for weight in model.parameters())


def _channels_last(images: Tensor) -> Tensor:
    # One channel has no order of its own, and torch then keeps the slower layout.
    if images.dim() != 4:
        return images
    return images.contiguous(memory_format=torch.channels_last)


def _checked(data: Labelled) -> Labelled:
    images, labels = data
    if labels.dim() != 1 or len(images) != len(labels) or len(labels) == 0:
        raise ValueError(
            f"images {tuple(images.shape)} and labels {tuple(labels.shape)} do not "
            "belong together; expected (n, …) and (n,) with the same n of at least 1"
        )
    if labels.dtype != torch.int64:
        raise ValueError(f"labels are {labels.dtype}; expected torch.int64")
    return images, labels

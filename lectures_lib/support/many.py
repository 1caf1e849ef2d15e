"""Many small nets at once: one batched product instead of many small ones.

For 8×8 pictures a training on its own spends its time on calls, not on numbers; fifty
side by side take far less than fifty times as long. So a search runs in seconds.
Larger nets train two at a time, on a core each.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from .. import environment, training
from ..data import Labelled


def two_at_a_time(train: Callable, *cases: Iterable) -> list:
    """What map(train, *cases) gives, as a list: two train side by side.

    For nets that gain nothing from a second core. Training must draw from generators of
    its own, as training.fit does: with torch's, each would draw what the other left.
    Where torch has several threads (OMP_NUM_THREADS), one net has them all: two would
    wait for each other, and have taken three times as long.
    """
    if torch.get_num_threads() > 1:
        return list(map(train, *cases))
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(train, *cases))


def fit_many(
    images: Tensor,
    labels: Tensor,
    seed: int = 0,
    steps: int = 200,
    hidden: int = 64,
    learning_rate: float = 0.1,
    batch_size: int = 50,
    same_start: bool = False,
) -> list[Tensor]:
    """Train a net with one hidden layer on each data set, all in the same steps.

    Stochastic gradient descent with momentum 0.9 and a learning rate that falls along
    half a cosine; each step takes the same places of all the data sets.

    Args:
        images: float (nets, n, …), flattened after n.
        labels: int64 (nets, n), from 0 to 9.
        seed: of the weights and the batches, shifted by LECTURES_SEED.
        same_start: all nets begin with the same weights, so that only the data differ.

    Returns:
        Weights and biases of both layers: (nets, inputs, outputs), (nets, 1, outputs).

    Raises:
        ValueError: images and labels do not belong together.
    """
    environment.require(
        images.shape[:2] == labels.shape,
        f"images {tuple(images.shape)} and labels {tuple(labels.shape)} do not belong "
        "together; expected (nets, n, …) and (nets, n)",
    )
    generator = environment.generator(seed)
    images = images.flatten(2)
    nets, n, pixels = images.shape
    weights = []
    for inputs, outputs in ((pixels, hidden), (hidden, 10)):
        shape = (1 if same_start else nets, inputs, outputs)
        drawn = torch.randn(shape, generator=generator) * (2 / inputs) ** 0.5
        weights += [
            drawn.repeat(nets // len(drawn), 1, 1),
            torch.zeros(nets, 1, outputs),
        ]
    for weight in weights:
        weight.requires_grad_()
    optimizer = torch.optim.SGD(weights, learning_rate, momentum=0.9)
    schedule = training.half_cosine(optimizer, steps)
    for _ in range(steps):
        batch = torch.randint(n, (batch_size,), generator=generator)
        optimizer.zero_grad()
        scores = logits(weights, images[:, batch]).flatten(0, 1)
        answers = labels[:, batch].flatten()
        # Summed over the nets: each has the gradient of its own mean loss.
        loss = F.cross_entropy(scores, answers, reduction="sum") / batch_size
        loss.backward()
        optimizer.step()
        schedule.step()
    return [weight.detach() for weight in weights]


def logits(weights: list[Tensor], images: Tensor) -> Tensor:
    """Logits (nets, n, 10) of (n, pixels) for all nets, or of (nets, n, pixels)."""
    first, first_bias, second, second_bias = weights
    return (images @ first + first_bias).relu() @ second + second_bias


def accuracies(weights: list[Tensor], data: Labelled) -> Tensor:
    """The share of images that each net gets right: (nets,)."""
    images, labels = data
    return (logits(weights, images.flatten(1)).argmax(2) == labels).float().mean(1)


def gradient_per_layer(
    batch: Labelled,
    depth: int,
    activation: Callable[[Tensor], Tensor],
    gain: float,
    width: int = 100,
) -> Tensor:
    """Norm of the loss's gradient at each layer's weights in five nets: (5, depth).

    As notebook 01 writes it out (cell d2-norms): weights have variance gain² / fan-in,
    no biases, and the images (n, …) are scaled to mean 0 and variance 1.
    """
    images, labels = batch
    x = images.flatten(1)
    x = (x - x.mean()) / x.std()
    generator, weights = environment.generator(0), []
    for fan_in, fan_out in pairwise([x.shape[1], *[width] * (depth - 1), 10]):
        drawn = torch.randn(5, fan_in, fan_out, generator=generator)
        weights.append((gain / fan_in**0.5 * drawn).requires_grad_())
    for weight in weights[:-1]:
        x = activation(x @ weight)
    scores = (x @ weights[-1]).flatten(0, 1)
    loss = F.cross_entropy(scores, labels.repeat(5), reduction="sum") / len(labels)
    norms = [g.flatten(1).norm(dim=1) for g in torch.autograd.grad(loss, weights)]
    return torch.stack(norms, dim=1)

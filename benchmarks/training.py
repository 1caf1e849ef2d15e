"""How fast the course trains: training.fit against the loop of the textbooks.

Both train the same ResNet-20 on the same pictures with the same rule. A whole training
of each compares the accuracy and warms up; then their speed is measured by turns.
"""

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from lectures_lib import data, environment, models, training
from lectures_lib.data import Labelled

from .rows import Row

BATCH, LEARNING_RATE, MOMENTUM = 128, 0.05, 0.9
IMAGE = (1, 28, 28)
SIDE = 2048  # of the matrices: larger ones are not multiplied faster


class Pictures(Dataset):
    """One image and its label at a time, as tutorials write it."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.images[index], self.labels[index]


def textbook(model: nn.Module, train: Labelled, epochs: int, seed: int) -> None:
    """The loop of the tutorials, with the rule of training.fit."""
    order = environment.generator(seed)
    loader = DataLoader(Pictures(*train), BATCH, shuffle=True, generator=order)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), LEARNING_RATE, MOMENTUM)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
        optimizer, T_max=epochs * len(loader)
    )
    model.train()
    for _ in range(epochs):
        running_loss = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            running_loss += loss.item()


def course(model: nn.Module, train: Labelled, epochs: int, seed: int) -> None:
    """The loop of the course."""
    rule = {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM}
    training.fit(model, train, None, epochs, BATCH, seed=seed, **rule)


LOOPS = {"training.fit": course, "textbook loop": textbook}


def net() -> nn.Module:
    return models.cifar_net(20, "residual", width=16)


def turn(
    loop: Callable, images: int, epochs: int, seed: int
) -> tuple[nn.Module, float]:
    """Train once: the net, and how many images were seen in a second."""
    train = data.fashion_mnist("train", images, seed)
    torch.manual_seed(seed)
    model = net()
    start = time.perf_counter()
    loop(model, train, epochs, seed)
    return model, epochs * images / (time.perf_counter() - start)


def accuracies(images: int, epochs: int) -> dict[str, float]:
    """Test accuracy of each loop after a whole training."""
    test = data.fashion_mnist("test", min(images, 2000))
    nets = {name: turn(loop, images, epochs, 0)[0] for name, loop in LOOPS.items()}
    return {name: training.accuracy(model, test) for name, model in nets.items()}


def peak(seconds: float = 0.5) -> float:
    """Operations per second in products of large matrices, for about this long."""
    left, right = torch.rand(2, SIDE, SIDE)
    products, start = 0, time.perf_counter()
    while time.perf_counter() - start < seconds:
        left @ right
        products += 1
    return 2 * SIDE**3 * products / (time.perf_counter() - start)


def measure(small: bool) -> list[Row]:
    """The course's loop against the textbooks', and against the peak."""
    images, epochs, repetitions = (64, 1, 2) if small else (2000, 4, 5)
    accuracy = accuracies(images, epochs)  # and both are warm by then
    speeds: dict[str, list[float]] = {name: [] for name in LOOPS}
    peaks = []
    for seed in range(repetitions):
        between = [peak()]
        for name in list(LOOPS)[:: -1 if seed % 2 else 1]:  # each begins in its turn
            speeds[name].append(turn(LOOPS[name], images // 2, 1, seed)[1])
            between.append(peak())
        peaks.append(max(between))
    ours, theirs = LOOPS
    # Backward costs twice as much as forward: by the weights, and by the input.
    operations = 2 * 3 * models.multiply_adds(net(), IMAGE) / 1e9
    rates = [operations * speed for speed in speeds[ours]]
    peaks = [speed / 1e9 for speed in peaks]
    what, products = f"{ours}, ResNet-20", f"products of {SIDE}×{SIDE} matrices"
    return [
        Row(what, "images/s", speeds[ours], theirs, speeds[theirs]),
        Row(what, "GFLOP/s", rates, products, peaks),
        Row(f"{ours}, accuracy", "", [accuracy[ours]], theirs, [accuracy[theirs]]),
    ]

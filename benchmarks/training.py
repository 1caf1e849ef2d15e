"""How fast the course trains: training.fit against the loop of the textbooks.

make bench B=training, or python benchmarks/training.py [--threads 1] [--repetitions 5]

Both train the same ResNet-20 on the same pictures with the same rule. A whole training
of each compares the accuracy and warms up; then their speed is measured by turns, so
that whatever else the machine does meets both.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from lectures_lib import data, environment, models, training
from lectures_lib.data import Labelled

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


def speeds(images: int, repetitions: int) -> dict[str, list[float]]:
    """Images per second of each loop, and the peak, in each repetition."""
    found: dict[str, list[float]] = {name: [] for name in (*LOOPS, "peak")}
    for seed in range(repetitions):
        peaks = [peak()]
        for name in list(LOOPS)[:: -1 if seed % 2 else 1]:  # each begins in its turn
            found[name].append(turn(LOOPS[name], images, 1, seed)[1])
            peaks.append(peak())
        found["peak"].append(max(peaks))
    return found


def table(found: dict[str, list[float]], accuracy: dict[str, float]) -> str:
    """What was measured, for people: the median, and the range in parentheses."""
    # Backward costs twice as much as forward: by the weights, and by the input.
    operations = 2 * 3 * models.multiply_adds(net(), IMAGE)
    rows = [f"{'':13} {'images/s':>20} {'of the peak':>20} {'test accuracy':>15}"]
    for name in LOOPS:
        shares = [100 * operations * s / p for s, p in zip(found[name], found["peak"])]
        cells = f"{spread(found[name], '.0f'):>20} {spread(shares, '.0f', ' %'):>20}"
        rows.append(f"{name:13} {cells} {accuracy[name]:15.3f}")
    ratios = [ours / plain for ours, plain in zip(*(found[name] for name in LOOPS))]
    rows.append(f"{'ratio':13} {spread(ratios, '.2f'):>20}")
    gflops = [speed / 1e9 for speed in found["peak"]]
    rows.append(f"{'peak, GFLOP/s':13} {spread(gflops, '.0f'):>20}")
    return "\n".join(rows)


def spread(values: list[float], digits: str, unit: str = "") -> str:
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:{digits}}{unit} ({low:{digits}} to {high:{digits}})"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=2000, help="of each training")
    parser.add_argument("--epochs", type=int, default=4, help="for the accuracy")
    parser.add_argument("--repetitions", type=int, default=5, help="for the speed")
    parser.add_argument("--threads", type=int, help="that torch computes with")
    chosen = parser.parse_args(arguments)
    if chosen.threads:
        torch.set_num_threads(chosen.threads)
    accuracy = accuracies(chosen.images, chosen.epochs)  # and both are warm by then
    found = speeds(chosen.images // 2, chosen.repetitions)
    print(
        f"ResNet-20 on Fashion-MNIST, batches of {BATCH}: accuracy after "
        f"{chosen.epochs} epochs on {chosen.images} images,\n"
        f"speed as median (range) of {chosen.repetitions} repetitions"
    )
    print(table(found, accuracy))
    print(
        f"{os.cpu_count()} cores, {torch.get_num_threads()} threads, "
        f"torch {torch.__version__}, "
        f"OMP_WAIT_POLICY {os.environ.get('OMP_WAIT_POLICY', 'not set')}"
    )


if __name__ == "__main__":
    main()

"""Experiments with the nets of notebooks 01 and 02: 20 and 56 layers, and others."""

import math
from collections.abc import Iterable
from itertools import combinations

from torch import nn

from lectures_lib import data, models, training
from lectures_lib.environment import seed_everything

DEPTHS = [8, 20, 32, 44, 56]
SIZES = [250, 500, 1000, 2000, 4000, 8000]
BUDGETS = [6, 12, 24, 48]
EPOCHS = 8
STEPS = 1512  # 24 epochs of 8,000 images in batches of 128


def degradation(seed: int) -> dict:
    """Errors of plain nets, 20 and 56 layers deep, after each of eight epochs."""
    return learning_curves("plain", seed)


def skips(seed: int) -> dict:
    """Errors of residual nets, 20 and 56 layers deep, after each of eight epochs."""
    return learning_curves("residual", seed)


def gates(seed: int) -> dict:
    """Errors of highway nets, 20 and 56 layers deep, after each of eight epochs."""
    return learning_curves("highway", seed)


def learning_curves(kind: str, seed: int) -> dict:
    """Errors after each epoch on 2,000 images, of nets with 20 and with 56 layers."""
    train = data.fashion_mnist("train", 2000, seed)
    test = data.fashion_mnist("test")
    errors = {}
    for depth in (20, 56):
        seed_everything(seed)
        net = models.small_net(depth, kind)
        history = training.fit(
            net, train, test, epochs=EPOCHS, learning_rate=0.1, seed=seed
        )
        errors[f"train {depth}"] = [1 - a for a in history.train_accuracy]
        errors[f"test {depth}"] = [1 - a for a in history.test_accuracy]
    return errors


def budgets(seed: int) -> dict:
    """Errors of plain nets after 6, 12, 24 and 48 epochs, each a training anew."""
    return final_errors("plain", (20, 56), [(None, e) for e in BUDGETS], seed)


def set_sizes(seed: int) -> dict:
    """Errors for each depth and number of training images, always the same steps."""
    trainings = [(n, round(STEPS / math.ceil(n / 128))) for n in SIZES]
    return final_errors("plain", DEPTHS, trainings, seed)


def plateau(seed: int) -> dict:
    """Errors of plain and residual nets on 14×14 maps after 24 epochs."""
    errors = {}
    for kind in ("plain", "residual"):
        found = final_errors(kind, (20, 56), [(8000, 24)], seed, stem_stride=2)
        errors |= {f"{kind} {name}": error for name, error in found.items()}
    return errors


def final_errors(
    kind: str,
    depths: Iterable[int],
    trainings: list[tuple[int | None, int]],
    seed: int,
    stem_stride: int = 4,
) -> dict:
    """Errors of each depth at the end of each training (images or all, epochs)."""
    test = data.fashion_mnist("test")
    errors = {f"{split} {depth}": [] for depth in depths for split in ("train", "test")}
    for depth in depths:
        for n, epochs in trainings:
            train = data.fashion_mnist("train", n, seed)
            seed_everything(seed)
            net = models.small_net(depth, kind, stem_stride)
            training.fit(net, train, epochs=epochs, learning_rate=0.1, seed=seed)
            errors[f"train {depth}"].append(1 - training.accuracy(net, train))
            errors[f"test {depth}"].append(1 - training.accuracy(net, test))
    return errors


def deletions(seed: int) -> dict:
    """Test error of trained nets with 20 layers, without each subset of their blocks.

    Of the seven blocks that keep the shape, in the order of `subsets(7)`.
    """
    train = data.fashion_mnist("train", 2000, seed)
    test = data.fashion_mnist("test", 1000)
    errors = {}
    for kind in ("plain", "residual"):
        seed_everything(seed)
        net = models.small_net(20, kind)
        training.fit(net, train, epochs=EPOCHS, learning_rate=0.1, seed=seed)
        errors[kind] = [
            1 - training.accuracy(without_blocks(net, missing), test)
            for missing in subsets(7)
        ]
    return errors


def without_blocks(net: nn.Sequential, missing: tuple[int, ...]) -> nn.Sequential:
    """The net without some of its blocks that keep the shape; weights are shared."""
    blocks = [module for module in net if isinstance(module, models.Block)]
    same = [block for block in blocks if block.conv1.stride == (1, 1)]
    gone = [same[number] for number in missing]
    return nn.Sequential(*(m for m in net if all(m is not block for block in gone)))


def subsets(n: int) -> list[tuple[int, ...]]:
    """All subsets of 0 … n − 1, smaller ones first."""
    return [s for size in range(n + 1) for s in combinations(range(n), size)]

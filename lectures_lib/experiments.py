"""The experiments whose runs are recorded: too long to run live, or over many seeds.

`make audit` runs each over its seeds and writes data/results; `results.load` reads it.
"""

import math
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from . import augmentation, data, environment, many, models, regularization, training
from .environment import seed_everything
from .graph_experiments import cora, graph_nets, unmixed

DEPTHS = (8, 20, 32, 44, 56)
SIZES = (250, 500, 1000, 2000, 4000, 8000)
BUDGETS = (6, 12, 24, 48)
STEPS = 1512  # 24 epochs of 8,000 images in batches of 128


def small_net(depth: int, kind: str, seed: int, stem_stride: int = 4) -> nn.Sequential:
    """The net of notebooks 01 and 02: stages of 8, 16 and 32 channels, 7×7 maps."""
    seed_everything(seed)
    return models.cifar_net(depth, kind, width=8, stem_stride=stem_stride)


def degradation(seed: int) -> dict:
    """Errors of plain nets, 20 and 56 layers deep, after each of eight epochs."""
    return _learning_curves("plain", seed)


def skips(seed: int) -> dict:
    """Errors of residual nets, 20 and 56 layers deep, after each of eight epochs."""
    return _learning_curves("residual", seed)


def gates(seed: int) -> dict:
    """Errors of highway nets, 20 and 56 layers deep, after each of eight epochs."""
    return _learning_curves("highway", seed)


def budgets(seed: int) -> dict:
    """Errors of plain nets after 6, 12, 24 and 48 epochs, each a training anew."""
    return _final_errors("plain", (20, 56), [(None, e) for e in BUDGETS], seed)


def plateau(seed: int) -> dict:
    """Errors of plain and residual nets on 14×14 maps after 24 epochs."""
    errors = {}
    for kind in ("plain", "residual"):
        found = _final_errors(kind, (20, 56), [(8000, 24)], seed, stem_stride=2)
        errors |= {f"{kind} {name}": error for name, error in found.items()}
    return errors


def deletions(seed: int) -> dict:
    """Test error of trained nets with 20 layers, without each subset of their blocks.

    Of the seven blocks that keep the shape, in the order of `subsets(7)`.
    """
    train = data.fashion_mnist("train", 2000, seed)
    test = data.fashion_mnist("test", 1000)
    errors = {}
    for kind in ("plain", "residual"):
        net = small_net(20, kind, seed)
        training.fit(net, train, epochs=8, learning_rate=0.1, seed=seed)
        errors[kind] = [
            1 - training.accuracy(_without_blocks(net, missing), test)
            for missing in subsets(7)
        ]
    return errors


def _without_blocks(net: nn.Sequential, missing: tuple[int, ...]) -> nn.Sequential:
    """The net without some of its blocks that keep the shape; weights are shared."""
    blocks = [module for module in net if isinstance(module, models.Block)]
    same = [block for block in blocks if block.conv1.stride == (1, 1)]
    gone = [same[number] for number in missing]
    return nn.Sequential(*(m for m in net if all(m is not block for block in gone)))


def subsets(n: int) -> list[tuple[int, ...]]:
    """All subsets of 0 … n − 1, smaller ones first."""
    return [s for size in range(n + 1) for s in combinations(range(n), size)]


def set_sizes(seed: int) -> dict:
    """Errors for each depth and number of training images, always the same steps."""
    trainings = [(n, round(STEPS / math.ceil(n / 128))) for n in SIZES]
    return _final_errors("plain", DEPTHS, trainings, seed)


def _learning_curves(kind: str, seed: int) -> dict:
    train = data.fashion_mnist("train", 2000, seed)
    test = data.fashion_mnist("test")
    errors = {}
    for depth in (20, 56):
        net = small_net(depth, kind, seed)
        history = training.fit(net, train, test, epochs=8, learning_rate=0.1, seed=seed)
        errors[f"train {depth}"] = [1 - a for a in history.train_accuracy]
        errors[f"test {depth}"] = [1 - a for a in history.test_accuracy]
    return errors


def _final_errors(
    kind: str, depths, trainings, seed: int, stem_stride: int = 4
) -> dict:
    """Errors of each depth at the end of each training (images or all, epochs)."""
    test = data.fashion_mnist("test")
    errors = {f"{split} {depth}": [] for depth in depths for split in ("train", "test")}
    for depth in depths:
        for n, epochs in trainings:
            train = data.fashion_mnist("train", n, seed)
            net = small_net(depth, kind, seed, stem_stride)
            training.fit(net, train, epochs=epochs, learning_rate=0.1, seed=seed)
            errors[f"train {depth}"].append(1 - training.accuracy(net, train))
            errors[f"test {depth}"].append(1 - training.accuracy(net, test))
    return errors


def regularizers(seed: int) -> dict:
    """Small nets on 100 digits: each method at the strength that validation chose."""
    images, labels = data.digits("train", 400, seed)
    train, validation = (images[:100], labels[:100]), (images[100:], labels[100:])
    test = data.digits("test")
    found = {}
    for method, strengths in regularization.METHODS.items():
        recipes = [regularization.recipe(method, strength) for strength in strengths]
        nets = [regularization.train(recipe, train, seed) for recipe in recipes]
        errors = [1 - training.accuracy(net, validation) for net in nets]
        best = errors.index(min(errors))
        found[f"{method}: strength"] = strengths[best]
        found[f"{method}: training loss"] = training.mean_loss(nets[best], train)
        found[f"{method}: test loss"] = training.mean_loss(nets[best], test)
        found[f"{method}: test error"] = 1 - training.accuracy(nets[best], test)
    return found


def small_cnn(side: int, seed: int) -> nn.Sequential:
    """The net of notebook 04, for pictures of 28×28 or 8×8 pixels.

    Three convolutions that halve the picture (the first only a large one), and a
    linear layer that sees every place, so that it can learn places by heart.
    """
    seed_everything(seed)
    layers, channels, strides = [], 1, (2 if side > 8 else 1, 2, 2)
    for out, stride in zip((16, 32, 64), strides):
        layers.append(nn.Conv2d(channels, out, 3, stride, padding=1, bias=False))
        layers += [nn.BatchNorm2d(out), nn.ReLU()]
        channels, side = out, math.ceil(side / stride)
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * side**2, 10))


# Notebook 04: which share of the range of each operation, and how far pictures move.
OPERATIONS = tuple(name for name in augmentation.POOL if name != "saturation")
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
KINDS = tuple(
    (name, share)
    for name in OPERATIONS
    for share in ((1.0,) if augmentation.POOL[name].switch else STRENGTHS)
)
SHIFTS = (0, 1, 2, 3, 4, 5, 6)  # pixels
MOVES = ("mirror", "shift x", "shift y")
MOVE = 0.3  # of the range: 2.1 pixels of 28


def moved(images: Tensor, labels: Tensor, generator: torch.Generator) -> data.Labelled:
    """A batch as notebook 04 trains on it: half mirrored, all moved a little."""
    return augmentation.augment(images, MOVES, generator, MOVE), labels


def moves(seed: int) -> dict:
    """Nets trained on 500 pictures as they are, and on the same pictures moved.

    For each the accuracy in training, and on test pictures by pixels to the right;
    accuracy and loss on test pictures as they are, on one moved view of each, and of
    the average over ten.
    """
    train = data.fashion_mnist("train", 500, seed)
    images, labels = data.fashion_mnist("test", 1000)
    found = {}
    for arm, augment in (("plain", None), ("moved", moved)):
        net = small_cnn(28, seed)
        options = {"epochs": 60, "batch_size": 50, "seed": seed}
        training.fit(net, train, augment=augment, **options)
        found[f"{arm} train"] = training.accuracy(net, train)
        found[f"{arm} shifted"] = [
            training.accuracy(net, (shifted(images, pixels), labels))
            for pixels in SHIFTS
        ]
        found |= {f"{arm} {k}": v for k, v in _views(net, images, labels, seed).items()}
    return found


def shifted(images: Tensor, pixels: int) -> Tensor:
    """Images moved to the right by whole pixels."""
    share = torch.full((len(images),), pixels / images.shape[-1])
    return augmentation.transform(images, "shift x", share)


def _views(net: nn.Module, images: Tensor, labels: Tensor, seed: int) -> dict:
    """Accuracy and log-loss of one view, plain or moved, and of ten averaged."""
    draws = environment.generator(seed)

    def view(images: Tensor) -> Tensor:
        return augmentation.augment(images, MOVES, draws, MOVE)

    answers = {"as it is": training.logits(net, images).softmax(1)}
    answers["one view"] = augmentation.averaged(net, images, view, 1)
    answers["ten views"] = augmentation.averaged(net, images, view, 10)
    found = {}
    for name, p in answers.items():
        found[f"accuracy, {name}"] = (p.argmax(1) == labels).float().mean().item()
        found[f"loss, {name}"] = F.nll_loss(p.clamp(min=1e-12).log(), labels).item()
    return found


def operations(seed: int) -> dict:
    """Each operation at each strength on 100 digits: what it gains, and why.

    Affinity: the share of its accuracy that a net trained without augmentation keeps on
    augmented pictures. Diversity: the loss left after training on augmented pictures
    (Gontijo-Lopes et al. 2021). In the order of KINDS.
    """
    images, labels = data.digits("train", 400, seed)
    draws = environment.generator(seed)
    kinds = [((), 0.0), *(((name,), share) for name, share in KINDS)]

    def all_kinds(images: Tensor) -> Tensor:
        made = [
            augmentation.augment(images, names, draws, share) for names, share in kinds
        ]
        return torch.stack(made).flatten(2)

    sets = all_kinds(images[:100].repeat(8, 1, 1, 1))
    answers = labels[:100].repeat(8).expand(len(kinds), -1)
    nets = many.fit_many(sets, answers, seed, same_start=True)
    left = F.cross_entropy(
        many.logits(nets, sets).transpose(1, 2), answers, reduction="none"
    )
    without = [weight[:1] for weight in nets]
    known = many.logits(without, all_kinds(images[100:])).argmax(2) == labels[100:]
    kept = known.float().mean(1)
    right = _right_by_class(nets, data.digits("test"))
    gain = (right - right[0]).mean(1)
    found = {"gain": gain, "affinity": kept / kept[0], "diversity": left.mean(1)}
    shift = kinds.index((("shift x",), 0.5))
    return {name: values[1:].tolist() for name, values in found.items()} | {
        "gain by class, shift x": (right[shift] - right[0]).tolist()
    }


def _right_by_class(nets: list[Tensor], test: data.Labelled) -> Tensor:
    """Share of each class's images that each net gets right: (nets, 10)."""
    images, labels = test
    right = many.logits(nets, images.flatten(1)).argmax(2) == labels
    of_class = F.one_hot(labels, 10).float()
    return right.float() @ of_class / of_class.sum(0)


# Each with the number of seeds over which it is recorded, by notebook.
RECORDED = {
    "01": {degradation: 40, budgets: 5, set_sizes: 3},
    "02": {skips: 40, gates: 40, plateau: 5, deletions: 5},
    "04": {moves: 20, operations: 100},
    "05": {regularizers: 40},
    "06": {graph_nets: 20, unmixed: 20, cora: 20},
}

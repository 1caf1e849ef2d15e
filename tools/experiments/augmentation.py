"""Experiments of notebook 04: pictures moved, and each operation by itself."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lectures_lib import augmentation, data, environment, models, training
from lectures_lib.support import many

OPERATIONS = [name for name in augmentation.POOL if name != "saturation"]
STRENGTHS = [0.25, 0.5, 0.75, 1.0]  # share of an operation's range
KINDS = [
    (name, share)
    for name in OPERATIONS
    for share in ([1.0] if augmentation.POOL[name].switch else STRENGTHS)
]
SHIFTS = [0, 1, 2, 3, 4, 5, 6]  # pixels
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
        net = models.small_cnn(28, seed)
        options = {"epochs": 60, "batch_size": 50, "seed": seed}
        training.fit(net, train, augment=augment, **options)
        found[f"{arm} train"] = training.accuracy(net, train)
        found[f"{arm} shifted"] = [
            training.accuracy(net, (to_the_right(images, pixels), labels))
            for pixels in SHIFTS
        ]
        found |= {f"{arm} {k}": v for k, v in views(net, images, labels, seed).items()}
    return found


def to_the_right(images: Tensor, pixels: int) -> Tensor:
    share = torch.full((len(images),), pixels / images.shape[-1])
    return augmentation.transform(images, "shift x", share)


def views(net: nn.Module, images: Tensor, labels: Tensor, seed: int) -> dict:
    """Accuracy and log-loss of one view, plain or moved, and of ten averaged."""
    generator = environment.generator(seed)

    def view(images: Tensor) -> Tensor:
        return augmentation.augment(images, MOVES, generator, MOVE)

    def averaged(number: int) -> Tensor:
        each = [training.logits(net, view(images)).softmax(1) for _ in range(number)]
        return sum(each) / number

    answers = {"as it is": training.logits(net, images).softmax(1)}
    answers |= {"one view": averaged(1), "ten views": averaged(10)}
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
    generator = environment.generator(seed)
    sets = in_all_kinds(images[:100].repeat(8, 1, 1, 1), generator)
    answers = labels[:100].repeat(8).expand(len(sets), -1)
    nets = many.fit_many(sets, answers, seed, same_start=True)
    scores = many.logits(nets, sets).transpose(1, 2)
    left = F.cross_entropy(scores, answers, reduction="none")
    without = [weight[:1] for weight in nets]
    new = many.logits(without, in_all_kinds(images[100:], generator))
    kept = (new.argmax(2) == labels[100:]).float().mean(1)
    right = right_by_class(nets, data.digits("test"))
    gain = right - right[0]
    found = {
        "gain": gain.mean(1),
        "affinity": kept / kept[0],
        "diversity": left.mean(1),
    }
    shift = 1 + KINDS.index(("shift x", 0.5))
    return {name: values[1:].tolist() for name, values in found.items()} | {
        "gain by class, shift x": gain[shift].tolist()
    }


def in_all_kinds(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images as they are, then in each of KINDS: (1 + kinds, n, pixels)."""
    made = [augmentation.augment(images, (), generator, 0.0)]
    for name, share in KINDS:
        made.append(augmentation.augment(images, (name,), generator, share))
    return torch.stack(made).flatten(2)


def right_by_class(nets: list[Tensor], test: data.Labelled) -> Tensor:
    """Share of each class's images that each net gets right: (nets, 10)."""
    images, labels = test
    right = many.logits(nets, images.flatten(1)).argmax(2) == labels
    of_class = F.one_hot(labels, 10).float()
    return right.float() @ of_class / of_class.sum(0)

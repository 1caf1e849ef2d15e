"""Homework 5, regularization: what the answers are compared with."""

import copy
import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from lectures_lib.homework import (
    NotDone,
    ask,
    expect,
    integer,
    kind,
    run_in_order,
    same,
    task,
    the_line,
)

EARLY_STOPPING = (  # shuffled
    "        break",
    "    loss = validation_loss(net)",
    "    if waited == patience:",
    "best, waited = math.inf, 0",
    "    train_one_epoch(net)",
    "net.load_state_dict(kept)",
    "        best, waited, kept = loss, 0, copy.deepcopy(net.state_dict())",
    "    waited += 1",
    "for epoch in range(epochs):",
    "    if loss < best:",
)
IN_ORDER = [4, 9, 5, 2, 8, 10, 7, 3, 1, 6]
FAULT = 5  # the line that causes the plot
NO_FAULT = {
    1: "it makes the waves of the training days: (40, 4), as the fit needs them",
    2: "as it should be: what is measured is measured on the training days",
    3: "it fits: the dots follow the seasons of the days it was trained on",
    4: "it makes the same waves of the new days. But are they then treated alike?",
    6: "it is the model: intercept plus features times weights. Which features?",
}


def normal(draw: torch.Generator, *shape: int) -> Tensor:
    return torch.randn(shape, generator=draw, dtype=torch.float64)


def parts(answer: object, count: int, what: str) -> tuple:
    """The parts of an answer that has several."""
    right = type(answer) in (tuple, list) and len(answer) == count
    expect(right, f"expected {what}, got {kind(answer)}")
    return answer


def done(part: object) -> object:
    """The part, unless it is still a blank."""
    if part is ...:
        raise NotDone
    return part


def least_squares(X: Tensor, y: Tensor, pull: float) -> Tensor:
    """The weights without intercept; a row for each says that it should be zero."""
    rows = math.sqrt(pull) * torch.eye(X.shape[1], dtype=X.dtype)
    targets = torch.cat([y, y.new_zeros(X.shape[1])])
    return torch.linalg.lstsq(torch.cat([X, rows]), targets).solution


@task(
    points=4,
    forbidden=["lectures_lib.regularization.ridge", "sklearn.linear_model.Ridge"],
)
def ridge(draw, ridge):
    n, d, penalty = integer(draw, 11, 15), integer(draw, 4, 6), integer(draw, 2, 5) / 10
    X = normal(draw, n, d) + torch.arange(1, d + 1)  # each has a mean of its own
    y = 16 + X @ normal(draw, d) + normal(draw, n)
    theta_0, theta = parts(ask(ridge, X, y, penalty), 2, "θ₀ and θ")
    many = type(theta_0) is Tensor and theta_0.shape == (d,)
    turned = many and not getattr(theta, "shape", ())
    expect(not turned, "the two are exchanged: θ₀ comes first")
    right = least_squares(X - X.mean(0), y - y.mean(), n * penalty)
    same(done(theta), right, other_weights(X, y, penalty), "θ")
    yield 2, "θ minimises error plus penalty on centred data"

    expect(
        not many,
        f"θ₀ has {d} numbers, expected one: `*` multiplies entry by entry. x̄ᵀθ is a "
        "sum over the features: `X.mean(0) @ theta`",
    )
    level = (X.mean(0) @ right).item()
    mistakes = {
        "θ₀ is the mean of the targets: right for features of mean zero only. Here "
        "these have means, which the weights multiply": y.mean().item(),
        "θ₀ adds x̄ᵀθ where it should be taken off": y.mean().item() + level,
        "θ₀ is zero: the mean of what is centred. Take the means of X and y": 0.0,
        "θ₀ lacks the mean of y": -level,
    }
    same(done(theta_0), y.mean().item() - level, mistakes, "θ₀")
    yield 1, "θ₀ is free: the mean residual is zero"

    X, y = normal(draw, 7, 12).float() + 1, normal(draw, 7).float()
    _, theta = parts(ask(ridge, X, y, 0.5), 2, "θ₀ and θ")
    X_c = X - X.mean(0)
    right = X_c.T @ torch.linalg.solve(X_c @ X_c.T + 3.5 * torch.eye(7), y - y.mean())
    same(theta, right, {}, "θ of 12 features and 7 days, float32", tolerance=1e-3)
    yield 1, "it also works with more features than days, and in float32"


def other_weights(X: Tensor, y: Tensor, penalty: float) -> dict[str, Tensor]:
    """Hints with the weights that other penalties or other data give."""
    (n, d), X_c, y_c = X.shape, X - X.mean(0), y - y.mean()
    with_ones = torch.cat([X.new_ones(n, 1), X], 1)
    everywhere = X_c.T @ X_c + n * penalty
    return {
        f"your penalty is λ I. The error is a *mean* over the n = {n} days, so that "
        "their sum, XᶜᵀXᶜ, meets n times λ": least_squares(X_c, y_c, penalty),
        "θ is that without any penalty": least_squares(X_c, y_c, 0),
        "you penalise the intercept too: a column of ones is a weight like the others. "
        "Centre instead": least_squares(with_ones, y, n * penalty)[1:],
        f"the penalty is d λ, with the number of features, {d}: the error is a mean "
        f"over the n = {n} days": least_squares(X_c, y_c, d * penalty),
        "all features are centred by one mean, `X.mean()`: each has a mean of its own":
            least_squares(X - X.mean(), y_c, n * penalty),
        "the features are not centred: without that, the missing intercept distorts θ":
            least_squares(X, y, n * penalty),
        "the targets are centred, the features are not": least_squares(
            X, y_c, n * penalty
        ),
        f"θ is n = {n} times too large: divide XᶜᵀXᶜ and Xᶜᵀyᶜ by n, or neither":
            n * least_squares(X_c, y_c, n * penalty),
        "only the diagonal of XᶜᵀXᶜ is used, as if no two features went together":
            X_c.T @ y_c / (X_c.square().sum(0) + n * penalty),
        "nλ is added to every entry: only the diagonal belongs to the penalty":
            torch.linalg.solve(everywhere, X_c.T @ y_c),
    }  # fmt: skip


@task(points=2)
def july(draw, line):
    the_line(line, FAULT, NO_FAULT)
    yield 2, "new days must be scaled by the training days' mean and deviation"


@task(
    points=5,
    forbidden=[
        *("torch.nn.functional.dropout", "torch.nn.functional.dropout2d"),
        *("torch.dropout", "torch.feature_dropout", "torch.native_dropout"),
        "lectures_lib.support.sparse.dropout",
    ],
)
def dropout(draw, dropout):
    n, channels = integer(draw, 20, 24), integer(draw, 17, 19)
    p = integer(draw, 4, 6) / 20
    x = 1 + torch.rand(n, channels, 5, 3, generator=draw)
    seed = integer(draw, 1, 10**6)

    def dropped(generator: torch.Generator, training: bool = True) -> Tensor:
        out = ask(dropout, x, p, training, generator)
        alike = type(out) is Tensor and (out.shape, out.dtype) == (x.shape, x.dtype)
        expect(alike, f"expected {kind(x)} like x, got {kind(out)}")
        return out

    first = dropped(torch.Generator().manual_seed(seed))
    factor = (first / x).flatten(2)  # of each number: 0, or what it is scaled by
    zero = factor == 0
    off = zero.all(2)  # (n, channels)
    check_channels(zero)
    yield 1, "each picture loses channels of its own, as a whole"
    check_share(off, p)
    yield 1, "a channel is dropped with probability p"
    check_factor(factor[~off], p, off.float().mean().item())
    yield 1, "what is kept is scaled, so that the mean over all masks stays"
    check_generator(dropped, seed)
    yield 1, "it draws from the generator"

    mistakes = {
        "in evaluation your function still drops channels: with `training` False x is "
        "used as it is": dropped(torch.Generator().manual_seed(seed)),
        "in evaluation x is multiplied by 1 − p. The scaling is done in training "
        "already": (1 - p) * x,
    }
    same(dropped(torch.Generator().manual_seed(seed), False), x, mistakes, "x in use")
    out = ask(dropout, x.clone().requires_grad_(), p, True, torch.Generator())
    expect(
        out.requires_grad, "no gradient flows through: it was cut off (detach, data?)"
    )
    yield 1, "in evaluation it does nothing"


def check_channels(zero: Tensor) -> None:
    """Hint unless whole channels are dropped, different ones in each picture.

    Args:
        zero: which numbers are, (n, channels, pixels).
    """
    n, channels, _ = zero.shape
    off = zero.all(2)
    expect(zero.any(), "in training nothing is dropped")
    expect(not zero.all(), "in training everything is dropped")
    expect(
        (zero.any(2) == off).all(),
        "a channel is dropped in part: your mask has a number for each pixel. Expected "
        "one for each channel of each picture",
    )
    expect(
        (off != off[:1]).any(),
        f"all {n} pictures lose the same channels: one mask for the whole batch. Each "
        "picture needs its own",
    )
    expect(
        (off != off[:, :1]).any(),
        f"a picture loses all of its {channels} channels or none: draw for each",
    )


def check_share(off: Tensor, p: float) -> None:
    """Hint unless each channel is dropped by itself, with probability p."""
    expect(
        (off.sum(1) != off[0].sum()).any(),
        f"every picture loses {int(off[0].sum())} channels: each channel is drawn for "
        "itself, so that the number varies",
    )
    share = off.float().mean().item()
    expect(
        abs(share - 1 + p) > 0.12,
        f"with p = {p} a share of {share:.2f} is zero: you keep with probability p. "
        "p is the probability of being dropped",
    )
    expect(abs(share - p) < 0.12, f"with p = {p} a share of {share:.2f} is zero")


def check_factor(factors: Tensor, p: float, share: float) -> None:
    """Hint unless all that is kept is multiplied by 1 / (1 − p).

    Args:
        factors: of what is kept.
        share: of what is dropped.
    """
    kept = factors.mean().item()
    mistakes = {
        f"what is kept stays as it is. In use, with all channels on, {1 / (1 - p):.2f} "
        "times as much arrives as in training: scale in training": 1.0,
        f"what is kept is divided by p = {p}. A share of 1 − p is kept": 1 / p,
        "what is kept is multiplied by 1 − p, so that even less arrives": 1 - p,
        "what is kept is multiplied by p": p,
        f"divide by 1 − p = {1 - p:.2f}, not by what happened to be kept, "
        f"{1 - share:.4f}": 1 / (1 - share),
    }
    same(round(kept, 4), 1 / (1 - p), mistakes, "the factor of what is kept")
    spread = (factors - kept).abs().max()
    expect(spread < 1e-3, "what is kept must all be scaled by the same factor")


def check_generator(dropped: Callable, seed: int) -> None:
    """Hint unless the mask comes from the generator, and from nowhere else."""
    one, again, other = (
        torch.Generator().manual_seed(s) for s in (seed, seed, seed + 1)
    )
    first = dropped(one)
    expect(
        torch.equal(first == 0, dropped(again) == 0),
        "two generators of one seed give two masks: you draw from torch's global "
        "generator, not from the one that is given",
    )
    expect(
        not torch.equal(first, dropped(other)),
        "generators of two seeds give the same mask: is a seed fixed in your code?",
    )
    expect(
        not torch.equal(first, dropped(one)),
        "a second call with the same generator gives the same mask: draw from the "
        "generator itself, and do not seed anything",
    )


class Given(NamedTuple):
    """The arguments of adamw_step: what a step begins with."""

    w: Tensor
    g: Tensor
    m: Tensor
    s: Tensor
    t: int
    rate: float
    decay: float


def averaged(given: Given) -> tuple[Tensor, Tensor]:
    """The new m and s."""
    return 0.9 * given.m + 0.1 * given.g, 0.999 * given.s + 0.001 * given.g**2


def direction(m: Tensor, s: Tensor, t: int, root: float = 0.5) -> Tensor:
    """Where Adam's step t goes, without ε: bias-corrected m over the root of s."""
    return m / (1 - 0.9**t) / (s / (1 - 0.999**t)) ** root


@task(points=5, forbidden=["torch.optim.AdamW", "torch.optim.Adam"])
def adamw_step(draw, adamw_step):
    shape, t, rate = (integer(draw, 3, 5), 7), integer(draw, 3, 6), 0.05
    w, g, m = normal(draw, *shape), normal(draw, *shape), normal(draw, *shape)
    s = 0.1 + normal(draw, *shape) ** 2
    decay = integer(draw, 4, 8)  # so large that 1 - x and exp(-x) differ
    given = Given(w, g, m, s, t, rate, decay)
    new_w, new_m, new_s = parts(ask(adamw_step, *given), 3, "w, m and s")
    right_m, right_s = averaged(given)
    same(new_m, right_m, other_m(given), "m")
    same(new_s, right_s, other_s(given), "s", tolerance=1e-6)
    yield 1, "m and s average the gradient and its square, and nothing else"

    adam = rate * direction(right_m, right_s, t)
    bare = ask(adamw_step, *given._replace(decay=0.0))
    plain_w, _, _ = parts(bare, 3, "w, m and s")
    same(plain_w, w - adam, other_steps(given), "w without decay")
    yield 2, "without decay it is a step of Adam"

    same(new_w, (1 - rate * decay) * w - adam, other_decays(given), "w")
    yield 1, "the decay goes past Adam, straight to the weights"

    tiny, zero = 1e-7 * g, torch.zeros_like(g)
    first = ask(adamw_step, w, tiny, zero, zero, 1, rate, decay)[0]
    shrunk, size = (1 - rate * decay) * w, tiny.abs()
    mistakes = {
        "ε = 1e-8 stands under the root: it is meant to be added to the root": shrunk
        - rate * tiny / (tiny**2 + 1e-8).sqrt(),
        "ε = 1e-8 is not added to the root (a division comes before a sum: is there a "
        "pair of parentheses?). Where all gradients are zero, 0 / 0 is NaN": shrunk
        - rate * tiny.sign(),
    }
    what = "w after step 1 with gradients as small as ε"
    same(first, shrunk - rate * tiny / (size + 1e-8), mistakes, what)
    yield 1, "ε keeps the direction finite where gradients are tiny"


def other_m(given: Given) -> dict[str, Tensor]:
    """Hints with what may be returned as the new m."""
    w, g, m, _, t, _, decay = given
    right_m, right_s = averaged(given)
    return {
        "m has heard of the weights: the decay was added to the gradient, which makes "
        "it an L2 penalty. Decoupled means: past Adam": 0.9 * m + 0.1 * (g + decay * w),
        "m: a momentum of 0.9 without the factor 1 − 0.9 for the gradient": 0.9 * m + g,
        "m: 0.9 and 0.1 are exchanged; the old mean keeps 0.9": 0.1 * m + 0.9 * g,
        "m is returned as it was given: return the new m": m,
        "the second of what you return is s: the order is w, m, s": right_s,
        "m is divided by 1 − 0.9ᵗ already. Return it uncorrected: the next step "
        "averages it further": right_m / (1 - 0.9**t),
    }


def other_s(given: Given) -> dict[str, Tensor]:
    """Hints with what may be returned as the new s."""
    g, s, t = given.g, given.s, given.t
    right_m, right_s = averaged(given)
    return {
        "s is returned as it was given: return the new s": s,
        "s averages the gradient: its square is meant": 0.999 * s + 0.001 * g,
        "s averages the square of the mean m, not of the gradient": 0.999 * s
        + 0.001 * right_m**2,
        "s is divided by 1 − 0.999ᵗ already. Return it uncorrected": right_s
        / (1 - 0.999**t),
    }


def other_steps(given: Given) -> dict[str, Tensor]:
    """Hints with where other steps without decay lead."""
    w, _, m, s, t, rate, _ = given
    new = averaged(given)
    bare = new[0] / new[1].sqrt()
    return {
        "the step goes up: the direction must be taken off w": w
        + rate * direction(*new, t),
        "bias correction is missing: m and s start at zero, and are too small in the "
        "first steps. Divide by 1 − βᵗ": w - rate * bare,
        "s is not corrected by 1 − 0.999ᵗ": w - rate * bare / (1 - 0.9**t),
        "m is not corrected by 1 − 0.9ᵗ": w - rate * bare * math.sqrt(1 - 0.999**t),
        f"t is one too small: steps are counted from 1, this is step {t}": w
        - rate * direction(*new, t - 1),
        f"t is one too large: this is step {t} already": w
        - rate * direction(*new, t + 1),
        "the direction is made of the old m and s: average first, then step": w
        - rate * direction(m, s, t),
        "the correction has no t: in `1 - 0.9**t` t is the number of the step": w
        - rate * direction(*new, 1),
        "w is NaN: in 1 − βᵗ stands a power, `0.9**t`, not a product": w * math.nan,
        "the root of s is missing": w - rate * direction(*new, t, 1.0),
        "the learning rate is missing": w - direction(*new, t),
    }


def other_decays(given: Given) -> dict[str, Tensor]:
    """Hints with what other decays make of the weights; the step itself is right."""
    w, t, rate, decay = given.w, given.t, given.rate, given.decay
    m, s = averaged(given)
    step = direction(m, s, t)
    right = (1 - rate * decay) * w - rate * step
    corrected = s / (1 - 0.999**t)
    return {
        "the decay is not multiplied by the learning rate": right
        - (1 - rate) * decay * w,
        "the decay also shrinks the step: it is applied after it. Shrink the weights "
        "as they were before": (1 - rate * decay) * (w - rate * step),
        "nothing decays": w - rate * step,
        "the weights are multiplied by exp(−ηδ): lose the share ηδ, times 1 − ηδ": (
            math.exp(-rate * decay) * w - rate * step
        ),
        "the weights grow: the decay must take something off": right
        + 2 * rate * decay * w,
        "the weights decay by 2ηδ: ηδ was asked for": right - rate * decay * w,
        "the decay is divided by √s like a gradient: it must go past Adam": w
        - rate * (step + decay * w / corrected.sqrt()),
    }


def outcome(order: list, losses: list[float], patience: int) -> tuple[int, int]:
    """How many epochs the kept net has had, and how many were run."""
    net, run = torch.nn.Linear(1, 1), []
    torch.nn.init.zeros_(net.weight)  # counts the net's epochs

    def train_one_epoch(net: torch.nn.Linear) -> None:
        run.append(0)
        net.weight.data += 1

    known = {"math": math, "copy": copy, "epochs": len(losses) - 1, "net": net}
    known |= {"patience": patience, "train_one_epoch": train_one_epoch}
    known["validation_loss"] = lambda net: losses[int(net.weight.item())]
    undefined = "`{name}` is used before a line gives it a value"
    unreadable = "Python cannot read line {line} where you put it: {why}. Which lines "
    unreadable += "belong inside the loop, and which under an `if`?"
    run_in_order(EARLY_STOPPING, order, known, undefined, unreadable)
    return int(net.weight.item()), len(run)


@task(points=2)
def early_stopping(draw, order):
    patience = integer(draw, 2, 4)
    falls = (4 + torch.rand(2, generator=draw).sort(descending=True).values).tolist()
    rises = (6 + torch.rand(patience, generator=draw)).tolist()
    # It falls, has one epoch left when it is better again; later it would be better
    # still, but then training is over.
    losses = [9.0, *falls, *rises[1:], 3.0, *rises, 2.0, 8.0, 8.5, 9.0, 9.5]
    curves = losses, [9.0, 8.0, *falls]  # the other one falls to the end
    right, told = ([outcome(o, c, patience) for c in curves] for o in (IN_ORDER, order))
    mistakes = {
        f"with patience {patience} it stops one epoch early: after a better epoch "
        "your counter is already 1 when patience is compared": [
            *(4, 9, 5, 2, 10, 7, 8, 3, 1, 6)
        ],
        "it gives up before it looks: the epoch that uses up the patience may be the "
        "best one yet": [4, 9, 5, 2, 8, 3, 1, 10, 7, 6],
        "the weights that are kept are not those whose loss was measured: an epoch of "
        "training lies between": [4, 9, 2, 5, 8, 10, 7, 3, 1, 6],
        "what the last epoch has learned is never measured: measure after training, in "
        "the same epoch": [4, 9, 2, 8, 10, 7, 3, 1, 5, 6],
    }
    for hint, wrong in mistakes.items():
        fits = told != right and told == [outcome(wrong, c, patience) for c in curves]
        expect(not fits, hint)
    for (kept, run), (best, last) in zip(told, right):
        what = f"your order keeps the net of epoch {kept}, after {run} epochs in all"
        expect((kept, run) == (best, last), f"{what}; expected {best} and {last}")
    yield 2, "it keeps the best epoch, and stops when its patience is used up"


@task(points=4, forbidden=["torchvision.transforms.v2.CutMix.transform"])
def cutmix(draw, cutmix):
    n, classes = integer(draw, 5, 7), 4
    rows, columns = integer(draw, 9, 11), integer(draw, 13, 16)
    height, width = integer(draw, 4, 5), integer(draw, 6, 8)
    top, left = integer(draw, 1, 2), integer(draw, 3, 5)
    box = (top, left, height, width)
    images = torch.randint(4, (n, 5, rows, columns), generator=draw) / 3  # some alike
    targets = torch.rand(n, classes, generator=draw).softmax(1)
    order = torch.randperm(n, generator=draw).tolist()
    other = torch.empty(n, dtype=torch.int64)
    other[order] = torch.tensor(order[1:] + order[:1])  # nobody is its own other
    answer = ask(cutmix, images, targets, other, box)
    mixed, labels = parts(answer, 2, "images and targets")
    right = pasted(images, images[other], top, left, top + height, left + width)
    mistakes = other_boxes(images, images[other], box)
    mistakes |= other_contents(images, other, box)
    same(mixed, right, mistakes, "the images")
    yield 2, "each picture has a box of its other one, and is itself around it"

    share = height * width / (rows * columns)
    mistakes = other_targets(targets, targets[other], images.shape, box)
    same(labels, torch.lerp(targets, targets[other], share), mistakes, "the targets")
    yield 2, "the labels are mixed in the same shares as the pixels"


def pasted(images: Tensor, patch: Tensor, *box: int) -> Tensor:
    """The images with what patch shows in a box: top, left, bottom, right."""
    top, left, bottom, right = box
    mixed = images.clone()
    inside = (..., slice(top, bottom), slice(left, right))
    mixed[inside] = patch[inside]
    return mixed


def other_boxes(images: Tensor, others: Tensor, box: tuple) -> dict[str, Tensor]:
    """Hints with what comes of boxes that were not asked for."""
    top, left, height, width = box
    bottom, right = top + height, left + width
    size = f"a box of {height}×{width} pixels"
    return {
        "rows and columns are exchanged: top and height count rows, the third axis":
            pasted(images, others, left, top, right, bottom),
        f"{size} was asked for: the fourth number is its width, not where it ends":
            pasted(images, others, top, left, height, width),
        f"{size} was asked for: yours has {width}×{height}; height comes before width":
            pasted(images, others, top, left, top + width, left + height),
        f"{size} was asked for: yours has one row and one column more":
            pasted(images, others, top, left, bottom + 1, right + 1),
        "inside and outside are exchanged: each picture keeps all but the box":
            pasted(others, images, top, left, bottom, right),
        "the pictures are as before": images,
    }  # fmt: skip


def other_contents(images: Tensor, other: Tensor, box: tuple) -> dict[str, Tensor]:
    """Hints with what comes of the right box, when something else is done there."""
    top, left, height, width = box
    rows, columns = slice(top, top + height), slice(left, left + width)
    others, edges = images[other], (top, left, top + height, left + width)
    given, chained, channels, corner = (images.clone() for _ in range(4))
    given[other, :, rows, columns] = images[:, :, rows, columns]
    for number, source in enumerate(other.tolist()):
        chained[number, :, rows, columns] = chained[source, :, rows, columns].clone()
    channels[:, rows, columns] = others[:, rows, columns]
    corner[:, :, rows, columns] = others[:, :, :height, :width]
    return {
        "the boxes go the wrong way: picture i gets one from picture other[i]": given,
        "in the box the two pictures are added: it should show the other one alone":
            pasted(images, images + others, *edges),
        "that is mixup, of all pixels: CutMix pastes a box":
            images.lerp(others, height * width / images[0, 0].numel()),
        "some boxes come from pictures that had been pasted over before: take them "
        "from `images`": chained,
        "the second axis counts channels; rows are the third": channels,
        "the box is black (that is cutout): it should show the other picture":
            pasted(images, 0 * images, *edges),
        "the box shows the other's upper left corner: take it from the same place":
            corner,
    }  # fmt: skip


def other_targets(
    targets: Tensor, others: Tensor, shape: tuple, box: tuple
) -> dict[str, Tensor]:
    """Hints with the targets that other shares give; shape: of the images."""
    (n, channels, rows, columns), (_, _, height, width) = shape, box
    share = height * width / (rows * columns)
    mixtures = (
        (f"the other's label has the share 1 − {share:.2f}: it owns the box, not the "
         "rest", 1 - share),
        ("the labels are as before: the box has a label, too. (Is its share 0? `//` "
         "rounds down, `/` does not)", 0.0),
        ("both labels count half; each should count by the pixels that it owns", 0.5),
        ("the share counts channels as pixels", share / channels),
        ("the share counts the pixels of all pictures and channels: divide by those of "
         "one, `images[0, 0].numel()`", share / (channels * n)),
        ("the share is one of channels · rows: a picture has rows · columns pixels",
         height * width / (channels * rows)),
        ("the share is one of lengths: it should be one of areas", height / rows),
        ("the share is one of lengths: it should be one of areas.", width / columns),
    )  # fmt: skip
    mistakes = {hint: torch.lerp(targets, others, s) for hint, s in mixtures}
    mistakes["the share is the box's number of pixels: divide by the picture's"] = (
        targets + height * width * (others - targets)
    )
    more = "the targets no longer sum to one: the share that the other label gets has "
    more += "to come off the picture's own"
    mistakes[more] = targets + share * others
    return mistakes

"""Homework 1, depth issues: what the answers are compared with."""

import copy
from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lectures_lib.homework import (
    Hint,
    ask,
    expect,
    integer,
    kind,
    run_in_order,
    same,
    task,
    the_line,
)

LINES = (
    "optimizer.step()",
    "after = weight.grad.norm().item()",
    "loss.backward()",
    "loss = F.cross_entropy(net(images), labels)",
    "optimizer.zero_grad()",
    "before = weight.grad.norm().item()",
    "loss = F.cross_entropy(net(images), labels)",
    "loss.backward()",
)
UNDEFINED = "a line uses `{name}` before any line has computed it"
ERRORS = {  # words of Python's or torch's message: what they mean here
    "NoneType": "a line reads `weight.grad` where there is none: no `backward` came "
    "before it, or `zero_grad` stands between the two",
    "second time": "one loss goes backward twice. PyTorch forgets the way back after "
    "the first time: each `backward` needs a loss computed anew",
    "inplace": "`optimizer.step()` stands between a loss and its `backward`: the way "
    "back needs the weights that the loss was computed with",
}
LINE_HINTS = {
    1: "it names the function and the width of its layer. It computes nothing",
    2: "nothing is to be added, so no bias is right",
    3: "it makes the unit matrix. It gives back every number, negative ones too",
    4: "a linear map and a ReLU were to be inserted. After a ReLU this one "
    "changes nothing. After what else is it put?",
    5: "an empty list to begin with",
    6: "it takes the modules in their order, each once",
    7: "it keeps the shallow net's module, in front of what is inserted",
    9: "the width fits, else the program would stop with an error. When is "
    "this line reached?",
    10: "it puts the modules one after the other, in their order. To leave some "
    "out there would hide what is wrong: which line has let them in?",
}


def redraw(net: nn.Module, draw: torch.Generator) -> nn.Module:
    """The net with all parameters drawn from the generator, none of them 0 or 1."""
    with torch.no_grad():
        for weight in net.parameters():
            size = weight[0].numel() if weight.dim() > 1 else 4
            weight.copy_(torch.randn(weight.shape, generator=draw) / size**0.5)
    return net


def vector(found: object) -> Tensor:
    """The student's numbers as a tensor, whatever they came in."""
    fits = isinstance(found, list | tuple | Tensor | np.ndarray)
    expect(fits, f"expected a list of numbers, got {kind(found)}")
    numbers = []
    for place, one in enumerate(found, 1):
        try:
            numbers.append(float(one.detach() if isinstance(one, Tensor) else one))
        except (TypeError, ValueError, RuntimeError):
            hint = f"entry {place} is {kind(one)}: expected one number for each layer"
            raise Hint(hint) from None
    return torch.tensor(numbers, dtype=torch.float64)


def measured(tensors: Iterable[Tensor], measure: Callable = Tensor.norm) -> Tensor:
    """One number for each tensor: its norm, unless something else is to be measured."""
    return vector([measure(tensor.detach()) for tensor in tensors])


@task(points=4)
def gradient_norms(draw, function):
    net, images, labels = net_and_batch(draw)
    names, parameters = zip(*net.named_parameters())
    loss = F.cross_entropy(net(images), labels)
    gradients = dict(zip(names, torch.autograd.grad(loss, parameters)))
    old = [torch.randn(w.shape, generator=draw) for w in parameters]
    for weight, gradient in zip(parameters, old):  # as in a training under way
        weight.grad = gradient.clone()
    found = vector(ask(function, net, images, labels))
    norms = measured(g for g in gradients.values() if g.dim() > 1)
    has = f"the net has {len(norms)} weight matrices and kernels"
    mistakes = other_tensors(net, gradients, has)
    mistakes |= other_measures(net, gradients, len(images))
    if len(found) != len(norms):
        mistakes[f"a list of {len(found)}, but {has}"] = found
    same(found, norms, mistakes, "the list")
    yield 3, "one norm for each weight matrix or kernel, first layer first"
    expect(
        all(w.grad is not None and w.grad.equal(g) for w, g in zip(parameters, old)),
        "the norms are right, but the net's own `.grad` have changed. A training under "
        "way would go wrong: `torch.autograd.grad` leaves them alone",
    )
    yield 1, "the net's own gradients stay as they are"


def other_tensors(net: nn.Module, gradients: dict, has: str) -> dict[str, Tensor]:
    """Hints with the norms of tensors that were not asked for, or not in this order."""
    asked = {name: g for name, g in gradients.items() if g.dim() > 1}
    named = [gradient for name, gradient in gradients.items() if "weight" in name]
    return {
        f"{len(gradients)} numbers, but {has}: biases are among them. How many "
        "dimensions has a bias?": measured(gradients.values()),
        f"{len(named)} numbers, but {has}: batch norm calls its γ `weight` too, and "
        "that is a vector": measured(named),
        "this net has another net in it, and the layers in there are missing: "
        "`net.modules()` goes through all of them": (
            measured(g for name, g in asked.items() if name.count(".") == 1)
        ),
        "the kernels of convolutions are missing. They have more than two dimensions": (
            measured(gradient for gradient in asked.values() if gradient.dim() == 2)
        ),
        "the last layer comes first: begin with the first layer": (
            measured(asked.values()).flip(0)
        ),
        "these are norms of the weights: take those of their gradients": (
            measured(weight for weight in net.parameters() if weight.dim() > 1)
        ),
    }


def other_measures(net: nn.Module, gradients: dict, pictures: int) -> dict[str, Tensor]:
    """Hints with what is not the norm of the right gradients, but near to it.

    Called after the answer, which may have added to `.grad`.
    """
    asked = [gradient for gradient in gradients.values() if gradient.dim() > 1]
    norms = measured(asked)
    return {
        "these are the norms squared: a root is missing": norms**2,
        "this is the mean size of an entry. The norm is the root of the sum of the "
        "squares": measured(asked, lambda g: g.abs().mean()),
        "this is the sum of the entries. The norm is the root of the "
        "sum of the squares": measured(asked, Tensor.sum),
        "this is the sum of the sizes of the entries. The norm is the root of the sum "
        "of the squares": measured(asked, lambda g: g.abs().sum()),
        "this is the largest entry of each gradient, not its norm": (
            measured(asked, lambda g: g.abs().max())
        ),
        "an older gradient is in them: `backward` adds to what `.grad` holds already": (
            measured(weight.grad for weight in net.parameters() if weight.dim() > 1)
        ),
        f"they are {pictures} times too large, as many as there are pictures: the "
        "loss is the mean over the pictures, not the sum": pictures * norms,
    }


def net_and_batch(draw: torch.Generator) -> tuple[nn.Module, Tensor, Tensor]:
    """A net with a kernel, a batch norm, matrices and a net; images, labels for it."""
    channels, pictures, width = (integer(draw, 3 * i, 3 * i + 2) for i in (1, 2, 3))
    layers = [nn.Conv2d(1, channels, 3), nn.BatchNorm2d(channels), nn.Flatten()]
    layers.append(nn.Linear(channels * 3 * 4, width))
    for _ in range(integer(draw, 1, 3)):
        layers.append(nn.Sequential(nn.Tanh(), nn.Linear(width, width)))
    images = torch.randn(pictures, 1, 5, 6, generator=draw)
    labels = torch.randint(width, (pictures,), generator=draw)
    return redraw(nn.Sequential(*layers), draw), images, labels


@task(points=2)
def before_and_after(draw, order):
    width, classes, pictures = (integer(draw, 4 * i, 4 * i + 3) for i in (2, 1, 3))
    net = nn.Sequential(nn.Linear(6, width), nn.Tanh(), nn.Linear(width, classes))
    stepped = copy.deepcopy(redraw(net, draw))
    images = torch.randn(pictures, 6, generator=draw)
    labels = torch.randint(classes, (pictures,), generator=draw)

    def gradients(net):
        loss = F.cross_entropy(net(images), labels)
        return torch.autograd.grad(loss, list(net.parameters()))

    first, start = gradients(net), net[0].weight.detach().clone()
    with torch.no_grad():
        for weight, gradient in zip(stepped.parameters(), first):
            weight -= gradient  # a long step, so that the two norms differ
    second = gradients(stepped)
    before, after = first[0].norm().item(), second[0].norm().item()

    names = run(order, net, images, labels)
    late = "`before` is measured after the step: it is the gradient `after` it"
    same(names["before"], before, {late: after}, "`before`")
    mistakes = {
        "`after` is the norm of both gradients added up: the first is still in `.grad` "
        "when the second comes. Which line empties it, and when?": (
            (first[0] + second[0]).norm().item()
        ),
        "`after` equals `before`. "
        + (
            "The weights have not moved: the step found no gradient. Does "
            "`zero_grad` stand before it, or every `backward` after it?"
            if torch.equal(net[0].weight, start)
            else "Between them the weights must move, and then a new gradient is needed"
        ): before,
    }
    same(names["after"], after, mistakes, "`after`")
    yield 2, "the gradient's norm before a step and after it"


def run(order: object, net: nn.Module, images: Tensor, labels: Tensor) -> dict:
    """The names after the lines have run in this order; what an error means here."""
    names = {"F": F, "net": net, "images": images, "labels": labels}
    names["optimizer"] = torch.optim.SGD(net.parameters(), lr=1.0)
    names["weight"] = net[0].weight
    try:
        return run_in_order(LINES, order, names, UNDEFINED)
    except (AttributeError, RuntimeError) as error:
        for words, hint in ERRORS.items():
            expect(words not in str(error), hint)
        raise


@task(points=4)
def draw_weight(draw, function):
    gain, seed = 1.9 + integer(draw, 0, 14) / 20, integer(draw, 0, 10**6)  # none is √2

    def asked(*shape, generator=None):
        generator = generator or torch.Generator().manual_seed(seed)
        weight = ask(function, shape, gain, generator)
        expect(isinstance(weight, Tensor), f"expected a tensor, got {kind(weight)}")
        seen = tuple(weight.shape)
        expect(seen == shape, f"expected the shape {shape}, got {seen}")
        return weight.detach().double()

    check_spread(asked(integer(draw, 50, 60), integer(draw, 400, 500)), gain)
    yield 2, "a matrix has variance gain² / fan-in"
    shape = integer(draw, 20, 26), integer(draw, 30, 40), 5, 7
    check_spread(asked(*shape), gain)
    yield 1, "the fan-in of a convolution counts its whole window"
    expect(
        torch.equal(asked(*shape), asked(*shape)),
        "two calls with equal generators give different weights: some numbers do not "
        "come from `generator`, and nobody can repeat the experiment",
    )
    one = torch.Generator().manual_seed(seed)
    first, second = (asked(*shape, generator=one) for _ in range(2))
    expect(
        not torch.equal(first, second),
        "a second call with the same generator gives the same weights again: two "
        "layers would be equal. Draw from `generator` itself, and do not seed anything",
    )
    alike = "all outputs have the same weights: draw a number for each of them"
    expect(not torch.equal(first[0], first[1]), alike)
    yield 1, "all numbers come from the generator"


def check_spread(weight: Tensor, gain: float) -> None:
    """Hint at what is wrong with weights that should be normal at this scale.

    With over 20,000 of them the standard deviation is known to half a percent.
    """
    seen, right = weight.std().item(), gain / weight[0].numel() ** 0.5
    signs = "the mean of the weights is not zero: draw numbers of both signs, "
    signs += "and add nothing to them"
    expect(weight.mean().abs() <= 0.05 * seen, signs)
    if abs(seen / right - 1) > 0.03:
        for hint, value in other_spreads(weight.shape, gain).items():
            expect(abs(seen / value - 1) > 0.03, hint)
        raise Hint(
            f"for a weight {tuple(weight.shape)} and gain {gain:.1f} expected a "
            f"standard deviation of {right:.4f}, got {seen:.4f}"
        )
    expect(
        weight.abs().max() > 2.2 * right,
        "the variance is right, but no weight is far from zero: they are drawn "
        "uniformly. The normal distribution was asked for",
    )


def other_spreads(shape: torch.Size, gain: float) -> dict[str, float]:
    """Hints with the standard deviations that other formulas give."""
    fan_out, channels, *window = shape
    fan_in = shape[1:].numel()
    right = gain / fan_in**0.5
    return {
        "the standard deviation is gain² / fan-in. That was asked of the *variance*: "
        "the standard deviation is its root": gain**2 / fan_in,
        "the standard deviation is gain / fan-in: take the root of fan-in": (
            gain / fan_in
        ),
        "the variance is 1 / fan-in: the gain is missing": right / gain,
        "the variance is gain / fan-in: the gain counts squared": right / gain**0.5,
        "the variance is a third of what was asked, as of numbers between -1 and 1: "
        "draw from the normal distribution": right / 3**0.5,
        f"the variance is gain² / {fan_out}, the first number of the shape. That is "
        f"the number of outputs; the fan-in is {fan_in}": gain / fan_out**0.5,
        f"{fan_out}, the first number of the shape, is in your fan-in. That is the "
        f"number of outputs; the fan-in is {fan_in}": gain / shape.numel() ** 0.5,
        f"the variance is gain² / {channels}. A unit of a convolution sees its whole "
        f"window, {' × '.join(map(str, window))}, in each channel": gain
        / channels**0.5,
        f"the variance is gain² / {shape[-1]}, and that is the window's "
        "width alone": gain / shape[-1] ** 0.5,
        "the variance is twice as large: a function such as `kaiming_normal_` brings "
        "its own gain, √2, unless told otherwise": right * 2**0.5,
        "the variance is 2 / fan-in, whatever the gain is: √2 is ReLU's": (
            (2 / fan_in) ** 0.5
        ),
        "the variance is gain² by the mean of fan-in and fan-out: that is Glorot's "
        "scale": gain * (2 / (fan_in + shape.numel() // channels)) ** 0.5,
        "the weights have variance 1: they are not scaled": 1.0,
    }


@task(points=3, forbidden=["torch.nn.init.dirac_"])
def identity_convolution(draw, function):
    channels, size = integer(draw, 3, 5), 5 + 2 * integer(draw, 0, 1)
    layer = ask(function, channels, size)
    fits = isinstance(layer, nn.Conv2d)
    expect(fits, f"expected an nn.Conv2d, got {kind(layer)}")
    shape, seen = (channels, channels, size, size), tuple(layer.weight.shape)
    expect(seen == shape, f"expected a kernel {shape}, got {seen}")
    x = torch.randn(2, channels, 8, 9, generator=draw)
    out = ask(layer, x)
    stride = layer.stride[0]
    expect(stride == 1, f"it has stride {stride}, and so a smaller output")
    expect(
        out.shape == x.shape,
        f"8×9 pixels go in, {out.shape[2]}×{out.shape[3]} come out. How much padding "
        f"does a window of {size}×{size} need on each side?",
    )
    check_kernel(layer.weight.detach())
    expect(
        layer.bias is None or not layer.bias.any(),
        "the kernel is right, but a bias is added to its output: a "
        "convolution has one unless you say otherwise",
    )
    same(out, x, {}, "the layer's output compared with its input")
    yield 2, "the convolution gives back its input, negative numbers too"
    expect(
        layer.weight.requires_grad and layer.weight.is_leaf,
        "the kernel cannot be trained: its `requires_grad` is off. Change the numbers "
        "of the weight under `torch.no_grad()`, and leave the rest of it as it is",
    )
    yield 1, "and it can still be trained"


def check_kernel(weight: Tensor) -> None:
    """Hint at what is wrong with a kernel that should give back its input."""
    channels, _, size, _ = shape = weight.shape
    own, middle = torch.eye(channels)[:, :, None, None].expand(shape), size // 2
    tap, corner, second = torch.zeros(3, size, size)
    tap[middle, middle] = corner[0, 0] = second[1, 1] = 1
    right = own * tap
    rest = weight - right
    expect(
        weight.unique().numel() > 1,
        f"all weights are {weight.max():.3g}: each output channel is the same sum over "
        "the window and all channels. Which one of its weights must be 1?",
    )
    expect(
        rest[right > 0].any() or rest.unique().numel() < 3,
        "the middle of each channel's own kernel is 1, but the other weights are those "
        "drawn at random. They must be 0",
    )
    mistakes = {
        "the 1 is in a corner of the kernel: the picture moves": own * corner,
        f"the 1 is at [1, 1], the middle of 3×3. This kernel is {size}×{size}": (
            own * second
        ),
        "the whole window is 1: the output is a sum over the window": own,
        "the whole window counts alike: the output is blurred": own / size**2,
        "each output channel is the mean of all channels: the 1 belongs to its own "
        "channel only": tap.expand(shape) / channels,
        "each output channel is the sum of all channels: the 1 belongs to its own "
        "channel only": tap.expand(shape),
    }
    same(weight, right, mistakes, "the kernel")


@task(points=4)
def identity_norm(draw, function):
    channels, eps = integer(draw, 3, 6), integer(draw, 1, 5) / 20
    scale = 0.3 + torch.rand(channels, 1, 1, generator=draw)
    x = scale * torch.randn(5, channels, 4, 7, generator=draw) + 2 * scale + 0.5
    variance, mean = torch.var_mean(x, (0, 2, 3), correction=0)
    layer = ask(function, mean, variance, eps)
    fits = isinstance(layer, nn.BatchNorm2d)
    expect(fits, f"expected an nn.BatchNorm2d, got {kind(layer)}")
    expect(layer.eps == eps, f"its eps is {layer.eps}, asked for was {eps}")
    expect(
        not layer.training,
        "your layer is in training mode: it would use the statistics of each batch. "
        "Evaluation mode was asked for",
    )
    check_statistics(layer, mean, variance)
    check_scale(layer, mean, variance)
    other = 3 * torch.randn(3, channels, 5, 4, generator=draw)
    same(ask(layer, other), other, {}, "the output compared with the input")
    yield 3, "in evaluation mode the layer gives back its input"
    given = {"mean": mean, "variance": variance}
    kept = {name: tensor.clone() for name, tensor in given.items()}
    same(ask(layer.train(), x), x, {}, "the output in training mode")
    layer(other)
    for name, tensor in given.items():
        expect(
            torch.equal(tensor, kept[name]),
            f"when your layer trains, the tensor `{name}` that it was given changes: "
            "layer and caller share it. Copy the numbers, as with `copy_`",
        )
    yield 1, "in training mode too, on a batch that has these statistics"


def check_statistics(layer: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Hint unless it keeps the mean and the variance that were given."""
    expect(layer.running_mean is not None, "it keeps no statistics at all")
    off = "it may be an identity now, but training would begin with other numbers"
    default = {f"running_mean is still 0: {off}": torch.zeros_like(mean)}
    same(layer.running_mean, mean, default, "running_mean")
    one, eps = torch.ones_like(variance), layer.eps
    default = {
        f"running_var is still 1: {off}": one,
        f"running_var is 1 - eps, and not the variance that was given: {off}": one
        - eps,
        "eps is taken off the stored variance: batch norm adds its eps to it, and γ "
        "undoes both": variance - eps,
        "running_var holds the standard deviation, not the variance": variance.sqrt(),
    }
    same(layer.running_var, variance, default, "running_var")


def check_scale(layer: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Hint unless γ and β undo what these statistics do."""
    root = (variance + layer.eps).sqrt()
    mistakes = {
        "γ is still 1: nothing undoes the division by √(variance + eps)": (
            torch.ones_like(variance)
        ),
        "γ and β are exchanged: γ, called `weight`, undoes the division, and β, called "
        "`bias`, the subtraction": mean,
        "γ is √variance, but batch norm divides by √(variance + eps)": variance.sqrt(),
        "γ is the variance, but batch norm divides by √(variance + eps)": variance,
        "γ is variance + eps, but batch norm divides by its root": root**2,
        "γ is √variance + eps: the eps stands below the root": (
            variance.sqrt() + layer.eps
        ),
        "γ is 1 / √(variance + eps), so that the layer divides twice": 1 / root,
    }
    same(layer.weight, root, mistakes, "γ, the layer's `weight`")
    mistakes = {
        "β is still 0: the mean is taken away and not given back": 0 * mean,
        "β is -mean: the mean is taken away twice": -mean,
    }
    same(layer.bias, mean, mistakes, "β, the layer's `bias`")


@task(points=2)
def which_line(draw, line):
    the_line(line, 8, LINE_HINTS)
    mended = "`and module is not shallow[-1]` mends it"
    yield 2, f"line 8: after the last linear map logits may be negative. {mended}"

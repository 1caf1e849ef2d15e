"""Homework 2: wrong answers with words of their hints, and right ones."""

from math import log

import torch
from torch import nn
from torch.nn import functional as F

from lectures_lib import models


class Residual(nn.Module):
    """The right residual_block; the wrong ones change one of its methods."""

    def __init__(self, channels, size):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, size, padding=size // 2, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, size, padding=size // 2, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def first(self, x):
        return F.relu(self.norm1(self.conv1(x)))

    def branch(self, x):
        return self.norm2(self.conv2(self.first(x)))

    def skip(self, x):
        return x

    def end(self, branch, skip):
        return F.relu(branch + skip)

    def forward(self, x):
        return self.end(self.branch(x), self.skip(x))


def changed(base, **methods):
    """A class that is base but for these methods."""
    return type("Changed", (base,), methods)


def without(name):
    """A branch that leaves this layer out."""

    def branch(self, x):
        for layer in ("conv1", "norm1", "relu", "conv2", "norm2"):
            if layer != name:
                x = F.relu(x) if layer == "relu" else getattr(self, layer)(x)
        return x

    return branch


def add_in_place(self, x):
    x += self.branch(x)
    return F.relu(x)


def with_padding_one(self, channels, size):
    Residual.__init__(self, channels, size)
    self.conv1.padding = self.conv2.padding = (1, 1)


def with_half_padding(self, channels, size):
    Residual.__init__(self, channels, size)
    self.conv1 = nn.Conv2d(channels, channels, size, padding=size / 2, bias=False)


def with_bias(self, channels, size):
    Residual.__init__(self, channels, size)
    self.conv1 = nn.Conv2d(channels, channels, size, padding=size // 2)


def with_linear(self, channels, size):
    Residual.__init__(self, channels, size)
    self.norm2 = nn.Linear(channels, channels)


class ResidualInOneGo(nn.Module):
    def __init__(self, channels, kernel_size):
        super().__init__()
        shape = {"kernel_size": kernel_size, "padding": "same", "bias": False}
        self.conv1 = nn.Conv2d(channels, channels, **shape)
        self.conv2 = nn.Conv2d(channels, channels, **shape)
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x):
        out = self.norm1(self.conv1(x))
        out = self.norm2(self.conv2(out.clamp(min=0)))
        return torch.maximum(out.add(x), torch.zeros_like(x))


class ResidualInPlace(Residual):
    def forward(self, x):
        out = F.relu(self.norm1(self.conv1(x)), inplace=True)
        out = self.norm2(self.conv2(out))
        out += x
        return F.relu(out, inplace=True)


class Projection(Residual):
    """The right projection_block; the wrong ones change one of its methods."""

    def __init__(self, narrow, wide, stride):
        nn.Module.__init__(self)
        self.conv1 = nn.Conv2d(narrow, wide, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(wide)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(wide)
        self.projection = None
        if self.needs_projection(narrow, wide, stride):
            self.projection = nn.Conv2d(narrow, wide, 1, stride, bias=False)
            self.projection_norm = nn.BatchNorm2d(wide)

    def needs_projection(self, narrow, wide, stride):
        return narrow != wide or stride != 1

    def skip(self, x):
        if self.projection is None:
            return x
        return self.projection_norm(self.projection(x))


def with_layer(**layers):
    """A __init__ that replaces layers, each given as a function of the sizes."""

    def __init__(self, narrow, wide, stride):
        Projection.__init__(self, narrow, wide, stride)
        for name, layer in layers.items():
            setattr(self, name, layer(narrow, wide, stride))

    return __init__


def relu_before_norm(self, x):
    return self.norm1(F.relu(self.conv1(x)))


def relu_of_skip(self, x):
    return F.relu(Projection.skip(self, x))


def bare_projection(self, x):
    return x if self.projection is None else self.projection(x)


class ProjectionWithIdentity(nn.Module):
    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.projection = self.projection_norm = nn.Identity()
        if (in_channels, stride) != (out_channels, 1):
            self.projection = nn.Conv2d(
                in_channels, out_channels, 1, stride, bias=False
            )
            self.projection_norm = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        out = self.norm2(self.conv2(self.norm1(self.conv1(x)).relu()))
        return (out + self.projection_norm(self.projection(x))).relu()


class ProjectionWithBranches(nn.Module):
    def __init__(self, narrow, wide, stride):
        super().__init__()
        for name, norm, shape in (
            ("conv1", "norm1", (narrow, wide, 3, stride, 1)),
            ("conv2", "norm2", (wide, wide, 3, 1, 1)),
            ("projection", "projection_norm", (narrow, wide, 1, stride, 0)),
        ):
            if name != "projection" or stride > 1 or narrow != wide:
                setattr(self, name, nn.Conv2d(*shape, bias=False))
                setattr(self, norm, nn.BatchNorm2d(wide))

    def forward(self, x):
        skip = x
        if hasattr(self, "projection"):
            skip = self.projection_norm(self.projection(x))
        relu = nn.ReLU()
        return relu(skip + self.norm2(self.conv2(relu(self.norm1(self.conv1(x))))))


def idle_norm(narrow, wide, stride):
    return nn.BatchNorm2d(wide)


# When a block gets a projection: each forgets a case.
ONLY_SOMETIMES = (
    lambda self, n, w, stride: n * stride != w,
    lambda self, n, w, stride: n < w or stride != 1,
    lambda self, n, w, stride: n != w or stride == 2,
)
COUNTED_SOMETIMES = (
    lambda n, w, stride: n * stride != w,
    lambda n, w, stride: n < w or stride != 1,
    lambda n, w, stride: n != w or stride == 2,
    lambda n, w, stride: w == 2 * n or stride != 1,
)


def changes(narrow, wide, stride):
    return narrow != wide or stride != 1


def counted(one=lambda a, b: a * b + 2 * b, where=changes, options=True):
    """extra_parameters with another count for one projection, or other blocks."""

    def extra_parameters(blocks, option):
        if option == "A" and options:
            return 0
        every = option == "C" and options
        return sum(one(a, b) for a, b, s in blocks if every or where(a, b, s))

    return extra_parameters


def by_loop(blocks, option):
    total = 0
    for in_channels, out_channels, stride in blocks:
        changed = in_channels != out_channels or stride > 1
        if option == "C" or (option == "B" and changed):
            total += in_channels * out_channels
            total += 2 * out_channels
    return total


def only_one_block(place):
    """The count for one block of the list: `return` in the loop, or `=` for `+=`."""
    return lambda blocks, option: by_loop([blocks[place]], option)


def stride_in_every_option(blocks, option):
    count = 0
    for a, b, s in blocks:
        if option == "C" or (option == "B" and a != b) or s > 1:  # as Python reads it
            count += a * b + 2 * b
    return count


def by_building(blocks, option):
    layers = []
    for a, b, stride in blocks:
        if {"A": False, "B": changes(a, b, stride), "C": True}[option]:
            layers += [nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b)]
    return sum(p.numel() for layer in layers for p in layer.parameters())


class Highway(nn.Module):
    """The right highway_block; the wrong ones change one of its methods."""

    def __init__(self, layers, channels, carry):
        super().__init__()
        self.layers = layers
        self.gate = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.constant_(self.gate.bias, self.start(carry))

    def start(self, carry):
        return log((1 - carry) / carry)

    def opened(self, x):
        return torch.sigmoid(self.gate(x))

    def mix(self, t, h, x):
        return t * h + (1 - t) * x

    def forward(self, x):
        return self.mix(self.opened(x), self.layers(x), x)


def highway_of(fill):
    """A __init__ that fills the gate's weight, too."""

    def __init__(self, layers, channels, carry):
        Highway.__init__(self, layers, channels, carry)
        fill(self.gate.weight)

    return __init__


def sigmoid_of_share(self, carry):
    return torch.sigmoid(torch.tensor(1 - carry)).item()


def gate_behind_layers(self, x):
    h = self.layers(x)
    return self.mix(self.opened(h), h, x)


def gate_of(make):
    """A highway block's __init__ with another gate, a function of the channels."""

    def __init__(self, layers, channels, carry):
        nn.Module.__init__(self)
        self.layers, self.gate = layers, make(channels)

    return __init__


def layers_in_a_list(self, layers, channels, carry):
    Highway.__init__(self, layers, channels, carry)
    del self.layers
    self.kept = [layers]


def from_the_list(self, x):
    return self.mix(self.opened(x), self.kept[0](x), x)


def bias_by(fill):
    """A highway block's __init__ that writes the bias in its own way."""

    def __init__(self, layers, channels, carry):
        gate_of(lambda c: nn.Conv2d(c, c, 3, padding=1))(self, layers, channels, carry)
        fill(self.gate, log((1 - carry) / carry))

    return __init__


def assign_bias(gate, number):
    gate.bias = number


class HighwayByDifference(nn.Module):
    def __init__(self, layers, channels, carry):
        super().__init__()
        self.layers, self.gate = layers, nn.Conv2d(channels, channels, 3, 1, 1)
        self.gate.bias.data.fill_(torch.logit(torch.tensor(1 - carry)).item())

    def forward(self, x):
        gate = self.gate(x).sigmoid()
        return x + gate * (self.layers(x) - x)


class HighwayOfAnyName(nn.Module):
    def __init__(self, layers, channels, carry):
        super().__init__()
        self.inner, self.gate = layers, nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.constant_(self.gate.bias, log(1 - carry) - log(carry))

    def forward(self, x):
        share = torch.sigmoid(-self.gate(x))
        return share * x + (1 - share) * self.inner(x)


class HighwayByLerp(nn.Module):
    def __init__(self, layers, channels, carry):
        super().__init__()
        self.layers = layers
        self.gate = nn.Conv2d(channels, channels, (3, 3), padding="same")
        with torch.no_grad():
            self.gate.bias[:] = -log(1 / (1 - carry) - 1)

    def forward(self, x):
        return torch.lerp(x, self.layers(x), 1 / (1 + torch.exp(-self.gate(x))))


WRONG = {
    "residual_block": [
        (changed(Residual, end=lambda _, b, s: F.relu(b) + s), "after* the last ReLU"),
        (
            changed(Residual, end=lambda _, b, s: F.relu(F.relu(b) + s)),
            "can take nothing away",
        ),
        (changed(Residual, end=lambda _, b, s: b + s), "no ReLU after the sum"),
        (changed(Residual, end=lambda _, b, s: F.relu(b)), "the skip is missing"),
        (changed(Residual, end=lambda _, b, s: F.relu(b - s)), "is subtracted"),
        (
            changed(Residual, skip=lambda _, x: F.relu(x)),
            "the skip goes through a ReLU",
        ),
        (
            changed(Residual, end=lambda _, b, s: F.relu(b) + F.relu(s)),
            "each is cut at zero before the sum",
        ),
        (changed(Residual, first=relu_before_norm), "ReLU comes before `norm1`"),
        (changed(Residual, __init__=with_half_padding), "rounded down"),
        (changed(Residual, skip=Residual.first), "begins after the first ReLU"),
        (changed(Residual, skip=lambda _, x: x.detach()), "the input was detached"),
        (changed(Residual, forward=add_in_place), "changes its argument number 1"),
        (changed(Residual, branch=without("norm1")), "`norm1` is not used"),
        (changed(Residual, branch=without("norm2")), "`norm2` is not used"),
        (changed(Residual, branch=without("relu")), "there is no ReLU"),
        (changed(Residual, __init__=with_padding_one), "`conv1` has padding 1"),
        (changed(Residual, __init__=with_bias), "`conv1` has a bias"),
        (changed(Residual, __init__=with_linear), "`self.norm2` should be"),
        (lambda channels, _: models.Block(channels, channels), "it calls Block"),
        (lambda channels, _: Residual(channels, 3), "asked for was"),
    ],
    "preactivation": [
        ([4, 5, 1, 6, 8, 7, 2, 3], "has changed x already: `x = norm1(x)`"),
        ([4, 1, 6, 8, 7, 2, 5, 3], "must keep what comes into the block"),
        ([5, 6, 4, 1, 2, 8, 3, 7], "after the addition comes `x = F.relu(x)`"),
        ([5, 4, 1, 6, 8, 7, 3, 2], "after the addition comes `x = conv2(x)`"),
        ([5, 4, 1, 2, 8, 7, 6, 3], "`conv2` comes before `conv1`"),
        ([5, 6, 4, 1, 2, 8, 7, 3], "Read it from the inside"),
        ([5, 8, 1, 6, 4, 7, 2, 3], "Read it from the inside"),
        ([5, 1, 4, 6, 7, 8, 2, 3], "between a batch norm and a convolution"),
        ([3, 5, 4, 1, 6, 8, 7, 2], "there is no skip yet"),
        ([5, 4, 1, 6, 8, 2, 3], "each of 1 to 8 once"),
    ],
    "projection_block": [
        (
            changed(Projection, end=lambda _, b, s: F.relu(b) + s),
            "after* the last ReLU",
        ),
        (changed(Projection, end=lambda _, b, s: b + s), "no ReLU after the sum"),
        *(
            (changed(Projection, needs_projection=needed), "without a projection")
            for needed in ONLY_SOMETIMES
        ),
        (
            changed(Projection, skip=lambda self, x: Projection.skip(self, x.detach())),
            "no gradient comes back through the skip",
        ),
        (
            changed(Projection, __init__=with_layer(projection_norm=idle_norm)),
            "`projection_norm` is there without",
        ),
        (changed(Projection, end=lambda _, b, s: F.relu(b)), "the skip is missing"),
        (changed(Projection, skip=bare_projection), "`projection_norm` is not used"),
        (changed(Projection, skip=relu_of_skip), "the skip goes through a ReLU"),
        (changed(Projection, skip=lambda _, x: x), "and what is added to it"),
        (
            changed(Projection, needs_projection=lambda *_: True),
            "that would be option C",
        ),
        (
            changed(Projection, needs_projection=lambda _, a, b, s: a != b),
            "does not fit without a projection",
        ),
        (
            changed(Projection, needs_projection=lambda _, a, b, s: s != 1),
            "the channels change, and the input does not fit",
        ),
        (
            changed(Projection, needs_projection=lambda *_: False),
            "does not fit without a projection",
        ),
        (
            changed(
                Projection,
                __init__=with_layer(
                    conv1=lambda a, b, s: nn.Conv2d(a, b, 3, s, 1),
                    conv2=lambda a, b, s: nn.Conv2d(b, b, 3, 1, 1),
                ),
            ),
            "leave it out of each convolution",
        ),
        (changed(Projection, first=relu_before_norm), "ReLU comes before `norm1`"),
        (
            changed(
                Projection,
                __init__=with_layer(
                    conv1=lambda a, b, s: nn.Conv2d(a, b, 3, 1, 1, bias=False),
                    conv2=lambda a, b, s: nn.Conv2d(b, b, 3, s, 1, bias=False),
                ),
            ),
            "`conv1` has stride 1, asked for was 2",
        ),
        (
            changed(
                Projection,
                __init__=with_layer(
                    conv2=lambda a, b, s: nn.Conv2d(b, b, 3, s, 1, bias=False)
                ),
            ),
            "`conv2` has stride 2, asked for was 1",
        ),
        (
            changed(
                Projection,
                __init__=with_layer(
                    projection=lambda a, b, s: nn.Conv2d(a, b, 1, bias=False)
                ),
            ),
            "`projection` has stride 1, asked for was 2",
        ),
        (
            changed(
                Projection,
                __init__=with_layer(projection=lambda a, b, s: nn.Conv2d(a, b, 1, s)),
            ),
            "`projection` has a bias",
        ),
        (
            changed(
                Projection,
                __init__=with_layer(
                    projection=lambda a, b, s: nn.Conv2d(a, b, 3, s, 1, bias=False)
                ),
            ),
            "the weight of `projection` has shape",
        ),
        (
            changed(
                Projection,
                __init__=with_layer(
                    conv1=lambda a, b, s: nn.Conv2d(a, b, 3, s, bias=False)
                ),
            ),
            "`conv1` has padding 0",
        ),
        (
            lambda *shape: models.Block(*shape, kind="residual", shortcut="B"),
            "it calls Block",
        ),
    ],
    "extra_parameters": [
        (counted(lambda a, b: a * b), "batch norm is missing"),
        (counted(lambda a, b: a * b + b), "batch norm has γ *and* β"),
        (counted(lambda a, b: a * b + 3 * b), "beside its batch norm"),
        (counted(lambda a, b: a * b + 4 * b), "running statistics are counted"),
        (counted(lambda a, b: a * b + 4 * b + 1), "running statistics are counted"),
        (counted(lambda a, b: float(a * b + 2 * b)), "a count is a whole number"),
        *((counted(where=where), "some blocks") for where in COUNTED_SOMETIMES),
        (only_one_block(0), "one block alone"),
        (only_one_block(-1), "one block alone"),
        (stride_in_every_option, "`and` binds before `or`"),
        (counted(lambda a, b: 9 * a * b + 2 * b), "not 3×3"),
        (counted(lambda a, b: a * b + 2 * a), "channel that comes *out*"),
        (counted(where=lambda a, b, s: a != b), "with stride 2 that keeps"),
        (counted(where=lambda a, b, s: s != 1), "with stride 1 is left out"),
        (counted(where=lambda a, b, s: a != b and s != 1), "either is enough"),
        (counted(where=lambda *_: True), "that is option C"),
        (counted(options=False), "option A pads with zeros"),
        (
            lambda blocks, option: 0 if option == "A" else counted()(blocks, "B"),
            "a projection in every block",
        ),
        (lambda *_: 173824, "is not right"),
    ],
    "highway_block": [
        (changed(Highway, __init__=highway_of(nn.init.zeros_)), "are not those drawn"),
        (
            changed(Highway, __init__=highway_of(lambda w: nn.init.constant_(w, 0.3))),
            "are not those drawn",
        ),
        (changed(Highway, mix=lambda _, t, h, x: t * x + (1 - t) * h), "are swapped"),
        (changed(Highway, opened=lambda self, x: self.gate(x)), "has no sigmoid"),
        (changed(Highway, opened=lambda self, x: self.gate(x).tanh()), "is a tanh"),
        (changed(Highway, forward=gate_behind_layers), "from what the layers give"),
        (changed(Highway, mix=lambda _, t, h, x: t * h + x), "x is added whole"),
        (changed(Highway, mix=lambda _, t, h, x: h + (1 - t) * x), "H is added whole"),
        (
            changed(Highway, mix=lambda _, t, h, x: F.relu(t * h + (1 - t) * x)),
            "a ReLU after the sum",
        ),
        (changed(Highway, __init__=bias_by(assign_bias)), "under `torch.no_grad()`"),
        (
            changed(Highway, __init__=bias_by(lambda g, b: g.bias.fill_(b))),
            "under `torch.no_grad()`",
        ),
        (changed(Highway, mix=lambda _, t, h, x: t * h), "x is missing"),
        (changed(Highway, mix=lambda _, t, h, x: t * (h + x)), "weighed with T"),
        (changed(Highway, start=lambda _, c: log(c / (1 - c))), "the sign is wrong"),
        (changed(Highway, start=lambda _, c: 1 - c), "the bias is 1 - carry itself"),
        (changed(Highway, start=lambda _, c: c), "the bias is `carry` itself"),
        (changed(Highway, start=lambda _, c: log(1 - c)), "logarithm of 1 - carry"),
        (changed(Highway, start=lambda _, c: log(c)), "logarithm of carry"),
        (
            changed(Highway, start=lambda _, c: (1 - c) / c),
            "undoes the exponential",
        ),
        (changed(Highway, start=sigmoid_of_share), "the sigmoid of 1 - carry"),
        (changed(Highway, start=lambda *_: -2.0), "whatever `carry` is"),
        (changed(Highway, start=lambda *_: 0.0), "starts half open"),
        (
            changed(
                Highway,
                __init__=gate_of(lambda c: nn.Conv2d(c, c, 3, padding=1)),
            ),
            "still the one drawn at random",
        ),
        (
            changed(Highway, __init__=gate_of(lambda c: nn.Conv2d(c, 1, 3, padding=1))),
            "the gate's weight has shape (1,",
        ),
        (
            changed(Highway, __init__=gate_of(lambda c: nn.Conv2d(c, c, 3))),
            "the gate has padding 0",
        ),
        (
            changed(Highway, __init__=gate_of(lambda c: nn.Linear(c, c))),
            "should be an nn.Conv2d, with a bias",
        ),
        (
            changed(Highway, __init__=layers_in_a_list, forward=from_the_list),
            "else they are not trained",
        ),
    ],
    "which_line": [
        (1, "what goes in"),
        (3, "makes zeros of whatever comes in"),
        (4, "nobody else needs that"),
        (5, "makes zeros of whatever comes in"),
        (6, "still what came in"),
        (7, "from 1 to 6"),
    ],
}

RIGHT = {
    "residual_block": [Residual, ResidualInOneGo, ResidualInPlace],
    "preactivation": [[5, 4, 1, 6, 8, 7, 2, 3], [5, 4, 7, 6, 8, 1, 2, 3]],
    "projection_block": [Projection, ProjectionWithIdentity, ProjectionWithBranches],
    "extra_parameters": [counted(), by_loop, by_building],
    "highway_block": [Highway, HighwayByDifference, HighwayByLerp, HighwayOfAnyName],
    "which_line": [2],
}

"""Homework 2, residual blocks: what the answers are compared with."""

from collections.abc import Callable
from math import exp, log

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lectures_lib.homework import (
    Hint,
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

LIBRARY = ("lectures_lib.models.Block",)
LINES = (
    "x = F.relu(x)",
    "x = conv2(x)",
    "x = x + skip",
    "x = norm1(x)",
    "skip = x",
    "x = conv1(x)",
    "x = F.relu(x)",
    "x = norm2(x)",
)
LEFT_OUT = {  # what an answer may take for a change of shape, and what it forgets
    "a block with stride 2 that keeps its channels is left out: its shape changes "
    "too": lambda wider, _: wider != 1,
    "a block that changes its channels with stride 1 is left out": (
        lambda _, stride: stride != 1
    ),
    "a block of which only the channels change, or only height and width, is left "
    "out: either is enough": lambda wider, stride: wider != 1 and stride != 1,
    "some blocks that need a projection are left out: stride times channels in is not "
    "channels out, but the shape may change": lambda wider, stride: stride != wider,
    "some blocks that need a projection are left out: channels may become fewer, too": (
        lambda wider, stride: wider > 1 or stride != 1
    ),
    "some blocks that need a projection are left out: a stride may be 3, too": (
        lambda wider, stride: wider != 1 or stride == 2
    ),
    "some blocks that need a projection are left out: channels need not be doubled": (
        lambda wider, stride: wider == 2 or stride != 1
    ),
}
LINE_HINTS = {
    1: "it says what goes in: the picture and two kernels",
    3: "all its weights are zero, so that it makes zeros of whatever comes in",
    4: "it works in place too, but on what line 3 has made: nobody else needs that",
    5: "all its weights are zero, so that it makes zeros of whatever comes in",
    6: "it adds zeros to `x`, as it should, if `x` is still what came in. Is it?",
}


def redraw(module: nn.Module, draw: torch.Generator) -> None:
    """Draw all parameters anew, so that no γ is 1 and no β is 0."""
    with torch.no_grad():
        for weight in module.parameters():
            fan_in = weight[0].numel() if weight.dim() > 1 else 1
            weight.copy_(torch.randn(weight.shape, generator=draw) / fan_in**0.5)


def convolve(x: Tensor, layer: nn.Conv2d, stride: int = 1) -> Tensor:
    """With the student's weights, and the stride that was asked for."""
    padding = layer.weight.shape[-1] // 2
    return F.conv2d(x, layer.weight, layer.bias, stride, padding)


def normalise(x: Tensor, layer: nn.BatchNorm2d) -> Tensor:
    """As in training, with the student's γ and β; nothing is kept."""
    return F.batch_norm(x, None, None, layer.weight, layer.bias, True, eps=layer.eps)


def check_layer(block: nn.Module, name: str, shape: tuple, stride: int = 1) -> None:
    """Hint when a layer is missing, or no convolution or batch norm as asked for."""
    layer = getattr(block, name, None)
    wanted = nn.Conv2d if len(shape) == 4 else nn.BatchNorm2d
    expect(
        isinstance(layer, wanted),
        f"`self.{name}` should be an nn.{wanted.__name__}, it is "
        f"{'missing' if layer is None else kind(layer)}",
    )
    seen = tuple(layer.weight.shape)
    expect(
        seen == shape, f"the weight of `{name}` has shape {seen}, asked for was {shape}"
    )
    if wanted is nn.BatchNorm2d:
        return
    size, padding = shape[2], layer.padding
    if padding == (..., ...):
        raise NotDone
    expect(
        padding in ("same", (size // 2, size // 2)),
        f"`{name}` has padding {padding[0]}. With a window of {size}×{size} height "
        "and width then change, and the skip does not fit. How far does the window "
        "reach over each edge?"
        + (" Half of it, rounded down: `//`" if padding[0] == size / 2 else ""),
    )
    expect(
        layer.bias is None,
        f"`{name}` has a bias: batch norm takes it away again, with the mean. Here "
        "leave it out of each convolution",
    )
    expect(
        layer.stride == (stride, stride),
        f"`{name}` has stride {layer.stride[0]}, asked for was {stride}: the stride "
        "belongs to the first convolution and to the projection",
    )


def branch_mistakes(
    block: nn.Module, x: Tensor, skip: Tensor, stride: int = 1
) -> tuple[Tensor, dict[str, Tensor]]:
    """ReLU(F(x) + skip), and hints with what other blocks of these layers give."""
    start = convolve(x, block.conv1, stride)
    first = F.relu(normalise(start, block.norm1))
    last = convolve(first, block.conv2)
    branch = normalise(last, block.norm2)
    no_relu = normalise(
        convolve(normalise(start, block.norm1), block.conv2), block.norm2
    )
    late_norm = normalise(
        convolve(normalise(F.relu(start), block.norm1), block.conv2), block.norm2
    )
    no_norm = normalise(convolve(F.relu(start), block.conv2), block.norm2)
    return F.relu(branch + skip), {
        "your block adds the input *after* the last ReLU: the branch is cut at zero "
        "before it is added": F.relu(branch) + skip,
        "the branch goes through a ReLU before it is added, and can take nothing away. "
        "One ReLU after the sum is enough": F.relu(F.relu(branch) + skip),
        "the branch goes through a ReLU, and the skip too: each is cut at zero before "
        "the sum. One ReLU after the sum is enough": F.relu(branch) + F.relu(skip),
        "there is no ReLU after the sum": branch + skip,
        "the skip is missing: this is the plain block": F.relu(branch),
        "the skip begins after the first ReLU. It carries what comes into the block": (
            F.relu(branch + first)
        ),
        "what is on the skip goes through a ReLU before it is added. It should stay as "
        "it is": F.relu(branch + F.relu(skip)),
        "the input is subtracted, not added": F.relu(branch - skip),
        "`norm2` is not used": F.relu(last + skip),
        "`norm1` is not used": F.relu(no_norm + skip),
        "between the two convolutions there is no ReLU": F.relu(no_relu + skip),
        "the first ReLU comes before `norm1`: it belongs after the batch norm": (
            F.relu(late_norm + skip)
        ),
    }


@task(points=3, forbidden=LIBRARY)
def residual_block(draw, block_class):
    channels, size = integer(draw, 3, 6), 5 + 2 * integer(draw, 0, 1)
    block = ask(block_class, channels, size)
    for name in ("conv1", "conv2"):
        check_layer(block, name, (channels, channels, size, size))
    for name in ("norm1", "norm2"):
        check_layer(block, name, (channels,))
    redraw(block, draw)
    x = torch.randn(3, channels, 8, 9, generator=draw)
    right, mistakes = branch_mistakes(block, x, x)
    same(ask(block, x), right, mistakes, "the block's output")
    yield 2, "the block adds its input before the last ReLU"
    check_skip(block, x)
    yield 1, "the gradient comes back through the skip, unchanged"


def check_skip(block: nn.Module, x: Tensor) -> None:
    """The gradient of a block that keeps its shape, when the branch gives zeros."""
    with torch.no_grad():
        block.norm2.weight.zero_()
        block.norm2.bias.zero_()
    x = x.abs().requires_grad_()
    out = ask(block, x)
    cut = "the output is right, but no gradient comes back through the skip: the input "
    cut += "was detached. All that is between output and input must stay connected"
    expect(out.requires_grad, cut)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    same(gradient, torch.ones_like(x), {cut: 0 * x}, "the gradient at the input")


@task(points=2)
def preactivation(draw, order):
    channels = integer(draw, 3, 6)
    names = {"F": F}
    for number in (1, 2):
        names[f"conv{number}"] = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        names[f"norm{number}"] = nn.BatchNorm2d(channels)
    for module in list(names.values())[1:]:
        redraw(module, draw)
    x = torch.randn(3, channels, 6, 7, generator=draw)

    def run(order):
        early = "`x + skip` stands before `skip = x`: there is no skip yet"
        return run_in_order(LINES, order, names | {"x": x}, early)["x"]

    found = run(order)
    if not torch.allclose(found, run([5, 4, 1, 6, 8, 7, 2, 3]), 1e-4, 1e-4):
        raise Hint(misplaced(order))
    yield 2, "batch norm, ReLU, convolution, twice; and the skip goes around all of it"


def misplaced(order: list[int]) -> str:
    """The hint for the first of the lines that is out of place."""
    at = {number: place for place, number in enumerate(order)}
    if at[5] != 0:
        return (
            "`skip = x` must keep what comes into the block. In your order a line "
            f"before it has changed x already: `{LINES[order[0] - 1]}`"
        )
    if at[3] != 7:
        return (
            f"after the addition comes `{LINES[order[7] - 1]}`. In this block nothing "
            "does: what is on the skip leaves the block as it came"
        )
    if at[6] > at[2]:
        return "`conv2` comes before `conv1`"
    if not at[4] < at[6] < at[8] < at[2]:
        return (
            "in the formula each convolution gets what a batch norm and a ReLU have "
            "made. Read it from the inside to the outside: which norm comes first, and "
            "what comes between `norm1` and `norm2`?"
        )
    return "each ReLU belongs between a batch norm and a convolution"


@task(points=6, forbidden=LIBRARY)
def projection_block(draw, block_class):
    narrow = integer(draw, 3, 5)
    wide = narrow + integer(draw, 2, 4)
    block = projecting(block_class, narrow, wide, 2)
    yield 2, "where the shape changes, the layers and their strides are right"
    check_projection(draw, block, 2)
    yield 1, "and the projected input is added before the last ReLU"

    block = ask(block_class, wide, wide, 1)
    check_layers(block, wide, wide, 1)
    count = sum(weight.numel() for weight in block.parameters())
    plain = 18 * wide**2 + 4 * wide
    option_c = plain + wide**2 + 2 * wide
    hint = "a block that keeps its shape needs no projection (that would be option C)"
    idle = "`projection_norm` is there without a projection: make neither of the two"
    mistakes = {hint: option_c, idle: plain + 2 * wide}
    same(count, plain, mistakes, "the number of parameters of such a block")
    redraw(block, draw)
    x = torch.randn(3, wide, 6, 5, generator=draw)
    right, mistakes = branch_mistakes(block, x, x)
    same(ask(block, x), right, mistakes, "the output of a block that keeps its shape")
    check_skip(block, x)
    yield 1, "where it does not, the input itself is added"

    for stride in (2, 3):
        check_projection(draw, projecting(block_class, narrow, narrow, stride), stride)
    check_projection(draw, projecting(block_class, narrow, 2 * narrow, 2), 2)
    yield 1, "a stride alone changes the shape too"
    for shape in ((narrow, wide), (wide, narrow)):
        check_projection(draw, projecting(block_class, *shape, 1), 1)
    yield 1, "channels alone change the shape too"


def check_layers(block: nn.Module, narrow: int, wide: int, stride: int) -> None:
    """The two convolutions of the branch and their norms."""
    check_layer(block, "conv1", (wide, narrow, 3, 3), stride)
    check_layer(block, "conv2", (wide, wide, 3, 3))
    check_layer(block, "norm1", (wide,))
    check_layer(block, "norm2", (wide,))


def projecting(block_class: Callable, narrow: int, wide: int, stride: int) -> nn.Module:
    """The student's block that changes the shape, with all layers that it needs."""
    block = ask(block_class, narrow, wide, stride)
    check_layers(block, narrow, wide, stride)
    changed = ["the channels"] * (narrow != wide)
    changed += ["height and width"] * (stride != 1)
    expect(
        getattr(block, "projection", None) is not None,
        f"{narrow} channels go in, {wide} come out, with stride {stride}: "
        f"{', '.join(changed)} change, and the input does not fit without a projection",
    )
    check_layer(block, "projection", (wide, narrow, 1, 1), stride)
    check_layer(block, "projection_norm", (wide,))
    return block


def check_projection(draw: torch.Generator, block: nn.Module, stride: int) -> None:
    """Its output, on odd sizes, so that rounding shows."""
    redraw(block, draw)
    x = torch.randn(3, block.conv1.in_channels, 9, 7, generator=draw)
    projected = F.conv2d(x, block.projection.weight, None, stride)
    skip = normalise(projected, block.projection_norm)
    right, mistakes = branch_mistakes(block, x, skip, stride)
    mistakes |= {
        "`projection_norm` is not used": branch_mistakes(block, x, projected, stride)[
            0
        ],
    }
    try:
        out = ask(block, x)
    except Hint as hint:
        expect(
            "must match" not in str(hint),
            f"the branch gives {tuple(right.shape)}, and what is added to it has "
            "another shape. Does the input go through the projection and its norm?",
        )
        raise
    same(out, right, mistakes, "the block's output")


@task(points=3)
def extra_parameters(draw, function):
    a, b = 4 * integer(draw, 1, 3), 16 + 4 * integer(draw, 1, 3)

    def asked(blocks, option):
        found = ask(function, blocks, option)
        whole = f"got {kind(found)}: a count is a whole number, without a point"
        expect(not isinstance(found, float), whole)
        return found

    one = asked([(a, b, 2)], "B")
    what = f"the number for one block, {(a, b, 2)}, and B"
    same(one, a * b + 2 * b, other_projections(a, b), what)
    yield 1, "option B: what one projection costs"

    shapes = [(a, a, 1)] * integer(draw, 1, 3) + [(a, b, 2), (b, b, 2)]
    shapes += [(b, 2 * b, 1)] + [(2 * b, 2 * b, 1)] * integer(draw, 1, 3)
    shapes += [(2 * b, b, 1), (b, b, 3), (2 * b, 4 * b, 2), (2 * b, 6 * b, 1)]
    shapes += [(6 * b, 6 * b, 1)]
    right = count(shapes, lambda wider, stride: wider != 1 or stride != 1)
    everywhere = count(shapes, lambda *_: True)
    mistakes = {
        **{hint: count(shapes, where) for hint, where in LEFT_OUT.items()},
        "every block is counted: that is option C": everywhere,
        "one block alone is looked at, the first or the last: does a `return` stand in "
        "the loop, or `=` where `+=` belongs?": 0,
    }
    same(asked(shapes, "B"), right, mistakes, f"the number for {shapes} and B")
    yield 1, "option B: a projection where the shape changes, and only there"
    mistakes = {
        "option A pads with zeros: nothing to learn": right,
        "with option A blocks whose stride is not 1 are counted: `and` binds before "
        "`or`, so put what changes the shape in parentheses": (
            count(shapes, lambda _, stride: stride != 1)
        ),
    }
    same(asked(shapes, "A"), 0, mistakes, "the number for option A")
    mistakes = {"option C has a projection in every block": right}
    same(asked(shapes, "C"), everywhere, mistakes, "the number for option C")
    yield 1, "option A: none; option C: everywhere"


def count(shapes: list[tuple], where: Callable) -> int:
    """The parameters of the projections of those blocks that are chosen.

    Args:
        where: takes channels out over channels in, and the stride.
    """
    return sum(a * b + 2 * b for a, b, stride in shapes if where(b / a, stride))


def other_projections(a: int, b: int) -> dict[str, int]:
    """Hints with other counts for a projection from a to b channels."""
    return {
        "the projection's batch norm is missing: its γ and β": a * b,
        "one number for each output channel is missing: batch norm has γ *and* β, and "
        "the convolution has no bias": a * b + b,
        "the projection has a bias beside its batch norm, which takes it away again": (
            a * b + 3 * b
        ),
        "batch norm's running statistics are counted: they are measured, not learned": (
            a * b + 4 * b
        ),
        "batch norm's running statistics are counted, and its counter of batches: they "
        "are measured, not learned": a * b + 4 * b + 1,
        "a projection is a 1×1 convolution, not 3×3": 9 * a * b + 2 * b,
        "batch norm has a γ and a β for each channel that comes *out*": a * b + 2 * a,
    }


@task(points=5, forbidden=LIBRARY)
def highway_block(draw, block_class):
    channels, carry = integer(draw, 3, 6), 0.6 + integer(draw, 0, 6) / 20
    layers = nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.Tanh())
    redraw(layers, draw)
    block = ask(block_class, layers, channels, carry)
    check_gate(block, layers, channels)
    gate = block.gate
    start, weights = gate.bias.detach().clone(), gate.weight.detach().clone()
    redraw(gate, draw)
    x = torch.randn(2, channels, 7, 6, generator=draw)
    h, t = layers(x), torch.sigmoid(convolve(x, gate))
    mistakes = highway_mistakes(x, h, gate)
    same(ask(block, x), t * h + (1 - t) * x, mistakes, "the block's output")
    yield 3, "the gate weighs the layers, and what is left of 1 goes to the input"

    scale = weights.std() * (9 * channels) ** 0.5  # nn.Conv2d draws with 1 / √3
    drawn = "the gate's weights are not those drawn: only its bias is to be set"
    expect(0.4 < scale < 0.8, drawn)
    expect(start.std() < 1e-4, "the gate's bias is still the one drawn at random")
    values = other_biases(carry)
    mistakes = {hint: torch.full_like(start, value) for hint, value in values.items()}
    right = torch.full_like(start, log((1 - carry) / carry))
    same(start, right, mistakes, "the gate's bias")
    yield 2, "at the start it passes on the asked share of its input"


def check_gate(block: nn.Module, layers: nn.Module, channels: int) -> None:
    """Hint unless the gate is as asked for, and all is trained that should be."""
    gate = getattr(block, "gate", None)
    fits = isinstance(gate, nn.Conv2d) and gate.bias is not None
    expect(fits, "`self.gate` should be an nn.Conv2d, with a bias")
    shape, seen = (channels, channels, 3, 3), tuple(gate.weight.shape)
    expect(seen == shape, f"the gate's weight has shape {seen}, asked for was {shape}")
    expect(
        gate.padding in ("same", (1, 1)),
        f"the gate has padding {gate.padding[0]}, and then T has another height and "
        "width than x",
    )
    expect(
        sum(w.numel() for w in block.parameters())
        == sum(w.numel() for w in (*layers.parameters(), *gate.parameters())),
        "the block's parameters should be those of `layers` and of the gate: keep the "
        "layers as a part of the block, such as `self.layers`: else they are not "
        "trained",
    )


def highway_mistakes(x: Tensor, h: Tensor, gate: nn.Conv2d) -> dict[str, Tensor]:
    """Hints with what other mixtures give of the input x and of what the layers give.

    The right one is t · h + (1 − t) · x.
    """
    opened = convolve(x, gate)
    t, late = torch.sigmoid(opened), torch.sigmoid(convolve(h, gate))
    return {
        "T and 1 - T are swapped: T weighs what the layers compute": t * x
        + (1 - t) * h,
        "the gate has no sigmoid: it is any number, and not between 0 and 1": (
            opened * h + (1 - opened) * x
        ),
        "the gate's sigmoid is a tanh: between -1 and 1": (
            opened.tanh() * h + (1 - opened.tanh()) * x
        ),
        "the gate is computed from what the layers give. It is to be computed from the "
        "input x": late * h + (1 - late) * x,
        "x is added whole: with coupled gates it counts 1 - T": t * h + x,
        "x is missing: it counts 1 - T": t * h,
        "H is added whole: it counts T": h + (1 - t) * x,
        "there is a ReLU after the sum: what is carried on should come out as it is": (
            F.relu(t * h + (1 - t) * x)
        ),
        "both are weighed with T: x counts 1 - T": t * (h + x),
    }


def other_biases(carry: float) -> dict[str, float]:
    """Hints with numbers that the gate's bias may be instead of the right one."""
    return {
        "the sign is wrong: now T, and not 1 - T, is `carry`": log(carry / (1 - carry)),
        "the bias is 1 - carry itself. It goes through the sigmoid, which you have to "
        "undo": 1 - carry,
        "the bias is `carry` itself. It goes through the sigmoid, which you have to "
        "undo, and it is T's": carry,
        "the bias is the logarithm of 1 - carry: solve sigmoid(b) = 1 - carry for b": (
            log(1 - carry)
        ),
        "the bias is the logarithm of carry: solve sigmoid(b) = 1 - carry for b": (
            log(carry)
        ),
        "the bias is (1 - carry) / carry. The sigmoid is 1 / (1 + exp(-b)): what "
        "undoes the exponential is missing": (1 - carry) / carry,
        "the bias is the sigmoid of 1 - carry. It goes through the sigmoid again: that "
        "has to be undone": 1 / (1 + exp(carry - 1)),
        "the bias is -2, whatever `carry` is": -2.0,
        "the bias is 0: the gate starts half open": 0.0,
    }


@task(points=2)
def which_line(draw, line):
    the_line(line, 2, LINE_HINTS)
    yield 2, "line 2 writes into `x` itself, and line 6 adds what is left of it"

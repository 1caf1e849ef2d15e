"""Homework 3, the ResNet table: what the answers are compared with."""

from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional as F

from lectures_lib.homework import (
    Hint,
    NotDone,
    ask,
    expect,
    integer,
    run_in_order,
    same,
    task,
    the_line,
)


@contextmanager
def no_stub(function, given, hint):
    """A hint instead of NotDone, where the function uses more names than the given."""
    try:
        yield
    except NotDone:
        code = getattr(function, "__code__", None)
        expect(not (code and {*code.co_names} - {*given}), hint)
        raise


def whole(found):
    """After `same`, which takes 7.0 for 7, and whose hints say more."""
    point = torch.as_tensor(found).is_floating_point()
    expect(not point, "expected whole numbers, without a point: 7, not 7.0")


# Task 1: layers


@task(points=3, forbidden=["lectures_lib.counting.depth"])
def count_layers(draw, count_layers):
    blocks = tuple(integer(draw, 2, 6) + more for more in (0, 1, 3, 0))
    kernels = [(1, 3, 1), (3, 3)][integer(draw, 0, 1)]
    same_layers(count_layers, blocks, kernels)
    yield 2, f"the layers of a net with blocks {blocks} of kernels {kernels}"
    for blocks, kernels in (((2, 4), (1, 3, 3, 1)), ((1, 5, 2, 6), (5,))):
        same_layers(count_layers, (*blocks, integer(draw, 7, 9)), kernels)
    yield 1, "any number of stages, and of convolutions in a block"


def same_layers(count_layers, num_blocks, kernels):
    n, k, stages = sum(num_blocks), len(kernels), len(num_blocks)
    ends = "conv1 at the beginning and the linear layer at the end have weights, too"
    aside = "a projection lies beside its block, not on the longest path: leave it out"
    norm = "batch norm is counted with its convolution, not as a layer of its own"
    each = f"a block with kernels {kernels} has {k} convolutions"
    mistakes = {
        f"{ends}: you counted neither": k * n,
        f"{ends}: you counted one of them": k * n + 1,
        f"{aside} (you have one in each stage)": k * n + 2 + stages,
        f"{aside} (you have one in each stage but the first)": k * n + 1 + stages,
        "pooling has no weights: the papers do not count it (you have one)": k * n + 3,
        "pooling has no weights: the papers do not count it (you have two)": k * n + 4,
        f"{norm}: conv1 and its norm are one layer": 2 * k * n + 3,
        f"{norm}: so a block of {k} convolutions has {k} layers": 2 * k * n + 2,
        f"{each}: you counted blocks, not their layers": n + 2,
        f"{each}: you took 2, as in the basic block": 2 * n + 2,
        f"{each}: you took 3, as in the bottleneck": 3 * n + 2,
        f"{each}: you added the kernel sizes up": sum(kernels) * n + 2,
        f"you counted the {stages} stages, in which {n} blocks stand": k * stages + 2,
    }
    what = f"for the {stages} stages of blocks {num_blocks}, kernels {kernels}"
    try:
        seen = ask(count_layers, num_blocks, kernels)
    except Hint as hint:
        raise Hint(f"{what}: {hint}") from None
    same(seen, k * n + 2, mistakes, what)
    whole(seen)


# Task 2: sizes


@task(points=4, forbidden=["lectures_lib.counting.output_size"])
def map_sizes(draw, map_sizes):
    side, strides = 32 * integer(draw, 3, 9), (1, 2, 2, 2)
    same_sizes(map_sizes, side, strides)
    yield 2, f"the sides for a picture of {side}×{side} and the usual strides"
    side = 8 * integer(draw, 12, 30) + 3
    same_sizes(map_sizes, side, strides)
    same_sizes(map_sizes, side + 2, strides)
    yield 1, f"an odd side, such as {side}"
    strides = (1, 2, 1, 2, 1)[: integer(draw, 3, 5)]
    same_sizes(map_sizes, side, strides)
    same_sizes(map_sizes, side, (2, *strides))
    same_sizes(map_sizes, 12 * integer(draw, 8, 20) + 5, (3, *strides))
    yield 1, f"other strides, such as {strides}"


def walk(side, steps, after=lambda n, k, s: (n + 2 * (k // 2) - k) // s + 1):
    """The sides that come of some (kernel size, stride), one after the other."""
    sides = [side]
    for kernel_size, stride in steps:
        sides.append(after(sides[-1], kernel_size, stride))
    return sides[1:]


PADDED = "the convolutions and the pool are padded, with p = k // 2"
FORMULAS = {  # hint: the formula that gets it
    "what is left after dividing makes one pixel more; you add the remainder itself": (
        lambda n, k, s: n // s + n % s
    ),
    f"{PADDED}: you left that out": lambda n, k, s: (n - k) // s + 1,
    "the formula rounds its quotient down, ⌊…⌋; you round up": (
        lambda n, k, s: -((k - n - 2 * (k // 2)) // s) + 1
    ),
    "the formula rounds its quotient down, ⌊…⌋; you keep the fraction": (
        lambda n, k, s: (n + 2 * (k // 2) - k) / s + 1
    ),
    "the padding is on both sides: 2p": lambda n, k, s: (n + k // 2 - k) // s + 1,
    "the formula adds 1 after dividing": lambda n, k, s: (n + 2 * (k // 2) - k) // s,
    f"{PADDED}, so half of an odd side is not rounded down": lambda n, k, s: n // s,
    f"{PADDED}, so half of an odd side is always rounded up": (
        lambda n, k, s: round(n / s)
    ),
}


def same_sizes(map_sizes, side, strides):
    conv1, pool, stages = (7, 2), (3, 2), [(3, stride) for stride in strides]
    steps = [conv1, pool, *stages]
    right = walk(side, steps)
    as_given = f"the first blocks have strides {strides}: in your list"
    mistakes = {
        "one halving before the stages is missing: conv1 (7×7) and the pool (3×3) both "
        "have stride 2": walk(side, [conv1, *stages]),
        "conv1 halves the map, and the pool after it halves it again": walk(
            side, [conv1, (3, 1), *stages]
        ),
        "the map after the pool has its own place in the list": right[:1] + right[2:],
        "the list begins with the map that leaves conv1": [side, *right],
        "the list ends with the last stage, before the average pool": [*right, 1],
    }
    apart = [*right[:2], *[walk(side, [stage])[0] for stage in stages]]
    mistakes["what leaves a layer goes into the next: your stages begin anew"] = apart
    from_picture = [walk(side, [step])[0] for step in steps]
    mistakes[f"what leaves a layer goes into the next: yours all begin with {side}"] = (
        from_picture
    )
    for text, s in ((" every stage halves the map", 2), (" no stage does", 1)):
        mistakes[as_given + text] = walk(side, [conv1, pool, *[(3, s)] * len(strides)])
    mistakes |= {hint: walk(side, steps, after) for hint, after in FORMULAS.items()}
    seen = ask(map_sizes, side, strides)
    what = f"the sides for {side} pixels, strides {strides} (conv1, the pool, stages)"
    same(seen, right, mistakes, what)
    whole(seen)


# Task 3: lines in order

LINES = (
    "    handle.remove()",
    "net(image)",
    "def note(module, inputs, output):",
    "for handle in handles:",
    "shapes = []",
    "    shapes.append(tuple(output.shape[1:]))",
    "handles = [part.register_forward_hook(note) for part in net]",
)


@task(points=2)
def hooks_in_order(draw, order):
    channels, side = integer(draw, 2, 5), integer(draw, 8, 12)
    first = nn.Conv2d(3, channels, 3, device="meta")
    net = nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2))
    names = {"net": net, "image": torch.empty(1, 3, side, side, device="meta")}
    undefined = "a line uses `{name}` before the line that makes it"
    indented = "an indented line belongs below a line that ends in a colon"
    shapes = run_in_order(LINES, order, names, undefined, indented)["shapes"]
    end = (channels, (side - 2) // 2, (side - 2) // 2)
    right = [(channels, side - 2, side - 2)] * 2 + [end]
    early = order.index(2) < order.index(7)
    expect(
        shapes or not early, "nothing is noted: the net runs before the hooks are there"
    )
    expect(shapes, "nothing is noted: when the net runs, the hooks are gone again")
    same(shapes, right, what="what is noted")
    yield 2, f"one shape for each part: {', '.join(map(str, shapes))}"


# Task 4: multiply-adds


@task(
    points=6,
    forbidden=[f"lectures_lib.counting.{f}" for f in ("layers", "multiply_adds")],
)
def multiply_adds(draw, convolution_cost, stage_cost):
    h, w = 2 * integer(draw, 10, 20) + 1, 2 * integer(draw, 21, 30) + 1
    c, d, k = integer(draw, 2, 9), integer(draw, 10, 20), (3, 5)[integer(draw, 0, 1)]
    blank = "`stage_cost` is written, but `convolution_cost` is blank"
    with no_stub(stage_cost, (), blank):
        same_cost(convolution_cost, h, w, c, d, k, 1)
    yield 1, f"a {k}×{k} convolution from {c} to {d} channels that keeps the size"
    same_cost(convolution_cost, h, w, c, d, k, 2)
    same_cost(convolution_cost, 3 * c + 5, 3 * d + 5, c, d, k, 3)
    yield 1, f"the same with stride 2: {h}×{w} becomes {(h + 1) // 2}×{(w + 1) // 2}"
    side, width, blocks = integer(draw, 8, 30), integer(draw, 5, 9), integer(draw, 3, 5)
    same_stage(stage_cost, side, 4 * width, width, 1, 1, "3x3")
    yield 1, "one bottleneck that keeps its shape"
    same_stage(stage_cost, side, 3 * width, width, blocks, 1, "3x3")
    yield 1, f"{blocks} of them, where the first changes the channels"
    for entering in (2 * side, 2 * side + 1):
        same_stage(stage_cost, entering, 5 * width, width, blocks, 2, "3x3")
    same_stage(stage_cost, 3 * side + 2, 5 * width, width, blocks, 3, "3x3")
    usual = side, 5 * width, width, blocks, 2
    default = {'without `stride_in`: its default is "3x3"': cost(*usual, "1x1")}
    same(ask(stage_cost, *usual), cost(*usual, "3x3"), default)
    yield 1, "stride 2 in the 3×3, as in torchvision"
    same_stage(stage_cost, side, 5 * width, width, blocks, 2, "1x1")
    same_stage(stage_cost, side, 4 * width, width, blocks, 2, "1x1")
    yield 1, "stride 2 in the first 1×1, as in the paper"


def same_cost(convolution_cost, h, w, c, d, k, s):
    up, across = -(-h // s), -(-w // s)
    pixels, weights = up * across, c * d * k * k
    seen = f"the map that comes out has {up}×{across} pixels"
    mistakes = {
        "these are the weights: each is used once for each *output* pixel": weights,
        f"{seen}: stride {s} divides both sides, not one": h * across * c * d * k * k,
        f"{seen}; you took those of the map that goes in": h * w * weights,
        f"{seen}: {h} / {s} and {w} / {s}, rounded up": (h // s) * (w // s) * weights,
        f"{seen}: {h} / {s} and {w} / {s}, each rounded up": h * w / s**2 * weights,
        "a multiplication and its addition count as one here": 2 * pixels * weights,
        f"a kernel has {k}×{k} weights for each pair of channels": pixels * c * d * k,
        f"a kernel joins every pair of channels: {c} times {d}": pixels * d * k * k,
        f"it joins every pair of channels: {c} times {d}, too": pixels * c * k * k,
        "without a bias, since batch norm follows": pixels * (weights + d),
        f"padded by {k // 2} a map loses no border": (
            ((h - k) // s + 1) * ((w - k) // s + 1) * weights
        ),
    }
    mistakes[f"{seen}; you add the remainder itself"] = (
        (h // s + h % s) * (w // s + w % s) * weights
    )
    product = f"{seen}: stride {s} divides both sides; you divided their product by"
    for by in (s, s * s):
        mistakes[f"{product} {by}, rounded down"] = h * w // by * weights
        mistakes[f"{product} {by}, rounded up"] = -(-h * w // by) * weights
    found = ask(convolution_cost, h, w, c, d, k, s)
    what = f"for a map of {h}×{w}, {c} to {d} channels, kernel size {k}, stride {s}"
    same(found, pixels * weights, mistakes, what)
    if s > 1:  # so that who divides h * w / s**2 first reads why that is wrong
        whole(found)


def cost(side, channels, middle, num_blocks, stride, stride_in, mistake=""):
    """Of a stage of bottlenecks, right or with a mistake."""
    total, out, old, entering = 0, 4 * middle, side, channels
    out = middle if mistake in ("expansion", "output") else out
    middle = middle // 4 if mistake == "output" else middle
    for block in range(num_blocks):
        after = side // stride if mistake == "floor" else -(-side // stride)
        after = side // stride + side % stride if mistake == "remainder" else after
        reduced = after if stride_in == "1x1" else side
        reduced = old if mistake == "old reduced" else reduced
        total += reduced**2 * channels * middle
        large = side if mistake == "large 3×3" else after
        total += large**2 * 9 * middle * middle + after**2 * middle * out
        changes = stride > 1 or channels != out
        always = mistake == "always" or (mistake == "every first" and block == 0)
        if (changes or always) and mistake != "no projection":
            large = side if mistake == "large projection" else after
            total += large**2 * channels * out
        side = side if mistake == "same side" else after
        channels = entering if mistake == "same channels" else out
        stride = stride if mistake == "every block" else 1
    return total


def same_stage(stage_cost, side, channels, middle, num_blocks, stride, stride_in):
    arguments = (side, channels, middle, num_blocks, stride, stride_in)
    hints = stage_hints(side, channels, middle, stride, stride_in)
    mistakes = {text: cost(*arguments, mistake) for mistake, text in hints.items()}
    other = {"1x1": "3x3", "3x3": "1x1"}[stride_in]
    place = f"the stride is in the {stride_in} here, you have it in the {other}"
    mistakes[place.replace("x", "×")] = cost(*arguments[:-1], other)
    right = cost(*arguments)
    mistakes["a multiplication and its addition count as one here"] = 2 * right
    first, more = cost(side, channels, middle, 1, stride, stride_in), num_blocks - 1
    what = f"for stage_cost{arguments}, where the first block has {first}"
    if more:
        what += f" and each of {more} others {(right - first) // more}"
    found = ask(stage_cost, *arguments)
    same(found, right, mistakes, what)
    whole(found)


def stage_hints(side, channels, middle, stride, stride_in):
    """What to say of each mistake that `cost` knows."""
    out = -(-side // stride)
    smaller = "after the first block the map is smaller: the others have its size"
    return {
        "no projection": "the projection is missing: the shape changes (stride "
        f"{stride}, {channels} to {4 * middle} channels), so a 1×1 is on the shortcut",
        "every first": f"{channels} channels and stride {stride}: nothing changes, so "
        "the shortcut has no projection",
        "always": "only a block that changes the shape has a projection; the others "
        "pass their input on as it is",
        "same channels": f"only the first block gets {channels} channels, the others "
        f"get {4 * middle}",
        "every block": "only the first block has the stride; the others keep the size",
        "same side": smaller,
        "old reduced": f"{smaller}, in their first 1×1 as well",
        "floor": f"side {side} and stride {stride}: padded, so it is rounded up",
        "remainder": f"side {side} and stride {stride}: {out} pixels; you add the "
        "remainder itself",
        "large projection": "the projection has the stride, too: count the pixels that "
        "leave it",
        "large 3×3": f"{out}×{out} pixels leave the 3×3: the stride is in "
        + {"3x3": "it", "1x1": "the 1×1 before it"}[stride_in],
        "expansion": f"the last 1×1 of a bottleneck of middle {middle} makes "
        f"{4 * middle} channels",
        "output": f"middle is what the 3×3 takes and makes, {middle} channels; "
        f"{4 * middle} leave the block",
    }


# Task 5: which line


@task(points=2)
def which_line(draw, line):
    kept = "The second bar is right, so look for what goes wrong only later"
    hints = {
        1: "56 pixels and 64 channels after the pool: right, as is the first bar",
        2: "four stages of three blocks each, as the task says",
        3: f"3×3 weights for each pair of channels, in and out: right. {kept}",
        4: f"a weight is used once for each pixel of the map: right. {kept}",
        5: f"two convolutions in each of `count` blocks: right. {kept}",
        6: "the sides are 56, 28, 14, 7: the map is halved each time, as it should",
    }
    the_line(line, 7, hints)
    yield 2, "64, 128, 192, 256 channels: the first step only looks like doubling"


# Task 6: a net


@task(points=8)
def resnet(draw, Bottleneck, make_resnet):
    seed = integer(draw, 0, 10**6)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        same_block(draw, Bottleneck, 12, 4, 12, 1)
        yield 2, "a block that keeps its shape"
        same_block(draw, Bottleneck, 6, 4, 10, 1)
        same_block(draw, Bottleneck, 6, 10, 6, 2)
        yield 2, "a block that changes it: stride in the 3×3, and a projection"
        net = built(make_resnet, (3, 4, 6, 3))
        same_sides(net, 32 * integer(draw, 2, 7))
        count = sum(p.numel() for p in net.parameters())
        yield 2, f"ResNet-50: {count:,} parameters, as torchvision's, and its sides"
        built(make_resnet, (3, 4, 6, 3), 2)
        yield 1, "Wide ResNet-50-2"
        blocks = tuple(integer(draw, 1, 3) for _ in range(4))
        same_sides(built(make_resnet, blocks, 1, integer(draw, 5, 20)), 96)
        yield 1, f"any other, such as {blocks}"


def block_shapes(channels, middle, out, stride):
    """Names and shapes in a bottleneck: of convolutions, and of their batch norms."""
    path = (("1", middle, channels, 1), ("2", middle, middle, 3), ("3", out, middle, 1))
    shapes = {}
    for place, made, taken, k in path:
        shapes[f"conv{place}.weight"] = (made, taken, k, k)
        shapes |= norm_shapes(f"bn{place}", made)
    if stride > 1 or channels != out:
        shapes["downsample.0.weight"] = (out, channels, 1, 1)
        shapes |= norm_shapes("downsample.1", out)
    return shapes


def norm_shapes(name, channels):
    four = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{tensor}": (channels,) for tensor in four} | {
        f"{name}.num_batches_tracked": ()
    }


def net_shapes(num_blocks, widen, num_classes, expansion=4, every=False):
    shapes, channels = {"conv1.weight": (64, 3, 7, 7), **norm_shapes("bn1", 64)}, 64
    for stage, count in enumerate(num_blocks):
        width = 64 * 2**stage
        for number in range(count):
            stride = 2 if stage and (every or not number) else 1
            block = block_shapes(channels, widen * width, expansion * width, stride)
            place = f"layer{stage + 1}.{number}"
            shapes |= {f"{place}.{name}": shape for name, shape in block.items()}
            channels = expansion * width
    return shapes | {"fc.weight": (num_classes, channels), "fc.bias": (num_classes,)}


def same_shapes(module, right, mistakes, what):
    """The names and shapes of all tensors, and no part that someone else wrote."""
    expect(isinstance(module, nn.Module), f"expected an nn.Module as {what}")
    for kind in {base for m in module.modules() for base in type(m).__mro__}:
        theirs = kind.__module__.startswith(("torchvision", "lectures_lib"))
        expect(not theirs, f"{what} is made with {kind.__module__}: write it yourself")
    seen = {name: tuple(t.shape) for name, t in module.state_dict().items()}
    for hint, shapes in mistakes.items():
        expect(seen != shapes or seen == right, hint)
    unknown = [name for name in seen if name not in right]
    missing = [name for name in right if name not in seen]
    if unknown and missing:
        names = f"{what} has {unknown[0]}, but no {missing[0]}"
        raise Hint(f"{names}: use torchvision's names, layer1 for the first stage")
    for name, shape in right.items():
        if name not in seen and "downsample" in name:
            raise Hint(f"{what} changes the shape and has no projection: no {name}")
        expect(name in seen, f"{what} has no {name}")
        got = seen[name]
        expect(got == shape, f"{name} of {what} is {got}: expected {shape}")
    for name in unknown:
        expect("conv" not in name, f"{what} has {name}: no bias, batch norm follows")
        expect(
            "downsample" not in name,
            f"{what} has {name}, where the shape should stay: stride 1, and the skip "
            "is the input itself",
        )
        raise Hint(f"{what} has {name}, which should not be there")
    learned = [
        torch.Size(shape).numel()
        for name, shape in right.items()
        if name.endswith(("weight", "bias"))
    ]
    expect(
        sum(p.numel() for p in module.parameters()) == sum(learned),
        f"some parts of {what} are one and the same, with the same weights: make a new "
        "layer, or block, for each place",
    )


def same_block(draw, Bottleneck, channels, middle, out, stride):
    arguments = (channels, middle, out, stride)
    what = f"Bottleneck{arguments}"
    block = built_block(Bottleneck, arguments, what)
    state = random_state(block_shapes(*arguments), draw)
    block = block.double().eval()
    block.load_state_dict(state)
    x = torch.randn(2, channels, 7, 10, generator=draw).double()
    found = output_of(block, x, stride, what)
    values = {text: output(x, state, stride, text) for text in FORWARD}
    mistakes = {f"{what}: {text}": value for text, value in values.items()}
    same(
        found,
        output(x, state, stride),
        mistakes,
        f"the output of {what} (three convolutions, each with its batch norm; a ReLU "
        "after the first two, and after the sum)",
    )
    expect(
        getattr(block.conv2, "stride", (stride,) * 2) == (stride,) * 2,
        f"{what}: the output is right, but the stride belongs in conv2, the 3×3, which "
        "computes four times as much without it",
    )
    expect(found.requires_grad, f"the output of {what} is detached from its weights")


def built_block(Bottleneck, arguments, what):
    """The student's block, when its tensors have the right shapes."""
    channels, middle, out, stride = arguments
    begin = getattr(Bottleneck, "__init__", None)
    left = "a line `return ...` is still there, in `__init__`"
    with no_stub(begin, ("super", "__init__"), left):
        block = ask(Bottleneck, *arguments)
    swapped = block_shapes(channels, out, middle, stride)
    four = block_shapes(channels, middle, 4 * middle, stride)
    mistakes = {
        f"{what}: you took out_channels for the 3×3, and middle for the last": swapped,
        f"{what} puts out {4 * middle} channels: out_channels is given": four,
    }
    if stride > 1 and channels == out:
        mistakes[
            f"{what} has no projection, but its stride halves the map, so that the "
            "input does not fit the sum: does the shortcut get the stride?"
        ] = block_shapes(channels, middle, out, 1)
    same_shapes(block, block_shapes(*arguments), mistakes, what)
    return block


def random_state(shapes, draw):
    """Tensors for a state_dict, of float64; a variance is positive."""
    state = {}
    for name, shape in shapes.items():
        tensor = torch.randn(shape, generator=draw).double()
        tensor = tensor.abs() + 0.5 if "running_var" in name else tensor
        state[name] = tensor.long() if name.endswith("tracked") else tensor
    return state


def output_of(block, x, stride, what):
    """The block's output; a hint where path and shortcut do not fit together."""
    try:
        found = ask(block, x)
    except Hint as hint:
        if stride == 1 or "must match the size of tensor" not in str(hint):
            raise
        halves = ["the path", "the shortcut"]
        if getattr(block.get_submodule("downsample.0"), "stride", 0) != (stride,) * 2:
            halves.reverse()
        raise Hint(
            f"{what}: {halves[1]} halves the map, {halves[0]} does not, so they cannot "
            "be added: conv2 and the projection have the stride"
        ) from None
    expect(isinstance(found, torch.Tensor), f"{what} returns no tensor")
    return found


FORWARD = (
    LATE := "the input is added *after* the last ReLU: first the sum, then the ReLU",
    TWICE := "the last ReLU comes once, after the sum, not after bn3 as well",
    NO_LAST := "there is no ReLU after the sum",
    NO_RELU := "a ReLU inside the path is missing: one after each of its first two "
    "batch norms",
    NO_SKIP := "the skip is missing: only the path comes out",
    IN_FIRST := "the stride is in the first 1×1, as in the paper; torchvision, and "
    "this task, have it in the 3×3",
)


def output(x, s, stride, mistake=""):
    """A bottleneck with the state s, in evaluation mode; right, or with a mistake."""

    def norm(x, name):
        mean, var = s[f"{name}.running_mean"], s[f"{name}.running_var"]
        return F.batch_norm(x, mean, var, s[f"{name}.weight"], s[f"{name}.bias"])

    first, second = (stride, 1) if mistake == IN_FIRST else (1, stride)
    out = norm(F.conv2d(x, s["conv1.weight"], stride=first), "bn1").relu()
    out = norm(F.conv2d(out, s["conv2.weight"], stride=second, padding=1), "bn2")
    out = out if mistake == NO_RELU else out.relu()
    out = norm(F.conv2d(out, s["conv3.weight"]), "bn3")
    if "downsample.0.weight" in s:
        x = F.conv2d(x, s["downsample.0.weight"], stride=stride)
        x = norm(x, "downsample.1")
    if mistake == LATE:
        return out.relu() + x
    out = out.relu() if mistake == TWICE else out
    out = out if mistake == NO_SKIP else out + x
    return out if mistake == NO_LAST else out.relu()


def built(make_resnet, num_blocks, widen=1, num_classes=1000):
    """The student's net on the meta device, when its tensors have the right shapes."""
    left = "a line `return ...` is still there, in `make_resnet`"
    with no_stub(make_resnet, ("make_stem",), left), torch.device("meta"):
        net = ask(make_resnet, num_blocks, widen, num_classes)
    mistakes = {
        "the last 1×1 of a bottleneck makes 4 · width channels, yours 1 · width": (
            net_shapes(num_blocks, widen, num_classes, expansion=1)
        ),
        f"widen={widen} should make the 3×3 wider, and does not": (
            net_shapes(num_blocks, 1, num_classes)
        ),
        "widen makes the middle wider, not what leaves a block": (
            net_shapes(num_blocks, widen, num_classes, expansion=4 * widen)
        ),
        "only the first block of layer2 to layer4 has stride 2, yours have it in every "
        "block": net_shapes(num_blocks, widen, num_classes, every=True),
        f"num_classes={num_classes} should be the length of the logits": (
            net_shapes(num_blocks, widen, 1000)
        ),
        f"the stages should have {num_blocks} blocks, yours all have 3, 4, 6, 3": (
            net_shapes((3, 4, 6, 3), widen, num_classes)
        ),
    }
    what = f"make_resnet({num_blocks}, {widen}, {num_classes})"
    same_shapes(net, net_shapes(num_blocks, widen, num_classes), mistakes, what)
    return net


def same_sides(net, side):
    sides = []
    parts = [getattr(net, f"layer{stage}") for stage in (1, 2, 3, 4)]
    for stage, part in enumerate(parts, 1):
        runs = type(part).forward is not nn.Module.forward
        expect(runs, f"layer{stage} has no forward: nn.Sequential(*blocks) has one")
    hooks = [
        part.register_forward_hook(lambda module, inputs, x: sides.append(x.shape[-1]))
        for part in parts
    ]
    logits = ask(lambda: net.eval()(torch.empty(1, 3, side, side, device="meta")))
    for hook in hooks:
        hook.remove()
    s = side // 4
    mistakes = {
        "no stage halves the map: the first blocks of layer2 to layer4 should have "
        "stride 2. (Parameters do not show it)": [s] * 4,
        "layer1 should keep the map: the pool has just halved it": [
            -(-s // 2**i) for i in (1, 2, 3, 4)
        ],
    }
    what = f"the sides that leave layer1 to layer4 for {side} pixels"
    same(sides, [s, s // 2, s // 4, s // 8], mistakes, what)
    same(list(logits.shape), [1, net.fc.out_features], what="the shape of the logits")

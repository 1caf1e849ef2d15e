"""Answers to homework 3: wrong ones with the hint meant for them, and right ones."""

import math
from collections import OrderedDict

import torch
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll
from lectures_lib import resnets

# Task 1


def no_ends(num_blocks, kernels):
    return len(kernels) * sum(num_blocks)


def one_end(num_blocks, kernels):
    return 1 + len(kernels) * sum(num_blocks)


def with_projections(num_blocks, kernels):
    return 2 + sum(len(kernels) * n + 1 for n in num_blocks)


def with_later_projections(num_blocks, kernels):
    return 1 + sum(len(kernels) * n + 1 for n in num_blocks)


def with_batch_norm(num_blocks, kernels):
    return 2 + 2 * len(kernels) * sum(num_blocks)


def with_all_batch_norms(num_blocks, kernels):
    return 2 * (1 + len(kernels) * sum(num_blocks)) + 1


def with_pools(num_blocks, kernels):
    return 4 + len(kernels) * sum(num_blocks)


def with_pool(num_blocks, kernels):
    return 3 + len(kernels) * sum(num_blocks)


def indexed_stages(num_blocks, kernels):
    return 2 + len(kernels) * sum(num_blocks[stage] for stage in range(4))


def blocks_only(num_blocks, kernels):
    return 1 + sum(num_blocks) + 1


def always_two(num_blocks, kernels):
    return 1 + 2 * sum(num_blocks) + 1


def stages_only(num_blocks, kernels):
    return 1 + len(kernels) * len(num_blocks) + 1


def kernel_sizes(num_blocks, kernels):
    return 1 + sum(kernels) * sum(num_blocks) + 1


def four_stages(num_blocks, kernels):
    a, b, c, d = num_blocks
    return 2 + len(kernels) * (a + b + c + d)


def known_kernels(num_blocks, kernels):
    return 2 + (2 if kernels == (3, 3) else 3) * sum(num_blocks)


def by_the_library(num_blocks, kernels):
    kind = "basic" if len(kernels) == 2 else "bottleneck"
    with torch.device("meta"):
        return ll.models.depth(ll.models.assemble(kind, num_blocks))


def layers_looped(num_blocks, kernels):
    layers = ["conv1"]
    for count in num_blocks:
        for _ in range(count):
            layers += kernels
    return len([*layers, "fc"])


# Task 2


def sizes_from(after, conv1=True, pool=True):
    "A right or wrong answer, from what one layer does to a side."

    def map_sizes(side, strides):
        stem = [(7, 2)] * conv1 + [(3, 2)] * pool
        sides = []
        for kernel_size, stride in stem + [(3, stride) for stride in strides]:
            side = after(side, kernel_size, stride)
            sides.append(side)
        return sides

    return map_sizes


def formula(n, k, s):
    return (n + 2 * (k // 2) - k) // s + 1


def ceiling(n, k, s):
    return math.ceil(n / s)


def measured(n, k, s):
    layer = nn.Conv2d(1, 1, k, s, padding=k // 2, device="meta")
    return layer(torch.empty(1, 1, n, n, device="meta")).shape[-1]


def pool_does_not_halve(side, strides):
    conv1 = formula(side, 7, 2)
    return [conv1, *sizes_from(formula, conv1=False, pool=False)(conv1, (1, *strides))]


def every_stage(side, strides):
    return sizes_from(formula)(side, [2] * len(strides))


def no_stage(side, strides):
    return sizes_from(formula)(side, [1] * len(strides))


def stages_from_the_picture(side, strides):
    sides = sizes_from(formula)(side, ())
    return sides + [formula(side, 3, stride) for stride in strides]


def all_from_the_picture(side, strides):
    stem = [formula(side, 7, 2), formula(side, 3, 2)]
    return stem + [formula(side, 3, stride) for stride in strides]


def with_picture(side, strides):
    return [side, *sizes_from(formula)(side, strides)]


def with_average(side, strides):
    return [*sizes_from(formula)(side, strides), 1]


def usual_strides(side, strides):
    return sizes_from(formula)(side, (1, 2, 2, 2))


def pool_not_listed(side, strides):
    conv1, _, *stages = sizes_from(formula)(side, strides)
    return [conv1, *stages]


# Task 4


def costs_from(convolution, stage=None):
    return convolution, stage or right_stage


def after(side, stride):
    return (side - 1) // stride + 1


def right_cost(height, width, in_channels, out_channels, kernel_size, stride):
    pixels = after(height, stride) * after(width, stride)
    return pixels * in_channels * out_channels * kernel_size**2


def meta_cost(height, width, in_channels, out_channels, kernel_size, stride):
    with torch.device("meta"):
        padding = kernel_size // 2
        layer = nn.Conv2d(in_channels, out_channels, kernel_size, stride, padding)
        out = layer(torch.empty(1, in_channels, height, width))
    return out.numel() * layer.weight[0].numel()


def ceiling_cost(h, w, c, d, k, s):
    return math.ceil(h / s) * math.ceil(w / s) * c * d * k * k


def with_remainders(h, w, c, d, k, s):
    return (h // s + h % s) * (w // s + w % s) * c * d * k * k


def with_a_point(function):
    "The right number, or list of them, as floats."

    def answer(*arguments):
        found = function(*arguments)
        return [float(n) for n in found] if type(found) is list else float(found)

    return answer


def weights_only(h, w, c, d, k, s):
    return c * d * k * k


def input_pixels(h, w, c, d, k, s):
    return h * w * c * d * k * k


def stride_once(h, w, c, d, k, s):
    return h * w // s * c * d * k * k if s == 1 else h * after(w, s) * c * d * k * k


def divided_product(divide):
    "The pixels from height · width, divided as one number."
    return lambda h, w, c, d, k, s: divide(h * w, s) * c * d * k * k


def blank_cost(height, width, in_channels, out_channels, kernel_size, stride):
    return ...


def rounded_down(h, w, c, d, k, s):
    return (h // s) * (w // s) * c * d * k * k


def twice(h, w, c, d, k, s):
    return 2 * right_cost(h, w, c, d, k, s)


def linear_kernel(h, w, c, d, k, s):
    return right_cost(h, w, c, d, k, s) // k


def no_input_channels(h, w, c, d, k, s):
    return right_cost(h, w, c, d, k, s) // c


def with_bias(h, w, c, d, k, s):
    return after(h, s) * after(w, s) * d * (c * k * k + 1)


def no_padding(h, w, c, d, k, s):
    return ((h - k) // s + 1) * ((w - k) // s + 1) * c * d * k * k


def right_stage(side, in_channels, width, num_blocks, stride, stride_in="3x3"):
    total, out_channels = 0, 4 * width
    for _ in range(num_blocks):
        first, second = (stride, 1) if stride_in == "1x1" else (1, stride)
        middle = after(side, first)
        small = after(middle, second)
        total += right_cost(side, side, in_channels, width, 1, first)
        total += right_cost(middle, middle, width, width, 3, second)
        total += right_cost(small, small, width, out_channels, 1, 1)
        if stride != 1 or in_channels != out_channels:
            total += right_cost(side, side, in_channels, out_channels, 1, stride)
        side, in_channels, stride = small, out_channels, 1
    return total


def other_default(side, in_channels, width, num_blocks, stride, stride_in="1x1"):
    return right_stage(side, in_channels, width, num_blocks, stride, stride_in)


def stage_in_closed_form(side, in_channels, width, num_blocks, stride, stride_in="3x3"):
    pixels = after(side, stride) ** 2
    entering = pixels if stride_in == "1x1" else side**2
    block = 8 * width**2 + 9 * width**2
    first = block - 4 * width**2
    first += 0 if stride == 1 and in_channels == 4 * width else 4 * in_channels * width
    rest = (num_blocks - 1) * block
    return entering * in_channels * width + pixels * (first + rest)


def stage_from_layers(side, in_channels, width, num_blocks, stride, stride_in="3x3"):
    "Builds the stage, and sums over its convolutions on the meta device."
    total = 0

    def note(layer, inputs, out):
        nonlocal total
        total += out.numel() * layer.weight[0].numel()

    def convolution(*arguments):
        layer = nn.Conv2d(*arguments, bias=False, device="meta")
        layer.register_forward_hook(note)
        return layer

    x = torch.empty(1, in_channels, side, side, device="meta")
    for number in range(num_blocks):
        s = stride if number == 0 else 1
        a, b = (s, 1) if stride_in == "1x1" else (1, s)
        if s != 1 or x.shape[1] != 4 * width:
            convolution(x.shape[1], 4 * width, 1, s)(x)
        x = convolution(x.shape[1], width, 1, a)(x)
        x = convolution(width, width, 3, b, 1)(x)
        x = convolution(width, 4 * width, 1)(x)
    return total


def faulty_stage(fault):
    "The right stage with one line of it replaced, as a student may have it."

    def stage(side, in_channels, width, num_blocks, stride, stride_in="3x3"):
        total, out_channels = 0, width if fault == "no expansion" else 4 * width
        entering, entered = in_channels, side
        if fault == "swapped":
            stride_in = "1x1" if stride_in == "3x3" else "3x3"
        if fault == "always 3x3":
            stride_in = "3x3"
        for number in range(num_blocks):
            out_side = after(side, stride)
            out_side = side // stride if fault == "floor" else out_side
            if fault == "remainder":
                out_side = side // stride + side % stride
            reduced = out_side if stride_in == "1x1" else side
            total += reduced**2 * in_channels * width
            large = side if fault == "3x3 at the old size" else out_side
            total += large**2 * 9 * width**2 + out_side**2 * width * out_channels
            projected = stride != 1 or in_channels != out_channels
            projected = stride != 1 if fault == "only strided" else projected
            projected = True if fault == "all" else projected
            projected = number == 0 if fault == "each first" else projected
            if projected and fault != "none":
                place = side if fault == "large" else out_side
                total += place**2 * in_channels * out_channels
            if fault == "old reduced":
                total += 0 if number == 0 else (entered**2 - reduced**2) * 4 * width**2
            if fault != "side stays":
                side = out_side
            in_channels = entering if fault == "channels stay" else out_channels
            if fault != "stride stays":
                stride = 1
        return total

    return stage


def width_of_the_block(side, in_channels, width, *arguments):
    "Takes the fourth of `middle` for the 3×3, and `middle` for the block's output."
    total, middle = 0, width // 4
    num_blocks, stride, stride_in = arguments
    for _ in range(num_blocks):
        out_side = after(side, stride)
        reduced = out_side if stride_in == "1x1" else side
        total += reduced**2 * in_channels * middle
        total += out_side**2 * (9 * middle**2 + middle * width)
        if stride != 1 or in_channels != width:
            total += out_side**2 * in_channels * width
        side, in_channels, stride = out_side, width, 1
    return total


def library_stage(side, in_channels, width, num_blocks, stride, stride_in="3x3"):
    with torch.device("meta"):
        blocks = [resnets.Bottleneck(in_channels, width, stride, stride_in)]
        blocks += [resnets.Bottleneck(4 * width, width)] * (num_blocks - 1)
    return ll.models.multiply_adds(nn.Sequential(*blocks), (in_channels, side, side))


# Task 6


def convolution(in_channels, out_channels, kernel_size, stride=1):
    padding = kernel_size // 2
    return nn.Conv2d(
        in_channels, out_channels, kernel_size, stride, padding, bias=False
    )


def shortcut(in_channels, out_channels, stride):
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    projection = convolution(in_channels, out_channels, 1, stride)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))


def make_stem():
    pool = nn.MaxPool2d(3, stride=2, padding=1)
    stem = (convolution(3, 64, 7, stride=2), nn.BatchNorm2d(64), nn.ReLU(), pool)
    return dict(zip(("conv1", "bn1", "relu", "maxpool"), stem))


class Bottleneck(nn.Module):
    "As in the notebook."

    strides = staticmethod(lambda stride: (1, stride))

    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__()
        a, b = self.strides(stride)
        self.conv1 = convolution(in_channels, middle, 1, a)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv2 = convolution(middle, middle, 3, b)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv3 = convolution(middle, out_channels, 1)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.downsample = shortcut(in_channels, out_channels, stride)

    def path(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        return self.bn3(self.conv3(out))

    def forward(self, x):
        return F.relu(self.path(x) + self.downsample(x))


class InModules(nn.Module):
    "Layers written out, ReLU as a module, the skip in two lines."

    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, middle, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(middle)
        self.conv2 = nn.Conv2d(middle, middle, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(middle)
        self.conv3 = nn.Conv2d(middle, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class Looped(nn.Module):
    "The three convolutions in one loop."

    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__()
        sizes = (
            (in_channels, middle, 1),
            (middle, middle, 3),
            (middle, out_channels, 1),
        )
        for place, (taken, made, k) in enumerate(sizes, 1):
            s = stride if k == 3 else 1
            setattr(self, f"conv{place}", convolution(taken, made, k, s))
            setattr(self, f"bn{place}", nn.BatchNorm2d(made))
        self.downsample = shortcut(in_channels, out_channels, stride)

    def forward(self, x):
        out = x
        for place in (1, 2, 3):
            out = getattr(self, f"conv{place}")(out)
            out = getattr(self, f"bn{place}")(out)
            out = out.relu() if place < 3 else out
        return torch.relu(out + self.downsample(x))


class InFirst(Bottleneck):
    strides = staticmethod(lambda stride: (stride, 1))


class InLast(Bottleneck):
    "The output is right, and the 3×3 computes four times as much as it should."

    strides = staticmethod(lambda stride: (1, 1))

    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__(in_channels, middle, out_channels, stride)
        self.conv3 = convolution(middle, out_channels, 1, stride)


class Late(Bottleneck):
    def forward(self, x):
        return F.relu(self.path(x)) + self.downsample(x)


class NoLast(Bottleneck):
    def forward(self, x):
        return self.path(x) + self.downsample(x)


class Twice(Bottleneck):
    def forward(self, x):
        return F.relu(F.relu(self.path(x)) + self.downsample(x))


class NoStride(Bottleneck):
    strides = staticmethod(lambda stride: (1, 1))


class ShortcutNoStride(Bottleneck):
    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__(in_channels, middle, out_channels, stride)
        self.downsample = shortcut(in_channels, out_channels, 1)


class StubLeft(Bottleneck):
    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__(in_channels, middle, out_channels, stride)
        self.relu = nn.ReLU()
        return ...


class NoSkip(Bottleneck):
    def forward(self, x):
        return F.relu(self.path(x))


class NoRelu(Bottleneck):
    def path(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        return self.bn3(self.conv3(self.bn2(self.conv2(out))))


class NoProjection(Bottleneck):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.downsample = nn.Identity()


class AlwaysProjected(Bottleneck):
    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__(in_channels, middle, out_channels, stride)
        projection = convolution(in_channels, out_channels, 1, stride)
        self.downsample = nn.Sequential(projection, nn.BatchNorm2d(out_channels))


class WithBias(Bottleneck):
    def __init__(self, in_channels, middle, *arguments):
        super().__init__(in_channels, middle, *arguments)
        self.conv1 = nn.Conv2d(in_channels, middle, 1)


class FourTimes(Bottleneck):
    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__(in_channels, middle, 4 * middle, stride)


class WrongOrder(Bottleneck):
    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__(in_channels, out_channels, middle, stride)


class OtherNames(Bottleneck):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.skip = self.downsample
        del self.downsample

    def forward(self, x):
        return F.relu(self.path(x) + self.skip(x))


class OneNorm(Bottleneck):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.bn2 = self.bn1


class NoNorm(Bottleneck):
    def path(self, x):
        return self.conv3(F.relu(self.conv2(F.relu(self.conv1(x)))))


class Detached(Bottleneck):
    def forward(self, x):
        return super().forward(x).detach()


def nets_from(block, fault=""):
    "make_resnet with this block, right or with a fault."

    def make_resnet(num_blocks, widen=1, num_classes=1000):
        parts, channels = make_stem(), 64
        times = 1 if fault == "no expansion" else 4
        if fault == "always 50":
            num_blocks = (3, 4, 6, 3)
        for number, count in enumerate(num_blocks, start=1):
            width, stack = 32 * 2**number, []
            middle = width if fault == "not wider" else widen * width
            out = times * width * (widen if fault == "out wider" else 1)
            for place in range(count):
                stride = 2 if number > 1 and place == 0 else 1
                stride = 1 if fault == "never" else stride
                if fault == "last block":
                    stride = 2 if number > 1 and place == count - 1 else 1
                stride = 2 if fault == "layer1 too" and place == 0 else stride
                stride = 2 if fault == "every block" and number > 1 else stride
                if fault == "one block" and place > 1:
                    stack.append(stack[-1])
                    continue
                stack.append(block(channels, middle, out, stride))
                channels = out
            listed = fault == "listed"
            stage = nn.ModuleList(stack) if listed else nn.Sequential(*stack)
            parts[f"layer{number}"] = stage
        parts |= {"avgpool": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten()}
        logits = 1000 if fault == "always 1000" else num_classes
        parts["fc"] = nn.Linear(channels, logits)
        net = nn.Sequential(OrderedDict(parts))
        return ... if fault == "stub" else net

    return make_resnet


class Net(nn.Module):
    "A ResNet as a class, with its forward pass written out."

    def __init__(self, block, num_blocks, widen, num_classes):
        super().__init__()
        for name, part in make_stem().items():
            setattr(self, name, part)
        channels, width = 64, 64
        for number, count in enumerate(num_blocks, 1):
            arguments = [(channels, widen * width, 4 * width, 1 + (number > 1))]
            arguments += [(4 * width, widen * width, 4 * width, 1)] * (count - 1)
            stage = nn.Sequential(*(block(*a) for a in arguments))
            setattr(self, f"layer{number}", stage)
            channels, width = 4 * width, 2 * width
        self.fc = nn.Linear(channels, num_classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(x.mean((2, 3)))


def as_class(num_blocks, widen=1, num_classes=1000):
    return Net(InModules, num_blocks, widen, num_classes)


def make_looped(num_blocks, widen=1, num_classes=1000):
    return nets_from(Looped)(num_blocks, widen, num_classes)


def library_net(num_blocks, widen=1, num_classes=1000):
    return ll.models.assemble("bottleneck", num_blocks, num_classes)


class LibraryBlock(resnets.Bottleneck):
    def __init__(self, in_channels, middle, out_channels, stride=1):
        super().__init__(in_channels, middle, stride)


def net_answer(fault):
    return Bottleneck, nets_from(Bottleneck, fault)


def block_answer(block):
    return block, nets_from(block)


RIGHT = {
    "count_layers": [
        lambda num_blocks, kernels: 1 + len(kernels) * sum(num_blocks) + 1,
        layers_looped,
        lambda blocks, kernels: torch.tensor(blocks).sum() * len(kernels) + 2,
    ],
    "map_sizes": [sizes_from(formula), sizes_from(ceiling), sizes_from(measured)],
    "hooks_in_order": [
        [5, 3, 6, 7, 2, 4, 1],
        [3, 6, 5, 7, 2, 4, 1],
        [3, 6, 7, 5, 2, 4, 1],
    ],
    "multiply_adds": [
        (right_cost, right_stage),
        (meta_cost, stage_in_closed_form),
        (ceiling_cost, stage_from_layers),
    ],
    "which_line": [7],
    "resnet": [
        (Bottleneck, nets_from(Bottleneck)),
        (InModules, as_class),
        (Looped, make_looped),
    ],
}
SEEDS = {"resnet": 14}  # each builds three nets of 50 layers; hidden: 11 to 13

WRONG = {
    "count_layers": [
        (no_ends, "you counted neither"),
        (one_end, "you counted one of them"),
        (with_projections, "you have one in each stage)"),
        (with_later_projections, "you have one in each stage but the first"),
        (with_batch_norm, "so a block of 2 convolutions has 2 layers"),
        (with_all_batch_norms, "conv1 and its norm are one layer"),
        (with_pools, "pooling has no weights"),
        (with_pool, "pooling has no weights"),
        (indexed_stages, "for the 3 stages of blocks (2, 4, "),
        (blocks_only, "you counted blocks, not their layers"),
        (always_two, "you took 2, as in the basic block"),
        (stages_only, "you counted the 4 stages"),
        (kernel_sizes, "you added the kernel sizes up"),
        (four_stages, "not enough values to unpack"),
        (known_kernels, "you took 3, as in the bottleneck"),
        (by_the_library, "it calls depth: write that yourself"),
        (lambda *_: 34, "34 is not right"),
        (with_a_point(layers_looped), "whole numbers, without a point"),
    ],
    "map_sizes": [
        (sizes_from(formula, pool=False), "one halving before the stages"),
        (sizes_from(formula, conv1=False), "one halving before the stages"),
        (pool_does_not_halve, "the pool after it halves it again"),
        (pool_not_listed, "the map after the pool has its own place"),
        (every_stage, "every stage halves the map"),
        (no_stage, "no stage does"),
        (stages_from_the_picture, "what leaves a layer goes into the next"),
        (all_from_the_picture, "yours all begin with"),
        (with_picture, "the list begins with the map that leaves conv1"),
        (with_average, "the list ends with the last stage"),
        (sizes_from(lambda n, k, s: (n - k) // s + 1), "you left that out"),
        (sizes_from(lambda n, k, s: (n + 2 * (k // 2) - k) // s), "adds 1 after"),
        (sizes_from(lambda n, k, s: (n + k // 2 - k) // s + 1), "on both sides: 2p"),
        (
            sizes_from(lambda n, k, s: math.ceil((n + 2 * (k // 2) - k) / s) + 1),
            "the formula rounds its quotient down",
        ),
        (sizes_from(lambda n, k, s: n // s), "half of an odd side is not rounded down"),
        (sizes_from(lambda n, k, s: round(n / s)), "is always rounded up"),
        (
            sizes_from(lambda n, k, s: (n + 2 * (k // 2) - k) / s + 1),
            "keep the fraction",
        ),
        (
            sizes_from(lambda n, k, s: n // s + n % s),
            "you add the remainder itself",
        ),
        (with_a_point(sizes_from(formula)), "whole numbers, without a point"),
        (usual_strides, "expected a list of 7, got a list of 6"),
        (sizes_from(ll.models.output_size), "it calls output_size"),
    ],
    "hooks_in_order": [
        ([1, 2, 3, 4, 5, 6, 7], "an indented line belongs below a line that ends"),
        ([5, 2, 3, 6, 7, 4, 1], "the net runs before the hooks"),
        ([5, 3, 6, 7, 4, 1, 2], "when the net runs, the hooks are gone again"),
        ([5, 7, 3, 6, 2, 4, 1], "`note` before"),
        ([3, 6, 7, 2, 5, 4, 1], "`shapes` before"),
        ([5, 3, 1, 7, 2, 4, 6], "`handle` before"),
        ([5, 3, 6, 7, 2, 4], "each of 1 to 7 once"),
    ],
    "multiply_adds": [
        (costs_from(weights_only), "used once for each *output* pixel"),
        (costs_from(input_pixels), "you took those of the map that goes in"),
        (costs_from(stride_once), "divides both sides, not one"),
        (costs_from(rounded_down), "rounded up"),
        (
            costs_from(lambda h, w, c, d, k, s: h / s * w / s * c * d * k * k),
            "each rou",
        ),
        *(
            (costs_from(divided_product(divide)), "you divided their product")
            for divide in (
                lambda pixels, s: math.ceil(pixels / s),
                lambda pixels, s: pixels // s,
                lambda pixels, s: math.ceil(pixels / s**2),
                lambda pixels, s: pixels // s**2,
            )
        ),
        (costs_from(with_remainders), "you add the remainder itself"),
        (costs_from(with_a_point(right_cost)), "whole numbers, without a point"),
        ((right_cost, with_a_point(right_stage)), "whole numbers, without a point"),
        ((right_cost, other_default), 'its default is "3x3"'),
        ((right_cost, faulty_stage("remainder")), "you add the remainder itself"),
        (costs_from(blank_cost), "`stage_cost` is written, but `convolution_cost`"),
        (costs_from(twice), "a multiplication and its addition count as one"),
        (costs_from(linear_kernel), "weights for each pair of channels"),
        (costs_from(no_input_channels), "a kernel joins every pair of channels"),
        (costs_from(with_bias), "without a bias"),
        (costs_from(no_padding), "a map loses no border"),
        ((right_cost, faulty_stage("none")), "the projection is missing"),
        ((right_cost, faulty_stage("only strided")), "the projection is missing"),
        ((right_cost, faulty_stage("each first")), "nothing changes, so the shortcut"),
        ((right_cost, faulty_stage("all")), "nothing changes, so the shortcut"),
        ((right_cost, faulty_stage("channels stay")), "only the first block gets"),
        (
            (right_cost, faulty_stage("stride stays")),
            "only the first block has the str",
        ),
        ((right_cost, faulty_stage("side stays")), "after the first block the map is"),
        ((right_cost, faulty_stage("old reduced")), "in their first 1×1 as well"),
        ((right_cost, faulty_stage("floor")), "padded, so it is rounded up"),
        (
            (right_cost, faulty_stage("3x3 at the old size")),
            "leave the 3×3: the stride is in",
        ),
        ((right_cost, width_of_the_block), "middle is what the 3×3 takes and makes"),
        ((right_cost, lambda *_: 0), "where the first block has"),
        ((right_cost, faulty_stage("large")), "the projection has the stride, too"),
        ((right_cost, faulty_stage("no expansion")), "the last 1×1 of a bottleneck of"),
        ((right_cost, faulty_stage("swapped")), "is in the 3×3 here, you have it in"),
        ((right_cost, faulty_stage("always 3x3")), "is in the 1×1 here, you have it"),
        ((right_cost, library_stage), "it calls layers, multiply_adds"),
    ],
    "which_line": [
        (1, "56 pixels and 64 channels after the pool"),
        (3, "3×3 weights for each pair of channels"),
        (4, "a weight is used once for each pixel"),
        (5, "two convolutions in each of `count` blocks"),
        (6, "the sides are 56, 28, 14, 7"),
        (8, "from 1 to 7"),
        (7.0, "expected the number of a line"),
    ],
    "resnet": [
        (block_answer(InFirst), "the stride is in the first 1×1, as in the paper"),
        (block_answer(InLast), "the stride belongs in conv2, the 3×3"),
        (block_answer(Late), "first the sum, then the ReLU"),
        (block_answer(NoLast), "there is no ReLU after the sum"),
        (block_answer(Twice), "once, after the sum, not after bn3"),
        (block_answer(NoStride), "the shortcut halves the map, the path does not"),
        (block_answer(ShortcutNoStride), "does the shortcut get the stride?"),
        (block_answer(StubLeft), "a line `return ...` is still there"),
        (net_answer("stub"), "a line `return ...` is still there"),
        (net_answer("listed"), "layer1 has no forward: nn.Sequential(*blocks) has one"),
        (block_answer(NoRelu), "a ReLU inside the path is missing"),
        (block_answer(NoSkip), "the skip is missing"),
        (block_answer(NoProjection), "changes the shape and has no projection"),
        (block_answer(AlwaysProjected), "the skip is the input itself"),
        (block_answer(WithBias), "no bias, batch norm follows"),
        (block_answer(FourTimes), "out_channels is given"),
        (block_answer(WrongOrder), "you took out_channels for the 3×3"),
        (block_answer(Detached), "is detached from its weights"),
        (block_answer(OtherNames), "use torchvision's names"),
        (block_answer(OneNorm), "with the same weights"),
        (block_answer(NoNorm), "each with its batch norm"),
        (block_answer(LibraryBlock), "is made with lectures_lib.resnets"),
        (net_answer("never"), "no stage halves the map"),
        (net_answer("layer1 too"), "layer1 should keep the map"),
        (net_answer("every block"), "yours have it in every block"),
        (net_answer("last block"), "where the shape should stay"),
        (net_answer("no expansion"), "makes 4 · width channels, yours 1 · width"),
        (net_answer("not wider"), "should make the 3×3 wider, and does not"),
        (net_answer("out wider"), "widen makes the middle wider"),
        (net_answer("always 50"), "yours all have 3, 4, 6, 3"),
        (net_answer("always 1000"), "should be the length of the logits"),
        (net_answer("one block"), "make a new layer, or block, for each place"),
        ((Bottleneck, library_net), "is made with lectures_lib.resnets"),
    ],
}

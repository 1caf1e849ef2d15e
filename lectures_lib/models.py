"""The nets of the course."""

import copy
import math
from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional as F

from .counting import Layer, depth, layers, multiply_adds, output_size, parameters
from .environment import seed_everything
from .resnets import RESNETS, assemble, load_weights, pretrained, resnet

__all__ = [
    "RESNETS",
    "Block",
    "Layer",
    "assemble",
    "cifar_net",
    "depth",
    "insert_identity",
    "layers",
    "lenet5",
    "load_weights",
    "multiply_adds",
    "output_size",
    "parameters",
    "pretrained",
    "resnet",
    "small_cnn",
    "without_blocks",
]

KINDS = ("plain", "residual", "highway")
SHORTCUTS = ("A", "B", "C")


def lenet5(in_channels: int = 1, num_classes: int = 10) -> nn.Sequential:
    """LeNet-5 for 28×28 images (LeCun et al. 1998), in the form in which it is taught.

    Images (batch, in_channels, 28, 28) to logits (batch, num_classes). The second
    convolution sees all maps, pooling has no weights, and the output is linear.
    """
    return nn.Sequential(
        *(nn.Conv2d(in_channels, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten()),
        *(nn.Linear(16 * 5 * 5, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh()),
        nn.Linear(84, num_classes),
    )


class Block(nn.Module):
    """Two 3×3 convolutions with batch norm, with or without a skip around them.

    plain:     y = ReLU(F(x))
    residual:  y = ReLU(F(x) + s(x))                    (He et al. 2015, Figure 2)
    highway:   y = T(x) · ReLU(F(x)) + (1 − T(x)) · s(x)  (Srivastava et al. 2015)

    F is convolution, norm, ReLU, convolution, norm; s the shortcut; T a sigmoid of a
    convolution. Takes (batch, in_channels, height, width) to (batch, out_channels,
    height / stride, width / stride), rounded up. Without batch norm the convolutions
    have biases in its place.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        stride: int = 1,
        kind: str = "plain",
        shortcut: str = "A",
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        self.kind = kind
        norm, bias = nn.BatchNorm2d if batch_norm else nn.Identity, not batch_norm
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, 1, bias=bias)
        self.norm1 = norm(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, 1, 1, bias=bias)
        self.norm2 = norm(out_channels)
        if kind != "plain":
            self.shortcut = _shortcut(in_channels, out_channels, stride, shortcut)
        if kind == "highway":
            self.gate = nn.Conv2d(in_channels, out_channels, 3, stride, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out = F.relu(self.norm1(self.conv1(x)))
        out = self.norm2(self.conv2(out))
        if self.kind == "plain":
            return F.relu(out)
        if self.kind == "residual":
            return F.relu(out + self.shortcut(x))
        gate = torch.sigmoid(self.gate(x))
        return gate * F.relu(out) + (1 - gate) * self.shortcut(x)


class PadShortcut(nn.Module):
    """Option A: every stride-th pixel, and channels of zeros where some are missing."""

    def __init__(self, stride: int, missing_channels: int) -> None:
        super().__init__()
        self.stride, self.missing_channels = stride, missing_channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.missing_channels))


def _shortcut(
    in_channels: int, out_channels: int, stride: int, option: str
) -> nn.Module:
    """He et al. 2015, Section 4.1: A pads, B projects where shapes differ, C always."""
    if option != "C" and in_channels == out_channels and stride == 1:
        return nn.Identity()
    if option == "A":
        return PadShortcut(stride, out_channels - in_channels)
    projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))


def cifar_net(
    depth: int,
    kind: str = "plain",
    width: int = 16,
    shortcut: str = "A",
    in_channels: int = 1,
    num_classes: int = 10,
    stem_stride: int = 1,
    batch_norm: bool = True,
) -> nn.Sequential:
    """The nets of He et al. 2015, Section 4.2: 6n + 2 layers in three stages.

    Images (batch, in_channels, height, width) to logits (batch, num_classes). The
    stages have width, 2·width and 4·width channels; the second and the third halve the
    picture. Convolutions start at He's scale, highway gates mostly closed (bias −2).

    Args:
        stem_stride: of the first convolution; 2 makes everything four times cheaper.
        batch_norm: False puts a bias, zero at the start, in the place of each.

    Raises:
        ValueError: no such depth, kind or shortcut, or a size below one.
    """
    _check_net(depth, kind, shortcut, width, in_channels, num_classes)
    stem = nn.Conv2d(in_channels, width, 3, stem_stride, 1, bias=not batch_norm)
    norm = nn.BatchNorm2d(width) if batch_norm else nn.Identity()
    layers, channels = [stem, norm, nn.ReLU()], width
    for stage in range(3):
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            shape = (channels, width * 2**stage, stride)
            layers.append(Block(*shape, kind, shortcut, batch_norm))
            channels = width * 2**stage
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)]
    net = nn.Sequential(*layers, *head)
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if name.endswith("gate"):
            nn.init.constant_(module.bias, -2.0)
    return net


def _check_net(
    depth: int, kind: str, shortcut: str, width: int, in_channels: int, num_classes: int
) -> None:
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}: expected one of {', '.join(KINDS)}")
    if shortcut not in SHORTCUTS:
        raise ValueError(f"unknown shortcut {shortcut!r}: expected 'A', 'B' or 'C'")
    if depth < 8 or (depth - 2) % 6:
        raise ValueError(
            f"no net with {depth} layers: expected 6n + 2, such as 8, 20, 32, 44 or 56"
        )
    sizes = {"width": width, "in_channels": in_channels, "num_classes": num_classes}
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is {size}: expected at least 1")


def without_blocks(model: nn.Sequential, blocks: Iterable[int]) -> nn.Sequential:
    """The net without some of the blocks that keep the shape; it shares its weights.

    Where a block is missing its input goes on to the next one.

    Args:
        blocks: numbers among the blocks that keep the shape, from 0 on.

    Raises:
        ValueError: there is no such block.
    """
    same = [module for module in model if _keeps_shape(module)]
    blocks = set(blocks)
    if not blocks <= set(range(len(same))):
        raise ValueError(
            f"no blocks {sorted(blocks)}: {len(same)} blocks keep the shape, "
            f"expected numbers from 0 to {len(same) - 1}"
        )
    missing = {id(same[number]) for number in blocks}
    return nn.Sequential(*(module for module in model if id(module) not in missing))


def _keeps_shape(module: nn.Module) -> bool:
    return isinstance(module, Block) and module.conv1.stride == (1, 1)


def insert_identity(model: nn.Sequential, num_blocks: int) -> nn.Sequential:
    """A deeper copy that computes the same in evaluation mode, up to rounding.

    Behind each block num_blocks plain blocks are inserted that give back their
    non-negative input: with two of them 20 layers become 56.

    Raises:
        ValueError: the net has no blocks to insert behind.
    """
    if not any(isinstance(module, Block) for module in model):
        raise ValueError(
            "no identity layer fits into this net: it takes a cifar_net, whose blocks "
            "end in a ReLU. The inserted layers end in a ReLU too, and would cut off "
            "the negative numbers of any other layer"
        )
    layers: list[nn.Module] = []
    for module in copy.deepcopy(model):
        layers.append(module)
        if isinstance(module, Block):
            channels = module.conv2.out_channels
            layers += [_identity_block(channels) for _ in range(num_blocks)]
    deeper = nn.Sequential(*layers).to(next(model.parameters()).device)
    return deeper.train(model.training)


def _identity_block(channels: int) -> Block:
    block = Block(channels, channels)
    for convolution, norm in ((block.conv1, block.norm1), (block.conv2, block.norm2)):
        nn.init.dirac_(convolution.weight)
        # Batch norm divides by √(variance + ε): this variance makes it exactly one.
        norm.running_var.fill_(1 - norm.eps)
    return block


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

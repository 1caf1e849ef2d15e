"""The nets of the course: for small pictures here, for ImageNet in resnets.py."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from .counting import Layer, depth, layers, multiply_adds, output_size, parameters
from .environment import require, seed_everything
from .resnets import RESNETS, assemble, resnet

KINDS = ("plain", "residual", "highway")
SHORTCUTS = ("A", "B", "C")


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
    """He et al. 2015, Section 4.1: A pads, B projects where shapes differ, C always.

    That of the ImageNet nets, always B, stands in resnets.py.
    """
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
    sizes = {"width": width, "in_channels": in_channels, "num_classes": num_classes}
    _check_net(depth, kind, shortcut, sizes)
    stem = nn.Conv2d(in_channels, width, 3, stem_stride, 1, bias=not batch_norm)
    norm = nn.BatchNorm2d(width) if batch_norm else nn.Identity()
    layers, channels = [stem, norm, nn.ReLU()], width
    for stage in range(3):
        for block in range((depth - 2) // 6):
            stride = 2 if stage > 0 and block == 0 else 1
            out_channels = width * 2**stage
            shape = (channels, out_channels, stride)
            layers.append(Block(*shape, kind, shortcut, batch_norm))
            channels = out_channels
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes)]
    net = nn.Sequential(*layers, *head)
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.constant_(module.bias, -2.0 if name.endswith("gate") else 0.0)
    return net


def small_net(depth: int, kind: str = "plain", stem_stride: int = 4) -> nn.Sequential:
    """The cifar_net of notebooks 01 and 02: stages of 8, 16, 32 channels, 7×7 maps."""
    return cifar_net(depth, kind, width=8, stem_stride=stem_stride)


def _check_net(depth: int, kind: str, shortcut: str, sizes: dict[str, int]) -> None:
    kinds = ", ".join(KINDS)
    require(kind in KINDS, f"unknown kind {kind!r}: expected one of {kinds}")
    known = shortcut in SHORTCUTS
    require(known, f"unknown shortcut {shortcut!r}: expected 'A', 'B' or 'C'")
    require(
        depth >= 8 and (depth - 2) % 6 == 0,
        f"no net with {depth} layers: expected 6n + 2, such as 8, 20, 32, 44 or 56",
    )
    for name, size in sizes.items():
        require(size >= 1, f"{name} is {size}: expected at least 1")


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

"""The ResNets for ImageNet, built from one specification (He et al. 2015, Table 1)."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from .environment import require

# Depth to the kind of block, and how many of them stand in each of the four stages.
RESNETS = {
    18: ("basic", (2, 2, 2, 2)),
    34: ("basic", (3, 4, 6, 3)),
    50: ("bottleneck", (3, 4, 6, 3)),
    101: ("bottleneck", (3, 4, 23, 3)),
    152: ("bottleneck", (3, 8, 36, 3)),
}
WIDTHS = (64, 128, 256, 512)  # channels of the 3×3 convolutions in each stage


def resnet(depth: int, num_classes: int = 1000, stride_in: str = "3x3") -> nn.Module:
    """The ResNet with this many layers; its parts have the names of torchvision's.

    Images (batch, 3, height, width), normalised, to logits (batch, num_classes).
    Weights of torchvision's fit: net.load_state_dict(weights). In a checkpoint they may
    be checkpoint["state_dict"]; "module." before their names is to be taken off; for
    other classes than theirs leave out "fc.weight", "fc.bias", and add strict=False.

    Args:
        depth: 18, 34, 50, 101 or 152.
        stride_in: of a bottleneck that halves the picture, the convolution that does
            so: "3x3" as in torchvision, "1x1" as in the paper.

    Raises:
        ValueError: no such depth or stride_in, or num_classes below one.
    """
    known = ", ".join(map(str, RESNETS))
    require(
        depth in RESNETS, f"no ResNet with {depth} layers in Table 1: expected {known}"
    )
    return assemble(*RESNETS[depth], num_classes, stride_in)


def assemble(
    kind: str, blocks: Sequence[int], num_classes: int = 1000, stride_in: str = "3x3"
) -> nn.Sequential:
    """A ResNet with any number of blocks in each of its four stages.

    Args:
        kind: "basic" or "bottleneck".
        blocks: four numbers, each at least one; the rest as in `resnet`.

    Raises:
        ValueError: an argument is none of these.
    """
    _check(kind, blocks, num_classes, stride_in)
    net = nn.Sequential()
    net.conv1, net.bn1 = _convolution(3, 64, 7, stride=2), nn.BatchNorm2d(64)
    net.relu = nn.ReLU()
    net.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
    channels = 64
    for stage, (width, count) in enumerate(zip(WIDTHS, blocks), start=1):
        stack = []
        for block in range(count):
            stride = 2 if stage > 1 and block == 0 else 1
            if kind == "basic":
                stack.append(BasicBlock(channels, width, stride))
            else:
                stack.append(Bottleneck(channels, width, stride, stride_in))
            channels = width if kind == "basic" else 4 * width
        net.add_module(f"layer{stage}", nn.Sequential(*stack))
    net.avgpool, net.flatten = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    net.fc = nn.Linear(channels, num_classes)
    return net


class BasicBlock(nn.Module):
    """Two 3×3 convolutions with a skip around them (Figure 5, left).

    Takes (batch, in_channels, height, width) to (batch, width, height / stride,
    width / stride), rounded up.
    """

    def __init__(self, in_channels: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = _convolution(in_channels, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(in_channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return F.relu(out + self.downsample(x))


class Bottleneck(nn.Module):
    """1×1 down, 3×3, 1×1 up, with a skip around them (Figure 5, right).

    Takes (batch, in_channels, height, width) to (batch, 4 · width, height / stride,
    width / stride), rounded up.
    """

    def __init__(
        self, in_channels: int, width: int, stride: int = 1, stride_in: str = "3x3"
    ) -> None:
        super().__init__()
        first, second = (stride, 1) if stride_in == "1x1" else (1, stride)
        self.conv1 = _convolution(in_channels, width, 1, first)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _convolution(width, width, 3, second)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _convolution(width, 4 * width, 1)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(in_channels, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(out + self.downsample(x))


def _check(kind: str, blocks: Sequence[int], num_classes: int, stride_in: str) -> None:
    known = kind in ("basic", "bottleneck")
    require(known, f"unknown kind {kind!r}: expected 'basic' or 'bottleneck'")
    four = len(blocks) == 4 and min(blocks) >= 1
    require(four, f"blocks are {blocks}: expected four numbers, at least 1 each")
    require(num_classes >= 1, f"num_classes is {num_classes}: expected at least 1")
    known = stride_in in ("3x3", "1x1")
    require(known, f"unknown stride_in {stride_in!r}: expected '3x3' or '1x1'")


def _convolution(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1
) -> nn.Conv2d:
    """At He's scale, without a bias, since batch norm follows."""
    padding = kernel_size // 2
    convolution = nn.Conv2d(
        in_channels, out_channels, kernel_size, stride, padding, bias=False
    )
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    """Option B: a projection where the shape changes, the identity elsewhere.

    The CIFAR nets' own, with options A and C, stands in models.py.
    """
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    projection = _convolution(in_channels, out_channels, 1, stride)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels))

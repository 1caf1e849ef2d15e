"""Counting on nets: against PyTorch itself, its flop counter, and the papers."""

import copy
from pathlib import Path

import nbformat
import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from lectures_lib import models

IMAGENET = (3, 224, 224)


def build(name: str) -> nn.Module:
    extras = {"googlenet": {"init_weights": False, "aux_logits": False}}
    with torch.device("meta"):
        return getattr(torchvision.models, name)(**extras.get(name, {})).eval()


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 1, 4])
@pytest.mark.parametrize("dilation", [1, 2])
def test_output_size_is_pytorchs(kernel_size, stride, padding, dilation):
    for size in range(1, 14):
        layer = nn.Conv2d(1, 1, kernel_size, stride, padding, dilation, device="meta")
        image = torch.empty(1, 1, size, size, device="meta")
        setting = (size, kernel_size, stride, padding, dilation)
        try:
            expected = layer(image).shape[-1]
        except RuntimeError:
            with pytest.raises(ValueError, match="kernel spans"):
                models.output_size(*setting)
        else:
            assert models.output_size(*setting) == expected


def lenet5() -> nn.Sequential:
    """The net of notebook 00, from its cell."""
    path = Path(__file__).parents[1] / "notebooks" / "00_start_here.ipynb"
    (cell,) = (c for c in nbformat.read(path, as_version=4).cells if c.id == "lenet")
    found = {"nn": nn}
    exec(cell.source, found)
    return found["lenet"]


def test_lenet_is_the_textbook_net():
    lenet = lenet5()
    assert models.parameters(lenet) == 61_706
    assert lenet(torch.zeros(2, 1, 28, 28)).shape == (2, 10)
    shapes = [x.output_shape for x in models.layers(lenet, (1, 28, 28))]
    assert shapes[:6:3] == [(6, 28, 28), (16, 10, 10)] and shapes[-1] == (10,)


@pytest.mark.parametrize(
    ("name", "parameters", "depth"),
    [
        ("alexnet", 61_100_840, 8),
        ("vgg16", 138_357_544, 16),
        ("vgg19", 143_667_240, 19),
        ("googlenet", 6_624_904, 22),
        ("resnet18", 11_689_512, 18),
        ("resnet152", 60_192_808, 152),
    ],
)
def test_counts_against_the_papers_and_pytorchs_flop_counter(name, parameters, depth):
    net = build(name)
    assert models.parameters(net) == parameters
    assert models.depth(net) == depth
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(1, *IMAGENET, device="meta"))
    assert models.multiply_adds(net, IMAGENET) == counter.get_total_flops() / 2


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 1, 28, 28)])
def test_one_image_with_or_without_a_batch(shape):
    assert models.multiply_adds(lenet5(), shape) == 416_520


def test_groups_stride_and_dilation_are_counted():
    net = nn.Sequential(nn.Conv2d(8, 12, 3, 2, 2, dilation=2, groups=4), nn.Flatten())
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 8, 15, 15))
    assert models.multiply_adds(net, (8, 15, 15)) == counter.get_total_flops() / 2


CONVOLUTIONS = {
    "Conv1d": (nn.Conv1d(4, 6, 3, 2, groups=2), (4, 9)),
    "Conv3d": (nn.Conv3d(2, 3, 3, padding=1), (1, 2, 5, 6, 7)),
    "ConvTranspose1d": (nn.ConvTranspose1d(4, 6, 3, 2), (4, 9)),
    "ConvTranspose2d": (nn.ConvTranspose2d(4, 6, 3, 2, 1), (4, 9, 8)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("alone", [True, False])
def test_every_kind_of_convolution_is_counted(name, alone):
    layer, shape = CONVOLUTIONS[name]
    net = layer if alone else nn.Sequential(layer, nn.ReLU())
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(shape if len(shape) > 3 else (1, *shape)))
    assert models.multiply_adds(net, shape) == counter.get_total_flops() / 2
    assert models.depth(net) == 1


def test_a_batch_costs_as_much_as_one_of_its_images():
    lenet = lenet5()
    one = models.layers(lenet, (1, 28, 28))
    assert models.layers(lenet, (8, 1, 28, 28)) == one


def test_norms_and_scales_are_no_layers():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.PReLU(4))
    assert models.depth(net) == 1
    assert models.multiply_adds(net, (1, 5, 5)) == 4 * 9 * 9
    convnext = build("convnext_tiny")
    with FlopCounterMode(display=False) as counter:
        convnext(torch.empty(1, *IMAGENET, device="meta"))
    assert models.multiply_adds(convnext, IMAGENET) == counter.get_total_flops() / 2
    assert models.depth(convnext) == 59


class Functional(nn.Module):
    """A convolution that no module does."""

    def __init__(self):
        super().__init__()
        self.kernels = nn.Parameter(torch.ones(2, 1, 3, 3))

    def forward(self, x):
        return F.conv2d(x, self.kernels)


@pytest.mark.parametrize(
    ("net", "named"),
    [
        (Functional(), "Functional"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.LSTM(4, 4)), "LSTM"),
        (torchvision.models.VisionTransformer(8, 4, 1, 2, 8, 8), "MultiheadAttention"),
    ],
)
def test_a_depth_with_weights_outside_known_layers_is_refused(net, named):
    with pytest.raises(ValueError, match=f"{named}.* not known here"):
        models.depth(net)


class Choosing(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(1, 1, 3)

    def forward(self, x):
        return self.layer(x) if x.mean() > 0 else -self.layer(x)


@pytest.mark.parametrize(
    "count", [models.depth, lambda net: models.multiply_adds(net, (1, 8, 8))]
)
def test_a_forward_that_chooses_by_its_input_is_named(count):
    with pytest.raises(ValueError, match="forward chooses by its input") as e:
        count(Choosing())
    assert "It takes" not in str(e.value)


def test_counting_leaves_the_net_alone():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout()).train()
    net[1].eval()  # frozen
    before = {name: value.clone() for name, value in net.state_dict().items()}
    models.layers(net, (1, 8, 8))
    assert net.training and not net[1].training and not net[0]._forward_hooks
    assert all(torch.equal(before[name], v) for name, v in net.state_dict().items())
    net(torch.zeros(2, 1, 8, 8))  # still on the CPU


def test_a_shape_that_does_not_fit_says_what_does():
    with pytest.raises(ValueError, match=r"shape \(3, 32, 32\).*takes 1 channel"):
        models.multiply_adds(lenet5(), (3, 32, 32))


def test_a_net_without_convolution_is_answered_too():
    with pytest.raises(ValueError, match=r"shape \(3, 4, 4\)"):
        models.layers(nn.Sequential(nn.Flatten(), nn.Linear(10, 2)), (3, 4, 4))


def test_whatever_has_no_weights_may_be_in_the_net():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU(), nn.Sequential(), nn.Flatten())
    assert models.multiply_adds(net, (1, 5, 5)) == 2 * 9 * 9


def test_weights_outside_known_layers_are_named():
    net = nn.Sequential(nn.MultiheadAttention(4, 1))
    with pytest.raises(ValueError, match="MultiheadAttention"):
        models.layers(net, (4, 4))


def test_a_subclass_of_a_layer_is_that_layer():
    class Mine(nn.Conv2d):
        def forward(self, x):
            return super().forward(x) * 2

    assert (
        models.depth(nn.Sequential(Mine(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3))) == 2
    )


def test_layers_of_unknown_cost_are_named():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.GRU(4, 4), nn.Embedding(3, 2))
    with pytest.raises(ValueError, match="Embedding, GRU"):
        models.multiply_adds(net, (1, 8, 8))


def expected_parameters(depth: int, width: int, in_channels: int, shortcut: str) -> int:
    """Closed form: 3×3 kernels, two numbers a norm, a last linear layer."""
    total, channels = 9 * in_channels * width + 2 * width, width
    for stage in range(3):
        out = width * 2**stage
        for block in range((depth - 2) // 6):
            total += 9 * channels * out + 9 * out * out + 4 * out
            if shortcut == "C" or (shortcut == "B" and stage and not block):
                total += channels * out + 2 * out
            channels = out
    return total + 10 * channels + 10


@pytest.mark.parametrize("depth", [8, 20, 56])
@pytest.mark.parametrize(
    ("kind", "shortcut"),
    [("plain", "A"), ("residual", "A"), ("residual", "B"), ("residual", "C")],
)
def test_cifar_nets_have_the_depth_and_the_parameters_of_the_paper(
    depth, kind, shortcut
):
    net = models.cifar_net(depth, kind, width=16, shortcut=shortcut, in_channels=3)
    assert models.depth(net) == depth
    assert models.parameters(net) == expected_parameters(depth, 16, 3, shortcut)


def test_resnet_20_and_56_are_as_large_as_in_table_6():
    millions = [
        models.parameters(models.cifar_net(d, "residual", in_channels=3)) / 1e6
        for d in (20, 56)
    ]
    assert [round(m, 2) for m in millions] == [0.27, 0.85]


@pytest.mark.parametrize("kind", models.KINDS)
@pytest.mark.parametrize("shortcut", models.SHORTCUTS)
@pytest.mark.parametrize("size", [7, 28])
def test_cifar_nets_run_and_every_parameter_gets_a_gradient(kind, shortcut, size):
    net = models.cifar_net(8, kind, width=4, shortcut=shortcut, in_channels=2)
    logits = net(torch.randn(3, 2, size, size))
    assert logits.shape == (3, 10)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())


def test_a_residual_block_is_the_paper_s_equation():
    block = models.Block(4, 4, kind="residual").eval()
    x = torch.randn(2, 4, 5, 5)
    f = block.norm2(block.conv2(block.norm1(block.conv1(x)).relu()))
    assert torch.equal(block(x), (f + x).relu())


def test_a_highway_gate_interpolates():
    block = models.Block(4, 4, kind="highway").eval()
    x = torch.rand(2, 4, 5, 5)
    torch.nn.init.zeros_(block.gate.weight)
    torch.nn.init.constant_(block.gate.bias, -1e4)
    assert torch.equal(block(x), x)
    torch.nn.init.constant_(block.gate.bias, 1e4)
    block.kind = "plain"
    plain = block(x)
    block.kind = "highway"
    assert torch.equal(block(x), plain)


def test_shortcut_a_takes_every_second_pixel_and_adds_empty_channels():
    x = torch.randn(2, 3, 7, 7)
    out = models.PadShortcut(2, 3)(x)
    assert torch.equal(out[:, :3], F.avg_pool2d(x, 1, stride=2))
    assert out.shape == (2, 6, 4, 4) and not out[:, 3:].any()


@pytest.mark.parametrize("option", ["B", "C"])
def test_shortcuts_b_and_c_are_a_one_by_one_convolution_and_a_norm(option):
    block = models.Block(3, 6, stride=2, kind="residual", shortcut=option).eval()
    x = torch.randn(2, 3, 7, 7)
    (kernel, *_), skip = block.shortcut.parameters(), block.shortcut(x)
    at_its_start = (1 + 1e-5) ** 0.5  # what the norm divides by
    expected = F.conv2d(x, kernel, stride=2) / at_its_start
    assert kernel.shape == (6, 3, 1, 1) and torch.allclose(skip, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"depth": 21}, "no net with 21 layers: expected 6n . 2"),
        ({"depth": 2}, "no net with 2 layers"),
        ({"depth": 20, "kind": "dense"}, "unknown kind 'dense'.*plain, residual"),
        ({"depth": 20, "shortcut": "D"}, "unknown shortcut 'D'.*'A', 'B' or 'C'"),
        ({"depth": 20, "num_classes": 0}, "num_classes is 0"),
        ({"depth": 20, "width": 0}, "width is 0"),
    ],
)
def test_a_net_that_does_not_exist_is_named(arguments, words):
    with pytest.raises(ValueError, match=words):
        models.cifar_net(**arguments)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((2, 3, 28, 28), r"to have 1 channels, but got 3 channels"),
        ((28, 28), r"Expected 3D .* or 4D .* input"),
        ((2, 1, 5, 28, 28), r"Expected 3D .* or 4D .* input"),
    ],
)
def test_an_image_that_the_net_cannot_take_is_refused_with_both_sizes(shape, words):
    net = models.cifar_net(8, width=4)
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(RuntimeError, match=words):
        net(torch.zeros(shape))
    after = net.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)

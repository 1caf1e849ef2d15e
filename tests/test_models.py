"""Counting on nets: against PyTorch itself, its flop counter, and the papers."""

import pytest
import torch
import torchvision
from torch import nn
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


def test_lenet_is_the_textbook_net():
    lenet = models.lenet5()
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
    assert models.multiply_adds(models.lenet5(), shape) == 416_520


def test_groups_stride_and_dilation_are_counted():
    net = nn.Sequential(nn.Conv2d(8, 12, 3, 2, 2, dilation=2, groups=4), nn.Flatten())
    with FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 8, 15, 15))
    assert models.multiply_adds(net, (8, 15, 15)) == counter.get_total_flops() / 2


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
        models.multiply_adds(models.lenet5(), (3, 32, 32))


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

"""The ResNets for ImageNet: against torchvision, the paper, and finite differences."""

import pytest
import torch
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lectures_lib import data, models, resnets

IMAGENET = (3, 224, 224)
PARAMETERS = {
    **{18: 11_689_512, 34: 21_797_672},
    **{50: 25_557_032, 101: 44_549_160, 152: 60_192_808},
}
SMALLEST = ("basic", (1, 1, 1, 1), 3)  # for what needs no depth


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def on_meta(build, *arguments, **options) -> nn.Module:
    """A net of shapes alone: nothing is drawn, and no memory is taken."""
    with torch.device("meta"):
        return build(*arguments, **options)


def theirs(depth: int) -> nn.Module:
    return getattr(torchvision.models, f"resnet{depth}")()


def unsettle(net: nn.Module) -> nn.Module:
    """Give each batch norm statistics and scales that matter, and that stay tame."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.5, 0.5)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.2, 0.6)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return net


# --- against torchvision ------------------------------------------------------------


@pytest.mark.parametrize("depth", models.RESNETS)
def test_parts_have_the_names_and_shapes_of_torchvisions(depth):
    ours, other = on_meta(models.resnet, depth), on_meta(theirs, depth)
    shapes = [
        {n: t.shape for n, t in net.state_dict().items()} for net in (ours, other)
    ]
    assert shapes[0] == shapes[1]
    assert list(dict(ours.named_parameters())) == list(dict(other.named_parameters()))


@pytest.mark.parametrize("depth", models.RESNETS)
def test_depth_and_parameters_are_those_of_the_name(depth):
    net = on_meta(models.resnet, depth)
    assert models.depth(net) == depth
    assert models.parameters(net) == PARAMETERS[depth]


def test_weights_of_others_fit_as_the_docstring_says():
    other, ours = theirs(18), models.resnet(18, num_classes=10)
    checkpoint = {"state_dict": nn.DataParallel(other).state_dict()}
    named = checkpoint["state_dict"].items()
    weights = {name.removeprefix("module."): value for name, value in named}
    for name in ("fc.weight", "fc.bias"):
        assert weights.pop(name).shape[0] == 1000 and name in ours.state_dict()
    missing, unknown = ours.load_state_dict(weights, strict=False)
    assert missing == ["fc.weight", "fc.bias"] and unknown == []
    assert torch.equal(ours.layer4[1].conv2.weight, other.layer4[1].conv2.weight)


@pytest.mark.parametrize("depth", models.RESNETS)
@torch.no_grad()
def test_logits_are_torchvisions(depth):
    other = unsettle(theirs(depth)).eval()
    images = [torch.randn(2, 3, 64, 64), torch.randn(1, 3, 75, 53)]
    expected = [other(image) for image in images]
    ours = on_meta(models.resnet, depth).eval()
    ours.load_state_dict(other.state_dict(), strict=True, assign=True)
    for image, logits in zip(images, expected):
        assert logits.std() > 0.01  # not all alike, which a dead net would give
        torch.testing.assert_close(ours(image), logits)


def test_training_mode_is_torchvisions_too():
    other, image = unsettle(theirs(18)), torch.randn(2, 3, 40, 33)
    ours = models.resnet(18)
    ours.load_state_dict(other.state_dict())
    torch.testing.assert_close(ours.train()(image), other.train()(image))
    for name, tensor in other.state_dict().items():
        torch.testing.assert_close(ours.state_dict()[name], tensor)


def test_weights_begin_at_the_scale_of_torchvisions():
    def spreads(net):
        weights = {n: w for n, w in net.named_parameters() if w.dim() > 1}
        return {name: weight.std().item() for name, weight in weights.items()}

    assert spreads(models.resnet(50)) == pytest.approx(spreads(theirs(50)), rel=0.1)


# --- against the paper and closed forms ---------------------------------------------


@pytest.mark.parametrize("depth", models.RESNETS)
def test_multiply_adds_are_those_of_table_1(depth):
    quoted = data.published("resnet_table1")["flops"][str(depth)]
    net = on_meta(models.resnet, depth, stride_in="1x1")
    assert models.multiply_adds(net, IMAGENET) == pytest.approx(quoted, rel=0.03)


def test_multiply_adds_are_pytorchs():
    net = on_meta(models.resnet, 50).eval()
    with FlopCounterMode(display=False) as counter:
        net(torch.empty(1, *IMAGENET, device="meta"))
    assert models.multiply_adds(net, IMAGENET) == counter.get_total_flops() / 2


SHAPES = [(8, 8, 1), (8, 8, 2), (6, 4, 1), (16, 4, 1), (16, 4, 2)]
SIZE = (10, 7)  # halved with rounding: 5 and 4 pixels


def pixels(stride: int) -> tuple[int, int]:
    """Pixels of a picture of this size, before and after the stride."""
    height, width = SIZE
    return height * width, -(-height // stride) * -(-width // stride)


@pytest.mark.parametrize(("channels", "width", "stride"), SHAPES)
def test_a_basic_block_costs_what_the_formula_says(channels, width, stride):
    block = resnets.BasicBlock(channels, width, stride)
    kernels, norms = 9 * channels * width + 9 * width * width, 4 * width
    if stride == 2 or channels != width:
        kernels, norms = kernels + channels * width, norms + 2 * width
    _, small = pixels(stride)
    assert models.parameters(block) == kernels + norms
    assert models.multiply_adds(block, (channels, *SIZE)) == kernels * small
    assert block(torch.zeros(2, channels, *SIZE))[0, 0].numel() == small


@pytest.mark.parametrize("stride_in", ["1x1", "3x3"])
@pytest.mark.parametrize(("channels", "width", "stride"), SHAPES)
def test_a_bottleneck_costs_what_the_formula_says(channels, width, stride, stride_in):
    block = resnets.Bottleneck(channels, width, stride, stride_in)
    down, kernels, norms = channels * width, 9 * width**2 + 4 * width**2, 12 * width
    if stride == 2 or channels != 4 * width:
        kernels, norms = kernels + channels * 4 * width, norms + 8 * width
    large, small = pixels(stride)
    first = small if stride_in == "1x1" else large
    assert models.parameters(block) == down + kernels + norms
    cost = down * first + kernels * small
    assert models.multiply_adds(block, (channels, *SIZE)) == cost
    assert block(torch.zeros(2, channels, *SIZE))[0, 0].numel() == small


def test_the_stride_is_placed_as_asked_and_nothing_else_changes():
    nets = [on_meta(models.resnet, 50, stride_in=where) for where in ("1x1", "3x3")]
    paper, other = (
        [m.stride for n, m in net.named_modules() if n.endswith("0.conv1")]
        for net in nets
    )
    assert paper == [(1, 1), (2, 2), (2, 2), (2, 2)] and other == [(1, 1)] * 4
    assert models.parameters(nets[0]) == models.parameters(nets[1])


@pytest.mark.parametrize("kind", ["basic", "bottleneck"])
def test_any_number_of_blocks_gives_that_depth(kind):
    blocks, layers = (1, 2, 1, 3), {"basic": 2, "bottleneck": 3}[kind]
    net = on_meta(models.assemble, kind, blocks, num_classes=7)
    assert models.depth(net) == layers * sum(blocks) + 2
    assert models.layers(net, (3, 32, 32))[-1].output_shape == (7,)


# --- gradients ----------------------------------------------------------------------

# A finite difference is wrong where a step crosses the kink of a ReLU. Steps of 1e-6
# meet few kinks: with numbers of size one, and a few hundred of them in each picture,
# the nearest lies at about 1e-3, and `kink` asks it. Batch norm in training mode
# adds no kink, and double precision leaves 1e-10 of rounding in a quotient.


def kink(block: nn.Module, x: torch.Tensor) -> float:
    """How close any number that goes into a ReLU comes to zero."""
    found = []
    relu = torch.nn.functional.relu

    def watch(values):
        found.append(values.abs().min().item())
        return relu(values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.nn.functional, "relu", watch)
        block(x)
    assert found
    return min(found)


BLOCKS = {
    **{
        f"Block-{shortcut}-{stride}": lambda shortcut=shortcut, stride=stride: (
            models.Block(2, 2 * stride, stride, "residual", shortcut)
        )
        for shortcut in models.SHORTCUTS
        for stride in (1, 2)
    },
    "BasicBlock": lambda: resnets.BasicBlock(2, 2),
    "BasicBlock-2": lambda: resnets.BasicBlock(2, 3, 2),
    "Bottleneck": lambda: resnets.Bottleneck(4, 1),
    "Bottleneck-2": lambda: resnets.Bottleneck(2, 2, 2),
    "Bottleneck-2-1x1": lambda: resnets.Bottleneck(2, 2, 2, "1x1"),
}


@pytest.mark.parametrize("training", [False, True], ids=["evaluation", "training"])
@pytest.mark.parametrize("name", BLOCKS)
def test_gradients_are_finite_differences(name, training):
    torch.manual_seed(1)
    block = unsettle(BLOCKS[name]()).double().train(training)
    x = torch.randn(2, next(block.parameters()).shape[1], 5, 4, dtype=torch.double)
    assert kink(block, x) > 1e-4
    weights = dict(block.named_parameters())

    def run(image, *tensors):
        return torch.func.functional_call(block, dict(zip(weights, tensors)), image)

    inputs = (x.requires_grad_(), *weights.values())
    assert torch.autograd.gradcheck(run, inputs, eps=1e-6, atol=1e-7, rtol=1e-5)


# --- bad input ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "arguments", "words"),
    [
        (models.resnet, {"depth": 20}, r"20 layers.*18, 34, 50, 101, 152$"),
        (models.resnet, {"depth": "18"}, r"no ResNet with 18 layers"),
        (models.resnet, {"depth": 18, "num_classes": 0}, "num_classes is 0: expected"),
        (models.resnet, {"depth": 50, "stride_in": "2x2"}, "'2x2': expected '3x3' or"),
        (
            models.assemble,
            {"kind": "dense", "blocks": (1,) * 4},
            "unknown kind 'dense'",
        ),
        (models.assemble, {"kind": "basic", "blocks": (1,) * 3}, "four numbers"),
        (models.assemble, {"kind": "basic", "blocks": (1, 0, 1, 1)}, r"\(1, 0, 1, 1\)"),
    ],
)
def test_a_net_that_does_not_exist_is_named(build, arguments, words):
    with pytest.raises(ValueError, match=words):
        build(**arguments)

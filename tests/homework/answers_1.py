"""Homework 1: wrong answers with words of their hints, and right ones."""

import copy

import torch
from torch import nn
from torch.nn import functional as F


def matrices(net):
    return [weight for weight in net.parameters() if weight.dim() > 1]


def norms_of(choose=matrices, measure=torch.Tensor.norm, reduction="mean"):
    """gradient_norms with other weights, another measure or another loss."""

    def gradient_norms(net, images, labels):
        loss = F.cross_entropy(net(images), labels, reduction=reduction)
        gradients = torch.autograd.grad(loss, choose(net))
        return [measure(gradient).item() for gradient in gradients]

    return gradient_norms


def by_backward(net, images, labels):
    F.cross_entropy(net(images), labels).backward()
    return [weight.grad.norm().item() for weight in matrices(net)]


def by_zero_and_backward(net, images, labels):
    net.zero_grad()
    return by_backward(net, images, labels)


def norms_of_rows(net, images, labels):
    loss = F.cross_entropy(net(images), labels)
    gradients = torch.autograd.grad(loss, matrices(net))
    return [gradient.norm(dim=1) for gradient in gradients]


def norms_of_the_outer_net(net, images, labels):
    def choose(net):
        return [m.weight for m in net if isinstance(m, nn.Linear | nn.Conv2d)]

    return norms_of(choose)(net, images, labels)


def one_norm(net, images, labels):
    return norms_of(lambda net: matrices(net)[:1])(net, images, labels)[0]


def by_modules(net, images, labels):
    layers = [m for m in net.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    log_softmax = F.log_softmax(net(images), dim=1)
    loss = -log_softmax[torch.arange(len(labels)), labels].mean()
    gradients = torch.autograd.grad(loss, [layer.weight for layer in layers])
    return torch.stack([gradient.square().sum().sqrt() for gradient in gradients])


def on_a_copy(net, images, labels):
    mine = copy.deepcopy(net)
    mine.zero_grad()
    F.cross_entropy(mine(images), labels).backward()
    gradients = [w.grad for w in mine.parameters() if w.ndim in (2, 4)]
    return tuple(torch.linalg.vector_norm(gradient) for gradient in gradients)


def weights_at(scale, draw=torch.randn, repeatable=True):
    """draw_weight with another scale or other numbers."""

    def draw_weight(shape, gain, generator):
        numbers = draw(shape, generator=generator if repeatable else None)
        return scale(shape, gain) * numbers

    return draw_weight


def fan_in(shape):
    return torch.Size(shape[1:]).numel()


def right_scale(shape, gain):
    return gain / fan_in(shape) ** 0.5


def from_minus_one_to_one(shape, generator):
    return 2 * torch.rand(shape, generator=generator) - 1


def uniform_of_variance_one(shape, generator):
    return 3**0.5 * from_minus_one_to_one(shape, generator)


def of_a_seed(draw):
    """draw_weight that makes the same numbers in each call."""

    def draw_weight(shape, gain, generator):
        return right_scale(shape, gain) * draw(shape, generator)

    return draw_weight


def one_for_all_outputs(shape, generator):
    return torch.randn(shape[1:], generator=generator).expand(shape)


def shifted(shape, generator):
    return torch.randn(shape, generator=generator) + 1


def by_global_seed(shape, _):
    torch.manual_seed(0)
    return torch.randn(shape)


def by_own_generator(shape, _):
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def by_seeding_anew(shape, generator):
    return torch.randn(shape, generator=generator.manual_seed(0))


def by_normal(shape, gain, generator):
    weight = torch.empty(shape)
    return weight.normal_(0, (gain**2 / weight[0].numel()) ** 0.5, generator=generator)


def by_kaiming(shape, gain, generator):
    weight = torch.empty(*shape)
    nn.init.kaiming_normal_(weight, nonlinearity="linear", generator=generator)
    return gain * weight


def by_xavier(shape, gain, generator):
    weight = torch.empty(*shape)
    return nn.init.xavier_normal_(weight, gain, generator=generator)


def by_units(shape, gain, generator):
    inputs = 1
    for size in shape[1:]:
        inputs *= size
    units = [torch.randn(shape[1:], generator=generator) for _ in range(shape[0])]
    return torch.stack(units) * gain / torch.tensor(float(inputs)).sqrt()


def with_stride(channels, size):
    return nn.Conv2d(channels, channels, size, 2, size // 2, bias=False)


def convolution(fill, padding=None, bias=False, trainable=True, zeros=True):
    """identity_convolution with another kernel, padding or bias."""

    def identity_convolution(channels, size):
        pad = size // 2 if padding is None else padding
        layer = nn.Conv2d(channels, channels, size, padding=pad, bias=bias)
        with torch.no_grad():
            if zeros:
                layer.weight.zero_()
            fill(layer.weight, size // 2)
        layer.weight.requires_grad_(trainable)
        return layer

    return identity_convolution


def fill_own(weight, middle):
    for channel in range(len(weight)):
        weight[channel, channel, middle, middle] = 1


def fill_corner(weight, middle):
    fill_own(weight, 0)


def fill_second(weight, middle):
    fill_own(weight, 1)


def fill_all_channels(weight, middle):
    weight[:, :, middle, middle] = 1


def fill_mean_of_channels(weight, middle):
    weight[:, :, middle, middle] = 1 / len(weight)


def fill_window(weight, middle):
    weight.diagonal().fill_(1)


def fill_mean(weight, middle):
    weight.diagonal().fill_(1 / (2 * middle + 1) ** 2)


def writing(fill):
    """identity_convolution that writes into the weight in torch's sight."""

    def identity_convolution(channels, size):
        layer = nn.Conv2d(channels, channels, size, padding=size // 2, bias=False)
        fill(layer)
        return layer

    return identity_convolution


def assign_zeros(layer):
    layer.weight = torch.zeros_like(layer.weight)


def by_eye(channels, size):
    layer = nn.Conv2d(channels, channels, size, padding="same", bias=False)
    kernel = torch.zeros(layer.weight.shape)
    kernel[:, :, size // 2, size // 2] = torch.eye(channels)
    layer.weight = nn.Parameter(kernel)
    return layer


def by_padding(channels, size):
    layer = nn.Conv2d(channels, channels, size, padding=(size - 1) // 2)
    one = torch.eye(channels).view(channels, channels, 1, 1)
    layer.weight.data = F.pad(one, [size // 2] * 4)
    nn.init.zeros_(layer.bias)
    return layer


def by_dirac(channels, size):
    layer = nn.Conv2d(channels, channels, size, padding=size // 2, bias=False)
    nn.init.dirac_(layer.weight)
    return layer


def norm_with(gamma, beta, keep=None, training=False, eps=None):
    """identity_norm with another γ or β, other statistics, mode or eps."""

    def identity_norm(mean, variance, given):
        norm = nn.BatchNorm2d(len(mean), eps=eps or given).train(training)
        kept = (mean, variance) if keep is None else keep(mean, variance, given)
        norm.running_mean.copy_(kept[0])
        norm.running_var.copy_(kept[1])
        norm.weight.data = gamma(variance, given)
        norm.bias.data = beta(mean)
        return norm

    return identity_norm


def root(variance, eps):
    return (variance + eps).sqrt()


def shared(name):
    def identity_norm(mean, variance, eps):
        norm = norm_with(root, torch.clone)(mean, variance, eps)
        setattr(norm, name, mean if name == "running_mean" else variance)
        return norm

    return identity_norm


def without_statistics(mean, variance, eps):
    return nn.BatchNorm2d(len(mean), eps, track_running_stats=False).eval()


def exchanged(mean, variance, eps):
    norm = norm_with(root, torch.clone)(mean, variance, eps)
    norm.weight, norm.bias = norm.bias, norm.weight
    return norm


def by_no_grad(mean, variance, eps):
    norm = nn.BatchNorm2d(mean.numel(), eps)
    norm.eval()
    with torch.no_grad():
        norm.running_mean += mean
        norm.running_var[:] = variance
        norm.bias.copy_(mean)
        norm.weight.copy_(torch.sqrt(eps + variance))
    return norm


def by_state(mean, variance, eps):
    norm = nn.BatchNorm2d(mean.shape[0], eps=eps)
    state = {"running_mean": mean, "running_var": variance, "bias": mean}
    norm.load_state_dict(state | {"weight": (variance + eps) ** 0.5}, strict=False)
    return norm.train(False)


WRONG = {
    "gradient_norms": [
        (norms_of(lambda net: list(net.parameters())), "biases are among them"),
        (
            norms_of(
                lambda net: [w for n, w in net.named_parameters() if "weight" in n]
            ),
            "calls its γ `weight` too",
        ),
        (
            norms_of(lambda net: [w for w in net.parameters() if w.dim() == 2]),
            "the kernels of convolutions are missing",
        ),
        (norms_of(lambda net: matrices(net)[::-1]), "the last layer comes first"),
        (norms_of(measure=lambda g: g.abs().mean()), "the mean size of an entry"),
        (norms_of(measure=lambda g: g.square().sum()), "the norms squared"),
        (norms_of(measure=torch.Tensor.sum), "the sum of the entries"),
        (norms_of(measure=lambda g: g.norm(1)), "the sum of the sizes"),
        (norms_of(measure=lambda g: g.abs().max()), "the largest entry"),
        (norms_of(reduction="sum"), "times too large"),
        (by_backward, "an older gradient is in them"),
        (by_zero_and_backward, "the net's own `.grad` have changed"),
        (lambda net, *_: [w.norm() for w in matrices(net)], "norms of the weights"),
        (norms_of_the_outer_net, "another net in it"),
        (norms_of(lambda net: matrices(net)[:1]), "a list of 1, but the net has"),
        (norms_of_rows, "expected one number for each layer"),
        (one_norm, "expected a list of numbers, got 0."),
        (lambda *_: [0.5, 0.4, 0.3], "3 of 3 numbers differ"),
    ],
    "before_and_after": [
        ([5, 4, 3, 6, 1, 7, 8, 2], "both gradients added up"),
        ([4, 3, 6, 5, 1, 7, 8, 2], "the step found no gradient"),
        ([1, 4, 3, 6, 5, 7, 8, 2], "the step found no gradient"),
        ([4, 3, 6, 5, 7, 8, 2, 1], "`after` equals `before`"),
        ([4, 3, 1, 5, 7, 8, 6, 2], "`before` is measured after the step"),
        ([3, 4, 6, 1, 5, 7, 8, 2], "before any line has computed it"),
        ([4, 6, 3, 1, 5, 7, 8, 2], "`backward` came before it"),
        ([4, 3, 8, 6, 1, 5, 7, 2], "one loss goes backward twice"),
        ([4, 3, 7, 6, 1, 5, 8, 2], "stands between a loss and its `backward`"),
        ([4, 3, 6, 1, 5, 7, 8], "each of 1 to 8 once"),
    ],
    "draw_weight": [
        (
            weights_at(lambda s, g: g**2 / fan_in(s)),
            "standard deviation is gain² / fan",
        ),
        (weights_at(lambda s, g: g / fan_in(s)), "take the root of fan-in"),
        (weights_at(lambda s, g: fan_in(s) ** -0.5), "the gain is missing"),
        (weights_at(lambda s, g: (g / fan_in(s)) ** 0.5), "the gain counts squared"),
        (weights_at(lambda s, g: g / s[0] ** 0.5), "the number of outputs"),
        (weights_at(lambda s, g: g / s[1] ** 0.5), "sees its whole window, 5 × 7"),
        (weights_at(lambda s, g: g / s[-1] ** 0.5), "width alone"),
        (weights_at(lambda s, g: g * (2 / fan_in(s)) ** 0.5), "brings its own gain"),
        (weights_at(lambda s, g: (2 / fan_in(s)) ** 0.5), "√2 is ReLU's"),
        (by_xavier, "Glorot's scale"),
        (weights_at(lambda s, g: 1), "they are not scaled"),
        (weights_at(right_scale, from_minus_one_to_one), "a third of what was asked"),
        (weights_at(right_scale, uniform_of_variance_one), "drawn uniformly"),
        (weights_at(right_scale, torch.rand), "the mean of the weights is not zero"),
        (
            weights_at(lambda s, g: g / torch.Size(s).numel() ** 0.5),
            "the first number of the shape",
        ),
        (of_a_seed(by_global_seed), "gives the same weights again"),
        (of_a_seed(one_for_all_outputs), "all outputs have the same weights"),
        (of_a_seed(shifted), "and add nothing to them"),
        (of_a_seed(by_own_generator), "gives the same weights again"),
        (of_a_seed(by_seeding_anew), "gives the same weights again"),
        (weights_at(right_scale, repeatable=False), "do not come from `generator`"),
        (lambda shape, *_: torch.zeros(shape), "expected a standard deviation of"),
        (
            lambda shape, gain, generator: by_normal(shape[::-1], gain, generator),
            "expected the shape (",
        ),
    ],
    "identity_convolution": [
        (with_stride, "has stride 2"),
        (convolution(fill_corner), "the 1 is in a corner"),
        (convolution(fill_second), "the middle of 3×3"),
        (convolution(fill_all_channels), "is the sum of all channels"),
        (convolution(fill_mean_of_channels), "is the mean of all channels"),
        (convolution(fill_window), "a sum over the window"),
        (convolution(fill_mean), "the output is blurred"),
        (convolution(lambda w, _: w.fill_(1)), "all weights are 1"),
        (convolution(lambda w, _: w.fill_(1 / w[0, 0].numel())), "all weights are 0.0"),
        (convolution(lambda w, _: w), "all weights are 0:"),
        (writing(lambda layer: layer.weight.zero_()), "under `torch.no_grad()`"),
        (writing(lambda layer: fill_own(layer.weight, 2)), "under `torch.no_grad()`"),
        (writing(assign_zeros), "under `torch.no_grad()`"),
        (writing(lambda layer: nn.init.eye_(layer.weight)), "fills matrices only"),
        (convolution(fill_own, zeros=False), "drawn at random. They must be 0"),
        (convolution(fill_own, padding=0), "How much padding"),
        (convolution(fill_own, padding=1), "How much padding"),
        (convolution(fill_own, bias=True), "but a bias is added"),
        (convolution(fill_own, trainable=False), "the kernel cannot be trained"),
        (by_dirac, "it calls dirac_"),
        (lambda *_: nn.Identity(), "expected an nn.Conv2d, got an Identity"),
        (lambda channels, size: by_eye(channels, 1), "expected a kernel ("),
    ],
    "identity_norm": [
        (norm_with(lambda v, e: v.sqrt(), torch.clone), "γ is √variance, but"),
        (norm_with(lambda v, e: v, torch.clone), "γ is the variance, but"),
        (norm_with(lambda v, e: v + e, torch.clone), "γ is variance + eps"),
        (norm_with(lambda v, e: v.sqrt() + e, torch.clone), "γ is √variance + eps"),
        (norm_with(lambda v, e: 1 / root(v, e), torch.clone), "divides twice"),
        (norm_with(lambda v, e: torch.ones_like(v), torch.clone), "γ is still 1"),
        (norm_with(root, torch.neg), "β is -mean"),
        (norm_with(root, torch.zeros_like), "β is still 0"),
        (
            norm_with(
                lambda v, e: torch.ones_like(v),
                torch.zeros_like,
                lambda m, v, e: (0 * m, torch.ones_like(v) - e),
            ),
            "running_mean is still 0",
        ),
        (
            norm_with(root, torch.clone, lambda m, v, e: (m, torch.ones_like(v) - e)),
            "running_var is 1 - eps",
        ),
        (
            norm_with(root, torch.clone, lambda m, v, e: (m, v.sqrt())),
            "holds the standard deviation",
        ),
        (exchanged, "γ and β are exchanged"),
        (
            norm_with(lambda v, e: v.sqrt(), torch.clone, lambda m, v, e: (m, v - e)),
            "eps is taken off",
        ),
        (norm_with(root, torch.clone, training=True), "your layer is in training mode"),
        (norm_with(root, torch.clone, eps=1e-5), "its eps is 1e-05"),
        (shared("running_mean"), "the tensor `mean` that it was given changes"),
        (shared("running_var"), "the tensor `variance` that it was given changes"),
        (without_statistics, "keeps no statistics"),
        (lambda *_: nn.Identity(), "expected an nn.BatchNorm2d"),
    ],
    "which_line": [
        (3, "negative ones too"),
        (4, "After what else is it put?"),
        (6, "each once"),
        (7, "in front of what is inserted"),
        (9, "When is this line reached?"),
        (10, "one after the other"),
        (11, "from 1 to 10"),
    ],
}

RIGHT = {
    "gradient_norms": [norms_of(), by_modules, on_a_copy],
    "before_and_after": [
        [4, 3, 6, 1, 5, 7, 8, 2],
        [7, 8, 6, 1, 5, 4, 3, 2],
        [4, 8, 1, 6, 5, 7, 3, 2],
        [4, 3, 6, 1, 7, 5, 8, 2],
    ],
    "draw_weight": [weights_at(right_scale), by_normal, by_kaiming, by_units],
    "identity_convolution": [convolution(fill_own), by_eye, by_padding],
    "identity_norm": [norm_with(root, torch.clone), by_no_grad, by_state],
    "which_line": [8],
}

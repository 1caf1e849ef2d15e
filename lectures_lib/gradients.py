"""Gradients in deep fully connected nets, for many initialisations at once."""

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from . import environment

ACTIVATIONS = {"sigmoid": torch.sigmoid, "tanh": torch.tanh, "ReLU": torch.relu}


def per_layer(
    data: tuple[Tensor, Tensor],
    depth: int,
    activation: str = "ReLU",
    gain: float = 1.0,
    width: int = 100,
    inits: int = 20,
    seed: int = 0,
) -> Tensor:
    """Norm of the loss's gradient at each layer's weights, for each initialisation.

    Args:
        data: images (n, …), scaled here to mean 0 and variance 1; labels int64 (n,).
        depth: layers with weights, at least one; no biases.
        activation: one of ACTIVATIONS, behind each layer but the last.
        gain: weights are drawn with variance gain² / fan-in.

    Returns:
        (inits, depth); a norm below the smallest number of float32 is 0.

    Raises:
        ValueError: no such activation or depth.
    """
    if activation not in ACTIVATIONS:
        known = ", ".join(ACTIVATIONS)
        raise ValueError(f"unknown activation {activation!r}: expected one of {known}")
    if depth < 1:
        raise ValueError(f"depth is {depth}: expected at least one layer")
    images, labels = data
    x = images.flatten(1)
    x = (x - x.mean()) / x.std()
    generator = environment.generator(seed)
    sizes = [x.shape[1], *[width] * (depth - 1), 10]
    weights = []
    for fan_in, fan_out in pairwise(sizes):
        weight = torch.randn(inits, fan_in, fan_out, generator=generator)
        weights.append((gain / fan_in**0.5 * weight).requires_grad_())
    for weight in weights[:-1]:
        x = ACTIVATIONS[activation](x @ weight)
    logits = x @ weights[-1]
    # Summed over initialisations, so that each has the gradient of its own mean loss.
    loss = F.cross_entropy(logits.flatten(0, 1), labels.repeat(inits)) * inits
    gradients = torch.autograd.grad(loss, weights)
    return torch.stack([g.flatten(1).norm(dim=1) for g in gradients], dim=1)

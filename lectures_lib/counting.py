"""What can be counted on any net without computing anything: shapes, costs, depth."""

from dataclasses import dataclass

import torch
from torch import fx, nn

from .environment import evaluating, require

CHOOSES = "forward chooses by its input (if, while): expected one way, by torch.where"


def output_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Pixels along one side after a convolution or a pooling.

    ⌊(size + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1

    Raises:
        ValueError: the spread-out kernel is larger than the padded input.
    """
    span, padded = dilation * (kernel_size - 1) + 1, size + 2 * padding
    require(
        span <= padded,
        f"the kernel spans {span} pixels, the padded input has {padded}: use a smaller "
        "kernel or dilation, or more padding",
    )
    return (padded - span) // stride + 1


@dataclass(frozen=True)
class Layer:
    """One layer as it runs: its module, the shape it gives for one image, its cost.

    A module that runs twice is listed twice, with its parameters each time.
    """

    name: str
    module: nn.Module
    output_shape: tuple[int, ...]
    parameters: int
    multiply_adds: int


def layers(model: nn.Module, input_shape: tuple[int, ...]) -> list[Layer]:
    """Each layer in the order in which it runs, counted on shapes alone.

    The forward pass runs on the meta device: nothing is computed, the weights and
    running statistics are left as they are, and any size is quick.

    Args:
        input_shape: (channels, height, width); of a batch, one image is counted.

    Raises:
        ValueError: the net cannot take this shape, chooses by the numbers in the image,
            or has layers with weights that are not known here (they are named).
    """
    found: list[Layer] = []

    def record(name: str):
        def hook(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
            count = sum(p.numel() for p in module.parameters())
            cost = _multiply_adds(module, inputs, output)
            found.append(Layer(name, module, tuple(output.shape[1:]), count, cost))

        return hook

    _check_known(model)
    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children())]
    handles = [m.register_forward_hook(record(n)) for n, m in leaves]
    try:
        _run_on_meta(model, input_shape)
    finally:
        for handle in handles:
            handle.remove()
    return found


def multiply_adds(model: nn.Module, input_shape: tuple[int, ...]) -> int:
    """Multiply-adds of one forward pass in convolutions and linear layers.

    Arguments and errors as in `layers`. Additions of a bias are not counted, as in He
    et al. 2015, Table 1 ("FLOPs" there).
    """
    return sum(layer.multiply_adds for layer in layers(model, input_shape))


def parameters(model: nn.Module) -> int:
    """How many numbers the net learns."""
    return sum(p.numel() for p in model.parameters())


def depth(model: nn.Module) -> int:
    """Layers with weights (convolutions and linear layers) on the longest path.

    This is how the papers count: GoogLeNet has 22, ResNet-152 has 152.

    Raises:
        ValueError: the net chooses by its input, or has weights not known here.
    """
    _check_known(model)
    if _counts(model):
        return 1  # fx would look inside
    try:
        nodes = _Tracer().trace(model).nodes
    except fx.proxy.TraceError as error:
        raise ValueError(CHOOSES) from error
    modules = dict(model.named_modules())
    longest: dict[fx.Node, int] = {}
    for node in nodes:
        is_layer = node.op == "call_module" and _counts(modules[node.target])
        before = max((longest[n] for n in node.all_input_nodes), default=0)
        longest[node] = before + is_layer
    return max(longest.values())


def _counts(module: nn.Module) -> bool:
    return isinstance(module, nn.modules.conv._ConvNd | nn.Linear)


class _Tracer(fx.Tracer):
    def is_leaf_module(self, module: nn.Module, name: str) -> bool:
        # By itself fx would look inside a student's subclass of Conv2d.
        return _counts(module) or super().is_leaf_module(module, name)


def _multiply_adds(module: nn.Module, inputs: tuple, output: torch.Tensor) -> int:
    if not _counts(module):
        return 0
    # weight[0] meets each output; in a transposed convolution, each input.
    places = inputs[0] if getattr(module, "transposed", False) else output
    return places.numel() * module.weight[0].numel()


def _check_known(model: nn.Module) -> None:
    """Weights in matrices must stand in layers that are known; scales may be alone."""
    unknown = {
        type(module).__name__
        for module in model.modules()
        for weight in module.parameters(recurse=False)
        if sum(size > 1 for size in weight.shape) > 1 and not _counts(module)
    }
    require(
        not unknown,
        f"weights of {', '.join(sorted(unknown))} are not known here: expected them in "
        "convolutions, linear layers (modules, not functions) and norms",
    )


def _run_on_meta(model: nn.Module, input_shape: tuple[int, ...]) -> None:
    shape = (1, *input_shape[len(input_shape) > 3 :])
    state = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    weights = {name: tensor.to("meta") for name, tensor in state.items()}
    image = torch.empty(shape, device="meta")
    try:
        with evaluating(model):  # batch norm then takes a batch of one
            torch.func.functional_call(model, weights, image)
    except RuntimeError as error:
        require("item()" not in str(error), CHOOSES)
        first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
        hint = f" It takes {first.in_channels} channels." if first else ""
        raise ValueError(
            f"the net cannot take an input of shape {tuple(input_shape)}: "
            f"{error}.{hint}"
        ) from error

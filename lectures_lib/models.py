"""The nets of the course, and what can be counted on any net without running it."""

from dataclasses import dataclass

import torch
from torch import fx, nn

# Not counted, by the convention of the papers: no multiplications, or few.
FREE = (
    *(nn.ReLU, nn.Tanh, nn.Sigmoid, nn.Softmax, nn.Identity, nn.Flatten, nn.Dropout),
    *(nn.BatchNorm1d, nn.BatchNorm2d, nn.LocalResponseNorm, nn.MaxPool2d, nn.AvgPool2d),
    *(nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d),
)


def output_size(
    size: int, kernel_size: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> int:
    """Pixels along one side after a convolution or a pooling.

    ⌊(size + 2·padding − dilation·(kernel_size − 1) − 1) / stride⌋ + 1

    Raises:
        ValueError: the spread-out kernel is larger than the padded input.
    """
    span = dilation * (kernel_size - 1) + 1
    if span > size + 2 * padding:
        raise ValueError(
            f"the kernel spans {span} pixels, the padded input has "
            f"{size + 2 * padding}: use a smaller kernel or dilation, or more padding"
        )
    return (size + 2 * padding - span) // stride + 1


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


@dataclass(frozen=True)
class Layer:
    """One layer as it runs: its module, the shape it gives for one image, its cost."""

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
        input_shape: (channels, height, width) of one image, or with a batch in front.

    Raises:
        ValueError: the net cannot take this shape, or has a layer type with weights
            whose cost is not known here (it is named).
    """
    found: list[Layer] = []

    def record(name: str):
        def hook(module: nn.Module, _inputs: tuple, output: torch.Tensor) -> None:
            count = sum(p.numel() for p in module.parameters())
            cost = _multiply_adds(module, output)
            found.append(Layer(name, module, tuple(output.shape[1:]), count, cost))

        return hook

    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children())]
    _check_known([m for _, m in leaves])
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
    """
    weighted = (nn.Conv2d, nn.Linear)
    modules = dict(model.named_modules())
    longest: dict[fx.Node, int] = {}
    for node in fx.symbolic_trace(model).graph.nodes:
        is_layer = node.op == "call_module" and isinstance(
            modules[node.target], weighted
        )
        before = max((longest[n] for n in node.all_input_nodes), default=0)
        longest[node] = before + is_layer
    return max(longest.values())


def _multiply_adds(module: nn.Module, output: torch.Tensor) -> int:
    if isinstance(module, nn.Conv2d | nn.Linear):
        return output.numel() * module.weight[0].numel()  # weights that meet an output
    return 0


def _check_known(modules: list[nn.Module]) -> None:
    known = (nn.Conv2d, nn.Linear, *FREE)
    names = {type(m).__name__ for m in modules if not isinstance(m, known)}
    if names:
        raise ValueError(
            f"the cost of {', '.join(sorted(names))} is not known here; "
            "known are Conv2d, Linear and layers without multiplications"
        )


def _run_on_meta(model: nn.Module, input_shape: tuple[int, ...]) -> None:
    shape = input_shape if len(input_shape) == 4 else (1, *input_shape)
    state = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    weights = {name: tensor.to("meta") for name, tensor in state.items()}
    mode = model.training
    model.eval()  # batch norm takes a batch of one, dropout changes no shape
    try:
        image = torch.empty(shape, device="meta")
        torch.func.functional_call(model, weights, image)
    except RuntimeError as error:
        first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
        takes = f"; its first convolution takes {first.in_channels} channels"
        raise ValueError(
            f"the net cannot take an input of shape {tuple(input_shape)}: {error}"
            + (takes if first else "")
        ) from error
    finally:
        model.train(mode)

"""Seeds, the device, and a report on the machine that runs the notebooks."""

import os
import platform
import random
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np
import psutil
import torch
from torch import nn

PACKAGES = ("torch", "torchvision", "numpy", "matplotlib", "jupyterlab", "ipywidgets")


def require(truth: bool, problem: str) -> None:
    """Raise a ValueError with the problem, unless what is required is true."""
    if not truth:
        raise ValueError(problem)


def seed_offset() -> int:
    """The number in the environment variable LECTURES_SEED, 0 when it is not set.

    It is added to every seed of the course, so that one variable re-draws everything.

    Raises:
        ValueError: LECTURES_SEED is not a whole number from 0 to 999999999.
    """
    text = os.environ.get("LECTURES_SEED", "").strip() or "0"
    require(
        text.isdecimal() and len(text) < 10,
        f"LECTURES_SEED is {text!r}; expected a whole number from 0 to 999999999, "
        "such as 7. Unset it, or set it to a number, and restart the kernel.",
    )
    return int(text)


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch with seed + LECTURES_SEED."""
    number = seed + seed_offset()
    random.seed(number)
    np.random.seed(number)  # noqa: NPY002 - for libraries that draw from it
    torch.manual_seed(number)


def generator(seed: int) -> torch.Generator:
    """A torch generator of its own, seeded with seed + LECTURES_SEED."""
    return torch.Generator().manual_seed(seed + seed_offset())


def device() -> torch.device:
    """The GPU when there is one, the CPU otherwise."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside the block; then each module has its own mode again."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode  # module.train() would thaw what is frozen below


def report() -> str:
    """The machine in a few lines: versions, cores, threads, memory, seed offset."""
    gib = 2**30
    memory = psutil.virtual_memory().total / gib
    resident = psutil.Process().memory_info().rss / gib
    lines = {"python": platform.python_version()}
    lines |= {name: version(name) for name in PACKAGES}
    lines |= {
        "system": f"{platform.system()} {platform.machine()}",
        "device": str(device()),
        "cores": f"{os.cpu_count()}, torch uses {torch.get_num_threads()} threads",
        "memory": f"{memory:.1f} GiB, this notebook holds {resident:.1f} GiB",
        "seed offset": f"{seed_offset()} (LECTURES_SEED)",
    }
    return "\n".join(f"{name:12} {value}" for name, value in lines.items())

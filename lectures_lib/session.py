"""The first line of every notebook."""

import gc
import os

import torch

from . import environment, figures


def setup(seed: int = 0, threads: int | None = 1) -> torch.device:
    """Begin a notebook: seed everything, set the figure style, choose the device.

    What the course relies on in torch is set too, whatever a startup file has changed.

    Args:
        seed: the number in LECTURES_SEED (0 when it is not set) is added to it.
        threads: that torch computes with, unless OMP_NUM_THREADS is set; None: torch's
            own choice. Small nets are as fast on one; several wait for each other, and
            beside another busy program that has taken 17 times as long.

    Returns:
        The device to put nets on: the GPU when there is one.

    Raises:
        ValueError: LECTURES_SEED is not a whole number.
    """
    use_torchs_defaults()
    environment.seed_everything(seed)
    figures.use_style()
    if threads is not None and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(threads)
    gc.collect()
    gc.freeze()  # what is imported stays: no need to look through it at every figure
    return environment.device()


def use_torchs_defaults() -> None:
    """Set what changes a notebook's numbers and how they are printed."""
    torch.set_default_dtype(torch.float32)
    torch.set_default_device(None)
    torch.set_grad_enabled(True)
    if torch.are_deterministic_algorithms_enabled():  # setting it takes a second
        torch.use_deterministic_algorithms(False)
    torch.set_printoptions(profile="default")

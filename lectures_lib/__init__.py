"""Helpers of the course "Deep Learning III": what every notebook needs, and no more.

import lectures_lib as ll

device = ll.setup()
"""

import importlib
import os
from types import ModuleType

import torch

from . import (
    augmentation,
    claims,
    data,
    environment,
    explorers,
    figures,
    gradients,
    graphs,
    many,
    models,
    recorded,
    regularization,
    text,
    training,
)
from .explorers.widgets import Predict, quiz

__all__ = [
    "Predict",
    "augmentation",
    "claims",
    "data",
    "environment",
    "explorers",
    "figures",
    "gradients",
    "graphs",
    "homework",
    "many",
    "models",
    "quiz",
    "recorded",
    "regularization",
    "setup",
    "text",
    "training",
]


def setup(seed: int = 0, threads: int | None = None) -> torch.device:
    """Begin a notebook: seed everything, set the figure style, choose the device.

    Args:
        seed: the number in LECTURES_SEED (0 when it is not set) is added to it.
        threads: that torch computes with, unless OMP_NUM_THREADS is set; None: torch's
            own choice. Small nets are as fast on one, and leave the rest of the machine
            in peace.

    Returns:
        The device to put nets on: the GPU when there is one.

    Raises:
        ValueError: LECTURES_SEED is not a whole number.
    """
    environment.seed_everything(seed)
    figures.use_style()
    if threads is not None and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(threads)
    return environment.device()


def __getattr__(name: str) -> ModuleType:
    """ll.homework, imported when it is first used.

    `python -m lectures_lib.homework` runs that module, which must not be there before.
    """
    if name == "homework":
        return importlib.import_module("lectures_lib.homework")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

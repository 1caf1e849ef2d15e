"""Helpers of the course "Deep Learning III".

import lectures_lib as ll

device = ll.setup()
"""

from .support import alike  # first: it stops where a file hides a library

# isort: split
from . import (
    augmentation,
    claims,
    data,
    environment,
    explorers,
    figures,
    graphs,
    homework,
    models,
    recorded,
    regularization,
    text,
    training,
)
from .session import setup
from .support import lecture, many
from .support.asking import Predict, quiz

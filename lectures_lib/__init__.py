"""Helpers of the course "Deep Learning III".

import lectures_lib as ll

device = ll.setup()
"""

from . import (
    alike,
    augmentation,
    claims,
    data,
    environment,
    explorers,
    figures,
    graphs,
    homework,
    lecture,
    many,
    models,
    recorded,
    regularization,
    text,
    training,
)
from .explorers.widgets import Predict, quiz
from .session import setup

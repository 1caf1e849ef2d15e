"""The explorers of the notebooks: one function each, returning a widget."""

from .explorers_cnn import one_output_pixel
from .explorers_depth import overfitting_or_degradation, vanishing_gradients

__all__ = ["one_output_pixel", "overfitting_or_degradation", "vanishing_gradients"]

"""The explorers of the notebooks: one function each, returning a widget."""

from . import diagrams
from .augmentation import affinity_and_diversity, gallery
from .cnn import one_output_pixel
from .depth import overfitting_or_degradation, vanishing_gradients
from .graphs import who_does_this_node_hear
from .regularization import celsius_to_kelvin, dropout_masks
from .residual import switch_blocks_off, turn_the_weights_down
from .resnet import resnet_on_a_budget

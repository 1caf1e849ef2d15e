"""The experiments whose runs are recorded: too long to run live, or over many seeds.

`make audit` runs each over its seeds and writes data/results; a notebook reads that
with `ll.recorded.load(name)`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from lectures_lib import regularization

from . import augmentation, depth, graphs


@dataclass(frozen=True)
class Experiment:
    """What is recorded under a name."""

    run: Callable[[int], dict]  # takes a seed, returns names with numbers or lists
    seeds: int
    notebook: str  # that reads it
    axes: dict[str, list] = field(default_factory=dict)  # what the lists count along


EPOCH = {"epoch": list(range(1, depth.EPOCHS + 1))}
SIZES = {"depth": depth.DEPTHS, "images": depth.SIZES}
RECORDED = {
    "degradation": Experiment(depth.degradation, 40, "01", EPOCH),
    "budgets": Experiment(depth.budgets, 5, "01", {"epochs": depth.BUDGETS}),
    "set_sizes": Experiment(depth.set_sizes, 3, "01", SIZES),
    "skips": Experiment(depth.skips, 40, "02", EPOCH),
    "gates": Experiment(depth.gates, 40, "02", EPOCH),
    "plateau": Experiment(depth.plateau, 5, "02", {"epochs": [24]}),
    "deletions": Experiment(depth.deletions, 5, "02", {"blocks": depth.subsets(7)}),
    "moves": Experiment(augmentation.moves, 20, "04", {"shift": augmentation.SHIFTS}),
    "operations": Experiment(
        augmentation.operations, 100, "04", {"kind": augmentation.KINDS}
    ),
    "regularizers": Experiment(regularization.compare_methods, 40, "05"),
    "graph_nets": Experiment(graphs.graph_nets, 20, "06", {"depth": graphs.DEPTHS}),
    "unmixed": Experiment(graphs.unmixed, 20, "06"),
    "cora": Experiment(graphs.cora, 20, "06"),
}

"""Notebook 01: the functions written out in it, and its explorers, against others."""

import re
from collections.abc import Sequence
from itertools import pairwise, product
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll
from lectures_lib import explorers, recorded

PATH = Path(__file__).parents[1] / "notebooks" / "01_depth_issues.ipynb"
NOTEBOOK = nbformat.read(PATH, as_version=4)
CELLS = {cell.id: cell.source for cell in NOTEBOOK.cells}


def from_notebook(*ids: str) -> dict:
    """What the cells with these ids define."""
    found: dict = {}
    train = ll.data.fashion_mnist("train", 2000)
    exec("from itertools import pairwise\nimport copy", found)
    found |= {"torch": torch, "np": np, "nn": nn, "F": F, "ll": ll, "train": train}
    for id in ids:
        exec(CELLS[id], found)
    return found


def test_autocorrelation_agrees_with_numpy():
    autocorrelation = from_notebook("d2-code", "shatter-code")["autocorrelation"]
    signals = torch.randn(5, 64, dtype=torch.float64).cumsum(1)
    for lag in (1, 4, 16, 63):
        for row, found in zip(signals.numpy(), autocorrelation(signals, lag)):
            full = np.correlate(row - row.mean(), row - row.mean(), mode="full")
            assert found == pytest.approx(full[63 + lag] / full[63], abs=1e-12)


def by_hand(depth: int, activation, gain: float, nets: int) -> torch.Tensor:
    """The same gradients, one net after the other, with modules of torch."""
    images, labels = ll.data.fashion_mnist("train", 16)
    x = images.flatten(1)
    x = (x - x.mean()) / x.std()
    draw = ll.environment.generator(0)
    sizes = [784, *[30] * (depth - 1), 10]
    drawn = [torch.randn(nets, i, o, generator=draw) for i, o in pairwise(sizes)]
    norms = torch.empty(nets, depth)
    for net in range(nets):
        layers = [nn.Linear(i, o, bias=False) for i, o in pairwise(sizes)]
        hidden = x
        for index, layer in enumerate(layers):
            weight = drawn[index][net].T * gain / layer.in_features**0.5
            layer.weight = nn.Parameter(weight)
            hidden = layer(hidden)
            if index < depth - 1:
                hidden = activation(hidden)
        F.cross_entropy(hidden, labels).backward()
        norms[net] = torch.stack([layer.weight.grad.norm() for layer in layers])
    return norms


@pytest.mark.parametrize("depth", [1, 2, 9])
@pytest.mark.parametrize(("name", "gain"), [("tanh", 1.5), ("ReLU", 1.4)])
def test_gradients_of_many_nets_are_those_of_each(depth, name, gain):
    activation = explorers.depth.ACTIVATIONS[name]
    batch = ll.data.fashion_mnist("train", 16)
    found = explorers.depth.gradient_per_layer(batch, depth, activation, gain, 30)
    assert torch.allclose(found, by_hand(depth, activation, gain, 5), rtol=1e-4)


def test_the_numbers_in_the_text_are_those_of_the_recorded_runs():
    values = ll.recorded.load("degradation").values
    text = CELLS["d1-words"]
    for name in ("train 20", "train 56", "test 20", "test 56"):
        last = values[name][:, -1]
        assert f"{last.mean():.0%} ± {last.std(ddof=1):.0%}".replace(
            "%", ""
        ) in text.replace(" %", ""), name


def test_the_budgets_in_the_text_are_those_of_the_recorded_runs():
    values = ll.recorded.load("budgets").values
    spans = []
    for depth in (20, 56):
        last = values[f"train {depth}"][:, -1]
        spans.append(f"{100 * last.min():.0f} to {100 * last.max():.0f} %")
    assert all(span in CELLS["budget-words"] for span in spans), spans


def test_without_recorded_runs_the_live_claims_are_still_made(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    found = from_notebook("setup")
    for depth, accuracy in ((20, 0.8), (56, 0.3)):
        history = ll.training.History(
            train_accuracy=[accuracy] * 8, test_accuracy=[accuracy] * 8
        )
        found.setdefault("runs", {})[depth] = (None, history)
    shown = ["d1-errors", "d1-picture", "d1-claim", "d4-band", "budget-predict"]
    shown += ["budget-load", "budget-picture", "budget-claim", "budget-compare"]
    for id in shown:
        exec(CELLS[id], found)
    printed = capsys.readouterr().out
    assert "✓ D1 more layers alone" in printed and "✓ D4 and more of the" in printed
    assert printed.count("data/results/degradation.json cannot be read") == 2
    assert printed.count("data/results/budgets.json cannot be read") == 2
    assert "D4 this run ends" not in printed and "D4 recorded to" not in printed


def test_two_seeds_change_what_is_measured(monkeypatch):
    def measured() -> list:
        found = from_notebook("d2-code", "d2-norms", "d3-train", "d3-room")
        norms = found["gradient_per_layer"](5, torch.tanh, 1.0)
        return [norms.sum().item(), found["final_losses"](4, steps=2).sum().item()]

    first = measured()
    assert first == measured()
    monkeypatch.setenv("LECTURES_SEED", "7")
    assert all(a != b for a, b in zip(first, measured()))


# The explorers.


def test_the_plane_shows_the_recorded_errors():
    values = ll.recorded.load("set_sizes").values
    explorer = ll.explorers.overfitting_or_degradation()
    explorer.set(depth=56, training_images=1000, batch_norm=True)
    train, test = (values[f"{split} 56"][:, 2].mean() for split in ("train", "test"))
    assert f"training error {train:.0%} (from" in explorer.status.value
    assert f"test error {test:.0%}" in explorer.status.value
    dots = explorer.paint(explorer.settings).axes[0].collections[0]
    assert np.allclose(dots.get_offsets().mean(0), [train, test])


def test_the_plane_without_recorded_runs_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    explorers.depth._recorded.cache_clear()
    try:
        explorer = ll.explorers.overfitting_or_degradation()
        assert "No recorded runs" in explorer.status.value
        assert explorer.picture.value and not explorer.solved(**explorer.settings)
    finally:
        explorers.depth._recorded.cache_clear()


def test_the_plane_draws_the_gradients_before_and_after_a_step():
    steps = explorers.depth._steps(20, True)
    ll.environment.seed_everything(0)
    net = ll.models.cifar_net(20, "plain", width=8, stem_stride=4)
    norms = ll.training.gradient_norms(net, ll.data.fashion_mnist("train", 128))
    assert steps.shape == (2, 19)
    assert np.allclose(steps[0], list(norms.values())[:-1], rtol=1e-4)
    assert not np.allclose(steps[0], steps[1], rtol=1e-3)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "ReLU"])
def test_the_sentence_counts_the_vanished_gradients(activation):
    explorer = ll.explorers.vanishing_gradients()
    explorer.set(depth=30, activation=activation, gain=0.8, width=30)
    norms = explorers.depth._norms(30, activation, 0.8, 30)
    vanished = int((norms[:, 0] < 0.05).sum())
    assert re.search(rf"below 0.05 in {vanished} of 5", explorer.status.value)


def solve(explorer) -> list[dict]:
    """All settings that meet the challenge."""
    values = map(possible, explorer.sliders.values())
    every = (dict(zip(explorer.sliders, setting)) for setting in product(*values))
    return [settings for settings in every if explorer.solved(**settings)]


def possible(control) -> Sequence:
    """The values that a control may take."""
    if isinstance(control.value, bool):
        return (True, False)
    if hasattr(control, "options"):
        return control.options
    return range(control.min, control.max + 1, control.step)


def test_both_challenges_can_be_met_and_are_not_met_by_a_preset():
    for make in (
        ll.explorers.overfitting_or_degradation,
        ll.explorers.vanishing_gradients,
    ):
        explorer = make()
        solutions = solve(explorer)
        assert solutions, explorer.label
        assert not any(preset in solutions for preset in explorer.presets.values())

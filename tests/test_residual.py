"""Notebook 02: the functions written out in it, and its explorers, against others."""

from collections import Counter
from itertools import product
from math import comb
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll
from lectures_lib import explorers, recorded
from tools.experiments.depth import subsets

PATH = Path(__file__).parents[1] / "notebooks" / "02_residual_blocks.ipynb"
CELLS = {cell.id: cell.source for cell in nbformat.read(PATH, as_version=4).cells}


def from_notebook(*ids: str, **given) -> dict:
    """What the cells with these ids define."""
    found = {"torch": torch, "np": np, "nn": nn, "F": F, "ll": ll, "Counter": Counter}
    found |= given
    for id in ids:
        exec(CELLS[id], found)
    return found


# The functions of the notebook.


def test_the_blocks_that_learn_the_identity_are_torchs():
    found = from_notebook("b1-kernels", "b1-maps", "b1-block")
    kernels, x = (found["random_kernels"](), found["random_kernels"]()), found["maps"]
    convolutions = [nn.Conv2d(8, 8, 3, padding=1, bias=False) for _ in kernels]
    for convolution, kernel in zip(convolutions, kernels):
        convolution.weight = nn.Parameter(kernel)
    branch = nn.Sequential(convolutions[0], nn.ReLU(), convolutions[1])(x)
    assert torch.allclose(found["blocks"]["plain"](x, kernels), F.relu(branch))
    assert torch.allclose(found["blocks"]["residual"](x, kernels), F.relu(branch + x))


def test_a_start_that_needs_no_step_to_zero_stops_nothing():
    steps = {"to_zero": np.array([3, 2, 3, 3, 0])}  # as LECTURES_SEED=26 has them
    steps["needed"] = {"plain": np.array([50, 300, 57, 57, 69])}
    before = len(ll.claims.ledger())
    from_notebook("b1-zero-claim", claim=ll.claims.claim, less=ll.claims.less, **steps)
    (found,) = ll.claims.ledger()[before:]
    assert found.holds and found.comparisons[0].left == pytest.approx(11 / 533)


def test_descent_is_torchs_with_momentum():
    found = from_notebook("b1-kernels", "b1-maps", "b1-block", "b1-descend")
    kernels = found["random_kernels"](), found["random_kernels"]()
    block, maps = found["blocks"]["residual"], found["random_maps"]()
    weights = [nn.Parameter(kernel.clone()) for kernel in kernels]
    optimizer, errors = torch.optim.SGD(weights, lr=0.03, momentum=0.9), []
    for _ in range(5):
        loss = F.mse_loss(block(maps, weights), maps)
        errors.append(loss.item() ** 0.5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    learned = found["learn"](1, block, maps, kernels, steps=5)
    assert np.allclose(learned, errors, rtol=1e-4)


@pytest.mark.parametrize("blocks", [0, 1, 4])
def test_paths_of_a_chain_of_skips_are_binomial(blocks):
    paths = from_notebook("b4-paths")["paths"]
    x = torch.rand(1, 2, 4, 4, requires_grad=True)
    y = nn.Conv2d(2, 2, 1)(x)
    for _ in range(blocks):
        y = y + nn.Conv2d(2, 2, 3, padding=1)(y)
    expected = {1 + k: comb(blocks, k) for k in range(blocks + 1)}
    assert paths(y.grad_fn, x) == expected


@pytest.mark.parametrize("shape", [(2, 3, 1, 2), (4, 8, 2, 2), (16, 1, 5, 3)])
def test_batch_norm_is_torchs_over_shapes(shape):
    batch_norm = from_notebook("b11-code")["batch_norm"]
    channels = shape[1]
    theirs = nn.BatchNorm2d(channels)
    running = {"mean": torch.zeros(channels), "variance": torch.ones(channels)}
    for training in (True, True, False):
        theirs.train(training)
        x = 2 * torch.randn(shape) + 1
        ours = batch_norm(x, theirs.weight, theirs.bias, running, training)
        assert torch.allclose(ours, theirs(x), atol=1e-5)
    assert torch.allclose(running["variance"], theirs.running_var)


# The library.


def test_one_of_the_blocks_that_keep_the_shape_is_taken_out():
    net = ll.models.cifar_net(20, "residual", width=4)
    blocks = [module for module in net if isinstance(module, ll.models.Block)]
    runs = {(kind, 20): [net] for kind in ("plain", "residual")}
    tested = dict.fromkeys(runs, 0.0)
    test = ll.data.fashion_mnist("test", 10)
    given = {"runs": runs, "tested": tested, "test": test}
    without = from_notebook("deletion-measure", **given)["without"]
    for number, place in enumerate((0, 1, 2, 4, 5, 7, 8)):
        kept = without(net, number)
        assert [b for b in blocks if b not in list(kept)] == [blocks[place]]
        assert len(kept) == len(net) - 1


def test_subsets_are_all_and_small_ones_come_first():
    assert subsets(3) == [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]


# The numbers of the text.


def percent(values: np.ndarray) -> str:
    return f"{100 * values.mean():.0f} ± {100 * values.std(ddof=1):.0f} %"


def test_the_errors_in_the_text_are_those_of_the_recorded_runs():
    runs = {
        kind: ll.recorded.load(name).values
        for kind, name in (
            ("plain", "degradation"),
            ("residual", "skips"),
            ("highway", "gates"),
        )
    }
    for kind, depth in (("plain", 20), ("plain", 56), ("residual", 20)):
        assert percent(runs[kind][f"train {depth}"][:, -1]) in CELLS["b6-words"]
    assert percent(runs["residual"]["train 56"][:, -1]) in CELLS["b6-words"]
    assert percent(runs["highway"]["train 56"][:, -1]) in CELLS["b12-trained-words"]


def test_the_plateau_in_the_text_is_that_of_the_recorded_runs():
    found = ll.recorded.load("plateau").values
    plain = 100 * found["plain train 56"]
    assert f"{plain.min():.0f} to {plain.max():.0f} %" in CELLS["b6-plateau-words"]
    for depth in (20, 56):
        assert found[f"residual train {depth}"].max() < 0.02
    tests = 100 * np.concatenate([found[f"residual test {d}"] for d in (20, 56)])
    assert f"{tests.min():.0f} to {tests.max():.0f} %" in CELLS["b6-plateau-words"]


# The explorers.


def test_a_factor_of_zero_leaves_the_picture_or_nothing():
    through = explorers.residual._through
    for acts_on in explorers.residual.ACTS_ON:
        residual, change = through(0.0, acts_on, "residual")
        assert torch.equal(residual[20], residual[0]) and change == 0
        assert through(0.0, acts_on, "plain")[0][20].abs().max() == 0


def test_the_explorers_stack_is_that_of_the_notebook():
    found = from_notebook("b1-kernels", "b1-maps", "b1-block")
    found["draw"] = ll.environment.generator(0)  # as the explorer's
    for id in ("b2-stack", "b2-through"):
        exec(CELLS[id], found)
    for kind, factor in product(("plain", "residual"), (1.0, 0.5, 0.1)):
        outputs = torch.cat(found["through"](kind, factor))
        weights = explorers.residual.ACTS_ON[0]
        shown, change = explorers.residual._through(factor, weights, kind)
        expected = outputs.square().mean(1).sqrt()
        assert torch.allclose(shown, expected, rtol=1e-3, atol=1e-6)
        difference = (outputs[20] - outputs[0]).norm() / outputs[0].norm()
        assert change == pytest.approx(difference.item(), rel=1e-3)


def test_turned_down_the_plain_stack_fades_and_the_residual_one_does_not():
    weights = explorers.residual.ACTS_ON[0]
    sizes = {
        (kind, factor): explorers.residual._sizes(
            factor=factor, acts_on=weights, kind=kind
        )
        for kind, factor in product(("plain", "residual"), (1.0, 0.1))
    }
    assert np.allclose(sizes["plain", 1.0], 1, atol=1e-3)
    assert sizes["plain", 0.1][20] < 1e-6
    assert 0.9 < sizes["residual", 0.1][20] < 1.1


@pytest.mark.parametrize("kind", ["plain", "residual"])
def test_batch_norm_undoes_what_the_convolutions_are_multiplied_by(kind):
    through, (_, convolutions, last) = (
        explorers.residual._through,
        explorers.residual.ACTS_ON,
    )
    assert torch.equal(through(1.0, convolutions, kind)[0], through(1.0, last, kind)[0])
    one, half = (through(factor, convolutions, kind)[0][1] for factor in (1.0, 0.5))
    assert torch.allclose(one, half, rtol=0.01, atol=1e-3)
    turned = through(0.5, last, kind)[0][1]
    assert not torch.allclose(one, turned, rtol=0.1)


def test_switching_off_reads_the_recorded_errors():
    runs = ll.recorded.load("deletions").values["residual"]
    explorer = ll.explorers.switch_blocks_off()
    explorer.set(switched_off=2, which="nearest the output")
    place = subsets(7).index((5, 6))
    assert f"residual {runs[:, place].mean():.0%}" in explorer.status.value
    assert "128 are left" in explorer.status.value


def test_switching_off_without_recorded_runs_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    explorers.residual._recorded.cache_clear()
    try:
        explorer = ll.explorers.switch_blocks_off()
        assert "No recorded runs" in explorer.status.value
        assert explorer.picture.value and not explorer.solved(**explorer.settings)
    finally:
        explorers.residual._recorded.cache_clear()


def test_all_settings_can_be_drawn_and_the_challenges_met_but_by_no_preset():
    for make in (ll.explorers.turn_the_weights_down, ll.explorers.switch_blocks_off):
        explorer = make()
        values = [
            slider.options
            if hasattr(slider, "options")
            else range(slider.min, slider.max + 1)
            for slider in explorer.sliders.values()
        ]
        every = [dict(zip(explorer.sliders, v)) for v in product(*values)]
        for settings in every:
            explorer.set(**settings)
            assert "cannot be drawn" not in explorer.status.value, settings
        plt.close("all")
        solutions = [s for s in every if explorer.solved(**s)]
        assert solutions, explorer.label
        assert not any(preset in solutions for preset in explorer.presets.values())

"""Notebook 06: what is written out in it, its explorer, and the table of all claims."""

import time
import warnings
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import networkx
import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

import lectures_lib as ll
from lectures_lib import claims, explorers, recorded

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # torch.jit.script, which it imports, is deprecated
    from torch_geometric.nn import GCNConv

PATH = Path(__file__).parents[1] / "notebooks" / "06_graph_networks.ipynb"
NOTEBOOK = nbformat.read(PATH, as_version=4)
CELLS = {cell.id: cell.source for cell in NOTEBOOK.cells}
COMPARISONS = ("among", "claim", "equal", "less", "more", "standard_errors")


def from_notebook(*ids: str, **given) -> dict:
    """What the cells with these ids define."""
    found = {"torch": torch, "np": np, "nn": nn, "F": F, "ll": ll}
    found |= {name: getattr(claims, name) for name in COMPARISONS} | given
    for id in ids:
        exec(CELLS[id], found)
    return found


def test_the_layer_by_hand_is_that_of_pytorch_geometric():
    layer = from_notebook("n5-layer")["GraphConvolution"](5, 3)
    theirs = GCNConv(5, 3)
    theirs.lin.weight.data = layer.weight.data.T.clone()
    theirs.bias.data = layer.bias.data = torch.randn(3)
    edges = torch.randint(9, (2, 20))
    edges = torch.cat([edges, edges.flip(0)], 1).unique(dim=1)
    x = torch.randn(9, 5)
    ours = layer(ll.graphs.normalize(edges, 9).to_dense(), x)
    torch.testing.assert_close(ours, theirs(x, edges))


def test_the_matrix_by_hand_is_the_formula():
    found = from_notebook("n5-by-hand")
    A_hat = np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 1], [0, 0, 1, 1]])
    D = np.diag(A_hat.sum(1) ** -0.5)
    np.testing.assert_allclose(found["S_small"], D @ A_hat @ D, atol=1e-6)


def test_a_random_graph_has_the_links_asked_for():
    random_graph = from_notebook("n8-count", dice=torch.Generator().manual_seed(0))[
        "random_graph"
    ]
    edges = random_graph(50, 200)
    graph = networkx.Graph(edges.T.tolist())
    assert edges.shape == (2, 400) and graph.number_of_edges() == 200
    assert networkx.number_of_selfloops(graph) == 0


def test_purity_is_one_for_clusters_and_chance_for_noise():
    programs = ll.data.debian_science()
    given = {"programs": programs, "nodes": len(programs.y)}
    net = ll.graphs.GCN(programs.x.shape[1], 4, 9)
    purity = from_notebook("n6-states", gcn_net=net, **given)["purity"]
    assert purity(F.one_hot(programs.y).float()) == 1
    noise = torch.randn(len(programs.y), 8, generator=torch.Generator().manual_seed(0))
    assert purity(noise) == pytest.approx(1 / 9, abs=0.03)


def test_caffeine_has_its_atoms_and_two_rings():
    programs = ll.data.debian_science()
    found = from_notebook("n1-molecule", nx=networkx, programs=programs)
    assert sorted(found["atoms"]) == sorted("C" * 8 + "N" * 4 + "O" * 2)  # C8H10N4O2
    rings = networkx.minimum_cycle_basis(found["caffeine"])
    assert sorted(map(len, rings)) == [5, 6]
    valence = dict(zip("CNO", (4, 3, 2)))
    degrees = dict(found["caffeine"].degree)
    assert all(degrees[n] <= valence[found["atoms"][n]] for n in degrees)


# The explorer.


def test_every_preset_is_drawn_and_said():
    explorer = ll.explorers.who_does_this_node_hear()
    for settings in explorer.presets.values():
        explorer.set(**settings)
        assert "cannot be drawn" not in explorer.status.value
        assert bytes(explorer.picture.value).startswith(b"\x89PNG")


@pytest.mark.parametrize("hops", [0, 1, 4])
def test_what_is_heard_is_a_power_of_the_matrix(hops):
    graph = networkx.karate_club_graph()
    A = networkx.to_numpy_array(graph, weight=None) + np.eye(34)
    D = np.diag(A.sum(1) ** -0.5)
    expected = np.linalg.matrix_power(D @ A @ D, hops)
    found = explorers.graphs._heard(hops, explorers.graphs.RULES[0])
    np.testing.assert_allclose(found, expected, atol=1e-6)
    mean = explorers.graphs._heard(hops, explorers.graphs.RULES[1])
    np.testing.assert_allclose(mean.sum(1), 1, atol=1e-5)


def test_the_challenge_is_solved_at_the_diameter():
    explorer = ll.explorers.who_does_this_node_hear()
    start = next(iter(explorer.presets.values()))
    solved = [h for h in range(9) if explorer.solved(**start | {"hops": h})]
    assert solved == [networkx.diameter(networkx.karate_club_graph())]


def test_a_link_is_as_wide_as_its_weight_in_one_layer():
    explorer = ll.explorers.who_does_this_node_hear()
    for rule in explorers.graphs.RULES:
        now = next(iter(explorer.presets.values())) | {"rule": rule, "member": 0}
        fig, ax = plt.subplots()
        explorers.graphs._draw_links(ax, now)
        rest, own = (np.array(lines.get_linewidths()) for lines in ax.collections)
        assert len(own) == 16 and len(rest) == 78 - 16
        # of 17 voices each has its own weight; by the mean all are as loud
        assert (len(np.unique(own.round(4))) == 1) == (
            rule == explorers.graphs.RULES[1]
        )
        plt.close(fig)


def test_shuffled_numbers_move_the_matrix_and_nothing_else():
    explorer = ll.explorers.who_does_this_node_hear()
    said = [
        explorer.say(**explorer.presets[name])
        for name in ("hops: 1", "shuffled, 1 hop")
    ]
    assert said[1].startswith(said[0]) and "scramble the matrix" in said[1]


def test_walks_back_tell_one_ring_from_two():
    given = {"says": (), "dice": torch.Generator().manual_seed(0)}
    found = from_notebook("n6-rings", "n6-graphs-make", **given)
    for walks, rings in zip(found["walks_of"], found["rings"]):
        nodes = len(walks)
        one_ring = [0, 6, 0, 20]  # back and forth only: it has eight nodes or more
        assert nodes >= 8 and (walks.tolist() == [one_ring] * nodes) == (rings == 0)
    parts = [graph.shape[1] for graph in found["edges_of"]]
    assert parts == [2 * nodes for nodes in found["nodes_of"]]
    torch.testing.assert_close(found["mean_of"].sum(1), torch.ones(240))


# Cora, when it cannot be fetched.


def test_without_cora_one_sentence_comes_soon(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("LECTURES_DATA", str(tmp_path))
    monkeypatch.setenv("LECTURES_PLANETOID_URL", "http://127.0.0.1:9/")
    start = time.perf_counter()
    found = from_notebook("cora-load", replace=replace)
    assert time.perf_counter() - start < 2
    said = capsys.readouterr().out
    assert said.startswith("All numbers below are recorded. ") and "127.0.0.1" in said
    assert said.count("\n") == 2 and found["live_cora"] == {}
    from_notebook("cora-picture", "cora-claim", **found | {"plt": plt})
    assert "✓ N3 recorded on Cora" in capsys.readouterr().out


# Numbers in the text, and the table of all claims.


def said(runs: np.ndarray) -> str:
    return f"{100 * runs.mean():.0f} ± {100 * runs.std(ddof=1):.0f} %"


def test_numbers_of_the_text_are_those_recorded():
    values = recorded.load("graph_nets").values
    words, gcn = values["words only"], values["GCN, plain"][:, 0]
    assert f"{said(words)} and {said(gcn)}, mean and sta" in CELLS["n2-words"]
    assert f"links add {100 * (gcn - words).mean():.0f} points" in CELLS["n2-words"]
    assert f"reach {said(values['every second edge'])}" in CELLS["n2-words"]
    lost = (gcn - values["every second edge"]).mean() / (gcn - words).mean()
    assert lost == pytest.approx(2 / 5, abs=0.04) and "two fifths" in CELLS["n2-words"]
    eight, sixteen = values["GCN, residual"][:, 3:].T
    assert f"{said(sixteen)} in the recorded runs, {said(eight)}" in CELLS["n9-try"]
    alone = recorded.load("unmixed").values
    assert alone["8 plain: test"].max() < values["GCN, plain"][:, 3].min()
    assert "the worst of the recorded runs with links is better" in CELLS["n9-words"]
    cora = recorded.load("cora").values
    numbers = [said(cora[name]) for name in ("words only", "GCN")]
    assert f"{numbers[0]} with words, {numbers[1]} with links" in CELLS["cora-words"]


def test_the_stored_table_of_claims_is_that_of_the_audits():
    (cell,) = (c for c in NOTEBOOK.cells if c.id == "course-table")
    stored = cell.outputs[0].data["text/markdown"]
    audited = (recorded.FOLDER / "claims.md").read_text(encoding="utf-8")
    assert stored.strip() == audited.strip(), (
        "an audit is newer: run `make execute ALL=1 NB=06`"
    )

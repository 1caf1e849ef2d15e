"""The smallest and the largest LECTURES_SEED: everything draws, 0 is as none."""

import math

import numpy as np
import pytest
import torch

import lectures_lib as ll


def drawn() -> list[float]:
    """A number of each kind of draw of the course."""
    ll.setup(3)
    first = [np.random.rand(), torch.rand(1).item()]  # noqa: NPY002
    draw = ll.environment.generator(10_000)
    few = ll.data.digits("train", 40, seed=1)
    pictures = ll.augmentation.augment(few[0], ["mirror"], draw)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))
    history = ll.training.fit(net, few, epochs=1, seed=2)
    club = ll.data.karate_club()
    gcn = ll.graphs.GCN(club.x.shape[1], 4, 2)
    losses = ll.graphs.fit(gcn, club, epochs=2, seed=4).train_loss
    sums = [pictures[:, :, :, :3].sum().item(), few[0][:5].sum().item()]
    return [*first, *sums, history.train_loss[0], losses[-1]]


@pytest.fixture(scope="module")
def without() -> list[float]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LECTURES_SEED", raising=False)
        return drawn()


def test_seed_0_is_as_none(monkeypatch, without):
    monkeypatch.setenv("LECTURES_SEED", "0")
    assert drawn() == without


def test_the_largest_seed_draws_everything_anew(monkeypatch, without):
    monkeypatch.setenv("LECTURES_SEED", "999999999")
    found = drawn()
    assert found == drawn() and all(map(math.isfinite, found))
    assert all(one != other for one, other in zip(found, without, strict=True))

"""Seeds and the report."""

import random

import numpy as np
import pytest
import torch

import lectures_lib as ll


def draws() -> list[float]:
    legacy = np.random.rand()  # noqa: NPY002
    return [random.random(), legacy, torch.rand(1).item()]


def test_setup_seeds_everything():
    ll.setup(3)
    first = draws()
    ll.setup(3)
    assert draws() == first


def test_lectures_seed_shifts_every_draw(monkeypatch):
    ll.setup(3)
    first, own = draws(), torch.rand(1, generator=ll.environment.generator(3)).item()
    monkeypatch.setenv("LECTURES_SEED", "1")
    ll.setup(3)
    assert all(a != b for a, b in zip(draws(), first, strict=True))
    assert torch.rand(1, generator=ll.environment.generator(3)).item() != own
    ll.setup(2)
    assert draws() == first


@pytest.mark.parametrize("text", ["abc", "1.5", "-3", "²", "1 2", "12345678901"])
def test_a_seed_that_is_no_number_is_named(monkeypatch, text):
    monkeypatch.setenv("LECTURES_SEED", text)
    with pytest.raises(
        ValueError, match=f"LECTURES_SEED is '{text}'; expected a whole"
    ):
        ll.setup()


def test_an_empty_seed_counts_as_none(monkeypatch):
    monkeypatch.setenv("LECTURES_SEED", " ")
    assert ll.environment.seed_offset() == 0


def test_the_report_names_versions_memory_and_seed():
    report = ll.environment.report()
    assert torch.__version__.split("+")[0] in report
    for word in ("cores", "threads", "memory", "LECTURES_SEED"):
        assert word in report

"""Seeds and the report."""

import random
from pathlib import Path

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


def spoil() -> None:
    """What a startup file might do."""
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    torch.set_grad_enabled(False)
    torch.use_deterministic_algorithms(True)
    torch.set_printoptions(precision=1, sci_mode=True)


def test_setup_sets_what_a_startup_file_has_changed():
    ll.setup(3)
    first = draws()
    spoil()
    try:
        ll.setup(3)
        assert draws() == first
        ones = torch.ones(1, requires_grad=True) * 1
        assert ones.dtype == torch.float32 and ones.device.type == "cpu"
        assert ones.requires_grad and repr(torch.tensor(1 / 3)) == "tensor(0.3333)"
        assert not torch.are_deterministic_algorithms_enabled()
    finally:
        ll.setup()


def test_setup_takes_one_thread_unless_told(monkeypatch):
    before = torch.get_num_threads()
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    try:
        torch.set_num_threads(2)
        ll.setup()
        assert torch.get_num_threads() == 1
        torch.set_num_threads(2)
        ll.setup(threads=None)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


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
        ValueError,
        match=f"LECTURES_SEED is '{text}'; expected a whole .* 0 to 999999999",
    ):
        ll.setup()


def test_an_empty_seed_counts_as_none(monkeypatch):
    monkeypatch.setenv("LECTURES_SEED", " ")
    assert ll.environment.seed_offset() == 0


@pytest.mark.parametrize(
    ("cuda", "mps"), [(True, False), (False, True), (False, False)]
)
def test_a_gpu_is_taken_where_torch_has_cuda(monkeypatch, cuda, mps):
    """No GPU is needed for it: this stands in for one, and for Apple's."""
    ll.setup()  # at the first call torch imports more, which looks at these too
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    chosen = "cuda" if cuda else "cpu"  # mps has no float64 and no sparse products
    assert ll.setup().type == ll.environment.device().type == chosen
    assert f"device       {chosen}\n" in ll.environment.report()


def test_the_report_names_versions_memory_and_seed():
    report = ll.environment.report()
    assert torch.__version__.split("+")[0] in report
    for word in ("cores", "threads", "memory", "LECTURES_SEED"):
        assert word in report


def test_only_a_file_with_the_name_of_a_library_hides_one(tmp_path, monkeypatch):
    for file in ("helper.py", "checks.py", "turtle.py"):
        (tmp_path / file).write_text("x = 1", encoding="utf-8")
    (tmp_path / "torch").mkdir()  # Python passes by a folder without __init__.py
    hides = "turtle.py beside the notebook hides the library turtle: rename it"
    assert ll.alike.sentences(tmp_path) == [hides]
    monkeypatch.syspath_prepend(tmp_path)
    ll.alike.refuse(tmp_path)  # nobody asks for it
    assert ll.alike.sentences(Path(torch.__file__).parents[1]) == []

"""Recorded runs: what data/results holds, and what becomes of it when it is unsound."""

import json
import math
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch

import lectures_lib as ll
from lectures_lib import experiments, results
from tools import record

RECORDED = [
    (experiment, num_seeds)
    for of_notebook in experiments.RECORDED.values()
    for experiment, num_seeds in of_notebook.items()
]
FACTOR = 3


def doubled(seed: int) -> dict:
    """An experiment that takes no time."""
    return {"value": [seed, FACTOR * seed], "other": seed + torch.pi}


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)


@pytest.fixture
def recorded(folder) -> Path:
    record.record(doubled, 3, folder / "runs", jobs=1)
    return folder / "doubled.json"


@pytest.mark.parametrize(("experiment", "num_seeds"), RECORDED)
def test_each_recorded_experiment_is_sound_and_has_its_seeds(experiment, num_seeds):
    recording = ll.results.load(experiment)
    assert recording.sound, recording.note
    assert {len(runs) for runs in recording.values.values()} == {num_seeds}


def test_what_is_recorded_is_read_again(recorded):
    recording = ll.results.load(doubled)
    assert recording.sound and "3 seeds" in recording.note
    assert recording.values["value"].tolist() == [[100, 300], [101, 303], [102, 306]]


def test_a_missing_file_is_named_with_its_remedy(folder):
    recording = ll.results.load(doubled)
    assert not recording.sound and recording.values == {}
    assert "data/results/doubled.json cannot be read" in recording.note
    assert "git checkout HEAD" in recording.note


@pytest.mark.parametrize("text", ["", "[1]", '{"values": 3}', '{"values": {"a": "b"}}'])
def test_a_file_that_holds_no_run_is_named(folder, text):
    (folder / "doubled.json").write_text(text)
    recording = ll.results.load(doubled)
    assert not recording.sound and "is not a recorded run" in recording.note


def test_an_edited_file_is_shown_and_marked(recorded):
    recorded.write_text(recorded.read_text().replace("303", "300"))
    recording = ll.results.load(doubled)
    assert not recording.sound and "was edited" in recording.note
    assert recording.values["value"][1, 1] == 300


def test_runs_of_older_code_are_shown_and_marked(recorded, monkeypatch):
    monkeypatch.setattr(results, "fingerprint", lambda experiment: "of newer code")
    recording = ll.results.load(doubled)
    assert not recording.sound and "older version of this code" in recording.note
    assert len(recording.values["value"]) == 3


def of_other_code(recorded: Path, **changes: object) -> None:
    """Make the recording one of older code, with some numbers changed."""
    content = json.loads(recorded.read_text()) | {"code": "older"}
    content["values"] |= changes
    recorded.write_text(json.dumps(content | {"sha256": results.checksum(content)}))


def test_newer_code_that_gives_the_same_numbers_confirms_a_recording(recorded):
    of_other_code(recorded)
    assert not ll.results.load(doubled).sound
    assert record.confirmed(doubled, 3, recorded.parent / "runs")
    assert ll.results.load(doubled).sound
    assert "same numbers for seed 100" in json.loads(recorded.read_text())["confirmed"]


def test_nothing_else_confirms_a_recording(recorded):
    runs, before = recorded.parent / "runs", recorded.read_text()
    assert not record.confirmed(doubled, 4, runs)  # too few seeds
    recorded.write_text(before.replace("303", "300"))  # edited
    assert not record.confirmed(doubled, 3, runs)
    recorded.write_text(before)
    of_other_code(recorded, other=[103.14159265358981, 0, 0])  # in the last digit
    assert not record.confirmed(doubled, 3, runs)
    assert not ll.results.load(doubled).sound
    recorded.unlink()
    assert not record.confirmed(doubled, 3, runs)


def test_an_interrupted_recording_is_taken_up_again(folder, monkeypatch):
    runs = folder / "runs"
    record.saved_run(doubled, 100, runs)
    saved = runs / "doubled" / "seed-100.json"
    content = json.loads(saved.read_text())
    content["values"]["other"] = 0  # so that it can be told apart
    saved.write_text(json.dumps(content))
    (runs / "doubled" / "seed-101.tmp").write_text("{")
    record.record(doubled, 2, runs, jobs=1)
    assert ll.results.load(doubled).values["other"][0] == 0
    assert ll.results.load(doubled).values["other"][1] > 100


def test_a_saved_run_of_older_code_is_made_again(folder):
    file = folder / "doubled" / "seed-5.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"code": "older", "values": {"value": 0}}))
    assert record.saved_run(doubled, 5, folder)["value"] == [5, 15]


def test_the_band_is_what_the_recorded_runs_did():
    runs = np.array([[1.0, 2.0], [3.0, 2.5], [2.0, 4.5]])
    low, high = results.Recording({"error": runs}, "", True).band("error")
    assert low.tolist() == [1, 2] and high.tolist() == [3, 4.5]


def test_a_claim_rests_on_sound_recordings_only(recorded):
    assert ll.results.load(doubled)["value"].shape == (3, 2)
    recorded.write_text(recorded.read_text().replace("303", "300"))
    edited = ll.results.load(doubled)
    assert isinstance(edited["value"], ll.claims.Missing)
    assert edited["value"].why == edited.note and "was edited" in edited.note
    recorded.unlink()
    assert "cannot be read" in ll.results.load(doubled)["no such name"].why


def test_an_unknown_name_is_no_missing_recording(recorded):
    with pytest.raises(KeyError):
        ll.results.load(doubled)["no such name"]


# The audits of the notebooks.

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))


def audited(notebook: Path) -> dict:
    file = ROOT / "data" / "results" / f"{notebook.stem}.json"
    if not file.exists():
        pytest.skip(f"{notebook.name} has not been audited since it changed")
    return json.loads(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_claim_of_a_notebook_has_stood_its_audit(notebook):
    found = audited(notebook)
    assert found["sha256"] == results.checksum(found)
    assert len(found["seeds"]) >= 40 and set(found["threads"]) == {1, 2}
    for claim in found["claims"]:
        assert not claim["fell"] and not claim["missing"], claim["sentence"]
        assert claim["closest"] is None or claim["closest"] >= 3, claim["sentence"]
    printed = nbformat.read(notebook, as_version=4)
    lines = {line for cell in printed.cells for line in claim_lines(cell)}
    assert {f"✓ {c['id']} {c['sentence']}" for c in found["claims"]} == lines


def claim_lines(cell: dict) -> list[str]:
    texts = [output.get("text", "") for output in cell.get("outputs", [])]
    return re.findall(r"^✓ [A-Z]\d+ .*$", "\n".join(texts), flags=re.M)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_another_seed_changes_what_a_trained_claim_measures(notebook):
    claims = [c for c in audited(notebook)["claims"] if c["closest"] is not None]
    for claim in claims:
        runs = [c["distance"] for c in claim["comparisons"] if c["distance"]]
        assert any(len(set(distances)) > 2 for distances in runs), claim["sentence"]


def over_runs(left, right, distance, scale="difference", relation=">") -> dict:
    return {
        "relation": relation,
        "scale": scale,
        "left": left,
        "right": right,
        "distance": distance,
    }


@pytest.mark.parametrize(
    ("comparison", "compared", "from_falling"),
    [
        (
            over_runs([61706] * 3, [61706] * 3, None, "exact", "="),
            "61,706 = 61,706",
            "exact",
        ),
        (over_runs(None, None, None, "exact", ""), "–", "exact"),
        (
            over_runs([0.7, 0.8], [0.3] * 2, [0.4, 0.5]),
            "0.75 ± 0.05 > 0.3",
            "0.45 ± 0.05",
        ),
        (
            over_runs([4, 6], [2, 2], np.log([2, 3]).tolist(), "ratio"),
            "5 ± 1 > 2",
            "factor 2.5 ± 0.5",
        ),
        (
            over_runs([0.9] * 2, [0.5] * 2, [2.1972] * 2, "log odds"),
            "0.9 > 0.5",
            "2.2 log odds",
        ),
        (over_runs([1e-7] * 2, [0] * 2, [math.inf] * 2), "1e-07 > 0", "∞"),
    ],
)
def test_a_row_of_the_table_says_what_was_compared_in_its_unit(
    folder, comparison, compared, from_falling
):
    claim = {"id": "R2", "sentence": "it | has", "runs": 2, "comparisons": [comparison]}
    (folder / "00_start.json").write_text(json.dumps({"claims": [claim, claim]}))
    row = f"| [R2](00_start.ipynb#R2) | it \\| has | {compared} | {from_falling} | 2 |"
    assert results.table_of_claims().splitlines()[2:] == [row, row]


# The fingerprint of code: a small package of two modules, changed piece by piece.
HELPERS = '''
from functools import partial

LIMIT = 3

def double(x):
    return 2 * x

TABLE = {name: partial(double, 2) for name in ("one", "two")}

def used(x):
    """Text."""
    return TABLE["one"]() + inner(x) + 1

def inner(x):
    return x * LIMIT

def unused(x):
    return x
'''
MAIN = """
from . import helpers
from .results import fingerprint

class Net:
    def forward(self, x):
        return helpers.used(x)

def experiment(seed):
    used = seed  # a local name
    return Net().forward(used)
"""
CHANGES = {
    "nothing": ("", ""),
    "a comment": ("inner(x) + 1", "inner(x) + 1  # why"),
    "a docstring": ('"""Text."""', '"""Other text."""'),
    "what is not used": ("    return x\n", "    return -x\n"),
    "a function": ("inner(x) + 1", "inner(x) + 2"),
    "behind a function": ("x * LIMIT", "x + LIMIT"),
    "a constant": ("LIMIT = 3", "LIMIT = 4"),
    "a table": ("partial(double, 2)", "partial(double, 3)"),
    "behind a table": ("return 2 * x", "return 3 * x"),
}
HARMLESS = ("nothing", "a comment", "a docstring", "what is not used")


def fingerprint_of(folder: Path, name: str, change, monkeypatch) -> str:
    package = folder / name / "tiny"
    package.mkdir(parents=True)
    (package / "helpers.py").write_text(HELPERS.replace(*change, 1))
    (package / "main.py").write_text(MAIN)
    (package / "__init__.py").write_text("")
    for module in (results, ll.claims):
        shutil.copy(module.__file__, package)
    monkeypatch.syspath_prepend(str(package.parent))
    for module in [m for m in sys.modules if m.startswith("tiny")]:
        del sys.modules[module]
    import tiny.main

    return tiny.main.fingerprint(tiny.main.experiment)


@pytest.mark.parametrize("name", CHANGES)
def test_the_fingerprint_is_of_the_code_that_is_used(tmp_path, monkeypatch, name):
    before = fingerprint_of(tmp_path, "before", ("", ""), monkeypatch)
    after = fingerprint_of(tmp_path, "after", CHANGES[name], monkeypatch)
    assert (before == after) == (name in HARMLESS)


def test_the_fingerprint_reaches_from_an_experiment_to_the_nets():
    found: dict[str, str] = {}
    results._collect(experiments, "degradation", found)
    reached = {"models.Block", "training._epoch", "training.EXPLODED", "data._draw"}
    assert {f"lectures_lib.{name}" for name in reached} <= set(found)

"""Recorded runs: what data/results holds, and what becomes of it when it is unsound."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch

import lectures_lib as ll
from lectures_lib import recorded
from tools import record
from tools.experiments import RECORDED, Experiment


def doubled(seed: int) -> dict:
    """An experiment that takes no time."""
    return {"value": [seed, 3 * seed], "other": seed + torch.pi}


DOUBLED = Experiment(doubled, 3, "09", {"times": [1, 3]})


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    threads = torch.get_num_threads()
    yield tmp_path
    torch.set_num_threads(threads)


@pytest.fixture
def file(folder) -> Path:
    """The recording of `doubled`."""
    record.record("doubled", DOUBLED, folder / "runs", jobs=1)
    return folder / "doubled.json"


@pytest.mark.parametrize("name", RECORDED)
def test_each_recorded_experiment_is_sound(name):
    recording = ll.recorded.load(name)
    assert recording.sound, recording.note


@pytest.mark.parametrize("name", RECORDED)
def test_each_recorded_experiment_has_its_seeds_and_axes(name):
    recording, made = ll.recorded.load(name), RECORDED[name]
    assert {len(runs) for runs in recording.values.values()} == {made.seeds}
    assert recording.axes == json.loads(json.dumps(made.axes))
    lengths = [len(axis) for axis in made.axes.values()]
    lists = {runs.shape[1] for runs in recording.values.values() if runs.ndim > 1}
    assert lists - {10} <= set(lengths)  # 10: the classes


def test_what_is_recorded_is_read_again(file):
    recording = ll.recorded.load("doubled")
    assert recording.sound and "3 seeds" in recording.note
    assert recording.axes == {"times": [1, 3]}
    assert recording.values["value"].tolist() == [[100, 300], [101, 303], [102, 306]]


def test_a_missing_file_is_named_with_its_remedy(folder):
    recording = ll.recorded.load("doubled")
    assert not recording.sound and recording.values == {}
    assert "data/results/doubled.json cannot be read" in recording.note
    assert "git checkout HEAD" in recording.note


@pytest.mark.parametrize("text", ["", "[1]", '{"values": 3}', '{"values": {"a": "b"}}'])
def test_a_file_that_holds_no_run_is_named(folder, text):
    (folder / "doubled.json").write_text(text)
    recording = ll.recorded.load("doubled")
    assert not recording.sound and "is not a recorded run" in recording.note


def test_an_edited_file_is_shown_and_marked(file):
    file.write_text(file.read_text().replace("303", "300"))
    recording = ll.recorded.load("doubled")
    assert not recording.sound and "was edited" in recording.note
    assert recording.values["value"][1, 1] == 300


def of_other_code(file: Path, **changes: object) -> None:
    """Make the recording one of older code, with some numbers changed."""
    content = json.loads(file.read_text())
    content["code"] = {"lectures_lib/claims.py": "older"}
    content["values"] |= changes
    file.write_text(json.dumps(content | {"sha256": recorded.checksum(content)}))


def test_runs_of_older_code_are_shown_and_marked(file):
    of_other_code(file)
    recording = ll.recorded.load("doubled")
    assert not recording.sound and "older version of this code" in recording.note
    assert len(recording.values["value"]) == 3


def test_a_module_that_is_gone_says_nothing(file):
    content = json.loads(file.read_text()) | {"code": {"tools/gone.py": "known"}}
    file.write_text(json.dumps(content | {"sha256": recorded.checksum(content)}))
    assert ll.recorded.load("doubled").sound


def test_newer_code_that_gives_the_same_numbers_confirms_a_recording(file):
    of_other_code(file)
    assert not ll.recorded.load("doubled").sound
    assert record.confirmed("doubled", DOUBLED, file.parent / "runs")
    assert ll.recorded.load("doubled").sound
    assert "same numbers for seed 100" in json.loads(file.read_text())["confirmed"]


def test_nothing_else_confirms_a_recording(file):
    def confirmed(made: Experiment = DOUBLED) -> bool:
        return record.confirmed("doubled", made, file.parent / "runs")

    before = file.read_text()
    assert not confirmed(replace(DOUBLED, seeds=4))  # too few seeds
    file.write_text(before.replace("303", "300"))  # edited
    assert not confirmed()
    file.write_text(before)
    of_other_code(file, other=[103.14159265358981, 0, 0])  # in the last digit
    assert not confirmed()
    assert not ll.recorded.load("doubled").sound
    file.unlink()
    assert not confirmed()


def test_an_interrupted_recording_is_taken_up_again(folder, monkeypatch):
    runs = folder / "runs"
    record.saved_runs("doubled", doubled, [100], runs)
    saved = runs / "doubled" / "seed-100.json"
    content = json.loads(saved.read_text())
    content["values"]["other"] = 0  # so that it can be told apart
    saved.write_text(json.dumps(content))
    (runs / "doubled" / "seed-101.tmp").write_text("{")
    record.record("doubled", replace(DOUBLED, seeds=2), runs, jobs=1)
    assert ll.recorded.load("doubled").values["other"][0] == 0
    assert ll.recorded.load("doubled").values["other"][1] > 100


def test_a_saved_run_of_older_code_is_made_again(folder):
    file = folder / "doubled" / "seed-5.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"code": {"a.py": "older"}, "values": {"value": 0}}))
    (values,) = record.saved_runs("doubled", doubled, [5], folder)
    assert values["value"] == [5, 15]


def test_the_band_is_what_the_recorded_runs_did():
    runs = np.array([[1.0, 2.0], [3.0, 2.5], [2.0, 4.5]])
    low, high = recorded.Recording({"error": runs}, "", True).band("error")
    assert low.tolist() == [1, 2] and high.tolist() == [3, 4.5]


def test_without_recorded_runs_no_band_is_drawn(folder):
    fig, ax = plt.subplots()
    ll.figures.draw_band(ax, [1, 2, 3], *ll.recorded.load("doubled").band("value"))
    assert not any(path.vertices.size for path in ax.collections[0].get_paths())
    fig.canvas.draw()
    plt.close(fig)


def test_a_claim_rests_on_sound_recordings_only(file):
    assert ll.recorded.load("doubled")["value"].shape == (3, 2)
    file.write_text(file.read_text().replace("303", "300"))
    edited = ll.recorded.load("doubled")
    assert isinstance(edited["value"], ll.claims.Missing)
    assert edited["value"].why == edited.note and "was edited" in edited.note
    file.unlink()
    assert "cannot be read" in ll.recorded.load("doubled")["no such name"].why


def test_an_unknown_name_is_no_missing_recording(file):
    with pytest.raises(KeyError):
        ll.recorded.load("doubled")["no such name"]


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
    assert found["sha256"] == recorded.checksum(found)
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

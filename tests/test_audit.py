"""The audit, on a tiny notebook made for it."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import audit
import execute

# Stands in for lectures_lib, whose import takes seconds.
HEAD = """
import os, random
from types import SimpleNamespace as Space
seed = int(os.environ["LECTURES_SEED"])
found = []
def claim(id, sentence, holds, **measured):
    found.append(Space(id=id, sentence=sentence, holds=holds, measured=measured))
ll = Space(claims=Space(ledger=lambda: found))
"""


def write(folder: Path, *cells: str) -> Path:
    path = folder / "09_tiny.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(c) for c in (HEAD, *cells)]), path)
    return path


def test_margins_are_counted_in_standard_deviations(tmp_path, capsys):
    path = write(
        tmp_path,
        "claim('X1', 'far', True, margin=10 + seed)",
        "claim('X2', 'near', True, margin=0.1 + seed)",
        "claim('X3', 'exact', True)",
        "claim('X4', 'falls', seed != 1)",
        "claim('example', 'is left out', False)",
    )
    rows = {row["id"]: row for row in audit.summary(audit.audit(path, 2, tmp_path))}
    assert list(rows) == ["X1", "X2", "X3", "X4"]
    assert rows["X1"]["runs"] == 4 and rows["X1"]["closest"] > 10
    assert 0 < rows["X2"]["closest"] < 1 and rows["X3"]["closest"] is None
    assert rows["X4"]["fell"] == 2
    assert [audit.sound(row) for row in rows.values()] == [True, False, True, False]
    assert "seed 1, 2 threads: X4 fell" in capsys.readouterr().out


def test_whatever_was_measured_is_kept(tmp_path):
    path = write(
        tmp_path,
        "measured = {('plain', 20): [0.5, {3: None}], 20: float('nan')}",
        "claim('X1', 'odd keys', True, measured=measured, margin=1.0)",
    )
    record = audit.run(path, 0, 1)
    assert record["errors"] == []
    ((*_, measured),) = record["claims"]
    assert measured["measured"]["('plain', 20)"] == [0.5, {"3": "None"}]
    assert measured["margin"] == 1.0


def test_claims_that_cannot_be_read_are_an_error(tmp_path):
    record = audit.run(write(tmp_path, "del ll"), 0, 1)
    assert record["claims"] == [] and "NameError" in record["errors"][0]


def test_a_finished_run_is_not_made_again_and_an_unfinished_one_is(tmp_path):
    note = f"open({str(tmp_path / 'runs')!r}, 'a').write(f'{{seed}} ')"
    path = write(tmp_path, note)
    audit.saved_run(path, 0, 1, tmp_path)
    audit.saved_run(path, 0, 1, tmp_path)
    (tmp_path / "09_tiny" / "seed-1-threads-1.tmp").write_text("{")  # interrupted
    audit.saved_run(path, 1, 1, tmp_path)
    assert (tmp_path / "runs").read_text() == "0 1 "


def test_a_run_of_an_older_notebook_is_made_again(tmp_path):
    audit.saved_run(write(tmp_path, "claim('X1', 'old', True)"), 0, 1, tmp_path)
    path = write(tmp_path, "claim('X1', 'new', True)")
    assert audit.saved_run(path, 0, 1, tmp_path)["claims"][0][1] == "new"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("assert False", "AssertionError: no message"),
        ("import os; os._exit(1)", "DeadKernelError"),
    ],
)
def test_what_breaks_a_run_is_named_and_the_audit_goes_on(tmp_path, cell, words):
    record = audit.saved_run(write(tmp_path, cell), 0, 1, tmp_path)
    assert words in record["errors"][0]


def test_a_claim_that_a_run_did_not_reach_is_not_sound():
    records = [
        {"claims": [["X1", "far", True, {}]]},
        {"claims": []},
    ]
    (row,) = audit.summary(records)
    assert row["missing"] == 1 and not audit.sound(row)


def test_seed_and_threads_reach_the_kernel(tmp_path):
    cell = "claim('X1', os.environ['OMP_NUM_THREADS'], True, margin=seed)"
    record = audit.saved_run(write(tmp_path, cell), 7, 2, tmp_path)
    assert record["claims"] == [["X1", "2", True, {"margin": 7}]]
    assert "LECTURES_SEED" not in execute.environment()

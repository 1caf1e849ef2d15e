"""The audit, on a tiny notebook made for it."""

import json
import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from lectures_lib.recorded import FOLDER
from tools import audit, execute
from tools.claims_table import table_of_claims

# Stands in for lectures_lib, whose import takes seconds.
HEAD = """
import os
from dataclasses import dataclass
from types import SimpleNamespace as Space
seed = int(os.environ["LECTURES_SEED"])
found = []
@dataclass
class Comparison:
    distance: float
    left: float = 1.0
    relation: str = ">"
    right: float = 0.0
    scale: str = "difference"
    text: str = "1 > 0"
@dataclass
class Claim:
    id: str
    sentence: str
    holds: bool
    comparisons: list
def claim(id, sentence, holds, *distances):
    found.append(Claim(id, sentence, holds, [Comparison(d) for d in distances]))
ll = Space(claims=Space(ledger=lambda: found))
"""


def write(folder: Path, *cells: str) -> Path:
    path = folder / "09_tiny.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(c) for c in (HEAD, *cells)]), path)
    return path


def test_distances_are_counted_in_standard_deviations(tmp_path, capsys, monkeypatch):
    path = write(
        tmp_path,
        "claim('X1', 'far', True, 10 + seed)",
        "claim('X2', 'near', True, 10 + seed, 0.1 + seed)",
        "claim('X3', 'exact', True, None)",
        "claim('X4', 'falls', seed != 1, None)",
        "claim('X5', 'is always as far', True, 0.2)",
        "claim('X6', 'is missing', None, None)",
        "claim('X7', 'has no end', True, 1 / seed if seed else float('inf'))",
        "claim('example', 'is left out', False)",
    )
    monkeypatch.setattr(audit, "SPACING", 1)
    rows = {row["id"]: row for row in audit.summary(audit.audit(path, 2, tmp_path))}
    assert list(rows) == [f"X{n}" for n in range(1, 8)]
    assert rows["X1"]["runs"] == 4 and rows["X1"]["closest"] > 10
    assert 0 < rows["X2"]["closest"] < 1
    assert [rows[id]["closest"] for id in ("X3", "X5", "X7")] == [None] * 3
    assert rows["X4"]["fell"] == 2
    assert rows["X6"]["missing"] == 4 and rows["X6"]["runs"] == 0
    sound = [id for id, row in rows.items() if audit.sound(row)]
    assert sound == ["X1", "X3", "X5", "X7"]
    told = capsys.readouterr().out
    assert "seed 1, 2 threads: X4 fell; X6 not checked" in told


def test_what_was_compared_is_kept_run_by_run(tmp_path, monkeypatch):
    monkeypatch.setattr(audit, "SPACING", 1)
    path = write(tmp_path, "claim('X1', 'far', True, 1 / 3 + seed, None)")
    assert audit.short(61_100_840) == 61_100_840 and audit.short(float("inf")) > 1e9
    (row,) = audit.summary(audit.audit(path, 2, tmp_path))
    measured, exact = row["comparisons"]
    assert measured["distance"] == [0.333333, 1.33333] * 2
    assert measured["left"] == [1, 1, 1, 1] and measured["relation"] == ">"
    assert exact["distance"] is None


def test_two_runs_of_an_audit_have_no_seed_in_common():
    sources = [*(audit.ROOT / "lectures_lib").rglob("*.py")]
    sources += (audit.ROOT / "notebooks").glob("[0-9]*.ipynb")
    written = r"(?:generator|seed_everything|range)\(([\d, ]+)\)|seed[=s ]+\(?([\d, ]+)"
    found = [re.findall(written, path.read_text("utf-8")) for path in sources]
    texts = [text for file in found for groups in file for text in groups]
    seeds = [int(number) for text in texts for number in re.findall(r"\d+", text)]
    assert len(seeds) > 100 and 10_000 < max(seeds) < audit.SPACING / 2


def test_claims_that_cannot_be_read_are_an_error(tmp_path):
    record = audit.run(write(tmp_path, "del ll"), 0, 1)
    assert record["claims"] == [] and "NameError" in record["errors"][0]


def test_a_finished_run_is_not_made_again_and_an_unfinished_one_is(tmp_path):
    note = f"open({str(tmp_path / 'runs')!r}, 'a').write(f'{{seed}} ')"
    path = write(tmp_path, note)
    audit.saved_runs(path, [0], 1, tmp_path)
    audit.saved_runs(path, [0], 1, tmp_path)
    (tmp_path / "09_tiny" / "seed-1-threads-1.tmp").write_text("{")  # interrupted
    audit.saved_runs(path, [1], 1, tmp_path)
    assert (tmp_path / "runs").read_text() == "0 1 "


def test_a_run_of_an_older_notebook_is_made_again(tmp_path):
    audit.saved_runs(write(tmp_path, "claim('X1', 'old', True)"), [0], 1, tmp_path)
    path = write(tmp_path, "claim('X1', 'new', True)")
    claims = audit.saved_runs(path, [0], 1, tmp_path)[0]["claims"]
    assert claims[0]["sentence"] == "new"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("assert False", "AssertionError: no message"),
        ("import os; os._exit(1)", "Stopped: killed the kernel (a crash?)"),
    ],
)
def test_what_breaks_a_run_is_named_and_the_audit_goes_on(tmp_path, cell, words):
    record = audit.saved_runs(write(tmp_path, cell), [0], 1, tmp_path)[0]
    assert words in record["errors"][0]


def test_a_claim_that_a_run_did_not_reach_is_not_sound():
    far = {"id": "X1", "sentence": "far", "holds": True, "comparisons": []}
    records = [
        {"claims": [far]},
        {"claims": []},
    ]
    (row,) = audit.summary(records)
    assert row["missing"] == 1 and not audit.sound(row)


def test_seed_and_threads_reach_the_kernel(tmp_path):
    cell = "claim('X1', os.environ['OMP_NUM_THREADS'], True, seed)"
    (claim,) = audit.saved_runs(write(tmp_path, cell), [7], 2, tmp_path)[0]["claims"]
    assert claim["sentence"] == "2" and claim["comparisons"][0]["distance"] == 7
    assert "LECTURES_SEED" not in execute.environment()


def test_two_threads_compute_also_beside_another_run(tmp_path, monkeypatch):
    monkeypatch.setenv("MKL_NUM_THREADS", "1")  # as in a process of joblib
    cell = "import torch; claim('X1', str(torch.get_num_threads()), True)"
    (claim,) = audit.saved_runs(write(tmp_path, cell), [7], 2, tmp_path)[0]["claims"]
    assert claim["sentence"] == "2"


# The table of all claims.


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
    tmp_path, comparison, compared, from_falling
):
    claim = {"id": "R2", "sentence": "it | has", "runs": 2, "comparisons": [comparison]}
    (tmp_path / "00_start.json").write_text(json.dumps({"claims": [claim, claim]}))
    row = f"| [R2](00_start.ipynb#R2) | it \\| has | {compared} | {from_falling} | 2 |"
    assert table_of_claims(tmp_path).splitlines()[2:] == [row, row]


def test_the_table_of_claims_has_each_audited_claim_once():
    lines = (FOLDER / "claims.md").read_text(encoding="utf-8").splitlines()
    assert lines == table_of_claims().splitlines(), "an audit is newer than its table"
    audits = sorted(FOLDER.glob("0[0-9]_*.json"))
    claims = [c for file in audits for c in json.loads(file.read_text())["claims"]]
    assert len(lines[2:]) == len(claims)
    for line, claim in zip(lines[2:], claims):
        link = re.match(r"\| \[(\w+)\]\((\w+)\.ipynb#\1\) \| ", line)
        assert link and link[1] == claim["id"]
        text = (audit.ROOT / "notebooks" / f"{link[2]}.ipynb").read_text("utf-8")
        assert f'id=\\"{link[1]}\\"' in text

"""The sabotage of claims: on a tiny project made for it, and the real list of edits."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import execute, sabotage
from tools.needed import needed
from tools.sabotage import ROOT
from tools.writing import ToolError

# Stands in for the real library, whose import takes seconds.
LIBRARY = '''
"""Claims."""
from dataclasses import dataclass
from types import SimpleNamespace as Space
class ClaimError(AssertionError): ...
@dataclass
class Claim:
    id: str
    sentence: str
    holds: bool
    comparisons: tuple = ()
found = []
def claim(id, sentence, holds):
    found.append(Claim(id, sentence, holds))
    if not holds:
        raise ClaimError(sentence)
claims = Space(claim=claim, ledger=lambda: found)
def double(number):
    return 2 * number
'''
CELLS = {
    "setup": "import lectures_lib as ll\nfrom lectures_lib import claim",
    "half": "def half(number):\n    return number / 2",
    "halves": 'll.claims.claim("X1", "half of four " "is two", half(4) == 2)',
    "doubles": 'claim("X1", "twice two is four", ll.double(2) == 4)',
    "example": 'll.claims.claim("example", "is no claim of the lecture", True)',
    "rare": 'if half(4) > 0:\n    ll.claims.claim("X2", "it is positive", True)',
}
HALF = {"sentence": "half of", "cell": "half", "old": "/ 2", "new": "/ 3"}
DOUBLE = {"sentence": "twice", "file": "lectures_lib/__init__.py", "old": "2 *"}
DOUBLE |= {"new": "3 *"}
POSITIVE = {"claim": "X2", "sentence": "it is", "cell": "half"}
POSITIVE |= {"old": "return number", "new": "return -number"}


@pytest.fixture
def project(tmp_path) -> Path:
    for folder in ("lectures_lib", "data", "notebooks", "tests/sabotage"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "lectures_lib" / "__init__.py").write_text(LIBRARY)
    cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
    cells.insert(0, new_markdown_cell("# Tiny", id="title"))
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "09_tiny.ipynb")
    return tmp_path


def write(project: Path, *edits: dict[str, str], number: str = "09") -> None:
    """The notebook's list with these edits; what they leave out stands for X1."""
    usual = {"claim": "X1", "why": "broken"}
    tables = [
        "[[edit]]\n" + "".join(f"{k} = '''{v}'''\n" for k, v in (usual | edit).items())
        for edit in edits
    ]
    file = project / "tests" / "sabotage" / f"{number}.toml"
    file.write_text("".join(tables), encoding="utf-8")


def outcome(project: Path, edit: dict[str, str]) -> str:
    write(project, edit)
    (edit,) = sabotage.read_edits(project / "tests" / "sabotage", ["09"])
    return sabotage.sabotage(sabotage.prepare(edit, project), project)


def files(project: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_edits_of_a_cell_and_of_a_file_make_their_claims_fall(project, capsys):
    never = {"old": "half(4) > 0", "new": "half(4) > 9", "cell": "rare"}
    write(project, HALF, DOUBLE, POSITIVE | never)
    before = files(project)
    assert sabotage.main(["09"], project) == 1
    told = capsys.readouterr().out
    assert "✓ X1 half of four is two\n     half: broken → fell" in told
    assert "✓ X1 twice two is four\n     lectures_lib/__init__.py: broken → fel" in told
    assert "✗ X2 it is positive\n     rare: broken → not reached" in told
    assert "2 of 3 edits fell" in told
    assert files(project) == before


def test_a_claim_that_survives_and_one_without_an_edit_are_failures(project, capsys):
    write(project, HALF | {"new": "/ 2.0"}, POSITIVE | {"new": "return 0 * number"})
    assert sabotage.main([], project) == 1
    told = capsys.readouterr().out
    assert "✗ X1 half of four is two\n     half: broken → survived" in told
    assert "✗ X1 twice two is four\n     tests/sabotage → no edit" in told
    assert "is no claim" not in told and "0 of 2 edits fell" in told


def test_when_all_fall_it_is_a_success(project, capsys):
    sure = {"claim": "X2", "sentence": "it is", "cell": "rare"}
    sure |= {"old": 'positive", True', "new": 'positive", False'}
    write(project, HALF, DOUBLE, sure)
    assert sabotage.main([], project) == 0
    assert "3 of 3 edits fell" in capsys.readouterr().out


def test_a_claim_that_falls_unbroken_is_named(project, capsys):
    write(project, HALF, DOUBLE, POSITIVE)
    library = project / "lectures_lib" / "__init__.py"
    library.write_text(LIBRARY.replace("2 *", "4 *"))
    edit = DOUBLE | {"old": "4 *"}
    write(project, HALF, edit, POSITIVE)
    assert sabotage.main([], project) == 1
    told = capsys.readouterr().out
    assert "✗ X1 twice two is four\n     as it stands → fell" in told
    assert "2 of 3 claims hold unbroken" in told


NEEDS = {
    "setup": "import library as ll",
    "data": "train = ll.data()",
    "net": "net = ll.net()",
    "picture": "ax.plot(net)\nll.figures.show(fig)",
    "other": "other = [n for n in train]",
    "mode": "net.eval()",
    "fit": "history = ll.fit(net, train)",
    "part": "train[0] = 1",
    "claim": "claim('X1', 'it learns', history > 0)",
}


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("claim", "setup data net mode fit claim"),
        ("part", "setup data part"),
        ("mode", "setup net mode"),
        ("other", "setup data other"),
    ],
)
def test_a_cell_needs_what_binds_or_changes_what_it_uses(last, expected):
    cells = [new_code_cell(source, id=name) for name, source in NEEDS.items()]
    cells = cells[: list(NEEDS).index(last) + 1]
    assert " ".join(cell.id for cell in needed(cells)) == expected


def test_a_cell_that_is_asked_for_is_kept_with_what_it_needs():
    cells = [new_code_cell(source, id=name) for name, source in NEEDS.items()]
    kept = needed([*cells[:5], new_code_cell("claim('X2', '', 1)", id="end")], "other")
    assert [cell.id for cell in kept] == ["setup", "data", "other", "end"]


@pytest.mark.parametrize(
    ("new", "words"),
    [
        ("/ 0", "error (halves: ZeroDivisionError: division by zero)"),
        (
            "/ 3\nimport os; os._exit(1)",
            "error (half: Stopped: killed the kernel (a crash?))",
        ),
        ("/ 3\n1 / 0", "error (half: ZeroDivisionError: division by zero)"),
    ],
)
def test_an_error_is_no_fall(project, new, words):
    assert outcome(project, HALF | {"new": new}).startswith(words)


def test_a_run_ends_with_the_claims_cell(project):
    write(project, HALF)
    (edit,) = sabotage.read_edits(project / "tests" / "sabotage", [])
    trial = sabotage.prepare(edit, project)
    assert [cell.id for cell in trial.notebook.cells][-2:] == ["half", "halves"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"claim": "X7"}, "0 claims of notebook 09 begin with “X7 half of”, expected"),
        ({"sentence": ""}, "2 claims of notebook 09 begin with “X1 ”, expected one"),
        ({"sentence": "third"}, "  X1 half of four is two\n  X1 twice two is four\n"),
        ({"cell": "quarter"}, "quarter: broken: there is no such place, expected"),
        ({"cell": "title"}, "title: broken: there is no such place, expected"),
        ({"cell": "doubles"}, "expected a code cell not after the claim's"),
        ({"old": "/ 5"}, "half: broken: old is there 0 times, expected once"),
        ({"old": "number"}, "half: broken: old is there 2 times, expected once"),
        ({"old": ""}, "expected once"),
        ({"new": "/ 2"}, "something else as new: '/ 2'"),
        ({"file": "data/x"}, "[[edit]] 1 needs claim, new, old, sentence, w"),
        (
            {"wyh": "broken"},
            "[[edit]] 1 needs claim, new, old, sentence, why",
        ),
    ],
)
def test_an_edit_that_cannot_be_made_is_a_sentence(project, capsys, change, words):
    write(project, HALF | change)
    assert sabotage.main([], project) == 1
    assert words in capsys.readouterr().out


@pytest.mark.parametrize("file", ["lectures_lib/x.py", "tests/sabotage/09.toml", ""])
def test_a_file_that_is_not_in_the_copy(project, capsys, file):
    write(project, DOUBLE | {"file": file})
    assert sabotage.main([], project) == 1
    assert "or a file in lectures_lib/ or data/" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[edit]\n", "is not TOML: "),
        ("[[edit]]\nclaim = 9\n", "[[edit]] 1 needs"),
        ("edit = 'one'\n", "[[edit]] 1 needs"),
    ],
)
def test_a_broken_list_is_a_sentence(project, capsys, text, words):
    (project / "tests" / "sabotage" / "09.toml").write_text(text)
    assert sabotage.main([], project) == 1
    told = capsys.readouterr().out
    assert words in told and "09.toml" in told


def test_another_notebooks_edits_are_not_looked_at(project, capsys):
    write(project, HALF, number="77")
    assert sabotage.main(["09"], project) == 1
    assert "no edit" in capsys.readouterr().out
    assert sabotage.main([], project) == 1
    assert "there is no notebook 77" in capsys.readouterr().out


def test_an_unknown_number_is_a_sentence(project, capsys):
    assert sabotage.main(["77"], project) == 1
    assert "there is no notebook 77" in capsys.readouterr().out


def test_a_claim_whose_sentence_is_computed_is_a_sentence():
    cell = new_code_cell('ll.claims.claim("X1", f"{1} is one", True)', id="one")
    with pytest.raises(ToolError, match="cell one makes a claim that cannot"):
        sabotage.claims(new_notebook(cells=[cell]))


# The real list


PATHS = execute.chosen(ROOT / "notebooks", [])
LISTS = ROOT / "tests" / "sabotage"


@pytest.fixture(scope="module", params=PATHS, ids=lambda path: path.stem)
def path(request) -> Path:
    return request.param


@pytest.fixture(scope="module")
def trials(path) -> list[sabotage.Trial]:
    """Each real edit, made: it is there once, and the claim it names exists."""
    edits = sabotage.read_edits(LISTS, [path.name[:2]])
    return [sabotage.prepare(edit, ROOT) for edit in edits]


def test_each_list_is_that_of_a_notebook():
    numbers = {path.stem for path in LISTS.iterdir()}
    assert numbers == {path.name[:2] for path in PATHS}


def test_there_is_an_edit_for_each_claim(path, trials):
    tried = {trial.claim for trial in trials}
    there = sabotage.claims(execute.read(path))
    assert [claim for claim in there if claim not in tried] == []


def test_an_edit_of_the_claims_own_cell_says_so(trials):
    own = [t for t in trials if t.edit.cell == t.notebook.cells[-1].id]
    assert [t.edit.why for t in own if "its own cell" not in t.edit.why] == []

"""The starters here are what tools/homework/starters.py makes of their sources."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from lectures_lib.homework.looking_over import grade_id, metadata
from tests.homework import tiny
from tools import execute
from tools.homework import nbgrader_steps, starters

NAMES = sorted(path.name for path in starters.COURSE.glob("source/homework_*"))
REDO = "run `make starters`"


def load(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def generated(tmp_path_factory) -> Path:
    """A folder with all starters, made anew, not executed."""
    folder = tmp_path_factory.mktemp("release")
    for name in NAMES:
        starters.generate(starters.COURSE, name, folder, f"sqlite:///{folder}/book.db")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_the_starter_belongs_to_the_source(name, generated):
    source = starters.COURSE / "source" / name / f"{name}.ipynb"
    release = starters.COURSE / "release" / name / f"{name}.ipynb"
    new = generated / name / f"{name}.ipynb"
    assert starters.unrun(load(release)) == starters.unrun(load(new)), REDO
    for path in (source, release):
        made_with = load(path).metadata["lectures"]
        assert made_with["inputs"] == execute.inputs_hash(load(path)), REDO
        assert made_with["checks"] == starters.checks(source.parent), REDO
    for path in (generated / name).rglob("*"):
        if path.is_file() and path != new:
            there = release.parent / path.relative_to(generated / name)
            assert there.read_bytes() == path.read_bytes(), REDO
    there = {path.name for path in release.parent.iterdir()} - {"__pycache__"}
    assert there == {path.name for path in (generated / name).iterdir()}, REDO


def solutions(cell: NotebookNode) -> list[str]:
    """The lines of a source's cell that a student is to find."""
    found = re.findall(r"^.*# BLANK$", cell.source, re.M)
    for region in re.findall(r"### BEGIN SOLUTION\n(.*?)### END", cell.source, re.S):
        found += region.splitlines()
    return [line.strip() for line in found if len(line.strip()) > 20]


@pytest.mark.parametrize("name", NAMES)
def test_no_solution_is_handed_out(name):
    source = load(starters.COURSE / "source" / name / f"{name}.ipynb")
    folder = starters.COURSE / "release" / name
    handed_out = [path for path in folder.iterdir() if path.suffix]
    handed_out.append(starters.COURSE / "source" / name / "checks.py")
    text = "\n".join(path.read_text("utf-8") for path in handed_out)
    assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN TESTS)|# BLANK|hidden", text)
    starter = load(folder / f"{name}.ipynb")
    given = {grade_id(cell): cell.source for cell in starter.cells}
    answers = [cell for cell in source.cells if metadata(cell).get("solution")]
    assert answers
    for cell in answers:
        lines = [line for line in solutions(cell) if line in given[grade_id(cell)]]
        assert not lines


@pytest.mark.parametrize("name", NAMES)
def test_a_starter_runs_and_is_not_done_yet(name):
    starter = load(starters.COURSE / "release" / name / f"{name}.ipynb")
    graded = [c for c in starter.cells if c.metadata.get("nbgrader", {}).get("grade")]
    for cell in graded:
        text, result = cell.outputs
        assert (
            text.text
            == f"… not done yet\n0 of {cell.metadata.nbgrader.points} points\n"
        )
        assert result.data["text/plain"] == "0.0"


# The tool itself, on a tiny course.


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    return tiny.make(tmp_path_factory.mktemp("tiny"))


def test_a_second_run_changes_nothing(course, capsys):
    def files() -> dict[Path, bytes]:
        found = (path for path in course.rglob("*") if path.is_file())
        return {path: path.read_bytes() for path in found if path.suffix != ".pyc"}

    assert starters.main([], course) == 0
    assert "source executed, starter written" in capsys.readouterr().out
    first = files()
    assert starters.main([tiny.NAME], course) == 0
    assert capsys.readouterr().out == "homework_1: up to date\n"
    assert files() == first and not list(course.glob("gradebook*"))


def test_a_changed_check_is_seen(course, capsys):
    path = course / "source" / tiny.NAME / "checks.py"
    path.write_text(tiny.CHECKS.replace("works", "runs"), encoding="utf-8")
    assert starters.main([], course) == 0
    assert "source executed, starter written" in capsys.readouterr().out
    release = course / "release" / tiny.NAME
    assert [path.name for path in release.iterdir()] == [f"{tiny.NAME}.ipynb"]
    starter = load(release / f"{tiny.NAME}.ipynb")
    assert starter.metadata["lectures"]["checks"] == starters.checks(path.parent)


def test_a_source_that_cannot_be_cleared_is_named(course, capsys):
    home = course / "source" / "homework_2"
    home.mkdir()
    (home / "checks.py").write_text(tiny.CHECKS, encoding="utf-8")
    cells = [tiny.code("if True:  # BLANK\n    x = 1", "x", solution=True)]
    nbformat.write(new_notebook(cells=cells), home / "homework_2.ipynb")
    assert starters.main(["homework_2"], course) == 1
    assert "no blank can be made of: if True:  # BLANK" in capsys.readouterr().out


def cleared(source: str, solution: bool = True) -> str:
    cell = tiny.code(source, "a", solution=solution)
    resources = {"language": "python"}
    nbgrader_steps.ClearSolutions().preprocess_cell(cell, resources, 0)
    return cell.source


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("order = [2, 1]  # BLANK", "order = ...  # blank"),
        ("    return x + 1  # BLANK", "    return ...  # blank"),
        ("    σ[a == b] = f(x == 1)  # BLANK", "    σ[a == b] = ...  # blank"),
        ("x: int = 3  # BLANK", "x: int = ...  # blank"),
        ("x = y = 2  # BLANK", "x = y = ...  # blank"),
        ("x = 3  # a BLANK", "x = 3  # a BLANK"),
    ],
)
def test_a_blank_takes_the_place_of_the_value(line, left):
    assert nbgrader_steps.BLANK.sub(nbgrader_steps.cleared, line) == left


def test_the_stub_stands_where_the_solution_was():
    assert cleared(tiny.SOLUTION).splitlines()[1:] == [
        '    "All sums of the first numbers of x, a tensor of its shape."',
        "    return ...  # your code, in place of this line",
    ]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "outside of a function"),
        ("x = 1", "with nothing in it"),
        ("call()  # BLANK", "no blank"),
        ("return  # BLANK", "no blank"),
    ],
)
def test_a_region_that_leaves_no_starter_is_refused(source, why):
    with pytest.raises(RuntimeError, match=why):
        cleared(source)


def test_a_blank_outside_of_a_solution_cell_is_refused():
    with pytest.raises(RuntimeError, match="non-solution"):
        cleared("x = 1  # BLANK", solution=False)

"""How each assignment is built, source and starter: what a student may rely on."""

import re
import warnings
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from lectures_lib.homework import checking
from lectures_lib.homework.looking_over import grade_id, graded, metadata
from tests import test_notebooks as house
from tools.homework.hidden import examine

COURSE = Path(__file__).parents[2] / "notebooks" / "homework"
PATHS = sorted(COURSE.glob("source/*/*.ipynb")) + sorted(
    COURSE.glob("release/*/*.ipynb")
)
TITLE = re.compile(r"\*\*(?:\w+ tasks, )?(\d+) minutes, (\d+) points\.\*\*")
TASK = re.compile(r"^## Task (\d+) · .+ \((\d+) minutes, (\d+) points?\)$", re.M)
MAX_SOLUTION_LINES = 25
LONGEST, SHORTEST = 60, 30  # minutes of an assignment


@pytest.fixture(params=PATHS, ids=lambda path: f"{path.parts[-3]}-{path.stem[-1]}")
def path(request) -> Path:
    return request.param


@pytest.fixture
def notebook(path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


@pytest.fixture
def tasks(path) -> dict[str, checking.Task]:
    source = COURSE / "source" / path.stem
    return checking.tasks_of(checking.load(source / "checks.py"))


def parts(notebook: NotebookNode) -> list[list[NotebookNode]]:
    """The cells of each task, from its heading to its check."""
    found: list[list[NotebookNode]] = []
    inside = False
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## Task"):
            inside = True
            found.append([])
        if inside:
            found[-1].append(cell)
        inside = inside and not metadata(cell).get("grade")
    return found


def test_there_are_as_many_starters_as_sources():
    names = [[p.name for p in PATHS if p.parts[-3] == s] for s in ("source", "release")]
    assert names[0] == names[1]


def test_the_file_is_a_valid_notebook_with_ids_of_its_own(notebook):
    with warnings.catch_warnings(action="error"):  # missing and double ids
        nbformat.validate(notebook)
    names = [name for name in map(grade_id, notebook.cells) if name]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_-]+", cell.id) for cell in notebook.cells)


def test_minutes_and_points_are_stated_and_true(notebook, tasks):
    minutes, points = map(int, TITLE.search(notebook.cells[0].source).groups())
    headings = [TASK.search(part[0].source) for part in parts(notebook)]
    assert all(headings), "## Task 1 · The goal (5 minutes, 3 points)"
    numbers = [[int(number) for number in heading.groups()] for heading in headings]
    assert [number for number, _, _ in numbers] == list(range(1, len(tasks) + 1))
    assert SHORTEST <= minutes <= LONGEST
    assert minutes - 10 <= sum(m for _, m, _ in numbers) <= minutes
    assert points == sum(p for _, _, p in numbers)
    stated = dict(zip(map(check_of, parts(notebook)), (p for _, _, p in numbers)))
    assert stated == {name: test.points for name, test in tasks.items()}


def check_of(part: list[NotebookNode]) -> str:
    """The name of the task that the last cell of a part checks."""
    return re.match(r'check\("(\w+)", .+\)$', part[-1].source)[1]


def test_a_check_is_one_call_and_cannot_be_changed(notebook, tasks):
    cells = list(graded(notebook))
    assert [grade_id(cell) for cell in cells] == [f"check_{name}" for name in tasks]
    for part, (name, test) in zip(parts(notebook), tasks.items()):
        check = metadata(part[-1])
        assert check_of(part) == name and "\n" not in part[-1].source
        assert check["locked"] and not check["solution"]
        assert check["points"] == test.points


def test_each_task_has_its_stub_and_three_hints(notebook):
    for part in parts(notebook):
        text = "\n".join(cell.source for cell in part if cell.cell_type == "markdown")
        hints = re.findall(r"<summary>(Hint \d)</summary>", text)
        assert hints == ["Hint 1", "Hint 2", "Hint 3"]
        assert text.count("<details>") == text.count("</details>") >= 3
        assert any(metadata(cell).get("solution") for cell in part)


def test_what_a_student_should_not_edit_is_locked(notebook):
    """Solution cells are open, the setup and the checks are not."""
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert grade_id(setup) == "setup" and metadata(setup)["locked"]
    assert "from lectures_lib.homework import check" in setup.source
    for cell in notebook.cells:
        if metadata(cell).get("solution"):
            assert not metadata(cell)["locked"] and not metadata(cell)["grade"]


def test_code_cells_are_short(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            solution = metadata(cell).get("solution")
            most = MAX_SOLUTION_LINES if solution else house.MAX_CODE_LINES
            assert 0 < len(lines) <= most, cell.id
            assert max(map(len, lines)) <= house.MAX_COLUMNS, cell.id


def test_text_cells_are_short(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text = re.sub(r"<details>.*?</details>", "", cell.source, flags=re.S)
            text = re.sub(r"^```.*?^```", "", text, flags=re.S | re.M)
            assert house.words(text) <= house.MAX_TEXT_WORDS, cell.id


def test_prose_takes_nothing_for_granted(notebook):
    for where, text in house.text_cells(notebook):
        assert not re.search(r"\b(simply|obviously|just)\b", text, re.I), where


def test_only_ignoring_is_tagged(notebook):
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    assert tags <= {"nbval-ignore-output"}


def test_figures_have_alt_text_that_is_printed_too(notebook):
    for cell in notebook.cells:
        lines = "\n".join(house.printed(output) for output in cell.get("outputs", []))
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "").strip()
            assert "image/png" not in output.get("data", {}) or (alt and alt in lines)


def test_links_lead_somewhere(path, notebook):
    links = list(house.links(notebook))
    wrong = [(where, link, house.problem(path, link)) for where, link in links]
    assert not [f"{where}: {link} {why}" for where, link, why in wrong if why]
    lecture = next((COURSE.parent).glob(f"0{path.stem[-1]}_*.ipynb"))
    back = [link for _, link in links if lecture.name in link]
    assert back, f"a link to {lecture.name}"


def test_the_file_is_small(path):
    assert path.stat().st_size < 500_000


def test_a_source_reaches_all_points(path, notebook, tasks):
    if "release" in path.parts:
        pytest.skip("a starter has none")
    for cell, test in zip(graded(notebook), tasks.values()):
        assert cell.outputs[-1].data["text/plain"] == repr(float(test.points))


def test_checks_are_found_from_where_a_student_works(path, tmp_path, monkeypatch):
    source = COURSE / "source" / path.stem
    for folder in (path.parent, COURSE / "autograded" / "ada" / path.stem):
        monkeypatch.setattr(Path, "cwd", lambda folder=folder: folder)
        assert checking.folder_of_checks() == source
    (tmp_path / "checks.py").write_text("# as handed out")
    monkeypatch.setattr(Path, "cwd", lambda: tmp_path)
    assert checking.folder_of_checks() == tmp_path


def test_hidden_tests_stay_out_of_what_is_handed_out(path):
    if "source" in path.parts:
        pytest.skip("not handed out")
    names = {file.name for file in path.parent.iterdir()} - {"__pycache__"}
    assert not {name for name in names if "hidden" in name}


@pytest.mark.parametrize("number", range(1, 7))
def test_the_hidden_tests_can_be_used(number):
    hidden = COURSE / "hidden" / f"homework_{number}.py"
    examine(hidden, COURSE / f"source/homework_{number}/checks.py")

"""Grading: one run over all that students hand in, and the steps it is made of."""

import contextlib
import csv
import io
import json
import os
import signal
import subprocess
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.utils import determine_grade

from benchmarks import grading
from tests.homework import tiny
from tools.homework import grade, nbgrader_steps, starters
from tools.homework.alone import alone
from tools.homework.marks import problems_of

NAME = tiny.NAME
# The first cell, which imports torch, takes long on a busy machine.
LIMITS = "\nc.Execute.timeout = 30\nc.Execute.total = 90\nc.Execute.megabytes = 900\n"
LOOP = """\
def running(x):
    return torch.stack([x[: number + 1].sum() for number in range(len(x))])"""
HALF = """\
def running(x):
    return torch.cat([x[:1], x.cumsum(0)[:-1]])"""
NOISY = LOOP.replace(
    "    return",
    "    import sys, warnings\n"
    '    warnings.warn("odd")\n'
    '    print("to stderr", file=sys.stderr)\n'
    '    print("seen", x.tolist())\n'
    "    return",
)
ONLY_SEEN = """\
import os
os.environ.pop("LECTURES_HIDDEN", None)
def running(x):
    return x.cumsum(0) if len(x) < 7 else x"""
PATCHED = """\
import sys
import lectures_lib.homework
fake = type(sys)("lectures_lib.homework")
fake.check = fake.ask = fake.same = check = lambda *_, **__: 3.0
lectures_lib.homework = sys.modules["lectures_lib.homework"] = fake
lectures_lib.environment.generator = None
sys.modules["lectures_lib.environment"] = None
open("checks.py", "w").write("def task(*_): ...")
running = print"""
STUDENTS = {  # the sources of their cells, by id
    "Right Ada": {"running": LOOP, "order": "order = [2, 1]"},
    "half": {"running": HALF, "order": "order = [1, 2]"},
    "noisy": {"running": NOISY, "order": "order = [2, 1]"},
    "only seen": {"running": ONLY_SEEN, "order": "order = [2, 1]"},
    "blank": {},
    "crash": {
        "running": "def running(x):\n    import os\n    os._exit(1)",
        "order": "order = [2, 1]",
    },
    "endless": {
        "running": "def running(x):\n    import time\n    time.sleep(999)",
        "order": "order = [2, 1]",
    },
    "hungry": {
        "running": "blocks = [b'x' * 10**8 for _ in range(40)]",
        "order": "order = [2, 1]",
    },
    "patched": {"running": PATCHED, "order": "order = [2, 1]", "check-order": "1.0"},
}


def load(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def hand_in(
    course: Path, student: str, notebook: NotebookNode | str, name=NAME
) -> Path:
    """Put a notebook, or a text in its place, into submitted/."""
    path = course / "submitted" / student / NAME / f"{name}.ipynb"
    path.parent.mkdir(parents=True)
    text = notebook if isinstance(notebook, str) else json.dumps(notebook)
    path.write_text(text, encoding="utf-8")
    return path


def filled(starter: NotebookNode, sources: dict[str, str]) -> NotebookNode:
    """The starter with these sources, by id of their cell."""
    notebook = deepcopy(starter)
    for cell in notebook.cells:
        cell.source = sources.get(cell.id, cell.source)
    return notebook


def messy(starter: NotebookNode) -> NotebookNode:
    """Right at last: a cell was copied and mended, others deleted, metadata is gone."""
    notebook = filled(starter, {"running": HALF, "order": "order = [2, 1]"})
    cells = {cell.id: cell for cell in notebook.cells}
    mended = deepcopy(cells["running"]) | {"source": LOOP, "id": "mended"}
    again = deepcopy(cells["check-running"])
    notebook.cells = [cells["running"], again, mended, again, cells["order"]]
    notebook.metadata = NotebookNode()
    return notebook


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course in which all these have handed something in."""
    course = tiny.make(tmp_path_factory.mktemp("my course"), LIMITS)
    assert starters.main([], course) == 0
    starter = load(course / "release" / NAME / f"{NAME}.ipynb")
    for student, sources in STUDENTS.items():
        hand_in(course, student, filled(starter, sources))
    hand_in(course, "messy", messy(starter))
    right = filled(starter, STUDENTS["Right Ada"])
    hand_in(course, "misnamed", right, name=f"{NAME} (1)")
    hand_in(course, "Unreadable", '{"cells": [')
    hand_in(course, "odd", '{"cells": 3, "metadata": {}, "nbformat": 4}')
    other = nbformat.v4.new_notebook(cells=[new_code_cell("1")])
    hand_in(course, "other", other)
    (course / "submitted" / "nothing").mkdir()
    report = hand_in(course, "report", "").parent
    (report / f"{NAME}.ipynb").rename(report / "report.pdf")
    return course


def graded(course: Path, *options: str) -> str:
    """Run the grader over them; what it says."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert grade.main([NAME, *options], course) == 0
    return said.getvalue()


@pytest.fixture(scope="module")
def said(course) -> str:
    return graded(course)


def marks(course: Path) -> dict[str, dict[str, str]]:
    with (course / "marks" / f"{NAME}.csv").open(encoding="utf-8-sig") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("student", "running", "order", "problem"),
    [
        ("Right Ada", 3, 1, ""),
        ("half", 1, 0, ""),
        ("noisy", 3, 1, ""),
        ("only seen", 1, 1, ""),
        ("blank", 0, 0, "blank"),
        ("crash", 0, 1, "running: killed the kernel (a crash?)"),
        ("endless", 0, 1, "running: took longer than 30 s"),
        (
            "hungry",
            0,
            1,
            "running: raises NameError: name 'running' is not defined; The",
        ),
        ("patched", 0, 1, ""),
        ("messy", 3, 1, "deleted, put back: check_order"),
        ("misnamed", 3, 1, f"wrong name: {NAME} (1).ipynb"),
    ],
)
def test_points_are_exact_whatever_a_notebook_does(
    course, said, student, running, order, problem
):
    row = marks(course)[student]
    assert row["problems"].startswith(problem) and bool(row["problems"]) == bool(
        problem
    )
    assert (float(row["running"]), float(row["order"])) == (running, order)
    assert float(row["points"]) == running + order and row["of"] == "4"
    line = [line for line in said.splitlines() if line.startswith(f"{student} ")][-1]
    assert f"{running + order} of 4 " in line and row["problems"] in line


@pytest.mark.parametrize(
    ("student", "problem"),
    [
        ("Unreadable", "unreadable: NotJSONError"),
        ("odd", "unreadable: "),
        ("other", "is another notebook: no task of homework_1 in it"),
        ("nothing", "nothing handed in"),
        ("report", "no notebook in it, only report.pdf"),
    ],
)
def test_what_cannot_be_graded_is_named(course, said, student, problem):
    row = marks(course)[student]
    assert row["points"] == row["running"] == "" and problem in row["problems"]
    assert any(
        line.startswith(f"{student} ") and "not graded" in line and problem in line
        for line in said.splitlines()
    )


def test_what_had_to_be_stopped_is_told(course, said):
    assert "took more than 900 MB of memory" in marks(course)["hungry"]["problems"]
    assert "16 students: 11 graded, 5 not, 11 with a remark; 0 were known" in said


def test_what_failed_by_chance_is_graded_once_more(course, said, monkeypatch):
    grading, tries = grade.Grading(course, NAME), []
    before = dict(grading.records)

    def unlucky(student: str) -> dict:
        tries.append(student)
        failed = student == "half" and tries.count("half") == 1
        return {"points": None, "problems": ["no"]} if failed else before[student]

    monkeypatch.setattr(grading, "grade", unlucky)
    assert grade.grade_all(grading, 2, again=True) == 0
    assert tries[-1] == "half" and sorted(tries[:-1]) == sorted(before)
    assert float(marks(course)["half"]["points"]) == 1


def test_feedback_has_the_hints_but_no_hidden_test(course, said):
    pages = {
        path.parts[-3]: path.read_text("utf-8")
        for path in (course / "feedback").rglob("*.html")
    }
    assert len(pages) == 11
    assert "the last number is missing" not in pages["half"]
    assert "each sum has its own number too" in pages["Right Ada"]
    assert "A hidden test has a case that fails" in pages["only seen"]
    assert "to stderr" in pages["noisy"]  # kept for the student, without harm
    assert "took longer than 30 s" in pages["endless"]
    assert not [student for student, page in pages.items() if "SECRET" in page]
    # what an answer prints in a hidden test would show its instance
    assert pages["noisy"].count("seen [") == 2


def exported(course: Path) -> dict[str, float]:
    """The marks that nbgrader itself exports."""
    program = Path(sys.executable).with_name("nbgrader")
    tools = os.pathsep.join([str(tiny.ROOT), os.environ.get("PYTHONPATH", "")])
    command = [program, "export", "--to", course / "nbgrader.csv"]
    environment = os.environ | {"PYTHONPATH": tools}
    subprocess.run(command, cwd=course, env=environment, check=True)
    with (course / "nbgrader.csv").open(encoding="utf-8") as file:
        return {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}


def test_nbgrader_exports_the_same_marks_also_those_given_by_hand(course, said):
    with Gradebook(starters.configuration(course).CourseDirectory.db_url) as gradebook:
        hand = gradebook.find_grade("check_running", NAME, NAME, "only seen")
        hand.manual_score, hand.extra_credit = 2.5, 0.25
        gradebook.db.commit()
    again = graded(course)
    assert "16 were known before" in again
    assert "3.75 of 4  running 2.75, order 1  | by hand: running" in again
    assert marks(course)["only seen"]["running"] == "2.75"
    ours = {
        s: float(row["points"]) for s, row in marks(course).items() if row["points"]
    }
    assert exported(course) == ours


def test_a_second_run_grades_what_has_changed(course, said):
    path = course / "submitted" / "half" / NAME / f"{NAME}.ipynb"
    path.write_text("no notebook any more", encoding="utf-8")
    again = graded(course)
    assert "11 of 16" not in again and "15 were known before" in again
    assert marks(course)["half"]["points"] == ""
    assert not (course / "autograded" / "half" / NAME).exists()
    database = starters.configuration(course).CourseDirectory.db_url
    with Gradebook(database) as gradebook, pytest.raises(MissingEntry):
        gradebook.find_submission(NAME, "half")
    assert {line.split("  ")[0] for line in said.splitlines()[:-3]} == {
        line.split("  ")[0] for line in again.splitlines()[:-3]
    }


def test_a_process_that_does_not_end_is_killed_with_all_that_it_started(
    course, said, monkeypatch
):
    monkeypatch.setattr(grade, "SECONDS", 8)
    before = set(psutil.Process().children(recursive=True))
    grading = grade.Grading(course, NAME)
    grading.keep("endless", grading.grade("endless"))
    record = json.loads((course / "marks" / f"{NAME}.json").read_text())["endless"]
    assert record["points"] is None and record["problems"] == ["not done in 8 s"]
    assert not [
        process
        for process in set(psutil.Process().children(recursive=True)) - before
        if "ipykernel" in " ".join(process.cmdline())
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_ctrl_c_stops_and_the_same_command_goes_on(course, said):
    script = "import sys, pathlib; from tools.homework import grade; "
    script += f"sys.exit(grade.main([{NAME!r}, '--again'], pathlib.Path(sys.argv[1])))"
    paths = [str(tiny.ROOT), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    command = [sys.executable, "-c", script, str(course)]
    with subprocess.Popen(command, env=environment, stdout=-1, text=True) as process:
        first = process.stdout.readline()  # Unreadable is done at once, Ada has begun
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 130 and first
    assert rest.endswith("stopped: the same command goes on from here\n")


def test_a_check_that_cannot_run_is_no_mark_and_is_tried_again(course, said):
    path = course / "source" / NAME / "checks.py"
    before = path.read_text("utf-8")
    grading = grade.Grading(course, NAME)
    try:
        path.write_text("import no_such_module", encoding="utf-8")
        grading.keep("Right Ada", grading.grade("Right Ada"))
    finally:
        path.write_text(before, encoding="utf-8")
    record = json.loads((course / "marks" / f"{NAME}.json").read_text())["Right Ada"]
    assert record["points"] is None and "digest" not in record
    assert record["problems"][0].startswith(
        "grading failed, no mark; the next run tries again: "
        "running: raises ModuleNotFoundError"
    )
    assert not grading.is_known("Right Ada")


def test_a_grader_that_crashes_gives_no_mark(course, said, monkeypatch):
    def crash(*_: object) -> None:
        raise grade.GraderFailed("the grading process died")

    grading = grade.Grading(course, NAME)
    monkeypatch.setattr(grading, "run_nbgrader", crash)
    grading.keep("noisy", grading.grade("noisy"))
    assert grading.records["noisy"]["points"] is None
    assert not grading.is_known("noisy")


def test_a_second_grading_at_once_is_refused_in_a_sentence(course, capsys):
    with alone(course):
        assert grade.main([NAME], course) == 2
    assert "another `make grade` is at work" in capsys.readouterr().out


def test_what_comes_in_is_listed_before_it_is_graded(course, tmp_path, capsys):
    place = tmp_path / "in" / "ada_homework_1.ipynb"
    place.parent.mkdir()
    place.write_text("{}")
    (tmp_path / "in" / "ada_homework_1 (2).ipynb").write_text("{}")
    assert grade.main([NAME, "--take", str(place.parent)], course) == 2
    assert "would both become the student ada" in capsys.readouterr().out
    assert not (course / "submitted" / "ada").exists()


def test_a_list_comes_alone_when_asked_for(course, tmp_path, capsys):
    (tmp_path / "ada_homework_1.ipynb").write_text("{}")
    options = [NAME, "--take", str(tmp_path), "--list"]
    assert grade.main(options, course) == 0
    said = capsys.readouterr().out
    assert said == "ada_homework_1.ipynb → ada\nonly listed: nothing was taken\n\n"
    assert not (course / "submitted" / "ada").exists()


def test_a_homework_that_is_not_there_is_said(course, capsys):
    assert grade.main(["homework_9"], course) == 2
    assert "there is no " in capsys.readouterr().out


def test_a_mistake_in_the_hidden_file_ends_the_run_before_it_begins(course, capsys):
    path = course / "hidden" / f"{NAME}.py"
    right = path.read_text("utf-8")
    path.write_text(right.replace("(11, 12)", "(271)"), "utf-8")
    try:
        assert grade.main([NAME], course) == 2
    finally:
        path.write_text(right, "utf-8")
    assert capsys.readouterr().out.startswith(f"{path}: SEEDS is 271; expected whole")


# What a graded cell may put out, which nbgrader would misread.


def judged(*outputs: NotebookNode, points: float = 3) -> tuple[list[str], str]:
    """The kinds of output that are left, and what nbgrader reads from them."""
    cell = tiny.code("check()", "a", grade=True, locked=True, points=points)
    cell.outputs = list(outputs)
    nbgrader_steps.judge(cell)
    points, _ = determine_grade(cell)
    return [output.output_type for output in cell.outputs], points


def result(text: str) -> NotebookNode:
    return new_output("execute_result", data={"text/plain": text})


STDERR = new_output("stream", name="stderr", text="UserWarning: odd")


@pytest.mark.parametrize(
    ("outputs", "points"),
    [
        ([result("2.0")], 2),
        ([result("3")], 3),
        ([STDERR, result("2.5")], 2.5),
        ([new_output("display_data", data={"text/plain": "1"}), result("2.0")], 2),
        ([], 0),
        ([STDERR], 0),
        ([result("'all of it'")], 0),
        ([result("nan")], 0),
        ([result("-1.0")], 0),
        ([result("3.5")], 0),
        ([result("3.0"), result("3.0")], 0),
        ([new_output("execute_result", data={"text/html": "3.0"})], 0),
        ([new_output("stream", name="stdout", text="3 of 3 points")], 0),
        ([result("3.0"), new_output("error", ename="E", evalue="", traceback=[])], 0),
    ],
)
def test_only_one_number_in_the_range_earns_points(outputs, points):
    kinds, seen = judged(*deepcopy(outputs))
    assert seen == points
    assert kinds[-1] == ("error" if points == 0 else "execute_result")


def test_why_there_is_no_number_is_told():
    cell = tiny.code("check()", "check_a", grade=True, locked=True, points=3)
    nbgrader_steps.judge(cell)
    problem = "a: the check of this cell did not end with a number of points"
    assert problems_of({"a": cell}) == [problem]


def test_a_traceback_does_not_show_where_it_came_from():
    secret = ["hidden/homework_1.py", "SECRET"]
    cell = tiny.code("check()", "a", grade=True, locked=True, points=3)
    cell.outputs = [new_output("error", ename="E", evalue="why", traceback=secret)]
    nbgrader_steps.judge(cell)
    assert cell.outputs[0].traceback == ["E: why"]


# What students do to the cells that nbgrader knows.


@pytest.fixture(scope="module")
def starter(course) -> NotebookNode:
    return load(course / "release" / NAME / f"{NAME}.ipynb")


def restored(starter: NotebookNode, cells: list[NotebookNode]) -> list[str]:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = deepcopy(cells)
    nbgrader_steps.restore(notebook, starter)
    nbformat.validate(notebook)
    return [nbgrader_steps.grade_id(cell) or "own" for cell in notebook.cells]


WHOLE = ["setup", "running", "check_running", "order", "check_order"]


def test_deleted_cells_are_put_back_where_they_were(starter):
    cells = starter.cells
    assert restored(starter, cells)[1:] == WHOLE
    own = new_code_cell("1")
    assert restored(starter, []) == ["setup", "check_running", "check_order"]
    assert restored(starter, [cells[2], own, cells[4]]) == [
        *("setup", "running", "check_running", "own", "order", "check_order")
    ]


def test_of_copies_the_last_one_counts(starter):
    running, check = starter.cells[2:4]
    assert restored(starter, [running, check, running, check]) == [
        *("setup", "own", "own", "running", "check_running", "check_order")
    ]


def test_changed_cells_become_the_starters_again(starter):
    notebook = deepcopy(starter)
    cells = {nbgrader_steps.grade_id(cell): cell for cell in notebook.cells}
    cells["check_order"].source = "1.0"
    cells["check_order"].cell_type = "markdown"
    cells["check_running"].metadata.nbgrader.update(points=300, grade=False)
    cells["running"].source = LOOP
    cells["running"].metadata.nbgrader.update(schema_version=9, grade_id="running")
    strange = {"nbgrader": {"grade_id": "of_another_homework", "grade": True}}
    notebook.cells.append(new_code_cell("1", metadata=strange))
    notebook.cells.append(new_code_cell("1", metadata={"nbgrader": "strange"}))
    nbgrader_steps.restore(notebook, starter)
    assert [cell.source for cell in notebook.cells[:-2]] == [
        LOOP if cell.id == "running" else cell.source for cell in starter.cells
    ]
    assert [cell.metadata for cell in notebook.cells[:-2]] == [
        cell.metadata for cell in starter.cells
    ]
    assert not any("nbgrader" in cell.metadata for cell in notebook.cells[-2:])


# The benchmark of grading makes its own submissions.


def test_the_benchmark_makes_submissions_of_each_kind():
    found = list(grading.kinds(100))
    assert {kind: found.count(kind) for kind in grading.SHARES} == grading.SHARES
    assert set(grading.kinds(8)) > {"right", "wrong", "blank"}
    source = (
        "class A(B):\n    def f(self):\n        return 1\n\n\ndef g(x):\n    return x"
    )
    assert grading.broken(source, "pass") == (
        "class A(B):\n    def f(*arguments, **options):\n        pass\n\n\n"
        "def g(*arguments, **options):\n    pass"
    )
    for body in grading.BODIES.values():
        compile(grading.broken(tiny.SOLUTION, body), "cell", "exec")

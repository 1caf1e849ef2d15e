"""One submission: which notebook counts, in what state, and what is said about it."""

import json
import tempfile
from copy import deepcopy
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.homework import tiny
from tests.homework.tiny import NAME
from tools.homework import submissions
from tools.homework.archives import NOT_READ
from tools.homework.submissions import Unreadable

FILE = f"{NAME}.ipynb"
STARTER = tiny.source()  # its solutions are what counts as unanswered here


def answered(answer: str = "order = [1, 2]") -> NotebookNode:
    notebook = deepcopy(STARTER)
    cell(notebook, "order").source = answer
    return notebook


def cell(notebook: NotebookNode, name: str) -> NotebookNode:
    return next(cell for cell in notebook.cells if cell.id == name)


def save(path: Path, notebook: NotebookNode, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(json.dumps(notebook, ensure_ascii=False).encode(encoding))
    return path


def prepared(folder: Path) -> tuple[NotebookNode, list[str]]:
    to = folder.with_name("prepared")
    remarks = submissions.prepare(folder, STARTER, NAME, to)
    return submissions.read(to / FILE), remarks


# Which one counts.


@pytest.mark.parametrize(
    ("files", "counts", "remark"),
    [
        ({FILE: "a"}, FILE, ""),
        ({"mine.ipynb": "a", "notes.ipynb": None}, "mine.ipynb", "wrong name: mine"),
        (
            {FILE: "", "homework_1 (1).ipynb": "a"},
            "homework_1 (1).ipynb",
            "counts, blank: homework_1.ipynb",
        ),
        ({FILE: "a", "homework_1 (1).ipynb": "b"}, FILE, "with other answers beside"),
        (
            {FILE: "a", "homework_1 (1).ipynb": ""},
            FILE,
            "counts, blank: homework_1 (1)",
        ),
        ({FILE: "a", "copy/homework_1.ipynb": "a"}, FILE, ""),
        ({"one.ipynb": "a", "two.ipynb": "a"}, "one.ipynb", "wrong name: one.ipynb"),
        ({FILE: "a", "notes.ipynb": None}, FILE, "no tasks in notes.ipynb"),
        ({"HOMEWORK_1.IPYNB": "a"}, "HOMEWORK_1.IPYNB", "wrong name"),
        ({"homework_1.ipynb.json": "a"}, "homework_1.ipynb.json", "wrong name"),
        ({"homework_1.ipynb.txt": "a"}, "homework_1.ipynb.txt", "wrong name"),
        ({"my checkpoint/x.ipynb": "a"}, "x.ipynb", "name: my checkpoint/x.ipynb"),
        ({FILE: "a", ".ipynb_checkpoints/homework_1.ipynb": "b"}, FILE, ""),
    ],
)
def test_the_one_with_answers_counts_and_the_rest_is_said(
    tmp_path, files, counts, remark
):
    folder = tmp_path / "checkpoint"  # the name of a student means nothing
    for name, answer in files.items():
        other = new_notebook(cells=[new_code_cell("1")])
        ours = answered(f"order = '{answer}'") if answer else STARTER
        save(folder / name, other if answer is None else ours)
    path, said = submissions.chosen(folder, STARTER, NAME)
    assert path.name == counts and remark in said and bool(said) == bool(remark)


def test_two_with_different_answers_cannot_be_told_apart(tmp_path):
    save(tmp_path / "one.ipynb", answered("order = 1"))
    save(tmp_path / "two.ipynb", answered("order = 2"))
    with pytest.raises(Unreadable, match=r"which one counts\? one.ipynb, two.ipynb"):
        submissions.chosen(tmp_path, STARTER, NAME)


# What a file can be.


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_each_encoding_of_windows_is_read(tmp_path, encoding):
    save(tmp_path / "in" / FILE, answered("order = 'ü'"), encoding)
    notebook, remarks = prepared(tmp_path / "in")
    assert cell(notebook, "order").source == "order = 'ü'" and remarks == []


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"PK\x03\x04...", "a zip: unpack it"),
        (b"%PDF-1.7", "a PDF"),
        (b"\n<!DOCTYPE html>", "a web page"),
        (b"{", "NotJSONError"),
    ],
)
def test_what_is_no_notebook_is_named(tmp_path, content, why):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / FILE).write_bytes(content)
    with pytest.raises(Unreadable, match=f"^unreadable: .*{why}"):
        prepared(tmp_path / "in")


def test_brackets_in_the_name_of_a_folder_are_no_reason(tmp_path, monkeypatch):
    folder = tmp_path / "(odd)"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    (folder / FILE).write_text("{")
    with pytest.raises(Unreadable, match=r"^NotJSONError"):
        submissions.read(folder / FILE)


def test_the_reason_why_a_file_was_not_taken_is_said(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / f"{FILE}{NOT_READ}").write_text("encrypted in the zip")
    with pytest.raises(Unreadable, match="ipynb cannot be read: encrypted in the zip"):
        prepared(folder)
    save(folder / "mine.ipynb", answered())
    assert prepared(folder)[1] == [
        "wrong name: mine.ipynb",
        f"{FILE}: encrypted in the zip",
    ]
    assert not list((tmp_path / "prepared").glob(f"*{NOT_READ}"))


def test_outputs_do_not_count_for_the_size(tmp_path, monkeypatch):
    monkeypatch.setattr(submissions, "LARGEST", 100_000)
    notebook = answered()
    cell(notebook, "order").outputs = [new_output("stream", text="x" * 10**6)]
    save(tmp_path / "in" / FILE, notebook)
    assert cell(prepared(tmp_path / "in")[0], "order").outputs == []
    cell(notebook, "title").source = "x" * 10**6
    save(tmp_path / "in" / FILE, notebook)
    with pytest.raises(Unreadable, match="larger than 0 MB without its outputs"):
        submissions.prepare(tmp_path / "in", STARTER, NAME, tmp_path / "again")


# What has become of its cells.


def through_colab(notebook: NotebookNode) -> NotebookNode:
    """What Colab makes of it: ids in the metadata, nothing of nbgrader's."""
    notebook.nbformat_minor = 0
    for cell in notebook.cells:
        cell.metadata = NotebookNode(id=cell.pop("id"))
    return notebook


def without_metadata(notebook: NotebookNode) -> NotebookNode:
    for cell in notebook.cells:
        cell.metadata = NotebookNode()
    return notebook


@pytest.mark.parametrize("lose", [through_colab, without_metadata])
def test_cells_without_metadata_are_found_again_and_it_is_said(tmp_path, lose):
    save(tmp_path / "in" / FILE, lose(answered()))
    notebook, remarks = prepared(tmp_path / "in")
    assert [submissions.metadata(c) for c in notebook.cells] == [
        submissions.metadata(c) for c in STARTER.cells
    ]
    assert remarks == [
        "cells without metadata, found again: "
        "setup, running, check_running, order, check_order"
    ]


def test_checks_without_an_id_are_known_by_their_text(tmp_path):
    notebook = without_metadata(answered())
    for lost in notebook.cells:
        lost.id = f"x{lost.id}"
    save(tmp_path / "in" / FILE, notebook)
    _, remarks = prepared(tmp_path / "in")
    assert "found again: setup, check_running, check_order" in remarks[0]


def test_deleted_checks_do_not_make_it_another_notebook(tmp_path):
    notebook = answered()
    notebook.cells = [cell(notebook, "running"), cell(notebook, "order")]
    save(tmp_path / "in" / FILE, notebook)
    assert prepared(tmp_path / "in")[1] == [
        "deleted, put back: check_running, check_order"
    ]


def test_a_copy_without_metadata_does_not_replace_the_cell(tmp_path):
    notebook = answered()
    notebook.cells.append(new_code_cell("order = 3", metadata={"id": "order"}))
    save(tmp_path / "in" / FILE, notebook)
    notebook, remarks = prepared(tmp_path / "in")
    assert remarks == [] and not notebook.cells[-1].metadata.get("nbgrader")


def test_another_homework_with_a_task_of_the_same_name_is_another(tmp_path):
    notebook = answered()
    for kept, name in zip(notebook.cells[2:5], ["a", "b", "c"]):
        kept.metadata.nbgrader.grade_id = name
    save(tmp_path / "in" / FILE, notebook)
    with pytest.raises(Unreadable, match="is another notebook"):
        prepared(tmp_path / "in")

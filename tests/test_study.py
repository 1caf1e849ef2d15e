"""The workbook: blank copies, links that lead somewhere, nothing ever overwritten."""

import json
import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from traitlets.config import Config

from tools import study

ROOT = Path(__file__).parents[1]
HOOK = ROOT / "tools" / "jupyter" / "jupyter_server_config.py"


@pytest.fixture
def course(tmp_path) -> Path:
    """The course's notebooks in a folder of their own."""
    for path in study.originals(ROOT):
        target = tmp_path / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    for checks in (ROOT / "notebooks/homework/source").glob("*/checks.py"):
        target = tmp_path / checks.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(checks.read_bytes())
    return tmp_path


def copy(course: Path, name: str) -> Path:
    return course / "mine" / name


def test_copies_have_the_same_cells_and_no_output(course):
    made, older = study.update(course)
    assert len(made) == len(study.originals(ROOT)) >= 13 and not older
    for name in made:
        original = nbformat.read(course / "notebooks" / name, as_version=4)
        mine = nbformat.read(copy(course, name), as_version=4)
        nbformat.validate(mine)
        sources = [cell.source for cell in mine.cells]
        assert sources.pop(1).startswith("*Your working copy.")
        assert sources == [cell.source for cell in original.cells]
        code = [cell for cell in mine.cells if cell.cell_type == "code"]
        assert not any(cell.outputs or cell.execution_count for cell in code)


def test_every_link_of_a_copy_leads_to_a_file(course):
    for name in study.update(course)[0]:
        path = copy(course, name)
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                links = re.findall(r"\]\(([^)#\s]+\.ipynb)", cell.source)
                local = [link for link in links if not link.startswith("http")]
                for link in local:
                    assert (path.parent / link).resolve().is_file(), (name, link)


def test_work_is_never_overwritten_and_an_older_copy_is_named(course, capsys):
    study.update(course)
    worked = copy(course, "01_depth_issues.ipynb")
    broken = copy(course, "02_residual_blocks.ipynb")
    notebook = nbformat.read(worked, as_version=4)
    notebook.cells[5].source += "\n# my own"
    nbformat.write(notebook, worked)
    broken.write_text("{ half a file")
    before = worked.read_bytes()
    assert study.update(course) == ([], ["02_residual_blocks.ipynb"])
    original = course / "notebooks" / "01_depth_issues.ipynb"
    changed = nbformat.read(original, as_version=4)
    changed.cells[3].source += " Now clearer."
    nbformat.write(changed, original)
    copy(course, "03_resnet_table.ipynb").unlink()
    made, older = study.update(course)
    assert made == ["03_resnet_table.ipynb"]
    assert older == ["01_depth_issues.ipynb", "02_residual_blocks.ipynb"]
    assert worked.read_bytes() == before and broken.read_text() == "{ half a file"


def test_new_outputs_do_not_make_a_copy_old(course):
    study.update(course)
    original = course / "notebooks" / "00_start_here.ipynb"
    notebook = nbformat.read(original, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    nbformat.write(notebook, original)
    assert study.update(course) == ([], [])


def test_checks_lie_beside_the_starters_and_are_kept_up_to_date(course):
    study.update(course)
    checks = copy(course, "homework/release/homework_1/checks.py")
    source = course / "notebooks/homework/source/homework_1/checks.py"
    assert checks.read_bytes() == source.read_bytes()
    source.write_text("# newer")
    study.update(course)
    assert checks.read_text() == "# newer"


def test_a_folder_that_cannot_be_written_is_one_sentence(course, monkeypatch, capsys):
    (course / "mine").write_text("a file where the folder should be")
    monkeypatch.setattr(study, "ROOT", course)
    assert study.main() == 1
    assert "mine/ cannot be written" in capsys.readouterr().err


def test_what_a_kernel_says_is_sent_on_at_once(monkeypatch):
    config = Config()
    runpy.run_path(str(HOOK), {"get_config": lambda: config})
    kind = config.ServerApp.kernel_websocket_connection_class
    monkeypatch.setattr(kind.__base__, "connect", lambda self: "connected")
    asked = []
    connection = kind.__new__(kind)
    handler = SimpleNamespace(set_nodelay=asked.append)
    monkeypatch.setattr(kind, "websocket_handler", handler)
    assert connection.connect() == "connected" and asked == [True]


def test_a_saved_copy_keeps_the_still_face_only():
    hook = runpy.run_path(str(HOOK), {"get_config": Config})["keep_still_faces"]
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}}
    outputs = [
        {"data": {"text/html": "<p>still</p>", **view}},
        {"data": {"text/plain": "a slider", **view}},
        {"name": "stdout", "text": "printed"},
    ]
    content = {"cells": [{"outputs": outputs}, {"source": "text"}]}
    model = {"type": "notebook", "content": json.loads(json.dumps(content))}
    hook(model=model, path="x.ipynb", contents_manager=None)
    first, second, third = model["content"]["cells"][0]["outputs"]
    assert first == {"data": {"text/html": "<p>still</p>"}}
    assert second == outputs[1] and third == outputs[2]
    hook(model={"type": "file", "content": "text"})

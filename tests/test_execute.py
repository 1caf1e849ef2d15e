"""tools/execute.py on tiny notebooks. Each execution costs a kernel, about a second."""

import os
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import execute
from tools.lock import CLUSTER
from tools.writing import ToolError

PICTURE = """\
from IPython.display import Image, display
from ipywidgets import IntSlider

display(Image(b"\\x89PNG\\r\\n\\x1a\\n" + bytes(16), metadata={"alt": "A dot"}))
print("A dot", flush=True)
print("once more")
IntSlider()
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project's root with a library of one module, and no seed from outside."""
    monkeypatch.setenv("LECTURES_SEED", "7")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "lectures_lib").mkdir()
    (tmp_path / "lectures_lib" / "claims.py").write_text("# none yet\n")
    return tmp_path


def save(project: Path, *sources: str, name: str = "00_tiny.ipynb", **metadata) -> Path:
    cells = [new_markdown_cell("# Tiny", id="title")]
    cells += [new_code_cell(source, id=f"c{i}") for i, source in enumerate(sources)]
    cells[-1].metadata.update(metadata)
    path = project / "notebooks" / name
    nbformat.write(new_notebook(cells=cells), path)
    return path


def load(path: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def test_outputs_are_written_and_stay_the_same(project, capsys):
    stale = {"image": {"alt": "Two dots", "width": 200}}
    seed = "import os\n\nprint(os.environ.get('LECTURES_SEED'), os.getcwd()[-9:])"
    path = save(project, seed, "{0, 'a', 'b'}", PICTURE, mystnb=stale)
    assert execute.main(["00"], project) == 0
    first = path.read_bytes()
    notebook = load(path)
    cells = notebook.cells
    assert [cell.get("execution_count") for cell in cells] == [None, 1, 2, 3]
    assert [cell.id for cell in cells] == ["title", "c0", "c1", "c2"]
    assert cells[1].outputs[0].text == "None notebooks\n"
    assert cells[3].metadata == {"mystnb": {"image": {"alt": "A dot", "width": 200}}}
    picture, text, slider = cells[3].outputs
    assert picture.metadata["image/png"]["alt"] == "A dot"
    assert text.text == "A dot\nonce more\n"
    assert list(slider.data) == ["text/plain"]
    assert set(notebook.metadata) == {"kernelspec", "language_info", "lectures"}
    assert notebook.metadata.kernelspec == execute.KERNELSPEC
    assert "version" not in notebook.metadata.language_info
    assert first.endswith(b"}\n")

    assert execute.main(["--all"], project) == 0
    assert path.read_bytes() == first
    capsys.readouterr()
    assert execute.main([], project) == 0
    assert "up to date" in capsys.readouterr().out


def test_what_needs_execution(project):
    path = save(project, "print(1)")
    notebook = load(path)
    execute.tidy_notebook(notebook, project)
    stored = notebook.metadata["lectures"]
    notebook.cells[0].source = "# Other prose"
    assert execute.fingerprints(notebook, project) == stored

    def changed() -> set[str]:
        now = execute.fingerprints(notebook, project)
        return {name for name in now if now[name] != stored[name]}

    notebook.metadata["widgets"] = {}  # as JupyterLab leaves it
    assert changed() == {"outputs"}
    notebook.cells[1].source = "print(2)"
    assert changed() == {"inputs", "outputs"}
    (project / "requirements.txt").write_text("numpy==2.4\n")
    assert changed() == {"inputs", "outputs", "library"}


def test_the_versions_of_a_cluster_are_no_notebooks_concern(project):
    notebook = load(save(project, "print(1)"))
    (project / "requirements.txt").write_text("numpy==2.4\n")
    before = execute.fingerprints(notebook, project)
    (project / "requirements.txt").write_text(f"numpy==2.4\n{CLUSTER}dask==1\n")
    assert execute.fingerprints(notebook, project) == before


def test_a_notebook_is_stale_when_a_module_changes_that_it_uses(project):
    library = project / "lectures_lib"
    (library / "__init__.py").write_text("from . import claims, graphs\n")
    notebook = load(
        save(project, "import lectures_lib as ll", "ll.claims.claim", "%no")
    )

    def now() -> str:
        return execute.fingerprints(notebook, project)["library"]

    before = now()
    (library / "claims.py").write_text('"""Other words."""  # and a comment\n')
    (library / "graphs.py").write_text("another = 1\n")
    (library / "__init__.py").write_text("from . import claims\n")
    assert now() == before
    (library / "quizzes.toml").write_text("[quiz]\n")
    assert now() != before
    (library / "quizzes.toml").unlink()
    (library / "claims.py").write_text("another = 1\n")
    assert now() != before


def test_tags_are_inputs():
    plain, tagged = (new_notebook(cells=[new_code_cell("1")]) for _ in range(2))
    tagged.cells[0].metadata["tags"] = ["nbval-ignore-output"]
    assert execute.inputs_hash(plain) != execute.inputs_hash(tagged)


def test_a_stale_alt_text_is_removed():
    cell = new_code_cell("1", metadata={"mystnb": {"image": {"alt": "Two dots"}}})
    execute.tidy(cell)
    assert cell.metadata == {}


def test_missing_ids_are_created_once(project):
    path = save(project, "1")
    notebook = load(path)
    del notebook.cells[1]["id"]
    path.write_text(nbformat.v4.writes_json(notebook))
    notebook = execute.read(path)
    assert notebook.cells[0].id == "title" and notebook.cells[1].id


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", ["code cell 2 failed: 1 / 0", "ZeroDivisionError: division by zero"]),
        (
            "import warnings\nwarnings.warn('old')",
            ["wrote to stderr", "UserWarning: old"],
        ),
        ("import os\nos._exit(1)", ["code cell 2 killed the kernel", ": import os"]),
    ],
)
def test_a_failing_cell_leaves_the_file(project, capsys, source, said):
    path = save(project, "x = 1", source)
    before = path.read_bytes()
    assert execute.main(["00"], project) == 1
    told = capsys.readouterr().out
    assert all(phrase in told for phrase in ["00_tiny.ipynb", *said]), told
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_a_cell_that_takes_too_long(project):
    notebook = load(save(project, "while True:\n    pass"))
    with pytest.raises(ToolError, match="took longer than 1 s: while True"):
        execute.run(notebook, project, timeout=1)


def test_a_read_only_folder(project, monkeypatch, capsys):
    path = save(project, "1")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert execute.main([], project) == 1
    assert "is read-only" in capsys.readouterr().out
    assert os.listdir(path.parent) == [path.name]


def test_a_disk_that_becomes_full(project, monkeypatch):
    path = save(project, "1")
    before, notebook = path.read_bytes(), load(path)

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ToolError, match="No space left on device"):
        execute.replace(path, notebook)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == [path.name]


def test_over_budget_is_said(project, monkeypatch):
    monkeypatch.setattr(execute, "run", lambda notebook, folder: 0)
    monkeypatch.setattr(execute, "BUDGETS", {"s": 60, "MB": 1000, "kB": 0.1})
    assert "over the budget of 0.1 kB" in execute.execute(save(project, "1"), project)


def test_unknown_numbers_and_broken_files(project, capsys):
    (project / "notebooks" / "01_empty.ipynb").write_text("")
    assert execute.main(["07"], project) == 1
    assert "there is no notebook 07" in capsys.readouterr().out
    assert execute.main(["01"], project) == 1
    assert "01_empty.ipynb is not a notebook" in capsys.readouterr().out

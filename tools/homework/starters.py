"""Write the starters of the homework: release/ from source/, by nbgrader.

python -m tools.homework.starters [homework_N …]

First a source whose code, checks, library or data have changed is executed. Then
nbgrader clears its solutions, and the starter is executed, unless it is the stored one.
A second run changes nothing. The gradebook is left alone: the one used is temporary.
"""

import argparse
import logging
import re
import shutil
import sys
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from nbformat import NotebookNode
from nbgrader.converters.base import BaseConverter, NbGraderException
from traitlets.config import Config, PyFileConfigLoader

from .. import execute
from ..fingerprints import modules, used
from ..writing import ToolError, digest
from .nbgrader_steps import CourseDirectory, GenerateAssignment

COURSE = execute.ROOT / "notebooks" / "homework"


def configuration(course: Path) -> Config:
    """What nbgrader_config.py of the course says."""
    # With its whole path: beside the name of a folder, traitlets expands $ and ~ in it.
    return PyFileConfigLoader(str(course / "nbgrader_config.py")).load_config()


def step_of(nbgraders: type, course: Path, **directories: str) -> BaseConverter:
    """A step of nbgrader's for this course, which makes anew what is there."""
    config = configuration(course)
    config.CourseDirectory.update(directories)
    step = nbgraders(coursedir=CourseDirectory(config=config), config=config)
    step.force = True
    return step


def generate(course: Path, name: str, release: Path, database: str) -> None:
    """Have nbgrader make the starter in another folder than release/.

    Raises:
        ToolError: nbgrader cannot, and why.
    """
    own = {"release_directory": str(release), "db_url": database}
    step = step_of(GenerateAssignment, course, assignment_id=name, **own)
    said = StringIO()
    handler = logging.StreamHandler(said)
    step.log.addHandler(handler)
    try:
        step.start()
    except NbGraderException as error:
        reasons = re.findall(r"^\w*(?:Error|Exception): .*", said.getvalue(), re.M)
        reason = reasons[0] if reasons else error
        raise ToolError(f"nbgrader cannot make it: {reason}") from None
    finally:
        step.log.removeHandler(handler)


def unrun(notebook: NotebookNode) -> str:
    """The fingerprint of all that is not written by executing it."""
    cells = [dict(cell) for cell in notebook.cells]
    for cell in cells:
        for written in ("outputs", "execution_count"):
            cell.pop(written, None)
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k != "mystnb"}
    return digest(cells)


def checks(folder: Path) -> str:
    """The fingerprint of checks.py: what it says is stored in the outputs."""
    return digest((folder / "checks.py").read_text("utf-8"))


def made_with(notebook: NotebookNode, folder: Path) -> dict[str, str]:
    """Name → fingerprint of what its stored outputs hang on, checks.py included."""
    code = (folder / "checks.py").read_text("utf-8")
    rests_on = digest(modules(used(code)))
    known = execute.fingerprints(notebook)
    return known | {"checks": checks(folder), "checks_library": rests_on}


def refresh(notebook: NotebookNode, path: Path, source: Path) -> bool:
    """Execute the notebook in the file's folder and write it there; whether it did.

    Not needed where the file holds this notebook, executed with what is here now. Its
    checks are in the folder source.
    """
    if path.is_file():
        stored = execute.read(path)
        now = made_with(stored, source)
        if unrun(stored) == unrun(notebook) and stored.metadata.get("lectures") == now:
            return False
    execute.run(notebook, path.parent)
    execute.tidy_notebook(notebook, execute.ROOT)
    notebook.metadata["lectures"] = made_with(notebook, source)
    execute.replace(path, notebook)
    return True


def update(course: Path, name: str, temporary: Path) -> str:
    """Bring the source's outputs and the starter up to date; a line for the terminal.

    Raises:
        ToolError: a cell fails, or nbgrader cannot make the starter.
    """
    file, changed = f"{name}.ipynb", []
    source, release = course / "source" / name, course / "release" / name
    if refresh(execute.read(source / file), source / file, source):
        changed.append("source executed")
    database = f"sqlite:///{quote(temporary.as_posix())}/gradebook.db"
    generate(course, name, temporary, database)
    made, beside = temporary / name, shutil.ignore_patterns("*.ipynb")
    shutil.copytree(made, release, ignore=beside, dirs_exist_ok=True)
    if refresh(execute.read(made / file), release / file, source):
        changed.append("starter written")
    return f"{name}: " + (", ".join(changed) or "up to date")


def main(arguments: list[str], course: Path = COURSE) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="homework_N")
    names = parser.parse_args(arguments).names
    names = names or sorted(p.parent.name for p in course.glob("source/*/*.ipynb"))
    went_well = True
    with TemporaryDirectory() as temporary:
        for name in names:
            try:
                print(update(course, name, Path(temporary)), flush=True)
            except ToolError as error:
                print(f"{name}: {error}", flush=True)
                went_well = False
    return 0 if went_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Write the starters of the homework: release/ from source/, by nbgrader.

python -m tools.starters [homework_N …]

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

from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.converters.base import NbGraderException
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config, PyFileConfigLoader

from . import execute, fingerprints

COURSE = execute.ROOT / "notebooks" / "homework"


def configuration(course: Path) -> Config:
    """What nbgrader_config.py of the course says."""
    return PyFileConfigLoader("nbgrader_config.py", str(course)).load_config()


def generate(course: Path, name: str, release: Path, database: str) -> None:
    """Have nbgrader make the starter in another folder than release/.

    Raises NotebookError with nbgrader's reason.
    """
    config = configuration(course)
    config.CourseDirectory.update(
        root=str(course),
        release_directory=str(release),
        db_url=database,
        assignment_id=name,
    )
    step = GenerateAssignment(coursedir=CourseDirectory(config=config), config=config)
    step.force = True
    said = StringIO()
    handler = logging.StreamHandler(said)
    step.log.addHandler(handler)
    try:
        step.start()
    except NbGraderException as error:
        reasons = re.findall(r"^\w*(?:Error|Exception): .*", said.getvalue(), re.M)
        reason = reasons[0] if reasons else error
        raise execute.NotebookError(f"nbgrader cannot make it: {reason}") from None
    finally:
        step.log.removeHandler(handler)


def unrun(notebook: NotebookNode) -> str:
    """The fingerprint of all that is not written by executing it."""
    cells = [dict(cell) for cell in notebook.cells]
    for cell in cells:
        for written in ("outputs", "execution_count"):
            cell.pop(written, None)
        cell["metadata"] = {k: v for k, v in cell["metadata"].items() if k != "mystnb"}
    return execute.digest(cells)


def checks(folder: Path) -> str:
    """The fingerprint of checks.py: what it says is stored in the outputs."""
    return execute.digest((folder / "checks.py").read_text("utf-8"))


def made_with(notebook: NotebookNode, folder: Path) -> dict[str, str]:
    """Name → fingerprint of what its stored outputs hang on, checks.py included."""
    code = (folder / "checks.py").read_text("utf-8")
    rests_on = execute.digest(fingerprints.modules(fingerprints.used(code)))
    known = execute.fingerprints(notebook)
    return known | {"checks": checks(folder), "checks_library": rests_on}


def is_stored(notebook: NotebookNode, path: Path) -> bool:
    """Whether the file holds this notebook, executed with what is here now."""
    if not path.is_file():
        return False
    stored = execute.read(path)
    return unrun(stored) == unrun(notebook) and stored.metadata.get(
        "lectures"
    ) == made_with(stored, path.parent)


def store(notebook: NotebookNode, path: Path) -> None:
    """Execute the notebook in the folder of the file, and write it there."""
    execute.run(notebook, path.parent)
    execute.tidy_notebook(notebook, execute.ROOT)
    notebook.metadata["lectures"] = made_with(notebook, path.parent)
    execute.replace(path, notebook)


def update(course: Path, name: str, temporary: Path) -> str:
    """Bring the source's outputs and the starter up to date; a line for the terminal.

    Raises NotebookError: a cell fails, or nbgrader cannot make the starter.
    """
    changed = []
    source = course / "source" / name / f"{name}.ipynb"
    notebook = execute.read(source)
    if not is_stored(notebook, source):
        store(notebook, source)
        changed.append("source executed")
    generate(course, name, temporary, f"sqlite:///{temporary.as_posix()}/gradebook.db")
    starter = execute.read(temporary / name / source.name)
    release = course / "release" / name / source.name
    mirror(temporary / name, release.parent)
    if not is_stored(starter, release):
        store(starter, release)
        changed.append("starter written")
    return f"{name}: " + (", ".join(changed) or "up to date")


def mirror(made: Path, release: Path) -> None:
    """Make the files beside the notebook the same in both folders."""
    files = {p.relative_to(made) for p in made.rglob("*") if p.is_file()}
    for old in [p for p in release.rglob("*") if p.is_file()]:
        if old.relative_to(release) not in files:
            old.unlink()
    for file in files:
        (release / file).parent.mkdir(parents=True, exist_ok=True)
        if file.suffix != ".ipynb":
            shutil.copyfile(made / file, release / file)


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
            except execute.NotebookError as error:
                print(f"{name}: {error}", flush=True)
                went_well = False
    return 0 if went_well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What students hand in: unpack it, tell whose it is, find it under any name."""

import re
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode

from lectures_lib.homework import looking_over
from lectures_lib.homework.looking_over import Unreadable, grade_id

from .execute import NotebookError

LARGEST = 20_000_000  # bytes of a file

# What the learning platform gives: one zip or folder, files named after the students.


def files_in(place: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """(path, content) of each file in a folder or a zip, at any depth.

    What is too large or damaged comes without its content.
    """
    if place.is_dir():
        for path in sorted(path for path in place.rglob("*") if path.is_file()):
            content = path.read_bytes() if path.stat().st_size <= LARGEST else b""
            yield PurePosixPath(path.relative_to(place).as_posix()), content
    elif zipfile.is_zipfile(place):
        with zipfile.ZipFile(place) as archive:
            for item in archive.infolist():
                content = b""
                with suppress(zipfile.BadZipFile, zlib.error, RuntimeError):
                    content = archive.read(item) if item.file_size <= LARGEST else b""
                if not item.is_dir():
                    yield PurePosixPath(item.filename), content
    else:
        raise NotebookError(f"{place} is neither a folder nor a zip")


def student_of(path: PurePosixPath, name: str) -> tuple[str, str]:
    """Whose it is: a name, and the number that Moodle or Canvas has put after it.

    A folder is named after its student; of a single file the text before the
    homework's name counts. Moodle writes "Ada Byron_123_assignsubmission_file_",
    Canvas "byronada_123_456_homework_2-1.ipynb".
    """
    text = path.parts[0] if len(path.parts) > 1 else path.stem
    student, number = re.match(r"(.*?)(?:_(?:LATE_)?(\d+)_.*)?$", text).groups("")
    student = re.split(rf"[_ -]*{name}", student, flags=re.I)[0]
    return re.sub(r"[^\w .@-]", "-", student).strip(" .") or "unnamed", number


def take(place: Path, name: str, submitted: Path) -> int:
    """Copy what a folder or zip holds to submitted/; how many students there are."""
    found: dict[tuple[str, str], dict[PurePosixPath, bytes]] = {}
    for path, content in files_in(place):
        unwanted = [p for p in path.parts if p.startswith((".", "__MACOSX"))]
        if not unwanted and not path.is_absolute():
            inside = PurePosixPath(*path.parts[1:] or path.parts)
            found.setdefault(student_of(path, name), {})[inside] = content
    names = [student for student, _ in found]
    for (student, number), files in found.items():
        if names.count(student) > 1:  # two of the same name
            student = f"{student} {number}"
        folder = submitted / student / name
        shutil.rmtree(folder, ignore_errors=True)  # an earlier attempt
        for inside, content in files.items():
            (folder / inside).parent.mkdir(parents=True, exist_ok=True)
            (folder / inside).write_bytes(content)
    return len(found)


# One submission.


def chosen(folder: Path, starter: NotebookNode, name: str) -> tuple[Path, str]:
    """The notebook that counts, and a remark when its name is another.

    Raises:
        Unreadable: there is none, or it cannot be told which.
    """
    expected = folder / f"{name}.ipynb"
    if expected.is_file():
        return expected, ""
    paths = [p for p in folder.rglob("*.ipynb") if "checkpoint" not in str(p)]
    if len(paths) > 1:
        paths = [path for path in paths if is_ours(path, starter)] or paths
    if len(paths) != 1:
        names = ", ".join(sorted(path.name for path in paths))
        raise Unreadable(f"which one counts? {names}" if names else "no notebook in it")
    return paths[0], f"wrong name: {paths[0].name}"


def is_ours(path: Path, starter: NotebookNode) -> bool:
    """Whether a task of this homework is in the notebook."""
    tasks = {grade_id(cell) for cell in looking_over.graded(starter)}
    with suppress(Unreadable):
        return bool(tasks & {grade_id(cell) for cell in looking_over.read(path).cells})
    return False


def prepare(folder: Path, starter: NotebookNode, name: str, to: Path) -> str:
    """Copy a submission to where nbgrader looks for it; a remark, or "".

    Raises:
        Unreadable: it cannot be graded, and why.
    """
    if not folder.is_dir():
        raise Unreadable("nothing handed in")
    path, remark = chosen(folder, starter, name)
    if path.stat().st_size > LARGEST:
        raise Unreadable(f"larger than {LARGEST // 1_000_000} MB")
    try:
        looking_over.read(path)
    except Unreadable as error:
        reason = re.search(r"\((.*)\)$", str(error))
        raise Unreadable(f"unreadable: {reason[1] if reason else error}") from None
    if not is_ours(path, starter):
        raise Unreadable(f"{path.name} is another notebook: no task of {name} in it")
    shutil.copytree(folder, to, ignore=shutil.ignore_patterns("*.ipynb"))
    shutil.copyfile(path, to / f"{name}.ipynb")
    return remark

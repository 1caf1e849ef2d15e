"""Files laid into a folder: nothing that was there is overwritten."""

import shutil
from pathlib import Path, PurePosixPath

from lectures_lib.homework.looking_over import Unreadable

from .archives import Entry
from .students import escaped

NOT_READ = ".not-read.txt"  # beside the place of a file: why it is not there

Files = dict[PurePosixPath, Entry]  # where in the folder → the file


def lay(files: Files, folder: Path, older: bool = False) -> Path:
    """Write files there, or beside what is older; where the older ones are.

    What was there is moved away, never overwritten. The folder itself: there is none.
    """
    kept = folder.with_name(f"{folder.name}.older")
    new = written(files, folder.with_name(f".{folder.name}.new"))
    places = [folder, *kept.glob("*")]
    same = [
        place for place in places if place.is_dir() and contents(place) == contents(new)
    ]
    if same and (older or same[0] == folder):
        shutil.rmtree(new)
        return same[0]
    if not older and not folder.exists():
        return new.rename(folder)
    kept.mkdir(exist_ok=True)
    free = kept / str(1 + max((int(p.name) for p in kept.glob("[0-9]*")), default=0))
    if older:
        return new.rename(free)
    folder.rename(free)
    new.rename(folder)
    return free


def written(files: Files, new: Path) -> Path:
    """The folder, new, with these files."""
    shutil.rmtree(new, ignore_errors=True)  # of a run that was interrupted
    for inside, entry in files.items():
        write_one(new / PurePosixPath(*map(escaped, inside.parts)), entry)
    return new


def write_one(path: Path, entry: Entry) -> None:
    """Write a file or, where it cannot be read, why."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.write_bytes(entry.content())
    except Unreadable as error:
        path.with_name(path.name + NOT_READ).write_text(str(error), "utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    """Path → content of the files in a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}

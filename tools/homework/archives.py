"""The files that come in: found in a folder, a zip or zips inside, and laid down."""

import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

from lectures_lib.homework.looking_over import Unreadable

from ..writing import ToolError
from .students import escaped

MOST = 200_000_000  # bytes of a file that is read at all
DEPTH = 3  # zips within zips
SYSTEMS = {"__MACOSX", "Thumbs.db", "desktop.ini"}
UTF_8 = 0x800  # the flag of a zip's entry: its name is UTF-8
ENCRYPTED = 0x1
NOT_READ = ".not-read.txt"  # beside the place of a file: why it is not there


@dataclass(frozen=True)
class Entry:
    """A file: where it is, in a zip "ada.zip/homework_2.ipynb", and how to read it.

    Its content raises Unreadable, with the true reason, when it cannot be read.
    """

    path: PurePosixPath
    content: Callable[[], bytes]


def files_in(place: Path) -> Iterator[Entry]:
    """Each file in a folder or a zip, at any depth, those of zips inside too.

    Raises:
        ToolError: it is neither, or a damaged zip.
    """
    if place.is_dir():
        for path in sorted(path for path in place.rglob("*") if path.is_file()):
            inside = posix(path.relative_to(place).as_posix())
            yield from opened(Entry(inside, partial(of_disk, path)), DEPTH)
    elif zipfile.is_zipfile(place):
        try:
            yield from members(zipfile.ZipFile(place), PurePosixPath(), DEPTH)
        except zipfile.BadZipFile as error:
            raise ToolError(f"{place} is damaged ({error}): fetch it again") from None
    elif place.exists():
        raise ToolError(f"{place} is neither a folder nor a zip: expected one")
    else:
        raise ToolError(f"there is no {place}: expected a folder or a zip")


def posix(text: str) -> PurePosixPath:
    """The path, whichever separator and whatever bytes a system has used."""
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return PurePosixPath(whole.replace("\\", "/"))


def opened(entry: Entry, depth: int) -> Iterator[Entry]:
    """The file itself or, when it is a zip that can be read, what is in it."""
    if entry.path.suffix.lower() == ".zip" and depth:
        with suppress(Unreadable, zipfile.BadZipFile):
            archive = zipfile.ZipFile(BytesIO(entry.content()))
            yield from members(archive, entry.path, depth - 1)
            return
    yield entry


def members(
    archive: zipfile.ZipFile, folder: PurePosixPath, depth: int
) -> Iterator[Entry]:
    """The files of an open zip, in the order of their names."""
    for item in sorted(archive.infolist(), key=lambda item: item.filename):
        path = posix(name_of(item))
        if not item.filename.endswith(("/", "\\")) and path.parts:
            # An absolute path would replace the folder's: whoever takes it must see it.
            whole = path if path.is_absolute() else folder / path
            yield from opened(Entry(whole, partial(of_zip, archive, item)), depth)


def name_of(item: zipfile.ZipInfo) -> str:
    """The entry's name: macOS writes UTF-8 without the flag that says so."""
    with suppress(UnicodeError):
        if not item.flag_bits & UTF_8:
            return item.filename.encode("cp437").decode("utf-8")
    return item.filename


def of_disk(path: Path) -> bytes:
    """The content of a file on the disk."""
    too_large(path.stat().st_size)
    return path.read_bytes()


def of_zip(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    """The content of a file in a zip."""
    if item.flag_bits & ENCRYPTED:
        raise Unreadable("encrypted in the zip: ask for it without a password")
    too_large(item.file_size)
    try:
        return archive.read(item)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Unreadable(f"damaged in the zip ({error}): ask for it again") from None
    except NotImplementedError as error:
        raise Unreadable(f"{error}: unpack the zip and take the folder") from None


def too_large(size: int) -> None:
    if size > MOST:
        raise Unreadable(f"larger than {MOST // 1_000_000} MB")


def unwanted(path: PurePosixPath) -> str:
    """Why a file is no student's work, or ""."""
    if path.is_absolute() or ".." in path.parts or path.parts[0].endswith(":"):
        return f"{path}: its path leads out of the folder"
    if SYSTEMS & set(path.parts):
        return "the system's own"
    hidden = [part for part in path.parts if part.startswith(".")]
    return f"hidden: {hidden[0]}" if hidden else ""


# Laid into a folder: nothing that was there is overwritten.


def lay(files: dict[PurePosixPath, Entry], folder: Path, older: bool = False) -> Path:
    """Write files there, or beside what is older; where the older ones are.

    What was there is moved away, never overwritten. The folder itself: there is none.

    Args:
        files: where in the folder → the file.
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


def written(files: dict[PurePosixPath, Entry], new: Path) -> Path:
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

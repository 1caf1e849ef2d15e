"""The files of a folder or a zip, and of zips inside, each to be read when wanted."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from pathlib import Path, PurePosixPath

from lectures_lib.homework.looking_over import Unreadable

from .execute import NotebookError

MOST = 200_000_000  # bytes of a file that is read at all
DEPTH = 3  # zips within zips
SYSTEMS = {"__MACOSX", "Thumbs.db", "desktop.ini"}
UTF_8 = 0x800  # the flag of a zip's entry: its name is UTF-8
ENCRYPTED = 0x1


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
        NotebookError: it is neither, or a damaged zip.
    """
    if place.is_dir():
        for path in sorted(path for path in place.rglob("*") if path.is_file()):
            inside = posix(path.relative_to(place).as_posix())
            yield from opened(Entry(inside, partial(of_disk, path)), DEPTH)
    elif zipfile.is_zipfile(place):
        try:
            yield from members(zipfile.ZipFile(place), PurePosixPath(), DEPTH)
        except zipfile.BadZipFile as error:
            raise NotebookError(
                f"{place} is damaged ({error}): fetch it again"
            ) from None
    elif place.exists():
        raise NotebookError(f"{place} is neither a folder nor a zip: expected one")
    else:
        raise NotebookError(f"there is no {place}: expected a folder or a zip")


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

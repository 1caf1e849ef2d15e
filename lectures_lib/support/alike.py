"""Files beside a notebook that have a library's name: Python takes them for it.

Imported first, this module stops with their name where the course would go on with
such a file, and fail with words that nobody understands.
"""

import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from sysconfig import get_path

LIBRARIES = [get_path("purelib"), get_path("platlib")]


def alike(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file in the folder that hides a library, and the library's name."""
    if str(folder) in [*LIBRARIES, get_path("stdlib")]:
        return
    for path in sorted([*folder.glob("*.py"), *folder.glob("*/__init__.py")]):
        name = path.parent.name if path.stem == "__init__" else path.stem
        if name in sys.stdlib_module_names or is_installed(name):
            yield path, name


def is_installed(name: str) -> bool:
    """Whether it is a library of this environment; a mere folder is none."""
    spec = PathFinder.find_spec(name, LIBRARIES)
    return bool(spec and spec.origin)


def sentence(path: Path, name: str) -> str:
    file = path.name if path.stem == name else f"{name}/"
    return f"{file} beside the notebook hides the library {name}: rename it"


def sentences(folder: Path) -> list[str]:
    """What is said of the folder's files."""
    return [sentence(path, name) for path, name in alike(folder)]


def is_taken(path: Path, name: str) -> bool:
    """Whether Python has imported this file, or would in place of a package."""
    if name in sys.modules:
        file = getattr(sys.modules[name], "__file__", None)
    elif name in sys.stdlib_module_names:
        file = None  # perhaps nobody asks for it
    else:
        file = getattr(find_spec(name), "origin", None)
    return bool(file) and Path(file).resolve() == path.resolve()


def refuse(folder: Path) -> None:
    """ImportError when a file of the folder has taken a library's place."""
    for path, name in alike(folder):
        if is_taken(path, name):
            raise ImportError(sentence(path, name))


with suppress(OSError):  # the folder may be gone
    refuse(Path.cwd())

"""What code of ours rests on: the modules that it uses, found by their imports.

A stored notebook, an audited run and a recording each carry the fingerprints of theirs.
Comments and docstrings do not count, nor does an import that is not used: a package
that hands a name on is passed by for the module that the name comes from.
"""

import ast
from collections.abc import Iterable
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

from lectures_lib.recorded import ROOT, fingerprint


def modules(names: Iterable[str], root: Path = ROOT) -> dict[str, str]:
    """Path → fingerprint of each module that these dotted names rest on."""
    found, waiting = {}, list(names)
    while waiting:
        file = home(waiting.pop(), root)
        if file is None or (path := file.relative_to(root).as_posix()) in found:
            continue
        code = file.read_text(encoding="utf-8")
        found[path] = fingerprint(code)
        waiting += used(code, package(file, root))
    return dict(sorted(found.items()))


def home(name: str, root: Path) -> Path | None:
    """The file of ours that a dotted name comes from; None: it is not ours."""
    place = root.joinpath(*name.split("."))
    for file in (place.with_suffix(".py"), place / "__init__.py"):
        if file.is_file():
            return file
    owner, _, last = name.rpartition(".")
    file = home(owner, root) if owner else None
    if file is None or file.name != "__init__.py":
        return file
    tree = ast.parse(file.read_text(encoding="utf-8"))
    handed_on = imported(tree, package(file, root)).get(last, name)
    return file if handed_on == name else home(handed_on, root)


def package(file: Path, root: Path) -> str:
    """The package that a module's relative imports start from."""
    return ".".join(file.parent.relative_to(root).parts)


@cache  # each text is parsed once
def used(code: str, package: str = "") -> frozenset[str]:
    """The dotted names, as long as they are written, that code uses of its imports."""
    tree = ast.parse(code)
    known = imported(tree, package)
    parts = [dotted(node).partition(".") for node in ast.walk(tree)]
    names = {
        f"{known[first]}{dot}{rest}" for first, dot, rest in parts if first in known
    }
    return frozenset(names - {name.rpartition(".")[0] for name in names})


def imported(tree: ast.AST, package: str) -> dict[str, str]:
    """The names that code binds by imports, each to its full dotted name."""
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), package)
            known |= {a.asname or a.name: f"{source}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            known |= {a.asname or a.name: a.name for a in node.names}
    return known


def dotted(node: ast.AST) -> str:
    """A name with its attributes, such as "ll.graphs.fit"; "" for other code."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""

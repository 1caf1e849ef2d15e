"""Recorded runs: read from data/results, with a word on whether they still count."""

import ast
import hashlib
import inspect
import json
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

from .claims import Missing

FOLDER = Path(__file__).parent.parent / "data" / "results"
FIRST_SEED = 100  # so that a live run, at seed 0 and up, is not compared with itself


@dataclass(frozen=True)
class Recording:
    """The results of one experiment over seeds.

    Attributes:
        values: name to an array (seeds, …), for pictures; empty when there is none.
        note: when and with what it was recorded, or what is wrong with it.
        sound: the file is as recorded, by the code as it stands now.
    """

    values: dict[str, np.ndarray]
    note: str
    sound: bool

    def __getitem__(self, name: str) -> np.ndarray | Missing:
        """The runs (seeds, …) that a claim may rest on: Missing where it may not."""
        return self.values[name] if self.sound else Missing(self.note)

    def band(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The lowest and the highest of the recorded runs."""
        return self.values[name].min(0), self.values[name].max(0)


def load(experiment: Callable[[int], dict]) -> Recording:
    """The recorded runs of one of the experiments, whatever state they are in.

    A file that is missing, unreadable, edited, or older than the code that would make
    it raises nothing: the note says so, and the live runs go on without it.
    """
    name = experiment.__name__
    path = f"data/results/{name}.json"
    restore = f"git checkout HEAD -- {path} restores it"
    try:
        record = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        values = {key: np.array(runs, float) for key, runs in record["values"].items()}
        made = (
            f"recorded on {record['date']}: {len(record['seeds'])} seeds, "
            f"torch {record['versions']['torch']}"
        )
    except OSError as error:
        return Recording(
            {}, f"{path} cannot be read ({error.strerror}); {restore}", False
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Recording({}, f"{path} is not a recorded run; {restore}", False)
    if record.get("sha256") != checksum(record):
        return Recording(values, f"{path} was edited after the run; {restore}", False)
    if record["code"] != fingerprint(experiment):
        older = "by an older version of this code; make audit records it again"
        return Recording(values, f"{made}, {older}", False)
    return Recording(values, made, True)


def table_of_claims() -> str:
    """The audited claims of all notebooks in one table, in Markdown, with links.

    A row for each claim; its comparisons stand one below the other, each with what was
    compared (mean ± standard deviation over the runs) and its distance to falling.
    """
    lines = ["| | claim | compared | from falling | runs |", "|---|---|---|---|---|"]
    for file in sorted(FOLDER.glob("0[0-9]_*.json")):
        for claim in json.loads(file.read_text(encoding="utf-8"))["claims"]:
            link = f"[{claim['id']}]({file.stem}.ipynb#{claim['id']})"
            compared = "<br>".join(map(_compared, claim["comparisons"]))
            distances = "<br>".join(map(_from_falling, claim["comparisons"]))
            row = (link, claim["sentence"], compared, distances, str(claim["runs"]))
            lines.append("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |")
    return "\n".join(lines)


def _compared(comparison: dict) -> str:
    if comparison["left"] is None:
        return "–"
    sides = (_spread(comparison[side]) for side in ("left", "right"))
    return f" {comparison['relation']} ".join(sides)


def _from_falling(comparison: dict) -> str:
    """The distance with its unit, or without in that of what is compared."""
    runs, scale = comparison["distance"], comparison["scale"]
    if runs is None:
        return "exact"
    if scale == "ratio":
        return f"factor {_spread(np.exp(runs))}"
    return _spread(runs) + ("" if scale == "difference" else f" {scale}")


def _spread(runs: list[float]) -> str:
    """Mean ± standard deviation, as exact as the latter; or the one value there is."""
    runs = np.array(runs)[np.isfinite(runs)]
    if not runs.size:
        return "∞"
    middle, spread = runs.mean(), runs.std()
    if spread <= 1e-9 * abs(middle):
        return f"{middle:,.0f}" if middle == round(middle) else f"{middle:.3g}"
    if abs(middle) < 1e-3:
        return f"{middle:.1g} ± {spread:.0g}"
    digits = max(0, -int(np.floor(np.log10(spread))))
    return f"{middle:,.{digits}f} ± {spread:,.{digits}f}"


def checksum(record: dict) -> str:
    """SHA-256 of all of a record but its own checksum."""
    rest = {key: value for key, value in record.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


@cache  # the code does not change while it runs
def fingerprint(function: Callable) -> str:
    """SHA-256 of the function and of all that it uses of this package.

    Comments, docstrings and what it does not use may change without changing it.
    """
    found: dict[str, str] = {}
    _collect(inspect.getmodule(function), function.__name__, found)
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def _collect(module: ModuleType, name: str, found: dict[str, str]) -> None:
    """Add a name of a module, and then the names that its code uses."""
    thing = inspect.unwrap(vars(module).get(name))
    key = f"{module.__name__}.{name}"
    if isinstance(thing, int | float | str | tuple):
        found[key] = repr(thing)
    if key in found:
        return
    if isinstance(thing, dict):  # a table: what its definition names counts as well
        tree = _definition(module, name)
    elif inspect.isfunction(thing) or inspect.isclass(thing):
        home = inspect.getmodule(thing)
        if home is not module:  # imported: either from a neighbour, or none of ours
            if home.__name__.startswith(__package__):
                _collect(home, thing.__name__, found)
            return
        tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))
    else:
        return
    found[key] = json.dumps(_plain(tree))
    nodes = list(ast.walk(tree))
    local = {node.arg for node in nodes if isinstance(node, ast.arg)}
    local |= {n.id for n in nodes if isinstance(n, ast.Name) and _is_stored(n)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id not in local:
            _collect(module, node.id, found)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = vars(module).get(node.value.id)
            if isinstance(owner, ModuleType) and owner.__name__.startswith(__package__):
                _collect(owner, node.attr, found)


def _definition(module: ModuleType, name: str) -> ast.AST:
    """The statement of a module that gives the name its value."""
    for node in ast.parse(inspect.getsource(module)).body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        if any(isinstance(t, ast.Name) and t.id == name for t in targets):
            return node
    return ast.Module([], [])  # imported by name, which no module of ours does


def _plain(node: object) -> object:
    """A syntax tree as lists, alike in all versions of Python, without docstrings."""
    if isinstance(node, list):
        return [_plain(item) for item in node if not _is_docstring(item)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = ((name, value) for name, value in ast.iter_fields(node) if value)
    return [type(node).__name__, *([name, _plain(value)] for name, value in fields)]


def _is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def _is_docstring(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)

"""Recorded runs: read by name from data/results, with a word on whether they count.

The experiments are in tools/experiments. A recording names the modules that its numbers
rest on, each with its fingerprint, so that newer code is noticed.
"""

import ast
import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from .support.comparing import Missing

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "data" / "results"


@dataclass(frozen=True)
class Recording:
    """The results of one experiment over seeds.

    Attributes:
        values: name to an array (seeds, …), for pictures; empty when there is none.
        note: when and with what it was recorded, or what is wrong with it.
        sound: the file is as recorded, by the code as it stands now.
        axes: what the arrays' other axes count, such as {"epochs": [6, 12, 24, 48]}.
    """

    values: dict[str, np.ndarray]
    note: str
    sound: bool
    axes: dict[str, list] = field(default_factory=dict)

    def __getitem__(self, name: str) -> np.ndarray | Missing:
        """The runs (seeds, …) that a claim may rest on: Missing where it may not."""
        return self.values[name] if self.sound else Missing(self.note)

    def band(self, name: str) -> tuple[np.ndarray, np.ndarray] | tuple[float, float]:
        """The lowest and the highest of the recorded runs; NaN when there are none."""
        if not self.values:
            return np.nan, np.nan
        return self.values[name].min(0), self.values[name].max(0)


def load(name: str) -> Recording:
    """The recorded runs of one experiment, whatever state they are in.

    A file that is missing, unreadable, edited, or older than the code that made it
    raises nothing: the note says so, and the live runs go on without it.
    """
    path = f"data/results/{name}.json"
    restore = f"git checkout HEAD -- {path} restores it"
    try:
        record = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        values = {key: np.array(runs, float) for key, runs in record["values"].items()}
        axes, code = dict(record["axes"]), dict(record["code"])
        seeds, torch = len(record["seeds"]), record["versions"]["torch"]
        made = f"recorded on {record['date']}: {seeds} seeds, torch {torch}"
    except OSError as error:
        note = f"{path} cannot be read ({error.strerror}); {restore}"
        return Recording({}, note, False)
    except (ValueError, KeyError, TypeError, AttributeError):
        return Recording({}, f"{path} is not a recorded run; {restore}", False)
    if record.get("sha256") != checksum(record):
        note = f"{path} was edited after the run; {restore}"
        return Recording(values, note, False, axes)
    if any(_has_changed(ROOT / module, known) for module, known in code.items()):
        older = "by an older version of this code; make audit records it again"
        return Recording(values, f"{made}, {older}", False, axes)
    return Recording(values, made, True, axes)


def checksum(record: dict) -> str:
    """SHA-256 of all of a record but its own checksum."""
    rest = {key: value for key, value in record.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _has_changed(module: Path, known: str) -> bool:
    """Whether its code is newer; when it is gone, what used it is newer as well."""
    return module.exists() and fingerprint(module.read_text(encoding="utf-8")) != known


@cache  # each text is parsed once
def fingerprint(code: str) -> str:
    """SHA-256 of Python code: comments, layout and docstrings do not count."""
    return hashlib.sha256(json.dumps(_plain(ast.parse(code))).encode()).hexdigest()


def _plain(node: object) -> object:
    """A syntax tree as lists, alike in all versions of Python, without docstrings."""
    if isinstance(node, list):
        return [_plain(item) for item in node if not _is_docstring(item)]
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = [[name, _plain(value)] for name, value in ast.iter_fields(node)]
    return [type(node).__name__, *(f for f in fields if f[1] not in ("None", []))]


def _is_docstring(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)

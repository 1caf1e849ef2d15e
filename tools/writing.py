"""The one way in which the tools write a file, a table, to any terminal, and fail.

Nothing here, and nothing in parallel.py, imports torch: it takes a process seconds.
"""

import codecs
import hashlib
import io
import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLAIN = {"✗": "x", "✓": "+", "…": "...", "−": "-", "×": "x"}


class ToolError(Exception):
    """What was asked for cannot be done; the text says why, for the terminal."""


def write(path: Path, text: str) -> None:
    """Write the file in one step: when it fails or is stopped, the old one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink()


def digest(content: object) -> str:
    """The SHA-256 of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def markdown_table(names: list[str], rows: Iterable[list[str]]) -> str:
    """A table in Markdown, from the names of its columns and the texts of its rows."""
    lines = [names, ["---"] * len(names), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def plain(error: UnicodeEncodeError) -> tuple[str | bytes, int]:
    """For characters that an encoding lacks: others like them, or their numbers."""
    lacking = error.object[error.start]
    if lacking in PLAIN:
        return PLAIN[lacking], error.start + 1
    return codecs.backslashreplace_errors(error)


def to_any_terminal() -> None:
    """Let print go on where a terminal's encoding, as cp1252, lacks a character."""
    codecs.register_error("lectures.plain", plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="lectures.plain")

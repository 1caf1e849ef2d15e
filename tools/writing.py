"""The one way in which the tools write a file."""

from contextlib import suppress
from pathlib import Path


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

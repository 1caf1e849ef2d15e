"""Write files in one step: when that fails or is stopped, the old one stays."""

import json
from pathlib import Path


def replace(file: Path, text: str) -> None:
    """Write the text into a file beside it, which then takes its place."""
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.tmp")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)


def write(file: Path, content: dict) -> None:
    """Write the content as JSON."""
    replace(file, json.dumps(content, indent=1) + "\n")

"""Translate the sentences of translations.json anew: English, Spanish, and back.

    apt-get install --no-install-recommends apertium apertium-eng-spa
    python data/build_translations.py && python data/checksums.py

The English sentences are our own, and kept as they stand in the file (two are the
lecture's); Spanish and the English that comes back are Apertium's.
"""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from lectures_lib import text

HERE = Path(__file__).parent
PACKAGES = ("apertium", "apertium-eng-spa")


def version(package: str) -> str:
    """The version of an installed Debian package."""
    command = ["dpkg-query", "-W", "-f", "${Version}", package]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        raise SystemExit(f"{package} is missing: apt-get install {' '.join(PACKAGES)}")
    return found.stdout


def build() -> dict:
    """The content of translations.json."""
    recorded = json.loads((HERE / "translations.json").read_bytes())
    made = {package: version(package) for package in PACKAGES}
    made["date"] = datetime.now(UTC).date().isoformat()
    made["command"] = "python data/build_translations.py"
    english = [entry["english"] for entry in recorded["sentences"]]
    translated = text.back_translate(english)
    if not translated.live:
        raise SystemExit(translated.note)
    rows = zip(recorded["sentences"], translated.spanish, translated.back, strict=True)
    entries = [entry | {"spanish": s, "back": b} for entry, s, b in rows]
    return {"what": recorded["what"], "made": made, "sentences": entries}


if __name__ == "__main__":
    # One sentence a line: a diff then shows which translation has changed.
    content = build()
    entries = content.pop("sentences")
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    head = json.dumps(content, ensure_ascii=False, indent=1).removesuffix("\n}")
    body = ",\n  ".join(lines)
    out = f'{head},\n "sentences": [\n  {body}\n ]\n}}\n'
    (HERE / "translations.json").write_bytes(out.encode())
    print(f"wrote data/translations.json, {len(lines)} sentences")

"""Pack the course for students: python -m tools.handout [course.zip]

What git knows goes in, without the homework's sources, hidden tests and tables of right
answers; of a source its checks.py does, beside the starter that it belongs to. So does
the workbook, mine/ (see study.py). In the unpacked folder `make study` and `make lab`
work; `make test` lacks what was left out.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat

from . import study

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "deep-learning-3"  # that the zip unpacks to
RELEASE = "notebooks/homework/release/"
HOMEWORK = "notebooks/homework/"
LEFT_OUT = (HOMEWORK + "source/", HOMEWORK + "hidden/", "tests/homework/", ".ci/")


def contents(root: Path) -> dict[str, Path]:
    """The handout's files: name in the zip to path."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = [name for name in listed.split("\0") if name and (root / name).exists()]
    found = {name: root / name for name in names if not name.startswith(LEFT_OUT)}
    checks = study.checks(root).items()
    return found | {f"notebooks/{name}": path for name, path in checks}


def workbook(root: Path) -> dict[str, str]:
    """What `make study` would make of this course: name in the zip to content."""
    made = {name: nbformat.writes(copy) for name, copy in study.copies(root).items()}
    made |= {name: path.read_text("utf-8") for name, path in study.beside(root).items()}
    return {f"{study.WORKBOOK}/{name}": content for name, content in made.items()}


def pack(root: Path, target: Path) -> list[str]:
    """Write the zip: the same bytes for the same files. Returns the names in it."""
    files = contents(root)
    found = {n: (path.read_bytes(), path.stat().st_mode) for n, path in files.items()}
    found |= {n: (text.encode(), 0o100644) for n, text in workbook(root).items()}
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, (content, mode) in found.items():
            item = zipfile.ZipInfo(f"{FOLDER}/{name}")
            item.external_attr = mode << 16
            archive.writestr(item, content, zipfile.ZIP_DEFLATED)
    return list(found)


def main(arguments: list[str]) -> int:
    target = Path(arguments[0]) if arguments else ROOT / "dist" / "course.zip"
    try:
        names = pack(ROOT, target)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the handout is packed in a clone, of what git knows: {error}")
        return 1
    starters = sorted({n.split("/")[3] for n in names if n.startswith(RELEASE)})
    size = target.stat().st_size / 1e6
    print(f"{target}: {len(names)} files, {size:.0f} MB, with {', '.join(starters)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Pack the course for students: python -m tools.handout [course.zip]

What git knows goes in, without the homework's sources, hidden tests and tables of right
answers; of a source its checks.py does, beside the starter that it belongs to. In the
unpacked folder `make lab` works; `make test` lacks what was left out.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "deep-learning-3"  # that the zip unpacks to
SOURCE, RELEASE = "notebooks/homework/source/", "notebooks/homework/release/"
LEFT_OUT = (SOURCE, "notebooks/homework/hidden/", "tests/homework/", "drafts/", ".ci/")


def contents(root: Path) -> dict[str, Path]:
    """The handout's files: name in the zip to path."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = [name for name in listed.split("\0") if name and (root / name).exists()]
    found = {name: root / name for name in names if not name.startswith(LEFT_OUT)}
    checks = [n for n in names if n.startswith(SOURCE) and n.endswith("/checks.py")]
    return found | {name.replace(SOURCE, RELEASE): root / name for name in checks}


def pack(root: Path, target: Path) -> list[str]:
    """Write the zip: the same bytes for the same files. Returns the names in it."""
    files = contents(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name, path in files.items():
            item = zipfile.ZipInfo(f"{FOLDER}/{name}")
            item.external_attr = path.stat().st_mode << 16
            archive.writestr(item, path.read_bytes(), zipfile.ZIP_DEFLATED)
    return list(files)


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

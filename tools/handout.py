"""Pack the course for students: python tools/handout.py [course.zip]

What git knows goes in, without the homework's sources, hidden tests and tables of right
answers. In the unpacked folder `make lab` works; `make test` lacks what was left out.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = "deep-learning-3"  # that the zip unpacks to
LEFT_OUT = (
    "notebooks/homework/source/",
    "notebooks/homework/hidden/",
    "tests/homework/",
    "drafts/",
    ".ci/",
)


def contents(root: Path) -> list[Path]:
    """The files for students, relative to the root."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    names = subprocess.run(command, check=True, capture_output=True).stdout
    paths = [name for name in names.decode().split("\0") if name]
    return [
        Path(p) for p in paths if not p.startswith(LEFT_OUT) and (root / p).exists()
    ]


def pack(root: Path, target: Path) -> list[Path]:
    """Write the zip: the same bytes for the same files. Returns what is in it."""
    paths = contents(root)
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            item = zipfile.ZipInfo(f"{FOLDER}/{path.as_posix()}")
            item.compress_type = zipfile.ZIP_DEFLATED
            item.external_attr = (root / path).stat().st_mode << 16
            archive.writestr(item, (root / path).read_bytes())
    return paths


def main(arguments: list[str]) -> int:
    target = Path(*arguments[:1]) if arguments else ROOT / "dist" / "course.zip"
    try:
        paths = pack(ROOT, target)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the handout is packed in a clone, of what git knows: {error}")
        return 1
    starters = sorted({path.parts[3] for path in paths if "release" in path.parts})
    size = target.stat().st_size / 1e6
    print(f"{target}: {len(paths)} files, {size:.0f} MB, with {', '.join(starters)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

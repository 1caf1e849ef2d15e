"""Write requirements.txt and environment.yml from pyproject.toml; `make lock` runs it.

Versions that the lock has stay as they are, unless `--upgrade` is given.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.txt"
ENVIRONMENT = ROOT / "environment.yml"
UV = "uv==0.13.9"
BINDER_PYTHON = "3.12"
BROUGHT_BY_TORCH = re.compile(r"nvidia-|cuda-|triton\b")

LOCK_HEAD = """\
# The exact versions of everything, for Python 3.11 to 3.13; written by `make lock`
# from pyproject.toml. torch brings its own CUDA packages: they are not pinned.
"""
ENVIRONMENT_HEAD = f"""\
# What the notebooks need, for Linux on x86-64, with the versions of requirements.txt;
# written by `make lock`. Binder reads it, with apt.txt, postBuild and start.
name: lectures
channels:
  - conda-forge
dependencies:
  - python={BINDER_PYTHON}
  - pip
  - pip:
      - --extra-index-url https://download.pytorch.org/whl/cpu
"""


def resolve(*options: str) -> list[str]:
    """Return the pins that uv finds for pyproject.toml, without torch's own."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml"]
    command += ["--no-header", "--no-annotate", "--no-python-downloads", *options]
    found = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    pins = found.stdout.decode().splitlines()
    return [pin for pin in pins if not BROUGHT_BY_TORCH.match(pin)]


def lock(*options: str) -> list[str]:
    """Return the pins of every extra, for every Python and system."""
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder) / "requirements.txt"
        if LOCK.exists():
            shutil.copy(LOCK, known)
        every = ("--universal", "--python-version", "3.11", "--all-extras")
        return resolve(*every, "--output-file", str(known), *options)


def core() -> list[str]:
    """Return the pins of the core dependencies where Binder runs."""
    binder = (
        "--python-version",
        BINDER_PYTHON,
        "--python-platform",
        "x86_64-unknown-linux-gnu",
    )
    return resolve(*binder, "--constraints", str(LOCK))


def main() -> None:
    """Write both files; raises CalledProcessError when uv finds no solution."""
    if importlib.util.find_spec("uv") is None:
        install = [sys.executable, "-m", "pip", "install", "--quiet", UV]
        subprocess.run(install, check=True)
    LOCK.write_text(LOCK_HEAD + "\n".join(lock(*sys.argv[1:])) + "\n")
    pins = "".join(f"      - {pin}\n" for pin in core())
    ENVIRONMENT.write_text(ENVIRONMENT_HEAD + pins)
    print("requirements.txt and environment.yml agree with pyproject.toml again.")


if __name__ == "__main__":
    main()

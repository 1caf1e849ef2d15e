"""Write requirements.txt and environment.yml from pyproject.toml; `make lock` runs it.

Versions that the lock has stay as they are, unless `--upgrade` is given.
"""

import importlib.util
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.txt"
ENVIRONMENT = ROOT / "environment.yml"
UV = "uv==0.13.9"
BINDER_PYTHON = "3.12"
BROUGHT_BY_TORCH = re.compile(r"nvidia-|cuda-|triton\b")

# What follows is for the tools; no notebook can rest on it (see execute.py).
CLUSTER = "# Of the extra cluster alone:\n"
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


def resolve(*options: str) -> str:
    """The pins that uv finds for pyproject.toml, a line each, without torch's own."""
    command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml"]
    command += ["--no-header", "--no-annotate", "--no-python-downloads", *options]
    found = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    pins = found.stdout.decode().splitlines(keepends=True)
    return "".join(pin for pin in pins if not BROUGHT_BY_TORCH.match(pin))


def everything(*options: str) -> str:
    """The pins of every extra, for every Python and system; the cluster's own last."""
    wide = ("--universal", "--python-version", "3.11")
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder) / "requirements.txt"
        if LOCK.exists():
            shutil.copy(LOCK, known)
        pins = resolve(*wide, "--all-extras", "--output-file", str(known), *options)
        most = ("--extra", "site", "--extra", "test", "--constraints", str(known))
        others = resolve(*wide, *most)
    lines = others.splitlines()
    alone = [f"{pin}\n" for pin in pins.splitlines() if pin not in lines]
    return others + CLUSTER + "".join(alone)


def core() -> str:
    """The pins of the core dependencies where Binder runs."""
    system = ("--python-platform", "x86_64-unknown-linux-gnu")
    binder = ("--python-version", BINDER_PYTHON, *system)
    return resolve(*binder, "--constraints", str(LOCK))


def main(options: list[str]) -> None:
    """Write both files; raises CalledProcessError when uv finds no solution."""
    if importlib.util.find_spec("uv") is None:
        install = [sys.executable, "-m", "pip", "install", "--quiet", UV]
        subprocess.run(install, check=True)
    LOCK.write_text(LOCK_HEAD + everything(*options))
    ENVIRONMENT.write_text(ENVIRONMENT_HEAD + textwrap.indent(core(), "      - "))
    print("requirements.txt and environment.yml agree with pyproject.toml again.")


if __name__ == "__main__":
    main(sys.argv[1:])

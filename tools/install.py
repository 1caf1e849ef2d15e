"""Install the course into .venv: `python3 tools/install.py core` or `… test`.

Standard library only, and Python 3.6 understands it: any Python can say what is needed.
"""

import os
import shutil
import signal
import sys
from pathlib import Path
from subprocess import DEVNULL, SubprocessError, call, check_output

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK, PROJECT = ROOT / "requirements.txt", ROOT / "pyproject.toml"
VERSIONS = ["3.11", "3.12", "3.13"]
CANDIDATES = ["python3", "python3.13", "python3.12", "python3.11", "python"]
PROBE = "import ensurepip, sys; print('%d.%d' % sys.version_info[:2])"
MAKE_VENV = "import sys, venv; sys.tracebacklimit = 0; venv.main()"
# `make test` tries a cluster too: it is small.
PACKAGES = {"core": ".", "test": ".[test,cluster]", "site": ".[site]"}
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
NEEDED = """The course needs Python 3.11, 3.12 or 3.13 with venv; found: {}. Install one
(Debian and Ubuntu: sudo apt install python3-venv) and give the command again
(PYTHON=/path/to/python if it is not on the PATH)."""
ANNOUNCED = """Installing into .venv: 2 to 3 minutes on a fast network. Ctrl-C stops it;
the same command goes on. Disk space: {}."""
FAILED = """
The installation is not finished, for the reason above. With a network, space on the
disk and in /tmp (TORCH=cpu needs less), and the right to write here, the same command
goes on. There is no torch for Intel Macs and Alpine Linux: see README.md for Binder."""

CONSTRAINED = """
Your own settings of pip hold back versions: {}. Perhaps these do not go
with requirements.txt: unset them for this command (PIP_CONSTRAINT=, or
PIP_CONFIG_FILE=/dev/null)."""


def probe(python) -> str:
    """Return the version of a Python that can make a .venv, or an empty text."""
    try:
        return check_output([python, "-c", PROBE], stderr=DEVNULL).decode().strip()
    except (OSError, ValueError, SubprocessError):
        return ""


def choose_python(wanted: str) -> str:
    """Return the command of a suitable Python: `wanted`, or the first on the PATH."""
    found = []
    for name in [wanted] if wanted else CANDIDATES:
        version = probe(name)
        if version in VERSIONS:
            return name
        found += [f"{name} is Python {version}"] if version else []
    sys.exit(NEEDED.format(", ".join(found) or "none"))


def is_usable() -> bool:
    """Tell whether .venv was made whole, in this folder, by a suitable Python."""
    version = probe(PYTHON)
    pip = VENV.glob(f"lib/python{version}/site-packages/pip-*.dist-info/INSTALLER")
    homes = {stamp.read_bytes().split(b"\n")[0] for stamp in VENV.glob(".installed-*")}
    return version in VERSIONS and any(pip) and homes <= {bytes(ROOT)}


def small_torch(choice: str) -> list:
    """Return pip's arguments for torch's CPU build if it is, or once was, chosen."""
    if choice not in ("", "cpu"):
        sys.exit(f"TORCH={choice} is unknown; there is TORCH=cpu, the small torch.")
    chosen = choice or any(VENV.glob("lib/*/site-packages/torch-*+cpu.dist-info"))
    if not chosen or sys.platform != "linux":
        return []
    # Said with +cpu, or an unreachable index would quietly bring the 6 GB.
    pin = next(pin for pin in LOCK.read_text().split() if pin.startswith("torch=="))
    return ["--upgrade", "--extra-index-url", CPU_INDEX, pin + "+cpu", "torchvision"]


def run(*command) -> None:
    """Run a command that says itself how it goes; end with a sentence if it fails."""
    if call(command, cwd=ROOT, env=dict(os.environ, PIP_USER="0", PIP_NO_INPUT="1")):
        sys.exit(FAILED + constraints())


def constraints() -> str:
    """Tell of a user's own constraints, which pip's reason does not name as theirs."""
    try:
        command = [PYTHON, "-m", "pip", "config", "list"]
        said = check_output(command, stderr=DEVNULL, timeout=10)
    except (OSError, SubprocessError):
        return ""
    lines = said.decode(errors="replace").split("\n")
    found = [line.strip() for line in lines if "constraint" in line]
    return CONSTRAINED.format(", ".join(found)) if found else ""


def forget_unfinished() -> None:
    """Remove what an interrupted pip left, or the next one takes it for installed."""
    for path in VENV.glob("lib/*/site-packages/*"):
        # pip writes INSTALLER after a package's files, and removes a package as ~….
        half = path.suffix == ".dist-info" and not (path / "INSTALLER").exists()
        if half or path.name.startswith("~"):
            shutil.rmtree(path, ignore_errors=True)


def install(extra: str) -> None:
    """Bring .venv to what pyproject.toml and requirements.txt say."""
    if VENV.is_symlink():
        sys.exit(".venv is a symbolic link: rm .venv, then give the command again.")
    torch = small_torch(os.environ.get("TORCH", ""))
    if not is_usable():
        python = choose_python(os.environ.get("PYTHON", ""))
        full = sys.platform == "linux" and not torch
        size = "6 GB (without an NVIDIA GPU, TORCH=cpu: 1.5 GB)" if full else "1.5 GB"
        print(ANNOUNCED.format(size), flush=True)
        shutil.rmtree(PYTHON.parent, ignore_errors=True)  # half cleared is not usable
        run(python, "-c", MAKE_VENV, "--clear", VENV)
    parts = [bytes(ROOT), repr(torch).encode(), LOCK.read_bytes(), PROJECT.read_bytes()]
    finished = b"\n".join(parts)
    stamps = [VENV / f".installed-{name}" for name in {"core", extra}]
    stale = [s for s in stamps if not s.exists() or s.read_bytes() != finished]
    if not stale:
        return
    forget_unfinished()
    for stamp in stale:
        stamp.write_bytes(bytes(ROOT))
    run(PYTHON, "-m", "pip", "install", "-c", LOCK, "-e", PACKAGES[extra], *torch)
    for stamp in stale:
        stamp.write_bytes(finished)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: None)  # pip hears Ctrl-C and cleans up
    try:
        install(sys.argv[1])
    except OSError as error:
        sys.exit(f"{error}{FAILED}")

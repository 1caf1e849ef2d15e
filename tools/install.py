"""Install the course into .venv: `python3 tools/install.py core` or `… test`.

make runs it before each target; it returns at once when nothing is to be done. PYTHON
and TORCH are read from the environment, where make puts them. Standard library only,
and Python 3.6 understands it: it must reach the sentence that says what is needed.
"""

import contextlib
import os
import platform
import re
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path
from subprocess import DEVNULL, PIPE, STDOUT
from typing import List, Optional, Tuple

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SOURCES = [ROOT / "requirements.txt", ROOT / "pyproject.toml"]
OLDEST, NEWEST = (3, 11), (3, 13)
CANDIDATES = ["python3", "python3.13", "python3.12", "python3.11"]
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE = (
    "import sys, importlib.util as u; "
    "print(*sys.version_info[:2], u.find_spec('ensurepip') is not None)"
)
# What pip prints when it fails, and what to say then; the first match counts.
CAUSES = {
    r"No space left|Errno 28|[Qq]uota exceeded": (
        "The disk is full: free some space (TMPDIR names another place for temporary"
        " files) and give the command again; on Linux TORCH=cpu needs the least."
    ),
    r"NewConnectionError|NameResolutionError|TimeoutError|Connection\w*Error"
    r"|connection broken|Max retries exceeded|Network is unreachable|SSLError"
    r"|ProxyError|ProtocolError|IncompleteRead|Read timed out"
    r"|requirement (?!torch)\S+ \(from versions: none\)": (
        "The network is missing: the package index could not be reached. Connect to the"
        " Internet (is there a proxy to set?) and give the command again."
    ),
    r"No matching distribution found for torch": (
        "There is no torch for this computer: it needs Linux (not Alpine), a Mac with"
        " Apple silicon or 64-bit Windows. README.md has a way by browser."
    ),
    r"Permission denied|Errno 13|Read-only file system|Errno 30": (
        "The folder of the course cannot be written to: copy it to a place of yours and"
        " give the command there."
    ),
}


class Plain(Exception):
    """A failure that one sentence explains to the person at the keyboard."""


def explain(output: str) -> str:
    """Return the sentence for what pip or the system printed when it failed."""
    for pattern, sentence in CAUSES.items():
        if re.search(pattern, output):
            return sentence
    errors = re.findall(r"^ *ERROR: (.+)", output, re.M) or output.split("\n")[-1:]
    return f"The installation failed: {errors[-1]}"


def probe(command: str) -> Tuple[Tuple[int, ...], bool]:
    """Return a Python's version, () if it does not run, and if it has ensurepip."""
    try:
        answer = subprocess.check_output([command, "-c", PROBE], stderr=DEVNULL)
        major, minor, ensurepip = answer.split()
        return (int(major), int(minor)), ensurepip == b"True"
    except (OSError, subprocess.CalledProcessError, ValueError):
        return (), False


def choose_python(wanted: str, probe=probe) -> str:
    """Return the command of a suitable Python: `wanted`, or the first on the PATH.

    Raises Plain when there is none, with what was found instead.
    """
    found, bare = [], ""
    for name in [wanted] if wanted else CANDIDATES:
        version, can_make_environments = probe(name)
        if version:
            found.append("{} is Python {}.{}".format(name, *version))
        if OLDEST <= version <= NEWEST:
            if can_make_environments:
                return name
            bare = bare or "{}.{}".format(*version)
    if bare:
        raise Plain(
            f"Python {bare} is here, but cannot make environments. On Debian and"
            f" Ubuntu: sudo apt install python{bare}-venv, then the command again."
        )
    seen = ", ".join(found) or f"{wanted or 'python3'}, which does not run"
    raise Plain(
        f"The course needs Python 3.11, 3.12 or 3.13; found: {seen}. Install one and"
        " give the command again (PYTHON=/path/to/python if it is not on the PATH)."
    )


def site_packages(pattern: str) -> List[Path]:
    """Return what matches a pattern among the packages of .venv."""
    return list(VENV.glob("lib/python3*/site-packages/" + pattern))


def why_unusable() -> str:
    """Return why .venv cannot be kept, or an empty text."""
    try:
        settings = (VENV / "pyvenv.cfg").read_text()
    except OSError:
        return "missing"
    version = re.search(r"^version\w* *= *(\d+)\.(\d+)", settings, re.M)
    if not version or not OLDEST <= tuple(map(int, version.groups())) <= NEWEST:
        return "made by an unsuitable Python"
    if not (VENV / "bin" / "python").exists():
        return "made by a Python that is gone"
    if not site_packages("pip"):
        return "unfinished"
    homes = {stamp.read_text() for stamp in VENV.glob(".installed-*")}
    return "" if homes <= {str(ROOT)} else "made in another folder"


def stamp(extra: str) -> Path:
    """Return the file that says that an extra is installed, and in which folder."""
    return VENV / f".installed-{extra}"


def is_current(extra: str, cpu: bool) -> bool:
    """Tell whether an extra was installed after its versions were last changed."""
    if not stamp(extra).exists() or (cpu and not has_cpu_torch()):
        return False
    newest = max(path.stat().st_mtime for path in SOURCES)
    return stamp(extra).stat().st_mtime >= newest


def has_cpu_torch() -> bool:
    """Tell whether the torch of .venv is the CPU-only build for Linux."""
    return bool(site_packages("torch-*+cpu.dist-info"))


def wants_cpu(torch: str) -> bool:
    """Tell whether torch's CPU-only build is to be installed; raises Plain.

    Only Linux has the choice. What was chosen once stays chosen.
    """
    if torch not in ("", "cpu"):
        raise Plain(
            f"TORCH={torch} is unknown: leave it out for the standard torch, or say"
            " TORCH=cpu for the smaller one without GPU support."
        )
    return sys.platform == "linux" and (torch == "cpu" or has_cpu_torch())


def announce(extra: str, unusable: str, cpu: bool) -> None:
    """Say what is about to be installed, how big it is and how long it takes."""
    if not unusable and is_current("core", cpu):
        print("Adding the test tools to .venv: 0.2 GB, half a minute.", flush=True)
        return
    if not unusable and stamp("core").exists():
        print("Bringing .venv up to date with requirements.txt.", flush=True)
        return
    full = sys.platform == "linux" and not cpu
    size = "6 GB (3.2 GB to download)" if full else "1.5 GB (0.5 GB to download)"
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    print(f"Installing the course into .venv (it is {unusable or 'unfinished'}).")
    print(
        f"  Once only; it takes {size} of the {free:.0f} GB that are free, and 2 to 3"
    )
    print("  minutes on a fast network. Ctrl-C stops it; the same command goes on.")
    if full and not shutil.which("nvidia-smi"):
        print("  No NVIDIA GPU was found: the first choice is the same command with")
        print("  TORCH=cpu, which takes 1.5 GB.")
    sys.stdout.flush()


def create(python: str) -> None:
    """Make an empty .venv in place of what is there; raises Plain."""
    command = [python, "-m", "venv", "--clear", str(VENV)]
    made = subprocess.Popen(command, stdout=PIPE, stderr=STDOUT)
    output = made.communicate()[0].decode("utf-8", "replace")
    if made.returncode:
        raise Plain(explain(output.strip()))


def forget_unfinished() -> None:
    """Remove what an interrupted pip left, or the next pip takes it for installed.

    pip writes INSTALLER after a package's files, and renames what it removes to ~….
    """
    for folder in site_packages("*.dist-info"):
        if not (folder / "INSTALLER").exists():
            shutil.rmtree(str(folder))
    for leftover in site_packages("~*"):
        shutil.rmtree(str(leftover), ignore_errors=True)


def pip_command(extra: str, cpu: bool) -> List[str]:
    """Return the command that installs the package, with the versions of the lock."""
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install"]
    command += ["-c", "requirements.txt"]
    command += ["-e", "." if extra == "core" else f".[{extra}]"]
    if cpu:
        # Said with +cpu, or an unreachable index would quietly bring the 6 GB; only
        # torch is called so for ARM.
        named = "torch(?:vision)?" if platform.machine() == "x86_64" else "torch"
        pins = re.findall(rf"^{named}==[\w.]+", SOURCES[0].read_text(), re.M)
        command += ["--extra-index-url", CPU_INDEX] + [pin + "+cpu" for pin in pins]
    return command


def step(line: str) -> Optional[str]:
    """Return what a line of pip's output says in a few words, if it is a step."""
    if line.startswith("Installing collected packages"):
        return f"installing {line.count(',') + 1} packages"
    name = re.match(r" *(Collecting|Requirement already satisfied:) ([\w.-]+)", line)
    if name:
        return "looking at " + name.group(2)
    wheel = re.match(r" *(Downloading|Using cached) (\S+?-.+?)-.*(\(.+\))", line)
    return "{} {} {}".format(*wheel.groups()) if wheel else None


def show(clock: float, latest: str, terminal: bool) -> None:
    """Show the latest step and the time it is: on one line of a terminal."""
    text = "  {}:{:02d}  {}".format(*divmod(int(clock), 60), latest)[:78]
    print("\r\033[K" + text if terminal else text, end="" if terminal else "\n")
    sys.stdout.flush()


def follow(pipe: int, log) -> str:
    """Return all that pip says; meanwhile log it and show the latest step."""
    start = shown = time.monotonic()
    terminal, latest, said, rest = sys.stdout.isatty(), "starting pip", b"", b"\n"
    while rest:
        if select.select([pipe], [], [], 0.5)[0]:
            rest = os.read(pipe, 65536)
            said += rest
            with contextlib.suppress(OSError):  # the disk may be full
                log.write(rest)
            for line in rest.decode("utf-8", "replace").splitlines():
                latest = step(line) or latest
        now = time.monotonic()
        if now - shown >= (0.5 if terminal else 10):
            show(now - start, latest, terminal)
            shown = now
    print("\r\033[K" if terminal else "", end="", flush=True)
    return said.decode("utf-8", "replace")


def run_pip(command: List[str]) -> None:
    """Run pip, its whole output in .venv/install.log; raises Plain when it fails."""
    settings = {"PIP_RETRIES": "2", "PIP_DEFAULT_TIMEOUT": "15"}
    settings.update(os.environ, PIP_USER="0", PIP_NO_INPUT="1", PYTHONUNBUFFERED="1")
    with (VENV / "install.log").open("wb", buffering=0) as log:
        pip = subprocess.Popen(
            command, cwd=str(ROOT), env=settings, stdout=PIPE, stderr=STDOUT
        )
        try:
            said = follow(pip.stdout.fileno(), log)
        except KeyboardInterrupt:
            pip.terminate()
            raise
        finally:
            status = pip.wait()
    if status:
        raise Plain(explain(said) + "\nAll that pip said is in .venv/install.log.")


def install(extra: str) -> None:
    """Bring .venv to what pyproject.toml and requirements.txt say; raises Plain."""
    cpu = wants_cpu(os.environ.get("TORCH", ""))
    unusable = why_unusable()
    if not unusable and is_current(extra, cpu):
        return
    python = choose_python(os.environ.get("PYTHON", "")) if unusable else ""
    announce(extra, unusable, cpu)
    start = time.monotonic()
    if unusable:
        create(python)
    forget_unfinished()
    extras = ["core"] if extra == "core" else ["core", extra]
    for name in extras:
        if stamp(name).exists() and not is_current(name, cpu):
            stamp(name).unlink()
    run_pip(pip_command(extra, cpu))
    for name in extras:
        stamp(name).write_text(str(ROOT))
    print(f"Installed in {time.monotonic() - start:.0f} seconds.", flush=True)


def main() -> int:
    """Install what the command line names; return the exit status."""
    try:
        install(sys.argv[1])
    except Plain as failure:
        sentence, status = str(failure), 1
    except OSError as failure:
        sentence, status = explain(str(failure)), 1
    except KeyboardInterrupt:
        sentence, status = "Stopped. The same command goes on from here.", 130
    else:
        return 0
    print("\n" + sentence, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())

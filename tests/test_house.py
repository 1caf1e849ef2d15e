"""The house: files that must agree, the installer's decisions, the first commands."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
MAKE = shutil.which("make") or "make"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LOCK = (ROOT / "requirements.txt").read_text(encoding="utf-8")
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
PIP_SECTION = CONDA["dependencies"][-1]["pip"]
BROUGHT_BY_TORCH = re.compile(r"nvidia-|cuda-|triton\b")
PYTHONS = ["3.11", "3.12", "3.13"]
SYSTEMS = {
    "linux": {"os_name": "posix", "platform_machine": "x86_64"},
    "darwin": {"os_name": "posix", "platform_machine": "arm64"},
    "win32": {"os_name": "nt", "platform_machine": "AMD64"},
}


def requirements(*extras: str) -> list[Requirement]:
    """Return the dependencies of pyproject.toml: the core, then those of extras."""
    lines = list(PROJECT["project"]["dependencies"])
    for extra in extras:
        lines += PROJECT["project"]["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def surroundings(python: str, system: str) -> dict[str, str]:
    """Return the values that markers are evaluated with."""
    names = {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}
    return {
        "python_version": python,
        "python_full_version": f"{python}.9",
        "sys_platform": system,
        "platform_system": names[system],
        **SYSTEMS[system],
    }


def locked(python: str, system: str) -> dict[str, str]:
    """Return the version of each package that the lock has for a Python and system."""
    where, versions = surroundings(python, system), {}
    for line in LOCK.splitlines():
        if line.startswith("#"):
            continue
        pin = Requirement(line)
        if pin.marker is None or pin.marker.evaluate(where):
            assert pin.name not in versions, f"{pin.name} is pinned twice"
            versions[pin.name] = str(pin.specifier).removeprefix("==")
    return versions


def needed(start: list[Requirement], where: dict[str, str]) -> set[str]:
    """Return the names of all that `start` needs, by what is installed here."""
    names, queue = set(), [(item.name, frozenset(item.extras)) for item in start]
    seen = set(queue)
    while queue:
        name, extras = queue.pop()
        names.add(canonicalize_name(name))
        for line in metadata.requires(name) or []:
            item = Requirement(line)
            holds = item.marker is None or any(
                item.marker.evaluate({**where, "extra": extra})
                for extra in ("", *extras)
            )
            key = (canonicalize_name(item.name), frozenset(item.extras))
            if holds and key not in seen and not BROUGHT_BY_TORCH.match(key[0]):
                seen.add(key)
                queue.append(key)
    return names


# Versions


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_the_lock_pins_every_dependency_inside_its_range(python, system):
    versions = locked(python, system)
    for item in requirements(*PROJECT["project"]["optional-dependencies"]):
        assert item.specifier.contains(versions[canonicalize_name(item.name)]), item


def test_the_lock_leaves_cuda_to_torch_and_names_no_place():
    pins = [line for line in LOCK.splitlines() if not line.startswith("#")]
    assert all(re.match(r"[a-z0-9-]+==[\w.]+( ; |$)", pin) for pin in pins)
    assert not [pin for pin in pins if BROUGHT_BY_TORCH.match(pin)]


def test_torch_torchvision_and_setuptools_are_exact():
    exact = {item.name: str(item.specifier) for item in requirements()}
    versions = locked("3.11", "linux")
    for name in ("torch", "torchvision"):
        assert exact[name] == f"=={versions[name]}"
    # postBuild builds without isolation: torch brings the same setuptools.
    setuptools = f"setuptools=={versions['setuptools']}"
    assert PROJECT["build-system"]["requires"] == [setuptools]


def test_binder_has_the_core_of_the_lock():
    assert CONDA["channels"] == ["conda-forge"]
    python = CONDA["dependencies"][0].removeprefix("python=")
    assert python in PYTHONS
    versions = dict(pin.split("==") for pin in PIP_SECTION[1:])
    everything = locked(python, "linux")
    assert versions.items() <= everything.items()
    assert set(versions) == needed(requirements(), surroundings(python, "linux"))


def test_binder_and_make_take_torch_from_the_same_place(install):
    assert PIP_SECTION[0] == f"--extra-index-url {install.CPU_INDEX}"
    assert not any(str(item).startswith("-e") for item in PIP_SECTION)


# The public address


SLUG = urlsplit(PROJECT["project"]["urls"]["Repository"]).path.strip("/")
SPEAKING_OF_US = ["README.md", "CONTRIBUTING.md", "data/*.md", "notebooks/**/*.ipynb"]
SPEAKING_OF_US += [f"site/**/*.{kind}" for kind in ("md", "py", "ipynb", "html")]


def is_stale(link: str, slug: str = SLUG) -> bool:
    """Tell whether a link means this collection, under another address than `slug`."""
    host, path = urlsplit(link).netloc, urlsplit(link).path
    if host == "mybinder.org":
        return not path.startswith((f"/v2/gh/{slug}/", "/badge"))
    places = ("github.com", "raw.githubusercontent.com", "nbviewer.org")
    if host.removeprefix("www.") not in (*places, "colab.research.google.com"):
        return False
    parts = path.strip("/").removeprefix("github/").removesuffix(".git").split("/")
    owner, name = (*parts, "", "")[:2]
    means_us = owner == "ORG" or name in ("REPO", slug.split("/")[1])
    return means_us and f"{owner}/{name}" != slug


def test_every_link_has_the_address_of_pyproject():
    assert not is_stale(PROJECT["project"]["urls"]["Binder"])
    stale = []
    for path in (path for pattern in SPEAKING_OF_US for path in ROOT.glob(pattern)):
        text = path.read_text(encoding="utf-8")
        links = re.findall(r"https?://[^\s\"'`<>()\[\]\\]+", text)
        stale += [f"{path.name}: {link}" for link in links if is_stale(link)]
    assert not stale, "the address is the one of pyproject.toml: " + ", ".join(stale)


@pytest.mark.parametrize(
    ("link", "stale"),
    [
        ("https://github.com/ada/nets/blob/main/README.md", False),
        ("https://github.com/ada/nets.git", False),
        ("https://github.com/ORG/REPO", True),
        ("https://github.com/bob/nets/issues", True),
        ("https://github.com/kimiyoung/planetoid", False),
        ("https://mybinder.org/v2/gh/ada/nets/main?urlpath=lab", False),
        ("https://mybinder.org/v2/gh/ORG/REPO/main", True),
        ("https://mybinder.org/v2/gh/ada/nets2/main", True),
        ("https://mybinder.org/badge_logo.svg", False),
        ("https://colab.research.google.com/github/bob/nets/blob/main/a.ipynb", True),
    ],
)
def test_a_stale_link_is_seen(link, stale):
    assert is_stale(link, "ada/nets") is stale


# Binder and CI


@pytest.mark.parametrize("name", ["postBuild", "start", ".ci/run"])
def test_scripts_are_strict_and_executable(name):
    script = ROOT / name
    assert "set -euo pipefail" in script.read_text(encoding="utf-8")
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def test_start_hands_over_to_its_command():
    command = [ROOT / "start", "printf", "%s|", "jupyter", "lab  here"]
    assert subprocess.check_output(command) == b"jupyter|lab  here|"
    given = {**os.environ, "JUPYTER_CONFIG_PATH": "/mine"}
    command = [ROOT / "start", "sh", "-c", 'printf "$JUPYTER_CONFIG_PATH"']
    found = subprocess.check_output(command, env=given, text=True)
    assert found == f"{ROOT}/tools/jupyter:/mine"


@pytest.mark.skipif(
    not shutil.which("jupyter-repo2docker"), reason="jupyter-repo2docker is not here"
)
def test_binder_understands_the_files():
    command = ["jupyter-repo2docker", "--no-build", "--debug", "--user-id", "1000"]
    command += ["--user-name", "jovyan", ROOT]
    said = subprocess.check_output(command, stderr=subprocess.STDOUT, text=True)
    for part in ("apertium-eng-spa", "environment.yml", "./postBuild", "/start"):
        assert part in said


# The installer's decisions


@pytest.fixture
def house(tmp_path):
    """A copy of what make needs, in a folder with a blank in its name."""
    folder = tmp_path / "My Courses"
    for name in ("Makefile", "pyproject.toml", "requirements.txt", "tools/install.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture
def install(house):
    """The installer of that copy, as a module."""
    path = house / "tools" / "install.py"
    spec = importlib.util.spec_from_file_location("install", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def venv(house):
    """Something that looks like a .venv of Python 3.12, without anything in it."""
    folder = house / ".venv"
    (folder / "lib/python3.12/site-packages/pip").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text("home = /usr/bin\nversion = 3.12.1\n")
    script(folder / "bin" / "python", "exit 0")
    return folder


def script(path: Path, body: str) -> None:
    """Write a small executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def make(folder: Path, *words: str, **environment: str) -> tuple[int, str, float]:
    """Run make; return its status, what it said and the seconds it took."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("PIP_", "MAKE"))}
    start = time.monotonic()
    done = subprocess.run(
        [MAKE, *words],
        cwd=folder,
        env={**clean, "PYTHON": "", "TORCH": "", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode, done.stdout, time.monotonic() - start


@pytest.mark.parametrize(
    ("wanted", "here", "chosen"),
    [
        ("", {"python3": (3, 12)}, "python3"),
        ("", {"python3": (3, 8), "python3.11": (3, 11)}, "python3.11"),
        ("", {"python3": (3, 14), "python3.13": (3, 13)}, "python3.13"),
        ("/opt/py", {"python3": (3, 12), "/opt/py": (3, 13)}, "/opt/py"),
    ],
)
def test_a_suitable_python_is_found(install, wanted, here, chosen):
    def probe(name):
        return here.get(name, ()), True

    assert install.choose_python(wanted, probe) == chosen


@pytest.mark.parametrize(
    ("wanted", "here", "sentence"),
    [
        ("", {"python3": (3, 8)}, "needs Python 3.11.*found: python3 is Python 3.8"),
        ("", {"python3": (3, 14)}, "3.11, 3.12 or 3.13; found: python3 is Python 3.14"),
        ("", {}, "python3, which does not run"),
        ("py", {"py": (3, 10), "python3": (3, 12)}, "found: py is Python 3.10"),
        ("py", {"python3": (3, 12)}, "py, which does not run"),
    ],
)
def test_no_suitable_python_is_said(install, wanted, here, sentence):
    with pytest.raises(install.Plain, match=sentence):
        install.choose_python(wanted, lambda name: (here.get(name, ()), True))


def test_a_python_without_venv_is_passed_over_or_said(install):
    def probe(name):
        here = {"python3": ((3, 11), False), "python3.12": ((3, 12), True)}
        return here.get(name, ((), False))

    assert install.choose_python("", probe) == "python3.12"
    with pytest.raises(install.Plain, match=r"apt install python3\.11-venv"):
        install.choose_python("python3", probe)


def test_a_python_is_asked_for_its_version(install, tmp_path):
    assert install.probe(sys.executable) == (sys.version_info[:2], True)
    script(tmp_path / "broken", "echo 'command not found' >&2; exit 127")
    script(tmp_path / "chatty", "echo Python 3.12 here")
    for command in ("broken", "chatty", "absent"):
        assert install.probe(str(tmp_path / command)) == ((), False)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (
            "ERROR: Could not install: [Errno 28] No space left on device",
            "disk is full",
        ),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError('<pip>')'"
            ": /simple/torch/\nERROR: No matching distribution found for torch==2.14.1",
            "network is missing",
        ),
        (
            "ERROR: Could not find a version that satisfies the requirement"
            " setuptools==84.2.1 (from versions: none)",
            "network is missing",
        ),
        ("pip._vendor.urllib3.exceptions.ReadTimeoutError: Read", "network is missing"),
        (
            "ERROR: No matching distribution found for torch==2.14.1",
            "no torch for this",
        ),
        ("PermissionError: [Errno 13] Permission denied: '.venv'", "cannot be written"),
        ("WARNING: odd\nERROR: Resolution impossible", "failed: Resolution impossible"),
        ("Error: something else", "failed: Error: something else"),
    ],
)
def test_what_pip_says_becomes_a_sentence(install, said, sentence):
    assert sentence in install.explain(said)


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("Collecting numpy<3,>=2.4 (from lectures-lib==0.1.0)", "looking at numpy"),
        ("Requirement already satisfied: six in ./x (1)", "looking at six"),
        (
            "  Downloading torch-2.14.1-cp311-cp311-manylinux_2_28.whl (870.2 MB)",
            "Downloading torch-2.14.1 (870.2 MB)",
        ),
        ("Installing collected packages: a, b, c", "installing 3 packages"),
        ("  Preparing metadata (pyproject.toml): started", None),
        ("", None),
    ],
)
def test_the_steps_of_pip_are_shown_short(install, line, step):
    assert install.step(line) == step


def test_a_good_environment_is_kept(install, venv):
    assert install.why_unusable() == ""


def test_an_unusable_environment_is_named(install, venv):
    shutil.rmtree(venv / "lib/python3.12/site-packages/pip")
    assert install.why_unusable() == "unfinished"
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/nowhere/python3.12")
    assert install.why_unusable() == "made by a Python that is gone"
    (venv / "pyvenv.cfg").write_text("version = 3.10.13\n")
    assert install.why_unusable() == "made by an unsuitable Python"
    shutil.rmtree(venv)
    assert install.why_unusable() == "missing"


def test_a_moved_folder_gets_a_new_environment(install, venv):
    install.stamp("core").write_text("/somewhere/else")
    assert install.why_unusable() == "made in another folder"


def test_an_environment_older_than_the_lock_is_not_current(install, venv):
    assert not install.is_current("core", cpu=False)
    install.stamp("core").write_text(str(install.ROOT))
    assert install.is_current("core", cpu=False)
    assert not install.is_current("test", cpu=False)
    later = time.time() + 60
    os.utime(install.ROOT / "requirements.txt", (later, later))
    assert not install.is_current("core", cpu=False)


def test_torch_for_the_cpu_is_asked_for_by_name(install, monkeypatch):
    monkeypatch.setattr(install.platform, "machine", lambda: "x86_64")
    version = locked("3.12", "linux")["torch"]
    command = install.pip_command("test", cpu=True)
    assert {f"torch=={version}+cpu", install.CPU_INDEX, ".[test]"} <= set(command)
    assert not any("+cpu" in word for word in install.pip_command("core", cpu=False))


def test_torch_for_the_cpu_stays_chosen(install, venv, monkeypatch):
    monkeypatch.setattr(install.sys, "platform", "linux")
    install.stamp("core").write_text(str(install.ROOT))
    assert install.wants_cpu("cpu") and not install.wants_cpu("")
    assert not install.is_current("core", cpu=True)
    (venv / "lib/python3.12/site-packages/torch-2.14.1+cpu.dist-info").mkdir()
    assert install.wants_cpu("") and install.is_current("core", cpu=True)
    monkeypatch.setattr(install.sys, "platform", "darwin")
    assert not install.wants_cpu("cpu")


def test_what_an_interrupted_pip_left_is_removed(install, venv):
    packages = venv / "lib/python3.12/site-packages"
    for name in ("whole-1.dist-info", "half-1.dist-info", "~orch", "whole"):
        (packages / name).mkdir()
    (packages / "whole-1.dist-info" / "INSTALLER").write_text("pip\n")
    install.forget_unfinished()
    assert {path.name for path in packages.iterdir()} == {
        *("pip", "whole", "whole-1.dist-info")
    }


# The first commands


def test_make_lists_its_targets():
    status, said, _ = make(ROOT)
    public = set(re.findall(r"^([a-z]+):.* ##", (ROOT / "Makefile").read_text(), re.M))
    assert status == 0
    assert public >= {"lab", "test", "execute", "lock"}
    assert public == set(re.findall(r"^  make ([a-z]+) ", said, re.M))


def test_make_with_an_old_python_says_what_is_needed(house, tmp_path):
    answer = f'case "$1" in -c) echo 3 8 True;; *) exec "{sys.executable}" "$@";; esac'
    script(tmp_path / "bin" / "python3", answer)
    status, said, seconds = make(house, "lab", PATH=str(tmp_path / "bin"))
    assert status and seconds < 2
    assert "needs Python 3.11, 3.12 or 3.13; found: python3 is Python 3.8." in said
    assert "Traceback" not in said and not (house / ".venv").exists()


def test_make_without_any_python_says_what_is_needed(house, tmp_path):
    status, said, _ = make(house, "test", PATH=str(tmp_path))
    assert status
    assert "The course needs Python 3.11, 3.12 or 3.13, and no Python is on" in said


def test_make_with_an_unknown_torch_says_what_there_is(house):
    status, said, _ = make(house, "lab", TORCH="gpu")
    assert status
    assert "TORCH=gpu is unknown" in said and "TORCH=cpu" in said


def test_make_without_network_says_so(house):
    closed = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    closed |= {"PIP_CONFIG_FILE": os.devnull, "PYTHON": sys.executable}
    status, said, seconds = make(house, "lab", **closed)
    assert status and seconds < 40
    assert "6 GB" in said or "1.5 GB" in said
    assert "The network is missing" in said and "Traceback" not in said
    assert "127.0.0.1" in (house / ".venv" / "install.log").read_text(encoding="utf-8")
    assert not list((house / ".venv").glob(".installed-*"))


def test_an_interrupted_install_is_taken_up_again(house, venv, install):
    calls = venv / "calls"
    script(venv / "bin" / "python", f'echo "$@" >> "{calls}"; exec sleep 60')
    command = [sys.executable, house / "tools" / "install.py", "core"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        while not (calls.exists() and calls.read_text()):
            time.sleep(0.02)
        running.send_signal(signal.SIGINT)
        assert "goes on from here" in running.stderr.read()
    assert running.returncode == 130
    assert not install.is_current("core", cpu=False)

    script(venv / "bin" / "python", f'echo "$@" >> "{calls}"')
    for _ in range(2):
        subprocess.run(command, check=True, env={**os.environ, "TORCH": ""})
    assert install.is_current("core", cpu=False)
    assert calls.read_text().count("-m pip install -c requirements.txt -e .") == 2


def test_make_starts_at_once_when_all_is_there(house, venv, install):
    for name in ("core", "test"):
        install.stamp(name).write_text(str(install.ROOT))
    for name in ("jupyter", "ruff", "python"):
        script(venv / "bin" / name, f'echo "{name}: $*"')
    configured = 'echo "jupyter: configured by ${JUPYTER_CONFIG_PATH#$PWD/}"'
    script(venv / "bin" / "jupyter", f'echo "jupyter: $*"\n{configured}')
    script(house / "notebooks" / "my own copy.ipynb", "{}")
    status, said, seconds = make(house, "lab")
    assert status == 0 and seconds < 2
    assert "jupyter: trust notebooks/my own copy.ipynb" in said
    assert re.search(r"jupyter: lab .*notebooks/00_start_here\.ipynb", said)
    assert "jupyter: configured by tools/jupyter" in said
    assert "trust" not in make(house, "lab")[1]
    status, said, seconds = make(house, "test")
    assert status == 0 and seconds < 2
    assert re.findall(r"^\w+: .*", said, re.M) == [
        "ruff: format --check .",
        "ruff: check .",
        "python: -m pytest -n 2 --dist loadfile",
    ]

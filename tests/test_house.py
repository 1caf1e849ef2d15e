"""The house: files that must agree, the installer's decisions, the first commands."""

import ast
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

import nbformat
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
ODD = "$HOME `x` \"b\\ #;&~:' "  # each means something to a shell, or to Jupyter


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


@pytest.mark.parametrize("name", ["README.md", "site/teaching.md"])
def test_commands_in_prose_install_the_torch_of_the_lock(name):
    versions, text = locked("3.12", "linux"), (ROOT / name).read_text(encoding="utf-8")
    for package in ("torch", "torchvision"):
        named = re.findall(rf"\b{package}==([\d.]+)\+cpu", text)
        assert set(named) == {versions[package]}


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


# What a program must not do with what comes from outside


PROGRAMS = [*(ROOT / "lectures_lib").rglob("*.py"), *(ROOT / "tools").rglob("*.py")]
PROGRAMS += [*(ROOT / "benchmarks").glob("*.py"), *(ROOT / "data").glob("*.py")]
RUN_TEXT = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
RUN_TEXT |= {"subprocess.getoutput", "subprocess.getstatusoutput", "yaml.load"}
RUN_TEXT |= {"pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load"}


def dangers(code: str) -> list[str]:
    """The calls in a program that run a text, or what a file brings along."""
    found = []
    for call in (n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.Call)):
        name = ast.unparse(call.func)
        given = {word.arg: ast.unparse(word.value) for word in call.keywords}
        bad = name in RUN_TEXT or given.get("shell", "False") != "False"
        bad |= name == "torch.load" and given.get("weights_only") != "True"
        bad |= given.get("allow_pickle", "False") != "False"
        found += [f"line {call.lineno}: {ast.unparse(call)}"] if bad else []
    return found


def test_no_program_runs_what_comes_from_outside():
    notebooks = [*(ROOT / "notebooks").glob("*.ipynb")]
    cells = [c for path in notebooks for c in nbformat.read(path, 4).cells]
    codes = {f"cell {c.id}": c.source for c in cells if c.cell_type == "code"}
    assert len(PROGRAMS) > 60 and len(codes) > 300
    codes |= {str(path): path.read_text(encoding="utf-8") for path in PROGRAMS}
    found = {name: dangers(code) for name, code in codes.items()}
    # The course's own lines, in the order of the numbers that a student gives.
    ours = found.pop(str(ROOT / "lectures_lib" / "homework" / "comparisons.py"))
    assert [line.split(": ")[1][:4] for line in ours] == ["exec", "comp"]
    assert not {name: calls for name, calls in found.items() if calls}


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("eval(text)", True),
        ("net.eval()", False),
        ("exec(compile(text, '', 'exec'))", True),
        ("subprocess.run(command, shell=True)", True),
        ("subprocess.run(command)", False),
        ("os.system(f'rm {name}')", True),
        ("torch.load(file)", True),
        ("torch.load(file, weights_only=False)", True),
        ("torch.load(file, weights_only=True)", False),
        ("np.load(file, allow_pickle=True)", True),
        ("pickle.loads(content)", True),
    ],
)
def test_what_would_run_it_is_seen(code, seen):
    assert bool(dangers(code)) is seen


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


def test_binder_understands_the_files():
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug"]
    command += ["--user-id", "1000", "--user-name", "jovyan", ROOT]
    said = subprocess.check_output(command, stderr=subprocess.STDOUT, text=True)
    for part in ("apertium-eng-spa", "environment.yml", "./postBuild", "/start"):
        assert part in said


# The installer's decisions


@pytest.fixture
def house(request, tmp_path):
    """A copy of what make needs, in a folder with a blank in its name."""
    folder = tmp_path / getattr(request, "param", "My Courses")
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
    pip = folder / "lib/python3.12/site-packages/pip-26.dist-info"
    pip.mkdir(parents=True)
    (pip / "INSTALLER").write_text("pip\n")
    python(folder / "bin" / "python")
    return folder


@pytest.fixture
def runs(install, venv, monkeypatch):
    """The commands that the installer would have run in that .venv."""
    commands = []
    monkeypatch.setattr(install, "run", lambda *command: commands.append(command))
    monkeypatch.delenv("TORCH", raising=False)
    monkeypatch.setenv("PYTHON", sys.executable)
    return commands


def script(path: Path, body: str) -> None:
    """Write a small executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def python(path: Path, body: str = "", version: str = "3.12") -> None:
    """Write what says that it is a Python, and otherwise runs a shell script."""
    script(path, f'[ "$1" != -c ] || {{ echo {version}; exit; }}\n{body}')


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
        ("", {"python3": "3.12"}, "python3"),
        ("", {"python3": "3.8", "python3.11": "3.11"}, "python3.11"),
        ("", {"python3": "3.14", "python3.13": "3.13"}, "python3.13"),
        ("", {"python": "3.12"}, "python"),
        ("/opt/py", {"python3": "3.12", "/opt/py": "3.13"}, "/opt/py"),
    ],
)
def test_a_suitable_python_is_found(install, monkeypatch, wanted, here, chosen):
    monkeypatch.setattr(install, "probe", lambda name: here.get(name, ""))
    assert install.choose_python(wanted) == chosen


@pytest.mark.parametrize(
    ("wanted", "here", "sentence"),
    [
        ("", {"python3": "3.8"}, "needs Python 3.11.*found: python3 is Python 3.8"),
        ("", {"python3": "3.14"}, "3.11, 3.12 or 3.13.*found: python3 is Python 3.14"),
        ("", {}, "found: none"),
        ("py", {"py": "3.10", "python3": "3.12"}, "found: py is Python 3.10"),
        ("py", {"python3": "3.12"}, "found: none"),
    ],
)
def test_no_suitable_python_is_said(install, monkeypatch, wanted, here, sentence):
    monkeypatch.setattr(install, "probe", lambda name: here.get(name, ""))
    with pytest.raises(SystemExit, match=sentence):
        install.choose_python(wanted)


def test_a_python_without_venv_is_passed_over_or_said(install, tmp_path, monkeypatch):
    (tmp_path / "ensurepip.py").write_text("raise ImportError('as on Debian')")
    bare = f'cd "{tmp_path}" && exec "{sys.executable}" "$@"'
    script(tmp_path / "bin" / "python3", bare)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(SystemExit, match=r"with venv; found: none(.|\n)*python3-venv"):
        install.choose_python("")
    python(tmp_path / "bin" / "python3.12")
    assert install.choose_python("") == "python3.12"


def test_a_python_is_asked_for_its_version(install, tmp_path):
    assert install.probe(sys.executable) == f"3.{sys.version_info.minor}"
    script(tmp_path / "broken", "echo 'command not found' >&2; exit 127")
    script(tmp_path / "chatty", "echo Python 3.12 here")
    script(tmp_path / "odd", "printf '\\377'")
    for command in ("broken", "chatty", "odd", "absent"):
        assert install.probe(str(tmp_path / command)) not in install.VERSIONS


def test_a_good_environment_is_kept(install, venv):
    assert install.is_usable()


def test_an_unusable_environment_is_seen(install, venv):
    for version in ("3.10", "3.13"):  # the second has replaced the 3.12 that made it
        python(venv / "bin" / "python", version=version)
        assert not install.is_usable()
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/nowhere/python3.12")
    assert not install.is_usable()
    (venv / "bin" / "python").unlink()
    python(venv / "bin" / "python")
    assert install.is_usable()
    next(venv.rglob("INSTALLER")).unlink()
    assert not install.is_usable()
    shutil.rmtree(venv)
    assert not install.is_usable()


def test_a_moved_folder_gets_a_new_environment(install, runs):
    install.install("core")
    assert install.is_usable()
    (install.VENV / ".installed-core").write_text("/somewhere/else\n[]")
    install.install("core")
    assert runs[1] == (sys.executable, "-c", install.MAKE_VENV, "--clear", install.VENV)
    assert runs[2][1:4] == ("-m", "pip", "install")


def test_what_is_installed_is_not_installed_again(install, runs):
    for extra in ("core", "core", "test", "core", "test"):
        install.install(extra)
    assert [command[-1] for command in runs] == [".", ".[test,cluster]"]


def test_changed_versions_are_installed_whatever_their_date(install, runs):
    for count, path in enumerate([install.LOCK, install.PROJECT], 1):
        install.install("test")
        path.write_text(path.read_text(encoding="utf-8") + "# newer", encoding="utf-8")
        os.utime(path, (0, 0))  # as unpacked from a zip
        install.install("core")
        assert len(runs) == 2 * count


def test_what_failed_is_tried_again_and_spoils_nothing_else(install, runs, monkeypatch):
    install.install("core")
    monkeypatch.setattr(install, "run", lambda *command: sys.exit("failed"))
    with pytest.raises(SystemExit, match="failed"):
        install.install("test")
    install.install("core")
    monkeypatch.setattr(install, "run", lambda *command: runs.append(command))
    install.install("test")
    assert len(runs) == 2


def test_torch_for_the_cpu_is_asked_for_by_name(install, runs, monkeypatch):
    monkeypatch.setattr(install.sys, "platform", "linux")
    install.install("test")
    monkeypatch.setenv("TORCH", "cpu")
    install.install("test")
    version = locked("3.12", "linux")["torch"]
    assert not any("+cpu" in str(word) for word in runs[0])
    assert {f"torch=={version}+cpu", install.CPU_INDEX, ".[test,cluster]"} <= set(
        runs[1]
    )


def test_torch_for_the_cpu_stays_chosen(install, venv, monkeypatch):
    monkeypatch.setattr(install.sys, "platform", "linux")
    chosen = install.small_torch("cpu")
    assert chosen and not install.small_torch("")
    (venv / "lib/python3.12/site-packages/torch-2.14.1+cpu.dist-info").mkdir()
    assert install.small_torch("") == chosen
    monkeypatch.setattr(install.sys, "platform", "darwin")
    assert not install.small_torch("cpu")


def test_pip_asks_nothing_and_keeps_the_users_settings(install, monkeypatch):
    monkeypatch.setenv("PIP_USER", "1")
    monkeypatch.setenv("PIP_CONSTRAINT", "mine.txt")
    names = ["PIP_USER", "PIP_NO_INPUT", "PIP_CONSTRAINT"]
    seen = f"[os.environ[name] for name in {names}] == ['0', '1', 'mine.txt']"
    install.run(sys.executable, "-c", f"import os; assert {seen}")


@pytest.mark.parametrize("told", ["", "mine.txt"])
def test_constraints_of_a_user_are_named_when_pip_fails(
    install, venv, monkeypatch, told
):
    line = f"global.constraint='{told}'" if told else "global.timeout='60'"
    body = f'[ "$3" != config ] || {{ echo "{line}"; exit; }}\nexit 1'
    script(venv / "bin" / "python", body)
    with pytest.raises(SystemExit) as end:
        install.run(install.PYTHON, "-m", "pip", "install", ".")
    assert "for the reason above" in str(end.value)
    said = "Your own settings of pip hold back versions: global.constraint='mine.txt'."
    assert (said in str(end.value)) == bool(told)


def test_what_an_interrupted_pip_left_is_removed(install, venv):
    packages = venv / "lib/python3.12/site-packages"
    for name in ("whole-1.dist-info", "half-1.dist-info", "~orch", "whole"):
        (packages / name).mkdir()
    (packages / "whole-1.dist-info" / "INSTALLER").write_text("pip\n")
    install.forget_unfinished()
    assert {path.name for path in packages.iterdir()} == {
        *("pip-26.dist-info", "whole", "whole-1.dist-info")
    }


# The first commands


def test_make_lists_its_targets():
    status, said, _ = make(ROOT)
    public = set(re.findall(r"^([a-z]+):.* ##", (ROOT / "Makefile").read_text(), re.M))
    assert status == 0
    assert public >= {"lab", "test", "execute", "lock"}
    assert public == set(re.findall(r"^  make ([a-z]+) ", said, re.M))


def test_make_with_an_old_python_says_what_is_needed(house, tmp_path):
    python(tmp_path / "bin" / "python3", f'exec "{sys.executable}" "$@"', "3.8")
    status, said, seconds = make(house, "lab", PATH=str(tmp_path / "bin"))
    assert status and seconds < 2
    assert "needs Python 3.11, 3.12 or 3.13 with venv" in said
    assert "found: python3 is Python 3.8." in said
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
    assert "1.5 GB" in said and "2 to 3 minutes on a fast network" in said
    assert "127.0.0.1" in said  # pip's own words
    assert "for the reason above. With a network" in said and "Traceback" not in said
    stamp = (house / ".venv" / ".installed-core").read_text(encoding="utf-8")
    assert stamp == str(house)  # begun here, not finished


def test_a_linked_environment_is_refused(house, venv, tmp_path):
    venv.rename(tmp_path / "shared")
    venv.symlink_to(tmp_path / "shared")
    before = set((tmp_path / "shared").rglob("*"))
    status, said, _ = make(house, "lab")
    assert status and ".venv is a symbolic link: rm .venv" in said
    assert set((tmp_path / "shared").rglob("*")) == before


def test_an_error_of_the_system_is_said(house, venv):
    (house / "requirements.txt").unlink()
    status, said, _ = make(house, "lab")
    assert status and "Traceback" not in said
    assert re.search(r"No such file.*requirements\.txt.*\nThe installation is", said)


def test_an_interrupted_install_is_taken_up_again(house, venv):
    calls = venv / "calls"
    cleaning = f"trap 'sleep 0.6; echo cleaned >> \"{calls}\"; exit 1' INT"
    log = f'case "$*" in *install*) echo "$@" >> "{calls}"; esac'
    loop = 'while [ "$3" = install ]; do sleep 0.1; done'
    python(venv / "bin" / "python", f"{cleaning}\n{log}\n{loop}")
    command = [sys.executable, house / "tools" / "install.py", "core"]
    options = {"env": {**os.environ, "TORCH": ""}, "start_new_session": True}
    options |= {"stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **options) as running:
        while not (calls.exists() and calls.read_text()):
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGINT)  # as Ctrl-C does
        said = running.stderr.read()
    assert running.returncode == 1 and "Traceback" not in said
    assert "not finished" in said and "the same command\ngoes on" in said
    assert calls.read_text().endswith("cleaned\n")

    python(venv / "bin" / "python", log)
    for _ in range(2):
        subprocess.run(command, check=True, env={**os.environ, "TORCH": ""})
    pip = f"-m pip install -c {house}/requirements.txt -e ."
    assert calls.read_text().split("\n") == [pip, "cleaned", pip, ""]


@pytest.mark.parametrize("house", ["My Courses", ODD], indirect=True)
def test_make_starts_at_once_when_all_is_there(house, venv, install, runs):
    install.install("test")
    configured = 'echo "configured by $JUPYTER_CONFIG_PATH"'
    python(venv / "bin" / "python", f"printf 'python: %s\\n' \"$*\"\n{configured}")
    script(venv / "bin" / "ruff", 'echo "ruff: $*"')
    script(house / "notebooks" / "my own copy.ipynb", "{}")
    status, said, seconds = make(house, "lab")
    assert status == 0 and seconds < 2
    assert "python: -P -m nbformat.sign notebooks/my own copy.ipynb" in said
    assert re.search(r"python: -P -m jupyterlab .*/00_start_here\.ipynb\n", said)
    assert "configured by tools/jupyter\n" in said
    for setting in ("root_dir", "preferred_dir"):  # a user may have set others
        assert f" --ServerApp.{setting}={house} " in said
    assert "nbformat" not in make(house, "lab")[1]
    status, said, seconds = make(house, "test")
    assert status == 0 and seconds < 2
    assert re.findall(r"^\w+: .*", said, re.M) == [
        "ruff: format --check .",
        "ruff: check .",
        "python: -m pytest -n 3 --dist loadfile",
    ]


def test_make_test_of_one_notebook_reads_that_one_only(house, venv, install, runs):
    install.install("test")
    python(venv / "bin" / "python", 'echo "python: $*"')
    script(venv / "bin" / "ruff", 'echo "ruff: $*"')
    script(house / "notebooks" / "04_nets.ipynb", "{}")
    script(house / "tests" / "test_of_all.py", 'glob("*.ipynb")')
    script(house / "tests" / "test_nets.py", '"04_nets.ipynb"')
    script(house / "tests" / "test_else.py", "")
    status, said, _ = make(house, "test", "NB=04")
    files = "notebooks/04_nets.ipynb tests/test_nets.py tests/test_of_all.py"
    assert status == 0 and re.findall(r"^\w+: .*", said, re.M) == [
        "ruff: format --check notebooks/04_nets.ipynb",
        "ruff: check notebooks/04_nets.ipynb",
        f"python: -m pytest -n 2 --dist loadfile {files} -k 04_nets or test_nets",
    ]
    status, said, _ = make(house, "test", "NB=05")
    assert status and "there is no notebook 05" in said and "pytest" not in said

"""What students get as a zip: the course, the starters with their checks, no source."""

import zipfile
from pathlib import Path

import pytest

from tools import handout

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="packed in a clone only"
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> zipfile.ZipFile:
    target = tmp_path_factory.mktemp("handout") / "course.zip"
    handout.pack(ROOT, target)
    return zipfile.ZipFile(target)


def test_the_handout_has_what_make_lab_needs(archive):
    names = {name.removeprefix(f"{handout.FOLDER}/") for name in archive.namelist()}
    needed = {"Makefile", "pyproject.toml", "requirements.txt", "tools/install.py"}
    needed |= {"README.md", "lectures_lib/homework/checking.py", "data/SHA256SUMS"}
    lectures = {f"notebooks/{p.name}" for p in ROOT.glob("notebooks/[0-9]*.ipynb")}
    starters = ROOT.glob("notebooks/homework/release/*/*.ipynb")
    starters = {path.relative_to(ROOT).as_posix() for path in starters}
    checks = {f"{Path(starter).parent.as_posix()}/checks.py" for starter in starters}
    assert needed | lectures | starters | checks <= names


def test_checks_come_from_their_source(archive):
    for path in ROOT.glob("notebooks/homework/source/*/checks.py"):
        name = f"notebooks/homework/release/{path.parent.name}/checks.py"
        assert archive.read(f"{handout.FOLDER}/{name}") == path.read_bytes()


def test_the_handout_has_no_source(archive):
    for name in archive.namelist():
        parts = Path(name).parts[1:]
        assert not {"source", "hidden", ".venv", "__pycache__", "marks"} & set(parts)
        assert parts[:2] != ("tests", "homework")
        if name.endswith(".ipynb") and "homework" in parts:
            assert b"SOLUTION" not in archive.read(name)


def test_the_same_files_give_the_same_zip(archive, tmp_path):
    handout.pack(ROOT, tmp_path / "again.zip")
    assert Path(archive.filename).read_bytes() == (tmp_path / "again.zip").read_bytes()


def test_programs_stay_executable(archive):
    modes = {i.filename: i.external_attr >> 16 for i in archive.infolist()}
    assert modes[f"{handout.FOLDER}/start"] & 0o100


def test_outside_of_a_clone_it_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(handout, "ROOT", tmp_path)
    assert handout.main([str(tmp_path / "a.zip")]) == 1
    assert "packed in a clone" in capsys.readouterr().out

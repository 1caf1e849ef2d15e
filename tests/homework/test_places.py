"""Grading on machines, in folders and with settings that are not ours to choose."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbgrader import dbutil

from tests.homework import tiny
from tests.homework.test_grading import LOOP, filled, hand_in, load
from tests.homework.test_handing_in import WIDGETS
from tools.homework import nbgrader_steps

ODD = "100% [course] (a+b) {x} é %41?b=c $HOME ~ #;& ' \" \\ "
ANSWERS = {"running": LOOP, "order": "order = [2, 1]"}
ODD_NAME = "王小明 [1] (b+c)%"
PATCHED = ANSWERS | {"running": "get_ipython().ast_node_interactivity = 'none'"}
PLAYFUL = ANSWERS | {"running": f"{LOOP}\n{WIDGETS}"}
ASKING = ANSWERS | {"running": LOOP + "\nname = input('who?')"}


def run(course: Path, *arguments: str, **env: str) -> str:
    """What a tool prints, on a terminal that knows ASCII only."""
    module, *rest = arguments
    code = f"import sys, pathlib; from tools.homework import {module}; "
    code += f"sys.exit({module}.main(sys.argv[2:], pathlib.Path(sys.argv[1])))"
    command = [sys.executable, "-c", code, str(course), *rest]
    known = filter(None, [str(tiny.ROOT), os.environ.get("PYTHONPATH")])
    paths = os.pathsep.join(known)  # an empty part would be the notebook's folder
    env = os.environ | {"PYTHONPATH": paths, "PYTHONIOENCODING": "ascii"} | env
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def graded(tmp_path_factory) -> tuple[str, dict[str, dict[str, str]]]:
    """What is said, and the marks, where each name and setting is an odd one."""
    folder = tmp_path_factory.mktemp("odd")
    course = tiny.make(folder / ODD)
    temporary = folder / ODD / ("long" * 30)
    profile = folder / "ipython" / "profile_default"
    for path in (temporary, profile):
        path.mkdir(parents=True)
    line = "get_config().InteractiveShell.ast_node_interactivity = 'none'\n"
    (profile / "ipython_config.py").write_text(line)
    env = {"TMPDIR": str(temporary), "IPYTHONDIR": str(profile.parent)}
    env |= {"HOME": os.devnull, "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    assert "starter written" in run(course, "starters", **env)
    starter = load(course / "release" / tiny.NAME / f"{tiny.NAME}.ipynb")
    hand_in(course, ODD_NAME, filled(starter, ANSWERS))
    hand_in(course, "playful", filled(starter, PLAYFUL))
    hand_in(course, "patched", filled(starter, PATCHED))
    path = hand_in(course, "asking", filled(starter, ASKING))
    (path.parent / "random.py").write_text("raise SystemExit")
    said = run(course, "grade", tiny.NAME, **env)
    assert (course / "gradebook.db").exists() and len([*folder.iterdir()]) == 2
    with (course / "marks" / f"{tiny.NAME}.csv").open(encoding="utf-8-sig") as file:
        return said, {row["student"]: row for row in csv.DictReader(file)}


@pytest.mark.parametrize(
    ("student", "points", "problem"),
    [
        (ODD_NAME, 4, ""),
        ("playful", 4, ""),
        ("patched", 0, "order: the check of this cell did not end with a number"),
        ("asking", 4, "random.py beside the notebook hides the library random: "),
        ("asking", 4, "The cell that begins with `def running(x):`: asks by inp"),
    ],
)
def test_each_is_graded(graded, student, points, problem):
    row = graded[1][student]
    assert float(row["points"]) == points
    assert problem in row["problems"] and bool(row["problems"]) == bool(problem)


def test_a_name_that_the_terminal_lacks_is_told_apart(graded):
    assert r"\u738b\u5c0f\u660e" in graded[0] and "4 graded, 0 not" in graded[0]


def test_the_gradebooks_version_is_found_in_any_folder(tmp_path, monkeypatch):
    before = nbgrader_steps.alembic_version()
    assert before.isalnum()
    folder = tmp_path / ODD / "alembic"
    shutil.copytree(dbutil.ALEMBIC_DIR, folder)
    monkeypatch.setattr(dbutil, "ALEMBIC_DIR", str(folder))
    assert nbgrader_steps.alembic_version() == before

"""Work on a Dask cluster: a scheduler and two workers, processes on this machine."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import joblib
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from tests.homework import tiny as tiny_homework
from tools import audit
from tools.homework import grade, starters

ROOT = Path(__file__).parents[1]
if importlib.util.find_spec("distributed") is None:
    pytest.skip(
        "the extra [cluster] is not here: make test installs it",
        allow_module_level=True,
    )

# Stands in for lectures_lib, whose import takes seconds; the numbers have all digits.
TINY = """
import math, os, time
from types import SimpleNamespace as Space
from dataclasses import dataclass, field
@dataclass
class Claim:
    id: str
    sentence: str
    holds: bool
    comparisons: list = field(default_factory=list)
seed = int(os.environ["LECTURES_SEED"])
found = [Claim("X1", f"{math.sin(seed + 1)!r}", True)]
ll = Space(claims=Space(ledger=lambda: found))
time.sleep(PAUSE)
"""
AUDIT = """
import json, sys, pathlib
from tools import audit
path, folder, seeds = map(pathlib.Path, sys.argv[1:])
runs = audit.audit(path, int(str(seeds)), folder)
print("RUNS", json.dumps(runs))
"""
RUNNING = """
def running(x):
    return torch.stack([x[: n + 1].sum() for n in range(len(x))])
"""
GRADE = """
import sys, pathlib
from tools.homework import grade
name, course = sys.argv[1:]
sys.exit(grade.main([name, "--again"], pathlib.Path(course)))
"""
COUNT = """
from tools.parallel import side_by_side
print("MADE", sorted(side_by_side(pow, [(2, 3), (2, 4)])))
"""


def python(*words: object, **variables: str) -> subprocess.Popen:
    """Python at work, in the course's folder and with these variables."""
    paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths} | variables
    kept = {name: value for name, value in environment.items() if value}
    command = [sys.executable, *map(str, words)]
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, cwd=ROOT, env=kept, **both)


class Cluster:
    """A scheduler, and the workers that it is given."""

    def __init__(self, folder: Path) -> None:
        self.file, self.processes = folder / "scheduler.json", []
        self.start("dask_scheduler", "--port", 0, "--interface", "lo")
        while not self.file.exists():
            assert self.processes[0].poll() is None, self.processes[0].communicate()[1]
            time.sleep(0.05)
        self.address = json.loads(self.file.read_text())["address"]
        self.address = self.address.replace("tcp://", "dask://")

    def start(self, what: str, *words: object, **variables: str) -> subprocess.Popen:
        words = (*words, "--scheduler-file", self.file, "--no-dashboard")
        program = python("-m", f"distributed.cli.{what}", *words, **variables)
        self.processes.append(program)
        return program

    def worker(self, threads: int = 1, **variables: str) -> subprocess.Popen:
        """A worker that the scheduler knows by now."""
        words = ("--nthreads", threads, "--no-nanny", "--interface", "lo")
        program = self.start("dask_worker", *words, **variables)
        assert any("Registered to" in line for line in program.stderr)
        return program

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[Cluster]:
    """One for all tests, with a worker that stays."""
    with closing(Cluster(tmp_path_factory.mktemp("cluster"))) as cluster:
        cluster.worker()
        yield cluster


def tiny(folder: Path, pause: float = 0) -> Path:
    path = folder / "09_tiny.ipynb"
    cell = new_code_cell(TINY.replace("PAUSE", str(pause)))
    nbformat.write(new_notebook(cells=[cell]), path)
    return path


def runs(process: subprocess.Popen) -> list[dict]:
    said, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    return json.loads(said.partition("RUNS ")[2])


@pytest.mark.skipif(sys.platform != "linux", reason="the loopback has another name")
def test_a_cluster_gives_the_same_runs_to_the_last_bit_also_when_a_worker_dies(
    cluster, tmp_path
):
    path, folders = tiny(tmp_path, 1), [tmp_path / "here", tmp_path / "there"]
    second = cluster.worker()
    there = python("-c", AUDIT, path, folders[1], 2, BACKEND=cluster.address)
    while not list(folders[1].rglob("*.json")) and there.poll() is None:
        time.sleep(0.05)
    second.send_signal(signal.SIGKILL)
    found = runs(there)
    with joblib.parallel_config("sequential"):  # no process that imports torch anew
        assert found == audit.audit(path, 2, folders[0])
    assert [(r["seed"], r["threads"]) for r in found] == [
        *((seed, threads) for threads in (1, 2) for seed in (0, 100003))
    ]
    files = [sorted(folder.rglob("*.json")) for folder in folders]
    texts = [[file.read_text() for file in some] for some in files]
    assert texts[0] == texts[1] and len(texts[0]) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="the loopback has another name")
def test_a_worker_with_other_versions_or_more_threads_is_a_sentence(cluster, tmp_path):
    older = tmp_path / "older" / "numpy-0.1.dist-info"
    older.mkdir(parents=True)
    (older / "METADATA").write_text("Metadata-Version: 2.1\nName: numpy\nVersion: 0.1")
    paths = os.pathsep.join([str(older.parent), str(ROOT)])
    for options, words in (
        ({"PYTHONPATH": paths}, "has numpy 0.1, expected "),
        ({"threads": 2}, "has threads 2, expected 1; start it anew"),
    ):
        worker = cluster.worker(**options)
        process = python("-c", COUNT, BACKEND=cluster.address)
        said, errors = process.communicate(timeout=600)
        assert process.returncode == 1 and "MADE" not in said
        sentence = errors.strip().splitlines()[-1]
        assert sentence.startswith("BACKEND: the worker at tcp://127.0.0.1:")
        assert words in sentence and "Traceback" not in errors
        worker.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="the loopback has another name")
def test_grading_on_a_cluster_gives_the_same_marks(cluster, tmp_path):
    course = tiny_homework.make(tmp_path)
    assert starters.main([], course) == 0
    name = tiny_homework.NAME
    starter = nbformat.read(course / "release" / name / f"{name}.ipynb", as_version=4)
    for student, answer in (("blank", None), ("right", RUNNING)):
        for cell in starter.cells if answer else []:
            cell.source = answer if cell.id == "running" else cell.source
        (course / "submitted" / student / name).mkdir(parents=True)
        nbformat.write(starter, course / "submitted" / student / name / f"{name}.ipynb")
    assert grade.main([name], course) == 0
    marks = course / "marks" / f"{name}.csv"
    here = marks.read_bytes()
    process = python("-c", GRADE, name, course, BACKEND=cluster.address)
    said, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    assert "2 students: 2 graded" in said and "3 of 4" in said, said
    assert marks.read_bytes() == here


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("dask://127.0.0.1:9", "no scheduler that has a worker answers at dask://127"),
        ("ray://127.0.0.1:9", "BACKEND is ray://127.0.0.1:9: expected dask://host:po"),
    ],
)
def test_a_scheduler_that_is_away_is_a_sentence(backend, words):
    at_once = "from tools import cluster\ncluster.WAIT = 1\n"
    process = python("-c", at_once + COUNT, BACKEND=backend)
    said, errors = process.communicate(timeout=600)
    assert process.returncode == 1 and not said
    assert words in errors.strip().splitlines()[-1] and "Traceback" not in errors


@pytest.mark.skipif(sys.platform != "linux", reason="the loopback has another name")
def test_a_scheduler_that_goes_away_is_a_sentence(tmp_path):
    path, there = tiny(tmp_path, 3), tmp_path / "runs"
    with closing(Cluster(tmp_path)) as cluster:
        cluster.worker()
        process = python("-c", AUDIT, path, there, 2, BACKEND=cluster.address)
        while not list(there.rglob("*.json")) and process.poll() is None:
            time.sleep(0.05)
        cluster.processes[0].kill()
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 1
    assert errors.strip().splitlines()[-1].startswith("BACKEND: lost its scheduler")


def test_without_a_cluster_the_work_is_done_here():
    process = python("-c", COUNT, BACKEND="")
    assert process.communicate(timeout=600)[0] == "MADE [(0, 8), (1, 16)]\n"

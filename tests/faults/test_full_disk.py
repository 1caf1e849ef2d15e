"""A disk that becomes full while something is written: what is said, what is kept.

A limit of the system on the size of files stands in for it. It is as real to a program:
a part is written, then the next write fails.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest

from lectures_lib import data
from tests.homework import tiny
from tools import study
from tools.homework import grade
from tools.writing import write

resource = pytest.importorskip("resource", reason="Windows has no such limit")
pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="it ends the process")


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """Within the block no file grows beyond so many bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def test_what_the_tools_write_is_as_it_was(tmp_path):
    path = tmp_path / "results.json"
    write(path, "old")
    with full_after(1000), pytest.raises(OSError, match=r"too large|No space"):
        write(path, "new" * 1000)
    assert files(tmp_path) == {"results.json": b"old"}


def test_half_a_working_copy_is_never_left(tmp_path, monkeypatch, capsys):
    for name, text in (("00_small", "1"), ("01_large", "2" * 5000)):
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        cells = [nbformat.v4.new_code_cell(text)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    monkeypatch.setattr(study, "ROOT", tmp_path)
    with full_after(4000):
        assert study.main() == 1
    assert "mine/ cannot be written" in capsys.readouterr().err
    assert {*files(tmp_path / "mine")} == {"00_small.ipynb"}
    assert study.main() == 0
    said = capsys.readouterr()
    assert said.out == "mine/ has 1 new working copies.\n" and not said.err


CONTENT = bytes(range(256)) * 400


class Handler(BaseHTTPRequestHandler):
    """Gives CONTENT, from the byte on that is asked for."""

    def do_GET(self) -> None:
        start = int((self.headers["Range"] or "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/*")
        self.end_headers()
        self.wfile.write(CONTENT[start:])

    def log_message(self, *_: object) -> None:
        pass


def test_a_download_keeps_what_it_has_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    file, digest = tmp_path / "file.bin", sha256(CONTENT).hexdigest()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with full_after(50_000), pytest.raises(data.DownloadError) as error:
            data.download(url, file, digest)
        kept = files(tmp_path)
        data.download(url, file, digest)
        server.shutdown()
        thread.join()
    assert f"{file} is missing and was not fetched" in str(error.value)
    assert kept == {"file.bin.part": CONTENT[:50_000]}
    assert files(tmp_path) == {"file.bin": CONTENT}


@pytest.fixture
def course(tmp_path) -> Path:
    """A course in which two have handed something in."""
    course = tiny.make(tmp_path)
    file = Path(tiny.NAME, f"{tiny.NAME}.ipynb")
    for folder in ("release", "submitted/ada", "submitted/ben"):
        path = course / folder / file
        path.parent.mkdir(parents=True)
        nbformat.write(tiny.source(), path)
    return course


def test_grading_keeps_the_marks_it_has_and_goes_on(course, monkeypatch, capsys):
    monkeypatch.setattr(grade, "STOP", threading.Event())
    grading = grade.Grading(course, tiny.NAME)
    graded = []

    def found(student: str) -> dict:
        graded.append(student)
        problems = ["a long remark " * 100] if student == "ben" else []
        points = {"running": 3, "order": 1}
        digest = grading.digest(student)
        return {"points": points, "problems": problems, "digest": digest}

    monkeypatch.setattr(grading, "grade", found)
    with full_after(1000):
        assert grade.grade_all(grading, 1, again=False) == 2
    said = capsys.readouterr().out.splitlines()
    assert said[-1].startswith("stopped ([Errno ")
    assert said[-1].endswith("): the same command goes on from here")
    kept = json.loads((course / "marks" / f"{tiny.NAME}.json").read_text())
    assert {*kept} == {"ada"} and not (course / "marks" / f"{tiny.NAME}.csv").exists()

    again = grade.Grading(course, tiny.NAME)
    monkeypatch.setattr(again, "grade", found)
    assert grade.grade_all(again, 1, again=False) == 0
    assert graded == ["ada", "ben", "ben"]
    assert "2 students: 2 graded" in capsys.readouterr().out

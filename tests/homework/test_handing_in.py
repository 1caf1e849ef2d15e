"""What a student runs before handing in: every notebook ends in a list of points."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
import zmq
from jupyter_client.provisioning.local_provisioner import LocalPortCache
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lectures_lib.homework import looking_over
from tools import running
from tools.homework import look
from tools.running import Limits

SECONDS = 4  # for a cell of these tests: they import nothing large
CHECK = 'print("{0}\\n{1} of 2 points")\n{1}'
RIGHT = CHECK.format("✓ right", 2)


def cell(source: str, name: str = "", **flags: object) -> NotebookNode:
    metadata = {"nbgrader": {"grade_id": name, "points": 2} | flags} if name else {}
    return new_code_cell(source, metadata=metadata)


def check(source: str, name: str) -> NotebookNode:
    return cell(source, name, grade=True, solution=False, locked=True)


def save(folder: Path, *cells: NotebookNode) -> Path:
    path = folder / "homework_1.ipynb"
    notebook = new_notebook() | {"cells": list(cells)}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def handed_in(path: Path, *options: str) -> int:
    return look.main([str(path), "--seconds", str(SECONDS), *options])


def test_points_are_listed_task_by_task(tmp_path, capsys):
    path = save(
        tmp_path,
        check(RIGHT, "check_a"),
        check(CHECK.format("✗ a hint", 1.5), "check_b"),
        check(CHECK.format("… not done yet", 0), "check_c"),
        check("1 / 0", "check_d"),
        check("silent = True", "check_e"),
    )
    before = path.read_bytes()
    assert handed_in(path) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  check_a                          2 of 2 points",
        "  check_b                          1.5 of 2 points",
        "      ✗ a hint",
        "  check_c                          not done yet",
        "  check_d                          raises ZeroDivisionError: division by zero",
        "  check_e                          was not checked",
        "homework_1.ipynb: 3.5 of 10 points.",
    ]
    assert path.read_bytes() == before


STUBBORN = """\
import time
while True:
    try:
        time.sleep(60)
    except BaseException:
        pass"""


def test_what_does_not_end_well_is_told_and_the_rest_is_checked(tmp_path, capsys):
    path = save(
        tmp_path,
        cell("x = 2"),
        check(RIGHT, "check_before"),
        cell("while True:\n    __import__('time').sleep(1)"),
        check(STUBBORN, "check_stubborn"),
        cell("import os\nos._exit(1)"),
        check("quit()", "check_quits"),
        cell("blocks = [b'x' * 10**8 for _ in range(30)]"),
        check("print('x' * 100)\nprint(f'{x} of 2 points')\nx", "check_after"),
    )
    assert handed_in(path, "--megabytes", "900") == 1
    said = capsys.readouterr().out
    for line in (
        "check_before                     2 of 2 points",
        f"check_stubborn                   took longer than {SECONDS} s, and had to be",
        "check_quits                      calls exit or quit",
        "check_after                      2 of 2 points",
        f"The cell that begins with `while True:`: took longer than {SECONDS} s.",
        "The cell that begins with `import os`: killed the kernel (a crash?).",
        "blocks = [b'x' * 10**8 for _ in range(30)]`: took more than 900 MB of mem",
        "homework_1.ipynb: 4 of 8 points.",
    ):
        assert line in said


def test_a_syntax_error_is_told_where_it_is(tmp_path, capsys):
    path = save(tmp_path, cell("def f(x):\n    return x +"), check("f(1)", "check_f"))
    assert handed_in(path) == 1
    said = capsys.readouterr().out
    assert "raises NameError: name 'f' is not defined" in said
    assert "The cell that begins with `def f(x):`: SyntaxError: invalid syntax" in said


def test_a_cell_that_ends_late_after_all_is_too_late(tmp_path):
    source = "try:\n    while True: pass\nexcept KeyboardInterrupt:\n    pass\n2.0"
    notebook = new_notebook(cells=[check(source, "check_a")])
    running.run(notebook, tmp_path, Limits(seconds=2))
    assert looking_over.state(notebook.cells[0]) == "took longer than 2 s"


def test_all_cells_together_have_a_limit_too(tmp_path):
    pause = "import time\ntime.sleep(3)"
    notebook = new_notebook(cells=[cell(pause) for _ in range(4)])
    running.run(notebook, tmp_path, Limits(seconds=30, total=5))
    found = [c.outputs[0].evalue if c.outputs else "" for c in notebook.cells]
    assert found == [
        "",
        "all cells together took longer than 5 s",
        *["not run: all cells together took 5 s"] * 2,
    ]


def test_output_without_end_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(running, "OUTPUT", 10_000)
    source = "for _ in range(500):\n    print('x' * 1000, flush=True)\n2.0"
    notebook = new_notebook(cells=[check(source, "check_a")])
    running.run(notebook, tmp_path, Limits())
    *texts, result = notebook.cells[0].outputs
    assert sum(len(output.text) for output in texts) < 20_000
    assert result.data["text/plain"] == "2.0"


UNLUCKY = """\
import os, pathlib, sys
tried = pathlib.Path({path!r})
if "ipykernel_launcher" in sys.orig_argv and not tried.exists():
    tried.touch()
    os._exit(1)
"""


def test_a_kernel_that_dies_at_its_start_is_started_again(tmp_path):
    text = UNLUCKY.format(path=str(tmp_path / "tried"))
    (tmp_path / "sitecustomize.py").write_text(text)
    notebook = new_notebook(cells=[new_code_cell("1 + 1")])
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    running.run(notebook, tmp_path, Limits(), env=env)
    assert (tmp_path / "tried").exists()
    (output,) = notebook.cells[0].outputs
    assert output.data["text/plain"] == "2"


def test_what_a_notebook_has_started_is_ended_with_it(tmp_path):
    source = "import subprocess\nprint(subprocess.Popen(['sleep', '600']).pid)"
    notebook = new_notebook(cells=[cell(source)])
    running.run(notebook, tmp_path, Limits())
    pid = int(notebook.cells[0].outputs[0].text)
    with pytest.raises(ProcessLookupError):
        for _ in range(50):
            os.kill(pid, 0)
            time.sleep(0.1)


WIDGETS = """\
from ipywidgets import Output, interact
interact(lambda x: print('x is', x), x=3)
out = Output()
with out:
    print('caught')
    out.clear_output()
out.close()"""
STRANGE = """\
from comm import create_comm
create_comm(target_name='jupyter.widget', data={})"""


@pytest.mark.parametrize("source", [WIDGETS, STRANGE])
def test_widgets_do_no_harm(tmp_path, capsys, source):
    path = save(tmp_path, cell(source), check(RIGHT, "check_a"))
    assert handed_in(path) == 0
    assert "check_a                          2 of 2 points" in capsys.readouterr().out


def test_the_settings_of_a_user_do_not_count(tmp_path, monkeypatch):
    profile = tmp_path / "ipython" / "profile_default"
    (profile / "startup").mkdir(parents=True)
    (profile / "startup" / "mine.py").write_text("import sys\nsys.mine = 1\n")
    (profile / "ipython_config.py").write_text(
        "c = get_config()\nc.InteractiveShell.ast_node_interactivity = 'none'\n"
    )
    (tmp_path / "startup.py").write_text("import sys\nsys.mine = 1\n")
    (tmp_path / "matplotlibrc").write_text("text.latex.unicode: True\n")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    source = "import sys, matplotlib\nhasattr(sys, 'mine')"
    notebook = new_notebook(cells=[cell(source)])
    (tmp_path / "here").mkdir()
    running.run(notebook, tmp_path / "here", Limits())
    (result,) = notebook.cells[0].outputs
    assert result.data["text/plain"] == "False"


def test_a_home_that_cannot_be_written_is_not_spoken_of(tmp_path):
    path = save(tmp_path, cell("import matplotlib.pyplot, torch\n1"))
    code = "import lectures_lib, nbformat, pathlib, sys; from tools import running\n"
    code += "path = pathlib.Path(sys.argv[1]); notebook = nbformat.read(path, 4)\n"
    code += "running.run(notebook, path.parent, running.Limits())\n"
    code += "print(notebook.cells[0].outputs)"
    home = {"HOME": os.devnull, "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    command = [sys.executable, "-c", code, str(path)]
    said = subprocess.check_output(command, env=os.environ | home, text=True)
    assert "execute_result" in said and "stderr" not in said


@pytest.mark.skipif(os.name != "posix", reason="Windows has ports only")
def test_a_kernel_needs_no_port_that_another_may_take(tmp_path, monkeypatch):
    notebook = new_notebook(cells=[cell("1 + 1")])
    with zmq.Context() as context, context.socket(zmq.PUB) as other:
        port = other.bind_to_random_port("tcp://127.0.0.1")
        monkeypatch.setattr(LocalPortCache, "find_available_port", lambda *_: port)
        running.run(notebook, tmp_path, Limits())
    assert notebook.cells[0].outputs[0].data["text/plain"] == "2"


def test_a_kernel_starts_however_long_the_name_of_its_folder(tmp_path, monkeypatch):
    deep = tmp_path / ("long " * 25)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    notebook = new_notebook(cells=[cell("1 + 1")])
    running.run(notebook, tmp_path, Limits())
    assert notebook.cells[0].outputs[0].data["text/plain"] == "2"


def test_an_error_that_speaks_of_points_is_an_error(tmp_path, capsys):
    path = save(
        tmp_path,
        check("raise ValueError('the curve has no points')", "check_a"),
        check("print('... of 2 points')", "check_c"),
    )
    assert handed_in(path) == 0
    said = capsys.readouterr().out
    assert "raises ValueError: the curve has no points" in said
    assert "was not checked" in said
    assert "0 of 4 points." in said


def test_a_cell_that_asks_is_named(tmp_path, capsys):
    ask = "from lectures_lib.homework import ask\nask(lambda: input('x?'))"
    path = save(tmp_path, cell("x = int(input('x? '))"), check(ask, "check_x"))
    assert look.main([str(path)]) == 1
    said = capsys.readouterr().out
    what = "asks by input(), and nobody answers here: write the value into the cell."
    assert f"The cell that begins with `x = int(input('x? '))`: {what}" in said


@pytest.mark.parametrize(
    ("file", "name", "reached"),
    [
        ("torch.py", "torch", 0),
        ("numpy/__init__.py", "numpy", 0),
        ("random.py", "random", 2),
    ],
)
def test_a_file_that_hides_a_library_is_named(tmp_path, capsys, file, name, reached):
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("raise SystemExit" if reached else "x = 1")
    (tmp_path / "helper.py").write_text("x = 1")
    (tmp_path / "checks.py").write_text("x = 1")
    source = f"import {name}, helper\nimport lectures_lib\n{RIGHT}"
    path = save(tmp_path, check(source, "check_a"))
    look.main([str(path)])
    said = capsys.readouterr().out
    shown = file.partition("__")[0]
    sentence = f"{shown} beside the notebook hides the library {name}: rename it"
    assert said.startswith(f"{sentence}.\n") and f"{reached} of 2 points" in said
    assert (f"raises ImportError: {sentence}\n" in said) == (not reached)


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_terminal_may_lack_characters(tmp_path, encoding):
    path = save(tmp_path, check(CHECK.format("✗ a hint: 王 …", 1), "check_a"))
    command = [sys.executable, "-m", "lectures_lib.homework", str(path)]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    said = subprocess.check_output(command, env=environment)
    assert b"      x a hint: \\u738b " in said and b"1 of 2 points." in said


def test_copied_cells_are_mended_and_the_last_one_counts(tmp_path, capsys):
    task = cell("x = 1", "x", solution=True)
    heading = new_markdown_cell("## Task 1", id="x")  # no copy of the task
    better = deepcopy(task)
    better.source = "x = 2"
    plain = new_code_cell("y = 1")
    last = check("print(f'{x} of 2 points')", "check_x")
    path = save(tmp_path, plain, plain, heading, task, last, better, last)
    assert handed_in(path) == 0
    said = capsys.readouterr().out
    assert said.startswith("3 copied cells got an id of their own; the file is mended.")
    assert "check_x                          2 of 2 points" in said
    mended = nbformat.read(path, as_version=4)  # a warning would be an error
    assert len({c.id for c in mended.cells}) == 7
    assert [c.source for c in mended.cells] == [
        c.source for c in (plain, plain, heading, task, last, better, last)
    ]
    assert handed_in(path) == 0
    assert "mended" not in capsys.readouterr().out
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("", "NotJSONError"),
        ("{", "NotJSONError"),
        ("3", "cannot be read as a notebook"),
        ("[]", "cannot be read as a notebook"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "cells"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": [{}]}', "cannot be read"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": 3}', "cannot be read"),
        ('{"nbformat": 99, "nbformat_minor": 5, "cells": []}', "cannot be read"),
        ("[" * 100_000, "cannot be read as a notebook"),
        ("\x00\x01", "cannot be read as a notebook"),
    ],
)
def test_a_file_that_is_no_notebook_is_named(tmp_path, capsys, content, why):
    path = tmp_path / "homework_1.ipynb"
    path.write_text(content, encoding="utf-8")
    assert look.main([str(path)]) == 2
    said = capsys.readouterr().out
    assert why in said and len(said.splitlines()) == 1 and len(said) < 300


def test_a_path_that_leads_nowhere_is_named(tmp_path, capsys):
    for path in (tmp_path / "absent.ipynb", tmp_path):
        assert look.main([str(path)]) == 2
        assert str(path) in capsys.readouterr().out
    (tmp_path / "latin.ipynb").write_bytes(b'{"cells": "\xe9"}')
    assert look.main([str(tmp_path / "latin.ipynb")]) == 2


def test_a_notebook_without_tasks_is_not_ready(tmp_path, capsys):
    assert handed_in(save(tmp_path, cell("1"))) == 1
    assert "0 of 0 points" in capsys.readouterr().out


def test_strange_metadata_is_no_task(tmp_path):
    strange = new_code_cell("1", metadata={"nbgrader": "strange"})
    assert list(looking_over.graded(new_notebook(cells=[strange]))) == []
    assert looking_over.mend_ids(new_notebook(cells=[strange])) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_ctrl_c_stops_it_in_a_sentence(tmp_path):
    mark = tmp_path / "begun"
    path = save(tmp_path, cell(f"open({str(mark)!r}, 'w')\nwhile True: pass"))
    before = path.read_bytes()
    command = [sys.executable, "-m", "lectures_lib.homework", str(path)]
    with subprocess.Popen(command, stdout=-1, stderr=-1, text=True) as process:
        for _ in range(3000):
            if mark.exists():
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "stopped: nothing was checked, the file is as it was\n"
    assert errors == "" and path.read_bytes() == before

"""Each notebook in tests/broken has one fault: the strict plugin names it.

The notebooks' file names are the faults. Kernels take most of the time, 0.7 s each.
"""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
BROKEN = ROOT / "tests" / "broken"

# What nbval alone lets pass: fault → a phrase of the strict plugin's message.
SILENT = {
    "carriage_return": "prints carriage returns",
    "changed_alt": "gave another alt text than is stored",
    "clear_output": "calls clear_output",
    "display_id": "uses a display_id",
    "extra_picture": "gave display_data image/png, but stored is none",
    "help_request": "asks for what only works by hand",
    "hidden_error": "wrote to stderr (UsageError",
    "ignore_comment": "has an NBVAL comment",
    "ignored_picture": "gave none, but stored is display_data image/png",
    "interact": "makes an Output widget",
    "late_output": "got output of an earlier cell's task",
    "missing_picture": "gave none, but stored is display_data image/png",
    "new_warning": "wrote to stderr",
    "no_code": "has no code cell",
    "no_execution_count": "cell 2: has no execution count",
    "other_order": "but stored is display_data image/png, stdout",
    "other_type": "but stored is execute_result text/plain",
    "output_widget": "makes an Output widget",
    "raises_nothing": "is tagged `raises-exception`, but raised nothing",
    "shell_escape": "is not plain Python",
    "skip_comment": "has an NBVAL comment",
    "skip_tag": "has the tag `nbval-skip`",
    "stored_error": "has a stored error",
    "trailing_semicolon": "ends a line with `;`",
    "unknown_magic": "is not plain Python",
    "warning_on_stderr": "wrote to stderr (warning)",
    "wrong_execution_count": "has execution count 2, not 1",
    "exit": "asks for what only works by hand",  # the last: it takes the kernel with it
}
# What nbval sees too, but says less plainly, too late or again for every later cell.
SEEN = {
    "changed_html": "gave another output than is stored",
    "changed_text": "gave another output than is stored",
    "dead_kernel": "the kernel died",  # nbval alone waits 2000 s for it
    "empty": "empty.ipynb is not a notebook",
    "extra_output": "gave stdout, but stored is none",
    "failing_then_more": "cell 1: raised ZeroDivisionError: division by zero",
    "missing_output": "gave none, but stored is stdout",
}


def run_pytest(*arguments: str | Path, **env: str) -> subprocess.CompletedProcess:
    """Run pytest with nbval from the root, without the project's own settings."""
    options = ["-c", os.devnull, "--rootdir", ".", "-p", "no:cacheprovider", "-q"]
    sanitize = "--nbval-sanitize-with=tests/sanitize.cfg"
    command = [
        sys.executable,
        "-m",
        "pytest",
        *options,
        "--nbval",
        sanitize,
        *arguments,
    ]
    options = {"cwd": ROOT, "capture_output": True, "text": True}
    return subprocess.run(command, env=os.environ | env, **options)


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, list[tuple[str, str]]]:
    """Fault → (outcome, message) of each of its cells, from one strict run over all."""
    report = tmp_path_factory.mktemp("strict") / "report.xml"
    strict = ["-p", "tests.strict_nbval", "--continue-on-collection-errors"]
    run_pytest(*strict, f"--junitxml={report}", BROKEN)
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        path = case.get("classname") or case.get("name")
        said = [(c.tag, f"{c.get('message')}\n{c.text}") for c in case]
        found.setdefault(path.split(".")[-2], []).extend(said or [("passed", "")])
    return found


@pytest.mark.parametrize(("fault", "phrase"), (SILENT | SEEN).items())
def test_fault_is_named(results, fault, phrase):
    messages = [
        said for outcome, said in results[fault] if outcome in ("failure", "error")
    ]
    assert messages, f"{fault}.ipynb passed"
    assert phrase in messages[0]


def test_good_notebook_passes(results):
    assert results["good"] == [("passed", "")] * 6


def test_a_home_that_cannot_be_written_and_old_settings_do_not_count(tmp_path):
    cell = nbformat.v4.new_code_cell("import matplotlib.pyplot", execution_count=1)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    old = tmp_path / "old settings"
    old.write_text("text.latex.unicode: True\n")
    home = {"HOME": os.devnull, "XDG_CACHE_HOME": "", "XDG_CONFIG_HOME": ""}
    home |= {"MPLCONFIGDIR": "", "MATPLOTLIBRC": str(old)}
    run = run_pytest("-p", "tests.strict_nbval", tmp_path / "a.ipynb", **home)
    assert run.returncode == 0, run.stdout


def test_no_cell_is_run_after_a_failing_one(results):
    outcomes = [outcome for outcome, _ in results["failing_then_more"]]
    assert outcomes == ["failure", "skipped", "skipped"]
    assert "not run because cell 1 failed" in results["failing_then_more"][1][1]


def test_every_broken_notebook_is_in_the_table():
    assert {path.stem for path in BROKEN.glob("*.ipynb")} == {*SILENT, *SEEN, "good"}


def test_plain_nbval_lets_them_pass(tmp_path):
    """Why the strict plugin is needed: all silent cells, in one notebook and kernel."""
    together = nbformat.v4.new_notebook()
    for fault in SILENT:
        together.cells += nbformat.read(BROKEN / f"{fault}.ipynb", as_version=4).cells
    for number, cell in enumerate(together.cells):
        cell.id = f"cell-{number}"
    nbformat.write(together, tmp_path / "together.ipynb")
    run = run_pytest(tmp_path / "together.ipynb")
    assert run.returncode == 0 and "xfail" not in run.stdout, run.stdout

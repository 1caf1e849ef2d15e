"""Explorers, predictions, quizzes by keyboard: in JupyterLab and without a kernel."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
WIDGETS = (r"ll\.explorers\.\w+\(", r"ll\.Predict\(", r"ll\.quiz\(")
KERNEL_READY = """() => {
  const panel = window.jupyterapp?.shell.currentWidget;
  return panel?.sessionContext?.session?.kernel?.status === 'idle';
}"""
LAST_CELL_RAN = """() => {
  const cells = jupyterapp.shell.currentWidget.content.model.cells;
  return cells.get(cells.length - 1).executionCount > 1;
}"""


QUIET = {"JUPYTER_CONFIG_PATH": str(ROOT / "tools" / "jupyter")}  # as make lab has it


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """The address of a JupyterLab on a folder with the notebooks' widget cells."""
    folder = tmp_path_factory.mktemp("lab")
    for path in NOTEBOOKS:
        nbformat.write(only_widgets(path), folder / path.name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--port={port}", "--no-browser", "--allow-root"]
    options += ["--LabApp.expose_app_in_browser=True", f"--notebook-dir={folder}"]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options],
        env=os.environ | {"JUPYTER_TOKEN": "test", **QUIET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}/lab/tree/{{}}?reset&token=test"
    wait_for(address.format(""))
    yield address
    server.terminate()
    server.wait()


def only_widgets(path: Path) -> nbformat.NotebookNode:
    """The notebook with its set-up and its widget cells alone, not yet run."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    chosen = [c for c in code[1:] if re.search("|".join(WIDGETS), c.source)]
    notebook.cells = [code[0], *chosen]
    for cell in notebook.cells:
        cell.outputs, cell.execution_count = [], None
        cell.metadata.pop("jupyter", None)
    return notebook


def wait_for(address: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(address)
            return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"JupyterLab did not answer at {address}")


def scroll_to(page: Page, index: int):
    """The output of a cell, brought into view: JupyterLab draws only what is seen."""
    page.evaluate(
        "i => jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start')", index
    )
    output = page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')
    output.locator(".ll, .widget-box").first.wait_for()
    return output


def operate_explorer(output) -> None:
    status = output.locator("p[role=status]")
    first = status.inner_text()
    for slider in output.locator(".widget-slider .noUi-handle").all():
        slider.focus()
        before = slider.get_attribute("aria-valuenow")
        for key in ("ArrowRight", "ArrowLeft"):  # one of them leads away from its end
            slider.press(key)
            if slider.get_attribute("aria-valuenow") != before:
                break
        assert slider.get_attribute("aria-valuenow") != before
        output.page.wait_for_timeout(400)
        assert "cannot be drawn" not in status.inner_text()
    output.get_by_role("button", name="Reset").press("Enter")
    expect(status).to_have_text(first, timeout=10_000)  # the kernel may be busy


def operate_prediction(output) -> None:
    output.locator("input[type=radio]").first.press("Space")
    output.get_by_text("Recorded.").wait_for()


def operate_quiz(output) -> None:
    for option in output.locator("details").all():
        option.locator("summary").press("Enter")
        assert option.get_attribute("open") is not None


OPERATE = dict(
    zip(WIDGETS, (operate_explorer, operate_prediction, operate_quiz), strict=True)
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_widget_works_by_keyboard_in_jupyterlab(lab, browser, path):
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(lab.format(path.name))
    page.wait_for_function(KERNEL_READY, timeout=60_000)
    page.evaluate(
        "() => { jupyterapp.commands.execute('notebook:run-all-cells'); return 0; }"
    )
    page.wait_for_function(LAST_CELL_RAN, timeout=120_000)
    cells = only_widgets(path).cells
    for index, cell in enumerate(cells[1:], start=1):
        output = scroll_to(page, index)
        for widget, operate in OPERATE.items():
            if re.search(widget, cell.source):
                operate(output)
    assert not errors
    assert not page.get_by_text("official Jupyter news").count()
    page.close()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_explorers_work_by_keyboard_without_a_kernel(browser, tmp_path, path):
    html, _ = HTMLExporter().from_filename(str(path))
    file = tmp_path / "notebook.html"
    file.write_text(html)
    page = browser.new_page()
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.as_uri(), wait_until="commit")
    page.wait_for_load_state()
    explorers = page.locator(".ll[role=group]")
    for explorer in explorers.all():
        slider = explorer.locator("input[type=range]")
        said = explorer.locator("p[aria-live]")
        seen = set()
        for _ in range(explorer.locator("figure").count()):
            assert explorer.locator("figure:visible img").count() == 1
            seen.add(said.inner_text())
            slider.press("ArrowRight")
        assert len(seen) == explorer.locator("figure").count()
    page.close()

"""A JupyterLab with the widget cells of the notebooks, for tests and benchmarks."""

import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from playwright.sync_api import Browser, Locator, Page

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


@contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """The address of a JupyterLab on a folder, which gets the notebooks' widget cells.

    It has a {} for the name of a notebook.
    """
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
    try:
        wait_for(address.format(""))
        yield address
    finally:
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
    for _ in range(480):
        try:
            urllib.request.urlopen(address)
            return
        except OSError:
            time.sleep(0.25)
    raise TimeoutError(f"JupyterLab did not answer at {address}")


def scroll_to(page: Page, index: int) -> Locator:
    """The output of a cell, brought into view: JupyterLab draws only what is seen."""
    page.evaluate(
        "i => jupyterapp.shell.currentWidget.content.scrollToItem(i, 'start')", index
    )
    output = page.locator(f'.jp-Cell[data-windowed-list-index="{index}"]')
    output.locator(".ll, .widget-box").first.wait_for()
    return output


def opened(browser: Browser, address: str, path: Path) -> Page:
    """A page with a notebook of that JupyterLab, all its cells run."""
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.errors = []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.goto(address.format(path.name))
    page.wait_for_function(KERNEL_READY, timeout=60_000)
    page.evaluate(
        "() => { jupyterapp.commands.execute('notebook:run-all-cells'); return 0; }"
    )
    page.wait_for_function(LAST_CELL_RAN, timeout=120_000)
    return page

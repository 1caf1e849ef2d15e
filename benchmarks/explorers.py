"""How fast an explorer answers: from the key to the picture, in JupyterLab in Chromium.

With a kernel, as a student has it. The time is taken in the page, from the event of the
key to that of the loaded picture; each key moves the first slider there and back.
"""

import re
import statistics
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Locator, Page, TimeoutError

from tests.lab import NOTEBOOKS, WIDGETS, jupyterlab, only_widgets, opened, scroll_to
from tools.web import slides

from .rows import Row

MEDIAN, MOST = 50.0, 100.0  # ms
WATCH = """box => {
  window.took = [];
  box.addEventListener('keydown', () => { window.pressed = performance.now(); }, true);
  box.querySelector('img').addEventListener('load', () => {
    window.took.push(performance.now() - window.pressed);
  });
}"""


def answers(page: Page, output: Locator, presses: int) -> list[float]:
    """Milliseconds from each key to its picture; of a picture that never came, none."""
    output.evaluate(WATCH)
    slider = output.locator(".widget-slider .noUi-handle").first
    slider.focus()
    slider.press("ArrowRight")  # warms up; at its end it stays there
    keys = ["ArrowLeft", "ArrowRight"] * (presses // 2 + 1)
    page.wait_for_timeout(1000)
    times = []
    for key in keys[:presses]:
        page.evaluate("() => { window.took.length = 0; }")
        slider.press(key)
        with suppress(TimeoutError):
            page.wait_for_function("() => window.took.length", timeout=5000)
            times.append(page.evaluate("() => window.took[0]"))
    return times


def of_notebook(page: Page, path: Path, presses: int) -> list[Row]:
    """The explorers of an open notebook."""
    rows = []
    for index, cell in enumerate(only_widgets(path).cells):
        if found := re.search(WIDGETS[0], cell.source):
            name = found[0].removeprefix("ll.explorers.").rstrip("(").replace("_", " ")
            times = answers(page, scroll_to(page, index), presses)
            what, limit = f"{path.stem[:2]}, {name}", "limit"
            if lost := presses - len(times):
                what += f" ({lost} of {presses} pictures never came)"
            middle = [statistics.median(times)]
            rows.append(Row(f"{what}, median", "ms", middle, limit, [MEDIAN]))
            rows.append(Row(f"{what}, slowest", "ms", [max(times)], limit, [MOST]))
    return rows


def measure(small: bool) -> list[Row]:
    """Every explorer, in every notebook."""
    paths, presses = (NOTEBOOKS[:1], 2) if small else (NOTEBOOKS, 20)
    rows = []
    with (
        TemporaryDirectory() as folder,
        slides.chromium() as browser,
        jupyterlab(Path(folder)) as address,
    ):
        for path in paths:
            page = opened(browser, address, path)
            rows += of_notebook(page, path, presses)
            page.close()
    return rows

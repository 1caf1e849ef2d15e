"""Explorers, predictions, quizzes by keyboard: in JupyterLab and without a kernel."""

import re

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import expect

from tests.lab import (
    NOTEBOOKS,
    WIDGETS,
    jupyterlab,
    only_widgets,
    opened,
    scroll_to,
)


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """The address of a JupyterLab on a folder with the notebooks' widget cells."""
    with jupyterlab(tmp_path_factory.mktemp("lab")) as address:
        yield address


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
    page = opened(browser, lab, path)
    cells = only_widgets(path).cells
    for index, cell in enumerate(cells[1:], start=1):
        output = scroll_to(page, index)
        for widget, operate in OPERATE.items():
            if re.search(widget, cell.source):
                operate(output)
    assert not page.errors
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

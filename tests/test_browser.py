"""Explorers, predictions, quizzes by keyboard: in JupyterLab and without a kernel."""

import re
import shutil
from functools import cache
from pathlib import Path

import bleach
import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from playwright.sync_api import Locator, Page, expect

from lectures_lib.explorers import widgets
from lectures_lib.support import asking
from tests.lab import (
    KERNEL_READY,
    NOTEBOOKS,
    WIDGETS,
    jupyterlab,
    only_widgets,
    opened,
    scroll_to,
)
from tools.web.pages import stored


@cache
def cells_of_all() -> list[tuple[Path, nbformat.NotebookNode]]:
    """The set-up and the widget cells of all notebooks, each with its notebook."""
    return [(path, cell) for path in NOTEBOOKS for cell in only_widgets(path).cells]


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """The address of a JupyterLab on a folder with the notebooks' widget cells.

    In its folder `whole` the notebooks are as they are; `all` has the widget cells of
    all of them, for one kernel.
    """
    folder = tmp_path_factory.mktemp("lab")
    (folder / "whole").mkdir()
    for path in NOTEBOOKS:
        shutil.copy(path, folder / "whole")
    together = only_widgets(NOTEBOOKS[0])
    together.cells = [cell for _, cell in cells_of_all()]
    for number, cell in enumerate(together.cells):
        cell.id = f"cell-{number}"  # each notebook has a cell "setup"
    nbformat.write(together, folder / "all.ipynb")
    with jupyterlab(folder) as address:
        yield address


@pytest.fixture(scope="module")
def page_of_all(lab, browser):
    """The widget cells of all notebooks in JupyterLab, run."""
    page = opened(browser, lab, Path("all.ipynb"))
    yield page
    page.close()


# Of each kind of control the keys, one of which leads away from its end, and its state.
CONTROLS = {
    ".noUi-handle": (("ArrowRight", "ArrowLeft"), "e => e.ariaValueNow"),
    "select": (("ArrowDown", "ArrowUp"), "e => e.value"),
    "input[type=checkbox]": (("Space",), "e => e.checked"),
}


def operate_explorer(output) -> None:
    status = output.locator("p[role=status]")
    first = status.inner_text()
    for kind, (keys, state) in CONTROLS.items():
        for control in output.locator(f".widget-gridbox {kind}").all():
            turn(control, keys, state)
            output.page.wait_for_timeout(400)
            assert "cannot be drawn" not in status.inner_text()
    said = output.locator("img.widget-image").get_attribute("title")
    assert said.endswith(status.inner_text())
    output.get_by_role("button", name="Reset").press("Enter")
    expect(status).to_have_text(first, timeout=10_000)  # the kernel may be busy


def turn(control: Locator, keys: tuple[str, ...], state: str) -> None:
    """Move a control by one of the keys."""
    before = control.evaluate(state)
    control.focus()
    for key in keys:
        control.press(key)
        if control.evaluate(state) != before:
            return
    raise AssertionError(f"{keys} move nothing")


def operate_prediction(output) -> None:
    """Choose by keyboard; the arrows are the buttons', not the notebook's."""
    choices = output.locator("input[type=radio]")
    choices.first.press("Space")
    output.get_by_text("Recorded.").wait_for()
    choices.first.press("ArrowDown")
    assert choices.nth(1).is_checked()


def operate_quiz(output) -> None:
    for option in output.locator("details").all():
        option.locator("summary").press("Enter")
        assert option.get_attribute("open") is not None


OPERATE = dict(
    zip(WIDGETS, (operate_explorer, operate_prediction, operate_quiz), strict=True)
)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_widget_works_by_keyboard_in_jupyterlab(page_of_all, path):
    for index, (owner, cell) in enumerate(cells_of_all()):
        for widget, operate in OPERATE.items():
            if owner == path and re.search(widget, cell.source):
                operate(scroll_to(page_of_all, index))
    assert not page_of_all.errors
    assert not page_of_all.get_by_text("official Jupyter news").count()
    assert not blamed(page_of_all, ".jp-OutputArea-output")


def blamed(page: Page, part: str) -> list[str]:
    """What axe finds there, but for the sliders of ipywidgets: they have no name."""
    found = Axe().run(page, context=[part]).response["violations"]
    parts = [(fault["id"], node["html"]) for fault in found for node in fault["nodes"]]
    return [f"{name}: {html}" for name, html in parts if "noUi-handle" not in html]


def loaded(browser, address: str) -> Page:
    """A notebook in JupyterLab with its kernel, no cell of it run."""
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    page.goto(address)
    page.wait_for_function(KERNEL_READY, timeout=60_000)
    return page


# Whether a notebook is in front, rendered, and a statement of it is on the screen.
ARRIVED = """([notebook, name]) => {
  const panel = jupyterapp.shell.currentWidget;
  if (!panel.title.label.startsWith(notebook)) return false;
  if (!name) return panel.node.querySelectorAll('.jp-MarkdownOutput h2').length > 2;
  const at = panel.node.querySelector(`[data-jupyter-id="${name}"]`);
  const top = at?.getBoundingClientRect().top;
  return top > 0 && top < innerHeight;
}"""


def test_links_to_statements_arrive_and_the_dark_theme_is_legible(lab, browser):
    page = loaded(browser, lab.format("whole/06_graph_networks.ipynb"))
    follow(page, "06_graph_networks", "00_start_here", "R1")  # in an output
    follow(page, "00_start_here", "", "R3")
    page.evaluate(
        "jupyterapp.commands.execute('apputils:change-theme', "
        "{theme: 'JupyterLab Dark'}).then(() => 0)"
    )
    page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    assert not [f for f in blamed(page, ".jp-Notebook") if "color-contrast" in f]
    follow(page, "00_start_here", "06_graph_networks", "N3")
    page.close()


def follow(page: Page, source: str, to: str, name: str) -> None:
    """Click the link to a statement of a notebook, in the one that is in front."""
    there = f'[href*="{to}.ipynb"]' if to else ""
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    link = notebook.locator(f'a{there}[href$="#{name}"]').first.element_handle()
    link.evaluate("e => e.click()")  # it may stand in a part that is folded
    if to:  # the first click opens the notebook, the second finds its place
        page.wait_for_function(ARRIVED, arg=[to, ""])
        link.evaluate("e => e.click()")
    page.wait_for_function(ARRIVED, arg=[to or source, name])


def test_a_saved_copy_opens_again_without_its_kernel(lab, browser, page_of_all):
    """The last that uses this page: its kernel is gone then."""
    for command in (
        "commands.execute('docmanager:save').then(() => 0)",
        "shell.currentWidget.sessionContext.shutdown()",
    ):
        page_of_all.evaluate(f"jupyterapp.{command}")
    page = loaded(browser, lab.format("all.ipynb"))
    page.locator(".ll[role=group]").first.wait_for()
    assert not page.get_by_text("Error displaying widget").count()
    page.close()


# As VS Code shows an output: its scripts are made anew, run beside it, and removed.
VS_CODE = """html => {
  const output = document.createElement('div');
  document.body.append(output);
  output.innerHTML = html;
  for (const script of [...output.getElementsByTagName('script')]) {
    const again = document.createElement('script');
    again.text = script.innerText;
    output.appendChild(again).parentNode.removeChild(again);
  }
}"""


def test_stored_explorers_move_as_vs_code_shows_them(browser):
    page = browser.new_page()
    for _ in range(2):  # each finds its own pictures
        page.evaluate(VS_CODE, stored("notebooks/00_start_here.ipynb", "explorer"))
    for explorer in page.locator(".ll[role=group]").all():
        name = explorer.get_attribute("aria-label")
        assert explorer.locator("label").inner_text().startswith(name)
        said = explorer.locator("p[aria-live]")
        before = said.inner_text()
        explorer.locator("input").press("ArrowRight")
        assert said.inner_text() != before
        assert explorer.locator("img:visible").count() == 1
    page.close()


# What GitHub leaves of an output: no style, no script, no control, these elements.
KEPT = "a b br code details div em figcaption figure i img li ol p pre span strong"
KEPT += " sub summary sup table tbody td th thead tr ul"


def as_on_github(html: str) -> str:
    html = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    attributes, schemes = {"img": ["alt", "src"]}, ["https", "data"]
    return bleach.clean(html, KEPT.split(), attributes, schemes, strip=True)


def test_without_scripts_and_controls_an_explorer_is_its_first_picture(browser):
    page = browser.new_page()
    explorer = as_on_github(stored("notebooks/00_start_here.ipynb", "explorer"))
    page.set_content(explorer)
    presets = widgets.EXPLORERS["one_output_pixel"]["presets"]
    captions = page.locator("figcaption b")
    assert captions.all_inner_texts()[0] == f"{next(iter(presets))}."
    assert page.locator("img:visible").count() == 1
    page.locator("summary").click()
    assert page.locator("img:visible").count() == captions.count() == len(presets)
    assert not page.locator("input, button, select").count()
    page.close()


def test_without_controls_the_options_of_a_prediction_and_a_quiz_are_told_apart(
    browser,
):
    page = browser.new_page()
    prediction = asking.Predict("how many?", {"1 %": 1, "10 %": 10}).to_html()
    page.set_content(as_on_github(prediction))
    options = [text.strip() for text in page.locator("li").all_inner_texts()]
    assert options == ["1 %", "10 %"]
    quiz = asking.ask("which?", "a", {"a": "for it is", "b": "for it is not"})
    page.set_content(as_on_github(quiz._repr_html_()))
    assert page.get_by_text("for it is not").is_hidden()
    page.locator("summary").last.click()
    assert page.get_by_text("for it is not").is_visible()
    page.close()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_stored_explorers_work_by_keyboard_without_a_kernel(browser, tmp_path, path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [c for c in notebook.cells if '"ll" role="group"' in str(c)]
    html, _ = HTMLExporter().from_notebook_node(notebook)
    file = tmp_path / "notebook.html"
    file.write_text(html)
    page = browser.new_page()
    page.route("http*://**", lambda route: route.abort())
    page.goto(file.as_uri(), wait_until="commit")
    page.wait_for_load_state()
    explorers = page.locator(".ll[role=group]").all()
    assert len(explorers) == len(notebook.cells) > 0
    for explorer in explorers:
        slider = explorer.locator("input[type=range]")
        said = explorer.locator("p[aria-live]")
        seen = set()
        for _ in range(explorer.locator("figure").count()):
            assert explorer.locator("figure:visible img").count() == 1
            seen.add(said.inner_text())
            slider.press("ArrowRight")
        assert len(seen) == explorer.locator("figure").count()
    page.close()

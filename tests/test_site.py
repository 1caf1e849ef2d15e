"""The site: built clean, read anywhere, asking nothing of the web."""

import base64
import importlib.util
import io
import posixpath
from pathlib import Path
from urllib.parse import unquote

import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image
from playwright.sync_api import Browser, Page

from tools.web import check_site, pages, site
from tools.writing import ToolError

# One page of each kind.
KINDS = ["index", "lecture", "notebooks/02_residual_blocks", "homework/homework_1"]
KINDS += ["teaching", "larger", "formulas", "terms", "claims", "reference"]
KINDS += ["data", "search"]
EVERY = {page.rpartition(".")[0] for page in pages.PAGES.values()}
EVERY = sorted(EVERY | {"search", "genindex", "py-modindex"})
WIDTHS = [390, 820, 1280]
THEMES = ["light", "dark"]
LIMIT = 1.5e6  # bytes, of a page without an explorer


@pytest.fixture(scope="module")
def built() -> tuple[int, Path]:
    """The status of a build, and the folder of its pages."""
    if importlib.util.find_spec("myst_nb") is None:
        pytest.skip("the extra [site] is not here: make site installs it")
    try:
        return site.write_site(decks=False), site.HTML
    except ToolError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def links(built) -> dict[str, list[str]]:
    """For each page of the site, the places on it that links of any page lead to."""
    found = {f"{name}.html": [] for name in EVERY}
    for name in found:
        for link in check_site.Page(built[1] / name).links:
            path, _, place = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
            target = target if path else name
            if place and target in found:
                found[target].append(unquote(place))
    return {name: sorted(set(places)) for name, places in found.items()}


@pytest.fixture(params=THEMES)
def page(browser: Browser, request) -> Page:
    """A browser's page in one of the themes; it notes what it asks for."""
    context = browser.new_context(color_scheme=request.param, reduced_motion="reduce")
    page = context.new_page()
    page.asked, page.errors = [], []
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    page.on("request", lambda request: page.asked.append(request.url))
    yield page
    context.close()


def go(page: Page, folder: Path, name: str, width: int = 1280) -> None:
    """Open a page and wait for its formulas."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto((folder / f"{name}.html").as_uri())
    page.evaluate("window.MathJax && MathJax.startup.promise.then(() => null)")


# The build


def test_the_build_is_clean(built):
    assert built[0] == 0


def test_links_arrive_pictures_have_words_and_nothing_is_loaded_from_elsewhere(built):
    assert check_site.faults(built[1]) == []


def test_every_notebook_and_homework_is_a_page(built):
    for path in [*pages.NOTEBOOKS, *pages.HOMEWORK]:
        assert (built[1] / pages.PAGES[path]).with_suffix(".html").exists()


def test_every_claim_is_listed_with_a_link_to_its_cell(built):
    text = (built[1] / "claims.html").read_text(encoding="utf-8")
    for path in pages.NOTEBOOKS:
        for _, _, cell in pages.claims_in(path):
            page = pages.PAGES[path].replace(".ipynb", ".html")
            assert f'href="{page}#{cell}"' in text, cell


# In a browser


@pytest.mark.parametrize("name", KINDS)
def test_a_page_fits_passes_axe_and_asks_for_nothing_outside(built, page, name):
    for width in WIDTHS:
        go(page, built[1], name, width)
        assert too_wide(page) <= 0, width
    assert not blamed(page)
    assert not left(page)


def too_wide(page: Page) -> int:
    """By how many pixels the page scrolls sideways."""
    root = "document.documentElement"
    return page.evaluate(f"{root}.scrollWidth - {root}.clientWidth")


def blamed(page: Page) -> list[tuple[str, str]]:
    """What axe finds, and where."""
    faults = Axe().run(page).response["violations"]
    return [(fault["id"], fault["nodes"][0]["html"]) for fault in faults]


def left(page: Page) -> list[str]:
    """What was asked for outside the site, and the errors of its scripts."""
    asked = [url for url in page.asked if not url.startswith(("file:", "data:"))]
    return asked + page.errors


# Which of the links to places on this page lead to something folded, or nothing.
FOLLOW = """async names => {
  const lost = [];
  for (const name of names) {
    location.hash = '';
    location.hash = name;
    await new Promise(done => setTimeout(done, 20));
    const at = document.getElementById(name);
    if (!at || at.parentElement.closest('details:not([open])')) lost.push(name);
  }
  return lost;
}"""


@pytest.mark.parametrize("page", ["dark"], indirect=True)
@pytest.mark.parametrize("name", EVERY)
def test_every_page_works_on_a_phone(built, links, page, name):
    go(page, built[1], name, 390)
    assert not blamed(page)
    assert not page.evaluate(FOLLOW, links[f"{name}.html"])
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert too_wide(page) <= 0
    for explorer in page.locator(".ll[role=group]").all():
        slider, said = explorer.locator("input"), explorer.locator("[aria-live]")
        settings, seen = int(slider.get_attribute("max")) + 1, set()
        for _ in range(settings):
            seen.add(said.inner_text())
            slider.press("ArrowRight")
        assert len(seen) == settings
    assert not left(page)


@pytest.mark.parametrize("name", ["formulas", "terms", "teaching", "homework"])
def test_a_page_without_an_explorer_is_light(built, browser, name):
    page, sizes = browser.new_page(), []
    page.on(
        "request", lambda request: sizes.append(Path(request.url[7:].split("?")[0]))
    )
    go(page, built[1], name)
    assert sum(file.stat().st_size for file in sizes) < LIMIT
    page.close()


def test_an_explorer_moves_by_keyboard(built, page):
    go(page, built[1], "index")
    slider, said = (
        page.locator(".ll input[type=range]"),
        page.locator(".ll [aria-live]"),
    )
    before = said.inner_text()
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert said.inner_text() != before
    shown = page.locator(".ll figure:not(.off) img")
    assert shown.count() == 1
    assert page.wait_for_function("e => e.naturalWidth", arg=shown.element_handle())


def test_a_prediction_unfolds_its_result(built, page):
    go(page, built[1], "notebooks/01_depth_issues")
    question, result = page.locator(".ll fieldset"), page.locator("details.result")
    ground = "e => getComputedStyle(e.closest('.text_html')).backgroundColor"
    assert question.first.evaluate(ground) == "rgba(0, 0, 0, 0)"  # the page's own
    assert not result.first.evaluate("e => e.open")
    question.first.locator("input").first.focus()
    page.keyboard.press("Space")
    assert result.first.evaluate("e => e.open")
    assert not result.last.evaluate("e => e.open")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("oversmoothing", "terms.html"),
        ("none vanishes if wide", "claims.html"),
        ("rows point in the same direction", "notebooks/06_graph_networks.html"),
    ],
    ids=["a term", "a claim", "a cell"],
)
def test_the_search_finds(built, page, words, name):
    go(page, built[1], "index")
    page.locator(".search-button-field:visible").click()
    page.keyboard.type(words)
    page.keyboard.press("Enter")
    page.locator(f"#search-results a[href*='{name}']").first.wait_for()


def test_a_link_into_a_folded_part_opens_it(built, page):
    go(page, built[1], "notebooks/01_depth_issues")
    page.evaluate("location.hash = 'd1-picture'")
    page.wait_for_function(
        "document.getElementById('d1-picture').closest('details').open"
    )


def test_without_scripts_everything_is_open(built, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((built[1] / "notebooks" / "01_depth_issues.html").as_uri())
    assert page.locator("details.result:not([open])").count() == 0
    assert page.locator("details.result[open]").count() > 0
    context.close()


# How pages are made


@pytest.mark.parametrize(
    ("text", "source", "moved"),
    [
        ("[a](../README.md)", "site/teaching.md", "[a](index.md)"),
        ("[a](#D4)", "notebooks/00_start_here.ipynb", "[a](00_start_here.ipynb#D4)"),
        (
            "[a](../notebooks/00_start_here.ipynb#r1)",
            "site/terms.md",
            "[a](notebooks/00_start_here.ipynb#r1)",
        ),
        (
            "[a](../../../00_start_here.ipynb)",
            "notebooks/homework/release/homework_1/homework_1.ipynb",
            "[a](../notebooks/00_start_here.ipynb)",
        ),
        ("[a](https://x.org)", "site/terms.md", "[a](https://x.org)"),
        ("[a](nowhere.md)", "site/terms.md", "[a](nowhere.md)"),
        ("![a](images/x.svg)", "notebooks/x.ipynb", "![a](images/x.svg)"),
        (
            "[a](LICENSE)",
            "CONTRIBUTING.md",
            f"[a]({pages.REPOSITORY}/blob/main/LICENSE)",
        ),
    ],
)
def test_links_lead_to_where_their_targets_are(text, source, moved):
    assert pages.links_moved(text, source) == moved


def test_a_result_is_folded_from_its_first_output_to_the_next_heading():
    said = [new_output("stream", text="1\n")]
    cells = [
        new_code_cell('guess = ll.Predict("?", {"a": 1})', outputs=said),
        new_code_cell("x = 1"),
        new_code_cell("x", outputs=said),
        new_markdown_cell("### The rest"),
        new_code_cell("guess.compare(x)"),
        new_markdown_cell("**In words.** One."),
        new_markdown_cell("### Next"),
    ]
    assert pages.folds(cells) == ({2, 4}, {3, 6})


def test_code_that_words_the_description_of_a_result_is_folded_with_it():
    alt = "The deeper net is worse, from the first epoch to the last."
    seen = {"image/png": {"alt": alt}}
    cells = [
        new_code_cell('guess = ll.Predict("?", {"a": 1})'),
        new_code_cell("x = 1"),
        new_code_cell(f'chart = (\n    "{alt}"\n)'),
        new_code_cell(
            "show(alt=chart)", outputs=[new_output("display_data", metadata=seen)]
        ),
        new_markdown_cell("### Next"),
    ]
    assert pages.folds(cells) == ({2}, {4})


def test_the_anchors_of_a_part_stand_below_its_heading():
    cell = new_markdown_cell('<a id="D1"></a>\n## Depth\n\nText', id="d1")
    lines = pages.with_anchors(cell).splitlines()
    assert lines[0] == "## Depth" and lines[-1] == "Text"
    assert ['id="D1"' in lines[2], 'id="d1"' in lines[3]] == [True, True]


def test_the_pictures_of_an_explorer_become_files(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (3, 2)).save(picture, "PNG")
    data = base64.b64encode(picture.getvalue()).decode()
    html = f'<img alt="a" src="data:image/png;base64,{data}">'
    changed = pages.with_files(html, tmp_path)
    (file,) = tmp_path.iterdir()
    assert file.read_bytes() == picture.getvalue()
    size = 'width="3" height="2" loading="lazy"'
    assert changed == f'<img alt="a" {size} src="../frames/{file.name}">'


@pytest.mark.parametrize(
    ("html", "fault"),
    [
        ('<a href="#no">x</a>', "dead link #no"),
        ('<a href="no.html">x</a>', "dead link no.html"),
        ('<img src="data:,"><p>', "has no alt text"),
        ('<script src="https://x.org/a.js"></script>', "loads https://x.org/a.js"),
        ('<link rel="stylesheet" href="a.css">', "loads a.css"),
        ('<p id="a"></p><p id="a"></p>', "id a twice"),
        ('<a href="#a" id="a">x</a><a href="https://x.org">y</a>', None),
    ],
)
def test_what_is_wrong_with_a_page_is_seen(tmp_path, html, fault):
    (tmp_path / "a.html").write_text(html)
    found = check_site.faults(tmp_path)
    assert (fault is None and not found) or (len(found) == 1 and fault in found[0])

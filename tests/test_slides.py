"""The decks: written from stored outputs, fitting the screen, fetching nothing."""

import re
import tarfile
from hashlib import sha256
from html import unescape
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Page

from tools.web import sections, slides
from tools.writing import ToolError

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
LECTURE = ROOT / "notebooks" / "lecture.ipynb"

# Steps through the deck, reveal by reveal; of whatever is seen: first words, how far it
# reaches to the right and down, how far code leaves its box, whether words are cut, its
# smallest text, and which reveals are open. The deck draws the formulas of a slide anew
# when it is reached: measured when they are there.
MEASURE = """async () => {
  while (!window.deck) await new Promise(r => setTimeout(r, 20));
  const deck = window.deck, found = [], page = document.querySelector('.slides');
  const drawn = slide => {
    const formulas = slide.querySelectorAll('script[type^="math/tex"]').length;
    const seen = [...slide.querySelectorAll('.MathJax_SVG svg')];
    return seen.length === formulas;
  };
  const small = 'aside, script, style, sub, sup, .ll-source, .MathJax_SVG, math';
  const sizes = slide => {
    const walker = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      const seen = parent.checkVisibility({visibilityProperty: true});
      if (walker.currentNode.data.trim() && seen && !parent.closest(small))
        texts.push(parseFloat(getComputedStyle(parent).fontSize));
    }
    return Math.min(100, ...texts) * (slide.style.zoom || 1);
  };
  for (;;) {
    const slide = deck.getCurrentSlide();
    for (let i = 0; !drawn(slide); i++) {
      if (i === 500) throw new Error('formulas not drawn: ' + slide.innerText);
      await new Promise(r => setTimeout(r, 20));
    }
    await new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)));
    const box = page.getBoundingClientRect();
    const parts = [...slide.querySelectorAll(':not(script, aside, aside *)')].filter(
      e => e.checkVisibility({visibilityProperty: true}));
    const boxes = parts.map(e => e.getBoundingClientRect());
    const seen = boxes.filter(b => b.width && b.height);
    const over = Math.max(...seen.map(b => b.right - box.right),
      ...seen.map(b => b.bottom - box.bottom), ...seen.map(b => box.left - b.left),
      ...seen.map(b => box.top - b.top));
    const open = slide.querySelectorAll('.fragment.visible').length;
    const right = e => e.getBoundingClientRect().right;
    const code = [...slide.querySelectorAll('.highlight span')].map(
      e => right(e) - right(e.closest('.highlight')));
    const cut = [...slide.querySelectorAll('.jp-RenderedText pre')].some(
      e => getComputedStyle(e).wordBreak === 'break-all');
    found.push({text: slide.innerText.trim().slice(0, 40), over, cut,
      code: Math.max(0, ...code),
      size: sizes(slide), at: [deck.getIndices().h, deck.getIndices().v, open]});
    if (deck.isLastSlide() && !deck.availableFragments().next) return found;
    deck.next();
  }
}"""


@pytest.fixture(scope="module")
def decks():
    try:
        slides.fetch_assets(slides.DECKS / "assets")
    except ToolError as error:
        pytest.skip(str(error))
    return slides.DECKS


HALLS = {"width": 1280, "height": 720}, {"width": 1024, "height": 768}
HALLS += ({"width": 1920, "height": 1080},)


def opened(
    browser, page_file: Path, troubles: list[str], size: dict = HALLS[0]
) -> Page:
    """The deck in a browser; what goes wrong there is added to troubles."""
    page = browser.new_page(viewport=size)
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else 0)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda r: troubles.append(r.url))
    page.on("request", lambda r: r.url[:4] == "http" and troubles.append(r.url))
    page.goto(page_file.as_uri())
    return page


def show(browser, page_file: Path, size: dict = HALLS[0]) -> tuple[list, list[dict]]:
    """What went wrong in the browser, and what each slide of the deck measures."""
    troubles: list[str] = []
    page = opened(browser, page_file, troubles, size)
    measured = page.evaluate(MEASURE)
    page.close()
    return troubles, measured


def overflowing(measured: list[dict]) -> list[dict]:
    return [slide for slide in measured if slide["over"] > 1]


def written(decks: Path, path: Path) -> Path:
    page_file = decks / f"{path.stem}.html"
    page_file.write_text(slides.deck(nbformat.read(path, as_version=4)))
    return page_file


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_slide_fits_and_nothing_is_fetched(browser, decks, path):
    troubles, measured = show(browser, written(decks, path))
    assert not troubles
    assert len(measured) > 10
    assert not overflowing(measured)
    assert not [slide for slide in measured if slide["size"] < 15]
    assert not [slide for slide in measured if slide["code"] > 0 or slide["cut"]]


@pytest.mark.parametrize("size", HALLS, ids=lambda size: f"{size['width']}")
def test_the_lecture_is_read_from_the_last_row(browser, decks, size):
    troubles, measured = show(browser, written(decks, LECTURE), size)
    assert not troubles
    assert not overflowing(measured)
    assert not [slide for slide in measured if slide["size"] < 24]
    reached = [slide["at"] for slide in measured]
    assert reached == sorted(reached)  # slides and their reveals, one after the other


def test_an_explorer_moves_by_keyboard_and_gives_the_deck_its_keys(browser, decks):
    page_file, troubles = written(decks, LECTURE), []
    page = opened(browser, page_file, troubles)
    page.wait_for_function("window.deck")
    where = page.evaluate("""() => [...document.querySelectorAll('section')].flatMap(
      s => s.querySelector(':scope > * .ll-slider') && !s.matches('.stack')
        ? [[deck.getIndices(s).h, deck.getIndices(s).v]] : [])""")
    assert len(where) == 6
    for h, v in where:
        page.evaluate(f"deck.slide({h}, {v})")
        slider = page.locator("section.present:not(.stack) input[type=range]")
        slider.focus()
        page.keyboard.press("ArrowRight")
        assert slider.input_value() == "1"
        assert page.locator("section.present:not(.stack) figure:not(.off)").count() == 1
        page.keyboard.press("PageDown")
        place = page.evaluate("[deck.getIndices().h, deck.getIndices().v]")
        assert place > [h, v]
    assert not troubles


def at_the_first(selector: str, browser, decks: Path) -> Page:
    """The lecture's deck, on the first slide that has such an element."""
    page = opened(browser, written(decks, LECTURE), [])
    page.wait_for_function("window.deck")
    page.evaluate(
        """selector => {
          const slide = document.querySelector(selector).closest('section');
          const {h, v} = deck.getIndices(slide);
          deck.slide(h, v);
        }""",
        selector,
    )
    return page


def test_after_a_vote_the_next_key_goes_on(browser, decks):
    page, here = (
        at_the_first(".ll fieldset", browser, decks),
        "section.present:not(.stack)",
    )
    page.locator(f"{here} input[type=radio]").first.click()
    page.keyboard.press("Space")
    assert page.locator(f"{here} .fragment.visible").count() == 1
    assert not page.locator(f"{here} fieldset").is_visible()


def test_one_answer_of_a_quiz_is_open_at_a_time_and_none_runs_off(browser, decks):
    page, here = (
        at_the_first(".ll details", browser, decks),
        "section.present:not(.stack)",
    )
    for answer in page.locator(f"{here} summary").all():
        answer.click()
        page.wait_for_timeout(50)
        assert page.locator(f"{here} details[open]").count() == 1
        lowest = page.locator(f"{here} details").last.bounding_box()
        assert lowest["y"] + lowest["height"] < 720


@pytest.mark.parametrize("query", ["", "?dark"], ids=["light", "dark"])
def test_axe_finds_nothing_on_the_lecture_s_slides(browser, decks, query):
    page_file = written(decks, LECTURE)
    page = browser.new_page(viewport=HALLS[0])
    page.goto(page_file.as_uri() + query)
    page.wait_for_function("window.deck")
    page.evaluate(Axe().axe_script)  # once: its run() does so for each slide
    rules = {"runOnly": ["color-contrast", "image-alt", "label", "svg-img-alt"]}
    rules["resultTypes"] = ["violations"]
    look = "rules => axe.run('section.present:not(.stack)', rules)"
    while True:
        page.evaluate("while (deck.availableFragments().next) deck.nextFragment()")
        found = page.evaluate(look, rules)["violations"]
        assert not found, (page.evaluate("deck.getIndices()"), found)
        if page.evaluate("deck.isLastSlide()"):
            return
        page.evaluate("deck.next()")


def test_a_deck_s_links_lead_to_slides_and_decks():
    texts = [
        "# one",
        "[a](#D1) [b](#D2) [c](01_depth_issues.ipynb#D4) [d](../README.md)",
    ]
    texts += ['<a id="D1"></a>\n# two', "![e](images/x.svg) [f](https://example.org)"]
    cells = [new_markdown_cell(text) for text in texts]
    for cell in cells:
        cell.metadata["slideshow"] = {"slide_type": "slide"}
    notebook = slides.for_the_deck(new_notebook(cells=cells))
    assert notebook.cells[1].source == "[a](#/D1) b [c](01_depth_issues.html#/D4) d"
    assert notebook.cells[3].source == texts[3]


def test_the_deck_is_printed_with_and_without_notes(browser, decks, tmp_path):
    texts = ["# one", "# two"]
    cells = [new_markdown_cell(text) for text in texts]
    cells.insert(1, new_markdown_cell("1 min. say this"))
    for cell, kind in zip(cells, ("slide", "notes", "slide")):
        cell.metadata["slideshow"] = {"slide_type": kind}
    page_file = decks / "printed.html"
    page_file.write_text(slides.deck(new_notebook(cells=cells)))
    pages = [
        len(re.findall(rb"/Type\s*/Page\b", path.read_bytes()))
        for path in slides.print_pdf(browser, page_file)
    ]
    for made in decks.glob("printed*"):
        made.unlink()
    assert pages == [2, 3]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_figure_of_a_deck_has_its_description(path):
    notebook = nbformat.read(path, as_version=4)
    core, _ = sections.core_and_deeper(notebook.cells)
    metadata = [o.get("metadata", {}) for c in core for o in c.get("outputs", [])]
    expected = [entry["image/png"]["alt"] for entry in metadata if "image/png" in entry]
    html = unescape(slides.deck(notebook))
    assert expected and all(f'alt="{alt}"' in html for alt in expected)
    assert "No description has been provided" not in html


def test_a_slide_that_is_too_tall_and_a_picture_from_afar_are_seen(browser, decks):
    far = "![far](https://127.0.0.1:9/picture.png)"
    column = r"$$\begin{pmatrix} a \\ b \\ c \\ d \end{pmatrix}$$"
    formulas = ["a formula", *[column] * 6]
    texts = ["# fits", "\n\n".join(["a line"] * 40), "\n\n".join(formulas), far]
    starts = {"slideshow": {"slide_type": "slide"}}
    cells = [new_markdown_cell(text, metadata=starts) for text in texts]
    page_file = decks / "too_tall.html"
    page_file.write_text(slides.deck(new_notebook(cells=cells)))
    troubles, measured = show(browser, page_file)
    page_file.unlink()
    assert any("picture.png" in trouble for trouble in troubles)
    small = [slide["text"][:6] for slide in measured if slide["size"] < 20]
    assert not overflowing(measured) and small == ["a line", "a form"]


def test_pictures_come_without_their_code_and_their_printed_description():
    picture = new_output("display_data", {"image/png": "AAAA"})
    text = new_output("stream", name="stdout", text="Figure: a line")
    cell = new_code_cell("draw()", outputs=[picture, text])
    other = new_code_cell("compute()", outputs=[new_output("stream", text="4")])
    html = slides.deck(new_notebook(cells=[cell, other]))
    assert "draw()" not in html and "Figure: a line" not in html
    assert "compute" in html


def test_without_npm_one_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(slides.shutil, "which", lambda name: None)
    with pytest.raises(ToolError, match="need npm once"):
        slides.fetch_assets(tmp_path / "assets")


def test_assets_that_are_not_what_they_were_are_refused(monkeypatch, tmp_path):
    def other_archive(package, folder):
        (folder / "other.tgz").write_bytes(b"something else")
        return folder / "other.tgz"

    monkeypatch.setattr(slides, "npm_pack", other_archive)
    with pytest.raises(ToolError, match="is not what it was: expected SHA-256"):
        slides.fetch_assets(tmp_path / "assets")
    assert not (tmp_path / "assets").exists()


def test_of_a_package_what_is_used_is_kept(monkeypatch, tmp_path):
    package = tmp_path / "package"
    for name in ("dist/reveal.js", "plugin/notes/notes.js", "plugin/math/math.js"):
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(name)
    archive = tmp_path / "reveal.tgz"
    with tarfile.open(archive, "w:gz") as files:
        files.add(package, "package")
    checksum = sha256(archive.read_bytes()).hexdigest()
    monkeypatch.setattr(slides, "PACKAGES", f"reveal.js@1.0 {checksum}")
    monkeypatch.setattr(slides, "npm_pack", lambda package, folder: archive)
    slides.fetch_assets(tmp_path / "assets")
    kept = (path for path in (tmp_path / "assets").rglob("*.js") if path.is_file())
    names = {path.relative_to(tmp_path / "assets").as_posix() for path in kept}
    assert names == {"reveal.js/dist/reveal.js", "reveal.js/plugin/notes/notes.js"}

"""The decks: written from stored outputs, fitting the screen, fetching nothing."""

import tarfile
from hashlib import sha256
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import slides

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))

# Steps through the deck with all fragments shown; the lowest and rightmost point of
# whatever each slide shows, and its first words. The deck draws the formulas of a slide
# anew when it is reached: it is measured when they are there.
MEASURE = """async () => {
  const drawn = slide => {
    const formulas = slide.querySelectorAll('script[type^="math/tex"]').length;
    const seen = [...slide.querySelectorAll('.MathJax_SVG svg')];
    return seen.filter(e => e.getBoundingClientRect().height).length === formulas;
  };
  const file = 'assets/reveal.js/dist/reveal.js';
  const reveal = await new Promise(done => require([file], done));
  await new Promise(r => MathJax.Hub.Queue(r));
  const found = [];
  for (;;) {
    for (let i = 0; i < 50 && reveal.availableFragments().next; i++)
      reveal.nextFragment();
    const slide = reveal.getCurrentSlide();
    for (let i = 0; !drawn(slide); i++) {
      if (i === 500) throw new Error('formulas not drawn: ' + slide.innerText);
      await new Promise(r => setTimeout(r, 20));
    }
    const box = slide.getBoundingClientRect();
    const boxes = [...slide.querySelectorAll('*')].map(e => e.getBoundingClientRect());
    const seen = boxes.filter(b => b.width && b.height);
    const bottom = Math.max(...seen.map(b => b.bottom));
    const right = Math.max(...seen.map(b => b.right));
    found.push([slide.innerText.trim().slice(0, 40), box.top, bottom, right]);
    if (reveal.isLastSlide()) return found;
    reveal.next();
  }
}"""


@pytest.fixture(scope="module")
def decks():
    try:
        slides.fetch_assets(slides.DECKS / "assets")
    except slides.SlidesError as error:
        pytest.skip(str(error))
    return slides.DECKS


def show(browser, page_file: Path) -> tuple[list[str], list[list]]:
    """What went wrong in the browser, and what each slide of the deck measures."""
    troubles = []
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else 0)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("requestfailed", lambda r: troubles.append(r.url))
    page.on("request", lambda r: r.url[:4] == "http" and troubles.append(r.url))
    page.goto(page_file.as_uri())
    measured = page.evaluate(MEASURE)
    page.close()
    return troubles, measured


def overflowing(measured: list[list]) -> list[list]:
    return [s for s in measured if s[1] < 0 or s[2] > 720 or s[3] > 1280]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_slide_fits_and_nothing_is_fetched(browser, decks, path):
    page_file = decks / f"{path.stem}.html"
    page_file.write_text(slides.deck(nbformat.read(path, as_version=4)))
    troubles, measured = show(browser, page_file)
    assert not troubles
    assert len(measured) > 10
    assert not overflowing(measured)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_figure_of_a_deck_has_its_description(path):
    notebook = nbformat.read(path, as_version=4)
    metadata = [
        o.get("metadata", {}) for c in notebook.cells for o in c.get("outputs", [])
    ]
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
    assert [row[0][:6] for row in overflowing(measured)] == ["a line", "a form"]


def test_pictures_come_without_their_code_and_their_printed_description():
    picture = new_output("display_data", {"image/png": "AAAA"})
    text = new_output("stream", name="stdout", text="Figure: a line")
    cell = new_code_cell("draw()", outputs=[picture, text])
    other = new_code_cell("compute()", outputs=[new_output("stream", text="4")])
    html = slides.deck(new_notebook(cells=[cell, other]))
    assert "draw" not in html and "Figure: a line" not in html
    assert "compute" in html


def test_without_npm_one_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(slides.shutil, "which", lambda name: None)
    with pytest.raises(slides.SlidesError, match="need npm once"):
        slides.fetch_assets(tmp_path / "assets")


def test_assets_that_are_not_what_they_were_are_refused(monkeypatch, tmp_path):
    def other_archive(package, folder):
        (folder / "other.tgz").write_bytes(b"something else")
        return folder / "other.tgz"

    monkeypatch.setattr(slides, "npm_pack", other_archive)
    with pytest.raises(
        slides.SlidesError, match="is not what it was: expected SHA-256"
    ):
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

"""Write each notebook's deck from its stored outputs, to be shown without a network.

python -m tools.web.slides [NUMBER ...]  one HTML file a notebook, in site/_build/slides
                           [--pdf]       two PDF of each, one with the speaker's notes
"""

import argparse
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbconvert import SlidesExporter
from playwright.sync_api import Browser, sync_playwright

from .. import execute
from ..writing import ToolError
from .sections import core_and_deeper

DECKS = execute.ROOT / "site" / "_build" / "slides"

# What a deck needs in the browser: npm packages, with the SHA-256 of their archives,
# and what is used of them.
PACKAGES = """
reveal.js@4.6.1 4f4121ef2b8e7e9398bdecd7b3b6ce5e0ee3a2f5af221708eb6c4ce03bcae6be
mathjax@2.7.9 7131e739848edc14aa661a5516995866b81a477fab8b039d7cc324930e71f786
requirejs@2.3.8 777158e89275e16bd51aec3ef714fbcb5dc45789e7078659933bc814916d7dec
jquery@4.0.0 7ac123e4992439dc6a966cb4444fceb7f4698db94904a1256df542d5deb80f59
"""
USED = (
    "dist/",
    "plugin/notes/",
    "MathJax.js",
    "config/",
    "extensions/",
    "jax/element/",
    "jax/input/TeX/",
    "jax/output/SVG/",
    "require.js",
)

# Without nbconvert's mermaid, which it would fetch from the network; with our own style
# and start of the slide engine.
BESIDE = Path(__file__).parent / "deck"
TEMPLATE = """{%- extends 'index.html.j2' -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{% block data_png scoped %}
<div class="jp-RenderedImage jp-OutputArea-output">
<img src="data:image/png;base64,{{ output.data['image/png'] }}"
alt="{{ output | get_metadata('alt', 'image/png') | escape_html }}">
</div>
{% endblock data_png %}
{% block footer_js %}<script><!-- script --></script>{% endblock footer_js %}
"""
LINES = 18  # of code and of what it prints, on one slide
LINK = re.compile(r"(?<!!)\[([^]]*)\]\(([^)\s]*?)(#[^)\s]*)?\)")


def fetch_assets(folder: Path, packages: str = "", kept: tuple[str, ...] = ()) -> None:
    """Put the browser's files into folder, once; npm brings them, checked by SHA-256.

    Args:
        packages: a line for each, with the SHA-256 of its archive; PACKAGES without.
        kept: how the names of the files begin that are used.

    Raises:
        ToolError: npm is not there, has no network, or brought something else.
    """
    lines = (packages or PACKAGES).strip().splitlines()
    for package, checksum in map(str.split, lines):
        target = folder / package.partition("@")[0]
        if target.exists():
            continue
        with TemporaryDirectory() as scratch:
            archive = npm_pack(package, Path(scratch))
            found = sha256(archive.read_bytes()).hexdigest()
            if found != checksum:
                raise ToolError(
                    f"{package} is not what it was: expected SHA-256 "
                    f"{checksum[:12]}…, found {found[:12]}…. Nothing was kept."
                )
            unpack(archive, target, kept or USED)


def unpack(archive: Path, target: Path, kept: tuple[str, ...]) -> None:
    """Put what is used of an npm archive into the folder target: whole, or nothing."""
    with TemporaryDirectory() as scratch, tarfile.open(archive) as files:
        names = {file: file.name.removeprefix("package/") for file in files}
        used = [file for file, name in names.items() if name.startswith(kept)]
        files.extractall(scratch, used, filter="data")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(scratch, "package"), target)


def npm_pack(package: str, folder: Path) -> Path:
    """The archive of an npm package, fetched into folder."""
    if shutil.which("npm") is None:
        raise ToolError(
            "The decks need npm once, to fetch the slide engine, and it is not on the "
            "PATH: install Node.js (Debian: apt-get install npm) and try again."
        )
    command = ["npm", "pack", "--silent", package]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        reason = run.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise ToolError(f"npm could not fetch {package} ({reason[0]}). Network?")
    return folder / run.stdout.strip().splitlines()[-1]


def for_the_deck(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook's core as it is projected: pictures and widgets without their code.

    Tables that would not fit beside their code lose it, too, and figures their printed
    description: the picture keeps it as alt text.
    """
    notebook.cells, _ = core_and_deeper(notebook.cells)
    anchors = set(re.findall(r'<a id="([^"]+)">', shown_text(notebook.cells)))
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(partial(link, anchors), cell.source)
            continue
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        hidden = cell.metadata.get("jupyter", {}).get("source_hidden", False)
        printed = "".join(output.get("text", "") for output in cell.outputs)
        too_long = len((cell.source + printed).splitlines()) > LINES and printed
        silent = ".compare(" in cell.source and not cell.outputs  # without a choice
        if hidden or silent or too_long or kinds & {"image/png", "text/html"}:
            cell.metadata["transient"] = {"remove_source": True}
        cell.outputs = [
            output
            for output in cell.outputs
            if not output.get("text", "").startswith("Figure: ")
        ]
    return notebook


def shown_text(cells: list[nbformat.NotebookNode]) -> str:
    """The text of all cells that are on a slide."""
    slides = (c for c in cells if c.cell_type == "markdown")
    shown = (c for c in slides if c.metadata.slideshow.slide_type != "skip")
    return "\n".join(cell.source for cell in shown)


def link(anchors: set[str], found: re.Match) -> str:
    """A link as it works in a deck: to slides and other decks; else its text."""
    text, target, anchor = found[1], found[2], (found[3] or "")[1:]
    if found[0].startswith("[![") or "://" in target:
        return found[0]
    if not target:
        return f"[{text}](#/{anchor})" if anchor in anchors else text
    deck = re.fullmatch(r"(\d\d_\w+|lecture)\.ipynb", target)
    return f"[{text}]({deck[1]}.html{'#/' * bool(anchor)}{anchor})" if deck else text


def deck(notebook: nbformat.NotebookNode) -> str:
    """The deck as HTML that finds its assets in the folder `assets` beside it."""
    exporter = SlidesExporter(raw_template=TEMPLATE, embed_images=True)
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    exporter.reveal_url_prefix = "assets/reveal.js"
    exporter.require_js_url = "assets/requirejs/require.js"
    exporter.jquery_url = "assets/jquery/dist/jquery.min.js"
    exporter.mathjax_url = "assets/mathjax/MathJax.js?config=TeX-AMS_SVG-full"
    exporter.reveal_theme = "white"
    folder = {"metadata": {"path": str(execute.ROOT / "notebooks")}}
    html, _ = exporter.from_notebook_node(for_the_deck(notebook), folder)
    style, script = (
        (BESIDE / f"deck.{kind}").read_text("utf-8") for kind in ("css", "js")
    )
    html = html.replace("</head>", f"<style>{style}</style></head>")
    return html.replace("<!-- script -->", script)


def print_pdf(browser: Browser, page_file: Path) -> Iterator[Path]:
    """The deck on paper: a page for each slide, then once more with its notes."""
    for query, name in (("", ""), ("&notes", "-notes")):
        target = page_file.with_name(f"{page_file.stem}{name}.pdf")
        page = browser.new_page()
        page.goto(f"{page_file.as_uri()}?print-pdf{query}")
        page.wait_for_function("window.deckIsPrintable")
        page.pdf(path=target, prefer_css_page_size=True, print_background=True)
        page.close()
        yield target


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium that asks nothing of the network by itself.

    Raises:
        ToolError: there is none.
    """
    path = shutil.which("chromium")
    if path is None:
        raise ToolError("There is no Chromium for it: apt-get install chromium.")
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        yield browser
        browser.close()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="of notebooks; all without")
    parser.add_argument("--pdf", action="store_true", help="and print them")
    options = parser.parse_args(arguments)
    numbers = options.numbers
    try:
        paths = execute.chosen(execute.ROOT / "notebooks", numbers, lecture=True)
        for target in made(paths, options.pdf):
            print(target.relative_to(execute.ROOT))
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def made(paths: list[Path], pdf: bool) -> Iterator[Path]:
    """Write the decks of these notebooks, then print them: each file, once made."""
    fetch_assets(DECKS / "assets")
    decks = [DECKS / f"{path.stem}.html" for path in paths]
    for path, target in zip(paths, decks):
        html = deck(nbformat.read(path, as_version=4))
        target.write_text(html, encoding="utf-8")
        yield target
    if pdf:
        with chromium() as browser:
            for target in decks:
                yield from print_pdf(browser, target)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

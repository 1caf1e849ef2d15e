"""Build the site from what is stored, to be read without a kernel or a network.

python -m tools.web.site            into site/_build/html
                     --no-decks without writing the decks anew
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lectures_lib.support import asking

from ..claims_table import compared_in, from_falling
from ..writing import ToolError, markdown_table, write
from . import slides
from .check_site import faults
from .pages import (
    BUILD,
    HOMEWORK,
    NOTEBOOKS,
    PAGES,
    ROOT,
    claims_in,
    copy_all,
    links_moved,
    stored,
    with_files,
)

SOURCE, ASSETS, HTML = BUILD / "source", BUILD / "assets", BUILD / "html"
FRAMES = BUILD / "extra" / "frames"
PACKAGES = """
mathjax@3.2.2 1b9c0a1c44df864e915690558e72adb9cc5203360daefd385084ced3b6c64c09
"""
USED = (
    "LICENSE",
    "es5/startup.js",
    "es5/core.js",
    "es5/input/tex",
    "es5/output/chtml",
    "es5/a11y/assistive-mml.js",
)
UNUSED = "_sources", "_static/webpack-macros.html", "_static/scripts/fontawesome*"
UNUSED += "_static/**/*.map", "_static/vendor"
THEME = "_static/styles/pydata-sphinx-theme.css"
FIRST_EXPLORER = "notebooks/00_start_here.ipynb", "explorer"


def explorer() -> str:
    """The explorer of the front page."""
    return with_files(stored(*FIRST_EXPLORER), FRAMES, "frames")


def map_of_notebooks() -> str:
    """The README's table of the notebooks."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"^\| notebook \|.*?(?=\n\n)", readme, re.M | re.S)[0]
    return links_moved(table, "README.md")


def contents(paths: list[str]) -> str:
    """A table of contents of these pages, for the menus."""
    names = "\n".join(PAGES[path].rpartition(".")[0] for path in paths)
    return f"```{{toctree}}\n:hidden:\n{names}\n```"


def claims() -> str:
    """A table of claims for each notebook: their values over seeds, where recorded."""
    parts = []
    for path in NOTEBOOKS:
        record = ROOT / "data" / "results" / f"{Path(path).stem}.json"
        known = json.loads(record.read_text("utf-8")) if record.exists() else None
        rows = [claim_row(path, claim, known) for claim in claims_in(path)]
        names = ["id", "claim", *["compared", "from falling", "runs"] * bool(known)]
        note = "" if known else "Not audited since it changed last: no values yet.\n\n"
        parts.append(f"## {title(path)}\n\n{note}{markdown_table(names, rows)}")
    return "\n\n".join(parts)


def title(path: str) -> str:
    cells = json.loads((ROOT / path).read_text(encoding="utf-8"))["cells"]
    return "".join(cells[0]["source"]).partition("\n")[0].removeprefix("# ")


def claim_row(path: str, claim: tuple[str, str, str], known: dict | None) -> list[str]:
    """A row of the table: a claim, linked to its cell, and what its audit recorded."""
    name, sentence, cell = claim
    row = [f"[{name}]({path}#{cell})", sentence]
    if known:
        same = (c for c in known["claims"] if (c["id"], c["sentence"]) == claim[:2])
        found = next(same, {"comparisons": [], "runs": "–"})
        for shown in (compared_in, from_falling):
            row.append("<br>".join(map(shown, found["comparisons"])) or "–")
        row.append(str(found["runs"]))
    return [part.replace("|", "\\|") for part in row]


def deck() -> str:
    """The lecture's deck in the page, or how to make it."""
    if not (slides.DECKS / "lecture.html").exists():
        return "The deck is not here: `make slides` writes it."
    words = {"lecture.html": "in a window of its own", "lecture.pdf": "on paper (PDF)"}
    words |= {"lecture-notes.pdf": "with notes (PDF)"}
    there = [name for name in words if (slides.DECKS / name).exists()]
    links = " · ".join(f'<a href="slides/{n}">{words[n]}</a>' for n in there)
    return (
        '<iframe class="deck" src="slides/lecture.html" loading="lazy" '
        'title="The deck of the lecture" allowfullscreen></iframe>\n\n'
        f"<p>The deck {links}</p>"
    )


def torchrun() -> str:
    """The program that trains by several processes."""
    return f"```python\n{(ROOT / 'tools' / 'larger.py').read_text('utf-8')}```"


FILLINGS = {
    "explorer": explorer,
    "map": map_of_notebooks,
    "notebooks": lambda: contents(NOTEBOOKS),
    "homework": lambda: contents(HOMEWORK),
    "claims": claims,
    "deck": deck,
    "torchrun": torchrun,
}


def fill() -> None:
    """Put what is made here where a page asks for it: `<!-- map -->`."""
    for page in SOURCE.glob("*.md"):
        text = page.read_text(encoding="utf-8")
        for name, filling in FILLINGS.items():
            mark = f"<!-- {name} -->"
            if mark in text:
                text = text.replace(mark, filling())
        write(page, text)


def sphinx() -> int:
    """Run Sphinx; a warning is an error."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    command += ["-E", "-c", str(ROOT / "site"), "-d", str(BUILD / "doctrees")]
    return subprocess.run([*command, str(SOURCE), str(HTML)], cwd=ROOT).returncode


def write_site(decks: bool = True) -> int:
    """Write all pages; 0, or the status of the step that failed.

    Raises:
        ToolError: npm is not there, or has no network.
    """
    slides.fetch_assets(ASSETS, PACKAGES, USED)
    if decks and slides.main([]):
        return 1
    shutil.rmtree(HTML, ignore_errors=True)
    copy_all(SOURCE, FRAMES)
    fill()
    shutil.copy(asking.FOLDER / "widgets.css", ASSETS)
    failed = sphinx()
    if not failed:
        finish()
    return failed


def finish() -> None:
    """Add the decks, and remove of the theme what no page loads."""
    if slides.DECKS.exists():
        shutil.copytree(slides.DECKS, HTML / "slides", dirs_exist_ok=True)
    for pattern in UNUSED:
        for path in HTML.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    style = (HTML / THEME).read_text(encoding="utf-8")
    write(HTML / THEME, re.sub(r"@font-face\{[^}]*\}", "", style))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-decks", action="store_true", help="those that are there")
    options = parser.parse_args(arguments)
    try:
        failed = write_site(decks=not options.no_decks)
    except ToolError as error:
        print(error, file=sys.stderr)
        return 1
    found = [] if failed else faults(HTML)
    print(*found, sep="\n", file=sys.stderr)
    if failed or found:
        return 1
    print(f"{(HTML / 'index.html').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

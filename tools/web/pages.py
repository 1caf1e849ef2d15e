"""The site's sources, from the notebooks and texts of the repository.

Sphinx reads one folder. Notebooks and texts are copied into it, each link is led from
where its target is in the repository to where it is in the site, cells get anchors,
results under a prediction are folded, and an explorer's pictures become files.
"""

import base64
import io
import posixpath
import re
import shutil
import tomllib
from functools import partial
from hashlib import sha256
from html import unescape
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell
from PIL import Image

from ..execute import ROOT, descriptions
from ..writing import write
from .sections import heading
from .slides import LINK

BUILD = ROOT / "site" / "_build"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REPOSITORY = PROJECT["urls"]["Repository"]

ANCHOR = re.compile(r'<a id="([^"]+)"></a>\s*')
PREDICTION = re.compile(r"(\w+) = ll\.Predict\(")
FRAME = re.compile(r'alt="([^"]*)" src="data:image/(\w+);base64,([^"]+)"')
STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
FOLD = '<details class="result" open><summary>The result</summary>'


def pages(root: Path = ROOT) -> dict[str, str]:
    """The place in the site of each file of the repository that is a page of it."""
    found = {"README.md": "index.md", "notebooks/lecture.ipynb": "lecture.md"}
    found |= {"CONTRIBUTING.md": "contributing.md", "data/README.md": "data.md"}
    found |= {f"site/{path.name}": path.name for path in root.glob("site/*.md")}
    for path in root.glob("notebooks/[0-9]*.ipynb"):
        found[f"notebooks/{path.name}"] = f"notebooks/{path.name}"
    for path in root.glob("notebooks/homework/release/*/*.ipynb"):
        found[path.relative_to(root).as_posix()] = f"homework/{path.name}"
    return found


PAGES = pages()
NOTEBOOKS = [path for path in sorted(PAGES) if re.match(r"notebooks/\d", path)]
HOMEWORK = [path for path in sorted(PAGES) if "/homework/" in path]


def links_moved(text: str, source: str) -> str:
    """The text with its links as they are in the site.

    What is no page of the site is linked in the public repository.

    Args:
        source: the file it is written in, from the repository's root.
    """
    return LINK.sub(partial(_moved, source), text)


def _moved(source: str, link: re.Match) -> str:
    text, target, anchor = link[1], link[2], link[3] or ""
    if "://" in target or not target + anchor:
        return link[0]
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
    path = path if target else source
    if path in PAGES:
        here = posixpath.dirname(PAGES[source])
        return f"[{text}]({posixpath.relpath(PAGES[path], here or '.')}{anchor})"
    if (ROOT / path).exists():
        kind = "tree" if (ROOT / path).is_dir() else "blob"
        return f"[{text}]({REPOSITORY}/{kind}/main/{path})"
    return link[0]  # dead: Sphinx says so


def notebook_page(path: str, frames: Path) -> NotebookNode:
    """A notebook as a page: anchors, folds, links, no printed description of figures.

    Args:
        path: from the repository's root.
        frames: the folder for the pictures of explorers.
    """
    notebook = nbformat.read(ROOT / path, as_version=4)
    starts, ends = folds(notebook.cells)
    cells = []
    for number, cell in enumerate(notebook.cells):
        cells += [new_markdown_cell("</details>")] * (number in ends)
        cells += [new_markdown_cell(FOLD)] * (number in starts)
        if cell.cell_type == "markdown":
            cell.source = links_moved(with_anchors(cell), path)
        else:
            cells.append(new_markdown_cell(_anchor(cell.id)))
            cell.outputs = [
                shown for output in cell.outputs if (shown := _shown(output, frames))
            ]
            _hide(cell)
        cells.append(cell)
    cells += [new_markdown_cell("</details>")] * (len(notebook.cells) in ends)
    notebook.cells = cells
    return notebook


def with_anchors(cell: NotebookNode) -> str:
    """The text of a cell, its anchors and its id after the heading, where they belong.

    Before it they would be in the part above, which may be folded.
    """
    names = [*dict.fromkeys([*ANCHOR.findall(cell.source), cell.id])]
    text = ANCHOR.sub("", cell.source)
    anchors = "\n".join(map(_anchor, names))
    if heading(cell) is None:
        return f"{anchors}\n\n{text}"
    title, _, rest = text.partition("\n")
    return f"{title}\n\n{anchors}\n\n{rest}"


def _anchor(name: str) -> str:
    return f'<div class="anchor" id="{name}"></div>'


def folds(cells: list[NotebookNode]) -> tuple[set[int], set[int]]:
    """Where the results of predictions begin, and where they end.

    A result begins with the first output after its prediction, or the code that words
    its description, and goes on after the comparison, to the next heading or
    prediction; a heading in between stays seen.
    """
    starts, ends = set(), set()
    told = "\n".join(alt for cell in cells for alt in descriptions(cell))
    for number, cell in enumerate(cells):
        guess = PREDICTION.search(cell.source) if cell.cell_type == "code" else None
        if guess is None:
            continue
        later = range(number + 1, len(cells))
        shown = next(n for n in later if cells[n].get("outputs"))
        first = next(n for n in later if n == shown or tells(cells[n], told))
        compared = [n for n in later if f"{guess[1]}.compare(" in cells[n].source]
        after = range(max(compared, default=shown) + 1, len(cells))
        stop = next((n for n in after if _begins_anew(cells[n])), len(cells))
        bounds = [n for n in range(first, stop) if heading(cells[n])]
        for begin, end in zip([first, *(n + 1 for n in bounds)], [*bounds, stop]):
            if begin < end:
                starts.add(begin)
                ends.add(end)
    return starts, ends


def tells(cell: NotebookNode, told: str) -> bool:
    """Whether the code of a cell has words of these descriptions of figures."""
    if cell.cell_type != "code":
        return False
    words = re.findall(r'"([^"\n]{30,})"', cell.source)
    return any(part.strip() in told for part in words)


def _begins_anew(cell: NotebookNode) -> bool:
    asks = cell.cell_type == "code" and PREDICTION.search(cell.source)
    return bool(asks or heading(cell))


def _shown(output: NotebookNode, frames: Path) -> NotebookNode | None:
    """An output as it is in the site; None for what its alt text says again."""
    if output.get("text", "").startswith("Figure: "):
        return None
    data = output.get("data", {})
    if "text/html" in data:
        data["text/html"] = with_files(data["text/html"], frames)
    if "text/markdown" in data:
        # Sphinx leaves the links of an output as they are.
        data["text/markdown"] = data["text/markdown"].replace(".ipynb", ".html")
    return output


def with_files(html: str, frames: Path, base: str = "../frames") -> str:
    """The HTML with its pictures as files, which a browser loads when they are seen.

    The style of explorers goes: the site has it once.
    """

    def as_file(found: re.Match) -> str:
        alt, kind, picture = found[1], found[2], base64.b64decode(found[3])
        name = f"{sha256(picture).hexdigest()[:16]}.{kind}"
        frames.mkdir(parents=True, exist_ok=True)
        (frames / name).write_bytes(picture)
        width, height = Image.open(io.BytesIO(picture)).size
        size = f'width="{width}" height="{height}" loading="lazy"'
        return f'alt="{alt}" {size} src="{base}/{name}"'

    return FRAME.sub(as_file, STYLE.sub("", html))


def _hide(cell: NotebookNode) -> None:
    """Fold code that gives an answer away, drop the marks of unanswered tasks."""
    graded = cell.metadata.get("nbgrader", {}).get("grade")
    cell.outputs = [] if graded else cell.outputs
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
    if hidden or PREDICTION.search(cell.source) or ".compare(" in cell.source:
        cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]


def stored(path: str, cell_id: str) -> str:
    """The HTML that a cell of a notebook has stored."""
    cells = nbformat.read(ROOT / path, as_version=4).cells
    cell = next(cell for cell in cells if cell.id == cell_id)
    return next(o.data["text/html"] for o in cell.outputs if "text/html" in o.data)


def claims_in(path: str) -> list[tuple[str, str, str]]:
    """Of each claim that a notebook has printed: its id, its sentence, its cell."""
    found = []
    for cell in nbformat.read(ROOT / path, as_version=4).cells:
        for output in cell.get("outputs", []):
            said = re.findall(r"^✓ (\w+) (.+)$", output.get("text", ""), re.M)
            found += [(name, unescape(text), cell.id) for name, text in said]
    return [claim for claim in found if claim[0] != "example"]


def copy_all(source: Path, frames: Path) -> None:
    """Write notebooks, texts and pictures into the folder that Sphinx reads."""
    shutil.rmtree(source, ignore_errors=True)
    for path, page in PAGES.items():
        if page.endswith(".ipynb"):
            write(source / page, nbformat.writes(notebook_page(path, frames)))
        elif path.endswith(".md") and path != "README.md":
            text = (ROOT / path).read_text(encoding="utf-8")
            write(source / page, links_moved(text, path))
    for folder in ("notebooks/images", "site/images"):
        target = source / folder.removeprefix("site/")
        shutil.copytree(ROOT / folder, target, dirs_exist_ok=True)

"""How each lecture notebook is built: what a reader, a screen reader and git expect.

What the cells compute is nbval's business (strict_nbval.py).
"""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest
from nbformat import NotebookNode

from tools.execute import WIDGET_VIEW, inputs_hash

ROOT = Path(__file__).parents[1]
PATHS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
CLAIMS = {
    "00": ["R1", "R2", "R3"],
    "01": [f"D{i}" for i in range(1, 7)],
    "02": [f"B{i}" for i in (1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12)],
    "03": [f"T{i}" for i in range(1, 6)],
    "04": [f"A{i}" for i in range(1, 12)],
    "05": [f"G{i}" for i in range(1, 6)],
    "06": [f"N{i}" for i in range(1, 10)],
}
SLIDE_TYPES = {"slide", "subslide", "fragment", "skip", "notes", "-"}
MAX_CODE_LINES, MAX_COLUMNS, MAX_TEXT_WORDS, MAX_BYTES = 15, 88, 120, 1_500_000
REDO = "run `make execute`"


@pytest.fixture(params=PATHS, ids=lambda path: path.name)
def path(request) -> Path:
    return request.param


@pytest.fixture
def notebook(path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def text_cells(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """(where, text) of each text cell, code blocks and inline code left out."""
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            text = re.sub(r"^```.*?^```", " ", cell.source, flags=re.S | re.M)
            yield f"cell {number}", re.sub(r"`[^`\n]*`", " ", text)


def outputs(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    """(where, output) of each stored output."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            yield f"cell {number}", output


def printed(output: NotebookNode) -> str:
    """What an output says as text."""
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def html(output: NotebookNode) -> str:
    return output.get("data", {}).get("text/html", "")


def words(text: str) -> int:
    """The words of prose: no formulas, tags, link targets or tables."""
    beside = r"\$\$.*?\$\$|\$[^$]*\$|<[^>]*>|\]\([^)]*\)|^\|.*$"
    return len(re.sub(beside, " ", text, flags=re.S | re.M).split())


def anchors(notebook: NotebookNode) -> set[str]:
    """What #links can point at: explicit ids, and headings as JupyterLab names them."""
    found = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            found |= set(re.findall(r"""\bid=["']([^"']+)""", cell.source))
            headings = re.findall(r"^#+ +(.*?) *$", cell.source, flags=re.M)
            found |= {re.sub("[`*]", "", text).replace(" ", "-") for text in headings}
    return found


def links(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """(where, target) of each link and picture that stays inside the repository."""
    for where, text in text_cells(notebook):
        markdown = re.findall(r"\]\(<?([^)\s>]+)", text)
        for target in markdown + re.findall(r"""\b(?:href|src)=["']([^"']+)""", text):
            if not re.match(r"[a-z]+:", target):
                yield where, target


def problem(path: Path, target: str) -> str | None:
    """Why a link inside the repository leads nowhere, if so."""
    file, _, anchor = unquote(target).partition("#")
    found = (path.parent / file).resolve() if file else path
    if not found.exists():
        return "does not exist: name it as text only"
    if not found.is_relative_to(ROOT):
        return "is outside the repository"
    if anchor and found.suffix == ".ipynb":
        there = anchors(nbformat.read(found, as_version=4))
        return None if anchor in there else "is no heading or id there"
    return None


def test_file_is_a_valid_notebook(path):
    with warnings.catch_warnings(action="error"):  # missing and double ids
        nbformat.validate(nbformat.read(path, as_version=nbformat.NO_CONVERT))


def test_file_is_small_and_has_no_widget_state(path, notebook):
    size = path.stat().st_size
    assert size < MAX_BYTES, f"{size:,} bytes: fewer or smaller pictures are needed"
    assert "widgets" not in notebook.metadata, f"widget state is stored: {REDO}"
    views = [
        where for where, o in outputs(notebook) if WIDGET_VIEW in o.get("data", {})
    ]
    assert not views, f"widget views are stored: {REDO}"


def test_outputs_belong_to_the_code(notebook):
    stored = notebook.metadata.get("lectures", {}).get("inputs")
    assert stored == inputs_hash(notebook), f"the code has changed: {REDO}"


def test_the_only_title_stands_in_the_first_cell(notebook):
    titles = [w for w, t in text_cells(notebook) for _ in re.findall(r"^# ", t, re.M)]
    assert titles == ["cell 0"]


def test_imports_and_setup_follow_the_title(notebook):
    cell = notebook.cells[1]
    assert cell.cell_type == "code", "the second cell is to hold the imports"
    assert "import " in cell.source and "setup(" in cell.source


def test_every_cell_is_placed_on_a_slide(notebook):
    kinds = [c.metadata.get("slideshow", {}).get("slide_type") for c in notebook.cells]
    assert not [f"cell {i}: {k}" for i, k in enumerate(kinds) if k not in SLIDE_TYPES]


def test_code_cells_are_short(notebook):
    findings = []
    for number, cell in enumerate(notebook.cells):
        lines = cell.source.splitlines() if cell.cell_type == "code" else [""]
        widest = max(map(len, lines), default=0)
        if not 0 < len(lines) <= MAX_CODE_LINES or widest > MAX_COLUMNS:
            findings.append(f"cell {number}: {len(lines)} lines, {widest} columns")
    assert not findings


def test_text_cells_are_short(notebook):
    cells = enumerate(notebook.cells)
    counts = {n: words(c.source) for n, c in cells if c.cell_type == "markdown"}
    long = {f"cell {n}": count for n, count in counts.items() if count > MAX_TEXT_WORDS}
    assert not long, "words"


def test_prose_takes_nothing_for_granted(notebook):
    texts = [
        (where, re.search(r"\b(simply|obviously|just)\b", text, re.I))
        for where, text in text_cells(notebook)
    ]
    assert not [f"{where}: {word[0]}" for where, word in texts if word]


def test_only_ignoring_is_tagged(notebook):
    tags = {tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])}
    assert tags <= {"nbval-ignore-output"}


def test_figures_have_alt_text_that_is_printed_too(notebook):
    findings = []
    for number, cell in enumerate(notebook.cells):
        lines = "\n".join(printed(output) for output in cell.get("outputs", []))
        for output in cell.get("outputs", []):
            alt = output.get("metadata", {}).get("image/png", {}).get("alt", "").strip()
            if "image/png" in output.get("data", {}) and not (alt and alt in lines):
                findings.append(
                    f"cell {number}: a figure without alt text, or not printed"
                )
            if re.search(r"<img(?![^>]*\balt=.[^\"'])", html(output)):
                findings.append(
                    f"cell {number}: an explorer's picture without alt text"
                )
    assert not findings, "draw with show(fig, alt=…)"


def test_pictures_in_text_have_alt_text(notebook):
    assert not [w for w, text in text_cells(notebook) if re.search(r"!\[\s*\]\(", text)]


def test_descriptions_carry_no_measured_numbers(notebook):
    findings = []
    for where, output in outputs(notebook):
        described = re.findall(r"""alt=["'](.*?)["']""", html(output))
        described += re.findall(r"<figcaption>(.*?)</figcaption>", html(output), re.S)
        described.append(output.get("metadata", {}).get("image/png", {}).get("alt", ""))
        findings += [f"{where}: {d}" for d in described if re.search(r"\d\.\d{3,}", d)]
    assert not findings, "numbers that change between machines belong into the figure"


def test_every_claim_is_printed(path, notebook):
    text = "\n".join(printed(output) for _, output in outputs(notebook))
    assert not set(CLAIMS[path.name[:2]]) - set(re.findall(r"^✓ (\w+) ", text, re.M))


def test_every_claim_was_checked(notebook):
    text = "\n".join(printed(output) for _, output in outputs(notebook))
    assert not re.findall(r"^– .*", text, re.M)


def test_nothing_is_stored_that_depends_on_the_readers_answer(notebook):
    answer = re.compile(r"You said: |You made no prediction|ll-result")
    assert not [w for w, o in outputs(notebook) if answer.search(printed(o) + html(o))]


def test_quizzes_are_asked_by_name_so_that_no_cell_gives_them_away(notebook):
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert not [source for source in code if "Quiz(" in source]


def test_links_inside_the_repository_lead_somewhere(path, notebook):
    found = [(where, link, problem(path, link)) for where, link in links(notebook)]
    assert not [f"{where}: {link} {why}" for where, link, why in found if why]


def test_last_cell_has_references_and_neighbours(path, notebook):
    last = notebook.cells[-1]
    assert last.cell_type == "markdown"
    assert re.search(r"https?://", last.source), "references with a link are needed"
    assert re.search(r"\b(19|20)\d\d\b", last.source), "references name their year"
    place = PATHS.index(path)
    neighbours = [*PATHS[:place][-1:], *PATHS[place + 1 :][:1]]
    assert not [p.name for p in neighbours if f"({p.name}" not in last.source]

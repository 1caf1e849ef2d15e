"""The core of each notebook reads, and runs, without what goes deeper."""

import math
import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools import execute, running, sections

ROOT = Path(__file__).parents[1]
FOLDED = "jp-MarkdownHeadingCollapsed"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("0*.ipynb"))


def parts(path: Path) -> tuple[list, list]:
    return sections.core_and_deeper(nbformat.read(path, as_version=4).cells)


def test_a_deeper_part_ends_at_the_next_heading_of_its_level():
    texts = ["# One", "## Two", '<a id="x"></a>\n### Deeper: why', "text", "#### more"]
    texts += ["### Next", "### Deeper: how", "## Three"]
    cells = [new_markdown_cell(text) for text in texts]
    cells.insert(4, new_code_cell("# Deeper: a comment"))
    core, deeper = sections.core_and_deeper(cells)
    assert [cell.source for cell in core] == ["# One", "## Two", "### Next", "## Three"]
    assert len(deeper) == 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_deeper_parts_are_folded_and_nothing_else_is(path):
    for cell in nbformat.read(path, as_version=4).cells:
        _, text = sections.heading(cell) or (0, "")
        folded = cell.metadata.get(FOLDED, False)
        assert folded == text.startswith("Deeper"), cell.id


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_both_times_are_said_in_the_first_cell_and_in_the_readme(path):
    core, deeper = parts(path)
    said = r"core (\d+) minutes(?: \([^)]*\))?, with everything deeper (\d+)"
    times = re.search(said, core[0].source.lower())
    assert deeper and times
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (row,) = (
        line for line in readme.splitlines() if f"](notebooks/{path.name})" in line
    )
    assert row.endswith(f"| {times[1]} | {times[2]} |")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_core_runs_alone(path):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells, _ = sections.core_and_deeper(notebook.cells)
    limits = running.Limits(execute.TIMEOUT, total=math.inf, megabytes=math.inf)
    environment = execute.environment() | {"OMP_NUM_THREADS": "1"}
    running.run(notebook, path.parent, limits, env=environment)
    fallen = {cell.id: running.failed(cell) for cell in execute.code_cells(notebook)}
    assert not {id: error.evalue for id, error in fallen.items() if error is not None}

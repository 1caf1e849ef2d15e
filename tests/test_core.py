"""The core of each notebook reads, and runs, without what goes deeper."""

import ast
import builtins
import math
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools import execute, needed, running
from tools.web import sections

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


def simple(statements: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements one by one, those within loops and conditions, too."""
    for statement in statements:
        inner: list[ast.stmt] = []
        if isinstance(statement, ast.For | ast.While | ast.If | ast.With):
            inner = [*statement.body, *getattr(statement, "orelse", [])]
            statement.body, statement.orelse = [ast.Pass()], []
        yield statement
        yield from simple(inner)


def names(cell: NotebookNode) -> tuple[set[str], set[str], set[str]]:
    """What a cell binds, what it changes, and what it takes from those before it."""
    bound: set[str] = set()
    changed: set[str] = set()
    taken: set[str] = set()
    for statement in simple(ast.parse(cell.source).body):
        made, used = needed.made_and_used(ast.unparse(statement))
        taken |= used - bound - {""}  # what has no name
        bound |= set(needed.bindings(statement))
        changed |= made - bound
    return bound, changed, taken


def functions(cell: NotebookNode) -> Iterator[str]:
    """The names of what a cell imports and defines."""
    for node in ast.walk(ast.parse(cell.source)):
        if isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef):
            yield from needed.bindings(node)


def leaks(cells: list[NotebookNode]) -> Iterator[str]:
    """Each name that a core cell has from a deeper one, or as a deeper one left it.

    A library or a function that a deeper cell calls is none the worse for it. What no
    cell before binds, a function may have from a later one.
    """
    _, deeper = sections.core_and_deeper(cells)
    codes = [cell for cell in cells if cell.cell_type == "code"]
    called = {*dir(builtins), *(name for cell in codes for name in functions(cell))}
    found = {cell.id: names(cell) for cell in codes}
    for place, cell in enumerate(codes):
        for name in found[cell.id][2] if cell not in deeper else ():
            for other in (*reversed(codes[:place]), *codes[place + 1 :]):
                bound, changed, _ = found[other.id]
                if other in deeper and name in bound | (changed - called):
                    yield f"{cell.id} has {name} from {other.id}"
                if name in bound:
                    break


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_core_takes_nothing_from_the_deeper_parts(path):
    assert not list(leaks(nbformat.read(path, as_version=4).cells))


@pytest.mark.parametrize(
    "deeper",
    [
        "import math",
        "net = other",
        "fit(net, train)",
        "net.train()",
        "for net in nets:\n    pass",
        "data['x'] = 1",
    ],
)
def test_what_the_core_takes_from_a_deeper_part_is_found(deeper):
    cells = [
        new_code_cell(
            "import torch\nnet, data = torch.nn.Linear(2, 1), {}", id="first"
        ),
        new_markdown_cell("### Deeper: why"),
        new_code_cell(f"{deeper}\ntorch.manual_seed(0)", id="deep"),
        new_markdown_cell("### Next"),
        new_code_cell("torch.rand(2)\nfor x in data:\n    print(math.pi, net(x))"),
    ]
    (told,) = leaks(cells)
    assert told.endswith(" from deep")
    later = [cells[i] for i in (0, 3, 4, 1, 2)]
    assert len(list(leaks(later))) == (deeper == "import math")  # else it is there
    cells[2].source = "x = 3\nprint(x, net(torch.ones(2)))\nother = 1"
    assert not list(leaks(cells))


def test_a_core_runs_alone():
    """So does that of each notebook, as the test above knows without running it."""
    path = ROOT / "notebooks" / "03_resnet_table.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells, _ = sections.core_and_deeper(notebook.cells)
    limits = running.Limits(execute.TIMEOUT, total=math.inf, megabytes=math.inf)
    environment = execute.environment() | {"OMP_NUM_THREADS": "1"}
    running.run(notebook, path.parent, limits, env=environment)
    fallen = {cell.id: running.failed(cell) for cell in execute.code_cells(notebook)}
    assert not {id: error.evalue for id, error in fallen.items() if error is not None}

"""Core and deeper: a deeper part begins with a heading that says so.

"### Deeper: what the part shows" is one, up to the next heading of the same or a higher
level. It is folded when JupyterLab opens the notebook, and runs all the same.
"""

import re

from nbformat import NotebookNode

HEADING = re.compile(r"(?:<a id=[^>]*></a>\s*)*(#+) (.*)")


def heading(cell: NotebookNode) -> tuple[int, str] | None:
    """Level and text of the heading that a Markdown cell begins with, if any."""
    found = HEADING.match(cell.source) if cell.cell_type == "markdown" else None
    return (len(found[1]), found[2]) if found else None


def core_and_deeper(cells: list[NotebookNode]) -> tuple[list, list]:
    """The cells of the core, and those of the deeper parts."""
    core, deeper, inside = [], [], 0  # inside: the level of the deeper part, or 0
    for cell in cells:
        level, text = heading(cell) or (7, "")
        if level <= inside:
            inside = 0
        if not inside and text.startswith("Deeper"):
            inside = level
        (deeper if inside else core).append(cell)
    return core, deeper

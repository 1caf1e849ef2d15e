"""The lecture's slides: what the notebooks have stored, shown again, computed once."""

import json
from difflib import get_close_matches
from html import escape
from textwrap import dedent

from IPython.display import HTML, Markdown, display

from ..explorers.widgets import Explorer
from ..recorded import ROOT

NOTEBOOKS = ROOT / "notebooks"


def cells(notebook: str) -> dict[str, dict]:
    """The cells of a notebook as they are stored, by their ids.

    Args:
        notebook: its number, such as "01".

    Raises:
        ValueError: there is no such notebook.
    """
    paths = sorted(NOTEBOOKS.glob(f"{notebook}_*.ipynb"))
    if len(paths) != 1:
        known = sorted(path.name[:2] for path in NOTEBOOKS.glob("[0-9]*.ipynb"))
        raise ValueError(f"no notebook {notebook!r}; there are: {', '.join(known)}")
    stored = json.loads(paths[0].read_text(encoding="utf-8"))["cells"]
    return {cell["id"]: cell for cell in stored}


def find(notebook: str, cell: str) -> dict:
    """One cell of a notebook.

    Raises:
        ValueError: there is no such notebook, or no such cell in it.
    """
    known = cells(notebook)
    if cell not in known:
        near = ", ".join(get_close_matches(cell, known)) or "none that is like it"
        raise ValueError(f"no cell {cell!r} in notebook {notebook}; there is {near}")
    return known[cell]


def show(notebook: str, cell: str) -> None:
    """Display what a cell has stored, with its alt text, and where it comes from.

    Args:
        notebook: number of the notebook that owns it, such as "01".
        cell: id of the cell: of a picture, a table, a prediction, a printed line.

    Raises:
        ValueError: there is no such cell, or nothing is stored with it.
    """
    for output in _stored(notebook, cell):
        text = "".join(output.get("text", []))
        if text and not text.startswith("Figure: "):
            display(HTML(f"<pre>{escape(text.rstrip())}</pre>"))
        if "data" in output:
            display(_data(output), raw=True, metadata=output["metadata"])
    _source(notebook, cell)


def live(notebook: str, cell: str, explorer: Explorer) -> None:
    """Display an explorer; where no kernel runs, as its notebook has stored it.

    Args:
        notebook: number of the notebook that has it, such as "01".
        cell: id of its cell there; to draw all its pictures again takes seconds.

    Raises:
        ValueError: there is no such cell, or this explorer is not stored with it.
    """
    for output in _stored(notebook, cell):
        stored = _data(output) if "data" in output else {}
        if stored.get("text/plain") == repr(explorer):
            display(explorer.view._repr_mimebundle_() | stored, raw=True)
            return
    raise ValueError(f"{cell!r} of notebook {notebook} does not store {explorer!r}")


def _stored(notebook: str, cell: str) -> list[dict]:
    outputs = find(notebook, cell).get("outputs", [])
    if not outputs:
        again = f"make execute NB={notebook}"
        raise ValueError(f"{cell!r} of notebook {notebook} stores nothing: {again}")
    return outputs


def _data(output: dict) -> dict[str, str]:
    """Kind → content of what an output shows; the file keeps it as lines."""
    return {kind: "".join(lines) for kind, lines in output["data"].items()}


def code(notebook: str, cell: str, first: int = 1, last: int | None = None) -> None:
    """Display lines of a cell's code, from the first to the last, counted from 1.

    Raises:
        ValueError: there is no such cell.
    """
    lines = "".join(find(notebook, cell)["source"]).splitlines()[first - 1 : last]
    text = dedent("\n".join(lines))
    display(Markdown(f"```python\n{text}\n```"))
    _source(notebook, cell)


def _source(notebook: str, cell: str) -> None:
    display(HTML(f'<p class="ll-source">notebook {notebook} · {cell}</p>'))

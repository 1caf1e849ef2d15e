"""The sheet of formulas and the index of terms lead to cells that are there."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[(\d\d)\]\(\.\./notebooks/([^#)]+)#([^)]+)\)")


def cells(name: str) -> dict[str, str]:
    notebook = nbformat.read(ROOT / "notebooks" / name, as_version=4)
    return {cell.id: cell.source for cell in notebook.cells}


def rows(sheet: str) -> list[str]:
    text = (ROOT / "site" / sheet).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if LINK.search(line)]


@pytest.mark.parametrize("sheet", ["formulas.md", "terms.md"])
def test_each_link_leads_to_a_cell(sheet):
    assert len(rows(sheet)) > 20
    for row in rows(sheet):
        number, name, id = LINK.search(row).groups()
        assert name.startswith(number) and id in cells(name), row


def test_a_term_is_in_the_cell_that_explains_it_and_terms_are_in_order():
    terms = []
    for row in rows("terms.md"):
        term, (_, name, id) = row.split(" | ")[0].strip("| "), LINK.search(row).groups()
        text = " ".join(cells(name)[id].lower().split())
        assert term.lower().split()[0][:6] in text, row
        terms.append(term.lower())
    assert terms == sorted(terms)

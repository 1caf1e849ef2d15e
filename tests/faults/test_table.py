"""The table of faults names tests that there are, and all tests of this folder."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TABLE = (HERE / "README.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", TABLE)


def names_in(file: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.M))


def rows() -> list[list[str]]:
    lines = [line for line in TABLE.splitlines() if line.startswith("|")]
    return [[part.strip() for part in line.strip("|").split("|")] for line in lines[2:]]


@pytest.mark.parametrize(("file", "test"), NAMED)
def test_each_test_of_the_table_exists(file, test):
    assert test in names_in(HERE.parent / file)


def test_each_fault_says_what_is_seen_and_where_it_is_shown():
    assert len(rows()) > 30
    for fault, seen, shown in rows():
        assert fault and seen and "::test_" in shown, fault


def test_each_test_of_this_folder_is_in_the_table():
    others = [path for path in HERE.glob("test_*.py") if path != Path(__file__)]
    ours = {(f"faults/{path.name}", test) for path in others for test in names_in(path)}
    assert ours <= set(NAMED)

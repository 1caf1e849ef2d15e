"""Fingerprints, of a tiny package whose modules are changed piece by piece."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from lectures_lib.recorded import ROOT, fingerprint
from tools.experiments import RECORDED
from tools.fingerprints import home, imported, modules, package, used
from tools.record import code

TINY = {
    "__init__.py": """
from . import drawing, nets
from .drawing import show

def setup():
    nets.seed()
""",
    "nets.py": '''
from .deeper import layers as stacks
from .deeper.layers import Block

def seed():
    """Text."""
    return stacks.LIMIT + 0
''',
    "deeper/__init__.py": "from .other import unused",
    "deeper/layers.py": "LIMIT = 3",
    "deeper/other.py": "unused = 1",
    "drawing.py": "def show():\n    return 1",
}
CHANGES = {
    "a comment": ("nets.py", "LIMIT + 0", "LIMIT + 0  # why", False),
    "a docstring": ("nets.py", "Text.", "Other text.", False),
    "layout": ("nets.py", "return stacks", "return  stacks", False),
    "a function": ("nets.py", "LIMIT + 0", "LIMIT - 0", True),
    "a number": ("nets.py", "LIMIT + 0", "LIMIT + 0.0", True),
    "none for zero": ("nets.py", "LIMIT + 0", "LIMIT + None", True),
    "a module after a module": ("deeper/layers.py", "3", "4", True),
    "what a package hands on": ("deeper/other.py", "1", "2", False),
    "what is not used": ("drawing.py", "1", "2", False),
}


@pytest.fixture
def root(tmp_path) -> Path:
    for name, text in TINY.items():
        (tmp_path / "tiny" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tiny" / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("name", CHANGES)
def test_the_fingerprints_are_of_the_code_that_is_used(root, name):
    before = modules(["tiny.nets.seed"], root)
    file, old, new, counts = CHANGES[name]
    text = (root / "tiny" / file).read_text()
    assert text.count(old) == 1
    (root / "tiny" / file).write_text(text.replace(old, new))
    assert (modules(["tiny.nets.seed"], root) != before) == counts


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import tiny as t\nt.show()", {"drawing.py"}),
        ("import tiny\ntiny.drawing.show", {"drawing.py"}),
        ("from tiny import nets\nnets.seed()", {"nets.py", "deeper/layers.py"}),
        ("from tiny.deeper import unused\nunused", {"deeper/other.py"}),
        ("import tiny as t\nt.setup()", {"__init__.py", "nets.py", "deeper/layers.py"}),
        ("import tiny as t\nimport torch\ntorch.show()", set()),
    ],
)
def test_a_name_is_followed_to_the_module_that_it_comes_from(root, source, found):
    assert set(modules(used(source), root)) == {f"tiny/{name}" for name in found}


def test_the_fingerprint_is_alike_in_all_pythons():
    known = "c2f3d794"
    assert fingerprint("def f(x, *, y=0):\n    return [x, None]").startswith(known)


def test_a_recording_rests_on_nets_data_and_training_and_on_no_picture():
    found = {Path(path).stem for path in code(RECORDED["degradation"].run)}
    assert {"depth", "models", "training", "pictures", "environment"} <= found
    for made in RECORDED.values():
        stems = {Path(path).stem for path in code(made.run)}
        assert not stems & {"figures", "claims", "widgets", "recorded", "text"}


def imports(file: Path) -> set[Path]:
    """The other modules of ours that this one imports from, wherever it does."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names = imported(tree, package(file, ROOT)).values()
    return {home(name, ROOT) for name in names} - {None, file}


def test_no_imports_go_in_a_circle_and_none_from_the_library_to_the_tools():
    library, tools = ((ROOT / n).rglob("*.py") for n in ("lectures_lib", "tools"))
    used_by = {file: imports(file) for file in (*library, *tools)}
    TopologicalSorter(used_by).prepare()  # raises CycleError
    ours, by_hand = ROOT / "lectures_lib", ROOT / "lectures_lib/homework/__main__.py"
    for file in used_by.keys() - {by_hand}:
        reached = {path.relative_to(ROOT).parts[0] for path in used_by[file]}
        assert "tools" not in reached or not file.is_relative_to(ours), file


@pytest.mark.parametrize(
    ("room", "most"),
    [
        ("lectures_lib", 2200),
        ("lectures_lib/data", 700),
        ("lectures_lib/explorers", 1400),
        ("lectures_lib/homework", 550),
        ("tools", 2200),
    ],
)
def test_each_room_stays_small(room, most):
    files = (ROOT / room).glob("*.py")
    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) <= most

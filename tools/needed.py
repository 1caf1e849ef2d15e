"""Which cells another needs: those that bind what it uses, or change it.

A change is an assignment to a part, a call that stands as a statement, also of what it
is given (`net.train()`, `fit(net, train)`), and of what a training is given first.
"""

import ast
from collections.abc import Iterator
from functools import cache

from nbformat import NotebookNode

TRAINS = ("fit", "descend")  # what such a function is given first comes back changed
QUIET = ("claim", "print", "display", "show", "compare", "quiz")  # change nothing
PAINTED = {"fig", "ax", "axes", ""}
OWN_NAMES = (ast.FunctionDef, ast.ClassDef, ast.Lambda)


def needed(cells: list[NotebookNode], also: str = "") -> list[NotebookNode]:
    """The last of these code cells, with those before it that it needs.

    Args:
        also: id of a cell that is kept in any case, with what it needs.
    """
    wanted: set[str] = set()
    kept: list[NotebookNode] = []
    for cell in reversed(cells):
        made, used = made_and_used(cell.source)
        if not kept or cell.id == also or made & wanted:
            wanted |= used
            kept.insert(0, cell)
    return kept


@cache
def made_and_used(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell binds or changes, and those that it needs from before."""
    bound: set[str] = set()
    changed: set[str] = set()
    used: set[str] = set()
    for statement in ast.parse(source).body:
        loops = set(loop_names(statement))
        read = {n.id for n in ast.walk(statement) if is_name(n, ast.Load)}
        used |= read - bound - loops
        bound |= set(bindings(statement))
        changed |= {root(node) for node in changes(statement)} - loops
    if "figures.show(" in source or "ll.explorers." in source:
        changed = set()  # what it does, it does to its axes
    return (bound | changed) - PAINTED, used | changed - bound


def is_name(node: ast.AST, context: type) -> bool:
    return isinstance(node, ast.Name) and isinstance(node.ctx, context)


def loop_names(statement: ast.AST) -> Iterator[str]:
    """The names that a statement itself gives their values: of loops, of functions."""
    for node in ast.walk(statement):
        if isinstance(node, (ast.For, ast.comprehension)):
            yield from (n.id for n in ast.walk(node.target) if isinstance(n, ast.Name))
        if isinstance(node, ast.arg):
            yield node.arg
        if isinstance(node, ast.FunctionDef):
            yield from (n.id for n in ast.walk(node) if is_name(n, ast.Store))
            if node is not statement:
                yield node.name  # within another: no cell has it from there


def bindings(statement: ast.AST) -> Iterator[str]:
    """The names that a statement binds, but not those within functions."""
    waiting = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (a.asname or a.name.partition(".")[0] for a in node.names)
        elif isinstance(node, OWN_NAMES):
            yield getattr(node, "name", "")
        elif is_name(node, ast.Store):
            yield node.id
        if not isinstance(node, (*OWN_NAMES, ast.comprehension)):
            waiting += ast.iter_child_nodes(node)


def changes(statement: ast.AST) -> Iterator[ast.AST]:
    """The nodes that stand for what a statement changes without binding it."""
    for node in ast.walk(statement):
        match node:
            case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
                yield node
            case ast.Expr(value=ast.Call() as call) if called(call) not in QUIET:
                yield from (call.func, *call.args)
            case ast.Call() if called(node) in TRAINS:
                yield from node.args[:1]


def called(call: ast.Call) -> str:
    """The last name of what is called: fit, of ll.training.fit(…)."""
    return ast.unparse(call.func).rpartition(".")[2]


def root(node: ast.AST) -> str:
    """The name that a.b[c].d begins with."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call, ast.Starred)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""

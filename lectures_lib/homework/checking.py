"""The checks of an assignment, found beside its notebook, and what they say."""

import importlib.util
import os
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from inspect import isfunction
from io import StringIO
from pathlib import Path
from pydoc import locate
from types import ModuleType

from torch import Tensor

from .. import environment
from .comparisons import Hint, close, expect, kind

HIDDEN = "LECTURES_HIDDEN"  # a folder of the teacher: its NAME.py has further tests
UNDER = "Write numbers into a parameter under `torch.no_grad()`, as with `fill_`"
ADVICE = {  # words of torch's message: what helps
    "leaf Variable that requires grad": UNDER,
    "as parameter '": UNDER,
    "input requests": "Nobody answers `input()` here: write the value into the cell",
    "Only tensors with 2 dimensions": "`nn.init.eye_` fills matrices only",
}
Say = Callable[[str], object]
Task = Callable[..., Iterator[tuple[float, str]]]


class NotDone(NotImplementedError):
    """The answer is still the starter's."""


class HomeworkError(Exception):
    """The homework cannot be checked at all; the text says what to do."""


def task(points: float, forbidden: Iterable[str] = ()) -> Callable[[Task], Task]:
    """Make a generator the check of the task that has its name.

    It takes a torch.Generator, from which it draws its instance, and the answer.

    Args:
        points: of all parts together.
        forbidden: functions and classes, such as "torch.dropout", that do the task: an
            answer that calls one of them, by whatever name, gets a hint.
    """

    def mark(function: Task) -> Task:
        function.points, function.forbidden = points, tuple(forbidden)
        return function

    return mark


def check(name: str, *answer: object, folder: Path | None = None) -> float:
    """Print what is right in the answer to a task, and a hint where it is not.

    Args:
        name: of the task, in checks.py.
        answer: what the task asks for, such as a function.
        folder: where checks.py is, when grading says so; see `folder_of_checks`.

    Returns:
        The points; nbgrader reads them. Where LECTURES_HIDDEN names a folder, they must
        be reached in the tests there as well, which say nothing.

    Raises:
        HomeworkError: there is no checks.py, or no such task.
    """
    folder = folder or folder_of_checks()
    found = find(load(folder / "checks.py"), name)
    points = grade(found, answer)
    if HIDDEN in os.environ and points:
        hidden = load(Path(os.environ[HIDDEN]) / f"{folder.name}.py")
        tests = [(found, seed) for seed in hidden.SEEDS]
        tests += [(vars(hidden)[name], 0)] if name in vars(hidden) else []
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            # what the answer prints would show the hidden instances
            least = min(grade(test, answer, seed, say=str) for test, seed in tests)
        if least < points:
            print("✗ A hidden test has a case that fails. Which sizes and values,")
            print("  allowed by the task, has your answer not seen?")
            points = least
    print(f"{points:g} of {found.points:g} points")
    return float(points)


def folder_of_checks() -> Path:
    """Where checks.py is: where Python works, as handed out; in a clone, in source/."""
    here = Path.cwd()
    sources = [parent / "source" / here.name for parent in here.parents]
    there = (path for path in (here, *sources) if (path / "checks.py").is_file())
    return next(there, here)


def load(path: Path) -> ModuleType:
    """The module of this file, read anew. HomeworkError when it is not there."""
    if not path.is_file():
        raise HomeworkError(
            f"there is no {path.name} in {path.parent}: a homework is checked in its "
            "own folder. Open it there; `make study` makes a folder to work in"
        )
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tasks_of(checks: ModuleType) -> dict[str, Task]:
    """Name to check, in the order in which checks.py has them."""
    return {name: t for name, t in vars(checks).items() if hasattr(t, "points")}


def find(checks: ModuleType, name: str) -> Task:
    """The check with this name. HomeworkError when there is none."""
    tasks = tasks_of(checks)
    if name not in tasks:
        raise HomeworkError(f"no task {name!r}: expected one of {', '.join(tasks)}")
    return tasks[name]


def grade(test: Task, answer: Sequence, seed: int = 0, say: Say = print) -> float:
    """The points of one answer on the instance of one seed; `say` gets each line."""
    points = 0.0
    try:
        with _forbidding(test.forbidden):
            if any(part is ... for part in answer):
                raise NotDone
            for part, sentence in test(environment.generator(seed), *answer):
                points += part
                say(f"✓ {sentence}")
    except Hint as hint:
        say(f"✗ {hint}")
    except Exception as error:  # an answer of a kind that the check did not expect
        say("… not done yet" if _is_blank(error) else f"✗ {_where(error)}")
    return points


def ask(function: Callable, *arguments: object, **options: object) -> object:
    """What the student's function (or class, or layer) gives for these arguments.

    Raises:
        Hint: it is no function, raises, returns nothing, changes a tensor that it was
            given, or calls what the task forbids.
        NotDone: it still has its blanks.
    """
    if function is ...:
        raise NotDone
    expect(callable(function), f"expected a function or class, got {kind(function)}")
    before = [a.clone() if type(a) is Tensor else a for a in arguments]
    try:
        # On stderr a warning, even torch's about its sparse tensors, would cost points.
        with _watched() as called, warnings.catch_warnings(action="ignore"):
            found = function(*arguments, **options)
    except Exception as error:
        raise (NotDone if _is_blank(error) else Hint(_where(error))) from None
    if found is ...:
        raise NotDone
    expect(not called, f"it calls {', '.join(sorted(called))}: write that yourself")
    expect(found is not None, "it returns None: is there a `return`?")
    code = function.__code__ if isfunction(function) else None
    names = code.co_varnames[: code.co_argcount] if code else ()
    for number, (old, new) in enumerate(zip(before, arguments), 1):
        name = f" (`{names[number - 1]}`)" if number <= len(names) else ""
        expect(
            type(new) is not Tensor or close(new, old, 0),
            f"it changes its argument number {number} in place{name}: whoever called "
            "it still needs the old values. Make a new tensor",
        )
    return found


def _is_blank(error: Exception) -> bool:
    """Whether it comes from a `...` that stands where the answer belongs."""
    text = str(error)  # torch's NotImplementedError: a module is missing its "forward"
    blank = isinstance(error, NotImplementedError) and '"forward"' not in text
    return blank or "ellipsis" in text.lower()


def _where(error: Exception) -> str:
    """The error, and the line of the student's that it comes from."""
    what = f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if "ipykernel" in f.filename or f.filename[:1] == "<"]
    line = f", in the line `{own[-1].line}`" if own else ""
    advice = [f". {help}" for words, help in ADVICE.items() if words in what]
    return f"it raises {what.rstrip('.')}{line}{''.join(advice)}"


# Of the current task: code objects, built-ins and methods, and what is named by them: a
# class by its __init__, which another class may share.
_forbidden: dict[object, list[tuple[type, str]]] = {}


@contextmanager
def _forbidding(names: Iterable[str]) -> Iterator[None]:
    """Within the block, `ask` looks out for these functions."""
    for name in names:
        thing, short = locate(name), name.rpartition(".")[2]
        made = thing if isinstance(thing, type) else object
        thing = thing.__init__ if isinstance(thing, type) else thing
        key = getattr(thing, "__code__", thing)
        _forbidden.setdefault(key, []).append((made, short))
    try:
        yield
    finally:
        _forbidden.clear()


@contextmanager
def _watched() -> Iterator[set[str]]:
    """The names of the forbidden functions that are called within the block."""
    called: set[str] = set()

    def look(frame: object, event: str, argument: object) -> None:
        if event == "call":
            found = _forbidden.get(frame.f_code, [])
        elif event == "c_call":  # a method is bound to its object: look at the class
            owner = type(getattr(argument, "__self__", None))
            method = getattr(owner, argument.__name__, None)
            found = [*_forbidden.get(argument, []), *_forbidden.get(method, [])]
        else:
            return
        for made, short in found:
            if made is object or isinstance(frame.f_locals.get("self"), made):
                called.add(short)

    before = sys.getprofile()
    sys.setprofile(look if _forbidden else before)
    try:
        yield called
    finally:
        sys.setprofile(before)

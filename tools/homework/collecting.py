"""What comes in for a homework: listed file by file, and laid into submitted/.

Nothing is overwritten, merged or left out without a word: what was there before is kept
in submitted/NAME/homework_N.older/, and where it cannot be told whose a file is,
nothing is taken at all.
"""

import json
import re
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from ..writing import ToolError, write
from . import archives, students
from .archives import Entry, lay
from .students import Owner

NOTEBOOK = re.compile(r"\.ipynb(\.json|\.txt)?$", re.I)
# Platforms that give several files of one submission, each with the student's number.
TOGETHER = {"Moodle", "Canvas", "Blackboard"}


@dataclass
class Attempt:
    """What one student has handed in at one time: where a file belongs → the file."""

    owner: Owner
    files: dict[PurePosixPath, Entry] = field(default_factory=dict)
    owners: list[Owner] = field(default_factory=list)  # by each source that says so
    order: str = ""

    def add(self, inside: PurePosixPath, entry: Entry, owner: Owner) -> None:
        taken = {str(path).lower() for path in self.files}
        while str(inside).lower() in taken:  # twice in a zip, or in two folders
            inside = inside.with_name(f"again {inside.name}")
        self.files[inside] = entry
        self.owners += [] if owner in self.owners else [owner]
        self.order = max(self.order, owner.attempt or owner.file.zfill(20))


@dataclass
class Collection:
    """All attempts of a folder or zip, by identity and date, and what was left out."""

    attempts: dict[tuple[str, str], Attempt] = field(default_factory=dict)
    left_out: Counter = field(default_factory=Counter)


def collect(
    place: Path,
    name: str,
    course: Path,
    pattern: str | None = None,
    look: bool = False,
) -> list[str]:
    """Copy what a folder or zip holds to submitted/; a line for each file, and more.

    Args:
        pattern: a regular expression with a group `student`, for a platform of which
            the shapes are not known here.
        look: only say it, and copy nothing.

    Raises:
        ToolError: it cannot be told whose a file is; nothing was copied.
    """
    found = gathered(place.expanduser(), name, students.compiled(pattern))
    register = Register(course, name)
    lines = []
    for identity, folder in register.folders(found).items():
        attempts = [a for (who, _), a in found.attempts.items() if who == identity]
        lines += register.take(folder, attempts, look)
    lines += [f"left out: {what}" for what in listed(found.left_out)]
    if look:
        return [*lines, "only listed: nothing was taken"]
    register.save()
    number = len(list(register.submitted.glob(f"*/{name}")))
    return [*lines, f"students now in submitted/: {number}"]


def listed(counted: Counter) -> list[str]:
    return [f"{what} ({n} files)" if n > 1 else what for what, n in counted.items()]


# Whose is what.


def gathered(place: Path, name: str, pattern: re.Pattern | None) -> Collection:
    """The attempts in a folder or zip."""
    found, entries = Collection(), []
    for entry in archives.files_in(place):
        if why := archives.unwanted(entry.path):
            found.left_out[why] += 1
        else:
            entries.append(entry)
    if not pattern:
        entries = unwrapped(entries, name, place.stem)
    for entry in entries:
        place_one(found, entry, name, pattern)
    if not found.attempts:
        raise ToolError(f"no submission in {place}: expected folders or notebooks")
    told_apart(list(found.attempts.values()))
    return found


def place_one(
    found: Collection, entry: Entry, name: str, pattern: re.Pattern | None
) -> None:
    """Add a file to its student's attempt, or to what is left out."""
    path = entry.path
    if pattern:
        owner, inside = students.by_pattern(path, pattern)
    else:
        owner = students.owner_of(path, name)
        own = (owner and owner.own) or path.name
        inside = PurePosixPath(*path.parts[1:] or [own])
    file = len(path.parts) == 1 and not NOTEBOOK.search(path.name)
    if owner is None and (pattern or not NOTEBOOK.search(path.name)):
        found.left_out[f"{path}: it names no student"] += 1
    elif owner is None:
        raise ToolError(
            f"{path}: whose is it? Put it into a folder with the student's name"
        )
    elif file and not owner.platform and path.suffix.lower() != ".zip":
        found.left_out[f"{path}: no notebook, and in no student's folder"] += 1
    else:
        key = owner.identity, owner.attempt
        found.attempts.setdefault(key, Attempt(owner)).add(inside, entry, owner)


def unwrapped(entries: list[Entry], name: str, whole: str) -> list[Entry]:
    """The files without a folder that holds all students' folders or files."""
    tops = {entry.path.parts[0] for entry in entries}
    if len(tops) != 1 or any(len(entry.path.parts) == 1 for entry in entries):
        return entries
    inner = [Entry(PurePosixPath(*e.path.parts[1:]), e.content) for e in entries]
    owner = students.owner_of(entries[0].path, name)
    if owner and owner.platform:
        return entries
    deeper = unwrapped(inner, name, whole)
    seen_through = deeper is not inner or wraps(tops.pop(), inner, name, whole)
    return deeper if seen_through else entries


def wraps(top: str, inner: list[Entry], name: str, whole: str) -> bool:
    """Whether the folder is no student's, by what is in it or by its name."""
    named = set()
    for path in (entry.path for entry in inner if NOTEBOOK.search(entry.path.name)):
        owner = students.owner_of(path, name)
        if owner is None:  # homework_2.ipynb: the folder says whose
            return False
        by_name = owner.platform or re.search(students.homework(name), path.name, re.I)
        if len(path.parts) > 1 or by_name:
            named.add(owner.identity)
    all_of_it = re.fullmatch(students.homework(name), top, re.I) or top == whole
    return len(named) > 1 or bool(all_of_it and named)


def told_apart(attempts: list[Attempt]) -> None:
    """ToolError when two that are not the same would become one student."""
    seen: dict[str, Owner] = {}
    for attempt in attempts:
        for owner in attempt.owners:
            other = seen.setdefault(owner.identity, owner)
            if other.student != owner.student:
                raise one_student(other.source, owner.source, owner.identity)
        if len(attempt.owners) > 1 and attempt.owner.platform not in TOGETHER:
            first, second, *_ = attempt.owners
            raise one_student(first.source, second.source, owner.student)


def one_student(first: str, second: str, who: str) -> ToolError:
    return ToolError(
        f"{first} and {second} would both become the student {who}. Nothing was taken: "
        "rename one, or say with PATTERN (--pattern) what in a path is the name"
    )


# Where it goes.


class Register:
    """Who has handed it in: folder in submitted/ → what the platform said."""

    def __init__(self, course: Path, name: str) -> None:
        self.submitted, self.name = course / "submitted", name
        self.path = course / "marks" / f"{name}.students.json"
        known = self.path.read_text("utf-8") if self.path.exists() else "{}"
        self.known: dict[str, dict] = json.loads(known)

    def save(self) -> None:
        write(self.path, json.dumps(self.known, indent=1, ensure_ascii=False))

    def owner(self, folder: str) -> Owner:
        return Owner(**self.known[folder]["owner"])

    def folders(self, found: Collection) -> dict[str, str]:
        """Each student's folder: the one there is, or the name; the number if need be.

        Raises:
            ToolError: two students would have one.
        """
        owners = {who: attempt.owner for (who, _), attempt in found.attempts.items()}
        taken = {folder.lower(): self.owner(folder) for folder in self.known}
        held = {self.owner(folder).identity: folder for folder in self.known}
        all_of_them = {owner.identity: owner for owner in taken.values()} | owners
        names = Counter(
            students.folder_of(owner.student).lower() for owner in all_of_them.values()
        )
        result = {}
        for who, owner in owners.items():
            folder = held.get(who) or students.folder_of(owner.student)
            other = taken.get(folder.lower())
            double = names[folder.lower()] > 1 or (other and other.identity != who)
            if who not in held and double and owner.number:
                folder = students.folder_of(f"{owner.student} {owner.number}")
            other = taken.setdefault(folder.lower(), owner)
            if other.identity != who:
                raise one_student(other.source, owner.source, folder)
            result[who] = folder
        return result

    def in_order(
        self, student: str, attempts: list[Attempt]
    ) -> tuple[list[Attempt], Attempt | None]:
        """The older attempts, and the one that counts; None: it is there already."""
        *older, newest = sorted(attempts, key=lambda attempt: attempt.order)
        there = (self.submitted / student / self.name).exists()
        if there and self.known.get(student, {}).get("order", "") > newest.order:
            return [*older, newest], None
        return older, newest

    def take(self, student: str, attempts: list[Attempt], look: bool) -> list[str]:
        """Lay a student's attempts down, the newest where it is graded; what to say.

        Args:
            look: only say it.
        """
        folder, lines = self.submitted / student / self.name, []
        older, newest = self.in_order(student, attempts)
        for attempt in older:
            what = f"{student}, an older attempt"
            if not look:
                what += f", kept in {lay(attempt.files, folder, older=True)}"
            lines += arrows(attempt, what)
        if newest:
            lines += arrows(newest, student)
        if newest and not look:
            place = lay(newest.files, folder)
            known = {"owner": asdict(newest.owner), "order": newest.order}
            self.known[student] = known
            if place != folder:
                lines.append(f"{student}: what was there before is kept in {place}")
        return lines


def arrows(attempt: Attempt, student: str) -> list[str]:
    """A line for each file."""
    return [f"{entry.path} → {student}" for entry in attempt.files.values()]

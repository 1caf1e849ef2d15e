"""Whose a file is: what learning platforms make of names, and names as folders."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import PurePosixPath

from ..writing import ToolError

# Platform → what it calls a student's folder or file. Nothing else is cut from a name.
SHAPES = {
    "Moodle": (
        r"(?P<student>.+?)_(?P<number>\d+)_assignsubmission_[a-z]+(?:_(?P<own>.*))?"
    ),
    "Canvas": (
        r"(?P<student>[^_]+)_(?:LATE_)?(?P<number>\d{2,})_(?P<file>\d{3,})_(?P<own>.+)"
    ),
    "Blackboard": (
        r"(?P<student>.+)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})"
        r"(?:_(?P<own>.*)|\..*)?"
    ),
    "Brightspace": (
        r"(?P<number>\d+)-\d+ - (?P<student>.+?) - (?P<attempt>[^-]*\d{4}[^-]*)"
    ),
    "ILIAS": r"(?P<student>(?:[^_\d]+_){2,}[^_]+)_(?P<number>\d{2,})",
}
FOLDERS = {"Brightspace", "ILIAS"}  # these never name a file so
FILES = {"Canvas"}  # and this never a folder
GROUPS = ("student", "number", "attempt", "own")  # of a teacher's pattern
NAMED = {"ILIAS", "pattern"}  # a number after a name may be anything: both count
DATES = ("%b %d, %Y %I%M %p", "%d %b, %Y %H%M", "%d %b %Y %H%M")
# What no file system takes; and what nbgrader does not: a comma in its export, brackets
# in its search for notebooks.
NO_FILE = r'[\x00-\x1f\x7f-\x9f"*/:<>?\\|%]|^[. ]|[. ]$'
NO_STUDENT = rf"{NO_FILE}|[\[\],]|^\s|\s$"
DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.I)
LONGEST = 150  # bytes of a name; a file system takes 255, with what tools add to it


@dataclass(frozen=True)
class Owner:
    """A student as the platform writes it, with its number and date if any."""

    student: str
    source: str  # the folder or file that says so
    platform: str = ""
    number: str = ""
    attempt: str = ""  # later is greater; "" where the platform does not say
    file: str = ""  # of Canvas: a later upload has a larger number
    # What the student calls the file, where the platform adds to that.
    own: str = field(default="", compare=False)

    @property
    def identity(self) -> str:
        """The platform's number where it has one, the name where not."""
        named = self.platform in NAMED or not self.number
        return (
            f"{self.student if named else self.platform} {self.number}".strip().lower()
        )


def homework(name: str) -> str:
    """A pattern of the homework's name, however its words are joined."""
    return r"[\s_-]?".join(map(re.escape, name.split("_"))) + r"(?!\d)"


def owner_of(path: PurePosixPath, name: str) -> Owner | None:
    """Whose it is by the first part of its path; None where that names nobody."""
    source = path.parts[0]
    is_file = len(path.parts) == 1 or source.lower().endswith(".zip")
    text = unicodedata.normalize("NFC", source)
    for platform, shape in SHAPES.items():
        wrong = FOLDERS if is_file else FILES
        if platform not in wrong and (found := re.fullmatch(shape, text, re.S)):
            known = {part: what or "" for part, what in found.groupdict().items()}
            known |= understood(platform, known, name)
            return Owner(source=source, platform=platform, **known)
    student = named(stem(text) if is_file else text, name)
    return Owner(student, source) if student else None


def understood(platform: str, known: dict[str, str], name: str) -> dict[str, str]:
    """The parts of a shape that stand there in another form than is meant."""
    if platform == "Blackboard":  # "homework_2_ada": the assignment comes first
        prefix = f"^{homework(name)}_"
        return {"student": re.sub(prefix, "", known["student"], flags=re.I)}
    if platform == "Canvas":  # "homework_2-1.ipynb": handed in once more
        again = rf"^({re.escape(name)})-\d+(?=\.ipynb$)"
        return {"own": re.sub(again, r"\1", known["own"])}
    if platform == "Brightspace":
        return {"attempt": date(known["attempt"])}
    return {}


def stem(file: str) -> str:
    """A file's name without what says that it is a notebook or a zip."""
    return re.sub(r"(\.ipynb(\.json|\.txt)?|\.\w{1,5})$", "", file, flags=re.I)


def named(text: str, name: str) -> str:
    """The name in "ada_homework_2_final" or "homework_2-ada": as it stands, or ""."""
    parts = re.split(rf"[\s_.-]*{homework(name)}[\s_.-]*", text, maxsplit=1, flags=re.I)
    student = next((part for part in parts if part.strip()), "").strip()
    return "" if re.fullmatch(r"\(\d+\)", student) else student


def date(text: str) -> str:
    """Brightspace's "Oct 17, 2026 1000 AM" in an order; "" in another language."""
    short = re.sub(r"([A-Z][a-z]{2})[a-z]*\.?", r"\1", text.replace(":", "").strip())
    short = re.sub(r"\b(\d{3})\b", r"0\1", short)
    for form in DATES:
        try:
            return datetime.strptime(short, form).isoformat()
        except ValueError:
            pass
    return ""


def by_pattern(
    path: PurePosixPath, pattern: re.Pattern
) -> tuple[Owner | None, PurePosixPath]:
    """Whose it is by the teacher's pattern, None if not found; its place there."""
    text = unicodedata.normalize("NFC", str(path))
    found = pattern.search(text)
    if not found or not found["student"]:
        return None, path
    known = {part: found.groupdict().get(part) or "" for part in GROUPS}
    # "v9" comes before "v10"
    known["attempt"] = re.sub(r"\d+", lambda n: n[0].zfill(20), known["attempt"])
    end = found.start("own") if known["own"] else found.end()
    source, rest = text[:end], text[end:]
    if not source.endswith("/") and not known["own"]:  # within a folder's name
        rest = rest.partition("/")[2]
    owner = Owner(source=source, platform="pattern", **known)
    return owner, PurePosixPath(rest or path.name)


def compiled(pattern: str | None) -> re.Pattern | None:
    """The teacher's pattern. ToolError when it is none or names no student."""
    if not pattern:
        return None
    try:
        made = re.compile(pattern)
    except re.error as error:
        raise ToolError(f"{pattern} is no regular expression: {error}") from None
    if "student" not in made.groupindex:
        raise ToolError(
            f"{pattern} names no student: expected a group (?P<student>…), such as "
            r"(?P<student>\w+)_abgabe/; (?P<number>…), (?P<attempt>…) and (?P<own>…) "
            "if you like"
        )
    return made


def escaped(text: str, never: str = NO_FILE) -> str:
    """The text as the name of a file: unquote() of urllib gives it back.

    A text that is too long is cut, and ends in a mark of what it was.
    """
    text = unicodedata.normalize("NFC", text)
    whole = re.sub(never, lambda found: percent(found[0]), text)
    if DEVICES.match(whole):
        whole = percent(whole[0]) + whole[1:]
    if len(whole.encode()) <= LONGEST:
        return whole
    suffix = PurePosixPath(whole).suffix
    suffix = suffix if len(suffix.encode()) < 12 else ""
    start = whole.encode()[: LONGEST - 20].decode("utf-8", "ignore")
    return f"{start}~{sha256(text.encode()).hexdigest()[:7]}{suffix}"


def percent(text: str) -> str:
    """%2C for a comma: of letters and dots too, which quote() of urllib leaves."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def folder_of(student: str) -> str:
    """The student's name as the name of a folder that nbgrader can work with."""
    return escaped(student, NO_STUDENT)

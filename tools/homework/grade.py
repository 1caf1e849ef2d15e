"""Grade all that was handed in for one homework, whatever it is.

python -m tools.homework.grade homework_2 [--take FOLDER-or-ZIP] [--jobs 2] [--again]

What is taken is listed first, file → student, and only that with --list; --pattern says
whose a path is where the platform's shapes are not known. Each submission is graded by
nbgrader in a process of its own, two at a time; one that never ends, takes all memory
or cannot be read is named in the report, and the others are graded. Marks go to
marks/homework_2.csv and into nbgrader's gradebook, what the students get back to
feedback/. Interrupted, it goes on where it stopped; what has been graded is graded
again only when the submission or the homework has changed.
"""

import argparse
import json
import multiprocessing
import os
import re
import shutil
import sys
import threading
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from nbgrader.utils import determine_grade

from lectures_lib.homework import checking, looking_over
from lectures_lib.homework.looking_over import Unreadable
from lectures_lib.support import alike

from .. import running
from ..parallel import side_by_side
from ..writing import ToolError, digest, write
from . import marks, starters
from .alone import alone
from .collecting import Register, collect
from .hidden import examine
from .marks import task_of
from .nbgrader_steps import Autograde, GenerateFeedback
from .submissions import prepare

SECONDS = 900  # for a submission: far more than the limits of its cells add up to
MEGABYTES = 3000  # of the process that grades it, or one that it starts
# A process that grades begins as a copy of one that has read all that it needs.
QUICK = "forkserver" in multiprocessing.get_all_start_methods()
QUICK = QUICK and len(gettempdir()) < 60  # its socket is there: 107 characters at most
PROCESSES = multiprocessing.get_context("forkserver" if QUICK else "spawn")
PROCESSES.set_forkserver_preload(["tools.homework.grade"])
PROCESS = "nbgrader"  # the name of each
STOP = threading.Event()  # set by Ctrl-C: what is being graded ends


class GraderFailed(Exception):
    """Grading itself went wrong: no mark, whatever the answers are."""


def nbgrader(course: Path, name: str, student: str, submitted: Path, log: Path) -> None:
    """In a process of its own: let nbgrader grade it and write the feedback."""
    log.parent.mkdir(parents=True, exist_ok=True)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(said, 1)
    os.dup2(said, 2)
    own = {"submitted_directory": str(submitted), "student_id": student}
    for step in (Autograde, GenerateFeedback):
        starters.step_of(step, course, assignment_id=name, **own).start()


def reason(log: Path) -> str:
    """The last error that nbgrader reports."""
    said = log.read_text("utf-8", "replace") if log.exists() else ""
    errors = re.findall(r"^ *([\w.]*(?:Error|Entry)\b.*)", said, re.M)
    return f"nbgrader: {errors[-1][:100]}" if errors else "the grading process died"


class Grading:
    """The grading of one homework, with what is known from the runs before.

    Of each student `records` has the digest of what was graded, the points of each
    task (None where nothing could be graded), and the problems there were.
    """

    def __init__(self, course: Path, name: str) -> None:
        self.course, self.name = course, name
        self.source, self.release = course / "source" / name, course / "release" / name
        configuration = starters.configuration(course)
        self.hidden = Path(configuration.Execute.hidden) / f"{name}.py"
        self.database = configuration.CourseDirectory.db_url
        self.book = course / "marks" / f"{name}.json"
        for path in (self.source, self.release, self.hidden):
            if not path.exists():
                raise ToolError(f"there is no {path}")
        examine(self.hidden, self.source / "checks.py")
        self.starter = looking_over.read(self.release / f"{name}.ipynb")
        checks = looking_over.graded(self.starter)
        self.given: dict[str, marks.Hand] = {}
        self.points = {task_of(c): looking_over.metadata(c)["points"] for c in checks}
        known = self.book.read_text("utf-8") if self.book.exists() else "{}"
        self.records: dict[str, dict] = json.loads(known)

    def students(self) -> list[str]:
        folders = (self.course / "submitted").glob("[!.]*/")
        return sorted(folder.name for folder in folders if folder.is_dir())

    def folder(self, step: str, student: str) -> Path:
        return self.course / step / student / self.name

    def digest(self, student: str) -> str:
        """The fingerprint of all that the marks depend on."""
        parts = (self.folder("submitted", student), self.source, self.release)
        files = sorted(p for part in parts for p in part.rglob("*") if p.is_file())
        used = [p for p in files if "__pycache__" not in p.parts] + [self.hidden]
        return digest([[str(p), sha256(p.read_bytes()).hexdigest()] for p in used])

    def is_known(self, student: str) -> bool:
        """Whether this submission was graded before, by the same checks."""
        with suppress(KeyError, OSError):
            return self.records[student]["digest"] == self.digest(student)
        return False

    def fill_gradebook(self) -> None:
        """Tell nbgrader's gradebook which tasks there are; release/ stays as it is.

        What was given by hand is read from it.
        """
        with TemporaryDirectory() as folder:
            starters.generate(self.course, self.name, Path(folder), self.database)
        self.given = marks.by_hand(self.database, self.name)

    def __getstate__(self) -> dict:
        """What grading a submission needs: the other records do not travel."""
        return vars(self) | {"records": {}, "given": {}}

    def grade(self, student: str) -> dict | None:
        """The record of a submission, whatever it is; None when grading was stopped."""
        if STOP.is_set():
            return None
        start = time.monotonic()
        try:
            record = self.record(student)
        except Exception as error:  # one submission must not end the run
            record = self.failed(student, error)
        record["seconds"] = round(time.monotonic() - start, 1)
        return None if STOP.is_set() else record

    def keep(self, student: str, record: dict | None) -> None:
        """Write a record down, and print its row."""
        if record:
            self.records[student] = record
            write(self.book, json.dumps(self.records, indent=1))
            print(self.row(student), flush=True)

    def failed(self, student: str, error: Exception) -> dict:
        """The record of one that grading itself failed on: the next run tries again."""
        with suppress(Exception):  # the gradebook may be what failed
            marks.take_back(self.database, self.name, student)
        name = "" if isinstance(error, GraderFailed) else f"{type(error).__name__}: "
        what = f"{name}{' '.join(str(error).split())}"[:150]
        why = f"grading failed, no mark; the next run tries again: {what}"
        return {"points": None, "problems": [why]}

    def record(self, student: str) -> dict:
        """What came of a submission, also of one that cannot be graded."""
        known = {"digest": self.digest(student)}
        for step in ("autograded", "feedback"):  # of an earlier submission
            shutil.rmtree(self.folder(step, student), ignore_errors=True)
        try:
            return known | self.result(student)
        except Unreadable as error:
            marks.take_back(self.database, self.name, student)
            return known | {"points": None, "problems": [str(error)]}

    def result(self, student: str) -> dict:
        """The points and the problems of a submission, from what nbgrader makes of it.

        Raises:
            Unreadable: it could not be graded, and why.
            GraderFailed: it was not the submission's fault.
        """
        with TemporaryDirectory() as temporary:
            submitted, copy = Path(temporary), Path(temporary, student, self.name)
            original = self.folder("submitted", student)
            remarks = prepare(original, self.starter, self.name, copy)
            remarks += alike.sentences(copy)
            self.run_nbgrader(student, submitted)
        autograded = self.folder("autograded", student) / f"{self.name}.ipynb"
        notebook = looking_over.read(autograded)
        cells = {task_of(cell): cell for cell in looking_over.graded(notebook)}
        if why := marks.not_checked(notebook):
            raise GraderFailed(why)
        problems = [*marks.problems_of(cells), *looking_over.stopped(notebook)]
        return {
            "points": {name: determine_grade(cell)[0] for name, cell in cells.items()},
            "problems": [*remarks, *problems],
        }

    def run_nbgrader(self, student: str, submitted: Path) -> None:
        """In a process of its own, which is killed when it takes too much of anything.

        Raises:
            Unreadable: it was killed, and why.
            GraderFailed: it failed.
        """
        log = self.course / "marks" / "logs" / f"{student}.txt"
        arguments = (self.course, self.name, student, submitted, log)
        process = PROCESSES.Process(target=nbgrader, args=arguments, name=PROCESS)
        process.start()
        end = time.monotonic() + SECONDS
        with running.Watch(process.pid, MEGABYTES) as watch:
            try:
                while process.is_alive() and time.monotonic() < end:
                    process.join(0.2)
                    end = 0 if STOP.is_set() else end
            finally:  # also at Ctrl-C
                late = process.is_alive()
                process.kill()
                process.join()
        if watch.killed or late:
            raise Unreadable(watch.killed or f"not done in {SECONDS} s")
        if process.exitcode or not self.folder("autograded", student).exists():
            raise GraderFailed(reason(log))

    def row(self, student: str) -> str:
        """A line of the report."""
        given, possible = self.given.get(student, {}), sum(self.points.values())
        return marks.row(student, self.records[student], given, possible)

    def write_marks(self, students: list[str]) -> Path:
        """The marks of these students as a table; its path."""
        path, register = self.book.with_suffix(".csv"), Register(self.course, self.name)
        records = {student: self.records[student] for student in students}
        owners = {folder: known["owner"] for folder, known in register.known.items()}
        marks.table(path, self.points, records, self.given, owners)
        return path

    def summary(self, students: list[str], known: int) -> str:
        """The report's last lines."""
        records = [self.records[student] for student in students]
        without = sum(record["points"] is None for record in records)
        problems = sum(bool(record["problems"]) for record in records)
        return (
            f"{len(students)} students: {len(students) - without} graded, {without} "
            f"not, {problems} with a remark; {known} were known before.\n"
            f"Marks: {self.write_marks(students)}\n"
            f"Feedback: {self.course / 'feedback'}"
        )


def main(arguments: list[str], course: Path = starters.COURSE) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", metavar="homework_N")
    parser.add_argument("--take", type=Path, help="a folder or zip to copy first")
    parser.add_argument("--jobs", type=int, default=2, help="submissions at a time")
    parser.add_argument("--again", action="store_true", help="also what did not change")
    parser.add_argument("--list", action="store_true", help="say it, and take nothing")
    parser.add_argument("--pattern", help="whose a path is: has a (?P<student>…)")
    options = parser.parse_args(arguments)
    try:
        with alone(course):
            grading = Grading(course, options.name)
            if options.take:
                take = options.take, options.name, course, options.pattern
                print(*collect(*take, look=options.list), "", sep="\n")
            if options.list:
                return 0
            grading.fill_gradebook()
            return grade_all(grading, options.jobs, options.again)
    except (ToolError, Unreadable, checking.HomeworkError, OSError) as error:
        print(error)
        return 2


def grade_all(grading: Grading, jobs: int, again: bool) -> int:
    """Grade what is new or has changed, or all of it again; the exit status."""
    students = grading.students()
    known = [s for s in students if grading.is_known(s) and not again]
    for student in known:
        print(grading.row(student))
    todo = [student for student in students if student not in known]
    try:
        grade_these(grading, todo, jobs)
        failed = [student for student in todo if not grading.is_known(student)]
        if len(failed) < len(todo) / 2:  # by chance, so once more, alone
            grade_these(grading, failed, jobs=1)
        print(grading.summary(students, len(known)))
    except (KeyboardInterrupt, OSError) as error:  # a full disk: as it was before
        STOP.set()
        while any(p.name == PROCESS for p in multiprocessing.active_children()):
            time.sleep(0.1)  # its thread kills each
        why = f" ({error})" if isinstance(error, OSError) else ""
        print(f"stopped{why}: the same command goes on from here")
        return 2 if why else 130
    return 0


def grade_these(grading: Grading, students: list[str], jobs: int) -> None:
    items = [(student,) for student in students]
    for place, record in side_by_side(grading.grade, items, jobs, "threads"):
        grading.keep(students[place], record)


if __name__ == "__main__":
    from tools.homework import grade  # by the name that a cluster knows it by

    sys.exit(grade.main(sys.argv[1:]))

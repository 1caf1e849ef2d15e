"""Grade all that was handed in for one homework, whatever it is.

python -m tools.grade homework_2 [--take FOLDER-or-ZIP] [--jobs 2] [--again]

Each submission is graded by nbgrader in a process of its own, two at a time; one that
never ends, takes all memory or cannot be read is named in the report, and the others
are graded. Marks go to marks/homework_2.csv and into nbgrader's gradebook, what the
students get back to feedback/. Interrupted, it goes on where it stopped; what has been
graded is graded again only when the submission or the homework has changed.
"""

import argparse
import csv
import json
import multiprocessing
import os
import re
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from glob import escape
from hashlib import sha256
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat import NotebookNode
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import determine_grade

from lectures_lib.homework import looking_over
from lectures_lib.homework.looking_over import Unreadable, grade_id

from . import running, starters
from .execute import NotebookError, digest
from .submissions import prepare, take

SECONDS = 900  # for a submission: far more than the limits of its cells add up to
MEGABYTES = 3000  # of the process that grades it, or one that it starts
# A process that grades begins as a copy of one that has read nbgrader already.
QUICK = "forkserver" in multiprocessing.get_all_start_methods()
PROCESSES = multiprocessing.get_context("forkserver" if QUICK else "spawn")
PROCESSES.set_forkserver_preload(["nbgrader.converters", "lectures_lib.handing_in"])


def grade_one(course: Path, name: str, student: str, submitted: Path) -> None:
    """In a process of its own: let nbgrader grade it and write the feedback."""
    log = os.open(log_of(course, student), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    config = starters.configuration(course)
    config.CourseDirectory.update(
        submitted_directory=str(submitted),
        student_id=escape(student),
        assignment_id=name,
    )
    for step in (Autograde, GenerateFeedback):
        converter = step(coursedir=CourseDirectory(config=config), config=config)
        converter.force = True
        converter.start()


def log_of(course: Path, student: str) -> Path:
    """Where the process that grades a submission writes what it has to say."""
    folder = course / "marks" / "logs"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{student}.txt"


def reason(log: Path) -> str:
    """The last error that nbgrader reports."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    errors = [
        line.strip() for line in lines if re.match(r" *[\w.]*(Error|Entry)\b", line)
    ]
    return f"nbgrader: {errors[-1][:100]}" if errors else "the grading process died"


# All of them.


class Grading:
    """The grading of one homework, with what is known from the runs before.

    Of each student `records` has the digest of what was graded, the points of each
    task (None where nothing could be graded), and the problems there were.
    """

    def __init__(self, course: Path, name: str) -> None:
        self.course, self.name = course, name
        self.source, self.release = course / "source" / name, course / "release" / name
        configuration = starters.configuration(course)
        self.hidden = configuration.Execute.hidden
        self.database = configuration.CourseDirectory.db_url
        self.book = course / "marks" / f"{name}.json"
        self.stop, self.lock = threading.Event(), threading.Lock()
        for path in (self.source, self.release, Path(self.hidden) / f"{name}.py"):
            if not path.exists():
                raise NotebookError(f"there is no {path}")
        self.starter = looking_over.read(self.release / f"{name}.ipynb")
        self.points = {
            task_of(cell): looking_over.metadata(cell)["points"]
            for cell in looking_over.graded(self.starter)
        }
        self.records: dict[str, dict] = {}
        if self.book.exists():
            self.records = json.loads(self.book.read_text("utf-8"))

    def students(self) -> list[str]:
        folders = (self.course / "submitted").glob("[!.]*/")
        return sorted(folder.name for folder in folders if folder.is_dir())

    def digest(self, student: str) -> str:
        """The fingerprint of all that the marks depend on."""
        folder = self.course / "submitted" / student / self.name
        parts = (folder, self.source, self.release)
        files = sorted(p for part in parts for p in part.rglob("*") if p.is_file())
        files.append(Path(self.hidden) / f"{self.name}.py")
        files = [p for p in files if "__pycache__" not in p.parts]
        return digest([[str(p), sha256(p.read_bytes()).hexdigest()] for p in files])

    def fill_gradebook(self) -> None:
        """Tell nbgrader's gradebook which tasks there are; release/ stays as it is."""
        with TemporaryDirectory() as folder:
            starters.generate(self.course, self.name, Path(folder), self.database)

    def is_known(self, student: str) -> bool:
        """Whether this submission was graded before, by the same checks."""
        with suppress(KeyError, OSError):
            return self.records[student]["digest"] == self.digest(student)
        return False

    def grade(self, student: str) -> None:
        """Grade a submission, whatever it is, and keep what came of it."""
        if self.stop.is_set():
            return
        start = time.monotonic()
        try:
            record = self.attempt(student)
        except Exception as error:  # one submission must not end the run
            record = {"points": None, "problems": [f"{type(error).__name__}: {error}"]}
        if not self.stop.is_set():
            self.keep(student, record | {"seconds": round(time.monotonic() - start, 1)})

    def attempt(self, student: str) -> dict:
        """The record of a submission, also of one that cannot be graded."""
        known = {"digest": self.digest(student)}
        for step in ("autograded", "feedback"):  # of an earlier submission
            shutil.rmtree(self.course / step / student / self.name, ignore_errors=True)
        try:
            with TemporaryDirectory() as folder:
                return self.graded(student, Path(folder)) | known
        except Unreadable as error:
            with suppress(MissingEntry), Gradebook(self.database) as gradebook:
                gradebook.remove_submission(self.name, student)
            return {"points": None, "problems": [str(error)]} | known

    def graded(self, student: str, folder: Path) -> dict:
        """The record of a submission, graded in a process of its own.

        Raises Unreadable with the reason when it could not be graded.
        """
        place = self.course / "submitted" / student / self.name
        remark = prepare(place, self.starter, self.name, folder / student / self.name)
        arguments = (self.course, self.name, student, folder)
        process = PROCESSES.Process(target=grade_one, args=arguments)
        process.start()
        why = self.wait(process)
        result = self.course / "autograded" / student / self.name / f"{self.name}.ipynb"
        if why or process.exitcode or not result.exists():
            raise Unreadable(why or reason(log_of(self.course, student)))
        notebook = looking_over.read(result)
        cells = {task_of(cell): cell for cell in looking_over.graded(notebook)}
        problems = [*problems_of(cells), *looking_over.stopped(notebook)]
        return {
            "points": {name: determine_grade(cell)[0] for name, cell in cells.items()},
            "problems": [remark, *problems] if remark else problems,
        }

    def wait(self, process: BaseProcess) -> str:
        """Until it ends; kill it when it takes too much of anything. Why, if so."""
        end = time.monotonic() + SECONDS
        with running.watched(process.pid, MEGABYTES) as killed:
            while process.is_alive() and time.monotonic() < end:
                process.join(0.2)
                if self.stop.is_set():
                    end = 0
            late = process.is_alive()
            if late:
                process.kill()
                process.join()
        return killed[0] if killed else f"not done in {SECONDS} s" if late else ""

    def keep(self, student: str, record: dict) -> None:
        """Write the record to the book at once, and its row to the terminal."""
        with self.lock:
            self.records[student] = record
            self.book.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.book.with_suffix(".tmp")
            temporary.write_text(json.dumps(self.records, indent=1), "utf-8")
            temporary.replace(self.book)
            print(self.row(student), flush=True)

    def row(self, student: str) -> str:
        """A line of the report."""
        record, possible = self.records[student], sum(self.points.values())
        points, problems = record["points"], "; ".join(record["problems"])
        if points is None:
            return f"{student:24} not graded       {problems}"
        tasks = ", ".join(f"{name} {value:g}" for name, value in points.items())
        total = f"{sum(points.values()):g} of {possible:g}"
        problems = f"  | {problems}" if problems else ""
        return f"{student:24} {total:10} {tasks}{problems}"

    def write_marks(self, students: list[str]) -> Path:
        """The marks of these students as a table; its path."""
        path = self.book.with_suffix(".csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(["student", "points", "of", *self.points, "problems"])
            for student in students:
                record = self.records[student]
                points = record["points"] or {}
                total = sum(points.values()) if points else ""
                row = [student, total, sum(self.points.values())]
                row += [points.get(name, "") for name in self.points]
                table.writerow([*row, "; ".join(record["problems"])])
        return path


def task_of(cell: NotebookNode) -> str:
    """The name of the task that a cell checks."""
    return grade_id(cell).removeprefix("check_")


def problems_of(cells: dict[str, NotebookNode]) -> list[str]:
    """What went wrong in the tasks, in words for the teacher."""
    states = {name: looking_over.state(cell) for name, cell in cells.items()}
    blank = [name for name, state in states.items() if state == looking_over.BLANK]
    wrong = [
        f"{name}: {state}"
        for name, state in states.items()
        if name not in blank and not state.endswith("points")
    ]
    if len(blank) == len(cells):
        return ["blank"]
    return [f"blank: {', '.join(blank)}", *wrong] if blank else wrong


def main(arguments: list[str], course: Path = starters.COURSE) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", metavar="homework_N")
    parser.add_argument("--take", type=Path, help="a folder or zip to copy first")
    parser.add_argument("--jobs", type=int, default=2, help="submissions at a time")
    parser.add_argument("--again", action="store_true", help="also what did not change")
    options = parser.parse_args(arguments)
    try:
        grading = Grading(course, options.name)
        if options.take:
            count = take(options.take, options.name, course / "submitted")
            print(f"{count} submissions copied to submitted/")
        grading.fill_gradebook()
    except (NotebookError, Unreadable) as error:
        print(error)
        return 2
    students = grading.students()
    same = [s for s in students if grading.is_known(s) and not options.again]
    for student in same:
        print(grading.row(student))
    pool = ThreadPoolExecutor(options.jobs)
    try:
        todo = [pool.submit(grading.grade, s) for s in students if s not in same]
        for future in todo:
            future.result()
    except KeyboardInterrupt:
        grading.stop.set()
        print("stopped: the same command goes on from here")
        return 130
    finally:
        pool.shutdown(cancel_futures=True)
    print(summary(grading, students, len(same)))
    return 0


def summary(grading: Grading, students: list[str], same: int) -> str:
    """The report's last lines."""
    records = [grading.records[student] for student in students]
    without = sum(record["points"] is None for record in records)
    problems = sum(bool(record["problems"]) for record in records)
    return (
        f"{len(students)} students: {len(students) - without} graded, {without} not, "
        f"{problems} with a remark; {same} were known before.\n"
        f"Marks: {grading.write_marks(students)}\n"
        f"Feedback: {grading.course / 'feedback'}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

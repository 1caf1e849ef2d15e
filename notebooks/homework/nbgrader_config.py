"""The nbgrader course: source/ has the solutions, release/ the starters.

nbgrader reads this file when it is started in this folder. What the course does in its
own way (clearing solutions, executing submissions): tools/homework/nbgrader_steps.py.
"""

import os
import sys
from pathlib import Path
from urllib.parse import quote

from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput

COURSE = Path(__file__).resolve().parent
sys.path.insert(0, str(COURSE.parents[1]))

from tools.homework import nbgrader_steps as ours  # noqa: E402

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.root = str(COURSE)
c.CourseDirectory.course_id = "deep-learning-3"
# In a URL a ? begins the settings. Two submissions are graded at a time: one waits
# while the other writes.
book = quote(f"{COURSE.as_posix()}/gradebook.db")
c.CourseDirectory.db_url = f"sqlite:///{book}?timeout=60"
c.NbGrader.logfile = ""
c.CourseDirectory.ignore.append("checks.py")  # found in source/ from everywhere

c.GenerateAssignment.preprocessors = ours.in_place(
    GenerateAssignment.preprocessors, ours.ClearSolutions
)

c.Autograde.sanitize_preprocessors = [ClearOutput, ours.RestoreCells, CheckCellMetadata]
c.Autograde.autograde_preprocessors = ours.in_place(
    Autograde.autograde_preprocessors, ours.Execute
)
c.RestoreCells.course = c.Execute.course = str(COURSE)
hidden = Path(os.environ.get("LECTURES_HIDDEN", COURSE / "hidden"))
c.Execute.hidden = str(hidden.expanduser().resolve())
c.Execute.timeout = 60  # seconds for a cell
c.Execute.total = 300  # seconds for all of them
c.Execute.megabytes = 2000

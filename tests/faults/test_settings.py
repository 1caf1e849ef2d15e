"""A user's own settings of other programs than the kernel's."""

from tests.homework import tiny
from tools.homework import starters

MINE = """\
c = get_config()
c.CourseDirectory.root = "/elsewhere"
c.CourseDirectory.db_url = "sqlite:////elsewhere/gradebook.db"
c.ClearSolutions.code_stub = {"python": "# mine"}
"""


def test_a_users_own_nbgrader_does_not_count(tmp_path, monkeypatch):
    settings = tmp_path / "jupyter"
    settings.mkdir()
    (settings / "nbgrader_config.py").write_text(MINE)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_CONFIG_PATH"):
        monkeypatch.setenv(name, str(settings))
    course = tiny.make(tmp_path)
    monkeypatch.chdir(settings)  # nbgrader itself would read it here, too
    database = f"sqlite:///{tmp_path}/book.db"
    starters.generate(course, tiny.NAME, tmp_path / "release", database)
    (starter,) = (tmp_path / "release").rglob("*.ipynb")
    assert "# mine" not in starter.read_text("utf-8")
    assert (tmp_path / "book.db").exists()
    assert starters.configuration(course).CourseDirectory.root == str(course)

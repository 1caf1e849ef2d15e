"""What comes in: whose it is, where it is kept, what is said about it."""

import io
import json
import re
import unicodedata
import zipfile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import pytest

from tests.homework import tiny
from tests.homework.tiny import NAME
from tools.homework import archives, collecting, students
from tools.homework.archives import NOT_READ
from tools.homework.collecting import collect
from tools.writing import ToolError

FILE = f"{NAME}.ipynb"
MOODLE = "assignsubmission_file_"
LONG = "ಅ" * 90  # 270 bytes


def packed(files: dict[str, bytes]) -> bytes:
    """A zip with these files, by path."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def put(place: Path, *paths: str, **contents: bytes) -> Path:
    """A zip of these files, each with its own path as content."""
    place.write_bytes(packed({path: path.encode() for path in paths} | contents))
    return place


def taken(course: Path) -> dict[str, str]:
    """Path in submitted/ → content."""
    files = (p for p in (course / "submitted").rglob("*") if p.is_file())
    return {
        p.relative_to(course / "submitted").as_posix(): p.read_text("utf-8")
        for p in sorted(files)
    }


# Whose it is.


@pytest.mark.parametrize(
    ("path", "student", "number"),
    [
        (f"Ada Byron_123_{MOODLE}/{FILE}", "Ada Byron", "123"),
        (f"Ada Byron_123_assignsubmission_file/{FILE}", "Ada Byron", "123"),
        (f"Ada Byron_123_{MOODLE}x.ipynb", "Ada Byron", "123"),
        (f"Åsa Öberg_7_{MOODLE}/a.ipynb", "Åsa Öberg", "7"),
        ("byronada_123_456_homework_1-2.ipynb", "byronada", "123"),
        ("byronada_LATE_123_456_final.ipynb", "byronada", "123"),
        (f"{NAME}_ada_attempt_2026-10-17-10-00-00_work.ipynb", "ada", ""),
        ("Homework 1_ada_attempt_2026-10-17-10-00-00.txt", "ada", ""),
        ("Ex_ada_attempt_2026-10-17-10-00-00_work.ipynb", "Ex_ada", ""),
        (f"12-34 - Ada Byron - Oct 17, 2026 1000 AM/{FILE}", "Ada Byron", "12"),
        (f"Byron_Ada_abyron_4711/{FILE}", "Byron_Ada_abyron", "4711"),
        # no platform's: the name as it stands
        (f"Gruppe_1_Ada/{FILE}", "Gruppe_1_Ada", ""),
        (f"WS_2026_ada/{FILE}", "WS_2026_ada", ""),
        (f"team_3_ada/{FILE}", "team_3_ada", ""),
        (f"s_20231234_bob/{FILE}", "s_20231234_bob", ""),
        (f"byron_LATE_ada_1/{FILE}", "byron_LATE_ada_1", ""),
        ("team_3_ada.ipynb", "team_3_ada", ""),
        (f"ada_byron/work/{FILE}", "ada_byron", ""),
        (f"A*[d]a+/{FILE}", "A*[d]a+", ""),
        ("ada_byron_homework_1.ipynb", "ada_byron", ""),
        ("ada-Homework 1.IPYNB", "ada", ""),
        ("homework_1_ada.ipynb", "ada", ""),
        ("homework_1-ada.ipynb.txt", "ada", ""),
        ("ada_homework_1_final.ipynb", "ada", ""),
        ("ada_homework_12.ipynb", "ada_homework_12", ""),
        ("ada.zip/work.ipynb", "ada", ""),
        ("homework_1_ada.zip/work.ipynb", "ada", ""),
    ],
)
def test_only_a_platforms_own_additions_are_cut_from_a_name(path, student, number):
    owner = students.owner_of(PurePosixPath(path), NAME)
    assert (owner.student, owner.number) == (student, number)


@pytest.mark.parametrize(
    "file", [FILE, f"{NAME} (1).ipynb", "Homework-1.ipynb", f"{NAME}.zip/a.ipynb"]
)
def test_a_file_that_names_nobody_stops_it(tmp_path, file):
    assert students.owner_of(PurePosixPath(file), NAME) is None
    with pytest.raises(ToolError, match="whose is it"):
        collect(put(tmp_path / "all.zip", file, "ada_homework_1.ipynb"), NAME, tmp_path)
    assert not (tmp_path / "submitted").exists()


@pytest.mark.parametrize(
    "pair",
    [
        (f"Gruppe_1_Ada/{FILE}", f"Gruppe_1_Bob/{FILE}"),
        (f"WS_2026_ada/{FILE}", f"WS_2026_bob/{FILE}"),
        (f"abgabe_von_ada_2026/{FILE}", f"abgabe_von_bob_2026/{FILE}"),
        (f"हरि/{FILE}", f"हरी/{FILE}"),  # one vowel sign
        (f"🦊/{FILE}", f"🐻/{FILE}"),
        (f"A,B/{FILE}", f"A;B/{FILE}"),
        (f"A:B/{FILE}", f"A%3AB/{FILE}"),
        (f"{LONG}a/{FILE}", f"{LONG}b/{FILE}"),
        (f"Ada_1_{MOODLE}/{FILE}", f"Ada_2_{MOODLE}/{FILE}"),
        ("homework_1_ada.ipynb", "homework_1-bob.ipynb"),
        ("ada.zip/x.ipynb", "bob.zip/x.ipynb"),
        (f"checkpoint/{FILE}", f"my checkpoints/{FILE}"),
        (f"con/{FILE}", f"com1/{FILE}"),
    ],
)
def test_two_students_stay_two(tmp_path, pair):
    place = put(tmp_path / "all.zip", *pair)
    lines = collect(place, NAME, tmp_path)
    assert sorted(taken(tmp_path).values()) == sorted(pair)
    assert len(list((tmp_path / "submitted").iterdir())) == 2
    for path in pair:
        assert len([line for line in lines if line.startswith(f"{path} → ")]) == 1


@pytest.mark.parametrize(
    "pair",
    [
        ("ada_homework_1.ipynb", "ada_homework_1_final.ipynb"),
        (f"ada/{FILE}", "ada_homework_1.ipynb"),
        (f"Ada/{FILE}", f"ada/{FILE}"),  # one folder on some systems
        ("é/x.ipynb", unicodedata.normalize("NFD", "é/x.ipynb")),
        (f"Ada_1_{MOODLE}/{FILE}", f"Bob_1_{MOODLE}/{FILE}"),
        (f"1-2 - Ada - 3 mai 2026/{FILE}", f"1-2 - Ada - 4 mai 2026/{FILE}"),
    ],
)
def test_two_sources_that_would_become_one_student_stop_it(tmp_path, pair):
    place = put(tmp_path / "all.zip", *pair, f"kim/{FILE}")
    with pytest.raises(ToolError, match="Nothing was taken") as error:
        collect(place, NAME, tmp_path)
    for path in pair:
        name = unicodedata.normalize("NFC", path.split("/")[0])
        assert name in unicodedata.normalize("NFC", str(error.value))
    assert not (tmp_path / "submitted").exists()


@pytest.mark.parametrize(
    "name",
    [
        "हरि",
        "🦊",
        "A,B",
        "A;B",
        "..",
        ".ada",
        "ada.",
        " a ",
        "A/B?",
        "con",
        "100%",
        "[x]",
    ],
)
def test_a_folders_name_can_be_read_back(name):
    folder = students.folder_of(name)
    assert unquote(folder) == name and folder.strip(" .") == folder
    assert not set(folder) & set('/\\:*?"<>|,[]')
    assert name not in ("हरि", "🦊", "A;B") or folder == name


def test_a_pattern_says_what_the_name_is(tmp_path):
    paths = ["WS/g1/ada_abgabe/x/a.py", "WS/g1/ada_abgabe/x.ipynb", "WS/b_abgabe.ipynb"]
    place = put(tmp_path / "all.zip", *paths, "WS/notes.txt")
    lines = collect(place, NAME, tmp_path, r"(?P<student>[^/]+)_abgabe")
    assert taken(tmp_path) == {
        f"ada/{NAME}/x/a.py": paths[0],
        f"ada/{NAME}/x.ipynb": paths[1],
        f"b/{NAME}/b_abgabe.ipynb": paths[2],
    }
    assert "left out: WS/notes.txt: it names no student" in lines
    place = put(tmp_path / "all.zip", f"1/ada/{FILE}", f"2/ada/{FILE}")
    with pytest.raises(ToolError, match=r"1/ada.* and 2/ada"):
        collect(place, NAME, tmp_path, r"^\d/(?P<student>[^/]+)/")
    for wrong in ("(", "no name"):
        with pytest.raises(ToolError, match=r"regular expression|names no student"):
            collect(place, NAME, tmp_path, wrong)


PAGE = (tiny.ROOT / "site" / "teaching.md").read_text("utf-8")
PATTERNS = re.findall(r"^\| `(.+)` \| `(.*\(\?P<.+)` \| (.+) \|$", PAGE, re.M)


@pytest.mark.parametrize(("path", "pattern", "student"), PATTERNS)
def test_the_patterns_of_the_page_for_teachers_work(tmp_path, path, pattern, student):
    place = put(tmp_path / "all.zip", path, "readme.txt")
    lines = collect(place, "homework_2", tmp_path, pattern)
    assert lines == [
        f"{path} → {student}",
        "left out: readme.txt: it names no student",
        "students now in submitted/: 1",
    ]
    assert list(taken(tmp_path)) == [f"{student}/homework_2/homework_2.ipynb"]


def test_the_page_has_patterns():
    assert len(PATTERNS) == 3


def test_a_pattern_says_which_attempt_is_the_newest(tmp_path):
    paths = [f"ada/{attempt}/{FILE}" for attempt in ("v9", "v10", "v1")]
    place = put(tmp_path / "all.zip", *paths)
    collect(place, NAME, tmp_path, r"(?P<student>\w+)/v(?P<attempt>\d+)/")
    assert taken(tmp_path) == {
        f"ada/{NAME}/{FILE}": paths[1],
        f"ada/{NAME}.older/1/{FILE}": paths[2],
        f"ada/{NAME}.older/2/{FILE}": paths[0],
    }


def test_a_pattern_says_what_the_student_calls_a_file(tmp_path):
    paths = [f"17_ada@uni__{FILE}", "17_ada@uni__x.csv", f"18_bob@uni__{FILE}"]
    place = put(tmp_path / "all.zip", *paths)
    collect(place, NAME, tmp_path, r"\d+_(?P<student>\w+)@\w+?__(?P<own>.+)")
    assert taken(tmp_path) == {
        f"ada/{NAME}/{FILE}": paths[0],
        f"ada/{NAME}/x.csv": paths[1],
        f"bob/{NAME}/{FILE}": paths[2],
    }


def test_a_look_says_the_same_and_takes_nothing(tmp_path):
    old, new = (f"{NAME}_ada_attempt_2026-10-1{n}-10-00-00_{FILE}" for n in (1, 2))
    place = put(tmp_path / "all.zip", old, new, f"bob/{FILE}", "index.html")
    lines = collect(place, NAME, tmp_path, look=True)
    assert not (tmp_path / "submitted").exists() and not (tmp_path / "marks").exists()
    assert lines[-1] == "only listed: nothing was taken"
    kept = tmp_path / "submitted" / "ada" / f"{NAME}.older" / "1"
    took = collect(place, NAME, tmp_path)
    assert lines[:-1] == [line.replace(f", kept in {kept}", "") for line in took[:-1]]
    lines = collect(put(tmp_path / "old.zip", old), NAME, tmp_path, look=True)
    assert lines[0] == f"{old} → ada, an older attempt"


# What is in a zip, however it was packed.


@pytest.mark.parametrize(
    "paths",
    [
        [f"all/ada/{FILE}", f"all/bob/{FILE}"],
        [f"x/y/ada/{FILE}", f"x/y/bob/{FILE}"],
        ["x/homework_1_ada.ipynb", "x/bob_homework_1.ipynb"],
        [f"x/Ada_1_{MOODLE}/{FILE}", f"x/Bob_2_{MOODLE}/{FILE}"],
        [f"homework_1/ada/{FILE}"],
        [f"ada\\{FILE}", f"bob\\{FILE}"],
        [f"x\\ada\\{FILE}", f"x\\bob\\{FILE}"],
    ],
)
def test_wrapping_folders_and_other_separators_are_seen_through(tmp_path, paths):
    collect(put(tmp_path / "all.zip", *paths), NAME, tmp_path)
    found = {Path(path).parts[0].lower() for path in taken(tmp_path)}
    assert found == {"ada", "bob"} if len(paths) > 1 else {"ada"}


@pytest.mark.parametrize(
    "paths",
    [[f"ada/{FILE}", "ada/homework_1 (1).ipynb"], [f"ada/{FILE}", "ada/more/x.ipynb"]],
)
def test_the_folder_of_the_only_student_is_no_wrapping(tmp_path, paths):
    collect(put(tmp_path / "all.zip", *paths), NAME, tmp_path)
    assert {Path(path).parts[0] for path in taken(tmp_path)} == {"ada"}


def test_a_zip_of_each_student_is_opened(tmp_path):
    inner = packed({FILE: b"1", "data/x.csv": b"2"})
    place = tmp_path / "all.zip"
    place.write_bytes(packed({"ada.ZIP": inner, f"Bob_2_{MOODLE}/work.zip": inner}))
    lines = collect(place, NAME, tmp_path)
    assert list(taken(tmp_path)) == [
        f"Bob/{NAME}/work.zip/data/x.csv",
        f"Bob/{NAME}/work.zip/{FILE}",
        f"ada/{NAME}/data/x.csv",
        f"ada/{NAME}/{FILE}",
    ]
    assert f"ada.ZIP/{FILE} → ada" in lines


def test_a_zip_and_its_folder_give_the_same(tmp_path):
    files = {
        f"Ada_1_{MOODLE}/{FILE}": "1",
        f"Ada_2_{MOODLE}/{FILE}": "2",
        f"Bob_3_{MOODLE}/my work.ipynb": "3",
        f"Bob_3_{MOODLE}/helper/tool.py": "4",
        "Bob_3_assignsubmission_onlinetext_/onlinetext.html": "5",
        f"__MACOSX/Bob_3_{MOODLE}/._my work.ipynb": "6",
        f"Bob_3_{MOODLE}/.ipynb_checkpoints/my work.ipynb": "7",
        "index.html": "8",
    }
    for name, content in files.items():
        (tmp_path / "folder" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "folder" / name).write_text(content)
    (tmp_path / "all.zip").write_bytes(packed(files | {"../evil.ipynb": b"9"}))
    for place in ("folder", "all.zip"):
        course = tmp_path / f"course of {place}"
        lines = collect(tmp_path / place, NAME, course)
        assert taken(course) == {
            f"Ada 1/{NAME}/{FILE}": "1",
            f"Ada 2/{NAME}/{FILE}": "2",
            f"Bob/{NAME}/helper/tool.py": "4",
            f"Bob/{NAME}/my work.ipynb": "3",
            f"Bob/{NAME}/onlinetext.html": "5",
        }
        assert lines[-1] == "students now in submitted/: 3"
        for what in (
            "the system's own",
            "hidden: .ipynb_checkpoints",
            "index.html: no",
        ):
            assert any(line.startswith(f"left out: {what}") for line in lines)
    assert "left out: ../evil.ipynb: its path leads out of the folder" in lines
    assert not list(tmp_path.rglob("evil*"))


def test_names_of_files_that_no_system_takes_are_shortened(tmp_path):
    place = put(tmp_path / "all.zip", f"ada/{LONG}a.ipynb", f"ada/{LONG}b.ipynb")
    collect(place, NAME, tmp_path)
    assert len(taken(tmp_path)) == 2
    assert all(path.endswith(".ipynb") for path in taken(tmp_path))


def test_a_name_twice_in_a_zip_is_kept_twice(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr(f"ada/{FILE}", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(f"ada/{FILE}", "2")
    collect(tmp_path / "all.zip", NAME, tmp_path)
    assert sorted(taken(tmp_path).values()) == ["1", "2"]


def test_names_that_macos_packs_without_a_flag_are_read(tmp_path):
    place = put(tmp_path / "all.zip", f"Öb/{FILE}", f"bob/{FILE}")
    content = place.read_bytes()
    place.write_bytes(content.replace(b"\x00\x08", b"\x00\x00"))  # the flags
    collect(place, NAME, tmp_path)
    assert (tmp_path / "submitted" / "Öb").exists()


def test_an_encrypted_or_damaged_file_is_named_with_its_reason(tmp_path):
    plain = put(tmp_path / "all.zip", f"ada/{FILE}").read_bytes()
    for content, why in [
        (plain.replace(f"ada/{FILE}".encode() + b"ada", b"x" * 20 + b"ada"), "damaged"),
        (encrypted(plain), "encrypted"),
    ]:
        (tmp_path / "all.zip").write_bytes(content)
        collect(tmp_path / "all.zip", NAME, tmp_path)
        note = tmp_path / "submitted" / "ada" / NAME / f"{FILE}{NOT_READ}"
        assert why in note.read_text("utf-8")


def encrypted(content: bytes) -> bytes:
    """The zip, with the flag that its files are encrypted."""
    content = bytearray(content)
    for start, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(start) + place] |= 1
    return bytes(content)


def test_what_is_no_zip_and_what_is_not_there_is_said(tmp_path, monkeypatch):
    (tmp_path / "text").write_text("no zip")
    with pytest.raises(ToolError, match="neither a folder nor a zip"):
        collect(tmp_path / "text", NAME, tmp_path)
    with pytest.raises(ToolError, match="there is no"):
        collect(tmp_path / "none.zip", NAME, tmp_path)
    with pytest.raises(ToolError, match="no submission in"):
        collect(put(tmp_path / "empty.zip", "index.html"), NAME, tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    put(tmp_path / "x.zip", f"ada/{FILE}")
    assert collect(Path("~/x.zip"), NAME, tmp_path)  # as a shell may leave it


# A later collection.


def moodle(place: Path, **students: str) -> Path:
    """What Moodle gives of these, "name_number" → what they have written."""
    files = {f"{who}_{MOODLE}/{FILE}": text for who, text in students.items()}
    place.write_bytes(packed(files))
    return place


def test_an_earlier_submission_is_kept_and_named(tmp_path):
    place = tmp_path / "all.zip"
    collect(moodle(place, Ada_1="first", Bob_2="b"), NAME, tmp_path)
    lines = collect(moodle(place, Ada_1="second", Bob_2="b"), NAME, tmp_path)
    kept = tmp_path / "submitted" / "Ada" / f"{NAME}.older" / "1"
    assert f"Ada: what was there before is kept in {kept}" in lines
    collect(moodle(place, Ada_1="third"), NAME, tmp_path)
    assert taken(tmp_path) == {
        f"Ada/{NAME}/{FILE}": "third",
        f"Ada/{NAME}.older/1/{FILE}": "first",
        f"Ada/{NAME}.older/2/{FILE}": "second",
        f"Bob/{NAME}/{FILE}": "b",
    }


def test_the_platforms_number_is_the_identity(tmp_path):
    place = tmp_path / "all.zip"
    collect(moodle(place, Ada_1="a"), NAME, tmp_path)
    collect(moodle(place, Ada_7="another Ada", Ada_1="a, later"), NAME, tmp_path)
    collect(moodle(place, Lovelace_1="married"), NAME, tmp_path)
    assert taken(tmp_path) == {
        f"Ada/{NAME}/{FILE}": "married",
        f"Ada/{NAME}.older/1/{FILE}": "a",
        f"Ada/{NAME}.older/2/{FILE}": "a, later",
        f"Ada 7/{NAME}/{FILE}": "another Ada",
    }
    register = collecting.Register(tmp_path, NAME)
    assert register.owner("Ada").student == "Lovelace"


@pytest.mark.parametrize(
    "paths",
    [
        [
            f"{NAME}_ada_attempt_2026-10-17-10-00-00_{FILE}",
            f"{NAME}_ada_attempt_2026-10-17-11-00-00_{FILE}",
        ],
        [
            f"12-34 - Ada - Oct 9, 2026 958 PM/{FILE}",
            f"12-34 - Ada - Oct. 17, 2026 10:00 AM/{FILE}",
        ],
        [f"ada_12_999_{FILE}", f"ada_12_1000_{FILE}"],
    ],
)
def test_the_newest_attempt_counts_whenever_it_is_collected(tmp_path, paths):
    old, new = paths
    for number, order in enumerate([[old, new], [new, old]]):
        course = tmp_path / str(number)
        for path in order:
            lines = collect(put(tmp_path / "all.zip", path), NAME, course)
        files = {path.split("/")[1]: text for path, text in taken(course).items()}
        assert files == {NAME: new, f"{NAME}.older": old}
    assert any(line.startswith(f"{old} → ") and "older" in line for line in lines)


def test_two_attempts_in_one_zip_are_told_apart(tmp_path):
    old, new = (f"{NAME}_ada_attempt_2026-10-1{n}-10-00-00_{FILE}" for n in (1, 2))
    collect(put(tmp_path / "all.zip", new, old), NAME, tmp_path)
    assert taken(tmp_path) == {
        f"ada/{NAME}/{FILE}": new,
        f"ada/{NAME}.older/1/{FILE}": old,
    }
    before = taken(tmp_path)
    collect(tmp_path / "all.zip", NAME, tmp_path)  # once more changes nothing
    assert taken(tmp_path) == before


def test_what_was_copied_by_hand_is_kept_too(tmp_path):
    path = tmp_path / "submitted" / "ada" / NAME / FILE
    path.parent.mkdir(parents=True)
    path.write_text("by hand")
    collect(put(tmp_path / "all.zip", f"ada/{FILE}", f"bob/{FILE}"), NAME, tmp_path)
    assert "by hand" in taken(tmp_path).values() and len(taken(tmp_path)) == 3


def test_a_zip_without_end_is_not_read(monkeypatch, tmp_path):
    monkeypatch.setattr(archives, "MOST", 5)
    collect(put(tmp_path / "all.zip", f"ada/{FILE}"), NAME, tmp_path)
    assert list(taken(tmp_path).values()) == ["larger than 0 MB"]
    assert json.loads((tmp_path / "marks" / f"{NAME}.students.json").read_text())

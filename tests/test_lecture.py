"""The lecture: every line of its plan, few words, minutes that sum, one owner each."""

import re
import statistics
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import pytest

import lectures_lib as ll

ROOT = Path(__file__).parents[1]
LECTURE = ROOT / "notebooks" / "lecture.ipynb"

# The plan of the lecture: part, minutes; then a line of it and what shows it, either
# "notebook cell", an explorer, a quiz, or words of a slide or of its notes.
PLAN = """
Opening 2
    title: Deep Learning III
    outline: Three questions for today
Last time 7
    one output pixel: one_output_pixel
    layers, parameters, multiply-adds: 00 big, 00 where-picture
    what grew each time?: 00 r3-predict, 00 r3-chart
Add more layers? 12
    20 or 56 layers?: 01 d1-predict, 01 d1-picture
    not overfitting, not merely slow: 01 budget-picture, not overfitting
    suspect one, vanishing gradients: 01 d2-picture, vanishing_gradients, at most ¼
    suspect two, instability: 01 d3-room-picture
    the deeper net could copy the shallower: identity_layers.svg
    it can't get worse, and yet it does: optimisation is the problem
Residual connections 22
    identity or zero?: 02 b1-predict, 02 b1-picture
    tiny weights: turn_the_weights_down
    two blocks, and the code: 02 b3-picture, 02 b3-block, residual_block.svg
    a stack; twice the filters, half the side: 03 t2-drawing
    no additional parameters: 02 b8-count, 173,824
    20 and 56 again: 02 b6-predict, 02 b6-picture
    Table 1 in four reveals: 03 t3-wall, Rows:, ×3:, filters, FLOPs:
    34 layers: 1 + 2\\cdot3 + 2\\cdot4 + 2\\cdot6 + 2\\cdot3 + 1
    ImageNet, quoted: 02 b9-picture, Quoted from He et al.
    backward, and paths: \\partial F, 02 paths-picture
    take a block out: 02 deletion-picture
    batch norm: \\gamma, internal covariate shift
    highway networks: T(x), C = 1 − T
    quiz: ?1.1
Little data 6
    overfitting with 100 pictures: 04 a1-predict, 04 a1-picture
    regularizer, and invariance: 04 a2-first, 04 a3-picture
Augmentation 14
    transformations: gallery
    transform, ask, average: 04 a5-picture
    every one, and all together: 04 a6-predict, 04 a6-picture
    searching a policy: autoaugment_loop.svg, 04 a7-picture, TANDA
    text, and its trap: 04 a8-cosines-picture, wonderful
    back-translation: this movie is very good
    AlexNet's recipe: 04 a10-picture, ten crops, no rotations
    quiz and the turning six: ?2.1, 04 a11-picture
    quiz: ?2.2
Regularization 5
    Goodfellow's definition: 05 g1-picture
    ridge, the general form: celsius_to_kelvin, \\lambda R(f)
    net, training, data: 05 g5-table-picture
Relations 7
    three kinds of relation: 06 n1-draw
    words alone, words and links: 06 n2-picture
    links are not features: P\\, f(X, A)
    mix, then transform: message_passing.svg, 06 n5-by-hand
    aggregate and update: who_does_this_node_hear
    a picture is a regular graph: 06 n7-two-graphs
    depth, once more: 06 n9-picture
Close 0
    three lessons: Three things to take home
    what was checked: claims, fails when it is not true
    homework: Homework
"""


@dataclass
class Slide:
    part: str
    name: str
    cells: list = field(default_factory=list)

    def source(self, *kinds: str) -> str:
        """Its source, of all cells or of those that are notes or shown."""
        chosen = [c for c in self.cells if not kinds or kind(c) in kinds]
        return "\n".join(cell.source for cell in chosen)

    @property
    def notes(self) -> str:
        return self.source("notes")

    def minutes(self, before: str) -> float:
        """The number of minutes that follows these words in the notes, or 0."""
        found = re.search(before + r"([\d.]+) min", self.notes)
        return float(found[1]) if found else 0.0

    @property
    def words(self) -> int:
        """Of its text beside the title: formulas, links and tables are no words."""
        text = "\n".join(c.source for c in self.cells if is_text(c))
        no_words = r"\$\$.*?\$\$|\$[^$]*\$|<[^>]*>|\]\([^)]*\)|^\|.*$"
        text = re.sub(r"^#+ .*$|!\[[^]]*\]\([^)]*\)", " ", text, flags=re.M)
        return len(re.sub(no_words, " ", text, flags=re.S | re.M).split())


def kind(cell) -> str:
    return cell.metadata.slideshow.slide_type


def is_text(cell) -> bool:
    return cell.cell_type == "markdown" and kind(cell) != "notes"


def read_slides() -> list[Slide]:
    slides, part = [], ""
    for cell in nbformat.read(LECTURE, as_version=4).cells:
        if kind(cell) == "skip":
            continue
        for tag in cell.metadata.get("tags", []):
            if tag.startswith("part-"):
                part = tag.removeprefix("part-").replace("-", " ")
        if kind(cell) in ("slide", "subslide"):
            slides.append(Slide(part, cell.id.removesuffix("-ask")))
        slides[-1].cells.append(cell)
    return slides


SLIDES = read_slides()
PARTS = {}
for row in PLAN.strip().splitlines():
    if not row.startswith(" "):
        part, _, minutes = row.rpartition(" ")
        PARTS[part] = float(minutes), []
    else:
        line, _, needed = row.strip().rpartition(": ")
        PARTS[part][1].append((line, re.split(r", (?=\S)", needed)))


def shows(slide: Slide, needed: str) -> bool:
    """Whether the slide has it: a cell's output or code, an explorer, a quiz, words."""
    if cell := re.fullmatch(r"(\d\d) ([\w-]+)", needed):
        needed = f'("{cell[1]}", "{cell[2]}"'
    elif needed.startswith("?"):
        needed = f'll.quiz("{needed[1:]}")'
    return needed.lower() in slide.source().lower()


@pytest.mark.parametrize("part", PARTS)
def test_nothing_of_the_plan_is_missing(part):
    _, lines = PARTS[part]
    slides = [slide for slide in SLIDES if slide.part == part]
    missing = [
        f"{line}: {one}"
        for line, needed in lines
        for one in needed
        if not any(shows(slide, one) for slide in slides)
    ]
    assert not missing


def test_the_parts_come_in_their_order():
    assert list(dict.fromkeys(slide.part for slide in SLIDES)) == list(PARTS)
    assert 45 <= len(SLIDES) <= 55


def test_each_part_has_its_minutes_and_all_have_75():
    for part, (minutes, _) in PARTS.items():
        taken = sum(s.minutes("^") for s in SLIDES if s.part == part)
        assert abs(taken - minutes) <= 1.5, part
    assert abs(sum(slide.minutes("^") for slide in SLIDES) - 75) <= 3


def test_the_notes_say_how_to_give_it_in_50_and_in_100_minutes():
    short = r"In 50 minutes\.\*\* "
    assert all(s.minutes(short) or "Leave out" in s.notes for s in SLIDES)
    assert abs(sum(s.minutes(short) for s in SLIDES) - 50) <= 3
    more = sum(slide.minutes(r"In 100 minutes\.\*\* ") for slide in SLIDES)
    assert abs(75 + more - 100) <= 3


@pytest.mark.parametrize("slide", SLIDES, ids=lambda slide: slide.name)
def test_a_slide_has_one_thought(slide):
    titles = re.findall(r"^##? .+", slide.source("slide", "subslide", "fragment"), re.M)
    assert len(titles) + ("ll.quiz(" in slide.source() and not titles) == 1
    assert all(len(title) <= 85 for title in titles)
    assert slide.words <= 40
    assert re.match(r"[\d.]+ min\. \*\*Say\.\*\* ", slide.notes)
    assert "**Read on.**" in slide.notes


def test_a_slide_has_few_words():
    assert statistics.median(slide.words for slide in SLIDES) <= 20


def test_what_is_shown_is_what_the_notebooks_store():
    """Also: each picture and table of a notebook is shown once."""
    shown = []
    for cell in nbformat.read(LECTURE, as_version=4).cells:
        found = re.fullmatch(r'll\.lecture\.show\("(\d\d)", "([\w-]+)"\)', cell.source)
        if not found:
            continue
        shown.append(found.groups())
        theirs = ll.lecture.find(*found.groups())["outputs"]
        mine = {o.data.get("image/png", "").strip() for o in cell.outputs}
        for output in theirs:
            picture = "".join(output.get("data", {}).get("image/png", ""))
            assert picture.strip() in mine, "run `make execute NB=lecture`"
    assert len(shown) == len(set(shown)) > 25


def test_links_of_the_notes_lead_to_cells_that_are_there():
    for slide in SLIDES:
        for number, name in re.findall(r"\]\((\d\d)_\w+\.ipynb#(\w+)\)", slide.notes):
            cells = ll.lecture.cells(number).values()
            text = "".join("".join(cell["source"]) for cell in cells)
            assert f'<a id="{name}">' in text, (slide.name, name)
        for number, name in re.findall(r"\b(0\d)\b[^`;]*`([a-z][\w-]+)`", slide.notes):
            ll.lecture.find(number, name)


def test_a_cell_that_is_not_there_is_named_with_what_is_like_it():
    with pytest.raises(ValueError, match=r"no notebook '17'; there are: 00, 01"):
        ll.lecture.show("17", "d1-picture")
    with pytest.raises(ValueError, match=r"there is .*d1-picture"):
        ll.lecture.show("01", "d1-pictures")
    with pytest.raises(ValueError, match="stores nothing: make execute NB=01"):
        ll.lecture.show("01", "setup")


def test_code_is_shown_from_its_cell_without_indentation(monkeypatch):
    seen = []
    monkeypatch.setattr(ll.lecture, "display", seen.append)
    ll.lecture.code("02", "b3-block", 10, 11)
    lines = seen[0].data.splitlines()
    assert lines[0] == "```python" and lines[1].startswith("def forward")
    assert len(lines) == 4 and "b3-block" in seen[1].data


def test_an_explorer_is_live_and_its_still_form_is_its_notebook_s(monkeypatch):
    seen = {}
    monkeypatch.setattr(ll.lecture, "display", lambda data, raw: seen.update(data))
    explorer = ll.explorers.celsius_to_kelvin()
    ll.lecture.live("05", "g3-explorer", explorer)
    stored = ll.lecture.find("05", "g3-explorer")["outputs"][0]["data"]
    assert seen["text/html"] == "".join(stored["text/html"])
    view = seen["application/vnd.jupyter.widget-view+json"]
    assert view["model_id"] == explorer.view.model_id
    with pytest.raises(ValueError, match=r"'g5-explorer' .* does not store Explorer"):
        ll.lecture.live("05", "g5-explorer", explorer)


GUIDE = (ROOT / "site" / "teaching.md").read_text(encoding="utf-8")


def rows_below(heading: str) -> list[list[str]]:
    """The cells of the table under a heading of the guide."""
    section = GUIDE.split(f"### {heading}")[1].split("\n###")[0]
    lines = [row for row in section.splitlines() if row.startswith("|")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in lines]


def test_the_guide_counts_slides_and_minutes_as_they_are():
    *rows, (_, *together, _) = rows_below("One lecture of 75 minutes, of 50, or of 100")
    assert [row[0] for row in rows] == list(PARTS)
    for part, *numbers, _ in rows:
        mine = [slide for slide in SLIDES if slide.part == part]
        assert [float(n) for n in numbers] == counted(mine), part
    assert [float(n) for n in together] == counted(SLIDES)


def counted(slides: list[Slide]) -> list[float]:
    """Slides, and minutes in a lecture of 75, of 50, and of 100."""
    full = sum(slide.minutes("^") for slide in slides)
    short = sum(slide.minutes(r"In 50 minutes\.\*\* ") for slide in slides)
    more = sum(slide.minutes(r"In 100 minutes\.\*\* ") for slide in slides)
    return [len(slides), full, short, full + more]


def test_the_guide_s_other_plans_name_parts_that_are_there():
    for row in rows_below("Three hours") + rows_below("Seven sittings"):
        for name in filter(None, row[2].split(", ")):
            assert name in PARTS, row
    minutes = [float(row[0]) for row in rows_below("Three hours")]
    assert sum(minutes) == 180


def test_the_guide_s_sittings_take_what_the_notebooks_say():
    for name, minutes, *_ in rows_below("Seven sittings"):
        cells = ll.lecture.cells(re.match(r"\[(\d\d)\]", name)[1]).values()
        first = "".join(next(iter(cells))["source"]).lower()
        assert f"core {minutes} minutes" in first


def test_the_guide_names_cells_that_are_there():
    for row in rows_below("What students believe"):
        for number, name in re.findall(r"\b(0\d)\b `([\w-]+)`", row[1]):
            ll.lecture.find(number, name)

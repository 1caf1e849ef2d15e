"""Predictions, quizzes, explorers: callbacks called directly, and their stored face."""

import itertools
import re
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch.nn import functional as F

import lectures_lib as ll
from lectures_lib import explorers
from lectures_lib.explorers import widgets
from lectures_lib.support import asking

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("[0-9]*.ipynb"))


@pytest.fixture(autouse=True)
def no_choices(monkeypatch):
    monkeypatch.setattr(asking.Predict, "_choices", {})


def make_explorer(draw=None, **changes):
    def plot(ax, ghost, height, kind):
        ax.plot([0, height])

    arguments = {
        "label": "a line",
        "challenge": "reach 3.",
        "controls": {"height": {"min": 0, "max": 4}, "kind": ["low", "high"]},
        "axes": [{"rect": (0.1, 0.1, 0.8, 0.8), "xlim": (0, 1), "ylim": (-1, 5)}],
        "draw": draw or plot,
        "say": lambda height, kind: f"It rises to {height}, {kind}.",
        "presets": {
            "flat": {"height": 0, "kind": "low"},
            "steep": {"height": 4, "kind": "high"},
        },
        "solved": lambda height, kind: height == 3,
        "size": (2, 1),
    }
    return widgets.Explorer(**(arguments | changes))


def test_a_slider_redraws_says_and_remembers_the_setting_before():
    explorer = make_explorer()
    flat = explorer.picture.value
    explorer.sliders["height"].value = 2
    assert explorer.picture.value != flat
    assert "rises to 2, low" in explorer.status.value
    assert explorer.previous == {"height": 0, "kind": "low"}


def test_presets_and_reset_move_all_controls_with_one_redraw():
    drawn = []

    def draw(ax, ghost, **settings):
        if not ghost:
            drawn.append(settings)

    explorer = make_explorer(draw=draw)
    explorer.preset.value = "steep"
    assert drawn[1:] == [{"height": 4, "kind": "high"}]
    explorer.sliders["height"].value = 1
    assert explorer.preset.value is None
    explorer.reset.click()
    assert explorer.settings == {"height": 0, "kind": "low"}
    assert explorer.preset.value == "flat"
    explorer.reset.click()  # nothing changes, nothing is drawn
    assert explorer.sliders["kind"].value == "low"


def test_the_ghost_stays_where_a_drag_began(monkeypatch):
    clock = iter([10.0, 10.1, 10.2, 30.0])
    monkeypatch.setattr(widgets.time, "monotonic", lambda: next(clock))
    explorer = make_explorer()
    for height in (1, 2, 3):
        explorer.sliders["height"].value = height
    assert explorer.previous["height"] == 0
    explorer.sliders["height"].value = 4
    assert explorer.previous["height"] == 3


def test_an_unknown_setting_is_refused_and_the_explorer_lives_on():
    explorer = make_explorer()
    with pytest.raises(KeyError):
        explorer.set(width=1)
    explorer.sliders["height"].value = 2
    assert "rises to 2" in explorer.status.value


def test_options_that_changed_forget_the_choice():
    asking.Predict("how many?", {"1": 1, "2": 2}).choices.value = "1"
    assert asking.Predict("how many?", {"2": 2, "3": 3}).choices.value is None


def test_a_challenge_is_noticed():
    explorer = make_explorer()
    assert "solved" not in explorer.status.value
    explorer.sliders["height"].value = 3
    assert "Challenge solved" in explorer.status.value


def test_dragged_fast_it_ends_at_the_last_setting_and_leaks_no_figure():
    explorer = make_explorer()
    for i in range(60):
        explorer.sliders["height"].value = i % 5
    assert explorer.settings["height"] == 59 % 5
    assert not plt.get_fignums()


def test_nothing_stays_of_the_setting_before():
    explorer = make_explorer(base=lambda ax: ax.axhline(2, color="black"))
    flat, steep = explorer.presets.values()

    def image(now, before=None):
        explorer.paint(now, before)
        return explorer.paper.image()

    first = image(flat)
    assert image(steep, flat) != image(steep) != first
    assert image(flat) == first


@pytest.mark.parametrize("style", [ll.figures.use_style, plt.rcdefaults])
def test_the_picture_is_that_of_axes_drawn_anew(style):
    style()
    place = {"rect": (0.2, 0.3, 0.7, 0.5), "xlim": (0, 1), "ylim": (-1, 3)}
    explorer = make_explorer(
        axes=[place | {"title": "a title", "yscale": "symlog"}],
        base=lambda ax: ax.axhline(2, color="black"),
        draw=lambda ax, ghost, height, kind: ax.plot([0.2, 0.8], [0, height], "r-"),
    )
    figure = plt.figure(figsize=(2, 1), layout="none", dpi=100)
    with plt.rc_context({"axes.titlesize": 14}):
        ax = figure.add_axes(**place, title="a title", yscale="symlog")
    ax.axhline(2, color="black")
    ax.plot([0.2, 0.8], [0, 1], "r-")
    figure.canvas.draw()
    expected = np.asarray(figure.canvas.buffer_rgba())[..., :3]
    plt.close(figure)
    explorer.paint({"height": 1, "kind": "low"})
    np.testing.assert_array_equal(np.asarray(explorer.paper.image()), expected)


def test_a_setting_that_cannot_be_drawn_says_so_and_the_next_one_works():
    def draw(ax, ghost, height, kind):
        if height == 2 and not ghost:
            raise RuntimeError("no such line")

    explorer = make_explorer(draw=draw)
    explorer.sliders["height"].value = 2
    assert "no such line" in explorer.status.value
    explorer.sliders["height"].value = 1
    assert "rises to 1" in explorer.status.value


def test_a_preset_says_what_differs_from_the_first():
    presets = {"flat": {"height": 0, "kind": "low"}, "steep": {"height": 4}}
    explorer = make_explorer(presets=presets)
    assert explorer.presets["steep"] == {"height": 4, "kind": "low"}


@pytest.mark.parametrize("name", widgets.EXPLORERS)
def test_the_presets_of_each_explorer_are_at_most_twelve_and_within_its_controls(name):
    explorer = getattr(explorers, name)()
    assert 1 <= len(explorer.presets) <= 12
    explorer._update = lambda: None  # without a picture
    for settings in explorer.presets.values():
        explorer.set(**settings)
        assert explorer.settings == settings


def test_the_stored_explorer_has_a_captioned_described_frame_for_each_preset():
    bundle = make_explorer()._repr_mimebundle_()
    assert bundle["text/plain"] == "Explorer(a line: flat, steep)"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    stored = bundle["text/html"]
    assert (
        len(re.findall(r'<img alt="a line: \w+" src="data:image/png;base64,', stored))
        == 2
    )
    assert re.findall("<figcaption>(.*?)</figcaption>", stored)[1] == (
        "<b>steep.</b> <span>It rises to 4, high.</span>"
    )
    assert stored == make_explorer()._repr_mimebundle_()["text/html"]
    assert "http" not in stored  # nothing is fetched
    assert "classList.add('on')" in stored and "aria-live" in stored


def test_each_kind_of_control_fits_its_values():
    start = {"height": 0, "gain": 1.0, "kind": "low", "norm": True}
    values = {
        "height": {"min": 0, "max": 4},
        "gain": (0.1, 1.0),
        "kind": ("low", "high"),
    }
    explorer = make_explorer(
        draw=lambda *axes, **settings: None,
        say=lambda **settings: str(settings),
        solved=lambda **settings: False,
        controls=values | {"norm": (True, False)},
        presets={"start": start, "other": {"kind": "high"}},
    )
    kinds = [type(control).__name__ for control in explorer.sliders.values()]
    assert kinds == ["IntSlider", "SelectionSlider", "Dropdown", "Checkbox"]
    explorer.sliders["kind"].value, explorer.sliders["norm"].value = "high", False
    assert explorer.settings == start | {"kind": "high", "norm": False}


def test_the_live_picture_has_words_that_follow_it():
    explorer = make_explorer()
    assert explorer.picture.tooltip == "a line: It rises to 0, low."
    explorer.sliders["height"].value = 2
    assert explorer.picture.tooltip == "a line: It rises to 2, low."


def test_text_is_escaped():
    explorer = make_explorer(label="a < b", say=lambda **_: "<b>&")
    assert "<b>&" not in explorer.to_html() and "a &lt; b" in explorer.to_html()
    quiz = asking.ask("a < b?", "<i>", {"<i>": "x<y"})
    assert "<i>" not in quiz._repr_html_() and "x&lt;y" in quiz._repr_html_()


HOW_MANY = {"1": 1, "2": 2, "many": lambda n: n > 2, "none": lambda n: n < 1}


def test_without_a_choice_a_comparison_says_nothing():
    assert asking.Predict("how many?", HOW_MANY).compare(2) is None


def test_a_prediction_is_recorded_and_survives_running_the_cell_again():
    predict = asking.Predict("how many?", HOW_MANY)
    predict.choices.value = "1"
    assert "Recorded" in predict.status.value
    again = asking.Predict("how many?", HOW_MANY)
    assert again.choices.value == "1"
    assert repr(again.compare(5)) == (
        "You said: 1. The result: many. ✗ Worth a second look."
    )
    assert repr(again.compare(1)) == "You said: 1. The result: 1. ✓"


def test_a_choice_after_the_comparison_is_set_beside_the_result_at_once():
    predict = asking.Predict("how many?", HOW_MANY)
    predict.compare(0)
    predict.choices.value = "2"
    assert "You said: 2. The result: none. ✗" in predict.status.value


def test_of_several_options_that_fit_the_first_is_right():
    predict = asking.Predict("q", {"below": lambda x: x < 1, "else": lambda x: True})
    predict.choices.value = "else"
    assert "The result: below" in repr(predict.compare(0))
    assert "The result: else" in repr(predict.compare(2))


def test_a_result_of_several_parts_is_compared_as_a_whole():
    both = {"both": (True, True), "one": lambda a, b: a or b, "none": (False, False)}
    predict = asking.Predict("which?", both)
    predict.choices.value = "one"
    rights = [(True, True), (torch.tensor(True), False), (False, False)]
    for right, option in zip(rights, both):
        assert f"The result: {option}." in repr(predict.compare(*right))


def test_a_result_that_no_option_fits_is_refused():
    with pytest.raises(ValueError, match=r"\(3,\) fits none of 1, 2"):
        asking.Predict("how many?", {"1": 1, "2": 2}).compare(3)


def test_a_recording_that_is_missing_decides_nothing():
    predict = asking.Predict("how many?", {"1": 1})
    predict.choices.value = "1"
    assert predict.compare(ll.claims.Missing("it is gone")) is None


def test_every_option_of_a_quiz_explains_itself():
    stored = asking.ask("which?", "a", {"a": "yes", "b": "no"})._repr_html_()
    assert stored.count("<details>") == 2
    assert "✓ This is the answer. yes" in stored and "✗ Not this one. no" in stored


QUIZZES = tomllib.loads(asking.QUIZZES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", QUIZZES)
def test_each_quiz_of_the_course_has_one_answer_and_explains_each_option(name):
    options = QUIZZES[name]["options"]
    assert QUIZZES[name]["answer"] in options and len(options) >= 3
    assert all(len(why.split()) >= 3 for why in options.values())
    assert ll.quiz(name)._repr_html_().count("✓ This is the answer.") == 1


def test_each_quiz_of_the_course_is_asked_once():
    notebooks = [path.read_text(encoding="utf-8") for path in NOTEBOOKS]
    asked = re.findall(r'll\.quiz\(\\"(.+?)\\"\)', "\n".join(notebooks))
    assert sorted(asked) == sorted(QUIZZES)


def test_an_unknown_quiz_is_refused():
    with pytest.raises(ValueError, match=r"no quiz '9.9'; there are: .*1\.1"):
        ll.quiz("9.9")


SETTINGS = [(8, 3, 1, 0, 1), (7, 3, 2, 1, 1), (9, 3, 3, 1, 2), (10, 2, 3, 0, 1)]


@pytest.mark.parametrize("setting", SETTINGS)
def test_one_output_pixel_lights_what_the_gradient_of_a_convolution_reaches(setting):
    settings = dict(zip(explorers.cnn.GEOMETRY, setting)) | {"pixel": 99}
    size, kernel_size, stride, padding, dilation = setting
    image = torch.zeros(1, 1, size, size)
    padded = F.pad(image, [padding] * 4).requires_grad_()
    weight = torch.ones(1, 1, kernel_size, kernel_size)
    output = F.conv2d(padded, weight, None, stride, 0, dilation)
    output.sum().backward(retain_graph=True)
    unseen = (padded.grad[0, 0].sum(1) == 0).nonzero().squeeze(1) - padding
    assert explorers.cnn._unseen(settings) == unseen.tolist()
    padded.grad = None
    output.flatten()[-1].backward()
    lit = explorers.cnn._input_kinds(settings) == 2
    assert (padded.grad[0, 0].numpy() == lit).all()


def test_one_output_pixel_draws_hatches_ghost_and_formulas():
    now = {"size": 9, "kernel_size": 3, "stride": 3, "padding": 1, "dilation": 1}
    now |= {"in_channels": 3, "out_channels": 6, "pixel": 4}
    explorer = ll.explorers.one_output_pixel()
    fig = explorer.paint(now)
    left, right = fig.axes
    hatched = [patch for patch in left.patches if patch.get_hatch()]
    assert len(hatched) == 2 * len(explorers.cnn._unseen(now)) == 4
    assert left.collections[0].get_array().size == 11 * 11
    assert right.collections[0].get_array().size == 3 * 3 and not right.patches
    texts = [text.get_text() for text in fig.texts]
    assert texts[0].endswith("⌊(9 + 2·1 − 1·(3 − 1) − 1) / 3⌋ + 1 = ⌊2.667⌋ + 1 = 3")
    assert texts[1] == "parameters: 6·(3·3·3 + 1) = 168"
    left, right = explorer.paint(now, now | {"kernel_size": 2}).axes
    assert len(left.collections[0].get_paths()) == 4  # the ghost's taps
    assert right.patches[0].get_width() == 4  # and its output


def test_one_output_pixel_draws_the_corners_of_its_controls():
    explorer = ll.explorers.one_output_pixel()
    limits = [(c.min, c.max) for c in explorer.sliders.values()]
    for corner in itertools.product(*limits[:6]):
        explorer.set(**dict(zip(explorer.sliders, corner)))
        assert "cannot be drawn" not in explorer.status.value


def test_one_output_pixel_says_what_pytorch_does():
    explorer = ll.explorers.one_output_pixel()
    explorer.set(size=9, kernel_size=3, stride=3, padding=1, dilation=1)
    assert "Input 9×9, output 3×3." in explorer.status.value
    assert "no output pixel sees: 8; the same columns" in explorer.status.value
    explorer.set(size=4, kernel_size=5, dilation=3, padding=0)
    assert "there is no output" in explorer.status.value


@pytest.mark.parametrize(("stride", "dilation"), [(3, 1), (1, 3)])
def test_one_output_pixel_accepts_both_ways_of_its_challenge(stride, dilation):
    explorer = ll.explorers.one_output_pixel()
    explorer.set(size=9, kernel_size=3, stride=2, padding=0, dilation=2)
    assert "solved" not in explorer.status.value
    explorer.set(stride=stride, dilation=dilation)
    assert "Challenge solved" in explorer.status.value


def test_no_preset_of_one_output_pixel_gives_its_challenge_away():
    explorer = ll.explorers.one_output_pixel()
    assert not any(explorer.solved(**s) for s in explorer.presets.values())

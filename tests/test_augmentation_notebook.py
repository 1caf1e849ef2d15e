"""Notebook 04: the functions written out in it, and its explorers, against others."""

import base64
import io
import json
import math
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torchvision.transforms import v2

import lectures_lib as ll
from lectures_lib import explorers, recorded
from tools.experiments.augmentation import KINDS, OPERATIONS, STRENGTHS

PATH = Path(__file__).parents[1] / "notebooks" / "04_data_augmentation.ipynb"
CELLS = {cell.id: cell.source for cell in nbformat.read(PATH, as_version=4).cells}


def from_notebook(*ids: str, **given) -> dict:
    """What the cells with these ids define."""
    found = {"torch": torch, "np": np, "nn": nn, "F": F, "ll": ll, "v2": v2} | given
    for id in ids:
        exec(CELLS[id], found)
    return found


def operations() -> list[str]:
    return [name for name in ll.augmentation.POOL if name != "saturation"]


# The functions of the notebook.


@pytest.mark.parametrize("degrees", [-170.0, -45.0, 0.0, 10.0, 90.0])
def test_rotation_by_hand_is_torchvisions(degrees):
    coarse = torch.rand(2, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    images = F.interpolate(coarse, (20, 31), mode="bicubic").clamp(0, 1)
    ours = from_notebook("a4-rotate")["rotated"](images, torch.full((2,), degrees))
    theirs = v2.functional.rotate(images, degrees, v2.InterpolationMode.BILINEAR)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


def test_colour_shifts_have_the_covariance_of_the_recipe():
    images = torch.rand(4, 3, 10, 10) * torch.tensor([1, 0.5, 0.2])[:, None, None]
    images[:, 1] += images[:, 0] / 3  # correlated colours
    colour_shifts = from_notebook("a10-pca", photo=images)["colour_shifts"]
    drawn = colour_shifts(images, 200_000, torch.Generator().manual_seed(0)).numpy()
    C = np.cov(images.movedim(1, -1).reshape(-1, 3).numpy().T)
    np.testing.assert_allclose(np.cov(drawn.T), 0.01 * C @ C, atol=3e-6)
    np.testing.assert_allclose(drawn.mean(0), 0, atol=1e-4)


def test_the_log_loss_is_torchs_and_takes_many_views():
    answers = torch.tensor([2, 0, 1])
    log_loss = from_notebook("a5-log-loss", answers=answers, nets={})["log_loss"]
    logits = torch.randn(4, 3, 5)
    expected = [F.cross_entropy(view, answers).item() for view in logits]
    assert log_loss(logits[0].softmax(1)) == pytest.approx(expected[0], rel=1e-5)
    assert log_loss(logits.softmax(2)) == pytest.approx(np.mean(expected), rel=1e-5)


def test_the_entropys_gradient_is_that_of_autograd():
    entropy_gradient = from_notebook("a7-tanda-discriminator")["entropy_gradient"]
    theta = torch.randn(3, 7, requires_grad=True)
    p = theta.softmax(1)
    (expected,) = torch.autograd.grad(-(p * p.log()).sum(), theta)
    torch.testing.assert_close(entropy_gradient(p.detach()), expected)


def test_the_discriminators_loss_is_the_mean_of_both_sides():
    judged = from_notebook("a7-tanda-discriminator")["judged"]
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 1))
    real, made = torch.rand(2, 6, 1, 2, 2)
    d = [torch.sigmoid(net(x)).squeeze(1) for x in (real, made)]
    expected = -(d[0].log().mean() + (1 - d[1]).log().mean()) / 2
    torch.testing.assert_close(judged(net, real, made), expected)


def test_the_controller_finds_what_is_rewarded():
    good = {"rotate", "cutout"}

    def scores(policies, data, seed):
        "Two points for each good operation, one less for each other one."
        of = [2 * len(good & set(p)) - len(set(p) - good) for p in policies]
        return torch.tensor(of, dtype=torch.float)

    names = operations()
    tools = {"operations": names, "scores": scores, "validation": None}
    draw = torch.Generator().manual_seed(0)
    cells = ("a7-chosen", "a7-auto-code")
    history = from_notebook(*cells, **tools, draw=draw)["auto_augment"](rounds=30)
    assert history.shape == (31, 16) and (history[0] == 0.5).all()
    end = dict(zip(names, history[-1].tolist()))
    assert min(end[name] for name in good) > 0.9
    assert max(p for name, p in end.items() if name not in good) < 0.3


def test_the_random_search_keeps_the_best():
    seen = []

    def scores(policies, data, seed):
        seen.extend(policies)
        return torch.tensor([len(p) % 7 + len(p) / 100 for p in policies])

    tools = {"operations": operations(), "scores": scores, "validation": None}
    draw = torch.Generator().manual_seed(0)
    cells = ("a7-chosen", "a7-random")
    best = from_notebook(*cells, **tools, draw=draw)["best_random"]
    value = [len(p) % 7 + len(p) / 100 for p in seen]
    assert len(seen) == 200 and len(best) % 7 + len(best) / 100 == max(value)


def test_rand_augment_draws_every_operation_equally_often():
    names, seeded = ["invert", "black"], ll.environment.generator
    tools = {"operations": names, "draw": seeded(5)}
    rand_augment = from_notebook("a7-rand-augment", **tools)["rand_augment"]
    images = torch.full((30_000, 1, 1, 1), 0.25)
    made = rand_augment(images, 1, 1.0).flatten()
    # A third each for invert, black and nothing; drawn switches are on half the time.
    for value, share in ((0.75, 1 / 6), (0.0, 1 / 6), (0.25, 4 / 6)):
        assert (made == value).float().mean().item() == pytest.approx(share, abs=0.01)
    assert torch.equal(images, torch.full((30_000, 1, 1, 1), 0.25))


def test_a_sequence_applies_each_drawn_operation():
    tools = {"operations": ["invert", "black"], "draw": torch.Generator()}
    sequence = from_notebook("a7-tanda-apply", **tools)["sequence"]
    drawn = torch.tensor([[0, 0, 1], [0, 1, 0]])
    made = sequence(torch.full((3, 1, 2, 2), 0.25), drawn)
    assert made[:, 0, 0, 0].tolist() == [0.25, 0.0, 1.0]


# The numbers of the text.


def spread(values, digits: int = 1, sign: str = "") -> str:
    """Mean ± standard deviation, as it is written in the text."""
    values = np.asarray(values)
    mean = f"{values.mean():{sign}.{digits}f}".replace("-", "−")
    return f"{mean} ± {values.std(ddof=1):.{digits}f}"


def test_the_numbers_in_the_text_are_those_of_the_recorded_pairs():
    values = recorded.load("moves").values
    plain, moved = (values[f"{arm} shifted"][:, 0] for arm in ("plain", "moved"))
    assert f"rose by {spread(100 * (moved - plain), 0)} percentage" in CELLS["a2-words"]
    loss = values["moved loss, as it is"] / values["plain loss, as it is"]
    assert 0.62 < loss.mean() < 0.70 and "fell by a third" in CELLS["a2-words"]
    at = {k: 100 * values[f"{k} shifted"].mean(0) for k in ("plain", "moved")}
    for pixels, of in ((3, "{} % are right ({} % by"), (4, "{} % ({} %)")):
        found = of.format(round(at["moved"][pixels]), round(at["plain"][pixels]))
        assert f"at {pixels} pixels {found}" in CELLS["a3-words"]
    words = CELLS["a5-words"]
    gained = {
        arm: 100
        * (values[f"{arm} accuracy, ten views"] - values[f"{arm} shifted"][:, 0])
        for arm in ("plain", "moved")
    }
    assert f"{spread(gained['moved'], 1, '+')} points" in words
    assert f"loses {spread(-gained['plain'], 0)} points" in words
    loss = values["moved loss, ten views"] / values["moved loss, as it is"]
    assert 0.86 < loss.mean() < 0.89 and "by about an eighth" in words


def test_the_numbers_in_the_text_are_those_of_the_audit():
    file = PATH.parents[1] / "data" / "results" / f"{PATH.stem}.json"
    if not file.exists():
        pytest.skip("notebook 04 has not been audited since it changed")
    audit = json.loads(file.read_text(encoding="utf-8"))
    alone = np.array(audit["threads"]) == 1  # the others are the same draws again

    def compared(beginning: str, number: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """What stood on both sides of one comparison of a claim, run by run."""
        of = [c for c in audit["claims"] if c["sentence"].startswith(beginning)]
        sides = of[0]["comparisons"][number]
        return np.array(sides["left"])[alone], np.array(sides["right"])[alone]

    auto, everything = compared("the learned policy errs less")
    _, mild = compared("the learned policy errs less", 1)
    ahead, _ = compared("but it works no miracle")
    nothing = auto - ahead
    searched, drawn = (compared("two simpler ways", k)[0] for k in (0, 1))
    passing, half = (100 - compared("what passes as data", k)[0] for k in (0, 1))
    found = {"everything": everything, "all mild ones": mild, "AutoAugment": auto}
    found |= {"random search": searched, "RandAugment": drawn, "TANDA": passing}
    for name, (mean, deviation) in from_notebook("a7-before")["before"].items():
        points = found[name] - nothing
        assert round(points.mean(), 1) == mean, name
        assert round(points.std(ddof=1), 1) == deviation, name
    assert spread(ahead, 1, "+") in CELLS["a7-words"]
    for right in (searched, drawn):
        assert spread(right - nothing, 1, "+") in CELLS["a7-auto-paper"]
    for right in (passing, half):
        assert spread(nothing - right) in CELLS["a7-tanda-words"]

    crops, middles = compared("random crops and mirrors")
    ten, _ = compared("crops in training, ten in test")
    middles_ten = compared("crops in training, ten in test", 1)[1] / 0.9
    for ratio in (crops / middles, ten / crops, middles_ten / middles):
        assert spread(ratio, 2) in CELLS["a10-words"]
    vectors, one_more = compared("swaps for neighbours gain", 1)
    random_words = one_more - 0.01
    thesaurus, _ = compared("the thesaurus gains")
    for gain in (random_words, thesaurus, vectors):
        assert spread(100 * gain, 1, "+") in CELLS["a8-gain-words"]
    in_context, _ = compared("chosen in context")
    assert spread(100 * in_context, 1, "+") in CELLS["a8-context-words"]
    mild, _ = compared("all in turn", 1)
    assert 9 < -mild.mean() < 10 and "cost over nine, as in A7" in CELLS["a6-words"]
    assert 9 < (nothing - found["all mild ones"]).mean() < 10


def test_the_numbers_in_the_text_are_those_of_the_recorded_operations():
    gain = 100 * recorded.load("operations").values["gain"].mean(0)
    by_strength = [f"{gain[KINDS.index(('shift x', s))]:+.1f}" for s in STRENGTHS]
    said = ", ".join(by_strength[:-1]) + f" and {by_strength[-1]} points (recorded"
    assert said.replace("-", "−") in CELLS["a6-words"]
    assert f"{gain[KINDS.index(('shift y', 0.5))]:.0f}" == "-2"
    assert "costs two points" in CELLS["a6-words"]


def test_the_predictions_right_options_are_those_of_the_recorded_runs():
    ahead = from_notebook("a7-before")["before"]["AutoAugment"][0]
    guess = from_notebook("a7-predict")["search_guess"]
    guess.compare(ahead)
    assert guess.right == "is about as good (within 2)"
    values = recorded.load("moves").values
    rise = (values["moved train"] - values["plain train"]).mean()
    gained = values["moved accuracy, as it is"] - values["plain accuracy, as it is"]
    guess = from_notebook("a2-predict")["moved_guess"]
    guess.compare(rise, gained.mean())
    assert guess.right == "falls in training, rises in test"


# The explorers.


@pytest.mark.parametrize(
    "make", [ll.explorers.gallery, ll.explorers.affinity_and_diversity]
)
def test_every_preset_is_drawn_and_said(make):
    explorer = make()
    for settings in explorer.presets.values():
        explorer.set(**settings)
        assert "cannot be drawn" not in explorer.status.value
        picture = Image.open(io.BytesIO(explorer.picture.value))
        assert picture.format.lower() == explorer.picture.format


def test_every_operation_and_strength_is_drawn_and_said():
    explorer = ll.explorers.affinity_and_diversity()
    for name in OPERATIONS:
        for strength in STRENGTHS[::3]:
            explorer.set(operation=name, strength=strength)
            assert "cannot be drawn" not in explorer.status.value


def test_the_stored_gallery_keeps_the_colours_of_the_photograph():
    gallery = ll.explorers.gallery()
    found = re.findall(r"data:image/jpeg;base64,([\w+/=]+)", gallery.to_html())
    frames = [Image.open(io.BytesIO(base64.b64decode(frame))) for frame in found]
    assert len(frames) == len(gallery.presets)
    assert len({frame.size for frame in frames}) == 1
    assert len(frames[0].getcolors(10**6)) > 10_000


def test_the_gallery_at_rest_is_the_photograph():
    plain = explorers.augmentation._changed(**explorers.augmentation.PLAIN)
    torch.testing.assert_close(plain, ll.data.photo()[:, ::2, ::2])
    assert "The cat as it is." in explorers.augmentation._say_gallery(
        **explorers.augmentation.PLAIN
    )


def test_the_frame_of_the_gallery_lies_where_the_picture_ends():
    settings = explorers.augmentation.PLAIN | {"turn": 90, "zoom": 60, "shift": 10}
    white = torch.ones_like(explorers.augmentation._photo())
    kept = explorers.augmentation._photo
    explorers.augmentation._photo = lambda: white
    try:
        made = explorers.augmentation._changed(**settings)[0] > 0.5
        x, y = explorers.augmentation._frame(**settings)
    finally:
        explorers.augmentation._photo = kept
    columns, rows = made.any(0).nonzero(), made.any(1).nonzero()
    assert columns.min().item() == pytest.approx(x.min(), abs=1.5)
    assert columns.max().item() == pytest.approx(x.max(), abs=1.5)
    assert rows.min().item() == pytest.approx(max(y.min(), 0), abs=1.5)
    assert rows.max().item() == pytest.approx(min(y.max(), len(made)), abs=1.5)


def test_the_numbers_said_are_those_recorded():
    values = recorded.load("operations").values
    place = KINDS.index(("mirror", 1.0))  # a switch knows one strength
    said = explorers.augmentation._say_affinity(operation="mirror", strength=0.5)
    gain = 100 * values["gain"][:, place]
    error = gain.std(ddof=1) / math.sqrt(len(gain))
    assert f"gain {gain.mean():+.1f} ± {error:.1f} points" in said
    assert f"Affinity {values['affinity'][:, place].mean():.2f}" in said


@pytest.mark.parametrize(
    "make", [ll.explorers.gallery, ll.explorers.affinity_and_diversity]
)
def test_the_challenge_can_be_solved_and_not_by_the_start(make):
    explorer = make()
    start = next(iter(explorer.presets.values()))
    assert not explorer.solved(**start)
    if make is ll.explorers.gallery:
        assert explorer.solved(**start | {"brightness": 300, "contrast": 300})
        assert not explorer.solved(**start | {"brightness": 300, "contrast": 0})
    else:
        found = [
            (name, strength)
            for name in OPERATIONS
            for strength in STRENGTHS
            if explorer.solved(operation=name, strength=strength)
        ]
        assert found == [("shift x", 0.5)]

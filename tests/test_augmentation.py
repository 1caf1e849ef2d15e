"""The pool against torchvision, shapes, ranges, determinism; and what is refused."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F
from torchvision.transforms.v2 import functional as tv

import lectures_lib as ll
from benchmarks.augmentation import TORCHVISION
from lectures_lib.augmentation import POOL, augment, transform

RANDOM = ("noise", "cutout")  # random besides the strength
SWITCHES = [name for name, operation in POOL.items() if operation.switch]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(n: int = 6, channels: int = 3, height: int = 21, width: int = 30):
    """Smooth pictures: rounding moves a look-up by little, not across an edge."""
    coarse = torch.rand(n, channels, 4, 5, generator=generator())
    return F.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)


# The pool.


@pytest.mark.parametrize("name", sorted(TORCHVISION.keys() - set(RANDOM)))
@pytest.mark.parametrize("channels", [1, 3])
def test_each_operation_is_torchvisions(name, channels):
    images = pictures(channels=channels)
    strengths = POOL[name].draw(len(images), generator(1))
    theirs = [TORCHVISION[name](x, s) for x, s in zip(images, strengths.tolist())]
    ours = transform(images, name, strengths)
    torch.testing.assert_close(ours, torch.stack(theirs), atol=1e-4, rtol=0)


def test_stretch_is_an_interpolation_of_each_row():
    image = pictures(1, 1)
    made = transform(image, "stretch", torch.tensor([1.25]))[0, 0]
    wider = F.interpolate(image, (21, 38), mode="bilinear", align_corners=False)
    expected = tv.resize(image, [21, 38], antialias=False)
    torch.testing.assert_close(wider, expected)
    # 30 · 1.25 = 37.5 is no whole number: compare where both look up the same place.
    places = (torch.arange(30) + 0.5 - 15) / 1.25 + 15 - 0.5
    left = places.floor().long()
    share = places - left
    row = image[0, 0]
    torch.testing.assert_close(
        made, row[:, left] * (1 - share) + row[:, left + 1] * share, atol=1e-5, rtol=0
    )


def test_the_whole_pool_stands_in_the_benchmark():
    assert POOL.keys() - TORCHVISION.keys() == {"stretch"}


@pytest.mark.parametrize("name", POOL)
def test_the_neutral_strength_changes_nothing(name):
    images = pictures()
    neutral = torch.full((6,), float(POOL[name].neutral))
    made = transform(images, name, neutral, generator())
    torch.testing.assert_close(made, images, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", POOL)
def test_shape_range_and_determinism(name):
    images = pictures(50)
    kept = images.clone()
    made = augment(images, [name], generator(3))
    assert made.shape == images.shape and made.dtype == images.dtype
    assert made.min() >= 0 and made.max() <= 1
    assert torch.equal(images, kept)  # nothing happens in place
    assert torch.equal(made, augment(images, [name], generator(3)))
    assert not torch.equal(made, augment(images, [name], generator(4)))


@pytest.mark.parametrize("name", POOL)
def test_each_image_is_transformed_on_its_own(name):
    images, strengths = pictures(), POOL[name].draw(6, generator(2))
    if name in RANDOM:
        pytest.skip("random besides the strength, drawn for the whole batch")
    alone = [transform(images[k : k + 1], name, strengths[k : k + 1]) for k in range(6)]
    together = transform(images, name, strengths)
    torch.testing.assert_close(together, torch.cat(alone), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", POOL)
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_strengths_are_drawn_from_their_range(name, share):
    operation = POOL[name]
    drawn = operation.draw(20_000, generator(), share)
    if operation.switch:
        assert drawn.unique().tolist() == ([0, 1] if share else [0])
        assert drawn.mean() == pytest.approx(0.5 * (share > 0), abs=0.02)
        return
    ends = [
        operation.neutral + share * (end - operation.neutral)
        for end in (operation.low, operation.high)
    ]
    width = (ends[1] - ends[0]) or 1
    assert drawn.min() >= ends[0] - 1e-6 and drawn.max() <= ends[1] + 1e-6
    assert drawn.mean() == pytest.approx(sum(ends) / 2, abs=0.02 * width)


def test_the_layout_of_the_memory_does_not_matter():
    images = pictures()
    other = images.contiguous(memory_format=torch.channels_last)
    for name in POOL:
        ours, theirs = (augment(x, [name], generator()) for x in (images, other))
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", POOL)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_in_another_precision_only_the_numbers_are_rounded(name, dtype):
    images, strengths = pictures().to(dtype), POOL[name].draw(6, generator(2))
    made = transform(images, name, strengths, generator(3))
    expected = transform(images.float(), name, strengths, generator(3))
    assert made.dtype == dtype
    rounding = max(torch.finfo(dtype).eps, 1e-5)
    torch.testing.assert_close(made.float(), expected, atol=rounding, rtol=0)


def test_matrices_and_images_may_differ_in_precision():
    images, matrix = pictures(), torch.eye(2, 3).repeat(6, 1, 1)
    matrix[:, 0, 2] = 1 / 3
    expected = ll.augmentation.affine(images, matrix)
    assert torch.equal(ll.augmentation.affine(images, matrix.double()), expected)
    made = ll.augmentation.affine(images.double(), matrix.double()).float()
    torch.testing.assert_close(made, expected, atol=1e-5, rtol=0)


def test_cutout_is_a_black_square_in_the_picture():
    made = transform(torch.ones(500, 1, 20, 20), "cutout", torch.full((500,), 0.4))
    black = (made == 0).flatten(1).sum(1)
    assert black.max() == 64 and black.min() >= 12  # of 8 × 8, or cut off at a corner
    for image in made[:50, 0]:
        rows, columns = (image == 0).any(1), (image == 0).any(0)
        assert torch.equal(image == 0, rows[:, None] & columns)


def test_noise_has_its_standard_deviation():
    made = transform(torch.full((40, 1, 50, 50), 0.5), "noise", torch.full((40,), 0.1))
    assert (made - 0.5).std().item() == pytest.approx(0.1, rel=0.02)


@given(st.lists(st.sampled_from(sorted(POOL)), max_size=4), st.floats(0, 1))
@settings(max_examples=40, deadline=None)
def test_any_sequence_keeps_shape_and_range(names, strength):
    made = augment(pictures(3, 1, 8, 8), names, generator(), strength)
    assert made.shape == (3, 1, 8, 8) and made.min() >= 0 and made.max() <= 1


def test_no_operation_and_no_image_are_allowed():
    images = pictures()
    assert torch.equal(augment(images, [], generator()), images)
    for name in POOL:
        assert augment(images[:0], [name], generator()).shape == (0, 3, 21, 30)


# Policies, views, crops.


# What is refused.


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (torch.zeros(2, 1, 8, 8, dtype=torch.uint8), "divide bytes by 255"),
        ([[0.5]], "images are list"),
        (torch.zeros(1, 8, 8), "image\\[None\\]"),
        (torch.zeros(2, 4, 8, 8), "1 or 3 channels"),
        (torch.full((2, 1, 8, 8), 255.0), r"lie in \[255, 255\]"),
        (torch.full((2, 1, 8, 8), -0.1), r"expected float .* in \[0, 1\]"),
        (torch.full((2, 1, 8, 8), math.nan), "in \\[nan, nan\\]"),
    ],
)
def test_images_of_another_type_shape_or_range_are_named(images, words):
    with pytest.raises(ValueError, match=words):
        augment(images, ["rotate"], generator())


@pytest.mark.parametrize("strength", [-0.1, 1.5, math.nan])
def test_a_strength_out_of_range_is_named(strength):
    with pytest.raises(ValueError, match="share of each range, from 0 to 1"):
        augment(pictures(), ["rotate"], generator(), strength)


@pytest.mark.parametrize(
    ("name", "strengths", "words"),
    [
        ("turn", torch.zeros(6), "no operation 'turn'; the pool has: shift x, "),
        ("rotate", torch.zeros(5), r"strengths \(5,\): expected \(6,\)"),
        ("rotate", torch.tensor([0.0] * 5 + [math.inf]), "expected finite numbers$"),
        ("brightness", torch.full((6,), -1.0), "finite numbers of at least 0"),
        ("zoom", torch.zeros(6), "of at least 0.01"),
    ],
)
def test_strengths_without_meaning_are_named(name, strengths, words):
    with pytest.raises(ValueError, match=words):
        transform(pictures(), name, strengths)


# Many nets at once.


def test_many_nets_are_each_trained_as_if_alone():
    images, labels = ll.data.digits("train", 60)
    sets = torch.stack([images, images.flip(-1)]), torch.stack([labels, labels])
    together = ll.many.fit_many(*sets, steps=30, batch_size=20)
    # The same, written out with torch's own optimizer, from the same start.
    draw = ll.environment.generator(0)
    nets = [
        nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)) for _ in "ab"
    ]
    for layer, (inputs, outputs) in ((0, (64, 64)), (2, (64, 10))):
        start = (2 / inputs) ** 0.5 * torch.randn(2, inputs, outputs, generator=draw)
        for net, weight in zip(nets, start):
            net[layer].weight.data = weight.T.contiguous()
            nn.init.zeros_(net[layer].bias)
    optimizers = [torch.optim.SGD(net.parameters(), momentum=0.9) for net in nets]
    for step in range(30):
        batch = torch.randint(60, (20,), generator=draw)
        for net, optimizer, x, y in zip(nets, optimizers, *sets):
            optimizer.param_groups[0]["lr"] = 0.05 * (1 + math.cos(math.pi * step / 30))
            optimizer.zero_grad()
            F.cross_entropy(net(x[batch].flatten(1)), y[batch]).backward()
            optimizer.step()
    ours = ll.many.logits(together, images.flatten(1))
    theirs = torch.stack([net(images.flatten(1)) for net in nets])
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    right = (theirs.argmax(2) == labels).float().mean(1)
    torch.testing.assert_close(ll.many.accuracies(together, (images, labels)), right)


def test_many_nets_can_begin_alike():
    images, labels = ll.data.digits("train", 60)
    sets = images.expand(3, *images.shape), labels.expand(3, -1)
    for weight in ll.many.fit_many(*sets, steps=20, same_start=True):
        torch.testing.assert_close(weight, weight[:1].expand_as(weight))
    first, *_ = ll.many.fit_many(*sets, steps=20)
    assert not torch.allclose(first[0], first[1], atol=0.01)


def test_many_sets_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"expected \(nets, n, …\) and \(nets, n\)"):
        ll.many.fit_many(torch.zeros(2, 5, 64), torch.zeros(5).long())

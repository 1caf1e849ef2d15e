"""Homework 4, data augmentation: what the answers are compared with.

What is random is checked on 2000 images: a right answer fails by chance less
often than once in a thousand million times.
"""

import re
from itertools import chain, combinations

import torch
from torch import nn
from torch.nn import functional as F

from lectures_lib.homework import (
    Hint,
    ask,
    expect,
    integer,
    kind,
    run_in_order,
    same,
    task,
    the_line,
)

MANY = 2000  # images, where what is random is checked
LIBRARY = tuple(
    f"lectures_lib.augmentation.{name}" for name in ("transform", "augment")
)


def twice(draw, function, *arguments):
    """One of two results, which must depend on the generator and on nothing else."""
    seed = integer(draw, 0, 10**6)
    generator = torch.Generator().manual_seed(seed)
    first, second = (ask(function, *arguments, generator) for _ in range(2))
    as_before(first, arguments[0])
    again = ask(function, *arguments, torch.Generator().manual_seed(seed))
    expect(
        torch.equal(first, again),
        "two generators with the same seed give different results: every random number "
        "must come from `generator`, as in torch.rand(…, generator=generator)",
    )
    expect(
        generator.initial_seed() == seed,
        "it seeds the generator: draw from it as it comes, without a seed of your own",
    )
    expect(
        not torch.equal(first, second),
        "the result does not change with the generator: every random number must come "
        "from it, as in torch.rand(…, generator=generator)",
    )
    return first


def as_before(found, images):
    expect(
        isinstance(found, torch.Tensor) and kind(found) == kind(images),
        f"expected images like those that came, {kind(images)}; got {kind(found)}",
    )


# Task 1: mirror


@task(points=3, forbidden=LIBRARY)
def mirror(draw, mirror):
    images = torch.rand(100, 3, 9, 6, generator=draw).double().transpose(2, 3)
    generator = torch.Generator().manual_seed(integer(draw, 0, 999))
    try:
        found = ask(mirror, images, generator)
    except Hint as hint:
        flat = "size of tensor a (100) must match the size of tensor b (9)" in str(hint)
        expect(not flat, "the condition needs the shape (n, 1, 1, 1); yours is (n,)")
        raise
    as_before(found, images)
    mirrored_or_not(found, images)
    single = images.float()
    as_before(ask(mirror, single, generator), single)
    yield 1, "each image is as it was, or its mirror image"
    generator = torch.Generator().manual_seed(integer(draw, 0, 999))
    calls = [equal(ask(mirror, images, generator), images.flip(-1)) for _ in range(10)]
    counts = [int(call.sum()) for call in calls]
    expect(sum(counts), "no image is mirrored in ten calls: expected about one in two")
    expect(sum(counts) < 1000, "every image is mirrored: expected about one in two")
    expect(
        not set(counts) <= {0, 100},
        "all images of a batch are mirrored, or none: toss a coin for each image",
    )
    twice(draw, mirror, images)
    expect(
        len({*counts}) > 1,
        f"exactly {counts[0]} of 100 images are mirrored each time: with a coin for "
        "each image the number changes",
    )
    yield 1, "each image has a coin of its own, from the generator"
    expect(
        400 < sum(counts) < 600,
        f"{sum(counts)} of 1000 images were mirrored: expected about one in two",
    )
    yield 1, f"about every second one: {sum(counts)} of 1000"


def mirrored_or_not(found, images):
    """Each image is in its place, and as it was or mirrored."""
    others = {
        "upside down: the last dimension is the width, that before it the height": -2,
        "turned by 180°: only left and right should change": (-2, -1),
        "with their channels reversed: the width is the last dimension": 1,
    }
    here = equal(found, images) | equal(found, images.flip(-1))
    known = torch.cat([images, images.flip(-1)]).flatten(1)
    moved = int((~here & (found.flatten(1)[:, None] == known).all(2).any(1)).sum())
    place = "another place of the batch, away from their labels: keep the order"
    expect(not moved, f"{moved} of 100 images stand in {place}")
    for hint, places in others.items():
        other = equal(found, images.flip(places)) & ~equal(found, images)
        expect(not other.any(), f"{int(other.sum())} of 100 images are {hint}")
    strange = int((~here).sum())
    expect(
        not strange, f"{strange} of 100 images are neither as they were nor mirrored"
    )


def equal(images, others):
    """Which images are the same: (n,)."""
    return (images == others).flatten(1).all(1)


# Task 2: random crops


@task(points=5, forbidden=LIBRARY)
def crops(draw, crop_at, random_crop):
    pad = integer(draw, 1, 3)
    images = 0.5 + torch.rand(6, 3, 7, 10, generator=draw)
    tops, lefts = torch.randint(2 * pad + 1, (2, 6), generator=draw)
    tops[:2], lefts[:2] = torch.tensor([0, 2 * pad]), torch.tensor([2 * pad, 0])
    same_crops(crop_at, images, tops, lefts, pad)
    same_crops(crop_at, images[:2].double(), tops[:2], lefts[:2], pad)
    yield 2, "each image is cut at its own place, with zeros around it"
    pad, h, w = 2, integer(draw, 5, 7), integer(draw, 8, 10)
    images = torch.empty(MANY, 2, h, w)
    images[:, 0] = 1 + torch.arange(h * w).reshape(h, w)  # where a pixel comes from,
    images[:, 1] = 1 + torch.arange(MANY)[:, None, None]  # and from which image
    try:
        found = twice(draw, random_crop, images, pad)
    except Hint as hint:
        whole(hint, h, w, "the places go from 0 to 4 (pad 2)")
        raise
    middle = found[:, 0, h // 2, w // 2].long() - 1
    tops = (middle // w - h // 2 + pad).clamp(0, 2 * pad)
    lefts = (middle % w - w // 2 + pad).clamp(0, 2 * pad)
    strange = MANY - int(equal(found, cut(images, pad, tops, lefts)).sum())
    expect(
        not strange, f"{strange} of {MANY} images are none of their 25 crops (pad 2)"
    )
    apart(tops, lefts, "get the same crop")
    yield 1, "each image gets one of its own crops, with the generator's numbers"
    spread(tops, 2 * pad + 1, "tops")
    spread(lefts, 2 * pad + 1, "lefts")
    yield 2, "all (2 · pad + 1)² places occur, about equally often"


def whole(hint, h, w, reason, tops=None, lefts=None):
    """Where torch.stack says that pieces differ in size: say which one is not h × w."""
    for rows, columns, i in re.findall(r"(\d+), (\d+)\] at entry (\d+)", str(hint)):
        place = "" if tops is None else f" for top {tops[int(i)]}, left {lefts[int(i)]}"
        piece = f"the piece{place} has {rows}×{columns} pixels, not {h}×{w}"
        expect((int(rows), int(columns)) == (h, w), f"{piece}: {reason}")


def cut(images, pad, tops, lefts, how="constant", value=None, size=None):
    h, w = size or images.shape[-2:]
    padded = F.pad(images, [pad] * 4, how, value)
    places = zip(padded, tops.tolist(), lefts.tolist())
    return torch.stack([image[:, t : t + h, x : x + w] for image, t, x in places])


def same_crops(crop_at, images, tops, lefts, pad):
    places = zip(images, (pad - tops).tolist(), (pad - lefts).tolist())
    rolled = torch.stack([image.roll((y, x), (1, 2)) for image, y, x in places])
    aside = F.pad(images, (0, 2 * pad, 0, 2 * pad))
    aside = cut(aside, 0, tops, lefts, size=images.shape[-2:])
    first = tops[:1].expand_as(tops), lefts[:1].expand_as(lefts)
    mistakes = {
        "all images are cut where the first one is": cut(images, pad, *first),
        "tops count rows from above, lefts columns": cut(images, pad, lefts, tops),
        "the crop moves the other way: tops[i] = 0 keeps the zeros above the image": (
            cut(images, pad, 2 * pad - tops, 2 * pad - lefts)
        ),
        "around the image there are zeros; you repeat its border": (
            cut(images, pad, tops, lefts, "replicate")
        ),
        "around the image there are zeros; you mirror it there": (
            cut(images, pad, tops, lefts, "reflect")
        ),
        "around the image there are zeros; you have ones": (
            cut(images, pad, tops, lefts, value=1)
        ),
        "the zeros belong on all four sides, not only on the right and below": aside,
        "what leaves on one side comes back on the other: there are zeros": rolled,
        "the images come back as they were, whatever tops and lefts say": images,
    }
    try:
        found = ask(crop_at, images, tops, lefts, pad)
    except Hint as hint:
        zeros = "are there zeros on all four sides, and does it begin at `tops[i]`?"
        whole(hint, *images.shape[-2:], zeros, tops, lefts)
        raise
    same(found, cut(images, pad, tops, lefts), mistakes, "the crops")


def apart(rows, columns, what):
    """Not all at one place, and not all on one diagonal."""
    same_place = len(rows.unique()) == len(columns.unique()) == 1
    expect(not same_place, f"all images of the batch {what}: draw one for each image")
    expect(
        not torch.equal(rows, columns),
        "the place across is always the one down: draw it by itself",
    )


def spread(drawn, n, name):
    """Each number from 0 to n - 1 occurs, about equally often."""
    low, high = int(drawn.min()), int(drawn.max())
    expect(
        high != n - 2,
        f"{name} are never {n - 1}, which is possible as well: torch.randint leaves "
        "its upper end out",
    )
    expect(
        low == 0 and high == n - 1,
        f"{name} lie between {low} and {high}: expected all from 0 to {n - 1}",
    )
    counts = drawn.bincount(minlength=n).double()
    ends = counts[[0, -1]].mean() / counts[1:-1].mean()
    half = f"{name} 0 and {n - 1} are drawn half as often as those between"
    expect(not 0.35 < ends < 0.66, f"{half}: you round. torch.randint is fair")
    mean = len(drawn) / n
    few = mean - 6.5 * mean**0.5  # so few come by chance once in 10¹⁰ times
    expect(counts.min() > few, f"{name}: some are drawn far more often than others")


# Task 3: cutout


@task(points=4, forbidden=LIBRARY)
def cutout(draw, cutout):
    h, w, size = integer(draw, 6, 8), integer(draw, 11, 13), 3 + 2 * integer(draw, 0, 1)
    images = 0.1 + 0.8 * torch.rand(MANY, 3, h, w, generator=draw)
    value = 1.5 + integer(draw, 0, 3) / 4
    found = ask(cutout, images, size, value, torch.Generator().manual_seed(size))
    as_before(found, images)
    covered = covered_by_value(found, images, value)
    reach = covered.any(0)
    expect(
        not reach[:, :h].all() or reach[:, -1].any(),
        f"no square reaches the last column: are rows up to the width, {w}, columns up "
        f"to the height, {h}? (Of pixel p: row p // width, column p % width)",
    )
    everywhere = (covered == covered[:1]).all() and covered[0].sum() > size**2
    expect(not everywhere, "each square is in all images: write to images[i, :, …]")
    bare = int((~covered.flatten(1).any(1)).sum())
    expect(
        not bare,
        f"{bare} of {MANY} images have no square. Do you slice? A slice that begins "
        "below 0 counts from the end, and is empty: begin at 0 where it sticks out",
    )
    rows, columns = covered.any(2), covered.any(1)
    filled = covered == (rows[:, :, None] & columns[:, None, :])
    expect(filled.all(), "the covered pixels of an image form one square")
    down, across = middles(rows, size, "height"), middles(columns, size, "width")
    yield 2, f"one square of {size}×{size}, or what of it is inside, in all channels"
    apart(down, across, "have their square at the same place")
    for middle, n, name in ((down, h, "rows"), (across, w, "columns")):
        expect(
            middle.min() < size // 2,
            "the square never sticks out: its middle may be any pixel of the image, "
            "also of its first and last row and column",
        )
        spread(middle, n, f"the middle's {name}")
    yield 1, "its middle may be any pixel of the image"
    twice(draw, cutout, images[:50].double(), size, value)
    yield 1, "at a new place for each image and each call"


def covered_by_value(found, images, value):
    """Which pixels are covered, in all channels and with this value: (n, h, w)."""
    covered = found != images
    expect(covered.any(), "no image has a square")
    expect(
        (covered.any(1) == covered.all(1)).all(), "a square goes through all channels"
    )
    other = found[covered & (found != value)]
    expect(
        not len(other),
        f"a square has the asked value, {value}, not {other[:1].sum():.4g}",
    )
    return covered[:, 0]


def middles(lines, size, side):
    """The middle of each square, from the lines it covers: (n, side) to (n,)."""
    n, half = lines.shape[1], size // 2
    first, last = lines.int().argmax(1), n - 1 - lines.flip(1).int().argmax(1)
    middle = torch.where(first > 0, first + half, last - half)
    expect(middle.max() < n, "the drawn pixel is the middle of its square, no corner")
    right = (middle - half).clamp(0) == first
    right &= (middle + half).clamp(max=n - 1) == last
    for wrong in (last - first + 1)[~right][:1].tolist():
        raise Hint(
            f"a square has {side} {wrong}, expected {size}: its middle, and {half} "
            "pixels on each side. (A slice `a:b` leaves b out)"
        )
    return middle


# Task 4: lines in order

LINES = (
    "        optimizer.step()",
    "for epoch in range(3):",
    "        loss.backward()",
    "    batches = torch.randperm(12, generator=generator).split(4)",
    "        optimizer.zero_grad()",
    "        moved = augment(images[batch], generator)",
    "    for batch in batches:",
    "        loss = loss_of(net(moved), labels[batch])",
)


@task(points=2)
def training_in_order(draw, order):
    seed = integer(draw, 0, 10**6)
    try:
        space = train(order, seed)
    except RuntimeError as error:
        raise Hint(f"it raises {error}") from None
    place = {line: order.index(line) for line in range(1, 9)}
    expect(
        not place[3] < place[5] < place[1],
        "zero_grad between backward and step throws away what backward has found",
    )
    expect(
        place[3] < place[1], "step uses the gradients, so backward has to come before"
    )
    right = train([2, 4, 7, 6, 5, 8, 3, 1], seed)
    same(space["net"].weight, right["net"].weight, what="the weights after training")
    yield 2, "new random numbers in each step, and one step for each batch"


class Descent:
    """Gradient descent, with the methods of torch.optim, whose import takes seconds."""

    def __init__(self, net):
        self.weights = list(net.parameters())

    def zero_grad(self):
        for weight in self.weights:
            weight.grad = None

    def step(self):
        with torch.no_grad():
            for weight in self.weights:
                if weight.grad is not None:
                    weight -= 0.1 * weight.grad


def train(order, seed):
    """The names after the lines have run in this order."""
    generator = torch.Generator().manual_seed(seed)
    net = redraw(nn.Linear(5, 3), generator)
    names = {
        **{"torch": torch, "net": net, "optimizer": Descent(net)},
        **{"generator": generator, "loss_of": F.cross_entropy},
        "augment": lambda x, g: x + torch.rand(x.shape, generator=g),
        "images": torch.randn(12, 5, generator=generator),
        "labels": torch.arange(12) % 3,
    }
    undefined = "a line uses `{name}` before the line that makes it"
    indented = "an indented line belongs below a line that ends in a colon: lines with "
    indented += "four spaces into the first loop, lines with eight into the second"
    return run_in_order(LINES, order, names, undefined, indented)


def redraw(net, generator):
    """The net with all parameters drawn from the generator."""
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator))
    return net


# Task 5: averaging over views


@task(points=4, forbidden=LIBRARY)
def average_views(draw, average_views):
    images = torch.rand(7, 1, 4, 5, generator=draw)
    views = integer(draw, 3, 5)
    net = classifier(draw).eval()
    offer = View(draw, images, views)
    with torch.enable_grad():  # so that what the answer switches off ends here
        found = ask(average_views, net, images, offer, views)
    mode = net.training
    expect(offer.calls, "view was never called: ask about views, not about the images")
    expect(
        offer.calls == views,
        f"calls of view: {offer.calls}. Expected {views}, a new view each time",
    )
    with torch.no_grad():
        logits = torch.stack([net.eval()(view) for view in offer.made])
        mistakes = other_averages(logits, net(images).softmax(1))
    expect(
        not offer.strange,
        "`view` gets what it has made before: it always takes the images as they are",
    )
    found = found.detach() if isinstance(found, torch.Tensor) else found
    same(found, logits.softmax(2).mean(0), mistakes)
    yield 2, f"the mean of the probabilities of {views} views"
    expect(not mode, "the net was in evaluation mode, and is not any more: put it back")
    net, offer = classifier(draw).train(), View(draw, images, views)
    found, graph, still_on = asked_in_training(average_views, net, images, offer)
    yield 1, "asked in evaluation mode, and left in the mode in which it was"
    expect(
        not found.requires_grad,
        "the result hangs on the graph of all views, which costs memory: use "
        "torch.no_grad()",
    )
    late = "the net builds a graph, which nobody needs: `detach` comes too late for it"
    expect(not graph, f"{late}. Ask below `with torch.no_grad():`")
    expect(
        still_on,
        "gradients are still off after your function, so nothing can be trained any "
        "more: `with torch.no_grad():` switches them on again",
    )
    yield 1, "without a graph for gradients"


def other_averages(logits, as_it_is):
    """Hints with what other ways give to average logits of (views, n, classes)."""
    views, right = len(logits), logits.softmax(2).mean(0)
    votes = F.one_hot(logits.argmax(2), 4).float().mean(0)
    return {
        "probabilities are averaged, not logits: softmax first, then the mean": (
            logits.mean(0).softmax(1)
        ),
        "these are averaged logits: expected averaged probabilities": logits.mean(0),
        "these are votes: average the probabilities themselves, not the answers": votes,
        "the probabilities of an image should sum to 1: softmax over the classes, the "
        "last dimension, not over the images": logits.softmax(1).mean(0),
        f"this is the sum over {views} views: divide by {views}": right * views,
        "these are answers, one class for each image: expected probabilities": (
            right.argmax(1)
        ),
        "these are the probabilities of the last view only": logits[-1].softmax(1),
        "the images as they are count as one more view in your mean: leave them out": (
            (right * views + as_it_is) / (views + 1)
        ),
        "sigmoid looks at each class by itself; the probabilities of an image should "
        "sum to 1: softmax": logits.sigmoid().mean(0),
    }


def asked_in_training(average_views, net, images, offer):
    """The answer for a net in training mode, when the net is as it was before.

    Returns:
        The answer, whether the net built a graph, and whether gradients are still on.
    """
    graphs = []
    net.register_forward_hook(lambda net, x, out: graphs.append(out.requires_grad))
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        found = ask(average_views, net, images, offer, offer.views)
        still_on = torch.is_grad_enabled()
    modes = [module.training for module in net.modules()]
    moved = [n for n, tensor in net.state_dict().items() if not tensor.equal(state[n])]
    expect(
        not moved,
        f"{', '.join(moved)} changed: the net was asked in training mode, where batch "
        "norm learns from the test images and dropout drops",
    )
    with torch.no_grad():
        right = [net.eval()(view).softmax(1) for view in offer.made]
    same(found.detach(), sum(right) / offer.views, what="for a net in training mode")
    expect(all(modes), "the net was in training mode, and is not any more: put it back")
    return found, any(graphs), still_on


class View:
    """Changes images in a new way each time; notes what it made, and of what."""

    def __init__(self, draw, images, views):
        self.images, self.made, self.calls, self.strange = images, [], 0, False
        self.draw, self.views = draw, views

    def __call__(self, images):
        self.calls += 1
        expect(self.calls <= 100, "view is called over 100 times")
        self.strange |= not torch.equal(images, self.images)
        made = images + 2 * torch.randn(images.shape, generator=self.draw)
        if self.calls <= self.views:
            self.made.append(made)
        return made


def classifier(draw):
    """A net that behaves differently in training mode; its weights come from draw."""
    layers = nn.BatchNorm2d(1), nn.Flatten(), nn.Dropout(0.5), nn.Linear(20, 4)
    return redraw(nn.Sequential(*layers), draw)


# Task 6: which line


@task(points=2)
def which_line(draw, line):
    hints = {
        1: "28×28 pixels, and squares that reach 4 pixels to each side: 9×9",
        2: "an empty map to count in: it is right",
        3: "100 batches: enough for many squares, if they were at new places",
        5: "five rows, from 0 to 27, for each batch. Why the same five each time?",
        6: "five columns for each batch. Why the same five each time?",
        7: "each row with its column: five squares for each batch",
        8: "where the square would begin above or left of the image, it begins at 0",
        9: "4 pixels on each side of the middle: a slice may end outside",
    }
    the_line(line, 4, hints)
    yield 2, "a new generator with the same seed draws the same numbers, in every batch"


# Task 7: a policy under a budget


@task(points=5)
def find_policy(draw, find_policy):
    names = [f"operation {letter}" for letter in "ABCDEF"]
    enough = 1 + 6 * 7 // 2
    harm = Scores(draw, names, enough, harm=True)
    fairly(find_policy, harm)
    trials = [Scores(draw, names, enough) for _ in range(5)]  # luck helps once or twice
    policies = [fairly(find_policy, scores) for scores in trials]
    yield 2, f"within the budget, the best of what it asked: {sorted(policies[0])}"
    for scores, policy in zip(trials, policies):
        by_rounds(scores, policy)
    for scores in (harm, *trials):
        fully(scores)
    yield 2, f"it grows to the best policy of 64, with {len(scores.asked)} scores"
    for budget in (1, 1 + integer(draw, 2, 4), 9, 13):
        scores = Scores(draw, names, budget)
        fairly(find_policy, scores)
        fully(scores)
    flat = Scores(draw, names, enough)
    flat.validation = lambda policy: 0.8
    policy = fairly(find_policy, flat)
    expect(not policy, f"all scores are the same, so {policy} is not higher than []")
    yield 1, "a budget that ends in the middle of a round; scores that are all the same"


def by_rounds(scores, policy):
    """It kept the best of each whole round, and so came to the best policy."""
    names, asked = list(scores.gains), scores.asked
    expect(
        max(map(len, asked)) > 1,
        "only single operations were tried: go on, add a second one to the best",
    )
    first = [len(p) > 1 for p in asked].index(True)
    expect(
        len({*asked[:first]}) > len(names),
        f"{sorted(asked[first])} was tried before all single ones were: keep the "
        "best of a whole round. (`before = policy` is one list, append changes it)",
    )
    best = max(map(scores.validation, subsets(names)))
    found = scores.validation(policy)
    expect(
        found > best - 1e-9,
        f"it finds {found:.3f} where {best:.3f} can be found in {scores.budget} "
        "scores: in each round try each operation that is left together with those you "
        "have, and keep the best",
    )


def subsets(names):
    return chain.from_iterable(combinations(names, n) for n in range(len(names) + 1))


def fully(scores):
    """It stopped after a round that found nothing better, and no earlier."""
    best, full = frozenset(), 1  # scores that the whole search takes
    while more := [best | {name} for name in scores.gains if name not in best]:
        full += len(more)
        found = max(more, key=scores.validation)
        if scores.validation(found) <= scores.validation(best):
            break
        best = found
    asked, wanted = len(scores.asked), min(scores.budget, full)
    calls = f"validate was called {asked} times with a budget of {scores.budget}: "
    expect(
        asked <= wanted,
        f"{calls}{wanted} are enough. Skip what the policy has already, and stop after "
        "a round in which nothing scores higher",
    )
    expect(asked >= wanted, f"{calls}some were left, and so were operations to try")


def fairly(find_policy, scores):
    """The policy, when it was found by the rules."""
    budget, names = scores.budget, list(scores.gains)
    answer = ask(find_policy, names, scores.validate, scores.test, budget)
    what = "the order of " * (sorted(map(str, names)) == sorted(scores.gains))
    changed = f"it changes {what}`operations`, whose owner now has {names}"
    expect(names == list(scores.gains), f"{changed}: make a list of your own")
    expect(
        len(scores.asked) <= budget,
        f"validate was called {len(scores.asked)} times, with a budget of {budget}. "
        "Count every call, and ask before each whether one is left",
    )
    pair = type(answer) in (tuple, list) and len(answer) == 2
    expect(pair, f"expected (policy, score), got {kind(answer)}")
    policy, score = answer
    names = type(policy) in (tuple, list, set, frozenset)
    names = names and all(name in scores.gains for name in policy)
    expect(names, f"expected a list of operations as the policy, got {policy!r}")
    never = " and validate never: the test set chose" if not scores.asked else ""
    expect(
        len(scores.tested) < 2,
        f"test was called {len(scores.tested)} times{never}. validate chooses, test is "
        "asked once, at the end",
    )
    chosen = frozenset(policy)
    best_of_asked(scores, chosen)
    validated = "this is the score on the validation set, the highest of many and so "
    validated += "too good: report the one on the test set"
    mistakes = {validated: scores.validation(chosen)}
    what = "the score that is returned"
    same(score, scores.test_score(chosen), mistakes, what)
    expect(scores.tested, "the score on the test set was never asked")
    return policy


def best_of_asked(scores, chosen):
    """The chosen policy is the best of those that were validated, [] among them."""
    asked = dict(zip(scores.asked, map(scores.validation, scores.asked)))
    expect(
        frozenset() in asked,
        "the empty policy was never validated: without it you do not know whether "
        "augmenting helps at all",
    )
    expect(
        chosen in asked,
        f"{sorted(chosen)} was never validated: operations that help alone need not "
        "help together",
    )
    best = max(asked, key=asked.get)
    last = " It is the last that was asked." if chosen == scores.asked[-1] else ""
    expect(
        asked[chosen] >= asked[best],
        f"{sorted(chosen)} scored {asked[chosen]:.3f}, but {sorted(best)} scored "
        f"{asked[best]:.3f} on the way.{last}",
    )


class Scores:
    """What a training would say: gains add up, and each operation more costs more."""

    def __init__(self, draw, names, budget, harm=False):
        gains = torch.randperm(len(names), generator=draw) + 1
        gains = 0.03 * gains + 0.01 * torch.rand(len(names), generator=draw)
        gains = -gains if harm else gains - 0.06  # the best policy has three
        self.gains = dict(zip(names, gains.tolist()))
        self.other = dict(zip(names, gains.flip(0).tolist()))
        self.budget, self.asked, self.tested = budget, [], []

    def validation(self, policy):
        return 0.8 + sum(self.gains[name] for name in policy) - 0.01 * len(policy) ** 2

    def test_score(self, policy):
        return 0.75 + sum(self.other[name] for name in policy) / 2

    def validate(self, policy):
        self.asked.append(frozenset(policy))
        if len(self.asked) > self.budget + 100:
            raise RuntimeError(f"far over the budget of {self.budget} scores")
        return self.validation(self.asked[-1])

    def test(self, policy):
        self.tested.append(frozenset(policy))
        return self.test_score(self.tested[-1])

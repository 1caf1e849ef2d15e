"""Answers to homework 4: wrong ones with the hint meant for them, and right ones."""

import random

import torch
from torch.nn import functional as F

import lectures_lib as ll

# Task 1


def mirror(images, generator):
    chosen = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def mirror_looped(images, generator):
    made = []
    for image in images:
        tails = torch.randint(2, (1,), generator=generator).item()
        made.append(image.flip(2) if tails else image)
    return torch.stack(made)


def mirror_indexed(images, generator):
    images = images.clone()
    chosen = torch.rand(len(images), 1, generator=generator).round().bool()[:, 0]
    images[chosen] = images[chosen][..., torch.arange(images.shape[-1] - 1, -1, -1)]
    return images


def half_exactly(images, generator):
    images = images.clone()
    chosen = torch.randperm(len(images), generator=generator)[: len(images) // 2]
    images[chosen] = images[chosen].flip(-1)
    return images


def half_as_coins(images, generator):
    chosen = torch.randperm(len(images), generator=generator) < len(images) // 2
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def every_second(images, generator):
    chosen = torch.arange(len(images)) % 2 == 0
    return torch.where(chosen[:, None, None, None], images.flip(-1), images)


def mirror_with(flip, p=0.5):
    "Mirrors, or does something else, with another probability."

    def mirror(images, generator):
        chosen = torch.rand(len(images), generator=generator) < p
        return torch.where(chosen[:, None, None, None], flip(images), images)

    return mirror


def mirror_batch(images, generator):
    return images.flip(-1) if torch.rand(1, generator=generator) < 0.5 else images


def mirror_in_place(images, generator):
    chosen = torch.rand(len(images), generator=generator) < 0.5
    images[chosen] = images[chosen].flip(-1)
    return images


def mirror_global(images, generator):
    return mirror(images, torch.default_generator)


def mirror_by_random(images, generator):
    return torch.stack([x.flip(-1) if random.random() < 0.5 else x for x in images])


def mirror_seeded(images, generator):
    return mirror(images, torch.Generator().manual_seed(0))


def mirror_reseeded(images, generator):
    return mirror(images, generator.manual_seed(0))


def mirror_pixels(images, generator):
    chosen = torch.rand(images.shape, generator=generator) < 0.5
    return torch.where(chosen, images.flip(-1), images)


def mirror_sorted(images, generator):
    chosen = torch.rand(len(images), generator=generator) < 0.5
    return torch.cat([images[chosen].flip(-1), images[~chosen]])


def mirror_flat(images, generator):
    chosen = torch.rand(len(images), generator=generator) < 0.5
    return torch.where(chosen, images.flip(-1), images)


def mirror_chosen_only(images, generator):
    return images[torch.rand(len(images), generator=generator) < 0.5].flip(-1)


def mirror_single(images, generator):
    return mirror(images, generator).float()


def mirror_double(images, generator):
    return mirror(images, generator).double()


def mirror_by_the_library(images, generator):
    return ll.augmentation.augment(images, ["mirror"], generator)


# Task 2


def crop_at(images, tops, lefts, pad):
    h, w = images.shape[-2:]
    padded = F.pad(images, (pad, pad, pad, pad))
    crops = [
        image[:, top : top + h, left : left + w]
        for image, top, left in zip(padded, tops, lefts)
    ]
    return torch.stack(crops)


def random_crop(images, pad, generator):
    tops = torch.randint(2 * pad + 1, (len(images),), generator=generator)
    lefts = torch.randint(2 * pad + 1, (len(images),), generator=generator)
    return crop_at(images, tops, lefts, pad)


def crop_indexed(images, tops, lefts, pad):
    n, c, h, w = images.shape
    padded = images.new_zeros(n, c, h + 2 * pad, w + 2 * pad)
    padded[:, :, pad : pad + h, pad : pad + w] = images
    rows = (tops[:, None] + torch.arange(h))[:, None, :, None]
    columns = (lefts[:, None] + torch.arange(w))[:, None, None, :]
    return padded[torch.arange(n)[:, None, None, None], torch.arange(c)[:, None, None],
                  rows, columns]  # fmt: skip


def random_indexed(images, pad, generator):
    places = torch.randint(0, 2 * pad + 1, (2, len(images)), generator=generator)
    return crop_indexed(images, *places, pad)


def crop_pasted(images, tops, lefts, pad):
    "Without padding: what remains of each image is pasted into zeros."
    n, _, h, w = images.shape
    made = torch.zeros_like(images)
    for i in range(n):
        down, across = pad - int(tops[i]), pad - int(lefts[i])
        to = slice(max(down, 0), h + min(down, 0))
        at = slice(max(across, 0), w + min(across, 0))
        fro = slice(max(-down, 0), h + min(-down, 0))
        part = slice(max(-across, 0), w + min(-across, 0))
        made[i, :, to, at] = images[i, :, fro, part]
    return made


def random_floored(images, pad, generator):
    drawn = torch.rand(len(images), 2, generator=generator) * (2 * pad + 1)
    tops, lefts = drawn.floor().long().unbind(1)
    return crop_pasted(images, tops, lefts, pad)


def crop_first(images, tops, lefts, pad):
    h, w = images.shape[-2:]
    padded = F.pad(images, (pad, pad, pad, pad))
    return padded[:, :, tops[0] : tops[0] + h, lefts[0] : lefts[0] + w]


def crop_exchanged(images, tops, lefts, pad):
    return crop_at(images, lefts, tops, pad)


def crop_backwards(images, tops, lefts, pad):
    return crop_at(images, 2 * pad - tops, 2 * pad - lefts, pad)


def crop_padded_by(mode):
    def crop(images, tops, lefts, pad):
        padded = F.pad(images, (pad, pad, pad, pad), mode=mode)
        h, w = images.shape[-2:]
        cut = zip(padded, tops, lefts)
        return torch.stack([x[:, t : t + h, left : left + w] for x, t, left in cut])

    return crop


def crop_one_sided(images, tops, lefts, pad):
    padded = F.pad(images, (0, 2 * pad, 0, 2 * pad))
    h, w = images.shape[-2:]
    cut = zip(padded, tops, lefts)
    return torch.stack([x[:, t : t + h, left : left + w] for x, t, left in cut])


def crop_rolled(images, tops, lefts, pad):
    rolled = [
        image.roll((pad - int(top), pad - int(left)), dims=(1, 2))
        for image, top, left in zip(images, tops, lefts)
    ]
    return torch.stack(rolled)


def crop_white(images, tops, lefts, pad):
    return 1 - crop_at(1 - images, tops, lefts, pad)


def crop_faulty(padding=lambda p: (p, p, p, p), shift=0, height=None):
    "crop_at with another padding, start (times pad) or height of its pieces."

    def crop(images, tops, lefts, pad):
        h, w = images.shape[-2:]
        padded, h = F.pad(images, padding(pad)), height or h
        places = zip(padded, tops + shift * pad, lefts + shift * pad)
        return torch.stack([x[:, t : t + h, left : left + w] for x, t, left in places])

    return crop


def crop_whole(images, tops, lefts, pad):
    return F.pad(images, (pad, pad, pad, pad))


def crop_middle(images, tops, lefts, pad):
    return images.clone()


def random_to(tops_end, lefts_end=None, low=0):
    "random_crop with other limits, as functions of pad."

    def random_crop(images, pad, generator):
        n = len(images)
        tops = torch.randint(low, tops_end(pad), (n,), generator=generator)
        lefts = torch.randint(
            low, (lefts_end or tops_end)(pad), (n,), generator=generator
        )
        return crop_at(images, tops, lefts, pad)

    return random_crop


def random_batch(images, pad, generator):
    top, left = torch.randint(2 * pad + 1, (2, 1), generator=generator)
    return crop_at(images, top.expand(len(images)), left.expand(len(images)), pad)


def random_diagonal(images, pad, generator):
    places = torch.randint(2 * pad + 1, (len(images),), generator=generator)
    return crop_at(images, places, places, pad)


def random_global(images, pad, generator):
    places = torch.randint(2 * pad + 1, (2, len(images)))
    return crop_at(images, *places, pad)


def random_reseeded(images, pad, generator):
    return random_crop(images, pad, torch.Generator().manual_seed(1))


def random_rounded(images, pad, generator):
    places = (torch.rand(2, len(images), generator=generator) * 2 * pad).round().long()
    return crop_at(images, *places, pad)


def random_normal(images, pad, generator):
    drawn = torch.randn(2, len(images), generator=generator) * pad / 2 + pad
    return crop_at(images, *drawn.round().long().clamp(0, 2 * pad), pad)


def random_wrong_pad(images, pad, generator):
    return F.pad(random_crop(images, pad, generator), (1, -1))


# Task 3


def cutout(images, size, value, generator):
    n, _, h, w = images.shape
    rows = torch.randint(h, (n, 1), generator=generator)
    columns = torch.randint(w, (n, 1), generator=generator)
    down = (torch.arange(h) - rows).abs() <= size // 2
    across = (torch.arange(w) - columns).abs() <= size // 2
    covered = down[:, None, :, None] & across[:, None, None, :]
    return images.masked_fill(covered, value)


def cutout_with(
    *,
    shared=False,
    inside=False,
    wraps=False,
    fill=None,
    channels=slice(None),
    half=0,
    in_place=False,
    fresh=None,
    short=0,
    square=False,
    chance=1.0,
    corner=False,
):
    "A loop over the images, right, or with a fault."

    def cutout(images, size, value, generator):
        if fresh is not None:
            generator = fresh(generator)
        made = images if in_place else images.clone()
        h, w = images.shape[-2:]
        reach = size // 2
        for number, image in enumerate(made):
            low, cut = (reach, reach) if inside else (0, 0)
            if number == 0 or not shared:
                row, column = (
                    int(
                        torch.randint(low, end - cut - short, (1,), generator=generator)
                    )
                    for end in (h, w)
                )
                column = min(row, w - 1) if square else column
            if chance < 1 and torch.rand(1, generator=generator) > chance:
                continue
            first = reach if not corner else 0
            top = row - first if wraps else max(row - first, 0)
            left = column - first if wraps else max(column - first, 0)
            stop = size - first + half
            painted = value if fill is None else fill
            image[channels, top : row + stop, left : column + stop] = painted
        return made

    return cutout


def cutout_at(places):
    "A right cutout, at the rows and columns that places(generator, n, h, w) draws."

    def cutout(images, size, value, generator):
        images, (h, w), half = images.clone(), images.shape[-2:], size // 2
        rows, columns = places(generator, len(images), h, w)
        for image, row, column in zip(images, rows.tolist(), columns.tolist()):
            top, left = max(row - half, 0), max(column - half, 0)
            image[:, top : row + half + 1, left : column + half + 1] = value
        return images

    return cutout


def exchanged(generator, n, h, w):
    rows = torch.randint(w, (n,), generator=generator)
    return rows, torch.randint(h, (n,), generator=generator)


def by_height(generator, n, h, w):
    pixels = torch.randint(h * w, (n,), generator=generator)
    return pixels // h, pixels % h


def by_width(generator, n, h, w):
    pixels = torch.randint(h * w, (n,), generator=generator)
    return pixels // w, pixels % w


def rounded(generator, n, h, w):
    drawn = torch.rand(2, n, generator=generator)
    return (drawn * torch.tensor([[h - 1], [w - 1]])).round().long()


def cutout_into_all(images, size, value, generator):
    images, (h, w), half = images.clone(), images.shape[-2:], size // 2
    for _ in range(len(images)):
        row = int(torch.randint(h, (1,), generator=generator))
        column = int(torch.randint(w, (1,), generator=generator))
        top, left = max(row - half, 0), max(column - half, 0)
        images[:, :, top : row + half + 1, left : column + half + 1] = value
    return images


def cutout_padded(images, size, value, generator):
    "Paints into a larger picture, and cuts the middle out of it."
    half = size // 2
    n, _, h, w = images.shape
    rows = torch.randint(h, (n,), generator=generator).tolist()
    columns = torch.randint(w, (n,), generator=generator).tolist()
    large = F.pad(images, (half, half, half, half))
    for image, row, column in zip(large, rows, columns):
        image[:, row : row + size, column : column + size] = value
    return large[..., half : half + h, half : half + w]


def cutout_by_the_library(images, size, value, generator):
    sides = torch.full((len(images),), size / images.shape[-1])
    return ll.augmentation.transform(images.clamp(0, 1), "cutout", sides, generator)


# Task 5


@torch.no_grad()
def average_views(model, images, view, views):
    was = model.training
    model.eval()
    total = sum(model(view(images)).softmax(1) for _ in range(views))
    model.train(was)
    return total / views


def average_stacked(model, images, view, views):
    modes = {module: module.training for module in model.modules()}
    model.eval()
    with torch.inference_mode():
        logits = torch.stack([model(view(images)) for _ in range(views)])
    for module, mode in modes.items():
        module.training = mode
    return torch.softmax(logits, dim=-1).mean(dim=0).clone()


def average_in_one_batch(model, images, view, views):
    mode = model.training
    batch = torch.cat([view(images) for _ in range(views)])
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    logits = model.eval()(batch)
    torch.set_grad_enabled(before)
    model.train(mode)
    return F.softmax(logits, 1).reshape(views, len(images), -1).mean(0)


def average_of(combine):
    "Averages the logits (views, n, classes) in another way; the rest is right."

    def average_views(model, images, view, views):
        was = model.training
        model.eval()
        with torch.no_grad():
            logits = torch.stack([model(view(images)) for _ in range(views)])
        model.train(was)
        return combine(logits)

    return average_views


def one_view_only(model, images, view, views):
    once = view(images)
    return average_views(model, images, lambda _: once, views)


def as_they_are(model, images, view, views):
    return average_views(model, images, lambda images: images, views)


def view_of_view(model, images, view, views):
    def again(_):
        nonlocal images
        images = view(images)
        return images

    return average_views(model, images, again, views)


def one_view_more(model, images, view, views):
    view(images)
    return average_views(model, images, view, views)


def in_training_mode(model, images, view, views):
    with torch.no_grad():
        return sum(model(view(images)).softmax(1) for _ in range(views)) / views


def left_in_evaluation(model, images, view, views):
    model.eval()
    return in_training_mode(model, images, view, views)


def always_trains_after(model, images, view, views):
    model.eval()
    result = in_training_mode(model, images, view, views)
    model.train()
    return result


def and_as_they_are(model, images, view, views):
    mean = average_views(model, images, view, views)
    as_it_is = average_views(model, images, lambda images: images, 1)
    return (views * mean + as_it_is) / (views + 1)


def detached(model, images, view, views):
    return with_gradients(model, images, view, views).detach()


def detached_batch(model, images, view, views):
    mode = model.training
    batch = torch.cat([view(images) for _ in range(views)])
    logits = model.eval()(batch).detach()
    model.train(mode)
    return F.softmax(logits, 1).reshape(views, len(images), -1).mean(0)


def with_gradients(model, images, view, views):
    was = model.training
    model.eval()
    total = sum(model(view(images)).softmax(1) for _ in range(views))
    model.train(was)
    return total / views


def gradients_stay_off(model, images, view, views):
    was = model.training
    model.eval()
    torch.set_grad_enabled(False)
    total = sum(model(view(images)).softmax(1) for _ in range(views))
    model.train(was)
    return total / views


# Task 7


def find_policy(operations, validate, test, budget):
    policy, best, left = [], validate([]), budget - 1
    growing = True
    while growing and left:
        growing, base = False, policy
        for name in operations:
            if name not in base and left:
                left -= 1
                score = validate([*base, name])
                if score > best:
                    policy, best, growing = [*base, name], score, True
    return policy, test(policy)


def find_recorded(operations, validate, test, budget):
    "Keeps all scores in a dictionary, and looks the best up at the end."
    scores = {(): validate(())}
    best = ()
    while True:
        tries = [(*best, name) for name in operations if name not in best]
        tries = tries[: budget - len(scores)]
        scores |= {policy: validate(policy) for policy in tries}
        found = max(scores, key=scores.get)
        if found == best:
            return list(best), test(best)
        best = found


def find_with_counter(operations, validate, test, budget):
    asked = 0

    def ask(policy):
        nonlocal asked
        asked += 1
        return validate(policy) if asked <= budget else float("-inf")

    best = [], ask([])
    for _ in operations:
        more = [o for o in operations if o not in best[0]]
        round_ = [(best[0] + [o], ask(best[0] + [o])) for o in more]
        better = max([best, *round_], key=lambda pair: pair[1])
        if better is best:
            break
        best = better
    return best[0], test(best[0])


def over_budget(operations, validate, test, budget):
    return find_policy(operations, validate, test, 10 * budget)


def endless(operations, validate, test, budget):
    while True:
        validate([])


def without_nothing(operations, validate, test, budget):
    first = {name: validate([name]) for name in operations[:budget]}
    best = max(first, key=first.get)
    return [best], test([best])


def singles(operations, validate, test, budget):
    scores = {(): validate([])}
    scores |= {(name,): validate([name]) for name in operations[: budget - 1]}
    best = max(scores, key=scores.get)
    return list(best), test(best)


def all_that_help(operations, validate, test, budget):
    nothing = validate([])
    helps = [o for o in operations[: budget - 1] if validate([o]) > nothing]
    return helps, test(helps)


def last_asked(operations, validate, test, budget):
    policy = []
    validate(policy)
    for name in operations[: budget - 1]:
        policy = [*policy, name]
        validate(policy)
    return policy, test(policy)


def nested(operations, validate, test, budget):
    "Adds one operation after the other, in the order in which they come."
    scores = {(): validate([])}
    for n in range(1, min(budget, len(operations) + 1)):
        policy = tuple(operations[:n])
        scores[policy] = validate(policy)
    best = max(scores, key=scores.get)
    return list(best), test(best)


def by_the_test_set(operations, validate, test, budget):
    scores = {(): validate([])}
    scores |= {(name,): validate([name]) for name in operations[: budget - 1]}
    best = max(scores, key=test)
    return list(best), test(best)


def chosen_by_test(operations, validate, test, budget):
    return find_policy(operations, test, test, budget)


def shuffled(operations, validate, test, budget):
    random.Random(0).shuffle(operations)
    return find_policy(operations, validate, test, budget)


def reports_validation(operations, validate, test, budget):
    scores = {}

    def noted(policy):
        scores[frozenset(policy)] = validate(policy)
        return scores[frozenset(policy)]

    policy, _ = find_policy(operations, noted, test, budget)
    return policy, scores[frozenset(policy)]


def policy_only(operations, validate, test, budget):
    return find_policy(operations, validate, test, budget)[0]


def random_policies(operations, validate, test, budget):
    scores = {(): validate([])}
    draw = random.Random(0)
    for _ in range(budget - 1):
        policy = tuple(o for o in operations if draw.random() < 0.5)
        scores[policy] = validate(policy)
    best = max(scores, key=scores.get)
    return list(best), test(best)


def whole_rounds(operations, validate, test, budget):
    "Right, but a round that has begun is brought to its end."
    policy, best, left = [], validate([]), budget - 1
    while left > 0:
        tries = [[*policy, name] for name in operations if name not in policy]
        scores = [validate(more) for more in tries]
        left -= len(tries)
        if not tries or max(scores) <= best:
            break
        best = max(scores)
        policy = tries[scores.index(best)]
    return policy, test(policy)


def grown(fault=""):
    "The right search with one line of it replaced, as a student may have it."

    def find_policy(operations, validate, test, budget):
        policy, best, left = [], validate([]), budget - 1
        left -= {"two early": 2, "one early": 1}.get(fault, 0)
        growing, remaining = True, list(operations)
        if fault == "emptied":
            remaining = operations
        while growing and left > 0:
            growing, before = fault == "endless", policy
            before = policy if fault == "alias" else [*policy]
            for name in operations if fault != "emptied" else [*remaining]:
                if (name in before and fault != "again") or left <= 0:
                    continue
                left -= 1
                score = validate([*before, name])
                if score > best or (fault == "equal" and score == best):
                    best, growing = score, True
                    if fault == "alias":
                        policy.append(name)
                    else:
                        policy = [*before, name]
                    if fault == "removed":
                        operations.remove(name)
            if fault == "emptied" and growing:
                remaining.remove(policy[-1])
        return policy, test(policy)

    return find_policy


def reversed_rounds(operations, validate, test, budget):
    "The operations of a round in another order, as tuples."
    scores = {(): validate(())}
    while len(scores) < budget:
        before = max(scores, key=scores.get)
        tries = [(name, *before) for name in operations[::-1] if name not in before]
        scores |= {more: validate(more) for more in tries[: budget - len(scores)]}
        if max(scores, key=scores.get) == before:
            break
    best = max(scores, key=scores.get)
    return best, test(best)


RIGHT = {
    "mirror": [mirror, mirror_looped, mirror_indexed],
    "crops": [
        (crop_at, random_crop),
        (crop_indexed, random_indexed),
        (crop_pasted, random_floored),
    ],
    "cutout": [cutout, cutout_with(), cutout_padded, cutout_at(by_width)],
    "training_in_order": [
        [2, 4, 7, 6, 5, 8, 3, 1],
        [2, 4, 7, 6, 8, 5, 3, 1],
        [2, 4, 7, 5, 6, 8, 3, 1],
        [2, 4, 7, 6, 8, 3, 1, 5],
    ],
    "average_views": [average_views, average_stacked, average_in_one_batch],
    "which_line": [4],
    "find_policy": [
        find_policy,
        find_recorded,
        find_with_counter,
        reversed_rounds,
        grown(),
    ],
}

WRONG = {
    "mirror": [
        (mirror_batch, "toss a coin for each image"),
        (mirror_with(lambda x: x.flip(-2)), "images are upside down"),
        (mirror_with(lambda x: x.flip((-2, -1))), "images are turned by 180°"),
        (mirror_with(lambda x: x.flip(1)), "images are with their channels reversed"),
        (mirror_with(lambda x: x.flip(0)), "away from their labels"),
        (mirror_with(lambda x: x.flip(-1), p=0), "no image is mirrored"),
        (mirror_with(lambda x: x.flip(-1), p=1), "every image is mirrored"),
        (mirror_with(lambda x: x.flip(-1), p=0.25), "expected about one in two"),
        (mirror_with(lambda x: x.roll(1, -1)), "neither as they were nor mirrored"),
        (mirror_in_place, "it changes its argument number 1 in place"),
        (mirror_global, "must come from `generator`"),
        (mirror_by_random, "must come from `generator`"),
        (mirror_seeded, "the result does not change with the generator"),
        (every_second, "the result does not change with the generator"),
        (half_exactly, "exactly 50 of 100 images are mirrored each time"),
        (half_as_coins, "exactly 50 of 100 images are mirrored each time"),
        (mirror_reseeded, "without a seed of your own"),
        (mirror_pixels, "neither as they were nor mirrored"),
        (mirror_sorted, "of 100 images stand in another place of the batch"),
        (mirror_flat, "the condition needs the shape (n, 1, 1, 1)"),
        (mirror_chosen_only, "expected images like those that came"),
        (mirror_single, "of torch.float64; got"),
        (mirror_double, "of torch.float32; got"),
        (mirror_by_the_library, "it calls augment"),
    ],
    "crops": [
        ((crop_first, random_crop), "all images are cut where the first one is"),
        ((crop_exchanged, random_crop), "tops count rows from above, lefts columns"),
        ((crop_backwards, random_crop), "the crop moves the other way"),
        ((crop_padded_by("replicate"), random_crop), "you repeat its border"),
        ((crop_padded_by("reflect"), random_crop), "you mirror it there"),
        ((crop_one_sided, random_crop), "on all four sides"),
        ((crop_rolled, random_crop), "comes back on the other"),
        ((crop_white, random_crop), "you have ones"),
        ((crop_middle, random_crop), "whatever tops and lefts say"),
        ((crop_whole, random_crop), "got a tensor (6, 3, "),
        ((crop_faulty(lambda p: (0, 0, 0, 0)), random_crop), "for top 0, left"),
        ((crop_faulty(lambda p: (p, p)), random_crop), "left 0 has"),
        ((crop_faulty(shift=-1), random_crop), "for top 0, left"),
        ((crop_faulty(shift=1), random_crop), "for top 0, left"),
        ((crop_faulty(height=28), random_crop), "for top 0, left"),
        ((crop_at, random_to(lambda p: 2 * p + 2)), "the places go from 0 to 4"),
        ((crop_at, random_rounded), "half as often as those between"),
        ((crop_at, random_batch), "all images of the batch get the same crop"),
        ((crop_at, random_to(lambda p: 2 * p)), "torch.randint leaves its upper end"),
        ((crop_at, random_to(lambda p: p + 1)), "tops lie between 0 and 2"),
        (
            (crop_at, random_to(lambda p: 2 * p + 1, lambda p: p + 1)),
            "lefts lie between 0 and 2",
        ),
        ((crop_at, random_to(lambda p: 2 * p + 1, low=1)), "tops lie between 1 and 4"),
        ((crop_at, random_diagonal), "always the one down"),
        ((crop_at, random_global), "must come from `generator`"),
        ((crop_at, random_reseeded), "does not change with the generator"),
        ((crop_at, lambda images, *_: images), "does not change with the generator"),
        ((crop_at, random_normal), "far more often than others"),
        ((crop_at, random_wrong_pad), "none of their 25 crops"),
    ],
    "cutout": [
        (cutout_with(shared=True), "all images of the batch have their square"),
        (cutout_with(inside=True), "the square never sticks out"),
        (cutout_with(wraps=True), "A slice that begins below 0"),
        (cutout_with(fill=0), "a square has the asked value"),
        (cutout_with(channels=0), "a square goes through all channels"),
        (cutout_with(half=-1), "a square has height 4, expected 5"),
        (cutout_with(half=1), "its middle, and 2 pixels on each side"),
        (cutout_with(in_place=True), "it changes its argument number 1 in place"),
        (cutout_with(fresh=lambda _: None), "must come from `generator`"),
        (cutout_with(fresh=lambda g: g.manual_seed(3)), "without a seed of your own"),
        (cutout_with(short=1), "torch.randint leaves its upper end out"),
        (cutout_with(square=True), "always the one down"),
        (cutout_at(exchanged), "are rows up to the width"),
        (cutout_at(by_height), "are rows up to the width"),
        (
            cutout_at(rounded),
            "✗ the middle's rows 0 and 7 are drawn half as often as those between",
        ),
        (cutout_into_all, "each square is in all images"),
        (cutout_with(chance=0.5), "of 2000 images have no square"),
        (cutout_with(corner=True), "is the middle of its square, no corner"),
        (lambda images, *_: images.clone(), "no image has a square"),
        (cutout_by_the_library, "it calls transform"),
    ],
    "training_in_order": [
        ([1, 2, 3, 4, 5, 6, 7, 8], "an indented line belongs below"),
        ([2, 4, 7, 8, 6, 5, 3, 1], "uses `moved` before"),
        ([2, 4, 7, 6, 5, 3, 8, 1], "uses `loss` before"),
        ([2, 7, 6, 5, 8, 3, 1, 4], "uses `batches` before"),
        ([2, 4, 7, 6, 8, 3, 5, 1], "throws away what backward has found"),
        ([2, 4, 7, 6, 5, 8, 1, 3], "backward has to come before"),
        ([2, 4, 7, 6, 5, 8, 3, 3], "each of 1 to 8 once"),
    ],
    "average_views": [
        (average_of(lambda x: x.mean(0).softmax(1)), "softmax first, then the mean"),
        (average_of(lambda x: x.mean(0)), "these are averaged logits"),
        (
            average_of(lambda x: F.one_hot(x.argmax(2), 4).float().mean(0)),
            "these are votes",
        ),
        (average_of(lambda x: x.softmax(1).mean(0)), "softmax over the classes"),
        (average_of(lambda x: x.softmax(2).sum(0)), "this is the sum over"),
        (average_of(lambda x: x.softmax(2).mean(0).argmax(1)), "these are answers"),
        (average_of(lambda x: x.softmax(2)[-1]), "of the last view only"),
        (one_view_only, "a new view each time"),
        (as_they_are, "view was never called"),
        (view_of_view, "it always takes the images as they are"),
        (one_view_more, "a new view each time"),
        (in_training_mode, "the net was asked in training mode"),
        (left_in_evaluation, "put it back"),
        (always_trains_after, "the net was in evaluation mode, and is not any more"),
        (and_as_they_are, "count as one more view"),
        (average_of(lambda x: x.sigmoid().mean(0)), "sigmoid looks at each class"),
        (with_gradients, "hangs on the graph of all views"),
        (gradients_stay_off, "gradients are still off after your function"),
        (detached, "`detach` comes too late"),
        (detached_batch, "`detach` comes too late"),
    ],
    "which_line": [
        (1, "squares that reach 4 pixels"),
        (3, "enough for many squares"),
        (5, "Why the same five each time?"),
        (6, "five columns for each batch"),
        (8, "it begins at 0"),
        (9, "a slice may end outside"),
        (0, "from 1 to 9"),
        ("4", "expected the number of a line"),
    ],
    "find_policy": [
        (over_budget, "with a budget of"),
        (endless, "far over the budget"),
        (without_nothing, "the empty policy was never validated"),
        (singles, "only single operations were tried"),
        (all_that_help, "was never validated"),
        (last_asked, "It is the last that was asked"),
        (nested, "keep the best"),
        (random_policies, "keep the best"),
        (chosen_by_test, "validate never: the test set chose"),
        (shuffled, "it changes the order of `operations`"),
        (by_the_test_set, "validate chooses, test is asked once"),
        (reports_validation, "this is the score on the validation set"),
        (grown("endless"), "stop after a round"),
        (grown("again"), "Skip what the policy has"),
        (grown("equal"), "is not higher"),
        (grown("two early"), "some were left, and so were operations"),
        (grown("one early"), "some were left, and so were operations"),
        (grown("alias"), "before all single ones were"),
        (grown("emptied"), "it changes `operations`"),
        (grown("removed"), "it changes `operations`"),
        (policy_only, "expected (policy, score)"),
        (whole_rounds, "ask before each whether one is left"),
    ],
}

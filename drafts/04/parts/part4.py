from lib import md, code

# A11
md("a11","slide",r"""
<a id="A11"></a>
## When the label changes

From here on: handwritten digits of 8×8 pixels, since nets for them train in a hundredth of a second.

**Question.** Nets that have only seen upright digits are shown sixes, turned further and further. From which angle on do they begin to answer nine?
""")
code("a11-predict","-",r"""
turn_guess = ll.widgets.Predict(
    "More than one answer in ten is nine from about …",
    ["60 degrees on", "120 degrees on", "160 degrees on", "never: a six stays a six"],
)
turn_guess
""")
code("a11-nets","subslide",r"""
digits, digits_test = ll.data.digits("train"), ll.data.digits("test")


def fit_nets(pictures, labels, nets=8, steps=400):
    "Small nets with one hidden layer, all trained at once on the same pictures."
    same = pictures.expand(nets, *pictures.shape), labels.expand(nets, -1)
    return ll.many.fit_many(*same, steps=steps)


upright = fit_nets(*digits)
right = ll.many.accuracies(upright, digits_test)
print("eight nets, each right on more than 80 %:", (right > 0.8).all().item())
""")
code("a11-turn","-",r"""
angles = torch.arange(0, 181, 15)
sixes = digits_test[0][digits_test[1] == 6]
chart = (
    "Share of the answers six and nine against the angle of turned sixes. Six "
    "falls from nearly all to none, nine rises to most at 180 degrees, between them is "
    "neither. Below, one six at each angle."
)
""")
code("a11-answers","subslide",r"""
def answers_when(operation, strengths, images, nets=upright):
    "Share of each answer at each strength, mean over the nets: (strengths, 10)."
    shares = []
    for strength in strengths:
        each = torch.full((len(images),), float(strength))
        changed = ll.augmentation.transform(images, operation, each)
        answers = ll.many.logits(nets, changed.flatten(1)).argmax(2)
        shares.append(F.one_hot(answers, 10).float().mean((0, 1)))
    return torch.stack(shares)


when_turned = answers_when("rotate", angles, sixes)
""")
code("a11-picture","subslide",r"""
fig, axes = plt.subplots(2, 1, figsize=(9, 4.6), height_ratios=[3, 1])
for digit, color, line in ((6, ll.figures.BLUE, "-"), (9, ll.figures.RED, "--")):
    axes[0].plot(angles, when_turned[:, digit], line, marker="o", color=color)
    beside = angles[6 - digit], when_turned[6 - digit, digit]
    ll.figures.label(axes[0], beside, f"  answer {digit}", color=color)
axes[0].set(xlim=(-8, 212), ylim=(0, 1.05), xticks=angles, ylabel="share of answers")
for angle in angles:
    turned = ll.augmentation.transform(sixes[:1], "rotate", angle[None].float())
    axes[1].imshow(turned[0, 0], extent=(angle - 7, angle + 7, 0, 14), vmin=0, vmax=1)
axes[1].set(xlim=(-8, 212), ylim=(0, 14))
axes[1].axis("off")
ll.figures.show(fig, alt=chart)
""")
code("a11-claim-label","subslide",r"""
upside_down = when_turned[-1]
ll.claims.claim(
    "A11",
    "sixes turned by 180° are called nine more often than six: the label has changed",
    upside_down[9] > upside_down[6],
    margin=(upside_down[9] - upside_down[6]).item(),
    six=upside_down[6],
    nine=upside_down[9],
)
""")
code("a11-compare","-",r"""
nine = when_turned[:, 9] > 0.1
angle = angles[nine.int().argmax()].item() if nine.any() else 999
turn_guess.compare(turn_guess.options[int(np.digitize(angle, [91, 141, 181]))])
""",ignore=True)
md("a11-useless","subslide",r"""
### … and when nothing is left

⚠ "Contrast until the picture is black" is often said. Look at what the operations do: brightness multiplies, so 0 is **black**. Contrast pulls towards the mean brightness, so 0 is **grey**, and a high one saturates: pixels end at 0 or at 1.
""")
code("a11-dark-picture","-",r"""
versions = [("brightness", s) for s in (1, 0.5, 0)]  # the first: as it is
versions += [("contrast", s) for s in (0.5, 0, 5)]
fig, axes = plt.subplots(1, 6, figsize=(9, 1.7))
for ax, (name, factor) in zip(axes, versions):
    made = ll.augmentation.transform(photo, name, torch.tensor([float(factor)]))
    ax.imshow(made[0].permute(1, 2, 0))
    ax.set_title(f"{name} {factor}", loc="center", fontsize=12)
    ax.axis("off")
ll.figures.show(
    fig,
    alt="The cat as it is, darker, black, with less contrast, grey all over, and with "
    "a contrast so high that few colours are left.",
    colors=128,
)
""")
code("a11-claim-black","subslide",r"""
factors = [1, 0.5, 0.2, 0.1, 0.05, 0]
when_dark = []
for factor in factors:
    dark = ll.augmentation.transform(
        digits_test[0], "brightness", torch.full((600,), float(factor))
    )
    when_dark.append(ll.many.accuracies(upright, (dark, digits_test[1])))
black_answers = ll.many.logits(upright, dark.flatten(1)).argmax(2)  # (8, 600)
ll.claims.claim(
    "A11",
    "at brightness 0 each net gives one answer to all pictures: nothing can be learned",
    (black_answers == black_answers[:, :1]).all(),
    accuracy=torch.stack(when_dark),
)
""")
code("a11-claim-grey","-",r"""
gray = [
    ll.augmentation.transform(digits_test[0], "contrast", torch.full((600,), s))
    for s in (0.0, 5.0)
]
mean = digits_test[0].mean((1, 2, 3))
extreme = [((x == 0) | (x == 1)).float().mean() for x in (digits_test[0], gray[1])]
ll.claims.claim(
    "A11",
    "contrast 0 is grey, the mean of each picture; a high one drives pixels to 0 or 1",
    torch.allclose(gray[0], mean[:, None, None, None].expand_as(gray[0]), atol=1e-6)
    and mean.min() > 0
    and extreme[1] > extreme[0],
    extreme=extreme,
)
""")
md("a11-quiz","subslide",r"""
### Quiz 2.1 of the lecture
""")
code("a11-quiz-widget","-",r"""
ll.widgets.Quiz(
    "Blind augmentation might (i) change the label, (ii) make a useless data point.",
    {
        "Only (i)": (False, "A black picture keeps its label, and teaches nothing."),
        "Only (ii)": (False, "A six turned by 180° is a nine, with the label six."),
        "Neither": (False, "Both happen: look at the two figures above."),
        "Both": (True, "A turned six, and a black picture."),
    },
)
""")
md("a11-words","skip",r"""
**In words.** At 45 degrees hardly any answer is six, from 150 degrees on more and more are nine, between them it is something else. And an upside-down six *is* a nine.

A label survives *some* transformations, and which ones depends on the task: mirror images are harmless for shoes and not for digits. Nobody but you knows that.

**Try it.** In `a11-turn` take the eights, `== 8`, instead of the sixes. Do they turn into something else?

<details><summary>Answer</summary>
Not at 180 degrees: an eight upside down is an eight, and many answers say so. (Print `when_turned[:, 8]`; the figure draws the answers 6 and 9 only.)
</details>
""")

# A6
md("a6","slide",r"""
<a id="A6"></a>
## One by one, and all together

**Question.** 100 labelled digits. Each operation alone, with strengths from half of its range; and all of them, one after the other. What does each gain on the test digits?

For each operation eight nets, each with other digits and another start. Every net gets 200 steps, and every digit eight versions. All 144 nets train side by side (`ll.many`).
""")
code("a6-predict","-",r"""
table_guess = ll.widgets.Predict(
    "Of 16 operations alone, so many raise the accuracy by more than two points:",
    ["none or one", "about five", "more than ten"],
)
table_guess
""")
code("a6-arms","subslide",r"""
operations = [name for name in ll.augmentation.POOL if name != "saturation"]  # grey
arms = {"nothing": [], **{name: [name] for name in operations}, "all": operations}


def versions_of(images, policy, generator, copies=8, strength=0.5):
    "Each image in so many versions, augmented by the policy's operations in turn."
    many = images.repeat(copies, 1, 1, 1)
    return ll.augmentation.augment(many, policy, generator, strength)
""")
code("a6-train","-",r"""
def gains(seed):
    "Accuracy of each arm and class on the test digits: (arms, 10)."
    images, labels = ll.data.digits("train", 100, seed)
    draw = ll.environment.generator(seed)
    made = [versions_of(images, policy, draw) for policy in arms.values()]
    nets = ll.many.fit_many(
        torch.stack(made), labels.repeat(8).expand(len(arms), -1), seed
    )
    right = ll.many.logits(nets, digits_test[0].flatten(1)).argmax(2) == digits_test[1]
    of_class = F.one_hot(digits_test[1], 10).float()
    return right.float() @ of_class / of_class.sum(0)


found = torch.stack([gains(seed) for seed in range(8)])  # (8, arms, 10)
gain = 100 * (found - found[:, :1]).mean(2)  # points, the classes alike: (8, arms)
""")
code("a6-order","skip",r"""
order = gain[:, 1:].mean(0).argsort() + 1
names = np.array(list(arms))[order]
""")
code("a6-picture","fragment",r"""
fig, ax = plt.subplots(figsize=(9, 5.2))
ax.axvline(0, color=ll.figures.INK, linewidth=1)
for place, arm in enumerate(order):
    ax.plot(gain[:, arm], np.full(8, place), "|", markersize=9, color=ll.figures.GREY)
    ax.plot(gain[:, arm].mean(), place, "o", markersize=8, color=ll.figures.BLUE)
ax.set(yticks=range(len(names)), yticklabels=names, xscale="symlog", xlim=(-80, 10))
points = [-50, -20, -10, -5, -2, 0, 2, 5]
ax.set(xticks=points, xticklabels=points, xlabel="points gained in test accuracy")
ax.tick_params(axis="y", labelsize=11)
ll.figures.show(
    fig,
    alt="Points gained by each operation alone and by all together, eight runs each "
    "and their mean. Most lie around zero. The three flips lose several points, all "
    "together lose tens of points.",
)
""", ignore=True)
code("a6-claim-all","subslide",r"""
lost = -gain[:, list(arms).index("all")].mean().item()
ll.claims.claim(
    "A6",
    "all operations one after the other: worse than nothing, by more than 10 points",
    lost > 10,
    margin=lost - 10,
    gain=gain[:, -1],
)
""")
code("a6-claim-few","-",r"""
alone = gain[:, 1:-1].mean(0)  # (16,)
second = alone.sort().values[-2].item()
ll.claims.claim(
    "A6",
    "alone, at most one of the 16 gains more than two points",
    second < 2,
    margin=2 - second,
    **dict(zip(operations, alone)),
)
""")
code("a6-claim-flips","-",r"""
flips = [list(arms).index(name) for name in ("mirror", "upside down", "half turn")]
worst = gain[:, flips].mean(0).max().item()
ll.claims.claim(
    "A6",
    "each of the three flips costs accuracy on digits: their labels change",
    worst < 0,
    margin=-worst,
    **{name: gain[:, place].mean() for name, place in zip(("x", "y", "both"), flips)},
)
""")
code("a6-compare","-",r"""
number = (alone > 2).sum().item()
table_guess.compare(table_guess.options[int(np.digitize(number, [2, 8]))])
""",ignore=True)
md("a6-classes","subslide",r"""
### Who pays?

On average, moving digits sideways ("shift x") helps. Every class?

Recorded over 100 draws of digits: the gain of each class. The class that loses most is *chosen* on the first 50, and its loss *measured* on the other 50. (The smallest of ten random numbers is negative even if nothing is wrong.)
""")
code("a6-recorded","-",r"""
record = ll.results.load(ll.experiments.operations)
print(record.note)
""",ignore=True)
code("a6-classes-picture","subslide",r"""
of_class = 100 * (found[:, list(arms).index("shift x")] - found[:, 0])  # (8, 10)
recorded = 100 * record.values.get("gain by class, shift x", np.zeros((100, 10)))
fig, ax = plt.subplots(figsize=(9, 3.8))
ax.axhline(0, color=ll.figures.INK, linewidth=1)
ax.errorbar(
    range(10), recorded.mean(0), 2 * recorded.std(0) / 100**0.5, fmt="o", capsize=5
)
ax.plot(range(10), of_class.mean(0), "x", color=ll.figures.ORANGE, markersize=9)
ax.set(xticks=range(10), xlabel="digit", ylabel="points gained", ylim=(-16, 22))
ax.text(9.4, 19, "• recorded, ± 2 standard errors   × here", ha="right")
ll.figures.show(
    fig,
    alt="Points gained by each class of digits from shifts to the side. The ones gain "
    "most, by far; the fours and nines lose.",
)
""")
code("a6-claim-classes","subslide",r"""
if record.sound:
    paying = recorded[:50].mean(0).argmin()
    measured = recorded[50:, paying]
    error = measured.std(ddof=1) / 50**0.5
    inside = record.distance("gain by class, shift x", of_class.mean(0) / 100)
    ll.claims.claim(
        "A6",
        "shifts help on average, and cost the digit that was chosen on other draws",
        recorded.mean() > 0 > measured.mean() + 3 * error and inside.min() >= 0,
        measured=measured,
        inside=inside,
    )
""")
md("a6-words","skip",r"""
**In words.** Applying everything is not the answer. Most operations alone change little here, some hurt, one helps. The digits fill the height of their 8×8 pixels, so a shift up cuts them off, and one to the side does not.

And *who* pays is hidden in the average: Balestriero et al. (2022) found the same on ImageNet, where random crops raise the mean accuracy and cost some classes up to 20 points.

**Try it.** In `versions_of` set `strength=1.0` and run the cells down to the figure. Does more help more?

<details><summary>Answer</summary>
No: sideways shifts now lose, about as much as they gained. A digit moved by two of eight pixels is no longer what the test shows.
</details>
""")

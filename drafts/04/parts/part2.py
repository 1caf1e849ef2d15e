from lib import md, code

md("a2","slide",r"""
<a id="A2"></a><a id="A3"></a>
## Shifts and mirror images

Clothes may hang a little to the left, and a mirrored shoe is a shoe. So: 500 pictures, and whenever one is shown to the net, it is moved by up to two pixels in both directions, and mirrored or not, with new random numbers each time.

**Question.** The same net, data, start and number of steps, with and without. What becomes of the accuracy in training, and of the one on new pictures?
""")
code("a2-predict","-",r"""
moved_guess = ll.widgets.Predict(
    "With shifts and mirror images, accuracy …",
    [
        "rises in training and in test",
        "falls in training, rises in test",
        "falls in both: the pictures are harder",
    ],
)
moved_guess
""")
code("a2-moved","subslide",r"""
moves = ["mirror", "shift x", "shift y"]
strength = 0.3  # of the range: ±2.1 of 28 pixels; every second one is mirrored


def moved(images, labels, generator):
    "What the net is trained on instead of a batch."
    return ll.augmentation.augment(images, moves, generator, strength), labels


train = ll.data.fashion_mnist("train", 500)
first = moved(train[0][:1].repeat(8, 1, 1, 1), None, ll.environment.generator(0))[0]
""")
code("a2-first","subslide",r"""
fig, axes = plt.subplots(1, 9, figsize=(9, 1.6))
titles = ["as it is", *(f"moved {k}" for k in range(1, 9))]
ll.figures.draw_images(axes, torch.cat([train[0][:1], first]), titles)
ll.figures.show(
    fig,
    alt="A piece of clothing as it is, and eight versions of it, each moved a little, "
    "some of them mirrored.",
)
""", ignore=True)
code("a2-train","subslide",r"""
def trained(augment):
    net = ll.experiments.small_cnn(28, seed=0)
    ll.training.fit(net, train, epochs=60, batch_size=50, augment=augment)
    return net


nets = {"as they are": trained(None), "moved": trained(moved)}
in_training = {name: ll.training.accuracy(net, train) for name, net in nets.items()}
in_test = {name: ll.training.accuracy(net, test) for name, net in nets.items()}
test_loss = {name: ll.training.mean_loss(net, test) for name, net in nets.items()}
""")
code("a2-picture","fragment",r"""
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6))
colors = ll.figures.RED, ll.figures.BLUE
for shift, found in enumerate((in_training, in_test)):
    places = [shift, shift + 0.35]
    bars = axes[0].bar(places, found.values(), 0.3, color=colors)
    axes[0].bar_label(bars, [f"{value:.0%}" for value in found.values()])
axes[0].set(xticks=[0.18, 1.18], xticklabels=["training", "test"], ylim=(0.5, 1.1))
axes[0].set(ylabel="accuracy (red: as they are)")
bars = axes[1].bar(["as they are", "moved"], test_loss.values(), 0.5, color=colors)
axes[1].set(ylabel="test loss")
ll.figures.show(
    fig,
    alt="Accuracy and test loss of nets trained on pictures as they are and on moved "
    "ones. Moved: lower in training, about as high or higher in test, a smaller loss.",
)
""", ignore=True)
code("a2-claim-training","subslide",r"""
ll.claims.claim(
    "A2",
    "trained on moved pictures, the net gets fewer of its own training pictures right",
    in_training["moved"] < in_training["as they are"],
    margin=in_training["as they are"] - in_training["moved"],
    **in_training,
)
""")
code("a2-claim","-",r"""
ll.claims.claim(
    "A2",
    "and generalises better: a smaller loss on the test pictures",
    test_loss["moved"] < test_loss["as they are"],
    margin=np.log(test_loss["as they are"] / test_loss["moved"]),
    **test_loss,
)
""")
code("a2-recorded","subslide",r"""
record = ll.results.load(ll.experiments.moves)
print(record.note)
""",ignore=True)
code("a2-claim-recorded","-",r"""
if record.sound:
    gain = record.values["moved shifted"][:, 0] - record.values["plain shifted"][:, 0]
    live = [record.distance("plain loss, as it is", test_loss["as they are"])]
    live += [record.distance("moved loss, as it is", test_loss["moved"])]
    ll.claims.claim(
        "A2",
        "recorded: on average more test pictures are right; this pair is in the band",
        gain.mean() > 3 * gain.std(ddof=1) / 20**0.5 and min(live) >= 0,
        margin=min(live),
        gain=gain,
    )
""")
code("a2-compare","-",r"""
up = [found["moved"] > found["as they are"] for found in (in_training, in_test)]
places = {(True, True): 0, (False, True): 1, (False, False): 2}
moved_guess.compare(moved_guess.options[places.get(tuple(up), 0)])
""",ignore=True)
md("a2-words","subslide",r"""
**In words.** Augmentation is a regularizer: worse in training, better on what counts. In twenty recorded pairs of nets the accuracy on new pictures rose by 2 ± 1 points (mean ± standard deviation), and the test loss fell by a third.

⚠ It needs steps: with half as many the gain was about half (five quick pairs). Augmented data take longer to learn.
""")
md("a3","slide",r"""
### Built in: what does not matter

**Question.** Now move the *test* pictures to the right, pixel by pixel, up to 6. The first net has only seen centred pictures, the second ones moved by at most two pixels.
""")
code("a3-predict","-",r"""
far_guess = ll.widgets.Predict(
    "Test pictures moved by 4 pixels: the net trained on up to 2 …",
    ["has learned shifts: as good as before", "is better than the other, but bad", "fails like the other"],
)
far_guess
""")
code("a3-shift","subslide",r"""
pixels = range(7)
looks = {
    "as they are": ("plain", ll.figures.RED, "--", "below"),
    "moved": ("moved", ll.figures.BLUE, "-", "above"),
}
by_shift = {
    name: [
        ll.training.accuracy(net, (ll.experiments.shifted(test[0], p), test[1]))
        for p in pixels
    ]
    for name, net in nets.items()
}
""")
code("a3-picture","subslide",r"""
fig, ax = plt.subplots()
for name, (arm, color, line, side) in looks.items():
    found = by_shift[name]
    ll.figures.draw_band(ax, pixels, record, f"{arm} shifted", color)
    ax.plot(pixels, found, line, marker="o", color=color)
    ll.figures.label(ax, (2, found[2]), f"trained: {name}", side, color=color)
ax.axvspan(0, 2.1, color=ll.figures.GREY, alpha=0.15, linewidth=0)
ax.text(0.1, 0.12, "seen in training\nby the second net")
ax.set(xlim=(0, 6.2), ylim=(0, 1), xticks=pixels, ylabel="test accuracy")
ax.set(xlabel="test pictures moved to the right by … pixels")
ll.figures.show(
    fig,
    alt="Test accuracy against how far pictures are moved. Trained on pictures as they "
    "are: it falls at once. Trained on moved ones: level up to two pixels, then falls.",
)
""")
code("a3-claim","subslide",r"""
better_by = by_shift["moved"][3] - by_shift["as they are"][3]
ll.claims.claim(
    "A3",
    "on pictures moved by 3 pixels, training with shifts helps by over 5 points",
    better_by > 0.05,
    margin=better_by - 0.05,
    **by_shift,
)
""")
code("a3-claim-cured","-",r"""
kept = {name: found[4] / found[0] for name, found in by_shift.items()}
ll.claims.claim(
    "A3",
    "but it is not cured: at 4 pixels it loses more than a quarter of its accuracy",
    kept["moved"] < 0.75,
    margin=0.75 - kept["moved"],
    **kept,
)
""")
code("a3-compare","-",r"""
level = [kept["moved"] > 0.9, better_by > 0.05, True].index(True)
far_guess.compare(far_guess.options[level])
""",ignore=True)
md("a3-words","skip",r"""
**In words.** Shifts within the range seen in training no longer matter: an *invariance* has been learned. It ends soon behind that range. The net has not understood what a shift is; it has seen these pictures at these places.

(Convolutions follow a shift at every place. The linear layer behind them does not: it has a weight for each place.)

**Try it.** Set `strength = 0.6` and run the cells from `a2-moved` on. How far is the curve level now? What does it cost without a shift?

<details><summary>Answer</summary>
Level to about 4 pixels. Without a shift the net is now no better than the plain one: 600 steps are not enough for so many places.
</details>
""")

# A5
md("a5","slide",r"""
<a id="A5"></a>
## Ask ten times

**Test-time augmentation.** Move the test picture ten times, ask the net for probabilities each time, average.

**Question.** For which of the two nets does the average of ten views beat the one picture as it is?
""")
code("a5-predict","-",r"""
views_guess = ll.widgets.Predict(
    "The average of ten moved views gets more pictures right with …",
    ["both nets", "only the net trained on moved pictures, and by little", "neither"],
)
views_guess
""")
code("a5-views","subslide",r"""
answers = test[1]
draw = ll.environment.generator(1)


def views(net, number=10):
    "Probabilities of each view: (number, 1000, 10)."
    found = []
    for _ in range(number):
        view = ll.augmentation.augment(test[0], moves, draw, strength)
        found.append(ll.training.logits(net, view).softmax(1))
    return torch.stack(found)
""")
code("a5-log-loss","-",r"""
def log_loss(probabilities):
    "Mean of −log of the probability of the right class."
    right = probabilities.gather(-1, answers.expand(probabilities.shape[:-1])[..., None])
    return -right.log().mean().item()


ten = {name: views(net) for name, net in nets.items()}
""")
code("a5-losses","subslide",r"""
losses = {
    name: {
        "as it is": ll.training.mean_loss(nets[name], test),
        "one view": log_loss(found),
        "ten views": log_loss(found.mean(0)),
    }
    for name, found in ten.items()
}
""")
code("a5-accuracy","-",r"""
accuracy = {
    name: {
        "as it is": in_test[name],
        "one view": (found.argmax(2) == answers).float().mean().item(),
        "ten views": (found.mean(0).argmax(1) == answers).float().mean().item(),
    }
    for name, found in ten.items()
}
""")
code("a5-chart","skip",r"""
chart = (
    "Accuracy and log-loss of both nets on test pictures as they are, on one moved "
    "view, and on the average of ten. One view is worse than the picture as it is. The "
    "average of ten has the smallest loss; its accuracy is higher only for the net "
    "trained on moved pictures, if at all."
)
""")
code("a5-picture","subslide",r"""
red = {"facecolor": "white", "edgecolor": ll.figures.RED, "hatch": "//"}
fills = {"as they are": red, "moved": {"color": ll.figures.BLUE}}
fig, axes = plt.subplots(1, 2, figsize=(9, 3.6))
for ax, found, title in zip(axes, (accuracy, losses), ("accuracy", "log-loss")):
    for row, (name, values) in enumerate(found.items()):
        places = np.arange(3) + 0.4 * row
        ax.bar(places, values.values(), 0.35, label=f"trained: {name}", **fills[name])
    ax.set(xticks=np.arange(3) + 0.2, xticklabels=list(values), title=title)
axes[0].set_ylim(0.5, 0.9)
axes[1].legend(frameon=False, fontsize=12)
ll.figures.show(fig, alt=chart)
""")
code("a5-claim-jensen","subslide",r"""
ll.claims.claim(
    "A5",
    "the loss of the average is never above the average of the losses",
    all(found["ten views"] <= found["one view"] for found in losses.values()),
    **losses,
)
""")
md("a5-why","-",r"""
**Why never?** $-\log$ is convex, so for each picture, with $p_k$ the probability that view $k$ gives to the right class, $-\log \frac{1}{10}\sum_k p_k \le \frac{1}{10} \sum_k -\log p_k$ (Jensen's inequality). It holds for any net and any views. It does *not* say that ten views beat the picture as it is.
""")
code("a5-claim","subslide",r"""
trained_so = losses["moved"]
ll.claims.claim(
    "A5",
    "trained on moved pictures: ten views have a smaller loss than the one as it is",
    trained_so["ten views"] < trained_so["as it is"],
    margin=np.log(trained_so["as it is"] / trained_so["ten views"]),
    **trained_so,
)
""")
code("a5-claim-recorded","-",r"""
if record.sound:
    by_ten = {
        arm: record.values[f"{arm} accuracy, ten views"]
        - record.values[f"{arm} accuracy, as it is"]
        for arm in ("plain", "moved")
    }
    ll.claims.claim(
        "A5",
        "recorded: ten views cost the plainly trained net accuracy, every time",
        by_ten["plain"].max() < 0 < by_ten["moved"].mean(),
        **by_ten,
    )
""")
code("a5-compare","-",r"""
gains = [found["ten views"] > found["as it is"] for found in accuracy.values()]
views_guess.compare(views_guess.options[0 if all(gains) else 1 if gains[1] else 2])
""",ignore=True)
md("a5-words","skip",r"""
**In words.** Test-time averaging pays after training with the same transformations: the loss falls by about an eighth, and the probabilities can be trusted more. The accuracy hardly moves: +0.6 ± 0.9 points in recorded nets. The net that never saw moved pictures loses 13 ± 2 points: most of its views are strange to it.

**Try it.** Ask with one view more: `views(net, 30)`. What is gained?

<details><summary>Answer</summary>
Almost nothing: the mean over views settles quickly, and 30 views cost three times as much.
</details>
""")

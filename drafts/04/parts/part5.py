from lib import md, code

md("a7","slide",r"""
<a id="A7"></a>
## Let a program choose

A **policy** is a choice of operations; each picture gets all of them, one after the other, with random strengths. With 16 operations there are $2^{16} = 65{,}536$ policies. Which one?

**The rules.** A policy is scored by training a net on 100 digits, transformed by it, and measuring its accuracy on 300 other digits, the **validation** set. 200 scores are allowed. What has been chosen is reported on the **test** set, which no search ever sees.
""")
code("a7-predict","-",r"""
search_guess = ll.widgets.Predict(
    "On test digits, the learned policy and the best of 200 random ones: the learned …",
    ["wins by over 3 points", "is about as good (within 3)", "loses by over 3 points"],
)
search_guess
""")
code("a7-score","subslide",r"""
images, labels = ll.data.digits("train", 400)
few, validation = (images[:100], labels[:100]), (images[100:], labels[100:])
draw = ll.environment.generator(0)


def scores(policies, data, seed):
    "Accuracy on data of one new net for each policy, all trained at once."
    made = [versions_of(few[0], policy, draw) for policy in policies]
    answers = few[1].repeat(8).expand(len(policies), -1)
    nets = ll.many.fit_many(torch.stack(made), answers, seed)
    return ll.many.accuracies(nets, data)
""")
code("a7-chosen","-",r"""
def chosen(mask):
    "The names of the operations whose place in the mask (16,) is on."
    return [name for name, on in zip(operations, mask) if on]


print(chosen([True, False, True] + 13 * [False]))
""")
md("a7-auto","subslide",r"""
### AutoAugment: a controller that is rewarded

Cubuk et al. (2019). The **controller** is 16 numbers $\theta$: operation $o$ is in the policy with probability $p_o = \sigma(\theta_o)$. Draw 20 policies (masks $m$ of zeros and ones), train a net with each, take its validation accuracy as reward $R$, and make what was rewarded likelier (REINFORCE):

$$\theta \leftarrow \theta + \eta \; \overline{\frac{R - \overline{R}}{\text{std}(R)}\, (m - p)}$$

$m - p$ is the gradient of $\log P(m)$. The original: a recurrent net, 15,000 child nets; here ten rounds of 20.
""")
code("a7-auto-code","-",r"""
def auto_augment(rounds=10, children=20, rate=4.0):
    "Probability of each operation, before each round and at the end: (rounds + 1, 16)."
    theta = torch.zeros(len(operations))
    history = [theta.sigmoid()]
    for number in range(rounds):
        p = theta.sigmoid()
        masks = torch.rand(children, len(operations), generator=draw) < p
        reward = scores([chosen(mask) for mask in masks], validation, seed=number)
        advantage = (reward - reward.mean()) / reward.std()
        theta = theta + rate * (advantage[:, None] * (masks.float() - p)).mean(0)
        history.append(theta.sigmoid())
    return torch.stack(history)


learned = auto_augment()
""")
code("a7-looks","skip",r"""
flips = ["mirror", "upside down", "half turn"]
useless = ["invert", "black"]
def look_of(name):
    if name in flips:
        return {"color": ll.figures.RED, "linestyle": "--"}
    if name in useless:
        return {"color": ll.figures.INK, "linestyle": ":"}
    return {"color": ll.figures.GREY, "linestyle": "-", "linewidth": 1.2}


""")
code("a7-auto-picture","fragment",r"""
fig, ax = plt.subplots()
for name, curve in zip(operations, learned.T):
    ax.plot(range(11), curve, **look_of(name))
ax.text(10.2, 0.3, "flips: dashed", color=ll.figures.RED)
ax.text(10.2, 0.2, "invert, black: dotted")
ax.text(10.2, 0.9, "the others", color=ll.figures.GREY)
ax.set(xlim=(0, 13), ylim=(0, 1), xlabel="round", ylabel="probability in the policy")
ll.figures.show(
    fig,
    alt="Probability of each operation over ten rounds. The three flips, invert and "
    "black fall from one half to nearly zero. The others spread out.",
)
""", ignore=True)
code("a7-claim-flips","subslide",r"""
end = dict(zip(operations, learned[-1]))
highest = max(end[name] for name in flips)
ll.claims.claim(
    "A7",
    "the reward removes what changes the label: all three flips end below one half",
    highest < 0.5,
    margin=-torch.logit(highest).item(),
    **{name.replace(" ", "_"): end[name] for name in flips},
)
""")
md("a7-baselines","subslide",r"""
### Two simpler ways

**Random search**, with the same 200 scores: draw policies at random, keep the best on validation.

**RandAugment** (Cubuk et al. 2020): no search over operations at all. To every picture $N$ operations, drawn uniformly from all 16 (or none), at strength $M$. Only $N$ and $M$ are tuned: 12 scores.
""")
code("a7-random","-",r"""
def random_search(rounds=10, children=20):
    "The best policy of rounds × children on validation data: a list of names."
    best = 0, []
    for number in range(rounds):
        sizes = torch.rand(children, 1, generator=draw)  # small and large policies
        masks = torch.rand(children, len(operations), generator=draw) < sizes
        policies = [chosen(mask) for mask in masks]
        reward, place = scores(policies, validation, seed=number).max(0)
        best = max(best, (reward.item(), policies[place]))
    return best[1]


best_random = random_search()
""")
code("a7-rand-augment","subslide",r"""
def rand_augment(images, n, strength):
    "To each image n operations of its own, drawn uniformly, with the chance of none."
    images = images.clone()
    for _ in range(n):
        drawn = torch.randint(len(operations) + 1, (len(images),), generator=draw)
        for number, name in enumerate(operations):
            mine = drawn == number
            images[mine] = ll.augmentation.augment(images[mine], [name], draw, strength)
    return images


""")
code("a7-rand-claim","-",r"""
arguments = few[0], operations, ll.environment.generator(5), 2, 0.5
library = ll.augmentation.rand_augment(*arguments)
state, draw = draw, ll.environment.generator(5)
ours = rand_augment(few[0], 2, 0.5)
draw = state
ll.claims.claim(
    "A7",
    "RandAugment written out is the library's: the same draws give the same pictures",
    torch.equal(ours, library) and not torch.equal(ours, few[0]),
)
""")
code("a7-rand-scores","subslide",r"""
grid = [(n, m) for n in (1, 2, 3) for m in (0.25, 0.5, 0.75, 1.0)]


def rand_augment_scores(settings, data, seed):
    copies = few[0].repeat(8, 1, 1, 1)
    made = torch.stack([rand_augment(copies, *setting) for setting in settings])
    answers = few[1].repeat(8).expand(len(settings), -1)
    return ll.many.accuracies(ll.many.fit_many(made, answers, seed), data)


best_n_m = grid[rand_augment_scores(grid, validation, seed=0).argmax()]
""")
code("a7-test","subslide",r"""
most_likely = chosen(learned[-1] > 0.5)
policies = {
    "nothing": [],
    "everything": operations,
    "AutoAugment": most_likely,
    "random search": best_random,
}
tested = {
    name: 100 * scores([policy] * 10, digits_test, seed=99)
    for name, policy in policies.items()
}  # ten nets each, from other starts and other draws of strengths
tested["RandAugment"] = 100 * rand_augment_scores([best_n_m] * 10, digits_test, seed=99)
""")
code("a7-picture","fragment",r"""
fig, ax = plt.subplots(figsize=(9, 3.6))
for place, found in enumerate(reversed(tested.values())):
    ax.plot(found, np.full(10, place), "|", markersize=14, color=ll.figures.GREY)
    ax.plot(found.mean(), place, "o", markersize=10, color=ll.figures.BLUE)
ax.set(yticks=range(5), yticklabels=reversed(tested), xlabel="test accuracy in %")
ax.axvline(tested["nothing"].mean(), color=ll.figures.INK, linewidth=1)
ll.figures.show(
    fig,
    alt="Test accuracy of ten nets for each way to choose. Everything is far behind "
    "nothing. AutoAugment, random search and RandAugment lie close together, near "
    "nothing or a little better.",
)
""", ignore=True)
code("a7-claim-everything","subslide",r"""
means = {name: found.mean().item() for name, found in tested.items()}
ahead = means["AutoAugment"] - means["everything"]
ll.claims.claim(
    "A7",
    "the learned policy beats everything by more than 10 points",
    ahead > 10,
    margin=ahead - 10,
    **means,
)
""")
code("a7-claim-nothing","-",r"""
ahead = means["AutoAugment"] - means["nothing"]
ll.claims.claim(
    "A7",
    "and costs at most two points compared with nothing: it is safe",
    ahead > -2,
    margin=ahead + 2,
    **means,
)
""")
code("a7-claim-simple","-",r"""
between = abs(means["AutoAugment"] - means["random search"])
ll.claims.claim(
    "A7",
    "random search with as many scores is within five points of it",
    between < 5,
    margin=5 - between,
    **means,
)
""")
code("a7-compare","-",r"""
won_by = means["AutoAugment"] - means["random search"]
search_guess.compare(search_guess.options[int(np.digitize(-won_by, [-3, 3]))])
""",ignore=True)
md("a7-words","skip",r"""
**In words.** The search finds what you knew: no flips for digits. Its gain over nothing is small (A7_GAIN points); the best of random policies is as good. With 300 validation digits a score is off by two points anyway, its standard error: more than most policies differ. One year later Cubuk et al. said so too: RandAugment did as well.

**Try it.** In `a7-score` let the *training* digits judge: replace `data` in the last line by `few`. What does the controller like then?

<details><summary>Answer</summary>
Whatever does not disturb learning by heart: every operation loses, the flips no more than the others. Only data that was not trained on can tell a helpful operation from a harmful one.
</details>
""")
# TANDA
md("a7-tanda","slide",r"""
### TANDA: stay in the distribution

Ratner et al. (2017) use *no labels*. A generator draws a sequence of operations; a discriminator learns to tell transformed pictures from real ones; the generator is rewarded when it is mistaken:

$$\theta \leftarrow \theta + \eta \left( \overline{(R - \overline{R})\,(e_o - p)} + \beta\, \nabla_\theta H(p) \right), \qquad R = \log D(\text{transformed picture})$$

$p = \text{softmax}(\theta)$ for each place of the sequence, $e_o$ the drawn operation. The entropy $H$, with weight $\beta$, rewards variety.

**Question.** Which dangers does this one see: useless points, changed labels?
""")
code("a7-tanda-predict","-",r"""
tanda_guess = ll.widgets.Predict(
    "The discriminator drives out …",
    ["black and inverted pictures only", "flips only", "both"],
)
tanda_guess
""")
code("a7-tanda-apply","subslide",r"""
def sequence(images, drawn):
    "Each image after its own operations: drawn (length, n), places in operations."
    images = images.clone()
    for step in drawn:
        for number, name in enumerate(operations):
            mine = step == number
            if ll.augmentation.POOL[name].switch:
                on = torch.ones(int(mine.sum()))  # a switch that is drawn is on
            else:
                on = ll.augmentation.POOL[name].draw(int(mine.sum()), draw)
            images[mine] = ll.augmentation.transform(images[mine], name, on, draw)
    return images
""")
code("a7-tanda-descend","skip",r"""
def descend(net, loss, rate=0.2):
    "One step of gradient descent."
    weights = list(net.parameters())
    gradients = torch.autograd.grad(loss, weights)
    with torch.no_grad():
        for weight, gradient in zip(weights, gradients):
            weight -= rate * gradient
""")
code("a7-tanda-discriminator","-",r"""
def new_discriminator():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))


def judged(discriminator, real, made):
    "The discriminator's loss: real pictures should get 1, made ones 0."
    logits = discriminator(torch.cat([real, made])).squeeze(1)
    truth = torch.cat([torch.ones(len(real)), torch.zeros(len(made))])
    return F.binary_cross_entropy_with_logits(logits, truth)


def entropy_gradient(p):
    "Of the entropy −Σ p log p with respect to θ, where p = softmax(θ), row by row."
    entropy = -(p * p.log()).sum(1, keepdim=True)
    return -p * (p.log() + entropy)
""")
code("a7-tanda-code","subslide",r"""
def tanda(beta, steps=150, length=2, batch=200, rate=8.0):
    "Probability of each operation at each place of the sequence: (length, 16)."
    theta, discriminator = torch.zeros(length, len(operations)), new_discriminator()
    for _ in range(steps):
        some = torch.randint(len(images), (2, batch), generator=draw)
        p = theta.softmax(1)
        drawn = torch.multinomial(p, batch, True, generator=draw)  # (length, batch)
        made = sequence(images[some[0]], drawn)
        descend(discriminator, judged(discriminator, images[some[1]], made))
        reward = F.logsigmoid(discriminator(made).detach()).T  # (1, batch)
        one_hot = F.one_hot(drawn, len(operations))
        pull = ((reward - reward.mean())[..., None] * (one_hot - p[:, None])).mean(1)
        theta = theta + rate * (pull + beta * entropy_gradient(p))
    return theta.softmax(1)
""")
code("a7-tanda-run","-",r"""
generators = {beta: tanda(beta) for beta in (0.3, 0.0)}
likely = dict(zip(operations, generators[0.3].mean(0)))
""")
code("a7-tanda-picture","subslide",r"""
fig, axes = plt.subplots(1, 2, figsize=(9, 4.6), sharey=True)
for ax, (beta, p) in zip(axes, generators.items()):
    ax.barh(operations, p.mean(0), color=ll.figures.GREY)
    for names, color in ((flips, ll.figures.RED), (useless, ll.figures.INK)):
        places = [operations.index(name) for name in names]
        ax.barh(places, p.mean(0)[places], color=color)
    ax.axvline(1 / 16, color=ll.figures.INK, linewidth=1)
    ax.set(title=f"entropy weight {beta}", xlabel="probability")
    ax.tick_params(axis="y", labelsize=11)
ll.figures.show(
    fig,
    alt="Probability of each operation in TANDA's generator. With the entropy term, "
    "black and invert are at zero and the three flips near one sixteenth, where all "
    "began. Without it, one or two operations have everything.",
)
""", ignore=True)
code("a7-tanda-claim-useless","subslide",r"""
highest = max(likely[name] for name in useless)
ll.claims.claim(
    "A7",
    "the discriminator drives out useless points: black and inverted pictures",
    highest < 1 / 32,
    margin=-torch.log(32 * highest).item(),
    black=likely["black"],
    invert=likely["invert"],
)
""")
code("a7-tanda-claim-flips","-",r"""
lowest = sum(likely[name] for name in flips)
ll.claims.claim(
    "A7",
    "and lets flips of digits pass: together they keep over half of their share",
    lowest > 3 / 32,
    margin=(lowest - 3 / 32).item(),
    **{name.replace(" ", "_"): likely[name] for name in flips},
)
""")
code("a7-tanda-claim-collapse","-",r"""
collapsed, varied = (generators[beta].sum(0).topk(2)[0].sum() / 2 for beta in (0.0, 0.3))
ll.claims.claim(
    "A7",
    "without the entropy term it collapses: two operations of 16 have over half of all",
    collapsed > 0.5 > varied,
    margin=min(collapsed - 0.5, 0.5 - varied).item(),
    collapsed=collapsed,
    varied=varied,
)
""")
code("a7-tanda-compare","-",r"""
out = [max(likely[n] for n in names) < 1 / 32 for names in (useless, flips)]
tanda_guess.compare(tanda_guess.options[2 if all(out) else int(out[1])])
""",ignore=True)
md("a7-tanda-words","skip",r"""
**In words.** Two learners, two dangers. The discriminator sees whether a picture looks like data: no black, no inverted ones. A six turned by 180° looks like a digit, so it passes. The reward of AutoAugment sees labels: it throws out the flips, and what is useless as well. But a validation set must be labelled, and the reward costs a training each time.

**Try it.** `tanda(beta=3.0)`: what does too much entropy do?

<details><summary>Answer</summary>
All operations get nearly the same probability, black and inverted pictures too: variety outweighs the reward.
</details>
""")
# explorer
md("affinity","slide",r"""
### Why some help: affinity and diversity

Gontijo-Lopes et al. (2021) describe an operation by two numbers:

- **affinity**: what share of its accuracy a net trained *without* augmentation keeps on transformed pictures (1: they look like data);
- **diversity**: the loss that remains in training *with* it (0: nothing new to learn).

Each dot: one operation at one strength, recorded over 100 draws. The answers of a net that never saw augmentation stand above eight digits.
""")
code("affinity-explorer","subslide",r"""
ll.explorers.affinity_and_diversity()
""")
# quiz 2.2
md("a2-quiz","slide",r"""
<a id="quiz-2-2"></a>
### Does it make the data set larger?

Two ways to train on eight versions of each picture. **Expand up front**: make all versions once, store them. **On the fly**: make one new version whenever a picture is drawn.

**Question.** 100 pictures of 28×28 as float32, batches of 50. What do eight versions cost in memory, and how many batches has an epoch?
""")
code("quiz22-measure","-",r"""
pictures = train[0][:100]
expanded = ll.augmentation.augment(pictures.repeat(8, 1, 1, 1), moves, draw, strength)
stored = {"up front": expanded.nbytes, "on the fly": pictures.nbytes}
batches = {"up front": len(expanded) // 50, "on the fly": len(pictures) // 50}
for way in stored:
    print(f"{way}: {stored[way] / 1e6:.2f} MB, {batches[way]} batches an epoch")
""")
code("quiz22-claim","subslide",r"""
shoe = pictures[:1].expand(50, -1, -1, -1)
on_the_fly = [moved(shoe, None, draw)[0] for _ in range(8)]  # eight epochs
different = len(torch.cat(on_the_fly).flatten(1).unique(dim=0))
ll.claims.claim(
    "A2",
    "up front: 8 × the memory and batches an epoch; on the fly: neither, and yet new "
    "versions all the time",
    stored["up front"] == 8 * stored["on the fly"]
    and batches["up front"] == 8 * batches["on the fly"]
    and different > 8 * 49,
    different=different,
)
""")
md("quiz22","subslide",r"""
### Quiz 2.2 of the lecture
""")
code("quiz22-widget","-",r"""
ll.widgets.Quiz(
    "A data set is expanded before training: (i) more to store, (ii) more batches.",
    {
        "Only (i)": (False, "Eight times the pictures are eight times the batches too."),
        "Only (ii)": (False, "Eight times the pictures also have to be stored."),
        "Neither": (False, "True on the fly. Here it is expanded before training."),
        "Both": (True, "Both follow from the larger data set; on the fly, neither does."),
    },
)
""")

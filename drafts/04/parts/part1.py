from lib import md, code

md("title","slide",r"""
# 04 · Data augmentation: more pictures from the same ones

**The question.** Five hundred labelled pictures are all there is. Can you make more of them, without a single new label?

**Afterwards you can** transform a whole batch on tensors, say which transformations help and which change the label, let a program search for a good policy, average over views in testing, and do the same for sentences.

About 120 minutes to work through; the cells themselves run in about a minute on two cores.
""")
code("setup","skip",r"""
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torchvision.transforms import v2

import lectures_lib as ll

device = ll.setup(threads=1)  # nets this small gain nothing from a second core
""")
md("recall","slide",r"""
## Two questions from notebook 03

Answer each aloud before you open it.

<details><summary>1. Two nets have the same number of multiply-adds. Must they have the same number of parameters?</summary>
No. A weight of a convolution is used at every place of the map, one of a linear layer once. VGG-19 has most of its parameters in linear layers that cost next to nothing.
</details>

<details><summary>2. Which layers count in the name "ResNet-50"?</summary>
Those with weights on the longest path: convolutions and the linear layer. Batch norm, pooling and projections do not count.
</details>
""")
md("beliefs","subslide",r"""
### What many believe at this point

- "The stronger the augmentation, the better."
- "A transformed picture keeps its label."
- "What helps on average helps every class."
- "Augmentation makes the data set larger, so it needs more memory."

Which of these do you hold? Each is put to the test below.
""")

# A1
md("a1","slide",r"""
<a id="A1"></a>
## A net that learns by heart

**Question.** A small net (three convolutions, one linear layer) is trained in the same way on 100, 500 and 2,500 pictures of clothes: always 300 steps with 50 pictures each. How far apart are its accuracy on the pictures it was trained on and on new ones?
""")
code("a1-predict","-",r"""
gap_guess = ll.widgets.Predict(
    "With 100 training pictures, the net gets right …",
    [
        "nearly all of both",
        "nearly all of those 100, far fewer new ones",
        "few of both: it had too little to learn from",
    ],
)
gap_guess
""")
code("a1-net","subslide",r"""
sizes = [100, 500, 2500]
test = ll.data.fashion_mnist("test", 1000)
print(ll.experiments.small_cnn(28, seed=0))
""")
code("a1-train","subslide",r"""
def trained_on(n):
    "Accuracy on the n training pictures, and on the test pictures, after 300 steps."
    train = ll.data.fashion_mnist("train", n)
    net = ll.experiments.small_cnn(28, seed=0)
    ll.training.fit(net, train, epochs=300 * 50 // n, batch_size=50)
    return ll.training.accuracy(net, train), ll.training.accuracy(net, test)


by_size = np.array([trained_on(n) for n in sizes])  # (sizes, 2)
gap = by_size[:, 0] - by_size[:, 1]
""")
code("a1-picture","fragment",r"""
fig, ax = plt.subplots()
looks = ("training", ll.figures.ORANGE, "--"), ("test", ll.figures.BLUE, "-")
for (name, color, line), found in zip(looks, by_size.T):
    ax.plot(sizes, found, line, marker="o", color=color)
    ll.figures.label(ax, (sizes[0], found[0]), name, "left", color=color)
ax.fill_between(sizes, *by_size.T, color=ll.figures.GREY, alpha=0.15)
ax.set(xscale="log", xlim=(50, 3500), ylim=(0.5, 1.02), ylabel="accuracy")
ax.set(xticks=sizes, xticklabels=sizes, xlabel="training pictures, always 300 steps")
ax.minorticks_off()
ll.figures.show(
    fig,
    alt="Accuracy against the number of training pictures. With few: 1 on them, far "
    "less on test pictures. With more the two get closer.",
)
""")
code("a1-claim","subslide",r"""
ll.claims.claim(
    "A1",
    "the fewer the training pictures, the wider the gap between training and test",
    (np.diff(gap) < 0).all(),
    margin=-np.diff(gap).max(),
    accuracy=by_size,
)
""")
code("a1-compare","-",r"""
few = by_size[0] > 0.9
gap_guess.compare(gap_guess.options[1 if few[0] and not few[1] else 2 - 2 * few[1]])
""",ignore=True)
md("a1-words","skip",r"""
**In words.** A net with 34,000 weights can learn 100 pictures by heart, and does. What it learned about these 100 helps with new pictures only partly. More pictures close the gap. Here there are 8,000; in your next project there may be 500.

**Try it.** Give the net three times the steps: `epochs=900 * 50 // n`. Does the gap for 100 pictures close?

<details><summary>Answer</summary>
No. On the training pictures there is nothing left to learn, and on the test pictures little changes. (For 2,500 pictures the gap grows: now it learns more of those by heart, too.)
</details>
""")

# A4
md("a4","slide",r"""
<a id="A4"></a>
## Transformations, and how to read them back

A picture of a cat stays a picture of a cat when it is cropped, zoomed, turned a little, moved, stretched, sheared, mirrored, or when light and contrast change.

`torchvision.transforms.v2` has all of them, one call for each picture. Training wants a whole batch, each picture with its own strength: `ll.augmentation.transform` does that, and its table `POOL` names the operations of this notebook.
""")
code("a4-gallery","-",r"""
photo = ll.data.photo()[None]  # (1, 3, 300, 451)
samples = {
    **{"shift x": 0.2, "shift y": 0.2, "zoom": 1.3, "stretch": 0.7, "rotate": 20},
    **{"shear x": 20, "shear y": 20, "mirror": 1, "upside down": 1, "half turn": 1},
    **{"brightness": 0.5, "contrast": 0.4, "saturation": 2, "noise": 0.3},
    **{"cutout": 0.5, "invert": 1},
}
""")
code("a4-pictures","subslide",r"""
fig, axes = plt.subplots(4, 4, figsize=(9, 6))
for ax, (name, amount) in zip(axes.flat, samples.items()):
    made = ll.augmentation.transform(photo, name, torch.tensor([amount]))
    ax.imshow(made[0].permute(1, 2, 0))
    ax.set_title(f"{name} {amount}", loc="center", fontsize=12)
    ax.axis("off")
ll.figures.show(
    fig, alt="A cat in 16 versions, each transformed by one operation.", colors=128
)
""")
md("a4-explorer-text","subslide",r"""
### Explore it: several at once, with torchvision

Geometry first, in one affine transformation, then colour. Which settings still show a cat to you, and would they to a net?
""")
code("a4-explorer","subslide",r"""
ll.explorers.gallery()
""")
md("a4-matrix","subslide",r"""
### One matrix, one look-up

Every geometric operation says, for each pixel of the *result*, where in the picture it is looked up:

$$\begin{pmatrix} x_\text{in} \\ y_\text{in} \end{pmatrix} = \underbrace{\begin{pmatrix} a & b & c \\ d & e & f \end{pmatrix}}_{2 \times 3} \begin{pmatrix} x_\text{out} \\ y_\text{out} \\ 1 \end{pmatrix}$$

in pixels from the middle, $y$ downwards. To shift to the right, look up to the left. To turn by the angle $\varphi$, turn the look-up by $-\varphi$. Between pixels: the weighted mean of four (*bilinear*). Outside: black.
""")
code("a4-rotate","-",r"""
def rotated(images, degrees):
    "Images (n, channels, height, width), each turned by its angle, counter-clockwise."
    sin, cos = degrees.deg2rad().sin(), degrees.deg2rad().cos()
    zero = torch.zeros_like(sin)
    matrices = torch.stack([cos, -sin, zero, sin, cos, zero], 1).reshape(-1, 2, 3)
    return ll.augmentation.affine(images, matrices)
""")
code("a4-claim-torchvision","subslide",r"""
angle = torch.tensor([37.0])
by_hand = rotated(photo, angle)
bilinear = v2.InterpolationMode.BILINEAR
torchvisions = v2.functional.rotate(photo, angle.item(), bilinear)
ours = ll.augmentation.transform(photo, "rotate", angle)
ll.claims.claim(
    "A4",
    "a matrix and a look-up are a rotation: the library's and torchvision's",
    torch.equal(by_hand, ours) and (ours - torchvisions).abs().max() < 1e-3,
    off_by=(ours - torchvisions).abs().max(),
)
""")
code("a4-recover","subslide",r"""
def strength_found(before, after, name, candidates):
    "The candidate that makes `after` from `before`: all are tried on the whole batch."
    tried = before.expand(len(candidates), -1, -1, -1)
    made = ll.augmentation.transform(tried, name, candidates)
    return candidates[(made - after).square().mean((1, 2, 3)).argmin()].item()


""")
code("a4-recover-all","-",r"""
draw = ll.environment.generator(0)
drawn, found = {}, {}
for name, operation in ll.augmentation.POOL.items():
    if not operation.switch and name not in ("noise", "cutout"):
        candidates = torch.linspace(operation.low, operation.high, 25)
        hidden = candidates[torch.randint(25, (1,), generator=draw)]
        after = ll.augmentation.transform(photo[..., ::4, ::4], name, hidden)
        drawn[name] = hidden.item()
        found[name] = strength_found(photo[..., ::4, ::4], after, name, candidates)
""")
code("a4-claim-recover","-",r"""
ll.claims.claim(
    "A4",
    "each strength can be read from the picture: nothing else has been changed",
    len(found) == 10 and found == drawn,
    drawn=drawn,
    found=found,
)
""")
md("a4-words","skip",r"""
**In words.** A transformation is a function with one number, and the picture keeps that number: comparing before and after gives it back. So nothing about the cat has been lost that would depend on it, as long as the cat stays in the picture and its colours within black and white. That is the knowledge that augmentation adds: *this number does not matter for the label*.

**Try it.** In `a4-rotate` exchange the two signs of `sin` and run it and the claim below. Which way does the cat turn now?

<details><summary>Answer</summary>
Clockwise, and the claim falls. The matrix says where a pixel is looked up, and that turns the other way.
</details>
""")

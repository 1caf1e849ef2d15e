from lib import md, code

# A10
md("a10","slide",r"""
<a id="A10"></a>
## AlexNet's recipe

Krizhevsky, Sutskever and Hinton (2012) won ImageNet with three tricks that many papers have copied since:

1. **Random crops** of 224×224 from 256×256, and **mirror images**: 2,048 versions of each picture.
2. **PCA colour shift:** in each picture, move all pixels along the main axes of its colours.
3. **Ten-crop test:** corners and middle, each mirrored too, averaged.

⚠ Often a fourth is added in retelling, rotations. The paper has none.
""")
md("a10-colour","subslide",r"""
### The colour shift by hand

$C$ is the 3×3 covariance of red, green and blue over all pixels (AlexNet: of the training set; here: of one photograph), $p_i$ its eigenvectors, $\lambda_i$ its eigenvalues. For each picture draw three numbers $\alpha_i \sim \mathcal N(0,\, 0.1^2)$ and add to every pixel

$$\alpha_1 \lambda_1 p_1 + \alpha_2 \lambda_2 p_2 + \alpha_3 \lambda_3 p_3 .$$

The light of an afternoon changes all pixels of a picture together, mostly along $p_1$: brighter or darker.
""")
code("a10-pca","-",r"""
def colour_shifts(images, n, generator, spread=0.1):
    "n shifts (n, 3) of red, green, blue, to be added to all pixels of a picture."
    pixels = images.movedim(1, -1).reshape(-1, 3)
    eigenvalues, eigenvectors = torch.linalg.eigh(pixels.T.cov())
    alpha = spread * torch.randn(n, 3, generator=generator)
    return alpha * eigenvalues @ eigenvectors.T


draw = ll.environment.generator(0)
shifts = colour_shifts(photo, 8, draw, spread=5)  # 50 times AlexNet's, to be seen
""")
code("a10-picture","subslide",r"""
fig, axes = plt.subplots(2, 4, figsize=(9, 3.6))
for ax, shift in zip(axes.flat, shifts):
    shown = (photo[0] + shift[:, None, None]).clamp(0, 1)
    ax.imshow(shown.permute(1, 2, 0))
    ax.axis("off")
ll.figures.show(
    fig,
    alt="The cat under eight colour shifts, all much stronger than AlexNet's: mostly "
    "brighter or darker, with little change of hue.",
    colors=128,
)
""",ignore=True)
code("a10-claim-covariance","subslide",r"""
drawn = colour_shifts(photo, 100_000, draw)
C = photo.movedim(1, -1).reshape(-1, 3).T.cov()
expected = 0.1**2 * C @ C  # since C = P Λ Pᵀ, the covariance of P Λ α is σ² P Λ² Pᵀ
off = (drawn.T.cov() - expected).norm() / expected.norm()
ll.claims.claim(
    "A10",
    "the shifts of the PCA recipe have covariance 0.1² C²",
    off < 0.03,
    margin=-np.log(off.item() / 0.03),
    off=off,
)
""")
md("a10-crops","subslide",r"""
### Crops and ten-crop test, on clothes

Crops of 24×24 from 28×28, mirrored or not: $5 \cdot 5 \cdot 2 = 50$ versions of each picture. (AlexNet's own count, $32 \cdot 32 \cdot 2 = 2{,}048$, leaves out the last row and column.) The baseline sees the middle 24×24 only. Same net, start, 500 pictures and 600 steps.
""")
code("a10-train","subslide",r"""
def middle(images, size=24):
    return v2.functional.center_crop(images, size)


def cropped(images, labels, generator):
    crops = ll.augmentation.random_crop(images, 24, generator)
    mirrored = ll.augmentation.augment(crops, ["mirror"], generator)  # one in two
    return mirrored, labels


""")
code("a10-nets","-",r"""
def trained_on_crops(augment):
    net = ll.experiments.small_cnn(24, seed=0)
    few = train if augment else (middle(train[0]), train[1])
    ll.training.fit(net, few, epochs=60, batch_size=50, augment=augment)
    return net


crop_nets = {"middle": trained_on_crops(None), "recipe": trained_on_crops(cropped)}
""")
code("a10-test","-",r"""
ten_crops = ll.augmentation.ten_crop(test[0], 24)  # (10, 1000, 1, 24, 24)
crop_loss = {}
for name, net in crop_nets.items():
    each = torch.stack([ll.training.logits(net, crop).softmax(1) for crop in ten_crops])
    crop_loss[f"{name}, middle crop"] = log_loss(each[4])
    crop_loss[f"{name}, ten crops"] = log_loss(each.mean(0))
""")
code("a10-claim","subslide",r"""
ll.claims.claim(
    "A10",
    "AlexNet's recipe, random crops in training and ten in test: a smaller loss",
    crop_loss["recipe, ten crops"] < crop_loss["middle, middle crop"],
    margin=np.log(crop_loss["middle, middle crop"] / crop_loss["recipe, ten crops"]),
    **crop_loss,
)
""")
code("a10-claim-ten","-",r"""
ll.claims.claim(
    "A10",
    "ten crops in test: better than the middle crop, after training on crops",
    crop_loss["recipe, ten crops"] < crop_loss["recipe, middle crop"],
    margin=np.log(crop_loss["recipe, middle crop"] / crop_loss["recipe, ten crops"]),
    **crop_loss,
)
""")
md("a10-words","skip",r"""
**In words.** Both halves help, in training and in test. AlexNet's paper reports a top-1 error of 39.0 % with one crop and 37.5 % with ten, and over one point for the colour shifts. Without crops and mirrors the net would have had to be much smaller, against overfitting.

**Try it.** In `cropped` replace `random_crop` by `middle(images)`: mirror images only. Which of the two claims suffers?

<details><summary>Answer</summary>
The second: corner crops are strange to a net that has only seen middles, and asking it ten times then helps less.
</details>
""")

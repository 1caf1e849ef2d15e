from lib import md, code
md("which","slide",r"""
## Which line causes this?

```python
1  def augment(images, labels, generator):
2      angle = 30 * torch.rand(1, generator=generator)
3      turned = rotate(images, angle.expand(len(images)))
4      return turned, labels
5
6  fit(net, train, epochs=60, batch_size=50, augment=augment)
```

The net is trained on rotated pictures. In test it is good with pictures turned to the left, and bad with pictures turned to the right.
""")
code("which-quiz","-",r"""
ll.widgets.Quiz(
    "Which line causes this?",
    {
        "Line 2": (True, "rand is in [0, 1): angles from 0 to 30, never negative."),
        "Line 3": (
            False,
            "One angle for the whole batch makes training less varied, not one-sided.",
        ),
        "Line 4": (False, "A picture turned by 30 degrees keeps its label here."),
        "Line 6": (False, "More or fewer epochs change both sides alike."),
    },
)
""")
md("verdict","slide",r"""
## What many believed

| belief | shown | verdict |
|---|---|---|
| the stronger, the better | A6, explorer | a little helps, more of the same hurts |
| a transformed picture keeps its label | A11, A8 | some do; it depends on the task, in text as well |
| what helps on average helps every class | A6 | the fours and nines pay for the ones |
| it needs more memory | quiz 2.2 | only when expanded up front |
""")
md("summary","slide",r"""
## What you have shown

- **A1, A2** Little data: learned by heart. Moved pictures: worse in training, better in test.
- **A3, A5** Invariance as far as it was seen; ten views pay after the same training.
- **A4, A10** A matrix and a look-up; AlexNet's recipe by hand.
- **A6, A11** Most operations alone do little; some change the label.
- **A7** A reward sees labels, a discriminator sees strangers; random search keeps up.
- **A8, A9** Words need a context; a translation there and back rephrases.

**Without looking:** why does a discriminator let an upside-down six pass?

<details><summary>Answer</summary>It asks whether a picture looks like a digit, and a nine does. It never sees the label.</details>
""")
md("references","skip",r"""
## References

- Krizhevsky, Sutskever, Hinton (2012). [ImageNet classification with deep convolutional neural networks](https://papers.nips.cc/paper/4824): crops, mirrors, colours, ten crops.
- Cubuk et al. (2019). [AutoAugment](https://arxiv.org/abs/1805.09501). And (2020). [RandAugment](https://arxiv.org/abs/1909.13719).
- Ratner et al. (2017). [Learning to compose domain-specific transformations](https://arxiv.org/abs/1709.01643): TANDA.
- Gontijo-Lopes et al. (2021). [Tradeoffs in data augmentation](https://openreview.net/forum?id=ZcKPWuhG6wy): affinity, diversity.
- Balestriero, Bottou, LeCun (2022). [The effects of regularization and data augmentation are class dependent](https://arxiv.org/abs/2204.03632).
- DeVries, Taylor (2017). [Cutout](https://arxiv.org/abs/1708.04552). Xiao et al. (2017). [Fashion-MNIST](https://arxiv.org/abs/1708.07747).
- Miller (1995). [WordNet](https://wordnet.princeton.edu/). Levy, Goldberg (2014). [Neural word embedding as implicit matrix factorization](https://papers.nips.cc/paper/5477).
- Forcada et al. (2011). [Apertium](https://doi.org/10.1007/s10590-011-9090-0). Sennrich, Haddow, Birch (2016). [Back-translation](https://arxiv.org/abs/1511.06709).

Before: [03 · The ResNet table](03_resnet_table.ipynb). Next: [05 · Regularization](05_regularization.ipynb). Homework 4 (to come).
""")

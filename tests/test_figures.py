"""Figures: alt text, the same bytes for the same picture, what the diagrams draw."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex
from PIL import Image
from torch.nn import functional as F

import lectures_lib as ll
from lectures_lib import figures, models


def picture(height: float = 1.0):
    figures.use_style()
    fig, ax = plt.subplots()
    ax.plot([0, height])
    return fig


def test_show_sets_and_prints_the_description_and_closes_the_figure(
    monkeypatch, capsys
):
    shown = []
    monkeypatch.setattr(
        figures, "display", lambda *args, **kw: shown.append((args, kw))
    )
    figures.show(picture(), alt="a line\n  that rises")
    (((bundle,), keywords),) = shown
    assert Image.open(io.BytesIO(bundle["image/png"])).size == (900, 420)
    assert keywords["metadata"]["image/png"]["alt"] == "a line that rises"
    assert capsys.readouterr().out == "Figure: a line that rises\n"
    assert not plt.get_fignums()


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_figure_without_description_is_refused(alt):
    with pytest.raises(ValueError, match="description"):
        figures.show(picture(), alt=alt)
    plt.close("all")


def test_png_is_the_same_for_the_same_picture_and_fits_the_palette():
    assert figures.png(picture()) == figures.png(picture()) != figures.png(picture(2.0))
    assert len(Image.open(io.BytesIO(figures.png(picture(), 16))).getcolors()) <= 16


def test_all_colours_are_kept_on_request():
    fig, ax = plt.subplots()
    ax.imshow(np.arange(400).reshape(20, 20), cmap="viridis")
    image = Image.open(io.BytesIO(figures.png(fig, colors=None)))
    assert len(image.convert("RGB").getcolors(10_000)) > 64


def test_style_is_readable_and_distinguishable_without_colour():
    ll.setup()
    cycle = plt.rcParams["axes.prop_cycle"].by_key()
    assert len(set(map(str, cycle["linestyle"]))) == len(cycle["color"]) == 6
    assert plt.rcParams["font.size"] >= 14


@pytest.mark.parametrize("setting", [(8, 3, 1, 0, 1), (7, 3, 2, 1, 1), (9, 3, 3, 1, 2)])
def test_taps_are_where_the_gradient_of_a_convolution_is(setting):
    size, kernel_size, stride, padding, dilation = setting
    out = models.output_size(*setting)
    for pixel in range(out * out):
        image = torch.zeros(1, 1, size, size, requires_grad=True)
        padded = F.pad(image, [padding] * 4)
        padded.retain_grad()
        weight = torch.ones(1, 1, kernel_size, kernel_size)
        F.conv2d(padded, weight, None, stride, 0, dilation).flatten()[pixel].backward()
        seen = np.zeros(padded.shape[2:])
        seen[np.ix_(*figures.taps(*setting, pixel))] = 1
        assert (padded.grad[0, 0].numpy() == seen).all()


def test_hatched_pixels_are_those_that_no_output_sees():
    fig, (left, right) = plt.subplots(1, 2)
    figures.draw_convolution(left, right, size=8, kernel_size=3, stride=3)
    image = torch.zeros(1, 1, 8, 8, requires_grad=True)
    F.conv2d(image, torch.ones(1, 1, 3, 3), stride=3).sum().backward()
    unseen = int((image.grad == 0).sum())
    assert (
        sum(p.get_width() * p.get_height() for p in left.patches) == unseen == 64 - 36
    )
    plt.close(fig)


def test_a_network_is_drawn_from_its_layers():
    fig, ax = plt.subplots()
    boxes = figures.draw_network(ax, models.layers(models.lenet5(), (1, 28, 28)))
    assert len(boxes) == 7  # two convolutions, two poolings, three linear layers
    colors = [to_hex(box.get_facecolor()).upper() for box in boxes]
    assert colors.count(figures.BLUE) == 2 and colors.count(figures.ORANGE) == 3
    texts = [text.get_text() for text in ax.texts]
    assert texts[0] == "conv 5×5\n6×28×28" and texts[-1] == "linear\n10"
    plt.close(fig)

"""Figures: alt text, the same bytes for the same picture, what the diagrams draw."""

import io

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image
from torch import nn

import lectures_lib as ll
from lectures_lib import figures, models
from lectures_lib.explorers import diagrams


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
    assert Image.open(io.BytesIO(bundle["image/png"])).size == (1620, 756)
    metadata = {"alt": "a line that rises", "width": 900}
    assert keywords["metadata"] == {"image/png": metadata}
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


def test_the_paper_is_white():
    for colors in (64, 256, None):
        image = Image.open(io.BytesIO(figures.png(picture(), colors)))
        assert image.convert("RGB").getpixel((2, 2)) == (255, 255, 255)


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


def test_a_network_is_drawn_from_its_layers():
    net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten())
    net.append(nn.Linear(6 * 12 * 12, 10))
    fig, ax = plt.subplots()
    diagrams.draw_network(ax, models.layers(net, (1, 28, 28)))
    colors = [to_hex(box.get_facecolor()).upper() for box in ax.patches]
    assert colors == [figures.BLUE, "#FFFFFF", figures.ORANGE]
    texts = [text.get_text() for text in ax.texts]
    assert texts == ["conv\n6×24×24", "pool\n6×12×12", "linear\n10"]
    plt.close(fig)

"""Notebook 03: what is written out in it, numbers in its text, and its explorer."""

import math
from itertools import product
from pathlib import Path

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
import torchvision
from torch import nn

import lectures_lib as ll
from lectures_lib import explorers
from lectures_lib.explorers.resnet import COUNTS, STAGES

PATH = Path(__file__).parents[1] / "notebooks" / "03_resnet_table.ipynb"
CELLS = {cell.id: cell.source for cell in nbformat.read(PATH, as_version=4).cells}
NETS = ["setup", "t1-specification", "t1-parts", "t1-basic", "t1-bottleneck"]
NETS += ["t1-stage", "t1-net", "t1-nets"]


def from_notebook(*ids: str) -> dict:
    """What the cells with these ids define."""
    found: dict = {}
    for id in ids:
        exec(CELLS[id], found)
    return found


# What the notebook writes out.


def test_the_clock_and_the_meter_on_a_small_net():
    found = from_notebook("setup", "depth-clock", "depth-kept")
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.ReLU(), nn.Flatten())
    image = torch.rand(1, 1, 8, 8)
    times = found["seconds"](net, ["0", "2"], image)
    assert len(times) == 2 and min(times) > 0
    # The convolution keeps its input, the ReLU its output, in 4 bytes each.
    kept = found["kept_megabytes"](net, image)
    assert kept == pytest.approx(4 * (64 + 128) / 1e6)


def test_the_drawing_has_34_layers_and_16_skips():
    found = from_notebook("setup", "t2-row", "t2-skips")
    _, ax = plt.subplots()
    places = found["draw_layers"](ax, 0, (3, 4, 6, 3))
    lines = len(ax.lines)
    found["draw_skips"](ax, 0, places)
    styles = [line.get_linestyle() for line in ax.lines[lines:]]
    plt.close("all")
    assert sum(map(len, places)) == len(ax.patches) == 34
    assert (len(styles), styles.count(":")) == (16, 3)


def test_the_numbers_in_the_text_are_those_of_the_nets(capsys):
    ids = ["t3-paper", "t3-count", "t3-picture-data", "t3-block", "t3-extra"]
    found = from_notebook(*NETS, *ids)
    for count in found["conv3_1"].values():
        assert f"{count:,}" in CELLS["t3-worked"]
    extra = found["extra"][50] / 1e6
    assert f"{extra / 3:.0f} million" in CELLS["t3-words"]
    assert f"{extra:.0f} million in all" in CELLS["t3-words"]
    paper = found["paper_layers"][50]
    middle = sum(x.multiply_adds for x in paper if x.name.endswith("conv2"))
    assert f"{middle / found['counted']['1x1'][50]:.0%}" == "48%"
    assert "48 %" in CELLS["t3-try"]
    last = [x for x in found["layers"][18] if x.name.startswith("layer4.")]
    for cost, text in (("parameters", "72 % of the"), ("multiply_adds", "does 23 %")):
        parts, whole = (
            sum(getattr(x, cost) for x in some) for some in (last, found["layers"][18])
        )
        assert f"{100 * parts / whole:.0f} %" in text
        assert text in CELLS["stages-words"]


def test_the_mistake_of_the_quiz_costs_18_times_as_much():
    right = from_notebook(*NETS)
    cells = CELLS["t1-stage"].replace(
        "(in_channels, width, stride)", "(in_channels, width)"
    )
    wrong = from_notebook(*NETS[:5])
    exec(cells, wrong)
    for id in ("t1-net", "t1-nets"):
        exec(CELLS[id], wrong)
    cost, expected = (
        sum(x.multiply_adds for x in f["layers"][34]) for f in (wrong, right)
    )
    assert round(cost / expected, 1) == 18.2
    assert ll.models.parameters(wrong["nets"][34]) == 21_797_672
    assert wrong["output_shapes"](34)["layer4"][1:] == (56, 56)


@pytest.mark.parametrize("here", [True, False])
def test_the_photograph_is_classified_when_the_weights_are_here(
    here, monkeypatch, capsys, tmp_path
):
    def download(url, file, sha256):
        assert url.endswith(f"/{file.name}") and sha256 in file.name
        if not here:
            raise OSError("no network, and no weights.")
        file.parent.mkdir(parents=True)
        torch.save(torchvision.models.resnet18().state_dict(), file)

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(ll.data, "download", download)
    found = from_notebook("setup", "photo-weights", "photo-classify", "photo-picture")
    printed = capsys.readouterr().out
    assert ("no network, and no weights." in printed) is not here
    assert "Figure: A photograph of a cat" in printed
    assert not here or len(found["classes"]) == 5


# The explorer.

SETTINGS = [
    {"block": block, "stride": stride} | dict(zip(STAGES, blocks))
    for block, stride, blocks in [
        ("basic", "3×3", (1, 1, 1, 1)),
        ("basic", "1×1", (2, 3, 1, 4)),
        ("bottleneck", "3×3", (1, 2, 3, 4)),
        ("bottleneck", "1×1", (4, 1, 6, 2)),
        ("bottleneck", "3×3", (3, 8, 36, 3)),
    ]
]


@pytest.mark.parametrize("s", SETTINGS)
def test_the_costs_are_those_of_the_whole_net(s):
    place, blocks = s["stride"].replace("×", "x"), [s[stage] for stage in STAGES]
    with torch.device("meta"):
        net = ll.models.assemble(s["block"], blocks, stride_in=place)
    layers = ll.models.layers(net, (3, 224, 224))
    outputs = sum(math.prod(x.output_shape) for x in layers if x.multiply_adds)
    cost = ll.models.multiply_adds(net, (3, 224, 224))
    total = explorers.resnet._total(s)
    assert total == (ll.models.parameters(net), cost, outputs)
    assert explorers.resnet._depth(s) == ll.models.depth(net)


def test_the_sentence_counts_the_layers_of_the_five_nets():
    explorer = ll.explorers.resnet_on_a_budget()
    for depth in ll.models.RESNETS:
        said = explorer.say(**explorer.presets[f"ResNet-{depth}"])
        assert f" + 1 = {depth} layers" in said
    assert "1 + 2·3 + 2·4 + 2·6 + 2·3 + 1 = 34 layers" in explorer.say(
        **explorer.presets["ResNet-34"]
    )


def test_the_bars_are_the_costs_and_the_axes_are_fixed():
    explorer = ll.explorers.resnet_on_a_budget()
    largest = {"block": "bottleneck", "stride": "3×3"} | dict.fromkeys(STAGES, 36)
    smallest = {"block": "basic", "stride": "1×1"} | dict.fromkeys(STAGES, 1)
    limits = set()
    for now, before in ((largest, smallest), (smallest, None)):
        (ax,) = explorer.paint(now, before).axes
        limits.add((ax.get_xlim(), ax.get_ylim()))
        bars = [
            np.ptp(path.vertices[:, 0])
            for boxes in ax.collections[-3:]  # after those of the ghost
            for path in boxes.get_paths()
        ]
        values = [
            cost[panel] for panel in range(3) for cost in explorers.resnet._costs(now)
        ]
        assert bars == pytest.approx([math.log10(value) - 3 for value in values])
        assert max(bars) + 2 < explorers.resnet.WIDTH  # with room for its number
    assert len(limits) == 1


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *[(999, "999"), (1000, "1.00 k"), (9408, "9.41 k"), (99_960, "100 k")],
        *[(999_700, "1.00 M"), (25_557_032, "25.6 M"), (3_857_973_248, "3.86 G")],
    ],
)
def test_numbers_have_three_digits(value, text):
    assert explorers.resnet._short(value) == text


def test_the_challenge_can_be_met_as_the_answer_says_and_by_no_preset():
    explorer = ll.explorers.resnet_on_a_budget()

    def solved(settings):
        return explorer.solved(**settings)

    assert not any(map(solved, explorer.presets.values()))
    answer = {"block": "basic", "stride": "3×3"} | dict(zip(STAGES, (23, 1, 1, 1)))
    parameters, cost, _ = explorers.resnet._total(answer)
    assert solved(answer) and explorers.resnet._depth(answer) == 54
    assert f"{parameters / 1e6:.2f} million" in CELLS["explorer-try"]
    assert f"{cost / 1e9:.2f} · 10⁹" in CELLS["explorer-try"]
    every = product(COUNTS, repeat=4)
    some = [dict(zip(STAGES, b)) | {"block": "basic", "stride": "3×3"} for b in every]
    assert 0 < sum(map(solved, some)) < len(some) / 10

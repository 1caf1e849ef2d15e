"""The explorer of notebook 06: who hears whom after some graph layers."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from .. import data, environment, graphs
from ..figures import BLUE, GREY, INK, ORANGE, SKY
from .widgets import Explorer, Settings

RULES = ("GCN", "mean of the neighbours and itself", "GCN, a tenth of the start kept")
ORDERS = ("as given", "shuffled")


def who_does_this_node_hear() -> Explorer:
    """Notebook 06: the karate club, and a row of Sᵏ as the sizes of its nodes."""
    start = {"member": 16, "hops": 1, "rule": RULES[0], "numbers": ORDERS[0]}
    presets = {
        **{f"hops: {hops}": start | {"hops": hops} for hops in (1, 0, 2, 3, 4, 5, 8)},
        **{f"8 hops, {rule}": start | {"hops": 8, "rule": rule} for rule in RULES[1:]},
        "member 0, 2 hops": start | {"member": 0, "hops": 2},
        "shuffled, 1 hop": start | {"numbers": ORDERS[1]},
        "shuffled, 8 hops": start | {"numbers": ORDERS[1], "hops": 8},
    }
    return Explorer(
        "who does this node hear?",
        controls={
            "member": range(34),
            "hops": range(9),
            "rule": RULES,
            "numbers": ORDERS,
        },
        draw=_draw_club,
        say=_say_club,
        presets=presets,
        challenge=(
            "find the least number of hops after which everybody hears everybody.",
            lambda s: (
                bool((_heard(s["hops"], s["rule"]) > 0).all())
                and not (_heard(s["hops"] - 1, s["rule"]) > 0).all()
            ),
        ),
    )


@cache
def _places() -> np.ndarray:
    """Where each member is drawn, (34, 2), in [-1, 1]."""
    import networkx  # here: one notebook of seven needs its 12 MB

    links = data.karate_club().edge_index.T.tolist()
    places = networkx.kamada_kawai_layout(networkx.Graph(links))
    return np.array([places[member] for member in range(34)])


@cache
def _layer(rule: str) -> tuple[torch.Tensor, float]:
    """Entry (i, j): how member i weighs member j in one layer; and what is kept."""
    matrix = graphs.normalize(data.karate_club().edge_index, 34).to_dense()
    if rule == RULES[1]:
        linked = (matrix > 0).float()
        matrix = linked / linked.sum(1, keepdim=True)
    return matrix, 0.1 if rule == RULES[2] else 0.0


@cache
def _heard(hops: int, rule: str) -> np.ndarray:
    """Entry (i, j): how much of member j is in member i after so many layers."""
    matrix, restart = _layer(rule)
    return graphs.propagate(matrix, torch.eye(34), hops, restart).numpy()


def _likeness(heard: np.ndarray) -> float:
    """Mean cosine between the rows: 1 when all members have heard the same."""
    unit = heard / np.linalg.norm(heard, axis=1, keepdims=True)
    return float((unit @ unit.T).mean())


def _draw_club(now: Settings, before: Settings | None) -> Figure:
    fig = plt.figure(figsize=(9, 4.2), layout="none")
    ax = fig.add_axes((0.0, 0.02, 0.58, 0.96))
    _draw_links(ax, now)
    _draw_nodes(ax, now, before)
    order = np.arange(34)
    if now["numbers"] == ORDERS[1]:
        order = torch.randperm(34, generator=environment.generator(0)).numpy()
    ax = fig.add_axes((0.61, 0.08, 0.38, 0.8))
    heard = _heard(now["hops"], now["rule"])[order][:, order]
    ax.imshow(heard, cmap="Blues", vmin=0, vmax=0.3)
    row = int(np.flatnonzero(order == now["member"])[0])
    ax.axhspan(row - 0.5, row + 0.5, fill=False, edgecolor=ORANGE, linewidth=2)
    ax.set(xticks=[], yticks=[])
    ax.set_title("row: who hears, column: whom", fontsize=13)
    return fig


def _draw_links(ax: Axes, now: Settings) -> None:
    """Each link as wide as its weight in one layer; the star's own are dark."""
    matrix, restart = _layer(now["rule"])
    weight = (1 - restart) * matrix.numpy()
    links = data.karate_club().edge_index.numpy().T
    # Of the two directions the one that leads to the star, if any; else their mean.
    own = links[links[:, 1] == now["member"]]
    rest = links[(links[:, 0] < links[:, 1]) & (links != now["member"]).all(1)]
    mean = (weight + weight.T) / 2
    for chosen, width, color in ((rest, mean, GREY), (own, weight.T, INK)):
        widths = 10 * width[chosen[:, 0], chosen[:, 1]]
        ends = _places()[chosen]
        look = {"linewidths": widths, "color": color, "alpha": 0.7, "zorder": 1}
        ax.add_collection(LineCollection(ends, **look))


def _draw_nodes(ax: Axes, now: Settings, before: Settings | None) -> None:
    x, y = _places().T
    sides = np.where(data.karate_club().y.numpy() == 0, BLUE, SKY)
    for settings, ghost in ((before, True), (now, False)):
        if settings:
            heard = _heard(settings["hops"], settings["rule"])[settings["member"]]
            sizes = 20 + 1500 * heard
            look = {"facecolor": "none", "edgecolor": GREY} if ghost else {"c": sides}
            ax.scatter(x, y, sizes, **look, zorder=2)
    ax.scatter(*_places()[now["member"]], 90, color=ORANGE, marker="*", zorder=3)
    ax.set(xlim=(-1.15, 1.15), ylim=(-1.15, 1.15))
    notes = ("dark: Mr. Hi's side, light: the officer's", "width of a link: its weight")
    ax.text(-1.12, -1.12, "\n".join(notes), fontsize=11)
    ax.axis("off")


def _say_club(s: Settings) -> str:
    heard = _heard(s["hops"], s["rule"])
    row, everybody = heard[s["member"]], (heard > 0).all(1).sum()
    hops = "1 hop" if s["hops"] == 1 else f"{s['hops']} hops"
    shuffled = s["numbers"] == ORDERS[1]
    order = (
        " Other numbers scramble the matrix, not who hears whom." if shuffled else ""
    )
    return (
        f"After {hops} by {s['rule']}, member {s['member']} hears {(row > 0).sum()} of "
        f"34 members; {row[s['member']] / row.sum():.0%} of it is its own voice. "
        f"{everybody} of 34 hear everybody. Mean cosine between what two members have "
        f"heard: {_likeness(heard):.2f}.{order}"
    )

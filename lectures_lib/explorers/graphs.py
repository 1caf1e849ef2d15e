"""The explorer of notebook 06: who hears whom after some graph layers."""

from functools import cache

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from .. import data, environment, graphs
from ..figures import BLUE, GREY, INK, ORANGE, SKY
from .widgets import EXPLORERS, Explorer, Settings, explorer

CONTROLS = EXPLORERS["who_does_this_node_hear"]["controls"]
NOTES = "dark: Mr. Hi's side, light: the officer's\nwidth of a link: its weight"
RULES, ORDERS = CONTROLS["rule"], CONTROLS["numbers"]


def who_does_this_node_hear() -> Explorer:
    """Notebook 06: the karate club, and a row of Sᵏ as the sizes of its nodes."""
    return explorer(
        "who_does_this_node_hear",
        base=lambda club, _: club.text(-1.12, -1.12, NOTES, fontsize=11),
        draw=_draw_club,
        say=_say_club,
        solved=lambda member, hops, rule, numbers: (
            _heard(hops, rule).all() and not _heard(hops - 1, rule).all()
        ),
    )


_club = cache(data.karate_club)


@cache
def _places() -> np.ndarray:
    """Where each member is drawn, (34, 2), in [-1, 1]."""
    import networkx  # here: one notebook of seven needs its 12 MB

    links = _club().edge_index.T.tolist()
    places = networkx.kamada_kawai_layout(networkx.Graph(links))
    return np.array([places[member] for member in range(34)])


@cache
def _layer(rule: str) -> tuple[torch.Tensor, float]:
    """Entry (i, j): how member i weighs member j in one layer; and what is kept."""
    matrix = graphs.normalize(_club().edge_index, 34).to_dense()
    if rule == RULES[1]:
        linked = (matrix > 0).float()
        matrix = linked / linked.sum(1, keepdim=True)
    return matrix, 0.1 if rule == RULES[2] else 0.0


@cache
def _heard(hops: int, rule: str) -> np.ndarray:
    """Entry (i, j): how much of member j is in member i after so many layers."""
    matrix, restart = _layer(rule)
    return graphs.propagate(matrix, torch.eye(34), hops, restart).numpy()


def _draw_club(club: Axes, matrix: Axes, ghost: bool, **s) -> None:
    heard = _heard(s["hops"], s["rule"])
    sides = np.where(_club().y == 0, BLUE, SKY)
    look = {"facecolor": "none", "edgecolor": GREY} if ghost else {"c": sides}
    club.scatter(*_places().T, 20 + 1500 * heard[s["member"]], **look, zorder=2)
    if ghost:
        return
    _draw_links(club, s)
    club.scatter(*_places()[s["member"]], 90, color=ORANGE, marker="*", zorder=3)
    order = np.arange(34)
    if s["numbers"] == ORDERS[1]:
        order = torch.randperm(34, generator=environment.generator(0)).numpy()
    matrix.imshow(heard[order][:, order], cmap="Blues", vmin=0, vmax=0.3)
    row = int(np.flatnonzero(order == s["member"])[0])
    matrix.axhspan(row - 0.5, row + 0.5, fill=False, edgecolor=ORANGE, linewidth=2)


def _draw_links(ax: Axes, s: Settings) -> None:
    """Each link as wide as its weight in one layer; the star's own are dark."""
    matrix, restart = _layer(s["rule"])
    weight = (1 - restart) * matrix.numpy()
    links = _club().edge_index.numpy().T
    # Of the two directions the one that leads to the star, if any; else their mean.
    own = links[links[:, 1] == s["member"]]
    rest = links[(links[:, 0] < links[:, 1]) & (links != s["member"]).all(1)]
    mean = (weight + weight.T) / 2
    for chosen, width, color in ((rest, mean, GREY), (own, weight.T, INK)):
        widths = 10 * width[chosen[:, 0], chosen[:, 1]]
        look = {"linewidths": widths, "color": color, "alpha": 0.7, "zorder": 1}
        ax.add_collection(LineCollection(_places()[chosen], **look))


def _say_club(member: int, hops: int, rule: str, numbers: str) -> str:
    heard = _heard(hops, rule)
    row, everybody = heard[member], (heard > 0).all(1).sum()
    unit = heard / np.linalg.norm(heard, axis=1, keepdims=True)
    text = (
        f"After {hops} hop{'' if hops == 1 else 's'} by {rule}, member {member} hears "
        f"{(row > 0).sum()} of 34 members; {row[member] / row.sum():.0%} of it is its "
        f"own voice. {everybody} of 34 hear everybody. Mean cosine between what two "
        f"members have heard: {(unit @ unit.T).mean():.2f}."
    )
    if numbers == ORDERS[1]:
        text += " Other numbers scramble the matrix, not who hears whom."
    return text

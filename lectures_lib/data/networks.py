"""Graphs: nodes with features and classes, and the links between them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..support import sparse
from .files import tensors


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes with features and classes, and the links between them.

    Attributes:
        x: float32 (nodes, features), dense, or sparse in the CSR layout.
        y: int64 (nodes,), places in classes.
        edge_index: int64 (2, edges), sorted; each link in both directions, each
            direction once, no node with itself.
        train, validation, test: int64 (n,), numbers of nodes, sorted, no two share any.
        classes: the classes' names.
        nodes, words: names of the nodes and features; () where the source has none.
    """

    x: Tensor
    y: Tensor
    edge_index: Tensor
    train: Tensor
    validation: Tensor
    test: Tensor
    classes: tuple[str, ...]
    nodes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def debian_science() -> Graph:
    """Science packages of Debian 12, their fields, and how they depend on each other.

    x counts the words of a package's one-line summary, but for those that name a field:
    CSR (2284, 878); classes are nine fields. 20 nodes of each class to train, 20 to
    validate, 40 to test with. 374 packages have no link, and 6 no word.
    Source, choices: data/README.md.
    """
    stored = tensors("debian_science.npz")
    text = {
        name: tuple(stored.pop(name).numpy().tobytes().decode().split("\n"))
        for name in ("nodes", "words", "classes")
    }
    number = {name: tensor.long() for name, tensor in stored.items()}
    node, word, count = number.pop("counts")
    shape = (len(text["nodes"]), len(text["words"]))
    x = sparse.csr(node.bincount(minlength=shape[0]), word, count.float(), shape)
    return Graph(x, edge_index=both_ways(number.pop("pairs")), **number, **text)


def karate_club() -> Graph:
    """Zachary's karate club (1977), from networkx: 34 members, 78 friendships.

    y says whom a member followed when the club split: Mr. Hi (0) or the officer (1).
    Only these two are to train with; the other 32 are the test, nobody is validation.
    x is dense (34, 3), in [0, 1], and names nobody: the share of the others who are
    friends (degree), of a member's pairs of friends who are friends (clustering), and
    the others over the sum of the ways to them (closeness). Where a net has to tell
    members apart, give it torch.eye(34). The strength of friendships is left out.
    """
    import networkx as nx  # here: its import takes a while, and one notebook needs it

    club = nx.karate_club_graph()
    measures = (nx.degree_centrality, nx.clustering, nx.closeness_centrality)
    columns = [list(measure(club).values()) for measure in measures]
    classes = ("Mr. Hi", "Officer")
    sides = [classes.index(side) for _, side in club.nodes(data="club")]
    return Graph(
        x=torch.tensor(columns).T.contiguous(),
        y=torch.tensor(sides),
        edge_index=both_ways(torch.tensor([*club.edges]).T),
        train=torch.tensor([0, 33]),
        validation=torch.tensor([], dtype=int),
        test=torch.arange(1, 33),
        classes=classes,
    )


def both_ways(links: Tensor) -> Tensor:
    """Links (2, n), each in both directions, each direction once, sorted; no loops."""
    links = links[:, links[0] != links[1]]
    return torch.cat([links, links.flip(0)], 1).unique(dim=1)

"""Graphs: nodes with features and classes, and the links between them."""

import io
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from . import citations
from .files import DataError, download, read

PLANETOID_URL = "https://github.com/kimiyoung/planetoid/raw/master/data"


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
    Raises DataError for an unsound file. Source, choices: data/README.md.
    """
    with np.load(io.BytesIO(read("debian_science.npz")), allow_pickle=False) as file:
        arrays = dict(file)
    names = ("nodes", "words", "classes")
    text = {name: tuple(arrays[name].tobytes().decode().split("\n")) for name in names}
    node, word, count = arrays["counts"]
    shape = (len(text["nodes"]), len(text["words"]))
    x = _csr(sparse.coo_matrix((count, (node, word)), shape))
    part = {name: _long(arrays[name]) for name in ("y", "train", "validation", "test")}
    links = _both_ways(arrays["pairs"])
    return Graph(x, edge_index=links, **part, **text)


def karate_club() -> Graph:
    """Zachary's karate club (1977), from networkx: 34 members, 78 friendships.

    y says whom a member followed when the club split: Mr. Hi (0) or the officer (1).
    Only these two are to train with; the other 32 are the test, nobody is validation.
    x is dense (34, 3), in [0, 1], and names nobody: the share of the others who are
    friends (degree), of a member's pairs of friends who are friends (clustering), and
    the others over the sum of the ways to them (closeness). Where a net has to tell
    members apart, give it torch.eye(34). The strength of friendships is left out.
    """
    import networkx  # here: its import takes a while, and one notebook needs it

    club = networkx.karate_club_graph()
    measures = (networkx.degree_centrality, networkx.clustering)
    columns = [measure(club) for measure in (*measures, networkx.closeness_centrality)]
    x = torch.tensor([[column[node] for column in columns] for node in club])
    classes = ("Mr. Hi", "Officer")
    y = torch.tensor([classes.index(side) for _, side in club.nodes(data="club")])
    ends = [0, len(club) - 1]
    part = {"train": _long(ends), "validation": _long([]), "test": _long(range(1, 33))}
    links = _both_ways(np.array(club.edges).T)
    return Graph(x, y, links, **part, classes=classes)


def planetoid(
    name: str, folder: str | Path | None = None, normalize: bool = True
) -> Graph:
    """A citation network in the split of Kipf and Welling (2017), downloaded once.

    Papers, their fields, and who cites whom; x is CSR and says which words a paper has.
    20 papers of each class to train, 500 to validate, 1,000 to test with.

    Args:
        name: "cora" (2,708 papers, 5,278 links) or "citeseer" (3,327 papers, of which
            15 have neither words nor a known class: theirs is given as 0).
        folder: where its eight files are kept; None: that of LECTURES_DATA, or lectures
            in the user's cache. Those missing come from LECTURES_PLANETOID_URL, by
            default from the authors of Planetoid (Yang et al. 2016).
        normalize: each paper's words sum to one, so that a long text says no more than
            a short one (Kipf and Welling 2017, Section 5.2); False: 1 for each word.
    Raises DownloadError, an OSError, when a file is missing or has another checksum and
    cannot be fetched; DataError: unknown name, or files that are not such a network.
    """
    if name not in citations.CHECKSUMS:
        known = ", ".join(citations.CHECKSUMS)
        raise DataError(f"no citation network {name!r}; there are: {known}")
    folder = Path(folder or os.environ.get("LECTURES_DATA") or _cache_folder())
    folder = folder.expanduser()
    source = (os.environ.get("LECTURES_PLANETOID_URL") or PLANETOID_URL).rstrip("/")
    files = {}
    for part, sha256 in zip(citations.PARTS, citations.CHECKSUMS[name]):
        file = f"ind.{name}.{part}"
        files[part] = download(f"{source}/{file}", folder / file, sha256).read_bytes()
    try:
        found = citations.assemble(files)
    except Exception as error:  # a pickle may raise anything
        raise DataError(
            f"{folder}/ind.{name}.* is no citation network ({error}): delete these "
            "files and look where LECTURES_PLANETOID_URL leads"
        ) from error
    names = ("y", "train", "validation", "test")
    part = {name: _long(getattr(found, name)) for name in names}
    links, classes = _both_ways(found.links), citations.CLASSES[name]
    x = _rows_to_one(found.x) if normalize else found.x
    return Graph(_csr(x), edge_index=links, classes=classes, **part)


def _rows_to_one(x: sparse.spmatrix) -> sparse.spmatrix:
    """Each row divided by its sum; a row of zeros stays."""
    total = np.asarray(x.sum(1), np.float32)
    return x.multiply(1 / np.where(total == 0, 1, total))


def _long(numbers: object) -> Tensor:
    return torch.tensor(np.array(numbers, np.int64))


def _both_ways(links: np.ndarray) -> Tensor:
    links = links[:, links[0] != links[1]].astype(np.int64)
    return _long(np.unique(np.concatenate([links, links[::-1]], 1), axis=1))


def _csr(matrix: sparse.spmatrix) -> Tensor:
    matrix = matrix.tocsr().sorted_indices()
    places = (
        torch.tensor(part.astype(np.int32)) for part in (matrix.indptr, matrix.indices)
    )
    values = torch.tensor(matrix.data.astype(np.float32))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            *places, values, matrix.shape, check_invariants=True
        )


def _cache_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "lectures"

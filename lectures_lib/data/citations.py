"""The files of Planetoid's citation networks: unpickled with care and put together.

A pickle is a program. Those of Planetoid (Yang, Cohen and Salakhutdinov 2016) come from
the network, so this one reads a pickle that builds arrays and containers, and no other.
"""

import io
import pickle
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from scipy import sparse

PARTS = ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index")
# SHA-256 of the files ind.cora.x and so on, in the order of PARTS.
CHECKSUMS = {
    "cora": (
        "23cfa55d91c6f624233f5eb7b6e3f141f1bd2b2ae39608a63cf5d084bb27baab",
        "b9afbaa4a400df991f6f02ef677e1e44da55ffc04801fd02f9e673987829226a",
        "9419ba2f26f5c35243db64aba110e0f35a04851609e0dc5433450676ca6b8543",
        "94465c14eb53e04ca262198dcbb2521ee8af60fb3f3d546cd6ca24a511b0e7d1",
        "41f5ac76596a1699cc33f53084a2419e92961c42bb75f36fc38e616d348532ad",
        "2b998f5cc7fedc86e7f97ca2498f47a1ffc1462c29e2d578b23bf3f62b6e7d71",
        "58f13302f39dde8852dad6fe6d15b89b077b6d7f837626bce671ef80344b383d",
        "297ce89af2b51a6a194181c7dbe1796c6a1cf9cd9349a88383b1b1e227867875",
    ),
    "citeseer": (
        "d20de19150741e555de0ed037195630fc194114ebc7fd72ced62810148aa22f6",
        "539a8906a2da97628d212f2fdd668c109a8b3f0d36574b59e5d3fd5b5303da21",
        "2ac30345d95c9ec933a817ee0bdd6a5f077f8c184a20e696910192d534414668",
        "8ba87e515d8e3ee3cf52f6d2c5b86aa73f11ecad825a808455209ec26cd54924",
        "55e5bd1ba1e733a04598753ad1a8d57957f4b8f89e74519f41f4f4938767e4ce",
        "f704b2d986dde6c2669934de1f3ae5696a6cf9455c0f6b2646a2d135ea0a1c95",
        "d79a4ef9d3e7169aee8946145f6b7306e35bc79bffad26346cfb94e10e9912a7",
        "2af990671580b6b2df5d158d1038f8292e30c9cd821b5453f399659b25b723d4",
    ),
}
# The files number the classes only; their sizes are those of the papers' seven, six.
CLASSES = {
    "cora": (
        *("Theory", "Reinforcement Learning", "Genetic Algorithms", "Neural Networks"),
        *("Probabilistic Methods", "Case-Based", "Rule Learning"),
    ),
    "citeseer": ("AI", "ML", "IR", "DB", "Agents", "HCI"),
}
VALIDATION = 500  # nodes after the training nodes, as in Kipf and Welling (2017)
# All that a pickle may call, by Python 2's names and by today's.
_ARRAYS = {"ndarray": np.ndarray, "dtype": np.dtype}
_RECONSTRUCT = np.empty(0).__reduce__()[0]  # how NumPy itself pickles an array
_CONTAINERS = {kind.__name__: kind for kind in (dict, frozenset, list, set, tuple)}
KNOWN = {
    **{("numpy", name): thing for name, thing in _ARRAYS.items()},
    **{
        (f"numpy.{c}.multiarray", "_reconstruct"): _RECONSTRUCT
        for c in ("core", "_core")
    },
    **{(f"scipy.sparse.{m}", "csr_matrix"): sparse.csr_matrix for m in ("csr", "_csr")},
    **{(m, n): k for m in ("__builtin__", "builtins") for n, k in _CONTAINERS.items()},
    ("collections", "defaultdict"): defaultdict,
}


@dataclass(frozen=True)
class Citations:
    """A citation network as NumPy and SciPy have it.

    Attributes: x, CSR (papers, words), 1 where a paper has the word; y int64 (papers,);
    links int64 (2, n), as listed, in any direction and more than once; and the numbers
    of the papers to train, validate and test with, in order.
    """

    x: sparse.csr_matrix
    y: np.ndarray
    links: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        if (module, name) not in KNOWN:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}; nothing was run"
            )
        return KNOWN[module, name]  # found here: not even an import is made


def unpickle(content: bytes) -> object:
    """What a pickle holds, as long as it is arrays, CSR matrices and containers.

    Raises pickle.UnpicklingError, naming it, when the pickle asks for anything else;
    whatever Python raises when it is no pickle.
    """
    return _Unpickler(io.BytesIO(content), encoding="latin1").load()


def assemble(files: dict[str, bytes]) -> Citations:
    """Put the eight files together, named as in PARTS.

    allx and ally hold the papers that are not for testing, the training papers (x, y)
    first; row i of tx and ty is paper test.index[i]. A number that test.index leaves
    out (Citeseer has 15) is a paper without words: a row of zeros, class 0, in no part.
    Raises what unpickle raises; ValueError, when the files do not fit together.
    """
    part = {name: unpickle(files[name]) for name in PARTS[:-1]}
    test = np.array(files["test.index"].split(), np.int64)
    before, trained = part["allx"].shape[0], part["x"].shape[0]
    size = int(test.max()) + 1
    if test.min() < before or len({*test.tolist()}) < len(test):
        raise ValueError("test.index names a paper twice, or one of allx")
    place = np.concatenate([np.arange(before), test])
    rows = sparse.vstack([part["allx"], part["tx"]]).tocoo()
    x = sparse.csr_matrix(
        (rows.data, (place[rows.row], rows.col)), (size, rows.shape[1])
    )
    y = np.zeros(size, np.int64)
    y[place] = np.concatenate([part["ally"], part["ty"]]).argmax(1)
    listed = [
        (paper, other) for paper, others in part["graph"].items() for other in others
    ]
    links = np.array(listed, np.int64).T
    if links.min() < 0 or links.max() >= size:
        raise ValueError(f"graph names papers outside 0 to {size - 1}")
    validation = np.arange(trained, min(trained + VALIDATION, before))
    return Citations(x, y, links, np.arange(trained), validation, np.sort(test))

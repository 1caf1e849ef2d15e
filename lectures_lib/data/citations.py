"""The citation networks of Planetoid: downloaded, unpickled with care, put together.

A pickle is a program. Those of Planetoid (Yang, Cohen and Salakhutdinov 2016) come from
the network, so this one reads a pickle that builds arrays and lists, and nothing else.
"""

import io
import json
import os
import pickle
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from scipy.sparse import csr_matrix, vstack
from torch import Tensor

from ..support import sparse
from .files import DataError, download, read
from .networks import Graph, both_ways

URL = "https://github.com/kimiyoung/planetoid/raw/master/data"
VALIDATION = 500  # nodes after the training nodes, as in Kipf and Welling (2017)
_RECONSTRUCT = np.empty(0).__reduce__()[0]  # how NumPy itself pickles an array
KNOWN = {  # all that a pickle may call, by Python 2's names and by today's
    "numpy.ndarray": np.ndarray,
    "numpy.dtype": np.dtype,
    "numpy.core.multiarray._reconstruct": _RECONSTRUCT,
    "numpy._core.multiarray._reconstruct": _RECONSTRUCT,
    "scipy.sparse.csr.csr_matrix": csr_matrix,
    "scipy.sparse._csr.csr_matrix": csr_matrix,
    "collections.defaultdict": defaultdict,
    "__builtin__.list": list,
    "builtins.list": list,
}


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

    Raises:
        DownloadError: a file is missing or has another checksum and cannot be fetched.
        DataError: an unknown name, or files that are not such a network.
    """
    networks = json.loads(read("planetoid.json"))
    if name not in networks:
        known = ", ".join(networks)
        raise DataError(f"no citation network {name!r}; there are: {known}")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "lectures")
    folder = Path(folder or os.environ.get("LECTURES_DATA") or cache).expanduser()
    source = (os.environ.get("LECTURES_PLANETOID_URL") or URL).rstrip("/")
    files = {}
    for part, sha256 in networks[name]["sha256"].items():
        file = f"ind.{name}.{part}"
        files[part] = download(f"{source}/{file}", folder / file, sha256).read_bytes()
    try:
        return _assemble(files, tuple(networks[name]["classes"]), normalize)
    except Exception as error:  # a pickle may raise anything
        raise DataError(
            f"{folder}/ind.{name}.* is no citation network ({error}): delete these "
            "files and look where LECTURES_PLANETOID_URL leads"
        ) from error


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> object:
        asked = f"{module}.{name}"
        if asked not in KNOWN:
            raise pickle.UnpicklingError(f"it asks for {asked}; nothing was run")
        return KNOWN[asked]  # found here: not even an import is made


def unpickle(content: bytes) -> object:
    """What a pickle holds; UnpicklingError when it asks for more than KNOWN."""
    return _Unpickler(io.BytesIO(content), encoding="latin1").load()


def _assemble(files: dict[str, bytes], classes: tuple, normalize: bool) -> Graph:
    """Put the eight files together.

    allx and ally hold the papers that are not for testing, the training papers (x, y)
    first; row i of tx and ty is paper test.index[i]. A number that test.index leaves
    out (Citeseer has 15) is a paper without words: a row of zeros, class 0, in no part.
    """
    test = torch.tensor([int(number) for number in files.pop("test.index").split()])
    part = {name: unpickle(content) for name, content in files.items()}
    before, trained = part["allx"].shape[0], part["x"].shape[0]
    size = int(test.max()) + 1
    if test.min() < before or len(test.unique()) < len(test):
        raise ValueError("test.index names a paper twice, or one of allx")
    place = torch.cat([torch.arange(before), test])
    x = torch.zeros(size, part["x"].shape[1])
    x[place] = torch.from_numpy(vstack([part["allx"], part["tx"]]).toarray()).float()
    if normalize:
        x /= x.sum(1, keepdim=True).clamp(min=1)
    y = torch.zeros(size, dtype=int)
    y[place] = torch.from_numpy(np.concatenate([part["ally"], part["ty"]])).argmax(1)
    return Graph(
        x=_csr(x),
        y=y,
        edge_index=_links(part["graph"], size),
        train=torch.arange(trained),
        validation=torch.arange(trained, min(trained + VALIDATION, before)),
        test=test.sort().values,
        classes=classes,
    )


def _links(cited: dict[int, list[int]], size: int) -> Tensor:
    links = torch.tensor([(one, other) for one in cited for other in cited[one]]).T
    if links.min() < 0 or links.max() >= size:
        raise ValueError(f"graph names papers outside 0 to {size - 1}")
    return both_ways(links)


def _csr(x: Tensor) -> Tensor:
    x = x.to_sparse_csr()
    return sparse.csr(x.crow_indices().diff(), x.col_indices(), x.values(), x.shape)

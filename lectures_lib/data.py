"""The course's data: images, graphs, numbers; every file checked when it is read."""

import hashlib
import io
import json
import os
import re
import threading
import time
import uuid
import warnings
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException, HTTPResponse
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import torch
from PIL import Image
from scipy import sparse
from torch import Tensor

from . import environment
from . import planetoid as citations

FOLDER = Path(__file__).parent.parent / "data"
# listed in SHA256SUMS
FILES = (
    *("cat.png", "debian_science.npz", "fashion_mnist.npz", "published.json"),
    *("seattle.csv", "translations.json", "wordnet.npz"),
)
FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
Pair = tuple[Tensor, Tensor]  # images, labels
PLANETOID_URL = "https://github.com/kimiyoung/planetoid/raw/master/data"
PATIENCE = 2.0  # seconds for a server to say something; a lecture does not wait longer


class DataError(Exception):
    """Data that is missing, incomplete or altered, or a request it cannot meet."""


class DownloadError(OSError):
    """A file that is not here, and could not be fetched either."""


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


def fashion_mnist(split: str, n: int | None = None, seed: int = 0) -> Pair:
    """Pictures of clothes: a balanced part of Fashion-MNIST (Xiao et al. 2017, MIT).

    Args:
        split: "train" (8,000 images) or "test" (2,000).
        n: how many to draw, the classes equal up to one; None: all, in stored order.
        seed: which draw; LECTURES_SEED is added to it.
    Returns: images float32 (n, 1, 28, 28) in [0, 1]; labels int64 (n,), the places in
    FASHION_CLASSES. Raises DataError: unknown split, n out of range, unsound file.
    """
    images, labels = _subset(_fashion_mnist(FOLDER), split, n, seed)
    return images / 255, labels


def digits(split: str, n: int | None = None, seed: int = 0) -> Pair:
    """Handwritten digits: scikit-learn's 1,797 images (Alpaydin and Kaynak 1998).

    Neighbours in the file seem to share a writer. So "test" is its last 600, mostly by
    other hands than "train" (1,197): harder than a random part, nearer to real use.
    Arguments, errors: as for fashion_mnist; when a class is used up, others fill n.
    Returns: images float32 (n, 1, 8, 8) in [0, 1]; labels int64 (n,), 0 to 9.
    """
    images, labels = _subset(_digits(), split, n, seed)
    return images / 16, labels


def photo() -> Tensor:
    """A cat, float32 (3, 300, 451) in [0, 1]: red, green, blue; rows, columns.

    Raises DataError when the file is not as shipped. Source: Stéfan van der Walt, CC0.
    """
    image = Image.open(io.BytesIO(_read("cat.png"))).convert("RGB")
    return torch.tensor(np.asarray(image)).permute(2, 0, 1).contiguous() / 255


def seattle() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The warmest temperature of each day in Seattle, 2012 to 2015 (NOAA).

    Returns: year int64 (1461,); place in the year, float64 (1461,), 0 on January 1st,
    below 1; degrees Celsius, float64 (1461,). Raises DataError for an unsound file.
    """
    lines = _read("seattle.csv").decode().split()[1:]
    days, celsius = zip(*(line.split(",") for line in lines))
    dates = np.array(days, "datetime64[D]")
    years = dates.astype("datetime64[Y]")
    passed = (dates - years).astype(float)
    lengths = (years + 1).astype("datetime64[D]") - years.astype("datetime64[D]")
    place = passed / lengths.astype(float)
    return years.astype(int) + 1970, place, np.array(celsius, float)


def debian_science() -> Graph:
    """Science packages of Debian 12, their fields, and how they depend on each other.

    x counts the words of a package's one-line summary, but for those that name a field:
    CSR (2284, 878); classes are nine fields. 20 nodes of each class to train, 20 to
    validate, 40 to test with. 374 packages have no link, and 6 no word.
    Raises DataError for an unsound file. Source, choices: data/README.md.
    """
    with np.load(io.BytesIO(_read("debian_science.npz")), allow_pickle=False) as file:
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


def planetoid(name: str, folder: str | Path | None = None) -> Graph:
    """A citation network in the split of Kipf and Welling (2017), downloaded once.

    Papers, their fields, and who cites whom; x is CSR, 1 where a paper has a word. 20
    papers of each class to train, 500 to validate, 1,000 to test with.

    Args:
        name: "cora" (2,708 papers, 5,278 links) or "citeseer" (3,327 papers, of which
            15 have neither words nor a known class: theirs is given as 0).
        folder: where its eight files are kept; None: that of LECTURES_DATA, or lectures
            in the user's cache. Those missing come from LECTURES_PLANETOID_URL, by
            default from the authors of Planetoid (Yang et al. 2016).
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
    return Graph(_csr(found.x), edge_index=links, classes=classes, **part)


def published(name: str) -> dict:
    """Numbers quoted from a paper, with their source: one entry of published.json.

    Raises DataError for an unknown name, or when the file is not as shipped.
    """
    entries = json.loads(_read("published.json"))
    if name not in entries:
        raise DataError(f"no quoted numbers {name!r}; there are: {', '.join(entries)}")
    return entries[name]


def verify() -> dict[str, str]:
    """Each data file: "ok", or the sentence that says what is wrong and what to do."""
    report = dict.fromkeys(FILES, "ok")
    for name in FILES:
        try:
            _read(name)
        except DataError as error:
            report[name] = str(error)
    return report


def download(url: str, file: str | Path, sha256: str, seconds: float = 30.0) -> Path:
    """Fetch a file once: when it is there already, the network is left alone.

    A file with another checksum is fetched again. The new one is written beside its
    place and moved there when it is whole; nothing is left of a try that failed.

    Args:
        url: begins with http:// or https://.
        file: where it is kept; folders that are missing are made.
        sha256: of the whole file: the digest, or at least its first eight digits.
        seconds: for the whole transfer; a server that is silent for two is given up.
    Returns: the path of the file. Raises DownloadError, an OSError, whatever goes
    wrong on the way, a wrong checksum too; ValueError: no such url or sha256.
    """
    file, sha256 = Path(file), sha256.lower()
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"url {url!r}: expected one that begins with https://")
    if not re.fullmatch("[0-9a-f]{8,64}", sha256):
        raise ValueError(f"sha256 {sha256!r}: expected 8 to 64 hexadecimal digits")
    part = file.with_name(f"{file.name}.{uuid.uuid4().hex}.part")
    try:
        if file.exists() and _sha256(file).startswith(sha256):
            return file
        file.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, seconds)
        found = _sha256(part)[: len(sha256)]
        if found != sha256:
            size = part.stat().st_size
            raise OSError(f"{size} bytes came with SHA-256 {found}, expected {sha256}")
        part.replace(file)
    except (OSError, HTTPException) as error:
        state = "damaged" if file.exists() else "missing"
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DownloadError(
            f"{file} is {state} and was not fetched from {url} ({reason}): look after "
            "the network and try again, or put the file there by hand"
        ) from error
    finally:
        if part.exists():
            part.unlink()
    return file


@cache  # kept as bytes; whoever asks gets floats of their own
def _fashion_mnist(folder: Path) -> dict[str, Tensor]:
    with np.load(io.BytesIO(_read("fashion_mnist.npz")), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


@cache
def _digits() -> dict[str, Tensor]:
    # scikit-learn's file, without its import: that would take a second and 70 MB.
    package = find_spec("sklearn")
    if package is None:
        raise DataError("no scikit-learn, which has the digits: make lab installs it")
    file = Path(package.submodule_search_locations[0], "datasets/data/digits.csv.gz")
    table = np.loadtxt(file, delimiter=",")
    pixels, target = torch.tensor(table).byte().split((64, 1), 1)
    images, target = pixels.reshape(-1, 8, 8), target[:, 0].long()
    train = {"train_images": images[:-600], "train_labels": target[:-600]}
    return train | {"test_images": images[-600:], "test_labels": target[-600:]}


def _subset(arrays: dict[str, Tensor], split: str, n: int | None, seed: int) -> Pair:
    if split not in ("train", "test"):
        raise DataError(f"unknown split {split!r}: expected 'train' or 'test'")
    images, labels = arrays[f"{split}_images"], arrays[f"{split}_labels"].long()
    chosen = torch.arange(len(labels)) if n is None else _draw(labels, n, seed)
    return images[chosen, None].float(), labels[chosen]  # copies


def _draw(labels: Tensor, n: int, seed: int) -> Tensor:
    if not isinstance(n, int | np.integer) or n is True or not 1 <= n <= len(labels):
        raise DataError(f"n = {n!r}: expected a whole number from 1 to {len(labels)}")
    generator = environment.generator(seed)
    order = torch.randperm(len(labels), generator=generator)
    # Each class queues in this order; the first of every queue come before the second.
    queues = torch.nn.functional.one_hot(labels[order])
    place = (queues.cumsum(0) * queues).sum(1)
    chosen = order[place.argsort(stable=True)[:n]]
    return chosen[torch.randperm(len(chosen), generator=generator)]


def _long(numbers: object) -> Tensor:
    return torch.tensor(np.array(numbers, np.int64))


def _both_ways(links: np.ndarray) -> Tensor:
    links = links[:, links[0] != links[1]].astype(np.int64)
    return _long(np.unique(np.concatenate([links, links[::-1]], 1), axis=1))


def _csr(matrix: sparse.spmatrix) -> Tensor:
    matrix = matrix.tocsr().sorted_indices()
    parts = (_long(matrix.indptr), _long(matrix.indices))
    values = torch.tensor(matrix.data.astype(np.float32))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sparse CSR tensor support is in beta state")
        return torch.sparse_csr_tensor(
            *parts, values, matrix.shape, check_invariants=True
        )


def _cache_folder() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "lectures"


def _read(name: str) -> bytes:  # only what SHA256SUMS vouches for
    listed = rf"^# (\d+) bytes  {name}\s+(\w+)  {name}\s"
    sums = re.search(listed, _bytes("SHA256SUMS").decode(errors="replace"), re.M)
    if sums is None:
        raise _broken("SHA256SUMS", f"does not list {name}")
    expected = f"expected {sums[1]} bytes, SHA-256 {sums[2][:12]}…"
    content = _bytes(name, expected)
    found = hashlib.sha256(content).hexdigest()
    if found != sums[2]:
        found = f"found {len(content)} bytes, SHA-256 {found[:12]}…"
        raise _broken(name, f"is not as shipped: {expected}; {found}")
    return content


def _bytes(name: str, expected: str = "expected the list of checksums") -> bytes:
    if not FOLDER.is_dir():
        raise _broken("", "is missing; was lectures_lib installed without -e?")
    try:
        return (FOLDER / name).read_bytes()
    except OSError as error:
        raise _broken(name, f"cannot be read ({error.strerror}): {expected}") from None


def _broken(name: str, state: str) -> DataError:
    return DataError(
        f"data/{name} {state}. To restore it, run in the course's folder: "
        f"git checkout HEAD -- data/{name} (without git: download the course again)"
    )


def _fetch(url: str, part: Path, seconds: float) -> None:
    end = time.monotonic() + seconds
    with _answer(url) as response, part.open("xb") as out:
        while chunk := response.read1(2**16):
            out.write(chunk)
            if time.monotonic() > end:
                raise TimeoutError(f"not done after {seconds:g} seconds")


def _answer(url: str) -> HTTPResponse:
    answer: Future[HTTPResponse] = Future()

    def ask() -> None:
        try:
            answer.set_result(urlopen(url, timeout=PATIENCE))
        except HTTPError as error:
            error.close()  # it holds the connection, as an answer would
            answer.set_exception(error)
        except Exception as error:
            answer.set_exception(error)

    # In a thread: looking up the server's name has no time limit of its own.
    threading.Thread(target=ask, daemon=True).start()
    try:
        return answer.result(PATIENCE)
    except TimeoutError:
        raise TimeoutError(f"no answer within {PATIENCE:g} seconds") from None


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

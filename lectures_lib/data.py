"""The course's data: images and quoted numbers, every file checked when it is read."""

import hashlib
import io
import json
import re
import threading
import time
import uuid
from concurrent.futures import Future
from functools import cache
from http.client import HTTPException, HTTPResponse
from importlib.util import find_spec
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from . import environment

FOLDER = Path(__file__).parent.parent / "data"
# listed in SHA256SUMS
FILES = (
    *("cat.png", "fashion_mnist.npz", "published.json", "seattle.csv"),
    *("translations.json", "wordnet.npz"),
)
FASHION_CLASSES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
Pair = tuple[Tensor, Tensor]  # images, labels
PATIENCE = 2.0  # seconds for a server to say something; a lecture does not wait longer


class DataError(Exception):
    """Data that is missing, incomplete or altered, or a request it cannot meet."""


class DownloadError(OSError):
    """A file that is not here, and could not be fetched either."""


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

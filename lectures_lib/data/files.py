"""The files of the course's data: read with their checksums, or fetched once."""

import hashlib
import io
import json
import re
import ssl
import time
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import certifi
import numpy as np
import torch
from torch import Tensor

FOLDER = Path(__file__).parents[2] / "data"
FILES = (  # as listed in SHA256SUMS
    "cat.png",
    "debian_science.npz",
    "digits.npz",
    "fashion_mnist.npz",
    "planetoid.json",
    "published.json",
    "seattle.csv",
    "translations.json",
    "wordnet.npz",
)
PATIENCE = 2.0  # seconds of silence, of a server or of ours; a lecture waits no longer


class DataError(Exception):
    """Data that is missing, incomplete or altered, or a request it cannot meet."""


class DownloadError(OSError):
    """A file that is not here, and could not be fetched either."""


def published(name: str) -> dict:
    """Numbers quoted from a paper, with their source: one entry of published.json."""
    entries = json.loads(read("published.json"))
    if name not in entries:
        raise DataError(f"no quoted numbers {name!r}; there are: {', '.join(entries)}")
    return entries[name]


def verify() -> dict[str, str]:
    """Each data file: "ok", or the sentence that says what is wrong and what to do."""
    report = dict.fromkeys(FILES, "ok")
    for name in FILES:
        try:
            read(name)
        except DataError as error:
            report[name] = str(error)
    return report


def tensors(name: str) -> dict[str, Tensor]:
    """The arrays of an .npz file, checked as in read; none is a pickle."""
    with np.load(io.BytesIO(read(name)), allow_pickle=False) as arrays:
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def read(name: str) -> bytes:
    """The content of a data file; DataError unless it is what SHA256SUMS says."""
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


def download(url: str, file: str | Path, sha256: str) -> Path:
    """Fetch a file once: when it is there already, the network is left alone.

    A file with another checksum is fetched again. What is fetched takes its place when
    it is whole and right. What a broken try has fetched is kept beside it, in a file
    that ends in .part, and the next try goes on from there.

    Args:
        url: begins with http:// or https://.
        file: where it is kept; folders that are missing are made.
        sha256: of the whole file: the digest, or at least its first eight digits.

    Raises:
        DownloadError: an OSError; whatever goes wrong on the way, a wrong checksum too.
        ValueError: no such url or sha256.
    """
    file, sha256 = Path(file), sha256.lower()
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"url {url!r}: expected one that begins with https://")
    if not re.fullmatch("[0-9a-f]{8,64}", sha256):
        raise ValueError(f"sha256 {sha256!r}: expected 8 to 64 hexadecimal digits")
    try:
        if not file.exists() or not _sha256(file).startswith(sha256):
            _fetch(url, file, sha256)
    except (OSError, HTTPException) as error:
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection, as an answer would
        state = "damaged" if file.exists() else "missing"
        reason = " ".join(str(error).split()) or type(error).__name__
        remedy = "look after the network and try again"
        if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
            remedy = "if a proxy or virus scanner replaces certificates, set "
            remedy += "SSL_CERT_FILE to the file of its own ones and try again"
        raise DownloadError(
            f"{file} is {state} and was not fetched from {url} ({reason}): {remedy}, "
            "or put the file there by hand"
        ) from error
    return file


def _fetch(url: str, file: Path, sha256: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.part")
    with TemporaryDirectory(dir=file.parent) as folder:  # removed, whatever happens
        new = Path(folder, file.name)
        try:
            part.replace(new)  # of several at once one gets it; the others begin anew
        except OSError:
            new.touch()
        try:
            _go_on(url, new)
        except BaseException:  # Ctrl-C, too
            if new.stat().st_size:
                new.replace(part)
            raise
        found = _sha256(new)
        if not found.startswith(sha256):
            raise OSError(f'invalid hash value (expected "{sha256}", got "{found}")')
        new.replace(file)


def _go_on(url: str, new: Path) -> None:
    """Fetch what the file lacks: all, where the server cannot go on from its end."""
    answer = _ask(url, new.stat().st_size)
    with answer, new.open("ab") as copy:
        done = copy.truncate(None if answer.status == 206 else 0)
        size = done + (answer.length or 0)  # as far as the server says
        begun = said = time.monotonic()
        try:
            while chunk := answer.read(2**14):
                done += copy.write(chunk)
                if time.monotonic() > said + PATIENCE:
                    said = time.monotonic()
                    of = f"{done / 1e6:.1f} of {max(done, size) / 1e6:.1f} MB"
                    print(f"\r{new.name}: {of}", end="", flush=True)
        finally:
            if said > begun:
                print()
    if done < size:
        raise OSError(f"the connection broke after {done} of {size} bytes")


def _ask(url: str, start: int) -> HTTPResponse:
    """The server's answer, with what follows this byte (status 206) or with all."""
    context = ssl.create_default_context()  # the system's, and those of SSL_CERT_FILE
    context.load_verify_locations(certifi.where())  # some systems have none
    wanted = {"Range": f"bytes={start}-"} if start else {}
    request = Request(url, headers={"User-Agent": "lectures_lib"} | wanted)
    try:
        answer = urlopen(request, timeout=PATIENCE, context=context)
    except HTTPError as error:
        if not start or error.code != 416:  # it has no such byte
            raise
        answer = error
    place = answer.headers["Content-Range"] or ""
    if not start or answer.status == 200 or place.startswith(f"bytes {start}-"):
        return answer
    answer.close()
    return _ask(url, 0)


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()

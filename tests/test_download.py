"""Downloads from a server on this machine: what goes wrong, and what is left then."""

import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi
import pytest

from lectures_lib import data
from lectures_lib.data import files

CONTENT = bytes(range(256)) * 2000  # 512 kB, more than one chunk
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Answers well or badly, as the path says."""

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        self.server.starts.append(self.start())
        getattr(self, self.path.strip("/"), self.unknown)()

    def log_message(self, *_arguments: object) -> None:
        pass

    def begin(self, size: int = len(CONTENT), status: int = 200, **headers: str):
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def start(self) -> int:
        """The byte from which on it is asked for."""
        return int((self.headers["Range"] or "bytes=0-")[6:-1])

    def good(self) -> None:
        self.begin()
        self.wfile.write(CONTENT)

    def moved(self) -> None:
        self.begin(0, 302, Location="/good")

    def other(self) -> None:
        self.begin(15)
        self.wfile.write(b"<html>log in</h")

    def dropped(self) -> None:
        self.begin()
        self.wfile.write(CONTENT[:100_000])

    def ranges(self) -> None:
        if start := self.start():
            self.rest(start, start)
        else:
            self.good()

    def breaking(self) -> None:
        """Begins only; asked to go on, it does."""
        if self.start():
            self.ranges()
        else:
            self.dropped()

    def elsewhere(self) -> None:
        """Asked to go on, it does so from another place."""
        if start := self.start():
            self.rest(start, start + 1)
        else:
            self.good()

    def no_more(self) -> None:
        """Asked to go on, it has nothing there."""
        if self.start():
            self.begin(0, 416)
        else:
            self.good()

    def rest(self, start: int, said: int) -> None:
        place = f"bytes {said}-{len(CONTENT) - 1}/{len(CONTENT)}"
        self.begin(len(CONTENT) - start, 206, **{"Content-Range": place})
        self.wfile.write(CONTENT[start:])

    def slow(self) -> None:
        self.begin()
        for start in range(0, len(CONTENT), len(CONTENT) // 8):
            time.sleep(0.1)
            self.wfile.write(CONTENT[start : start + len(CONTENT) // 8])

    def chatter(self) -> None:
        self.wfile.write(b"this is no HTTP\r\n\r\n")

    def silent(self) -> None:
        self.server.over.wait(20)

    def stalled(self) -> None:
        self.begin()
        self.wfile.write(CONTENT[:1000])
        self.server.over.wait(20)

    def unknown(self) -> None:
        self.begin(0, 404)


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[str] = []
        self.starts: list[int] = []  # the byte from which on each was asked for
        self.over = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"

    def handle_error(self, *_arguments: object) -> None:
        pass  # whoever downloads may hang up


@pytest.fixture
def server(monkeypatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.over.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def impatient(monkeypatch) -> None:
    monkeypatch.setattr(files, "PATIENCE", 0.3)


def refusal(url: str, file: Path, sha256: str = SHA256, **options: float) -> str:
    """What download says when it fails; nothing may be left of the try."""
    place = file.parent.parent if file.parent.parent.exists() else file.parent
    before = snapshot(place)
    with pytest.raises(OSError) as error:
        data.download(url, file, sha256, **options)
    assert snapshot(place) == before
    assert not [*file.parent.glob("tmp*")]
    message = str(error.value)
    assert type(error.value) is data.DownloadError and "\n" not in message
    assert f"was not fetched from {url} (" in message and str(file) in message
    assert message.endswith("and try again, or put the file there by hand")
    return message


def part_of(file: Path, content: bytes = CONTENT[:100_000]) -> Path:
    """What is kept of a broken try."""
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(content)
    return part


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def closed_port() -> str:
    """A url at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/good"


# --- what works ---------------------------------------------------------------------


@pytest.mark.parametrize("digits", [8, 12, 64])
@pytest.mark.parametrize("path", ["good", "moved"])
def test_a_file_is_fetched_once(server, tmp_path, path, digits):
    file = tmp_path / "new folder" / "file.bin"
    for _ in range(2):
        sha256 = SHA256[:digits].upper()
        assert data.download(server.url(path), str(file), sha256) == file
    assert snapshot(tmp_path) == {file: CONTENT}
    assert server.requests.count("/good") == 1


def test_a_good_file_needs_no_network(tmp_path, monkeypatch):
    def fail(*_arguments, **_options):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(files, "urlopen", fail)
    file = tmp_path / "file.bin"
    file.write_bytes(CONTENT)
    file.chmod(0o444)
    assert data.download("https://example.org/file.bin", file, SHA256) == file


def test_a_damaged_file_is_fetched_again(server, tmp_path):
    file = tmp_path / "file.bin"
    file.write_bytes(CONTENT[:-1])
    data.download(server.url("good"), file, SHA256)
    assert snapshot(tmp_path) == {file: CONTENT}


@pytest.mark.parametrize("begun", [False, True])
def test_several_may_fetch_the_same_file_at_once(server, tmp_path, begun):
    file = tmp_path / "file.bin"
    found: list[Path] = []
    if begun:
        part_of(file)

    def fetch():
        found.append(data.download(server.url("ranges"), file, SHA256))

    threads = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [file] * 4 and snapshot(tmp_path) == {file: CONTENT}
    assert server.starts.count(100_000) == begun  # one goes on, the others begin anew


# --- what goes wrong ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("missing", "404"),
        ("other", f"invalid hash value .expected .{SHA256}"),
        ("chatter", "this is no HTTP"),
        ("silent", "timed out"),
        ("stalled", "timed out"),
    ],
)
@pytest.mark.parametrize("there", [None, b"damaged"])
def test_a_failed_try_leaves_everything_as_it_was(
    server, tmp_path, impatient, path, reason, there
):
    file = tmp_path / "new" / "file.bin"
    if there:
        file.parent.mkdir()
        file.write_bytes(there)
    message = refusal(server.url(path), file)
    assert re.search(reason, message)
    assert message.startswith(f"{file} is {'damaged' if there else 'missing'} and ")


def test_a_silent_server_is_given_up_after_two_seconds(server, tmp_path):
    start = time.monotonic()
    refusal(server.url("silent"), tmp_path / "file.bin")
    assert 1.9 < time.monotonic() - start < 4


def test_a_slow_server_that_is_never_silent_is_waited_for(
    server, tmp_path, impatient, capsys
):
    file = tmp_path / "file.bin"
    for _ in range(2):  # nothing more is said of a file that is there
        data.download(server.url("slow"), file, SHA256)
    assert file.read_bytes() == CONTENT and socket.getdefaulttimeout() is None
    said = capsys.readouterr()
    line = r"\rfile\.bin: 0\.[1-5] of 0\.5 MB"
    assert re.fullmatch(rf"({line}){{1,3}}\n", said.out) and said.err == ""


def test_nothing_is_said_of_a_quick_download(server, tmp_path, capsys):
    data.download(server.url("good"), tmp_path / "file.bin", SHA256)
    assert capsys.readouterr() == ("", "")


def test_nobody_answers(tmp_path, monkeypatch):
    monkeypatch.setenv("no_proxy", "*")
    assert "refused" in refusal(closed_port(), tmp_path / "file.bin")


@pytest.mark.parametrize("when", ["urlopen", "_sha256"])
def test_an_interrupted_try_leaves_nothing(server, tmp_path, monkeypatch, when):
    def interrupt(*_arguments, **_options):
        raise KeyboardInterrupt

    monkeypatch.setattr(files, when, interrupt)
    with pytest.raises(KeyboardInterrupt):
        data.download(server.url("good"), tmp_path / "file.bin", SHA256)
    assert [*tmp_path.iterdir()] == []


# --- what is kept of a broken try ---------------------------------------------------


@pytest.mark.parametrize("there", [None, b"damaged"])
def test_a_broken_download_goes_on_where_it_broke(server, tmp_path, there):
    file = tmp_path / "file.bin"
    if there:
        file.write_bytes(there)
    with pytest.raises(data.DownloadError, match="broke after 100000 of 512000 bytes"):
        data.download(server.url("breaking"), file, SHA256)
    part = tmp_path / "file.bin.part"
    old = {file: there} if there else {}
    assert snapshot(tmp_path) == old | {part: CONTENT[:100_000]}
    data.download(server.url("breaking"), file, SHA256)
    assert snapshot(tmp_path) == {file: CONTENT} and server.starts == [0, 100_000]


@pytest.mark.parametrize(
    ("path", "starts"),
    [("good", [100_000]), ("elsewhere", [100_000, 0]), ("no_more", [100_000, 0])],
)
def test_it_begins_anew_where_the_server_cannot_go_on(server, tmp_path, path, starts):
    file = tmp_path / "file.bin"
    part_of(file, b"x" * 100_000)
    data.download(server.url(path), file, SHA256)
    assert snapshot(tmp_path) == {file: CONTENT} and server.starts == starts


@pytest.mark.parametrize("path", ["missing", "silent", "chatter"])
def test_a_try_that_gets_nothing_leaves_the_part(server, tmp_path, impatient, path):
    part_of(tmp_path / "file.bin")
    refusal(server.url(path), tmp_path / "file.bin")
    assert server.starts == [100_000]


def test_a_wrong_part_is_deleted_once_it_is_whole(server, tmp_path):
    file = tmp_path / "file.bin"
    part_of(file, b"x" * 100_000)
    with pytest.raises(data.DownloadError, match="invalid hash value"):
        data.download(server.url("ranges"), file, SHA256)
    assert snapshot(tmp_path) == {}
    data.download(server.url("ranges"), file, SHA256)
    assert snapshot(tmp_path) == {file: CONTENT}


def test_an_interrupted_download_is_kept(server, tmp_path, monkeypatch):
    read, sizes = HTTPResponse.read, []

    def interrupt(answer: HTTPResponse, size: int) -> bytes:
        sizes.append(size)
        if len(sizes) > 2:
            raise KeyboardInterrupt
        return read(answer, size)

    monkeypatch.setattr(HTTPResponse, "read", interrupt)
    with pytest.raises(KeyboardInterrupt):
        data.download(server.url("good"), tmp_path / "file.bin", SHA256)
    part = tmp_path / "file.bin.part"
    assert snapshot(tmp_path) == {part: CONTENT[: sum(sizes[:2])]}


# --- certificates -------------------------------------------------------------------


@pytest.fixture
def certificate(server, tmp_path) -> Path:
    """Of this server, which from now on speaks TLS; nobody has signed it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here")
    key, file = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    command += ["-keyout", key, "-out", file, "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    speak_tls(server, file, key)
    return file


def speak_tls(server: Server, certificate: Path, key: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)


def test_a_replaced_certificate_is_told_of(server, certificate, tmp_path):
    url = server.url("good").replace("http:", "https:")
    message = refusal(url, tmp_path / "file.bin")
    assert "CERTIFICATE_VERIFY_FAILED" in message
    assert "if a proxy or virus scanner replaces certificates, set SSL_CERT" in message


@pytest.mark.parametrize("named", ["SSL_CERT_FILE", "certifi"])
def test_certificates_are_certifis_and_the_users(
    server, certificate, tmp_path, monkeypatch, named
):
    if named == "certifi":
        monkeypatch.setattr(certifi, "where", lambda: str(certificate))
    else:
        monkeypatch.setenv(named, str(certificate))
    url = server.url("good").replace("http:", "https:")
    file = data.download(url, tmp_path / "file.bin", SHA256)
    assert file.read_bytes() == CONTENT


EXPIRING = """
[ca]
default_ca = ours
[ours]
database = known
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = policy
x509_extensions = extensions
[policy]
commonName = supplied
[extensions]
subjectAltName = IP:127.0.0.1
"""


@pytest.mark.parametrize(
    ("dates", "reason"),
    [
        (["20000101000000Z", "20010101000000Z"], "certificate has expired"),
        (["20990101000000Z", "21000101000000Z"], "certificate is not yet valid"),
    ],
)
def test_a_clock_far_off_is_told_as_certificates_tell_it(
    server, tmp_path, monkeypatch, dates, reason
):
    file = expiring(server, tmp_path / "ours", *dates)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    url = server.url("good").replace("http:", "https:")
    assert reason in refusal(url, tmp_path / "new" / "file.bin")


def expiring(server: Server, folder: Path, start: str, end: str) -> Path:
    """A certificate of this server that is good between two dates only."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here")
    folder.mkdir()
    (folder / "known").touch()
    (folder / "settings").write_text(EXPIRING)

    def openssl(*words: str) -> None:
        command = ["openssl", *words]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    asked = ["-nodes", "-keyout", "key.pem", "-out", "asked.pem", "-subj", "/CN=here"]
    openssl("req", "-new", *curve, *asked)
    signed = ["-selfsign", "-keyfile", "key.pem", "-in", "asked.pem"]
    dates = ["-startdate", start, "-enddate", end, "-out", "certificate.pem"]
    openssl("ca", "-batch", "-config", "settings", *signed, *dates)
    speak_tls(server, folder / "certificate.pem", folder / "key.pem")
    return folder / "certificate.pem"


# --- places and words that cannot be ------------------------------------------------


def test_a_folder_that_cannot_be_made(server, tmp_path):
    (tmp_path / "taken").write_bytes(b"a file")
    message = refusal(server.url("good"), tmp_path / "taken" / "file.bin")
    assert "taken" in message and server.requests == []


def test_a_folder_where_the_file_should_be(server, tmp_path):
    (tmp_path / "file.bin").mkdir()
    refusal(server.url("good"), tmp_path / "file.bin")


def test_a_read_only_folder(server, tmp_path):
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    if os.access(folder, os.W_OK):
        pytest.skip("root may write everywhere")
    assert "Permission denied" in refusal(server.url("good"), folder / "file.bin")


@pytest.mark.parametrize(
    ("url", "sha256", "words"),
    [
        ("ftp://example.org/a", SHA256, "'ftp://example.org/a': expected one that"),
        ("file:///etc/hostname", SHA256, "begins with https://"),
        ("example.org/a", SHA256, "begins with https://"),
        ("https://example.org/a", SHA256[:7], "expected 8 to 64 hexadecimal digits"),
        ("https://example.org/a", "", "expected 8 to 64 hexadecimal digits"),
        ("https://example.org/a", "not hexadecimal", "sha256 'not hexadecimal'"),
    ],
)
def test_what_cannot_be_asked_for(tmp_path, url, sha256, words):
    with pytest.raises(ValueError, match=words):
        data.download(url, tmp_path / "file.bin", sha256)
    assert snapshot(tmp_path) == {}

"""The data against its sources, and every way in which it can be broken."""

import gzip
import hashlib
import json
import re
import runpy
import shutil
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
import torchvision

from lectures_lib import data, text
from lectures_lib.data import files, pictures, words

SHIPPED = files.FOLDER
PACKAGE = Path("/usr/share/datasets/fashion-mnist")
LOADERS = (data.fashion_mnist, data.digits)
needs_package = pytest.mark.skipif(
    not PACKAGE.is_dir(), reason="Debian's package dataset-fashion-mnist is not here"
)
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")


def script(name):
    """The names that a script of data/ defines (no .pyc is left after)."""
    return runpy.run_path(str(SHIPPED / name))


def keys(images):
    """One hashable value per image: its pixels."""
    return [image.tobytes() for image in np.ascontiguousarray(images)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of data/ that the library reads instead, to be broken."""
    copy = tmp_path / "data"
    copy.mkdir()
    for name in (*files.FILES, "SHA256SUMS"):
        shutil.copy(SHIPPED / name, copy)
    monkeypatch.setattr(files, "FOLDER", copy)
    pictures.stored.cache_clear()
    yield copy
    pictures.stored.cache_clear()


# --- what ships ---------------------------------------------------------------------


@needs_package
def test_the_build_script_gives_the_shipped_file():
    built = script("build_fashion_mnist.py")["build"]()
    if "ng" in zlib.ZLIB_RUNTIME_VERSION:
        pytest.skip("zlib-ng packs the same arrays into other bytes")
    assert built == (SHIPPED / "fashion_mnist.npz").read_bytes()


@needs_package
@pytest.mark.parametrize("split, prefix", [("train", "train"), ("test", "t10k")])
def test_every_image_is_in_the_original_split_with_its_label(split, prefix):
    pixels = gzip.decompress((PACKAGE / f"{prefix}-images-idx3-ubyte.gz").read_bytes())
    labels = gzip.decompress((PACKAGE / f"{prefix}-labels-idx1-ubyte.gz").read_bytes())
    count = int.from_bytes(pixels[4:8], "big")
    assert pixels[:4] == b"\0\0\x08\x03" and len(pixels) == 16 + 784 * count
    label_of = {
        pixels[16 + 784 * i : 16 + 784 * (i + 1)]: labels[8 + i] for i in range(count)
    }
    images, ours = data.fashion_mnist(split)
    original = keys((images * 255).round().byte().numpy())
    assert [label_of[key] for key in original] == ours.tolist()


def test_the_build_script_without_the_package_says_what_to_install(tmp_path):
    names = script("build_fashion_mnist.py")
    names["read_idx"].__globals__["PACKAGE"] = tmp_path
    with pytest.raises(SystemExit, match="apt-get install dataset-fashion-mnist"):
        names["build"]()
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"something else")
    with pytest.raises(SystemExit, match="not the expected file"):
        names["build"]()


def test_the_build_script_gives_the_shipped_digits():
    digits = script("build_digits.py")
    built = digits["build"]()
    if "ng" not in zlib.ZLIB_RUNTIME_VERSION:
        assert built == (SHIPPED / "digits.npz").read_bytes()
    digits["build"].__globals__["SHA256"] = "0" * 64
    with pytest.raises(SystemExit, match=r"digits\.csv\.gz has SHA-256 09f66e6d"):
        digits["build"]()


def test_the_photograph_is_scikit_images_cat():
    photo = script("build_photo.py")
    content = (SHIPPED / "cat.png").read_bytes()
    assert photo["checked"](content) == content
    with pytest.raises(SystemExit, match="expected 596aa1e7"):
        photo["checked"](content[:-1])
    assert np.array_equal((data.photo() * 255).round().byte().numpy(), decode(content))


def decode(png):
    """The pixels (3, height, width) of an RGB picture, by the PNG standard."""
    width, height = (int.from_bytes(png[i : i + 4], "big") for i in (16, 20))
    assert png[24:29] == bytes([8, 2, 0, 0, 0])  # 8 bits, RGB, not interlaced
    packed, at = b"", 8
    while at < len(png):
        size, kind = int.from_bytes(png[at : at + 4], "big"), png[at + 4 : at + 8]
        packed += png[at + 8 : at + 8 + size] if kind == b"IDAT" else b""
        at += size + 12
    lines = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, -1)
    above, rows = [0] * (3 * width + 3), []
    for kind, *line in lines.tolist():
        row = [0] * 3  # three bytes to the left of the picture
        for i, byte in enumerate(line):
            left, up, corner = row[i], above[i + 3], above[i]
            nearest = min((left, up, corner), key=lambda v: abs(left + up - corner - v))
            guess = (0, left, up, (left + up) // 2, nearest)[kind]
            row.append((byte + guess) % 256)
        above = row
        rows.append(row[3:])
    return np.array(rows, np.uint8).reshape(height, width, 3).transpose(2, 0, 1)


def test_sizes_and_checksums_are_stated_rightly():
    stated = (SHIPPED / "SHA256SUMS").read_text()
    assert script("checksums.py")["sums"]() == stated
    listed = dict(reversed(line.split("  ")) for line in stated.splitlines()[1::2])
    assert tuple(listed) == files.FILES
    readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
    for name, checksum in listed.items():
        content = (SHIPPED / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == checksum
        assert re.search(rf"`{re.escape(name)}` .*\| {len(content):,} \|", readme), name
    assert (SHIPPED / "fashion_mnist.npz").stat().st_size <= 5_000_000
    assert data.verify() == dict.fromkeys(files.FILES, "ok")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum is not here")
def test_sha256sum_reads_the_list():
    command = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    subprocess.run(command, cwd=SHIPPED, check=True, capture_output=True)


# --- images -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "load, split, shape",
    [
        (data.fashion_mnist, "train", (8000, 1, 28, 28)),
        (data.fashion_mnist, "test", (2000, 1, 28, 28)),
        (data.digits, "train", (1197, 1, 8, 8)),
        (data.digits, "test", (600, 1, 8, 8)),
    ],
)
def test_shapes_types_and_ranges(load, split, shape):
    for n in (None, 37):
        images, labels = load(split, n)
        assert images.shape == (n or shape[0], *shape[1:])
        assert labels.shape == (n or shape[0],)
        assert images.dtype == torch.float32 and labels.dtype == torch.int64
        assert images.is_contiguous() and images.min() == 0 and images.max() == 1
        assert set(labels.tolist()) == set(range(10))


def test_fashion_mnist_is_balanced_and_its_splits_share_nothing():
    train, train_labels = data.fashion_mnist("train")
    test, test_labels = data.fashion_mnist("test")
    assert train_labels.bincount().tolist() == [800] * 10
    assert test_labels.bincount().tolist() == [200] * 10
    assert len(set(keys(train.numpy()) + keys(test.numpy()))) == 10_000
    # Shuffled: any 1,000 in a row hold about 100 of each class.
    assert train_labels[:1000].bincount().min() > 60


def test_labels_belong_to_their_images():
    train, labels = data.fashion_mnist("train")
    test, truth = data.fashion_mnist("test")
    means = torch.stack([train[labels == c].mean(0).flatten() for c in range(10)])
    nearest = torch.cdist(test.flatten(1), means).argmin(1)
    assert (nearest == truth).float().mean() > 0.6
    assert len(data.FASHION_CLASSES) == 10
    # An ankle boot is taller than a sandal; trousers leave the sides empty.
    ink = {name: means[i].mean() for i, name in enumerate(data.FASHION_CLASSES)}
    assert ink["Ankle boot"] > ink["Sandal"] and ink["Coat"] > ink["Trouser"]


def test_digits_are_scikit_learns_with_the_end_as_test():
    from sklearn.datasets import load_digits

    original = load_digits()
    parts = [data.digits(split) for split in ("train", "test")]
    images = torch.cat([images for images, _ in parts])[:, 0] * 16
    labels = torch.cat([labels for _, labels in parts])
    assert np.array_equal(images.numpy(), original.images)
    assert np.array_equal(labels.numpy(), original.target)


@pytest.mark.parametrize("load", LOADERS)
def test_what_a_caller_changes_spoils_nothing(load):
    images, labels = load("test")
    before = images.clone(), labels.clone()
    for n in (None, 20):
        for tensor in load("test", n):
            tensor.zero_()
    images.zero_()
    labels.zero_()
    assert all(map(torch.equal, load("test"), before))
    photo = data.photo()
    mean = photo.mean()
    photo.zero_()
    assert data.photo().mean() == mean


# --- draws --------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 9, 10, 25, 999, 1000, 8000])
def test_draws_are_balanced_shuffled_and_without_repeats(n):
    images, labels = data.fashion_mnist("train", n, seed=3)
    counts = labels.bincount(minlength=10)
    assert counts.max() - counts.min() <= 1 and counts.sum() == n
    assert len(set(keys(images.numpy()))) == n
    if n >= 1000:
        assert labels[:500].bincount(minlength=10).min() > 20
        assert len(labels[:10].unique()) < 10  # not one of each in turn
    everything = keys(data.fashion_mnist("train")[0].numpy())
    place_of = {key: place for place, key in enumerate(everything)}
    places = [place_of[key] for key in keys(images.numpy())]
    assert places != sorted(places) or n == 1


def test_the_odd_ones_come_from_different_classes_in_different_draws():
    extra = {data.fashion_mnist("test", 1, seed)[1].item() for seed in range(60)}
    assert extra == set(range(10))


def test_digits_draws_are_as_equal_as_the_split_allows():
    assert data.digits("test", 560)[1].bincount().tolist() == [56] * 10
    drawn, full = data.digits("test", 600)[1], data.digits("test")[1]
    assert torch.equal(drawn.bincount(), full.bincount())


@pytest.mark.parametrize("load", LOADERS)
def test_draws_follow_the_seed_and_lectures_seed(load, monkeypatch):
    monkeypatch.delenv("LECTURES_SEED", raising=False)
    stored, first, second, fifth = (
        load("train", n, seed)[0] for n, seed in ((None, 0), (50, 0), (50, 1), (50, 5))
    )
    state = torch.get_rng_state()
    assert torch.equal(load("train", 50, 0)[0], first)
    assert torch.equal(torch.get_rng_state(), state)  # draws leave torch's own alone
    assert not torch.equal(first, second)
    monkeypatch.setenv("LECTURES_SEED", "4")
    assert not torch.equal(load("train", 50, 0)[0], first)
    assert torch.equal(load("train", 50, 1)[0], fifth)
    assert torch.equal(load("train")[0], stored)  # nothing is drawn here


@pytest.mark.parametrize("load", LOADERS)
def test_requests_that_cannot_be_met(load):
    with pytest.raises(data.DataError, match="'valid': expected 'train' or 'test'"):
        load("valid")
    maximum = len(load("test")[1])
    for n in (0, -1, maximum + 1, 2.5, 10.0, True, "20"):
        with pytest.raises(data.DataError, match=rf"n = {n!r}: .* 1 to {maximum}$"):
            load("test", n)
    assert len(load("test", np.int64(12))[1]) == 12


# --- broken files -------------------------------------------------------------------


def read(name):
    """Have the library read a file."""
    if name == "cat.png":
        return data.photo()
    if name == "fashion_mnist.npz":
        return data.fashion_mnist("test")
    if name == "digits.npz":
        return data.digits("test")
    if name == "planetoid.json":
        return data.planetoid("cora", "no folder")
    if name == "debian_science.npz":
        return data.debian_science()
    if name == "seattle.csv":
        return data.seattle()
    if name == "wordnet.npz":
        return words.wordnet.__wrapped__()
    if name == "translations.json":
        return text.sentences()
    return data.published("human")


def delete(path):
    path.unlink()


def truncate(path):
    path.write_bytes(path.read_bytes()[:1000])


def empty(path):
    path.write_bytes(b"")


def alter(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


FAULTS = {
    delete: r"cannot be read \(No such file or directory\)",
    truncate: r"is not as shipped: .* found 1000 bytes, SHA-256 [0-9a-f]{12}…",
    empty: r"is not as shipped: .* found 0 bytes, SHA-256 e3b0c44298fc…",
    alter: r"is not as shipped: .* found {size} bytes, SHA-256 [0-9a-f]{12}…",
    replace_by_folder: r"cannot be read \((Is a directory|Permission denied)\)",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize("name", files.FILES)
def test_a_broken_file_is_named_with_what_restores_it(folder, name, fault):
    content = (folder / name).read_bytes()
    fault(folder / name)
    with pytest.raises(data.DataError) as error:
        read(name)
    message = str(error.value)
    assert message.startswith(f"data/{name} ")
    assert re.search(FAULTS[fault].replace("{size}", str(len(content))), message)
    checksum = hashlib.sha256(content).hexdigest()
    assert f"expected {len(content)} bytes, SHA-256 {checksum[:12]}…" in message
    assert f"git checkout HEAD -- data/{name} " in message
    assert "without git: download the course again" in message
    assert data.verify() == dict.fromkeys(files.FILES, "ok") | {name: message}


@pytest.mark.parametrize(
    "fault, says",
    [
        (delete, "cannot be read (No such file or directory)"),
        (empty, "does not list cat.png"),
        (lambda path: path.write_bytes(b"\xff\x00 garbage"), "does not list cat.png"),
    ],
)
def test_a_broken_list_of_checksums(folder, fault, says):
    fault(folder / "SHA256SUMS")
    with pytest.raises(data.DataError) as error:
        data.photo()
    assert str(error.value).startswith(f"data/SHA256SUMS {says}")
    assert "git checkout HEAD -- data/SHA256SUMS " in str(error.value)
    assert all("data/SHA256SUMS" in sentence for sentence in data.verify().values())


def test_no_data_folder_at_all(folder):
    shutil.rmtree(folder)
    for name in files.FILES:
        with pytest.raises(data.DataError, match=r"^data/ is missing; .* without -e\?"):
            read(name)
    assert all("data/ is missing" in sentence for sentence in data.verify().values())


@needs_git
def test_the_command_in_the_message_restores_the_file(folder):
    def git(*words):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        command = ["git", *who, "-c", "core.autocrlf=true", *words]
        subprocess.run(command, cwd=folder.parent, check=True, capture_output=True)

    shutil.copy(SHIPPED / ".gitattributes", folder)
    git("init", "--quiet")
    git("add", "data")
    git("commit", "--quiet", "--message", "data")
    for name in files.FILES:
        truncate(folder / name)
    for name, sentence in data.verify().items():
        command = re.search(r"git (checkout HEAD -- \S+)", sentence)[1]
        git(*command.split())
        assert data.verify()[name] == "ok"


def test_read_only_data_will_do(folder):
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)
    before = sorted(path.name for path in folder.iterdir())
    try:
        assert data.photo().shape == (3, 300, 451)
        assert len(data.fashion_mnist("train", 20)[1]) == 20
        assert data.published("human") and set(data.verify().values()) == {"ok"}
    finally:
        folder.chmod(0o755)
    assert sorted(path.name for path in folder.iterdir()) == before


# --- quoted numbers -----------------------------------------------------------------


def test_every_quoted_entry_has_a_source():
    entries = json.loads((SHIPPED / "published.json").read_bytes())
    assert entries
    quoted = [*entries.items(), *((e["name"], e) for e in entries["ilsvrc"]["entries"])]
    for name, entry in quoted:
        source = entry["source"]
        assert set(source) == {"authors", "year", "title", "where", "url"}, name
        assert 1998 <= source["year"] <= 2017 and source["url"].startswith("https://")
        assert all(source[field] for field in source), name
    for name, entry in entries.items():
        assert data.published(name) == entry
        assert entry["what"]


def test_published_names_what_there_is_and_gives_copies():
    with pytest.raises(data.DataError, match="'resnet'; there are: ilsvrc, human, "):
        data.published("resnet")
    data.published("human")["top5_error"] = 0
    assert data.published("human")["top5_error"] == 5.1


def test_ilsvrc_errors_fall_year_by_year():
    entries = data.published("ilsvrc")["entries"]
    official = [e for e in entries if e["set"] == "test" and not e["extra_data"]]
    winners = [e["top5_error"] for e in official if e["place"] == 1]
    assert len(winners) == 6 and winners == sorted(winners, reverse=True)
    assert all(1 < error < 30 for error in winners)
    human = data.published("human")["top5_error"]
    assert winners[-1] < human < winners[-2]
    for entry in entries:
        several = entry["models"] is not None and entry["models"] > 1
        assert entry["ensemble"] or not several
        if entry["net"] is not None:
            assert entry["layers"] and hasattr(torchvision.models, entry["net"])


def test_quoted_counts_follow_from_the_architectures():
    alexnet = data.published("alexnet")
    kernels = alexnet["kernels"].values()
    assert sum(np.prod(k) + k[0] for k in kernels) == alexnet["parameters"]
    assert round(alexnet["parameters"], -7) == alexnet["parameters_stated"]

    lenet = data.published("lenet5")
    # C1, S2 (a weight and a bias for each map), C3 (its table: 60 links), S4, C5, F6
    weights = (6 * 26, 6 * 2, 60 * 25 + 16, 16 * 2, 120 * (16 * 25 + 1), 84 * 121)
    assert sum(weights) == lenet["parameters"]
    applied = (28 * 28, None, 10 * 10, None, 1, 1)
    convolutions = sum(w * a for w, a in zip(weights, applied, strict=True) if a)
    subsampling = 5 * (6 * 14 * 14 + 16 * 5 * 5)
    assert convolutions + subsampling + 84 * 10 == lenet["connections"]

    for layers, millions in data.published("vgg")["parameters_millions"].items():
        with torch.device("meta"):
            net = torchvision.models.get_model(f"vgg{layers}")
        assert round(sum(p.numel() for p in net.parameters()) / 1e6) == millions


def test_other_quoted_values_are_sensible():
    flops = [data.published(name)["flops"] for name in ("resnet_table1", "vgg_flops")]
    for row in flops:
        assert list(row.values()) == sorted(row.values())
        assert all(1e9 < value < 2e10 for value in row.values())
    assert flops[0]["152"] < flops[1]["16"]
    table = data.published("resnet_table2")
    assert table["plain"]["34"] > table["plain"]["18"] > table["residual"]["18"]
    assert 20 < table["residual"]["34"] < table["residual"]["18"] < 30
    cifar = list(data.published("resnet_table6")["error"].values())
    assert cifar == sorted(cifar, reverse=True) and 6 < cifar[-1] < cifar[0] < 9
    graphs = data.published("gcn")
    for name in ("cora", "citeseer"):
        assert 40 < graphs["mlp"][name] < graphs["gcn"][name] < 90


def test_seattle_is_every_day_of_four_years():
    years, place, celsius = data.seattle()
    assert [(years == year).sum() for year in range(2012, 2016)] == [366, 365, 365, 365]
    assert place.min() == 0 and 0.997 < place.max() < 1
    assert celsius.min() == pytest.approx(-1.6) and celsius.max() == pytest.approx(35.6)
    summer = (place > 0.5) & (place < 0.6)
    assert celsius[summer].mean() > celsius[place < 0.1].mean() + 10

"""Build fashion_mnist.npz, a balanced part of Fashion-MNIST, from Debian's package.

    apt-get install dataset-fashion-mnist
    python data/build_fashion_mnist.py && python data/checksums.py

8,000 of the 60,000 training images and 2,000 of the 10,000 test images, the same
number of each class, shuffled. The same bytes come out every time (with zlib; a Python
built with zlib-ng packs the same arrays into other bytes).
"""

import gzip
import hashlib
from pathlib import Path

import npz
import numpy as np

HERE = Path(__file__).parent
PACKAGE = Path("/usr/share/datasets/fashion-mnist")
SOURCES = {
    "train-images-idx3-ubyte.gz": (
        "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"
    ),
    "train-labels-idx1-ubyte.gz": (
        "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"
    ),
    "t10k-images-idx3-ubyte.gz": (
        "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"
    ),
    "t10k-labels-idx1-ubyte.gz": (
        "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"
    ),
}
PARTS = (("train", "train", 800), ("test", "t10k", 200))  # ours, theirs, a class


def read_idx(name: str) -> np.ndarray:
    """One file of the package as an array of bytes; the idx header gives its shape."""
    path = PACKAGE / name
    if not path.is_file():
        raise SystemExit(f"{path} is missing: apt-get install dataset-fashion-mnist")
    packed = path.read_bytes()
    found = hashlib.sha256(packed).hexdigest()
    if found != SOURCES[name]:
        raise SystemExit(
            f"{path} is not the expected file: SHA-256 {found}, not {SOURCES[name]}"
        )
    content = gzip.decompress(packed)
    dimensions = content[3]  # bytes 0 to 2: zero, zero, 8 for unsigned bytes
    shape = np.frombuffer(content, ">u4", count=dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def balanced(labels: np.ndarray, per_class: int, seed: int) -> np.ndarray:
    """Indices of per_class images of each class, shuffled."""
    # RandomState's stream is frozen by NumPy; default_rng's may change.
    random = np.random.RandomState(seed)
    chosen = [
        random.permutation(np.flatnonzero(labels == c))[:per_class] for c in range(10)
    ]
    return random.permutation(np.concatenate(chosen))


def build() -> bytes:
    """The content of fashion_mnist.npz."""
    arrays = {}
    for seed, (split, prefix, per_class) in enumerate(PARTS):
        images = read_idx(f"{prefix}-images-idx3-ubyte.gz")
        labels = read_idx(f"{prefix}-labels-idx1-ubyte.gz")
        index = balanced(labels, per_class, seed)
        arrays |= {f"{split}_images": images[index], f"{split}_labels": labels[index]}
    return npz.pack(arrays, compresslevel=7)


if __name__ == "__main__":
    content = build()
    (HERE / "fashion_mnist.npz").write_bytes(content)
    print(f"wrote data/fashion_mnist.npz, {len(content)} bytes")

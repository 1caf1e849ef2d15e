"""Build digits.npz, scikit-learn's handwritten digits, from its file of numbers.

    python data/build_digits.py && python data/checksums.py

All 1,797 images in their order; the last 600 are for testing.
"""

import hashlib
from importlib.resources import files
from pathlib import Path

import npz
import numpy as np

HERE = Path(__file__).parent
SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"


def build() -> bytes:
    """The content of digits.npz."""
    source = Path(str(files("sklearn.datasets.data") / "digits.csv.gz"))
    found = hashlib.sha256(source.read_bytes()).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{source} has SHA-256 {found}, expected {SHA256}")
    table = np.loadtxt(source, delimiter=",").astype(np.uint8)
    images, labels = table[:, :64].reshape(-1, 8, 8), table[:, 64]
    arrays = {"train_images": images[:-600], "train_labels": labels[:-600]}
    arrays |= {"test_images": images[-600:], "test_labels": labels[-600:]}
    return npz.pack(arrays, compresslevel=9)


if __name__ == "__main__":
    content = build()
    (HERE / "digits.npz").write_bytes(content)
    print(f"wrote data/digits.npz, {len(content)} bytes")

"""Copy cat.png (scikit-image's "chelsea", CC0) from scikit-image, unchanged.

    python data/build_photo.py                       from the installed package, or
    python data/build_photo.py scikit_image-….whl    from its wheel

Then python data/checksums.py.
"""

import hashlib
import importlib.util
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
SHA256 = "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb"


def find(wheel: str | None = None) -> bytes:
    """The photograph's bytes, from a wheel or else from the installed scikit-image."""
    if wheel is not None:
        with zipfile.ZipFile(wheel) as archive:
            return archive.read("skimage/data/chelsea.png")
    package = importlib.util.find_spec("skimage")
    if package is None or package.origin is None:
        raise SystemExit(
            "scikit-image is not installed: pip install scikit-image, "
            "or name the path of its wheel"
        )
    return (Path(package.origin).parent / "data" / "chelsea.png").read_bytes()


def checked(content: bytes) -> bytes:
    """The same bytes, when they are the photograph that the course ships."""
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise SystemExit(f"chelsea.png has SHA-256 {found}, expected {SHA256}")
    return content


if __name__ == "__main__":
    content = checked(find(*sys.argv[1:2]))
    (HERE / "cat.png").write_bytes(content)
    print(f"wrote data/cat.png, {len(content)} bytes")

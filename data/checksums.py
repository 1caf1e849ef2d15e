"""Write SHA256SUMS: the size and the SHA-256 of every data file the library reads.

    python data/checksums.py            write it
    cd data && sha256sum -c SHA256SUMS  compare with it

The comment lines carry the sizes; sha256sum and shasum skip them.
"""

import hashlib
from pathlib import Path

from lectures_lib.data.files import FILES

HERE = Path(__file__).parent


def sums(folder: Path = HERE) -> str:
    """The text of SHA256SUMS for the files of a folder."""
    lines = []
    for name in FILES:
        content = (folder / name).read_bytes()
        lines.append(f"# {len(content)} bytes  {name}")
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (HERE / "SHA256SUMS").write_bytes(sums().encode())
    print("wrote data/SHA256SUMS")

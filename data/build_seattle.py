"""Build seattle.csv, the warmest temperature of each day, from vega_datasets' wheel.

    pip download --no-deps vega_datasets==0.9.0
    python data/build_seattle.py vega_datasets-0.9.0-py3-none-any.whl
    python data/checksums.py

Dates are written as 2012-01-01; precipitation, wind and the rest are left out.
"""

import csv
import hashlib
import io
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = "vega_datasets/_data/seattle-weather.csv"
SHA256 = "62f0609f787158128aa2bd102967173a4953122dd4f872bf1d502cae1037df0b"


def build(wheel: str) -> bytes:
    """The file's bytes: a line for each day from 2012 to 2015, in °C."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read(SOURCE)
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise SystemExit(f"{SOURCE} has SHA-256 {found}, expected {SHA256}")
    rows = csv.DictReader(io.StringIO(content.decode()))
    days = [f"{row['date'].replace('/', '-')},{row['temp_max']}" for row in rows]
    return ("\n".join(["date,celsius", *days]) + "\n").encode()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("name the wheel: pip download --no-deps vega_datasets==0.9.0")
    content = build(sys.argv[1])
    (HERE / "seattle.csv").write_bytes(content)
    print(f"wrote data/seattle.csv, {len(content)} bytes")

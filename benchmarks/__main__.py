"""Measure speed, and write it down: a table in Markdown and JSON in benchmarks/results.

python -m benchmarks [NAME ...] [--small]     all without a name, in minutes

Each figure is set against a peer or a limit that is measured in the same run, by turns
where both can be repeated: another machine has other figures, and much the same ratios.
"""

import argparse
import os
import platform
import re
import sys
import traceback
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

import torch

from tools import record
from tools.writing import write

from .rows import Row, table

NAMES = ["training", "augmentation", "graphs", "imports", "explorers", "notebooks"]
NAMES += ["start", "grading"]
RESULTS = Path(__file__).parent / "results"


def measured(name: str, small: bool) -> list[Row]:
    """The rows of one benchmark, announced and printed; none if it failed."""
    print(f"\n{name}", flush=True)
    try:
        rows = import_module(f"benchmarks.{name}").measure(small)
    except Exception:  # the figures of the others are not to be lost
        traceback.print_exc()
        return []
    print(table(rows), flush=True)
    return rows


def processor() -> str:
    """Its name, where the system tells it."""
    told = Path("/proc/cpuinfo")
    text = told.read_text("utf-8") if told.exists() else ""
    named = re.search(r"^model name\s*: (.+)$", text, re.M)
    return named[1] if named else platform.processor() or "processor not named"


def machine() -> dict[str, object]:
    """What the figures depend on."""
    return {
        "machine": f"{platform.system()} {platform.machine()}, {processor()}",
        "cores": os.cpu_count(),
        "threads of torch": torch.get_num_threads(),
        "OMP_WAIT_POLICY": os.environ.get("OMP_WAIT_POLICY", "not set"),
    }


def keep(command: str, found: dict[str, list[Row]], folder: Path) -> None:
    """Write the table: the values of every repetition as JSON, and for people."""
    content = machine() | {
        "rows": {
            name: [asdict(row) | {"ratio": row.ratios()} for row in rows]
            for name, rows in found.items()
        }
    }
    content = record.stamped(command, content)
    rows = [row for part in found.values() for row in part]
    facts = machine() | content["versions"] | {"date": content["date"]}
    head = ", ".join(f"{name} {value}" for name, value in facts.items())
    name = "all" if list(found) == NAMES else "-".join(found)
    record.write_json(folder / f"{name}.json", content)
    text = f"`{command}`: {head}. Medians; in brackets the range.\n\n{table(rows)}\n"
    write(folder / f"{name}.md", text)


def main(arguments: list[str] | None = None, folder: Path = RESULTS) -> bool:
    """Measure and write; whether a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--small", action="store_true", help="tiny sizes: does it run?")
    parser.add_argument("--threads", type=int, default=1, help="of torch")
    chosen = parser.parse_args(arguments)
    if unknown := [name for name in chosen.names if name not in NAMES]:
        parser.error(f"no benchmark {unknown[0]}: expected of {', '.join(NAMES)}")
    torch.set_num_threads(chosen.threads)
    names = [name for name in NAMES if name in (chosen.names or NAMES)]
    found = {name: measured(name, chosen.small) for name in names}
    given = sys.argv[1:] if arguments is None else arguments
    keep(" ".join(["python -m benchmarks", *given]), found, folder)
    return not all(found.values())


if __name__ == "__main__":
    sys.exit(main())

"""Pieces of work that do not depend on each other, made side by side.

BACKEND=dask://host:port in the environment sends them to that Dask scheduler, whatever
command has them to do (see cluster.py); else joblib spreads them over this machine.
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from joblib import Parallel, delayed, effective_n_jobs

from . import cluster
from .writing import write


def side_by_side(
    work: Callable, items: list[tuple], jobs: int = -1, prefer: str = "processes"
) -> Iterator[tuple[int, object]]:
    """The place of each item and what work makes of its parts, each when it is done.

    Args:
        jobs: at a time on this machine, −1: on each core; a cluster's workers take one
            each.
        prefer: "threads" if work only waits, for processes of its own.
    """
    if address := os.environ.get("BACKEND"):
        yield from cluster.side_by_side(address, work, items)
    elif items:
        jobs = min(len(items), effective_n_jobs(jobs))
        calls = (delayed(placed)(work, place, item) for place, item in enumerate(items))
        how = {"return_as": "generator_unordered", "batch_size": 1}
        yield from Parallel(jobs, prefer=prefer, **how)(calls)


def placed(work: Callable, place: int, item: tuple) -> tuple[int, object]:
    return place, work(*item)


def resumed(
    work: Callable,
    items: dict[Path, tuple],
    current: Callable[[dict], bool],
    jobs: int = -1,
) -> Iterator[tuple[Path, dict]]:
    """The file of each item and what work makes of it, saved there when it is done.

    Those come first that are there already and, by what is in them, still current.

    Args:
        items: the file of each item → its parts.
    """
    missing = []
    for file in items:
        made = json.loads(file.read_text("utf-8")) if file.exists() else None
        if made is not None and current(made):
            yield file, made
        else:
            missing.append(file)
    for place, made in side_by_side(work, [items[file] for file in missing], jobs):
        write(missing[place], json.dumps(made, indent=1) + "\n")
        yield missing[place], made

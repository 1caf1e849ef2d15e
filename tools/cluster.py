"""The same work on a Dask cluster: BACKEND=dask://host:port before any command.

Its machines have the course in the same folder and the same versions, and a worker does
one thing at a time; where that is not so, a sentence says it, and nothing was counted.
Not by joblib's own way to Dask, which waits for ever for work that Dask gives up.
"""

import os
import platform
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import cache, partial
from importlib.metadata import version

from .writing import ROOT, digest

SCHEME, WAIT = "dask://", 15  # seconds
PACKAGES = ("distributed", "nbclient", "numpy", "torch", "torchvision")
COURSE = ("lectures_lib/**/*.py", "lectures_lib/**/*.toml", "tools/**/*.py")
COURSE += ("notebooks/*.ipynb", "data/SHA256SUMS")


def side_by_side(address: str, work: Callable, items: list[tuple]) -> Iterator[tuple]:
    """What parallel.side_by_side gives, made by the workers of this scheduler.

    Raises:
        SystemExit: a sentence on what is wrong with the cluster.
    """
    with connected(address) as client:
        from distributed import as_completed

        submit = partial(client.submit, checked, here(), work, pure=False)
        places = {submit(item): place for place, item in enumerate(items)}
        for future in as_completed(places):
            try:
                result = future.result()
            except Exception as error:
                if sentence := fault_of_the_cluster(error):
                    sys.exit(f"BACKEND: {sentence}")
                raise
            yield places[future], result


def fault_of_the_cluster(error: Exception) -> str:
    """What is wrong with it, in a sentence; "" for an error of the work's own."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    first = (str(error).strip().splitlines() or [""])[0]
    if isinstance(error, OtherMachine):
        return first
    if isinstance(error, FutureCancelledError | KilledWorker):
        return f"lost its scheduler, or too many workers: {first}"
    unread = isinstance(error, RuntimeError) and "of the task graph" in first
    if unread or isinstance(error, ImportError):
        return f"a machine of it does not have the course, or not all of it: {first}"
    return ""


def connected(address: str) -> AbstractContextManager:
    """A client of the scheduler that is there, and has a worker."""
    if not address.startswith(SCHEME):
        sys.exit(f"BACKEND is {address}: expected {SCHEME}host:port of a scheduler")
    try:
        from distributed import Client

        client = Client(address.replace(SCHEME, "tcp://"), timeout=WAIT)
        client.wait_for_workers(1, timeout=WAIT)
    except ImportError:
        sys.exit("BACKEND needs Dask: pip install -c requirements.txt -e '.[cluster]'")
    except OSError:
        sys.exit(f"BACKEND: no scheduler that has a worker answers at {address}")
    return client


class OtherMachine(Exception):
    """A worker that would give other results; its text says why."""


def checked(expected: dict[str, str], work: Callable, item: tuple) -> object:
    """On a worker: what work makes of the item, if results are the same here as there.

    Raises:
        OtherMachine: they might differ.
    """
    from distributed import get_worker

    worker = get_worker()
    found = here() | {"threads": str(worker.state.nthreads)}
    for name, value in (expected | {"threads": "1"}).items():
        if found[name] != value:
            sentence = f"the worker at {worker.address} has {name} {found[name]}"
            raise OtherMachine(f"{sentence}, expected {value}; start it anew with that")
    return work(*item)


@cache  # a worker keeps the code that it began with
def here() -> dict[str, str]:
    """What results depend on: name → its value on this machine."""
    files = sorted(file for pattern in COURSE for file in ROOT.glob(pattern))
    code = digest([[file.name, file.read_text("utf-8")] for file in files])
    found = {"the course in": str(ROOT), "Python": platform.python_version()}
    found |= {name: version(name) for name in PACKAGES}
    found["LECTURES_DATA"] = os.environ.get("LECTURES_DATA", "not set")
    return found | {"code of the course": code[:12]}

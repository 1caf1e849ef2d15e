"""What importing the library costs beside torch, in new processes: time and memory."""

import json
import subprocess
import sys

from lectures_lib.recorded import ROOT

from .rows import Row

OURS, TORCH = "import lectures_lib", "import torch, torchvision"
PROGRAM = """
import time
start = time.perf_counter()
{}
took = time.perf_counter() - start
import json, psutil
print(json.dumps([took, psutil.Process().memory_info().rss / 1e6]))
"""


def imported(what: str) -> list[float]:
    """Seconds and MB of a new process that imports this."""
    command = [sys.executable, "-c", PROGRAM.format(what)]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return json.loads(run.stdout)


def measure(small: bool) -> list[Row]:
    """The library against torch and torchvision, by turns."""
    pairs = [(imported(OURS), imported(TORCH)) for _ in range(1 if small else 7)]
    ours, theirs = zip(*pairs[not small :])  # the first finds nothing in the cache
    (seconds, memory), (least, base) = map(list, zip(*ours)), map(list, zip(*theirs))
    return [
        Row(OURS, "s", list(seconds), TORCH, list(least)),
        Row(OURS, "MB", list(memory), TORCH, list(base)),
    ]

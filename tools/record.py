"""Run the experiments of lectures_lib.experiments over seeds, and write data/results.

python -m tools.record [NUMBER ...]

Each run is saved in .audit when it is done, so an interrupted recording goes on where
it stopped; a result whose file is sound is left as it is, and so is one that newer code
gives again.
"""

import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch
from joblib import Parallel, delayed

from lectures_lib import experiments, results

from .audit import RUNS, write


def saved_run(experiment: Callable, seed: int, folder: Path = RUNS) -> dict:
    """What the experiment found for this seed, from its file when that is current."""
    torch.set_num_threads(1)  # the runs stand side by side
    os.environ.pop("LECTURES_SEED", None)  # it would shift the seeds
    code = results.fingerprint(experiment)
    file = folder / experiment.__name__ / f"seed-{seed}.json"
    if file.exists():
        saved = json.loads(file.read_text(encoding="utf-8"))
        if saved["code"] == code:
            return saved["values"]
    values = experiment(seed)
    write(file, {"code": code, "values": values})
    print(f"  {experiment.__name__}, seed {seed}: done", flush=True)
    return values


def record(
    experiment: Callable, num_seeds: int, runs: Path = RUNS, jobs: int = -1
) -> None:
    """Write data/results/NAME.json from the runs of all seeds, `jobs` side by side."""
    seeds = list(range(results.FIRST_SEED, results.FIRST_SEED + num_seeds))
    waiting = (delayed(saved_run)(experiment, seed, runs) for seed in seeds)
    found = Parallel(n_jobs=jobs)(waiting)
    content = {
        "what": experiment.__doc__.splitlines()[0],
        "code": results.fingerprint(experiment),
        "seeds": seeds,
        "values": {name: [values[name] for values in found] for name in found[0]},
    }
    file = results.FOLDER / f"{experiment.__name__}.json"
    write(file, stamped("make audit", content))


def confirmed(experiment: Callable, num_seeds: int, runs: Path = RUNS) -> bool:
    """Whether a recording by older code still counts: its first seed, run anew, agrees.

    A refactoring need not cost an hour. Agrees means: every number, to the last bit;
    then the file gets the new code's fingerprint, and a line that says so.
    """
    file = results.FOLDER / f"{experiment.__name__}.json"
    try:
        old = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if old.get("sha256") != results.checksum(old) or len(old["seeds"]) != num_seeds:
        return False
    seed = old["seeds"][0]
    print(f"{experiment.__name__}: is seed {seed} still the same?", flush=True)
    values = saved_run(experiment, seed, runs)
    if values != {name: found[0] for name, found in old["values"].items()}:
        return False
    today = datetime.now(UTC).date().isoformat()
    new = old | {"code": results.fingerprint(experiment)}
    new["confirmed"] = f"{today}: newer code gives the same numbers for seed {seed}"
    write(file, new | {"sha256": results.checksum(new)})
    return True


def stamped(command: str, content: dict) -> dict:
    """The content with how and when it was made, and its checksum."""
    versions = {name: version(name) for name in ("torch", "numpy")}
    made = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version()} | versions,
    }
    content = made | content
    return content | {"sha256": results.checksum(content)}


def main(numbers: list[str]) -> int:
    for number, recorded in experiments.RECORDED.items():
        for experiment, num_seeds in recorded.items():
            if numbers and number not in numbers:
                continue
            sound = results.load(experiment).sound
            if not sound and not confirmed(experiment, num_seeds):
                print(f"{experiment.__name__}: {num_seeds} seeds", flush=True)
                record(experiment, num_seeds)
            print(f"{experiment.__name__}: {results.load(experiment).note}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

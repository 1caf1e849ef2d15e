"""Run the experiments of tools/experiments over seeds, and write data/results.

python -m tools.record [NUMBER ...]

Each run is saved in .audit when it is done, so an interrupted recording goes on where
it stopped; a result whose file is sound is left as it is, and so is one that newer code
gives again.
"""

import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import torch

from lectures_lib import recorded

from . import fingerprints
from .experiments import RECORDED, Experiment
from .parallel import resumed
from .writing import write

RUNS = recorded.ROOT / ".audit"
FIRST_SEED = 100  # so that a live run, at seed 0 and up, is not compared with itself


def code(run: Callable) -> dict[str, str]:
    """The modules that an experiment rests on, with their fingerprints."""
    return fingerprints.modules([f"{run.__module__}.{run.__name__}"])


def made_run(run: Callable, seed: int) -> dict:
    """What the experiment finds for this seed, and the code that it rests on."""
    torch.set_num_threads(1)  # the runs stand side by side
    os.environ.pop("LECTURES_SEED", None)  # it would shift the seeds
    return {"code": code(run), "values": run(seed)}


def saved_runs(
    name: str, run: Callable, seeds: list[int], folder: Path = RUNS, jobs: int = -1
) -> list[dict]:
    """What was found for these seeds, from their files when those are current."""
    now, found = code(run), {}
    items = {folder / name / f"seed-{s}.json": (run, s) for s in seeds}
    for file, made in resumed(made_run, items, lambda r: r["code"] == now, jobs):
        found[file] = made["values"]
        print(f"  {name}, {file.stem}: done", flush=True)
    return [found[file] for file in items]


def record(name: str, made: Experiment, runs: Path = RUNS, jobs: int = -1) -> None:
    """Write data/results/NAME.json from the runs of all seeds, `jobs` side by side."""
    seeds = list(range(FIRST_SEED, FIRST_SEED + made.seeds))
    found = saved_runs(name, made.run, seeds, runs, jobs)
    content = {
        "what": made.run.__doc__.splitlines()[0],
        "code": code(made.run),
        "seeds": seeds,
        "axes": made.axes,
        "values": {key: [values[key] for values in found] for key in found[0]},
    }
    write_json(recorded.FOLDER / f"{name}.json", stamped("make audit", content))


def confirmed(name: str, made: Experiment, runs: Path = RUNS) -> bool:
    """Whether a recording by older code still counts: its first seed, run anew, agrees.

    A refactoring need not cost an hour. Agrees means: to the last bit, with the file,
    or, since machines round differently, with what the older code finds on this one.
    Then the file gets the new code's fingerprints, and a line that says so.
    """
    file = recorded.FOLDER / f"{name}.json"
    try:
        old = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    sound = old.get("sha256") == recorded.checksum(old)
    if not sound or len(old["seeds"]) != made.seeds:
        return False
    seed = old["seeds"][0]
    print(f"{name}: is seed {seed} still the same?", flush=True)
    (values,) = saved_runs(name, made.run, [seed], runs)
    same = values == {key: found[0] for key, found in old["values"].items()}
    if not same and values != by_older_code(file, name, seed):
        return False
    today = datetime.now(UTC).date().isoformat()
    new = old | {"code": code(made.run), "axes": made.axes}
    new["confirmed"] = f"{today}: newer code gives the same numbers for seed {seed}"
    write_json(file, new | {"sha256": recorded.checksum(new)})
    return True


def by_older_code(file: Path, name: str, seed: int) -> dict | None:
    """What the code of the commit that wrote the file finds here; None: it fails."""
    program = (
        "import json, torch; torch.set_num_threads(1); from tools import experiments; "
        f"print(json.dumps(experiments.RECORDED[{name!r}].run({seed})))"
    )
    git = ["git", "-C", recorded.ROOT]
    commit = subprocess.run(
        [*git, "log", "-1", "--format=%H", "--", file], capture_output=True, text=True
    ).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "older")
        subprocess.run([*git, "worktree", "add", "--detach", tree, commit or "HEAD"])
        run = subprocess.run(
            [sys.executable, "-c", program], cwd=tree, capture_output=True, text=True
        )
        subprocess.run([*git, "worktree", "remove", "--force", tree])
    return json.loads(run.stdout) if run.returncode == 0 else None


def stamped(command: str, content: dict) -> dict:
    """The content with how and when it was made, and its checksum."""
    versions = {name: version(name) for name in ("torch", "numpy")}
    made = {
        "command": command,
        "date": datetime.now(UTC).date().isoformat(),
        "versions": {"python": platform.python_version()} | versions,
    }
    content = made | content
    return content | {"sha256": recorded.checksum(content)}


def write_json(file: Path, content: dict) -> None:
    write(file, json.dumps(content, indent=1) + "\n")


def main(numbers: list[str]) -> int:
    for name, made in RECORDED.items():
        if numbers and made.notebook not in numbers:
            continue
        if not recorded.load(name).sound and not confirmed(name, made):
            print(f"{name}: {made.seeds} seeds", flush=True)
            record(name, made)
        print(f"{name}: {recorded.load(name).note}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

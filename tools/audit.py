"""Run notebooks on many seeds and threads, and see how far each claim is from falling.

python -m tools.audit [NUMBER ...] [--seeds 20]

Each run is saved in .audit when it is done, so an interrupted audit goes on where it
stopped; a run of another version of the notebook or the library is made again. What
was measured goes to data/results, as do the recorded experiments (see record.py), and
a table of all claims.
"""

import argparse
import json
import math
import re
import statistics
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from joblib import cpu_count
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from lectures_lib.recorded import FOLDER, ROOT

from . import execute, record, running
from .claims_table import table_of_claims
from .parallel import resumed
from .record import RUNS, write_json
from .running import STOPPED, Limits, failed
from .writing import write

# Between the seeds of two runs. A notebook that draws for seeds 0 to 11 shares eleven
# of them with the next seed: such runs are hardly two.
SPACING = 100_003
ENOUGH = 3  # standard deviations between the closest run and falling
LECTURE = re.compile(r"[A-Z]\d+")  # ids of its claims; an example has another
DUMP = """
import json
from dataclasses import asdict
print(json.dumps([asdict(claim) for claim in ll.claims.ledger()]))
"""


def run(path: Path, seed: int, threads: int, **variables: str) -> dict:
    """One run of a notebook: its claims with their comparisons, and what failed.

    Further variables are set in the kernel's environment.
    """
    notebook = execute.read(path)
    notebook.cells.append(new_code_cell(DUMP, id="audit-dump"))
    # torch asks for MKL's number first, and joblib's processes have it from joblib: 1.
    setting = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    # One that spins stops those beside it, and one that does not comes late: 3× slower.
    setting |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "10000"}
    setting |= {"LECTURES_SEED": str(seed)}
    environment = execute.environment() | setting | variables
    limits = Limits(execute.TIMEOUT, total=math.inf, megabytes=math.inf)
    running.run(notebook, path.parent, limits, until=was_stopped, env=environment)
    *cells, dump = execute.code_cells(notebook)
    claims = [o.text for o in dump.outputs if o.output_type == "stream"]
    rows = json.loads("".join(claims) or "[]")
    return {
        "errors": [text for cell in (*cells, dump) for text in errors(cell)],
        "claims": [row for row in rows if LECTURE.fullmatch(row["id"])],
    }


def was_stopped(cell: NotebookNode) -> bool:
    error = failed(cell)
    return error is not None and error.ename == STOPPED


def errors(cell: NotebookNode) -> Iterator[str]:
    """What a cell raised; a claim that falls speaks for itself in the ledger."""
    error = failed(cell)
    if error is not None and error.ename != "ClaimError":
        first = (error.evalue.splitlines() or ["no message"])[0]
        yield f"{cell.id}: {error.ename}: {first}"


def made_run(path: Path, seed: int, threads: int) -> dict:
    """A run, with the versions of notebook and library that it is of."""
    made = {"of": versions(path), "seed": seed, "threads": threads}
    return made | run(path, seed, threads)


def versions(path: Path) -> dict[str, str]:
    prints = execute.fingerprints(execute.read(path))
    return {"inputs": prints["inputs"], "library": prints["library"]}


def saved_runs(
    path: Path, seeds: Iterable[int], threads: int, folder: Path = RUNS
) -> list[dict]:
    """The runs of these seeds, from their files when those belong to these versions."""
    wanted, name = versions(path), "seed-{}-threads-{}.json"
    files = {seed: folder / path.stem / name.format(seed, threads) for seed in seeds}
    items = {file: (path, seed, threads) for seed, file in files.items()}
    found, jobs = {}, max(1, cpu_count() // threads)
    for file, made in resumed(made_run, items, lambda r: r["of"] == wanted, jobs):
        found[file] = progress(made)
    return [found[file] for file in items]


def audit(path: Path, seeds: int, folder: Path = RUNS) -> list[dict]:
    """All runs of one notebook, with one and with two threads."""
    apart = [SPACING * number for number in range(seeds)]
    both = (saved_runs(path, apart, threads, folder) for threads in (1, 2))
    return [run for runs in both for run in runs]


def progress(found: dict) -> dict:
    words = {False: "fell", None: "not checked"}
    odd = [c for c in found["claims"] if c["holds"] is not True]
    fallen = [f"{claim['id']} {words[claim['holds']]}" for claim in odd]
    state = "; ".join(found["errors"] + fallen) or "holds"
    print(f"  seed {found['seed']}, {found['threads']} threads: {state}", flush=True)
    return found


def by_claim(records: list[dict]) -> dict[tuple[str, str], list[dict]]:
    """(id, sentence) of each claim to what became of it, run by run."""
    runs: dict[tuple[str, str], list[dict]] = {}
    for found in records:
        for claim in found["claims"]:
            runs.setdefault((claim["id"], claim["sentence"]), []).append(claim)
    return runs


def spreads(distances: list[float]) -> float | None:
    """The closest run in standard deviations; None: exact, or the same in each run."""
    finite = [distance for distance in distances if math.isfinite(distance)]
    spread = statistics.stdev(finite) if len(finite) > 1 else 0
    if not finite or spread <= 1e-9 * abs(statistics.mean(finite)):
        return None
    return min(finite) / spread


def summary(records: list[dict]) -> list[dict]:
    """For each claim: runs, falls, and its closest comparison in standard deviations.

    Of each comparison the runs, side by side: what was compared, and the distances.
    """
    rows = []
    for (id, sentence), found in by_claim(records).items():
        checked = [claim for claim in found if claim["holds"] is not None]
        by_run = [claim["comparisons"] for claim in checked]
        comparisons = [over_runs(runs) for runs in zip(*by_run)]
        closest = [spreads(c["distance"] or []) for c in comparisons]
        rows.append(
            {
                "id": id,
                "sentence": sentence,
                "runs": len(checked),
                "missing": len(records) - len(checked),
                "fell": sum(not claim["holds"] for claim in checked),
                "closest": min((c for c in closest if c is not None), default=None),
                "comparisons": comparisons,
            }
        )
    return rows


def over_runs(runs: tuple[dict, ...]) -> dict:
    """One comparison in all runs: sign and scale once, the numbers of each run."""
    first = runs[0]
    kept = {"relation": first["relation"], "scale": first["scale"]}
    for name in ("left", "right", "distance"):
        numbers = [run[name] for run in runs]
        kept[name] = None if None in numbers else list(map(short, numbers))
    return kept


def short(number: float) -> float:
    """Six digits are enough, except for a whole number: that is a count."""
    return number if number == round(number, 0) else float(f"{number:.6g}")


def sound(row: dict) -> bool:
    """Never fell, was reached in every run, and kept its distance."""
    distance = row["closest"] is None or row["closest"] >= ENOUGH
    return not row["fell"] and not row["missing"] and distance


def report(rows: list[dict]) -> None:
    print(f"{'claim':6}{'runs':>5}{'fell':>5}{'closest':>10}  sentence")
    for row in rows:
        closest = f"{row['closest']:.1f} sd" if row["closest"] else "exact"
        mark = "" if sound(row) else "  ← look at this"
        print(
            f"{row['id']:6}{row['runs']:5}{row['fell']:5}{closest:>10}  "
            f"{row['sentence']}{mark}"
        )


def results(records: list[dict], rows: list[dict]) -> dict:
    """What data/results keeps of an audit."""
    return {
        "seeds": [record["seed"] for record in records],
        "threads": [record["threads"] for record in records],
        "claims": rows,
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="of notebooks; all without")
    parser.add_argument("--seeds", type=int, default=20)
    options = parser.parse_args(arguments)
    record.main(options.numbers)
    good = True
    for path in execute.chosen(ROOT / "notebooks", options.numbers):
        print(f"{path.name}: {options.seeds} seeds, with one and with two threads")
        records = audit(path, options.seeds)
        rows = summary(records)
        report(rows)
        command = f"make audit SEEDS={options.seeds} NB={path.name[:2]}"
        content = {"of": records[0]["of"]} | results(records, rows)
        write_json(FOLDER / f"{path.stem}.json", record.stamped(command, content))
        write(FOLDER / "claims.md", table_of_claims() + "\n")
        good &= all(map(sound, rows)) and not any(r["errors"] for r in records)
    return not good


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

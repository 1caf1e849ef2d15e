"""The table of all audited claims, which notebook 06 and the site show."""

import json
from pathlib import Path

import numpy as np

from lectures_lib.recorded import FOLDER


def table_of_claims(folder: Path = FOLDER) -> str:
    """The audited claims of all notebooks in one table, in Markdown, with links.

    A row for each claim; its comparisons stand one below the other, each with what was
    compared (mean ± standard deviation over the runs) and its distance to falling.
    """
    lines = ["| | claim | compared | from falling | runs |", "|---|---|---|---|---|"]
    for file in sorted(folder.glob("0[0-9]_*.json")):
        for claim in json.loads(file.read_text(encoding="utf-8"))["claims"]:
            link = f"[{claim['id']}]({file.stem}.ipynb#{claim['id']})"
            compared = "<br>".join(map(compared_in, claim["comparisons"]))
            distances = "<br>".join(map(from_falling, claim["comparisons"]))
            row = (link, claim["sentence"], compared, distances, str(claim["runs"]))
            lines.append("| " + " | ".join(c.replace("|", "\\|") for c in row) + " |")
    return "\n".join(lines)


def compared_in(comparison: dict) -> str:
    if comparison["left"] is None:
        return "–"
    sides = (spread(comparison[side]) for side in ("left", "right"))
    return f" {comparison['relation']} ".join(sides)


def from_falling(comparison: dict) -> str:
    """The distance with its unit, or without in that of what is compared."""
    runs, scale = comparison["distance"], comparison["scale"]
    if runs is None:
        return "exact"
    if scale == "ratio":
        return f"factor {spread(np.exp(runs))}"
    return spread(runs) + ("" if scale == "difference" else f" {scale}")


def spread(runs: list[float]) -> str:
    """Mean ± standard deviation, as exact as the latter; or the one value there is."""
    runs = np.array(runs)[np.isfinite(runs)]
    if not runs.size:
        return "∞"
    middle, spread = runs.mean(), runs.std()
    if spread <= 1e-9 * abs(middle):
        return f"{middle:,.0f}" if middle == round(middle) else f"{middle:.3g}"
    if abs(middle) < 1e-3:
        return f"{middle:.1g} ± {spread:.0g}"
    digits = max(0, -int(np.floor(np.log10(spread))))
    return f"{middle:,.{digits}f} ± {spread:,.{digits}f}"

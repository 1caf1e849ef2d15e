"""Write each notebook's deck from its stored outputs, to be shown without a network.

python -m tools.slides [NUMBER ...]    one HTML file a notebook, in site/_build/slides
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import nbformat
from nbconvert import SlidesExporter

ROOT = Path(__file__).parent.parent
DECKS = ROOT / "site" / "_build" / "slides"

# What a deck needs in the browser: npm package, version, SHA-256 of its archive, and
# the folders of it that are used.
ASSETS = {
    "reveal.js": (
        "4.6.1",
        "4f4121ef2b8e7e9398bdecd7b3b6ce5e0ee3a2f5af221708eb6c4ce03bcae6be",
        ["dist", "plugin/notes"],
    ),
    "mathjax": (
        "2.7.9",
        "7131e739848edc14aa661a5516995866b81a477fab8b039d7cc324930e71f786",
        [
            *("MathJax.js", "config", "extensions"),
            *("jax/element", "jax/input/TeX", "jax/output/SVG"),
        ],
    ),
    "requirejs": (
        "2.3.8",
        "777158e89275e16bd51aec3ef714fbcb5dc45789e7078659933bc814916d7dec",
        ["require.js"],
    ),
    "jquery": (
        "4.0.0",
        "7ac123e4992439dc6a966cb4444fceb7f4698db94904a1256df542d5deb80f59",
        ["dist/jquery.min.js"],
    ),
}

# Without nbconvert's mermaid, which it would fetch from the network.
TEMPLATE = """{%- extends 'index.html.j2' -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{% block data_png scoped %}
<div class="jp-RenderedImage jp-OutputArea-output">
<img src="data:image/png;base64,{{ output.data['image/png'] }}"
alt="{{ output | get_metadata('alt', 'image/png') | escape_html }}">
</div>
{% endblock data_png %}
"""


class SlidesError(Exception):
    """A deck cannot be written; the message says why and what to do."""


def fetch_assets(folder: Path) -> None:
    """Put the browser's files into folder, once; npm brings them, checked by SHA-256.

    Raises:
        SlidesError: npm is not there, has no network, or brought something else.
    """
    for name, (version, checksum, parts) in ASSETS.items():
        target = folder / name
        if not target.exists():
            with tempfile.TemporaryDirectory() as scratch:
                archive = _npm_pack(f"{name}@{version}", Path(scratch))
                found = hashlib.sha256(archive.read_bytes()).hexdigest()
                if found != checksum:
                    raise SlidesError(
                        f"{name} {version} is not what it was: expected SHA-256 "
                        f"{checksum[:12]}…, found {found[:12]}…. Nothing was kept."
                    )
                _unpack(archive, parts, Path(scratch) / name)
                folder.mkdir(parents=True, exist_ok=True)
                shutil.move(Path(scratch) / name, target)  # whole, or not at all


def _npm_pack(package: str, folder: Path) -> Path:
    if shutil.which("npm") is None:
        raise SlidesError(
            "The decks need npm once, to fetch the slide engine, and it is not on the "
            "PATH: install Node.js (Debian: apt-get install npm) and try again."
        )
    command = ["npm", "pack", "--silent", package]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if run.returncode:
        reason = run.stderr.strip().splitlines()[-1:] or ["no reason given"]
        raise SlidesError(f"npm could not fetch {package} ({reason[0]}). Network?")
    return folder / run.stdout.strip().splitlines()[-1]


def _unpack(archive: Path, parts: list[str], target: Path) -> None:
    with tarfile.open(archive) as files:
        for member in files.getmembers():
            member.name = member.name.removeprefix("package/")
            if any(member.name == p or member.name.startswith(f"{p}/") for p in parts):
                files.extract(member, target, filter="data")


def for_the_deck(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The notebook as it is projected: pictures and widgets without their code.

    The printed description of a figure goes too: the picture keeps it as alt text.
    """
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        kinds = {kind for output in cell.outputs for kind in output.get("data", {})}
        if kinds & {"image/png", "text/html"}:
            cell.metadata["transient"] = {"remove_source": True}
        cell.outputs = [o for o in cell.outputs if not _is_description(o)]
    return notebook


def _is_description(output: nbformat.NotebookNode) -> bool:
    return output.output_type == "stream" and output.text.startswith("Figure: ")


def deck(notebook: nbformat.NotebookNode) -> str:
    """The deck as HTML that finds its assets in the folder `assets` beside it."""
    exporter = SlidesExporter(raw_template=TEMPLATE)
    exporter.reveal_url_prefix = "assets/reveal.js"
    exporter.require_js_url = "assets/requirejs/require.js"
    exporter.jquery_url = "assets/jquery/dist/jquery.min.js"
    exporter.mathjax_url = "assets/mathjax/MathJax.js?config=TeX-AMS_SVG-full"
    exporter.reveal_theme, exporter.reveal_transition = "white", "none"
    exporter.reveal_width, exporter.reveal_height = "1280", "720"
    exporter.reveal_number = "c/t"
    return exporter.from_notebook_node(for_the_deck(notebook))[0]


def main(numbers: list[str]) -> int:
    paths = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    try:
        fetch_assets(DECKS / "assets")
    except SlidesError as error:
        print(error, file=sys.stderr)
        return 1
    for path in paths:
        if not numbers or path.name[:2] in numbers:
            target = DECKS / f"{path.stem}.html"
            html = deck(nbformat.read(path, as_version=4))
            target.write_text(html, encoding="utf-8")
            print(target.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

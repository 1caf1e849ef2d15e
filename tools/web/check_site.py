"""What is wrong with the built site: dead links, no alt text, files from elsewhere."""

from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

LOADED = "script, img, iframe, source, video"  # by their src
LOADING = {"stylesheet", "icon", "preload", "manifest"}  # links that load a file


class Page:
    """The ids, links, pictures and loaded files of one page."""

    def __init__(self, file: Path) -> None:
        page = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
        pictures = [i for i in page("img") if not i.get("alt", "").strip()]
        linked = [link for link in page("link") if LOADING & {*link.get("rel", [])}]
        self.ids = Counter(tag["id"] for tag in page.select("[id]"))
        self.links = [link["href"] for link in page.select("a[href]")]
        self.loads = [link["href"] for link in linked]
        self.loads += [tag["src"] for tag in page.select(LOADED) if "src" in tag.attrs]
        self.wordless = [picture.get("src", "?")[:60] for picture in pictures]


def faults(folder: Path) -> list[str]:
    """A line for each fault in the pages of a folder; the decks are not among them."""
    others = {"slides", "_static"}
    files = [f for f in sorted(folder.rglob("*.html")) if not others & {*f.parts}]
    pages = {file.resolve(): Page(file) for file in files}
    found = []
    for file, page in pages.items():
        name = file.relative_to(folder.resolve()).as_posix()
        found += [f"{name}: {p} has no alt text" for p in page.wordless]
        found += [f"{name}: id {i} twice" for i, n in page.ids.items() if n > 1]
        links = {link for link in page.links if is_dead(link, file, pages)}
        found += [f"{name}: dead link {link}" for link in sorted(links)]
        loads = {load for load in page.loads if is_lost(load, file)}
        found += [f"{name}: loads {load}" for load in sorted(loads)]
    return found


def is_dead(link: str, file: Path, pages: dict[Path, Page]) -> bool:
    """Whether a link inside the site leads nowhere."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return False
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_file():
        return True
    anchor = unquote(parts.fragment)
    return bool(anchor) and target in pages and anchor not in pages[target].ids


def is_lost(load: str, file: Path) -> bool:
    """Whether a file that a page loads is elsewhere, or nowhere."""
    parts = urlsplit(load)
    if parts.scheme == "data":
        return False
    elsewhere = bool(parts.scheme or parts.netloc)
    return elsewhere or not (file.parent / unquote(parts.path)).is_file()

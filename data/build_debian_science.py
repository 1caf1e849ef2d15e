"""Build debian_science.npz, a graph of science packages, from Debian 12's metadata.

    apt-get update
    python data/build_debian_science.py && python data/checksums.py

Without apt, name the file: dists/bookworm/main/binary-amd64/Packages.xz of any Debian
mirror (https://deb.debian.org/debian; later https://snapshot.debian.org, 2026-07-12).
Names, numbers of words and links between packages; no sentence. The same bytes come out
every time (with zlib, see build_fashion_mnist.py).
"""

import hashlib
import itertools
import lzma
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import npz
import numpy as np

HERE = Path(__file__).parent
# Debian 12.15 of 11 July 2026, as its InRelease file states it for `Packages`.
SHA256 = "515e692f2c4121c6fcec444ef100cc18f79a991910615f3a88c8b7becfc94d2f"
LISTS = Path("/var/lib/apt/lists")
LISTED = "*_debian_dists_bookworm_main_binary-amd64_Packages*"
# The class of a package is the field whose metapackages name it; * is anything.
FIELDS = {
    "astronomy": ("astro-*",),
    "biology": ("science-biology", "med-bio", "med-bio-dev"),
    "chemistry": ("science-chemistry", "debichem-*"),
    "engineering": ("science-engineering*", "science-robotics*", "science-electronics"),
    "geography": ("science-geography", "gis-*"),
    "linguistics": ("science-linguistics",),
    "mathematics": ("science-mathematics*", "science-geometry", "science-logic"),
    "physics": (
        "science-physics*",
        *("science-highenergy-physics*", "science-nanoscale-physics*"),
    ),
    "statistics": ("science-statistics", "med-statistics"),
}
TYPESETTING = "astro-publication"  # matches, but has TeX in it
BLENDS = ("debian-astro", "debian-gis", "debian-med", "debian-science", "debichem")
LISTS_MEMBERS = ("Depends", "Recommends", "Suggests")
NEEDS = ("Pre-Depends", "Depends")
LINKS = (*NEEDS, "Recommends", "Suggests", "Enhances")
COMMON = 100  # what more packages of Debian need than this is everyone's tool
RARE = 10  # what at most this many nodes need makes a link between them
SEEN = 3  # a word of fewer summaries than this is left out
# They name the classes, or say no more than a class's name does.
GIVEAWAYS = re.compile(
    "astronom|biolog|bioinformatic|chemi|engineer|geograph|linguist|math|physic|statist"
)
STOP = {"an", "and", "as", "at", "by", "for", "from", "in", "is", "it", "its", "of"}
STOP |= {"on", "or", "that", "the", "this", "to", "with"}
WORD = re.compile(r"[a-z][a-z0-9]+")
PARTS = {"train": 20, "validation": 20, "test": 40}  # nodes of each class
Package = dict[str, str]


def metadata(path: Path | None = None) -> str:
    """The text of Packages, which has to be that of Debian 12.15."""
    found = [path] if path else sorted(LISTS.glob(LISTED))
    if not found:
        raise SystemExit(
            f"{LISTS}/{LISTED} is missing: run apt-get update on Debian 12"
        )
    if found[0].suffix == ".xz":
        content = lzma.decompress(found[0].read_bytes())
    elif path:
        content = path.read_bytes()
    else:  # apt knows what it packed it with
        unpack = ["/usr/lib/apt/apt-helper", "cat-file", str(found[0])]
        content = subprocess.run(unpack, check=True, capture_output=True).stdout
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != SHA256:
        raise SystemExit(
            f"{found[0]} is not Debian 12.15's: SHA-256 {sha256}, expected {SHA256}"
        )
    return content.decode()


def packages(text: str) -> dict[str, Package]:
    """Each package's fields by its name."""
    found = {}
    for paragraph in text.strip().split("\n\n"):
        lines = (line for line in paragraph.split("\n") if not line.startswith(" "))
        fields = dict(line.split(":", 1) for line in lines)
        fields = {key: value.strip() for key, value in fields.items()}
        found[fields["Package"]] = fields
    return found


def named(package: Package, fields: tuple[str, ...]) -> set[str]:
    """The packages that some fields of a package name, alternatives too."""
    listed = re.split(r"[,|]", ",".join(package.get(field, "") for field in fields))
    return {re.split(r"[ (:]", name.strip())[0] for name in listed if name.strip()}


def labels(everything: dict[str, Package]) -> dict[str, str]:
    """The field of each science package.

    It is the one that most of the metapackages that name it belong to. Where two fields
    are level, the package has none and is left out.
    """
    votes = defaultdict(Counter)
    for field, patterns in FIELDS.items():
        for name, package in everything.items():
            if is_of_a_blend(package) and matches(name, patterns):
                for member in named(package, LISTS_MEMBERS):
                    votes[member][field] += 1
    needed = Counter(
        name for package in everything.values() for name in named(package, NEEDS)
    )
    found = {}
    for name, counted in sorted(votes.items()):
        (field, most), *others = counted.most_common()
        level = bool(others) and others[0][1] == most
        usable = name in everything and not is_metapackage(everything[name])
        if usable and not level and needed[name] <= COMMON:
            found[name] = field
    return found


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether a name fits one of the patterns, in which * stands at the end only."""
    if name == TYPESETTING:
        return False
    return any(
        name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
        for pattern in patterns
    )


def is_of_a_blend(package: Package) -> bool:
    """Whether a package is made from the lists of one of the five blends."""
    return package.get("Source", package["Package"]).split()[0] in BLENDS


def is_metapackage(package: Package) -> bool:
    """Whether a package holds nothing itself and only names others."""
    says_so = re.search("metapackage|selection of tasks", package["Description"], re.I)
    listed = package["Section"] == "metapackages"
    return listed or bool(says_so) or is_of_a_blend(package)


def pairs(everything: dict[str, Package], names: list[str]) -> np.ndarray:
    """Linked nodes, rows (smaller, larger), each pair once.

    One names the other; or both need the same thing that few nodes need.
    """
    number = {name: i for i, name in enumerate(names)}
    found, users = set(), defaultdict(set)
    for name, i in number.items():
        for other in named(everything[name], LINKS) & number.keys() - {name}:
            found.add((min(i, number[other]), max(i, number[other])))
        for other in named(everything[name], NEEDS):
            users[other].add(i)
    for together in users.values():
        if len(together) <= RARE:
            found |= set(itertools.combinations(sorted(together), 2))
    return np.array(sorted(found))


def vocabulary(texts: list[list[str]]) -> list[str]:
    """The words that count, in the alphabet's order."""
    seen = Counter(word for text in texts for word in set(text))
    often = {word for word, n in seen.items() if n >= SEEN} - STOP
    return sorted(word for word in often if not GIVEAWAYS.search(word))


def counts(texts: list[list[str]], words: list[str]) -> np.ndarray:
    """Rows (node, word, how often), in order."""
    number = {word: i for i, word in enumerate(words)}
    rows = []
    for node, text in enumerate(texts):
        counted = Counter(number[word] for word in text if word in number)
        rows += [(node, word, n) for word, n in sorted(counted.items())]
    return np.array(rows)


def split(classes: np.ndarray) -> dict[str, np.ndarray]:
    """Draw the nodes of each part, equally many of each class; the rest is in none."""
    # RandomState's stream is frozen by NumPy; default_rng's may change.
    random, parts = np.random.RandomState(0), {part: [] for part in PARTS}
    for label in range(len(FIELDS)):
        order = random.permutation(np.flatnonzero(classes == label))
        assert len(order) >= sum(PARTS.values()), (label, len(order))
        ends = np.cumsum([*PARTS.values()])
        for part, nodes in zip(PARTS, np.split(order, ends)):
            parts[part] += [*nodes]
    return {part: np.array(sorted(nodes), np.uint16) for part, nodes in parts.items()}


def joined(names: list[str]) -> np.ndarray:
    """Names as bytes, a line each."""
    return np.frombuffer("\n".join(names).encode("ascii"), np.uint8)


def build(path: Path | None = None) -> bytes:
    """The content of debian_science.npz."""
    everything = packages(metadata(path))
    field_of = labels(everything)
    names, fields = list(field_of), list(FIELDS)
    texts = [WORD.findall(everything[n]["Description"].lower()) for n in names]
    words = vocabulary(texts)
    classes = np.array([fields.index(field) for field in field_of.values()], np.uint8)
    arrays = {
        "nodes": joined(names),
        "words": joined(words),
        "classes": joined(fields),
        "y": classes,
        "pairs": pairs(everything, names).T.astype(np.uint16),
        "counts": counts(texts, words).T.astype(np.uint16),
    }
    return npz.pack(arrays | split(classes), compresslevel=9)


if __name__ == "__main__":
    content = build(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    (HERE / "debian_science.npz").write_bytes(content)
    print(f"wrote data/debian_science.npz, {len(content)} bytes")

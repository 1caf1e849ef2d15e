"""Build wordnet.npz, an extract of WordNet 3.0 with vectors, from Debian's package.

    apt-get install --no-install-recommends wordnet-base
    python data/build_wordnet.py && python data/checksums.py

Words, their senses, antonyms, definitions of six fields as lists of words, counts of
pairs of words, and vectors. Counts and vectors never saw the definitions of the
validation and test parts. The same bytes come out every time (with zlib, see
build_fashion_mnist.py).
"""

import hashlib
import re
from collections import Counter
from pathlib import Path

import npz
import numpy as np
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import svds

HERE = Path(__file__).parent
PACKAGE = Path("/usr/share/wordnet")
SOURCES = {
    "data.noun": "fea17d2f9656611334eac790e5d69e47645fa180c4aa481fb4cd9b3520754ca2",
    "data.verb": "adcf43e35b581e8036d8b5a52d63d9cd3d3b4870b2720d3c03c799df44777bc2",
    "data.adj": "c89120dfc1f046ddff4a631bf9b7e9fa1a36b5e86565a23bf82dbe14f30b88a7",
    "data.adv": "444a63bf3955080ab7524f5079cfc07ff9bc682cb98bdb1db73b0fb9829f1139",
    "index.noun": "a490d99d93d017bf4822fe2f0ffa51fd73911ce271dc7535fade21f8814b5a04",
    "index.verb": "e2ac24816c3a8289dcb72aaa9cf8db81fdf25ec34d792bfc96ac5b7a20c8b4ae",
    "index.adj": "c9865d7b4d1f805bdef82ccdcea5282436e23083e6f6f1b33e716327c4eda810",
    "index.adv": "6f5465ed5758fe9c8a2f7ec17b1300f3aa875756c70ff7cba162f7e71bcf88ea",
    "cntlist.rev": "a198580b8f705fa02797bba8b13e5cbe4a9f9f40cb1697e774c7fc6a5865b035",
}
FIELDS = {"animal": 5, "artifact": 6, "food": 13, "location": 15, "person": 18}
FIELDS |= {"plant": 20}  # WordNet's numbers of the lexicographers' files
PARTS = {"train": 500, "validation": 200, "test": 400}  # definitions of each field
RARE = 8  # words seen less often are left out
WINDOW, DIMENSIONS = 5, 64
WORD = re.compile(r"[a-z]+(?:['-][a-z]+)*")


def read(name: str) -> list[str]:
    """The lines of one file of the package, without the licence at its head."""
    path = PACKAGE / name
    if not path.is_file():
        raise SystemExit(f"{path} is missing: apt-get install wordnet-base")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SOURCES[name]:
        raise SystemExit(
            f"{path} is not the expected file: SHA-256 {found}, not {SOURCES[name]}"
        )
    lines = content.decode("ascii").splitlines()
    return [line for line in lines if not line.startswith("  ")]


def synsets() -> dict[tuple[str, str], dict]:
    """Every synset by part of speech and offset: field, words, antonyms, gloss."""
    found = {}
    for pos, name in zip("nvar", ("noun", "verb", "adj", "adv")):
        for line in read(f"data.{name}"):
            facts, gloss = line.split(" | ", 1)
            offset, field, _, size, *rest = facts.split(" ")
            size = int(size, 16)  # a word and its number, size times, then pointers
            words = [re.sub(r"\(.*\)", "", w).lower() for w in rest[: 2 * size : 2]]
            pointers = zip(*[iter(rest[2 * size + 1 :])] * 4)
            opposite = [(p[1], p[2], p[3]) for p in pointers if p[0] == "!"]
            found[pos, offset] = {"field": int(field), "words": words, "gloss": gloss}
            found[pos, offset]["antonyms"] = opposite
    return found


def tokens(text: str) -> list[str]:
    """The words of a text in lower case."""
    return WORD.findall(text.lower())


def definition(gloss: str) -> list[str]:
    """The words of a gloss before its first example."""
    return tokens(gloss.split('; "')[0])


def split(entries: dict) -> tuple[dict[str, list], set]:
    """Draw the definitions of each part; and the synsets that nothing else may see.

    5 to 16 words, at least 5 of them not rare, and unlike any other definition even
    where rare words are left open.
    """
    texts = {key: definition(entry["gloss"]) for key, entry in entries.items()}
    often = Counter(word for words in texts.values() for word in words)
    for key, words in texts.items():
        texts[key] = tuple(word if often[word] >= RARE else "" for word in words)
    alike = Counter(texts.values())
    # RandomState's stream is frozen by NumPy; default_rng's may change.
    random, parts, hidden = np.random.RandomState(0), {p: [] for p in PARTS}, set()
    for label, number in enumerate(FIELDS.values()):
        usable = [
            key
            for key, words in texts.items()
            if key[0] == "n" and entries[key]["field"] == number
            if len(words) <= 16
            and alike[words] == 1
            and len([*filter(None, words)]) >= 5
        ]
        order, start = random.permutation(len(usable)), 0
        for part, size in PARTS.items():
            chosen = [usable[i] for i in order[start : start + size]]
            assert len(chosen) == size, (label, len(usable))
            parts[part] += [(key, label) for key in chosen]
            hidden |= set(chosen) if part != "train" else set()
            start += size
    return parts, hidden


def pair_counts(texts: list[np.ndarray], size: int) -> np.ndarray:
    """Neighbours: how often word a stands directly before word b, rows (a, b, n)."""
    joined = np.concatenate([np.append(text, 0) for text in texts]).astype(np.int64)
    keys = joined[:-1] * size + joined[1:]
    keys, counts = np.unique(keys, return_counts=True)
    rows = np.stack([keys // size, keys % size, counts], 1)
    return rows[(rows[:, 0] > 0) & (rows[:, 1] > 0)]  # 0: a rare word, or the end


def vectors(texts: list[np.ndarray], size: int) -> np.ndarray:
    """PPMI of words in one window, its SVD, unit length: int8 (words, dimensions)."""
    gap = np.zeros(WINDOW, np.int64)
    joined = np.concatenate([np.append(text, gap) for text in texts]).astype(np.int64)
    left = np.concatenate([joined[:-step] for step in range(1, WINDOW + 1)])
    right = np.concatenate([joined[step:] for step in range(1, WINDOW + 1)])
    seen = (left > 0) & (right > 0)
    ones = np.ones(seen.sum())
    together = coo_matrix((ones, (left[seen], right[seen])), (size, size)).tocsr()
    together = together + together.T
    often = np.maximum(np.asarray(together.sum(1)).ravel(), 1)
    smooth = often**0.75  # Levy, Goldberg and Dagan 2015: rare contexts count less
    ratio = diags(1 / often) @ together @ diags(smooth.sum() / smooth)
    ratio.data = np.maximum(np.log(ratio.data), 0)
    u, s, _ = svds(ratio.tocsr(), DIMENSIONS, tol=1e-12, v0=np.ones(size))
    u, s = u[:, ::-1], s[::-1]
    largest = u[np.abs(u).argmax(0), np.arange(DIMENSIONS)]
    found = u * np.sign(largest) * np.sqrt(s)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    found = found / np.maximum(length, 1e-12)
    return np.round(127 * found / np.abs(found).max()).astype(np.int8)


def senses(entries: dict, number: dict[str, int]) -> np.ndarray:
    """Rows (word, synset, part of speech), each word's most frequent sense first."""
    tagged = {}
    for line in read("cntlist.rev"):
        key, sense, count = line.split(" ")
        lemma, rest = key.split("%")
        pos = "nvara"[int(rest[0]) - 1]  # 5: an adjective that is satellite of another
        tagged[lemma, pos, int(sense)] = int(count)
    place = {key: i for i, key in enumerate(entries)}
    rows = []
    for order, (pos, name) in enumerate(zip("nvar", ("noun", "verb", "adj", "adv"))):
        for line in read(f"index.{name}"):
            lemma, _, count, *rest = line.split()
            if lemma in number:
                for sense, offset in enumerate(rest[-int(count) :], 1):
                    often = tagged.get((lemma, pos, sense), 0)
                    word = number[lemma]
                    rows.append((word, -often, order, sense, place[pos, offset]))
    rows = np.array(sorted(rows))
    used, synset = np.unique(rows[:, 4], return_inverse=True)
    assert len(used) < 2**16
    return np.stack([rows[:, 0], synset, rows[:, 2]], 1)


def antonyms(entries: dict, number: dict[str, int]) -> np.ndarray:
    """Pairs (word, word) of direct antonyms, each once."""
    pairs = set()
    for entry in entries.values():
        for offset, pos, which in entry["antonyms"]:
            ours, theirs = int(which[:2], 16) - 1, int(which[2:], 16) - 1
            other = entries[pos, offset]["words"][theirs]
            pair = sorted(number.get(w, 0) for w in (entry["words"][ours], other))
            if pair[0] and pair[0] != pair[1]:
                pairs.add(tuple(pair))
    return np.array(sorted(pairs))


def build() -> bytes:
    """The content of wordnet.npz."""
    entries = synsets()
    parts, hidden = split(entries)
    visible = [tokens(e["gloss"]) for key, e in entries.items() if key not in hidden]
    counted = Counter(word for text in visible for word in text)
    often = [word for word, n in counted.items() if n >= RARE]
    words = sorted(often, key=lambda word: (-counted[word], word))
    number = {word: i for i, word in enumerate(words, 1)}  # 0: any other word

    def encode(text: list[str]) -> np.ndarray:
        return np.array([number.get(word, 0) for word in text], np.uint16)

    texts = [encode(text) for text in visible]
    size = len(words) + 1
    pairs = pair_counts(texts, size)
    pairs = pairs[pairs[:, 2] > 1]
    arrays = {
        "words": np.frombuffer("\n".join(["", *words]).encode("ascii"), np.uint8),
        "counts": np.array([0, *(counted[w] for w in words)], np.uint32),
        "pair_left": np.diff(pairs[:, 0], prepend=0).astype(np.uint16),
        "pair_right": pairs[:, 1].astype(np.uint16),
        "pair_count": pairs[:, 2].astype(np.uint16),
        "vectors": vectors(texts, size),
        "senses": senses(entries, number).T.astype(np.uint16),
        "antonyms": antonyms(entries, number).T.astype(np.uint16),
    }
    for part, chosen in parts.items():
        lists = [encode(definition(entries[key]["gloss"])) for key, _ in chosen]
        arrays[f"{part}_tokens"] = np.concatenate(lists)
        arrays[f"{part}_lengths"] = np.array([len(x) for x in lists], np.uint8)
        arrays[f"{part}_labels"] = np.array([label for _, label in chosen], np.uint8)
    return npz.pack(arrays, compresslevel=9)


if __name__ == "__main__":
    content = build()
    (HERE / "wordnet.npz").write_bytes(content)
    print(f"wrote data/wordnet.npz, {len(content)} bytes")

"""The words of WordNet: numbers, senses, definitions by field, and vectors."""

import difflib
import re
import unicodedata
from collections import defaultdict
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from .files import tensors

FIELDS = ("animal", "artifact", "food", "location", "person", "plant")
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
TYPED = str.maketrans("’ʼ‐‑", "''--")  # what word processors make of ' and -


class TextError(ValueError):
    """A word, a sentence or a request that these tools cannot work with."""


def words() -> tuple[str, ...]:
    """All words that are known, the most frequent first; place 0 is for any other."""
    return wordnet()["words"]


def number(word: str) -> int:
    """The place of a word in words(), from 1. Raises TextError for an unknown word."""
    places, plain = wordnet()["places"], as_typed(word)
    if plain not in places:
        near = difflib.get_close_matches(plain, places, 3, 0.75)
        hint = f"; near it are: {', '.join(near)}" if near else ""
        raise TextError(f"{word!r} is not among the {len(places)} words{hint}")
    return places[plain]


def count(word: str) -> int:
    """How often a word occurs in the glosses, but for validation and test synsets."""
    return int(wordnet()["counts"][number(word)])


def as_typed(sentence: str) -> str:
    """A sentence in lower case, with ' and -, and each accent joined to its letter."""
    return unicodedata.normalize("NFC", sentence).translate(TYPED).lower()


def tokens(sentence: str) -> list[str]:
    """The words of a sentence in lower case. Raises TextError when there is none."""
    found = WORD.findall(as_typed(sentence))
    if not found:
        raise TextError(f"{sentence!r} has no word; expected a sentence")
    return found


def encode(sentence: str) -> Tensor:
    """The numbers of a sentence's words, int64 (length,); 0 for an unknown one."""
    places = wordnet()["places"]
    return torch.tensor([places.get(word, 0) for word in tokens(sentence)])


def definitions(split: str) -> tuple[Tensor, Tensor]:
    """Definitions of WordNet by field: "train" (3,000), "validation" or "test".

    Vectors and language model were made without validation (1,200) and test (2,400).

    Returns:
        The numbers of their words, int64 (n, 16), filled up with 0, and their labels,
        int64 (n,), the places in FIELDS.
    """
    if split not in ("train", "validation", "test"):
        raise TextError(f"unknown split {split!r}: 'train', 'validation' or 'test'")
    lengths = wordnet()[f"{split}_lengths"].tolist()
    each = wordnet()[f"{split}_tokens"].split(lengths)
    return pad_sequence(each, batch_first=True), wordnet()[f"{split}_labels"]


def senses(word: str) -> list[list[str]]:
    """For each sense of a word, the most used first, the other words of its synset.

    Only single words that are known are listed; many senses have none.
    """
    place = number(word)
    return [[words()[i] for i in s if i != place] for s in synsets(place)]


def synonyms(word: str) -> list[str]:
    """The synonyms of a word over all its senses, each once, the most used first."""
    return list(dict.fromkeys(s for sense in senses(word) for s in sense))


def antonyms(word: str) -> list[str]:
    """The direct antonyms of a word, in WordNet."""
    place, (one, other) = number(word), wordnet()["antonyms"]
    found = torch.cat([other[one == place], one[other == place]])
    return [words()[i] for i in found.tolist()]


def vectors() -> Tensor:
    """Word vectors of unit length, (words, 64): PPMI and SVD of WordNet's glosses."""
    return wordnet()["vectors"]


def synsets(place: int) -> list[list[int]]:
    """The senses of a word in order, each as the words of its synset."""
    return _thesaurus()[place]


@cache
def _thesaurus() -> dict[int, list[list[int]]]:
    """The synsets of each word in the order of use, each as its words."""
    senses, members = defaultdict(list), defaultdict(list)
    for word, synset in wordnet()["senses"][:2].T.tolist():
        members[synset].append(word)
        senses[word].append(members[synset])  # to which other words are still added
    return senses


@cache
def wordnet() -> dict:
    """The arrays of wordnet.npz as tensors; the words, and the place of each."""
    stored = tensors("wordnet.npz")
    names = tuple(stored.pop("words").numpy().tobytes().decode("ascii").split("\n"))
    vectors = F.normalize(stored.pop("vectors").float())
    numbers = {name: tensor.long() for name, tensor in stored.items()}
    places = {word: place for place, word in enumerate(names) if place}
    return numbers | {"words": names, "vectors": vectors, "places": places}

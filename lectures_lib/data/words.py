"""The words of WordNet: numbers, senses, definitions by field, and vectors."""

import difflib
import io
import re
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .files import read

FIELDS = ("animal", "artifact", "food", "location", "person", "plant")
WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


class TextError(ValueError):
    """A word, a sentence or a request that these tools cannot work with."""


def words() -> tuple[str, ...]:
    """All words that are known, the most frequent first; place 0 is for any other."""
    return wordnet()["words"]


def number(word: str) -> int:
    """The place of a word in words(), from 1. Raises TextError for an unknown word."""
    found = wordnet()["number"].get(word.lower())
    if found is None:
        near = difflib.get_close_matches(word.lower(), wordnet()["number"], 3, 0.75)
        hint = f"; near it are: {', '.join(near)}" if near else ""
        raise TextError(f"{word!r} is not among the {len(words()) - 1} words{hint}")
    return found


def count(word: str) -> int:
    """How often a word occurs in the visible glosses, their examples included.

    Visible: not of the synsets of the validation and test definitions.

    Raises TextError for an unknown word.
    """
    return int(wordnet()["counts"][number(word)])


def tokens(sentence: str) -> list[str]:
    """The words of a sentence in lower case. Raises TextError when there is none."""
    found = WORD.findall(sentence.lower())
    if not found:
        raise TextError(f"{sentence!r} has no word; expected a sentence")
    return found


def encode(sentence: str) -> Tensor:
    """The numbers of a sentence's words, int64 (length,); 0 for an unknown one."""
    known = wordnet()["number"]
    return torch.tensor([known.get(word, 0) for word in tokens(sentence)])


def definitions(split: str) -> tuple[Tensor, Tensor]:
    """Definitions of WordNet by field: "train" (3,000), "validation" or "test".

    Vectors and language model were made without validation (1,200) and test (2,400).

    Returns: the numbers of their words, int64 (n, 16), filled up with 0; labels int64
    (n,), the places in FIELDS. Raises TextError for an unknown split.
    """
    if split not in ("train", "validation", "test"):
        raise TextError(f"unknown split {split!r}: 'train', 'validation' or 'test'")
    arrays = wordnet()
    lengths = arrays[f"{split}_lengths"]
    filled = torch.zeros(len(lengths), int(arrays["train_lengths"].max()), dtype=int)
    filled[torch.arange(filled.shape[1]) < lengths[:, None]] = arrays[f"{split}_tokens"]
    return filled, arrays[f"{split}_labels"]


def senses(word: str) -> list[list[str]]:
    """For each sense of a word, the most used first, the other words of its synset.

    Only single words that are known are listed; many a sense has none.
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


@cache
def wordnet() -> dict:
    with np.load(io.BytesIO(read("wordnet.npz")), allow_pickle=False) as file:
        kinds = {"vectors": np.float32, "words": np.uint8}  # int64 where it is needed
        arrays = {
            name: torch.from_numpy(array.astype(kinds.get(name, np.int64)))
            for name, array in file.items()
        }
    names = tuple(arrays["words"].numpy().tobytes().decode("ascii").split("\n"))
    arrays["words"] = names
    arrays["number"] = {word: place for place, word in enumerate(names) if place}
    arrays["vectors"] = F.normalize(arrays["vectors"], dim=1)
    return arrays


def synsets(place: int) -> list[list[int]]:
    """The senses of a word in order, each as the words of its synset."""
    word, synset, first, by_synset, start = _thesaurus()
    rows = range(first[place], first[place + 1])
    return [
        word[by_synset[start[s] : start[s + 1]]].tolist() for s in synset[rows].tolist()
    ]


@cache
def _thesaurus() -> tuple[np.ndarray, ...]:
    """Words and synsets of all senses, and where those of each word and synset stand.

    Arrays: as lists of lists they would take five times the memory.
    """
    word, synset = wordnet()["senses"][:2].numpy()
    by_synset = synset.argsort(kind="stable")
    first = word.searchsorted(np.arange(len(words()) + 1))  # rows are in order of words
    start = synset[by_synset].searchsorted(np.arange(synset.max() + 2))
    return word, synset, first, by_synset, start

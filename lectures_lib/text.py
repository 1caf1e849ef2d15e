"""Words: a thesaurus, word vectors, a small language model, and a translator."""

import difflib
import io
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from . import data

FIELDS = ("animal", "artifact", "food", "location", "person", "plant")
_FUNCTION_WORDS = (
    "a about after all am an and any are as at be because been before but by can could "
    "did do does down each every for from had has have he her hers him his how i if in "
    "into is it its me more most much my no not of off on one or our out over she so "
    "some than that the their them there they this those through to too under up us "
    "very was we were what when where which who will with would you your"
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")


class TextError(ValueError):
    """A word, a sentence or a request that these tools cannot work with."""


def words() -> tuple[str, ...]:
    """All words that are known, the most frequent first; place 0 is for any other."""
    return _wordnet()["words"]


def number(word: str) -> int:
    """The place of a word in words(), from 1. Raises TextError for an unknown word."""
    found = _wordnet()["number"].get(word.lower())
    if found is None:
        near = difflib.get_close_matches(word.lower(), _wordnet()["number"], 3, 0.75)
        hint = f"; near it are: {', '.join(near)}" if near else ""
        raise TextError(f"{word!r} is not among the {len(words()) - 1} words{hint}")
    return found


def count(word: str) -> int:
    """How often a word occurs in the visible glosses, their examples included.

    Visible: not of the synsets of the validation and test definitions.

    Raises TextError for an unknown word.
    """
    return int(_wordnet()["counts"][number(word)])


def tokens(sentence: str) -> list[str]:
    """The words of a sentence in lower case. Raises TextError when there is none."""
    found = _WORD.findall(sentence.lower())
    if not found:
        raise TextError(f"{sentence!r} has no word; expected a sentence")
    return found


def encode(sentence: str) -> Tensor:
    """The numbers of a sentence's words, int64 (length,); 0 for an unknown one."""
    known = _wordnet()["number"]
    return torch.tensor([known.get(word, 0) for word in tokens(sentence)])


def definitions(split: str) -> tuple[Tensor, Tensor]:
    """Definitions of WordNet by field: "train" (3,000), "validation" or "test".

    Vectors and language model were made without validation (1,200) and test (2,400).

    Returns: the numbers of their words, int64 (n, 16), filled up with 0; labels int64
    (n,), the places in FIELDS. Raises TextError for an unknown split.
    """
    if split not in ("train", "validation", "test"):
        raise TextError(f"unknown split {split!r}: 'train', 'validation' or 'test'")
    arrays = _wordnet()
    lengths = arrays[f"{split}_lengths"]
    filled = torch.zeros(len(lengths), int(arrays["train_lengths"].max()), dtype=int)
    filled[torch.arange(filled.shape[1]) < lengths[:, None]] = arrays[f"{split}_tokens"]
    return filled, arrays[f"{split}_labels"]


# --- thesaurus and vectors ----------------------------------------------------------


def senses(word: str) -> list[list[str]]:
    """For each sense of a word, the most used first, the other words of its synset.

    Only single words that are known are listed; many a sense has none.
    """
    place = number(word)
    return [[words()[i] for i in s if i != place] for s in _synsets(place)]


def synonyms(word: str) -> list[str]:
    """The synonyms of a word over all its senses, each once, the most used first."""
    return list(dict.fromkeys(s for sense in senses(word) for s in sense))


def antonyms(word: str) -> list[str]:
    """The direct antonyms of a word, in WordNet."""
    place, (one, other) = number(word), _wordnet()["antonyms"]
    found = torch.cat([other[one == place], one[other == place]])
    return [words()[i] for i in found.tolist()]


def synonym_table(columns: int, senses: int | None = None) -> Tensor:
    """Candidates for every word, int64 (words, columns): its synonyms again and again.

    A word without synonyms has itself. senses: only of the most used ones; None: all.
    """
    table = torch.arange(len(words()))[:, None].repeat(1, columns)
    for place in range(1, len(words())):
        members = (i for synset in _synsets(place)[:senses] for i in synset)
        found = list(dict.fromkeys(i for i in members if i != place))
        if found:
            table[place] = torch.tensor(found * columns)[:columns]
    return table


def vectors() -> Tensor:
    """Word vectors of unit length, (words, 64): PPMI and SVD of WordNet's glosses."""
    return _wordnet()["vectors"]


def neighbour_table(numbers: Tensor, columns: int) -> Tensor:
    """The words nearest to each of the given, int64 (words, columns), by the cosine.

    Other rows than the given hold the word itself: making all would take seconds.
    """
    table = torch.arange(len(words()))[:, None].repeat(1, columns)
    for some in numbers[numbers > 0].unique().split(32):  # 2 MB
        cosine = vectors()[some] @ vectors().T
        cosine[torch.arange(len(some)), some] = -2  # not the word itself
        cosine[:, 0] = -2
        table[some] = cosine.topk(columns).indices
    return table


def neighbours(word: str, n: int = 10) -> list[str]:
    """The n words nearest to a word, the nearest first."""
    place = torch.tensor([number(word)])
    return [words()[i] for i in neighbour_table(place, n)[place[0]].tolist()]


# --- language model -----------------------------------------------------------------


def log_probability(left: Tensor, right: Tensor) -> Tensor:
    """log P(right | left): a bigram model with absolute discounting by one.

    P(b | a) = (count(a b) − 1) / count(a) + P(b) · rest(a), with (…) at least 0 and
    rest(a) what the discount left over, so that all words b sum to one. Pairs seen once
    weigh nothing: they need not be shipped.

    Args: numbers of words, int64, of shapes that go together. 0 as left: nothing is
    known of the word before. 0 as right: any word, log 1 = 0.
    """
    model = _language_model()
    left, right = torch.broadcast_tensors(left, right)
    key = left * len(words()) + right
    place = torch.searchsorted(model["keys"], key).clamp(max=len(model["keys"]) - 1)
    seen = model["keys"][place] == key
    pair = torch.where(seen, model["discounted"][place], 0.0) / model["often"][left]
    mixed = pair + model["rest"][left] * model["alone"][right]
    return torch.where(right > 0, mixed, 1.0).log().float()


# --- translation --------------------------------------------------------------------


@dataclass(frozen=True)
class Translation:
    """English sentences, their Spanish, the English that comes back, and the origin."""

    english: tuple[str, ...]
    spanish: tuple[str, ...]
    back: tuple[str, ...]
    live: bool
    note: str  # live or recorded, in one line


def sentences(kind: str | None = None) -> list[dict[str, str]]:
    """The recorded sentences: kind, label, english, spanish, back.

    Args: "lecture", "review" (label "+" or "-"), "everyday" or "fact"; None: all.
    Raises TextError for another kind.
    """
    entries = _recorded()["sentences"]
    kinds = dict.fromkeys(entry["kind"] for entry in entries)
    if kind is not None and kind not in kinds:
        raise TextError(f"no sentences of kind {kind!r}; there are: {', '.join(kinds)}")
    return [dict(entry) for entry in entries if kind in (None, entry["kind"])]


def back_translate(english: Sequence[str], seconds: float = 10.0) -> Translation:
    """English to Spanish and back with Apertium; recorded where that is not possible.

    Args:
        english: sentences, each with a word in it.
        seconds: the time limit for each of the two directions.
    Raises TextError: no word in a sentence; or Apertium does not work here and a
    sentence is not among the recorded ones.
    """
    if isinstance(english, str) or not english:
        raise TextError("expected a list of sentences: back_translate([sentence])")
    english = tuple(" ".join(sentence.split()) for sentence in english)
    for sentence in english:
        tokens(sentence)  # raises where there is no word
    try:
        spanish = _apertium("eng-spa", english, seconds)
        back = _apertium("spa-eng", spanish, seconds)
    except OSError as reason:
        return _from_record(english, str(reason))
    return Translation(english, spanish, back, True, "Translated live by Apertium.")


def meaning_words(sentence: str) -> set[str]:
    """The words of a sentence that are not function words (the, of, is, it, …)."""
    return set(_WORD.findall(sentence.lower())) - FUNCTION_WORDS


def _apertium(direction: str, texts: tuple, seconds: float) -> tuple[str, ...]:
    """Each text translated. Raises OSError, whatever goes wrong, with the reason."""
    program = shutil.which("apertium")
    if program is None:
        raise OSError("Apertium is not installed (apt-get install apertium-eng-spa)")
    # An empty line ends a sentence, also one without a full stop.
    asked = "\n\n".join(texts).encode()
    run = subprocess.Popen(
        [program, "-u", direction],
        **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE),
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        start_new_session=True,
    )
    try:
        answer, said = run.communicate(asked, seconds)
    except subprocess.TimeoutExpired:
        os.killpg(run.pid, signal.SIGKILL)  # Apertium is a script with many children
        run.communicate()
        raise OSError(f"Apertium did not answer within {seconds:g} seconds") from None
    said = " ".join(said.decode(errors="replace").split())[:120]
    parts = re.split(r"\n\s*\n", answer.decode(errors="replace").strip())
    found = tuple(_tidy(text) for text in parts)
    if run.returncode or said or len(found) != len(texts) or not all(found):
        raise OSError(f"Apertium failed: {said or 'other sentences than asked for'}")
    return found


def _tidy(text: str) -> str:
    """Single spaces, none before a comma; without the marks of unknown words."""
    text = " ".join(re.sub(r"[*@#](?=\w)", "", text).split())
    text = re.sub(r" ([,.?!])", r"\1", text)
    return text[:1].upper() + text[1:]


def _from_record(english: tuple[str, ...], reason: str) -> Translation:
    known = {entry["english"]: entry for entry in sentences()}
    for sentence in english:
        if sentence not in known:
            raise TextError(f"{reason}, and there is no recording of: {sentence}")
    made = _recorded()["made"]
    version = f"apertium-eng-spa {made['apertium-eng-spa']}"
    note = f"Recorded translations of {made['date']}, {version}: {reason}."
    columns = ([known[e][name] for e in english] for name in ("spanish", "back"))
    return Translation(english, *map(tuple, columns), False, note)


# --- the files, read once -----------------------------------------------------------


@cache
def _wordnet() -> dict:
    with np.load(io.BytesIO(data._read("wordnet.npz")), allow_pickle=False) as file:
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


def _synsets(place: int) -> list[list[int]]:
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
    word, synset = _wordnet()["senses"][:2].numpy()
    by_synset = synset.argsort(kind="stable")
    first = word.searchsorted(np.arange(len(words()) + 1))  # rows are in order of words
    start = synset[by_synset].searchsorted(np.arange(synset.max() + 2))
    return word, synset, first, by_synset, start


@cache
def _language_model() -> dict[str, Tensor]:
    arrays = _wordnet()
    left, counts = arrays["pair_left"].cumsum(0), arrays["counts"].double()
    discounted = arrays["pair_count"].double() - 1
    spent = torch.zeros_like(counts).index_add_(0, left, discounted)
    often = counts.clamp(min=1)
    return {
        "keys": left * len(counts) + arrays["pair_right"],  # in increasing order
        "discounted": discounted,
        "often": often,
        "rest": 1 - spent / often,
        "alone": counts / counts.sum(),
    }


@cache
def _recorded() -> dict:
    return json.loads(data._read("translations.json"))

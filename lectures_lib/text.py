"""Text: words swapped for their neighbours, a small language model, a translator."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from .data.files import read
from .data.words import (
    FIELDS,
    WORD,
    TextError,
    antonyms,
    count,
    definitions,
    encode,
    number,
    senses,
    synonyms,
    synsets,
    tokens,
    vectors,
    wordnet,
    words,
)

__all__ = [
    "FIELDS",
    "TextError",
    "Translation",
    "antonyms",
    "back_translate",
    "count",
    "definitions",
    "encode",
    "log_probability",
    "meaning_words",
    "neighbour_table",
    "neighbours",
    "number",
    "senses",
    "sentences",
    "synonym_table",
    "synonyms",
    "tokens",
    "vectors",
    "words",
]

_FUNCTION_WORDS = (
    "a about after all am an and any are as at be because been before but by can could "
    "did do does down each every for from had has have he her hers him his how i if in "
    "into is it its me more most much my no not of off on one or our out over she so "
    "some than that the their them there they this those through to too under up us "
    "very was we were what when where which who will with would you your"
)
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


def synonym_table(columns: int, senses: int | None = None) -> Tensor:
    """Candidates for every word, int64 (words, columns): its synonyms again and again.

    A word without synonyms has itself. senses: only of the most used ones; None: all.
    """
    table = torch.arange(len(words()))[:, None].repeat(1, columns)
    for place in range(1, len(words())):
        members = (i for synset in synsets(place)[:senses] for i in synset)
        found = list(dict.fromkeys(i for i in members if i != place))
        if found:
            table[place] = torch.tensor(found * columns)[:columns]
    return table


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


@cache
def _language_model() -> dict[str, Tensor]:
    arrays = wordnet()
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
    return set(WORD.findall(sentence.lower())) - FUNCTION_WORDS


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


@cache
def _recorded() -> dict:
    return json.loads(read("translations.json"))

"""Text: words swapped for their neighbours, and a small language model."""

from functools import cache

import torch
from torch import Tensor

from .data.words import *  # noqa: F403 - all of it is part of this module
from .data.words import WORD, as_typed, number, synsets, vectors, wordnet, words
from .support.translation import *  # noqa: F403

FUNCTION_WORDS = (
    "a about after all am an and any are as at be because been before but by can could "
    "did do does down each every for from had has have he her hers him his how i if in "
    "into is it its me more most much my no not of off on one or our out over she so "
    "some than that the their them there they this those through to too under up us "
    "very was we were what when where which who will with would you your"
)


def synonym_table(columns: int, senses: int | None = None) -> Tensor:
    """Candidates for every word, int64 (words, columns): its synonyms, repeated.

    A word without synonyms has itself.

    Args:
        columns: how many candidates for each word.
        senses: how many of a word's most used senses; None: all.
    """
    rows = []
    for place in range(len(words())):
        others = [i for synset in synsets(place)[:senses] for i in synset if i != place]
        row = list(dict.fromkeys(others)) or [place]
        rows.append((row * columns)[:columns])
    return torch.tensor(rows)


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

    Args:
        left: numbers of words, int64; 0: nothing is known of the word before.
        right: likewise, of a shape that goes with left's; 0: any word, log 1 = 0.
    """
    keys, pairs, rest, alone = _language_model()
    left, right = torch.broadcast_tensors(left, right)
    key = left * len(words()) + right
    place = torch.searchsorted(keys, key).clamp(max=len(keys) - 1)
    pair = torch.where(keys[place] == key, pairs[place], 0.0)
    mixed = pair + rest[left] * alone[right]
    return torch.where(right > 0, mixed, 1.0).log().float()


@cache
def _language_model() -> tuple[Tensor, ...]:
    """The pairs as increasing numbers, the first term of each, rest(a), and P(b)."""
    stored = wordnet()
    left, counts = stored["pair_left"].cumsum(0), stored["counts"].double()
    discounted, often = stored["pair_count"].double() - 1, counts.clamp(min=1)
    spent = torch.zeros_like(counts).index_add_(0, left, discounted)
    keys = left * len(counts) + stored["pair_right"]
    return keys, discounted / often[left], 1 - spent / often, counts / counts.sum()


def meaning_words(sentence: str) -> set[str]:
    """The words of a sentence that are not function words (the, of, is, it, …)."""
    return set(WORD.findall(as_typed(sentence))) - set(FUNCTION_WORDS.split())

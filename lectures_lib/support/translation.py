"""Sentences translated there and back by Apertium, or as that was recorded once."""

import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from ..data.files import read
from ..data.words import TextError, tokens


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

    Args:
        kind: "lecture", "review" (label "+" or "-"), "everyday" or "fact"; None: all.
    """
    entries = json.loads(read("translations.json"))["sentences"]
    kinds = dict.fromkeys(entry["kind"] for entry in entries)
    if kind is not None and kind not in kinds:
        raise TextError(f"no sentences of kind {kind!r}; there are: {', '.join(kinds)}")
    return [entry for entry in entries if kind in (None, entry["kind"])]


def back_translate(english: Sequence[str], seconds: float = 10.0) -> Translation:
    """English to Spanish and back with Apertium; recorded where that is not possible.

    Args:
        english: sentences, each with a word in it.
        seconds: the time limit for each of the two directions.

    Raises:
        TextError: no word in a sentence; or Apertium does not work here and a sentence
            is not among the recorded ones.
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
        return _recorded(english, str(reason))
    return Translation(english, spanish, back, True, "Translated live by Apertium.")


def _apertium(direction: str, texts: tuple, seconds: float) -> tuple[str, ...]:
    """Each text translated. Raises OSError, whatever goes wrong, with the reason."""
    if shutil.which("apertium") is None:
        raise OSError("Apertium is not installed (apt-get install apertium-eng-spa)")
    # Apertium is a script with many children: timeout ends them, too.
    command = ["timeout", "--signal=KILL", str(seconds), "apertium", "-u", direction]
    run = subprocess.run(
        command,
        input="\n\n".join(texts),  # an empty line ends a sentence without a full stop
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    )
    if run.returncode == -signal.SIGKILL:
        raise OSError(f"Apertium did not answer within {seconds:g} seconds")
    found = tuple(_tidy(text) for text in re.split(r"\n\s*\n", run.stdout.strip()))
    said = " ".join(run.stderr.split())[:120]
    if run.returncode or said or len(found) != len(texts) or not all(found):
        raise OSError(f"Apertium failed: {said or 'other sentences than asked for'}")
    return found


def _tidy(text: str) -> str:
    """Single spaces, none before a comma; without the marks of unknown words."""
    text = " ".join(re.sub(r"[*@#](?=\w)", "", text).split())
    text = re.sub(r" ([,.?!])", r"\1", text)
    return text[:1].upper() + text[1:]


def _recorded(english: tuple[str, ...], reason: str) -> Translation:
    known = {entry["english"]: entry for entry in sentences()}
    for sentence in english:
        if sentence not in known:
            raise TextError(f"{reason}, and there is no recording of: {sentence}")
    made = json.loads(read("translations.json"))["made"]
    version = f"apertium-eng-spa {made['apertium-eng-spa']}"
    note = f"Recorded translations of {made['date']}, {version}: {reason}."
    spanish = tuple(known[sentence]["spanish"] for sentence in english)
    back = tuple(known[sentence]["back"] for sentence in english)
    return Translation(english, spanish, back, False, note)

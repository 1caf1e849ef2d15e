"""Words and translations against independent ways, and everything that can go wrong."""

import os
import runpy
import time
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.neighbors import NearestNeighbors

from lectures_lib import text
from lectures_lib.data import files

BUILD = runpy.run_path(str(files.FOLDER / "build_wordnet.py"))
needs_wordnet = pytest.mark.skipif(
    not BUILD["PACKAGE"].is_dir(), reason="Debian's package wordnet-base is not here"
)
LECTURE = [entry["english"] for entry in text.sentences("lecture")]


def place(word):
    return torch.tensor(text.number(word))


# --- what ships ---------------------------------------------------------------------


@needs_wordnet
def test_the_build_script_gives_the_shipped_file():
    built = BUILD["build"]()
    if "ng" in zlib.ZLIB_RUNTIME_VERSION:
        pytest.skip("zlib-ng packs the same arrays into other bytes")
    assert built == (files.FOLDER / "wordnet.npz").read_bytes()


@needs_wordnet
def test_test_definitions_were_hidden_from_counts_and_vectors():
    entries = BUILD["synsets"]()
    parts, hidden = BUILD["split"](entries)
    assert {key for part in ("validation", "test") for key, _ in parts[part]} == hidden
    assert not hidden & {key for key, _ in parts["train"]}
    shown = Counter()
    for key, entry in entries.items():
        if key not in hidden:
            shown.update(BUILD["tokens"](entry["gloss"]))
    some = [*text.words()[1:40], *text.words()[-40:]]
    assert {word: text.count(word) for word in some} == {w: shown[w] for w in some}


def test_another_package_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(BUILD["read"].__globals__, "PACKAGE", tmp_path)
    with pytest.raises(SystemExit, match="apt-get install wordnet-base"):
        BUILD["read"]("data.adj")
    (tmp_path / "data.adj").write_text("another edition")
    with pytest.raises(SystemExit, match="not the expected file"):
        BUILD["read"]("data.adj")


def test_vectors_on_a_small_corpus_are_ppmi_by_hand(monkeypatch):
    """With as many dimensions as there are, vectors keep the cosines of the PPMI."""
    monkeypatch.setitem(BUILD["vectors"].__globals__, "DIMENSIONS", 5)
    texts = [np.array(t) for t in ([1, 2, 3], [1, 2, 4], [3, 4, 5, 1], [2, 5, 6], [6])]
    pairs = np.zeros((7, 7))
    for words in texts:
        for i, one in enumerate(words):
            for j, other in enumerate(words):
                pairs[one, other] += i != j  # all are within the window
    often = pairs.sum(1).clip(1)
    chance = often[:, None] * often**0.75 / (often**0.75).sum()
    with np.errstate(divide="ignore"):
        ppmi = np.maximum(np.log(pairs / chance), 0)
    u, s, _ = np.linalg.svd(ppmi)
    expected = cosine_similarity(u[:, :5] * np.sqrt(s[:5]))
    found = cosine_similarity(BUILD["vectors"](texts, 7).astype(float))
    # Row 0 stands for words that are not known: no counts, no direction.
    np.testing.assert_allclose(found[1:, 1:], expected[1:, 1:], atol=0.03)


def test_pairs_on_a_small_corpus_are_counted_by_hand():
    rows = BUILD["pair_counts"]([np.array([1, 2, 1, 2]), np.array([2, 0, 1])], 3)
    assert rows.tolist() == [[1, 2, 2], [2, 1, 1]]  # not over the end, nor over a 0


def test_wordnets_licence_is_shipped():
    notice = (files.FOLDER / "WORDNET_LICENSE").read_text()
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in notice


# --- words --------------------------------------------------------------------------


@pytest.mark.parametrize(("split", "n"), [("train", 3000), ("test", 2400)])
def test_definitions(split, n):
    words, labels = text.definitions(split)
    assert words.shape == (n, 16)
    assert words.dtype == labels.dtype == torch.int64
    assert labels.bincount().tolist() == [n // 6] * 6
    assert words.min() == 0
    assert words.max() < len(text.words())


def test_no_definition_is_in_two_parts():
    parts = [text.definitions(name)[0] for name in ("train", "validation", "test")]
    rows = [tuple(row) for part in parts for row in part.tolist()]
    # Rare words are all 0, so that a few short ones look alike.
    assert len(set(rows)) > 0.995 * len(rows)


def test_senses_and_antonyms_are_wordnets():
    assert ["large", "heavy", "big"] in text.senses("great")
    assert text.senses("wonderful") == [["grand", "fantastic", "rattling"]]
    assert set(text.antonyms("good")) == {"bad", "evil"}
    assert "outstanding" in text.synonyms("Great")
    assert text.senses("the") == []


def test_being_synonyms_or_antonyms_is_mutual():
    for word in text.words()[1:2000:7]:
        for other in text.synonyms(word):
            assert word in text.synonyms(other)
        for other in text.antonyms(word):
            assert word in text.antonyms(other)


def test_the_synonym_table_holds_synonyms_and_else_the_word():
    table, words = text.synonym_table(12), text.words()
    for word in ("great", "bread", "city", "the"):
        row = {words[i] for i in table[text.number(word)].tolist()}
        assert row <= set(text.synonyms(word) or [word])
    first = text.synonym_table(12, senses=2)[text.number("great")]
    assert [words[i] for i in first.unique().tolist()] == ["outstanding"]
    assert table[0].unique().tolist() == [0]


def test_neighbours_are_scikit_learns():
    vectors = text.vectors().numpy()
    np.testing.assert_allclose(np.linalg.norm(vectors[1:], axis=1), 1, atol=1e-5)
    search = NearestNeighbors(n_neighbors=8, metric="cosine").fit(vectors[1:])
    for word in ("great", "low", "bread"):
        near = search.kneighbors(vectors[[text.number(word)]])[1][0] + 1
        assert text.neighbours(word, 7) == [text.words()[i] for i in near[1:]]


def test_other_rows_of_the_neighbour_table_are_the_word_itself():
    table = text.neighbour_table(torch.tensor([[5, 0], [9, 9]]), 3)
    assert (table[7] == 7).all()
    assert not (table[5] == 5).any()
    assert (table[0] == 0).all()


def test_all_words_together_have_probability_one():
    every = torch.arange(1, len(text.words()))
    for left in (*map(place, ("a", "great", "low")), torch.tensor(0)):
        total = text.log_probability(left, every).double().exp().sum()
        assert total.item() == pytest.approx(1, abs=1e-5)


def test_a_probability_by_hand():
    arrays = np.load(files.FOLDER / "wordnet.npz", allow_pickle=False)
    left = np.cumsum(arrays["pair_left"].astype(int))
    of, the = text.number("of"), text.number("the")
    follow = left == of
    pair = arrays["pair_count"][follow & (arrays["pair_right"] == the)].item()
    saved = 1 - (arrays["pair_count"][follow] - 1.0).sum() / text.count("of")
    alone = text.count("the") / arrays["counts"].sum()
    by_hand = (pair - 1) / text.count("of") + saved * alone
    found = text.log_probability(place("of"), place("the")).exp().item()
    assert found == pytest.approx(by_hand, rel=1e-5)


def test_shapes_go_together_and_any_word_may_follow():
    left, right = torch.tensor([[5], [6]]), torch.tensor([0, 7, 8])
    found = text.log_probability(left, right)
    assert found.shape == (2, 3)
    assert (found[:, 0] == 0).all()
    assert (found[:, 1:] < 0).all()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_encode_takes_any_sentence_or_says_no(sentence):
    try:
        found = text.encode(sentence)
    except text.TextError as error:
        assert "expected a sentence" in str(error)
    else:
        assert len(found) == len(text.tokens(sentence)) > 0


def test_other_ways_to_write_a_word_are_the_same_word():
    assert text.tokens("Don’t stop a well‐known café") == text.tokens(
        "don't stop a well-known cafe\u0301"
    )
    assert text.tokens("DON’T")[0] in text.words()
    assert text.number("mother’s") == text.number("mother's")
    assert text.meaning_words("The day’s end") == text.meaning_words("the day's end")


def test_unknown_words_and_splits():
    with pytest.raises(text.TextError, match=r"'wonderfull' is not .* wonderful"):
        text.number("wonderfull")
    with pytest.raises(text.TextError, match=r"'xqzw' is not among the \d+ words$"):
        text.neighbours("xqzw")
    with pytest.raises(text.TextError, match="unknown split 'dev'"):
        text.definitions("dev")
    with pytest.raises(text.TextError, match="there are: lecture, review"):
        text.sentences("poem")
    assert text.encode("A xqzw day!").tolist()[1] == 0


# --- translation --------------------------------------------------------------------


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """A program named apertium, alone on the PATH but for the shell's tools."""

    def write(script):
        program = tmp_path / "apertium"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin")

    return write


needs_shell = pytest.mark.skipif(not Path("/bin/sh").exists(), reason="no /bin/sh")


def test_without_apertium_the_recording_speaks(monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = text.back_translate(LECTURE)
    assert not found.live
    assert found.note.startswith("Recorded translations of 20")
    assert "not installed" in found.note
    assert "\n" not in found.note
    assert found.back[1].endswith("this film is very good.")
    with pytest.raises(text.TextError, match="no recording of: My own sentence"):
        text.back_translate([LECTURE[0], "My own sentence."])


@needs_shell
@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("cat > /dev/null; exit 3", "other sentences"),
        ("cat; echo 'Error: mode not found' >&2", "Error: mode not found"),
        ("cat; echo 'no such mode' >&2; exit 1", "no such mode"),
        ("exit 0", "other sentences"),
        ("head -n 1", "other sentences"),
        ("printf '\\377\\376'", "other sentences"),
    ],
)
def test_an_apertium_that_fails_is_named(fake, script, says):
    fake(script)
    found = text.back_translate(LECTURE)
    assert not found.live
    assert says in found.note
    assert found.spanish[0] == "Es un día sumo."


@needs_shell
def test_an_apertium_that_hangs_is_stopped_with_its_children(fake, tmp_path):
    fake(f"sleep 30 & echo $! > {tmp_path}/child; wait")
    start = time.monotonic()
    found = text.back_translate(LECTURE, seconds=0.5)
    assert time.monotonic() - start < 5
    assert "did not answer within 0.5 seconds" in found.note
    child = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}")
    for _ in range(50):  # who inherits it may take a moment to bury it
        if not child.exists() or ") Z " in (child / "stat").read_text():
            break
        time.sleep(0.1)
    else:
        pytest.fail("the child still runs")


@needs_shell
def test_a_live_answer_is_tidied_and_belongs_to_its_sentence(fake):
    fake("sed 's/day/*day/; s/^Good$/@good  #evening ./'")
    found = text.back_translate(["One day", "Good", "  Two\n days. "])
    assert found.live
    assert found.note == "Translated live by Apertium."
    assert found.english == ("One day", "Good", "Two days.")
    assert found.back == ("One day", "Good evening.", "Two days.")


@pytest.mark.parametrize("wrong", [[""], ["Fine.", " \n "], ["…!"], [], "A sentence."])
def test_sentences_without_a_word_and_no_list(wrong):
    with pytest.raises(text.TextError, match="expected a"):
        text.back_translate(wrong)


def test_every_recorded_sentence_is_whole():
    entries = text.sentences()
    assert len({entry["english"] for entry in entries}) == len(entries) == 202
    labels = Counter(entry["label"] for entry in text.sentences("review"))
    assert labels == {"+": 40, "-": 40}
    for entry in entries:
        assert entry["spanish"], entry
        assert entry["back"], entry
        assert not set("*@#") & set(entry["spanish"] + entry["back"])
        assert text.meaning_words(entry["english"]), entry


def test_apertium_still_gives_the_recording():
    found = text.back_translate([entry["english"] for entry in text.sentences()])
    if not found.live:
        pytest.skip(found.note)
    recorded = [entry["back"] for entry in text.sentences()]
    same = sum(one == two for one, two in zip(found.back, recorded, strict=True))
    assert same > 0.8 * len(recorded)  # versions of its dictionaries differ


def test_meaning_words():
    found = text.meaning_words("It is the best of days.")
    assert found == {"best", "days"}

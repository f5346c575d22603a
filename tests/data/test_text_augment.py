from __future__ import annotations

import sys
import types
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from einkorn.data import (
    EDA,
    random_deletion,
    random_insertion,
    random_swap,
    synonym_replacement,
    wordnet_synonyms,
)

SENTENCE = ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "fox"]
TABLE = {"quick": ["fast", "rapid"], "fox": ["red dog"], "lazy": ["idle"], "the": ["that"]}
SENTENCES = st.lists(st.sampled_from([*SENTENCE, "Fox"]), max_size=12)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@given(words=SENTENCES, n=st.integers(0, 5), seed=st.integers(0, 99))
def test_replacement_exchanges_n_different_words_everywhere(
    words: list[str], n: int, seed: int
) -> None:
    changed = synonym_replacement(words, n, TABLE, rng(seed))
    known = {word for word in words if word in TABLE and word != "the"}
    # Undone word by word: what stands for a word is one of its synonyms, at all its places.
    rest, replaced = list(changed), set()
    for word in words:
        options = [[word]] + [s.split() for s in TABLE.get(word, ())]
        used = next(o for o in options if rest[: len(o)] == o)
        rest = rest[len(used) :]
        if used != [word]:
            replaced.add(word)
        else:
            assert word not in replaced
    assert not rest
    assert len(replaced) == min(n, len(known))
    assert "the" not in replaced


@given(words=SENTENCES, n=st.integers(0, 5), seed=st.integers(0, 99))
def test_insertion_adds_n_synonyms_and_keeps_the_rest_in_order(
    words: list[str], n: int, seed: int
) -> None:
    table = {word: [word.upper()] for word in TABLE}
    changed = random_insertion(words, n, table, rng(seed))
    added = [word for word in changed if word.isupper()]
    assert [word for word in changed if not word.isupper()] == words
    known = {word.upper() for word in words if word in TABLE and word != "the"}
    assert len(added) == (n if known else 0)
    assert set(added) <= known


def test_a_synonym_of_two_words_is_inserted_as_two() -> None:
    changed = random_insertion(["fox"], 1, TABLE, rng())
    assert changed in (["red", "dog", "fox"], ["fox", "red", "dog"])


@given(words=SENTENCES, n=st.integers(0, 5), seed=st.integers(0, 99))
def test_swaps_permute(words: list[str], n: int, seed: int) -> None:
    changed = random_swap(words, n, rng(seed))
    assert Counter(changed) == Counter(words)
    distinct = [f"{number}{word}" for number, word in enumerate(words)]
    moved = sum(a != b for a, b in zip(random_swap(distinct, n, rng(seed)), distinct, strict=True))
    assert moved <= 2 * n
    if n == 1 and len(words) > 1:
        assert moved == 2


def test_deletion_has_its_rate_and_leaves_a_word() -> None:
    many = [str(number) for number in range(20000)]
    kept = random_deletion(many, 0.3, rng())
    assert abs(len(kept) / 20000 - 0.7) < 0.02
    assert sorted(kept, key=int) == kept
    lasting = {random_deletion(SENTENCE, 1.0, rng(seed))[0] for seed in range(40)}
    assert len(lasting) > 3
    assert random_deletion([], 0.5, rng()) == []
    assert random_deletion(SENTENCE, 0.0, rng()) == SENTENCE


def test_eda_makes_each_change_as_often_and_follows_the_generator() -> None:
    words = [f"word{number}" for number in range(20)]
    augment = EDA(lambda word: (word + "!",), alpha=0.2)
    kinds: Counter[str] = Counter()
    generator = rng()
    for _ in range(2000):
        changed = augment(words, generator)
        marked = sum(word.endswith("!") for word in changed)
        if marked and len(changed) == 20:
            assert marked == 4
            kinds["replaced"] += 1
        elif marked:
            assert len(changed) == 24
            kinds["inserted"] += 1
        elif sorted(changed) == sorted(words) and changed != words:
            kinds["swapped"] += 1
        else:
            kinds["deleted"] += 1
    assert len(kinds) == 4
    assert all(430 < count < 570 for count in kinds.values())
    assert augment(words, rng(3)) == augment(words, rng(3))
    assert augment([], rng()) == []
    assert EDA(TABLE, alpha=0)(words, rng()) == words
    assert words == [f"word{number}" for number in range(20)]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: synonym_replacement(SENTENCE, -1, TABLE, rng()), ValueError, "n: expected"),
        (lambda: random_insertion(SENTENCE, -1, TABLE, rng()), ValueError, "n: expected"),
        (lambda: random_swap(SENTENCE, -1, rng()), ValueError, "n: expected"),
        (lambda: random_deletion(SENTENCE, 1.5, rng()), ValueError, "p: expected"),
        (lambda: EDA(TABLE, alpha=-0.1), ValueError, "alpha: expected"),
        (lambda: synonym_replacement("a b", 1, TABLE, rng()), TypeError, "split it"),
    ],
)
def test_wrong_arguments(call, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.fixture
def nltk(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """Put a WordNet of one word in nltk's place."""
    wordnet_synonyms.cache_clear()
    synset = types.SimpleNamespace(lemma_names=lambda: ["Dog", "domestic_dog", "hound-dog"])
    wordnet = types.SimpleNamespace(synsets=lambda word: [synset] if word == "dog" else [])
    corpus = types.ModuleType("nltk.corpus")
    corpus.wordnet = wordnet  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "nltk", types.ModuleType("nltk"))
    monkeypatch.setitem(sys.modules, "nltk.corpus", corpus)
    yield wordnet
    wordnet_synonyms.cache_clear()


def test_synonyms_of_wordnet(nltk: types.SimpleNamespace) -> None:
    assert wordnet_synonyms("dog") == ("domestic dog", "hound dog")
    assert wordnet_synonyms("qzx") == ()
    changed = synonym_replacement(["my", "dog"], 1, wordnet_synonyms, rng())
    assert changed[0] == "my"
    assert changed[1:] in (["domestic", "dog"], ["hound", "dog"])


def test_without_wordnet(nltk: types.SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(word: str) -> list:
        raise LookupError("Resource wordnet not found.")

    nltk.synsets = missing
    with pytest.raises(LookupError, match=r'nltk.download\("wordnet"\)'):
        wordnet_synonyms("dog")
    monkeypatch.setitem(sys.modules, "nltk.corpus", None)
    with pytest.raises(ImportError, match=r"einkorn\[text\]"):
        wordnet_synonyms("dog")

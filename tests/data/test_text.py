from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from einkorn.data import ASCII, TextCorpus, Vocabulary, stdlib_corpus


@given(st.text(alphabet=ASCII))
def test_characters_come_back(text: str) -> None:
    vocabulary = Vocabulary(ASCII)
    numbers = vocabulary.encode(text)
    assert numbers.dtype == np.int64
    assert vocabulary.decode(numbers) == text
    assert numbers.tolist() == [ASCII.index(character) for character in text]


@given(st.text(st.characters(exclude_categories=[])))
def test_other_characters_become_the_unknown(text: str) -> None:
    vocabulary = Vocabulary("ab?", unknown="?")
    expected = "".join(c if c in "ab?" else "?" for c in text)
    assert vocabulary.decode(vocabulary.encode(text)) == expected


def test_tokens() -> None:
    text = ["b", "a", "b", "c", "c", "b", "<unk>", "d"]
    vocabulary = Vocabulary.from_tokens(text, min_count=1, max_size=3, unknown="<unk>")
    assert vocabulary.symbols == ("b", "c", "a", "<unk>")
    assert vocabulary.decode(vocabulary.encode(["a", "zebra", "b"])) == ["a", "<unk>", "b"]
    assert Vocabulary.from_tokens(text, min_count=2).symbols == ("b", "c")
    assert Vocabulary.from_tokens(reversed(text)).symbols == Vocabulary.from_tokens(text).symbols
    assert vocabulary.encode(["a"], np.uint8).dtype == np.uint8


@pytest.mark.parametrize("symbols", ["abc", ["aa", "b", "c"]])
def test_without_an_unknown_strangers_are_errors(symbols: list[str] | str) -> None:
    with pytest.raises(ValueError, match="'z' is not in the vocabulary"):
        Vocabulary(symbols).encode("bz" if isinstance(symbols, str) else ["b", "z"])


def test_wrong_vocabularies() -> None:
    with pytest.raises(ValueError, match="none of them twice"):
        Vocabulary("aba")
    with pytest.raises(ValueError, match="at least one"):
        Vocabulary("")
    with pytest.raises(ValueError, match=r"unknown: '\?' is not among the symbols"):
        Vocabulary("ab", unknown="?")
    with pytest.raises(IndexError, match="numbers: 3 is outside 0 to 2"):
        Vocabulary("abc").decode([0, 3])


def test_corpora_hold_out_whole_files(tmp_path: Path) -> None:
    for name in ("b/x.py", "a.py", "c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"{name}é\r\n", encoding="utf-8")
    corpus = TextCorpus(
        tmp_path, ["c.py", "b/x.py", "a.py"], Vocabulary(ASCII, ASCII[-1]), lambda n: n == "b/x.py"
    )
    assert corpus.train_files == (("a.py", 6), ("c.py", 6))
    assert corpus.vocabulary.decode(corpus.train) == f"a.py{ASCII[-1]}\nc.py{ASCII[-1]}\n"
    assert corpus.vocabulary.decode(corpus.valid) == f"b/x.py{ASCII[-1]}\n"
    assert corpus.train.dtype == np.uint8
    listing = corpus.describe().splitlines()
    assert [line.split()[-1] for line in listing[3:]] == ["a.py", "b/x.py", "c.py"]
    assert [line[0] for line in listing[3:]] == [" ", "*", " "]


def test_corpora_need_both_parts(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a")
    with pytest.raises(ValueError, match="1 files leave training or held-out text empty"):
        TextCorpus(tmp_path, ["a.py"], Vocabulary(ASCII), lambda name: True)


def test_the_standard_library_is_a_corpus() -> None:
    corpus = stdlib_corpus()
    names = [name for name, _ in corpus.train_files + corpus.valid_files]
    assert len(names) == len(set(names)) > 300
    folders = {folder for name in names for folder in name.split("/")[:-1]}
    assert not folders & {"test", "tests", "idlelib", "lib2to3", "site-packages", "__pycache__"}
    assert "asyncio" in folders and "argparse.py" in names
    assert 5e6 < corpus.train.size < 3e7
    assert 0.05 < corpus.valid.size / corpus.train.size < 0.2
    assert int(corpus.train.max()) < len(corpus.vocabulary) == 98
    again = stdlib_corpus()
    assert again.describe() == corpus.describe()
    np.testing.assert_array_equal(again.valid, corpus.valid)

"""Text as numbers, and a corpus that every Python brings along."""

from __future__ import annotations

import collections
import os
import sysconfig
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

__all__ = ["ASCII", "TextCorpus", "Vocabulary", "stdlib_corpus"]

#: What stands for every character outside `ASCII`.
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

#: Newline, tab, the 95 printable ASCII characters, and one sign for all others.
ASCII = "\n\t" + "".join(chr(code) for code in range(32, 127)) + REPLACEMENT

#: Folders of the standard library that hold tests, code that is not Python's own, or text that no
#: one wrote as code: tables of character sets, and the manual.
_LEFT_OUT_FOLDERS = frozenset(
    ["__pycache__", "_bundled", "dist-packages", "encodings", "idle_test", "idlelib", "lib2to3",
     "pydoc_data", "site-packages", "test", "tests", "turtledemo"]
)  # fmt: skip


class Vocabulary:
    """A fixed list of symbols (characters or tokens), numbered from 0.

    Where every symbol is a single character, `encode` takes a string and `decode` gives one;
    otherwise they take and give lists of tokens.

    Parameters
    ----------
    symbols : sequence of str
        The symbols, all different, in the order of their numbers.
    unknown : str, optional
        The one of them that stands for everything else. Without it, encoding something else is an
        error.

    Raises
    ------
    ValueError
        A symbol occurs twice, there is none, or `unknown` is none of them.

    Examples
    --------
    >>> letters = Vocabulary("abc?", unknown="?")
    >>> letters.encode("cab!")
    array([2, 0, 1, 3])
    >>> letters.decode([2, 0, 1])
    'cab'
    >>> words = Vocabulary.from_tokens("the cat the dog".split(), unknown="<unk>")
    >>> words.symbols
    ('the', 'cat', 'dog', '<unk>')
    """

    def __init__(self, symbols: Sequence[str], unknown: str | None = None) -> None:
        self.symbols = tuple(symbols)
        self.unknown = unknown
        self._numbers = {symbol: number for number, symbol in enumerate(self.symbols)}
        if not self.symbols or len(self._numbers) != len(self.symbols):
            raise ValueError("symbols: expected at least one, and none of them twice")
        if unknown is not None and unknown not in self._numbers:
            raise ValueError(f"unknown: {unknown!r} is not among the symbols")
        self._of_characters = all(len(symbol) == 1 for symbol in self.symbols)

    @classmethod
    def from_tokens(
        cls,
        tokens: Iterable[str],
        *,
        min_count: int = 1,
        max_size: int | None = None,
        unknown: str | None = None,
    ) -> Vocabulary:
        """Number what occurs at least `min_count` times, most frequent first.

        Ties are broken by the symbols themselves, so the numbers do not depend on the order of
        `tokens`. Beyond `max_size` symbols the rarest are left out. `unknown` is added at the end.
        """
        counts = collections.Counter(tokens)
        counts.pop(unknown or "", None)
        ranked = sorted(counts, key=lambda symbol: (-counts[symbol], symbol))
        kept = [symbol for symbol in ranked if counts[symbol] >= min_count][:max_size]
        return cls(kept + ([unknown] if unknown is not None else []), unknown)

    def __len__(self) -> int:
        return len(self.symbols)

    def encode(self, sequence: Iterable[str], dtype: type[np.integer] = np.int64) -> np.ndarray:
        """Give the number of each symbol of a string or of a sequence of tokens.

        Raises
        ------
        ValueError
            A symbol is not in the vocabulary and there is no `unknown`.
        """
        if isinstance(sequence, str) and self._of_characters:
            return self._encode_text(sequence).astype(dtype, copy=False)
        fallback = -1 if self.unknown is None else self._numbers[self.unknown]
        tokens = list(sequence)
        numbers = np.array([self._numbers.get(token, fallback) for token in tokens], np.int64)
        self._check(numbers, tokens)
        return numbers.astype(dtype, copy=False)

    def decode(self, numbers: Iterable[int]) -> str | list[str]:
        """Give the symbols with these numbers: a string of characters, or a list of tokens.

        Raises
        ------
        IndexError
            A number is outside the vocabulary.
        """
        numbers = np.asarray(numbers, np.int64).ravel()
        wrong = numbers[(numbers < 0) | (numbers >= len(self))]
        if wrong.size:
            raise IndexError(f"numbers: {wrong[0]} is outside 0 to {len(self) - 1}")
        symbols = [self.symbols[number] for number in numbers]
        return "".join(symbols) if self._of_characters else symbols

    def _encode_text(self, text: str) -> np.ndarray:
        """Look every character up in a table by its code point: a corpus takes no Python loop."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.dtype("<u4"))
        highest = max(ord(symbol) for symbol in self.symbols)
        fallback = -1 if self.unknown is None else self._numbers[self.unknown]
        table = np.full(highest + 2, fallback, np.int64)
        table[[ord(symbol) for symbol in self.symbols]] = np.arange(len(self))
        numbers = table[np.minimum(codes, highest + 1)]
        self._check(numbers, text)
        return numbers

    def _check(self, numbers: np.ndarray, sequence: Sequence[str]) -> None:
        missing = np.flatnonzero(numbers < 0)
        if missing.size:
            raise ValueError(f"sequence: {sequence[missing[0]]!r} is not in the vocabulary")


class TextCorpus:
    """Text files as one sequence of symbol numbers, some whole files held out.

    Parameters
    ----------
    root : path-like
        Folder to which file names are relative.
    files : iterable of str
        Names of the files, with forward slashes; they are read in sorted order.
    vocabulary : Vocabulary
        Of characters.
    held_out : callable
        ``held_out(name)`` says whether a file is kept from training. By default about one in ten
        is: those whose name has a CRC-32 divisible by 10, which no file's coming or going changes.

    Attributes
    ----------
    train_files, valid_files : tuple of (str, int)
        Name and length in characters of each file.
    train, valid : uint8 or int32 array
        The numbers of their characters, file after file.

    Raises
    ------
    ValueError
        One of the two parts is empty.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        files: Iterable[str],
        vocabulary: Vocabulary,
        held_out: Callable[[str], bool] | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        held_out = held_out or _one_in_ten
        names = sorted(files)
        self.train_files, self.train = self._read(root, [n for n in names if not held_out(n)])
        self.valid_files, self.valid = self._read(root, [n for n in names if held_out(n)])
        if not self.train.size or not self.valid.size:
            raise ValueError(f"files: {len(names)} files leave training or held-out text empty")

    def describe(self) -> str:
        """List alphabet and files, one a line, held-out ones marked: the corpus in print."""
        marked = [(name, size, " ") for name, size in self.train_files]
        marked += [(name, size, "*") for name, size in self.valid_files]
        lines = [
            f"alphabet: {len(self.vocabulary)} symbols: {''.join(self.vocabulary.symbols)!r}",
            f"training: {len(self.train_files)} files, {self.train.size} characters",
            f"held out (*): {len(self.valid_files)} files, {self.valid.size} characters",
        ]
        lines += [f"{mark} {size:8d} {name}" for name, size, mark in sorted(marked)]
        return "\n".join(lines)

    def _read(
        self, root: str | os.PathLike[str], names: list[str]
    ) -> tuple[tuple[tuple[str, int], ...], np.ndarray]:
        dtype = np.uint8 if len(self.vocabulary) <= 256 else np.int32
        pieces = []
        for name in names:
            text = Path(root, name).read_text(encoding="utf-8", errors="replace")
            pieces.append(self.vocabulary.encode(text, dtype))
        sizes = tuple((name, len(piece)) for name, piece in zip(names, pieces, strict=True))
        return sizes, np.concatenate([np.empty(0, dtype), *pieces])


def stdlib_corpus() -> TextCorpus:
    """Give the source text of the running Python's standard library.

    All ``.py`` files in sorted order, without tests, IDLE, lib2to3, installed packages, tables of
    character sets, the manual, and the build settings that differ between machines: the same text
    for one release of Python everywhere. Characters outside `ASCII` become one replacement symbol.

    Raises
    ------
    FileNotFoundError
        This Python has no library of source files (a frozen or zipped one).

    Examples
    --------
    >>> corpus = stdlib_corpus()
    >>> len(corpus.vocabulary)
    98
    >>> any(name == "json/decoder.py" for name, _ in corpus.train_files + corpus.valid_files)
    True
    """
    root = Path(sysconfig.get_path("stdlib"))
    files = [
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        if _belongs_to_python(path.relative_to(root))
    ]
    if not files:
        raise FileNotFoundError(f"{root}: this Python's standard library has no source files")
    return TextCorpus(root, files, Vocabulary(ASCII, unknown=REPLACEMENT))


def _belongs_to_python(path: Path) -> bool:
    *folders, name = path.parts
    machine_made = name.startswith("_sysconfigdata") or any(
        folder.startswith("config-") for folder in folders
    )
    return not machine_made and _LEFT_OUT_FOLDERS.isdisjoint(folders)


def _one_in_ten(name: str) -> bool:
    return zlib.crc32(name.encode()) % 10 == 0

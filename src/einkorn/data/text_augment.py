"""Easy data augmentation: small random changes of sentences that leave their meaning.

Sentences are sequences of words. Everything draws from the given generator alone and leaves its
input unchanged.

References
----------
J. Wei and K. Zou, "EDA: Easy data augmentation techniques for boosting performance on text
classification tasks", EMNLP 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache

import numpy as np

__all__ = [
    "EDA",
    "STOP_WORDS",
    "random_deletion",
    "random_insertion",
    "random_swap",
    "synonym_replacement",
    "wordnet_synonyms",
]

Synonyms = Mapping[str, Sequence[str]] | Callable[[str], Sequence[str]]

_STOP_WORDS = """
a about above after again against all am an and any are as at be because been before being
below between both but by can could did do does doing down during each few for from further had
has have having he her here hers him his how i if in into is it its just me more most my no nor
not now of off on once only or other our out over own same she should so some such than that
the their them then there these they this those through to too under until up very was we were
what when where which while who whom why will with would you your
"""
#: Words that carry the grammar of an English sentence, not its meaning.
STOP_WORDS = frozenset(_STOP_WORDS.split())


def synonym_replacement(
    words: Sequence[str],
    n: int,
    synonyms: Synonyms,
    generator: np.random.Generator,
    stop_words: Collection[str] = STOP_WORDS,
) -> list[str]:
    """Put a random synonym in place of up to `n` different words, wherever they occur.

    Parameters
    ----------
    words : sequence of str
        The sentence.
    n : int
        Number of different words to be replaced; those without a synonym do not count.
    synonyms : mapping of str to sequence of str, or callable
        The synonyms of a word: a table, or a function such as `wordnet_synonyms`. Words that are
        not in a table have none; a synonym of several words is split at its blanks.
    generator : numpy.random.Generator
        Source of randomness.
    stop_words : collection of str
        Words that stay.

    Returns
    -------
    list of str

    Raises
    ------
    ValueError
        `n` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> table = {"quick": ["fast"], "dog": ["hound"]}
    >>> " ".join(
    ...     synonym_replacement("the quick dog".split(), 2, table, np.random.default_rng(0))
    ... )
    'the fast hound'
    """
    _check_count(n)
    known = _replaceable(words, synonyms, stop_words)
    chosen = generator.permutation(len(known))[:n]
    replacements = {known[i][0]: _pick(known[i][1], generator) for i in chosen}
    return [part for word in words for part in replacements.get(word, [word])]


def random_insertion(
    words: Sequence[str],
    n: int,
    synonyms: Synonyms,
    generator: np.random.Generator,
    stop_words: Collection[str] = STOP_WORDS,
) -> list[str]:
    """Insert a synonym of a random word at a random place, `n` times.

    Parameters, errors and result as for `synonym_replacement`. A sentence of which no word has a
    synonym stays as it is.

    Examples
    --------
    >>> import numpy as np
    >>> changed = random_insertion(["big", "dog"], 1, {"dog": ["hound"]}, np.random.default_rng(0))
    >>> sorted(changed)
    ['big', 'dog', 'hound']
    """
    _check_count(n)
    known = _replaceable(words, synonyms, stop_words)
    changed = list(words)
    for _ in range(n if known else 0):
        inserted = _pick(known[generator.integers(len(known))][1], generator)
        place = int(generator.integers(len(changed) + 1))
        changed[place:place] = inserted
    return changed


def random_swap(words: Sequence[str], n: int, generator: np.random.Generator) -> list[str]:
    """Let two words at random places change places, `n` times.

    Raises
    ------
    ValueError
        `n` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> random_swap(["one", "two"], 1, np.random.default_rng(0))
    ['two', 'one']
    """
    _check_count(n)
    changed = list(words)
    for _ in range(n if len(changed) > 1 else 0):
        i, j = generator.choice(len(changed), 2, replace=False)
        changed[i], changed[j] = changed[j], changed[i]
    return changed


def random_deletion(words: Sequence[str], p: float, generator: np.random.Generator) -> list[str]:
    """Drop each word with probability `p`; where all would go, a random one stays.

    Raises
    ------
    ValueError
        `p` is no probability.

    Examples
    --------
    >>> import numpy as np
    >>> len(random_deletion(["a", "b", "c"], 1.0, np.random.default_rng(0)))
    1
    """
    _check_share("p", p)
    kept = [word for word, drawn in zip(words, generator.random(len(words)), strict=True)
            if drawn >= p]  # fmt: skip
    if not kept and len(words):
        kept = [words[int(generator.integers(len(words)))]]
    return kept


class EDA:
    r"""One of the four changes, taken at random for each sentence.

    Of a sentence of l words :math:`n = \max(1, \lfloor \alpha l \rfloor)` are changed.

    Parameters
    ----------
    synonyms : mapping of str to sequence of str, or callable
        As for `synonym_replacement`.
    alpha : float
        Share of the words to be replaced, inserted or swapped, and the probability of deletion;
        the paper recommends 0.1, and 0.05 where there is plenty of data.
    stop_words : collection of str
        Words that have no synonym.

    Raises
    ------
    ValueError
        `alpha` is not in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> augment = EDA({"quick": ["fast"]})
    >>> changed = augment("the quick brown fox".split(), np.random.default_rng(0))
    >>> changed != "the quick brown fox".split()
    True
    """

    def __init__(
        self, synonyms: Synonyms, alpha: float = 0.1, stop_words: Collection[str] = STOP_WORDS
    ) -> None:
        _check_share("alpha", alpha)
        self.synonyms = synonyms
        self.alpha = alpha
        self.stop_words = stop_words

    def __call__(self, words: Sequence[str], generator: np.random.Generator) -> list[str]:
        """Give a changed copy of a sentence; with ``alpha=0`` an unchanged one."""
        if self.alpha == 0 or not len(words):
            return list(words)
        n = max(1, int(self.alpha * len(words)))
        change = generator.integers(4)
        if change == 0:
            return synonym_replacement(words, n, self.synonyms, generator, self.stop_words)
        if change == 1:
            return random_insertion(words, n, self.synonyms, generator, self.stop_words)
        if change == 2:
            return random_swap(words, n, generator)
        return random_deletion(words, self.alpha, generator)


@lru_cache(maxsize=65536)
def wordnet_synonyms(word: str) -> tuple[str, ...]:
    """Give the synonyms of an English word in WordNet, by nltk, in alphabetical order.

    Raises
    ------
    ImportError
        nltk is missing.
    LookupError
        It has no WordNet.
    """
    try:
        from nltk.corpus import wordnet
    except ImportError as error:
        raise ImportError('synonyms of WordNet need nltk: pip install "einkorn[text]"') from error
    try:
        found = {name for synset in wordnet.synsets(word) for name in synset.lemma_names()}
    except LookupError as error:
        raise LookupError('nltk lacks WordNet: nltk.download("wordnet") fetches it') from error
    names = {name.replace("_", " ").replace("-", " ").lower() for name in found}
    return tuple(sorted(names - {word.lower()}))


def _replaceable(
    words: Sequence[str], synonyms: Synonyms, stop_words: Collection[str]
) -> list[tuple[str, Sequence[str]]]:
    """Give the different words that have synonyms, with them, in order."""
    if isinstance(words, str):
        raise TypeError("words: expected a sequence of words, got a string; split it")
    look_up = synonyms if callable(synonyms) else lambda word: synonyms.get(word, ())
    candidates = [word for word in dict.fromkeys(words) if word.lower() not in stop_words]
    return [(word, found) for word in candidates if (found := look_up(word))]


def _pick(choices: Sequence[str], generator: np.random.Generator) -> list[str]:
    return choices[int(generator.integers(len(choices)))].split()


def _check_count(n: int) -> None:
    if n < 0:
        raise ValueError(f"n: expected at least 0, got {n}")


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a number from 0 to 1, got {value}")

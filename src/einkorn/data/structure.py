"""Arrays in tuples, lists and dictionaries: the inputs or targets of models that have several."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["leaves", "map_leaves", "zip_leaves"]


def leaves(structure: Any) -> Iterator[Any]:
    """Give what is in a nested structure, in order.

    Examples
    --------
    >>> list(leaves(((1, 2), {"a": 3})))
    [1, 2, 3]
    """
    if isinstance(structure, Mapping):
        structure = tuple(structure.values())
    if isinstance(structure, tuple | list):
        for part in structure:
            yield from leaves(part)
    else:
        yield structure


def map_leaves(function: Callable[[Any], Any], structure: Any) -> Any:
    """Give the same structure with ``function(leaf)`` in place of each leaf.

    Examples
    --------
    >>> map_leaves(lambda leaf: -leaf, {"a": 1, "b": (2, 3)})
    {'a': -1, 'b': (-2, -3)}
    """
    return zip_leaves(lambda same: function(same[0]), [structure])


def zip_leaves(function: Callable[[list[Any]], Any], structures: Sequence[Any]) -> Any:
    """Give one structure with ``function([leaf, leaf, ...])`` of leaves at the same place.

    Examples
    --------
    >>> zip_leaves(sum, [{"a": 1, "b": 2}, {"a": 10, "b": 20}])
    {'a': 11, 'b': 22}
    """
    first = structures[0]
    if isinstance(first, Mapping):
        return {name: zip_leaves(function, [s[name] for s in structures]) for name in first}
    if isinstance(first, tuple | list):
        parts = [zip_leaves(function, same) for same in zip(*structures, strict=True)]
        return tuple(parts)
    return function(list(structures))

"""Nested state (dictionaries, lists, numbers, arrays) in one weight file, without pickle.

Arrays become tensors of the file, named by their path: the weights of a model stand under
``model/``, readable by anything that reads safetensors. The rest becomes JSON in the metadata, with
a mark at each array's place.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from einkorn.autograd import RowSparseTensor
from einkorn.io import WeightFileError, load_with_metadata, save, to_array

__all__ = ["load_state", "save_state"]

_FORMAT = "einkorn state 1"

# Marks of what JSON lacks; a dictionary with such a key of its own is written as pairs.
_ARRAY, _TUPLE, _PAIRS, _SPARSE = "$array", "$tuple", "$pairs", "$sparse"


def save_state(state: Mapping[Any, Any], path: str | os.PathLike[str]) -> None:
    """Write a nested state, atomically.

    Parameters
    ----------
    state : mapping
        Of None, booleans, integers of any size, floats, strings, arrays, Tensors, sparse
        gradients, and of dictionaries, lists and tuples of such.
    path : path-like
        As for `einkorn.io.save`.

    Raises
    ------
    TypeError
        Something else occurs in the state; the message says where.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> path = os.path.join(tempfile.mkdtemp(), "state.safetensors")
    >>> save_state({"step": 3, "betas": (0.9, 0.999), 0: {"m": np.zeros(2)}}, path)
    >>> load_state(path)
    {'step': 3, 'betas': (0.9, 0.999), 0: {'m': array([0., 0.])}}
    """
    arrays: dict[str, Any] = {}
    text = json.dumps(_encode(state, "", arrays))
    save(arrays, path, metadata={"format": _FORMAT, "state": text})


def load_state(path: str | os.PathLike[str], *, max_bytes: int | None = None) -> dict[Any, Any]:
    """Read what `save_state` wrote; Tensors come back as arrays.

    Raises
    ------
    WeightFileError
        The file is damaged, or was not written by `save_state`.
    """
    arrays, metadata = load_with_metadata(path, max_bytes=max_bytes)
    if metadata.get("format") != _FORMAT:
        raise WeightFileError(
            f"{os.fspath(path)}: holds weights, but no state to resume from "
            f"(format {metadata.get('format')!r}, expected {_FORMAT!r})"
        )
    try:
        state = _decode(json.loads(metadata["state"]), arrays)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise WeightFileError(f"{os.fspath(path)}: damaged state: {error!r}") from error
    if not isinstance(state, dict):
        raise WeightFileError(f"{os.fspath(path)}: damaged state: not a dictionary")
    return state


def _encode(value: Any, path: str, arrays: dict[str, Any]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, RowSparseTensor):
        whole = value.coalesce()
        parts = {"rows": whole.indices()[0], "values": whole.values(), "shape": list(whole.shape)}
        return {_SPARSE: _encode_mapping(parts, path, arrays)}
    if isinstance(value, Mapping):
        return _encode_mapping(value, path, arrays)
    if isinstance(value, list | tuple):
        items = [_encode(item, f"{path}/{index}", arrays) for index, item in enumerate(value)]
        return {_TUPLE: items} if isinstance(value, tuple) else items
    name = path.removeprefix("/")
    if not hasattr(value, "__array__"):
        raise TypeError(f"state: {name!r} is a {type(value).__name__}, which cannot be saved")
    if name in arrays:
        raise TypeError(f"state: two arrays bear the name {name!r}")
    arrays[name] = to_array(value)
    return {_ARRAY: name}


def _encode_mapping(value: Mapping[Any, Any], path: str, arrays: dict[str, Any]) -> Any:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {key: _encode(item, f"{path}/{key}", arrays) for key, item in value.items()}
    pairs = [
        [_encode(key, path, arrays), _encode(item, f"{path}/{key}", arrays)]
        for key, item in value.items()
    ]
    return {_PAIRS: pairs}


def _decode(value: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    if isinstance(value, list):
        return [_decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if _ARRAY in value:
        return arrays[value[_ARRAY]]
    if _SPARSE in value:
        return RowSparseTensor(**_decode(value[_SPARSE], arrays)).coalesce()
    if _TUPLE in value:
        return tuple(_decode(item, arrays) for item in value[_TUPLE])
    if _PAIRS in value:
        return {_decode(key, arrays): _decode(item, arrays) for key, item in value[_PAIRS]}
    return {key: _decode(item, arrays) for key, item in value.items()}

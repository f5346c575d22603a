from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import einkorn as ek
from einkorn.io import WeightFileError, load_with_metadata, save
from einkorn.train import load_state, save_state
from einkorn.train.checkpoint import _decode, _encode

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.text() | st.integers() | st.tuples(st.integers(), st.text())
states = st.recursive(
    leaves,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(keys, inner),
    max_leaves=20,
)


def same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


@given(states)
def test_everything_nested_comes_back(state: Any) -> None:
    arrays: dict = {}
    assert same(_decode(json.loads(json.dumps(_encode(state, "", arrays))), arrays), state)
    assert not arrays


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_arrays_and_tensors_become_tensors_of_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"state{suffix}"
    state = {
        "model": {"0.weight": ek.tensor([[1.0, 2.0]]), "0.bias": np.zeros(2, np.float64)},
        "optimizer": {"state": {0: {"m": np.arange(3)}}, "betas": (0.9, np.float32(0.5))},
        "random": {"counter": np.array([1, 2**64 - 1], np.uint64), "big": 2**127 + 1},
        "$odd": [math.inf, -0.0, None],
    }
    save_state(state, path)
    arrays, _ = load_with_metadata(path)
    assert {"model/0.weight", "model/0.bias", "optimizer/state/0/m"} <= arrays.keys()
    back = load_state(path)
    np.testing.assert_array_equal(back["model"]["0.weight"], [[1, 2]])
    assert back["model"]["0.bias"].dtype == np.float64
    np.testing.assert_array_equal(back["optimizer"]["state"][0]["m"], [0, 1, 2])
    assert back["optimizer"]["betas"] == (0.9, 0.5)
    assert back["random"]["big"] == 2**127 + 1
    assert back["random"]["counter"].tolist() == [1, 2**64 - 1]
    assert back["$odd"][0] == math.inf and math.copysign(1, back["$odd"][1]) == -1


def test_nan_comes_back(tmp_path: Path) -> None:
    save_state({"best": math.nan}, tmp_path / "a.npz")
    assert math.isnan(load_state(tmp_path / "a.npz")["best"])


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"a": [1, {2}]}, "'a/1' is a set"),
        ({"a": {"f": print}}, "'a/f' is a builtin_function_or_method"),
        ({"a": {1: np.zeros(1), "1": np.zeros(1)}}, "two arrays bear the name 'a/1'"),
        ({"a": np.array([None])}, "dtype object cannot be saved"),
    ],
)
def test_what_cannot_be_saved(tmp_path: Path, state: dict, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        save_state(state, tmp_path / "a.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({}, "no state to resume from"),
        ({"format": "einkorn state 1"}, "damaged state"),
        ({"format": "einkorn state 1", "state": "{"}, "damaged state"),
        ({"format": "einkorn state 1", "state": "[1]"}, "not a dictionary"),
        ({"format": "einkorn state 1", "state": '{"a": {"$array": "b"}}'}, "damaged state"),
        ({"format": "einkorn state 1", "state": '{"a": {"$array": [1]}}'}, "damaged state"),
        ({"format": "einkorn state 1", "state": '{"a": {"$tuple": 3}}'}, "damaged state"),
        ({"format": "einkorn state 1", "state": '{"a": {"$pairs": [[[], 3]]}}'}, "damaged state"),
        ({"format": "einkorn state 1", "state": "[" * 100_000}, "damaged state"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, metadata: dict, message: str) -> None:
    save({"a": np.zeros(1)}, tmp_path / "a.npz", metadata=metadata)
    with pytest.raises(WeightFileError, match=message):
        load_state(tmp_path / "a.npz")

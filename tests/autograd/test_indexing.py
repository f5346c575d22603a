"""Indexing: NumPy's brackets, hypothesis over keys, refusals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import einkorn as ek

SHAPE = (4, 3, 5)
KEYS = st.one_of(
    hnp.basic_indices(SHAPE, allow_ellipsis=True, allow_newaxis=True),
    hnp.integer_array_indices(SHAPE),
    hnp.arrays(np.bool_, SHAPE[:1]),
    hnp.arrays(np.bool_, SHAPE),
)


@given(key=KEYS)
def test_values_and_gradients_of_any_key(key):
    array = np.arange(60.0).reshape(SHAPE)
    x = ek.tensor(array, requires_grad=True)
    y = x[key]
    np.testing.assert_array_equal(y.numpy(), array[key])
    weights = np.arange(1.0, y.numel() + 1).reshape(y.shape)
    y.backward(weights)
    expected = np.zeros(SHAPE)
    np.add.at(expected, key, weights)
    np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_basic_keys_give_views_and_arrays_give_copies():
    x = ek.zeros(3, 3)
    assert np.shares_memory(x[1:].numpy(), x.numpy())
    assert not np.shares_memory(x[[1, 2]].numpy(), x.numpy())


def test_tensors_as_keys():
    x = ek.arange(5)
    assert x[ek.tensor([3, 0])].tolist() == [3, 0]
    assert x[ek.tensor(2)].item() == 2
    assert x[x > 2].tolist() == [3, 4]
    assert x[[]].shape == (0,)


@pytest.mark.parametrize("index", [5, -6, [5], np.array([-6]), 2**32 + 3, -(2**63)])
def test_indices_out_of_range(index):
    with pytest.raises(IndexError):
        ek.arange(5)[index]


@pytest.mark.parametrize("index", [-1, 5, 2**32 + 3, -(2**63)])
def test_gather_refuses_indices_out_of_range(index):
    x = ek.ones(5, requires_grad=True)
    for call in (
        lambda i: ek.gather(x, 0, i),
        lambda i: ek.index_select(x, 0, i),
        lambda i: ek.scatter_add(x, 0, i, ek.ones(1)),
    ):
        with pytest.raises(IndexError, match="index"):
            call(np.array([index]))


@pytest.mark.parametrize("dtype", [np.int8, np.int64])
def test_take_along_dim_counts_negative_indices_from_the_end(dtype):
    x = ek.arange(300)
    assert ek.take_along_dim(x, np.array([-1, 2], dtype), 0).tolist() == [299, 2]
    assert ek.take_along_dim(x, np.array([255], np.uint8), 0).tolist() == [255]
    for index in (300, -301):
        with pytest.raises(IndexError, match="index"):
            ek.take_along_dim(x, np.array([index]), 0)


def test_a_scalar_is_indexed_as_one_element():
    x = ek.tensor(3.0, requires_grad=True)
    results = [
        ek.index_select(x, 0, [0]),
        ek.gather(x, 0, np.array(0)),
        ek.scatter_add(x, 0, np.array(0), ek.tensor(4.0)),
    ]
    with pytest.raises(IndexError, match="expected one element"):
        ek.index_select(x, 0, [0, 0])
    assert [(y.shape, y.item()) for y in results] == [((), 3.0), ((), 3.0), ((), 7.0)]
    for y in results:
        assert ek.autograd.grad(y, x)[0].item() == 1.0


def test_gather_takes_no_elements_by_an_index_of_any_rank():
    x = ek.ones(5, requires_grad=True)
    y = ek.gather(x, 0, np.zeros((2, 0), np.int64))
    assert y.shape == (2, 0)
    assert ek.autograd.grad(y.sum(), x)[0].tolist() == [0.0] * 5


def test_floats_are_no_indices():
    with pytest.raises(IndexError, match="float32"):
        ek.arange(5)[ek.ones(2)]
    with pytest.raises(RuntimeError, match="float32"):
        ek.gather(ek.ones(2), 0, ek.ones(2))

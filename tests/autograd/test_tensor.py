"""What a Tensor is: construction, memory, Python's protocols."""

import copy

import numpy as np
import pytest

import einkorn as ek


def test_default_dtypes():
    assert ek.tensor(1.5).dtype == np.float32
    assert ek.tensor([1, 2]).dtype == np.int64
    assert ek.tensor([True]).dtype == np.bool_
    assert ek.tensor(np.array([1.0])).dtype == np.float64
    assert ek.tensor([np.float64(1.0)]).dtype == np.float64
    assert ek.tensor([[1, 2.0]]).dtype == np.float32
    assert ek.tensor([], dtype=ek.float64).dtype == np.float64


def test_tensor_copies_and_as_tensor_shares():
    a = np.arange(3.0)
    copied, shared = ek.tensor(a), ek.as_tensor(a)
    a[0] = 7
    assert copied.tolist()[0] == 0
    assert shared.tolist()[0] == 7
    assert shared.numpy() is a
    assert ek.as_tensor(shared) is shared
    assert np.shares_memory(ek.from_numpy(a).numpy(), a)


def test_big_endian_arrays_become_native():
    x = ek.as_tensor(np.arange(3, dtype=">f4"))
    assert x.dtype.isnative
    assert x.tolist() == [0.0, 1.0, 2.0]


def test_array_protocols():
    x = ek.tensor([1.0, 2.0])
    assert np.asarray(x) is x.numpy()
    assert np.asarray(x, np.float64).dtype == np.float64
    assert np.shares_memory(np.from_dlpack(x), x.numpy())


def test_requires_grad_only_for_floats():
    with pytest.raises(RuntimeError, match="int64"):
        ek.tensor([1], requires_grad=True)
    x = ek.ones(1).requires_grad_()
    with pytest.raises(RuntimeError, match="detach"):
        (x * 2).requires_grad = False
    assert (x * 2).detach().is_leaf


def test_shape_queries():
    x = ek.zeros(2, 3, 4)
    assert x.shape == x.size() == (2, 3, 4)
    assert (x.size(-1), x.ndim, x.dim(), x.numel(), len(x)) == (4, 3, 3, 24, 2)
    assert x.stride() == (12, 4, 1)
    assert x.is_contiguous()
    assert not x.mT.is_contiguous()


def test_numbers():
    assert float(ek.tensor(1.5)) == 1.5
    assert int(ek.tensor([3])) == 3
    assert [10, 20, 30][ek.tensor(1)] == 20
    assert bool(ek.tensor([0.0])) is False
    assert f"{ek.tensor(0.25):.1%}" == "25.0%"
    with pytest.raises(ValueError, match="one element"):
        ek.ones(2).item()
    with pytest.raises(RuntimeError, match="ambiguous"):
        bool(ek.ones(2))
    with pytest.raises(TypeError, match="index"):
        [1, 2][ek.tensor(0.5)]


def test_iteration_and_membership():
    assert [row.tolist() for row in ek.tensor([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]
    assert 3 in ek.tensor([1, 2, 3])
    with pytest.raises(TypeError):
        len(ek.tensor(1))


def test_repr():
    assert repr(ek.tensor([1, 2])) == "tensor([1, 2])"
    assert "requires_grad=True" in repr(ek.ones(1, requires_grad=True))
    assert "grad_fn=<Add>" in repr(ek.ones(1, requires_grad=True) + 1)
    assert "dtype=float64" in repr(ek.ones(1, dtype=ek.float64))


def test_tensors_are_keys_by_identity():
    a, b = ek.ones(1), ek.ones(1)
    assert len({a: 1, b: 2}) == 2


def test_deepcopy_copies_leaves_only():
    x = ek.ones(2, requires_grad=True)
    (x * 2).sum().backward()
    y = copy.deepcopy(x)
    assert y.requires_grad
    assert y.grad.tolist() == [2.0, 2.0]
    assert not np.shares_memory(x.numpy(), y.numpy())
    with pytest.raises(RuntimeError, match="leaves"):
        copy.deepcopy(x * 2)


def test_subclasses_are_copied_as_themselves():
    class Parameter(ek.Tensor):
        __slots__ = ()

    p = Parameter(np.ones(2), requires_grad=True)
    assert type(copy.deepcopy(p)) is Parameter
    assert type(p * 2) is ek.Tensor


def test_data_is_outside_the_graph():
    x = ek.ones(2, requires_grad=True)
    x.data.numpy()[0] = 5
    assert x.tolist() == [5.0, 1.0]
    y = (x * x).sum()
    x.data = ek.zeros(2)
    assert x.tolist() == [0.0, 0.0]
    with pytest.raises(RuntimeError, match="changed in place"):
        y.backward()


def test_to():
    x = ek.ones(2)
    assert x.to("cpu") is x
    assert x.to(np.float64).dtype == np.float64
    assert x.to("cpu", ek.int64).dtype == np.int64
    assert x.to(ek.ones(1, dtype=ek.float64)).dtype == np.float64
    assert x.to(ek.float32, copy=True) is not x
    assert x.double().float().long().dtype == np.int64
    with pytest.raises(RuntimeError, match=r"einkorn\[cuda\]"):
        x.to("cuda")
    with pytest.raises(RuntimeError, match="tpu"):
        ek.zeros(1, device="tpu")


def test_bad_arguments_are_named():
    with pytest.raises(TypeError, match="ndarray"):
        ek.from_numpy([1.0])
    with pytest.raises(TypeError, match="operand"):
        ek.ones(1) + "1"
    with pytest.raises(IndexError, match="dim"):
        ek.ones(2).sum(1)
    with pytest.raises(RuntimeError, match="twice"):
        ek.ones(2).sum((0, 0))

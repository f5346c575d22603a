"""The table of dtypes against PyTorch's."""

import itertools

import numpy as np
import pytest

import einkorn as ek

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def test_scalars_do_not_widen():
    x = ek.ones(2)
    for scalar in (2, 2.0, True, np.float64(2), np.int64(2), np.float32(2)):
        assert (x * scalar).dtype == np.float32
        assert (scalar * x).dtype == np.float32
    assert (ek.tensor([1, 2]) * 0.5).dtype == np.float32
    assert (ek.tensor([1, 2]) / 2).dtype == np.float32
    assert (ek.tensor([True]) + 1).dtype == np.int64


@pytest.mark.parametrize("dims", list(itertools.product([0, 1], [0, 1])))
def test_tensors_as_pytorch(dims):
    torch = pytest.importorskip("torch")
    for first, second in itertools.product(DTYPES, DTYPES):
        ours = [
            ek.ones((1,) * n, dtype=getattr(np, d if d != "bool" else "bool_"))
            for n, d in zip(dims, (first, second), strict=True)
        ]
        theirs = [
            torch.ones((1,) * n, dtype=getattr(torch, d))
            for n, d in zip(dims, (first, second), strict=True)
        ]
        expected = str(torch.result_type(*theirs)).removeprefix("torch.")
        assert ek.result_type(*ours).name == expected, (first, second)
        assert (ours[0] * ours[1]).dtype.name == expected


@pytest.mark.parametrize("scalar", [True, 2, 2.5])
def test_python_numbers_as_pytorch(scalar):
    torch = pytest.importorskip("torch")
    for name in DTYPES:
        ours = ek.ones(2, dtype=getattr(np, name if name != "bool" else "bool_"))
        theirs = torch.ones(2, dtype=getattr(torch, name))
        for operate in (lambda a, b: a + b, lambda a, b: a * b, lambda a, b: a / b):
            expected = str(operate(theirs, scalar).dtype).removeprefix("torch.")
            assert operate(ours, scalar).dtype.name == expected, name


def test_gradients_return_in_the_dtype_of_their_input():
    x = ek.ones(2, requires_grad=True)
    y = ek.ones(2, dtype=ek.float64, requires_grad=True)
    (x * y).sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (np.float32, np.float64)


def test_unsupported_dtypes_are_refused():
    with pytest.raises(TypeError, match="complex128"):
        ek.tensor([1j])
    with pytest.raises(TypeError, match="object"):
        ek.as_tensor(np.array([None]))

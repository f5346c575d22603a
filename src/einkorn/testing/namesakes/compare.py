"""How a result and its gradients are compared with PyTorch's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

import einkorn as ek
from einkorn.testing.namesakes.convert import Conversion, numpy_dtype

__all__ = [
    "assert_alike",
    "assert_gradients_alike",
    "assert_refused",
    "assert_results_alike",
    "converted",
    "flattened",
]

#: float32 and float64; the absolute tolerance is a tenth of it times the greatest value.
RTOL = {np.dtype(np.float32): 2e-4, np.dtype(np.float64): 1e-7}
#: Errors that speak of an argument. Any other is an accident inside.
_ORDERLY = (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError)


def flattened(value: Any) -> list[Any]:
    """Return the parts of a result, whatever its form."""
    if isinstance(value, (list, tuple)):
        return [part for item in value for part in flattened(item)]
    return [value]


def assert_alike(
    actual: Any, expected: Any, what: str, scale: float = 0.0, rtol: float = 0.0
) -> None:
    """Compare einkorn's Tensor or number with PyTorch's.

    Parameters
    ----------
    actual, expected
    what : str
        A name for the message.
    scale : float
        What the greatest value counts as at least, for the absolute tolerance.
    rtol : float
        A greater relative tolerance than usual, in float32.
    """
    import torch

    if not isinstance(expected, torch.Tensor):
        assert not isinstance(actual, ek.Tensor), f"{what}: a Tensor, not {expected!r}"
        np.testing.assert_allclose(actual, expected, 1e-6, err_msg=what)
        return
    assert isinstance(actual, ek.Tensor), f"{what}: {type(actual).__name__}, not a Tensor"
    assert actual.shape == tuple(expected.shape), (
        f"{what}: shape {actual.shape}, not {tuple(expected.shape)}"
    )
    dtype = numpy_dtype(expected.dtype)
    assert actual.dtype == dtype, f"{what}: dtype {actual.dtype}, not {dtype}"
    reference = expected.numpy(force=True)
    rtol = max(rtol * (dtype == np.float32), RTOL.get(dtype, 0.0))
    scale = float(np.abs(reference[np.isfinite(reference)]).max(initial=scale))
    np.testing.assert_allclose(actual.numpy(), reference, rtol, rtol / 10 * scale, err_msg=what)


def assert_results_alike(actual: Any, expected: Any, values: bool = True) -> None:
    """Compare results in their structure and, unless they are random, their values."""
    for field in getattr(type(expected), "__match_args__", ()):
        assert hasattr(actual, field), f"the result has no field {field}"
    found, wanted = flattened(actual), flattened(expected)
    assert isinstance(actual, Sequence) == isinstance(expected, Sequence), type(actual).__name__
    assert len(found) == len(wanted), f"{len(found)} results, not {len(wanted)}"
    for i, (y, z) in enumerate(zip(found, wanted, strict=True)):
        if values:
            assert_alike(y, z, f"result {i}")
        else:
            assert y.shape == tuple(z.shape), f"shape {y.shape}, not {tuple(z.shape)}"
            assert y.dtype == numpy_dtype(z.dtype), f"dtype {y.dtype}, not {z.dtype}"


def assert_gradients_alike(
    actual: Any, expected: Any, pairs: list[tuple[Any, Any]], rtol: float = 0.0
) -> None:
    """Compare the gradients of the differentiable results by `pairs`, from a random cotangent."""
    import torch

    results = [
        (y, z)
        for y, z in zip(flattened(actual), flattened(expected), strict=True)
        if isinstance(z, torch.Tensor) and z.requires_grad
    ]
    if not results or not pairs:
        return
    missing = [i for i, (y, _) in enumerate(results) if not y.requires_grad]
    assert not missing, f"no gradient flows from result {missing[0]}"
    generator = np.random.default_rng(len(results))
    starts = [np.asarray(generator.standard_normal(y.shape), y.dtype) for y, _ in results]
    theirs = torch.autograd.grad(
        [z for _, z in results],
        [x for x, _ in pairs],
        [torch.from_numpy(start) for start in starts],
        allow_unused=True,
        materialize_grads=True,
    )
    ours = ek.autograd.grad(
        [y for y, _ in results], [x for _, x in pairs], starts, materialize_grads=True
    )
    for i, (g, h) in enumerate(zip(ours, theirs, strict=True)):
        assert g.is_sparse == h.is_sparse, f"gradient {i}: sparse is {g.is_sparse}"
        if h.is_sparse:
            g, h = g.coalesce(), h.coalesce()
            assert_alike(g.indices(), h.indices(), f"rows of gradient {i}")
            g, h = g.values(), h.values()
        # A gradient that is 0 but for rounding has no scale of its own: the cotangent's counts.
        assert_alike(g, h, f"gradient {i}", scale=0.5, rtol=rtol)


def assert_refused(call: Any, *arguments: Any, **options: Any) -> None:
    """Check that a call raises an error that speaks of an argument."""
    try:
        result = call(*arguments, **options)
    except _ORDERLY:
        return
    except Exception as error:
        raise AssertionError(f"an accident: {type(error).__name__}: {error}") from error
    raise AssertionError(f"no error, but {_brief(result)}")


def _brief(value: Any) -> str:
    shapes = [getattr(part, "shape", part) for part in flattened(value)]
    return f"a result of {shapes}"


def converted(*values: Any) -> tuple[tuple[Any, ...], list[tuple[Any, Any]]]:
    """Return PyTorch's values as einkorn's, and the pairs that require a gradient."""
    conversion = Conversion()
    return tuple(conversion(value) for value in values), conversion.pairs

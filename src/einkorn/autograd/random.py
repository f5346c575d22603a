"""The one source of randomness.

Everything random in einkorn draws from :func:`default_generator`, a NumPy Generator over the
counter-based Philox, unless it is handed another Generator. Its state can be taken and put back,
so that a resumed run continues bit for bit.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from einkorn import kernels
from einkorn.autograd.promotion import as_dtype, default_dtype
from einkorn.autograd.tensor import Tensor, check_device

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = [
    "bernoulli",
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "set_rng_state",
]

_generator: Generator | None = None
_seed: int = 0


def manual_seed(seed: int) -> Generator:
    """Start the default generator anew from `seed` and return it.

    Parameters
    ----------
    seed : int
        Not negative.

    Raises
    ------
    ValueError
        If `seed` is negative.

    Examples
    --------
    >>> import einkorn as ek
    >>> _ = ek.manual_seed(1)
    >>> a = ek.rand(3)
    >>> _ = ek.manual_seed(1)
    >>> ek.equal(a, ek.rand(3))
    True
    """
    global _generator, _seed
    if seed < 0:
        raise ValueError(f"seed: expected a number that is not negative, got {seed}")
    fresh = np.random.Philox(int(seed))
    _seed = int(seed)
    if _generator is None:
        _generator = np.random.Generator(fresh)
    else:
        # The object stays, so that those who hold it follow.
        _generator.bit_generator.state = fresh.state
    return _generator


def default_generator() -> Generator:
    """Return the generator that everything random draws from."""
    if _generator is None:
        # numpy.random is loaded here, at the first use: importing it costs milliseconds.
        return manual_seed(int.from_bytes(os.urandom(8), "little") >> 1)
    return _generator


def initial_seed() -> int:
    """Return the seed that the default generator was started from."""
    default_generator()
    return _seed


def get_rng_state() -> dict[str, Any]:
    """Return the state of the default generator: a dictionary of numbers and arrays."""
    return dict(default_generator().bit_generator.state)


def set_rng_state(new_state: dict[str, Any]) -> None:
    """Put a state of :func:`get_rng_state` back.

    Raises
    ------
    ValueError
        If it is the state of another kind of generator.
    """
    default_generator().bit_generator.state = new_state


def draw_seed(generator: Generator | None = None) -> int:
    """Return 63 random bits, the seed of one call of a counter-based kernel."""
    source = default_generator() if generator is None else generator
    return int(source.bit_generator.random_raw()) >> 1


def _size(size: tuple[Any, ...]) -> tuple[int, ...]:
    if len(size) == 1 and not isinstance(size[0], (int, np.integer)):
        size = tuple(size[0])
    return tuple([int(n) for n in size])


def _finished(array: Any, dtype: DTypeLike | None, device: Any, requires_grad: bool) -> Tensor:
    check_device(device)
    chosen = default_dtype if dtype is None else as_dtype(dtype)
    return Tensor(np.asarray(array).astype(chosen, copy=False)).requires_grad_(requires_grad)


def _float(dtype: DTypeLike | None) -> Any:
    """Return the dtype in which to draw: the generator knows float32 and float64."""
    return np.float64 if dtype is not None and np.dtype(dtype) == np.float64 else np.float32


def rand(
    *size: Any,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return uniform random numbers in [0, 1).

    Parameters
    ----------
    *size : int or one sequence of int
    generator : numpy.random.Generator, optional
        Draw from this one instead of the default.
    dtype : dtype, optional
        Default: float32.
    device : str, optional
    requires_grad : bool
    """
    source = generator or default_generator()
    drawn = source.random(_size(size), dtype=_float(dtype))
    return _finished(drawn, dtype, device, requires_grad)


def randn(
    *size: Any,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return random numbers of the standard normal distribution; parameters as :func:`rand`."""
    source = generator or default_generator()
    drawn = source.standard_normal(_size(size), dtype=_float(dtype))
    return _finished(drawn, dtype, device, requires_grad)


def rand_like(
    input: Any,
    *,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """Return uniform random numbers in [0, 1) of the shape and dtype of `input`."""
    facts = {"device": device, "requires_grad": requires_grad, "generator": generator}
    return rand(np.shape(input), dtype=dtype or input.dtype, **facts)


def randn_like(
    input: Any,
    *,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """Return standard normal random numbers of the shape and dtype of `input`."""
    facts = {"device": device, "requires_grad": requires_grad, "generator": generator}
    return randn(np.shape(input), dtype=dtype or input.dtype, **facts)


def randint(
    low: int,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return random integers in [low, high); ``randint(high, size)`` starts at 0.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.randint(3, 5, (100,))
    >>> int(x.min()) >= 3 and int(x.max()) < 5
    True
    """
    if size is None:
        low, high, size = 0, low, high
    if size is None or high is None:
        raise TypeError("randint: expected (high, size) or (low, high, size)")
    drawn = (generator or default_generator()).integers(int(low), int(high), _size((size,)))
    return _finished(drawn, dtype or np.int64, device, requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return the numbers 0 … n-1 in random order."""
    drawn = (generator or default_generator()).permutation(int(n))
    return _finished(drawn, dtype or np.int64, device, requires_grad)


def normal(
    mean: Any = 0.0,
    std: Any = 1.0,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: DTypeLike | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Return normal random numbers; without `size`, of the broadcast shape of `mean` and `std`."""
    if size is None:
        size = np.broadcast_shapes(np.shape(mean), np.shape(std))
    arrays = [np.asarray(x) for x in (mean, std) if hasattr(x, "dtype")]
    check_device(device)
    if dtype is None:
        dtype = np.result_type(*arrays) if arrays else default_dtype
    if (np.asarray(std) < 0).any():
        raise RuntimeError("std: expected numbers of at least 0")
    drawn = randn(size, generator=generator, dtype=dtype)
    values = np.asarray(drawn._data * np.asarray(std) + np.asarray(mean), drawn.dtype)
    return Tensor(values).requires_grad_(requires_grad)


def bernoulli(input: Any, *, generator: Generator | None = None) -> Tensor:
    """Return 1 with the probabilities `input`, else 0.

    Raises
    ------
    RuntimeError
        If a probability is not in [0, 1].
    """
    p = np.asarray(input)
    if not ((p >= 0) & (p <= 1)).all():
        raise RuntimeError("input: expected probabilities in [0, 1]")
    chances = p if p.dtype in (np.float32, np.float64) else p.astype(np.float32)
    drawn = kernels.bernoulli(chances, draw_seed(generator))
    return Tensor(drawn.astype(p.dtype, copy=False))

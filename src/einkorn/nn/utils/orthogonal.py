"""Maps onto matrices with orthonormal columns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn.autograd import Function, Tensor, as_tensor
from einkorn.autograd.operators import cat
from einkorn.autograd.random import default_generator
from einkorn.nn.module import Module

__all__ = ["MAPS", "Orthogonal", "matrix_exp"]

# Of the Pade approximant of order 13, and the norm up to which it is exact in double precision:
# N. J. Higham, "The scaling and squaring method for the matrix exponential revisited", 2005.
_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
    40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_REACH = 5.371920351148152


def _exp(a: np.ndarray) -> np.ndarray:
    norm = float(np.abs(a).sum(axis=-2).max(initial=0.0))
    halvings = max(0, int(np.ceil(np.log2(norm / _REACH)))) if norm > _REACH else 0
    x = a.astype(np.float64) / 2.0**halvings
    x2 = x @ x
    even = odd = np.zeros_like(x)
    power = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
    for i in range(0, len(_PADE), 2):
        even = even + _PADE[i] * power
        odd = odd + _PADE[i + 1] * power
        power = power @ x2
    odd = x @ odd
    result = np.linalg.solve(even - odd, even + odd)
    for _ in range(halvings):
        result = result @ result
    return result.astype(a.dtype)


class _MatrixExp(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor) -> Tensor:
        ctx.save_for_backward(a)
        return as_tensor(_exp(a.numpy()))

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        # The derivative of exp at A^T in direction G is a block of the exponential of a larger one.
        (a,) = ctx.saved_tensors
        transposed = a.transpose(-1, -2)
        rows = [cat([transposed, grad], -1), cat([transposed * 0, transposed], -1)]
        n = a.shape[-1]
        return matrix_exp(cat(rows, -2))[..., :n, n:]


def matrix_exp(a: Tensor) -> Tensor:
    """Return the exponential of square matrices (..., n, n)."""
    return _MatrixExp.apply(a)


class _Solve(Function):
    @staticmethod
    def forward(ctx: Any, a: Tensor, b: Tensor) -> Tensor:
        x = as_tensor(np.linalg.solve(a.numpy(), b.numpy()))
        ctx.save_for_backward(a, x)
        return x

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        a, x = ctx.saved_tensors
        of_b = _Solve.apply(a.transpose(-1, -2), grad)
        return -(of_b @ x.transpose(-1, -2)), of_b


def _skew(x: Tensor) -> Tensor:
    """Return the skew-symmetric matrix of what lies below the diagonal of tall ``x``."""
    n, k = x.shape[-2:]
    x = x.tril()
    if n != k:
        x = cat([x, as_tensor(np.zeros((*x.shape[:-1], n - k), x.dtype))], -1)
    return x - x.transpose(-1, -2)


def _by_exponential(x: Tensor) -> Tensor:
    return matrix_exp(_skew(x))[..., : x.shape[-1]]


def _by_cayley(x: Tensor) -> Tensor:
    a = _skew(x)
    identity = as_tensor(np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape).copy())
    return _Solve.apply(identity - 0.5 * a, identity + 0.5 * a)[..., : x.shape[-1]]


def _by_reflections(x: Tensor) -> Tensor:
    n, k = x.shape[-2:]
    lower = x.tril(-1)
    lengths = 2.0 / (1.0 + (lower * lower).sum(-2))
    identity = np.broadcast_to(np.eye(n, k, dtype=x.dtype), x.shape).copy()
    vectors = lower + as_tensor(identity)
    q = as_tensor(identity)
    for i in reversed(range(k)):
        v = vectors[..., i : i + 1]
        scale = lengths[..., i].unsqueeze(-1).unsqueeze(-1)
        q = q - scale * (v @ (v.transpose(-1, -2) @ q))
    # The diagonal holds signs, which do not learn.
    signs = np.trunc(np.diagonal(x.numpy(), axis1=-2, axis2=-1))[..., None, :]
    return q * as_tensor(signs.astype(x.dtype))


MAPS: dict[str, Callable[[Tensor], Tensor]] = {
    "matrix_exp": _by_exponential,
    "cayley": _by_cayley,
    "householder": _by_reflections,
}


class Orthogonal(Module):
    """The parametrisation behind `parametrizations.orthogonal`."""

    def __init__(self, shape: tuple[int, ...], orthogonal_map: str, use_trivialization: bool):
        super().__init__()
        self.shape = shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        """Return the orthogonal matrices of ``x``."""
        wide = x.shape[-2] < x.shape[-1]
        q = MAPS[self.orthogonal_map](x.transpose(-1, -2) if wide else x)
        if "base" in self._buffers:
            q = self.base @ q
        return q.transpose(-1, -2) if wide else q

    def right_inverse(self, value: Tensor) -> Tensor:
        """Return what maps to ``value``, or to the orthogonal matrix that its columns span."""
        if value.shape != self.shape:
            raise ValueError(f"the weight must have shape {self.shape}, got {value.shape}")
        q = value.numpy()
        wide = q.shape[-2] < q.shape[-1]
        tall = np.swapaxes(q, -1, -2) if wide else q
        if "base" in self._buffers:
            self.base = as_tensor(_completed(tall).astype(q.dtype))
            # Reflections read signs from the diagonal: this maps to the identity.
            return as_tensor(-np.broadcast_to(np.eye(*q.shape[-2:], dtype=q.dtype), q.shape))
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                f"nothing can be assigned under {self.orthogonal_map} without use_trivialization"
            )
        factors, lengths = np.linalg.qr(tall, mode="raw")
        factors = np.swapaxes(factors, -1, -2).astype(q.dtype)
        diagonal = np.arange(tall.shape[-1])
        signs = np.sign(factors[..., diagonal, diagonal])
        # LAPACK leaves out a reflection by a length of 0, which here is one that changes the sign.
        factors[..., diagonal, diagonal] = np.where(lengths == 0, -signs, signs)
        return as_tensor(np.swapaxes(factors, -1, -2).copy() if wide else factors)


def _completed(q: np.ndarray) -> np.ndarray:
    """Return square orthogonal matrices whose first columns span those of tall ``q``."""
    n, k = q.shape[-2:]
    if n == k:
        error = np.abs(np.swapaxes(q, -1, -2) @ q - np.eye(n)).max(initial=0.0)
        if error < 10 * n * np.finfo(q.dtype).eps:
            return q.copy()
    else:
        drawn = default_generator().standard_normal((*q.shape[:-1], n - k))
        q = np.concatenate([q, drawn.astype(q.dtype)], -1)
    found, upper = np.linalg.qr(q)
    return found * np.sign(np.diagonal(upper, axis1=-2, axis2=-1))[..., None, :]

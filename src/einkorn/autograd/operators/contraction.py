"""Sums of products over named dimensions."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

from einkorn.autograd.operators.common import cast, operands, reduce_to, to_tensor
from einkorn.autograd.operators.diagonals import diagonal
from einkorn.autograd.operators.shape import expand
from einkorn.autograd.tape import Operator, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = ["einsum"]


class Einsum(Operator):
    """A sum of products over named dimensions; no name appears twice in one operand."""

    __slots__ = ("names", "result", "shapes")
    retain = retain_inputs

    def __init__(self, names: list[str], result: str) -> None:
        self.names = names
        self.result = result

    def forward(self, *factors: Any) -> Any:
        self.shapes = [factor.shape for factor in factors]
        return np.einsum(f"{','.join(self.names)}->{self.result}", *factors, optimize=True)

    def backward(self, grad: Any, *factors: Any) -> Any:
        gradients = [self._gradient(i, grad, factors) for i in range(len(factors))]
        return tuple(gradients)

    def _gradient(self, i: int, grad: Any, factors: tuple[Any, ...]) -> Any:
        """Return the gradient of factor `i`: the sum of products of all others and `grad`."""
        if not self.needs[i]:
            return None
        others = [n for n in range(len(factors)) if n != i]
        names = [self.result, *[self.names[n] for n in others]]
        known = set("".join(names))
        kept = "".join(name for name in self.names[i] if name in known)
        product = _einsum(names, kept, [grad, *[factors[n] for n in others]])
        found = dict(zip(kept, product.shape, strict=True))
        sizes = dict(zip(self.names[i], self.shapes[i], strict=True))
        # Where this factor was broadcast its gradient is a sum.
        product = reduce_to(product, tuple([min(found[x], sizes[x]) for x in kept]))
        # What only this factor has was summed alone: the gradient is the same all along it.
        product = product.reshape([min(found.get(x, 1), n) for x, n in sizes.items()])
        if isinstance(product, Tensor):
            return expand(product, self.shapes[i])
        return np.broadcast_to(product, self.shapes[i])


def _einsum(names: list[str], result: str, factors: list[Any]) -> Any:
    if isinstance(factors[0], Tensor):
        return Einsum(names, result).apply(*factors)
    return np.einsum(f"{','.join(names)}->{result}", *factors, optimize=True)


def einsum(equation: str, *tensors: Any) -> Tensor:
    """Return the sum of products over named dimensions (Einstein's convention).

    Parameters
    ----------
    equation : str
        A letter for each dimension of each operand, separated by commas, then ``->`` and the
        letters of the result; other letters are summed over. Without ``->`` the result has the
        letters that appear once, sorted. ``...`` stands for dimensions that are broadcast.
    *tensors : Tensor
        One for each term, or one sequence of them.

    Raises
    ------
    RuntimeError
        If the equation does not fit the operands.

    Examples
    --------
    >>> import einkorn as ek
    >>> a, b = ek.ones(2, 3), ek.ones(3, 4)
    >>> ek.einsum("ij,jk->ik", a, b).shape
    (2, 4)
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    factors = [to_tensor(x) for x in tensors]
    names, result = _parse(equation, factors)
    pairs = [_without_repeats(x, name) for x, name in zip(factors, names, strict=True)]
    factors = _common_dtype([x for x, _ in pairs])
    try:
        return Einsum([name for _, name in pairs], result).apply(*factors)
    except ValueError as error:
        shapes = [x.shape for x in factors]
        raise RuntimeError(
            f"equation: {equation!r} does not fit shapes {shapes}: {error}"
        ) from None


def _parse(equation: str, factors: list[Tensor]) -> tuple[list[str], str]:
    """Return the letters of each operand and of the result, with ``...`` spelled out."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(factors):
        raise RuntimeError(f"equation: {equation!r} has {len(terms)} terms, not {len(factors)}")
    spare = "".join(c for c in string.ascii_letters if c not in equation)
    names, longest = [], ""
    for term, x in zip(terms, factors, strict=True):
        count = x.ndim - len(term.replace("...", ""))
        if count < 0 or (count and "..." not in term):
            raise RuntimeError(f"equation: {term!r} does not fit shape {x.shape}")
        # The last dimensions that the ellipses stand for are the same ones.
        filled = spare[:8][8 - count :] if count else ""
        longest = max(longest, filled, key=len)
        names.append(term.replace("...", filled))
    if arrow:
        return names, right.replace("...", longest)
    letters = "".join(names)
    single = sorted({c for c in letters if letters.count(c) == 1} - set(longest))
    return names, longest + "".join(single)


def _without_repeats(x: Tensor, name: str) -> tuple[Tensor, str]:
    """Return `x` with diagonals taken where a letter appears twice."""
    for letter in name:
        while name.count(letter) > 1:
            first, second = name.index(letter), name.rindex(letter)
            x = diagonal(x, 0, first, second)
            name = name[:first] + name[first + 1 : second] + name[second + 1 :] + letter
    return x, name


def _common_dtype(factors: list[Tensor]) -> list[Tensor]:
    widest = factors[0]
    for x in factors[1:]:
        widest, _ = operands(widest, x)
    return [cast(x, widest.dtype) for x in factors]

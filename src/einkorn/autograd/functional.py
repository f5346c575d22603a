"""Products with Jacobians and Hessians of functions of Tensors, and the matrices themselves.

A product with the transposed Jacobian is one backward pass. One with the Jacobian itself is the
gradient, by the vector, of a product with the transpose, which is linear in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn.autograd.gradients import grad
from einkorn.autograd.mode import enable_grad
from einkorn.autograd.operators.creation import zeros_like
from einkorn.autograd.operators.joining import stack
from einkorn.autograd.tensor import Tensor, as_tensor

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = tuple[Tensor, ...]


def vjp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    r"""Return ``func(*inputs)`` and the vector–Jacobian product :math:`v^\top J`.

    Parameters
    ----------
    func : callable
        Of Tensors; returns a Tensor or a tuple of Tensors.
    inputs : Tensor or tuple of Tensors
        Where to differentiate.
    v : Tensor or tuple of Tensors, optional
        Of the shapes of the outputs; may be left out for an output of one element.
    create_graph : bool
        Let the results be differentiated.
    strict : bool
        Raise if an output does not depend on an input, instead of giving zeros.

    Returns
    -------
    outputs, product
        As `func` returned them, and one Tensor for each of `inputs`.

    Raises
    ------
    RuntimeError
        If shapes differ, `v` is missing, or for the sake of `strict`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.autograd.functional.vjp(lambda x: x**2, ek.tensor([1.0, 2.0]), ek.ones(2))
    (tensor([1., 4.]), tensor([2., 4.]))
    """
    with enable_grad():
        xs, single = _leaves(inputs, create_graph)
        ys, shape = _outputs(func, xs)
        product = _pull(ys, xs, _vectors(v, ys, "v", "outputs"), create_graph, strict)
    return _like(ys, shape, create_graph), _like(product, single, create_graph)


def jvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``func(*inputs)`` and the Jacobian–vector product :math:`J v`.

    Parameters and errors are those of :func:`vjp`, with `v` of the shapes of `inputs`; the product
    has those of the outputs.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.autograd.functional.jvp(lambda x: x.sum(), ek.tensor([1.0, 2.0]), ek.ones(2))
    (tensor(3.), tensor(2.))
    """
    with enable_grad():
        xs, single = _leaves(inputs, create_graph)
        vectors = _vectors(v, xs, "v", "inputs")
        ys, shape = _outputs(func, xs)
        dummies = tuple([zeros_like(y).requires_grad_() for y in ys])
        pulled = _pull(ys, xs, dummies, True, strict)
        product = _pull(pulled, dummies, vectors, create_graph, False)
    return _like(ys, shape, create_graph), _like(product, shape, create_graph)


def vhp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    r"""Return ``func(*inputs)``, one number, and the vector–Hessian product :math:`v^\top H`.

    Parameters and errors are those of :func:`vjp`, with `v` of the shapes of `inputs`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.autograd.functional.vhp(lambda x: (x**3).sum(), ek.tensor([1.0, 2.0]), ek.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        xs, single = _leaves(inputs, create_graph)
        vectors = _vectors(v, xs, "v", "inputs")
        y = _number(func, xs)
        first = _pull((y,), xs, (None,), True, strict)
        product = _pull(first, xs, vectors, create_graph, strict)
    return _like((y,), True, create_graph), _like(product, single, create_graph)


def hvp(
    func: Callable[..., Any],
    inputs: Any,
    v: Any = None,
    create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:
    """Return ``func(*inputs)``, one number, and the Hessian–vector product :math:`H v`.

    A Hessian is symmetric, so that this is :func:`vhp` (Pearlmutter, "Fast exact multiplication by
    the Hessian", 1994).

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.autograd.functional.hvp(lambda x: (x**3).sum(), ek.tensor([1.0, 2.0]), ek.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return vhp(func, inputs, v, create_graph, strict)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """Return the Jacobian of `func`.

    Parameters
    ----------
    func, inputs, create_graph, strict
        As in :func:`vjp`.
    vectorize : bool
        Accepted for PyTorch's sake: rows are computed one by one.
    strategy : {"reverse-mode"}

    Returns
    -------
    Tensor of shape (\\*output, \\*input)
        For several inputs a tuple of them; for several outputs a tuple of those.

    Raises
    ------
    ValueError
        If `strategy` is another.
    RuntimeError
        As :func:`vjp`.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.autograd.functional.jacobian(lambda x: x**2, ek.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy != "reverse-mode":
        raise ValueError(f"strategy: expected 'reverse-mode', got {strategy!r}")
    with enable_grad():
        xs, single = _leaves(inputs, create_graph)
        ys, shape = _outputs(func, xs)
        rows = tuple([_like(_jacobians(y, xs, create_graph, strict), single, True) for y in ys])
    return rows[0] if shape else rows


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """Return the Hessian of `func`, which returns one number.

    Parameters and errors are those of :func:`jacobian`.

    Returns
    -------
    Tensor of shape (\\*input, \\*input)
        For several inputs a tuple of tuples of them.

    Examples
    --------
    >>> import einkorn as ek
    >>> ek.autograd.functional.hessian(lambda x: (x**3).sum(), ek.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """

    def gradient(*xs: Tensor) -> Any:
        found = _pull((_number(func, xs),), xs, (None,), True, strict)
        return found if isinstance(inputs, tuple) else found[0]

    return jacobian(gradient, inputs, create_graph, strict, vectorize, outer_jacobian_strategy)


def _leaves(inputs: Any, create_graph: bool) -> tuple[Tensors, bool]:
    """Tensors to differentiate by, and whether there was one that was no tuple."""
    single = not isinstance(inputs, tuple)
    xs = [as_tensor(x) for x in ((inputs,) if single else inputs)]
    # Tensors of our own: the caller's stay as they are. Views let what came before be reached.
    return tuple(
        [
            x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_()
            for x in xs
        ]
    ), single


def _outputs(func: Callable[..., Any], xs: Tensors) -> tuple[Tensors, bool]:
    result = func(*xs)
    single = not isinstance(result, tuple)
    ys = (result,) if single else result
    for i, y in enumerate(ys):
        if not isinstance(y, Tensor):
            raise TypeError(f"func: expected Tensors, output {i} is a {type(y).__name__}")
    return ys, single


def _number(func: Callable[..., Any], xs: Tensors) -> Tensor:
    ys, _ = _outputs(func, xs)
    if len(ys) != 1 or ys[0].numel() != 1:
        shapes = [y.shape for y in ys]
        raise RuntimeError(f"func: expected a tensor of one element, got shapes {shapes}")
    return ys[0]


def _vectors(v: Any, like: Tensors, name: str, what: str) -> tuple[Any, ...]:
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise RuntimeError(f"{name}: needed unless the {what} are a tensor of one element")
        return (None,)
    vectors = tuple([as_tensor(x) for x in (v if isinstance(v, tuple) else (v,))])
    if [x.shape for x in vectors] != [x.shape for x in like]:
        shapes = [tuple(x.shape) for x in vectors]
        raise RuntimeError(f"{name}: expected the shapes of the {what}, got {shapes}")
    return vectors


def _pull(
    ys: Tensors, xs: Tensors, vectors: tuple[Any, ...], create_graph: bool, strict: bool
) -> Tensors:
    """The product of `vectors` with the transposed Jacobian of `ys` by `xs`."""
    chosen = [(y, v) for y, v in zip(ys, vectors, strict=True) if y.requires_grad]
    if strict and len(chosen) < len(ys):
        raise RuntimeError("strict: an output does not depend on the inputs")
    found: tuple[Tensor | None, ...] = (None,) * len(xs)
    if chosen:
        outputs, gradients = zip(*chosen, strict=True)
        ones = [
            Tensor(np.ones_like(y.detach().numpy())) if v is None else v
            for y, v in zip(outputs, gradients, strict=True)
        ]
        found = grad(outputs, xs, ones, True, create_graph, allow_unused=True)
    if strict and None in found:
        raise RuntimeError(f"strict: the outputs do not depend on input {found.index(None)}")
    return tuple([zeros_like(x) if g is None else g for g, x in zip(found, xs, strict=True)])


def _jacobians(y: Tensor, xs: Tensors, create_graph: bool, strict: bool) -> Tensors:
    """One for each input, row by row."""
    rows = []
    flat = y.reshape(-1)
    for i in range(flat.numel()):
        rows.append(_pull((flat[i],), xs, (None,), create_graph, strict))
    if not rows:
        return tuple([Tensor(np.zeros((*y.shape, *x.shape), x.dtype)) for x in xs])
    columns = zip(*rows, strict=True)
    return tuple(
        [stack(column).reshape(*y.shape, *x.shape) for column, x in zip(columns, xs, strict=True)]
    )


def _like(tensors: Tensors, single: bool, create_graph: bool) -> Any:
    results = tensors if create_graph else tuple([x.detach() for x in tensors])
    return results[0] if single else results

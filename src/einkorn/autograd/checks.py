"""Gradient checks: what backward computes against central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from einkorn.autograd.gradients import grad
from einkorn.autograd.tensor import Tensor

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient differs from the difference quotient."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
) -> bool:
    """Compare the gradients of `func` with central differences.

    Every element of the Jacobian is compared: ``|analytic - numeric| <= atol + rtol |numeric|``
    with ``numeric = (f(x + eps) - f(x - eps)) / (2 eps)``.

    Parameters
    ----------
    func : callable
        Takes the inputs, returns a Tensor or a tuple of Tensors.
    inputs : Tensor or sequence
        Those that require a gradient are checked; they should be float64.
    eps : float
        The step.
    atol, rtol : float
        The tolerances.
    raise_exception : bool
        Raise on a difference; otherwise return False.
    nondet_tol : float
        How much two backward passes over the same graph may differ.

    Returns
    -------
    bool
        Whether all gradients agree.

    Raises
    ------
    GradcheckError
        If a gradient differs, or two passes do.
    ValueError
        If no input requires a gradient, or one that does is not float64.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor([0.1, 2.0], dtype=ek.float64, requires_grad=True)
    >>> ek.autograd.gradcheck(lambda x: x.log() * x, x)
    True
    """
    arguments = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    checked = [x for x in arguments if isinstance(x, Tensor) and x.requires_grad]
    if not checked:
        raise ValueError("inputs: expected at least one tensor that requires a gradient")
    for x in checked:
        if x.dtype != np.float64:
            raise ValueError(f"inputs: expected float64 for exact differences, got {x.dtype}")
    try:
        for index, output in enumerate(_outputs(func, arguments)):
            if output.dtype.kind == "f":
                _check_output(func, arguments, checked, index, output, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
) -> bool:
    """Compare the second derivatives of `func` with central differences of its gradients.

    The gradients, as a function of the inputs and of `grad_outputs`, are put to
    :func:`gradcheck`.

    Parameters
    ----------
    func, inputs, eps, atol, rtol, raise_exception, nondet_tol
        As in :func:`gradcheck`.
    grad_outputs : Tensor or sequence of Tensors, optional
        The gradients to start from; random numbers (always the same) by default.
    gen_non_contig_grad_outputs : bool
        Let the random ones be strided.

    Returns
    -------
    bool
        Whether all second derivatives agree.

    Raises
    ------
    GradcheckError, ValueError
        As in :func:`gradcheck`.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor([0.1, 2.0], dtype=ek.float64, requires_grad=True)
    >>> ek.autograd.gradgradcheck(lambda x: x**3, x)
    True
    """
    arguments = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    outputs = [y for y in _outputs(func, arguments) if y.requires_grad]
    if grad_outputs is None:
        starts = [_random_like(y, gen_non_contig_grad_outputs) for y in outputs]
    else:
        starts = list(grad_outputs) if isinstance(grad_outputs, (list, tuple)) else [grad_outputs]
    count = len(arguments)

    def gradients(*values: Any) -> tuple[Tensor, ...]:
        variables = [x for x in values[:count] if isinstance(x, Tensor) and x.requires_grad]
        results = [y for y in _outputs(func, values[:count]) if y.requires_grad]
        found = grad(results, variables, values[count:], create_graph=True, allow_unused=True)
        return tuple([g for g in found if g is not None])

    return gradcheck(
        gradients,
        (*arguments, *starts),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
    )


def _outputs(func: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Tensor, ...]:
    result = func(*arguments)
    found = tuple(result) if isinstance(result, (list, tuple)) else (result,)
    return tuple([y for y in found if isinstance(y, Tensor)])


def _random_like(y: Tensor, strided: bool) -> Tensor:
    shape = (*y.shape, 2) if strided else y.shape
    values = np.random.default_rng(0).standard_normal(shape)
    return Tensor(np.asarray(values[..., 0] if strided else values), requires_grad=True)


def _check_output(
    func: Callable[..., Any],
    arguments: tuple[Any, ...],
    checked: list[Tensor],
    index: int,
    output: Tensor,
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
) -> None:
    """Compare the Jacobian of one output with respect to all checked inputs."""
    analytic = _analytic(output, checked)
    again = _analytic(output, checked)
    for number, x in enumerate(checked):
        if not np.allclose(analytic[number], again[number], 0, nondet_tol, equal_nan=True):
            raise GradcheckError(f"output {index}, input {number}: two backward passes differ")
        numeric = _numeric(func, arguments, x, index, eps)
        close = np.isclose(analytic[number], numeric, rtol, atol, equal_nan=True)
        if not close.all():
            worst = np.unravel_index(np.argmax(np.abs(analytic[number] - numeric)), numeric.shape)
            raise GradcheckError(
                f"output {index}, input {number}: the derivative of element {worst[1]} of the "
                f"output by element {worst[0]} of the input is {analytic[number][worst]:.9g}, by "
                f"differences {numeric[worst]:.9g}; {np.count_nonzero(~close)} of {close.size} "
                "differ"
            )


def _analytic(output: Tensor, checked: list[Tensor]) -> list[NDArray[Any]]:
    """Return for each input its Jacobian (elements of the input, elements of the output)."""
    jacobians = [np.zeros((x.numel(), output.numel())) for x in checked]
    if output.requires_grad:
        for j in range(output.numel()):
            start = np.zeros(output.numel())
            start[j] = 1.0
            found = grad(
                output, checked, start.reshape(output.shape), retain_graph=True, allow_unused=True
            )
            for jacobian, g in zip(jacobians, found, strict=True):
                if g is not None:
                    jacobian[:, j] = g.numpy().reshape(-1)
    return jacobians


def _numeric(
    func: Callable[..., Any], arguments: tuple[Any, ...], x: Tensor, index: int, eps: float
) -> NDArray[Any]:
    """Return the Jacobian of one output with respect to `x` by central differences."""
    rows = []
    for place in np.ndindex(x.shape):
        kept = x._data[place]
        sides = []
        for step in (eps, -eps):
            x._data[place] = kept + step
            sides.append(np.array(_outputs(func, arguments)[index]._data).reshape(-1))
        x._data[place] = kept
        rows.append((sides[0] - sides[1]) / (2 * eps))
    return np.array(rows) if rows else np.zeros((0, _outputs(func, arguments)[index].numel()))

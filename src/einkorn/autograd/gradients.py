"""What users call to differentiate: ``backward`` and ``grad``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from einkorn.autograd.engine import Task, accumulate, copied
from einkorn.autograd.mode import set_grad_enabled
from einkorn.autograd.row_sparse import RowSparseTensor
from einkorn.autograd.tape import Operator, Output, key_of
from einkorn.autograd.tensor import Tensor, as_tensor

__all__ = ["backward", "grad"]


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradients of the sum of `tensors` with respect to the leaves to their ``.grad``.

    Parameters
    ----------
    tensors : Tensor or sequence of Tensors
        What to differentiate.
    grad_tensors : Tensor, array or sequence of these, optional
        The gradient with respect to each of `tensors`; 1 for tensors of one element.
    retain_graph, create_graph, inputs
        As in :meth:`einkorn.Tensor.backward`.

    Raises
    ------
    RuntimeError
        As in :meth:`einkorn.Tensor.backward`.
    """
    roots = _as_tuple(tensors)
    gradients = (None,) * len(roots) if grad_tensors is None else _as_tuple(grad_tensors)
    if inputs is None:
        _run(Task(), roots, gradients, retain_graph, create_graph, None)
        return
    targets = _as_tuple(inputs)
    found = _gradients(roots, gradients, targets, retain_graph, create_graph)
    for x, gradient in zip(targets, found, strict=True):
        if gradient is not None:
            accumulate(x, gradient, owned=False)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """Return the gradients of the sum of `outputs` with respect to `inputs`.

    No ``.grad`` is touched, and nothing is computed that `inputs` do not need.

    Parameters
    ----------
    outputs : Tensor or sequence of Tensors
        What to differentiate.
    inputs : Tensor or sequence of Tensors
        What to differentiate by: leaves or results of operators.
    grad_outputs : Tensor, array or sequence of these, optional
        The gradient with respect to each output; may be left out for outputs of one element.
    retain_graph : bool, optional
        Keep what the operators saved. Default: the value of `create_graph`.
    create_graph : bool
        Record the computation, so that the gradients can be differentiated again.
    allow_unused : bool, optional
        Return None for an input that the outputs do not depend on instead of raising.
        Default: the value of `materialize_grads`.
    materialize_grads : bool
        Return zeros for such inputs.

    Returns
    -------
    tuple of Tensor, RowSparseTensor or None
        One for each of `inputs`; sparse for tables of ``sparse=True``.

    Raises
    ------
    RuntimeError
        If an input does not require a gradient or has no part in the outputs, and for the
        reasons of :meth:`einkorn.Tensor.backward`.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor(3.0, requires_grad=True)
    >>> (first,) = ek.autograd.grad(x**3, x, create_graph=True)
    >>> (second,) = ek.autograd.grad(first, x)
    >>> first.item(), second.item()
    (27.0, 18.0)
    """
    roots, targets = _as_tuple(outputs), _as_tuple(inputs)
    gradients = (None,) * len(roots) if grad_outputs is None else _as_tuple(grad_outputs)
    if allow_unused is None:
        allow_unused = materialize_grads
    for i, x in enumerate(targets):
        if not x._requires_grad:
            raise RuntimeError(f"inputs[{i}] does not require a gradient")
    found = _gradients(roots, gradients, targets, retain_graph, create_graph)
    results: list[Tensor | None] = []
    for i, (x, gradient) in enumerate(zip(targets, found, strict=True)):
        if gradient is not None:
            kept = create_graph or isinstance(gradient, RowSparseTensor)
            results.append(gradient if kept else Tensor(copied(gradient)))
        elif materialize_grads:
            results.append(Tensor(np.zeros_like(x._data)))
        elif allow_unused:
            results.append(None)
        else:
            raise RuntimeError(
                f"inputs[{i}] has no part in the outputs; allow_unused=True gives None for it"
            )
    return tuple(results)


def _gradients(
    roots: tuple[Tensor, ...],
    gradients: tuple[Any, ...],
    targets: tuple[Tensor, ...],
    retain_graph: bool | None,
    create_graph: bool,
) -> list[Any]:
    """Return the gradient for each target, None where there is none."""
    wanted: dict[Any, Any] = {key_of(x): None for x in targets}
    plan = _plan(roots, set(wanted))
    _run(Task(wanted), roots, gradients, retain_graph, create_graph, plan)
    return [wanted[key_of(x)] for x in targets]


def _plan(roots: tuple[Tensor, ...], wanted: set[Any]) -> dict[int, tuple[bool, ...]]:
    """Map the number of each operator on a way to a wanted tensor to the inputs on such ways."""
    found: dict[int, Operator] = {}
    waiting = [x._grad_fn for x in roots]
    while waiting:
        source = waiting.pop()
        if isinstance(source, (Operator, Output)) and source.node.order not in found:
            source.node.check_alive()
            found[source.node.order] = source.node
            waiting.extend(source.node.sources)
    plan: dict[int, tuple[bool, ...]] = {}
    for order in sorted(found):
        needs = tuple([_leads(source, wanted, plan) for source in found[order].sources])
        if True in needs:
            plan[order] = needs
    return plan


def _leads(source: Any, wanted: set[Any], plan: dict[int, tuple[bool, ...]]) -> bool:
    """Return whether `source` is wanted or lies on the way to something wanted."""
    if source is None:
        return False
    if isinstance(source, Tensor):
        return id(source) in wanted
    index = source.index if isinstance(source, Output) else 0
    order = source.node.order
    return order in plan or (order, index) in wanted


def _run(
    task: Task,
    roots: tuple[Tensor, ...],
    gradients: tuple[Any, ...],
    retain_graph: bool | None,
    create_graph: bool,
    plan: dict[int, tuple[bool, ...]] | None,
) -> None:
    if len(gradients) != len(roots):
        raise RuntimeError(f"expected {len(roots)} gradients, one per tensor, got {len(gradients)}")
    for root, gradient in zip(roots, gradients, strict=True):
        task.start(root, None if gradient is None else _initial(root, gradient), create_graph)
    if retain_graph is None:
        retain_graph = create_graph
    if create_graph:
        with set_grad_enabled(True):
            task.run(retain_graph, True, plan)
    else:
        task.run(retain_graph, False, plan)


def _initial(root: Tensor, gradient: Any) -> Tensor:
    """Return the gradient to start with as a tensor of the root's shape and dtype."""
    start = as_tensor(gradient)
    if start.shape != root.shape:
        raise RuntimeError(f"gradient: expected shape {root.shape}, got {start.shape}")
    if start.dtype != root.dtype:
        start = start.to(root.dtype)
    return start


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)


def _tensor_backward(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradient of this tensor with respect to every leaf to the leaf's ``.grad``.

    Parameters
    ----------
    gradient : Tensor or array, optional
        Gradient with respect to this tensor, of its shape. May be left out for a tensor of one
        element, where it is 1.
    retain_graph : bool, optional
        Keep what the operators saved, so that ``backward`` can be called again.
        Default: the value of `create_graph`.
    create_graph : bool
        Record the computation of the gradients, so that they can be differentiated.
    inputs : Tensor or sequence of Tensors, optional
        The only leaves to give gradients to.

    Raises
    ------
    RuntimeError
        If the tensor does not require a gradient, if `gradient` is missing or of another shape,
        if the graph was freed by an earlier call, or if a value that an operator saved was
        changed in place.

    Examples
    --------
    >>> import einkorn as ek
    >>> x = ek.tensor([1.0, 2.0], requires_grad=True)
    >>> (x**2).backward(ek.ones(2))
    >>> x.grad
    tensor([2., 4.])
    """
    if gradient is None and inputs is None and not create_graph:
        # What most steps ask for, shortened.
        task = Task()
        task.start(self, None, False)
        task.run(bool(retain_graph), False)
        return
    backward(self, gradient, retain_graph, create_graph, inputs)


# Attached here because the engine stands above the Tensor it differentiates.
_tensor_backward.__name__ = "backward"
setattr(Tensor, "backward", _tensor_backward)  # noqa: B010 - not an attribute of the class itself

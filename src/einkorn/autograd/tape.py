"""The tape: an :class:`Operator` is both a differentiable function and its record in the graph.

To write one::

    class Multiply(Operator):
        __slots__ = ("shapes",)          # attributes beside tensors: dims, strides, shapes
        retain = retain_crosswise        # which tensors `backward` will be given

        def forward(self, a, b):         # arrays in, array out
            self.shapes = a.shape, b.shape
            return a * b

        def backward(self, grad, a, b):  # gradient of the output in, gradients of the inputs out
            return (
                reduce_to(grad * b, self.shapes[0]) if self.needs[0] else None,
                reduce_to(grad * a, self.shapes[1]) if self.needs[1] else None,
            )

and apply it with ``Multiply().apply(x, y)``.

``backward`` is handed arrays. Under ``create_graph`` the engine calls ``compose_backward`` with
Tensors instead; it is ``backward`` itself unless the operator says otherwise, so a formula that
reads the same for arrays and Tensors is written once. Operators over kernels write both: the
kernel for arrays, a composition of operators for Tensors.

A backward may return the gradient it was handed, or views of it, but must not return an array
that it keeps or returns twice: what it returns may become some leaf's ``.grad``.
"""

from __future__ import annotations

from copy import copy
from itertools import count
from typing import Any, Self, cast

import numpy as np

from einkorn.autograd.mode import _mode
from einkorn.autograd.tensor import Tensor

__all__ = ["Operator", "retain_crosswise", "retain_inputs", "retain_output"]

_next_order = count(1).__next__
_ABSENT = Tensor(cast(Any, None))  # stands for what was not retained


def _retain_nothing(self: Operator, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
    """Retain nothing: the gradient depends on no value."""
    return ()


def retain_inputs(self: Operator, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
    """Retain the inputs; an input that is None stays None."""
    return tuple([_ABSENT if x is None else x for x in inputs])


def alias_of(output: Tensor) -> Tensor:
    """Return a tensor over the memory and version of `output` that has no part in the graph."""
    alias = Tensor(output._data)
    alias._version = output._version
    return alias


def retain_output(self: Operator, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
    """Retain the output, as an alias outside the graph: the tensor itself would be a cycle."""
    return (alias_of(output),)


def retain_crosswise(self: Operator, inputs: tuple[Any, ...], output: Any) -> tuple[Tensor, ...]:
    """Retain of the first two inputs those that the other one's gradient reads."""
    needs = self.needs
    return (inputs[0] if needs[1] else _ABSENT, inputs[1] if needs[0] else _ABSENT)


class Operator:
    """A differentiable function of tensors, applied once; see the module's text.

    Attributes
    ----------
    needs : tuple of bool
        Which inputs need a gradient; empty when nothing is recorded.
    sources : tuple
        For each input what made it: an operator, an :class:`Output`, the leaf itself, or None.
    saved : tuple of Tensor or None
        What ``backward`` reads; None once freed.
    extra
        Arrays that ``forward`` leaves for ``backward`` and that are not tensors; freed as well.
    order : int
        Number of creation.
    """

    __slots__ = ("extra", "needs", "order", "saved", "sources", "versions")

    outputs = 1
    retain = _retain_nothing

    needs: tuple[bool, ...]
    sources: tuple[Any, ...]
    saved: tuple[Tensor, ...] | None
    extra: Any

    def forward(self, *inputs: Any) -> Any:
        """Compute the output array from the input arrays."""
        raise NotImplementedError

    def backward(self, grad: Any, /, *saved: Any) -> Any:
        """Compute the gradients of the inputs from that of the output and what was retained."""
        raise NotImplementedError

    def compose_backward(self, grad: Any, /, *saved: Any) -> Any:
        """Compute the same as :meth:`backward` from Tensors, by operators."""
        return self.backward(grad, *saved)

    def apply(self, *inputs: Tensor | None) -> Tensor:
        """Compute the output for `inputs` and record the operator if one needs a gradient."""
        self.extra = None
        needs = self.needs = (
            tuple([x is not None and x._requires_grad for x in inputs]) if _mode.enabled else ()
        )
        data = self.forward(*[None if x is None else x._data for x in inputs])
        output = Tensor(data if type(data) is np.ndarray else np.asarray(data))
        if True in needs:
            output._requires_grad = True
            output._grad_fn = self
            self._record(inputs, output)
        return output

    def apply_many(self, *inputs: Tensor | None) -> tuple[Tensor, ...]:
        """Do the same as :meth:`apply` for an operator with several outputs."""
        self.extra = None
        needs = self.needs = (
            tuple([x is not None and x._requires_grad for x in inputs]) if _mode.enabled else ()
        )
        arrays = self.forward(*[None if x is None else x._data for x in inputs])
        outputs = tuple([Tensor(array) for array in arrays])
        if True in needs:
            for index, output in enumerate(outputs):
                output._requires_grad = True
                output._grad_fn = Output(self, index)
            self._record(inputs, outputs)
        return outputs

    def _record(self, inputs: tuple[Any, ...], output: Any) -> None:
        self.order = _next_order()
        self.sources = tuple(
            [
                (x if x._grad_fn is None else x._grad_fn) if need else None
                for x, need in zip(inputs, self.needs, strict=True)
            ]
        )
        saved = self.saved = self.retain(inputs, output)
        self.versions = [x._version[0] for x in saved]

    @property
    def node(self) -> Operator:
        """The operator itself (of an :class:`Output`: the operator behind it)."""
        return self

    def propagate(self, grad: Any, create_graph: bool) -> Any:
        """Return the gradients of the inputs for `grad`, that of the output."""
        saved = self.saved
        if not saved:
            self.check_alive()
            return self.compose_backward(grad) if create_graph else self.backward(grad)
        for x, version in zip(saved, self.versions, strict=True):
            if x._version[0] != version:
                raise RuntimeError(
                    f"a value that {type(self).__name__} saved for its gradient, of shape "
                    f"{x.shape}, was changed in place (version {x._version[0]}, saved at "
                    f"{version})"
                )
        if create_graph:
            return self.compose_backward(grad, *self._linked())
        return self.backward(grad, *[x._data for x in saved])

    def _linked(self) -> tuple[Tensor | None, ...]:
        """Return what was saved as Tensors in their places in the graph."""
        saved = self.saved
        assert saved is not None
        if type(self).retain is retain_output:
            output = alias_of(saved[0])
            output._requires_grad = True
            output._grad_fn = self
            return (output,)
        return tuple([None if x is _ABSENT else x for x in saved])

    def check_alive(self) -> None:
        """Raise RuntimeError if a backward pass has freed what was saved."""
        if self.saved is None:
            raise RuntimeError(
                f"backward through {type(self).__name__} a second time, but what it had saved "
                "is freed: call the first backward with retain_graph=True"
            )

    def release(self) -> None:
        """Free what was saved. An operator that saved nothing can be passed again."""
        if self.saved or self.extra is not None:
            self.saved = self.extra = None
            self.sources = ()

    def restricted(self, needs: tuple[bool, ...]) -> Self:
        """Return a copy of this record that computes the gradients of `needs` only."""
        copied = copy(self)
        copied.needs = needs
        return copied

    def _receive(self, task: Any, grad: Any, owned: bool) -> None:
        task.deliver(self, grad)

    def note_wanted(self, task: Any, grad: Any) -> None:
        """Tell `task` the complete gradients of the outputs, in case they are wanted."""
        parts = grad if isinstance(grad, list) else (grad,)
        for index, part in enumerate(parts):
            if part is not None:
                task.keep((self.order, index), part)


class Output:
    """One of several outputs of an operator, as the source of other operators' inputs."""

    __slots__ = ("index", "node")

    def __init__(self, node: Operator, index: int) -> None:
        self.node = node
        self.index = index

    def _receive(self, task: Any, grad: Any, owned: bool) -> None:
        task.deliver_part(self.node, self.index, grad)


def key_of(x: Tensor) -> Any:
    """Return the key under which a backward pass keeps the gradient of `x`."""
    made_by = x._grad_fn
    if made_by is None:
        return id(x)
    return (made_by.node.order, made_by.index if isinstance(made_by, Output) else 0)

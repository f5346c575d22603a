"""A module's values in another dtype or place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import to
from einkorn.nn.parameter import is_uninitialized
from einkorn.nn.tree import Tree

__all__ = ["Castable"]


class Castable(Tree):
    """The part of `Module` that converts parameters and buffers."""

    def _convert(self, convert: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the values of every parameter, gradient and buffer by what ``convert`` gives."""
        for parameter in self.parameters(recurse):
            parameter.data = convert(parameter.data)
            if parameter.grad is not None:
                gradient, sparse = parameter.grad, parameter.grad.is_sparse
                parameter.grad = gradient.to(parameter.dtype) if sparse else convert(gradient)
        modules: Iterable[Any] = self.modules() if recurse else (self,)
        for module in modules:
            for name, buffer in module._buffers.items():
                if buffer is None:
                    continue
                if is_uninitialized(buffer):
                    buffer.data = convert(buffer.data)
                else:
                    module._register(module._buffers, name, convert(buffer))
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert parameters and buffers in place: ``to(dtype)``, ``to(device)``, ``to(tensor)``.

        A dtype applies to floating-point values only. Optimisers keep their parameters.

        Raises
        ------
        TypeError
            If an argument is neither a device, a floating-point dtype nor a Tensor.
        """
        probe = to(as_tensor(np.empty(0, np.float32)), *args, **kwargs)
        if not probe.is_floating_point():
            raise TypeError(f"a module's dtype must be floating-point, got {probe.dtype}")
        return self._convert(lambda v: to(v, *args, **kwargs) if v.is_floating_point() else v)

    def float(self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self.to(np.float32)

    def double(self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self.to(np.float64)

    def cpu(self) -> Self:
        """Move parameters and buffers to main memory."""
        return self.to("cpu")

    def half(self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self.to(np.float16)

    def cuda(self, device: int | str | None = None) -> Self:
        """Move parameters and buffers to a GPU.

        Raises
        ------
        RuntimeError
            If there is none that can be used.
        """
        number = device if isinstance(device, int) else None
        return self.to(f"cuda:{number}" if number is not None else device or "cuda")

    def type(self, dst_type: DTypeLike) -> Self:
        """Convert all parameters and buffers, integers among them, to one dtype."""
        return self._convert(lambda value: to(value, np.dtype(dst_type)))

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Move parameters and buffers to a device without their values, which are then undefined.

        Raises
        ------
        RuntimeError
            If there is no such device.
        """
        return self._convert(
            lambda value: as_tensor(np.empty(value.shape, value.dtype), device=device), recurse
        )

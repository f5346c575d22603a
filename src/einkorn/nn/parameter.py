"""Tensors that a module trains."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import DTypeLike

from einkorn.autograd import RowSparseTensor, Tensor, as_tensor, increment_version, tensor

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "clear_grad",
    "empty_parameter",
    "is_uninitialized",
]


class Parameter(Tensor):
    """A Tensor that becomes part of a module when assigned to one of its attributes.

    Parameters
    ----------
    data : Tensor or array_like, optional
        A Tensor shares its memory with the parameter; everything else is copied. Nothing makes an
        empty parameter.
    requires_grad : bool
        Whether it takes part in differentiation.

    Raises
    ------
    RuntimeError
        If ``requires_grad`` and the dtype is not floating point.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> scale = nn.Parameter(np.ones(3, dtype=np.float32))
    >>> scale.requires_grad, scale.shape
    (True, (3,))
    """

    __slots__ = ()

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None:
        if data is None:
            data = np.empty(0, np.float32)
        source = data.detach() if isinstance(data, Tensor) else tensor(data)
        super().__init__(source.numpy())
        self._version = source._version
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


class Buffer(Tensor):
    """A Tensor that becomes a buffer of a module when assigned to one of its attributes.

    Parameters
    ----------
    data : Tensor or array_like, optional
        A Tensor shares its memory with the buffer; everything else is copied. Nothing makes an
        empty buffer.
    persistent : bool
        Whether it is part of the module's `state_dict`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> net = nn.Module()
    >>> net.mean = nn.parameter.Buffer(np.zeros(3))
    >>> [name for name, _ in net.named_buffers()]
    ['mean']
    """

    __slots__ = ("persistent",)

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None:
        if data is None:
            data = np.empty(0, np.float32)
        source = data.detach() if isinstance(data, Tensor) else tensor(data)
        super().__init__(source.numpy())
        self._version = source._version
        self.persistent = persistent

    def __deepcopy__(self, memo: dict[int, Any]) -> Buffer:
        copied = super().__deepcopy__(memo)
        copied.persistent = self.persistent
        return copied


class UninitializedParameter(Parameter):
    """A parameter whose shape is not known before its module has seen an input.

    It may be given to an optimiser already: `materialize` turns this very object into a
    `Parameter`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weight = nn.UninitializedParameter()
    >>> weight.materialize((2, 3))
    >>> type(weight).__name__, weight.shape
    ('Parameter', (2, 3))
    """

    __slots__ = ()

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        empty = as_tensor(np.empty(0, np.float32 if dtype is None else dtype), device=device)
        super().__init__(empty, requires_grad)

    @property
    def shape(self) -> NoReturn:
        """Raise: the shape is not known yet."""
        raise RuntimeError("the parameter has no shape yet: call its module on an input first")

    def materialize(
        self, shape: tuple[int, ...], device: Any = None, dtype: DTypeLike | None = None
    ) -> None:
        """Become a `Parameter` of this shape, its values not yet set."""
        values = np.empty(shape, self.dtype if dtype is None else dtype)
        self.data = as_tensor(values, device=device)
        self.__class__ = Parameter  # type: ignore[assignment]  # it has values now

    def __repr__(self) -> str:
        return "<UninitializedParameter>"


class UninitializedBuffer(Tensor):
    """A buffer whose shape is not known before its module has seen an input.

    Examples
    --------
    >>> from einkorn import nn
    >>> mean = nn.UninitializedBuffer()
    >>> mean.materialize((3,))
    >>> type(mean).__name__, mean.shape
    ('Tensor', (3,))
    """

    __slots__ = ()

    def __init__(
        self,
        requires_grad: bool = False,
        device: Any = None,
        dtype: Any = None,
        persistent: bool = True,
    ) -> None:
        empty = as_tensor(np.empty(0, np.float32 if dtype is None else dtype), device=device)
        super().__init__(empty.numpy(), requires_grad)

    @property
    def shape(self) -> NoReturn:
        """Raise: the shape is not known yet."""
        raise RuntimeError("the buffer has no shape yet: call its module on an input first")

    def materialize(
        self, shape: tuple[int, ...], device: Any = None, dtype: DTypeLike | None = None
    ) -> None:
        """Become a Tensor of this shape, its values not yet set."""
        values = np.empty(shape, self.dtype if dtype is None else dtype)
        self.data = as_tensor(values, device=device)
        self.__class__ = Tensor  # type: ignore[assignment]  # it has values now

    def __repr__(self) -> str:
        return "<UninitializedBuffer>"


def is_uninitialized(value: Any) -> bool:
    """Return whether a parameter or buffer has no shape yet."""
    return isinstance(value, UninitializedParameter | UninitializedBuffer)


def clear_grad(parameter: Tensor, set_to_none: bool) -> None:
    """Drop the gradient of ``parameter``, or fill it with zeros outside any graph."""
    if set_to_none:
        parameter.grad = None
    elif isinstance(parameter.grad, RowSparseTensor):
        parameter.grad = parameter.grad.clone().zero_()
    elif parameter.grad is not None:
        parameter.grad = parameter.grad.detach()
        parameter.grad.numpy().fill(0)
        increment_version(parameter.grad)


def empty_parameter(
    shape: tuple[int, ...], device: Any = None, dtype: DTypeLike | None = None
) -> Parameter:
    """Return a parameter whose values are not yet set, float32 by default."""
    values = np.empty(shape, np.float32 if dtype is None else dtype)
    return Parameter(as_tensor(values, device=device))

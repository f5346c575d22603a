"""Changes in place: the methods whose names end in an underscore, and assignment by index.

Every change raises the version that a tensor shares with its views, so that backward notices when
a value it saved is gone. While operators are recorded a leaf that requires a gradient must not be
changed, since its gradient would be that of a value that no longer exists. The result of an
operator may be: it takes the place of the new result in the graph, and new memory, since the
gradient of the change itself may need the values before it. Others over the same memory would be
left behind there, so that none may be alive.
"""

from __future__ import annotations

import inspect
import sys
from typing import Any

import numpy as np

from einkorn.autograd import operators
from einkorn.autograd.mode import _mode
from einkorn.autograd.operators import activation, rounding
from einkorn.autograd.operators.common import reduce_to, to_tensor
from einkorn.autograd.operators.indexing import plain_key
from einkorn.autograd.random import bernoulli, default_generator
from einkorn.autograd.tape import Operator
from einkorn.autograd.tensor import Tensor

__all__ = [
    "celu_",
    "elu_",
    "hardtanh_",
    "leaky_relu_",
    "relu_",
    "rrelu_",
    "selu_",
    "threshold_",
]


def _holders(x: Tensor) -> int:
    """Return how many hold the version of `x`: the tensors over its memory, and this frame."""
    return sys.getrefcount(x._version)


_ALONE = _holders(Tensor(np.empty(0)))


def assign(target: Tensor, result: Tensor) -> Tensor:
    """Put the values of `result`, computed from `target`, into `target`, also in the graph."""
    _check_fit(target, result)
    if _mode.enabled and (target._requires_grad or result._requires_grad):
        if target._grad_fn is None and target._requires_grad:
            raise RuntimeError(
                "a leaf that requires a gradient cannot be changed in place; use no_grad()"
            )
        if _holders(target) > _ALONE:
            raise RuntimeError(
                "a tensor that shares memory with others, such as its views, cannot be changed "
                "in place while operators are recorded; use no_grad() or clone()"
            )
        target._grad_fn = result._grad_fn
        target._requires_grad = result._requires_grad
        target._data = np.array(result._data, target.dtype)
    else:
        target._data[...] = result._data
    target._version[0] += 1
    return target


def _before(x: Tensor) -> Tensor:
    """Return what `x` is before a change, for operators to save: `x` will be another value."""
    former = Tensor(x._data)
    former._requires_grad = x._requires_grad
    former._grad_fn = x._grad_fn
    return former


def _check_fit(target: Tensor, result: Tensor) -> None:
    if result.shape != target.shape:
        raise RuntimeError(
            f"a result of shape {result.shape} does not fit in place into {target.shape}"
        )
    if not np.can_cast(result.dtype, target.dtype, "same_kind"):
        raise RuntimeError(f"a result of {result.dtype} does not fit in place into {target.dtype}")


def _in_place(function: Any) -> Any:
    """Return the method that does in place what `function` returns."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        operand = _before(self) if _mode.enabled else self
        return assign(self, function(operand, *args, **kwargs))

    method.__name__ = f"{function.__name__}_"
    method.__qualname__ = f"Tensor.{method.__name__}"
    method.__doc__ = f"Do in place what :func:`einkorn.{function.__name__}` returns."
    return method


def _activation(function: Any) -> Any:
    """Return the function of `nn.functional` that does in place what `function` returns."""
    method = _in_place(function)

    def changing(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return method(input, *args, **kwargs)

    changing.__name__ = changing.__qualname__ = method.__name__
    signature = inspect.signature(function)
    taken = [part for part in signature.parameters.values() if part.name != "inplace"]
    described: Any = changing
    described.__signature__ = signature.replace(parameters=taken)
    changing.__doc__ = (
        f"Do in place what :func:`einkorn.nn.functional.{function.__name__}` returns."
    )
    return changing


def _rearranging(function: Any) -> Any:
    """Return the method that gives a tensor the shape of what `function` returns."""

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if _mode.enabled and self._requires_grad and self._grad_fn is None:
            raise RuntimeError(
                "a leaf that requires a gradient cannot be changed in place; use no_grad()"
            )
        result = function(_before(self), *args, **kwargs)
        self._data, self._grad_fn = result._data, result._grad_fn
        self._version[0] += 1
        return self

    method.__name__ = f"{function.__name__}_"
    method.__qualname__ = f"Tensor.{method.__name__}"
    method.__doc__ = f"Do in place what :func:`einkorn.{function.__name__}` returns."
    return method


def float_power_(self: Tensor, exponent: Any) -> Tensor:
    """Do in place what :func:`einkorn.float_power` returns; the tensor has to be float64."""
    if self.dtype != np.float64:
        raise RuntimeError(f"float_power_: the result is float64, the tensor {self.dtype}")
    return assign(self, operators.float_power(_before(self), exponent))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Any = None) -> Tensor:
    """Fill with 1 with the probabilities `p`, else 0."""
    chances = np.broadcast_to(np.asarray(p, np.float64), self.shape)
    return copy_(self, bernoulli(chances, generator=generator))


def zero_(self: Tensor) -> Tensor:
    """Fill with zeros."""
    return fill_(self, 0)


def fill_(self: Tensor, value: Any) -> Tensor:
    """Fill with one value."""
    if _mode.enabled and self._requires_grad:
        number = np.asarray(value).item()
        filled = rounding.Flat(lambda x: np.full_like(x, number))
        return assign(self, filled.apply(_before(self)))
    return copy_(self, Tensor(np.asarray(value).astype(self.dtype)))


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Take the values of `src`, broadcast and converted."""
    source = to_tensor(src)
    if not _mode.enabled or not (self._requires_grad or source._requires_grad):
        np.copyto(self._data, source._data, casting="unsafe")
        self._version[0] += 1
        return self
    return assign(self, source.to(self.dtype).expand(self.shape))


def uniform_(self: Tensor, a: float = 0.0, b: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with uniform random numbers in [a, b)."""
    return copy_(self, Tensor((generator or default_generator()).uniform(a, b, self.shape)))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Tensor:
    """Fill with normal random numbers."""
    return copy_(self, Tensor((generator or default_generator()).normal(mean, std, self.shape)))


class SetItem(Operator):
    """`x` with `values` at ``[key]``."""

    __slots__ = ("key", "shape")

    def __init__(self, key: Any) -> None:
        self.key = key

    def forward(self, x: Any, values: Any) -> Any:
        self.shape = values.shape
        result = x.copy()
        result[self.key] = values
        return result

    def backward(self, grad: Any) -> Any:
        gx = gv = None
        if self.needs[0]:
            gx = grad.clone() if isinstance(grad, Tensor) else grad.copy()
            gx[self.key] = 0
        if self.needs[1]:
            gv = grad[self.key]
            lead = len(self.shape) - gv.ndim
            # NumPy lets assigned values have surplus leading dimensions of size 1.
            gv = reduce_to(gv, self.shape[lead:] if lead > 0 else self.shape).reshape(self.shape)
        return gx, gv


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """Assign `value`, broadcast, to ``self[key]``."""
    plain, _ = plain_key(key)
    values = to_tensor(value)
    if _mode.enabled and (self._requires_grad or values._requires_grad):
        source = values.to(self.dtype)
        assign(self, SetItem(plain).apply(self, source))
    else:
        self._data[plain] = values._data
        self._version[0] += 1


def methods() -> dict[str, Any]:
    """Return the in-place methods by name."""
    found: dict[str, Any] = {
        "zero_": zero_,
        "fill_": fill_,
        "copy_": copy_,
        "bernoulli_": bernoulli_,
        "float_power_": float_power_,
        "uniform_": uniform_,
        "normal_": normal_,
        "__setitem__": setitem,
    }
    for name in (*_ELEMENTWISE, *_OF_PARTS):
        found[f"{name}_"] = _in_place(getattr(operators, name))
    for name in _REARRANGING:
        found[f"{name}_"] = _rearranging(getattr(operators, name))
    for symbol, name in _SYMBOLS.items():
        found[f"__{symbol}__"] = found[f"{name}_"]
    return found


_ELEMENTWISE = (
    *("abs", "absolute", "acos", "acosh", "add", "addcdiv", "addcmul", "arccos", "arccosh"),
    *("arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "asin", "asinh", "atan", "atan2"),
    *("atanh", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or"),
    *("bitwise_right_shift", "bitwise_xor", "ceil", "clamp", "clamp_max", "clamp_min", "clip"),
    *("copysign", "cos", "cosh", "cumprod", "cumsum", "deg2rad", "div", "divide", "eq", "erf"),
    *("erfc", "exp", "exp2", "expm1", "floor", "floor_divide", "fmod", "frac", "ge", "greater"),
    *("greater_equal", "gt", "heaviside", "hypot", "le", "lerp", "less", "less_equal", "log"),
    *("log10", "log1p", "log2", "logical_and", "logical_not", "logical_or", "logical_xor"),
    *("logit", "lt", "mul", "multiply", "nan_to_num", "ne", "neg", "negative", "not_equal"),
    *("pow", "rad2deg", "reciprocal", "relu", "remainder", "round", "rsqrt", "sigmoid", "sgn"),
    *("sign", "sin", "sinc", "sinh", "sqrt", "square", "sub", "subtract", "tan", "tanh", "tril"),
    *("triu", "true_divide", "trunc", "xlogy"),
)
_OF_PARTS = (
    *("addbmm", "addmm", "addmv", "addr", "baddbmm", "index_add", "index_copy", "index_fill"),
    *("index_put", "masked_fill", "masked_scatter", "put", "scatter", "scatter_add"),
)
_REARRANGING = ("squeeze", "swapaxes", "swapdims", "t", "transpose", "unsqueeze")
_SYMBOLS = {"iadd": "add", "isub": "sub", "imul": "mul", "itruediv": "div", "ipow": "pow"}

celu_ = _activation(activation.celu)
elu_ = _activation(activation.elu)
hardtanh_ = _activation(activation.hardtanh)
leaky_relu_ = _activation(activation.leaky_relu)
relu_ = _activation(activation.relu)
rrelu_ = _activation(activation.rrelu)
selu_ = _activation(activation.selu)
threshold_ = _activation(activation.threshold)

"""PyTorch's values as einkorn's: tensors, dtypes, modules, whatever a sample is made of."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

import einkorn as ek
from einkorn.testing.namesakes.differences import Different

__all__ = ["Conversion", "numpy_dtype"]

_DTYPES = {
    **{name: name for name in ("float16", "float32", "float64", "uint8", "bool")},
    **{name: name for name in ("int8", "int16", "int32", "int64")},
}


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """Return NumPy's dtype for PyTorch's, or raise `Different` where there is none."""
    name = str(dtype).removeprefix("torch.")
    if "complex" in name:
        raise Different("complex")
    if name not in _DTYPES:
        raise Different("dtypes")
    return np.dtype(_DTYPES[name])


def _of_transformer_layer(layer: Any) -> dict[str, Any]:
    return {
        "d_model": layer.self_attn.embed_dim,
        "nhead": layer.self_attn.num_heads,
        "dim_feedforward": layer.linear1.out_features,
        "dropout": layer.dropout.p,
        "layer_norm_eps": layer.norm1.eps,
        "batch_first": layer.self_attn.batch_first,
        "bias": layer.linear1.bias is not None,
    }


#: The arguments of constructors that modules do not keep under their names.
_UNKEPT: dict[str, Callable[[Any], dict[str, Any]]] = {
    "TransformerDecoderLayer": _of_transformer_layer,
    "TransformerEncoderLayer": _of_transformer_layer,
}


class Conversion:
    """The conversion of one sample.

    A tensor that appears twice stays one tensor; ``pairs`` lists those that require a gradient as
    (PyTorch's, einkorn's).
    """

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, ek.Tensor]] = []
        self._known: dict[int, ek.Tensor] = {}

    def __call__(self, value: Any) -> Any:
        """Return `value` with everything of PyTorch's in it converted."""
        import torch

        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, torch.dtype):
            return numpy_dtype(value)
        if isinstance(value, torch.device):
            if value.type != "cpu":
                raise Different("devices")
            return str(value)
        if isinstance(value, torch.memory_format) and value != torch.channels_last:
            return None
        if isinstance(value, (torch.layout, torch.memory_format)):
            raise Different("layouts")
        if isinstance(value, dict):
            if "out" in value:
                raise Different("out")
            return {name: self(part) for name, part in value.items()}
        if isinstance(value, slice):
            return slice(self(value.start), self(value.stop), self(value.step))
        if isinstance(value, torch.Size):
            return tuple(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self(part) for part in value)
        if isinstance(value, torch.nn.Module) or callable(value):
            return self._callable(value)
        return value

    def _tensor(self, value: Any) -> ek.Tensor:
        import torch

        if id(value) in self._known:
            return self._known[id(value)]
        if value.layout != torch.strided:
            raise Different("sparse")
        if value.device.type != "cpu":
            raise Different("devices")
        if value.ndim > 64:
            raise Different("dimensions")
        dtype = numpy_dtype(value.dtype)
        if dtype == np.float16:
            raise Different("dtypes")
        array = np.array(value.detach().numpy(), dtype, order="K")
        wrap = ek.nn.Parameter if isinstance(value, torch.nn.Parameter) else ek.Tensor
        converted = wrap(array, requires_grad=value.requires_grad)
        self._known[id(value)] = converted
        if value.requires_grad:
            self.pairs.append((value, converted))
        return converted

    def _module(self, value: Any) -> Any:
        """Return the namesake of a module, constructed alike and with its state."""
        parameters = inspect.signature(type(value)).parameters
        known = {name: getattr(value, name) for name in parameters if hasattr(value, name)}
        known |= _UNKEPT.get(type(value).__name__, lambda module: {})(value)
        kept = {name: self(part) for name, part in known.items() if name in parameters}
        converted = getattr(ek.nn, type(value).__name__)(**kept)
        for parameter in value.parameters():
            converted.to(numpy_dtype(parameter.dtype))
        converted.load_state_dict({name: x.numpy() for name, x in value.state_dict().items()})
        return converted.train(value.training)

    def _callable(self, value: Any) -> Any:
        import torch

        name = getattr(value, "__name__", type(value).__name__)
        if isinstance(value, torch.nn.Module):
            return self._module(value)
        if isinstance(value, type):
            return getattr(ek.nn, name, value)
        if value is getattr(torch.nn.functional, name, None):
            return getattr(ek.nn.functional, name)
        if value is getattr(torch, name, None):
            return getattr(ek, name)
        return value

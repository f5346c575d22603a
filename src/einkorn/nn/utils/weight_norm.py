"""Weights as a direction and a length, recomputed by a hook before every call."""

from __future__ import annotations

from typing import Any, TypeVar

from einkorn.autograd import Tensor
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter

__all__ = ["norm_except_dim", "remove_weight_norm", "weight_norm", "with_length"]

M = TypeVar("M", bound=Module)


def norm_except_dim(v: Tensor, dim: int | None) -> Tensor:
    """Return the Euclidean norms of what each index of ``dim`` counts; over all for None or -1."""
    if dim in (None, -1):
        return v.norm()
    if not -v.ndim <= dim < v.ndim:
        raise IndexError(f"dim must be an axis of shape {v.shape}, got {dim}")
    axes = tuple(axis for axis in range(v.ndim) if axis != dim % v.ndim)
    return v.norm(2, axes, keepdim=True) if axes else v.abs()


def with_length(v: Tensor, g: Tensor, dim: int | None) -> Tensor:
    """Return ``v``, scaled to the norms ``g``."""
    return v * (g / norm_except_dim(v, dim))


class WeightNorm:
    """The hook."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, dim

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))

    def compute_weight(self, module: Module) -> Tensor:
        """Return the weight."""
        v, g = (getattr(module, self.name + end) for end in ("_v", "_g"))
        return with_length(v, g, self.dim)


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    r"""Replace a parameter by its direction and its length.

    .. math:: w = g \frac{v}{\lVert v \rVert}

    ``weight`` makes way for the parameters ``weight_g`` and ``weight_v``, and is computed from them
    before every call. `parametrizations.weight_norm` does the same without a hook.

    Parameters
    ----------
    module : Module
    name : str
        The parameter.
    dim : int, optional
        The axis that counts the vectors with lengths of their own; None for one of the whole.

    Returns
    -------
    Module
        ``module``.

    Raises
    ------
    RuntimeError
        If the parameter is normalised already.
    KeyError
        If there is no such parameter.

    References
    ----------
    T. Salimans and D. P. Kingma, "Weight normalization: a simple reparameterization to accelerate
    training of deep neural networks", 2016.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(20, 40))
    >>> layer.weight_g.shape, layer.weight_v.shape
    ((40, 1), (40, 20))
    """
    if module._call_hook_of(WeightNorm, name) is not None:
        raise RuntimeError(f"name: {name!r} is normalised already")
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"name: {name!r} is None")
    length = norm_except_dim(weight.detach(), dim)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(length))
    module.register_parameter(f"{name}_v", Parameter(weight.detach()))
    hook = WeightNorm(name, dim)
    hook(module, ())
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make a parameter that `weight_norm` replaced an ordinary one again.

    Raises
    ------
    ValueError
        If the parameter is not normalised.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.weight_norm(nn.Linear(20, 40))
    >>> sorted(nn.utils.remove_weight_norm(layer).state_dict())
    ['bias', 'weight']
    """
    entry = module._call_hook_of(WeightNorm, name)
    if entry is None:
        raise ValueError(f"name: weight_norm of {name!r} not found in {module}")
    weight = entry.function.compute_weight(module)
    for left in (name, f"{name}_g", f"{name}_v"):
        delattr(module, left)
    module.register_parameter(name, Parameter(weight.detach()))
    module._remove_call_hook(entry)
    return module

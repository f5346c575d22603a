"""Weights divided by their largest singular value, recomputed by a hook before every call."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

from einkorn.autograd import Tensor, as_tensor, increment_version
from einkorn.autograd.random import default_generator
from einkorn.nn.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, is_uninitialized

__all__ = ["as_matrix", "default_dim", "random_unit", "remove_spectral_norm", "spectral_norm"]

M = TypeVar("M", bound=Module)


def default_dim(module: Module, dim: int | None) -> int:
    """Return the axis that counts the outputs of a layer."""
    if dim is not None:
        return dim
    return 1 if isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d) else 0


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """Return a view or copy with ``dim`` first and all other axes in one."""
    if dim:
        weight = weight.permute(dim, *(axis for axis in range(weight.ndim) if axis != dim))
    return weight.reshape(weight.shape[0], -1)


def random_unit(size: int, dtype: Any, eps: float) -> Tensor:
    """Return a random vector of length 1."""
    drawn = default_generator().standard_normal(size).astype(dtype)
    return as_tensor(drawn / max(float(np.linalg.norm(drawn)), eps))


def point_at(target: Tensor, vector: np.ndarray, eps: float) -> None:
    """Set ``target`` to the direction of ``vector``, in place."""
    target.numpy()[...] = vector / max(float(np.linalg.norm(vector)), eps)
    increment_version(target)


class SpectralNorm:
    """The hook."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(f"n_power_iterations must be positive, got {n_power_iterations}")
        self.name, self.dim, self.eps = name, dim, eps
        self.n_power_iterations = n_power_iterations

    def __call__(self, module: Module, args: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))

    def compute_weight(self, module: Module, iterates: bool) -> Tensor:
        """Return the weight, after some more iterations if asked for."""
        weight, u, v = (getattr(module, self.name + end) for end in ("_orig", "_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        if iterates:
            values = matrix.numpy()
            for _ in range(self.n_power_iterations):
                point_at(v, values.T @ u.numpy(), self.eps)
                point_at(u, values @ v.numpy(), self.eps)
        # Copies: the next call changes the vectors, perhaps before this one's gradient.
        return weight / (u.clone() * (matrix @ v.clone())).sum()


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    r"""Divide a parameter by its largest singular value before every call.

    .. math:: w = \frac{w_{orig}}{u^T w_{orig} v}

    with u and v from the power method, of which a call in training mode takes some steps.
    ``weight`` makes way for the parameter ``weight_orig`` and the buffers ``weight_u`` and
    ``weight_v``. `parametrizations.spectral_norm` does the same without a hook.

    Parameters
    ----------
    module : Module
    name : str
        The parameter; more than two axes are taken together as a matrix.
    n_power_iterations : int
        Steps of the power method at each call.
    eps : float
        The least length that a vector is divided by.
    dim : int, optional
        The axis that counts the outputs: 1 for transposed convolutions, otherwise 0.

    Returns
    -------
    Module
        ``module``.

    Raises
    ------
    RuntimeError
        If the parameter is normalised already.
    ValueError
        If ``n_power_iterations`` is not positive, or the parameter has no shape yet.

    References
    ----------
    T. Miyato, T. Kataoka, M. Koyama and Y. Yoshida, "Spectral normalization for generative
    adversarial networks", 2018.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.spectral_norm(nn.Linear(20, 40))
    >>> layer.weight_u.shape
    (40,)
    """
    if module._call_hook_of(SpectralNorm, name) is not None:
        raise RuntimeError(f"name: {name!r} is normalised already")
    hook = SpectralNorm(name, n_power_iterations, default_dim(module, dim), eps)
    weight = module._parameters[name]
    if weight is None or is_uninitialized(weight):
        raise ValueError(f"name: {name!r} has no values yet")
    height, width = as_matrix(weight.detach(), hook.dim).shape
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.detach())
    module.register_buffer(f"{name}_u", random_unit(height, weight.dtype, eps))
    module.register_buffer(f"{name}_v", random_unit(width, weight.dtype, eps))
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make a parameter that `spectral_norm` replaced an ordinary one again.

    Raises
    ------
    ValueError
        If the parameter is not normalised.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.spectral_norm(nn.Linear(20, 40))
    >>> sorted(nn.utils.remove_spectral_norm(layer).state_dict())
    ['bias', 'weight']
    """
    entry = module._call_hook_of(SpectralNorm, name)
    if entry is None:
        raise ValueError(f"name: spectral_norm of {name!r} not found in {module}")
    weight = entry.function.compute_weight(module, False)
    for left in (name, f"{name}_u", f"{name}_v", f"{name}_orig"):
        delattr(module, left)
    module.register_parameter(name, Parameter(weight.detach()))
    module._remove_call_hook(entry)
    return module

"""The usual parametrisations: `weight_norm`, `spectral_norm`, `orthogonal`."""

from __future__ import annotations

from typing import Any, TypeVar

from einkorn.autograd import Tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.module import Module
from einkorn.nn.utils.orthogonal import MAPS, Orthogonal
from einkorn.nn.utils.parametrize import register_parametrization
from einkorn.nn.utils.spectral_norm import as_matrix, default_dim, point_at, random_unit
from einkorn.nn.utils.weight_norm import norm_except_dim, with_length

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return with_length(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, self.dim), weight


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(self, weight: Tensor, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(f"dim must be an axis of shape {weight.shape}, got {dim}")
        if n_power_iterations <= 0:
            raise ValueError(f"n_power_iterations must be positive, got {n_power_iterations}")
        self.dim, self.eps = dim % weight.ndim, eps
        self.n_power_iterations = n_power_iterations
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            for name, size in zip(("_u", "_v"), matrix.shape, strict=True):
                self.register_buffer(name, random_unit(size, weight.dtype, eps))
            self._iterate(matrix, 15)

    def _iterate(self, matrix: Tensor, times: int) -> None:
        values = matrix.numpy()
        for _ in range(times):
            point_at(self._u, values @ self._v.numpy(), self.eps)
            point_at(self._v, values.T @ self._u.numpy(), self.eps)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._iterate(matrix, self.n_power_iterations)
        return weight / (self._u.clone() * (matrix @ self._v.clone())).sum()

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    r"""Parametrise a weight by its length g and its direction v.

    .. math:: w = g \frac{v}{\lVert v \rVert}

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
        ``module``, with ``original0``, g, and ``original1``, v, in ``parametrizations.weight``.
        States of `nn.utils.weight_norm`, with ``weight_g`` and ``weight_v``, load into it.

    References
    ----------
    T. Salimans and D. P. Kingma, "Weight normalization: a simple reparameterization to accelerate
    training of deep neural networks", 2016.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(20, 40))
    >>> layer.parametrizations.weight.original0.shape
    (40, 1)
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename(owner: Module, state: Any, prefix: str, *_: Any) -> None:
        for end, number in (("_g", 0), ("_v", 1)):
            if f"{prefix}{name}{end}" in state:
                key = f"{prefix}parametrizations.{name}.original{number}"
                state[key] = state.pop(f"{prefix}{name}{end}")

    module.register_load_state_dict_pre_hook(rename)
    return module


def spectral_norm(
    module: M,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> M:
    r"""Parametrise a weight so that its largest singular value is 1; a vector's length is, then.

    .. math:: w = \frac{w_{orig}}{u^T w_{orig} v}

    with u and v from the power method, of which every reading in training mode takes some steps.

    Parameters
    ----------
    module : Module
    name : str
        The parameter; more than two axes are taken together as a matrix.
    n_power_iterations : int
        Steps of the power method at each reading.
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
    ValueError
        If there is no such parameter, or ``n_power_iterations`` is not positive.

    References
    ----------
    T. Miyato, T. Kataoka, M. Koyama and Y. Yoshida, "Spectral normalization for generative
    adversarial networks", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3), n_power_iterations=50)
    >>> bool(abs(np.linalg.svd(layer.weight.numpy())[1][0] - 1) < 1e-4)
    True
    """
    weight = _weight_of(module, name)
    made = _SpectralNorm(weight, n_power_iterations, default_dim(module, dim), eps)
    register_parametrization(module, name, made)
    return module


def orthogonal(
    module: M,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> M:
    r"""Parametrise a weight so that its columns are orthonormal, or its rows if it has fewer.

    Parameters
    ----------
    module : Module
    name : str
        The parameter, a matrix or several, (..., m, n).
    orthogonal_map : {"matrix_exp", "cayley", "householder"}, optional
        :math:`\exp(A)` or :math:`(I - A/2)^{-1} (I + A/2)` with A skew-symmetric, or a product of
        reflections. By default the first for square matrices, otherwise the last.
    use_trivialization : bool
        Whether to multiply by a fixed matrix, the value that is assigned; without, nothing can be
        assigned under the first two maps.

    Returns
    -------
    Module
        ``module``.

    Raises
    ------
    ValueError
        If there is no such parameter, it has fewer than two axes, or the map is none of these.

    References
    ----------
    M. Lezcano-Casado, "Trivializations for gradient-based optimization on manifolds", 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.utils.parametrizations.orthogonal(nn.Linear(20, 40))
    >>> q = layer.weight.numpy()
    >>> np.allclose(q.T @ q, np.eye(20), atol=1e-5)
    True
    """
    weight = _weight_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"name: {name!r} must have two axes or more, got shape {weight.shape}")
    if orthogonal_map is None:
        orthogonal_map = "matrix_exp" if weight.shape[-1] == weight.shape[-2] else "householder"
    if orthogonal_map not in MAPS:
        raise ValueError(f"orthogonal_map must be one of {list(MAPS)}, got {orthogonal_map!r}")
    made = Orthogonal(weight.shape, orthogonal_map, use_trivialization)
    register_parametrization(module, name, made, unsafe=True)
    return module


def _weight_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"name: {type(module).__name__} has no parameter or buffer {name!r}")
    return weight

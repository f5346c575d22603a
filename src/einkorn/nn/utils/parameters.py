"""Gradients and parameters as a whole: clipping, limits, and the vector of all parameters."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable

import numpy as np

from einkorn.autograd import RowSparseTensor, Tensor, as_tensor, increment_version
from einkorn.autograd.operators import cat, reshape

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
    "max_norm_",
    "parameters_to_vector",
    "vector_to_parameters",
]

Tensors = Tensor | Iterable[Tensor]


def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Return the norm of the norms of ``tensors``, as if they were one vector.

    Parameters
    ----------
    tensors : Tensor or iterable of Tensor
    norm_type : float
        The p of the norm, ``inf`` too.
    error_if_nonfinite : bool
        Raise RuntimeError where the norm is infinite or NaN.
    foreach : bool, optional
        Accepted and without effect.

    Returns
    -------
    Tensor
        0-D, of the first tensor's dtype.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn import nn
    >>> nn.utils.get_total_norm([ek.tensor([3.0]), ek.tensor([4.0])]).item()
    5.0
    """
    arrays = [_elements(tensor) for tensor in _listed(tensors)]
    if not arrays:
        return as_tensor(np.zeros((), np.float32))
    norms = np.array([_norm(array.ravel(), norm_type) for array in arrays])
    total = _norm(norms, norm_type)
    if error_if_nonfinite and not math.isfinite(total):
        raise RuntimeError(f"the total norm of order {norm_type} is {total}")
    return as_tensor(np.array(total, arrays[0].dtype))


def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale gradients in place by ``max_norm / (total_norm + 1e-6)`` where that is below 1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> w = nn.Parameter(np.zeros(2))
    >>> (w * np.array([3.0, 4.0])).sum().backward()
    >>> nn.utils.clip_grads_with_norm_(w, 1.0, total_norm=nn.utils.get_total_norm(w.grad))
    >>> w.grad.numpy().round(4).tolist()
    [0.6, 0.8]
    """
    scale = float(max_norm) / (float(total_norm) + 1e-6)
    if scale >= 1.0:
        return
    for gradient in _gradients(parameters):
        if isinstance(gradient, RowSparseTensor):
            gradient.mul_(scale)
            continue
        array = gradient.numpy()
        np.multiply(array, array.dtype.type(scale), out=array)
        increment_version(gradient)


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale gradients in place so that the norm of all together is at most ``max_norm``.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those without a gradient are passed over.
    max_norm : float
    norm_type : float
        The p of the norm, ``inf`` too.
    error_if_nonfinite : bool
        Raise RuntimeError where the norm is infinite or NaN, before anything is changed.
    foreach : bool, optional
        Accepted and without effect.

    Returns
    -------
    Tensor
        The norm before clipping, 0-D.

    References
    ----------
    R. Pascanu, T. Mikolov and Y. Bengio, "On the difficulty of training recurrent neural
    networks", 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> w = nn.Parameter(np.zeros(2))
    >>> (w * np.array([3.0, 4.0])).sum().backward()
    >>> nn.utils.clip_grad_norm_([w], max_norm=1.0).item()
    5.0
    >>> np.round(w.grad.numpy(), 4).tolist()
    [0.6, 0.8]
    """
    listed = _listed(parameters)
    total = get_total_norm(_gradients(listed), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(listed, max_norm, total)
    return total


def clip_grad_norm(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Do what `clip_grad_norm_` does, under a name that PyTorch deprecates.

    Warns
    -----
    FutureWarning
        Always.
    """
    warnings.warn("clip_grad_norm: call clip_grad_norm_", FutureWarning, stacklevel=2)
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clip every element of the gradients to [-clip_value, clip_value], in place.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> w = nn.Parameter(np.zeros(2))
    >>> (w * np.array([3.0, -0.2])).sum().backward()
    >>> nn.utils.clip_grad_value_([w], 0.5)
    >>> w.grad.tolist()
    [0.5, -0.2]
    """
    for gradient in _gradients(parameters):
        if isinstance(gradient, RowSparseTensor):
            gradient.clamp_(-clip_value, clip_value)
            continue
        array = gradient.numpy()
        np.clip(array, -clip_value, clip_value, out=array)
        increment_version(gradient)


def max_norm_(parameters: Tensors, max_norm: float, norm_type: float = 2.0, dim: int = 0) -> None:
    r"""Scale rows of ``parameters`` down to a norm of at most ``max_norm``, in place.

    .. math::
        w_i \leftarrow w_i \min\left(1, \frac{c}{\lVert w_i \rVert}\right)

    To be called after every step of the optimiser. A row is what a unit multiplies its inputs by:
    of `Linear` a row of the weights, of a convolution a filter. No graph records the change.

    Parameters
    ----------
    parameters : Tensor or iterable of Tensor
        Those with fewer than two axes, biases among them, are passed over.
    max_norm : float
        c, positive.
    norm_type : float
        The p of the norm, ``inf`` too.
    dim : int
        The axis that counts the units; 1 for transposed convolutions without groups.

    Raises
    ------
    ValueError
        If ``max_norm`` is not positive.
    IndexError
        If a parameter has no axis ``dim``; none is changed then.

    References
    ----------
    N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever and R. Salakhutdinov, "Dropout: a simple
    way to prevent neural networks from overfitting", 2014, section 5.1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> w = nn.Parameter(np.array([[3.0, 4.0], [0.6, 0.8]]))
    >>> nn.utils.max_norm_(w, 2.0)
    >>> w.numpy().round(6).tolist()
    [[1.2, 1.6], [0.6, 0.8]]
    """
    if not max_norm > 0.0:
        raise ValueError(f"max_norm must be positive, got {max_norm}")
    limited = [parameter for parameter in _listed(parameters) if parameter.ndim > 1]
    for parameter in limited:
        if not -parameter.ndim <= dim < parameter.ndim:
            raise IndexError(f"dim: expected an axis of shape {parameter.shape}, got {dim}")
    for parameter in limited:
        array = parameter.numpy()
        axes = tuple(axis for axis in range(array.ndim) if axis != dim % array.ndim)
        norms = np.linalg.vector_norm(array, ord=norm_type, axis=axes, keepdims=True)
        if np.any(norms > max_norm):
            array *= np.where(norms > max_norm, max_norm / norms, 1.0).astype(array.dtype)
            increment_version(parameter)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """Return all elements of ``parameters``, one after another, as one 1-D Tensor.

    Examples
    --------
    >>> from einkorn import nn
    >>> nn.utils.parameters_to_vector(nn.Linear(3, 2).parameters()).shape
    (8,)
    """
    return cat([reshape(parameter, -1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Set the values of ``parameters`` from one 1-D Tensor, as `parameters_to_vector` laid it out.

    Raises
    ------
    TypeError
        If ``vec`` is not a Tensor.
    ValueError
        If its size is not that of all parameters together; nothing is changed then.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn import nn
    >>> layer = nn.Linear(1, 2)
    >>> nn.utils.vector_to_parameters(ek.tensor([1.0, 2.0, 3.0, 4.0]), layer.parameters())
    >>> layer.bias.tolist()
    [3.0, 4.0]
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"vec must be a Tensor, got {type(vec).__name__}")
    targets = list(parameters)
    wanted = sum(target.numel() for target in targets)
    if vec.shape != (wanted,):
        raise ValueError(f"vec must have shape {(wanted,)}, got {vec.shape}")
    start = 0
    for target in targets:
        stop = start + target.numel()
        target.numpy()[...] = vec.numpy()[start:stop].reshape(target.shape)
        increment_version(target)
        start = stop


def _listed(tensors: Tensors) -> list[Tensor]:
    return [tensors] if isinstance(tensors, Tensor | RowSparseTensor) else list(tensors)


def _elements(tensor: Tensor | RowSparseTensor) -> np.ndarray:
    """Return the elements that are not known to be zero."""
    if isinstance(tensor, RowSparseTensor):
        return tensor.coalesce().values().numpy()
    return tensor.numpy()


def _gradients(parameters: Tensors) -> list[Tensor]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


def _norm(vector: np.ndarray, order: float) -> float:
    return float(np.linalg.norm(vector, order)) if vector.size else 0.0

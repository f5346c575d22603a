"""Parameters of which some elements are held at zero by a mask.

``weight`` makes way for the parameter ``weight_orig`` and the buffer ``weight_mask``; a hook sets
their product before every call. Pruned again, a parameter loses elements of those that are left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.random import default_generator
from einkorn.nn.module import Module

__all__ = [
    "L1Unstructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]

M = TypeVar("M", bound=Module)
#: What tells from scores and the mask so far which elements go: their new mask.
Method = Callable[[np.ndarray, np.ndarray], np.ndarray]


class _Masking:
    """The hook."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Module, args: Any) -> None:
        original = getattr(module, f"{self.name}_orig")
        setattr(module, self.name, original * getattr(module, f"{self.name}_mask"))


def identity(module: M, name: str) -> M:
    """Put a mask of ones over a parameter.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.prune.identity(nn.Linear(2, 3), "bias")
    >>> layer.bias_mask.tolist()
    [1.0, 1.0, 1.0]
    """
    return _masked(module, name, lambda scores, mask: mask)


def random_unstructured(module: M, name: str, amount: float) -> M:
    """Prune elements at random.

    Parameters
    ----------
    module : Module
    name : str
        The parameter.
    amount : int or float
        How many of those that are left go: a number, or a share in [0, 1].

    Returns
    -------
    Module
        ``module``.

    Raises
    ------
    ValueError
        If ``amount`` is out of range, or more than there are.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.prune.random_unstructured(nn.Linear(2, 3), "weight", amount=1)
    >>> int((layer.weight == 0).sum())
    1
    """
    _check_amount(amount)

    def method(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
        drawn = default_generator().random(scores.shape)
        return _without_least(drawn, mask, amount)

    return _masked(module, name, method)


def l1_unstructured(
    module: M, name: str, amount: float, importance_scores: Tensor | None = None
) -> M:
    """Prune the elements of least magnitude.

    Parameters
    ----------
    module : Module
    name : str
        The parameter.
    amount : int or float
        How many of those that are left go: a number, or a share in [0, 1].
    importance_scores : Tensor, optional
        Of the parameter's shape; their magnitudes count in place of its own.

    Returns
    -------
    Module
        ``module``.

    Raises
    ------
    ValueError
        If ``amount`` is out of range, or the scores have another shape.

    References
    ----------
    S. Han, J. Pool, J. Tran and W. J. Dally, "Learning both weights and connections for efficient
    neural networks", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.Linear(4, 1, bias=False)
    >>> _ = layer.load_state_dict({"weight": np.array([[0.1, -3.0, 2.0, -0.2]])})
    >>> nn.utils.prune.l1_unstructured(layer, "weight", amount=0.5).weight.tolist()
    [[0.0, -3.0, 2.0, -0.0]]
    >>> sorted(layer.state_dict())
    ['weight_mask', 'weight_orig']
    """
    _check_amount(amount)
    return _masked(
        module,
        name,
        lambda scores, mask: _without_least(np.abs(scores), mask, amount),
        importance_scores,
    )


class L1Unstructured:
    """What `global_unstructured` is told to prune the elements of least magnitude."""

    @classmethod
    def apply(
        cls, module: M, name: str, amount: float, importance_scores: Tensor | None = None
    ) -> M:
        """Do what `l1_unstructured` does."""
        return l1_unstructured(module, name, amount, importance_scores)


class RandomUnstructured:
    """What `global_unstructured` is told to prune elements at random."""

    @classmethod
    def apply(cls, module: M, name: str, amount: float) -> M:
        """Do what `random_unstructured` does."""
        return random_unstructured(module, name, amount)


def random_structured(module: M, name: str, amount: float, dim: int) -> M:
    """Prune whole slices along ``dim`` at random; see `ln_structured`.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.prune.random_structured(nn.Linear(2, 4), "weight", amount=2, dim=0)
    >>> int((layer.weight == 0).all(1).sum())
    2
    """
    _check_amount(amount)

    def method(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
        drawn = default_generator().random((scores.shape[dim],))
        return _without_slices(drawn, mask, amount, dim)

    return _masked(module, name, method, dim=dim)


def ln_structured(
    module: M,
    name: str,
    amount: float,
    n: Any,
    dim: int,
    importance_scores: Tensor | None = None,
) -> M:
    """Prune the slices along ``dim`` of least norm.

    Parameters
    ----------
    module : Module
    name : str
        The parameter.
    amount : int or float
        How many of the slices that are left go: a number, or a share in [0, 1].
    n : float or {"fro", "nuc"}
        The order of the norm of a slice; with a name, of a matrix.
    dim : int
        The axis that counts the slices.
    importance_scores : Tensor, optional
        Of the parameter's shape; their norms count in place of its own.

    Returns
    -------
    Module
        ``module``.

    Raises
    ------
    ValueError
        If ``amount`` is out of range, or the scores have another shape.
    IndexError
        If there is no such axis.

    References
    ----------
    H. Li, A. Kadav, I. Durdanovic, H. Samet and H. P. Graf, "Pruning filters for efficient
    ConvNets", 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.Linear(2, 2, bias=False)
    >>> _ = layer.load_state_dict({"weight": np.array([[1.0, 1.0], [2.0, 0.5]])})
    >>> nn.utils.prune.ln_structured(layer, "weight", amount=1, n=2, dim=0).weight.tolist()
    [[0.0, 0.0], [2.0, 0.5]]
    """
    _check_amount(amount)

    def method(scores: np.ndarray, mask: np.ndarray) -> np.ndarray:
        slices = np.moveaxis(scores, dim, 0)
        norms: Any = [np.linalg.norm(x if isinstance(n, str) else x.ravel(), n) for x in slices]
        return _without_slices(np.array(norms), mask, amount, dim)

    return _masked(module, name, method, importance_scores, dim=dim)


def custom_from_mask(module: M, name: str, mask: Tensor) -> M:
    """Prune by a mask of zeros and ones, of the parameter's shape.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn import nn
    >>> layer = nn.Linear(2, 3)
    >>> _ = nn.utils.prune.custom_from_mask(layer, "bias", ek.tensor([0, 1, 0]))
    >>> layer.bias_mask.tolist()
    [0.0, 1.0, 0.0]
    """
    given = np.asarray(mask)

    def method(scores: np.ndarray, so_far: np.ndarray) -> np.ndarray:
        if given.shape != so_far.shape:
            raise ValueError(f"mask must have shape {so_far.shape}, got {given.shape}")
        return so_far * given.astype(so_far.dtype)

    return _masked(module, name, method)


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: type[L1Unstructured | RandomUnstructured],
    importance_scores: dict[tuple[Module, str], Tensor] | None = None,
    *,
    amount: float,
) -> None:
    """Prune several parameters together: elements that are least among all of them.

    Parameters
    ----------
    parameters : iterable of (Module, str)
        Modules and names of their parameters.
    pruning_method : {L1Unstructured, RandomUnstructured}
    importance_scores : dict, optional
        Scores by (module, name), in place of the parameters.
    amount : int or float
        How many of those that are left go: a number, or a share in [0, 1].

    Raises
    ------
    TypeError
        If the method is another.
    ValueError
        If ``amount`` is out of range.

    Examples
    --------
    >>> from einkorn import nn
    >>> from einkorn.nn.utils import prune
    >>> net = nn.Sequential(nn.Linear(10, 4), nn.Linear(4, 1))
    >>> pruned = [(net[0], "weight"), (net[1], "weight")]
    >>> prune.global_unstructured(pruned, prune.L1Unstructured, amount=10)
    >>> sum(int((module.weight == 0).sum()) for module in net)
    10
    """
    if pruning_method not in (L1Unstructured, RandomUnstructured):
        raise TypeError(
            f"pruning_method must be L1Unstructured or RandomUnstructured, got {pruning_method!r}"
        )
    _check_amount(amount)
    places = list(parameters)
    given = importance_scores or {}
    scores = [np.asarray(given.get(place, getattr(*place))) for place in places]
    masks = [_mask_of(*place) for place in places]
    joined = np.concatenate([np.abs(x).ravel() for x in scores])
    if pruning_method is RandomUnstructured:
        joined = default_generator().random(joined.shape)
    left = _without_least(joined, np.concatenate([mask.ravel() for mask in masks]), amount)
    ends = np.cumsum([mask.size for mask in masks])[:-1]
    for place, part in zip(places, np.split(left, ends), strict=True):
        custom_from_mask(*place, as_tensor(part.reshape(getattr(*place).shape)))


def remove(module: M, name: str) -> M:
    """Make a pruned parameter an ordinary one again, its zeros kept.

    Raises
    ------
    ValueError
        If it is not pruned.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer = nn.utils.prune.random_unstructured(nn.Linear(2, 3), "weight", amount=1)
    >>> sorted(nn.utils.prune.remove(layer, "weight").state_dict())
    ['bias', 'weight']
    """
    entry = module._call_hook_of(_Masking, name)
    if entry is None:
        raise ValueError(f"name: {name!r} of {type(module).__name__} is not pruned")
    original = getattr(module, f"{name}_orig")
    mask = getattr(module, f"{name}_mask")
    # The parameter itself stays, so that an optimiser keeps it.
    original.data = original.detach() * mask
    for left in (name, f"{name}_orig", f"{name}_mask"):
        delattr(module, left)
    module.register_parameter(name, original)
    module._remove_call_hook(entry)
    return module


def is_pruned(module: Module) -> bool:
    """Return whether a parameter of ``module``, or of one below, is pruned.

    Examples
    --------
    >>> from einkorn import nn
    >>> nn.utils.prune.is_pruned(nn.Linear(2, 3))
    False
    """
    return any(below._call_hook_of(_Masking) is not None for below in module.modules())


def _masked(
    module: M,
    name: str,
    method: Method,
    importance_scores: Tensor | None = None,
    dim: int | None = None,
) -> M:
    """Give the parameter the mask that ``method`` says."""
    weight = getattr(module, name)
    scores = np.asarray(weight if importance_scores is None else importance_scores)
    if scores.shape != weight.shape:
        raise ValueError(f"importance_scores must have shape {weight.shape}, got {scores.shape}")
    if dim is not None and not -weight.ndim <= dim < weight.ndim:
        raise IndexError(f"dim must be an axis of shape {weight.shape}, got {dim}")
    mask = as_tensor(method(scores, _mask_of(module, name)))
    if module._call_hook_of(_Masking, name) is not None:
        setattr(module, f"{name}_mask", mask)
        module._call_hook_of(_Masking, name).function(module, ())
        return module
    parameter = module._parameters[name]
    delattr(module, name)
    module.register_parameter(f"{name}_orig", parameter)
    module.register_buffer(f"{name}_mask", mask)
    hook = _Masking(name)
    hook(module, ())
    module.register_forward_pre_hook(hook)
    return module


def _mask_of(module: Module, name: str) -> np.ndarray:
    """Return the mask so far, a copy; ones where there is none."""
    if module._call_hook_of(_Masking, name) is not None:
        return getattr(module, f"{name}_mask").numpy().copy()
    if module._parameters.get(name) is None:
        raise ValueError(f"name: {type(module).__name__} has no parameter {name!r}")
    return np.ones_like(np.asarray(module._parameters[name]))


def _check_amount(amount: float) -> None:
    if isinstance(amount, bool) or not isinstance(amount, int | float | np.number):
        raise TypeError(f"amount must be a number, got {type(amount).__name__}")
    whole = isinstance(amount, int | np.integer)
    if amount < 0 or (not whole and amount > 1.0):
        raise ValueError(f"amount must be at least 0, and a share at most 1, got {amount}")


def _number(amount: float, of: int) -> int:
    """Return how many of ``of`` things go."""
    number = int(amount) if isinstance(amount, int | np.integer) else round(amount * of)
    if number > of:
        raise ValueError(f"amount must be at most {of}, what is left, got {amount}")
    return number


def _without_least(scores: np.ndarray, mask: np.ndarray, amount: float) -> np.ndarray:
    """Return the mask without the elements of least score among those that are left."""
    left = np.flatnonzero(mask)
    order = np.argsort(scores.ravel()[left], kind="stable")
    mask = mask.copy()
    mask.ravel()[left[order[: _number(amount, left.size)]]] = 0
    return mask


def _without_slices(scores: np.ndarray, mask: np.ndarray, amount: float, dim: int) -> np.ndarray:
    """Return the mask without the slices of least score among those not wholly pruned."""
    slices = np.moveaxis(mask.copy(), dim, 0)
    left = np.flatnonzero(slices.reshape(len(slices), -1).any(axis=1))
    order = np.argsort(scores[left], kind="stable")
    slices[left[order[: _number(amount, left.size)]]] = 0
    return np.ascontiguousarray(np.moveaxis(slices, 0, dim))

"""Networks prepared for inference: normalisation becomes part of the layer before it.

In evaluation mode batch normalisation is an affine map of each channel, and one affine map after
another is a single one: with :math:`s = \\gamma / \\sqrt{\\sigma^2 + \\epsilon}`,

.. math:: \\mathrm{norm}(w \\star x + b) = (s w) \\star x + s (b - \\mu) + \\beta
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from einkorn.autograd import Tensor, as_tensor, enable_grad
from einkorn.autograd.tape import unrecorded
from einkorn.nn.containers import Sequential
from einkorn.nn.conv import (
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose1d,
    ConvTranspose2d,
    ConvTranspose3d,
)
from einkorn.nn.fusion import is_plain
from einkorn.nn.linear import Identity, Linear
from einkorn.nn.module import Module
from einkorn.nn.normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d
from einkorn.nn.packing import PackedLinear
from einkorn.nn.parameter import Parameter

__all__ = [
    "Prepared",
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
    "prepare",
]

_TRANSPOSED = (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)
_NORMS: dict[type[Module], type[BatchNorm1d | BatchNorm2d | BatchNorm3d]] = {
    **dict(zip((Conv1d, Conv2d, Conv3d), (BatchNorm1d, BatchNorm2d, BatchNorm3d), strict=True)),
    **dict(zip(_TRANSPOSED, (BatchNorm1d, BatchNorm2d, BatchNorm3d), strict=True)),
    Linear: BatchNorm1d,
}


class _WithNorm(Module):
    """A layer that took in a normalisation, whose channels are the second axis of its input.

    Those are the layer's own only in batches of these layers: an affine map of sequences, or a
    convolution of a signal without a batch, has its channels elsewhere.
    """

    _rank: ClassVar[int]

    def forward(self: Any, input: Tensor) -> Tensor:
        self._check_rank(input)
        return super().forward(input)

    def _forward_ending(self: Any, input: Tensor, ending: str) -> Tensor:
        self._check_rank(input)
        return super()._forward_ending(input, ending)

    def _check_rank(self, input: Tensor) -> None:
        if input.ndim != self._rank:
            raise RuntimeError(
                f"input: expected {self._rank} dimensions where batch normalisation has become "
                f"part of a layer, got shape {tuple(input.shape)}; prepare with an example of it"
            )


# Both bases define the same methods: those of `_WithNorm` check, and call the layer's.
class _LinearWithNorm(_WithNorm, PackedLinear):  # type: ignore[misc]
    _rank, _endings = 2, Linear._endings


# As above.
class _Conv1dWithNorm(_WithNorm, Conv1d):  # type: ignore[misc]
    _rank, _endings = 3, Conv1d._endings


class _ConvTranspose1dWithNorm(_WithNorm, ConvTranspose1d):  # type: ignore[misc]
    _rank, _endings = 3, ConvTranspose1d._endings


_WITH_NORM: dict[type[Module], type[_WithNorm]] = {
    Linear: _LinearWithNorm,
    Conv1d: _Conv1dWithNorm,
    ConvTranspose1d: _ConvTranspose1dWithNorm,
}


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """Return a convolution that computes `bn` of `conv`, both in evaluation mode.

    Parameters
    ----------
    conv : a convolution of any number of dimensions; a transposed one with `transpose`
    bn : the batch normalisation of as many
    transpose : bool
        Whether the filters' output channels are their second axis.

    Raises
    ------
    ValueError
        If one of them is in training mode, or `bn` has no running statistics.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> conv, bn = nn.Conv2d(3, 4, 3).eval(), nn.BatchNorm2d(4).eval()
    >>> x = np.ones((1, 3, 8, 8))
    >>> fused = nn.utils.fuse_conv_bn_eval(conv, bn)
    >>> np.allclose(fused(x).detach(), bn(conv(x)).detach(), atol=1e-6)
    True
    """
    return _fused(conv, bn, bool(transpose))


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """Return a `Linear` that computes `bn` of `linear`; as `fuse_conv_bn_eval`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> linear, bn = nn.Linear(3, 4).eval(), nn.BatchNorm1d(4).eval()
    >>> fused = nn.utils.fuse_linear_bn_eval(linear, bn)
    >>> x = np.ones((2, 3))
    >>> np.allclose(fused(x).detach(), bn(linear(x)).detach(), atol=1e-6)
    True
    """
    return _fused(linear, bn, False)


def _fused(layer: Any, norm: Any, transpose: bool) -> Any:
    if layer.training or norm.training:
        raise ValueError("both modules must be in evaluation mode: call eval() first")
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("bn must have running statistics: it was made without tracking them")
    fused = copy.deepcopy(layer)
    _absorb(fused, norm, transpose)
    return fused


def _absorb(layer: Any, norm: Any, transpose: bool) -> None:
    """Give `layer` the weights with which it computes `norm` of what it computed before."""
    groups = layer.groups if transpose else None
    scaled, shift = _folded(
        layer.weight, layer.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight,
        norm.bias, groups,
    )  # fmt: skip
    layer.weight = Parameter(scaled, layer.weight.requires_grad)
    layer.bias = Parameter(shift, layer.weight.requires_grad)


def _folded(
    weight: Any, bias: Any, mean: Any, var: Any, eps: float, gamma: Any, beta: Any,
    groups: int | None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return weight and bias of a map and the normalisation after it; `groups` if transposed."""
    # In double, as the result is rounded once, and weights are few.
    scale = 1 / np.sqrt(np.asarray(var, np.float64) + eps)
    if gamma is not None:
        scale = scale * np.asarray(gamma, np.float64)
    shift = -np.asarray(mean, np.float64) * scale
    if bias is not None:
        shift += np.asarray(bias, np.float64) * scale
    if beta is not None:
        shift += np.asarray(beta, np.float64)
    values = np.asarray(weight)
    if groups is not None:
        # Output channels are numbered within their group: (in, out / groups, ...).
        grouped = values.reshape(groups, values.shape[0] // groups, values.shape[1], -1)
        scaled = (grouped * scale.reshape(groups, 1, -1, 1)).reshape(values.shape)
    else:
        scaled = values * scale.reshape(-1, *(1,) * (values.ndim - 1))
    return as_tensor(scaled, weight.dtype), as_tensor(shift, weight.dtype)


def fuse_conv_bn_weights(
    conv_w: Tensor,
    conv_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of a convolution that computes a normalisation of another.

    Parameters
    ----------
    conv_w, conv_b : Tensor, and Tensor or None
        Of the convolution.
    bn_rm, bn_rv, bn_eps, bn_w, bn_b : Tensor, Tensor, float, and Tensors or None
        Running mean and variance, epsilon, weight and bias of the normalisation.
    transpose : bool
        Whether the filters' output channels are their second axis; there are no groups then.

    Examples
    --------
    >>> from einkorn import nn
    >>> conv, bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
    >>> weight, bias = nn.utils.fuse_conv_bn_weights(
    ...     conv.weight, conv.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    ... )
    >>> weight.shape, bias.shape
    ((4, 3, 3, 3), (4,))
    """
    groups = 1 if transpose else None
    folded = _folded(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, groups)
    trained = conv_w.requires_grad, (conv_w if conv_b is None else conv_b).requires_grad
    return Parameter(folded[0], trained[0]), Parameter(folded[1], trained[1])


def fuse_linear_bn_weights(
    linear_w: Tensor,
    linear_b: Tensor | None,
    bn_rm: Tensor,
    bn_rv: Tensor,
    bn_eps: float,
    bn_w: Tensor | None,
    bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:
    """Return weight and bias of a `Linear` with a normalisation; as `fuse_conv_bn_weights`.

    Examples
    --------
    >>> from einkorn import nn
    >>> layer, bn = nn.Linear(3, 4), nn.BatchNorm1d(4)
    >>> weight, bias = nn.utils.fuse_linear_bn_weights(
    ...     layer.weight, layer.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    ... )
    >>> weight.shape, bias.shape
    ((4, 3), (4,))
    """
    return fuse_conv_bn_weights(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b)


class Prepared(Module):
    """A network that computes its outputs without recording operators; see `prepare`.

    Attributes
    ----------
    module : Module
        The network.
    """

    def __init__(self, module: Module) -> None:
        super().__init__()
        self.module = module
        self.eval()

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the network returns."""
        return unrecorded(self.module, args, kwargs)


def prepare(model: Module, *example: Any) -> Prepared:
    """Return a copy of `model` that computes its outputs in evaluation mode, faster.

    Batch normalisation is folded into the convolution, of signals, images or volumes and transposed
    or not, or the affine map before it, whose channels it normalises; the kernel of that then also
    applies the activation that follows (see `einkorn.nn.fusion`), and nothing is recorded for
    gradients. Outputs equal those of ``model.eval()`` up to rounding. Later changes to `model` do
    not reach the copy. Weights of affine maps are laid out once, for the batches that gain by it
    (`einkorn.nn.packing`).

    Parameters
    ----------
    model : Module
        Left as it is.
    *example : Tensor or array
        Arguments of a call, with which the network runs once to show which layer's output a
        normalisation reads. Without them the neighbours within each `Sequential` are folded, and
        others, such as those in residual blocks, are not; a `Linear`, `Conv1d` or `ConvTranspose1d`
        so folded takes batches alone, since `BatchNorm1d` would normalise another axis of others.

    Returns
    -------
    Prepared

    Raises
    ------
    RuntimeError
        If the copy answers to the example otherwise than the model: a value to be folded away was
        read where no operator saw it, for example through ``detach``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU()).eval()
    >>> fast = nn.inference.prepare(net)
    >>> x = np.ones((1, 3, 8, 8), np.float32)
    >>> np.allclose(fast(x), net(x).detach(), atol=1e-6)
    True
    >>> fast.module[1]
    Identity()
    """
    prepared = copy.deepcopy(model).eval()
    expected = None
    if example:
        pairs, expected = _observed(prepared, example)
    else:
        pairs = set(_neighbours(prepared))
    for layer, norm in _separable(prepared, pairs):
        _absorb(layer, norm, isinstance(layer, _TRANSPOSED))
        layer.__class__ = _WITH_NORM.get(type(layer), type(layer))
        _replace(prepared, norm, Identity())
    for module in prepared.modules():
        if type(module) is Linear and PackedLinear.suits(module):
            module.__class__ = PackedLinear
    result = Prepared(prepared.requires_grad_(False))
    if example and not _alike(result(*example), expected):
        raise RuntimeError(
            "example: the prepared copy answers otherwise than the model; a value that batch "
            "normalisation reads is read by something that operators do not see"
        )
    return result


def _alike(found: Any, expected: Any) -> bool:
    """Return whether results are equal up to rounding."""
    for a, b in zip(_tensors(found), _tensors(expected), strict=True):
        x, y = a.numpy(), b.numpy()
        if not np.allclose(x, y, 1e-3, 1e-3 * np.max(np.abs(y), initial=0), equal_nan=True):
            return False
    return True


Pair = tuple[Module, Module]


def _neighbours(model: Module) -> Iterator[Pair]:
    for module in model.modules():
        if type(module).forward is Sequential.forward:
            yield from pairwise(module._modules.values())


def _separable(model: Module, pairs: set[Pair]) -> Iterator[tuple[Any, Any]]:
    """Yield the pairs of a layer and a normalisation that have one place each and no hooks."""
    places = Counter(child for m in model.modules() for child in m._modules.values())
    for layer, norm in pairs:
        if (
            _NORMS.get(type(layer)) is type(norm)
            and places[layer] == places[norm] == 1
            and is_plain(layer)
            and is_plain(norm)
            and norm.running_mean is not None
            and norm.num_features == _features(layer)
        ):
            yield layer, norm


def _features(layer: Any) -> int:
    return layer.out_features if isinstance(layer, Linear) else layer.out_channels


def _observed(model: Module, example: tuple[Any, ...]) -> tuple[set[Pair], Any]:
    """Run the model; return pairs of modules, the second alone having read the first's output.

    Each is called once. The second result is that of the model.
    """
    calls: list[tuple[Module, Any, Any]] = []

    def note(module: Module, args: tuple[Any, ...], output: Any) -> None:
        calls.append((module, args[0] if args else None, output))

    model.requires_grad_(True)
    handles = [m.register_forward_hook(note) for m in model.modules() if not m._modules]
    try:
        with enable_grad():
            result = model(*example)
    finally:
        for handle in handles:
            handle.remove()
    times = Counter(module for module, _, _ in calls)
    readers = _readers([output for _, _, output in calls], result)
    makers: dict[int, Module] = {}
    for module, _, output in calls:
        makers.setdefault(id(output), module)
    pairs = {
        (makers[id(x)], module)
        for module, x, _ in calls
        if isinstance(x, Tensor)
        and id(x) in makers
        and x.ndim == getattr(_WITH_NORM.get(type(makers[id(x)])), "_rank", x.ndim)
        and readers[x.grad_fn] == times[module] == times[makers[id(x)]] == 1
    }
    return pairs, result


def _readers(outputs: list[Any], result: Any) -> Counter[Any]:
    """Count for each operator those that read its output; who called the network is one, too."""
    readers: Counter[Any] = Counter(x.grad_fn for x in _tensors(result))
    waiting: set[Any] = {x.grad_fn for x in _tensors([result, outputs])} - {None}
    seen: set[Any] = set()
    while waiting:
        node = waiting.pop()
        seen.add(node)
        behind = [s.node for s in node.sources if s is not None and not isinstance(s, Tensor)]
        readers.update(behind)
        waiting.update(set(behind) - seen)
    return readers


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _tensors(part)


def _replace(model: Module, old: Module, new: Module) -> None:
    for module in model.modules():
        for name, child in module._modules.items():
            if child is old:
                module.add_module(name, new)
                return

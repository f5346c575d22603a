"""Normalisation: of batches, layers, groups, instances and neighbourhoods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from einkorn import kernels
from einkorn.autograd.operators.activation import through_activation
from einkorn.autograd.operators.arithmetic import pow as _pow
from einkorn.autograd.operators.arithmetic import square as _square
from einkorn.autograd.operators.common import to_tensor
from einkorn.autograd.operators.conversion import clone
from einkorn.autograd.operators.elementary import rsqrt
from einkorn.autograd.operators.norms import norm
from einkorn.autograd.operators.padding import pad
from einkorn.autograd.operators.reduction import mean as _mean
from einkorn.autograd.operators.reduction import sum as _sum
from einkorn.autograd.operators.shape import reshape
from einkorn.autograd.tape import Operator, alias_of, retain_inputs
from einkorn.autograd.tensor import Tensor

__all__ = [
    "batch_norm",
    "group_norm",
    "instance_norm",
    "layer_norm",
    "local_response_norm",
    "normalize",
    "rms_norm",
]


class BatchNorm(Operator):
    """``(x - mean) * inv_std * weight + bias`` per channel, and ReLU or nothing after it.

    With `mean` None the statistics are those of `x` and take part in the gradient; `extra` has
    the mean and inverse standard deviation used.
    """

    __slots__ = ("activation", "eps", "mean", "var")
    saved_output = 3

    def __init__(self, mean: Any, var: Any, eps: float, activation: str | None = None) -> None:
        self.mean = mean
        self.var = var
        self.eps = eps
        self.activation = activation

    def retain(self, inputs: tuple[Any, ...], output: Any) -> tuple[Any, ...]:
        factors = retain_inputs(self, inputs, output)
        return factors if self.activation is None else (*factors, alias_of(output))

    def forward(self, x: Any, weight: Any, bias: Any) -> Any:
        kernel = kernels.batch_norm_relu if self.activation == "relu" else kernels.batch_norm
        y, mean, inv_std = kernel(x, weight, bias, self.mean, self.var, eps=self.eps)
        self.extra = mean, inv_std
        return y

    def backward(self, grad: Any, x: Any, weight: Any, bias: Any, y: Any = None) -> Any:
        mean, inv_std = self.extra
        parts = x, weight, mean, inv_std
        training = self.mean is None
        if self.activation == "relu":
            return kernels.batch_norm_relu_grad(grad, y, *parts, training=training)
        return kernels.batch_norm_grad(grad, *parts, training=training)

    def compose_backward(
        self, grad: Tensor, x: Tensor, weight: Tensor, bias: Any, y: Any = None
    ) -> Any:
        grad = through_activation(self.activation, grad, y)
        others = (0, *range(2, x.ndim))
        channels = (1, -1, *(1,) * (x.ndim - 2))
        if self.mean is None:
            center = _mean(x, others, True)
            scale = rsqrt(_mean(_square(x - center), others, True) + self.eps)
        else:
            center, scale = (Tensor(part.reshape(channels)) for part in self.extra)
        normal = (x - center) * scale
        gx = grad if weight is None else grad * reshape(weight, channels)
        if self.mean is None:
            along = _mean(gx * normal, others, True)
            gx = gx - _mean(gx, others, True) - normal * along
        needs = self.needs
        return (
            gx * scale if needs[0] else None,
            _sum(grad * normal, others) if needs[1] else None,
            _sum(grad, others) if needs[2] else None,
        )


def _row_gradient(grad: Tensor, normal: Tensor, dims: tuple[int, ...], centred: bool) -> Tensor:
    """Return what remains of `grad` without its parts along 1 and along the normalised rows."""
    gx = grad - normal * _mean(grad * normal, dims, True)
    return gx - _mean(grad, dims, True) if centred else gx


def _standardised(
    x: Tensor, dims: tuple[int, ...], eps: float, centred: bool
) -> tuple[Tensor, Tensor]:
    """Return `x` normalised over `dims`, and the factor that did it."""
    parts = x - _mean(x, dims, True) if centred else x
    scale = rsqrt(_mean(_square(parts), dims, True) + eps)
    return parts * scale, scale


class LayerNorm(Operator):
    """``(x - mean) * inv_std * weight + bias`` over the last sizes of each sample.

    Not `centred` the mean is not taken away: ``inv_std`` is that of the root mean square, and there
    is no bias. `extra` has the mean (absent then) and inverse standard deviation used.
    """

    __slots__ = ("centred", "eps", "tail")
    retain = retain_inputs

    def __init__(self, tail: tuple[int, ...], eps: float, centred: bool) -> None:
        self.tail = tail
        self.eps = eps
        self.centred = centred

    def forward(self, x: Any, weight: Any, bias: Any) -> Any:
        if self.centred:
            y, *self.extra = kernels.layer_norm(x, self.tail, weight, bias, eps=self.eps)
        else:
            y, *self.extra = kernels.rms_norm(x, self.tail, weight, eps=self.eps)
        return y

    def backward(self, grad: Any, x: Any, weight: Any, bias: Any) -> Any:
        affine = self.needs[1] or self.needs[2]
        if self.centred:
            return kernels.layer_norm_grad(grad, x, self.tail, weight, *self.extra, affine=affine)
        gx, gweight = kernels.rms_norm_grad(grad, x, self.tail, weight, *self.extra, affine=affine)
        return gx, gweight, None

    def compose_backward(self, grad: Tensor, x: Tensor, weight: Tensor, bias: Any) -> Any:
        lead = x.ndim - len(self.tail)
        dims, before = tuple(range(lead, x.ndim)), tuple(range(lead))
        normal, scale = _standardised(x, dims, self.eps, self.centred)
        gx = _row_gradient(grad if weight is None else grad * weight, normal, dims, self.centred)
        along = grad * normal
        needs = self.needs
        return (
            gx * scale if needs[0] else None,
            (_sum(along, before) if before else along) if needs[1] else None,
            (_sum(grad, before) if before else grad) if needs[2] else None,
        )


class GroupNorm(Operator):
    """``(x - mean) * inv_std * weight + bias`` over groups of channels of each sample.

    `extra` has the mean and inverse standard deviation of each sample's groups.
    """

    __slots__ = ("eps", "groups")
    retain = retain_inputs

    def __init__(self, groups: int, eps: float) -> None:
        self.groups = groups
        self.eps = eps

    def forward(self, x: Any, weight: Any, bias: Any) -> Any:
        y, *self.extra = kernels.group_norm(x, self.groups, weight, bias, eps=self.eps)
        return y

    def backward(self, grad: Any, x: Any, weight: Any, bias: Any) -> Any:
        affine = self.needs[1] or self.needs[2]
        return kernels.group_norm_grad(grad, x, self.groups, weight, *self.extra, affine=affine)

    def compose_backward(self, grad: Tensor, x: Tensor, weight: Tensor, bias: Any) -> Any:
        grouped = (x.shape[0], self.groups, -1)
        others, channels = (0, *range(2, x.ndim)), (1, -1, *(1,) * (x.ndim - 2))
        normal, scale = _standardised(reshape(x, grouped), (2,), self.eps, True)
        h = grad if weight is None else grad * reshape(weight, channels)
        gx = _row_gradient(reshape(h, grouped), normal, (2,), True) * scale
        needs = self.needs
        return (
            reshape(gx, x.shape) if needs[0] else None,
            _sum(grad * reshape(normal, x.shape), others) if needs[1] else None,
            _sum(grad, others) if needs[2] else None,
        )


def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Return ``(input - mean) / sqrt(var + eps) * weight + bias`` per channel.

    Ioffe & Szegedy, "Batch normalization", ICML 2015.

    Parameters
    ----------
    input : Tensor of shape (N, C) or (N, C, ...)
    running_mean, running_var : Tensor of shape (C,) or None
        Used as the statistics unless `training`; when `training`, moved in place by `momentum`
        towards those of the batch (the variance with divisor n - 1).
    weight, bias : Tensor of shape (C,), optional
    training : bool
        Use the statistics of the batch (the variance with divisor n).
    momentum : float
        The share of the new statistics in the running ones.
    eps : float

    Raises
    ------
    ValueError
        If `training` and there is only one value per channel, or a shape does not fit, or
        running statistics are missing without `training`, or `eps` is negative or, in training, 0.
    """
    return batch_norm_activated(
        input, running_mean, running_var, weight, bias, training, momentum, eps, None
    )


def batch_norm_activated(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any,
    bias: Any,
    training: bool,
    momentum: float,
    eps: float,
    activation: str | None,
) -> Tensor:
    """Return `activation` (None or "relu") of :func:`batch_norm`."""
    if eps < 0 or (training and eps == 0):
        bound = "positive" if training else "at least 0"
        raise ValueError(f"eps: expected a number that is {bound}, got {eps}")
    x = to_tensor(input)
    _check_batch(x, training, running_mean, running_var)
    if x.ndim == 1:
        return clone(x)
    parts = [None if p is None else to_tensor(p) for p in (weight, bias)]
    if not training:
        mean, var = to_tensor(running_mean)._data, to_tensor(running_var)._data
        return BatchNorm(mean, var, eps, activation).apply(x, *parts)
    if not x.numel():
        # An empty batch has no statistics: it leaves empty, and moves nothing.
        nothing = np.zeros(x.shape[1], x.dtype)
        return BatchNorm(nothing, nothing, eps, activation).apply(x, *parts)
    normalise = BatchNorm(None, None, eps, activation)
    y = normalise.apply(x, *parts)
    if running_mean is not None or running_var is not None:
        _move(running_mean, running_var, normalise, x, momentum)
    return y


def _check_batch(x: Tensor, training: bool, running_mean: Any, running_var: Any) -> None:
    if x.ndim < 2 and x.shape != (0,):
        raise ValueError(f"input: expected at least 2 dimensions, got shape {x.shape}")
    if training and 0 < x.numel() == x.shape[1]:
        raise ValueError(f"input: more than one value per channel is needed, got shape {x.shape}")
    if not training and (running_mean is None or running_var is None):
        raise ValueError("running_mean, running_var: needed when training is False, got None")


def _move(
    running_mean: Any,
    running_var: Any,
    normalise: BatchNorm | GroupNorm,
    x: Tensor,
    momentum: float,
) -> None:
    """Move the running statistics towards those of the batch."""
    mean, inv_std = normalise.extra
    count = x.numel() // x.shape[1]
    # The kernel answers with 1 / sqrt(var + eps); float64 keeps the subtraction of eps exact.
    var = 1 / np.square(np.asarray(inv_std, np.float64)) - normalise.eps
    var = np.maximum(var, 0) * (count / (count - 1))
    for running, batch in ((running_mean, mean), (running_var, var)):
        if running is not None:
            running._data[...] += momentum * (batch - running._data)
            running._version[0] += 1


def layer_norm(
    input: Any,
    normalized_shape: Sequence[int],
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-05,
) -> Tensor:
    """Return `input` normalised over its last dimensions (Ba, Kiros & Hinton, 2016).

    Raises
    ------
    RuntimeError
        If `normalized_shape` is not the end of the shape of `input`.
    """
    x = to_tensor(input)
    tail = _tail(x, normalized_shape)
    if eps < 0:
        return _below_variance(x, tuple(range(-len(tail), 0)), eps, True, *_affine(weight, bias))
    return LayerNorm(tail, eps, True).apply(x, *_affine(weight, bias))


def _below_variance(
    x: Tensor,
    dims: tuple[int, ...],
    eps: float,
    centred: bool,
    weight: Tensor | None,
    bias: Tensor | None,
) -> Tensor:
    """Return what a negative `eps` gives, which kernels refuse: NaN where no variance is left."""
    y, _ = _standardised(x, dims, eps, centred)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def _tail(x: Tensor, normalized_shape: Any) -> tuple[int, ...]:
    """Return the last sizes of `x`, over which it is normalised, or raise."""
    tail = tuple([int(n) for n in normalized_shape])
    if not tail or x.shape[-len(tail) :] != tail:
        raise RuntimeError(f"normalized_shape: expected the last sizes of {x.shape}, got {tail}")
    return tail


def _affine(weight: Any, bias: Any) -> list[Tensor | None]:
    return [None if p is None else to_tensor(p) for p in (weight, bias)]


def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-05
) -> Tensor:
    """Return `input` normalised over groups of channels of each sample (Wu & He, 2018).

    Raises
    ------
    RuntimeError
        If the channels cannot be divided into `num_groups`.
    """
    x = to_tensor(input)
    if x.ndim < 2 or num_groups < 1 or x.shape[1] % num_groups:
        raise RuntimeError(f"num_groups: {num_groups} does not divide the channels of {x.shape}")
    parts = _affine(weight, bias)
    if eps < 0:
        grouped = reshape(x, x.shape[0], num_groups, -1)
        y = reshape(_standardised(grouped, (2,), eps, True)[0], x.shape)
        channels = (1, -1, *(1,) * (x.ndim - 2))
        y = y if parts[0] is None else y * reshape(parts[0], channels)
        return y if parts[1] is None else y + reshape(parts[1], channels)
    return GroupNorm(num_groups, eps).apply(x, *parts)


def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-05,
) -> Tensor:
    """Return `input` normalised over each channel of each sample (Ulyanov et al., 2016).

    Parameters are those of :func:`batch_norm`; `use_input_stats` is its `training`.
    """
    x = to_tensor(input)
    if not use_input_stats:
        return batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    if x.ndim < 3 or x.numel() == x.shape[0] * x.shape[1]:
        raise ValueError(f"input: more than one value per channel is needed, got shape {x.shape}")
    normalise = GroupNorm(x.shape[1], eps)
    y = normalise.apply(x, *_affine(weight, bias))
    if running_mean is not None or running_var is not None:
        _move_instances(running_mean, running_var, normalise, x, momentum)
    return y


def _move_instances(
    running_mean: Any, running_var: Any, normalise: GroupNorm, x: Tensor, momentum: float
) -> None:
    """Move the running statistics towards the means over the batch of each sample's."""
    batch, channels = x.shape[:2]
    means = [Tensor(np.zeros(batch * channels)), Tensor(np.zeros(batch * channels))]
    _move(means[0], means[1], normalise, reshape(x, 1, batch * channels, *x.shape[2:]), 1.0)
    for running, found in zip((running_mean, running_var), means, strict=True):
        if running is not None:
            target = found._data.reshape(batch, channels).mean(0)
            running._data[...] += momentum * (target - running._data)
            running._version[0] += 1


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """Return `input` divided by its `p`-norm along `dim`, or by `eps` where that is greater."""
    x = to_tensor(input)
    size = norm(x, p, dim, True).clamp(min=eps)
    return x / size


def rms_norm(
    input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Tensor:
    r"""Return :math:`x / \sqrt{\overline{x^2} + \epsilon}`: `input` over its root mean square.

    Zhang & Sennrich, "Root mean square layer normalization", 2019.

    Parameters
    ----------
    input : Tensor
    normalized_shape : sequence of int
        The last sizes of `input`, over which the mean is taken.
    weight : Tensor, optional
        Factor of that shape.
    eps : float, optional
        The dtype's machine epsilon by default.

    Raises
    ------
    RuntimeError
        If the last sizes of `input` are others.
    """
    x = to_tensor(input)
    tail = _tail(x, normalized_shape)
    least = float(np.finfo(x.dtype).eps) if eps is None else eps
    if least < 0:
        return _below_variance(x, tuple(range(-len(tail), 0)), least, False, *_affine(weight, None))
    return LayerNorm(tail, least, False).apply(x, *_affine(weight, None))


def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    r"""Return :math:`x_c / (k + \frac{\alpha}{n} \sum_{c' \text{ near } c} x_{c'}^2)^\beta`.

    Krizhevsky, Sutskever & Hinton, "ImageNet classification with deep convolutional neural
    networks", 2012.

    Parameters
    ----------
    input : Tensor, shape (N, C, ...)
    size : int
        :math:`n`, channels in the neighbourhood.
    alpha, beta, k : float

    Raises
    ------
    ValueError
        If `input` has fewer than three dimensions, or `size` is not positive.
    """
    x = to_tensor(input)
    if x.ndim < 3:
        raise ValueError(f"input: expected at least 3 dimensions, got shape {x.shape}")
    if size < 1:
        raise ValueError(f"size: expected a positive integer, got {size}")
    channels = x.shape[1]
    around = [(0, 0)] * (x.ndim - 2) + [(size // 2, (size - 1) // 2)]
    padded = pad(_square(x), [width for pair in around for width in pair])
    total = padded[:, :channels]
    for first in range(1, size):
        total = total + padded[:, first : first + channels]
    return x / _pow(total * (alpha / size) + k, beta)

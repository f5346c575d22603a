"""Initialisers: fill a Tensor in place and return it.

Those that draw take ``generator``, a `numpy.random.Generator`; the default is the library's one
generator, which `einkorn.manual_seed` seeds.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from einkorn.autograd import Tensor, increment_version
from einkorn.autograd.random import default_generator

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]

Fan = Literal["fan_in", "fan_out"]

_SQRT2 = math.sqrt(2.0)
_GAINS = {
    "linear": 1.0,
    "conv1d": 1.0,
    "conv2d": 1.0,
    "conv3d": 1.0,
    "conv_transpose1d": 1.0,
    "conv_transpose2d": 1.0,
    "conv_transpose3d": 1.0,
    "sigmoid": 1.0,
    "tanh": 5.0 / 3.0,
    "relu": _SQRT2,
    "selu": 3.0 / 4.0,
}


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """Return the gain that keeps the variance through an activation.

    Parameters
    ----------
    nonlinearity : str
        1 for ``"linear"``, the convolutions and ``"sigmoid"``; 5/3 for ``"tanh"``; √2 for
        ``"relu"``; √(2 / (1 + slope²)) for ``"leaky_relu"``; 3/4 for ``"selu"``.
    param : float, optional
        The slope of leaky ReLU, 0.01 by default.

    Raises
    ------
    ValueError
        If the name is unknown or the slope is not a number.

    Examples
    --------
    >>> from einkorn.nn import init
    >>> round(init.calculate_gain("leaky_relu", 0.2), 4)
    1.3868
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"param must be the slope, a number, got {param!r}")
        return math.sqrt(2.0 / (1.0 + slope**2))
    if nonlinearity not in _GAINS:
        known = ", ".join(sorted([*_GAINS, "leaky_relu"]))
        raise ValueError(f"nonlinearity must be one of {known}, got {nonlinearity!r}")
    return _GAINS[nonlinearity]


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: np.random.Generator | None = None
) -> Tensor:
    """Fill with draws from U(a, b).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> draws = nn.init.uniform_(nn.Parameter(np.zeros(10_000)), -1.0, 3.0)
    >>> abs(draws.mean().item() - 1.0) < 0.1
    True
    """
    return _fill(tensor, _generator(generator).uniform(a, b, tensor.shape))


def normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Fill with draws from N(mean, std²).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> draws = nn.init.normal_(nn.Parameter(np.zeros(10_000)), mean=5.0)
    >>> abs(draws.mean().item() - 5.0) < 0.1
    True
    """
    return _fill(tensor, _generator(generator).normal(mean, std, tensor.shape))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Fill with draws from N(mean, std²) restricted to [a, b].

    Raises
    ------
    ValueError
        If ``a`` is not below ``b``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> draws = nn.init.trunc_normal_(nn.Parameter(np.zeros(100)), a=-1.0, b=1.0)
    >>> bool(np.abs(draws.numpy()).max() <= 1.0)
    True
    """
    if not a < b:
        raise ValueError(f"a must be below b, got a={a}, b={b}")
    source = _generator(generator)
    values = np.empty(tensor.shape)
    wanted = np.ones(tensor.shape, dtype=bool)
    while (count := int(wanted.sum())) > 0:
        draws, accepted = _truncated_proposals(source, count, mean, std, a, b)
        values[wanted] = draws
        wanted[wanted] = ~accepted
    return _fill(tensor, values)


def _truncated_proposals(
    source: np.random.Generator, count: int, mean: float, std: float, a: float, b: float
) -> tuple[np.ndarray, np.ndarray]:
    """Draw candidates and say which to accept.

    Candidates are normal where the interval holds most of the distribution. Elsewhere nearly all
    would fall outside, and candidates are uniform, accepted in proportion to the density.
    """
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    if inside > 0.25:
        draws = source.normal(mean, std, count)
        return draws, (draws >= a) & (draws <= b)
    draws = source.uniform(a, b, count)
    peak = min(max(mean, a), b)
    log_ratio = ((peak - mean) ** 2 - (draws - mean) ** 2) / (2.0 * std**2)
    return draws, source.random(count) <= np.exp(log_ratio)


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with ``val``.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.init.constant_(nn.Parameter(np.zeros(2)), 0.5).tolist()
    [0.5, 0.5]
    """
    return _fill(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.init.ones_(nn.Parameter(np.zeros(2))).tolist()
    [1.0, 1.0]
    """
    return _fill(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.init.zeros_(nn.Parameter(np.ones(2))).tolist()
    [0.0, 0.0]
    """
    return _fill(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity.

    Raises
    ------
    ValueError
        If ``tensor`` is not 2-D.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.init.eye_(nn.Parameter(np.zeros((2, 3)))).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    if tensor.ndim != 2:
        raise ValueError(f"tensor must be 2-D, got shape {tensor.shape}")
    return _fill(tensor, np.eye(tensor.shape[0], tensor.shape[1]))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill the weight of a convolution so that it passes its input channels on unchanged.

    Raises
    ------
    ValueError
        If ``tensor`` is not 3-, 4- or 5-D, or ``groups`` does not divide its first axis.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weight = nn.init.dirac_(nn.Parameter(np.zeros((1, 1, 3, 3))))
    >>> x = np.arange(9.0).reshape(1, 1, 3, 3)
    >>> bool((nn.functional.conv2d(x, weight, padding=1).numpy() == x).all())
    True
    """
    shape = tensor.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"tensor must be 3-, 4- or 5-D, got shape {shape}")
    if groups < 1 or shape[0] % groups:
        raise ValueError(f"groups must divide {shape[0]} output channels, got {groups}")
    values = np.zeros(shape)
    centre = tuple(size // 2 for size in shape[2:])
    per_group = shape[0] // groups
    for group in range(groups):
        for channel in range(min(per_group, shape[1])):
            values[(group * per_group + channel, channel, *centre)] = 1.0
    return _fill(tensor, values)


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: np.random.Generator | None = None
) -> Tensor:
    r"""Fill with draws from U(-a, a), :math:`a = g \sqrt{6 / (fan_{in} + fan_{out})}`.

    Raises
    ------
    ValueError
        If ``tensor`` has fewer than two axes.

    References
    ----------
    X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural
    networks", 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weight = nn.init.xavier_uniform_(nn.Parameter(np.zeros((2, 4))))
    >>> bool(np.abs(weight.numpy()).max() <= 1.0)
    True
    """
    bound = gain * math.sqrt(6.0 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(
    tensor: Tensor, gain: float = 1.0, generator: np.random.Generator | None = None
) -> Tensor:
    r"""Fill with draws from N(0, s²), :math:`s = g \sqrt{2 / (fan_{in} + fan_{out})}`.

    Raises and references as for `xavier_uniform_`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weight = nn.init.xavier_normal_(nn.Parameter(np.zeros((100, 100))))
    >>> abs(weight.numpy().std() - 0.1) < 0.01
    np.True_
    """
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(_fans(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: Fan = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: np.random.Generator | None = None,
) -> Tensor:
    r"""Fill with draws from U(-b, b), :math:`b = g \sqrt{3 / fan}`.

    Parameters
    ----------
    tensor : Tensor
        At least 2-D.
    a : float
        The slope of leaky ReLU, from which the gain follows.
    mode : {"fan_in", "fan_out"}
        Keep the variance of the forward or of the backward pass.
    nonlinearity : str
        A name that `calculate_gain` knows.
    generator : numpy.random.Generator, optional

    Raises
    ------
    ValueError
        If ``tensor`` has fewer than two axes or a name is unknown.

    References
    ----------
    K. He, X. Zhang, S. Ren and J. Sun, "Delving deep into rectifiers", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weight = nn.init.kaiming_uniform_(nn.Parameter(np.empty((64, 24))))
    >>> bool(np.abs(weight.detach().numpy()).max() <= 0.5)
    True
    """
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: Fan = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: np.random.Generator | None = None,
) -> Tensor:
    r"""Fill with draws from N(0, s²), :math:`s = g / \sqrt{fan}`.

    Parameters, errors and references as for `kaiming_uniform_`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weight = nn.Parameter(np.zeros((100, 200)))
    >>> nn.init.kaiming_normal_(weight, nonlinearity="relu").shape
    (100, 200)
    >>> abs(weight.numpy().std() - 0.1) < 0.01
    np.True_
    """
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(
    tensor: Tensor, gain: float = 1, generator: np.random.Generator | None = None
) -> Tensor:
    """Fill with a (semi-)orthogonal matrix; axes after the first count as columns.

    Raises
    ------
    ValueError
        If ``tensor`` has fewer than two axes.

    References
    ----------
    A. M. Saxe, J. L. McClelland and S. Ganguli, "Exact solutions to the nonlinear dynamics of
    learning in deep linear neural networks", 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weight = nn.init.orthogonal_(nn.Parameter(np.zeros((2, 4)))).numpy()
    >>> bool(np.allclose(weight @ weight.T, np.eye(2)))
    True
    """
    if tensor.ndim < 2:
        raise ValueError(f"tensor must have at least two axes, got shape {tensor.shape}")
    rows = tensor.shape[0]
    columns = math.prod(tensor.shape[1:])
    draws = _generator(generator).normal(size=(max(rows, columns), min(rows, columns)))
    q, r = np.linalg.qr(draws)
    # Without the signs of r the distribution over orthogonal matrices is not uniform.
    q *= np.sign(np.diag(r))
    return _fill(tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape))


def sparse_(
    tensor: Tensor,
    sparsity: float,
    std: float = 0.01,
    generator: np.random.Generator | None = None,
) -> Tensor:
    """Fill a matrix from N(0, std²) and set the fraction ``sparsity`` of each column to zero.

    Raises
    ------
    ValueError
        If ``tensor`` is not 2-D.

    References
    ----------
    J. Martens, "Deep learning via Hessian-free optimization", 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weight = nn.init.sparse_(nn.Parameter(np.zeros((10, 2))), sparsity=0.3)
    >>> (weight.numpy() == 0).sum(axis=0).tolist()
    [3, 3]
    """
    if tensor.ndim != 2:
        raise ValueError(f"tensor must be 2-D, got shape {tensor.shape}")
    source = _generator(generator)
    rows, columns = tensor.shape
    values = source.normal(0.0, std, tensor.shape)
    zeros = math.ceil(sparsity * rows)
    for column in range(columns):
        values[source.permutation(rows)[:zeros], column] = 0.0
    return _fill(tensor, values)


def _generator(generator: np.random.Generator | None) -> np.random.Generator:
    return default_generator() if generator is None else generator


def _normal_cdf(x: float) -> float:
    return math.erfc(-x / _SQRT2) / 2.0


def _fans(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs feed an output, and how many outputs an input feeds."""
    if tensor.ndim < 2:
        raise ValueError(f"tensor must have at least two axes, got shape {tensor.shape}")
    window = math.prod(tensor.shape[2:])
    return tensor.shape[1] * window, tensor.shape[0] * window


def _kaiming_std(tensor: Tensor, a: float, mode: Fan, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', got {mode!r}")
    fan_in, fan_out = _fans(tensor)
    fan = fan_in if mode == "fan_in" else fan_out
    gain = calculate_gain(nonlinearity, a if nonlinearity == "leaky_relu" else None)
    return gain / math.sqrt(fan) if fan else 0.0


def _fill(tensor: Tensor, values: Any) -> Tensor:
    tensor.numpy()[...] = values
    increment_version(tensor)
    return tensor

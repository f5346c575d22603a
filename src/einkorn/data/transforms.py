"""Functions of arrays that are fitted or fixed, not random."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Normalize", "one_hot", "resize"]


class Normalize:
    r"""Shift and scale every channel to mean 0 and variance 1.

    .. math:: y_{nc\dots} = (x_{nc\dots} - \mu_c) / \sigma_c

    Parameters
    ----------
    mean, std : array, shape (C,)
        Per channel (axis 1 of the input).

    Raises
    ------
    ValueError
        The shapes differ, or a deviation is not positive.

    Examples
    --------
    >>> import numpy as np
    >>> train = np.array([[0.0, 5.0], [2.0, 5.0]])
    >>> normalize = Normalize.fit(train)
    >>> normalize(train)
    array([[-1.,  0.],
           [ 1.,  0.]])
    >>> normalize.inverse(normalize(train))
    array([[0., 5.],
           [2., 5.]])
    """

    def __init__(self, mean: Any, std: Any) -> None:
        self.mean = np.asarray(mean, np.float64)
        self.std = np.asarray(std, np.float64)
        if self.mean.ndim != 1 or self.mean.shape != self.std.shape:
            raise ValueError(
                "mean, std: expected one value for each channel, "
                f"got shapes {self.mean.shape} and {self.std.shape}"
            )
        if not np.all(self.std > 0):
            raise ValueError(f"std: expected positive values, got {self.std}")

    @classmethod
    def fit(cls, x: np.ndarray) -> Normalize:
        """Take mean and deviation of `x`, shape (N, C, ...): of the training data, no other.

        A channel that never varies keeps its scale.
        """
        if x.ndim < 2 or x.size == 0:
            raise ValueError(f"x: expected a shape (N, C, ...) with samples, got {x.shape}")
        axes = (0, *range(2, x.ndim))
        mean = x.mean(axes, dtype=np.float64)
        std = x.std(axes, dtype=np.float64)
        # Rounding gives a constant channel a deviation of this order instead of 0.
        constant = std <= 1e-12 * np.abs(mean)
        return cls(mean, np.where(constant, 1.0, std))

    def __call__(self, x: np.ndarray, generator: np.random.Generator | None = None) -> np.ndarray:
        """Normalise `x`, shape (N, C, ...); floats keep their type. `generator` is not used."""
        mean, std = self._broadcast(x)
        return (x - mean) / std

    def inverse(self, y: np.ndarray) -> np.ndarray:
        """Undo the normalisation."""
        mean, std = self._broadcast(y)
        return y * std + mean

    def state_dict(self) -> dict[str, np.ndarray]:
        """Give mean and deviation, to be saved with a model's weights."""
        return {"mean": self.mean, "std": self.std}

    def _broadcast(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if x.ndim < 2 or x.shape[1] != len(self.mean):
            raise ValueError(f"x: expected shape (N, {len(self.mean)}, ...), got {x.shape}")
        shape = (len(self.mean),) + (1,) * (x.ndim - 2)
        dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float32)
        return self.mean.astype(dtype).reshape(shape), self.std.astype(dtype).reshape(shape)


def one_hot(labels: Any, classes: int, dtype: Any = np.float32) -> np.ndarray:
    """Give, for each label, a row that is 1 there and 0 elsewhere.

    Parameters
    ----------
    labels : array of int, any shape
        From 0 to ``classes - 1``.
    classes : int
        Length of the rows.
    dtype : numpy.dtype
        Type of the result.

    Returns
    -------
    array, shape ``labels.shape + (classes,)``

    Raises
    ------
    TypeError
        `labels` are not integers.
    IndexError
        A label is out of range.

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]], dtype=float32)
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels: expected integers, got {labels.dtype}")
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise IndexError(f"labels: {wrong.flat[0]} is outside 0 to {classes - 1}")
    rows = np.zeros((labels.size, classes), dtype)
    rows[np.arange(labels.size), labels.ravel()] = 1
    return rows.reshape(*labels.shape, classes)


def resize(
    images: np.ndarray, size: int | tuple[int, int], interpolation: str = "bilinear"
) -> np.ndarray:
    r"""Resample images to another size, pixel areas aligned (not pixel centres).

    Output pixel i lies at :math:`(i + 1/2) \cdot H / H' - 1/2` of the input, whose edge pixels are
    repeated outwards. Meant for enlarging: it does not average over pixels that it skips.

    Parameters
    ----------
    images : array, shape (..., H, W)
        Floating-point images.
    size : int or (int, int)
        New height and width.
    interpolation : {"bilinear", "bicubic"}
        Bicubic is the convolution kernel with a = -1/2 of R. Keys, "Cubic convolution interpolation
        for digital image processing", IEEE Trans. ASSP 29 (1981); it may overshoot the input range.

    Returns
    -------
    array, shape (..., H', W'), of the type of `images`

    Raises
    ------
    ValueError
        A size is not positive or the interpolation is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> resize(np.array([[0.0, 4.0]]), (1, 4))
    array([[0., 1., 3., 4.]])
    """
    height, width = (size, size) if isinstance(size, int) else size
    if images.ndim < 2 or min(*images.shape[-2:], height, width) < 1:
        raise ValueError(f"expected positive sizes, got images {images.shape} and size {size}")
    if interpolation not in _KERNELS:
        raise ValueError(f"interpolation: expected one of {list(_KERNELS)}, got {interpolation!r}")
    rows = _resampling_matrix(images.shape[-2], height, interpolation).astype(images.dtype)
    columns = _resampling_matrix(images.shape[-1], width, interpolation).astype(images.dtype)
    return rows @ images @ columns.T


def _linear_kernel(distance: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 - distance)


def _cubic_kernel(distance: np.ndarray) -> np.ndarray:
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


_KERNELS = {"bilinear": (_linear_kernel, 1), "bicubic": (_cubic_kernel, 2)}


def _resampling_matrix(source: int, target: int, interpolation: str) -> np.ndarray:
    """Give the (target, source) matrix whose rows weigh the input pixels of each output pixel."""
    kernel, reach = _KERNELS[interpolation]
    place = (np.arange(target) + 0.5) * source / target - 0.5
    taps = np.floor(place)[:, None] + np.arange(1 - reach, reach + 1)
    matrix = np.zeros((target, source))
    inside = np.clip(taps, 0, source - 1).astype(np.int64)
    np.add.at(matrix, (np.arange(target)[:, None], inside), kernel(np.abs(place[:, None] - taps)))
    return matrix

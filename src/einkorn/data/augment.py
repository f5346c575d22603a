"""Random variations of training images: whole batches at once, in NumPy.

Every augmentation is called ``augment(images, generator) -> images`` with images of shape
(N, C, H, W), draws from `generator` alone, and never writes into its input.
"""

from __future__ import annotations

import numpy as np

from einkorn.data.loader import Transform

__all__ = [
    "Compose", "GaussianNoise", "RandomAffine", "RandomCrop", "RandomFlip", "affine", "ten_crop",
]  # fmt: skip


class Compose:
    """Several augmentations, one after the other.

    Examples
    --------
    >>> import numpy as np
    >>> augment = Compose(RandomFlip(), GaussianNoise(0.1))
    >>> augment(np.zeros((2, 1, 4, 4)), np.random.default_rng(0)).shape
    (2, 1, 4, 4)
    """

    def __init__(self, *transforms: Transform) -> None:
        self.transforms = transforms

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Apply all of them, in order."""
        for transform in self.transforms:
            images = transform(images, generator)
        return images


class RandomAffine:
    """Turn, scale and shift each image about its centre, by bilinear interpolation.

    Angle, scale and shift are uniform within their bounds, and independent for each image.

    Parameters
    ----------
    degrees : float
        Largest angle either way.
    shift : float
        Largest shift in pixels, either way, along each axis.
    scale : (float, float)
        Smallest and largest magnification.
    fill : float
        Value of what comes in from outside the image.

    Raises
    ------
    ValueError
        A bound is negative, or the scales are not positive and ascending.

    Examples
    --------
    >>> import numpy as np
    >>> augment = RandomAffine(degrees=10, shift=2, scale=(0.9, 1.1))
    >>> augment(np.ones((8, 1, 32, 32), np.float32), np.random.default_rng(0)).shape
    (8, 1, 32, 32)
    """

    def __init__(
        self,
        degrees: float = 0.0,
        shift: float = 0.0,
        scale: tuple[float, float] = (1.0, 1.0),
        fill: float = 0.0,
    ) -> None:
        if degrees < 0 or shift < 0:
            raise ValueError(f"degrees, shift: expected at least 0, got {degrees} and {shift}")
        if not 0 < scale[0] <= scale[1]:
            raise ValueError(f"scale: expected 0 < smallest <= largest, got {scale}")
        self.degrees = degrees
        self.shift = shift
        self.scale = scale
        self.fill = fill

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Vary a batch (N, C, H, W)."""
        count = len(images)
        angle = np.radians(generator.uniform(-self.degrees, self.degrees, count))
        scale = generator.uniform(*self.scale, count)
        shift = generator.uniform(-self.shift, self.shift, (count, 2))
        # The warp asks where an output pixel comes from: the inverse of turn, scale and shift.
        cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
        linear = np.stack([cos, sin, -sin, cos], axis=1).reshape(count, 2, 2)
        offset = -np.einsum("nij,nj->ni", linear, shift)
        return affine(images, np.concatenate([linear, offset[:, :, None]], axis=2), self.fill)


def affine(images: np.ndarray, matrices: np.ndarray, fill: float = 0.0) -> np.ndarray:
    """Warp images by affine maps, with bilinear interpolation.

    Parameters
    ----------
    images : floating-point array, shape (N, C, H, W)
        The images.
    matrices : array, shape (N, 2, 3)
        For each image the map from the (y, x, 1) of an output pixel to the (y, x) of the input,
        both measured in pixels from the centre of the image.
    fill : float
        Value of the input outside its borders.

    Returns
    -------
    array, shape (N, C, H, W), of the type of `images`

    Raises
    ------
    TypeError
        `images` are not floating-point.
    ValueError
        The shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> image = np.arange(4.0).reshape(1, 1, 1, 4)
    >>> affine(image, np.array([[[1, 0, 0], [0, 1, 0.5]]]), fill=9.0)
    array([[[[0.5, 1.5, 2.5, 6. ]]]])
    """
    _check_images(images)
    count, channels, height, width = images.shape
    if np.shape(matrices) != (count, 2, 3):
        raise ValueError(f"matrices: expected shape {(count, 2, 3)}, got {np.shape(matrices)}")
    y, x = _source_coordinates(np.asarray(matrices, images.dtype), height, width)
    # A frame of fill around each image makes border pixels ordinary ones; what lies farther out is
    # moved onto the frame.
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=fill)
    y, x = np.clip(y + 1, 0, height + 1), np.clip(x + 1, 0, width + 1)
    top = np.minimum(y.astype(np.intp), height)
    left = np.minimum(x.astype(np.intp), width)
    down = (y - top.astype(y.dtype))[:, None]
    right = (x - left.astype(x.dtype))[:, None]
    row = width + 2
    planes = np.arange(count * channels).reshape(count, channels, 1) * ((height + 2) * row)
    corner = planes + (top * row + left)[:, None]
    flat = padded.reshape(-1)
    upper = flat[corner] * (1 - right) + flat[corner + 1] * right
    lower = flat[corner + row] * (1 - right) + flat[corner + row + 1] * right
    return (upper * (1 - down) + lower * down).reshape(images.shape)


class RandomFlip:
    """Mirror each image with probability `p`.

    Parameters
    ----------
    p : float
        Probability.
    axis : {"horizontal", "vertical"}
        The direction in which pixels move.

    Examples
    --------
    >>> import numpy as np
    >>> RandomFlip(p=1.0)(np.array([[[[1.0, 2.0]]]]), np.random.default_rng(0))
    array([[[[2., 1.]]]])
    """

    def __init__(self, p: float = 0.5, axis: str = "horizontal") -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p: expected a probability, got {p}")
        if axis not in ("horizontal", "vertical"):
            raise ValueError(f"axis: expected 'horizontal' or 'vertical', got {axis!r}")
        self.p = p
        self.axis = axis

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Mirror some images of a batch (N, C, H, W)."""
        chosen = generator.random(len(images)) < self.p
        mirrored = images[..., ::-1] if self.axis == "horizontal" else images[..., ::-1, :]
        return np.where(chosen[:, None, None, None], mirrored, images)


class GaussianNoise:
    """Add independent normal noise of deviation `std` to every pixel.

    Examples
    --------
    >>> import numpy as np
    >>> GaussianNoise(0.1)(np.zeros((1, 1, 2, 2), np.float32), np.random.default_rng(0)).dtype
    dtype('float32')
    """

    def __init__(self, std: float) -> None:
        if std < 0:
            raise ValueError(f"std: expected at least 0, got {std}")
        self.std = std

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Add noise to a batch (N, C, H, W)."""
        _check_images(images)
        dtype = np.float64 if images.dtype == np.float64 else np.float32
        noise = generator.standard_normal(images.shape, dtype)
        noise *= dtype(self.std)
        return (images + noise).astype(images.dtype, copy=False)


class RandomCrop:
    """Cut a window from a random place of each image, after padding it with `fill`.

    Parameters
    ----------
    size : int or (int, int)
        Height and width of the window.
    padding : int
        Pixels added on every side first.
    fill : float
        Their value, if they are constant.
    padding_mode : {"constant", "edge", "reflect", "symmetric"}
        What they hold: `fill`, the border, or the image mirrored at its border, without repeating
        the border itself or with it.

    Raises
    ------
    ValueError
        A size is not positive, or the mode is unknown. When called: the padded images are smaller
        than the window, or too small to be mirrored.

    Examples
    --------
    >>> import numpy as np
    >>> RandomCrop(28, padding=2)(np.zeros((4, 1, 28, 28)), np.random.default_rng(0)).shape
    (4, 1, 28, 28)
    """

    def __init__(
        self,
        size: int | tuple[int, int],
        padding: int = 0,
        fill: float = 0.0,
        padding_mode: str = "constant",
    ) -> None:
        if padding_mode not in _PADDING_MODES:
            raise ValueError(
                f"padding_mode: expected one of {_PADDING_MODES}, got {padding_mode!r}"
            )
        self.size = (size, size) if isinstance(size, int) else size
        if min(self.size) < 1 or padding < 0:
            raise ValueError(f"size, padding: expected positive sizes, got {size} and {padding}")
        self.padding = padding
        self.fill = fill
        self.padding_mode = padding_mode

    def __call__(self, images: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """Cut a window from each image of a batch (N, C, H, W)."""
        padded = self._padded(images)
        room = np.subtract(padded.shape[2:], self.size)
        if room.min() < 0:
            raise ValueError(f"images: a window of {self.size} does not fit {images.shape}")
        corner = generator.integers(0, room + 1, (len(images), 2))
        windows = np.lib.stride_tricks.sliding_window_view(padded, self.size, axis=(2, 3))
        return windows[np.arange(len(images)), :, corner[:, 0], corner[:, 1]]

    def _padded(self, images: np.ndarray) -> np.ndarray:
        frame = ((0, 0), (0, 0), (self.padding, self.padding), (self.padding, self.padding))
        if self.padding_mode == "constant":
            return np.pad(images, frame, constant_values=self.fill)
        smallest = min(images.shape[2:]) - (self.padding_mode == "reflect")
        if self.padding > smallest and self.padding_mode != "edge":
            raise ValueError(
                f"images: {images.shape} cannot be mirrored by a padding of {self.padding}"
            )
        # The mode was checked at the start.
        return np.pad(images, frame, mode=self.padding_mode)  # type: ignore[call-overload]


def ten_crop(
    images: np.ndarray, size: int | tuple[int, int], vertical_flip: bool = False
) -> np.ndarray:
    """Cut out the four corners and the centre, of the images and of their mirror images.

    A model that was trained on random windows is tested by the mean of its answers to the ten.

    Parameters
    ----------
    images : array, shape (N, C, H, W)
        The images.
    size : int or (int, int)
        Height and width of the windows.
    vertical_flip : bool
        Mirror top to bottom instead of left to right.

    Returns
    -------
    array, shape (N, 10, C, height, width)
        Top left, top right, bottom left, bottom right and centre, then those of the mirror image.

    Raises
    ------
    ValueError
        The window does not fit the images.

    References
    ----------
    A. Krizhevsky, I. Sutskever and G. Hinton, "ImageNet classification with deep convolutional
    neural networks", NIPS 2012, section 4.1.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 5), nn.Softmax(1))
    >>> crops = ten_crop(np.zeros((2, 3, 10, 10), np.float32), 8)
    >>> crops.shape
    (2, 10, 3, 8, 8)
    >>> model(crops.reshape(-1, 3, 8, 8)).reshape(2, 10, 5).mean(1).shape
    (2, 5)
    """
    height, width = (size, size) if isinstance(size, int) else size
    if images.ndim != 4:
        raise ValueError(f"images: expected shape (N, C, H, W), got {images.shape}")
    down, right = images.shape[2] - height, images.shape[3] - width
    if min(height, width) < 1 or min(down, right) < 0:
        raise ValueError(f"images: a window of {(height, width)} does not fit {images.shape}")
    # Halves are rounded to even, as torchvision does.
    corners = [(0, 0), (0, right), (down, 0), (down, right), (round(down / 2), round(right / 2))]
    mirrored = images[:, :, ::-1] if vertical_flip else images[..., ::-1]
    return np.stack(
        [
            source[:, :, top : top + height, left : left + width]
            for source in (images, mirrored)
            for top, left in corners
        ],
        axis=1,
    )


_PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


def _check_images(images: np.ndarray) -> None:
    if images.ndim != 4:
        raise ValueError(f"images: expected shape (N, C, H, W), got {images.shape}")
    if images.dtype.kind != "f":
        raise TypeError(f"images: expected floating-point values, got {images.dtype}")


def _source_coordinates(
    matrices: np.ndarray, height: int, width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give, for every output pixel, the row and column it comes from: two (N, H * W) arrays."""
    dtype = matrices.dtype
    y, x = np.meshgrid(
        np.arange(height, dtype=dtype) - (height - 1) / 2,
        np.arange(width, dtype=dtype) - (width - 1) / 2,
        indexing="ij",
    )
    source = matrices[:, :, :2] @ np.stack([y.ravel(), x.ravel()]) + matrices[:, :, 2:]
    return source[:, 0] + (height - 1) / 2, source[:, 1] + (width - 1) / 2

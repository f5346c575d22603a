from __future__ import annotations

import numpy as np
import pytest

from einkorn.data import Normalize, one_hot, resize


@pytest.mark.parametrize("shape", [(50, 3), (50, 3, 7), (20, 3, 4, 5)])
def test_normalised_channels_have_mean_0_and_variance_1(shape: tuple) -> None:
    x = np.random.default_rng(0).normal(5, 3, shape).astype(np.float32)
    normalize = Normalize.fit(x)
    y = normalize(x)
    axes = (0, *range(2, x.ndim))
    assert y.dtype == np.float32
    np.testing.assert_allclose(y.mean(axes), 0, atol=1e-5)
    np.testing.assert_allclose(y.std(axes), 1, atol=1e-5)
    np.testing.assert_allclose(normalize.inverse(y), x, atol=1e-5)
    again = Normalize(**normalize.state_dict())
    np.testing.assert_array_equal(again(x), y)


def test_constant_channels_become_0() -> None:
    x = np.full((1000, 2), 0.1)
    assert np.abs(Normalize.fit(x)(x)).max() < 1e-12
    assert Normalize.fit(np.zeros((3, 1))).std == 1


def test_normalize_refuses_what_does_not_fit() -> None:
    normalize = Normalize([0.0, 0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"expected shape \(N, 2, ...\), got \(4, 3\)"):
        normalize(np.zeros((4, 3)))
    with pytest.raises(ValueError, match="std: expected positive"):
        Normalize([0.0], [0.0])
    with pytest.raises(ValueError, match="shapes"):
        Normalize([0.0], [1.0, 1.0])
    with pytest.raises(ValueError, match="with samples"):
        Normalize.fit(np.zeros((0, 2)))


def test_integers_are_normalised_as_float32() -> None:
    x = np.arange(256, dtype=np.uint8).reshape(-1, 1)
    assert Normalize.fit(x)(x).dtype == np.float32


def test_one_hot() -> None:
    labels = np.random.default_rng(0).integers(0, 7, (3, 4))
    np.testing.assert_array_equal(one_hot(labels, 7), np.eye(7)[labels])
    assert one_hot(labels, 7, bool).dtype == bool
    for wrong in (-1, 7):
        with pytest.raises(IndexError, match=f"labels: {wrong} is outside 0 to 6"):
            one_hot([0, wrong], 7)
    with pytest.raises(TypeError, match="expected integers, got float64"):
        one_hot([0.5], 7)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("size", [(32, 32), (13, 40), (8, 9)])
def test_resize_agrees_with_torch(interpolation: str, size: tuple) -> None:
    torch = pytest.importorskip("torch")
    images = np.random.default_rng(0).random((2, 3, 8, 9))
    if interpolation == "bicubic":  # PyTorch takes a = -3/4
        expected = resize_pixel_by_pixel(images, size)
    else:
        expected = torch.nn.functional.interpolate(
            torch.from_numpy(images), size, mode=interpolation, align_corners=False
        ).numpy()
    np.testing.assert_allclose(resize(images, size, interpolation), expected, atol=1e-12)


def keys_kernel(distance: float) -> float:
    d = abs(distance)
    if d <= 1:
        return 1.5 * d**3 - 2.5 * d**2 + 1
    return -0.5 * d**3 + 2.5 * d**2 - 4 * d + 2 if d < 2 else 0.0


def resize_pixel_by_pixel(images: np.ndarray, size: tuple) -> np.ndarray:
    source = images.shape[-2:]
    result = np.zeros((*images.shape[:-2], *size))
    for i, j in np.ndindex(*size):
        y = (i + 0.5) * source[0] / size[0] - 0.5
        x = (j + 0.5) * source[1] / size[1] - 0.5
        for k in range(int(np.floor(y)) - 1, int(np.floor(y)) + 3):
            for m in range(int(np.floor(x)) - 1, int(np.floor(x)) + 3):
                pixel = images[..., np.clip(k, 0, source[0] - 1), np.clip(m, 0, source[1] - 1)]
                result[..., i, j] += keys_kernel(y - k) * keys_kernel(x - m) * pixel
    return result


def test_resize_keeps_constants_and_type() -> None:
    for interpolation in ("bilinear", "bicubic"):
        result = resize(np.full((3, 5), 2, np.float32), 11, interpolation)
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, 2, rtol=1e-6)


def test_resize_refuses() -> None:
    with pytest.raises(ValueError, match="interpolation: expected one of"):
        resize(np.zeros((2, 2)), 4, "nearest")
    with pytest.raises(ValueError, match="positive sizes"):
        resize(np.zeros((2, 2)), 0)

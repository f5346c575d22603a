from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from einkorn.data import (
    Compose,
    GaussianNoise,
    RandomAffine,
    RandomCrop,
    RandomFlip,
    affine,
    ten_crop,
)

AUGMENTATIONS = {
    "affine": RandomAffine(degrees=20, shift=3, scale=(0.8, 1.2), fill=0.5),
    "flip": RandomFlip(),
    "noise": GaussianNoise(0.3),
    "crop": RandomCrop((9, 11), padding=2),
    "reflected": RandomCrop((9, 11), padding=3, padding_mode="reflect"),
    "composed": Compose(RandomFlip(), RandomAffine(degrees=5), GaussianNoise(0.1)),
}


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).random((16, 3, 10, 12)).astype(np.float32)


@pytest.mark.parametrize("augment", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_augmentations_follow_the_generator_and_spare_their_input(
    augment: Compose, images: np.ndarray
) -> None:
    images.flags.writeable = False
    first = augment(images, np.random.default_rng(1))
    assert first.dtype == np.float32
    assert first.shape[:2] == images.shape[:2]
    np.testing.assert_array_equal(first, augment(images, np.random.default_rng(1)))
    other = augment(images, np.random.default_rng(2))
    assert not np.array_equal(first, other)
    layout = np.asfortranarray(images)
    np.testing.assert_array_equal(first, augment(layout, np.random.default_rng(1)))


@pytest.mark.parametrize("augment", AUGMENTATIONS.values(), ids=AUGMENTATIONS)
def test_no_images_give_no_images(augment: Compose, images: np.ndarray) -> None:
    assert len(augment(images[:0], np.random.default_rng(1))) == 0


def test_affine_agrees_with_scipy(images: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    matrices = np.eye(2, 3) + rng.normal(0, 0.2, (16, 2, 3))
    matrices[:, :, 2] *= 20
    result = affine(images.astype(np.float64), matrices, fill=0.25)
    centre = (np.array(images.shape[2:]) - 1) / 2
    for image, matrix, got in zip(images, matrices, result, strict=True):
        linear = matrix[:, :2]
        offset = centre + matrix[:, 2] - linear @ centre
        for channel, plane in zip(image, got, strict=True):
            framed = np.pad(channel.astype(np.float64), 30, constant_values=0.25)
            expected = ndimage.affine_transform(
                framed, linear, offset + 30 - linear @ [30, 30], order=1, mode="nearest"
            )[30:-30, 30:-30]
            np.testing.assert_allclose(plane, expected, atol=1e-9)


def test_the_identity_changes_nothing(images: np.ndarray) -> None:
    np.testing.assert_array_equal(affine(images, np.tile(np.eye(2, 3), (16, 1, 1))), images)
    np.testing.assert_array_equal(RandomAffine()(images, np.random.default_rng(0)), images)


def test_affine_moves_what_it_says() -> None:
    image = np.zeros((1, 1, 9, 9))
    image[0, 0, 2, 4] = 1.0

    def only(**bounds: object) -> np.ndarray:
        class High(np.random.Generator):
            def uniform(self, low=0.0, high=1.0, size=None):  # the upper bound of every draw
                return np.full(size, high)

        return RandomAffine(**bounds)(image, High(np.random.PCG64(0)))[0, 0]

    assert only(shift=2.0)[4, 6] == pytest.approx(1)  # down and right
    assert only(degrees=90)[4, 2] == pytest.approx(1)  # from above the centre to its left
    assert only(scale=(1.0, 2.0))[0, 4] == pytest.approx(1)  # twice as far from the centre


@pytest.mark.parametrize("huge", [1e30, -1e30])
def test_far_maps_give_fill(images: np.ndarray, huge: float) -> None:
    matrices = np.tile(np.array([[1, 0, huge], [0, 1, 0.0]]), (16, 1, 1))
    np.testing.assert_array_equal(affine(images, matrices, fill=0.5), np.full_like(images, 0.5))


def test_flips_mirror_about_half_of_the_images(images: np.ndarray) -> None:
    many = np.repeat(images, 50, axis=0)
    for axis, mirrored in (("horizontal", many[..., ::-1]), ("vertical", many[:, :, ::-1])):
        result = RandomFlip(axis=axis)(many, np.random.default_rng(0))
        flipped = np.all(result == mirrored, axis=(1, 2, 3))
        kept = np.all(result == many, axis=(1, 2, 3))
        assert np.all(flipped ^ kept)
        assert 340 < flipped.sum() < 460


def test_noise_has_its_deviation(images: np.ndarray) -> None:
    noise = GaussianNoise(0.3)(images, np.random.default_rng(0)) - images
    assert abs(noise.std() - 0.3) < 0.01
    assert abs(noise.mean()) < 0.02


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_crops_are_windows(images: np.ndarray, mode: str) -> None:
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)), mode=mode)
    seen = set()
    crops = RandomCrop((9, 11), 2, padding_mode=mode)(images, np.random.default_rng(0))
    for image, crop in zip(padded, crops, strict=True):
        places = [
            (i, j)
            for i in range(padded.shape[2] - 8)
            for j in range(padded.shape[3] - 10)
            if np.array_equal(image[:, i : i + 9, j : j + 11], crop)
        ]
        assert len(places) >= 1
        seen.update(places)
    assert len(seen) > 5


@pytest.mark.parametrize("vertical", [False, True])
def test_ten_crop_takes_corners_and_centre_of_both(images: np.ndarray, vertical: bool) -> None:
    crops = ten_crop(images, (6, 4), vertical_flip=vertical)
    mirrored = np.flip(images, 2 if vertical else 3)
    for source, part in ((images, crops[:, :5]), (mirrored, crops[:, 5:])):
        np.testing.assert_array_equal(part[:, 0], source[:, :, :6, :4])
        np.testing.assert_array_equal(part[:, 1], source[:, :, :6, -4:])
        np.testing.assert_array_equal(part[:, 2], source[:, :, -6:, :4])
        np.testing.assert_array_equal(part[:, 3], source[:, :, -6:, -4:])
        np.testing.assert_array_equal(part[:, 4], source[:, :, 2:8, 4:8])
    assert ten_crop(images, (10, 12)).shape == (16, 10, 3, 10, 12)
    with pytest.raises(ValueError, match="does not fit"):
        ten_crop(images, 11)
    with pytest.raises(ValueError, match=r"expected shape \(N, C, H, W\)"):
        ten_crop(images[0], 4)


def test_images_too_small_to_be_mirrored(images: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    small = images[:, :, :3]
    for mode, most in (("reflect", 2), ("symmetric", 3)):
        assert RandomCrop(3, most, padding_mode=mode)(small, rng).shape == (16, 3, 3, 3)
        with pytest.raises(ValueError, match=f"cannot be mirrored by a padding of {most + 1}"):
            RandomCrop(3, most + 1, padding_mode=mode)(small, rng)


def test_wrong_arguments(images: np.ndarray) -> None:
    with pytest.raises(TypeError, match="floating-point values, got int64"):
        affine(images.astype(int), np.zeros((16, 2, 3)))
    with pytest.raises(ValueError, match=r"matrices: expected shape \(16, 2, 3\)"):
        affine(images, np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"expected shape \(N, C, H, W\)"):
        RandomAffine()(images[0], np.random.default_rng(0))
    with pytest.raises(ValueError, match="does not fit"):
        RandomCrop(13)(images, np.random.default_rng(0))
    for wrong in (
        lambda: RandomAffine(degrees=-1),
        lambda: RandomAffine(scale=(1.2, 0.8)),
        lambda: RandomFlip(p=2),
        lambda: RandomFlip(axis="diagonal"),
        lambda: GaussianNoise(-1),
        lambda: RandomCrop(0),
        lambda: RandomCrop(3, padding_mode="mirror"),
    ):
        with pytest.raises(ValueError, match="expected"):
            wrong()

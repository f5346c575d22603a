from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from einkorn.data import digits, load_idx, read_idx

TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def idx_bytes(array: np.ndarray, code: int = 0x08) -> bytes:
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(TYPES[code]).tobytes()


def write_mnist(folder: Path, suffix: str = "", sides: tuple = (28, 28)) -> tuple:
    rng = np.random.default_rng(0)
    parts = []
    for prefix, count in (("train", 7), ("t10k", 3)):
        images = rng.integers(0, 256, (count, *sides), np.uint8)
        labels = rng.integers(0, 10, count).astype(np.uint8)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx_bytes(array)
            name = f"{prefix}-{kind}-ubyte{suffix}"
            (folder / name).write_bytes(gzip.compress(content) if suffix else content)
        parts.append((images, labels))
    return tuple(parts)


def test_digits_are_the_scans_enlarged() -> None:
    images, labels = digits()
    assert images.shape == (1797, 1, 32, 32) and images.dtype == np.float32
    assert labels.shape == (1797,) and labels.dtype == np.int64
    assert images.min() >= 0 and images.max() <= 1
    assert np.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    from sklearn.datasets import load_digits

    small = images.reshape(1797, 8, 4, 8, 4).mean((2, 4))
    scans = load_digits().images / 16
    assert np.corrcoef(small.ravel(), scans.ravel())[0, 1] > 0.97
    cubic, _ = digits(16, "bicubic")
    assert cubic.shape == (1797, 1, 16, 16)
    assert cubic.min() >= 0 and cubic.max() <= 1


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_folders_of_mnist_files(tmp_path: Path, suffix: str) -> None:
    written = write_mnist(tmp_path, suffix)
    for (images, labels), (raw_images, raw_labels) in zip(load_idx(tmp_path), written, strict=True):
        assert images.dtype == np.float32 and labels.dtype == np.int64
        np.testing.assert_array_equal(labels, raw_labels)
        np.testing.assert_allclose(images[:, 0, 2:-2, 2:-2] * 255, raw_images, rtol=1e-6)
        assert images.shape[1:] == (1, 32, 32)
        images[:, 0, 2:-2, 2:-2] = 0
        assert not images.any()


def test_odd_padding_and_dotted_names(tmp_path: Path) -> None:
    write_mnist(tmp_path, sides=(27, 32))
    for path in list(tmp_path.iterdir()):
        path.rename(tmp_path / path.name.replace("-idx", ".idx"))
    (images, _), _ = load_idx(tmp_path)
    assert images.shape == (7, 1, 32, 32)
    assert not images[:, :, :2].any() and not images[:, :, -3:].any() and images[:, :, 2].any()


@pytest.mark.parametrize("code", TYPES)
def test_every_idx_type(tmp_path: Path, code: int) -> None:
    array = np.arange(24).reshape(2, 3, 4)
    (tmp_path / "a").write_bytes(idx_bytes(array, code))
    result = read_idx(tmp_path / "a")
    np.testing.assert_array_equal(result, array)
    assert result.dtype.isnative


VALID = idx_bytes(np.arange(12).reshape(3, 4))


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "got nothing"),
        (b"PK\x03\x04" + VALID, "expected it to begin with 00 00.*got 50 4b 03 04"),
        (b"\0\0\x07\x01" + VALID, "not an IDX file"),
        (VALID[:9], "cut short|needs"),
        (VALID[:-1], "cut short|needs 12 bytes after the header, got 11"),
        (VALID + b"x", "needs 12 bytes after the header, got more"),
        (b"\0\0\x08\xff" + bytes(50), "cut short"),
        (b"\0\0\x08\x02" + b"\xff" * 8, "cut short"),
        (b"\0\0\x0e\xff" + b"\xff" * 1020, "cut short"),
    ],
)
def test_damaged_files(tmp_path: Path, content: bytes, message: str, compress: bool) -> None:
    path = tmp_path / "digits"
    path.write_bytes(gzip.compress(content) if compress else content)
    with pytest.raises(ValueError, match=f"digits: .*({message})"):
        read_idx(path)


def test_damaged_gzip(tmp_path: Path) -> None:
    path = tmp_path / "digits.gz"
    content = gzip.compress(VALID)
    path.write_bytes(content[:-10])
    with pytest.raises(ValueError, match="digits.gz: damaged gzip file"):
        read_idx(path)
    path.write_bytes(content[:12] + b"\xff\xff\xff" + content[15:])
    with pytest.raises(ValueError, match="digits.gz: damaged gzip file"):
        read_idx(path)


def test_folders_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected a file train-images-idx3-ubyte"):
        load_idx(tmp_path)
    write_mnist(tmp_path, sides=(40, 28))
    with pytest.raises(ValueError, match=r"images of \(40, 28\) pixels do not fit into 32"):
        load_idx(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros(8)))
    with pytest.raises(ValueError, match=r"7 images but 8 labels in train-\*"):
        load_idx(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").write_bytes(idx_bytes(np.zeros((7, 1))))
    with pytest.raises(ValueError, match="expected 1 axes of uint8"):
        load_idx(tmp_path)


@pytest.mark.parametrize("compress", [False, True])
def test_mutated_files_are_read_or_refused(tmp_path: Path, compress: bool) -> None:
    rng = np.random.default_rng(0)
    valid = gzip.compress(VALID, mtime=0) if compress else VALID
    path = tmp_path / "digits"
    refused = 0
    for _ in range(1000):
        content = np.frombuffer(valid, np.uint8).copy()
        where = rng.integers(0, len(content), rng.integers(1, 4))
        content[where] = rng.integers(0, 256, len(where))
        path.write_bytes(content.tobytes()[: rng.integers(1, 2 * len(content))])
        try:
            read_idx(path)
        except (ValueError, OSError):
            refused += 1
    assert refused > 250

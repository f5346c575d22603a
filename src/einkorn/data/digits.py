"""Handwritten digits: scikit-learn's bundled scans, and MNIST-format files of the user's."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

from einkorn.data.transforms import resize

__all__ = ["digits", "load_idx", "read_idx"]

#: Type codes of the IDX format; its numbers are big-endian.
_IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}

#: Deflate cannot expand further than this, so a larger claim is a forged one.
_DEFLATE_LIMIT = 1032

_GZIP_MAGIC = b"\x1f\x8b"

Labelled = tuple[np.ndarray, np.ndarray]


def digits(size: int = 32, interpolation: str = "bilinear") -> Labelled:
    """Give 1,797 real scans of handwritten digits, which scikit-learn brings along.

    The scans of 8×8 pixels in 17 grey levels stand in the order of their 13 writers: who trains on
    the first and tests on the last is judged by hands it has never seen. Source: E. Alpaydin and
    C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998 (its
    test part).

    Parameters
    ----------
    size : int
        Height and width to which the scans are enlarged.
    interpolation : {"bilinear", "bicubic"}
        See `einkorn.data.resize`.

    Returns
    -------
    images : float32 array, shape (1797, 1, size, size)
        0 is paper, 1 is ink.
    labels : int64 array, shape (1797,)
        0 to 9.

    Raises
    ------
    ImportError
        scikit-learn is missing.

    Examples
    --------
    >>> images, labels = digits()
    >>> images.shape, labels[:5]
    ((1797, 1, 32, 32), array([0, 1, 2, 3, 4]))
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            'the bundled digits come from scikit-learn: pip install "einkorn[run]"'
        ) from error
    bundle = load_digits()
    scans = (bundle.images / 16).astype(np.float32)
    images = np.clip(resize(scans, size, interpolation), 0, 1)
    return images[:, None], bundle.target.astype(np.int64)


def load_idx(folder: str | os.PathLike[str], size: int = 32) -> tuple[Labelled, Labelled]:
    """Read a folder of MNIST-format files (MNIST, Fashion-MNIST, KMNIST, EMNIST …).

    The folder holds ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``,
    ``t10k-images-idx3-ubyte`` and ``t10k-labels-idx1-ubyte``, each plain or as ``.gz``; a dot
    before ``idx`` is accepted too.

    Parameters
    ----------
    folder : path-like
        Where the files lie.
    size : int
        Height and width to which images are padded with 0, in equal parts on both sides.

    Returns
    -------
    (images, labels), (images, labels) : training data, then test data
        float32 of shape (N, 1, size, size) from 0 to 1, and int64 of shape (N,).

    Raises
    ------
    FileNotFoundError
        A file is missing; the message names it.
    ValueError
        A file is damaged or holds something else, or images are larger than `size`.
    """
    train, test = (_load_part(folder, prefix, size) for prefix in ("train", "t10k"))
    return train, test


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """Read one IDX file, plain or gzipped: an array of numbers with its shape.

    The format is two bytes 0, a type code, the number of axes, the axes as big-endian 32-bit
    integers, and the numbers, big-endian.

    Raises
    ------
    ValueError
        The file is not an IDX file, or its size is not what its header declares.
    """
    name = os.fspath(path)
    with _opened(name) as (file, room):
        prefix = file.read(4)
        if len(prefix) < 4 or prefix[:2] != b"\0\0" or prefix[2] not in _IDX_TYPES:
            raise ValueError(
                f"{name}: not an IDX file: expected it to begin with 00 00, a type code "
                f"(08, 09, 0b … 0e) and the number of axes, got {prefix.hex(' ') or 'nothing'}"
            )
        dtype, axes = np.dtype(_IDX_TYPES[prefix[2]]), prefix[3]
        sizes = file.read(4 * axes)
        shape = tuple(np.frombuffer(sizes[: len(sizes) // 4 * 4], ">u4").tolist())
        declared = math.prod(shape) * dtype.itemsize
        if len(sizes) < 4 * axes or declared > room:
            raise ValueError(f"{name}: cut short: its header declares more than the file holds")
        content = file.read(declared + 1)
    if len(content) != declared:
        found = "more" if len(content) > declared else str(len(content))
        raise ValueError(
            f"{name}: shape {shape} of {dtype} needs {declared} bytes after the header, got {found}"
        )
    return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="))


@contextmanager
def _opened(name: str) -> Iterator[tuple[IO[bytes] | gzip.GzipFile, int]]:
    """Open a file, through gzip if it is compressed; give it and the most it can hold."""
    with open(name, "rb") as raw:
        compressed = raw.read(2) == _GZIP_MAGIC
        raw.seek(0)
        room = os.fstat(raw.fileno()).st_size * (_DEFLATE_LIMIT if compressed else 1)
        if not compressed:
            yield raw, room
            return
        try:
            with gzip.GzipFile(fileobj=raw) as file:
                yield file, room
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{name}: damaged gzip file: {error}") from error


def _load_part(folder: str | os.PathLike[str], prefix: str, size: int) -> Labelled:
    images = _read_part(folder, f"{prefix}-images-idx3-ubyte", axes=3)
    labels = _read_part(folder, f"{prefix}-labels-idx1-ubyte", axes=1)
    if len(images) != len(labels):
        raise ValueError(
            f"{os.fspath(folder)}: {len(images)} images but {len(labels)} labels in {prefix}-*"
        )
    scaled = images[:, None].astype(np.float32) / 255
    return _padded(scaled, size), labels.astype(np.int64)


def _read_part(folder: str | os.PathLike[str], stem: str, axes: int) -> np.ndarray:
    path = _find(folder, stem)
    array = read_idx(path)
    if array.ndim != axes or array.dtype != np.uint8:
        raise ValueError(
            f"{path}: expected {axes} axes of uint8, got shape {array.shape} of {array.dtype}"
        )
    return array


def _find(folder: str | os.PathLike[str], stem: str) -> str:
    for name in (stem, stem.replace("-idx", ".idx")):
        for suffix in ("", ".gz"):
            path = os.path.join(folder, name + suffix)
            if os.path.isfile(path):
                return path
    raise FileNotFoundError(f"{os.fspath(folder)}: expected a file {stem} or {stem}.gz")


def _padded(images: np.ndarray, size: int) -> np.ndarray:
    room = size - np.array(images.shape[2:])
    if room.min() < 0:
        raise ValueError(f"size: images of {images.shape[2:]} pixels do not fit into {size}")
    frame: Any = [(0, 0), (0, 0), *((int(r) // 2, int(r) - int(r) // 2) for r in room)]
    return np.pad(images, frame)

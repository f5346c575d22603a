"""Handwritten digits as the runs take them: bundled ones, or MNIST-format files of the user's."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from einkorn import data
from einkorn.data import ArrayDataset
from einkorn.runs._options import UsageError

__all__ = ["add_data_argument", "held_out_quarter", "unseen_writers"]

#: What is held out may not change with ``--seed``: figures of different seeds are compared.
_SPLIT_SEED = 0


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--data``."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR",
        help="folder of MNIST-format (IDX) files (default: scikit-learn's 1,797 digits)",
    )  # fmt: skip


def held_out_quarter(folder: Path | None) -> tuple[ArrayDataset, ArrayDataset]:
    """Give training and test digits, 32×32 from 0 to 1.

    Of the bundled digits a quarter of each class is held out; a folder brings its own test part.

    Raises
    ------
    UsageError
        The folder does not hold the files.
    """
    if folder is not None:
        try:
            train, test = data.load_idx(folder)
        except (OSError, ValueError) as error:
            raise UsageError(f"--data: {error}") from error
        return ArrayDataset(*train), ArrayDataset(*test)
    images, labels = data.digits()
    return _divide(images, labels, *data.stratified_split(labels, (0.75, 0.25), seed=_SPLIT_SEED))


def unseen_writers() -> tuple[ArrayDataset, ArrayDataset]:
    """Give the bundled digits in file order: the writers of the last quarter are in no other."""
    images, labels = data.digits()
    parts = data.train_valid_test_split(len(labels), (0.75, 0.25), shuffle=False)
    return _divide(images, labels, *parts)


def _divide(
    images: np.ndarray, labels: np.ndarray, train: np.ndarray, test: np.ndarray
) -> tuple[ArrayDataset, ArrayDataset]:
    return ArrayDataset(images[train], labels[train]), ArrayDataset(images[test], labels[test])

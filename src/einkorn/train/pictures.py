"""Pictures of training and of what was learnt, as files; matplotlib is imported when one is drawn.

Figures are drawn without pyplot: nothing of the user's matplotlib (backend, open figures) changes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from einkorn.io import atomic_path, to_array

__all__ = ["plot_confusion_matrix", "plot_history", "plot_images"]

_NOT_CURVES = ("epoch", "lr", "seconds")
_DOTS_PER_INCH = 120


def plot_history(rows: Sequence[dict[str, float]], path: str | os.PathLike[str]) -> None:
    """Draw one panel for each figure of a history, training beside validation.

    Parameters
    ----------
    rows : sequence of dict
        As in `einkorn.train.History.rows`.
    path : path-like
        The file; its suffix chooses the format (``.png``, ``.svg``, ``.pdf``).

    Raises
    ------
    ValueError
        There is nothing to draw.
    """
    names = dict.fromkeys(
        column.removeprefix("valid_") for row in rows for column in row if column not in _NOT_CURVES
    )
    if not names:
        raise ValueError("rows: expected at least one epoch with figures, got none")
    figure = new_figure(4.5 * len(names), 3.5)
    marker = "." if len(rows) < 3 else None  # one or two points make no visible line
    for panel, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        for column, label in ((name, "training"), (f"valid_{name}", "validation")):
            points = [(row["epoch"], row[column]) for row in rows if column in row]
            if points:
                panel.plot(*zip(*points, strict=True), label=label, marker=marker)
        panel.set(title=name, xlabel="epoch")
        panel.grid(alpha=0.3)
        panel.legend()
    write_figure(figure, path)


def plot_confusion_matrix(
    matrix: Any, path: str | os.PathLike[str], labels: Sequence[str] | None = None
) -> None:
    """Draw the counts of `einkorn.metrics.confusion_matrix`.

    The colour of a field is its share of its row, so that rare classes show too.

    Parameters
    ----------
    matrix : array of int, shape (C, C)
        Rows are true classes, columns predicted ones.
    path : path-like
        The file.
    labels : sequence of str, optional
        Names of the classes; their numbers by default.

    Raises
    ------
    ValueError
        The matrix is not square, or the labels do not fit.
    """
    matrix = to_array(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"matrix: expected a square matrix, got shape {matrix.shape}")
    names = [str(number) for number in range(len(matrix))] if labels is None else list(labels)
    if len(names) != len(matrix):
        raise ValueError(f"labels: expected {len(matrix)} of them, got {len(names)}")
    side = max(3.0, 0.5 * len(names) + 1)
    figure = new_figure(side, side)
    panel = figure.subplots()
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.argwhere(matrix):
        colour = "white" if shares[row, column] > 0.5 else "black"
        panel.text(column, row, matrix[row, column], ha="center", va="center", color=colour)
    ticks = range(len(names))
    panel.set(xlabel="predicted", ylabel="true", xticks=ticks, yticks=ticks)
    panel.set_xticklabels(names)
    panel.set_yticklabels(names)
    write_figure(figure, path)


def plot_images(
    images: Any,
    path: str | os.PathLike[str],
    captions: Sequence[str] | None = None,
    columns: int = 10,
    title: str | None = None,
) -> None:
    """Draw a sheet of small images, row by row.

    Parameters
    ----------
    images : array or Tensor, shape (N, 1, H, W), (N, 3, H, W) or (N, H, W)
        Grey or coloured images from 0 to 1; values outside are cut off.
    path : path-like
        The file.
    captions : sequence of str, optional
        A line over each image.
    columns : int
        Images in a row.
    title : str, optional
        A line over all.

    Raises
    ------
    ValueError
        The shape is not that of images, or the captions do not fit.
    """
    pixels = _pixels(images)
    if captions is not None and len(captions) != len(pixels):
        raise ValueError(f"captions: expected {len(pixels)} of them, got {len(captions)}")
    if columns < 1:
        raise ValueError(f"columns: expected at least 1, got {columns}")
    columns = max(1, min(columns, len(pixels)))
    rows = max(1, -(-len(pixels) // columns))
    line = 0.25 if captions is not None else 0.05
    figure = new_figure(0.9 * columns + 0.2, (0.9 + line) * rows + (0.5 if title else 0.2))
    for number, panel in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
        panel.set_axis_off()
        if number < len(pixels):
            panel.imshow(pixels[number], cmap="gray", vmin=0, vmax=1)
            if captions is not None:
                panel.set_title(captions[number], fontsize=8, pad=2)
    if title:
        figure.suptitle(title)
    write_figure(figure, path)


def _pixels(images: Any) -> np.ndarray:
    """Give images with their channels last (grey ones without), cut off at 0 and 1."""
    pixels = to_array(images)
    if pixels.ndim == 4 and pixels.shape[1] in (1, 3):
        pixels = pixels[:, 0] if pixels.shape[1] == 1 else pixels.transpose(0, 2, 3, 1)
    elif pixels.ndim != 3:
        raise ValueError(
            f"images: expected shape (N, 1 or 3, H, W) or (N, H, W), got {pixels.shape}"
        )
    return np.clip(pixels, 0, 1)


def new_figure(width: float, height: float) -> Any:
    """Give an empty figure; it belongs to no window and no global state."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('pictures need matplotlib: pip install "einkorn[run]"') from error
    return Figure(figsize=(width, height), layout="constrained")


def write_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure in the format that the path's suffix names, whole or not at all."""
    suffix = os.path.splitext(os.fspath(path))[1].removeprefix(".") or "png"
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format=suffix, dpi=_DOTS_PER_INCH)

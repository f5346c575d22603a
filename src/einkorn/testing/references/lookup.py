"""Rows of a table chosen by indices."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def embedding(table: Array, index: Array) -> Array:
    """The rows that the indices name.

    >>> embedding(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([1, 0])).tolist()
    [[2.0, 3.0], [0.0, 1.0]]
    """
    return np.asarray(table, np.float64)[np.asarray(index)]


def embedding_grad(
    grad: Array,
    index: Array,
    num_embeddings: int,
    *,
    padding_idx: int | None = None,
    scale_grad_by_freq: bool = False,
) -> Array:
    """For each row of the table the sum of the gradients of its uses.

    >>> embedding_grad(np.array([[1.0], [2.0], [4.0]]), np.array([1, 0, 1]), 3).tolist()
    [[2.0], [5.0], [0.0]]
    """
    index = np.asarray(index).reshape(-1)
    grad = np.asarray(grad, np.float64)
    table = np.zeros((num_embeddings, grad.shape[-1]))
    np.add.at(table, index, grad.reshape(len(index), grad.shape[-1]))
    if scale_grad_by_freq:
        uses = np.bincount(index, minlength=num_embeddings)
        table /= np.maximum(uses, 1)[:, None]
    if padding_idx is not None:
        table[padding_idx] = 0
    return table

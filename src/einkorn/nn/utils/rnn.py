"""Sequences of unequal lengths: padded to the longest, or packed without padding.

Packed, the rows of all sequences at the first step lie together, then those at the second and so
on; the longest sequence comes first, so that those which go on are always the first::

    a0 a1 a2        data         a0 b0 c0 a1 b1 a2
    b0 b1      ->   batch_sizes  3  2  1
    c0
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.autograd.operators import cat, index_select, reshape, stack, transpose
from einkorn.autograd.operators import pad as pad_constant

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class PackedSequence(NamedTuple):
    """Sequences without padding, as recurrent layers take and return them.

    Attributes
    ----------
    data : Tensor, shape (N, ...)
        N is the sum of the lengths.
    batch_sizes : Tensor of int64, shape (T,)
        How many sequences reach each step.
    sorted_indices : Tensor of int64, shape (B,), or None
        The sequences in the order of their lengths; None where they were given so.
    unsorted_indices : Tensor of int64, shape (B,), or None
        The way back.
    """

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """Return the permutation that takes back ``permutation``; None for None.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn.nn.utils.rnn import invert_permutation
    >>> invert_permutation(ek.tensor([2, 0, 1])).tolist()
    [1, 2, 0]
    """
    return None if permutation is None else as_tensor(np.argsort(permutation.numpy()))


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack sequences that are padded to the same length.

    Parameters
    ----------
    input : Tensor, shape (T, B, ...), or (B, T, ...) with ``batch_first``
    lengths : Tensor, array or list of int, shape (B,)
        Positive, and at most T.
    batch_first : bool
        Which of the first two dimensions counts the sequences.
    enforce_sorted : bool
        Whether the sequences must come in the order of their lengths, longest first; otherwise
        they are sorted.

    Returns
    -------
    PackedSequence

    Raises
    ------
    ValueError
        If a length is out of range, their number is not B, or they increase in spite of
        ``enforce_sorted``.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn.nn.utils.rnn import pack_padded_sequence
    >>> packed = pack_padded_sequence(ek.tensor([[1, 2], [3, 4], [5, 0]]), [3, 2])
    >>> packed.data.tolist(), packed.batch_sizes.tolist()
    ([1, 2, 3, 4, 5], [2, 2, 1])
    """
    x = as_tensor(input)
    if x.ndim < 2:
        raise ValueError(f"input must have at least 2 dimensions, got shape {x.shape}")
    x = transpose(x, 0, 1) if batch_first else x
    steps, batch = x.shape[:2]
    sizes = np.asarray(lengths)
    if sizes.shape != (batch,) or sizes.dtype.kind not in "iu":
        raise ValueError(f"lengths must be {batch} integers, got {lengths!r}")
    if batch == 0 or sizes.min() < 1 or sizes.max() > steps:
        raise ValueError(f"lengths must lie in [1, {steps}], got {sizes.tolist()}")
    order = None if enforce_sorted else np.argsort(-sizes.astype(np.int64), kind="stable")
    sizes = sizes if order is None else sizes[order]
    if (sizes[1:] > sizes[:-1]).any():
        raise ValueError(
            f"lengths must not increase unless enforce_sorted is False, got {sizes.tolist()}"
        )
    columns = np.arange(batch) if order is None else order
    reached = np.arange(sizes[0])[:, None] < sizes
    rows = (np.arange(sizes[0])[:, None] * batch + columns)[reached]
    data = index_select(reshape(x, (steps * batch, *x.shape[2:])), 0, rows)
    sorted_indices = None if order is None else as_tensor(order)
    batch_sizes = as_tensor(reached.sum(axis=1))
    return PackedSequence(data, batch_sizes, sorted_indices, invert_permutation(sorted_indices))


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Pad packed sequences to the same length: the inverse of `pack_padded_sequence`.

    Parameters
    ----------
    sequence : PackedSequence
    batch_first : bool
        Return (B, T, ...) instead of (T, B, ...).
    padding_value : float
        Of what is added.
    total_length : int, optional
        T; the longest sequence's by default.

    Returns
    -------
    padded : Tensor, shape (T, B, ...)
    lengths : Tensor of int64, shape (B,)

    Raises
    ------
    ValueError
        If the total length is less than the longest sequence's.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn.nn.utils.rnn import pack_sequence, pad_packed_sequence
    >>> packed = pack_sequence([ek.tensor([1.0, 2.0]), ek.tensor([3.0])])
    >>> padded, lengths = pad_packed_sequence(packed, batch_first=True)
    >>> padded.tolist(), lengths.tolist()
    ([[1.0, 2.0], [3.0, 0.0]], [2, 1])
    """
    sizes = sequence.batch_sizes.numpy()
    longest, batch = len(sizes), int(sizes[0])
    steps = longest if total_length is None else total_length
    if steps < longest:
        raise ValueError(f"total_length must be at least {longest}, got {total_length}")
    reached = np.arange(batch) < np.append(sizes, np.zeros(steps - longest, np.int64))[:, None]
    lengths = reached.sum(axis=0)
    # One row of padding stands behind the data, for all that was not reached.
    rows = np.where(reached, np.cumsum(reached).reshape(reached.shape) - 1, len(sequence.data))
    if sequence.unsorted_indices is not None:
        back = sequence.unsorted_indices.numpy()
        rows, lengths = rows[:, back], lengths[back]
    rows = rows.T if batch_first else rows
    data = sequence.data
    padding = np.full((1, *data.shape[1:]), padding_value, data.dtype)
    chosen = index_select(cat([data, as_tensor(padding)]), 0, rows.reshape(-1))
    return reshape(chosen, (*rows.shape, *data.shape[1:])), as_tensor(lengths)


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Stack sequences of different lengths, padded to the longest.

    Parameters
    ----------
    sequences : iterable of Tensors, shapes (L, ...)
        L may differ.
    batch_first : bool
        Return (B, T, ...) instead of (T, B, ...).
    padding_value : float
        Of what is added.
    padding_side : {"right", "left"}
        Whether it is added behind or before a sequence.

    Returns
    -------
    Tensor, shape (T, B, ...)

    Raises
    ------
    ValueError
        If there is no sequence, or the side is another.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn.nn.utils.rnn import pad_sequence
    >>> pad_sequence([ek.tensor([1.0, 2.0]), ek.tensor([3.0])], batch_first=True).tolist()
    [[1.0, 2.0], [3.0, 0.0]]
    """
    if padding_side not in ("left", "right"):
        raise ValueError(f"padding_side must be 'left' or 'right', got {padding_side!r}")
    tensors = [as_tensor(sequence) for sequence in sequences]
    if not tensors:
        raise ValueError("sequences must hold at least one")
    longest = max(len(x) for x in tensors)
    padded = []
    for x in tensors:
        missing = longest - len(x)
        ends = (missing, 0) if padding_side == "left" else (0, missing)
        # pad() counts dimensions from the last one.
        widths = (0, 0) * (x.ndim - 1) + ends
        padded.append(pad_constant(x, widths, value=padding_value) if missing else x)
    return stack(padded, 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Any, batch_first: bool = False
) -> list[Tensor]:
    """Return the sequences that `pad_sequence` padded on the right.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn.nn.utils.rnn import unpad_sequence
    >>> [x.tolist() for x in unpad_sequence(ek.tensor([[1, 2], [3, 0]]), ek.tensor([2, 1]))]
    [[1, 3], [2]]
    """
    x = padded_sequences if batch_first else transpose(padded_sequences, 0, 1)
    return [x[i, : int(length)] for i, length in enumerate(np.asarray(lengths))]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of shapes (L, ...), with L not increasing unless ``enforce_sorted`` is False.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn.nn.utils.rnn import pack_sequence
    >>> pack_sequence([ek.tensor([1.0, 2.0]), ek.tensor([3.0])]).data.tolist()
    [1.0, 3.0, 2.0]
    """
    lengths = [len(sequence) for sequence in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """Return the sequences that were packed, in their first order.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn.nn.utils.rnn import pack_sequence, unpack_sequence
    >>> packed = pack_sequence([ek.tensor([3.0]), ek.tensor([1.0, 2.0])], enforce_sorted=False)
    >>> [x.tolist() for x in unpack_sequence(packed)]
    [[3.0], [1.0, 2.0]]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)

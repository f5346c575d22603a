"""Padding and packing, against PyTorch."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.nn.utils import rnn

torch = pytest.importorskip("torch")
theirs = torch.nn.utils.rnn

LENGTHS = [2, 4, 1, 4]


def sequences(*trailing):
    source = np.random.default_rng(0)
    return [source.normal(size=(length, *trailing)) for length in LENGTHS]


def both(arrays):
    return [ek.tensor(a) for a in arrays], [torch.tensor(a) for a in arrays]


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("trailing", [(), (3,), (2, 3)])
def test_pad_sequence_equals(trailing, batch_first, side):
    ours, expected = both(sequences(*trailing))
    np.testing.assert_array_equal(
        rnn.pad_sequence(ours, batch_first, -1.0, side).numpy(),
        theirs.pad_sequence(expected, batch_first, -1.0, side).numpy(),
    )


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("trailing", [(), (3,)])
def test_packing_and_padding_again_equals(trailing, batch_first):
    ours, expected = both(sequences(*trailing))
    packed = rnn.pack_padded_sequence(
        rnn.pad_sequence(ours, batch_first), ek.tensor(LENGTHS), batch_first, enforce_sorted=False
    )
    reference = theirs.pack_sequence(expected, enforce_sorted=False)
    np.testing.assert_array_equal(packed.batch_sizes.numpy(), reference.batch_sizes.numpy())
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first, 7.0, 6)
    wanted, _ = theirs.pad_packed_sequence(reference, batch_first, 7.0, 6)
    np.testing.assert_array_equal(padded.numpy(), wanted.numpy())
    assert lengths.tolist() == LENGTHS
    for first, second in zip(rnn.unpack_sequence(packed), ours, strict=True):
        np.testing.assert_array_equal(first.numpy(), second.numpy())


def test_sequences_in_order_need_no_indices():
    packed = rnn.pack_sequence([ek.tensor([1.0, 2.0]), ek.tensor([3.0])])
    assert packed.sorted_indices is None
    assert packed.unsorted_indices is None
    assert packed.data.tolist() == [1.0, 3.0, 2.0]


def test_gradient_goes_back_to_the_rows():
    x = ek.tensor(np.ones((3, 2)), requires_grad=True)
    packed = rnn.pack_padded_sequence(x, [1, 3], enforce_sorted=False)
    (packed.data * ek.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert x.grad.tolist() == [[2.0, 1.0], [0.0, 3.0], [0.0, 4.0]]


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ([1, 2], "must not increase"),
        ([3, 0], r"must lie in \[1, 3\]"),
        ([4, 1], r"must lie in \[1, 3\]"),
        ([3], "must be 2 integers"),
        ([3.0, 1.0], "must be 2 integers"),
    ],
)
def test_bad_lengths_are_refused(lengths, message):
    with pytest.raises(ValueError, match=message):
        rnn.pack_padded_sequence(ek.zeros(3, 2), lengths)


def test_bad_arguments_are_refused():
    packed = rnn.pack_sequence([ek.zeros(3)])
    with pytest.raises(ValueError, match="total_length must be at least 3"):
        rnn.pad_packed_sequence(packed, total_length=2)
    with pytest.raises(ValueError, match="padding_side"):
        rnn.pad_sequence([ek.zeros(3)], padding_side="top")
    with pytest.raises(ValueError, match="at least one"):
        rnn.pad_sequence([])

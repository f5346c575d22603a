"""Connectionist temporal classification: all paths, finite differences, lengths of every kind."""

import itertools

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

#: Steps, classes, blank, and of each sample the number of steps and the target.
BATCHES = {
    "one": (3, 2, 0, [(3, [1])]),
    "repeated labels need a blank between": (4, 3, 0, [(4, [1, 1]), (4, [2, 1])]),
    "the last class is the blank": (4, 3, 2, [(4, [0, 1]), (4, [1, 1])]),
    "of several lengths": (5, 3, 1, [(5, [0, 2, 0]), (3, [2]), (4, [0, 0]), (1, [2])]),
    "no labels": (3, 3, 0, [(3, []), (2, [1])]),
    "no steps": (3, 2, 0, [(0, []), (0, [1]), (3, [1])]),
    "too few steps": (3, 3, 0, [(3, [1, 1, 1]), (2, [1, 1]), (3, [1, 2])]),
    "no samples": (3, 2, 0, []),
}


def batch(name, dtype, padded=True):
    """log_probs, targets, input_lengths, target_lengths; and the blank."""
    steps, classes, blank, samples = BATCHES[name]
    scores = np.random.default_rng(0).standard_normal((steps, len(samples), classes))
    log_probs = references.log_softmax(scores).astype(dtype)
    labels = [target for _, target in samples]
    counts = np.array([len(target) for target in labels], np.int64)
    if padded:
        targets = np.full((len(labels), max(counts, default=0) + 1), -7)
        for row, target in zip(targets, labels, strict=True):
            row[: len(target)] = target
    else:
        targets = np.array(sum(labels, []), np.int64)
    lengths = np.array([length for length, _ in samples], np.int64)
    return (log_probs, targets, lengths, counts), blank


def loss_of_all_paths(log_probs, targets, input_lengths, target_lengths, blank):
    """The definition: the probabilities of all paths that read as the target."""
    probs, ends = np.exp(log_probs.astype(np.float64)), np.cumsum(target_lengths)
    likelihood = np.zeros(len(target_lengths))
    for i, (steps, count) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        labels = targets[i, :count] if targets.ndim == 2 else targets[ends[i] - count : ends[i]]
        for path in itertools.product(range(probs.shape[2]), repeat=steps):
            if [c for c, _ in itertools.groupby(path) if c != blank] == labels.tolist():
                likelihood[i] += np.prod([probs[t, i, c] for t, c in enumerate(path)])
    with np.errstate(divide="ignore"):
        return -np.log(likelihood)


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("name", BATCHES)
def test_equals_the_sum_over_all_paths(name, padded, dtype):
    call, blank = batch(name, dtype, padded)
    loss, log_alpha = kernels.ctc_loss(*call, blank=blank)
    assert loss.dtype == dtype
    expected = loss_of_all_paths(*call, blank)
    np.testing.assert_array_equal(np.isinf(loss), np.isinf(expected))
    assert_close(loss, expected)
    grad = np.random.default_rng(1).standard_normal(loss.shape).astype(dtype)
    for zero in (False, True):
        options = {"blank": blank, "zero_infinity": zero}
        gx = kernels.ctc_loss_grad(grad, *call, loss, log_alpha, **options)
        expected = references.ctc_loss_grad(
            grad, *call, *references.ctc_loss(*call, blank=blank), **options
        )
        assert_close(gx, expected)


def long_batch(dtype, steps=70, labels=33, samples=5, classes=29):
    rng = np.random.default_rng(3)
    log_probs = references.log_softmax(rng.standard_normal((steps, samples, classes)))
    counts = rng.integers(labels // 2, labels + 1, samples)
    lengths = rng.integers(2 * labels, steps + 1, samples)
    targets = rng.integers(0, classes, (samples, labels))
    return log_probs.astype(dtype), targets, lengths, counts


def test_gradient_by_central_differences_through_the_softmax():
    log_probs, *rest = long_batch(np.float64, steps=9, labels=4, samples=3, classes=5)
    grad = np.array([1.0, -2.0, 0.5])
    loss, log_alpha = kernels.ctc_loss(log_probs, *rest, blank=2)
    analytic = kernels.ctc_loss_grad(grad, log_probs, *rest, loss, log_alpha, blank=2)
    assert_gradients(
        lambda x: kernels.ctc_loss(kernels.log_softmax(x), *rest, blank=2)[0],
        [log_probs],
        grad,
        [analytic],
    )


def test_many_states_equal_reference(dtype):
    """More states than lanes."""
    call = long_batch(dtype)
    grad = np.random.default_rng(1).standard_normal(5).astype(dtype)
    loss, log_alpha = kernels.ctc_loss(*call)
    expected = references.ctc_loss(*call)
    assert_close(loss, expected[0])
    assert_close(log_alpha, expected[1])
    gx = kernels.ctc_loss_grad(grad, *call, loss, log_alpha)
    assert_close(gx, references.ctc_loss_grad(grad, *call, *expected))


def test_gradients_sum_to_0_over_the_classes(dtype):
    call = long_batch(dtype)
    loss, log_alpha = kernels.ctc_loss(*call)
    gx = kernels.ctc_loss_grad(np.ones(5, dtype), *call, loss, log_alpha)
    np.testing.assert_allclose(gx.sum(-1), 0, atol=2e-4 if dtype == np.float32 else 1e-11)


def test_a_class_that_cannot_be_has_no_gradient(dtype):
    p = np.array([[0.5, 0.5, 0.0], [0.25, 0.75, 0.0], [0.5, 0.5, 0.0]], dtype)[:, np.newaxis]
    with np.errstate(divide="ignore"):
        call = (np.log(p), np.array([[1]]), np.array([3]), np.array([1]))
    loss, log_alpha = kernels.ctc_loss(*call)
    gx = kernels.ctc_loss_grad(np.ones(1, dtype), *call, loss, log_alpha)
    expected = references.ctc_loss(*call)
    assert_close(loss, expected[0])
    assert_close(gx, references.ctc_loss_grad(np.ones(1), *call, *expected))


def test_nan_passes(dtype):
    log_probs, *rest = long_batch(dtype)
    log_probs[3, 1, :] = np.nan
    loss, log_alpha = kernels.ctc_loss(log_probs, *rest)
    np.testing.assert_array_equal(np.isnan(loss), np.arange(5) == 1)
    gx = kernels.ctc_loss_grad(np.ones(5, dtype), log_probs, *rest, loss, log_alpha)
    assert np.isnan(gx[0, 1]).any()
    assert not np.isnan(gx[:, [0, 2, 3, 4]]).any()


def test_steps_and_states_beyond_a_sample_are_empty(dtype):
    log_probs, targets, lengths, counts = long_batch(dtype)
    _, log_alpha = kernels.ctc_loss(log_probs, targets, lengths, counts)
    for alpha, length, count in zip(log_alpha, lengths, counts, strict=True):
        assert (alpha[length:] == -np.inf).all()
        assert (alpha[:, 2 * count + 1 :] == -np.inf).all()


BAD = [
    ({"blank": 3}, ValueError, r"blank: expected in \[0, 3\), got 3"),
    ({"input_lengths": [4, 5]}, ValueError, r"input_lengths: expected lengths in \[0, 4\], got 5"),
    ({"input_lengths": [-1, 4]}, ValueError, "input_lengths: expected lengths"),
    ({"input_lengths": [4]}, ValueError, "input_lengths: expected shape"),
    ({"target_lengths": [2, 4]}, ValueError, r"target_lengths: expected lengths in .*3\], got 4"),
    ({"target_lengths": [1.0, 1.0]}, TypeError, "target_lengths"),
    ({"targets": [[1, 3, 0], [1, 1, 0]]}, IndexError, r"targets: expected classes in .*3\), got 3"),
    ({"targets": [[1, 1, 0], [-(2**63), 1, 0]]}, IndexError, "targets: expected classes"),
    ({"targets": [1, 2, 1]}, ValueError, "target_lengths: expected the sum of targets' 3, got 4"),
    ({"targets": [[[1]]]}, ValueError, "targets: expected shape"),
    ({"log_probs": np.zeros((4, 3))}, ValueError, "log_probs"),
    ({"log_probs": np.zeros((4, 2, 3), np.int64)}, TypeError, "log_probs"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "error", "message"), BAD)
def test_bad_input_is_named(bad, error, message):
    good = {
        "log_probs": np.log(np.full((4, 2, 3), 1 / 3)),
        "targets": [[1, 2, 0], [1, 1, 0]],
        "input_lengths": [4, 4],
        "target_lengths": [2, 2],
    }
    kernels.ctc_loss(**good)
    with pytest.raises(error, match=message):
        kernels.ctc_loss(**{**good, **bad})


@pytest.mark.parametrize("name", ["grad", "loss", "log_alpha"])
def test_the_gradient_refuses_what_the_loss_did_not_return(name):
    call, _ = batch("of several lengths", np.float64)
    loss, log_alpha = kernels.ctc_loss(*call, blank=1)
    given = {"grad": np.ones(4), "loss": loss, "log_alpha": log_alpha}
    with pytest.raises(ValueError, match=f"{name}: expected shape"):
        kernels.ctc_loss_grad(
            **{**given, name: given[name][1:]},
            **dict(
                zip(("log_probs", "targets", "input_lengths", "target_lengths"), call, strict=True)
            ),
            blank=1,
        )


def test_equals_pytorch(dtype):
    torch = pytest.importorskip("torch")
    call = long_batch(dtype)
    theirs = [torch.tensor(value) for value in call]
    theirs[0].requires_grad_()
    expected = torch.nn.functional.ctc_loss(*theirs, reduction="none")
    expected.sum().backward()
    loss, log_alpha = kernels.ctc_loss(*call)
    assert_close(loss, expected.detach().numpy())
    gx = kernels.ctc_loss_grad(np.ones(5, dtype), *call, loss, log_alpha)
    assert_close(gx, theirs[0].grad.numpy())

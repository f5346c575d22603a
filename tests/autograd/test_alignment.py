"""Connectionist temporal classification through the softmax that its gradient takes for granted."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.autograd import grad, gradcheck
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name

LABELS = (np.array([[1, 2, 2], [3, 0, 0], [1, 3, 0]]), [7, 6, 5], [3, 1, 2])


def scores():
    values = np.random.default_rng(0).standard_normal((7, 3, 5))
    return ek.tensor(values, requires_grad=True)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("blank", [0, 4])
def test_gradient_of_scores(reduction, blank):
    targets = LABELS[0] if blank == 4 else np.maximum(LABELS[0], 1)

    def loss(x):
        return F.ctc_loss(F.log_softmax(x, -1), targets, *LABELS[1:], blank, reduction)

    assert gradcheck(loss, [scores()])


def test_first_derivatives_only():
    x = scores()
    loss = F.ctc_loss(F.log_softmax(x, -1), *LABELS)
    (plain,) = grad(loss, [x], retain_graph=True)
    (first,) = grad(loss, [x], create_graph=True)
    np.testing.assert_array_equal(first.numpy(), plain.numpy())
    with pytest.raises(NotImplementedError, match="ctc_loss: has first derivatives only"):
        first.sum().backward()


def test_infinite_losses_can_count_as_zero():
    x = scores()
    lengths = ([2, 6, 5], [3, 1, 2])
    log_probs = F.log_softmax(x, -1)
    assert F.ctc_loss(log_probs, LABELS[0], *lengths).item() == np.inf
    loss = F.ctc_loss(log_probs, LABELS[0], *lengths, zero_infinity=True)
    loss.backward()
    assert np.isfinite(loss.item())
    assert not x.grad.numpy()[:, 0].any()
    assert x.grad.numpy()[:, 1].any()

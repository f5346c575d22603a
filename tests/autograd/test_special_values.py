"""Points where formulas break: ties, zeros, infinities, NaN, no elements; against PyTorch."""

import numpy as np
import pytest

import einkorn as ek
from einkorn.nn import functional as F

torch = pytest.importorskip("torch")
TF = torch.nn.functional

INF, NAN = float("inf"), float("nan")
SPECIAL = [-INF, -200.0, -1.5, -1.0, -0.0, 0.0, 1e-38, 0.5, 1.0, 3.0, 200.0, INF, NAN]

ELEMENTWISE = [
    *("abs", "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "rsqrt", "reciprocal"),
    *("square", "sign", "sin", "cos", "tan", "tanh", "sigmoid", "relu", "floor", "round"),
    *("isnan", "isinf", "isfinite", "selu", "celu"),
]
FUNCTIONAL = [
    *("leaky_relu", "elu", "hardtanh", "relu6", "hardsigmoid", "softsign", "logsigmoid"),
    *("softplus", "silu"),
]

# Their gradients at NaN are NaN, for hardsigmoid the slope; PyTorch's are the slope and 0.
NAN_DIFFERS = {"elu", "selu", "celu", "hardsigmoid"}


def check(function, reference, *arrays, rtol=1e-12):
    """Compare values and gradients (for a gradient of ones) in float64."""
    ours = [ek.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    theirs = [torch.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    with np.errstate(all="ignore"):
        y, z = function(*ours), reference(*theirs)
        assert y.shape == tuple(z.shape)
        np.testing.assert_allclose(y.numpy(), z.detach().numpy(), rtol, 1e-300)
        if not z.requires_grad:
            return
        y.backward(np.ones(y.shape))
        z.backward(torch.ones(z.shape, dtype=z.dtype))
    for a, b in zip(ours, theirs, strict=True):
        if b.grad is not None:
            np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol, 1e-300)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name):
    points = SPECIAL[:-1] if name in NAN_DIFFERS else SPECIAL
    check(getattr(ek, name), getattr(torch, name), np.array(points))


@pytest.mark.parametrize("name", FUNCTIONAL)
def test_functional(name):
    # PyTorch's hardsigmoid multiplies by a sixth in float32.
    rtol = 1e-7 if name == "hardsigmoid" else 1e-9
    points = SPECIAL[:-1] if name in NAN_DIFFERS else SPECIAL
    check(getattr(F, name), getattr(TF, name), np.array(points), rtol=rtol)


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "maximum", "minimum", "logaddexp"])
def test_pairs(name):
    a, b = (part.ravel() for part in np.meshgrid(SPECIAL, SPECIAL))
    if name == "logaddexp":
        # PyTorch's own gradient is NaN between equal infinities.
        finite = np.isfinite(a) & np.isfinite(b)
        a, b = a[finite], b[finite]
    check(getattr(ek, name), getattr(torch, name), a, b, rtol=1e-9)


def test_powers():
    base = [0.0, 0.5, 1.0, 2.0]
    a, b = (part.ravel() for part in np.meshgrid(base, [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0]))
    check(ek.pow, torch.pow, a, b)
    for exponent in (0, 1, 2, 3, 0.5, -1):
        check(lambda x, n=exponent: x**n, lambda x, n=exponent: x**n, np.array([-2.0, 0.0, 3.0]))


def test_division_with_rounding():
    a, b = (part.ravel() for part in np.meshgrid([-7, -1, 0, 1, 7], [-3, -2, 2, 3]))
    for how in ("trunc", "floor"):
        for dtype in (np.int64, np.float64):
            ours = ek.div(ek.tensor(a.astype(dtype)), ek.tensor(b.astype(dtype)), rounding_mode=how)
            theirs = torch.div(
                torch.tensor(a.astype(dtype)), torch.tensor(b.astype(dtype)), rounding_mode=how
            )
            np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
    np.testing.assert_array_equal(
        (ek.tensor(a) % ek.tensor(b)).numpy(), (torch.tensor(a) % torch.tensor(b)).numpy()
    )


def test_limits_of_clamp_pass_the_gradient():
    check(lambda x: x.clamp(-1.0, 1.0), lambda x: x.clamp(-1.0, 1.0), np.array(SPECIAL))


@pytest.mark.parametrize("name", ["amax", "amin", "max", "min"])
def test_ties_share_the_gradient(name):
    x = np.array([[1.0, 3.0, 3.0], [0.0, 0.0, 0.0]])
    check(lambda x: getattr(x, name)(), lambda x: getattr(x, name)(), x)
    if name.startswith("a"):
        check(lambda x: getattr(x, name)(1), lambda x: getattr(x, name)(1), x)
    else:
        # Along a dimension the first of equals is found; PyTorch leaves open which.
        values, indices = getattr(ek.tensor(x), name)(1)
        expected = x.argmax(1) if name == "max" else x.argmin(1)
        np.testing.assert_array_equal(indices.numpy(), expected)
        assert values.tolist() == [row[i] for row, i in zip(x.tolist(), expected, strict=True)]


def test_nan_wins_maxima():
    x = np.array([[1.0, NAN, 3.0], [0.0, 2.0, 1.0]])
    for name in ("amax", "amin"):
        np.testing.assert_array_equal(
            getattr(ek.tensor(x), name)(1).numpy(), getattr(torch.tensor(x), name)(1).numpy()
        )
    assert ek.tensor(x).argmax(1).tolist() == torch.tensor(x).argmax(1).tolist()


def test_products_with_zeros():
    x = np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 1.0], [1.0, 2.0, 3.0]])
    check(lambda x: x.prod(1), lambda x: x.prod(1), x)
    check(lambda x: x.prod(), lambda x: x.prod(), x[2])


@pytest.mark.parametrize("p", [1, 2, 3, INF, 0.5])
def test_norms_at_zero(p):
    check(lambda x: x.norm(p, 1), lambda x: x.norm(p, 1), np.array([[0.0, 0.0], [3.0, 4.0]]))


def test_logsumexp_of_infinities():
    x = np.array([[-INF, 0.0], [INF, 0.0], [700.0, 710.0], [-INF, -1e300]])
    check(lambda x: x.logsumexp(1), lambda x: x.logsumexp(1), x)
    assert ek.tensor([[-INF, -INF]]).logsumexp(1).item() == -INF


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
@pytest.mark.parametrize("dim", [0, -1])
def test_softmax_of_a_scalar(name, dim):
    check(lambda x: getattr(F, name)(x, dim), lambda x: getattr(TF, name)(x, dim), np.array(2.0))


def test_prelu_of_a_scalar():
    check(F.prelu, TF.prelu, np.array(-2.0), np.array([0.25]))


def test_circular_padding_forgets_what_it_cuts_off():
    for widths in ((-1, 1, 0, 0), (-1, 2, 1, -2), (2, -1, 0, 3)):
        check(
            lambda x, w=widths: F.pad(x, w, "circular"),
            lambda x, w=widths: TF.pad(x, w, "circular"),
            np.arange(24.0).reshape(1, 1, 4, 6),
        )


def test_steps_have_a_gradient_of_zero():
    x = np.array([-1.5, 2.0])
    check(lambda x: ek.norm(x, 0), lambda x: torch.norm(x, 0), x)
    check(
        lambda x, y: ek.div(x, y, rounding_mode="floor"),
        lambda x, y: torch.div(x, y, rounding_mode="floor"),
        x,
        np.array([[2.0], [3.0]]),
    )


def test_softmax_does_not_overflow():
    x = np.array([[1000.0, 1000.0], [-1000.0, 0.0]])
    check(lambda x: x.softmax(1), lambda x: x.softmax(1), x)
    check(lambda x: x.log_softmax(1), lambda x: x.log_softmax(1), x)


def test_losses_at_their_limits():
    p = np.array([0.0, 1.0, 0.5, 1.0])
    t = torch.tensor([0.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    ours = F.binary_cross_entropy(ek.tensor(p), ek.tensor(t.numpy()), reduction="none")
    theirs = TF.binary_cross_entropy(torch.tensor(p), t, reduction="none")
    np.testing.assert_allclose(ours.numpy(), theirs.numpy())
    x = np.array([-800.0, 800.0, 0.0, 30.0])
    check(
        lambda x: F.binary_cross_entropy_with_logits(x, ek.tensor(t.numpy()), reduction="none"),
        lambda x: TF.binary_cross_entropy_with_logits(x, t, reduction="none"),
        x,
        rtol=1e-9,
    )


def test_cross_entropy_of_nothing_is_nan():
    x, ignored = np.ones((2, 3)), np.full(2, -100)
    assert np.isnan(F.cross_entropy(ek.tensor(x), ignored).item())
    assert F.cross_entropy(ek.tensor(x), ignored, reduction="sum").item() == 0


@pytest.mark.parametrize("target", [-1, 3, 2**32 + 3, -(2**63)])
def test_targets_out_of_range(target):
    x = ek.ones(1, 3)
    for loss in (F.cross_entropy, F.nll_loss):
        with pytest.raises(IndexError):
            loss(x, np.array([target]))


EMPTY = [
    lambda t, x: x.sum(),
    lambda t, x: x.sum(0),
    lambda t, x: x.prod(1),
    lambda t, x: x.mean(),
    lambda t, x: x.std(1),
    lambda t, x: x @ t.ones(3, 2, dtype=t.float64),
    lambda t, x: t.ones(4, 0, dtype=t.float64) @ x,
    lambda t, x: x.reshape(3, 0),
    lambda t, x: x.flatten(),
    lambda t, x: x.norm(),
    lambda t, x: t.cat([x, t.ones(1, 3, dtype=t.float64)]),
    lambda t, x: t.stack([x, x]),
    lambda t, x: x * 2 + x,
    lambda t, x: x.relu().tanh().sigmoid().exp(),
    lambda t, x: x.softmax(1),
    lambda t, x: x[:, 1:],
    lambda t, x: t.nn.functional.linear(x, t.ones(2, 3, dtype=t.float64)),
    lambda t, x: t.nn.functional.mse_loss(x, x * 2),
    lambda t, x: t.nn.functional.group_norm(x, 3),
    lambda t, x: t.nn.functional.batch_norm(x, None, None, training=True),
    lambda t, x: x.unbind(1)[0],
    lambda t, x: x.split(2, 1)[1],
    lambda t, x: x.cumsum(1),
    lambda t, x: x.sort(1).values,
    lambda t, x: t.where(x > 0, x, 0.0),
]


@pytest.mark.parametrize("case", range(len(EMPTY)))
@pytest.mark.filterwarnings("ignore")
def test_no_elements(case):
    check(lambda x: EMPTY[case](ek, x), lambda x: EMPTY[case](torch, x), np.zeros((0, 3)))


def test_maxima_of_nothing_are_refused():
    with pytest.raises(IndexError, match="no elements"):
        ek.zeros(0, 3).amax(0)
    with pytest.raises(IndexError, match="no elements"):
        ek.zeros(0, 3).max(0)
    assert ek.zeros(0, 3).amax(1).shape == (0,)

"""How far the elementary functions inside the kernels are from the truth, in units in last place.

Each of them is reached through a kernel: exp and expm1 through `elu` and `elu_grad`, tanh and the
logistic function directly. References are NumPy's in extended precision. Kernels flush denormals,
so results below the smallest normal number count as zero.
"""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing.isa import forced, variants

MOST_ULP = 4
DTYPES = (np.float32, np.float64)

pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="no extended precision to compare with"
)


def exp(x):
    """e^x for x <= 0, which is what the gradient of ELU multiplies with."""
    return kernels.elu_grad(np.ones_like(x), x, 1.0)


def logistic(x):
    return 1 / (1 + np.exp(-x))


# Kernel, reference, and the range where the result is neither 0 nor constant, by dtype.
FUNCTIONS = {
    "exp": (exp, np.exp, {np.float32: (-88, 0), np.float64: (-709, 0)}),
    "expm1": (kernels.elu, np.expm1, {np.float32: (-18, 0), np.float64: (-38, 0)}),
    "tanh": (kernels.tanh, np.tanh, {np.float32: (-10, 10), np.float64: (-20, 20)}),
    "sigmoid": (kernels.sigmoid, logistic, {np.float32: (-88, 20), np.float64: (-709, 40)}),
}


def samples(dtype, low, high):
    """Evenly spread numbers, and magnitudes down to the smallest normal one."""
    rng = np.random.default_rng(0)
    spread = rng.uniform(low, high, 200_000)
    magnitudes = np.exp(rng.uniform(np.log(np.finfo(dtype).tiny), np.log(-low), 200_000))
    signed = -magnitudes if high == 0 else magnitudes * rng.choice([-1, 1], magnitudes.size)
    return np.clip(np.concatenate([spread, signed]), low, high).astype(dtype)


def ulp_distance(actual, expected):
    """|actual - expected| in ulps of `expected`; flushed results against zero."""
    dtype = actual.dtype
    tiny = np.longdouble(np.finfo(dtype).tiny)
    expected = np.where(np.abs(expected) < tiny, 0, expected)
    rounded = expected.astype(dtype)
    with np.errstate(invalid="ignore"):
        distance = np.abs(actual.astype(np.longdouble) - expected) / np.spacing(np.abs(rounded))
    either_flushed = (np.abs(actual) <= tiny) & (np.abs(rounded) <= tiny)
    return np.where(either_flushed | (actual == rounded), 0, distance)


@pytest.mark.parametrize("isa", variants())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_within_few_ulp(name, dtype, isa):
    kernel, reference, ranges = FUNCTIONS[name]
    x = samples(dtype, *ranges[dtype])
    with forced(isa):
        actual = kernel(x)
    distance = ulp_distance(actual, reference(x.astype(np.longdouble)))
    worst = distance.argmax()
    assert distance[worst] <= MOST_ULP, (x[worst], actual[worst])


@pytest.mark.parametrize("isa", variants())
@pytest.mark.parametrize("dtype", DTYPES)
def test_logarithm_within_few_ulp(dtype, isa):
    """-log_softmax of (0, 0, ...) over n classes is log n; of (0, x) it is log(1 + e^x)."""
    counts = np.unique(np.geomspace(2, 20_000, 60).astype(int))
    with forced(isa):
        actual = np.array([-kernels.log_softmax(np.zeros(n, dtype))[0] for n in counts])
    distance = ulp_distance(actual, np.log(counts.astype(np.longdouble)))
    assert distance.max() <= MOST_ULP


@pytest.mark.parametrize("isa", variants())
@pytest.mark.parametrize("dtype", DTYPES)
def test_limits(dtype, isa):
    huge = np.finfo(dtype).max
    x = np.array([-np.inf, -huge, -0.0, 0.0, huge, np.inf, np.nan], dtype)
    with forced(isa):
        assert_identical(kernels.tanh(x), [-1, -1, -0.0, 0, 1, 1, np.nan])
        assert_identical(kernels.sigmoid(x), [0, 0, 0.5, 0.5, 1, 1, np.nan])
        assert_identical(kernels.elu(x), [-1, -1, -0.0, 0, huge, np.inf, np.nan])
        assert_identical(kernels.elu_grad(np.ones_like(x), x, 1.0), [0, 0, 1, 1, 1, 1, np.nan])


def assert_identical(actual, expected):
    np.testing.assert_array_equal(actual, np.asarray(expected, actual.dtype))
    np.testing.assert_array_equal(np.signbit(actual[:-1]), np.signbit(expected[:-1]))

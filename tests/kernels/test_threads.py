"""The same bits for every number of threads, on work large enough to be shared out."""

import numpy as np
import pytest

from einkorn import kernels
from einkorn.kernels import _core
from einkorn.testing.threads import assert_same_for_threads, kernel_threads

pytestmark = pytest.mark.usefixtures("isa")

IMAGE = (3, 16, 61, 67)
WIDE = (5, 33, 1037)


def normal(*shape):
    return lambda rng, dtype: rng.standard_normal(shape).astype(dtype)


def integers(high, *shape):
    return lambda rng, _: rng.integers(0, high, shape)


def permuted(planes, pixels, chosen):
    """Distinct indices into each of `planes` planes."""

    def build(rng, _):
        order = rng.permuted(np.tile(np.arange(pixels), (planes, 1)), axis=1)
        return order[:, : chosen[0] * chosen[1]].reshape(1, planes, *chosen)

    return build


def call(name, *arguments, **parameters):
    """A call whose arrays are yet to be filled: functions of a generator and a dtype."""
    return pytest.param(name, arguments, parameters, id=name)


STATE = normal(48, 160)

CTC = (
    normal(40, 37, 30),
    integers(30, 37, 19),
    lambda rng, _: rng.integers(30, 41, 37),
    lambda rng, _: rng.permutation(37) % 20,
)

CALLS = [
    call("ctc_loss", *CTC),
    call("ctc_loss_grad", normal(37), *CTC, normal(37), normal(37, 40, 39)),
    call("matmul", normal(2, 257, 301), normal(301, 263)),
    call("linear", normal(257, 301), normal(263, 301), normal(263), activation="tanh"),
    call("linear_grad", normal(257, 263), normal(257, 301), normal(263, 301)),
    call("im2col", normal(*IMAGE), 3, padding=1),
    call("col2im", normal(3, 16 * 9, 61 * 67), IMAGE[2:], 3, padding=1),
    call("conv2d", normal(*IMAGE), normal(24, 8, 3, 3), normal(24), padding=1, groups=2),
    call("conv2d_input_grad", normal(3, 24, 61, 67), normal(24, 16, 3, 3), IMAGE, padding=1),
    call("conv2d_weight_grad", normal(3, 24, 61, 67), normal(*IMAGE), (24, 16, 3, 3), padding=1),
    call("conv_transpose2d", normal(3, 16, 31, 33), normal(16, 12, 4, 4), stride=2, padding=1),
    call("conv_transpose2d_input_grad", normal(3, 12, 64, 66), normal(16, 12, 4, 4), stride=2),
    call(
        "conv_transpose2d_weight_grad",
        normal(3, 12, 64, 66),
        normal(3, 16, 31, 32),
        (16, 12, 4, 4),
        stride=2,
    ),
    call("max_pool2d", normal(*IMAGE), 3, stride=2),
    call("max_pool2d_grad", normal(1, 48, 60, 60), integers(3600, 1, 48, 60, 60), (1, 48, 60, 60)),
    call("max_unpool2d", normal(1, 48, 40, 40), permuted(48, 6400, (40, 40)), 80),
    call("max_unpool2d_grad", normal(1, 48, 80, 80), permuted(48, 6400, (40, 40))),
    call("avg_pool2d", normal(*IMAGE), 3, stride=2, padding=1),
    call("avg_pool2d_grad", normal(3, 16, 31, 34), IMAGE, 3, stride=2, padding=1),
    call("matmul", normal(1, 1037), normal(1037, 2051)),
    call("adaptive_avg_pool2d", normal(*IMAGE), (30, 31)),
    call("adaptive_avg_pool2d_grad", normal(3, 16, 30, 31), IMAGE),
    call("lstm_cell", normal(48, 130), STATE, STATE, normal(640, 130), normal(640, 160)),
    call(
        "lstm_cell_grad",
        STATE,
        STATE,
        normal(48, 130),
        STATE,
        STATE,
        STATE,
        normal(48, 640),
        normal(640, 130),
        normal(640, 160),
    ),
    *(
        call(name, normal(*WIDE))
        for name in ("relu", "sigmoid", "tanh", "leaky_relu", "elu", "erf")
    ),
    *(
        call(name, normal(*WIDE), normal(*WIDE))
        for name in ("relu_grad", "sigmoid_grad", "tanh_grad")
    ),
    call("leaky_relu_grad", normal(*WIDE), normal(*WIDE), 0.1),
    call("elu_grad", normal(*WIDE), normal(*WIDE), 1.0),
    *(call(name, normal(*WIDE)) for name in ("softmax", "log_softmax")),
    *(call(name, normal(*WIDE), normal(*WIDE)) for name in ("softmax_grad", "log_softmax_grad")),
    call("cross_entropy", normal(2051, 77), integers(77, 2051)),
    call("cross_entropy_grad", normal(), normal(2051, 77), integers(77, 2051)),
    call("cross_entropy", normal(3, 50_257), integers(50_257, 3)),
    call("cross_entropy_grad", normal(), normal(3, 50_257), integers(50_257, 3)),
    call("dropout", normal(*WIDE), 0.3, 99),
    call("bernoulli", normal(*WIDE), 99),
    call("dropout_grad", normal(*WIDE), lambda rng, _: rng.random(WIDE) < 0.5, 0.3),
    call("batch_norm", normal(*IMAGE), normal(16), normal(16)),
    call("batch_norm_grad", normal(*IMAGE), normal(*IMAGE), normal(16), normal(16), normal(16)),
    call("batch_norm_relu", normal(*IMAGE), normal(16), normal(16)),
    call("batch_norm_relu_grad", *[normal(*IMAGE)] * 3, normal(16), normal(16), normal(16)),
    call("layer_norm", normal(*WIDE), 1037, normal(1037), normal(1037)),
    call(
        "layer_norm_grad",
        normal(*WIDE),
        normal(*WIDE),
        1037,
        normal(1037),
        normal(165),
        normal(165),
    ),
    call("rms_norm", normal(*WIDE), 1037, normal(1037)),
    call("rms_norm_grad", normal(*WIDE), normal(*WIDE), 1037, normal(1037), normal(165)),
    call("group_norm", normal(*IMAGE), 4, normal(16), normal(16)),
    call("group_norm_grad", normal(*IMAGE), normal(*IMAGE), 4, normal(16), normal(12), normal(12)),
    call("copy", lambda rng, dtype: normal(*WIDE)(rng, dtype).transpose(0, 2, 1)),
    call("copy", lambda rng, dtype: normal(*IMAGE)(rng, dtype).transpose(0, 2, 3, 1)),
    call("copy", lambda rng, dtype: normal(*WIDE)(rng, dtype)[:, :, ::3]),
    *(
        call(name, normal(*shape), axis)
        for name in ("amax", "amin", "argmax", "argmin")
        for shape, axis in ((WIDE, None), (WIDE, 1), (WIDE, 2), ((400_001,), 0))
    ),
    call("clamp", normal(*WIDE), -0.5, 0.5),
    call("clamp_grad", normal(*WIDE), normal(*WIDE), -0.5, 0.5),
    call("where", lambda rng, _: rng.random(WIDE) < 0.5, normal(*WIDE), normal(*WIDE)),
    call("sum", normal(*WIDE)),
    call("sum", normal(*WIDE), (0, 2)),
    call("sum", normal(70_001, 3), 0),
    call("mean", normal(1037, 165), 0),
    call("mean", normal(2, 35, 4099), 1),
    call("embedding", normal(999, 77), integers(999, 33, 71)),
    call("embedding_grad", normal(33, 71, 77), integers(999, 33, 71), 999),
    *(
        call(
            "embedding_bag",
            normal(999, 77),
            integers(999, 2343),
            np.arange(0, 2343, 9),
            mode=mode,
        )
        for mode in ("sum", "mean", "max")
    ),
    call(
        "embedding_bag_grad",
        normal(261, 77),
        integers(999, 2343),
        np.arange(0, 2343, 9),
        999,
        per_sample_weights=normal(2343),
        mode="sum",
    ),
    call(
        "embedding_bag_grad",
        normal(261, 77),
        integers(999, 2343),
        np.arange(0, 2343, 9),
        999,
        best=integers(999, 261, 77),
        mode="max",
    ),
    call("sgd_step_", normal(*WIDE), normal(*WIDE), normal(*WIDE), lr=0.1, momentum=0.9),
    call("adam_step_", *[normal(*WIDE)] * 3, lambda rng, dtype: rng.random(WIDE, dtype), 3, lr=0.1),
]


@pytest.fixture
def restore_threads():
    with kernel_threads(kernels.get_num_threads()):
        yield


def run(name, arguments, parameters, dtype):
    """Return every array that a call gave back or may have changed."""
    rng = np.random.default_rng(7)
    filled = [value(rng, dtype) if callable(value) else value for value in arguments]
    named = {key: v(rng, dtype) if callable(v) else v for key, v in parameters.items()}
    result = getattr(kernels, name)(*filled, **named)
    results = result if isinstance(result, tuple) else (result,)
    return [value for value in (*results, *filled) if isinstance(value, np.ndarray)]


@pytest.mark.parametrize(("name", "arguments", "parameters"), CALLS)
def test_bits_do_not_depend_on_the_number_of_threads(name, arguments, parameters, dtype):
    assert_same_for_threads(lambda: run(name, arguments, parameters, dtype))


def test_number_of_threads_is_kept(restore_threads):
    kernels.set_num_threads(1)
    assert kernels.get_num_threads() == 1
    kernels.set_num_threads(2)
    # A build without threads says so.
    assert kernels.get_num_threads() == (2 if _core.has_threads() else 1)


@pytest.mark.parametrize("count", [0, -1, 2**31, 2**63, 2**64 + 1])
def test_unfit_number_of_threads_is_refused(count, restore_threads):
    before = kernels.get_num_threads()
    with pytest.raises((ValueError, OverflowError), match="threads|n"):
        kernels.set_num_threads(count)
    assert kernels.get_num_threads() == before


@pytest.mark.parametrize("count", [1.5, "2", None])
def test_number_of_threads_that_is_no_integer_is_refused(count, restore_threads):
    with pytest.raises(TypeError):
        kernels.set_num_threads(count)

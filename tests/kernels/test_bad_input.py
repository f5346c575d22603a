"""Bad input: a table of calls that must be refused by name, and thousands of generated ones.

Whatever Python hands over, a kernel gives the right result or one of a few exceptions; it
never reads or writes outside an array. (The sanitizers of the CI look on while this runs.)
"""

import inspect
import re

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing.calls import CALLS, IN_PLACE
from einkorn.testing.calls_of_volumes import CALLS_OF_VOLUMES
from einkorn.testing.layouts import LAYOUTS, plain
from einkorn.testing.tolerances import assert_close

INT64_MIN = -(2**63)


def ones(*shape, dtype=np.float32):
    return np.ones(shape, dtype)


def huge(*shape, dtype=np.float32):
    """An array of one element in memory, and of any shape to look at."""
    return np.broadcast_to(np.ones((), dtype), shape)


X = ones(2, 4, 5, 6)
W = ones(6, 4, 3, 3)
Y = ones(2, 6, 3, 4)
W_T = ones(4, 6, 3, 3)
Y_T = ones(2, 6, 7, 8)
I4 = np.zeros((2, 4, 2, 3), np.int64)
P4 = ones(2, 4, 2, 3)
LOGITS = ones(3, 5)
TARGET = np.array([0, 4, 2])
STATE = ones(3, 4)
CELL = {"x": ones(3, 2), "h": STATE, "c": STATE, "w_ih": ones(16, 2), "w_hh": ones(16, 4)}
CELL_GRAD = {
    "grad_h": STATE,
    "grad_c": STATE,
    **CELL,
    "c_next": STATE,
    "gates": ones(3, 16),
}
GRU = {"x": ones(3, 2), "h": STATE, "w_ih": ones(12, 2), "w_hh": ones(12, 4)}
RNN = {"x": ones(3, 2), "h": STATE, "w_ih": ones(4, 2), "w_hh": ones(4, 4)}
GRU_GRAD = {"grad_h": STATE, **GRU, "gates": ones(3, 12), "inner": STATE}
RNN_GRAD = {"grad_h": STATE, **RNN, "h_next": STATE}
CTC = {
    "log_probs": ones(4, 3, 5),
    "targets": np.array([[1, 4], [2, 0], [3, 3]]),
    "input_lengths": np.array([4, 3, 4]),
    "target_lengths": np.array([2, 1, 2]),
}
V = ones(7)

#: A valid call of every function; a row of the table replaces some of its arguments.
VALID = {
    "matmul": {"a": ones(3, 4), "b": ones(4, 5)},
    "binary_matmul": {"a": ones(3, 4), "b": ones(4, 5), "bias": ones(5)},
    "linear": {"x": ones(3, 4), "weight": ones(5, 4), "bias": ones(5)},
    "linear_grad": {"grad": ones(3, 5), "x": ones(3, 4), "weight": ones(5, 4)},
    "im2col": {"x": X, "kernel_size": 3},
    "col2im": {"cols": ones(2, 36, 12), "output_size": (5, 6), "kernel_size": 3},
    "conv2d": {"x": X, "weight": W},
    "conv2d_input_grad": {"grad": Y, "weight": W, "input_shape": X.shape},
    "conv2d_weight_grad": {"grad": Y, "x": X, "weight_shape": W.shape},
    "conv2d_bias_grad": {"grad": Y},
    "conv_transpose2d": {"x": X, "weight": W_T},
    "conv_transpose2d_input_grad": {"grad": Y_T, "weight": W_T},
    "conv_transpose2d_weight_grad": {"grad": Y_T, "x": X, "weight_shape": W_T.shape},
    "max_pool2d": {"x": X, "kernel_size": 2},
    "max_pool2d_grad": {"grad": P4, "indices": I4, "input_shape": X.shape},
    "max_unpool2d": {"x": P4, "indices": I4, "output_size": (5, 6)},
    "max_unpool2d_grad": {"grad": X, "indices": I4},
    "avg_pool2d": {"x": X, "kernel_size": 2},
    "avg_pool2d_grad": {"grad": P4, "input_shape": X.shape, "kernel_size": 2},
    "adaptive_avg_pool2d": {"x": X, "output_size": 2},
    "adaptive_avg_pool2d_grad": {"grad": P4, "input_shape": X.shape},
    "lstm_cell": CELL,
    "lstm_cell_grad": CELL_GRAD,
    "gru_cell": GRU,
    "gru_cell_grad": GRU_GRAD,
    "rnn_cell": RNN,
    "rnn_cell_grad": RNN_GRAD,
    "relu": {"x": X},
    "sigmoid": {"x": X},
    "tanh": {"x": X},
    "relu_grad": {"grad": X, "y": X},
    "sigmoid_grad": {"grad": X, "y": X},
    "tanh_grad": {"grad": X, "y": X},
    "leaky_relu": {"x": X},
    "elu": {"x": X},
    "leaky_relu_grad": {"grad": X, "x": X, "negative_slope": 0.1},
    "elu_grad": {"grad": X, "x": X, "alpha": 1.0},
    "erf": {"x": X},
    "erfc": {"x": X},
    "gelu": {"x": X},
    "add": {"a": X, "b": X},
    "subtract": {"a": X, "b": X},
    "multiply": {"a": X, "b": X},
    "divide": {"a": X, "b": X},
    "maximum": {"a": X, "b": X},
    "minimum": {"a": X, "b": X},
    "gelu_grad": {"grad": X, "x": X},
    "softmax": {"x": X},
    "log_softmax": {"x": X},
    "softmax_grad": {"grad": X, "y": X},
    "log_softmax_grad": {"grad": X, "y": X},
    "cross_entropy": {"logits": LOGITS, "target": TARGET},
    "cross_entropy_grad": {"grad": ones(), "logits": LOGITS, "target": TARGET},
    "ctc_loss": CTC,
    "ctc_loss_grad": {
        **CTC,
        "grad": ones(3),
        "loss": ones(3),
        "log_alpha": ones(3, 4, 5),
    },
    "dropout": {"x": X, "p": 0.5, "seed": 1},
    "dropout_grad": {"grad": X, "mask": X > 0, "p": 0.5},
    "bernoulli": {"p": X, "seed": 1},
    "batch_norm": {"x": X, "weight": ones(4), "bias": ones(4)},
    "batch_norm_relu": {"x": X, "weight": ones(4), "bias": ones(4)},
    "batch_norm_relu_grad": {
        "grad": X,
        "y": X,
        "x": X,
        "weight": ones(4),
        "mean": ones(4),
        "inv_std": ones(4),
    },
    "batch_norm_grad": {
        "grad": X,
        "x": X,
        "weight": ones(4),
        "mean": ones(4),
        "inv_std": ones(4),
    },
    "layer_norm": {"x": X, "normalized_shape": 6, "weight": ones(6), "bias": ones(6)},
    "layer_norm_grad": {
        "grad": X,
        "x": X,
        "normalized_shape": 6,
        "weight": ones(6),
        "mean": ones(40),
        "inv_std": ones(40),
    },
    "rms_norm": {"x": X, "normalized_shape": 6, "weight": ones(6)},
    "rms_norm_grad": {
        "grad": X,
        "x": X,
        "normalized_shape": 6,
        "weight": ones(6),
        "inv_rms": ones(40),
    },
    "group_norm": {"x": X, "num_groups": 2, "weight": ones(4), "bias": ones(4)},
    "group_norm_grad": {
        "grad": X,
        "x": X,
        "num_groups": 2,
        "weight": ones(4),
        "mean": ones(4),
        "inv_std": ones(4),
    },
    "copy": {"x": X},
    **{name: {"x": X} for name in ("amax", "amin", "argmax", "argmin")},
    "clamp": {"x": X, "min": 0, "max": 1},
    "clamp_grad": {"grad": X, "x": X, "min": 0, "max": 1},
    "where": {"condition": X > 0, "a": X, "b": X},
    "sum": {"x": X},
    "mean": {"x": X},
    "embedding": {"table": ones(4, 3), "index": TARGET - TARGET},
    "embedding_grad": {"grad": ones(3, 2), "index": TARGET, "num_embeddings": 5},
    "embedding_bag": {"table": ones(4, 3), "index": TARGET - TARGET, "offsets": np.array([0, 2])},
    "embedding_bag_grad": {
        "grad": ones(2, 3),
        "index": TARGET,
        "offsets": np.array([0, 2]),
        "num_embeddings": 5,
    },
    "sgd_step_": {"param": V, "grad": V, "velocity": V, "lr": 0.1},
    "adam_step_": {
        "param": V,
        "grad": V,
        "exp_avg": V,
        "exp_avg_sq": V,
        "step": 1,
        "lr": 0.1,
    },
}


def fresh(arguments):
    """Copy the arrays, so that none is changed or shared."""
    return {
        key: plain(value) if isinstance(value, np.ndarray) and value.size < 10**6 else value
        for key, value in arguments.items()
    }


ROWS = []


def refuse(names, error, *, blame=None, **replaced):
    """Add a row for each function: the argument to be named is the first one replaced."""
    for name in names.split():
        first = next(iter(replaced))
        ROWS.append((name, error, first if blame is None else blame, replaced))


CONVOLUTIONS = "conv2d conv2d_input_grad conv2d_weight_grad"
TRANSPOSED = "conv_transpose2d conv_transpose2d_input_grad conv_transpose2d_weight_grad"
COLUMNS = "im2col col2im"
WINDOWS = f"{CONVOLUTIONS} {TRANSPOSED} {COLUMNS} max_pool2d"
AVERAGES = "avg_pool2d avg_pool2d_grad"
POOLS = f"max_pool2d {AVERAGES}"

for bad in (0, -1, INT64_MIN, (1, 0), (1, 2, 3), ()):
    refuse(f"{WINDOWS} {AVERAGES}", ValueError, stride=bad)
    refuse(WINDOWS, ValueError, dilation=bad)
    refuse(f"{COLUMNS} {POOLS}", ValueError, kernel_size=bad)
for bad in (-1, INT64_MIN, (0, -1), (1, 2, 3), 2**63, 2**64, 2**64 + 1):
    refuse(f"{WINDOWS} {AVERAGES}", ValueError, padding=bad)
for bad in (1.0, "1", b"1", 1j, np.float64(1), (1, "1"), True):
    refuse(f"{WINDOWS} {AVERAGES}", TypeError, stride=bad)
    refuse(f"{WINDOWS} {AVERAGES}", TypeError, padding=bad)
for bad in (None, 1.0, "3", (3, 3.0)):
    refuse(f"{COLUMNS} {POOLS}", TypeError, kernel_size=bad)
for bad in (0, -1, INT64_MIN, 2**63):
    refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, groups=bad)
for bad in (1.0, "1", None, (1, 1)):
    refuse(f"{CONVOLUTIONS} {TRANSPOSED}", TypeError, groups=bad)
refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, groups=3)
refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, groups=2**32 + 1)
refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, algorithm="magic")
refuse(f"{CONVOLUTIONS} {TRANSPOSED}", ValueError, precision="magic")
refuse("conv2d conv_transpose2d", ValueError, activation="magic")
refuse("conv2d_bias_grad", ValueError, grad=ones(2, 3, 4))
refuse("conv2d_bias_grad", TypeError, grad=np.ones((2, 3, 4, 4), np.float16))
refuse("matmul", ValueError, algorithm="magic")

# The kernel must fit into the padded input, also after a narrowing that must not happen.
for bad in (7, 2**31, 2**32 + 3, 2**63 - 1):
    refuse(f"im2col {POOLS} col2im", ValueError, kernel_size=bad)
    refuse(f"{CONVOLUTIONS} {COLUMNS} max_pool2d", ValueError, dilation=bad)
refuse("conv2d", ValueError, weight=ones(6, 4, 7, 3), blame="weight|kernel")
refuse("conv2d", ValueError, weight=ones(6, 4, 3, 0), blame="weight|kernel")
refuse("conv_transpose2d", ValueError, weight=ones(4, 6, 3, 0), blame="weight|kernel")
refuse("conv_transpose2d_input_grad", ValueError, weight=ones(4, 6, 3, 0), dilation=2)
refuse("conv_transpose2d", ValueError, padding=2**40, blame="padding|size|output")
refuse("conv_transpose2d", ValueError, output_padding=-1)
refuse("conv_transpose2d", ValueError, output_padding=1)
refuse("conv_transpose2d", ValueError, output_padding=2**62)
refuse(POOLS, ValueError, padding=2)

# Sizes beyond 64 bits or beyond memory.
TOO_LARGE = (ValueError, MemoryError)
refuse(f"conv2d im2col {POOLS}", TOO_LARGE, padding=2**62, blame=".")
refuse("conv2d im2col", TOO_LARGE, padding=2**40, blame=".")
refuse("conv_transpose2d", TOO_LARGE, stride=2**62, blame=".")
refuse("conv_transpose2d", TOO_LARGE, dilation=2**40, blame=".")
for bad in (2**31, 2**32 + 3, 2**40, 2**62, 2**63 - 1):
    refuse("adaptive_avg_pool2d max_unpool2d", TOO_LARGE, output_size=bad, blame=".")
    refuse("conv2d_input_grad", TOO_LARGE, input_shape=(2, 4, bad, bad), blame=".")
    refuse("max_pool2d_grad", TOO_LARGE, input_shape=(2, 4, bad, bad), blame=".")
    refuse("adaptive_avg_pool2d_grad", TOO_LARGE, input_shape=(2, 4, bad, bad), blame=".")
    refuse("col2im", TOO_LARGE, output_size=bad, blame=".")
for elements in ((2**60,), (2**30, 2**30), (2**20, 2**20, 2**20)):
    refuse(
        "relu sigmoid tanh leaky_relu elu erf erfc softmax", TOO_LARGE, x=huge(*elements), blame="."
    )
    refuse("dropout", TOO_LARGE, x=huge(*elements), blame=".")
    refuse("bernoulli", TOO_LARGE, p=huge(*elements), blame=".")
refuse("matmul", TOO_LARGE, a=huge(2**56, 4), blame=".")
refuse("matmul", TOO_LARGE, a=huge(2**30, 2**27, 2, 4), blame=".")
refuse("matmul", TOO_LARGE, a=huge(2**40, 1), b=huge(1, 2**40), blame=".")
refuse("conv2d im2col max_pool2d avg_pool2d", TOO_LARGE, x=huge(2**50, 4, 5, 6), blame=".")
refuse("conv2d", TOO_LARGE, weight=huge(2**55, 4, 3, 3), blame=".")
refuse("cross_entropy", TOO_LARGE, logits=huge(3, 2**58), blame=".")
refuse("batch_norm batch_norm_relu", TOO_LARGE, x=huge(2**56, 4), blame=".")

# Shapes that do not fit together.
refuse("matmul", ValueError, b=ones(5, 5))
refuse("matmul", ValueError, b=ones(4))
refuse("matmul", ValueError, a=ones())
refuse("matmul", ValueError, a=ones(2, 3, 4), b=ones(3, 4, 5), blame="a|b")
refuse("matmul binary_matmul", ValueError, beta=1.0, blame="beta|out")
refuse("binary_matmul", ValueError, a=ones(3))
refuse("binary_matmul", ValueError, b=ones(5, 5))
refuse("binary_matmul", ValueError, bias=ones(4))
refuse("binary_matmul", ValueError, activation="magic")
refuse("binary_matmul", ValueError, a=2 * ones(3, 4))
refuse("binary_matmul", TOO_LARGE, a=huge(2**56, 4), blame=".")
refuse("binary_matmul", TOO_LARGE, a=huge(2**40, 1), b=huge(1, 2**40), blame=".")
refuse("linear linear_grad", ValueError, x=ones(3, 5), blame="x|weight|grad")
refuse("linear linear_grad", ValueError, x=ones())
refuse("linear linear_grad", ValueError, weight=ones(5, 3), blame="x|weight|grad")
refuse("linear linear_grad", ValueError, weight=ones(5))
refuse("linear linear_grad", ValueError, weight=ones(5, 4, 1))
refuse("linear", ValueError, bias=ones(4))
refuse("linear_grad", ValueError, grad=ones(3, 4))
refuse("linear_grad", ValueError, grad=ones(5))
refuse("linear", ValueError, activation="magic")
refuse("linear", TOO_LARGE, x=huge(2**56, 4), blame=".")
refuse("matmul binary_matmul", TypeError, alpha="1")
refuse("matmul binary_matmul", TypeError, beta=1j)
for bad in (ones(2, 3, 5, 6), ones(4, 5, 6), ones(1, 2, 4, 5, 6), ones()):
    refuse(CONVOLUTIONS.replace("conv2d_input_grad", ""), ValueError, x=bad, blame="x|weight|in")
    refuse("conv_transpose2d", ValueError, x=bad, blame="x|weight")
for bad in (ones(4, 5, 6), ones(1, 2, 4, 5, 6), ones()):
    refuse("im2col max_pool2d avg_pool2d adaptive_avg_pool2d", ValueError, x=bad)
for bad in (ones(4, 3, 3), ones(6, 4, 3, 3, 1), ones(6, 3, 3, 3), ones()):
    refuse("conv2d conv2d_input_grad", ValueError, weight=bad, blame="weight|grad|x|input")
for bad in (ones(5), ones(6, 1), ones()):
    refuse("conv2d conv_transpose2d", ValueError, bias=bad)
for bad in (ones(2, 6, 4, 4), ones(1, 6, 3, 4), ones(2, 5, 3, 4), ones(6, 3, 4)):
    refuse("conv2d_input_grad conv2d_weight_grad", ValueError, grad=bad)
for bad in (ones(2, 6, 6, 8), ones(1, 6, 7, 8), ones(2, 5, 7, 8), ones(6, 7, 8)):
    refuse("conv_transpose2d_weight_grad", ValueError, grad=bad, blame="grad|x")
for bad in ((2, 4, 5), (2, 4, 5, 6, 7), (2, 3, 5, 6), (2, 4, -5, 6), ()):
    refuse("conv2d_input_grad", ValueError, input_shape=bad, blame="input_shape|grad|weight")
    refuse(
        "max_pool2d_grad avg_pool2d_grad adaptive_avg_pool2d_grad",
        ValueError,
        input_shape=bad,
        blame="input_shape|grad",
    )
for bad in (3, None, "abcd", (2, 4, 5.0, 6)):
    refuse(
        "conv2d_input_grad max_pool2d_grad avg_pool2d_grad adaptive_avg_pool2d_grad",
        (TypeError, ValueError),
        input_shape=bad,
    )
for bad in ((6, 4, 3), (6, 3, 3, 3), (5, 4, 3, 3), (6, 4, 0, 3), (6, 4, -3, 3)):
    refuse("conv2d_weight_grad", ValueError, weight_shape=bad, blame="weight_shape|grad|x|kernel")
for bad in (ones(2, 35, 12), ones(2, 36, 11), ones(36, 12)):
    refuse("col2im", ValueError, cols=bad)
for bad in (0, -1, (0, 3), (3,), INT64_MIN):
    refuse("adaptive_avg_pool2d", ValueError, output_size=bad)
    refuse("col2im", ValueError, output_size=bad, blame="output_size|kernel_size")
refuse("max_unpool2d", ValueError, output_size=(-1, 6))
refuse("max_unpool2d", ValueError, output_size=(1, 2, 3))
for bad in (ones(2, 4, 2, 2), ones(1, 4, 2, 3), ones(2, 4, 6)):
    refuse("max_pool2d_grad", ValueError, grad=bad, blame="grad|indices")
    refuse("avg_pool2d_grad", ValueError, grad=bad)
    refuse("max_unpool2d", ValueError, x=bad, blame="x|indices")
for name in ("relu_grad", "sigmoid_grad", "tanh_grad", "softmax_grad", "log_softmax_grad"):
    refuse(name, ValueError, y=ones(2, 4, 5, 5), blame="y|grad")
    refuse(name, ValueError, grad=ones(1), blame="y|grad")
refuse("leaky_relu_grad elu_grad gelu_grad", ValueError, x=ones(2, 4, 5, 5), blame="x|grad")
refuse("dropout_grad", ValueError, mask=ones(2, 4, 5, 5) > 0, blame="mask|grad")
for bad in (4, -5, 2**31, 2**32, 2**63, INT64_MIN):
    refuse("softmax log_softmax softmax_grad log_softmax_grad", (ValueError, IndexError), axis=bad)
for bad in (1.0, "0", None):
    refuse("softmax log_softmax softmax_grad log_softmax_grad", TypeError, axis=bad)
refuse("softmax log_softmax", ValueError, x=ones(), blame="x: expected at least 1 dim")

# Losses.
for bad in (np.array([0, 1]), np.array([[0], [1], [2]]), np.array(1)):
    refuse("cross_entropy cross_entropy_grad", ValueError, target=bad)
for bad in (ones(3), np.array([True, False, True]), np.array(["a", "b", "c"])):
    refuse("cross_entropy cross_entropy_grad", TypeError, target=bad)
refuse("cross_entropy cross_entropy_grad", ValueError, logits=ones(3))
refuse("cross_entropy cross_entropy_grad", ValueError, weight=ones(4))
refuse("cross_entropy cross_entropy_grad", ValueError, reduction="average")
refuse("cross_entropy cross_entropy_grad", (TypeError, ValueError), reduction=None)
refuse("cross_entropy cross_entropy_grad", TypeError, ignore_index=1.5)
refuse("cross_entropy_grad", ValueError, grad=ones(3))
refuse("cross_entropy_grad", ValueError, grad=ones(2), reduction="none")

for bad in (-1, 5, 2**63):
    refuse("ctc_loss ctc_loss_grad", ValueError, blank=bad)
refuse("ctc_loss ctc_loss_grad", TypeError, blank=0.5)
for bad in (np.array([4, 5, 4]), np.array([-1, 4, 4]), np.array([4, 4]), np.array(4)):
    refuse("ctc_loss ctc_loss_grad", ValueError, input_lengths=bad)
for bad in (np.array([2, 3, 2]), np.array([-1, 2, 2]), np.array([2, 2]), np.array(2)):
    refuse("ctc_loss ctc_loss_grad", ValueError, target_lengths=bad)
refuse("ctc_loss ctc_loss_grad", TypeError, targets=ones(3, 2))
refuse("ctc_loss ctc_loss_grad", ValueError, targets=np.ones((2, 2), np.int64))
refuse("ctc_loss_grad", ValueError, loss=ones(2))
refuse("ctc_loss_grad", ValueError, log_alpha=ones(3, 4, 3))

# Indices that would read or write elsewhere: found by the kernels, so tested in each variant.
INDEX_ROWS = []

for bad in (-1, 30, 2**31, 2**32 + 3, 2**63 - 1, INT64_MIN):
    for position in (0, 17, -1):
        spoilt = I4.copy()
        spoilt.flat[position] = bad
        for name in ("max_pool2d_grad", "max_unpool2d", "max_unpool2d_grad"):
            INDEX_ROWS.append((name, "indices", spoilt))
for bad in (-1, 5, 2**31, 2**32 + 3, 2**63 - 1, INT64_MIN):
    for position in (0, 1, -1):
        spoilt = TARGET.copy()
        spoilt[position] = bad
        for name in ("cross_entropy", "cross_entropy_grad"):
            INDEX_ROWS.append((name, "target", spoilt))
for bad in (-1, 5, 2**31, 2**32 + 3, 2**63 - 1, INT64_MIN):
    spoilt = CTC["targets"].copy()
    spoilt[2, 1] = bad
    for name in ("ctc_loss", "ctc_loss_grad"):
        INDEX_ROWS.append((name, "targets", spoilt))
INDEX_ROWS.append(("cross_entropy", "target", np.array([0, 2**64 - 1, 0], np.uint64)))
INDEX_ROWS.append(("max_unpool2d", "indices", np.full(I4.shape, 2**64 - 1, np.uint64)))
refuse("max_pool2d_grad max_unpool2d", TypeError, indices=P4)
refuse("max_unpool2d_grad", ValueError, indices=I4[:1], blame="indices|grad")

# Probabilities, seeds and rates.
for bad in (-0.1, 1.1, float("nan"), float("inf")):
    refuse("dropout dropout_grad", ValueError, p=bad)
for bad in ("0.5", None, 1j):
    refuse("dropout dropout_grad", TypeError, p=bad)
for bad in (1.5, "1", None):
    refuse("dropout bernoulli", TypeError, seed=bad)
refuse("dropout bernoulli", ValueError, seed=-1)
refuse("dropout bernoulli", ValueError, seed=2**63, blame="seed: expected an int of at most")
refuse("avg_pool2d avg_pool2d_grad", ValueError, divisor_override=0)
refuse("avg_pool2d avg_pool2d_grad", TypeError, divisor_override=1.5)
refuse("leaky_relu leaky_relu_grad", TypeError, negative_slope="0.1")
refuse("elu elu_grad", TypeError, alpha=None)
refuse("gelu gelu_grad", ValueError, approximate="logistic")
ARITHMETIC = "add subtract multiply divide maximum minimum"
refuse(ARITHMETIC, ValueError, b=ones(2, 4, 5, 5), blame="b")
refuse(ARITHMETIC, TypeError, b="1", blame="b")
refuse(ARITHMETIC, TypeError, b=1j, blame="b")

# Normalisation, recurrence, optimisers.
for key in ("weight", "bias"):
    refuse("batch_norm batch_norm_relu", ValueError, **{key: ones(5)})
    refuse("batch_norm batch_norm_relu", ValueError, **{key: ones(4, 1)})
for key in ("weight", "mean", "inv_std"):
    refuse("batch_norm_grad batch_norm_relu_grad", ValueError, **{key: ones(5)})
refuse("batch_norm_relu_grad", ValueError, y=ones(5))
refuse("batch_norm_relu_grad", TypeError, y=None)
refuse("batch_norm batch_norm_relu", ValueError, x=ones(4))
refuse("batch_norm", ValueError, mean=ones(4), blame="mean|var")
refuse("batch_norm", ValueError, mean=ones(5), var=ones(4))
refuse("batch_norm", ValueError, var=ones(5), mean=ones(4), blame="var")
refuse("batch_norm", TypeError, eps="1")
refuse("batch_norm_grad", ValueError, grad=ones(2, 4, 5, 5), blame="grad|x")
LAYERS = "layer_norm layer_norm_grad rms_norm rms_norm_grad"
NORMS = f"{LAYERS} group_norm group_norm_grad"
refuse(NORMS, ValueError, weight=ones(5))
refuse("layer_norm group_norm", ValueError, bias=ones(5))
refuse("layer_norm_grad rms_norm_grad group_norm_grad", ValueError, grad=ones(2, 4, 5, 5))
refuse("layer_norm_grad group_norm_grad", ValueError, mean=ones(3))
refuse("layer_norm_grad group_norm_grad", ValueError, inv_std=ones(3))
refuse("layer_norm_grad group_norm_grad", TypeError, mean=None)
refuse("rms_norm_grad", ValueError, inv_rms=ones(3))
for bad in (5, (), (6, 5), (2, 2, 4, 5, 6), 2**32 + 6):
    refuse(LAYERS, ValueError, normalized_shape=bad)
for bad in (0, 3, -2, 2**32 + 2, 2**63, INT64_MIN):
    refuse("group_norm group_norm_grad", ValueError, num_groups=bad)
for bad in (6.0, "6", None):
    refuse(LAYERS, TypeError, normalized_shape=bad)
    refuse("group_norm group_norm_grad", TypeError, num_groups=bad)
for bad in (-1.0, float("nan")):
    refuse("layer_norm rms_norm group_norm", ValueError, eps=bad)
refuse("layer_norm rms_norm group_norm", TypeError, eps="1")
refuse("group_norm group_norm_grad", ValueError, x=ones(4))

# Copies.
for bad in (None, "abc", np.ones(3, bool), np.ones(3, np.int64), np.ones(3, np.complex64)):
    refuse("copy", TypeError, x=bad)

# Sums over axes.
EXTREMES = "amax amin argmax argmin"
for bad in (4, -5, 2**63, INT64_MIN):
    refuse(f"sum mean {EXTREMES}", ValueError, axis=bad)
for bad in ((0, 4), (1, -3)):
    refuse("sum mean amax amin", ValueError, axis=bad)
for bad in (1.0, "0", True, (0, None), {0}):
    refuse(f"sum mean {EXTREMES}", TypeError, axis=bad)
for empty in (ones(0), ones(2, 0, 3)):
    refuse(EXTREMES, ValueError, x=empty)
refuse("argmax argmin", TypeError, axis=(0,))

# Limits and conditions.
for limit in ("min", "max"):
    for bad in ("1", ones(2), [0.0, 1.0]):
        refuse("clamp clamp_grad", TypeError, **{limit: bad})
refuse("clamp_grad", ValueError, grad=ones(3))
refuse("where", TypeError, condition=X)
refuse("where", TypeError, a=None)
for operand in ("a", "b"):
    refuse("where", ValueError, **{operand: ones(3)})
    refuse("where", TypeError, **{operand: X.astype(np.float64)}, blame="a|b")

# Look-ups.
BAGS = "embedding_bag embedding_bag_grad"
for bad in (-1, 5, 2**32 + 3, INT64_MIN):
    refuse(f"embedding embedding_grad {BAGS}", IndexError, index=np.array([0, bad, 1]))
for bad in (ones(3), np.array([True, False, True]), np.array(["a", "b", "c"])):
    refuse(f"embedding embedding_grad {BAGS}", TypeError, index=bad)
    refuse(BAGS, TypeError, offsets=bad)
for bad in ([0, -1], [0, 4], [1, 2], [0, 2**32 + 3], [0, INT64_MIN], [[0, 2]], []):
    refuse(BAGS, ValueError, offsets=np.array(bad, np.int64))
for bad in ("summe", None, 1):
    refuse(BAGS, ValueError, mode=bad)
refuse(BAGS, ValueError, index=TARGET[None])
refuse(BAGS, ValueError, per_sample_weights=ones(3))
refuse("embedding_bag", ValueError, table=ones(3))
for bad in (-1, 5, 2**32 + 3):
    refuse(BAGS, ValueError, padding_idx=bad)
for bad in (ones(2), ones(3, 3)):
    refuse("embedding_bag_grad", ValueError, grad=bad)
refuse("embedding_bag_grad", ValueError, best=np.zeros((2, 3), np.int64))
refuse("embedding_bag_grad", ValueError, mode="max", blame="best")
for bad in (-1, 2**63):
    refuse("embedding_bag_grad", ValueError, num_embeddings=bad)
refuse("embedding", ValueError, table=ones(3))
refuse("embedding_grad", ValueError, grad=ones())
refuse("embedding_grad", ValueError, grad=ones(4, 2))
for bad in (-1, 2**63):
    refuse("embedding_grad", ValueError, num_embeddings=bad)
for bad in (-1, 5, 2**32 + 3):
    refuse("embedding_grad", ValueError, padding_idx=bad)
for key, value in CELL.items():
    refuse("lstm_cell lstm_cell_grad", ValueError, **{key: value[:-1]}, blame=".")
    refuse("lstm_cell lstm_cell_grad", ValueError, **{key: value[:, :, None]})
for key in ("b_ih", "b_hh"):
    refuse("lstm_cell", ValueError, **{key: ones(15)})
for key in ("grad_h", "grad_c", "c_next", "gates"):
    refuse("lstm_cell_grad", ValueError, **{key: CELL_GRAD[key][:-1]}, blame=".")
for name, arguments in (("gru_cell", GRU), ("rnn_cell", RNN)):
    for key, value in arguments.items():
        refuse(f"{name} {name}_grad", ValueError, **{key: value[:-1]}, blame=".")
        refuse(f"{name} {name}_grad", ValueError, **{key: value[:, :, None]})
    refuse(f"{name}_grad", ValueError, grad_h=ones(3, 5))
    for key in ("b_ih", "b_hh"):
        refuse(name, ValueError, **{key: ones(11)})
refuse("gru_cell_grad", ValueError, gates=ones(3, 11))
refuse("gru_cell_grad", ValueError, inner=ones(3, 5))
refuse("rnn_cell_grad", ValueError, h_next=ones(3, 5))
refuse("rnn_cell rnn_cell_grad", ValueError, nonlinearity="sin")
refuse("sgd_step_ adam_step_", ValueError, grad=ones(8))
refuse("sgd_step_", ValueError, velocity=ones(8), momentum=0.9)
refuse("adam_step_", ValueError, exp_avg=ones(8))
refuse("adam_step_", ValueError, exp_avg_sq=ones(8))
refuse("sgd_step_ adam_step_", TypeError, lr="0.1")
refuse("sgd_step_ adam_step_", TypeError, param=[1.0, 2.0])
refuse("adam_step_", ValueError, step=0)
refuse("adam_step_", TypeError, step=1.5)

# Things that are no arrays.
for key in ("x", "weight"):
    for bad in (None, "abc", object(), {}, [[1.0], [2.0, 3.0]], {1, 2}):
        refuse("conv2d", (TypeError, ValueError), **{key: bad})
for bad in (None, "abc", object(), {}, [[1.0], [2.0, 3.0]]):
    refuse("relu softmax max_pool2d", (TypeError, ValueError), x=bad)
    refuse("matmul", (TypeError, ValueError), a=bad)
    refuse("cross_entropy", (TypeError, ValueError), target=bad)


def show(value):
    text = re.sub(r"\s+", " ", repr(value))
    return text if len(text) < 24 else f"{type(value).__name__}{getattr(value, 'shape', '')}"


IDS = [
    f"{name}-" + ",".join(f"{key}={show(value)}" for key, value in replaced.items())
    for name, _, _, replaced in ROWS
]


@pytest.mark.parametrize("name", VALID)
def test_rows_start_from_a_valid_call(name):
    getattr(kernels, name)(**fresh(VALID[name]))


def test_every_function_has_rows():
    assert set(VALID) == set(CALLS) - set(CALLS_OF_VOLUMES) == {name for name, *_ in ROWS}


@pytest.mark.parametrize(
    ("name", "error", "blame", "replaced"),
    [pytest.param(*row, id=label) for row, label in zip(ROWS, IDS, strict=True)],
)
def test_bad_call_is_refused_by_name(name, error, blame, replaced):
    with pytest.raises(error, match=blame):
        getattr(kernels, name)(**{**fresh(VALID[name]), **replaced})


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize(("name", "key", "spoilt"), INDEX_ROWS)
def test_bad_index_is_refused_by_name(name, key, spoilt):
    with pytest.raises(IndexError, match=key):
        getattr(kernels, name)(**{**fresh(VALID[name]), key: spoilt})


# ------------------------------------------------------------------------- generated cases

ERRORS = (ValueError, TypeError, IndexError, MemoryError)


def one_dimensional(name):
    """A builder of calls without the height that the two-dimensional function has."""

    def without_height(value):
        if isinstance(value, np.ndarray) and value.ndim == 4:
            return value[:, :, 0]
        if isinstance(value, tuple):
            return value[1] if len(value) == 2 else (*value[:2], value[3])
        return value

    def build(rng, dtype):
        return {key: without_height(value) for key, value in CALLS[name](rng, dtype).items()}

    return build


def sequences(cell, states):
    """Builders of calls of the function of whole sequences that belongs to a cell."""
    name = cell.removesuffix("_cell")

    def build(rng, dtype):
        x, *rest = CALLS[cell](rng, dtype).values()
        names = ("h0", "c0")[:states] + ("w_ih", "w_hh", "b_ih", "b_hh")
        call = {"x": None, **dict(zip(names, rest, strict=True))}
        steps = rng.integers(1, 4)
        if rng.integers(2) or len(x) == 0:
            return {**call, "x": rng.standard_normal((steps, *x.shape)).astype(dtype)}
        sizes = np.sort(rng.integers(1, len(x) + 1, steps))[::-1]
        sizes[0] = len(x)
        x = rng.standard_normal((sizes.sum(), x.shape[1])).astype(dtype)
        return {**call, "x": x, "batch_sizes": sizes}

    def build_grad(rng, dtype):
        call = build(rng, dtype)
        output, *last = getattr(kernels, name)(**call)
        saved = {} if name == "rnn" else {"saved": last.pop()}
        del call["b_ih"], call["b_hh"]
        grads = dict(zip(("grad_h_n", "grad_c_n"), last, strict=False))
        return {"grad_output": output, **grads, **call, "output": output, **saved}

    return {name: build, f"{name}_grad": build_grad}


#: A builder of calls of every function on arrays.
BUILDERS = {
    **CALLS,
    **{
        name.replace("2d", "1d"): one_dimensional(name)
        for name in CALLS
        if name.startswith("conv") and "2d" in name and "bias" not in name
    },
    **sequences("lstm_cell", 2),
    **sequences("gru_cell", 1),
    **sequences("rnn_cell", 1),
}
FUNCTIONS = list(BUILDERS)

#: Integers at the edges of the types to which one might be narrowed. Between 100 and 2**46
#: there are only odd powers of two, lest a legal call really take that much memory.
INTEGERS = [
    *(-1, 0, 1, 2, 3, 5, 7, 16),
    *(2**46, 2**62, 2**63 - 1, 2**63, 2**64 + 1, -(2**31), -(2**32) + 1, INT64_MIN),
]
ODDITIES = [None, 1.5, "1", "none", b"x", (), (1,), (1, 2, 3), [2, 2], True, 1j, float("nan")]
INDICES = [-1, 30, 2**31, 2**32 + 3, 2**63 - 1, INT64_MIN]
DTYPES = ["f2", "f4", "f8", "g", "c8", "O", "U3", "?", "i4", "i8", "u8", "M8[s]"]


def pick(rng, values):
    return values[rng.integers(len(values))]


def change_layout(rng, array):
    return LAYOUTS[pick(rng, sorted(LAYOUTS))](array)


def change_dtype(rng, array):
    with np.errstate(invalid="ignore"):
        return np.zeros(array.shape, pick(rng, DTYPES))


def change_shape(rng, array):
    """Another number of axes, or another length of one."""
    axis = int(rng.integers(array.ndim + 1))
    if axis == array.ndim:
        return array[None] if rng.integers(2) or array.ndim == 0 else array[0:1].reshape(-1)
    length = pick(rng, [0, 1, max(array.shape[axis] - 1, 0), array.shape[axis] + 1])
    return np.take(array, np.arange(length), axis, mode="wrap") if array.size else array


def change_to_huge(rng, array):
    """More elements than any memory holds, all of them in the same place."""
    shape = list(array.shape) or [1]
    shape[rng.integers(len(shape))] = 2 ** int(rng.integers(46, 50))
    if rng.integers(3) == 0:
        shape[rng.integers(len(shape))] = 0  # None at all, then, but still a huge axis.
    return np.broadcast_to(np.zeros((), array.dtype), shape)


def change_values(rng, array):
    """Indices beyond the image; numbers that are none."""
    changed = plain(array)
    if changed.size and changed.dtype.kind in "fi":
        extremes = INDICES if changed.dtype.kind == "i" else [np.nan, np.inf, -np.inf, 1e-40]
        changed.flat[rng.integers(changed.size)] = pick(rng, extremes)
    return changed


def change_to_oddity(rng, _):
    return pick(rng, ODDITIES)


ARRAY_CHANGES = [
    change_layout,
    change_layout,
    change_layout,
    change_dtype,
    change_shape,
    change_shape,
    change_to_huge,
    change_values,
    change_to_oddity,
]


def change(rng, value):
    """Spoil one argument, or give it another legal form."""
    if isinstance(value, np.ndarray):
        return pick(rng, ARRAY_CHANGES)(rng, value)
    if rng.integers(4) == 0:
        return pick(rng, ODDITIES)
    if isinstance(value, tuple) and rng.integers(2):
        changed = list(value)
        changed[rng.integers(len(changed))] = pick(rng, INTEGERS)
        return tuple(changed)
    return float(rng.normal()) if isinstance(value, float) else pick(rng, INTEGERS)


def generate(rng):
    """Return the name of a function and arguments with up to three changes."""
    name = pick(rng, FUNCTIONS)
    arguments = BUILDERS[name](rng, pick(rng, [np.float32, np.float64]))
    count = min(len(arguments), int(rng.integers(0, 4)))
    for key in rng.choice(list(arguments), count, replace=False):
        arguments[key] = change(rng, arguments[key])
    return name, arguments


def add_out(rng, name, arguments):
    """Add an `out` that fits, is spoilt, or is one of the inputs."""
    if "out" not in inspect.signature(getattr(kernels, name)).parameters:
        return
    arrays = [value for value in arguments.values() if isinstance(value, np.ndarray)]
    result = getattr(kernels, name)(**arguments)
    first = result[0] if isinstance(result, tuple) else result
    out = pick(rng, [first.copy(), change(rng, first), *arrays])
    if isinstance(out, np.ndarray) and out.size > 10**6:
        return
    arguments["out"] = out


def outcome(name, arguments):
    """Return the arrays that a call gave or changed, or the exception that it raised."""
    try:
        with np.errstate(all="ignore"):
            value = getattr(kernels, name)(**arguments)
    except ERRORS as error:
        return error
    if name in IN_PLACE:
        value = tuple(arguments[key] for key in IN_PLACE[name])
    return tuple(flatten(value))


def flatten(value):
    for part in value if isinstance(value, tuple) else (value,):
        yield from flatten(part) if isinstance(part, tuple) else (part,)


def describe(name, arguments):
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"


def assert_same(actual, expected, name, arguments):
    try:
        for ours, theirs in zip(actual, expected, strict=True):
            assert_close(plain(np.asarray(ours)), theirs)
    except AssertionError as error:
        error.add_note(describe(name, arguments))
        raise


CHUNKS, CHUNK = 20, 500


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_generated_calls_are_right_or_refused(chunk):
    rng = np.random.default_rng(chunk)
    served = 0
    for _ in range(CHUNK):
        name, arguments = generate(rng)
        clean = fresh(arguments)
        # Only what memory can hold has a contiguous copy to compare with.
        small = all(
            value.size < 10**6 for value in arguments.values() if isinstance(value, np.ndarray)
        )
        actual = outcome(name, arguments)
        if isinstance(actual, Exception):
            assert str(actual), describe(name, arguments)
            continue
        served += 1
        if not small:
            assert all(array.size == 0 for array in actual), describe(name, arguments)
            continue
        expected = outcome(name, clean)
        assert not isinstance(expected, Exception), describe(name, arguments)
        assert_same(actual, expected, name, arguments)
    assert CHUNK / 5 < served < CHUNK


@pytest.mark.usefixtures("isa")
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_generated_out_is_filled_or_refused(chunk):
    rng = np.random.default_rng(chunk)
    served = 0
    for _ in range(CHUNK // 5):
        name = pick(rng, FUNCTIONS)
        arguments = BUILDERS[name](rng, pick(rng, [np.float32, np.float64]))
        expected = outcome(name, fresh(arguments))
        add_out(rng, name, arguments)
        actual = outcome(name, arguments)
        if isinstance(actual, Exception):
            assert "out" in str(actual), describe(name, arguments)
            continue
        served += 1
        assert_same(actual, expected, name, arguments)
    assert served > CHUNK / 50

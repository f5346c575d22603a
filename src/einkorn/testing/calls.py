"""One valid call of every function of `einkorn.kernels`: the rows of tests about all of them.

`CALLS` maps the name of a function to a builder, which takes a random generator and a dtype
and draws small sizes, parameters and arrays. The arguments come by name; those that all
functions share (`out`, `algorithm`, `precision`) are left to the tests.

Examples
--------
>>> arguments = CALLS["matmul"](np.random.default_rng(0), np.float32)
>>> sorted(arguments)
['a', 'alpha', 'b', 'transpose_a', 'transpose_b']
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from . import references
from .calls_of_volumes import CALLS_OF_VOLUMES
from .references.geometry import Pair, output_size, transposed_output_size

Array = np.ndarray
Rng = np.random.Generator
Arguments = dict[str, Any]

CALLS: dict[str, Callable[[Rng, DTypeLike], Arguments]] = dict(CALLS_OF_VOLUMES)

#: Functions that change arrays given to them, and which.
IN_PLACE = {
    "sgd_step_": ("param", "velocity"),
    "adam_step_": ("param", "exp_avg", "exp_avg_sq"),
}

ARITHMETIC = ("add", "subtract", "multiply", "divide", "maximum", "minimum")

#: Functions whose `out` may be one of their inputs, since they finish with an element's
#: inputs before they write it.
ELEMENTWISE = frozenset(
    {
        "relu",
        "sigmoid",
        "tanh",
        "leaky_relu",
        "elu",
        "erf",
        "erfc",
        "relu_grad",
        "sigmoid_grad",
        "tanh_grad",
        "dropout",
        "bernoulli",
        *ARITHMETIC,
    }
)


def _register(function: Callable[[Rng, DTypeLike], Arguments]) -> Callable:
    CALLS[function.__name__] = function
    return function


def _normal(rng: Rng, dtype: DTypeLike, *shape: int) -> Array:
    return rng.standard_normal(shape).astype(dtype)


def _size(rng: Rng, high: int = 9) -> int:
    return int(rng.integers(1, high))


def _pair(rng: Rng, low: int, high: int) -> Pair:
    return int(rng.integers(low, high)), int(rng.integers(low, high))


def _any_shape(rng: Rng) -> tuple[int, ...]:
    return tuple(_size(rng) for _ in range(_size(rng, 4)))


@_register
def matmul(rng: Rng, dtype: DTypeLike) -> Arguments:
    m, n, k, batch = (_size(rng) for _ in range(4))
    transpose_a, transpose_b = bool(rng.integers(2)), bool(rng.integers(2))
    return {
        "a": _normal(rng, dtype, batch, *((k, m) if transpose_a else (m, k))),
        "b": _normal(rng, dtype, *((n, k) if transpose_b else (k, n))),
        "transpose_a": transpose_a,
        "transpose_b": transpose_b,
        "alpha": 0.5,
    }


@_register
def linear(rng: Rng, dtype: DTypeLike) -> Arguments:
    inputs, outputs = _size(rng), _size(rng)
    return {
        "x": _normal(rng, dtype, *_any_shape(rng), inputs),
        "weight": _normal(rng, dtype, outputs, inputs),
        "bias": _normal(rng, dtype, outputs),
        "activation": "tanh",
    }


@_register
def linear_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = linear(rng, dtype)
    x, weight = call["x"], call["weight"]
    return {"grad": _normal(rng, dtype, *x.shape[:-1], len(weight)), "x": x, "weight": weight}


class _Convolution:
    """Random geometry of a convolution and, read backwards, of a transposed one."""

    def __init__(self, rng: Rng) -> None:
        self.batch = _size(rng, 4)
        self.groups = _size(rng, 3)
        self.inputs = self.groups * _size(rng, 4)
        self.outputs = self.groups * _size(rng, 4)
        self.kernel = _pair(rng, 1, 4)
        self.window = {
            "stride": _pair(rng, 1, 3),
            "padding": _pair(rng, 0, 2),
            "dilation": _pair(rng, 1, 3),
        }
        self.image = tuple(
            dilation * (kernel - 1) + int(rng.integers(1, 5))
            for kernel, dilation in zip(self.kernel, self.window["dilation"], strict=True)
        )
        self.pixels = tuple(map(output_size, self.image, self.kernel, *self.window.values()))
        self.parameters = {**self.window, "groups": self.groups}

    @property
    def x_shape(self) -> tuple[int, ...]:
        return self.batch, self.inputs, *self.image

    @property
    def y_shape(self) -> tuple[int, ...]:
        return self.batch, self.outputs, *self.pixels

    @property
    def weight_shape(self) -> tuple[int, ...]:
        return self.outputs, self.inputs // self.groups, *self.kernel


class _Transposed(_Convolution):
    """A convolution that x enters by its output, with paddings that leave an image."""

    def __init__(self, rng: Rng) -> None:
        super().__init__(rng)
        stride, padding, dilation = self.window.values()
        self.extra = tuple(
            int(rng.integers(max(pair))) for pair in zip(stride, dilation, strict=True)
        )
        self.parameters["output_padding"] = self.extra
        self.image = tuple(
            map(
                transposed_output_size,
                self.pixels,
                self.kernel,
                stride,
                padding,
                self.extra,
                dilation,
            )
        )


@_register
def im2col(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = _Convolution(rng)
    return {
        "x": _normal(rng, dtype, *case.x_shape),
        "kernel_size": case.kernel,
        **case.window,
    }


@_register
def col2im(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = _Convolution(rng)
    rows = case.inputs * case.kernel[0] * case.kernel[1]
    return {
        "cols": _normal(rng, dtype, case.batch, rows, case.pixels[0] * case.pixels[1]),
        "output_size": case.image,
        "kernel_size": case.kernel,
        **case.window,
    }


@_register
def conv2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = _Convolution(rng)
    return {
        "x": _normal(rng, dtype, *case.x_shape),
        "weight": _normal(rng, dtype, *case.weight_shape),
        "bias": _normal(rng, dtype, case.outputs),
        **case.parameters,
        "activation": "relu",
    }


@_register
def conv2d_input_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = _Convolution(rng)
    return {
        "grad": _normal(rng, dtype, *case.y_shape),
        "weight": _normal(rng, dtype, *case.weight_shape),
        "input_shape": case.x_shape,
        **case.parameters,
    }


@_register
def conv2d_weight_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = _Convolution(rng)
    return {
        "grad": _normal(rng, dtype, *case.y_shape),
        "x": _normal(rng, dtype, *case.x_shape),
        "weight_shape": case.weight_shape,
        **case.parameters,
    }


@_register
def conv2d_bias_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"grad": _normal(rng, dtype, *_Convolution(rng).y_shape)}


@_register
def conv_transpose2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = _Transposed(rng)
    return {
        "x": _normal(rng, dtype, *case.y_shape),
        "weight": _normal(rng, dtype, *case.weight_shape),
        "bias": _normal(rng, dtype, case.inputs),
        **case.parameters,
        "activation": "relu",
    }


@_register
def conv_transpose2d_input_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = _Transposed(rng)
    return {
        "grad": _normal(rng, dtype, *case.x_shape),
        "weight": _normal(rng, dtype, *case.weight_shape),
        **case.parameters,
    }


@_register
def conv_transpose2d_weight_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    case = _Transposed(rng)
    return {
        "grad": _normal(rng, dtype, *case.x_shape),
        "x": _normal(rng, dtype, *case.y_shape),
        "weight_shape": case.weight_shape,
        **case.parameters,
    }


def _image(rng: Rng, dtype: DTypeLike) -> Array:
    return _normal(rng, dtype, _size(rng, 4), _size(rng, 4), *_pair(rng, 4, 9))


@_register
def max_pool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {
        "x": _image(rng, dtype),
        "kernel_size": _pair(rng, 2, 4),
        "stride": _pair(rng, 1, 4),
        "padding": _pair(rng, 0, 2),
        "dilation": 1,
        "ceil_mode": bool(rng.integers(2)),
    }


@_register
def max_pool2d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_pool2d(rng, dtype)
    values, indices = references.max_pool2d(**call)
    return {
        "grad": _normal(rng, dtype, *values.shape),
        "indices": indices,
        "input_shape": call["x"].shape,
    }


@_register
def max_unpool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    x = _image(rng, dtype)
    height, width = x.shape[2] + _size(rng, 4), x.shape[3] + _size(rng, 4)
    planes = np.broadcast_to(np.arange(height * width), (*x.shape[:2], height * width))
    chosen = rng.permuted(planes, axis=-1)[..., : x.shape[2] * x.shape[3]]
    return {"x": x, "indices": chosen.reshape(x.shape), "output_size": (height, width)}


@_register
def max_unpool2d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_unpool2d(rng, dtype)
    grad = _normal(rng, dtype, *call["x"].shape[:2], *call["output_size"])
    return {"grad": grad, "indices": call["indices"]}


@_register
def avg_pool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = max_pool2d(rng, dtype)
    del call["dilation"]
    divisor = int(rng.integers(1, 9)) if rng.integers(2) else None
    rules = {"count_include_pad": bool(rng.integers(2)), "divisor_override": divisor}
    return {**call, **rules}


@_register
def avg_pool2d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = avg_pool2d(rng, dtype)
    grad = _normal(rng, dtype, *references.avg_pool2d(**call).shape)
    return {"grad": grad, "input_shape": call.pop("x").shape, **call}


@_register
def adaptive_avg_pool2d(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": _image(rng, dtype), "output_size": _pair(rng, 1, 7)}


@_register
def adaptive_avg_pool2d_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = adaptive_avg_pool2d(rng, dtype)
    x = call["x"]
    grad = _normal(rng, dtype, *x.shape[:2], *call["output_size"])
    return {"grad": grad, "input_shape": x.shape}


@_register
def lstm_cell(rng: Rng, dtype: DTypeLike) -> Arguments:
    batch, inputs, hidden = _size(rng, 5), _size(rng), _size(rng)
    return {
        "x": _normal(rng, dtype, batch, inputs),
        "h": _normal(rng, dtype, batch, hidden),
        "c": _normal(rng, dtype, batch, hidden),
        "w_ih": _normal(rng, dtype, 4 * hidden, inputs),
        "w_hh": _normal(rng, dtype, 4 * hidden, hidden),
        "b_ih": _normal(rng, dtype, 4 * hidden),
        "b_hh": _normal(rng, dtype, 4 * hidden),
    }


@_register
def lstm_cell_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = lstm_cell(rng, dtype)
    _, c_next, gates = references.lstm_cell(**call)
    del call["b_ih"], call["b_hh"]
    return {
        "grad_h": _normal(rng, dtype, *c_next.shape),
        "grad_c": _normal(rng, dtype, *c_next.shape),
        **call,
        "c_next": c_next.astype(dtype),
        "gates": gates.astype(dtype),
    }


def _cell(rng: Rng, dtype: DTypeLike, gates: int) -> Arguments:
    call = lstm_cell(rng, dtype)
    hidden = call.pop("c").shape[1]
    return {k: v[: gates * hidden] if "_" in k else v for k, v in call.items()}


@_register
def gru_cell(rng: Rng, dtype: DTypeLike) -> Arguments:
    return _cell(rng, dtype, 3)


@_register
def gru_cell_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = gru_cell(rng, dtype)
    h_next, gates, inner = references.gru_cell(**call)
    x, h, w_ih, w_hh, *_ = call.values()
    return {
        "grad_h": _normal(rng, dtype, *h_next.shape),
        "x": x,
        "h": h,
        "gates": gates.astype(dtype),
        "inner": inner.astype(dtype),
        "w_ih": w_ih,
        "w_hh": w_hh,
    }


@_register
def rnn_cell(rng: Rng, dtype: DTypeLike) -> Arguments:
    return _cell(rng, dtype, 1)


@_register
def rnn_cell_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = rnn_cell(rng, dtype)
    h_next = references.rnn_cell(**call)
    x, h, w_ih, w_hh, *_ = call.values()
    return {
        "grad_h": _normal(rng, dtype, *h_next.shape),
        "x": x,
        "h": h,
        "h_next": h_next.astype(dtype),
        "w_ih": w_ih,
        "w_hh": w_hh,
    }


@_register
def relu(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": _normal(rng, dtype, *_any_shape(rng))}


@_register
def sigmoid(rng: Rng, dtype: DTypeLike) -> Arguments:
    return relu(rng, dtype)


@_register
def tanh(rng: Rng, dtype: DTypeLike) -> Arguments:
    return relu(rng, dtype)


@_register
def leaky_relu(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {**relu(rng, dtype), "negative_slope": 0.2}


@_register
def elu(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {**relu(rng, dtype), "alpha": 1.5}


@_register
def erf(rng: Rng, dtype: DTypeLike) -> Arguments:
    return relu(rng, dtype)


@_register
def erfc(rng: Rng, dtype: DTypeLike) -> Arguments:
    return relu(rng, dtype)


@_register
def gelu(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {**relu(rng, dtype), "approximate": "tanh"}


def _arithmetic(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = _any_shape(rng)
    return {"a": _normal(rng, dtype, *shape), "b": _normal(rng, dtype, *shape)}


CALLS.update(dict.fromkeys(ARITHMETIC, _arithmetic))


@_register
def relu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = _any_shape(rng)
    return {"grad": _normal(rng, dtype, *shape), "y": _normal(rng, dtype, *shape)}


@_register
def sigmoid_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    return relu_grad(rng, dtype)


@_register
def tanh_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    return relu_grad(rng, dtype)


@_register
def leaky_relu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = _any_shape(rng)
    grad, x = _normal(rng, dtype, *shape), _normal(rng, dtype, *shape)
    return {"grad": grad, "x": x, "negative_slope": 0.2}


@_register
def elu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = _any_shape(rng)
    return {"grad": _normal(rng, dtype, *shape), "x": _normal(rng, dtype, *shape), "alpha": 1.5}


@_register
def gelu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = _any_shape(rng)
    grad, x = _normal(rng, dtype, *shape), _normal(rng, dtype, *shape)
    return {"grad": grad, "x": x, "approximate": "tanh"}


@_register
def softmax(rng: Rng, dtype: DTypeLike) -> Arguments:
    x = _normal(rng, dtype, *_any_shape(rng))
    return {"x": x, "axis": int(rng.integers(-x.ndim, x.ndim))}


@_register
def log_softmax(rng: Rng, dtype: DTypeLike) -> Arguments:
    return softmax(rng, dtype)


@_register
def softmax_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = softmax(rng, dtype)
    x = call.pop("x")
    y = references.softmax(x, **call).astype(dtype)
    return {"grad": _normal(rng, dtype, *x.shape), "y": y, **call}


@_register
def log_softmax_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = softmax_grad(rng, dtype)
    return {**call, "y": np.log(call["y"])}


@_register
def cross_entropy(rng: Rng, dtype: DTypeLike) -> Arguments:
    batch, classes = _size(rng), _size(rng)
    rest = _any_shape(rng)[1:]
    target = rng.integers(0, classes, (batch, *rest))
    target[rng.random(target.shape) < 0.1] = -100
    return {
        "logits": _normal(rng, dtype, batch, classes, *rest),
        "target": target,
        "weight": rng.random(classes).astype(dtype) + dtype(0.5),
        "ignore_index": -100,
        "reduction": str(rng.choice(["sum", "none"])),
    }


@_register
def cross_entropy_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = cross_entropy(rng, dtype)
    shape = call["target"].shape if call["reduction"] == "none" else ()
    return {"grad": np.asarray(_normal(rng, dtype, *shape)), **call}


@_register
def ctc_loss(rng: Rng, dtype: DTypeLike) -> Arguments:
    steps, samples, classes = _size(rng), _size(rng), 1 + _size(rng)
    log_probs = references.log_softmax(rng.standard_normal((steps, samples, classes)))
    # Twice as many steps as labels are enough for each to be followed by a blank.
    lengths = rng.integers(0, steps + 1, samples)
    return {
        "log_probs": log_probs.astype(dtype),
        "targets": rng.integers(0, classes, (samples, steps)),
        "input_lengths": lengths,
        "target_lengths": rng.integers(0, lengths // 2 + 1),
        "blank": int(rng.integers(classes)),
    }


@_register
def ctc_loss_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = ctc_loss(rng, dtype)
    loss, log_alpha = references.ctc_loss(**call)
    return {
        **call,
        "grad": _normal(rng, dtype, *loss.shape),
        "loss": loss.astype(dtype),
        # As good as -inf, and to be cast to any dtype.
        "log_alpha": np.maximum(log_alpha, -1000).astype(dtype),
    }


@_register
def dropout(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {**relu(rng, dtype), "p": 0.4, "seed": int(rng.integers(2**40))}


@_register
def dropout_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = _any_shape(rng)
    return {"grad": _normal(rng, dtype, *shape), "mask": rng.random(shape) < 0.6, "p": 0.4}


@_register
def bernoulli(rng: Rng, dtype: DTypeLike) -> Arguments:
    p = rng.random(_any_shape(rng)).astype(dtype)
    return {"p": p, "seed": int(rng.integers(2**40))}


@_register
def batch_norm(rng: Rng, dtype: DTypeLike) -> Arguments:
    batch, channels = _size(rng) + 1, _size(rng)
    x = _normal(rng, dtype, batch, channels, *_any_shape(rng)[1:])
    call = {
        "x": x,
        "weight": _normal(rng, dtype, channels),
        "bias": _normal(rng, dtype, channels),
    }
    if rng.integers(2):
        call["mean"] = _normal(rng, dtype, channels)
        call["var"] = rng.random(channels).astype(dtype) + dtype(0.5)
    return {**call, "eps": 1e-3}


@_register
def batch_norm_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = batch_norm(rng, dtype)
    _, mean, inv_std = references.batch_norm(**call)
    return {
        "grad": _normal(rng, dtype, *call["x"].shape),
        "x": call["x"],
        "weight": call["weight"],
        "mean": mean.astype(dtype),
        "inv_std": inv_std.astype(dtype),
        "training": "mean" not in call,
    }


def _statistics(results: tuple[Array, ...], dtype: DTypeLike) -> list[Array]:
    return [array.astype(dtype) for array in results[1:]]


@_register
def layer_norm(rng: Rng, dtype: DTypeLike) -> Arguments:
    tail = _size(rng), _size(rng)
    return {
        "x": _normal(rng, dtype, *_any_shape(rng), *tail),
        "normalized_shape": tail,
        "weight": _normal(rng, dtype, *tail),
        "bias": _normal(rng, dtype, *tail),
        "eps": 1e-3,
    }


@_register
def layer_norm_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = layer_norm(rng, dtype)
    mean, inv_std = _statistics(references.layer_norm(**call), dtype)
    grad = _normal(rng, dtype, *call["x"].shape)
    return {
        "grad": grad,
        **{key: call[key] for key in ("x", "normalized_shape", "weight")},
        "mean": mean,
        "inv_std": inv_std,
    }


@_register
def rms_norm(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = layer_norm(rng, dtype)
    del call["bias"]
    return call


@_register
def rms_norm_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = rms_norm(rng, dtype)
    (inv_rms,) = _statistics(references.rms_norm(**call), dtype)
    grad = _normal(rng, dtype, *call["x"].shape)
    return {
        "grad": grad,
        **{key: call[key] for key in ("x", "normalized_shape", "weight")},
        "inv_rms": inv_rms,
    }


@_register
def group_norm(rng: Rng, dtype: DTypeLike) -> Arguments:
    groups = _size(rng, 4)
    channels = groups * _size(rng, 4)
    return {
        "x": _normal(rng, dtype, _size(rng, 4), channels, *_any_shape(rng)),
        "num_groups": groups,
        "weight": _normal(rng, dtype, channels),
        "bias": _normal(rng, dtype, channels),
        "eps": 1e-3,
    }


@_register
def group_norm_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = group_norm(rng, dtype)
    mean, inv_std = _statistics(references.group_norm(**call), dtype)
    grad = _normal(rng, dtype, *call["x"].shape)
    return {
        "grad": grad,
        **{key: call[key] for key in ("x", "num_groups", "weight")},
        "mean": mean,
        "inv_std": inv_std,
    }


@_register
def sum(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": _normal(rng, dtype, _size(rng), _size(rng), _size(rng)), "axis": (0, -1)}


@_register
def mean(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": _normal(rng, dtype, _size(rng), _size(rng), _size(rng)), "axis": 1}


@_register
def embedding(rng: Rng, dtype: DTypeLike) -> Arguments:
    rows = _size(rng)
    return {
        "table": _normal(rng, dtype, rows, _size(rng)),
        "index": rng.integers(0, rows, _any_shape(rng)),
    }


@_register
def embedding_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = embedding(rng, dtype)
    rows, width = call["table"].shape
    return {
        "grad": _normal(rng, dtype, *call["index"].shape, width),
        "index": call["index"],
        "num_embeddings": rows,
        "scale_grad_by_freq": bool(rng.integers(2)),
    }


@_register
def embedding_bag(rng: Rng, dtype: DTypeLike) -> Arguments:
    rows, count = _size(rng), _size(rng)
    return {
        "table": _normal(rng, dtype, rows, _size(rng)),
        "index": rng.integers(0, rows, count),
        "offsets": np.sort([0, *rng.integers(0, count + 1, _size(rng))]),
        "mode": ("sum", "mean")[rng.integers(2)],
    }


@_register
def embedding_bag_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = embedding_bag(rng, dtype)
    table = call.pop("table")
    grad = _normal(rng, dtype, len(call["offsets"]), table.shape[1])
    return {"grad": grad, **call, "num_embeddings": len(table)}


@_register
def batch_norm_relu(rng: Rng, dtype: DTypeLike) -> Arguments:
    return batch_norm(rng, dtype)


@_register
def batch_norm_relu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = batch_norm_grad(rng, dtype)
    return {**call, "y": _normal(rng, dtype, *call["x"].shape)}


@_register
def sgd_step_(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = _any_shape(rng)
    param, grad, velocity = (_normal(rng, dtype, *shape) for _ in range(3))
    return {
        "param": param,
        "grad": grad,
        "velocity": velocity,
        "lr": 0.1,
        "momentum": 0.9,
        "dampening": 0.0,
        "weight_decay": 0.01,
        "nesterov": bool(rng.integers(2)),
    }


@_register
def adam_step_(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = _any_shape(rng)
    param, grad, exp_avg = (_normal(rng, dtype, *shape) for _ in range(3))
    return {
        "param": param,
        "grad": grad,
        "exp_avg": exp_avg,
        "exp_avg_sq": rng.random(shape).astype(dtype),
        "step": _size(rng),
        "lr": 0.1,
        "beta1": 0.8,
        "beta2": 0.95,
        "eps": 1e-6,
        "weight_decay": 0.01,
        "decoupled": bool(rng.integers(2)),
    }

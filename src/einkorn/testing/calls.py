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

import numpy as np
from numpy.typing import DTypeLike

from . import references
from .calls_of_images import CALLS_OF_IMAGES
from .calls_of_norms import CALLS_OF_NORMS
from .calls_of_volumes import CALLS_OF_VOLUMES
from .draws import Arguments, Rng, any_shape, normal, size

CALLS: dict[str, Callable[[Rng, DTypeLike], Arguments]] = {
    **CALLS_OF_IMAGES,
    **CALLS_OF_NORMS,
    **CALLS_OF_VOLUMES,
}

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
        "clamp",
        *ARITHMETIC,
    }
)


def _register(function: Callable[[Rng, DTypeLike], Arguments]) -> Callable:
    CALLS[function.__name__] = function
    return function


@_register
def matmul(rng: Rng, dtype: DTypeLike) -> Arguments:
    m, n, k, batch = (size(rng) for _ in range(4))
    transpose_a, transpose_b = bool(rng.integers(2)), bool(rng.integers(2))
    return {
        "a": normal(rng, dtype, batch, *((k, m) if transpose_a else (m, k))),
        "b": normal(rng, dtype, *((n, k) if transpose_b else (k, n))),
        "transpose_a": transpose_a,
        "transpose_b": transpose_b,
        "alpha": 0.5,
    }


@_register
def binary_matmul(rng: Rng, dtype: DTypeLike) -> Arguments:
    m, n, k = (size(rng) for _ in range(3))
    return {
        "a": (rng.random((m, k)) < 0.5).astype(dtype),
        "b": normal(rng, dtype, k, n),
        "bias": normal(rng, dtype, n),
        "activation": "tanh",
        "alpha": 0.5,
    }


@_register
def linear(rng: Rng, dtype: DTypeLike) -> Arguments:
    inputs, outputs = size(rng), size(rng)
    return {
        "x": normal(rng, dtype, *any_shape(rng), inputs),
        "weight": normal(rng, dtype, outputs, inputs),
        "bias": normal(rng, dtype, outputs),
        "activation": "tanh",
    }


@_register
def linear_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = linear(rng, dtype)
    x, weight = call["x"], call["weight"]
    return {"grad": normal(rng, dtype, *x.shape[:-1], len(weight)), "x": x, "weight": weight}


@_register
def lstm_cell(rng: Rng, dtype: DTypeLike) -> Arguments:
    batch, inputs, hidden = size(rng, 5), size(rng), size(rng)
    return {
        "x": normal(rng, dtype, batch, inputs),
        "h": normal(rng, dtype, batch, hidden),
        "c": normal(rng, dtype, batch, hidden),
        "w_ih": normal(rng, dtype, 4 * hidden, inputs),
        "w_hh": normal(rng, dtype, 4 * hidden, hidden),
        "b_ih": normal(rng, dtype, 4 * hidden),
        "b_hh": normal(rng, dtype, 4 * hidden),
    }


@_register
def lstm_cell_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = lstm_cell(rng, dtype)
    _, c_next, gates = references.lstm_cell(**call)
    del call["b_ih"], call["b_hh"]
    return {
        "grad_h": normal(rng, dtype, *c_next.shape),
        "grad_c": normal(rng, dtype, *c_next.shape),
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
        "grad_h": normal(rng, dtype, *h_next.shape),
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
        "grad_h": normal(rng, dtype, *h_next.shape),
        "x": x,
        "h": h,
        "h_next": h_next.astype(dtype),
        "w_ih": w_ih,
        "w_hh": w_hh,
    }


@_register
def relu(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": normal(rng, dtype, *any_shape(rng))}


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
    shape = any_shape(rng)
    return {"a": normal(rng, dtype, *shape), "b": normal(rng, dtype, *shape)}


CALLS.update(dict.fromkeys(ARITHMETIC, _arithmetic))


@_register
def relu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = any_shape(rng)
    return {"grad": normal(rng, dtype, *shape), "y": normal(rng, dtype, *shape)}


@_register
def sigmoid_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    return relu_grad(rng, dtype)


@_register
def tanh_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    return relu_grad(rng, dtype)


@_register
def leaky_relu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = any_shape(rng)
    grad, x = normal(rng, dtype, *shape), normal(rng, dtype, *shape)
    return {"grad": grad, "x": x, "negative_slope": 0.2}


@_register
def elu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = any_shape(rng)
    return {"grad": normal(rng, dtype, *shape), "x": normal(rng, dtype, *shape), "alpha": 1.5}


@_register
def gelu_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = any_shape(rng)
    grad, x = normal(rng, dtype, *shape), normal(rng, dtype, *shape)
    return {"grad": grad, "x": x, "approximate": "tanh"}


@_register
def softmax(rng: Rng, dtype: DTypeLike) -> Arguments:
    x = normal(rng, dtype, *any_shape(rng))
    return {"x": x, "axis": int(rng.integers(-x.ndim, x.ndim))}


@_register
def log_softmax(rng: Rng, dtype: DTypeLike) -> Arguments:
    return softmax(rng, dtype)


@_register
def softmax_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = softmax(rng, dtype)
    x = call.pop("x")
    y = references.softmax(x, **call).astype(dtype)
    return {"grad": normal(rng, dtype, *x.shape), "y": y, **call}


@_register
def log_softmax_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = softmax_grad(rng, dtype)
    return {**call, "y": np.log(call["y"])}


@_register
def cross_entropy(rng: Rng, dtype: DTypeLike) -> Arguments:
    batch, classes = size(rng), size(rng)
    rest = any_shape(rng)[1:]
    target = rng.integers(0, classes, (batch, *rest))
    target[rng.random(target.shape) < 0.1] = -100
    return {
        "logits": normal(rng, dtype, batch, classes, *rest),
        "target": target,
        "weight": rng.random(classes).astype(dtype) + dtype(0.5),
        "ignore_index": -100,
        "reduction": str(rng.choice(["sum", "none"])),
    }


@_register
def cross_entropy_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = cross_entropy(rng, dtype)
    shape = call["target"].shape if call["reduction"] == "none" else ()
    return {"grad": np.asarray(normal(rng, dtype, *shape)), **call}


@_register
def ctc_loss(rng: Rng, dtype: DTypeLike) -> Arguments:
    steps, samples, classes = size(rng), size(rng), 1 + size(rng)
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
        "grad": normal(rng, dtype, *loss.shape),
        "loss": loss.astype(dtype),
        # As good as -inf, and to be cast to any dtype.
        "log_alpha": np.maximum(log_alpha, -1000).astype(dtype),
    }


@_register
def dropout(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {**relu(rng, dtype), "p": 0.4, "seed": int(rng.integers(2**40))}


@_register
def dropout_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = any_shape(rng)
    return {"grad": normal(rng, dtype, *shape), "mask": rng.random(shape) < 0.6, "p": 0.4}


@_register
def bernoulli(rng: Rng, dtype: DTypeLike) -> Arguments:
    p = rng.random(any_shape(rng)).astype(dtype)
    return {"p": p, "seed": int(rng.integers(2**40))}


@_register
def copy(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": normal(rng, dtype, *any_shape(rng)).T}


@_register
def sum(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": normal(rng, dtype, size(rng), size(rng), size(rng)), "axis": (0, -1)}


@_register
def mean(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": normal(rng, dtype, size(rng), size(rng), size(rng)), "axis": 1}


def _extreme(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": normal(rng, dtype, size(rng), size(rng), size(rng)), "axis": (0, -1)}


def _place(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": normal(rng, dtype, size(rng), size(rng), size(rng)), "axis": 1, "keepdims": True}


CALLS.update({"amax": _extreme, "amin": _extreme, "argmax": _place, "argmin": _place})


@_register
def clamp(rng: Rng, dtype: DTypeLike) -> Arguments:
    return {"x": normal(rng, dtype, *any_shape(rng)), "min": -0.5, "max": 0.25}


@_register
def clamp_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = clamp(rng, dtype)
    return {"grad": normal(rng, dtype, *call["x"].shape), **call}


@_register
def where(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = any_shape(rng)
    return {
        "condition": rng.random(shape) < 0.5,
        "a": normal(rng, dtype, *shape),
        "b": normal(rng, dtype, *shape),
    }


@_register
def embedding(rng: Rng, dtype: DTypeLike) -> Arguments:
    rows = size(rng)
    return {
        "table": normal(rng, dtype, rows, size(rng)),
        "index": rng.integers(0, rows, any_shape(rng)),
    }


@_register
def embedding_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = embedding(rng, dtype)
    rows, width = call["table"].shape
    return {
        "grad": normal(rng, dtype, *call["index"].shape, width),
        "index": call["index"],
        "num_embeddings": rows,
        "scale_grad_by_freq": bool(rng.integers(2)),
    }


@_register
def embedding_bag(rng: Rng, dtype: DTypeLike) -> Arguments:
    rows, count = size(rng), size(rng)
    return {
        "table": normal(rng, dtype, rows, size(rng)),
        "index": rng.integers(0, rows, count),
        "offsets": np.sort([0, *rng.integers(0, count + 1, size(rng))]),
        "mode": ("sum", "mean")[rng.integers(2)],
    }


@_register
def embedding_bag_grad(rng: Rng, dtype: DTypeLike) -> Arguments:
    call = embedding_bag(rng, dtype)
    table = call.pop("table")
    grad = normal(rng, dtype, len(call["offsets"]), table.shape[1])
    return {"grad": grad, **call, "num_embeddings": len(table)}


@_register
def sgd_step_(rng: Rng, dtype: DTypeLike) -> Arguments:
    shape = any_shape(rng)
    param, grad, velocity = (normal(rng, dtype, *shape) for _ in range(3))
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
    shape = any_shape(rng)
    param, grad, exp_avg = (normal(rng, dtype, *shape) for _ in range(3))
    return {
        "param": param,
        "grad": grad,
        "exp_avg": exp_avg,
        "exp_avg_sq": rng.random(shape).astype(dtype),
        "step": size(rng),
        "lr": 0.1,
        "beta1": 0.8,
        "beta2": 0.95,
        "eps": 1e-6,
        "weight_decay": 0.01,
        "decoupled": bool(rng.integers(2)),
    }

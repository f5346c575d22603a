"""Recurrent layers over whole sequences.

One layer is measured at the array tier, several layers or directions through ``nn``.
"""

from typing import Any

from einkorn import Tensor, autograd, kernels, nn, no_grad
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

BOTH = "forward and gradient"
KINDS = {
    "lstm": (BOTH,),
    "gru": (BOTH,),
    "rnn": (BOTH,),
    "deep-lstm": ("forward", BOTH),
    "deep-gru": ("forward", BOTH),
}
GATES = {"lstm": 4, "gru": 3, "rnn": 1}


def sizes_of(shape):
    """Name of the cell, gates, and steps, batch, inputs, units."""
    name = shape.kind.removeprefix("deep-")
    return name, GATES[name], *(shape.get(key) for key in "tbih")


def cost(shape, direction):
    _, gates, t, b, i, h = sizes_of(shape)
    directions = shape.get("directions", 1)
    flops = arrays = 0
    for _ in range(shape.get("layers", 1)):
        flops += 2 * t * b * gates * h * (i + h) * directions
        arrays += t * b * (i + directions * h) + directions * gates * h * (i + h)
        i = directions * h
    # The gradients with respect to inputs and weights take as much each.
    passes, traffic = (3, 2) if direction == BOTH else (1, 1)
    return Cost(passes * flops, traffic * 4 * arrays)


def build(shape):
    return build_deep(shape) if shape.kind.startswith("deep-") else build_layer(shape)


def build_layer(shape):
    name, gates, t, b, i, h = sizes_of(shape)
    x, h0, w_ih, w_hh, grad = random_arrays(
        *((t, b, i), (b, h), (gates * h, i), (gates * h, h), (t, b, h))
    )
    w_ih, w_hh = w_ih / i**0.5, w_hh / h**0.5
    weights = (w_ih, w_hh)

    def lstm():
        output, _, _, saved = kernels.lstm(x, h0, h0, *weights)
        return kernels.lstm_grad(grad, None, None, x, h0, h0, output, saved, *weights)[0]

    def gru():
        output, _, saved = kernels.gru(x, h0, *weights)
        return kernels.gru_grad(grad, None, x, h0, output, saved, *weights)[0]

    def rnn():
        output, _ = kernels.rnn(x, h0, *weights)
        return kernels.rnn_grad(grad, None, x, h0, output, *weights)[0]

    ours = {"lstm": lstm, "gru": gru, "rnn": rnn}[name]
    return {BOTH: only_available({"einkorn": ours, "torch": peer(name, x, h0, weights, grad)})}


def peer(name, x, h0, weights, grad):
    if torch is None:
        return None
    layer = getattr(torch.nn, name.upper())(x.shape[2], h0.shape[1], bias=False)
    tx, th0, tgrad, *tweights = as_torch(x.copy(), h0[None], grad, *weights)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(tweights[0])
        layer.weight_hh_l0.copy_(tweights[1])
    tx.requires_grad_()
    state = (th0, th0) if name == "lstm" else th0

    def step():
        output, _ = layer(tx, state)
        return torch.autograd.grad(output, [tx, *layer.parameters()], tgrad)[0]

    return step


def build_deep(shape):
    name, _, t, b, i, h = sizes_of(shape)
    directions = shape.get("directions", 1)
    options = {"num_layers": shape.get("layers"), "bidirectional": directions == 2}
    x, grad = random_arrays((t, b, i), (t, b, directions * h))
    ours = getattr(nn, name.upper())(i, h, **options)
    run: dict[str, dict[str, Any]] = {"forward": {}, BOTH: {}}
    run["forward"]["einkorn"], run[BOTH]["einkorn"] = passes(
        ours, Tensor(x, requires_grad=True), Tensor(grad), no_grad, autograd.grad
    )
    if torch is not None:
        theirs = getattr(torch.nn, name.upper())(i, h, **options)
        tx, tgrad = as_torch(x.copy(), grad)
        with torch.no_grad():
            for key, parameter in ours.named_parameters():
                theirs.get_parameter(key).copy_(torch.from_numpy(parameter.numpy()))
        run["forward"]["torch"], run[BOTH]["torch"] = passes(
            theirs, tx.requires_grad_(), tgrad, torch.no_grad, torch.autograd.grad
        )
    return run


def passes(layer: Any, x: Any, grad: Any, no_grad: Any, differentiate: Any) -> Any:
    """The forward pass without a graph, and both passes."""

    def forward():
        with no_grad():
            return layer(x)[0]

    def both():
        return differentiate(layer(x)[0], [x, *layer.parameters()], grad)[0]

    return forward, both

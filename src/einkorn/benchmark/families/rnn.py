"""LSTM over whole sequences, forward and backward."""

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {"lstm": ("forward and gradient",)}


def cost(shape, direction):
    t, b, i, h = (shape.get(key) for key in "tbih")
    forward = 2 * t * b * 4 * h * (i + h)
    # The gradients with respect to inputs and weights take as much each.
    arrays = 2 * t * b * (i + h) + 2 * 4 * h * (i + h)
    return Cost(3 * forward, 4 * arrays)


def build(shape):
    t, b, i, h = (shape.get(key) for key in "tbih")
    x, h0, c0, w_ih, w_hh, grad = random_arrays(
        *((t, b, i), (b, h), (b, h), (4 * h, i), (4 * h, h), (t, b, h))
    )
    w_ih, w_hh = w_ih / i**0.5, w_hh / h**0.5

    def ours():
        output, _, _, saved = kernels.lstm(x, h0, c0, w_ih, w_hh)
        return kernels.lstm_grad(grad, None, None, x, h0, c0, output, saved, w_ih, w_hh)[0]

    return {
        "forward and gradient": only_available(
            {"einkorn": ours, "torch": peer(x, h0, c0, w_ih, w_hh, grad)}
        )
    }


def peer(x, h0, c0, w_ih, w_hh, grad):
    if torch is None:
        return None
    layer = torch.nn.LSTM(x.shape[2], h0.shape[1], bias=False)
    with torch.no_grad():
        layer.weight_ih_l0.copy_(torch.from_numpy(w_ih))
        layer.weight_hh_l0.copy_(torch.from_numpy(w_hh))
    tx, th0, tc0, tgrad = as_torch(x.copy(), h0[None], c0[None], grad)
    tx.requires_grad_()

    def step():
        output, _ = layer(tx, (th0, tc0))
        return torch.autograd.grad(output, [tx, *layer.parameters()], tgrad)[0]

    return step

"""One step over one large parameter, and over many small ones.

A learning rate of zero keeps the libraries' parameters comparable.
"""

from einkorn import kernels, nn, optim
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import only_available, random_arrays, torch

KINDS = dict.fromkeys(("sgd", "adam", "sgd_many", "adam_many"), ("step",))
SETTINGS = {"sgd": {"lr": 0.0, "momentum": 0.9}, "adam": {"lr": 0.0}}


def cost(shape, direction):
    # Reads parameter, gradient and state; writes parameter and state.
    arrays = {"sgd": 3 + 2, "adam": 4 + 3}[shape.kind.removesuffix("_many")]
    return Cost(0, arrays * 4 * shape.get("size") * shape.get("count", 1))


def build(shape):
    kind = shape.kind.removesuffix("_many")
    params, grads = (random_arrays(*[(shape.get("size"),)] * shape.get("count", 1)) for _ in "pg")
    ours = {"sgd": sgd_step, "adam": adam_step}.get(shape.kind)
    run = {"einkorn": ours(params[0], grads[0]) if ours else many_steps(kind, params, grads)}
    if torch is not None:
        run["torch"] = peer_step(
            kind, params, grads, fused=None if "count" in shape.sizes else True
        )
    return {"step": only_available(run)}


def sgd_step(param, grad):
    velocity = param * 0

    def step():
        kernels.sgd_step_(param, grad, velocity, lr=0.0, momentum=0.9)
        return param

    return step


def adam_step(param, grad):
    exp_avg, exp_avg_sq = param * 0, param * 0

    def step():
        kernels.adam_step_(param, grad, exp_avg, exp_avg_sq, 1, lr=0.0)
        return param

    return step


def many_steps(kind, params, grads):
    """As a training loop does it: the optimiser's step over all parameters."""
    parameters = [nn.Parameter(param) for param in params]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = nn.Parameter(grad).detach()
    optimizer = {"sgd": optim.SGD, "adam": optim.Adam}[kind](parameters, **SETTINGS[kind])

    def step():
        optimizer.step()
        return parameters[-1].numpy()

    return step


def peer_step(kind, params, grads, fused):
    """PyTorch's optimiser: fused for one large parameter, as it comes for many."""
    parameters = [torch.nn.Parameter(torch.from_numpy(param.copy())) for param in params]
    for parameter, grad in zip(parameters, grads, strict=True):
        parameter.grad = torch.from_numpy(grad)
    make = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[kind]
    optimizer = make(parameters, fused=fused, **SETTINGS[kind])

    def step():
        optimizer.step()
        return parameters[-1].detach()

    return step

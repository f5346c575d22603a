"""One step over one large parameter."""

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = {"sgd": ("step",), "adam": ("step",)}


def cost(shape, direction):
    # Reads parameter, gradient and state; writes parameter and state.
    arrays = {"sgd": 3 + 2, "adam": 4 + 3}[shape.kind]
    return Cost(0, arrays * 4 * shape.get("size"))


def build(shape):
    param, grad = random_arrays((shape.get("size"),), (shape.get("size"),))
    first, second = param * 0, param * 0
    peer_param, peer_grad = as_torch(param.copy(), grad)
    step = {"sgd": sgd_step, "adam": adam_step}[shape.kind](param, grad, first, second)
    return {
        "step": only_available({"einkorn": step, "torch": peer_step(shape, peer_param, peer_grad)})
    }


def sgd_step(param, grad, velocity, _):
    def step():
        kernels.sgd_step_(param, grad, velocity, lr=0.0, momentum=0.9)
        return param

    return step


def adam_step(param, grad, exp_avg, exp_avg_sq):
    def step():
        kernels.adam_step_(param, grad, exp_avg, exp_avg_sq, 1, lr=0.0)
        return param

    return step


def peer_step(shape, param, grad):
    """PyTorch's fused optimisers; a learning rate of zero keeps both parameters comparable."""
    if torch is None:
        return None
    param = torch.nn.Parameter(param)
    param.grad = grad
    if shape.kind == "sgd":
        optimizer = torch.optim.SGD([param], lr=0.0, momentum=0.9, fused=True)
    else:
        optimizer = torch.optim.Adam([param], lr=0.0, fused=True)

    def step():
        optimizer.step()
        return param.detach()

    return step

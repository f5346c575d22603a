"""The optimisers' references against PyTorch's, over several steps."""

import numpy as np
import pytest

from einkorn.testing import references

STEPS = 4


def train(optimizer_class, parameters):
    """Return PyTorch's parameters after each step, and the gradients that led there."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    start, grads = rng.standard_normal(7), rng.standard_normal((STEPS, 7))
    param = torch.nn.Parameter(torch.tensor(start))
    optimizer = getattr(torch.optim, optimizer_class)([param], **parameters)
    history = [start]
    for grad in grads:
        param.grad = torch.tensor(grad)
        optimizer.step()
        history.append(param.detach().numpy().copy())
    return history, grads


@pytest.mark.parametrize(
    "parameters",
    [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.3},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.3},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True},
    ],
)
def test_sgd_equals_torch(parameters):
    history, grads = train("SGD", parameters)
    param, velocity = history[0].copy(), np.zeros(7)
    for grad, expected in zip(grads, history[1:], strict=True):
        references.sgd_step_(param, grad, velocity, **parameters)
        np.testing.assert_allclose(param, expected, rtol=1e-12)


def test_sgd_with_dampening_equals_torch_after_its_first_step():
    # PyTorch's first step takes the whole gradient for the velocity, without dampening.
    parameters = {"lr": 0.1, "momentum": 0.9, "dampening": 0.4}
    history, grads = train("SGD", parameters)
    param, velocity = history[1].copy(), grads[0].copy()
    for grad, expected in zip(grads[1:], history[2:], strict=True):
        references.sgd_step_(param, grad, velocity, **parameters)
        np.testing.assert_allclose(param, expected, rtol=1e-12)


@pytest.mark.parametrize("weight_decay", [0.0, 0.3])
@pytest.mark.parametrize("decoupled", [False, True])
def test_adam_equals_torch(weight_decay, decoupled):
    parameters = {"lr": 0.1, "weight_decay": weight_decay, "eps": 1e-4}
    history, grads = train("AdamW" if decoupled else "Adam", {**parameters, "betas": (0.8, 0.95)})
    param, mean, square = history[0].copy(), np.zeros(7), np.zeros(7)
    for step, (grad, expected) in enumerate(zip(grads, history[1:], strict=True), 1):
        references.adam_step_(
            param,
            grad,
            mean,
            square,
            step,
            beta1=0.8,
            beta2=0.95,
            decoupled=decoupled,
            **parameters,
        )
        np.testing.assert_allclose(param, expected, rtol=1e-11)

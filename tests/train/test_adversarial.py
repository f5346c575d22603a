from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

import einkorn as ek
from einkorn import nn, optim
from einkorn.train import AdversarialTrainer, Trainer, fast_gradient_sign

F = nn.functional
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5))
Y = np.where(X @ [1.0, -2.0, 0.5, 0.0, 1.0] > 0, 1.0, -1.0)[:, None]


def logistic(output: ek.Tensor, y: np.ndarray) -> ek.Tensor:
    return F.softplus(-ek.tensor(y) * output).mean()


def model() -> nn.Linear:
    ek.manual_seed(0)
    return nn.Linear(5, 1).to(np.float64)


def closed_form(linear: nn.Linear, epsilon: float) -> float:
    """Give the mean of softplus(-(y (w·x + b) - epsilon |w|_1))."""
    w, b = np.array(linear.weight)[0], np.array(linear.bias)
    margin = Y[:, 0] * (X @ w + b) - epsilon * np.abs(w).sum()
    return np.logaddexp(0, -margin).mean()


@pytest.mark.parametrize("epsilon", [0.0, 0.01, 0.3, 2.0])
def test_the_attack_on_logistic_regression_has_a_closed_form(epsilon: float) -> None:
    linear = model()
    attacked = fast_gradient_sign(linear, logistic, X, Y, epsilon)
    assert np.abs(attacked - X).max() <= epsilon + 1e-15
    loss = logistic(linear(attacked), Y).item()
    assert loss == pytest.approx(closed_form(linear, epsilon), rel=1e-12)
    # No corner of the cube around a sample does better.
    for _ in range(20):
        corner = X + epsilon * RNG.choice([-1.0, 1.0], X.shape)
        assert logistic(linear(corner), Y).item() <= loss + 1e-12
    assert linear.weight.grad is None


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_a_step_descends_the_mixed_loss(alpha: float) -> None:
    linear, epsilon = model(), 0.2
    w, b = np.array(linear.weight)[0], np.array(linear.bias)[0]
    trainer = AdversarialTrainer(
        linear, logistic, optim.SGD(linear.parameters(), lr=1.0), epsilon=epsilon, alpha=alpha
    )
    history = trainer.fit([(X, Y)], epochs=1)
    mixed = alpha * closed_form_of(w, b, 0.0) + (1 - alpha) * closed_form_of(w, b, epsilon)
    assert history["loss"] == [pytest.approx(mixed, rel=1e-12)]
    # The attack is a constant of the step: its shift is -epsilon y sign(w).
    gradient = np.zeros(5)
    for share, x in ((alpha, X), (1 - alpha, X - epsilon * Y * np.sign(w))):
        slope = -Y[:, 0] * expit(-Y[:, 0] * (x @ w + b))
        gradient += share * (slope[:, None] * x).mean(0)
    np.testing.assert_allclose(np.array(linear.weight)[0], w - gradient, rtol=1e-10)


def closed_form_of(w: np.ndarray, b: float, epsilon: float) -> float:
    return np.logaddexp(0, -Y[:, 0] * (X @ w + b) + epsilon * np.abs(w).sum()).mean()


def test_training_on_attacks_withstands_them() -> None:
    def attacked_loss(kind: type[Trainer], **settings: float) -> float:
        linear = model()
        sgd = optim.SGD(linear.parameters(), lr=0.5)
        kind(linear, logistic, sgd, **settings).fit([(X, Y)], epochs=300)
        return closed_form(linear, 0.3)

    assert attacked_loss(AdversarialTrainer, epsilon=0.3) < 0.8 * attacked_loss(Trainer)


def test_evaluation_is_without_attacks() -> None:
    linear = model()
    sgd = optim.SGD(linear.parameters(), lr=0.5)
    attacker = AdversarialTrainer(linear, logistic, sgd, epsilon=5.0)
    assert attacker.evaluate([(X, Y)]) == Trainer(linear, logistic, sgd).evaluate([(X, Y)])


def test_results_stay_within_bounds_and_keep_their_type() -> None:
    x = RNG.random((4, 5)).astype(np.float32)
    linear = model().to(np.float32)
    before = x.copy()
    with ek.no_grad():
        attacked = fast_gradient_sign(linear, lambda o, t: o.sum(), x, None, 0.8, clip=(0, 1))
    assert attacked.dtype == np.float32
    assert attacked.min() == 0 and attacked.max() == 1
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epsilon": -0.1}, "epsilon: expected"),
        ({"epsilon": np.inf}, "epsilon: expected"),
        ({"epsilon": 0.1, "clip": (1, 0)}, "clip: expected ascending"),
        ({"epsilon": 0.1, "alpha": 2}, "alpha: expected"),
    ],
)
def test_wrong_settings(settings: dict, message: str) -> None:
    linear = model()
    with pytest.raises(ValueError, match=message):
        AdversarialTrainer(linear, logistic, optim.SGD(linear.parameters(), lr=1), **settings)
    if "alpha" not in settings:
        with pytest.raises(ValueError, match=message):
            fast_gradient_sign(linear, logistic, X, Y, **settings)
    with pytest.raises(TypeError, match="x: expected floating-point values, got int64"):
        fast_gradient_sign(linear, logistic, np.zeros((1, 5), np.int64), Y[:1], 0.1)

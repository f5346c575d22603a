from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import make_moons

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import ArrayDataset
from einkorn.train import AdaBoost, Bagging, Trainer, mc_dropout, mixture, product

F = nn.functional
RNG = np.random.default_rng(0)
MEMBERS = RNG.dirichlet(np.ones(4), (3, 5))


def test_three_classes_by_two_models() -> None:
    models = [[0.3, 0.2, 0.5], [0.1, 0.8, 0.1]]
    np.testing.assert_allclose(mixture(models), [0.2, 0.5, 0.3], rtol=1e-12)
    geometric = np.array([math.sqrt(0.03), math.sqrt(0.16), math.sqrt(0.05)])
    np.testing.assert_allclose(product(models), geometric / geometric.sum(), rtol=1e-12)


@pytest.mark.parametrize("weights", [None, [1, 1, 1], [0.2, 0, 3.0]])
def test_combinations_are_means(weights: list[float] | None) -> None:
    found = mixture(MEMBERS, weights)
    np.testing.assert_allclose(found, np.average(MEMBERS, 0, weights), rtol=1e-12)
    shares = np.ones(3) if weights is None else np.array(weights)
    expected = stats.gmean(MEMBERS, 0, weights=np.broadcast_to(shares[:, None, None], (3, 5, 4)))
    expected /= expected.sum(-1, keepdims=True)
    np.testing.assert_allclose(product(MEMBERS, weights), expected, rtol=1e-10)


def test_products_of_tiny_and_excluded_classes() -> None:
    tiny = np.array([[1e-300, 1e-300, 0.0]] * 2)
    np.testing.assert_allclose(product(tiny), [0.5, 0.5, 0.0], rtol=1e-10)
    # A member without weight excludes nothing.
    np.testing.assert_allclose(product([[1.0, 0.0], [0.5, 0.5]], [0, 1]), [0.5, 0.5])
    assert np.all(np.isnan(product([[1.0, 0.0], [0.0, 1.0]])))
    assert mixture([np.array([0.5, 0.5], np.float32)]).dtype == np.float32


@pytest.mark.parametrize("combine", [mixture, product])
def test_wrong_distributions(combine) -> None:
    for wrong in ([], [0.5, 0.5], [[-0.1, 1.1]], [[np.nan, 1.0]]):
        with pytest.raises(ValueError, match="probabilities: expected"):
            combine(wrong)
    for weights in ([1.0], [1, 1, -1], [0, 0, 0]):
        with pytest.raises(ValueError, match="weights: expected 3"):
            combine(MEMBERS, weights)


def small(hidden: int = 0, lr: float = 0.5) -> Trainer:
    ek.manual_seed(1)
    head = [nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 2)] if hidden else [nn.Linear(2, 2)]
    model = nn.Sequential(*head)
    return Trainer(model, F.cross_entropy, optim.SGD(model.parameters(), lr=lr, momentum=0.9))


def constant() -> Trainer:
    trainer = small()
    trainer.model[0].load_state_dict({"weight": np.zeros((2, 2)), "bias": np.zeros(2)})
    return trainer


@pytest.fixture(scope="module")
def moons() -> ArrayDataset:
    x, t = make_moons(160, noise=0.15, random_state=0)
    return ArrayDataset(x.astype(np.float32), t)


@pytest.mark.parametrize("combine", ["mixture", "product"])
def test_bagging_combines_members_of_different_samples(moons: ArrayDataset, combine: str) -> None:
    x, t = moons[:]
    bagging = Bagging(lambda: small(8), 4, combine=combine, seed=3).fit(moons, epochs=20)
    again = Bagging(lambda: small(8), 4, combine=combine, seed=3).fit(moons, epochs=20)
    found = bagging.predict(x)
    np.testing.assert_array_equal(found, again.predict(x))
    single = [np.array(F.softmax(ek.tensor(m.predict(x)), 1)) for m in bagging.trainers]
    assert len({array.tobytes() for array in single}) == 4
    expected = mixture(single) if combine == "mixture" else product(single)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert np.mean(found.argmax(1) == t) > 0.9


def test_boosting_weighs_samples_and_members(moons: ArrayDataset) -> None:
    x, t = moons[:]
    boosted = AdaBoost(small, rounds=12, seed=0).fit(moons, 2, epochs=3)
    # Freund and Schapire's own form: beta = e / (1 - e), weights of right answers times beta.
    weights, votes = np.full(160, 1 / 160), np.zeros((160, 2))
    for member, say in zip(boosted.trainers, boosted.says, strict=True):
        answer = member.predict(x).argmax(1)
        error = weights @ (answer != t)
        assert 0 < error < 0.5
        assert say == pytest.approx(math.log((1 - error) / error))
        weights[answer == t] *= error / (1 - error)
        weights /= weights.sum()
        # What one member got wrong is half of all to the next.
        assert weights @ (answer != t) == pytest.approx(0.5)
        votes[np.arange(160), answer] += say
    np.testing.assert_allclose(boosted.weights, weights, rtol=1e-9)
    np.testing.assert_allclose(boosted.predict(x), votes / votes.sum(1, keepdims=True), rtol=1e-9)


def test_boosted_lines_solve_what_a_line_cannot() -> None:
    x = RNG.uniform(-1, 1, (300, 2)).astype(np.float32)
    t = (np.abs(x[:, 0]) < 0.5).astype(np.int64)
    dataset = ArrayDataset(x, t)
    boosted = AdaBoost(small, rounds=40, seed=0).fit(dataset, 2, epochs=5)
    # Freund and Schapire, theorem 6: the share of errors is at most the product over the members
    # of 2 sqrt(e (1 - e)), where a say is log((1 - e) / e).
    errors = 1 / (1 + np.exp(boosted.says))
    bound = np.prod(2 * np.sqrt(errors * (1 - errors)))
    line = np.mean(boosted.trainers[0].predict(x).argmax(1) != t)
    wrong = np.mean(boosted.predict(x).argmax(1) != t)
    assert wrong <= bound < 1
    assert wrong < line


@pytest.mark.parametrize("classes", [2, 3])
def test_says_and_answers_are_those_of_scikit_learn(classes: int) -> None:
    ensemble = pytest.importorskip("sklearn.ensemble")
    base = pytest.importorskip("sklearn.base")
    x = RNG.normal(size=(120, 2)).astype(np.float32)
    t = np.digitize(np.abs(x[:, 0]), [0.5, 1.0][: classes - 1])

    def weak() -> Trainer:
        model = nn.Linear(2, classes)
        return Trainer(model, F.cross_entropy, optim.SGD(model.parameters(), lr=0.5))

    boosted = AdaBoost(weak, rounds=8, seed=0).fit(ArrayDataset(x, t), classes, epochs=2)
    members = iter(boosted.trainers)

    class Member(base.ClassifierMixin, base.BaseEstimator):
        """Not fitted: the next of our members in turn."""

        def fit(self, x, t, sample_weight=None):
            self.classes_ = np.arange(classes)
            self.member = next(members)
            return self

        def predict(self, x):
            return self.member.predict(x.astype(np.float32)).argmax(1)

    count = len(boosted.trainers)
    assert count > 2
    reference = ensemble.AdaBoostClassifier(Member(), n_estimators=count).fit(x, t)
    np.testing.assert_allclose(boosted.says, reference.estimator_weights_[:count], rtol=1e-6)
    np.testing.assert_array_equal(boosted.predict(x).argmax(1), reference.predict(x))


def test_a_perfect_member_ends_boosting_and_a_useless_one_is_dropped() -> None:
    x = np.array([[-1, 0], [-2, 0], [1, 0], [2, 0]] * 8, np.float32)
    dataset = ArrayDataset(x, (x[:, 0] > 0).astype(np.int64))
    boosted = AdaBoost(small, rounds=9).fit(dataset, 2, epochs=20)
    assert len(boosted.trainers) == 1
    assert math.isfinite(boosted.says[0])
    with pytest.raises(ValueError, match="none of 3 models was better than chance"):
        AdaBoost(constant, rounds=3).fit(ArrayDataset(x, np.arange(32) % 2), 2, epochs=0)


def test_saying_among_several_classes() -> None:
    # Two thirds wrong of ten classes is still far better than chance.
    from einkorn.train.ensemble import _say

    assert _say(2 / 3, 10) == pytest.approx(math.log(0.5) + math.log(9))
    assert _say(0.9, 10) == pytest.approx(0, abs=1e-12)
    assert _say(1.0, 10) == -math.inf


@pytest.mark.parametrize(
    "call",
    [
        lambda: Bagging(small, 0),
        lambda: Bagging(small, combine="median"),
        lambda: AdaBoost(small, 0),
        lambda: AdaBoost(small).fit(ArrayDataset(np.zeros((2, 2)), np.zeros(2)), 1, 1),
        lambda: mc_dropout(nn.Dropout(), np.zeros(3), passes=1),
    ],
)
def test_wrong_settings(call) -> None:
    with pytest.raises(ValueError, match="expected"):
        call()


def test_what_is_missing() -> None:
    for ensemble in (Bagging(small), AdaBoost(small)):
        with pytest.raises(RuntimeError, match="fit"):
            ensemble.predict(np.zeros((1, 2), np.float32))
    with pytest.raises(ValueError, match="no dropout"):
        mc_dropout(nn.Linear(2, 2), np.zeros((1, 2), np.float32))


def test_dropout_gives_mean_and_spread() -> None:
    ek.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(6), nn.Dropout(0.25), nn.Linear(6, 2)).to(np.float64)
    model.train()
    model[0].eval()
    before = {name: np.array(value) for name, value in model.state_dict().items()}
    x = RNG.normal(size=(3, 6))
    mean, std = mc_dropout(model, x, passes=4000)
    # y = b + sum w m x / (1 - p) with m of mean 1 - p and variance p (1 - p).
    scaled = x / math.sqrt(1 + 1e-5)
    weight, bias = np.array(model[2].weight), np.array(model[2].bias)
    spread = np.sqrt((scaled**2) @ (weight**2).T * 0.25 / 0.75)
    np.testing.assert_allclose(mean, scaled @ weight.T + bias, atol=5 * spread.max() / 4000**0.5)
    np.testing.assert_allclose(std, spread, rtol=0.06)
    assert [module.training for module in model] == [False, True, True]
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(np.asarray(value), before[name])

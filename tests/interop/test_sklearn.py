"""The estimators pass scikit-learn's own checks, and do what their parameters say."""

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn, optim

pytest.importorskip("sklearn", minversion="1.6")

from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, make_regression
from sklearn.model_selection import GridSearchCV
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from einkorn.interop.sklearn import NeuralNetClassifier, NeuralNetRegressor


@parametrize_with_checks([NeuralNetClassifier(), NeuralNetRegressor()])
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator", [NeuralNetClassifier(), NeuralNetRegressor()])
def test_no_check_is_excused(estimator):
    """Those alone are skipped that need pandas or SciPy's array interface switched on."""
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    others = {r["check_name"]: r["status"] for r in results if r["status"] != "passed"}
    assert len(results) > 50
    assert set(others.values()) <= {"skipped"}
    kind = "classifier" if isinstance(estimator, NeuralNetClassifier) else "regressor"
    assert set(others) <= {"check_array_api_input", f"check_{kind}_data_not_an_array"}


def iris():
    x, t = load_iris(return_X_y=True)
    return (x - x.mean(axis=0)) / x.std(axis=0), t


def test_labels_may_be_strings():
    x, t = iris()
    names = np.array(["setosa", "versicolor", "virginica"])[t]
    net = NeuralNetClassifier(max_iter=10, random_state=0).fit(x, names)
    assert net.score(x, names) > 0.9
    np.testing.assert_allclose(net.predict_proba(x).sum(axis=1), 1.0)


def test_random_state_fixes_the_model_and_spares_the_common_generator():
    x, t = iris()
    ek.manual_seed(7)
    expected = ek.rand(3).numpy()
    ek.manual_seed(7)
    one, two = (NeuralNetClassifier(max_iter=3, random_state=5).fit(x, t) for _ in range(2))
    np.testing.assert_array_equal(one.predict_proba(x), two.predict_proba(x))
    np.testing.assert_array_equal(ek.rand(3).numpy(), expected)


def test_a_model_of_images():
    images, t = load_digits(return_X_y=True)
    x = (images / 16).reshape(-1, 1, 8, 8).astype(np.float32)

    def model(features, outputs):
        return nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
            nn.Linear(128, outputs),
        )  # fmt: skip

    net = NeuralNetClassifier(model, max_iter=5, random_state=0).fit(x[:1200], t[:1200])
    assert net.score(x[1200:], t[1200:]) > 0.85
    assert net.predict_proba(x[:2]).dtype == np.float32


def test_a_module_is_copied():
    x, t = iris()
    module = nn.Linear(4, 3)
    before = module.weight.numpy().copy()
    net = NeuralNetClassifier(module, max_iter=2).fit(x, t)
    np.testing.assert_array_equal(module.weight.numpy(), before)
    assert net.module_ is not module
    assert clone(net).model is not net.module_


def test_several_targets():
    x, t = make_regression(200, 5, n_targets=3, random_state=0)
    net = NeuralNetRegressor(max_iter=60, random_state=0).fit(x, t / t.std(axis=0))
    assert net.predict(x).shape == (200, 3)
    assert net.score(x, t / t.std(axis=0)) > 0.95


def test_held_out_samples_end_training():
    x, t = iris()
    noise = np.random.default_rng(0).integers(0, 3, len(t))
    net = NeuralNetClassifier(validation_fraction=0.3, patience=2, max_iter=200, random_state=0)
    assert net.fit(x, noise).n_iter_ < 200


def test_grid_search():
    x, t = iris()
    search = GridSearchCV(
        NeuralNetClassifier(max_iter=5, random_state=0), {"lr": [1e-5, 1e-2]}, cv=2
    )
    assert search.fit(x, t).best_params_ == {"lr": 1e-2}


def test_optimizer_by_name_or_made():
    x, t = iris()
    for optimizer in ("RMSprop", lambda parameters: optim.SGD(parameters, lr=0.1, momentum=0.9)):
        net = NeuralNetClassifier(optimizer=optimizer, max_iter=10, random_state=0).fit(x, t)
        assert net.score(x, t) > 0.9


@pytest.mark.parametrize(
    ("parameters", "match"),
    [
        ({"optimizer": "Momentum"}, "optimizer"),
        ({"max_iter": 0}, "max_iter"),
        ({"validation_fraction": 1.0}, "validation_fraction"),
        ({"batch_size": 0}, "batch_size"),
    ],
    ids=str,
)
def test_bad_parameters_are_named(parameters, match):
    with pytest.raises(ValueError, match=match):
        NeuralNetClassifier(**parameters).fit(*iris())

"""Restricted Boltzmann machines, against every state of ones small enough to be counted out."""

from itertools import product

import numpy as np
import pytest

import einkorn as ek
from einkorn import kernels, models, optim
from einkorn.models import _units

V, H = 4, 3


def machine(visible="bernoulli", scale=0.8, seed=3):
    rbm = models.RBM(V, H, visible, dtype=np.float64)
    source = np.random.default_rng(seed)
    state = {name: scale * source.standard_normal(p.shape) for name, p in rbm.named_parameters()}
    rbm.load_state_dict(state)
    return rbm


def states(n):
    return np.array(list(product((0.0, 1.0), repeat=n)))


def arrays(rbm):
    return rbm.weight.numpy(force=True), *(
        bias.numpy(force=True) for bias in (rbm.visible_bias, rbm.hidden_bias)
    )


def joint(rbm):
    """P(v, h) of every pair of states: (2^V, 2^H)."""
    weight, a, c = arrays(rbm)
    v, h = states(V), states(H)
    weights = np.exp((v @ a)[:, None] + h @ c + v @ weight.T @ h.T)
    return weights / weights.sum()


def log_likelihood(rbm, data):
    """The mean over `data`, by the partition function as a sum over visible and hidden states."""
    index = (data @ (2 ** np.arange(V)[::-1])).astype(int)
    return np.log(joint(rbm).sum(axis=1)[index]).mean()


def expected(rbm, p):
    """Mean of h v^T, v and h under P(h | v) and chances `p` of the visible states."""
    chances = joint(rbm)
    chances *= (p / chances.sum(axis=1))[:, None]
    v, h = states(V), states(H)
    return h.T @ chances.T @ v, chances.sum(axis=1) @ v, chances.sum(axis=0) @ h


def exact_gradient(rbm, data):
    """Of the negative log-likelihood: what the model expects less what the data does."""
    shares = np.array([(data == v).all(axis=1).mean() for v in states(V)])
    of_model = expected(rbm, joint(rbm).sum(axis=1))
    return [m - d for m, d in zip(of_model, expected(rbm, shares), strict=True)]


def binary(count, seed=0):
    return (np.random.default_rng(seed).random((count, V)) < [0.9, 0.2, 0.5, 0.6]).astype(float)


def test_free_energy_is_the_sum_over_hidden_states():
    rbm = machine()
    weight, a, c = arrays(rbm)
    v, h = states(V), states(H)
    energy = -(v @ a)[:, None] - h @ c - v @ weight.T @ h.T
    np.testing.assert_allclose(
        rbm.free_energy(v).numpy(force=True), -np.log(np.exp(-energy).sum(axis=1)), rtol=1e-12
    )


def test_free_energy_of_gaussian_units_is_the_sum_over_hidden_states():
    rbm = machine("gaussian")
    weight, a, c = arrays(rbm)
    v, h = np.random.default_rng(1).standard_normal((6, V)), states(H)
    energy = (np.square(v - a).sum(axis=1) / 2)[:, None] - h @ c - v @ weight.T @ h.T
    np.testing.assert_allclose(
        rbm.free_energy(v).numpy(force=True), -np.log(np.exp(-energy).sum(axis=1)), rtol=1e-12
    )


def test_conditionals_are_those_of_the_joint_distribution():
    rbm, chances = machine(), joint(machine())
    of_hidden = chances / chances.sum(axis=1, keepdims=True) @ states(H)
    of_visible = (chances / chances.sum(axis=0)).T @ states(V)
    np.testing.assert_allclose(rbm.hidden_mean(states(V)), of_hidden, rtol=1e-12)
    np.testing.assert_allclose(rbm(states(V)).numpy(force=True), of_hidden, rtol=1e-12)
    np.testing.assert_allclose(rbm.visible_mean(states(H)), of_visible, rtol=1e-12)


def test_gaussian_conditionals():
    rbm = machine("gaussian")
    weight, a, _ = arrays(rbm)
    h = np.tile([[1.0, 0.0, 1.0]], (40_000, 1))
    mean = a + weight[0] + weight[2]
    np.testing.assert_allclose(rbm.visible_mean(h[:1])[0], mean, rtol=1e-12)
    drawn = rbm.sample_visible(h, generator=np.random.default_rng(0))
    # Five standard deviations of a mean, and of a covariance.
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=5 / 200)
    np.testing.assert_allclose(np.cov(drawn.T), np.eye(V), atol=5 * np.sqrt(2) / 200)
    # log P(h = 1 | v) - log P(h = 0 | v) is the difference of energies.
    v = drawn[:5]
    odds = rbm.hidden_mean(v) / (1 - rbm.hidden_mean(v))
    np.testing.assert_allclose(np.log(odds), v @ weight.T + arrays(rbm)[2], rtol=1e-9)


def test_exact_gradient_is_that_of_finite_differences():
    rbm, data, step = machine(), binary(50), 1e-5
    for parameter, gradient in zip(rbm.parameters(), exact_gradient(rbm, data), strict=True):
        values = parameter.detach().numpy()
        numeric = np.empty_like(values)
        for i in np.ndindex(values.shape):
            before, losses = values[i], []
            for moved in (before + step, before - step):
                values[i] = moved
                losses.append(-log_likelihood(rbm, data))
            values[i] = before
            numeric[i] = (losses[0] - losses[1]) / (2 * step)
        np.testing.assert_allclose(gradient, numeric, atol=1e-8)


def test_free_energy_differentiates_to_the_exact_gradient():
    rbm, data = machine(), binary(50)
    chances = joint(rbm).sum(axis=1)
    loss = rbm.free_energy(data).mean() - (rbm.free_energy(states(V)) * chances).sum()
    loss.backward()
    for parameter, gradient in zip(rbm.parameters(), exact_gradient(rbm, data), strict=True):
        np.testing.assert_allclose(parameter.grad.numpy(), gradient, atol=1e-12)


@pytest.mark.parametrize("persistent", [False, True])
def test_many_steps_come_to_the_exact_gradient(persistent):
    rbm, data = machine(), np.repeat(binary(50), 800, axis=0)
    options = {"persistent": persistent, "generator": np.random.default_rng(5)}
    estimate = models.ContrastiveDivergence(rbm, 1 if persistent else 60, **options)
    for _ in range(60 if persistent else 1):
        estimate(data)
    for parameter, gradient in zip(rbm.parameters(), exact_gradient(rbm, data), strict=True):
        # Products of units have a deviation of at most 1/2; five of a mean over the chains.
        np.testing.assert_allclose(parameter.grad.numpy(), gradient, atol=2.5 / np.sqrt(len(data)))


def test_one_step_is_the_expectation_after_one_step():
    rbm, data = machine(scale=2), np.repeat(binary(50), 800, axis=0)
    models.ContrastiveDivergence(rbm, generator=np.random.default_rng(6))(data)
    chances = joint(rbm)
    shares = np.array([(data == v).all(axis=1).mean() for v in states(V)])
    after = shares @ (chances / chances.sum(axis=1, keepdims=True)) @ (chances / chances.sum(0)).T
    biased = [m - d for m, d in zip(expected(rbm, after), expected(rbm, shares), strict=True)]
    bound = 2.5 / np.sqrt(len(data))
    for parameter, gradient in zip(rbm.parameters(), biased, strict=True):
        np.testing.assert_allclose(parameter.grad.numpy(), gradient, atol=bound)
    # The two differ here, so that the test above could fail.
    assert np.abs(biased[0] - exact_gradient(rbm, data)[0]).max() > 2 * bound


def test_visible_means_take_the_place_of_draws():
    rbm, data = machine(), binary(10)
    models.ContrastiveDivergence(rbm, visible_means=True, generator=np.random.default_rng(7))(data)
    h = rbm.sample_hidden(data, generator=np.random.default_rng(7))
    v = rbm.visible_mean(h)
    gradient = (rbm.hidden_mean(v).T @ v - rbm.hidden_mean(data).T @ data) / len(data)
    np.testing.assert_allclose(rbm.weight.grad.numpy(), gradient, atol=1e-14)


def test_chains_persist_and_stay_as_many():
    estimate = models.ContrastiveDivergence(machine(), persistent=True)
    estimate(binary(8))
    first = estimate.chains.copy()
    assert set(np.unique(first)) <= {0, 1}
    estimate(binary(3))
    assert estimate.chains.shape == first.shape == (8, H)


def test_gibbs_samples_have_the_model_s_distribution():
    rbm = machine()
    drawn = rbm.sample(40_000, 50, generator=np.random.default_rng(8))
    shares = np.array([(drawn == v).all(axis=1).mean() for v in states(V)])
    np.testing.assert_allclose(shares, joint(rbm).sum(axis=1), atol=2.5 / np.sqrt(len(drawn)))


def test_sampling_starts_where_it_is_told():
    # Couplings this strong keep a chain where it is.
    rbm = models.RBM(2, 1)
    rbm.load_state_dict(
        {
            "weight": np.full((1, 2), 200.0),
            "visible_bias": np.full(2, -100.0),
            "hidden_bias": np.full(1, -200.0),
        }
    )
    v = np.repeat([[0.0, 0.0], [1.0, 1.0]], 5, axis=0)
    np.testing.assert_array_equal(rbm.sample(10, 7, v=v), v)


def test_pseudo_likelihood_is_on_average_that_of_each_unit_given_the_others():
    rbm, chances = machine(), joint(machine()).sum(axis=1)
    v = states(V)
    exact = np.zeros(len(v))
    for row, chance in enumerate(chances):
        for i in range(V):
            other = row ^ (1 << (V - 1 - i))
            exact[row] += np.log(chance / (chance + chances[other]))
    draws = 4000
    rows = np.repeat(v, draws, axis=0)
    estimates = rbm.pseudo_log_likelihood(rows, generator=np.random.default_rng(9))
    estimates = estimates.reshape(-1, draws)
    bound = 5 * estimates.std(axis=1) / np.sqrt(draws)
    assert np.all(np.abs(estimates.mean(axis=1) - exact) < bound)


def test_reconstruction_error_by_means():
    rbm, v = machine(), binary(7)
    weight, a, c = arrays(rbm)
    h = 1 / (1 + np.exp(-(v @ weight.T + c)))
    error = np.mean((1 / (1 + np.exp(-(h @ weight + a))) - v) ** 2)
    assert rbm.reconstruction_error(v) == pytest.approx(error, rel=1e-12)


@pytest.mark.parametrize("persistent", [False, True])
def test_learns_a_distribution(persistent):
    ek.manual_seed(1)
    data = np.repeat([[1.0, 1, 0, 0], [0, 0, 1, 1]], 50, axis=0)
    rbm = models.RBM(V, 6, dtype=np.float64)
    history = rbm.fit(data, epochs=300, batch_size=20, persistent=persistent, momentum=0.9)
    chances = np.exp(-rbm.free_energy(states(V)).numpy(force=True))
    chances /= chances.sum()
    assert chances[0b1100] + chances[0b0011] > 0.8
    assert len(history) == 300
    assert history[-1]["pseudo_log_likelihood"] > history[0]["pseudo_log_likelihood"] + 1
    assert set(history[0]) == {"reconstruction_error", "free_energy", "pseudo_log_likelihood"}


def test_gaussian_units_learn_two_clusters():
    ek.manual_seed(2)
    source = np.random.default_rng(10)
    centres = np.array([[2.0, -2, 2, -2], [-2, 2, -2, 2]])
    data = centres[source.integers(0, 2, 600)] + source.standard_normal((600, V))
    rbm = models.RBM(V, 4, "gaussian")
    history = rbm.fit(data, epochs=60, lr=0.01, momentum=0.9, k=2)
    # The noise remains: it is 1, the data's variance 5.
    assert history[-1]["reconstruction_error"] < 1.5 < history[0]["reconstruction_error"]
    assert "pseudo_log_likelihood" not in history[0]
    drawn = rbm.sample(200, 50)
    assert np.sign(drawn @ centres[0]).std() > 0.5
    assert np.mean(np.abs(drawn @ centres[0]) > 4) > 0.9


def test_weight_cost_shrinks_weights_alone():
    source = np.random.default_rng(11)
    norms = []
    for cost in (0.0, 0.5):
        ek.manual_seed(3)
        rbm = models.RBM(V, H)
        rbm.fit(binary(200), epochs=40, weight_cost=cost, monitor=0, generator=source)
        norms.append(np.linalg.norm(rbm.weight.numpy(force=True)))
    assert norms[1] < norms[0] / 2
    share = rbm.visible_mean(rbm.hidden_mean(binary(200))).mean(axis=0)
    np.testing.assert_allclose(share, binary(200).mean(axis=0), atol=0.1)


def test_same_generator_same_result_and_state_dict_round_trip():
    results = []
    for _ in range(2):
        ek.manual_seed(4)
        rbm = models.RBM(V, H)
        history = rbm.fit(binary(64), epochs=3, batch_size=10)
        results.append((history, rbm.state_dict()))
    assert results[0][0] == results[1][0]
    other = models.RBM(V, H)
    other.load_state_dict(results[0][1])
    np.testing.assert_array_equal(other.hidden_mean(binary(9)), rbm.hidden_mean(binary(9)))
    assert set(results[0][1]) == {"weight", "visible_bias", "hidden_bias"}


def test_visible_biases_of_shares_and_means():
    data = np.array([[1.0, 0, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1]])
    rbm = models.RBM(V, H, dtype=np.float64)
    rbm.init_visible_bias(data)
    np.testing.assert_allclose(arrays(rbm)[1], np.log([7, 1 / 7, 3 / 5, 7]))
    rbm = models.RBM(V, H, "gaussian", dtype=np.float64)
    rbm.init_visible_bias(data)
    np.testing.assert_allclose(arrays(rbm)[1], data.mean(axis=0))


def test_other_optimisers_take_the_gradients():
    rbm = machine(scale=0.01)
    before = rbm.reconstruction_error(binary(100))
    optimizer, estimate = optim.Adam(rbm.parameters(), lr=0.05), models.ContrastiveDivergence(rbm)
    for _ in range(100):
        estimate(binary(100))
        optimizer.step()
    assert rbm.reconstruction_error(binary(100)) < before - 0.05


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r: models.RBM(0, 3), ValueError, "visible_features: expected at least 1, got 0"),
        (lambda r: models.RBM(3, 2.5), TypeError, "hidden_features: expected an int, got 2.5"),
        (lambda r: models.RBM(3, 2, "relu"), ValueError, "visible: .* got 'relu'"),
        (lambda r: r.hidden_mean(np.ones((2, 3))), ValueError, r"v: expected shape \(N, 4\)"),
        (lambda r: r.hidden_mean(np.ones(4)), ValueError, r"v: .* got \(4,\)"),
        (lambda r: r.hidden_mean(np.ones((0, 4))), ValueError, "v: .* N > 0"),
        (lambda r: r.hidden_mean(np.ones((2, 4), complex)), TypeError, "v: .* complex128"),
        (lambda r: r.visible_mean(np.ones((2, 4))), ValueError, r"h: expected shape \(N, 3\)"),
        (lambda r: r.fit(np.full((2, 4), 1.5)), ValueError, r"data: expected values in \[0, 1\]"),
        (lambda r: r.fit(np.full((2, 4), np.nan)), ValueError, "data: .* got nan"),
        (lambda r: r.fit(binary(3), epochs=0), ValueError, "epochs: .* got 0"),
        (lambda r: r.fit(binary(3), batch_size=0), ValueError, "batch_size: .* got 0"),
        (lambda r: r.fit(binary(3), k=0), ValueError, "k: .* got 0"),
        (lambda r: r.fit(binary(3), monitor=-1), ValueError, "monitor: .* got -1"),
        (lambda r: r.fit(binary(3), momentum=-1.0), ValueError, "momentum"),
        (lambda r: r.sample(2, 0), ValueError, "steps: .* got 0"),
        (lambda r: r.sample(2, v=binary(3)), ValueError, r"v: expected 2 rows"),
        (lambda r: models.ContrastiveDivergence(3), TypeError, "rbm: expected an RBM, got int"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(machine())


def test_gaussian_machines_refuse_what_they_cannot_judge():
    rbm = machine("gaussian")
    with pytest.raises(ValueError, match="visible: .* got 'gaussian'"):
        rbm.pseudo_log_likelihood(binary(3))
    with pytest.raises(ValueError, match="v: expected finite values"):
        rbm.hidden_mean(np.full((1, V), np.inf))


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("visible_means", [False, True])
def test_tables_of_sums_give_what_products_give(visible, grey, visible_means, monkeypatch):
    data = (np.random.default_rng(0).random((50, 40)) < 0.4) * (0.5 if grey else 1.0)
    calls, found = [], []

    def counted(*args, product=kernels.binary_matmul, **options):
        calls.append(args)
        return product(*args, **options)

    monkeypatch.setattr(kernels, "binary_matmul", counted)
    for rows in (32, 1000):
        monkeypatch.setattr(_units, "ROWS_PAY_OFF", rows)
        ek.manual_seed(1)
        rbm = models.RBM(40, 35, visible, dtype=np.float64)
        options = {"visible_means": visible_means, "generator": np.random.default_rng(2)}
        models.ContrastiveDivergence(rbm, 2, **options)(data)
        found.append([p.grad.numpy() for p in rbm.parameters()])
        if rows == 32:
            # The hidden units are drawn twice; visible ones where they are zeros and ones.
            of_data = visible == "bernoulli" and not grey
            of_model = visible == "bernoulli" and not visible_means
            assert len(calls) == 2 + 2 * of_data + 3 * of_model
            calls.clear()
    assert not calls
    for tables, products in zip(*found, strict=True):
        np.testing.assert_allclose(tables, products, atol=1e-12)

"""Curvature, conjugate gradients, and what Hessian-free optimisation makes of them."""

import copy

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn, optim
from einkorn.optim.conjugate_gradients import conjugate_gradients
from einkorn.optim.curvature import GaussNewton, parts

F = nn.functional


def row_by_row(outputs, params):
    """Return the Jacobian, by one backward pass an output."""
    rows = []
    for place in np.ndindex(outputs.shape):
        one = np.zeros(outputs.shape)
        one[place] = 1.0
        found = ek.autograd.grad(outputs, params, ek.tensor(one), retain_graph=True)
        rows.append(np.concatenate([x.numpy().ravel() for x in found]))
    return np.array(rows)


def softmax_hessian(outputs):
    """Return the Hessian of the mean cross entropy with respect to logits (N, C)."""
    n, c = outputs.shape
    p = np.exp(outputs) / np.exp(outputs).sum(axis=1, keepdims=True)
    result = np.zeros((n, c, n, c))
    for i in range(n):
        result[i, :, i] = (np.diag(p[i]) - np.outer(p[i], p[i])) / n
    return result.reshape(n * c, n * c)


def sigmoid_hessian(outputs):
    p = 1 / (1 + np.exp(-outputs.ravel()))
    return np.diag(p * (1 - p)) / outputs.size


LOSSES = {
    "squares": (
        lambda z: F.mse_loss(z, ek.zeros_like(z)),
        lambda z: 2 * np.eye(z.size) / z.size,
    ),
    "cross entropy": (
        lambda z: F.cross_entropy(z, np.arange(len(z)) % z.shape[1]),
        softmax_hessian,
    ),
    "binary cross entropy": (
        lambda z: F.binary_cross_entropy_with_logits(z, ek.ones_like(z)),
        sigmoid_hessian,
    ),
    "linear": (lambda z: z.sum(), lambda z: np.zeros((z.size, z.size))),
}
MODELS = {
    "layers": lambda: nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)),
    "convolution": lambda: nn.Sequential(
        nn.Unflatten(1, (1, 3)), nn.Conv1d(1, 2, 2), nn.Sigmoid(), nn.Flatten(), nn.Linear(4, 2)
    ),
}


def made(model, loss):
    ek.manual_seed(1)
    net = MODELS[model]().to(np.float64)
    outputs = net(ek.tensor(np.random.default_rng(0).normal(size=(5, 3))))
    params = list(net.parameters())
    return LOSSES[loss][0](outputs), outputs, params


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("model", MODELS)
def test_products_are_those_of_the_matrix(model, loss):
    value, outputs, params = made(model, loss)
    jacobian = row_by_row(outputs, params)
    hessian = LOSSES[loss][1](outputs.numpy())
    curvature = GaussNewton(value, outputs, params)
    identity = np.eye(jacobian.shape[1])
    products = np.array([curvature(column) for column in identity])
    np.testing.assert_allclose(products, jacobian.T @ hessian @ jacobian, rtol=1e-9, atol=1e-12)
    distances = np.array([curvature.of_distance(column) for column in identity])
    np.testing.assert_allclose(distances, jacobian.T @ jacobian, rtol=1e-9, atol=1e-12)
    gradient = ek.autograd.grad(value, params, retain_graph=True)
    expected = np.concatenate([x.numpy().ravel() for x in gradient])
    np.testing.assert_allclose(curvature.gradient, expected, rtol=1e-9, atol=1e-15)


def test_products_through_a_recurrent_network():
    ek.manual_seed(0)
    rnn, out = nn.RNN(2, 3, batch_first=True).to(np.float64), nn.Linear(3, 1).to(np.float64)
    params = [*rnn.parameters(), *out.parameters()]
    outputs = out(rnn(ek.tensor(np.random.default_rng(0).normal(size=(2, 4, 2))))[0])
    curvature = GaussNewton(LOSSES["binary cross entropy"][0](outputs), outputs, params)
    jacobian = row_by_row(outputs, params)
    expected = jacobian.T @ sigmoid_hessian(outputs.numpy()) @ jacobian
    products = np.array([curvature(column) for column in np.eye(len(expected))])
    np.testing.assert_allclose(products, expected, rtol=1e-9, atol=1e-12)


def test_estimate_of_the_diagonal():
    value, outputs, params = made("layers", "cross entropy")
    slope = ek.autograd.grad(value, outputs, retain_graph=True)[0].numpy().ravel()
    weighted = slope[:, None] * row_by_row(outputs, params)
    expected = (weighted**2).sum(axis=0) * outputs.numpy().size
    estimate = GaussNewton(value, outputs, params).diagonal(probes=4000)
    np.testing.assert_allclose(estimate, expected, rtol=0.15)


def test_a_parameter_that_has_no_say():
    used, unused = nn.Parameter(np.array([2.0])), nn.Parameter(np.array([1.0, 1.0]))
    outputs = used * 3.0
    curvature = GaussNewton((outputs**2).sum(), outputs, [unused, used])
    np.testing.assert_allclose(curvature(np.ones(3)), [0.0, 0.0, 18.0])


def definite(size, source):
    root = source.normal(size=(size, size))
    return root @ root.T + np.eye(size)


@pytest.mark.parametrize("conditioned", [False, True])
@pytest.mark.parametrize("started", [False, True])
@pytest.mark.parametrize("size", [1, 2, 7, 40])
def test_conjugate_gradients_solve(size, started, conditioned):
    source = np.random.default_rng(size)
    matrix, b = definite(size, source), source.normal(size=size)
    start = source.normal(size=size) if started else np.zeros(size)
    diagonal = np.diag(matrix).copy() if conditioned else None
    way = conjugate_gradients(matrix.dot, b, start, diagonal, max_iter=3 * size, tolerance=0)
    np.testing.assert_allclose(way[-1].x, np.linalg.solve(matrix, b), rtol=1e-6, atol=1e-8)
    for iterate in way:
        value = 0.5 * iterate.x @ matrix @ iterate.x - b @ iterate.x
        np.testing.assert_allclose(iterate.value, value, rtol=1e-6, atol=1e-9)
    values = [iterate.value for iterate in way]
    assert all(later <= earlier + 1e-9 for earlier, later in zip(values, values[1:], strict=False))


def test_a_good_diagonal_saves_iterations():
    source = np.random.default_rng(0)
    scale = np.diag(10.0 ** np.arange(-3, 3, 0.2))
    matrix = scale @ definite(30, source) @ scale
    b = scale @ source.normal(size=30)
    counts = []
    for diagonal in (None, np.diag(matrix).copy()):
        way = conjugate_gradients(matrix.dot, b, np.zeros(30), diagonal, max_iter=10**4)
        counts.append(way[-1].iteration)
    assert counts[1] < counts[0] / 2


def test_iterates_are_kept_at_powers():
    source = np.random.default_rng(0)
    matrix = definite(60, source)
    way = conjugate_gradients(
        matrix.dot, source.normal(size=60), np.zeros(60), max_iter=20, tolerance=0
    )
    assert [iterate.iteration for iterate in way] == [1, 2, 3, 4, 5, 7, 9, 11, 14, 18, 20]


def test_little_progress_ends_it():
    source = np.random.default_rng(0)
    matrix, b = definite(60, source), source.normal(size=60)
    way = conjugate_gradients(matrix.dot, b, np.zeros(60), max_iter=10**4, tolerance=5e-4)
    values = {0: 0.0}
    for number in range(1, way[-1].iteration + 1):
        part = conjugate_gradients(matrix.dot, b, np.zeros(60), max_iter=number, tolerance=0)
        values[number] = part[-1].value
    stalled = [
        number
        for number in values
        if number > (k := max(10, number // 10))
        and (values[number] - values[number - k]) / values[number] < k * 5e-4
    ]
    assert stalled == [way[-1].iteration]


def test_nothing_to_do():
    way = conjugate_gradients(np.eye(3).dot, np.zeros(3), np.zeros(3))
    np.testing.assert_array_equal(way[-1].x, np.zeros(3))


def test_least_squares_take_one_step():
    source = np.random.default_rng(0)
    x, t = source.normal(size=(20, 4)), source.normal(size=(20, 1))
    weight = nn.Parameter(np.zeros((1, 4)))
    optimizer = optim.HessianFree([weight], damping=0.0, tolerance=0.0)

    def closure():
        outputs = F.linear(ek.tensor(x), weight)
        return F.mse_loss(outputs, ek.tensor(t)), outputs

    optimizer.step(closure)
    np.testing.assert_allclose(weight.numpy()[0], np.linalg.lstsq(x, t)[0][:, 0], rtol=1e-9)


def xor(seed=0, dtype=np.float64, **settings):
    ek.manual_seed(seed)
    x = ek.tensor(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype))
    t = ek.tensor(np.array([[0], [1], [1], [0]], dtype))
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)).to(dtype)
    optimizer = optim.HessianFree(model.parameters(), **settings)

    def closure():
        logits = model(x)
        return F.binary_cross_entropy_with_logits(logits, t), logits

    return model, optimizer, closure


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(5))
def test_exclusive_or_is_learnt(seed, dtype):
    _, optimizer, closure = xor(seed, dtype)
    losses = [optimizer.step(closure).item() for _ in range(60)]
    assert losses[-1] < 0.02
    assert all(later <= earlier for earlier, later in zip(losses, losses[1:], strict=False))


def test_damping_falls_where_the_model_is_right_and_rises_where_it_is_not():
    weight = nn.Parameter(np.array([1.0]))
    optimizer = optim.HessianFree([weight], damping=1.0)

    def quadratic():
        return (weight**2).sum(), weight

    optimizer.step(quadratic)
    assert optimizer.param_groups[0]["damping"] == pytest.approx(2 / 3)
    start = weight.item()

    def wall():
        """Everywhere higher than here: no step can succeed."""
        height = 0.0 if weight.item() == start else 9.0
        return (weight**2).sum() + height, weight

    optimizer.step(wall)
    assert weight.item() == start
    assert optimizer.param_groups[0]["damping"] == pytest.approx(1.0)


def test_a_resumed_run_is_the_same():
    model, optimizer, closure = xor()
    for _ in range(5):
        optimizer.step(closure)
    other, second, second_closure = xor(seed=1)
    other.load_state_dict(copy.deepcopy(model.state_dict()))
    second.load_state_dict(optimizer.state_dict())
    ek.manual_seed(3)
    one = [optimizer.step(closure).item() for _ in range(5)]
    ek.manual_seed(3)
    assert [second.step(second_closure).item() for _ in range(5)] == one


def test_an_interrupted_step_leaves_the_parameters():
    model, optimizer, closure = xor()
    before = [x.numpy().copy() for x in model.parameters()]
    calls = []

    def interrupted():
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return closure()

    with pytest.raises(KeyboardInterrupt):
        optimizer.step(interrupted)
    for x, start in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(x.numpy(), start)


def test_structural_damping_holds_the_states():
    """With it, a step of equal damping moves the hidden states less."""
    moves = []
    for share in (0.0, 100.0):
        model, optimizer, closure = xor(structural_damping=share, damping=0.1)
        x = ek.tensor(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]))

        def states(model=model, x=x):
            return model[1](model[0](x))

        before = states().numpy()
        optimizer.step(lambda c=closure, s=states, n=share: (*c(), s()) if n else c())
        moves.append(float(np.abs(states().numpy() - before).max()))
    assert 0 < moves[1] < moves[0] / 2


def test_parts_have_the_shapes_and_dtypes_of_the_parameters():
    params = [nn.Parameter(np.zeros((2, 1), np.float32)), nn.Parameter(np.zeros(3))]
    first, second = parts(np.arange(5.0), params)
    assert (first.shape, first.dtype) == ((2, 1), np.float32)
    np.testing.assert_array_equal(second, [2.0, 3.0, 4.0])


def test_what_makes_no_sense_is_refused():
    x = nn.Parameter(np.ones(1))
    with pytest.raises(ValueError, match="damping must be at least 0"):
        optim.HessianFree([x], damping=-1)
    with pytest.raises(ValueError, match="max_iter must be at least 1"):
        optim.HessianFree([x], max_iter=0)
    with pytest.raises(ValueError, match="takes one parameter group, got 2"):
        optim.HessianFree([{"params": [x]}, {"params": [nn.Parameter(np.ones(1))]}])
    with pytest.raises(TypeError, match="HessianFree needs one"):
        optim.HessianFree([x]).step()
    with pytest.raises(TypeError, match="loss and outputs as a tuple, got Tensor"):
        optim.HessianFree([x]).step(lambda: x.sum())
    with pytest.raises(TypeError, match="loss, outputs and states"):
        optim.HessianFree([x], structural_damping=1.0).step(lambda: (x.sum(), x))

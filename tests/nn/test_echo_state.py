"""The reservoir against its recurrence, its read-out against least squares, and what echoes."""

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import as_tensor, gradcheck


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def network(*sizes, **options):
    options = {"density": 0.5, "dtype": np.float64} | options
    return nn.EchoState(*sizes, generator=np.random.default_rng(1), **options)


def echoes(net, u, x, leak):
    """One sequence's inputs and states, step by step."""
    w_in, w, b = (t.numpy() for t in (net.weight_ih, net.weight_hh, net.bias))
    features = []
    for now in u:
        x = (1 - leak) * x + leak * np.tanh(w_in @ now + b + w @ x)
        features.append(np.concatenate([now, x]))
    return np.array(features), x


@pytest.mark.parametrize("radius", [0.5, 1.2])
@pytest.mark.parametrize("density", [0.1, 1.0])
def test_the_reservoir_is_as_asked_for(radius, density):
    net = network(2, 100, 1, spectral_radius=radius, density=density, input_scale=0.3)
    weight = net.weight_hh.numpy()
    assert np.abs(np.linalg.eigvals(weight)).max() == pytest.approx(radius, rel=1e-10)
    assert abs((weight != 0).mean() - density) < 5 * np.sqrt(0.25 / weight.size)
    largest = max(np.abs(net.weight_ih.numpy()).max(), np.abs(net.bias.numpy()).max())
    assert 0.2 < largest <= 0.3


@pytest.mark.parametrize("leak", [1.0, 0.3])
@pytest.mark.parametrize("batch_first", [False, True])
def test_output_and_state_are_their_formulas(leak, batch_first):
    net = network(2, 6, 3, leak=leak, batch_first=batch_first)
    u, start = normal(4, 7, 2), normal(4, 6, seed=1)
    output, last = net(u if batch_first else u.swapaxes(0, 1), start)
    output = output.numpy() if batch_first else output.numpy().swapaxes(0, 1)
    for n in range(4):
        features, x = echoes(net, u[n], start[n], leak)
        expected = features @ net.readout.weight.numpy().T + net.readout.bias.numpy()
        np.testing.assert_allclose(output[n], expected, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(last.numpy()[n], x, rtol=1e-10)
        single, alone = net(u[n], start[n])
        np.testing.assert_allclose(single.numpy(), expected, rtol=1e-10, atol=1e-13)
        np.testing.assert_allclose(alone.numpy(), x, rtol=1e-10)


@pytest.mark.parametrize("batch_first", [False, True])
def test_the_read_out_is_of_least_squares(batch_first):
    net = network(2, 6, 3, batch_first=batch_first)
    u, d = normal(4, 30, 2), normal(4, 30, 3, seed=1)
    turned = (u, d) if batch_first else (u.swapaxes(0, 1), d.swapaxes(0, 1))
    net.fit(*turned, ridge=0.1, washout=5)
    features = np.concatenate([echoes(net, one, np.zeros(6), 1.0)[0][5:] for one in u])
    # The penalty as further rows of the system, on the weights alone.
    system = np.block([[features, np.ones((100, 1))], [np.sqrt(0.1) * np.eye(8), np.zeros((8, 1))]])
    wanted = np.concatenate([d[:, 5:].reshape(-1, 3), np.zeros((8, 3))])
    solved = np.linalg.lstsq(system, wanted)[0]
    np.testing.assert_allclose(net.readout.weight.numpy(), solved[:-1].T, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(net.readout.bias.numpy(), solved[-1], rtol=1e-8, atol=1e-12)


def test_the_reservoir_forgets_where_it_began():
    net, u = network(1, 40, 3, spectral_radius=0.8), normal(300, 1)
    apart = net(u, normal(40))[1].numpy() - net(u)[1].numpy()
    assert np.abs(apart).max() < 1e-8


def remembered(outputs, past):
    """Sum over delays of the squared correlation between what is recalled and what was heard."""
    pairs = zip(outputs.T, past.T, strict=True)
    return sum(np.corrcoef(one, other)[0, 1] ** 2 for one, other in pairs)


def test_memory_is_that_of_a_linear_reservoir_and_shrinks_as_tanh_saturates():
    # H. Jaeger, "Short term memory in echo state networks", 2001: at most as many steps as units,
    # which a linear reservoir comes near to, and less the further its units are from linear.
    size, delays, washout = 20, 40, 100
    u = np.random.default_rng(1).uniform(-1, 1, (2000, 1))
    past = np.concatenate([np.roll(u, delay, axis=0) for delay in range(1, delays + 1)], axis=1)
    capacity = {}
    for scale in (1e-4, 0.1, 1.0):
        net = network(1, size, delays, spectral_radius=0.9, input_scale=scale)
        net.bias.numpy()[...] = 0
        net.fit(u, past, ridge=1e-22, washout=washout)
        capacity[scale] = remembered(net(u)[0].numpy()[washout:], past[washout:])
    state, states = np.zeros(size), []
    for value in u:
        state = net.weight_ih.numpy() @ value + net.weight_hh.numpy() @ state
        states.append(state)
    features = np.concatenate([u, np.array(states), np.ones_like(u)], axis=1)[washout:]
    recalled = features @ np.linalg.lstsq(features, past[washout:])[0]
    linear = remembered(recalled, past[washout:])
    # Chance adds about a 1900th for each of 21 features and 40 delays.
    assert linear < size + 1
    assert capacity[1e-4] == pytest.approx(linear, rel=0.05)
    assert capacity[1.0] < capacity[0.1] < capacity[1e-4]


def test_gradients_reach_input_and_read_out_alone():
    net = network(2, 3, 2, leak=0.7)
    assert [name for name, _ in net.named_parameters()] == ["readout.weight", "readout.bias"]
    u = as_tensor(normal(4, 2, 2)).requires_grad_()
    assert gradcheck(lambda u, *_: net(u)[0], (u, *net.parameters()))


def test_state_round_trip():
    first, second = network(2, 6, 3), nn.EchoState(2, 6, 3, density=1.0, dtype=np.float64)
    second.load_state_dict(first.state_dict())
    u = normal(5, 2)
    np.testing.assert_array_equal(first(u)[0].numpy(), second(u)[0].numpy())
    assert set(first.state_dict()) == {
        *("weight_ih", "weight_hh", "bias"),
        *("readout.weight", "readout.bias"),
    }


U, D = normal(5, 2), normal(5, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: network(2, 0, 1), "reservoir_size must be at least 1, got 0"),
        (lambda: network(2, 5, 1, density=0.0), r"density must be in \(0, 1\], got 0.0"),
        (lambda: network(2, 5, 1, leak=1.5), r"leak must be in \(0, 1\], got 1.5"),
        (lambda: network(2, 5, 1, spectral_radius=-1.0), "spectral_radius must be finite"),
        (lambda: network(2, 5, 1, density=1e-9), "density must let 5 units form loops"),
        (lambda: network(2, 5, 1)(normal(4, 3)), r"2 features, got shape \(4, 3\)"),
        (lambda: network(2, 5, 1)(U, normal(4)), r"hx must have shape \(5,\), got \(4,\)"),
        (lambda: network(2, 5, 1).fit(U, normal(4, 1)), r"target must have shape \(5, 1\)"),
        (lambda: network(2, 5, 1).fit(U, D, ridge=0.0), "ridge must be positive, got 0.0"),
        (lambda: network(2, 5, 1).fit(U, D, washout=5), r"washout must be in \[0, 5\), got 5"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()

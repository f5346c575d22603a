"""Names that PyTorch keeps beside newer ones, and activations in place."""

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name

IN_PLACE = {
    "celu": (0.7,),
    "elu": (0.7,),
    "hardtanh": (-0.5, 0.5),
    "leaky_relu": (0.2,),
    "relu": (),
    "rrelu": (),
    "selu": (),
    "threshold": (0.1, -3.0),
}


@pytest.mark.parametrize("name", IN_PLACE)
def test_activation_in_place(name):
    values = np.random.default_rng(0).standard_normal((3, 5))
    x = ek.tensor(values, requires_grad=True)
    y = x * 2
    result = getattr(F, f"{name}_")(y, *IN_PLACE[name])
    assert result is y
    y.sum().backward()
    z = ek.tensor(values, requires_grad=True)
    expected = getattr(F, name)(z * 2, *IN_PLACE[name])
    expected.sum().backward()
    np.testing.assert_array_equal(y.detach().numpy(), expected.detach().numpy())
    np.testing.assert_array_equal(x.grad.numpy(), z.grad.numpy())
    with pytest.raises(RuntimeError, match="leaf"):
        getattr(F, f"{name}_")(x, *IN_PLACE[name])


def test_bases_of_recurrent_layers():
    assert issubclass(nn.LSTM, nn.RNNBase)
    assert issubclass(nn.LSTMCell, nn.RNNCellBase)

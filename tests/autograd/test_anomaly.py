"""The watch for NaN names the operator that made the first one."""

import warnings

import numpy as np
import pytest

import einkorn as ek
from einkorn.autograd import detect_anomaly, grad, is_anomaly_enabled, set_detect_anomaly


def leaf(*values):
    return ek.tensor(np.array(values), requires_grad=True)


def test_backward_names_operator_and_place():
    x = leaf(1.0, 0.0)
    with detect_anomaly(), pytest.raises(RuntimeError) as error:
        (x.sqrt() * ek.tensor([1.0, 0.0])).sum().backward()
    assert str(error.value).startswith("Sqrt made nan of a gradient without any")
    assert "test_backward_names_operator_and_place" in str(error.value)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_input_is_named():
    a, b = leaf(0.0), leaf(0.0)
    with detect_anomaly(), pytest.raises(RuntimeError, match="Div made nan.*of its input 1;"):
        grad((a / b).sum(), (a, b))


def test_forward_warns_once():
    x = leaf(-1.0, 4.0)
    with detect_anomaly(), pytest.warns(RuntimeWarning, match="Log made nan") as caught:
        y = x.log().exp().sum()
    assert len([w for w in caught if "made nan" in str(w.message)]) == 1
    assert np.isnan(y.item())


def test_off_again():
    assert not is_anomaly_enabled()
    with detect_anomaly():
        assert is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert not is_anomaly_enabled()
        assert is_anomaly_enabled()
    assert not is_anomaly_enabled()
    x = leaf(0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (x.sqrt() * 0.0).sum().backward()
    assert np.isnan(x.grad.numpy()).all()


def test_without_check_nothing_raises():
    x = leaf(0.0)
    with detect_anomaly(check_nan=False):
        (x.sqrt() * 0.0).sum().backward()
    assert np.isnan(x.grad.numpy()).all()

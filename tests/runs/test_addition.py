import re

import numpy as np
import pytest

import einkorn as ek
from einkorn import cli
from einkorn.io import load
from einkorn.runs import addition

PNG = b"\x89PNG\r\n\x1a\n"


def test_writes_pictures_history_and_weights(tmp_path, capsys):
    assert cli.main(["run", "addition", "--epochs", "2", "--out", str(tmp_path)]) == 0
    for picture in ("addition.png", "history.png"):
        assert (tmp_path / picture).read_bytes().startswith(PNG)
    assert (tmp_path / "history.csv").exists()
    assert load(tmp_path / "weights.safetensors")["rnn.weight_hh_l0"].shape == (3, 3)
    assert "of 1000 sums of 100-digit numbers" in capsys.readouterr().out


def test_sums_are_those_of_integers():
    x, t = addition.sums(200, 30, np.random.default_rng(0))
    assert x.shape == (200, 33, 2) and t.shape == (200, 33)
    powers = 2 ** np.arange(31)
    numbers = (x[:, :31] * powers[:, None]).sum(axis=1)
    np.testing.assert_array_equal(numbers.sum(axis=1), (t[:, 2:] * powers).sum(axis=1))
    assert not x[:, 30:].any() and not t[:, :2].any()


def test_an_answer_depends_on_columns_up_to_two_steps_ago():
    ek.manual_seed(0)
    model = addition.Adder()
    x = np.random.default_rng(0).random((1, 9, 2), np.float32)
    before = model(ek.tensor(x)).numpy()
    x[0, 4] += 1
    changed = model(ek.tensor(x)).numpy() != before
    assert not changed[0, :6].any()
    assert changed[0, 6]


def by_hand():
    """Return the net that counts: hidden unit k fires if k of two digits and the carry are 1."""
    model, sharp = addition.Adder(), 20.0
    # A state is -1 or 1: (s + 1) / 2 is the bit of it. The second unit is the carry.
    carry = np.array([0.0, sharp / 2, 0.0])
    model.load_state_dict(
        {
            "rnn.weight_ih_l0": np.full((3, 2), sharp),
            "rnn.weight_hh_l0": np.tile(carry, (3, 1)),
            "rnn.bias_ih_l0": sharp * np.array([0.0, -1.0, -2.0]),
            "rnn.bias_hh_l0": np.zeros(3),
            "head.weight": np.array([[sharp, -sharp, sharp]]),
            "head.bias": np.zeros(1),
        }
    )
    return model


def test_three_hidden_units_suffice():
    """The state before the first step is 0, between bits, but no carry comes of its half."""
    x, t = addition.sums(100, 50, np.random.default_rng(0))
    x, t = (np.concatenate([np.zeros_like(a[:, :1]), a], axis=1) for a in (x, t))
    output = by_hand()(ek.tensor(x))
    assert addition.exact(output[:, 3:], t[:, 3:]) == 1.0


def test_share_of_exact_sums():
    output, target = np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    assert addition.exact(ek.tensor(output), target) == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_adds_numbers_longer_than_those_trained_on(seed, tmp_path, capsys):
    assert cli.main(["run", "addition", "--seed", str(seed), "--out", str(tmp_path)]) == 0
    (share,) = re.findall(r"^([\d.]+)% of 1000 sums of 100-digit", capsys.readouterr().out, re.M)
    assert float(share) == 100.0

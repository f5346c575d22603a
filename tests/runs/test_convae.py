import re

import numpy as np
import pytest

import einkorn as ek
from einkorn import cli
from einkorn.io import load
from einkorn.runs import convae

PNG = b"\x89PNG\r\n\x1a\n"


def test_writes_sheet_histories_and_weights(tmp_path, capsys):
    assert cli.main(["run", "convae", "--epochs", "1", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "reconstructions.png").read_bytes().startswith(PNG)
    for decoder in ("unpooling", "transposed"):
        assert (tmp_path / decoder / "history.png").read_bytes().startswith(PNG)
        assert (tmp_path / decoder / "history.csv").exists()
        assert load(tmp_path / decoder / "weights.safetensors")["encoder.code.bias"].shape == (32,)
    assert list(errors(capsys.readouterr().out)) == [
        "mean digit", "unpooling", "unpooling, shuffled indices", "transposed convolution",
    ]  # fmt: skip


@pytest.mark.parametrize("decoder", [convae.UnpoolingDecoder, convae.TransposedDecoder])
def test_restores_the_shape(decoder):
    x = np.random.default_rng(0).random((3, 1, 32, 32), np.float32)
    assert convae.AutoEncoder(decoder())(x).shape == x.shape


def test_transposed_decoder_has_the_code_alone():
    code = ek.tensor(np.random.default_rng(0).normal(size=(2, 32)).astype(np.float32))
    decoder = convae.TransposedDecoder()
    np.testing.assert_array_equal(decoder(code, None).numpy(), decoder(code, ("no", "use")).numpy())


def errors(printed):
    """Give the error of each answer, as printed."""
    found = re.findall(r"^  (\S.*?)  +(\d\.\d+)  1/", printed, re.MULTILINE)
    return {name: float(error) for name, error in found}


@pytest.mark.slow
def test_restores_digits(tmp_path, capsys):
    assert cli.main(["run", "convae", "--out", str(tmp_path)]) == 0
    error = errors(capsys.readouterr().out)
    assert error["unpooling"] <= error["mean digit"] / 12
    assert error["transposed convolution"] <= error["mean digit"] / 8
    assert error["unpooling, shuffled indices"] >= error["mean digit"] / 3

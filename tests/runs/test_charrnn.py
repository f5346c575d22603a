import re

import numpy as np
import pytest

import einkorn as ek
from einkorn import cli
from einkorn.data import SequenceLoader, Vocabulary
from einkorn.runs import charrnn


def test_writes_corpus_history_sample_and_weights(small_corpus, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = ["--epochs", "1", "--hidden", "8", "--length", "30", "--out", str(out)]
    assert cli.main(["run", "charrnn", *arguments]) == 0
    printed = capsys.readouterr().out
    listed = (out / "corpus.txt").read_text(encoding="utf-8")
    assert listed == small_corpus.describe() + "\n"
    assert "alphabet: 98 symbols" in printed and "bits per character on 1 held-out" in printed
    sample = (out / "sample.txt").read_text(encoding="utf-8")
    assert len(sample) == 31 and sample in printed
    assert (out / "history.png").exists() and (out / "history.csv").exists()


@pytest.mark.parametrize("start", [0, 3])
def test_sections_go_through_the_text_once(start):
    tokens = np.arange(2 * 101)
    whole = list(SequenceLoader(tokens, batch_size=2, length=5))
    sections = charrnn.Sections(tokens, 2, 5, sections=4)
    assert len(sections) == 5
    pieces = [piece for _ in range(4) for piece in sections]
    assert len(pieces) == len(whole) == 20
    for (x, t), (expected_x, expected_t) in zip(pieces, whole, strict=True):
        np.testing.assert_array_equal(x, expected_x)
        np.testing.assert_array_equal(t, expected_t)
    np.testing.assert_array_equal(next(iter(sections))[0], whole[0][0])


def test_section_goes_on_in_its_middle():
    tokens = np.arange(200)
    first, second = (charrnn.Sections(tokens, 2, 5, sections=4) for _ in range(2))
    list(first)
    batches = iter(first)
    next(batches)
    second.load_state_dict(first.state_dict())
    for (x, _), (expected, _) in zip(second, batches, strict=True):
        np.testing.assert_array_equal(x, expected)


class Constant(ek.nn.Module):
    """Gives the same scores whatever it reads."""

    def __init__(self, scores):
        super().__init__()
        self.scores = np.asarray(scores, np.float64)

    def forward(self, x, state=None):
        return ek.tensor(self.scores.reshape(1, 1, -1)), state


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_sample_follows_the_softmax_at_a_temperature(temperature):
    scores = np.array([0.0, 1.0, -0.5])
    rng = np.random.default_rng(0)
    text = charrnn.sample(Constant(scores), Vocabulary("abc"), 20_000, temperature, rng, start="a")
    assert len(text) == 20_000
    expected = np.exp(scores / temperature) / np.exp(scores / temperature).sum()
    shares = [text.count(symbol) / len(text) for symbol in "abc"]
    np.testing.assert_allclose(shares, expected, atol=0.02)


def test_sample_is_what_the_model_goes_on_with():
    model = charrnn.CharacterModel(3, hidden=4)
    vocabulary = Vocabulary("abc")
    text = charrnn.sample(model, vocabulary, 6, 1e-6, np.random.default_rng(0), start="ab")
    read = vocabulary.encode("ab" + text[:-1])
    scores, _ = model(charrnn.one_hot(read[:, None], 3))
    assert vocabulary.decode(scores.numpy()[1:, 0].argmax(axis=1)) == text


def test_cutting_the_gradient_does_not_cut_the_state():
    """Reading in pieces and at once gives the same figure."""
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 5, 201)
    model = charrnn.CharacterModel(5, hidden=6)
    optimizer = ek.optim.SGD(model.parameters())
    trainer = charrnn.TruncatedBackpropagation(model, charrnn.bits, optimizer)
    pieces = trainer.evaluate(SequenceLoader(tokens, batch_size=1, length=10))["loss"]
    at_once = trainer.evaluate(SequenceLoader(tokens, batch_size=1, length=200))["loss"]
    assert pieces == pytest.approx(at_once, rel=1e-5)
    assert pieces == pytest.approx(np.log2(5), rel=0.1)


@pytest.mark.slow
def test_predicts_python(tmp_path, capsys):
    assert cli.main(["run", "charrnn", "--out", str(tmp_path)]) == 0
    found = re.search(r"^(\d\.\d+) bits per character", capsys.readouterr().out, re.MULTILINE)
    assert float(found.group(1)) <= 1.7

"""An LSTM learns to write Python, character by character.

The text is the Python standard library. About one file in ten is held out as a whole; the figure
is the cross-entropy on those, in bits per character, beside what bzip2 needs for the same text.
Training is truncated back-propagation through time: the state is carried on from each piece of
text to the next, the gradient is not. An epoch is a tenth of the text.
"""

from __future__ import annotations

import argparse
import bz2
import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import SequenceLoader, TextCorpus, Vocabulary, one_hot, stdlib_corpus
from einkorn.io import atomic_path
from einkorn.runs import _options
from einkorn.runs._training import bookkeeping, fit
from einkorn.train import Schedule, StepResult, Trainer

STREAMS = 32
PIECE = 32
SECTIONS = 10
PEAK_RATE = 1.5e-2
CLIP_NORM = 1.0

#: Held-out text is read in more and longer pieces, since no gradient has to be kept.
TEST_STREAMS = 64
TEST_PIECE = 256

#: Characters of held-out text that every epoch is judged by; all of it is read at the end.
GLANCE = 100_000

State = tuple[ek.Tensor, ek.Tensor]


class CharacterModel(nn.Module):
    """Scores of the next character, from one-hot characters (T, B, symbols)."""

    def __init__(self, symbols: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(symbols, hidden)
        self.head = nn.Linear(hidden, symbols)
        # A forget gate that begins open lets gradients reach back from the start.
        with ek.no_grad():
            self.lstm.get_parameter("bias_ih_l0")[hidden : 2 * hidden] = 1.0

    def forward(self, x: np.ndarray, state: State | None = None) -> tuple[ek.Tensor, State]:
        """Give scores (T, B, symbols) and the state after the last character."""
        hidden, state = self.lstm(x, state)
        return self.head(hidden), state


class Sections(SequenceLoader):
    """A section of each stream an epoch, so that figures come more often than once a text."""

    def __init__(self, tokens: np.ndarray, batch_size: int, length: int, sections: int) -> None:
        super().__init__(tokens, batch_size, length)
        self.sections = sections

    def __len__(self) -> int:
        return super().__len__() // self.sections

    def _batches(self, epoch: int, start: int) -> Iterator[tuple[np.ndarray, ...]]:
        begin = epoch % self.sections * len(self)
        return itertools.islice(super()._batches(epoch, begin + start), len(self) - start)


class TruncatedBackpropagation(Trainer):
    """Carries the recurrent state from batch to batch, cut off from its past."""

    model: CharacterModel
    state: State | None = None

    def begin_pass(self) -> None:
        """Begin with no state."""
        self.state = None

    def step(self, batch: tuple[np.ndarray, np.ndarray]) -> StepResult:
        """Predict each character of (B, T) from those before it."""
        x, t = batch
        symbols = self.model.head.out_features
        scores, (h, c) = self.model(one_hot(x.T, symbols), self.state)
        self.state = h.detach(), c.detach()
        loss = self.loss(scores.reshape(-1, symbols), t.T.reshape(-1))
        return StepResult(loss, size=t.size)

    def state_dict(self) -> dict[str, Any]:
        """Give the recurrent state too."""
        return {**super().state_dict(), "recurrent": self.state}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a state, the recurrent one too."""
        super().load_state_dict(state)
        if state["recurrent"] is not None:
            h, c = state["recurrent"]
            self.state = ek.tensor(h), ek.tensor(c)


def bits(scores: ek.Tensor, target: np.ndarray) -> ek.Tensor:
    """Give the cross-entropy in bits."""
    return nn.functional.cross_entropy(scores, target) / math.log(2)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--hidden``, ``--temperature`` and ``--length``."""
    parser.set_defaults(epochs=2 * SECTIONS)
    parser.add_argument(
        "--hidden", type=_options.count, default=256, metavar="N",
        help="units of the LSTM (default: 256)",
    )  # fmt: skip
    parser.add_argument(
        "--temperature", type=_options.number, default=0.7, metavar="T",
        help="of the sample: below 1 likely characters become likelier (default: 0.7)",
    )  # fmt: skip
    parser.add_argument(
        "--length", type=_options.count, default=1000, metavar="N",
        help="characters in the sample (default: 1000)",
    )  # fmt: skip


def main(options: argparse.Namespace) -> None:
    """Train, print bits per character on the held-out files, and write some Python."""
    out = _options.begin(options)
    corpus = stdlib_corpus()
    _write(out / "corpus.txt", corpus.describe())
    print("\n".join(corpus.describe().splitlines()[:3]), f"(files: {out / 'corpus.txt'})")

    model = CharacterModel(len(corpus.vocabulary), options.hidden)
    trainer = _train(model, options, corpus)
    figure = trainer.evaluate(SequenceLoader(corpus.valid, TEST_STREAMS, TEST_PIECE))["loss"]
    zipped = 8 * len(bz2.compress(corpus.valid.tobytes())) / corpus.valid.size
    print(
        f"{figure:.3f} bits per character on {len(corpus.valid_files)} held-out files "
        f"(bzip2: {zipped:.3f})"
    )

    ek.save(model.state_dict(), out / "weights.safetensors")
    rng = np.random.default_rng(options.seed)
    text = sample(model, corpus.vocabulary, options.length, options.temperature, rng)
    _write(out / "sample.txt", text)
    print(f"a sample at temperature {options.temperature}:\n\n{text}\n")
    print(f"sample, history and weights are in {out}")


def sample(
    model: CharacterModel,
    vocabulary: Vocabulary,
    length: int,
    temperature: float,
    rng: np.random.Generator,
    start: str = "\n",
) -> str:
    """Let the model go on after `start`.

    Characters are drawn from the softmax of the scores divided by `temperature`.
    """
    tokens = list(vocabulary.encode(start))
    state = None
    model.eval()
    with ek.no_grad():
        for read in range(len(tokens) + length - 1):
            x = one_hot(np.array([[tokens[read]]]), len(vocabulary))
            scores, state = model(x, state)
            if read == len(tokens) - 1:
                tokens.append(_draw(scores.numpy()[0, 0], temperature, rng))
    return "".join(vocabulary.decode(tokens[len(start) :]))


def _draw(scores: np.ndarray, temperature: float, rng: np.random.Generator) -> int:
    # The largest of scores plus Gumbel noise is a draw from their softmax.
    return int(np.argmax(scores / temperature + rng.gumbel(size=scores.shape)))


def _train(
    model: CharacterModel, options: argparse.Namespace, corpus: TextCorpus
) -> TruncatedBackpropagation:
    batches = Sections(corpus.train, STREAMS, PIECE, SECTIONS)
    glance = SequenceLoader(corpus.valid[:GLANCE], TEST_STREAMS, TEST_PIECE)
    optimizer = optim.Adam(model.parameters(), lr=PEAK_RATE, betas=(0.9, 0.99))
    schedule = optim.lr_scheduler.OneCycleLR(
        optimizer,
        PEAK_RATE,
        total_steps=options.epochs * len(batches),
        pct_start=0.1,
        cycle_momentum=False,
    )
    trainer = TruncatedBackpropagation(
        model,
        bits,
        optimizer,
        callbacks=[Schedule(schedule, per="step"), *bookkeeping(options.out)],
        clip_norm=CLIP_NORM,
    )
    fit(trainer, options, options.out, batches, glance).plot(options.out / "history.png")
    return trainer


def _write(path: Any, text: str) -> None:
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.write(text + "\n")

"""Three recurrent units learn to add binary numbers of any length.

The network is given one column of two numbers a step, the lowest first, and answers with a column
of their sum two steps later: it takes one step to bring the digits to the hidden units and another
to bring those to the output. It is trained on short numbers by Hessian-free optimisation, which
finds the way where gradients vanish, and examined on numbers far longer.
"""

from __future__ import annotations

import argparse
import os

import numpy as np

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import ArrayDataset, DataLoader
from einkorn.runs import _options
from einkorn.runs._training import bookkeeping, fit
from einkorn.train import StepResult, Trainer
from einkorn.train.pictures import new_figure, write_figure

HIDDEN = 3

#: Steps from a column of the numbers to the same column of their sum.
DELAY = 2

#: Pairs of numbers to train on, and to examine.
PAIRS, EXAMINED = 500, 1000

#: Columns of the numbers in the picture.
DRAWN = 24


def sums(pairs: int, columns: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of numbers and add them.

    Returns
    -------
    x : array of float32, shape (N, T + 1 + DELAY, 2)
        Their binary digits, the lowest first; above the T columns there is nothing.
    t : array of float32, shape (N, T + 1 + DELAY)
        The digits of the sums, that late.
    """
    x = np.zeros((pairs, columns + 1 + DELAY, 2), np.float32)
    x[:, :columns] = rng.integers(0, 2, (pairs, columns, 2))
    t = np.zeros(x.shape[:2], np.float32)
    carry = np.zeros(pairs)
    for column in range(columns + 1):
        total = x[:, column].sum(axis=1) + carry
        t[:, column + DELAY] = total % 2
        carry = total // 2
    return x, t


class Adder(nn.Module):
    """Digits (N, T, 2) to the log-odds (N, T) that the digits of the sum are 1."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(2, HIDDEN, batch_first=True)
        self.head = nn.Linear(HIDDEN, 1)

    def states(self, x: ek.Tensor) -> ek.Tensor:
        """Give the hidden units (N, T, HIDDEN), each step as the step before has made them."""
        return late(self.rnn(late(x))[0])

    def forward(self, x: ek.Tensor) -> ek.Tensor:
        """Give the log-odds."""
        return self.head(self.states(x)).squeeze(-1)


def late(x: ek.Tensor) -> ek.Tensor:
    """Delay (N, T, C) by a step: what a connection does."""
    return nn.functional.pad(x, (0, 0, 1, -1))


class HessianFreeTrainer(Trainer):
    """Gives the optimiser the batch once more, to see how its loss curves and changes."""

    def step(self, batch: tuple[np.ndarray, np.ndarray]) -> StepResult:
        """Compare the digits of a batch of sums."""
        self._batch = batch
        return super().step(batch)

    def take_step(self) -> None:
        """Take a step that knows the curvature of the batch's loss."""

        def closure() -> tuple[ek.Tensor, ek.Tensor]:
            x, t = self._batch
            output = self.model(ek.tensor(x))
            return self.loss(output, ek.tensor(t)), output

        self.optimizer.step(closure)


def exact(output: ek.Tensor, target: np.ndarray) -> float:
    """Give the share of sums all of whose digits are right."""
    return float(((np.asarray(output) > 0) == np.asarray(target)).all(axis=1).mean())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--columns`` and ``--examined-columns``."""
    parser.set_defaults(epochs=60)
    parser.add_argument(
        "--columns", type=_options.count, default=8, metavar="N",
        help="digits of the numbers to train on (default: 8)",
    )  # fmt: skip
    parser.add_argument(
        "--examined-columns", type=_options.count, default=100, metavar="N",
        help="digits of the numbers to examine (default: 100)",
    )  # fmt: skip


def main(options: argparse.Namespace) -> None:
    """Train, print the share of long sums that are exact, draw what the hidden units do."""
    out = _options.begin(options)
    rng = np.random.default_rng(options.seed)
    train = ArrayDataset(*sums(PAIRS, options.columns, rng))
    test = ArrayDataset(*sums(EXAMINED, options.examined_columns, rng))
    model = Adder()
    trainer = HessianFreeTrainer(
        model,
        nn.functional.binary_cross_entropy_with_logits,
        optim.HessianFree(model.parameters()),
        metrics={"exact": exact},
        callbacks=bookkeeping(out),
    )
    history = fit(trainer, options, out, DataLoader(train, PAIRS), DataLoader(test, EXAMINED))
    history.plot(out / "history.png")
    ek.save(model.state_dict(), out / "weights.safetensors")
    draw(model, sums(1, DRAWN, rng), out / "addition.png")
    print(
        f"{history['valid_exact'][-1]:.1%} of {EXAMINED} sums of {options.examined_columns}-digit "
        f"numbers are exact, after training on {options.columns} digits"
    )
    print(f"pictures, history and weights are in {out}")


def draw(
    model: Adder, example: tuple[np.ndarray, np.ndarray], path: str | os.PathLike[str]
) -> None:
    """Draw one addition: digits, hidden units and answers, step by step."""
    x, t = example
    with ek.no_grad():
        states = model.states(ek.tensor(x)).numpy()[0]
        odds = model(ek.tensor(x)).numpy()[0]
    answers = 1 / (1 + np.exp(-odds))
    digits = np.stack([x[0, :, 0], x[0, :, 1], t[0], answers])
    figure = new_figure(9, 4.2)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[4, HIDDEN])
    upper.imshow(digits, cmap="Greys", vmin=0, vmax=1.6, aspect="auto")
    for row, column in np.ndindex(digits.shape):
        upper.text(column, row, f"{digits[row, column]:.0f}", ha="center", va="center")
    upper.set_yticks(range(4), ["first number", "second number", "sum, two steps late", "answer"])
    picture = lower.imshow(states.T, cmap="RdBu", vmin=-1, vmax=1, aspect="auto")
    lower.set_yticks(range(HIDDEN), [f"hidden unit {number + 1}" for number in range(HIDDEN)])
    lower.set_xlabel("step (the lowest column comes first)")
    figure.colorbar(picture, ax=lower, label="state")
    write_figure(figure, path)

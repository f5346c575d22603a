"""A convolutional auto-encoder squeezes handwritten digits into 32 numbers.

The same encoder is trained with two decoders. One undoes max pooling with the positions that the
encoder's pooling remembered; the other enlarges by transposed convolution and has the code alone.
Errors are mean squares over the pixels of held-out digits, compared with the error of always
answering the mean digit. How much the remembered positions carry shows when each digit is decoded
with the positions of another.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import ArrayDataset, DataLoader
from einkorn.runs import _digits, _options
from einkorn.runs._training import bookkeeping, fit
from einkorn.train import Schedule, StepResult, Trainer, plot_images

BATCH_SIZE = 32
PEAK_RATE = 3e-3

CODE = 32
CHANNELS = 16, 32

#: The side of the smallest maps: two poolings halve 32 pixels twice.
SIDE = 8

#: Digits drawn on the sheet.
SHEET = 12

Positions = tuple[ek.Tensor, ek.Tensor]


class Encoder(nn.Module):
    """Digits (N, 1, 32, 32) to codes (N, 32), and the positions of the maxima on the way."""

    def __init__(self) -> None:
        super().__init__()
        few, many = CHANNELS
        self.conv1 = nn.Conv2d(1, few, 3, padding=1)
        self.conv2 = nn.Conv2d(few, many, 3, padding=1)
        self.pool = nn.MaxPool2d(2, return_indices=True)
        self.code = nn.Linear(many * SIDE * SIDE, CODE)

    def forward(self, x: ek.Tensor) -> tuple[ek.Tensor, Positions]:
        """Give code and positions."""
        x, first = self.pool(self.conv1(x).relu())
        x, second = self.pool(self.conv2(x).relu())
        return self.code(x.flatten(1)), (first, second)


class UnpoolingDecoder(nn.Module):
    """Puts values back where the maxima were, and fills in around them by convolution."""

    def __init__(self) -> None:
        super().__init__()
        few, many = CHANNELS
        self.grow = nn.Linear(CODE, many * SIDE * SIDE)
        self.unpool = nn.MaxUnpool2d(2)
        self.conv1 = nn.Conv2d(many, few, 3, padding=1)
        self.conv2 = nn.Conv2d(few, 1, 3, padding=1)

    def forward(self, code: ek.Tensor, positions: Positions) -> ek.Tensor:
        """Give digits (N, 1, 32, 32)."""
        first, second = positions
        x = self.grow(code).relu().reshape(-1, CHANNELS[1], SIDE, SIDE)
        x = self.conv1(self.unpool(x, second)).relu()
        return self.conv2(self.unpool(x, first))


class TransposedDecoder(nn.Module):
    """Enlarges twofold by a transposed convolution, twice."""

    def __init__(self) -> None:
        super().__init__()
        few, many = CHANNELS
        self.grow = nn.Linear(CODE, many * SIDE * SIDE)
        self.conv1 = nn.ConvTranspose2d(many, few, 4, stride=2, padding=1)
        self.conv2 = nn.ConvTranspose2d(few, 1, 4, stride=2, padding=1)

    def forward(self, code: ek.Tensor, positions: Positions) -> ek.Tensor:
        """Give digits (N, 1, 32, 32); the positions are not used."""
        x = self.grow(code).relu().reshape(-1, CHANNELS[1], SIDE, SIDE)
        return self.conv2(self.conv1(x).relu())


class AutoEncoder(nn.Module):
    """An encoder and a decoder."""

    def __init__(self, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.decoder = decoder

    def forward(self, x: ek.Tensor) -> ek.Tensor:
        """Give the digits as the decoder restores them."""
        return self.decoder(*self.encoder(x))


class Reconstruction(Trainer):
    """Trains a model to give back what it is given."""

    def step(self, batch: tuple[np.ndarray, np.ndarray]) -> StepResult:
        """Compare the model's output with its input; the labels are not looked at."""
        x, _ = batch
        return StepResult(self.loss(self.model(x), ek.tensor(x)))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--data``."""
    parser.set_defaults(epochs=30)
    _digits.add_data_argument(parser)


def main(options: argparse.Namespace) -> None:
    """Train both decoders, print the errors, draw originals beside reconstructions."""
    out = _options.begin(options)
    train, test = _digits.held_out_quarter(options.data)
    images = test[:][0]
    mean = np.broadcast_to(train[:][0].mean(axis=0), images.shape)

    unpooling = _train(UnpoolingDecoder, options, out / "unpooling", train, test)
    transposed = _train(TransposedDecoder, options, out / "transposed", train, test)
    restored = {
        "unpooling": _restore(unpooling, images),
        "unpooling, shuffled indices": _restore(unpooling, images, shuffled=True),
        "transposed convolution": _restore(transposed, images),
    }
    plot_images(
        np.concatenate([part[:SHEET] for part in (images, *restored.values())]),
        out / "reconstructions.png",
        columns=SHEET,
        title="from above: original; " + "; ".join(restored),
    )
    _report({"mean digit": mean, **restored}, images)
    print(f"pictures, histories and weights are in {out}")


def _train(
    decoder: Callable[[], nn.Module],
    options: argparse.Namespace,
    folder: Path,
    train: ArrayDataset,
    test: ArrayDataset,
) -> AutoEncoder:
    ek.manual_seed(options.seed)
    model = AutoEncoder(decoder())
    batches = DataLoader(train, BATCH_SIZE, shuffle=True, seed=options.seed)
    optimizer = optim.Adam(model.parameters(), lr=PEAK_RATE)
    schedule = optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=options.epochs * len(batches)
    )
    trainer = Reconstruction(
        model,
        nn.functional.mse_loss,
        optimizer,
        callbacks=[Schedule(schedule, per="step"), *bookkeeping(folder)],
    )
    history = fit(trainer, options, folder, batches, DataLoader(test, batch_size=256))
    history.plot(folder / "history.png")
    ek.save(model.state_dict(), folder / "weights.safetensors")
    return model


def _restore(model: AutoEncoder, images: np.ndarray, *, shuffled: bool = False) -> np.ndarray:
    """Encode and decode digits; shuffled, each with the positions of the one before it."""
    parts = []
    with ek.no_grad():
        for (batch,) in DataLoader(ArrayDataset(images), batch_size=256):
            code, (first, second) = model.encoder(batch)
            if shuffled:
                first, second = ek.roll(first, 1, 0), ek.roll(second, 1, 0)
            parts.append(model.decoder(code, (first, second)).numpy())
    return np.concatenate(parts)


def _report(answers: dict[str, np.ndarray], images: np.ndarray) -> None:
    errors = {name: float(np.mean((answer - images) ** 2)) for name, answer in answers.items()}
    worst = errors["mean digit"]
    width = max(map(len, errors))
    print(f"mean square error on {len(images)} held-out digits")
    for name, error in errors.items():
        print(f"  {name:{width}}  {error:.5f}  1/{worst / error:.1f} of the mean digit's")

"""LeNet-5 learns to read handwritten digits.

By default on the 1,797 scans of scikit-learn, enlarged to 32×32 pixels. A fixed quarter of each
class is held out; the training digits are turned, scaled and shifted a little, anew in every epoch.
A second training takes the scans in file order, so that it is tested on writers whom it has never
seen. The network has ReLU and max pooling in place of the tanh and the average pooling of 1998,
which --original brings back.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import ArrayDataset, DataLoader, RandomAffine
from einkorn.metrics import accuracy, confusion_matrix
from einkorn.models import LeNet5, lenet5
from einkorn.runs import _digits, _options
from einkorn.runs._training import bookkeeping, fit
from einkorn.train import Schedule, Trainer, plot_confusion_matrix, plot_images

BATCH_SIZE = 32
PEAK_RATE = 2e-3

#: Digits on the sheet.
SHEET = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--data`` and ``--original``."""
    parser.set_defaults(epochs=30)
    _digits.add_data_argument(parser)
    parser.add_argument(
        "--original", action="store_true", help="tanh and average pooling, as in 1998"
    )


def main(options: argparse.Namespace) -> None:
    """Train, print the test accuracy, draw what was misread."""
    out = _options.begin(options)
    train, test = _digits.held_out_quarter(options.data)
    share = _train(options, out, train, test)
    print(f"test accuracy {100 * share:.2f} % on {len(test)} held-out digits")
    if options.data is None:
        train, test = _digits.unseen_writers()
        share = _train(options, out / "unseen-writers", train, test)
        print(f"test accuracy {100 * share:.2f} % on {len(test)} digits of writers never seen")
    print(f"pictures, history and weights are in {out}")


def _train(
    options: argparse.Namespace, folder: Path, train: ArrayDataset, test: ArrayDataset
) -> float:
    """Train and save a model; give the share of the test digits that it reads."""
    ek.manual_seed(options.seed)
    augment = RandomAffine(degrees=12, shift=2.5, scale=(0.85, 1.15))
    batches = DataLoader(train, BATCH_SIZE, shuffle=True, seed=options.seed, transform=augment)
    model = _build(classes=int(train.arrays[1].max()) + 1, original=options.original)
    optimizer = optim.Adam(model.parameters(), lr=PEAK_RATE)
    schedule = optim.lr_scheduler.OneCycleLR(
        optimizer, PEAK_RATE, total_steps=options.epochs * len(batches)
    )
    trainer = Trainer(
        model,
        nn.functional.cross_entropy,
        optimizer,
        metrics={"accuracy": accuracy},
        callbacks=[Schedule(schedule, per="step"), *bookkeeping(folder)],
    )
    history = fit(trainer, options, folder, batches, DataLoader(test, batch_size=256))
    ek.save(model.state_dict(), folder / "weights.safetensors")
    history.plot(folder / "history.png")
    images, labels = test[:]
    scores = trainer.predict(images)
    plot_confusion_matrix(confusion_matrix(scores, labels), folder / "confusion.png")
    _draw_misread(images, labels, scores, folder / "misread.png")
    return accuracy(scores, labels)


def _build(classes: int, original: bool) -> LeNet5:
    if original:
        return lenet5(classes)
    return lenet5(classes, activation=nn.ReLU, pooling="max")


def _draw_misread(images: np.ndarray, labels: np.ndarray, scores: np.ndarray, path: Path) -> None:
    """Draw the misread digits, worst first; where there are few, the narrowest decisions too."""
    rows = np.arange(len(labels))
    rivals = scores.copy()
    rivals[rows, labels] = -np.inf
    lead = scores[rows, labels] - rivals.max(axis=1)
    hardest = np.argsort(lead, kind="stable")[:SHEET]
    read = scores.argmax(axis=1)
    plot_images(
        images[hardest],
        path,
        captions=[
            f"{labels[i]}, not {rivals[i].argmax()}" if read[i] == labels[i]
            else f"{labels[i]} read as {read[i]}"
            for i in hardest
        ],
        title=f"{np.sum(read != labels)} of {len(labels)} misread; the hardest",
    )  # fmt: skip

"""One epoch of training against scikit-learn's estimators: equal batches, equal optimiser."""

import warnings

import numpy as np

import einkorn as ek
from einkorn import nn, optim
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.families import boltzmann
from einkorn.benchmark.peers import INSTALLED

KINDS = {"mlp_epoch": ("epoch",), "rbm_epoch": ("epoch",)}
RATE = 1e-3


def cost(shape, direction):
    if shape.kind == "rbm_epoch":
        return boltzmann.cost(shape)
    samples, inputs, hidden, classes = (shape.get(key) for key in SIZES)
    # Forward, and the gradients with respect to weights and, but for the first layer, inputs.
    return Cost(2 * samples * hidden * (2 * inputs + 3 * classes), 4 * samples * inputs)


SIZES = ("samples", "inputs", "hidden", "classes")


def build(shape):
    if shape.kind == "rbm_epoch":
        return {"epoch": boltzmann.build(shape)}
    samples, inputs, hidden, classes = (shape.get(key) for key in SIZES)
    source = np.random.default_rng(0)
    x = source.random((samples, inputs), np.float32)
    target = source.integers(0, classes, samples)
    bound = inputs**-0.5
    weights = [
        source.uniform(-bound, bound, size).astype(np.float32)
        for size in ((hidden, inputs), (hidden,), (classes, hidden), (classes,))
    ]
    batch = shape.get("batch")
    run = {"einkorn": einkorn_epoch(weights, x, target, batch)}
    if "sklearn" in INSTALLED:
        run["sklearn"] = sklearn_epoch(weights, x, target, batch)
    return {"epoch": run}


def einkorn_epoch(weights, x, target, batch):
    (hidden, inputs), classes = weights[0].shape, len(weights[3])
    model = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes))
    names = ("0.weight", "0.bias", "2.weight", "2.bias")
    model.load_state_dict(dict(zip(names, weights, strict=True)))

    def epoch():
        total = 0.0
        optimizer = optim.Adam(model.parameters(), lr=RATE)
        for start in range(0, len(x), batch):
            inputs = ek.as_tensor(x[start : start + batch])
            loss = nn.functional.cross_entropy(model(inputs), target[start : start + batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(inputs)
        return total / len(x)

    return epoch


def sklearn_epoch(weights, x, target, batch):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    # A warm start keeps the weights and makes the optimiser anew, once an epoch as above.
    model = MLPClassifier(
        hidden_layer_sizes=len(weights[0]),
        solver="adam",
        alpha=0.0,
        batch_size=batch,
        learning_rate_init=RATE,
        max_iter=1,
        shuffle=False,
        warm_start=True,
    )
    model.fit(x, target)
    for array, weight in zip(model.coefs_, weights[::2], strict=True):
        array[...] = weight.T
    for array, bias in zip(model.intercepts_, weights[1::2], strict=True):
        array[...] = bias

    def epoch():
        return model.fit(x, target).loss_

    return epoch

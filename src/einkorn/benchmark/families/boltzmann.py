"""An RBM's first epoch by persistent contrastive divergence, against scikit-learn's."""

import numpy as np

from einkorn import models, optim
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import INSTALLED

RATE = 0.05
#: The data are copies of so many patterns of even bits, each bit flipped with this chance.
PATTERNS, NOISE = 10, 0.05
#: The mean squared error that reconstruction by means must come below. Independent units of the
#: right shares of ones, all that biases can learn, leave about 0.22, and the noise alone 0.05.
LEARNED = 0.1
#: Samples by which that is judged.
JUDGED = 500

SIZES = ("samples", "inputs", "hidden", "batch")


def cost(shape):
    samples, inputs, hidden, _ = (shape.get(key) for key in SIZES)
    # Hidden units of the data, visible and hidden ones of the chains; two products of both.
    return Cost(5 * 2 * samples * inputs * hidden, 4 * samples * inputs)


def build(shape):
    samples, inputs, hidden, batch = (shape.get(key) for key in SIZES)
    source = np.random.default_rng(0)
    patterns = source.random((PATTERNS, inputs)) < 0.5
    flipped = source.random((samples, inputs)) < NOISE
    x = (patterns[source.integers(0, PATTERNS, samples)] ^ flipped).astype(np.float32)
    run = {"einkorn": einkorn_epoch(x, hidden, batch)}
    if "sklearn" in INSTALLED:
        run["sklearn"] = sklearn_epoch(x, hidden, batch)
    return run


def judged_once(fit, x):
    """`fit` that answers, from its first call on, whether what it returned then had learned.

    It returns weight, visible and hidden biases, so that every library is judged by one formula.
    """
    answer: list[np.float64] = []

    def call():
        weight, visible, hidden = fit()
        if not answer:
            v = x[:JUDGED]
            h = 1 / (1 + np.exp(-(v @ weight.T + hidden)))
            error = np.mean((1 / (1 + np.exp(-(h @ weight + visible))) - v) ** 2)
            answer.append(np.float64(error < LEARNED))
        return answer[0]

    return call


def einkorn_epoch(x, hidden, batch):
    def fit():
        rbm = models.RBM(x.shape[1], hidden)
        estimate = models.ContrastiveDivergence(rbm, persistent=True)
        optimizer = optim.SGD(rbm.parameters(), lr=RATE)
        for start in range(0, len(x), batch):
            estimate(x[start : start + batch])
            optimizer.step()
        return (p.numpy(force=True) for p in (rbm.weight, rbm.visible_bias, rbm.hidden_bias))

    return judged_once(fit, x)


def sklearn_epoch(x, hidden, batch):
    from sklearn.neural_network import BernoulliRBM

    def fit():
        # A fit starts anew, as the other does, and keeps float32; its `partial_fit` does not.
        rbm = BernoulliRBM(hidden, learning_rate=RATE, batch_size=batch, n_iter=1)
        rbm.fit(x)
        return rbm.components_, rbm.intercept_visible_, rbm.intercept_hidden_

    return judged_once(fit, x)

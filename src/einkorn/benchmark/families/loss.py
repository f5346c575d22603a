"""Losses, forward and backward together, as layers of both libraries compute them."""

import numpy as np

import einkorn
from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.peers import as_torch, only_available, random_arrays, torch

KINDS = dict.fromkeys(("cross_entropy", "ctc_loss"), ("forward and gradient",))


def cost(shape, direction):
    # The loss reads the logits; its gradient reads them again, and is written.
    return Cost(0, 3 * 4 * shape.get("n") * shape.get("c") * shape.get("t", 1))


def numpy_cross_entropy_grad(logits, target):
    rows = np.arange(len(target))
    shifted = logits - logits.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    grad = e / e.sum(axis=1, keepdims=True)
    -np.log(grad[rows, target]).mean()
    grad[rows, target] -= 1
    return grad / np.float32(len(target))


def build(shape):
    return build_ctc(shape) if shape.kind == "ctc_loss" else build_cross_entropy(shape)


def build_ctc(shape):
    steps, n, c, labels = (shape.get(key) for key in "tncl")
    (scores,) = random_arrays((steps, n, c))
    log_probs = kernels.log_softmax(scores)
    rng = np.random.default_rng(1)
    targets = rng.integers(1, c, (n, labels))
    lengths = np.full(n, steps), np.full(n, labels)
    x = einkorn.tensor(log_probs, requires_grad=True)
    tx, ttargets, *tlengths = as_torch(log_probs.copy(), targets, *lengths)
    if torch is not None:
        tx.requires_grad_()

    def ours():
        x.grad = None
        einkorn.nn.functional.ctc_loss(x, targets, *lengths).backward()
        assert x.grad is not None
        return x.grad.numpy()

    def peer():
        tx.grad = None
        torch.nn.functional.ctc_loss(tx, ttargets, *tlengths).backward()
        return tx.grad

    return {"forward and gradient": only_available({"einkorn": ours, "torch": peer})}


def build_cross_entropy(shape):
    n, c = shape.get("n"), shape.get("c")
    (logits,) = random_arrays((n, c))
    target = np.random.default_rng(1).integers(0, c, n)
    x, classes = einkorn.tensor(logits, requires_grad=True), einkorn.tensor(target)
    tlogits, ttarget = as_torch(logits.copy(), target)
    if torch is not None:
        tlogits.requires_grad_()

    def ours():
        x.grad = None
        einkorn.nn.functional.cross_entropy(x, classes).backward()
        assert x.grad is not None
        return x.grad.numpy()

    def peer():
        tlogits.grad = None
        torch.nn.functional.cross_entropy(tlogits, ttarget).backward()
        return tlogits.grad

    return {
        "forward and gradient": only_available(
            {
                "einkorn": ours,
                "numpy": lambda: numpy_cross_entropy_grad(logits, target),
                "torch": peer,
            }
        )
    }

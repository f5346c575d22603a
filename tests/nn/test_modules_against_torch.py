"""Modules without parameters give what PyTorch's of the same name give, and their gradients."""

import numpy as np
import pytest

from einkorn import nn
from einkorn.autograd import as_tensor

torch = pytest.importorskip("torch")

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.standard_normal(shape)


SIGNS = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
TRIPLE = (normal(5, 4), normal(5, 4), normal(5, 4))
REDUCTIONS = ("mean", "sum", "none")

# How many inputs are differentiated, where it is not the first alone.
SEVERAL = {
    "CosineSimilarity": 2,
    "PairwiseDistance": 2,
    "CosineEmbeddingLoss": 2,
    "MarginRankingLoss": 2,
    "TripletMarginLoss": 3,
    "TripletMarginWithDistanceLoss": 3,
    "GaussianNLLLoss": 2,
}

CASES = [
    # PyTorch's gradient divides by 6 in float32.
    ("Hardsigmoid", {}, (normal(5, 6),)),
    ("CosineSimilarity", {"dim": 0}, TRIPLE[:2]),
    ("PairwiseDistance", {"p": 1.5, "keepdim": True}, TRIPLE[:2]),
    *(
        (name, {**options, "reduction": how}, inputs)
        for how in REDUCTIONS
        for name, options, inputs in (
            ("CosineEmbeddingLoss", {"margin": 0.2}, (*TRIPLE[:2], SIGNS)),
            ("HingeEmbeddingLoss", {"margin": 0.5}, (normal(5), SIGNS)),
            ("KLDivLoss", {}, (normal(5, 3), rng.random((5, 3)))),
            ("KLDivLoss", {"log_target": True}, (normal(5, 3), normal(5, 3))),
            ("MarginRankingLoss", {"margin": 0.1}, (normal(5), normal(5), SIGNS)),
            ("MultiLabelMarginLoss", {}, (normal(2, 4), np.array([[3, 0, -1, 1], [1, 2, 0, 3]]))),
            ("MultiLabelSoftMarginLoss", {}, (normal(2, 4), rng.integers(0, 2, (2, 4)) * 1.0)),
            ("MultiMarginLoss", {"p": 2, "margin": 0.5}, (normal(3, 4), np.array([0, 3, 1]))),
            ("SoftMarginLoss", {}, (normal(5), SIGNS)),
            ("TripletMarginLoss", {"swap": True}, TRIPLE),
            ("TripletMarginWithDistanceLoss", {"margin": 0.3}, TRIPLE),
            ("PoissonNLLLoss", {"full": True}, (normal(5), np.arange(5.0))),
            ("GaussianNLLLoss", {"full": True}, (normal(5, 2), normal(5, 2), rng.random((5, 2)))),
        )
    ),
    ("KLDivLoss", {"reduction": "batchmean"}, (normal(5, 3), rng.random((5, 3)))),
    *(
        (
            f"{kind}Pad{dims}d",
            {"padding": padding, **options},
            (normal(*batch, *(4, 5, 6)[-dims:]),),
        )
        for kind, options in (
            ("Zero", {}), ("Constant", {"value": 1.5}), ("Reflection", {}), ("Replication", {}),
            ("Circular", {}),
        )
        for dims in (1, 2, 3)
        for padding in (1, (2, 1, 0, 3, 1, 1)[: 2 * dims])
        for batch in ((2, 3), (3,))
        if (kind, len(batch)) != ("Circular", 1) or dims == 1
    ),
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("name", "options", "inputs"), CASES, ids=lambda v: str(v)[:60])
def test_equals_pytorch(name, options, inputs, dtype):
    arrays = [a.astype(dtype) if a.dtype.kind == "f" else a for a in inputs]
    ours = [as_tensor(a.copy()) for a in arrays]
    theirs = [torch.tensor(a) for a in arrays]
    for tensor in (*ours[: SEVERAL.get(name, 1)], *theirs[: SEVERAL.get(name, 1)]):
        tensor.requires_grad_()
    result = getattr(nn, name)(**options)(*ours)
    expected = getattr(torch.nn, name)(**options)(*theirs)
    tolerance = {"rtol": 1e-7} if dtype is np.float64 else {"rtol": 2e-4, "atol": 2e-5}
    np.testing.assert_allclose(result.detach().numpy(), expected.detach().numpy(), **tolerance)
    weights = np.random.default_rng(1).standard_normal(result.shape).astype(dtype)
    (result * as_tensor(weights)).sum().backward()
    (expected * torch.tensor(weights)).sum().backward()
    for our, their in zip(ours, theirs, strict=True):
        if our.requires_grad:
            np.testing.assert_allclose(our.grad.numpy(), their.grad.numpy(), **tolerance)


@pytest.mark.parametrize(
    ("name", "options", "inputs", "error"),
    [
        ("TripletMarginLoss", {"margin": 0}, TRIPLE, "margin"),
        ("MultiMarginLoss", {"p": 3}, (normal(3, 4), np.array([0, 3, 1])), "p:"),
        ("MultiMarginLoss", {}, (normal(3, 4), np.array([0, 3])), "target"),
        ("MultiMarginLoss", {}, (normal(3, 4), np.array([0, 3, 4])), "index|out of"),
        ("MultiLabelMarginLoss", {}, (normal(4), np.array([0, 4, 1, -1])), "target"),
        ("MultiLabelMarginLoss", {}, (normal(4), np.array([0, -2, 1, -1])), "target"),
        ("GaussianNLLLoss", {}, (normal(4), normal(4), -np.ones(4)), "var"),
        ("CosineEmbeddingLoss", {}, (*TRIPLE[:2], np.ones((5, 1))), "target"),
        ("ZeroPad2d", {"padding": (1, 2)}, (normal(2, 2, 2),), "padding"),
        ("ZeroPad2d", {"padding": 1}, (normal(2, 2),), "input"),
        ("ReflectionPad1d", {"padding": 4}, (normal(2, 4),), "pad"),
    ],
    ids=lambda v: str(v)[:40],
)
def test_bad_input_is_named(name, options, inputs, error):
    with pytest.raises((ValueError, IndexError, RuntimeError), match=error):
        getattr(nn, name)(**options)(*[as_tensor(a) for a in inputs])

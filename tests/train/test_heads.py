from __future__ import annotations

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn, optim
from einkorn.data import ArrayDataset, DataLoader
from einkorn.metrics import accuracy
from einkorn.train import MultiTaskLoss, Trainer

F = nn.functional


class TwoHeads(nn.Module):
    """Two inputs, a trunk, two heads."""

    def __init__(self, named: bool) -> None:
        super().__init__()
        self.named = named
        self.left, self.right = nn.Linear(3, 8), nn.Linear(2, 8)
        self.kind, self.size = nn.Linear(8, 3), nn.Linear(8, 1)

    def forward(self, left: ek.Tensor, right: ek.Tensor) -> object:
        trunk = (self.left(left) + self.right(right)).tanh()
        kind, size = self.kind(trunk), self.size(trunk)
        return {"kind": kind, "size": size} if self.named else (kind, size)


RNG = np.random.default_rng(0)
LEFT = RNG.normal(size=(60, 3)).astype(np.float32)
RIGHT = RNG.normal(size=(60, 2)).astype(np.float32)
KIND = LEFT.argmax(1)
SIZE = RIGHT.sum(1, keepdims=True)
NAMED = ArrayDataset({"right": RIGHT, "left": LEFT}, {"size": SIZE, "kind": KIND})
ORDERED = ArrayDataset((LEFT, RIGHT), (KIND, SIZE))


def trainer(named: bool, **settings: object) -> Trainer:
    ek.manual_seed(0)
    model = TwoHeads(named)
    losses = {"kind": F.cross_entropy, "size": F.mse_loss}
    weights = {"size": 0.5}
    return Trainer(
        model,
        losses if named else tuple(losses.values()),
        optim.Adam(model.parameters(), lr=0.02),
        metrics={"kind" if named else "0": {"accuracy": accuracy}},
        loss_weights=weights if named else (1, 0.5),
        **settings,
    )


def test_named_and_ordered_heads_train_alike() -> None:
    rows = []
    for named, dataset in ((True, NAMED), (False, ORDERED)):
        loader = DataLoader(dataset, 16, shuffle=True, seed=0)
        history = trainer(named).fit(loader, DataLoader(dataset, 7), epochs=40)
        rows.append([value for name, value in history.rows[-1].items() if name != "seconds"])
    assert rows[0] == rows[1]
    last = history.rows[-1]
    assert last["valid_0_accuracy"] > 0.9 and last["valid_1_loss"] < 0.1
    assert last["loss"] == pytest.approx(last["0_loss"] + 0.5 * last["1_loss"], rel=1e-5)
    named_columns = ["epoch", "loss", "kind_loss", "size_loss", "kind_accuracy"]
    one = trainer(True).fit(DataLoader(NAMED, 60), epochs=1)
    assert one.columns == [*named_columns, "lr", "seconds"]


def test_gradients_are_those_of_the_weighted_sum() -> None:
    both = trainer(True)
    (x, t) = NAMED[:]
    both.step((x, t)).loss.backward()
    found = [np.array(p.grad) for p in both.model.parameters()]
    both.optimizer.zero_grad()
    output = both.model(**x)
    F.cross_entropy(output["kind"], KIND).backward()
    (0.5 * F.mse_loss(both.model(**x)["size"], ek.tensor(SIZE))).backward()
    for gradient, parameter in zip(found, both.model.parameters(), strict=True):
        np.testing.assert_allclose(gradient, parameter.grad, rtol=1e-5, atol=1e-7)


def test_predictions_keep_the_heads() -> None:
    named, ordered = trainer(True), trainer(False)
    x, _ = NAMED[:]
    whole = named.predict(x, batch_size=13)
    assert whole["kind"].shape == (60, 3) and whole["size"].shape == (60, 1)
    kind, size = ordered.predict(DataLoader(ORDERED, 13))
    np.testing.assert_array_equal(kind, whole["kind"])
    np.testing.assert_array_equal(size, whole["size"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MultiTaskLoss({}), "losses: expected at least one"),
        (lambda: MultiTaskLoss({"a": F.mse_loss}, {"b": 1.0}), r"weights: expected those of \['a'"),
        (lambda: MultiTaskLoss([F.mse_loss] * 2, [1.0]), "weights: expected those of"),
        (lambda: MultiTaskLoss([F.mse_loss])({"a": 1}, [1]), r"output: expected heads \['0'\]"),
        (lambda: MultiTaskLoss([F.mse_loss])([1], KIND), "target: expected heads .* got ndarray"),
        (lambda: Trainer(nn.Linear(1, 1), F.mse_loss, None, loss_weights=[1]), "loss_weights: "),
    ],
)
def test_heads_must_fit(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_metrics_of_a_head_that_is_not_there() -> None:
    wrong = trainer(True)
    wrong.metrics = Trainer(
        wrong.model, F.mse_loss, wrong.optimizer, metrics={"shape": {"accuracy": accuracy}}
    ).metrics
    with pytest.raises(ValueError, match=r"there is no head 'shape', only \['kind', 'size'\]"):
        wrong.evaluate(DataLoader(NAMED, 60))

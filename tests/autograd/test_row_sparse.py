"""Sparse gradients of tables: what they are, and how backward adds them up."""

import copy
import pickle

import numpy as np
import pytest

import einkorn as ek
from einkorn import nn
from einkorn.autograd import RowSparseTensor, grad
from einkorn.nn import functional as F
from einkorn.train.checkpoint import load_state, save_state

INDEX = np.array([3, 1, 3])


def table():
    return nn.Parameter(np.arange(10.0).reshape(5, 2))


def looked_up(weight, index=INDEX, sparse=True, **options):
    return F.embedding(index, weight, sparse=sparse, **options)


def dense_gradient(loss):
    """What the loss's gradient is without sparse ones."""
    weight = table()
    loss(weight, False).backward()
    return weight.grad.numpy()


def assert_equals_dense(loss):
    weight = table()
    loss(weight, True).backward()
    np.testing.assert_allclose(weight.grad.to_dense().numpy(), dense_gradient(loss))
    return weight.grad


def test_rows_and_values_as_pytorch_names_them():
    gradient = RowSparseTensor([3, 1, 3], np.array([[1.0], [2.0], [4.0]]), (5, 1))
    assert (gradient.is_sparse, gradient.is_coalesced(), gradient._nnz()) == (True, False, 3)
    assert (gradient.shape, gradient.ndim, gradient.dtype) == ((5, 1), 2, np.float64)
    assert (gradient.sparse_dim(), gradient.dense_dim(), gradient.numel()) == (1, 1, 5)
    whole = gradient.coalesce()
    assert whole.is_coalesced()
    assert whole.coalesce() is whole
    assert whole.indices().tolist() == [[1, 3]]
    assert whole.values().tolist() == [[2.0], [5.0]]
    assert gradient.to_dense().tolist() == [[0], [2], [0], [5], [0]]
    assert gradient._indices().tolist() == [[3, 1, 3]]
    assert (-gradient * 2 / 4).to_dense().tolist() == [[0], [-1], [0], [-2.5], [0]]
    assert gradient.to(np.float32).dtype == np.float32


def test_values_of_an_uncoalesced_tensor_are_refused():
    gradient = RowSparseTensor([3, 1, 3], np.ones((3, 1)), (5, 1))
    for wanted in ("indices", "values"):
        with pytest.raises(RuntimeError, match="call coalesce"):
            getattr(gradient, wanted)()


@pytest.mark.parametrize("bad", [-1, 5, 2**40])
def test_a_row_out_of_range_is_named(bad):
    with pytest.raises(IndexError, match=rf"rows: expected in \[0, 5\), got {bad}"):
        RowSparseTensor([0, bad], np.ones((2, 1)), (5, 1))


def test_values_of_another_shape_are_refused():
    with pytest.raises(ValueError, match="values: expected shape"):
        RowSparseTensor([0, 1], np.ones((2, 3)), (5, 1))


def test_no_array_is_made_by_accident():
    gradient = RowSparseTensor([0], np.ones((1, 1)), (5, 1))
    for use in (np.asarray, ek.as_tensor, ek.relu, RowSparseTensor.numpy):
        with pytest.raises(TypeError, match="to_dense"):
            use(gradient)


def test_copies_are_apart():
    gradient = RowSparseTensor([2, 2], np.ones((2, 1)), (5, 1))
    for twin in (copy.deepcopy(gradient), pickle.loads(pickle.dumps(gradient)), gradient.clone()):
        twin.zero_()
        assert twin._nnz() == 0
        assert gradient.to_dense().tolist() == [[0], [0], [2], [0], [0]]


@pytest.mark.parametrize("index", [INDEX, np.array(4), np.zeros((0, 2), int), INDEX[None, :, None]])
@pytest.mark.parametrize("options", [{}, {"padding_idx": 3}, {"scale_grad_by_freq": True}])
def test_embedding(index, options):
    gradient = assert_equals_dense(
        lambda w, sparse: (looked_up(w, index, sparse, **options) ** 2).sum()
    )
    assert gradient._nnz() <= index.size


def test_a_table_used_twice():
    gradient = assert_equals_dense(
        lambda w, sparse: (looked_up(w, INDEX, sparse) * looked_up(w, INDEX[::-1], sparse)).sum()
    )
    assert gradient.is_sparse


@pytest.mark.parametrize("dense_first", [False, True])
def test_sparse_and_dense_add_up_to_dense(dense_first):
    def loss(weight, sparse):
        uses = [looked_up(weight, INDEX, sparse).sum(), (weight**2).sum()]
        return sum(uses[::-1] if dense_first else uses, start=ek.tensor(0.0, dtype=np.float64))

    assert not assert_equals_dense_tensor(loss).is_sparse


def assert_equals_dense_tensor(loss):
    weight = table()
    loss(weight, True).backward()
    np.testing.assert_allclose(weight.grad.numpy(), dense_gradient(loss))
    return weight.grad


@pytest.mark.parametrize("sparse", [(True, True), (True, False), (False, True)])
def test_backward_twice_accumulates(sparse):
    weight = table()
    for kind in sparse:
        (looked_up(weight, INDEX, kind) ** 2).sum().backward()
    expected = 2 * dense_gradient(lambda w, kind: (looked_up(w, INDEX, kind) ** 2).sum())
    assert weight.grad.is_sparse == all(sparse)
    total = weight.grad.to_dense() if weight.grad.is_sparse else weight.grad
    np.testing.assert_allclose(total.numpy(), expected)


def test_accumulated_rows_never_exceed_the_table():
    weight = table()
    for _ in range(9):
        looked_up(weight).sum().backward()
    assert weight.grad._nnz() <= 5
    assert weight.grad.to_dense().numpy()[3, 0] == 18


def test_the_gradient_shares_no_memory_with_other_leaves():
    weight, other = table(), nn.Parameter(np.zeros((3, 2)))
    for _ in range(3):
        (looked_up(weight) + other).sum().backward()
    assert weight.grad.to_dense().numpy()[3].tolist() == [6, 6]
    assert other.grad.tolist() == [[3, 3]] * 3


def test_no_dense_gradient_is_made():
    import tracemalloc

    weight = nn.Parameter(np.zeros((200_000, 16), np.float32))
    tracemalloc.start()
    (looked_up(weight) ** 2).sum().backward()
    nn.utils.clip_grad_norm_([weight], 1e-3)
    optimizer = ek.optim.SGD([weight], lr=0.1, momentum=0.9)
    optimizer.step()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < weight.nbytes / 10


def test_hooks_see_the_whole_gradient_and_may_replace_it():
    weight, seen = table(), []
    weight.register_hook(lambda g: seen.append(g.coalesce().indices().tolist()))
    weight.register_hook(lambda g: g * 2)
    (looked_up(weight).sum() + looked_up(weight, np.array([0])).sum()).backward()
    assert seen == [[[0, 1, 3]]]
    assert weight.grad.to_dense().numpy()[:, 0].tolist() == [2, 2, 0, 4, 0]
    weight = table()
    weight.register_hook(lambda g: g.to_dense())
    looked_up(weight).sum().backward()
    assert weight.grad.numpy()[:, 0].tolist() == [0, 1, 0, 2, 0]


def test_a_hook_cannot_make_a_dense_gradient_sparse():
    weight = table()
    weight.register_hook(lambda g: RowSparseTensor([0], np.ones((1, 2)), (5, 2)))
    with pytest.raises(RuntimeError, match="hook: expected"):
        (weight**2).sum().backward()


def test_grad_returns_it():
    weight = table()
    (found,) = grad(looked_up(weight).sum(), weight)
    assert found.is_sparse
    assert weight.grad is None
    both = looked_up(weight).sum() + (weight * 3).sum()
    (found,) = grad(both, weight)
    assert found.numpy()[:, 0].tolist() == [3, 4, 3, 5, 3]
    looked_up(weight).sum().backward(inputs=[weight])
    assert weight.grad.is_sparse


def test_an_operator_before_the_table_gets_a_dense_gradient():
    weight = table()
    looked_up(weight * 2).sum().backward()
    assert weight.grad.numpy()[:, 0].tolist() == [0, 2, 0, 4, 0]


@pytest.mark.parametrize("bag", [False, True])
def test_create_graph_says_what_to_do(bag):
    weight = table()
    y = F.embedding_bag(INDEX[None], weight, sparse=True) if bag else looked_up(weight)
    with pytest.raises(RuntimeError, match="use sparse=False"):
        grad(y.sum(), weight, create_graph=True)


def test_zero_grad():
    layer = nn.Embedding(5, 2, sparse=True)
    layer(INDEX).sum().backward()
    layer.zero_grad(set_to_none=False)
    assert (layer.weight.grad.is_sparse, layer.weight.grad._nnz()) == (True, 0)
    layer(INDEX).sum().backward()
    assert layer.weight.grad.to_dense().numpy()[3, 0] == 2
    layer.zero_grad()
    assert layer.weight.grad is None


@pytest.mark.parametrize("order", [1, 2, float("inf")])
def test_clipping(order):
    def clipped(sparse):
        weight, other = table(), nn.Parameter(np.ones(3))
        ((looked_up(weight, INDEX, sparse) ** 2).sum() + other.sum()).backward()
        norm = nn.utils.clip_grad_norm_([weight, other], 0.5, order)
        nn.utils.clip_grad_value_([weight, other], 0.2)
        gradient = weight.grad.to_dense() if sparse else weight.grad
        return norm.numpy(), gradient.numpy(), other.grad.numpy()

    for ours, expected in zip(clipped(True), clipped(False), strict=True):
        np.testing.assert_allclose(ours, expected)


def test_conversion_takes_the_gradient_along():
    layer = nn.Embedding(5, 2, sparse=True)
    layer(INDEX).sum().backward()
    layer.double()
    assert (layer.weight.grad.dtype, layer.weight.grad.is_sparse) == (np.float64, True)


def test_anomaly_detection_looks_inside():
    weight = nn.Parameter(np.array([[np.nan], [1.0]]))
    with ek.autograd.detect_anomaly(), pytest.raises(RuntimeError, match="made nan"):
        (looked_up(weight, np.array([0]), padding_idx=None) * 0).log().sum().backward()


def test_it_survives_a_file(tmp_path):
    gradient = RowSparseTensor([3, 1, 3], np.array([[1.0], [2.0], [4.0]]), (5, 1))
    save_state({"buffer": gradient}, tmp_path / "state.safetensors")
    loaded = load_state(tmp_path / "state.safetensors")["buffer"]
    assert isinstance(loaded, RowSparseTensor)
    np.testing.assert_array_equal(loaded.to_dense().numpy(), gradient.to_dense().numpy())


def test_a_dense_tensor_says_that_it_is_none():
    assert not table().is_sparse

"""Transformers, beyond what PyTorch's samples show."""

import numpy as np
import pytest

from einkorn import nn


def test_layers_of_a_stack_are_independent_copies():
    layer = nn.TransformerEncoderLayer(4, 2, 8)
    first, second = nn.TransformerEncoder(layer, 2).layers
    np.testing.assert_array_equal(first.linear1.weight.numpy(), second.linear1.weight.numpy())
    first.linear1.weight.numpy()[...] = 7.0
    assert not (second.linear1.weight.numpy() == 7.0).any()
    assert not (layer.linear1.weight.numpy() == 7.0).any()


def test_causal_mask_hides_what_comes_later():
    model = nn.Transformer(4, 2, 1, 1, 8).eval()
    mask = nn.Transformer.generate_square_subsequent_mask(3)
    source = np.random.default_rng(0)
    src, tgt = source.normal(size=(5, 2, 4)), source.normal(size=(3, 2, 4))
    before = model(src, tgt, tgt_mask=mask).numpy()
    tgt[2] += 1.0
    after = model(src, tgt, tgt_mask=mask).numpy()
    np.testing.assert_array_equal(before[:2], after[:2])
    assert (before[2] != after[2]).any()


@pytest.mark.parametrize("norm_first", [False, True])
@pytest.mark.parametrize("batch_first", [False, True])
def test_whole_model_agrees_with_torch(norm_first, batch_first):
    torch = pytest.importorskip("torch")
    options = {"dropout": 0.0, "norm_first": norm_first, "batch_first": batch_first}
    theirs = torch.nn.Transformer(8, 2, 2, 2, 16, **options).double()
    ours = nn.Transformer(8, 2, 2, 2, 16, **options).double()
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    ours.load_state_dict({name: value.numpy() for name, value in state.items()})
    source = np.random.default_rng(1)
    src, tgt = source.normal(size=(4, 4, 8)), source.normal(size=(4, 4, 8))
    expected = theirs(torch.tensor(src), torch.tensor(tgt))
    actual = ours(src, tgt)
    np.testing.assert_allclose(actual.detach().numpy(), expected.detach().numpy(), 1e-9, 1e-11)
    (expected**2).sum().backward()
    (actual**2).sum().backward()
    for (name, x), y in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), 1e-6, 1e-9, err_msg=name)


def test_bad_arguments_are_refused():
    with pytest.raises(RuntimeError, match="activation must be"):
        nn.TransformerEncoderLayer(4, 2, 8, activation="tanh")
    model = nn.Transformer(4, 2, 1, 1, 8)
    with pytest.raises(RuntimeError, match="one batch"):
        model(np.zeros((5, 2, 4)), np.zeros((5, 3, 4)))
    with pytest.raises(RuntimeError, match="width of 4"):
        model(np.zeros((5, 2, 4)), np.zeros((5, 2, 6)))

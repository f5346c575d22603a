"""The namesake rule: what bears a PyTorch name takes PyTorch's arguments, in order."""

import inspect
import re

import pytest

from einkorn import nn, optim
from einkorn.nn import functional, init, utils
from einkorn.nn.utils import rnn
from einkorn.optim import lr_scheduler

torch = pytest.importorskip("torch")
torch_prune = pytest.importorskip("torch.nn.utils.prune")

OWN = {"generator"}  # keyword-only and last
# What PyTorch lacks.
OURS = {
    *("DropConnect", "DropPath", "Highway", "Maxout"),
    *("GRUVariant", "GRUVariantCell", "LSTMVariant", "LSTMVariantCell", "LearnedState"),
    *("BahdanauAttention", "FeedForwardAttention", "LuongAttention"),
    *("CapsuleMarginLoss", "Capsules", "EchoState", "Squash"),
    *("BoldDriver", "DeltaBarDelta", "HessianFree"),
    "max_norm_",
}
NOT_TAKEN = {("normalize", "out"), ("LSTM", "mode"), ("GRU", "mode"), ("GRU", "proj_size")}
# PyTorch's wrappers of compiled functions show None for what those then require.
DIFFERENT_DEFAULTS = {
    ("max_unpool2d", "kernel_size"),
    ("max_unpool2d", "padding"),
    ("adaptive_avg_pool2d", "output_size"),
}


def documented_rnn(
    *,
    input_size,
    hidden_size,
    num_layers=1,
    nonlinearity="tanh",
    bias=True,
    batch_first=False,
    dropout=0.0,
    bidirectional=False,
    device=None,
    dtype=None,
):
    """The arguments that the text of torch.nn.RNN lists; its signature is an overload's."""


# These take anything and hand it on to those.
BEHIND = {
    "GRU": torch.nn.RNNBase,
    "RNN": documented_rnn,
    "LSTM": torch.nn.RNNBase,
    **{
        name: getattr(torch.nn.functional, f"{name}_with_indices")
        for name in (
            *(f"{kind}_pool{dims}d" for kind in ("max", "adaptive_max") for dims in (1, 2, 3)),
            *("fractional_max_pool2d", "fractional_max_pool3d"),
        )
    },
}
UNDESCRIBED = {
    "Identity",
    "LogSigmoid",
    "Module",
    "Sequential",
    "Sigmoid",
    "Softmax2d",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "cached",
    "global_unstructured",
    "skip_init",
}


# Of these users ask whether something is one; what makes them is each library's own affair.
BASES = {"RNNBase", "RNNCellBase"}


def is_shared(name):
    return name[0].isupper() and name not in OURS | BASES


PAIRS = [
    *((getattr(nn, n), getattr(torch.nn, n), n) for n in nn.__all__ if is_shared(n)),
    *((getattr(functional, n), getattr(torch.nn.functional, n), n) for n in functional.__all__),
    *((getattr(init, n), getattr(torch.nn.init, n), n) for n in init.__all__),
    *(
        (getattr(home, n), getattr(theirs, n), n)
        for home, theirs in (
            (utils, torch.nn.utils),
            (utils.parametrizations, torch.nn.utils.parametrizations),
            (utils.parametrize, torch.nn.utils.parametrize),
            (utils.prune, torch_prune),
        )
        for n in home.__all__
        # global_unstructured is told these two, which PyTorch's users do not make.
        if n not in {*OURS, "L1Unstructured", "RandomUnstructured"} and callable(getattr(home, n))
    ),
    *((getattr(optim, n), getattr(torch.optim, n), n) for n in optim.__all__ if is_shared(n)),
    *(
        (getattr(rnn, n), getattr(torch.nn.utils.rnn, n), n)
        for n in rnn.__all__
        if n != "PackedSequence"
    ),
    *(
        (getattr(lr_scheduler, n), getattr(torch.optim.lr_scheduler, n), n)
        for n in lr_scheduler.__all__
        if is_shared(n)
    ),
]


def arguments(function):
    """Return names and defaults; defaults are None of functions that only their text describes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        listing = re.search(r"\w+\((.*?)\) ?->", function.__doc__, re.DOTALL).group(1)
        names = (part.split("=")[0].strip() for part in listing.split(","))
        return {name: None for name in names if name.isidentifier()}
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return {}
    return {p.name: p.default for p in parameters}


def equal(first, second):
    if inspect.isfunction(first) and inspect.isfunction(second):
        # A namesake stands for a namesake, as relu does in Transformer.
        return first.__name__ == second.__name__
    return first is second or first == second


@pytest.mark.parametrize("name", sorted(OURS))
def test_names_of_our_own_are_not_pytorch_s(name):
    assert name in {*nn.__all__, *utils.__all__, *optim.__all__, *lr_scheduler.__all__}
    for home in (torch.nn, torch.nn.utils, torch.optim, torch.optim.lr_scheduler):
        assert not hasattr(home, name)


@pytest.mark.parametrize(("ours", "theirs", "name"), PAIRS, ids=[pair[2] for pair in PAIRS])
def test_arguments_are_pytorch_s(ours, theirs, name):
    expected = arguments(BEHIND.get(name, theirs))
    expected = {n: d for n, d in expected.items() if (name, n) not in NOT_TAKEN}
    actual = {n: d for n, d in arguments(ours).items() if n in expected or n not in OWN}
    if not expected:
        assert name in UNDESCRIBED
        return
    assert list(actual) == list(expected)
    if isinstance(theirs, type) or inspect.isfunction(theirs):
        for argument, default in expected.items():
            if (name, argument) not in DIFFERENT_DEFAULTS:
                assert equal(actual[argument], default), argument

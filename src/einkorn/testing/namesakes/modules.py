"""Modules on the samples of ``module_db``: state, results, gradients, errors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import einkorn as ek
from einkorn.testing.namesakes import database
from einkorn.testing.namesakes.compare import (
    assert_alike,
    assert_gradients_alike,
    assert_refused,
    assert_results_alike,
    converted,
)
from einkorn.testing.namesakes.convert import numpy_dtype
from einkorn.testing.namesakes.report import Trial, spread

__all__ = ["names", "trials"]


@cache
def _database() -> dict[str, Any]:
    found = {f"nn.{info.module_cls.__name__}": info for info in database.modules()}
    return {name: info for name, info in found.items() if hasattr(ek.nn, name[3:])}


def names() -> list[str]:
    """Return the namesakes: the modules of PyTorch's database that einkorn has."""
    return sorted(_database())


def trials(name: str, limit: int | None = None) -> Iterator[Trial]:
    """Return the comparisons of a module; parameters as those of `functions.trials`."""
    import torch

    info = _database()[name]
    for dtype in (torch.float32, torch.float64):
        for training in (True, False) if info.train_and_eval_differ else (True,):
            torch.manual_seed(0)
            made = info.module_inputs_func(
                info, device="cpu", dtype=dtype, requires_grad=True, training=training
            )
            for number, sample in spread(made, limit):
                what = f"{str(dtype).removeprefix('torch.')}, sample {number}: {_text(sample)}"
                yield what, partial(_compare, info, sample, dtype, training)
    if info.module_error_inputs_func is not None:
        yield from _errors(info)


def _text(sample: Any) -> str:
    made = sample.constructor_input
    shapes = [getattr(x, "shape", x) for x in sample.forward_input.args]
    shapes = [tuple(shape) if hasattr(shape, "numel") else shape for shape in shapes]
    options = "".join(f", {name}={value}" for name, value in made.kwargs.items())
    return f"{made.args}{options}; called with {shapes}"[:160]


def _made(sample: Any, dtype: Any, info: Any) -> tuple[Any, Any]:
    """Return einkorn's and PyTorch's module, constructed alike."""
    constructor = sample.constructor_input
    (arguments, options), _ = converted(constructor.args, constructor.kwargs)
    theirs = info.module_cls(*constructor.args, **constructor.kwargs).to(dtype)
    ours = getattr(ek.nn, info.module_cls.__name__)(*arguments, **options)
    return ours.to(numpy_dtype(dtype)), theirs


def _compare(info: Any, sample: Any, dtype: Any, training: bool) -> None:
    ours, theirs = _made(sample, dtype, info)
    ours.train(training)
    theirs.train(training)
    forward = sample.forward_input
    (arguments, options), pairs = converted(forward.args, forward.kwargs)
    if info.is_lazy:
        theirs(*forward.args, **forward.kwargs)
        ours(*arguments, **options)
    state = theirs.state_dict()
    _assert_keys_alike(ours.state_dict(), state)
    ours.load_state_dict({name: value.numpy() for name, value in state.items()})
    expected = theirs(*forward.args, **forward.kwargs)
    actual = ours(*arguments, **options)
    assert_results_alike(actual, expected)
    parameters = dict(ours.named_parameters())
    pairs += [(x, parameters[name]) for name, x in theirs.named_parameters() if x.requires_grad]
    assert_gradients_alike(actual, expected, pairs)
    for name, value in ours.state_dict().items():
        assert_alike(value, theirs.state_dict()[name], f"afterwards, {name}")


def _assert_keys_alike(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert list(ours) == list(theirs), f"state_dict: keys {list(ours)}, not {list(theirs)}"
    for name, value in theirs.items():
        shape = ours[name].shape
        assert shape == tuple(value.shape), f"{name}: shape {shape}, not {tuple(value.shape)}"


def _errors(info: Any) -> Iterator[Trial]:
    import torch

    made = info.module_error_inputs_func(
        info, device="cpu", dtype=torch.float32, requires_grad=True, training=True
    )
    for number, error in enumerate(made):
        what = f"error {number}: {error.error_regex[:120]}"
        yield what, partial(_refuse, info, error)


def _refuse(info: Any, error: Any) -> None:
    import torch

    sample = error.module_error_input
    constructor = sample.constructor_input
    if error.error_on.name == "CONSTRUCTION_ERROR":
        (arguments, options), _ = converted(constructor.args, constructor.kwargs)
        assert_refused(getattr(ek.nn, info.module_cls.__name__), *arguments, **options)
        return
    ours, _ = _made(sample, torch.float32, info)
    forward = sample.forward_input
    (arguments, options), _ = converted(forward.args, forward.kwargs)
    assert_refused(ours, *arguments, **options)

"""Functions and methods of tensors, and ``nn.functional``, on the samples of ``op_db``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import numpy as np

import einkorn as ek
from einkorn.testing.namesakes import database
from einkorn.testing.namesakes.compare import (
    assert_gradients_alike,
    assert_refused,
    assert_results_alike,
    converted,
)
from einkorn.testing.namesakes.differences import Different, leave_out
from einkorn.testing.namesakes.report import Trial, spread

__all__ = ["names", "trials"]

_FUNCTIONAL = "nn.functional."
#: PyTorch's database gives these their arguments in another order than their signatures.
_REORDERED: dict[str, Callable[..., Any]] = {
    "einsum": lambda tensors, equation: ek.einsum(equation, tensors),
    "where": lambda x, condition, other: ek.where(condition, x, other),
    "nn.functional.embedding": lambda weight, idx, **options: ek.nn.functional.embedding(
        idx, weight, **options
    ),
    "nn.functional.embedding_bag": lambda weight, idx, **options: ek.nn.functional.embedding_bag(
        idx, weight, **options
    ),
    "normal.number_mean": lambda std, mean, *arguments, **options: ek.normal(
        mean, std, *arguments, **options
    ),
}
#: Of these only shape and dtype are compared: their values are random, or none in particular.
_RANDOM = {
    *("bernoulli", "empty", "empty_like", "empty_strided", "multinomial", "new_empty", "normal"),
    *("rand_like", "randint", "randint_like", "randn", "randn_like", "uniform", "exponential"),
    *("nn.functional.alpha_dropout", "nn.functional.dropout", "nn.functional.dropout2d"),
    *("nn.functional.dropout3d", "nn.functional.feature_alpha_dropout", "nn.functional.rrelu"),
    *("nn.functional.fractional_max_pool2d", "nn.functional.fractional_max_pool3d"),
}
#: PyTorch's database keeps samples from differentiation whose gradients are no limits of difference
#: quotients: of sparse gradients, of tables scaled in place.
_FIXED = {"nn.functional.embedding", "nn.functional.embedding_bag"}
#: Equal elements come in no particular order: position of the argument `dim`.
_UNORDERED = {"sort": 0, "argsort": 0, "topk": 1, "kthvalue": 1, "median": 0, "nanmedian": 0}
#: In-place methods that give a tensor another shape. Others that do so in PyTorch are left out.
_RESHAPING = {"squeeze", "swapaxes", "swapdims", "t", "transpose", "unsqueeze"}
#: PyTorch's own gradients in float32 are this far from those in float64.
_IMPRECISE = {"logcumsumexp": 5e-3}


@cache
def _database() -> dict[str, list[Any]]:
    """Return the entries of PyTorch's database by name, for the names that einkorn has."""
    found: dict[str, list[Any]] = {}
    for info in database.operators():
        if _ways(info):
            found.setdefault(info.name, []).append(info)
    return found


def names() -> list[str]:
    """Return the namesakes: the names of PyTorch's database that einkorn has."""
    return sorted(_database())


def _ways(info: Any) -> dict[str, Callable[..., Any]]:
    """Return how einkorn's namesake can be called: as a function, as a method."""
    name = info.name
    full = f"{name}.{info.variant_test_name}"
    if name.startswith(_FUNCTIONAL):
        function = getattr(ek.nn.functional, name.removeprefix(_FUNCTIONAL), None)
        return {} if function is None else {"function": _REORDERED.get(name, function)}
    ways: dict[str, Callable[..., Any]] = {}
    function = None if full == "normal.in_place" else getattr(ek, name, None)
    if name.isidentifier() and function is not None and not isinstance(function, type):
        ways["function"] = _REORDERED.get(full, _REORDERED.get(name, function))
    method = getattr(ek.Tensor, f"{name}_" if full == "normal.in_place" else name, None)
    if name == "zero_":
        ways["method"] = lambda x: x.clone().zero_()
    elif isinstance(method, property):
        ways["property"] = method.fget
    elif method is not None:
        ways["method"] = method
    return ways


def _dtypes(info: Any) -> list[Any]:
    """Return the dtypes to compare in: those of networks, and integers and flags where served."""
    import torch

    candidates = (torch.float32, torch.float64, torch.int64, torch.bool)
    return [dtype for dtype in candidates if dtype in info.dtypes]


def trials(name: str, limit: int | None = None) -> Iterator[Trial]:
    """Return the comparisons of a namesake.

    Parameters
    ----------
    name : str
        One of :func:`names`.
    limit : int, optional
        The number of samples for each dtype and variant.
    """
    for info in _database()[name]:
        yield from _missing(info)
        for dtype in _dtypes(info):
            yield from _samples(info, dtype, limit)
        yield from _errors(info)


def _missing(info: Any) -> Iterator[Trial]:
    """Return failures for the forms that PyTorch offers and einkorn does not."""
    import torch

    ways = _ways(info)
    if "." in info.name or info.name.endswith("_") or info.variant_test_name == "in_place":
        return
    if callable(getattr(torch.Tensor, info.name, None)) and "method" not in ways:
        yield "method", partial(_fail, "Tensor has no such method")
    if callable(getattr(torch, info.name, None)) and not ways.keys() & {"function", "property"}:
        yield "function", partial(_fail, "einkorn has no such function")
    if info.inplace_variant is not None and not hasattr(ek.Tensor, f"{info.name}_"):
        yield "in place", partial(_fail, "Tensor has no such in-place method")


def _fail(message: str) -> None:
    raise AssertionError(message)


def _samples(info: Any, dtype: Any, limit: int | None) -> Iterator[Trial]:
    import torch

    torch.manual_seed(0)
    kind = str(dtype).removeprefix("torch.")
    differentiable = dtype.is_floating_point and info.supports_autograd
    made = info.sample_inputs("cpu", dtype, requires_grad=differentiable)
    if info.name in _FIXED:
        made = _made_differentiable(info.sample_inputs("cpu", dtype, requires_grad=False))
    for number, sample in spread(made, limit):
        for way, function in _ways(info).items():
            if way != "function" and not isinstance(sample.input, torch.Tensor):
                continue
            what = f"{way}, {kind}, sample {number}: {_text(sample)}"
            yield what, partial(_compare, info, function, sample, kind)
        if info.inplace_variant is not None and isinstance(sample.input, torch.Tensor):
            method = getattr(ek.Tensor, f"{info.name}_", None)
            if method is not None:
                what = f"in place, {kind}, sample {number}: {_text(sample)}"
                yield what, partial(_compare_in_place, info, method, sample)


def _made_differentiable(samples: Any) -> Iterator[Any]:
    """Let tables and weights of samples require a gradient, but where PyTorch has none."""
    for sample in samples:
        weights = sample.kwargs.get("per_sample_weights")
        if not (sample.kwargs.get("sparse") and sample.kwargs.get("scale_grad_by_freq")):
            sample.input.requires_grad_()
            if weights is not None:
                weights.requires_grad_()
        yield sample


def _text(sample: Any) -> str:
    """Return the arguments of a sample in short."""
    import torch

    def short(value: Any) -> str:
        if isinstance(value, torch.Tensor):
            kind = "" if value.is_floating_point() else str(value.dtype).removeprefix("torch.")
            return f"{kind}{tuple(value.shape)}"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(short(part) for part in value)}]"
        return getattr(value, "__name__", None) or str(value)[:40]

    parts = [short(value) for value in (sample.input, *sample.args)]
    parts += [f"{name}={short(value)}" for name, value in sample.kwargs.items()]
    return f"({', '.join(parts)})"


def _compare(info: Any, function: Callable[..., Any], sample: Any, dtype: str) -> None:
    leave_out(info.name, dtype)
    (first, arguments, options), pairs = converted(sample.input, sample.args, sample.kwargs)
    expected = info.op(sample.input, *sample.args, **sample.kwargs)
    actual = function(first, *arguments, **options)
    if info.name in _UNORDERED and not sample.kwargs.get("stable"):
        actual, expected = (_at_indices(info, sample, result) for result in (actual, expected))
    random = info.name in _RANDOM or sample.kwargs.get("dropout_p", 0.0) > 0
    assert_results_alike(actual, expected, values=not random)
    if not random:
        assert_gradients_alike(actual, expected, pairs, _IMPRECISE.get(info.name, 0.0))


def _at_indices(info: Any, sample: Any, result: Any) -> Any:
    """Return a result with the elements that its indices name in place of the indices."""
    import torch

    position = _UNORDERED[info.name]
    dim = sample.kwargs.get("dim", sample.args[position] if len(sample.args) > position else -1)
    values = sample.input.detach()

    def at(part: Any) -> Any:
        if not str(part.dtype).endswith("int64") or not values.ndim:
            return part
        places = torch.from_numpy(np.asarray(part))
        if places.ndim < values.ndim:
            places = places.unsqueeze(dim)
        found = torch.gather(values, dim, places)
        return found if isinstance(part, torch.Tensor) else ek.Tensor(found.numpy())

    if info.name == "argsort":
        return at(result)
    if not isinstance(result, tuple):
        return result
    return result[0], at(result[1])


def _compare_in_place(info: Any, method: Callable[..., Any], sample: Any) -> None:
    import torch

    (first, arguments, options), _ = converted(sample.input.detach(), sample.args, sample.kwargs)
    with torch.no_grad(), ek.no_grad():
        changed = sample.input.detach().clone()
        try:
            info.inplace_variant(changed, *sample.args, **sample.kwargs)
        except RuntimeError:
            assert_refused(method, first, *arguments, **options)
            return
        if changed.shape != sample.input.shape and info.name not in _RESHAPING:
            raise Different("resizing")
        result = method(first, *arguments, **options)
    assert result is first, "the method does not return the tensor"
    assert_results_alike(first, changed, values=info.name not in _RANDOM)


def _errors(info: Any) -> Iterator[Trial]:
    import torch

    if info.error_inputs_func is None:
        return
    torch.manual_seed(0)
    for number, error in enumerate(info.error_inputs("cpu")):
        sample = error.sample_input
        for way, function in _ways(info).items():
            if way != "function" and not isinstance(sample.input, torch.Tensor):
                continue
            what = f"{way}, error {number}: {_text(sample)}: {error.error_regex[:80]}"
            if _is_refused(info, sample):
                yield what, partial(_refuse, function, sample)


def _is_refused(info: Any, sample: Any) -> bool:
    """Return whether PyTorch refuses a sample: its database also lists some that it takes."""
    try:
        info.op(sample.input, *sample.args, **sample.kwargs)
    except Exception:
        return True
    return False


def _refuse(function: Callable[..., Any], sample: Any) -> None:
    (first, arguments, options), _ = converted(sample.input, sample.args, sample.kwargs)
    assert_refused(function, first, *arguments, **options)

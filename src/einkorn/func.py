"""Networks as functions of their parameters, by the names of PyTorch's ``torch.func``.

Derivatives of functions are in `einkorn.autograd.functional`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from einkorn.autograd import Tensor
from einkorn.nn import Module
from einkorn.nn.utils import stateless

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: dict[str, Tensor] | Sequence[dict[str, Tensor]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call ``module`` with these Tensors in the places of its parameters and buffers.

    Parameters
    ----------
    module : Module
        Has its own again afterwards.
    parameter_and_buffer_dicts : dict of str to Tensor, or sequence of such
        By the names of `Module.named_parameters` and `Module.named_buffers`. Several have no name
        in common. Buffers that the call replaces are put into it if it is one.
    args, kwargs, tie_weights, strict
        As in `einkorn.nn.utils.stateless.functional_call`, as are the errors.

    Raises
    ------
    TypeError
        If ``parameter_and_buffer_dicts`` is neither.
    ValueError
        If a name is in several of them.

    Examples
    --------
    >>> import einkorn as ek
    >>> from einkorn import nn
    >>> layer = nn.Linear(1, 1)
    >>> w, b = ek.tensor([[3.0]]), ek.tensor([1.0])
    >>> ek.func.functional_call(layer, ({"weight": w}, {"bias": b}), ek.tensor([[2.0]])).item()
    7.0
    """
    given = parameter_and_buffer_dicts
    if not isinstance(given, dict):
        given = _joined(given)
    return stateless.functional_call(
        module, given, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def _joined(given: Any) -> dict[str, Tensor]:
    if not isinstance(given, Sequence) or not all(isinstance(part, dict) for part in given):
        raise TypeError(
            "parameter_and_buffer_dicts: expected a dictionary or a sequence of dictionaries, got "
            f"{given!r}"
        )
    times = Counter(name for part in given for name in part)
    repeated = sorted(name for name, count in times.items() if count > 1)
    if repeated:
        raise ValueError(f"parameter_and_buffer_dicts: {repeated} are in several of them")
    return {name: value for part in given for name, value in part.items()}

"""States of optimisers and modules as PyTorch's tensors, and back.

What `state_dict` gives has PyTorch's keys and shapes; only its arrays have to become tensors before
PyTorch's ``load_state_dict`` takes it. The other way nothing is needed: einkorn's takes tensors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from einkorn.autograd import RowSparseTensor, Tensor
from einkorn.io import to_array

if TYPE_CHECKING:
    import torch

__all__ = ["from_torch", "to_torch"]


def to_torch(state: Any) -> Any:
    """Return a nested state with a copy of every array and Tensor as a ``torch.Tensor``.

    Parameters
    ----------
    state : object
        An array, a Tensor, or dictionaries, lists and tuples that hold such; anything else stays
        as it is.

    Raises
    ------
    ImportError
        PyTorch is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> x = nn.Parameter(np.array([3.0]))
    >>> adam = optim.Adam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> adam.step()
    >>> try:
    ...     import torch
    ... except ImportError:
    ...     step = 1.0
    ... else:
    ...     peer = torch.optim.Adam([torch.zeros(1, dtype=torch.float64)])
    ...     peer.load_state_dict(to_torch(adam.state_dict()))
    ...     step = next(iter(peer.state.values()))["step"].item()
    >>> step
    1.0
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError("to_torch needs PyTorch: pip install torch") from error

    def tensor(value: Any) -> torch.Tensor:
        if isinstance(value, RowSparseTensor):
            whole = value.coalesce()
            parts = tensor(whole.indices()), tensor(whole.values())
            return torch.sparse_coo_tensor(*parts, whole.shape, is_coalesced=True)
        return torch.from_numpy(np.array(to_array(value), order="C"))

    return _mapped(state, (np.ndarray, np.generic, Tensor, RowSparseTensor), tensor)


def from_torch(state: Any) -> Any:
    """Return a nested state with a copy of every ``torch.Tensor`` as an array.

    Parameters
    ----------
    state : object
        A tensor, or dictionaries, lists and tuples that hold such; anything else stays as it is.

    Raises
    ------
    ImportError
        PyTorch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise ImportError("from_torch needs PyTorch: pip install torch") from error
    return _mapped(state, (torch.Tensor,), lambda value: value.detach().cpu().numpy().copy())


def _mapped(value: Any, kinds: tuple[type, ...], function: Any) -> Any:
    """Return nested containers with `function` applied to what is of one of the kinds."""
    if isinstance(value, kinds):
        return function(value)
    if isinstance(value, Mapping):
        return {key: _mapped(item, kinds, function) for key, item in value.items()}
    if isinstance(value, list | tuple):
        items = [_mapped(item, kinds, function) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value

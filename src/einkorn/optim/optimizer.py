"""`Optimizer`: the base of the optimisers, and how a step is made indivisible."""

from __future__ import annotations

import copy
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, repeat
from operator import call
from typing import Any, overload

import numpy as np

from einkorn.autograd import Tensor, enable_grad
from einkorn.nn.parameter import clear_grad
from einkorn.optim.gathering import by_layout, clear_gradients, gradients_of
from einkorn.optim.hooks import Hookable
from einkorn.optim.sparse import restored_rows

__all__ = ["Optimizer"]

Group = dict[str, Any]
Call = Callable[[], Any]


class Optimizer(Hookable):
    """Base of the optimisers: parameter groups, their state, and the step.

    A subclass defines `_calls`. A step has two phases. The first collects gradients, state and
    settings and changes nothing. The second makes calls of compiled functions only, from compiled
    code, so that Python has no chance to run a signal handler among them: Ctrl-C leaves either
    the values before a step or those after it.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor) pairs, or of dict
        Dictionaries are groups: ``params`` and the settings that differ from the defaults.
    defaults : dict
        The settings of groups that do not say otherwise.

    Attributes
    ----------
    param_groups : list of dict
        ``params`` and the settings of each group; settings may be changed at any time.
    state : dict
        What the optimiser remembers of each parameter: arrays and numbers by name.

    Raises
    ------
    TypeError
        If ``params`` is not an iterable, or holds something else than listed above.
    ValueError
        If it is empty, holds a Tensor that is not a leaf, or the same one twice.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor | np.ndarray | str):
            raise TypeError(
                f"params must be an iterable of Tensors or dicts, got {type(params).__name__}"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._negated: dict[Tensor, np.ndarray] = {}
        self._hooks = {}
        groups = list(params)
        if not groups:
            raise ValueError("params is empty: an optimizer needs at least one parameter")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, param_group: Group) -> None:
        """Add a group: ``params`` and any settings that differ from the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, got {type(param_group).__name__}")
        params = param_group["params"]
        if isinstance(params, set | frozenset):
            raise TypeError("params must be in an order that stays: a list, not a set")
        params = [params] if isinstance(params, Tensor) else list(params)
        group = self.defaults | param_group
        named = [isinstance(param, tuple) for param in params]
        if any(named):
            if not all(named):
                raise ValueError(
                    f"params must have names all or none, got {sum(named)} of {len(named)}"
                )
            group["param_names"] = [name for name, _ in params]
            params = [param for _, param in params]
        if self.param_groups and ("param_names" in self.param_groups[0]) != (
            "param_names" in group
        ):
            raise ValueError("param_group must have names if the other groups have, and only then")
        for param in params:
            self._check_param(param)
        if len(set(params)) != len(params):
            raise ValueError("params of one group holds a Tensor twice")
        group["params"] = params
        self._check_settings(group)
        self.param_groups.append(group)

    def _check_param(self, param: Any) -> None:
        if not isinstance(param, Tensor):
            raise TypeError(f"params must hold Tensors, got {type(param).__name__}")
        if not param.is_leaf:
            raise ValueError("params holds a Tensor that is not a leaf: it cannot be optimised")
        if any(param is known for group in self.param_groups for known in group["params"]):
            raise ValueError("params holds a Tensor that another parameter group has already")

    def _check_settings(self, group: Group) -> None:
        """Raise ValueError for settings that make no sense."""

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            if set_to_none:
                clear_gradients(group["params"])
                continue
            for param in group["params"]:
                clear_grad(param, set_to_none=False)

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], Any]) -> Any: ...

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Parameters
        ----------
        closure : callable, optional
            Evaluates the model anew, computes the gradients and returns the loss; called first.

        Returns
        -------
        object
            What ``closure`` returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        calls: list[Call] = []
        for group in self.param_groups:
            dense, sparse = by_layout(group["params"])
            if sparse:
                calls += self._sparse_calls(group, sparse)
            if dense:
                calls += self._calls(group, dense)
        if len(calls) == 1:
            calls[0]()
        else:
            deque(map(call, calls), maxlen=0)
        return loss

    def _calls(self, group: Group, params: list[Tensor]) -> Iterable[Call]:
        """Return calls of compiled functions that together update ``params``."""
        raise NotImplementedError

    def _sparse_calls(self, group: Group, params: list[Tensor]) -> Iterable[Call]:
        """Return the same for parameters with a gradient of few rows."""
        raise RuntimeError(
            f"{type(self).__name__} does not support sparse gradients, but "
            f"{self._name_of(group, params[0])} has one; use SparseAdam, SGD or Adagrad, or "
            "sparse=False"
        )

    def _name_of(self, group: Group, param: Tensor) -> str:
        """Return how to speak of a parameter in an error."""
        place = next(i for i, known in enumerate(group["params"]) if known is param)
        if "param_names" in group:
            return f"parameter {group['param_names'][place]!r}"
        number = next(i for i, known in enumerate(self.param_groups) if known is group)
        return f"param_groups[{number}]['params'][{place}] of shape {param.shape}"

    def _gradients(self, group: Group, params: list[Tensor]) -> list[np.ndarray]:
        """Return what to descend along: the gradients, negated in kept memory to maximise."""
        gradients = gradients_of(params)
        if not group["maximize"]:
            return gradients
        for param, gradient in zip(params, gradients, strict=True):
            if param not in self._negated:
                self._negated[param] = np.empty_like(gradient)
            np.negative(gradient, out=self._negated[param])
        return [self._negated[param] for param in params]

    # State

    def state_dict(self) -> dict[str, Any]:
        """Return ``state`` and ``param_groups`` with the parameters replaced by their numbers.

        Keys and shapes are those of PyTorch's optimiser of the same name; numbers that change with
        the steps are arrays without axes. `einkorn.interop.torch.to_torch` makes its tensors of
        it. The arrays of the state are the optimiser's own: copy what has to outlive the next step.
        """
        for hook in self._functions("state_dict_pre"):
            hook(self)
        numbers = {param: number for number, param in enumerate(self._all_params())}
        state = {numbers[param]: self._saved_state(own) for param, own in self.state.items()}
        groups = [
            group | {"params": [numbers[param] for param in group["params"]]}
            for group in self.param_groups
        ]
        return self._passed_through("state_dict_post", {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what `state_dict` gave, also of PyTorch's optimiser of the same name.

        Arrays are copied and cast to their parameter's dtype.

        Raises
        ------
        ValueError
            If the groups or their sizes differ, or an array does not fit its parameter. The
            optimiser is then unchanged.
        """
        state_dict = self._passed_through("load_state_dict_pre", dict(state_dict))
        saved = state_dict["param_groups"]
        sizes = [len(group["params"]) for group in self.param_groups]
        saved_sizes = [len(group["params"]) for group in saved]
        if sizes != saved_sizes:
            raise ValueError(
                f"state_dict has parameter groups of sizes {saved_sizes}, the optimizer {sizes}"
            )
        numbers = chain.from_iterable(group["params"] for group in saved)
        params = dict(zip(numbers, self._all_params(), strict=True))
        state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        for number, entries in state_dict["state"].items():
            if int(number) not in params:
                raise ValueError(f"state_dict has a state {number} of none of its param_groups")
            param = params[int(number)]
            state[param] = self._restored_state(param, entries)
        self.state = state
        for group, settings in zip(self.param_groups, saved, strict=True):
            group |= copy.deepcopy({k: v for k, v in settings.items() if k != "params"})
        for hook in self._functions("load_state_dict_post"):
            hook(self)

    def _saved_state(self, entries: dict[str, Any]) -> dict[str, Any]:
        """Return the state of one parameter for `state_dict`."""
        return {key: _saved(key, value) for key, value in entries.items()}

    def _restored_state(self, param: Tensor, entries: dict[str, Any]) -> dict[str, Any]:
        """Return the state of one parameter from a `state_dict`."""
        return {
            key: _restored(key, value, param) for key, value in entries.items() if value is not None
        }

    def __getstate__(self) -> dict[str, Any]:
        """Return what a copy shares: hooks stay behind."""
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._negated, self._hooks = {}, {}

    def _all_params(self) -> Iterator[Tensor]:
        for group in self.param_groups:
            yield from group["params"]

    def __repr__(self) -> str:
        lines = []
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        listing = "\n".join(lines)
        return f"{type(self).__name__} (\n{listing}\n)"


# Entries of a state that are numbers, beside "step": PyTorch holds them as 0-d tensors.
_NUMBERS = frozenset({"mu_product", "eta", "mu"})


# Entries that have an axis of one element where the parameter has more.
_FACTORS = frozenset({"row_var", "col_var"})


def _saved(key: str, value: Any) -> Any:
    """Return an entry of the state as PyTorch has it: numbers are arrays without axes."""
    return np.array(value, np.float32) if key == "step" or key in _NUMBERS else value


def _restored(key: str, value: Any, param: Tensor) -> Any:
    """Return a saved entry of the state as the optimiser holds it: a number or its own array."""
    if getattr(value, "is_sparse", False):
        return restored_rows(value, param)
    array = np.asarray(value)
    if array.ndim == 0 and key == "step":
        return int(array)
    if array.ndim == 0 and key in _NUMBERS:
        return float(array)
    factor = key in _FACTORS and array.ndim == param.ndim
    if not factor and array.shape != param.shape:
        raise ValueError(f"{key} has shape {array.shape}, its parameter {param.shape}")
    return np.array(array, dtype=param.dtype, order="C")


def setting(states: list[dict[str, Any]], name: str, values: Iterable[Any]) -> Call:
    """Return a compiled call that sets an entry of every state."""
    return partial(deque, map(dict.__setitem__, states, repeat(name), values), 0)


def zeros_like(param: Tensor) -> np.ndarray:
    """Return a new array for a parameter's state: contiguous, of its shape and dtype."""
    return np.zeros(param.shape, param.dtype)


def check_not_negative(group: Group, *names: str) -> None:
    """Raise ValueError unless the settings of these names are at least 0."""
    for name in names:
        if not group[name] >= 0.0:
            raise ValueError(f"{name} must be at least 0, got {group[name]}")


def check_betas(group: Group) -> None:
    """Raise ValueError unless the betas are shares that a running mean can keep."""
    if not all(0.0 <= beta < 1.0 for beta in group["betas"]):
        raise ValueError(f"betas must be in [0, 1), got {group['betas']}")


def refuse_differentiable(differentiable: bool) -> None:
    """Raise for a step that is to be differentiated through: it runs in compiled code."""
    if differentiable:
        raise ValueError("differentiable=True is not supported: steps are computed in place")


def refuse_both(foreach: bool | None, fused: bool | None) -> None:
    """Raise for two implementations at once, as PyTorch does."""
    if foreach and fused:
        raise RuntimeError("foreach and fused must not be True together")

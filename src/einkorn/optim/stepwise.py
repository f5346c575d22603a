"""`StepwiseOptimizer`: what optimisers share whose step is one kernel call for many parameters."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.optim.gathering import alike, arrays_of
from einkorn.optim.optimizer import Call, Group, Optimizer, setting

__all__ = ["State", "StepwiseOptimizer", "column", "optional_column"]

State = dict[str, Any]


class StepwiseOptimizer(Optimizer):
    """Base of optimisers that remember of a parameter arrays of its shape, and numbers.

    A subclass says what a parameter's state is at first, which kernel call makes a step, and which
    of the state's numbers change with it.
    """

    def _initial_state(self, group: Group, param: Tensor) -> State:
        raise NotImplementedError

    def _step_call(
        self,
        group: Group,
        number: int,
        values: list[np.ndarray],
        gradients: list[np.ndarray],
        states: list[State],
    ) -> Call:
        """Return the call for parameters of equal dtype and numbers; `number` counts from 1."""
        raise NotImplementedError

    def _next_numbers(self, group: Group, number: int, state: State) -> dict[str, float]:
        """Return the numbers of the state, beside the step's, after this step."""
        return {}

    def _calls(self, group: Group, params: list[Tensor]) -> Iterator[Call]:
        for param in params:
            if param not in self.state:
                self.state[param] = {"step": 0, **self._initial_state(group, param)}
        for chosen in alike(params, self.state):
            states = [self.state[param] for param in chosen]
            number = states[0]["step"] + 1
            after = {"step": number, **self._next_numbers(group, number, states[0])}
            gradients = self._gradients(group, chosen)
            yield self._step_call(group, number, arrays_of(chosen), gradients, states)
            for name, value in after.items():
                yield setting(states, name, repeat(value))


def column(states: list[State], name: str) -> list[np.ndarray]:
    """Return one array of every state."""
    return [state[name] for state in states]


def optional_column(states: list[State], name: str, wanted: bool) -> list[np.ndarray] | None:
    """Return one array of every state, made if need be; or None if it is not wanted."""
    if not wanted:
        return None
    return [
        state.setdefault(name, np.zeros_like(next(_arrays_of_state(state)))) for state in states
    ]


def _arrays_of_state(state: State) -> Iterator[np.ndarray]:
    return (value for value in state.values() if isinstance(value, np.ndarray))

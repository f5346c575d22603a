from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

def sgd_step_(
    param: NDArray[Any],
    grad: ArrayLike,
    velocity: NDArray[Any] | None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> None: ...
def sgd_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    velocities: Sequence[NDArray[Any]] | None,
    *,
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> None: ...
def adam_step_(
    param: NDArray[Any],
    grad: ArrayLike,
    exp_avg: NDArray[Any],
    exp_avg_sq: NDArray[Any],
    step: int,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> None: ...
def adam_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    exp_avgs: Sequence[NDArray[Any]],
    exp_avg_sqs: Sequence[NDArray[Any]],
    step: int,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
    max_exp_avg_sqs: Sequence[NDArray[Any]] | None = None,
) -> None: ...

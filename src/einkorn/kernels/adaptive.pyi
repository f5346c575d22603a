from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

def rmsprop_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    square_avgs: Sequence[NDArray[Any]],
    grad_avgs: Sequence[NDArray[Any]] | None,
    momentum_buffers: Sequence[NDArray[Any]] | None,
    *,
    lr: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
) -> None: ...
def adagrad_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    sums: Sequence[NDArray[Any]],
    step: int,
    *,
    lr: float,
    lr_decay: float = 0.0,
    eps: float = 1e-10,
    weight_decay: float = 0.0,
) -> None: ...
def adadelta_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    square_avgs: Sequence[NDArray[Any]],
    acc_deltas: Sequence[NDArray[Any]],
    *,
    lr: float = 1.0,
    rho: float = 0.9,
    eps: float = 1e-6,
    weight_decay: float = 0.0,
) -> None: ...
def adamax_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    exp_avgs: Sequence[NDArray[Any]],
    exp_infs: Sequence[NDArray[Any]],
    step: int,
    *,
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
) -> None: ...
def nadam_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    exp_avgs: Sequence[NDArray[Any]],
    exp_avg_sqs: Sequence[NDArray[Any]],
    step: int,
    *,
    lr: float,
    mu: float,
    mu_next: float,
    mu_product: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> None: ...
def radam_steps_(
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
) -> None: ...
def rprop_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    prevs: Sequence[NDArray[Any]],
    step_sizes: Sequence[NDArray[Any]],
    *,
    etas: tuple[float, float] = (0.5, 1.2),
    step_limits: tuple[float, float] = (1e-6, 50.0),
) -> None: ...
def asgd_steps_(
    params: Sequence[NDArray[Any]],
    grads: Sequence[ArrayLike],
    axs: Sequence[NDArray[Any]],
    *,
    eta: float,
    mu: float,
    lambd: float = 1e-4,
    weight_decay: float = 0.0,
) -> None: ...

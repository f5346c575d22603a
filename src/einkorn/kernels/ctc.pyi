from typing import Any

from numpy.typing import ArrayLike, NDArray

def ctc_loss(
    log_probs: ArrayLike,
    targets: ArrayLike,
    input_lengths: ArrayLike,
    target_lengths: ArrayLike,
    *,
    blank: int = 0,
) -> tuple[NDArray[Any], NDArray[Any]]: ...
def ctc_loss_grad(
    grad: ArrayLike,
    log_probs: ArrayLike,
    targets: ArrayLike,
    input_lengths: ArrayLike,
    target_lengths: ArrayLike,
    loss: ArrayLike,
    log_alpha: ArrayLike,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
) -> NDArray[Any]: ...

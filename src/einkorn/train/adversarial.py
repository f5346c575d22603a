"""Attacks by the sign of the gradient, and training that withstands them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor, enable_grad, grad, is_grad_enabled
from einkorn.io import to_array
from einkorn.nn import Module
from einkorn.train.step import StepResult
from einkorn.train.trainer import Trainer

__all__ = ["AdversarialTrainer", "fast_gradient_sign"]

Loss = Callable[[Any, Any], Tensor]
Range = tuple[float, float] | None


def fast_gradient_sign(
    model: Module, loss: Loss, x: Any, t: Any, epsilon: float, *, clip: Range = None
) -> np.ndarray:
    r"""Move every element of the input by at most epsilon where that raises the loss most.

    .. math:: x' = x + \epsilon \operatorname{sign} \nabla_x L(f(x), t)

    To first order no other change of that size raises the loss by more. The gradients of the
    parameters are left as they are, and the model's mode too: attack in evaluation mode.

    Parameters
    ----------
    model : Module
        The model f.
    loss : callable
        ``loss(output, target)``, a Tensor of shape (); sum or mean over the batch does not matter.
    x : floating-point array or Tensor, shape (N, ...)
        The input.
    t : array or Tensor
        The target.
    epsilon : float
        Largest change of an element.
    clip : (float, float), optional
        Bounds of the result, as of the values of pixels.

    Returns
    -------
    array, shape and type of x

    Raises
    ------
    ValueError
        `epsilon` is negative, or the bounds do not ascend.
    TypeError
        `x` is not floating-point.

    References
    ----------
    I. Goodfellow, J. Shlens and C. Szegedy, "Explaining and harnessing adversarial examples",
    ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> model = nn.Linear(2, 1, bias=False)
    >>> _ = model.load_state_dict({"weight": np.array([[3.0, -1.0]], np.float32)})
    >>> x, t = np.zeros((1, 2), np.float32), np.full((1, 1), -1, np.float32)
    >>> fast_gradient_sign(model, nn.functional.mse_loss, x, t, 0.25)
    array([[ 0.25, -0.25]], dtype=float32)
    """
    _check(epsilon, clip)
    with enable_grad():
        source = _source(x)
        value = loss(model(source), t)
        return _moved(source, value, epsilon, clip)


class AdversarialTrainer(Trainer):
    r"""A `Trainer` on the samples and on attacks against them.

    In training the loss of a batch is

    .. math:: \alpha L(f(x), t) + (1 - \alpha) L(f(x'), t)

    with x' of `fast_gradient_sign` for the present parameters, taken as a constant. Evaluation is
    without attacks; outputs and metrics are those of the unchanged samples.

    Parameters
    ----------
    epsilon : float
        Largest change of an element.
    alpha : float
        Share of the unchanged samples, in [0, 1].
    clip : (float, float), optional
        Bounds of attacked samples.
    *args, **kwargs
        Of `Trainer`.

    Raises
    ------
    ValueError
        An argument is out of its range.

    References
    ----------
    I. Goodfellow, J. Shlens and C. Szegedy, "Explaining and harnessing adversarial examples",
    ICLR 2015; it has :math:`\alpha = 1/2`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn, optim
    >>> model = nn.Linear(2, 2)
    >>> sgd = optim.SGD(model.parameters(), lr=0.5)
    >>> trainer = AdversarialTrainer(model, nn.functional.cross_entropy, sgd, epsilon=0.1)
    >>> x = np.array([[1, 0], [-1, 0]], np.float32)
    >>> history = trainer.fit([(x, np.array([0, 1]))], epochs=30)
    >>> history["loss"][-1] < history["loss"][0]
    True
    """

    def __init__(
        self, *args: Any, epsilon: float, alpha: float = 0.5, clip: Range = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        _check(epsilon, clip)
        if not 0 <= alpha <= 1:
            raise ValueError(f"alpha: expected a number from 0 to 1, got {alpha}")
        self.epsilon = epsilon
        self.alpha = alpha
        self.clip = clip

    def step(self, batch: Any) -> StepResult:
        """Give the mixed loss in training and the plain one in evaluation."""
        x, t = batch
        if not is_grad_enabled():
            return super().step(batch)
        source = _source(x)
        output = self.model(source)
        plain = self.loss(output, t)
        attacked = _moved(source, plain, self.epsilon, self.clip)
        hard = self.loss(self.model(attacked), t)
        return StepResult(self.alpha * plain + (1 - self.alpha) * hard, output, t)


def _source(x: Any) -> Tensor:
    array = to_array(x)
    if array.dtype.kind != "f":
        raise TypeError(f"x: expected floating-point values, got {array.dtype}")
    return as_tensor(array.copy()).requires_grad_(True)


def _moved(source: Tensor, value: Tensor, epsilon: float, clip: Range) -> np.ndarray:
    (slope,) = grad(value, [source], retain_graph=True)
    array = to_array(source)
    moved = array + array.dtype.type(epsilon) * np.sign(to_array(slope))
    return moved if clip is None else np.clip(moved, *clip)


def _check(epsilon: float, clip: Range) -> None:
    if not 0 <= epsilon < math.inf:
        raise ValueError(f"epsilon: expected a finite number of at least 0, got {epsilon}")
    if clip is not None and not clip[0] < clip[1]:
        raise ValueError(f"clip: expected ascending bounds, got {clip}")

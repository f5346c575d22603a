"""Products with the Gauss-Newton matrix, by differentiation alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from einkorn.autograd import Tensor, grad, no_grad, tensor
from einkorn.autograd.random import default_generator

__all__ = ["GaussNewton", "flat", "parts"]


class GaussNewton:
    r"""The Gauss–Newton matrix :math:`G = J^\top H J` of a loss, as products with vectors.

    :math:`J` is the Jacobian of the outputs with respect to the parameters, :math:`H` the Hessian
    of the loss with respect to the outputs: positive semi-definite if the loss is convex in them.
    A product is three differentiations. :math:`J v` is the derivative of :math:`J^\top u`, which
    is linear, with respect to :math:`u`; :math:`H` times it differentiates the gradient at the
    outputs; :math:`J^\top` times that is one more backward pass.

    Parameters
    ----------
    loss : Tensor
        Of one element; a function of ``outputs``.
    outputs : Tensor
        What the model made of its input, with its graph.
    params : sequence of Tensor
        What to differentiate by.

    Attributes
    ----------
    gradient : array, shape (P,)
        Of the loss with respect to all parameters, one after another.
    cases : int
        The first axis of the outputs.

    References
    ----------
    B. A. Pearlmutter, "Fast exact multiplication by the Hessian", 1994; N. N. Schraudolph, "Fast
    curvature matrix-vector products for second-order gradient descent", 2002.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> from einkorn.optim.curvature import GaussNewton
    >>> weight = nn.Parameter(np.array([[1.0, 2.0]]))
    >>> outputs = nn.functional.linear(np.array([[3.0, 4.0]]), weight)
    >>> GaussNewton((outputs**2).sum(), outputs, [weight])(np.array([1.0, 0.0]))
    array([18., 24.])
    """

    def __init__(self, loss: Tensor, outputs: Tensor, params: Sequence[Tensor]) -> None:
        self._outputs = outputs
        self._params = list(params)
        self.cases = outputs.shape[0] if outputs.ndim else 1
        (slope,) = grad(loss, outputs, create_graph=True)
        assert slope is not None
        self._slope = slope
        self.gradient = flat(self._pulled_back(self._slope))
        self._probe = tensor(np.zeros(outputs.shape, outputs.dtype), requires_grad=True)
        self._transposed = grad(
            outputs, self._params, self._probe, create_graph=True, materialize_grads=True
        )

    def __call__(self, vector: np.ndarray) -> np.ndarray:
        """Return :math:`G` times a vector of shape (P,)."""
        pushed = self._pushed_forward(vector)
        if not self._slope.requires_grad:  # the loss is linear
            return np.zeros(vector.shape)
        (bent,) = grad(
            self._slope, self._outputs, pushed, retain_graph=True, materialize_grads=True
        )
        return flat(self._pulled_back(bent))

    def of_distance(self, vector: np.ndarray) -> np.ndarray:
        r""":math:`J^\top J` times a vector: for half the squared distance of the outputs."""
        return flat(self._pulled_back(self._pushed_forward(vector)))

    def diagonal(self, probes: int = 1) -> np.ndarray:
        r"""Return an unbiased estimate of :math:`n \sum_j (\partial L / \partial z_j)^2 J_j^2`.

        The sum of squares over all :math:`n` outputs :math:`z_j`, of which each probe is a square
        of a sum with random signs.
        """
        slope = self._slope.detach()
        total = np.zeros(self.gradient.shape)
        for _ in range(probes):
            signs = np.where(default_generator().uniform(0.0, 1.0, slope.shape) < 0.5, -1, 1)
            signed = tensor(slope.numpy() * signs.astype(slope.dtype))
            total += flat(self._pulled_back(signed)) ** 2
        return total * (slope.numpy().size / probes)

    def _pushed_forward(self, vector: np.ndarray) -> Tensor:
        along = [tensor(part) for part in parts(vector, self._params)]
        linear = [
            (one, part)
            for one, part in zip(self._transposed, along, strict=True)
            if one is not None and one.requires_grad
        ]
        ones, shares = zip(*linear, strict=True)
        (pushed,) = grad(ones, self._probe, shares, retain_graph=True, materialize_grads=True)
        assert pushed is not None
        return pushed

    def _pulled_back(self, slope: Tensor | None) -> list[Tensor]:
        found = grad(
            self._outputs,
            self._params,
            None if slope is None else slope.detach(),
            retain_graph=True,
            materialize_grads=True,
        )
        return [one for one in found if one is not None]


def flat(values: Sequence[Tensor]) -> np.ndarray:
    """Return Tensors as one vector, in float64."""
    with no_grad():
        return np.concatenate([value.numpy().ravel() for value in values], dtype=np.float64)


def parts(vector: np.ndarray, params: Sequence[Tensor]) -> list[np.ndarray]:
    """Return a vector in arrays of the shapes and dtypes of ``params``."""
    ends = np.cumsum([param.numpy().size for param in params])
    return [
        piece.reshape(param.shape).astype(param.dtype)
        for piece, param in zip(np.split(vector, ends[:-1]), params, strict=True)
    ]

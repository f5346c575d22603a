"""The restricted Boltzmann machine, and contrastive divergence to train it by."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from einkorn import kernels, nn, optim
from einkorn.autograd import Tensor
from einkorn.autograd.operators.affine import linear_activated
from einkorn.autograd.random import default_generator, draw_seed
from einkorn.models._units import affine, check_positive, correlate, is_binary, matrix, tossed
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.parameter import empty_parameter

__all__ = ["RBM", "ContrastiveDivergence"]

Array = np.ndarray

_VISIBLE = ("bernoulli", "gaussian")


class RBM(nn.Module):
    r"""Restricted Boltzmann machine: visible and hidden units, and no weights within either.

    With Bernoulli visible units and hidden ones, of energy

    .. math::
        E(v, h) &= -a^\mathsf{T} v - c^\mathsf{T} h - h^\mathsf{T} W v, \quad
        P(v, h) = e^{-E(v, h)} / Z \\
        P(h_j = 1 \mid v) &= \sigma(c_j + W_j v), \quad
        P(v_i = 1 \mid h) = \sigma(a_i + (W^\mathsf{T} h)_i);

    with Gaussian visible units of unit variance, for data scaled to it, :math:`-a^\mathsf{T} v`
    becomes :math:`\lVert v - a \rVert^2 / 2` and :math:`v \mid h \sim N(a + W^\mathsf{T} h, I)`.

    Parameters
    ----------
    visible_features, hidden_features : int
        Numbers of units V and H.
    visible : {"bernoulli", "gaussian"}
        Kind of the visible units.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (H, V)
        From N(0, 0.01²).
    visible_bias : Parameter, shape (V,)
        :math:`a`, zeros; `init_visible_bias` fits it to data.
    hidden_bias : Parameter, shape (H,)
        :math:`c`, zeros.

    Raises
    ------
    ValueError
        If a number of units is not positive, or `visible` is unknown.

    Notes
    -----
    Called with visible units (N, V) it returns the chances of the hidden ones (N, H), and is
    differentiable: a layer of a network that was trained beforehand. Methods that take arrays of
    units cast them to the dtype of the parameters. Units that are all zeros and ones, 32 rows or
    more, are multiplied by `einkorn.kernels.binary_matmul`.

    References
    ----------
    P. Smolensky, "Information processing in dynamical systems: foundations of harmony theory",
    1986; G. Hinton, "A practical guide to training restricted Boltzmann machines", UTML TR
    2010-003.

    Examples
    --------
    >>> import numpy as np
    >>> import einkorn as ek
    >>> from einkorn import models
    >>> _ = ek.manual_seed(0)
    >>> data = np.repeat(np.eye(4, dtype=np.float32), 25, axis=0)
    >>> rbm = models.RBM(4, 8)
    >>> history = rbm.fit(data, epochs=200, batch_size=20, lr=0.5)
    >>> history[-1]["reconstruction_error"] < 0.1
    True
    >>> rbm(data).shape
    (100, 8)
    """

    _cast_kinds = "fiub"

    def __init__(
        self,
        visible_features: int,
        hidden_features: int,
        visible: Literal["bernoulli", "gaussian"] = "bernoulli",
        *,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_positive(visible_features=visible_features, hidden_features=hidden_features)
        if visible not in _VISIBLE:
            raise ValueError(f"visible: expected 'bernoulli' or 'gaussian', got {visible!r}")
        self.visible_features = visible_features
        self.hidden_features = hidden_features
        self.visible = visible
        self.weight = empty_parameter((hidden_features, visible_features), device, dtype)
        self.visible_bias = empty_parameter((visible_features,), device, dtype)
        self.hidden_bias = empty_parameter((hidden_features,), device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew and set the biases to 0."""
        nn.init.normal_(self.weight, std=0.01)
        nn.init.zeros_(self.visible_bias)
        nn.init.zeros_(self.hidden_bias)

    def init_visible_bias(self, data: Any) -> None:
        r"""Fit the visible biases to `data`, (N, V), as though there were no hidden units.

        :math:`\log(p / (1 - p))` of the shares :math:`p` of ones (guide, section 8), which are kept
        from 0 and 1 by half an observation of each; the means for Gaussian units.
        """
        v = self._units(data, "data")
        mean = v.mean(axis=0, dtype=np.float64)
        if self.visible == "bernoulli":
            mean = (mean * len(v) + 0.5) / (len(v) + 1)
            mean = np.log(mean / (1 - mean))
        self.visible_bias.detach().numpy()[...] = mean

    def forward(self, input: Tensor) -> Tensor:
        """Return the chances (N, H) of the hidden units, given visible ones (N, V)."""
        return linear_activated(input, self.weight, self.hidden_bias, "sigmoid")

    def free_energy(self, v: Any) -> Tensor:
        r"""Return :math:`F(v) = -\log \sum_h e^{-E(v, h)}`, (N,), of visible units (N, V).

        .. math:: F(v) = -a^\mathsf{T} v - \sum_j \log(1 + e^{c_j + W_j v})

        with :math:`\lVert v - a \rVert^2 / 2` as its first term for Gaussian units. Differentiable:
        its mean over data less that over the model's own samples has the gradient of the negative
        log-likelihood.
        """
        (v,), _ = self._accept_arrays((v,), {})
        hidden = F.logsigmoid(-F.linear(v, self.weight, self.hidden_bias)).sum(-1)
        if self.visible == "gaussian":
            return ((v - self.visible_bias) ** 2).sum(-1) / 2 + hidden
        return hidden - (v * self.visible_bias).sum(-1)

    # Conditionals

    def hidden_mean(self, v: Any) -> Array:
        """Return the chances (N, H) of the hidden units, given visible ones (N, V)."""
        return self._hidden_mean(self._units(v, "v"))

    def visible_mean(self, h: Any) -> Array:
        """Return the mean (N, V) of the visible units, given hidden ones (N, H)."""
        return self._visible_mean(self._hidden_units(h))

    def sample_hidden(self, v: Any, *, generator: np.random.Generator | None = None) -> Array:
        """Draw hidden units (N, H), zeros and ones, given visible ones (N, V)."""
        return tossed(self.hidden_mean(v), generator)

    def sample_visible(self, h: Any, *, generator: np.random.Generator | None = None) -> Array:
        """Draw visible units (N, V), given hidden ones (N, H)."""
        return self._drawn(self.visible_mean(h), generator)

    def sample(
        self,
        count: int,
        steps: int = 1000,
        *,
        v: Any = None,
        generator: np.random.Generator | None = None,
    ) -> Array:
        """Draw visible units (count, V) by alternating Gibbs sampling.

        Parameters
        ----------
        count : int
            Number of chains, one sample each.
        steps : int
            Times that all hidden and then all visible units are drawn.
        v : array, shape (count, V), optional
            Where the chains start. Default: hidden units drawn evenly.
        generator : numpy.random.Generator, optional
            Draw from this one instead of the default.

        Raises
        ------
        ValueError
            If `count` or `steps` is not positive, or `v` does not fit.
        """
        check_positive(count=count, steps=steps)
        if v is None:
            half = np.full((count, self.hidden_features), 0.5, self.weight.dtype)
            h = tossed(half, generator)
        else:
            start = self._units(v, "v")
            if len(start) != count:
                raise ValueError(f"v: expected {count} rows, got shape {start.shape}")
            h = tossed(self._hidden_mean(start), generator)
        binary = self.visible == "bernoulli"
        for _ in range(steps - 1):
            units = self._drawn(self._visible_mean(h, True), generator)
            h = tossed(self._hidden_mean(units, binary), generator)
        return self._drawn(self._visible_mean(h, True), generator)

    # Monitoring

    def reconstruction_error(self, v: Any) -> float:
        """Return the mean squared difference of `v`, (N, V), and its reconstruction by means.

        It falls while contrastive divergence learns, but is not what it descends (guide, section
        5): a chain that mixes badly reconstructs well.
        """
        units = self._units(v, "v")
        difference = self._visible_mean(self._hidden_mean(units)) - units
        return float(np.mean(np.square(difference), dtype=np.float64))

    def pseudo_log_likelihood(
        self, v: Any, *, generator: np.random.Generator | None = None
    ) -> Array:
        r"""Estimate :math:`\sum_i \log P(v_i \mid v_{-i})`, (N,), of binary units (N, V).

        Of each row one unit :math:`i` is drawn, and
        :math:`V \log \sigma(F(v \text{ with } v_i \text{ flipped}) - F(v))` is its unbiased
        estimate (J. Besag, "Statistical analysis of non-lattice data", 1975).

        Raises
        ------
        ValueError
            If the visible units are Gaussian, whose conditionals have no such form.
        """
        if self.visible != "bernoulli":
            raise ValueError(
                f"visible: expected a machine of 'bernoulli' units, got {self.visible!r}"
            )
        units = self._units(v, "v")
        source = default_generator() if generator is None else generator
        rows, flipped = np.arange(len(units)), source.integers(units.shape[1], size=len(units))
        weight = self.weight.detach().numpy()
        change = 1 - 2 * units[rows, flipped]
        before = kernels.linear(units, weight, self.hidden_bias.detach().numpy())
        after = before + change[:, None] * weight.T[flipped]
        rise = (np.logaddexp(0, before) - np.logaddexp(0, after)).sum(axis=1)
        rise -= change * self.visible_bias.detach().numpy()[flipped]
        return -units.shape[1] * np.logaddexp(0, -rise)

    # Training

    def fit(
        self,
        data: Any,
        *,
        epochs: int = 1,
        batch_size: int = 100,
        lr: float = 0.1,
        momentum: float = 0.5,
        weight_cost: float = 2e-4,
        k: int = 1,
        persistent: bool = False,
        monitor: int = 100,
        generator: np.random.Generator | None = None,
    ) -> list[dict[str, float]]:
        r"""Train by `ContrastiveDivergence` and gradient steps, from the parameters as they are.

        .. math::
            \Delta &\leftarrow \mu \Delta + \langle h v^\mathsf{T} \rangle_\text{data}
            - \langle h v^\mathsf{T} \rangle_\text{model} - \lambda W \\
            W &\leftarrow W + \eta \Delta

        and the same without :math:`\lambda` for the biases (guide, sections 9 and 10).

        Parameters
        ----------
        data : array, shape (N, V)
            In [0, 1] for Bernoulli units; centred and of unit variance for Gaussian ones.
        epochs : int
        batch_size : int
        lr : float
            :math:`\eta`. Gaussian units need a tenth to a hundredth of the default.
        momentum : float
            :math:`\mu`; 0.5 to begin with and 0.9 later is the guide's advice.
        weight_cost : float
            :math:`\lambda`.
        k, persistent
            See `ContrastiveDivergence`.
        monitor : int
            Rows of `data` to judge each epoch by, drawn once; 0 judges none. Costs about what a
            training step on so many rows does.
        generator : numpy.random.Generator, optional
            Draw from this one instead of the default.

        Returns
        -------
        list of dict
            Of each epoch "reconstruction_error", the mean "free_energy" and, of Bernoulli units,
            the mean "pseudo_log_likelihood".

        Raises
        ------
        ValueError
            If `data` does not fit, or a setting is out of range.
        """
        check_positive(epochs=epochs, batch_size=batch_size)
        if monitor < 0:
            raise ValueError(f"monitor: expected a number that is not negative, got {monitor}")
        units = self._units(data, "data")
        source = default_generator() if generator is None else generator
        estimate = ContrastiveDivergence(self, k, persistent=persistent, generator=source)
        groups = [
            {"params": [self.weight], "weight_decay": weight_cost},
            {"params": [self.visible_bias, self.hidden_bias]},
        ]
        optimizer = optim.SGD(groups, lr=lr, momentum=momentum)
        judged = units[source.permutation(len(units))[:monitor]]
        history = []
        for _ in range(epochs):
            order = source.permutation(len(units))
            for start in range(0, len(units), batch_size):
                estimate(units[order[start : start + batch_size]])
                optimizer.step()
            history.append(self._judge(judged, source) if monitor else {})
        return history

    def _judge(self, v: Array, generator: np.random.Generator) -> dict[str, float]:
        record = {"reconstruction_error": self.reconstruction_error(v)}
        record["free_energy"] = float(self.free_energy(v).detach().numpy().mean())
        if self.visible == "bernoulli":
            likelihood = self.pseudo_log_likelihood(v, generator=generator)
            record["pseudo_log_likelihood"] = float(likelihood.mean())
        return record

    def extra_repr(self) -> str:
        """Describe the units."""
        return (
            f"visible_features={self.visible_features}, hidden_features={self.hidden_features}, "
            f"visible={self.visible!r}"
        )

    # Units as arrays of the parameters' dtype, checked once where they come in.

    def _units(self, value: Any, name: str) -> Array:
        return self._units_and_kind(value, name)[0]

    def _units_and_kind(self, value: Any, name: str) -> tuple[Array, bool]:
        """Return visible units and whether all are zeros and ones."""
        array = matrix(value, name, self.visible_features, self.weight.dtype)
        if self.visible == "bernoulli":
            if is_binary(array):
                return array, True
            low, high = array.min(), array.max()
            # A comparison that NaN fails too.
            if not (low >= 0 and high <= 1):
                raise ValueError(f"{name}: expected values in [0, 1], got {low} to {high}")
        elif not np.isfinite(array).all():
            raise ValueError(f"{name}: expected finite values, got NaN or infinity")
        return array, False

    def _hidden_units(self, h: Any) -> Array:
        return matrix(h, "h", self.hidden_features, self.weight.dtype)

    # `binary` says that the units are known to be zeros and ones.

    def _hidden_mean(self, v: Array, binary: bool = False) -> Array:
        weight, bias = self.weight.detach().numpy(), self.hidden_bias.detach().numpy()
        return affine(v, weight.T, bias, "sigmoid", binary)

    def _visible_mean(self, h: Array, binary: bool = False) -> Array:
        activation: Literal["sigmoid"] | None = "sigmoid" if self.visible == "bernoulli" else None
        weight, bias = self.weight.detach().numpy(), self.visible_bias.detach().numpy()
        return affine(h, weight, bias, activation, binary)

    def _drawn(self, mean: Array, generator: np.random.Generator | None) -> Array:
        """Draw visible units of these means, in place of them."""
        if self.visible == "bernoulli":
            return tossed(mean, generator)
        source = default_generator() if generator is None else generator
        mean += source.standard_normal(mean.shape, dtype=mean.dtype)
        return mean


class ContrastiveDivergence:
    r"""Estimate the gradient of an RBM's negative log-likelihood by short Gibbs chains.

    .. math::
        -\frac{\partial \log P(v)}{\partial W} \approx
        \langle P(h \mid v_k)\, v_k^\mathsf{T} \rangle - \langle P(h \mid v)\, v^\mathsf{T} \rangle

    where :math:`v_k` is what :math:`k` steps of Gibbs sampling make of the data, CD-k, or of where
    the chains were left after the call before, persistent contrastive divergence.

    Parameters
    ----------
    rbm : RBM
    k : int
        Steps.
    persistent : bool
        Continue the chains of the call before. They start at the first batch, and stay as many.
    visible_means : bool
        Use the visible units' means where they would be drawn: less noise, and another bias (guide,
        section 3.2).
    generator : numpy.random.Generator, optional
        Draw from this one instead of the default.

    Attributes
    ----------
    chains : array, shape (N, H), or None
        Hidden units of the persistent chains.

    Raises
    ------
    TypeError
        If `rbm` is not an `RBM`.
    ValueError
        If `k` is not positive.

    References
    ----------
    G. Hinton, "Training products of experts by minimizing contrastive divergence", 2002; T.
    Tieleman, "Training restricted Boltzmann machines using approximations to the likelihood
    gradient", ICML 2008.

    Examples
    --------
    Any optimiser takes the steps:

    >>> import numpy as np
    >>> from einkorn import models, optim
    >>> rbm = models.RBM(6, 3)
    >>> estimate = models.ContrastiveDivergence(rbm, k=2)
    >>> optimizer = optim.SGD(rbm.parameters(), lr=0.1, momentum=0.5)
    >>> estimate(np.eye(6))
    >>> optimizer.step()
    """

    def __init__(
        self,
        rbm: RBM,
        k: int = 1,
        *,
        persistent: bool = False,
        visible_means: bool = False,
        generator: np.random.Generator | None = None,
    ) -> None:
        if not isinstance(rbm, RBM):
            raise TypeError(f"rbm: expected an RBM, got {type(rbm).__name__}")
        check_positive(k=k)
        self.rbm = rbm
        self.k = k
        self.persistent = persistent
        self.visible_means = visible_means
        self.generator = generator
        self.chains: Array | None = None

    def __call__(self, v: Any) -> None:
        """Put the estimate for visible units (N, V) in place of the parameters' gradients."""
        rbm = self.rbm
        units, binary = rbm._units_and_kind(v, "v")
        hidden = rbm._hidden_mean(units, binary)
        start = self.chains if self.persistent else None
        if start is None:
            start = kernels.bernoulli(hidden, draw_seed(self.generator))
        model, model_hidden = self._run(start)
        weight = np.empty(rbm.weight.shape, rbm.weight.dtype)
        correlate(hidden, units, weight, alpha=-1 / len(units), beta=0, binary=binary)
        drawn = self._draws_zeros_and_ones()
        correlate(model_hidden, model, weight, alpha=1 / len(model), beta=1, binary=drawn)
        rbm.weight.grad = Tensor(weight)
        rbm.visible_bias.grad = Tensor(kernels.mean(model, 0) - kernels.mean(units, 0))
        rbm.hidden_bias.grad = Tensor(kernels.mean(model_hidden, 0) - kernels.mean(hidden, 0))
        if self.persistent:
            self.chains = tossed(model_hidden, self.generator)

    def _run(self, h: Array) -> tuple[Array, Array]:
        """Return visible units after `k` steps, and the hidden ones' chances given them."""
        rbm = self.rbm
        for step in range(self.k):
            v = rbm._visible_mean(h, True)
            if not self.visible_means:
                v = rbm._drawn(v, self.generator)
            h = rbm._hidden_mean(v, self._draws_zeros_and_ones())
            if step < self.k - 1:
                h = tossed(h, self.generator)
        return v, h

    def _draws_zeros_and_ones(self) -> bool:
        return self.rbm.visible == "bernoulli" and not self.visible_means

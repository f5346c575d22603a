"""Echo state networks: a fixed recurrent reservoir, of which only the read-out learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor, increment_version, no_grad
from einkorn.autograd.operators import cat
from einkorn.autograd.operators.recurrent import by_steps
from einkorn.autograd.random import default_generator
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.linear import Linear
from einkorn.nn.module import Module

__all__ = ["EchoState"]


class EchoState(Module):
    r"""An echo state network: a random reservoir, and a linear map of what echoes in it.

    .. math::
        x_t &= (1 - a) x_{t-1} + a \tanh(W_{ih} u_t + b + W_{hh} x_{t-1}) \\
        y_t &= W_{out} [u_t; x_t] + b_{out}

    Nothing but the last line learns, by `fit` at once or by gradients as any other layer.

    Parameters
    ----------
    input_size, reservoir_size, output_size : int
        I, H and O.
    spectral_radius : float
        The largest absolute eigenvalue of :math:`W_{hh}`; below 1 the reservoir usually forgets
        where it began.
    density : float
        The share of connections in the reservoir that are there, in (0, 1].
    leak : float
        a, in (0, 1]: how fast the reservoir moves.
    input_scale : float
        The entries of :math:`W_{ih}` and b are from U(-input_scale, input_scale).
    batch_first : bool
        Whether input and output are (B, T, ...) instead of (T, B, ...).
    generator : numpy.random.Generator, optional
        What draws the reservoir; the library's one by default.
    dtype : optional
        Of the reservoir and the read-out; float32 by default.

    Attributes
    ----------
    weight_ih, weight_hh, bias : Tensor, shapes (H, I), (H, H) and (H,)
        Buffers: saved, and not trained.
    readout : Linear
        :math:`W_{out}`, (O, I + H), and :math:`b_{out}`.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or so few connections are there that nothing echoes;
        when called, if a shape does not fit.

    Notes
    -----
    Input (T, B, I), (B, T, I) with ``batch_first``, or (T, I), and optionally a first state (B, H),
    or (H,); zeros by default. Returns the outputs, laid out like the input, and the last state.

    References
    ----------
    H. Jaeger, "The 'echo state' approach to analysing and training recurrent neural networks",
    2001; H. Jaeger, M. Lukosevicius, D. Popovici and U. Siewert, "Optimization and applications of
    echo state networks with leaky-integrator neurons", 2007.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> wave = np.sin(0.3 * np.arange(400))[:, None]
    >>> network = nn.EchoState(1, 50, 1, dtype=np.float64, generator=np.random.default_rng(0))
    >>> network.fit(wave[:-1], wave[1:], washout=50)
    >>> output, state = network(wave[:-1])
    >>> bool(np.abs(output.numpy() - wave[1:])[50:].max() < 1e-3)
    True
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias: Tensor

    def __init__(
        self,
        input_size: int,
        reservoir_size: int,
        output_size: int,
        *,
        spectral_radius: float = 0.9,
        density: float = 0.1,
        leak: float = 1.0,
        input_scale: float = 1.0,
        batch_first: bool = False,
        generator: np.random.Generator | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = {
            "input_size": input_size,
            "reservoir_size": reservoir_size,
            "output_size": output_size,
        }
        for name, size in sizes.items():
            if size < 1:
                raise ValueError(f"{name} must be at least 1, got {size}")
        for name, share in (("density", density), ("leak", leak)):
            if not 0.0 < share <= 1.0:
                raise ValueError(f"{name} must be in (0, 1], got {share}")
        for name, scale in (("spectral_radius", spectral_radius), ("input_scale", input_scale)):
            if not 0.0 <= scale < np.inf:
                raise ValueError(f"{name} must be finite and not negative, got {scale}")
        self.spectral_radius = spectral_radius
        self.leak = leak
        self.batch_first = batch_first
        source = default_generator() if generator is None else generator
        dtype = np.dtype(np.float32 if dtype is None else dtype)
        buffers = {
            "weight_ih": source.uniform(-input_scale, input_scale, (reservoir_size, input_size)),
            "weight_hh": _reservoir(reservoir_size, spectral_radius, density, source),
            "bias": source.uniform(-input_scale, input_scale, reservoir_size),
        }
        for name, values in buffers.items():
            self.register_buffer(name, as_tensor(values.astype(dtype)))
        self.readout = Linear(input_size + reservoir_size, output_size, dtype=dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the outputs and the last state."""
        features, last = self._echo(input, hx)
        return self.readout(features), last

    def fit(self, input: Any, target: Any, ridge: float = 1e-6, washout: int = 0) -> None:
        r"""Set the read-out to the one of least squares with a penalty.

        .. math::
            \min_{W, b} \sum_t \lVert W [u_t; x_t] + b - d_t \rVert^2
            + \beta \lVert W \rVert_F^2

        Parameters
        ----------
        input : Tensor or array, shape (T, B, I), (B, T, I) with ``batch_first``, or (T, I)
        target : Tensor or array, likewise with O
        ridge : float
            :math:`\beta`, positive.
        washout : int
            How many first steps do not count: those that still tell of the first state.

        Raises
        ------
        ValueError
            If shapes do not fit, ``ridge`` is not positive, or ``washout`` leaves no step.
        """
        if not ridge > 0.0:
            raise ValueError(f"ridge must be positive, got {ridge}")
        dtype = self.weight_hh.dtype
        with no_grad():
            x = self._echo(as_tensor(np.asarray(input), dtype), None)[0].numpy()
        wanted = (*x.shape[:-1], self.readout.out_features)
        d = np.asarray(target, np.float64)
        if d.shape != wanted:
            raise ValueError(f"target must have shape {wanted}, got {d.shape}")
        time = 1 if self.batch_first and x.ndim == 3 else 0
        if not 0 <= washout < x.shape[time]:
            raise ValueError(f"washout must be in [0, {x.shape[time]}), got {washout}")
        counted = (slice(None),) * time + (slice(washout, None),)
        x = x[counted].reshape(-1, x.shape[-1]).astype(np.float64)
        d = d[counted].reshape(-1, d.shape[-1])
        # Centred, the sums do not meet the bias, which is not penalised.
        x_mean, d_mean = x.mean(0), d.mean(0)
        x -= x_mean
        solved = np.linalg.solve(x.T @ x + ridge * np.eye(x.shape[1]), x.T @ (d - d_mean))
        fitted = {"weight": solved.T, "bias": d_mean - x_mean @ solved}
        for name, parameter in self.readout.named_parameters():
            parameter.numpy()[...] = fitted[name]
            increment_version(parameter)

    def _echo(self, input: Tensor, hx: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return inputs and states (..., I + H), laid out like the input, and the last state."""
        size, width = self.weight_ih.shape
        if input.ndim not in (2, 3) or input.shape[-1] != width:
            raise ValueError(
                f"input must be 2-D or 3-D with {width} features, got shape {input.shape}"
            )
        alone = input.ndim == 2
        u = input.unsqueeze(1) if alone else input.transpose(0, 1) if self.batch_first else input
        shape = (size,) if alone else (u.shape[1], size)
        h = as_tensor(np.zeros(shape, u.dtype)) if hx is None else hx
        if h.shape != shape:
            raise ValueError(f"hx must have shape {shape}, got {h.shape}")
        h = h.unsqueeze(0) if alone else h
        sums = F.linear(u, self.weight_ih, self.bias)
        states, last = by_steps(self._advance, sums, (h,), (), False, None)
        features = cat([u, states], -1)
        if alone:
            return features.squeeze(1), last.squeeze(0)
        return (features.transpose(0, 1) if self.batch_first else features), last

    def _advance(self, of_u: Tensor, x: Tensor) -> tuple[Tensor]:
        moved = (of_u + F.linear(x, self.weight_hh)).tanh()
        return (moved if self.leak == 1.0 else x + self.leak * (moved - x),)

    def extra_repr(self) -> str:
        """Describe sizes and settings."""
        size, width = self.weight_ih.shape
        return (
            f"{width}, {size}, {self.readout.out_features}, "
            f"spectral_radius={self.spectral_radius}, leak={self.leak}"
        )


def _reservoir(size: int, radius: float, density: float, source: np.random.Generator) -> np.ndarray:
    """Return sparse random weights whose largest absolute eigenvalue is ``radius``."""
    weight = source.uniform(-1, 1, (size, size)) * (source.random((size, size)) < density)
    largest = np.abs(np.linalg.eigvals(weight)).max()
    # Of what has no loops every eigenvalue is 0, but for rounding.
    if largest < 1e-6:
        raise ValueError(
            f"density must let {size} units form loops, got {density}: their weights have no radius"
        )
    return weight * (radius / largest)

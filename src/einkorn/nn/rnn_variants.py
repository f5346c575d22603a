"""Recurrent layers with other gates than PyTorch's, made of operators step by step."""

from __future__ import annotations

from typing import Any

from einkorn.autograd import Tensor
from einkorn.autograd.operators import chunk, split
from einkorn.autograd.operators.recurrent import by_steps
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn.parameter import empty_parameter
from einkorn.nn.rnn import RNNBase
from einkorn.nn.rnn_cells import RNNCellBase, State

__all__ = ["GRUVariant", "GRUVariantCell", "LSTMVariant", "LSTMVariantCell"]


class _LSTMForm:
    """The step of an LSTM, and what can be chosen in it."""

    _parts = 2
    peephole: bool
    coupled: bool
    output_tanh: bool

    def _choose(self, peephole: bool, coupled: bool, output_tanh: bool) -> None:
        self.peephole = peephole
        self.coupled = coupled
        self.output_tanh = output_tanh
        self._gates = 3 if coupled else 4

    def _advance(self, of_x: Tensor, state: State, weight: Any, bias: Any, peephole: Any) -> State:
        """Return the next state, given what the gates get from the input."""
        h, c = state
        *gates, g, o = chunk(of_x + F.linear(h, weight, bias), self._gates, 1)
        if peephole is not None:
            *of_c, of_next = chunk(peephole, self._gates - 1)
            gates = [gate + p * c for gate, p in zip(gates, of_c, strict=True)]
        i = gates[0].sigmoid()
        f = 1 - i if self.coupled else gates[1].sigmoid()
        after = f * c + i * g.tanh()
        if peephole is not None:
            o = o + of_next * after
        return o.sigmoid() * (after.tanh() if self.output_tanh else after), after

    def _described(self) -> str:
        chosen = (
            f", {name}={getattr(self, name)}"
            for name, default in (("peephole", False), ("coupled", False), ("output_tanh", True))
            if getattr(self, name) is not default
        )
        return "".join(chosen)


class _GRUForm:
    """The step of a GRU, and what can be chosen in it."""

    _parts = 1
    _gates = 3
    reset_after: bool
    z_keeps: bool

    def _choose(self, reset_after: bool, z_keeps: bool) -> None:
        self.reset_after = reset_after
        self.z_keeps = z_keeps

    def _advance(self, of_x: Tensor, state: State, weight: Any, bias: Any, _: Any) -> State:
        """Return the next state, given what the gates get from the input."""
        (h,) = state
        sizes = [2 * h.shape[1], h.shape[1]]
        x_gates, x_new = split(of_x, sizes, 1)
        if self.reset_after:
            h_gates, h_new = split(F.linear(h, weight, bias), sizes, 1)
            r, z = chunk((x_gates + h_gates).sigmoid(), 2, 1)
            n = (x_new + r * h_new).tanh()
        else:
            weights = split(weight, sizes)
            biases = (None, None) if bias is None else split(bias, sizes)
            r, z = chunk((x_gates + F.linear(h, weights[0], biases[0])).sigmoid(), 2, 1)
            n = (x_new + F.linear(r * h, weights[1], biases[1])).tanh()
        return (n + z * (h - n) if self.z_keeps else h + z * (n - h),)

    def _described(self) -> str:
        text = "" if self.reset_after else ", reset_after=False"
        return text if self.z_keeps else f"{text}, z_keeps=False"


class _SteppedCell(RNNCellBase):
    """One step of a form."""

    _advance: Any
    _described: Any

    def _step(self, x: Tensor, state: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any) -> Any:
        before = state if self._parts == 2 else (state,)
        peephole = self._parameters.get("weight_peephole")
        after = self._advance(F.linear(x, w_ih, b_ih), before, w_hh, b_hh, peephole)
        return after if self._parts == 2 else after[0]

    def extra_repr(self) -> str:
        """Describe the sizes, and what differs from the defaults."""
        return super().extra_repr() + self._described()


class _SteppedLayer(RNNBase):
    """Sequences through the steps of a form."""

    _advance: Any
    _described: Any

    def _run_cell(self, x: Tensor, state: State, number: int, batch_sizes: Any) -> State:
        suffix = self._suffixes[number]
        names = ("weight_ih", "bias_ih", "weight_hh", "bias_hh", "weight_peephole")
        w_ih, b_ih, *weights = [self._parameters.get(name + suffix) for name in names]

        def step(of_x: Tensor, *parts: Tensor) -> State:
            return self._advance(of_x, parts, *weights)

        before = tuple([part[number] for part in state])
        reverse = suffix.endswith("_reverse")
        # The input's part of the sums does not wait for the state: all steps at once.
        return by_steps(step, F.linear(x, w_ih, b_ih), before, (), reverse, batch_sizes)

    def extra_repr(self) -> str:
        """Describe the sizes, and what differs from the defaults."""
        return super().extra_repr() + self._described()


class LSTMVariantCell(_LSTMForm, _SteppedCell):
    r"""One step of long short-term memory with peepholes, coupled gates or a linear output.

    .. math::
        i &= \sigma(W_{ii} x + b_{ii} + W_{hi} h + b_{hi} [+ p_i \odot c]) \\
        f &= \sigma(W_{if} x + b_{if} + W_{hf} h + b_{hf} [+ p_f \odot c])
            \text{ or, coupled, } 1 - i \\
        g &= \tanh(W_{ig} x + b_{ig} + W_{hg} h + b_{hg}) \\
        c' &= f \odot c + i \odot g \\
        o &= \sigma(W_{io} x + b_{io} + W_{ho} h + b_{ho} [+ p_o \odot c']) \\
        h' &= o \odot \tanh(c') \text{ or } o \odot c'

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    bias : bool
        Whether there are biases.
    peephole : bool
        Whether the gates see the cell: the terms in brackets.
    coupled : bool
        Whether what is forgotten is what is written: f = 1 - i.
    output_tanh : bool
        Whether the cell passes through tanh on its way out.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight_ih, weight_hh : Parameter, shapes (4H, I) and (4H, H)
        In the order i, f, g, o; coupled 3H rows, i, g, o. All parameters are from U(-k, k),
        :math:`k = 1 / \sqrt{H}`.
    bias_ih, bias_hh : Parameter, shape (4H,), coupled (3H,), or None
    weight_peephole : Parameter, shape (3H,), coupled (2H,)
        :math:`p_i, p_f, p_o`, coupled :math:`p_i, p_o`; with ``peephole`` only.

    Notes
    -----
    Input and output are as for `LSTMCell`, which is the cell of the defaults, and faster.

    References
    ----------
    F. A. Gers and J. Schmidhuber, "Recurrent nets that time and count", 2000 (peepholes); K. Greff,
    R. K. Srivastava, J. Koutnik, B. R. Steunebrink and J. Schmidhuber, "LSTM: a search space
    odyssey", 2017 (the variants CIFG and NOAF).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> h, c = nn.LSTMVariantCell(10, 20, peephole=True, coupled=True)(np.zeros((3, 10)))
    >>> h.shape, c.shape
    ((3, 20), (3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        peephole: bool = False,
        coupled: bool = False,
        output_tanh: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self._choose(peephole, coupled, output_tanh)
        super().__init__(input_size, hidden_size, bias, device, dtype)
        if peephole:
            size = (self._gates - 1) * hidden_size
            self.weight_peephole = empty_parameter((size,), device, dtype)
            self.reset_parameters()


class GRUVariantCell(_GRUForm, _SteppedCell):
    r"""One step of a gated recurrent unit in any of its four published forms.

    .. math::
        r, z &= \sigma \text{ of the first thirds of }
            W_{ih} x + b_{ih} + W_{hh} h + b_{hh} \\
        n &= \tanh(W_{in} x + b_{in} + r \odot (W_{hn} h + b_{hn})) \text{ or }
            \tanh(W_{in} x + b_{in} + W_{hn} (r \odot h) + b_{hn}) \\
        h' &= (1 - z) \odot n + z \odot h \text{ or } (1 - z) \odot h + z \odot n

    Parameters
    ----------
    input_size, hidden_size : int
        I and H.
    bias : bool
        Whether there are biases.
    reset_after : bool
        Whether the state is reset after it is multiplied by the weights, as in `GRUCell`, or
        before, as in both papers.
    z_keeps : bool
        Whether z is the share of the old state, as in `GRUCell` and Cho's paper, or of the new
        one, as in Chung's.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight_ih, weight_hh : Parameter, shapes (3H, I) and (3H, H)
        In the order r, z, n. All parameters are from U(-k, k), :math:`k = 1 / \sqrt{H}`.
    bias_ih, bias_hh : Parameter, shape (3H,), or None

    Notes
    -----
    Input and output are as for `GRUCell`, which is the cell of the defaults, and faster.

    Since :math:`1 - \sigma(a) = \sigma(-a)`, a network changes from one role of z to the other when
    rows H to 2H of all its weights and biases change their sign; the example does so. Between
    resets before and after there is no such conversion.

    References
    ----------
    K. Cho, B. van Merrienboer, C. Gulcehre et al., "Learning phrase representations using RNN
    encoder-decoder for statistical machine translation", 2014; J. Chung, C. Gulcehre, K. Cho and
    Y. Bengio, "Empirical evaluation of gated recurrent neural networks on sequence modeling", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> one, other = nn.GRUVariantCell(10, 20, z_keeps=False), nn.GRUCell(10, 20)
    >>> sign = np.repeat([1.0, -1.0, 1.0], 20)
    >>> state = {k: (v.numpy().T * sign).T for k, v in one.state_dict().items()}
    >>> _ = other.load_state_dict(state)
    >>> x = np.ones((3, 10))
    >>> np.allclose(one(x).numpy(), other(x).numpy(), atol=1e-6)
    True
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        reset_after: bool = True,
        z_keeps: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self._choose(reset_after, z_keeps)
        super().__init__(input_size, hidden_size, bias, device, dtype)


class LSTMVariant(_LSTMForm, _SteppedLayer):
    r"""Sequences through one or more layers of `LSTMVariantCell`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        As for `LSTM`.
    peephole, coupled, output_tanh
        As for `LSTMVariantCell`.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight_ih_l[k], weight_hh_l[k], bias_ih_l[k], bias_hh_l[k], weight_peephole_l[k] : Parameter
        Shaped as of `LSTMVariantCell`, named as of `LSTM`.

    Notes
    -----
    Input and output are as for `LSTM`, packed sequences included.

    References
    ----------
    F. A. Gers and J. Schmidhuber, "Recurrent nets that time and count", 2000; K. Greff, R. K.
    Srivastava, J. Koutnik, B. R. Steunebrink and J. Schmidhuber, "LSTM: a search space odyssey",
    2017.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> layer = nn.LSTMVariant(10, 20, bidirectional=True, output_tanh=False)
    >>> output, (h, c) = layer(np.zeros((5, 3, 10)))
    >>> output.shape, h.shape, c.shape
    ((5, 3, 40), (2, 3, 20), (2, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        peephole: bool = False,
        coupled: bool = False,
        output_tanh: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self._choose(peephole, coupled, output_tanh)
        super().__init__(
            *(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional),
            *(0, device, dtype),
        )

    def _add_cell(self, suffix: str, input_size: int, device: Any, dtype: Any) -> None:
        super()._add_cell(suffix, input_size, device, dtype)
        if self.peephole:
            size = (self._gates - 1) * self.hidden_size
            parameter = empty_parameter((size,), device, dtype)
            self.register_parameter(f"weight_peephole{suffix}", parameter)


class GRUVariant(_GRUForm, _SteppedLayer):
    r"""Sequences through one or more layers of `GRUVariantCell`.

    Parameters
    ----------
    input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional
        As for `GRU`.
    reset_after, z_keeps
        As for `GRUVariantCell`, where the conversion between the roles of z stands.
    device, dtype : optional
        Where and as what to hold the parameters; float32 by default.

    Attributes
    ----------
    weight_ih_l[k], weight_hh_l[k], bias_ih_l[k], bias_hh_l[k] : Parameter
        Shaped and named as of `GRU`.

    Notes
    -----
    Input and output are as for `GRU`, packed sequences included.

    References
    ----------
    K. Cho, B. van Merrienboer, C. Gulcehre et al., "Learning phrase representations using RNN
    encoder-decoder for statistical machine translation", 2014; J. Chung, C. Gulcehre, K. Cho and
    Y. Bengio, "Empirical evaluation of gated recurrent neural networks on sequence modeling", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> output, h = nn.GRUVariant(10, 20, 2, reset_after=False)(np.zeros((5, 3, 10)))
    >>> output.shape, h.shape
    ((5, 3, 20), (2, 3, 20))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        reset_after: bool = True,
        z_keeps: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self._choose(reset_after, z_keeps)
        super().__init__(
            *(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional),
            *(0, device, dtype),
        )

"""Affine maps whose weight is laid out once, for inference; `einkorn.nn.inference` makes them."""

from __future__ import annotations

from typing import Any, Literal

from einkorn.autograd import Tensor, is_grad_enabled
from einkorn.autograd.operators.affine import linear_activated
from einkorn.kernels import packed
from einkorn.nn.linear import Linear

__all__ = ["PackedLinear"]


class PackedLinear(Linear):
    """A `Linear` that keeps a copy of its weight, in the order in which products read it.

    The copy is made at the first call that gains by it, and again after the weight was replaced or
    changed by an operator, an optimiser or `load_state_dict`. A change made through ``numpy()`` is
    not seen: prepare the model again.
    """

    _endings = Linear._endings
    _panels: Any = None
    _copied: tuple[Any, int] | None = None

    @staticmethod
    def suits(layer: Linear) -> bool:
        """Whether some instruction set gains by a copy; others would pay for asking each time."""
        narrowest = 32  # columns of a panel, of which there are two at least
        outputs = layer.out_features
        return outputs >= 2 * narrowest and outputs % narrowest == 0

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input @ weight.T + bias``."""
        return self._forward_ending(input, None)

    # Any text, says the base, whose endings are these.
    def _forward_ending(  # type: ignore[override]
        self, input: Tensor, ending: Literal["relu", "sigmoid", "tanh"] | None
    ) -> Tensor:
        few = input.ndim == 2 and packed.FEWEST_ROWS <= len(input) <= packed.MOST_ROWS
        if few and not is_grad_enabled() and input.dtype == self.weight.dtype:
            panels = self._up_to_date()
            if panels is not None and input.shape[1] == self.in_features:
                bias = None if self.bias is None else self.bias.detach().numpy()
                rows = input.detach().numpy()
                return Tensor(packed.packed_linear(rows, panels, bias, activation=ending))
        return linear_activated(input, self.weight, self.bias, ending)

    def _up_to_date(self) -> Any:
        """Return the copy, or None where there is nothing to gain by one."""
        weight = self.weight
        if (
            self._copied is None
            or self._copied[0] is not weight
            or (self._copied[1] != weight._version[0])
        ):
            panels = packed.pack_weight(weight.detach().numpy())
            self.__dict__.update(_panels=panels, _copied=(weight, weight._version[0]))
        return self._panels

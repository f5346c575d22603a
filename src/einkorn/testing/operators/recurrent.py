"""Recurrent layers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from einkorn.testing.operators.rows import Row, call, normal, rows

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    yield from _recurrent("lstm", 4, (normal(3, 3), normal(3, 3)))
    yield from _recurrent("gru", 3, normal(3, 3))
    yield from _recurrent("rnn_tanh", 1, normal(3, 3))
    yield from _recurrent("rnn_relu", 1, normal(3, 3))


def _recurrent(name: str, gates: int, state: Any) -> Iterator[Row]:
    """Return the rows of a cell and of its sequences: batch 3, 5 inputs, 3 units."""
    weights = (normal(gates * 3, 5), normal(gates * 3, 3), normal(gates * 3), normal(gates * 3))
    yield from rows(
        f"{name}_cell", call(normal(3, 5), state, *weights), call(normal(3, 5), state, *weights[:2])
    )
    yield from rows(
        name,
        call(normal(4, 3, 5), state, *weights),
        call(normal(4, 3, 5), state, *weights[:2]),
        call(normal(3, 3, 5), state, *weights, reverse=True),
        call(normal(6, 5), state, *weights, batch_sizes=[3, 2, 1]),
        call(normal(6, 5), state, *weights, batch_sizes=[3, 2, 1], reverse=True),
        reference=_torch_sequence(name),
    )


def _torch_sequence(name: str) -> Any:
    """Return a reference that gives PyTorch's function of whole sequences one layer's arguments."""

    def reference(
        torch: Any,
        x: Any,
        state: Any,
        *weights: Any,
        reverse: bool = False,
        batch_sizes: Any = None,
    ) -> Any:
        parts = state if isinstance(state, tuple) else (state,)
        sizes = [x.shape[1]] * len(x) if batch_sizes is None else batch_sizes
        rows = list(torch.split(x.reshape(-1, x.shape[-1]), sizes))
        biases = () if len(weights) > 2 else (torch.zeros_like(weights[0][:, 0]),) * 2
        outputs = []
        for x_now in rows[:: -1 if reverse else 1]:
            n = len(x_now)
            now = tuple(part[:n] for part in parts)
            cell = getattr(torch, f"{name}_cell")
            after = cell(x_now, now if name == "lstm" else now[0], *weights, *biases)
            after = after if isinstance(after, tuple) else (after,)
            parts = tuple(torch.cat([new, old[n:]]) for new, old in zip(after, parts, strict=True))
            outputs.append(after[0])
        y = torch.cat(outputs[:: -1 if reverse else 1])
        return y.reshape(*x.shape[:-1], -1), *parts

    return reference

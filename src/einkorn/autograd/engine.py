"""The backward engine.

A gradient starts at the roots and travels from each operator to the *sources* of its inputs.
Operators carry the number of their creation, and an operator is always younger than its sources:
taking the youngest operator that has received a gradient guarantees that everything that uses its
result has contributed already. A heap of these numbers is therefore the whole schedule; there is
no recursion and no separate sorting of the graph.

Gradients are plain arrays; under ``create_graph`` they are Tensors, and the operators record
themselves while they compute them.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import Any

__all__ = ["Task"]


class Task:
    """One backward pass: what has arrived where.

    Attributes
    ----------
    ready : list of int
        Heap of the negated numbers of operators that have received a gradient.
    pending : dict
        Number -> ``[operator, gradient]`` (for several outputs, a list of gradients).
    wanted : dict or None
        ``None`` when gradients accumulate in the leaves; otherwise the key of each wanted
        tensor -> its gradient so far.
    """

    __slots__ = ("pending", "ready", "wanted")

    def __init__(self, wanted: dict[Any, Any] | None = None) -> None:
        self.ready: list[int] = []
        self.pending: dict[int, list[Any]] = {}
        self.wanted = wanted

    def keep(self, key: Any, gradient: Any) -> None:
        """Add `gradient` to what has arrived for the wanted tensor `key`, if it is wanted."""
        wanted = self.wanted
        if wanted is not None and key in wanted:
            known = wanted[key]
            wanted[key] = gradient if known is None else known + gradient

    def deliver(self, node: Any, gradient: Any) -> None:
        """Add `gradient` to what has arrived for the only output of `node`."""
        entry = self.pending.get(node.order)
        if entry is None:
            self.pending[node.order] = [node, gradient]
            heappush(self.ready, -node.order)
        else:
            entry[1] = entry[1] + gradient

    def deliver_part(self, node: Any, index: int, gradient: Any) -> None:
        """Add `gradient` to what has arrived for output `index` of `node`."""
        entry = self.pending.get(node.order)
        if entry is None:
            entry = self.pending[node.order] = [node, [None] * node.outputs]
            heappush(self.ready, -node.order)
        parts = entry[1]
        parts[index] = gradient if parts[index] is None else parts[index] + gradient

    def run(self, retain_graph: bool, create_graph: bool, plan: dict[int, Any] | None) -> None:
        """Send the gradients on until none is pending.

        `plan` maps the number of each operator to visit to which of its inputs need a gradient;
        None visits everything.
        """
        ready, pending = self.ready, self.pending
        while ready:
            order = -heappop(ready)
            node, gradient = pending.pop(order)
            active = node
            if self.wanted is not None:
                node.note_wanted(self, gradient)
                if plan is not None:
                    needs = plan.get(order)
                    if needs is None:
                        continue
                    if needs != node.needs:
                        active = node.restricted(needs)
            sources = node.sources
            results = active.propagate(gradient, create_graph)
            if not retain_graph:
                node.release()
            if type(results) is not tuple:
                results = (results,)
            for source, result in zip(sources, results, strict=False):
                if source is not None and result is not None:
                    source._receive(self, result, result is not gradient)

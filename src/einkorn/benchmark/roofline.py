"""The machine's two limits, multiply-adds a second and bytes a second, and a kernel's share."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from einkorn import kernels
from einkorn.benchmark.alternate import seconds_of
from einkorn.benchmark.cases import Cost
from einkorn.kernels import roof

__all__ = ["Roof", "copy_of", "measure_roof"]

#: Traffic below this may stay in the caches, where the memory's bandwidth is no limit.
LEAST_TRAFFIC = 64_000_000


@dataclass(frozen=True)
class Roof:
    """What an instruction set and a number of threads can do at best, in units a second."""

    isa: str
    threads: int
    flops: float
    bytes: float

    def flops_share(self, cost: Cost, seconds: float) -> float | None:
        """Share of the peak, None for kernels without a count of operations."""
        return cost.flops / seconds / self.flops if cost.flops else None

    def bytes_share(self, cost: Cost, seconds: float) -> float | None:
        """Share of the bandwidth, None where the arrays may stay in the caches."""
        return cost.bytes / seconds / self.bytes if cost.bytes >= LEAST_TRAFFIC else None

    def is_compute_bound(self, cost: Cost) -> bool:
        """Whether the operations take longer than the traffic at best."""
        return cost.flops / self.flops > cost.bytes / self.bytes


def measure_roof(rounds: int = 7) -> Roof:
    """Measure both limits with the instruction set and the threads now in use."""
    threads, traffic = kernels.get_num_threads(), 4 * LEAST_TRAFFIC
    copy = median_seconds(copy_of(traffic), rounds)
    tasks, repeats = 4 * threads, 200_000  # some milliseconds a task
    flops, _ = roof.fused_multiply_adds(tasks, repeats)
    add = median_seconds(partial(roof.fused_multiply_adds, tasks, repeats), rounds)
    return Roof(kernels.isa(), threads, flops / add, traffic / copy)


def copy_of(traffic: int) -> Callable[[], object]:
    """The quickest copy that reads and writes so many bytes together."""
    x = np.ones(traffic // 8, np.float32)
    # Writing past the caches is the faster copy for several threads, but not for one.
    ways = [partial(roof.copy, x, streamed=streamed) for streamed in (True, False)]
    return min(ways, key=partial(median_seconds, rounds=3))


def median_seconds(function: Callable[[], object], rounds: int) -> float:
    """Time a call, after one that makes its memory warm."""
    function()
    return statistics.median(seconds_of(function) for _ in range(rounds))

"""What the kernels are to reach, from ``targets.toml``, and whether measured rows reach it."""

import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from einkorn.benchmark.cases import ODD
from einkorn.benchmark.peers import READINGS
from einkorn.benchmark.results import Results, Row
from einkorn.benchmark.summary import geometric_mean

TARGETS = Path(__file__).parent / "targets.toml"
#: "Under 1.0" means under this in the median: rows of equal speed scatter.
EVEN = 0.97
#: A row at these shares of the machine's limits counts whatever the ratio is.
FLOPS_LIMIT, BYTES_LIMIT = 0.88, 0.8


@dataclass(frozen=True)
class Target:
    """One row of the table: which rows it is about, and what they are to reach.

    `wanted` gives the least geometric mean by criterion: a reading of the peers (their time over
    einkorn's), ``flops share``, ``bytes share``, ``speed-up`` (by threads), or ``most seconds``,
    which is an upper bound. `least`, where given, bounds each row's ratio by reading, else no row
    may be under `EVEN`. `limit` says that rows at the machine's limit of ``"flops"`` or ``"bytes"``
    count as reached.
    """

    name: str
    wanted: dict[str, float] = field(default_factory=dict)
    least: dict[str, float] = field(default_factory=dict)
    family: str | None = None
    group: str | None = None
    direction: str | None = None
    networks: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    sizes: dict[str, int] = field(default_factory=dict)
    at_least: dict[str, int] = field(default_factory=dict)
    isa: str | None = None
    peer: str = "torch"
    limit: str | None = None

    def holds(self, row: Row) -> bool:
        """Whether the row is one of those that the target is about, under any setting."""
        return (
            self.family in (None, row.family)
            and self.group in (None, row.group)
            and self.direction in (None, row.direction)
            and (row.network in self.networks if self.networks else row.network != ODD)
            and (not self.kinds or row.kind in self.kinds)
            and all(row.sizes.get(key) == size for key, size in self.sizes.items())
            and all(row.sizes.get(key, 0) >= size for key, size in self.at_least.items())
        )


@dataclass(frozen=True)
class Verdict:
    """What the rows of a target reached by one criterion with one number of threads.

    `wanted` bounds the mean and `bound` each row; zeros bound nothing.
    """

    target: Target
    criterion: str
    threads: int
    wanted: float
    bound: float
    mean: float
    least: float
    rows: int
    met: bool


def read_targets(path: Path = TARGETS) -> list[Target]:
    """Targets of the file, in its order.

    Raises
    ------
    ValueError
        If a field or a criterion is unknown.
    """
    targets = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8"))["target"]:
        try:
            entry = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
            target = Target(**entry)
        except TypeError as error:
            raise ValueError(f"{path}: {entry}: {error}") from None
        for criterion in (*target.wanted, *target.least):
            if criterion not in CRITERIA:
                raise ValueError(f"{path}: {target.name}: unknown criterion {criterion!r}")
        targets.append(target)
    return targets


def judge(targets: Iterable[Target], results: Results) -> Iterator[Verdict]:
    """Verdicts on all that was measured; a target without rows gives none."""
    best = results.machine["config"]["isa"]["available"][-1]
    for target in targets:
        rows = [row for row in results.select(isa=target.isa or best) if target.holds(row)]
        for criterion in dict.fromkeys((*target.wanted, *target.least)):
            for threads in sorted({row.threads for row in rows}):
                chosen = [row for row in rows if row.threads == threads]
                verdict = judge_one(target, criterion, threads, chosen, results)
                if verdict:
                    yield verdict


def judge_one(
    target: Target, criterion: str, threads: int, rows: list[Row], results: Results
) -> Verdict | None:
    """Verdict by one criterion, None where no row can be judged by it."""
    value_of = CRITERIA[criterion]
    judged = [(row, value_of(target, criterion, row, results)) for row in rows]
    values = [(row, value) for row, value in judged if value is not None]
    if not values:
        return None
    wanted = target.wanted.get(criterion, 0.0)
    bound = target.least.get(criterion, EVEN if criterion in READINGS else 0.0)
    mean = geometric_mean([value for _, value in values])
    least = min(value for _, value in values)
    if criterion == "most seconds":
        met = mean <= wanted
    else:
        free = [value for row, value in values if not is_at_limit(target, row, results)]
        reached = mean >= wanted or all(value >= wanted for value in free)
        met = reached and all(value >= bound for value in free)
    return Verdict(target, criterion, threads, wanted, bound, mean, least, len(values), met)


def is_at_limit(target: Target, row: Row, results: Results) -> bool:
    """Whether the row runs near the limit that the target admits as an excuse."""
    if target.limit is None:
        return False
    flops, traffic = results.shares_of(row)
    if target.limit == "flops":
        return (flops or 0.0) >= FLOPS_LIMIT
    return (traffic or 0.0) >= BYTES_LIMIT


def ratio(target: Target, criterion: str, row: Row, results: Results) -> float | None:
    return row.ratio(target.peer) if row.reading == criterion else None


def flops_share(target: Target, criterion: str, row: Row, results: Results) -> float | None:
    return results.shares_of(row)[0] if row.reading == "stock" else None


def bytes_share(target: Target, criterion: str, row: Row, results: Results) -> float | None:
    """Share of the bandwidth of what the memory binds, not the arithmetic."""
    roof = results.roof_of(row)
    if roof is None or row.reading != "stock" or roof.is_compute_bound(row.cost):
        return None
    return results.shares_of(row)[1]


def speed_up(target: Target, criterion: str, row: Row, results: Results) -> float | None:
    """Of more threads over one, for what the arithmetic binds."""
    roof = results.roof_of(row)
    one = results.rows.get((row.network, row.name, row.isa, 1, row.reading))
    if row.threads == 1 or row.reading != "stock" or one is None or roof is None:
        return None
    return one.median() / row.median() if roof.is_compute_bound(row.cost) else None


def seconds(target: Target, criterion: str, row: Row, results: Results) -> float | None:
    return row.median() if row.reading == "stock" else None


CRITERIA: dict[str, Callable[[Target, str, Row, Results], float | None]] = {
    **dict.fromkeys(READINGS, ratio),
    "flops share": flops_share,
    "bytes share": bytes_share,
    "speed-up": speed_up,
    "most seconds": seconds,
}

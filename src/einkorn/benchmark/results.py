"""Measured rows, kept as lines of JSON: an interrupted measurement goes on from its file."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from einkorn.benchmark.cases import Case, Cost
from einkorn.benchmark.roofline import Roof

__all__ = ["COPY", "Results", "Row", "Setting", "beside"]

Key = tuple[str, str, str, int, str]
#: Beside the peers, what the memory binds takes turns with a copy of as many bytes.
COPY = "copy"
#: Times the quickest handover: cores further apart than that share no cache.
APART = 4.0


def beside(peer: str) -> str:
    """Name of einkorn's own time in turns with a peer."""
    return f"einkorn beside {peer}"


@dataclass(frozen=True)
class Row:
    """One case under one instruction set, number of threads and reading of the peers.

    `seconds` holds a call's time in each round by library. einkorn's stand under ``"einkorn"``
    where it was timed alone, and under `beside` of each peer that it took turns with. `handovers`
    has the seconds that a cache line took to the other thread's core and back after each visit.
    """

    family: str
    network: str
    kind: str
    sizes: dict[str, int]
    direction: str
    group: str
    isa: str
    threads: int
    reading: str
    flops: int
    bytes: int
    seconds: dict[str, list[float]]
    handovers: list[float] = field(default_factory=list)

    @classmethod
    def of(
        cls,
        case: Case,
        setting: Setting,
        seconds: dict[str, list[float]],
        handover: float | None = None,
    ) -> Row:
        """Make the row of a case that was measured under `setting`."""
        shape = case.shape
        return cls(
            *(case.family, shape.network, shape.kind, shape.sizes, case.direction, case.group),
            *(setting.isa, setting.threads, setting.reading, *case.cost, seconds),
            handovers=[] if handover is None else [handover],
        )

    @property
    def name(self) -> str:
        """Kind, sizes and direction, as in the shape files."""
        sizes = " ".join(f"{key}={value}" for key, value in self.sizes.items())
        return " ".join(filter(None, (self.kind, sizes, self.direction)))

    @property
    def key(self) -> Key:
        """What tells the row from all others."""
        return self.network, self.name, self.isa, self.threads, self.reading

    @property
    def cost(self) -> Cost:
        """Operations and bytes that the case takes at least."""
        return Cost(self.flops, self.bytes)

    def rounds(self) -> int:
        """How often each library was timed, at least."""
        return min(map(len, self.seconds.values()), default=0)

    def joined(self, later: Row) -> Row:
        """The same row with the rounds of a later measurement behind its own."""
        names = self.seconds.keys() | later.seconds.keys()
        times = {n: self.seconds.get(n, []) + later.seconds.get(n, []) for n in sorted(names)}
        return replace(self, seconds=times, handovers=self.handovers + later.handovers)

    def median(self) -> float:
        """Seconds that a call of einkorn takes: alone, or beside whichever peer it was quickest."""
        own = [times for name, times in self.seconds.items() if name.startswith("einkorn")]
        return min(map(statistics.median, own))

    def ratio(self, peer: str) -> float | None:
        """How many times the peer's time is einkorn's beside it; None where it was not measured."""
        if peer not in self.seconds:
            return None
        return statistics.median(self.seconds[peer]) / statistics.median(self.seconds[beside(peer)])

    def peers(self) -> list[str]:
        """Libraries that took part beside einkorn."""
        names = (name for name in self.seconds if not name.startswith("einkorn"))
        return sorted(name for name in names if name != COPY)


@dataclass(frozen=True)
class Setting:
    """What a process measures under: `reading` says how the peers were started."""

    isa: str
    threads: int
    reading: str = "stock"


@dataclass
class Results:
    """Rows by key, limits by instruction set and threads, and the facts of the machine.

    With a `path`, whatever is added is appended to the file at once.
    """

    path: Path | None = None
    machine: dict[str, Any] = field(default_factory=dict)
    roofs: dict[tuple[str, int], Roof] = field(default_factory=dict)
    rows: dict[Key, Row] = field(default_factory=dict)
    _seen: dict[tuple[str, int], list[Roof]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Results:
        """Read what a file holds, which may be nothing yet; of equal rows the last counts.

        Raises
        ------
        ValueError
            If a line is none of ours.
        """
        results = cls()
        if path.exists():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                try:
                    results._take(json.loads(line))
                except (TypeError, ValueError, AttributeError) as error:
                    raise ValueError(f"{path}:{number}: no line of results: {error}") from error
        results.path = path
        return results

    def add(self, record: Row | Roof | dict[str, Any]) -> None:
        """Keep a row, a limit, or the facts of the machine."""
        kind = {Row: "row", Roof: "roof", dict: "machine"}[type(record)]
        fields = record if isinstance(record, dict) else asdict(record)
        self._take({kind: fields})
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({kind: fields}) + "\n")

    def _take(self, entry: dict[str, Any]) -> None:
        ((kind, fields),) = entry.items()
        if kind == "machine":
            self.machine = fields
        elif kind == "roof":
            self._take_roof(Roof(**fields))
        elif kind == "row":
            row = Row(**fields)
            self.rows[row.key] = row
        else:
            raise ValueError(f"unknown kind {kind!r}")

    def _take_roof(self, roof: Roof) -> None:
        """Each process measures the limits; their median counts, since a machine's speed drifts."""
        key = roof.isa, roof.threads
        seen = self._seen.setdefault(key, [])
        seen.append(roof)
        self.roofs[key] = Roof(
            *key,
            statistics.median(measured.flops for measured in seen),
            statistics.median(measured.bytes for measured in seen),
        )

    def roof_of(self, row: Row) -> Roof | None:
        """Give the limits under the row's setting, None if they were not measured."""
        return self.roofs.get((row.isa, row.threads))

    def shares_of(self, row: Row) -> tuple[float | None, float | None]:
        """Share of the peak and of the bandwidth, None where there is none.

        The bandwidth is that of the copy beside the row: it changes by half with the place of the
        cores. For a row without, it is what this machine's processes measured at their start.
        """
        roof = self.roof_of(row)
        if roof is None:
            return None, None
        seconds = row.median()
        copied = row.ratio(COPY)
        return (
            roof.flops_share(row.cost, seconds),
            roof.bytes_share(row.cost, seconds) if copied is None else copied,
        )

    def apart(self) -> float | None:
        """Share of the visits that found the threads' cores without a common cache."""
        found = [seconds for row in self.rows.values() for seconds in row.handovers]
        if not found:
            return None
        return sum(seconds > APART * min(found) for seconds in found) / len(found)

    def select(self, **wanted: Any) -> Iterator[Row]:
        """Rows whose fields have the wanted values."""
        for row in self.rows.values():
            if all(getattr(row, name) == value for name, value in wanted.items()):
                yield row

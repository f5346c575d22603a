"""One page about a machine: a table of means in Markdown, and the roofline as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from einkorn.benchmark.results import Results, Row
from einkorn.benchmark.summary import label, means
from einkorn.io import atomic_path
from einkorn.train.pictures import new_figure, write_figure

__all__ = ["draw_roofline", "write_report"]

PICTURE = "roofline.png"
#: As many as ten colours share no factor with: seventy families look different.
_MARKERS = "os^vD*P"


def write_report(results: Results, folder: Path, opening: Iterable[str] = ()) -> Path:
    """Write ``report.md`` and its picture, and give the path of the former.

    The lines of `opening` come after the facts about the machine.
    """
    draw_roofline(results, folder / PICTURE)
    path = folder / "report.md"
    with atomic_path(path) as temporary:
        Path(temporary).write_text("\n".join(page(results, opening)) + "\n", encoding="utf-8")
    return path


def page(results: Results, opening: Iterable[str]) -> Iterator[str]:
    """Lines of the page."""
    yield "# Speed of einkorn on this machine\n"
    yield from facts(results.machine)
    yield from places(results)
    yield from opening
    yield "\n## Limits, as measured\n"
    yield "| instruction set | threads | multiply-adds, GFLOP/s | copy, GB/s |"
    yield "|---|--:|--:|--:|"
    for roof in results.roofs.values():
        flops, gigabytes = roof.flops / 1e9, roof.bytes / 1e9
        yield f"| {roof.isa} | {roof.threads} | {flops:.0f} | {gigabytes:.0f} |"
    yield "\n## Times as fast as the peer\n"
    yield "Median of alternated rounds; geometric mean over the shapes, and the least of them.\n"
    yield from ratio_table(results.rows.values())
    yield "\n## Share of the machine's limits\n"
    yield (
        "Of the multiply-add peak where operations count (Winograd's algorithm does fewer than the "
        "definition, and can pass it), of the bandwidth of a copy beside it where the arrays leave "
        "the caches.\n"
    )
    yield from share_table(results)
    yield f"\n![Roofline]({PICTURE})"


def facts(machine: dict[str, Any]) -> Iterator[str]:
    """Lines that name what was measured on."""
    config = machine["config"]
    caches = ", ".join(f"{name} {size}" for name, size in machine["caches"].items())
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    blas = ", ".join(str(value) for value in config["blas"].values() if value)
    yield f"- {versions}, Python {machine['python']}"
    yield f"- {machine['processor']}; {caches or 'caches unknown'}; {machine['system']}"
    yield f"- instruction sets: {', '.join(config['isa']['available'])}; NumPy's BLAS: {blas}"


def places(results: Results) -> Iterator[str]:
    """A line about the cores of the threads, where there are several."""
    apart = results.apart()
    if apart is not None:
        yield f"- the threads' cores shared no cache in {apart:.0%} of the visits to a row"


def ratio_table(rows: Iterable[Row]) -> Iterator[str]:
    """Mean and least ratio of each group to each peer."""
    yield "| kernels | peer | reading | instruction set | threads | mean | least | shapes |"
    yield "|---|---|---|---|--:|--:|--:|--:|"
    for mean in means(rows):
        yield (
            f"| {mean.label} | {mean.peer} | {mean.reading} | {mean.isa} | {mean.threads} "
            f"| {mean.mean:.2f} | {mean.least:.2f} | {mean.rows} |"
        )


def share_table(results: Results) -> Iterator[str]:
    """Share of each row that has one, of the stock reading."""
    yield "| shape | instruction set | threads | of the peak | of the bandwidth |"
    yield "|---|---|--:|--:|--:|"
    for row in results.select(reading="stock"):
        shares = results.shares_of(row)
        if any(shares):
            peak, bandwidth = (f"{share:.0%}" if share else "" for share in shares)
            yield f"| {row.name} | {row.isa} | {row.threads} | {peak} | {bandwidth} |"


def draw_roofline(results: Results, path: Path) -> None:
    """Draw each kernel under the two limits, for the most threads measured.

    The left panel has those with operations to count, the right one the others, by their share of
    the copy bandwidth. Of several instruction sets the best is drawn.
    """
    threads = max((roof.threads for roof in results.roofs.values()), default=1)
    rows = [row for row in results.select(threads=threads, reading="stock") if results.roof_of(row)]
    order = results.machine["config"]["isa"]["available"].index
    isa = max({row.isa for row in rows}, key=order, default=None)
    rows = [row for row in rows if row.isa == isa]
    figure = new_figure(16, 8)
    left, right = figure.subplots(1, 2)
    draw_peak(left, results, [row for row in rows if row.flops])
    draw_bandwidth(right, results, [row for row in rows if not row.flops])
    figure.suptitle(f"{results.machine['processor']}, {threads} threads")
    write_figure(figure, path)


def draw_peak(panel: Any, results: Results, rows: list[Row]) -> None:
    """Operations a second over operations a byte.

    Operations are those of the definition: an algorithm that needs fewer, as Winograd's, may pass
    the limit.
    """
    points: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        rate = row.flops / row.median() / 1e9
        points.setdefault(f"{row.family} {row.group}", []).append((row.flops / row.bytes, rate))
    for (name, found), marker in zip(points.items(), cycle(_MARKERS)):
        panel.loglog(*zip(*found, strict=True), marker, markersize=4, label=name)
    ends = [min((x for found in points.values() for x, _ in found), default=0.1), 1e3]
    for roof in {results.roof_of(row) for row in rows} - {None}:
        assert roof is not None
        ridge = roof.flops / roof.bytes
        corners = sorted({*ends, ridge})
        heights = [min(roof.flops, x * roof.bytes) / 1e9 for x in corners]
        panel.loglog(corners, heights, "k-", linewidth=1, label=f"limits, {roof.isa}")
    panel.set(xlabel="operations a byte", ylabel="GFLOP/s")
    panel.grid(alpha=0.3)
    if points:
        # Beside the axes: within them it covers points once there are many families.
        panel.legend(fontsize="small", loc="upper left", bbox_to_anchor=(1.01, 1.0))


def draw_bandwidth(panel: Any, results: Results, rows: list[Row]) -> None:
    """Share of the copy bandwidth, a bar a shape."""
    shares = [(row, results.shares_of(row)[1]) for row in rows]
    bars = [(f"{label(row)} ({row.network})", share) for row, share in shares if share]
    if bars:
        names, values = zip(*bars, strict=True)
        panel.barh(range(len(bars)), values)
        panel.set_yticks(range(len(bars)), names, fontsize="small")
    panel.axvline(1, color="k", linewidth=1)
    panel.set(xlabel="share of the copy bandwidth")

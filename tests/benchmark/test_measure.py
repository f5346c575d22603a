from einkorn.benchmark import measure as measuring
from einkorn.benchmark.alternate import Pace
from einkorn.benchmark.cases import Case, Shape
from einkorn.benchmark.results import Results
from einkorn.kernels import _core

PACE = Pace(rounds=1, shortest=1e-3)
RELU = Case("elementwise", Shape("odd", "relu", {"size": 4096}), "forward")


def rows_of(case, threads=1, pace=PACE):
    results = Results()
    before = _core.get_num_threads()
    try:
        assert measuring.measure([case], results, threads, pace)
    finally:
        measuring.use_threads(before)
    return list(results.rows.values())


def test_what_the_memory_binds_takes_turns_with_a_copy(monkeypatch):
    (row,) = rows_of(RELU)
    assert "copy" not in row.seconds
    monkeypatch.setattr(measuring, "LEAST_TRAFFIC", RELU.cost.bytes)
    (row,) = rows_of(RELU)
    assert row.ratio("copy") > 0
    (row,) = rows_of(RELU, pace=Pace(rounds=1, shortest=1e-3, peers=False))
    assert list(row.seconds) == ["einkorn"]


def test_each_visit_tells_how_far_apart_the_cores_are():
    for threads in (1, 2):
        (row,) = rows_of(RELU, threads)
        assert len(row.handovers) == (1 if threads == 2 and _core.has_threads() else 0)

import pytest

from einkorn.benchmark.results import Results, Row, Setting
from einkorn.benchmark.roofline import Roof


def test_a_file_gives_back_what_was_added(tmp_path, make_row):
    path = tmp_path / "results.jsonl"
    row = make_row({"einkorn": 1.0, "torch": 2.0})
    written = Results.load(path)
    for record in ({"processor": "any"}, Roof("avx2", 1, 3.0, 4.0), row):
        written.add(record)
    read = Results.load(path)
    assert read.machine == {"processor": "any"}
    assert read.roofs == {("avx2", 1): Roof("avx2", 1, 3.0, 4.0)}
    assert list(read.rows.values()) == [row]


def test_a_row_measured_again_replaces_itself(make_row):
    results = Results()
    results.add(make_row({"einkorn": 1.0}))
    results.add(make_row({"einkorn": 3.0}))
    assert [row.median() for row in results.rows.values()] == [3.0]


def test_rounds_of_a_later_measurement_stand_behind(make_row):
    first, later = (make_row({"einkorn": ours, "torch": 6.0}) for ours in (1.0, 3.0))
    assert first.rounds() == 1
    both = first.joined(later)
    assert both.seconds["einkorn beside torch"] == [1.0, 3.0]
    assert (both.rounds(), both.key) == (2, first.key)
    assert both.ratio("torch") == 3.0


def test_a_row_lacks_a_round_that_one_library_lacks(make_row):
    first, later = make_row({"einkorn": 1.0}), make_row({"einkorn": 1.0, "torch": 2.0})
    assert first.joined(later).rounds() == 1


@pytest.mark.parametrize(
    "change", [{"threads": 1}, {"isa": "avx2"}, {"reading": "pooled"}, {"sizes": {"m": 3}}]
)
def test_rows_of_other_settings_stand_beside(make_row, change):
    results = Results()
    results.add(make_row({"einkorn": 1.0}))
    results.add(make_row({"einkorn": 3.0}, **change))
    assert len(results.rows) == 2


def test_of_limits_the_median_counts():
    results = Results()
    for flops, bandwidth in ((3.0, 40.0), (2.0, 60.0), (9.0, 50.0)):
        results.add(Roof("avx2", 1, flops, bandwidth))
    assert results.roofs == {("avx2", 1): Roof("avx2", 1, 3.0, 50.0)}


@pytest.mark.parametrize(
    "line", ["{", '{"row": {}}', '{"other": {}}', "[]", '{"roof": {"isa": 1}}']
)
def test_a_damaged_line_is_named(tmp_path, line):
    path = tmp_path / "results.jsonl"
    path.write_text('{"machine": {}}\n' + line + "\n")
    with pytest.raises(ValueError, match=r"results\.jsonl:2: no line of results"):
        Results.load(path)


def test_a_copy_is_no_peer_but_the_bandwidth(make_row, make_results):
    row = make_row({"einkorn": 2.0, "torch": 3.0, "copy": 1.5}, bytes=10)
    assert row.peers() == ["torch"]
    assert make_results(row).shares_of(row) == (None, 0.75)


def test_shares_of_a_row_without_a_copy_are_of_the_limits(make_row, make_results):
    row = make_row({"einkorn": 1e7}, flops=10**9, bytes=10**8)
    assert make_results(row).shares_of(row) == (0.5, 0.5)
    assert Results().shares_of(row) == (None, None)


def test_visits_to_cores_without_a_common_cache_are_counted(make_row, make_results):
    assert make_results(make_row({"einkorn": 1.0})).apart() is None
    near, far = (
        make_row({"einkorn": 1.0}, handovers=seconds, network=name)
        for name, seconds in (("near", [1e-7, 1.5e-7]), ("far", [5e-7]))
    )
    assert make_results(near, near.joined(far)).apart() == 1 / 3


def test_row_of_a_case(tiny_case, tiny_cost):
    row = Row.of(tiny_case, Setting("avx2", 1, "pooled"), {"einkorn": [3.0, 1.0, 2.0]})
    assert row.name == "matmul m=3 n=4 k=5 product" == str(tiny_case)
    assert (row.isa, row.threads, row.reading) == ("avx2", 1, "pooled")
    assert row.cost == tiny_cost
    assert row.median() == 2.0


def test_ratio(make_row):
    row = make_row({"einkorn": 2.0, "torch": 3.0})
    assert row.peers() == ["torch"]
    assert row.ratio("torch") == 1.5
    assert row.ratio("numpy") is None


def test_each_peer_is_compared_with_the_turns_it_took_part_in(make_row):
    row = make_row({"einkorn": 2.0, "torch": 3.0, "numpy": 8.0})
    row.seconds["einkorn beside numpy"][:] = [4.0]
    assert (row.ratio("torch"), row.ratio("numpy")) == (1.5, 2.0)
    assert row.median() == 2.0

import sys
from pathlib import Path

import pytest

from einkorn.benchmark.cases import cases
from einkorn.benchmark.results import Row, Setting

ROOT = Path(__file__).parents[2]
if not (ROOT / "bench").is_dir():
    pytest.skip("needs the source tree", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from bench import compare  # noqa: E402
from bench.targets import Target, judge, read_targets  # noqa: E402

TARGETS = read_targets()


def verdicts(target, results):
    return {(v.criterion, v.threads): v for v in judge([target], results)}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_every_target_has_rows(target):
    setting = Setting("avx512", 2)
    rows = [Row.of(case, setting, {}) for case in cases()]
    assert any(target.holds(row) for row in rows)


def test_names_are_unique():
    names = [target.name for target in TARGETS]
    assert len(names) == len(set(names))


def test_3x3_targets_are_about_nine_rows():
    rows = [Row.of(case, Setting("avx512", 2), {}) for case in cases(["convolution"])]
    found = [t for t in TARGETS if t.group == "3x3" and t.direction]
    assert [sum(t.holds(row) for row in rows) for t in found] == [9, 9, 9]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[[target]]\nname = "x"\nwant = {}', "want"),
        ('[[target]]\nname = "x"\nwanted = { cold = 2.0 }', "x: unknown criterion 'cold'"),
    ],
)
def test_a_wrong_target_is_told(tmp_path, text, told):
    path = tmp_path / "targets.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=told):
        read_targets(path)


@pytest.mark.parametrize(
    ("ratios", "met"),
    [([2.0, 4.5], True), ([2.0, 4.0], False), ([0.9, 100.0], False), ([0.97, 100.0], True)],
)
def test_mean_and_least_ratio(make_row, make_results, ratios, met):
    rows = [
        make_row({"einkorn": 1.0, "torch": ratio}, sizes={"m": i}) for i, ratio in enumerate(ratios)
    ]
    target = Target("x", wanted={"stock": 3.0})
    verdict = verdicts(target, make_results(*rows))["stock", 2]
    assert verdict.met is met
    assert verdict.least == min(ratios)
    assert verdict.rows == 2


def test_readings_threads_and_instruction_sets_are_judged_apart(make_row, make_results):
    times = {"einkorn": 1.0, "torch": 4.0}
    results = make_results(
        make_row(times),
        make_row(times | {"torch": 2.0}, reading="pooled"),
        make_row(times | {"torch": 3.0}, threads=1),
        make_row(times | {"torch": 1.0}, isa="avx2"),
    )
    found = verdicts(Target("x", wanted={"stock": 3.5, "pooled": 1.5}), results)
    assert {key: v.met for key, v in found.items()} == {
        ("stock", 2): True,
        ("stock", 1): False,
        ("pooled", 2): True,
    }
    found = verdicts(Target("x", isa="avx2", wanted={"stock": 1.0}), results)
    assert {key: v.mean for key, v in found.items()} == {("stock", 2): 1.0}


@pytest.mark.parametrize(
    ("limit", "flops", "met"),
    [("flops", 180, True), ("flops", 170, False), ("bytes", 180, False), (None, 180, False)],
)
def test_a_row_at_the_limit_is_excused(make_row, make_results, limit, flops, met):
    # The limit with two threads is 200 operations a second.
    results = make_results(make_row({"einkorn": 1.0, "torch": 0.95}, flops=flops))
    target = Target("x", wanted={"stock": 2.0}, limit=limit)
    assert verdicts(target, results)["stock", 2].met is met


def test_a_bound_for_each_row_alone(make_row, make_results):
    results = make_results(make_row({"einkorn": 1.0, "torch": 0.92}, network="odd"))
    target = Target("x", networks=("odd",), least={"stock": 0.9})
    assert verdicts(target, results)["stock", 2].met
    target = Target("x", networks=("odd",), least={"stock": 0.95})
    assert not verdicts(target, results)["stock", 2].met
    assert not verdicts(Target("x", least={"stock": 0.1}), results), "odd rows are no suite's rows"


def test_shares(make_row, make_results):
    results = make_results(make_row({"einkorn": 1.0}, flops=100, bytes=1))
    assert verdicts(Target("x", wanted={"flops share": 0.5}), results)["flops share", 2].met
    assert not verdicts(Target("x", wanted={"flops share": 0.6}), results)["flops share", 2].met
    assert not verdicts(Target("x", wanted={"bytes share": 0.1}), results)
    results = make_results(make_row({"einkorn": 1e7}, bytes=160_000_000))
    assert verdicts(Target("x", wanted={"bytes share": 0.8}), results)["bytes share", 2].met


def test_speed_up_is_of_what_arithmetic_binds(make_row, make_results):
    target = Target("x", wanted={"speed-up": 1.85})
    one, two = {"einkorn": 1.9}, {"einkorn": 1.0}
    results = make_results(
        make_row(one, threads=1, flops=100, bytes=1), make_row(two, flops=100, bytes=1)
    )
    verdict = verdicts(target, results)["speed-up", 2]
    assert verdict.met and verdict.mean == pytest.approx(1.9)
    results = make_results(
        make_row(one, threads=1, flops=1, bytes=1), make_row(two, flops=1, bytes=1)
    )
    assert not verdicts(target, results)


def test_an_upper_bound_in_seconds(make_row, make_results):
    results = make_results(make_row({"einkorn": 1e-6}))
    assert verdicts(Target("x", wanted={"most seconds": 2e-6}), results)["most seconds", 2].met
    assert not verdicts(Target("x", wanted={"most seconds": 9e-7}), results)["most seconds", 2].met


def test_compare_measures_once_and_then_goes_on(tmp_path, capfd):
    arguments = ["--family", "loss", "--network", "odd", "--quick", "--threads", "1"]
    arguments += ["--results", str(tmp_path / "results.jsonl")]
    assert compare.main(arguments) == 0
    first = capfd.readouterr().out
    assert "cross_entropy n=1 c=10 forward and gradient" in first
    assert "odd shapes: loss cross_entropy" in first
    assert compare.main(arguments) == 0
    again = capfd.readouterr().out
    assert "us  " not in again
    assert "odd shapes: loss cross_entropy" in again


def test_compare_adds_the_rounds_that_rows_lack(tmp_path):
    path = tmp_path / "results.jsonl"
    arguments = ["--family", "loss", "--network", "odd", "--quick", "--threads", "1"]
    for rounds in (1, 3):
        assert compare.main([*arguments, "--results", str(path), "--rounds", str(rounds)]) == 0
        rows = compare.Results.load(path).rows.values()
        assert {row.rounds() for row in rows} == {rounds}


def test_compare_stops_when_its_time_is_over(tmp_path, capsys):
    arguments = ["--family", "loss", "--network", "odd", "--seconds", "0", "--threads", "1"]
    assert compare.main(arguments) == compare.UNFINISHED


def test_compare_starts_children_for_all_settings(tmp_path, capfd):
    pytest.importorskip("torch")  # beside which the odd shapes are judged
    path = tmp_path / "results.jsonl"
    arguments = ["--targets", "--family", "loss", "--network", "odd", "--quick", "--threads", "2"]
    report = tmp_path / "report"
    arguments += ["--results", str(path), "--report", str(report)]
    assert compare.main(arguments) == 0
    shown = capfd.readouterr().out
    results = compare.Results.load(path)
    settings = {(row.reading, row.threads) for row in results.rows.values()}
    assert settings == {(r, t) for r in ("stock", "pooled") for t in (1, 2)}
    page = (report / "report.md").read_text()
    assert "no odd shape much slower than PyTorch" in shown
    assert "| no odd shape much slower than PyTorch | stock | 1 |" in page


def test_all_settings_need_a_file(capsys):
    assert compare.main(["--targets"]) == 2
    assert "--results" in capsys.readouterr().err

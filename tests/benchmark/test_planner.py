import sys
from pathlib import Path

import pytest

from einkorn.benchmark.alternate import Pace
from einkorn.benchmark.cases import ODD, Case, Shape, cases
from einkorn.testing.threads import kernel_threads

ROOT = Path(__file__).parents[2]
if not (ROOT / "bench").is_dir():
    pytest.skip("needs the source tree", allow_module_level=True)
sys.path.insert(0, str(ROOT))

from bench import planner  # noqa: E402

SIZES = {"n": 1, "c": 4, "h": 9, "w": 9, "k": 4, "kernel": 3}


@pytest.mark.parametrize("kind", ["conv2d", "conv_transpose2d"])
@pytest.mark.parametrize("direction", ["forward", "input gradient", "weight gradient"])
def test_every_algorithm_is_timed_and_the_planned_one_is_among_them(kind, direction):
    case = Case("convolution", Shape(ODD, kind, SIZES), direction)
    seconds, planned = planner.compare_algorithms(case, Pace(rounds=1, shortest=1e-9))
    assert planned in seconds
    assert all(time > 0 for time in seconds.values())


@pytest.mark.parametrize(
    ("distance", "share", "code"), [(1.05, "100%", 0), (1.2, "0%", 1)], ids=["near", "far"]
)
def test_the_share_of_good_choices_decides(monkeypatch, capsys, distance, share, code):
    times = {"implicit": distance, "winograd": 1.0}
    monkeypatch.setattr(planner, "compare_algorithms", lambda case, pace: (times, "implicit"))
    with kernel_threads(1):
        assert planner.main(["--network", ODD, "--threads", "1"]) == code
    count = len(list(cases(["convolution"], [ODD])))
    shown = capsys.readouterr().out
    assert f"on {share} of {count}" in shown
    assert f"{distance:.2f}  auto: implicit" in shown

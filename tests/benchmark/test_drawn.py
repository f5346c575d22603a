"""Shapes drawn to find slow ones."""

import random
from itertools import islice

import pytest
from bench import drawn

from einkorn.benchmark.alternate import validate
from einkorn.benchmark.families import convolution


def test_a_seed_draws_the_same_shapes():
    first, second, other = (
        [str(case) for case in islice(drawn.all_drawn(list(drawn.DRAWN), seed), 60)]
        for seed in (1, 1, 2)
    )
    assert first == second
    assert first != other


@pytest.mark.parametrize("group", drawn.DRAWN)
def test_drawn_shapes_have_results(group):
    source = random.Random(0)
    for _ in range(200):
        for case in drawn.drawn_cases(group, source):
            assert 0 <= case.cost.flops <= drawn.MOST.flops
            assert 0 < case.cost.bytes <= drawn.MOST.bytes
            if case.family == "convolution":
                sides = [convolution.output_size(case.shape, case.shape.get(s)) for s in "hw"]
                assert min(sides) > 0


@pytest.mark.parametrize("group", drawn.DRAWN)
def test_drawn_cases_run(group):
    case = min(islice(drawn.all_drawn([group], 0), 60), key=lambda case: case.cost)
    validate(case.build())


@pytest.mark.parametrize("factor, status", [(0.5, 1), (2.0, 0)])
def test_short_rows_are_told(monkeypatch, capsys, make_row, factor, status):
    row = make_row({"torch": factor, "einkorn": 1.0})

    def measure(cases, results, threads, pace, deadline, tell):
        tell(next(iter(cases)), row)

    monkeypatch.setattr(drawn, "measure", measure)
    assert drawn.main(["--family", "gemm"]) == status
    assert f"{status} of 1 under 0.9, 0 wrong" in capsys.readouterr().out

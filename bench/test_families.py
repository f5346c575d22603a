"""The same cases under pytest-benchmark: ``pytest bench``.

pytest-benchmark times one library after the other; for ratios use ``python -m bench.compare``.
"""

import pytest

from einkorn.benchmark.cases import cases

LIBRARIES = ("einkorn", "gensim", "numpy", "sklearn", "torch")


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("case", cases(), ids=str)
def test_speed(benchmark, case, library):
    run = case.build()
    if library not in run:
        pytest.skip(f"{library} is not installed or has no counterpart")
    benchmark.group = str(case)
    benchmark(run[library])

import pytest

from einkorn.benchmark.cases import Case, Cost, Shape
from einkorn.benchmark.results import Results, Row, beside
from einkorn.benchmark.roofline import Roof


@pytest.fixture
def make_row():
    """A function that makes a row; what a test does not say is the same in all."""

    def make(seconds, **changes):
        fields = {
            "family": "gemm",
            "network": "gemm",
            "kind": "matmul",
            "sizes": {"m": 2},
            "direction": "product",
            "group": "matmul",
            "isa": "avx512",
            "threads": 2,
            "reading": "stock",
            "flops": 0,
            "bytes": 0,
            **changes,
        }
        times = {name: [value] for name, value in seconds.items()}
        times |= {beside(peer): list(times["einkorn"]) for peer in seconds.keys() - {"einkorn"}}
        return Row(**fields, seconds=times)

    return make


@pytest.fixture
def make_results():
    """A function that puts rows beside limits of 100 operations and 10 bytes a second a thread."""

    def make(*rows):
        results = Results()
        results.add({"config": {"isa": {"available": ["scalar", "avx2", "avx512"]}}})
        for isa in ("avx2", "avx512"):
            for threads in (1, 2):
                results.add(Roof(isa, threads, 100.0 * threads, 10.0 * threads))
        for row in rows:
            results.add(row)
        return results

    return make


@pytest.fixture
def tiny_case():
    return Case("gemm", Shape("odd", "matmul", {"m": 3, "n": 4, "k": 5}), "product")


@pytest.fixture
def tiny_cost():
    return Cost(2 * 3 * 4 * 5, 4 * (15 + 20 + 12))

import pytest

from einkorn import kernels
from einkorn.benchmark.cases import Cost
from einkorn.benchmark.roofline import LEAST_TRAFFIC, Roof, measure_roof

ROOF = Roof("avx2", 1, flops=1e11, bytes=1e10)


def test_share_of_the_peak():
    assert ROOF.flops_share(Cost(5 * 10**10, 0), 1.0) == pytest.approx(0.5)
    assert ROOF.flops_share(Cost(0, 10**9), 1.0) is None


def test_share_of_the_bandwidth_is_of_what_leaves_the_caches():
    assert ROOF.bytes_share(Cost(0, LEAST_TRAFFIC), 0.0128) == pytest.approx(0.5)
    assert ROOF.bytes_share(Cost(0, LEAST_TRAFFIC - 1), 0.0128) is None


@pytest.mark.parametrize(("flops", "bound"), [(9, False), (11, True), (0, False)])
def test_what_binds(flops, bound):
    assert ROOF.is_compute_bound(Cost(flops, 1)) is bound


def test_limits_of_this_machine():
    found = measure_roof(rounds=1)
    assert (found.isa, found.threads) == (kernels.isa(), kernels.get_num_threads())
    # From the slowest machine in use to the fastest.
    assert 1e8 < found.flops < 1e14
    assert 1e8 < found.bytes < 1e13

import pytest

from einkorn.benchmark.summary import geometric_mean, means


def test_geometric_mean():
    assert geometric_mean([1, 2, 4]) == pytest.approx(2)
    assert geometric_mean([1e-200, 1e200]) == pytest.approx(1)
    with pytest.raises(ValueError, match="at least one"):
        geometric_mean([])


def test_means_keep_groups_settings_and_odd_shapes_apart(make_row):
    rows = [
        make_row({"einkorn": 1.0, "torch": 2.0}, sizes={"m": 1}),
        make_row({"einkorn": 1.0, "torch": 8.0, "numpy": 3.0}, sizes={"m": 2}),
        make_row({"einkorn": 1.0, "torch": 5.0}, threads=1),
        make_row({"einkorn": 1.0, "torch": 6.0}, network="odd"),
    ]
    found = {(m.label, m.peer, m.threads): (m.mean, m.least, m.rows) for m in means(rows)}
    assert found == {
        ("gemm matmul, product", "torch", 2): (pytest.approx(4), 2, 2),
        ("gemm matmul, product", "numpy", 2): (pytest.approx(3), 3, 1),
        ("gemm matmul, product", "torch", 1): (pytest.approx(5), 5, 1),
        ("odd shapes: gemm matmul, product", "torch", 2): (pytest.approx(6), 6, 1),
    }

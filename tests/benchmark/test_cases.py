import math

import pytest

import einkorn as ek
from einkorn.benchmark.alternate import validate
from einkorn.benchmark.cases import (
    FAMILIES,
    ODD,
    Case,
    Shape,
    cases,
    cheapest,
    family_module,
    networks,
    read_shapes,
)
from einkorn.benchmark.families import convolution
from einkorn.benchmark.networks import NETWORKS
from einkorn.testing.references.geometry import output_size, transposed_output_size

ALL = list(cases())
CONVOLUTIONS = [case for case in ALL if case.family == "convolution"]


def test_every_line_is_served_by_one_family():
    served = [kind for family in FAMILIES for kind in family_module(family).KINDS]
    assert len(served) == len(set(served))
    assert {shape.kind for shape in read_shapes()} <= set(served)


def test_every_kind_has_a_shape():
    kinds = {kind for family in FAMILIES for kind in family_module(family).KINDS}
    assert kinds == {shape.kind for shape in read_shapes()}


def test_no_line_stands_twice_in_a_file():
    lines = [(shape.network, str(shape)) for shape in read_shapes()]
    assert len(lines) == len(set(lines))


def test_the_nine_layers_of_3x3_convolution():
    found = {
        tuple(case.shape.get(key) for key in "nchk")
        for case in cases(["convolution"], ["vgg", "resnet"])
        if case.group == "3x3"
    }
    assert found == {
        *((8, 128, 112, 128), (8, 256, 56, 256), (8, 512, 28, 512)),
        *((16, 64, 56, 64), (16, 128, 28, 128), (16, 256, 14, 256), (16, 512, 7, 512)),
        *((64, 32, 32, 64), (4, 64, 224, 64)),
    }


@pytest.mark.parametrize(
    ("sizes", "group"),
    [
        ({"c": 8, "kernel": 3}, "3x3"),
        ({"c": 8, "kernel": 3, "stride": 2}, "other"),
        ({"c": 8, "kernel": 3, "groups": 2}, "other"),
        ({"c": 8, "kernel": 3, "groups": 8}, "depthwise"),
        ({"c": 1, "kernel": 5, "groups": 1}, "other"),
    ],
)
def test_groups_of_convolution(sizes, group):
    assert convolution.group(Shape("any", "conv2d", sizes)) == group


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_operations_of_a_convolution_count_every_tap(case):
    get, kind = case.shape.get, case.shape.kind
    kernel, stride, padding = get("kernel"), get("stride", 1), get("padding", 0)
    sizes = [get(axis) for axis in ("dhw" if kind.endswith("3d") else "hw")]
    taps = get("k") * get("c") // get("groups", 1) * kernel ** len(sizes)
    if "transpose" in kind:
        outputs = [transposed_output_size(n, kernel, stride, padding, 0, 1) for n in sizes]
    else:
        dilation = get("dilation", 1)
        outputs = [output_size(n, kernel, stride, padding, dilation) for n in sizes]
    assert [convolution.output_size(case.shape, n) for n in sizes] == outputs
    positions = math.prod(sizes if "transpose" in kind else outputs)
    assert case.cost.flops == 2 * get("n") * taps * positions


def test_cost_of_a_product(tiny_case, tiny_cost):
    assert tiny_case.cost == tiny_cost


@pytest.mark.parametrize("name", ["mlp-b128", "char-lstm"])
@pytest.mark.parametrize("direction", ["train", "infer"])
def test_operations_of_a_network_count_every_weight(name, direction):
    network = NETWORKS[name]
    model = network.make(ek)
    matrices = [w for key, w in model.state_dict().items() if w.ndim == 2 and "embed" not in key]
    rows = math.prod(network.batch) if name == "char-lstm" else network.batch[0]
    forward = 2 * rows * sum(w.numel() for w in matrices)
    images = 0 if name == "char-lstm" else 2 * rows * matrices[0].numel()
    wanted = forward if direction == "infer" else 3 * forward - images
    assert network.cost(direction).flops == wanted


def test_every_kernel_moves_bytes():
    assert all(case.cost.bytes > 0 for case in ALL if case.family != "steps")


def test_cheapest_keeps_one_of_each_group_and_direction():
    chosen = cheapest(ALL)
    keys = [(case.family, case.group, case.direction) for case in chosen]
    assert len(keys) == len(set(keys))
    assert set(keys) == {(case.family, case.group, case.direction) for case in ALL}
    products = [case for case in chosen if case.shape.kind == "matmul"]
    assert str(products[0].shape) == "matmul m=2 n=2 k=2"


def test_missing_size_names_network_and_line():
    with pytest.raises(KeyError, match="vgg: relu n=3 has no size"):
        Shape("vgg", "relu", {"n": 3}).get("size")


def test_odd_shapes_are_a_file_of_their_own():
    assert ODD in networks()
    assert {case.shape.network for case in cases(networks=[ODD])} == {ODD}


def is_quick(case):
    return case.family not in ("steps", "estimators") or case.shape.kind in ("lenet-b1", "mlp-b128")


@pytest.mark.parametrize("case", [case for case in cheapest(ALL) if is_quick(case)], ids=str)
def test_libraries_agree(case):
    run = Case(case.family, case.shape, case.direction).build()
    assert "einkorn" in run
    validate(run)

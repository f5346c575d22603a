"""Pooling against the references and PyTorch, with care for indices, ties, NaN and borders."""

import numpy as np
import pytest
from hypothesis import given, settings

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.gradients import assert_gradients
from einkorn.testing.strategies import (
    SEEDS,
    adaptive_pool2d_cases,
    avg_pool2d_cases,
    max_pool2d_cases,
)
from einkorn.testing.threads import assert_same_for_threads
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")


def normal(dtype, shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@settings(max_examples=100)
@given(max_pool2d_cases(), SEEDS)
def test_max_pool2d_equals_reference(dtype, case, seed):
    # Few distinct values, some of them special, so that ties and NaN decide the indices.
    choices = np.array([-1.0, 0.0, 0.0, 1.0, 2.0, -np.inf, np.nan], dtype)
    x = np.random.default_rng(seed).choice(choices, case.shapes[0])
    values, indices = kernels.max_pool2d(x, **case.parameters)
    expected_values, expected_indices = references.max_pool2d(x, **case.parameters)
    assert_close(values, expected_values)
    np.testing.assert_array_equal(indices, expected_indices, strict=True)

    grad = normal(dtype, values.shape, seed)
    actual = kernels.max_pool2d_grad(grad, indices, x.shape)
    assert_close(actual, references.max_pool2d_grad(grad, indices, x.shape))


@pytest.mark.parametrize("kernel", [1, 2, 3, (2, 5)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("width", [5, 16, 17, 33, 67])
def test_max_pool2d_of_wide_rows(kernel, stride, width, dtype):
    x = normal(dtype, (2, 3, 7, width)).round(1)
    # Ties everywhere, a NaN in some vectors of windows, and one image without.
    x[0].flat[::41] = np.nan
    x[0].flat[::23] = -np.inf
    values, indices = kernels.max_pool2d(x, kernel, stride=stride)
    expected_values, expected_indices = references.max_pool2d(x, kernel, stride=stride)
    np.testing.assert_array_equal(values, expected_values)
    np.testing.assert_array_equal(indices, expected_indices)


def test_a_stride_beyond_the_input_takes_the_first_row_alone(dtype):
    x = normal(dtype, (2, 3, 5, 40))
    values, indices = kernels.max_pool2d(x, 2, stride=(2**40, 2))
    expected_values, expected_indices = references.max_pool2d(x[:, :, :2], 2)
    np.testing.assert_array_equal(values, expected_values)
    np.testing.assert_array_equal(indices, expected_indices)


@pytest.mark.parametrize("position", range(40))
def test_nan_propagates_from_every_lane(position, dtype):
    x = normal(dtype, (1, 1, 2, 40))
    x[0, 0, 1, position] = np.nan
    values, indices = kernels.max_pool2d(x, 2)
    window = position // 2
    assert np.isnan(values).ravel().tolist() == [i == window for i in range(20)]
    assert indices[0, 0, 0, window] == 40 + position


def test_first_of_equals_wins(dtype):
    _, indices = kernels.max_pool2d(np.zeros((1, 1, 4, 40), dtype), 2)
    np.testing.assert_array_equal(indices[0, 0, 0], np.arange(0, 40, 2))
    _, indices = kernels.max_pool2d(np.array([[[[-0.0, 0.0]]]], dtype), (1, 2))
    assert indices.item() == 0


def test_minus_infinity_is_found_inside_the_image(dtype):
    values, indices = kernels.max_pool2d(np.full((1, 1, 4, 40), -np.inf, dtype), 3, padding=1)
    expected_values, expected_indices = references.max_pool2d(
        np.full((1, 1, 4, 40), -np.inf), 3, padding=1
    )
    np.testing.assert_array_equal(values, expected_values)
    np.testing.assert_array_equal(indices, expected_indices)


@settings(max_examples=50)
@given(max_pool2d_cases(), SEEDS)
def test_max_pool2d_equals_torch(dtype, case, seed):
    torch = pytest.importorskip("torch")
    x = normal(dtype, case.shapes[0], seed).round(1)
    expected = torch.nn.functional.max_pool2d(
        torch.tensor(x), return_indices=True, **case.parameters
    )
    for ours, theirs in zip(kernels.max_pool2d(x, **case.parameters), expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@settings(max_examples=60)
@given(avg_pool2d_cases(), SEEDS)
def test_avg_pool2d_equals_reference(dtype, case, seed):
    x = normal(dtype, case.shapes[0], seed)
    y = kernels.avg_pool2d(x, **case.parameters)
    assert_close(y, references.avg_pool2d(x, **case.parameters))
    grad = normal(dtype, y.shape, seed + 1)
    actual = kernels.avg_pool2d_grad(grad, x.shape, **case.parameters)
    assert_close(actual, references.avg_pool2d_grad(grad, x.shape, **case.parameters))


@pytest.mark.parametrize("width", [2, 31, 35, 512, 513, 700])
@pytest.mark.parametrize(
    ("size", "stride", "padding"), [(2, 2, 0), (2, 2, 1), (3, 1, 1), (2, 1, 0), (3, 2, 1)]
)
def test_gradients_of_averages_along_wide_rows(width, size, stride, padding, dtype):
    shape, window = (2, 5, width), {"stride": stride, "padding": padding, "ceil_mode": True}
    for parameters in (window, window | {"count_include_pad": False}):
        x = normal(dtype, (1, *shape))
        grad = normal(dtype, kernels.avg_pool2d(x, size, **parameters).shape, 1)
        actual = kernels.avg_pool2d_grad(grad, x.shape, size, **parameters)
        assert_close(actual, references.avg_pool2d_grad(grad, x.shape, size, **parameters))


@settings(max_examples=60)
@given(avg_pool2d_cases(), SEEDS)
def test_avg_pool2d_equals_torch(dtype, case, seed):
    torch = pytest.importorskip("torch")
    x = normal(dtype, case.shapes[0], seed)
    expected = torch.nn.functional.avg_pool2d(torch.tensor(x), **case.parameters)
    assert_close(kernels.avg_pool2d(x, **case.parameters), expected.double().numpy())


@settings(max_examples=60)
@given(adaptive_pool2d_cases(), SEEDS)
def test_adaptive_avg_pool2d_equals_reference(dtype, case, seed):
    x = normal(dtype, case.shapes[0], seed)
    y = kernels.adaptive_avg_pool2d(x, **case.parameters)
    assert_close(y, references.adaptive_avg_pool2d(x, **case.parameters))
    grad = normal(dtype, y.shape, seed + 1)
    actual = kernels.adaptive_avg_pool2d_grad(grad, x.shape)
    assert_close(actual, references.adaptive_avg_pool2d_grad(grad, x.shape))


@settings(max_examples=40)
@given(max_pool2d_cases(), SEEDS)
def test_max_unpool2d_equals_reference(dtype, case, seed):
    rng = np.random.default_rng(seed)
    shape = case.shapes[0]
    height, width = shape[2] + 2, shape[3] + 1
    planes = np.broadcast_to(np.arange(height * width), (*shape[:2], height * width))
    indices = rng.permuted(planes, axis=-1)[..., : shape[2] * shape[3]].reshape(shape)
    x = normal(dtype, shape, seed)
    y = kernels.max_unpool2d(x, indices, (height, width))
    np.testing.assert_array_equal(y, references.max_unpool2d(x, indices, (height, width)))
    grad = normal(dtype, y.shape, seed + 1)
    actual = kernels.max_unpool2d_grad(grad, indices)
    np.testing.assert_array_equal(actual, references.max_unpool2d_grad(grad, indices))


def test_last_of_equal_indices_remains(dtype):
    x = np.array([[[[1.0, 2.0, 3.0]]]], dtype)
    indices = np.array([[[[4, 0, 4]]]])
    y = kernels.max_unpool2d(x, indices, (2, 3))
    np.testing.assert_array_equal(y, references.max_unpool2d(x, indices, (2, 3)))


@pytest.mark.parametrize("nans", [False, True])
@pytest.mark.parametrize(("size", "stride"), [(2, 1), (2, 2), (3, 1), (3, 2)])
def test_padded_columns_of_wide_rows(size, stride, nans, dtype):
    """Beside them lie the rows and planes before and behind, whose elements do not count."""
    choices = [-np.inf, -np.inf, -np.inf, -1.0, 0.0, 1.0] + [np.nan] * nans
    for width in (31, 32, 33, 34, 47, 70):
        rng = np.random.default_rng(width)
        x = rng.choice(np.array(choices, dtype), (2, 2, 5, width))
        x[0, 1, :, [0, -1]] = np.inf
        values, indices = kernels.max_pool2d(x, size, stride=stride, padding=1)
        expected = references.max_pool2d(x, size, stride=stride, padding=1)
        np.testing.assert_array_equal(values, expected[0])
        np.testing.assert_array_equal(indices, expected[1])


@pytest.mark.parametrize("planes", [3, 1200])
@pytest.mark.parametrize(("height", "width"), [(6, 32), (7, 47), (7, 97)])
def test_windows_side_by_side(planes, height, width, dtype):
    """Of 2 x 2, past the caches where there are many, among planes whose indices lie elsewhere."""
    pooled = (planes, 10, height // 2, width // 2)
    rng = np.random.default_rng(0)
    corners = 2 * width * np.arange(pooled[2])[:, None] + 2 * np.arange(pooled[3])
    indices = corners + width * rng.integers(0, 2, pooled) + rng.integers(0, 2, pooled)
    indices[1, 2, -1, -1] = 1
    indices[2, 0, 0, 3] = width * height - 1
    x = normal(dtype, pooled)
    x.flat[::13] = -0.0
    x.flat[::17] = np.nan
    gx = kernels.max_pool2d_grad(x, indices, (*pooled[:2], height, width))
    y = kernels.max_unpool2d(x, indices, (height, width))
    parts = [slice(0, 3), slice(planes - 1, planes)]
    for part in parts:
        shape = (*x[part].shape[:2], height, width)
        expected = references.max_pool2d_grad(x[part], indices[part], shape)
        np.testing.assert_array_equal(gx[part], expected)
        assert not np.signbit(gx[part][gx[part] == 0]).any()
        expected = references.max_unpool2d(x[part], indices[part], (height, width))
        np.testing.assert_array_equal(y[part], expected)
        np.testing.assert_array_equal(np.signbit(y[part]), np.signbit(expected))
    for bad in (-1, height * width, 2**32, -(2**63), 2**63 - 1):
        indices[-1, -1, 0, 0] = bad
        for kernel, size in [
            (kernels.max_pool2d_grad, (*pooled[:2], height, width)),
            (kernels.max_unpool2d, (height, width)),
        ]:
            with pytest.raises(IndexError, match=f"got {bad} at"):
                kernel(x, indices, size)


def test_max_pool2d_is_undone_by_unpooling(dtype):
    x = normal(dtype, (2, 3, 8, 10))
    values, indices = kernels.max_pool2d(x, 2)
    y = kernels.max_unpool2d(values, indices, x.shape[2:])
    np.testing.assert_array_equal(y[y != 0], x[y != 0])
    np.testing.assert_array_equal(kernels.max_unpool2d_grad(y, indices), values)


def test_zero_sizes(dtype):
    for shape in [(0, 3, 8, 8), (2, 0, 8, 8)]:
        x = np.zeros(shape, dtype)
        values, indices = kernels.max_pool2d(x, 2)
        assert values.shape == indices.shape == (*shape[:2], 4, 4)
        assert kernels.max_pool2d_grad(values, indices, shape).shape == shape
        assert kernels.max_unpool2d(values, indices, 8).shape == shape
        assert kernels.avg_pool2d(x, 2).shape == values.shape
        assert kernels.avg_pool2d_grad(values, shape, 2).shape == shape
        assert kernels.adaptive_avg_pool2d(x, 3).shape == (*shape[:2], 3, 3)


def test_gradients_by_central_differences():
    rng = np.random.default_rng(1)
    x = rng.permutation(80).astype(np.float64).reshape(2, 1, 8, 5)
    values, indices = kernels.max_pool2d(x, 3, stride=2, padding=1)
    grad = rng.standard_normal(values.shape)
    assert_gradients(
        lambda x: kernels.max_pool2d(x, 3, stride=2, padding=1)[0],
        [x],
        grad,
        [kernels.max_pool2d_grad(grad, indices, x.shape)],
    )
    average = {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}
    grad = rng.standard_normal(kernels.avg_pool2d(x, **average).shape)
    assert_gradients(
        lambda x: kernels.avg_pool2d(x, **average),
        [x],
        grad,
        [kernels.avg_pool2d_grad(grad, x.shape, **average)],
    )
    grad = rng.standard_normal((2, 1, 3, 2))
    assert_gradients(
        lambda x: kernels.adaptive_avg_pool2d(x, (3, 2)),
        [x],
        grad,
        [kernels.adaptive_avg_pool2d_grad(grad, x.shape)],
    )
    small = rng.standard_normal((2, 1, 4, 3))
    spread = np.stack([rng.permutation(80)[:12].reshape(1, 4, 3) for _ in range(2)])
    grad = rng.standard_normal((2, 1, 8, 10))
    assert_gradients(
        lambda small: kernels.max_unpool2d(small, spread, (8, 10)),
        [small],
        grad,
        [kernels.max_unpool2d_grad(grad, spread)],
    )


def indices_of(codes, shape, kernel_size, stride, padding, dilation):
    """The flat indices that codes stand for."""
    rows = np.arange(codes.shape[2])[:, None] * stride[0] - padding[0]
    columns = np.arange(codes.shape[3]) * stride[1] - padding[1]
    i, j = np.divmod(codes.astype(np.int64), kernel_size[1])
    return (rows + i * dilation[0]) * shape[3] + columns + j * dilation[1]


def as_pair(value):
    return value if isinstance(value, tuple) else (value, value)


@settings(max_examples=100)
@given(max_pool2d_cases(), SEEDS)
def test_codes_stand_for_the_indices(dtype, case, seed):
    choices = np.array([-1.0, 0.0, 0.0, 1.0, 2.0, -np.inf, np.nan], dtype)
    x = np.random.default_rng(seed).choice(choices, case.shapes[0])
    values, indices = kernels.max_pool2d(x, **case.parameters)
    coded, codes = kernels.max_pool2d_codes(x, **case.parameters)
    np.testing.assert_array_equal(coded, values, strict=True)
    window = {key: as_pair(value) for key, value in case.parameters.items() if key != "ceil_mode"}
    window["stride"] = as_pair(case.parameters.get("stride") or case.parameters["kernel_size"])
    np.testing.assert_array_equal(indices_of(codes, x.shape, **window), indices)

    grad = normal(dtype, values.shape, seed)
    actual = kernels.max_pool2d_codes_grad(grad, codes, x.shape, **case.parameters)
    np.testing.assert_array_equal(actual, kernels.max_pool2d_grad(grad, indices, x.shape))


@pytest.mark.parametrize(
    ("shape", "kernel_size", "stride", "padding"),
    [((29, 37), 3, 2, 1), ((50, 27), 5, 5, 0), ((13, 13), 3, 1, 1), ((9, 3), 2, 2, 1)],
)
def test_many_planes_of_narrow_maps(shape, kernel_size, stride, padding, dtype):
    """More planes than lanes, and more rows than are pooled together."""
    window = {"stride": stride, "padding": padding, "ceil_mode": True}
    choices = np.array([-1.0, 0.0, 0.0, 1.0, 2.0, -np.inf, np.nan], dtype)
    x = np.random.default_rng(0).choice(choices, (3, 7, *shape))
    values, indices = kernels.max_pool2d(x, kernel_size, **window)
    expected_values, expected_indices = references.max_pool2d(x, kernel_size, **window)
    np.testing.assert_array_equal(values, expected_values)
    np.testing.assert_array_equal(indices, expected_indices)
    coded, codes = kernels.max_pool2d_codes(x, kernel_size, **window)
    np.testing.assert_array_equal(coded, values)
    pairs = {"stride": (stride, stride), "padding": (padding, padding), "dilation": (1, 1)}
    found = indices_of(codes, x.shape, (kernel_size, kernel_size), **pairs)
    np.testing.assert_array_equal(found, indices)

    x = normal(dtype, x.shape)
    assert_close(
        kernels.avg_pool2d(x, kernel_size, **window),
        references.avg_pool2d(x, kernel_size, **window),
    )
    for size in ((5, 4), shape):
        actual = kernels.adaptive_avg_pool2d(x, size)
        assert_close(actual, references.adaptive_avg_pool2d(x, size))


@pytest.mark.parametrize("width", [2, 3, 5, 8, 9, 14, 16, 22, 31])
def test_tiles_in_narrow_planes(width, dtype):
    """Ties, NaN and infinities too; so many planes that tasks and joined rows end within one."""
    rng = np.random.default_rng(width)
    choices = np.array([-1, 0, 1, np.nan, -np.inf, np.inf], dtype)
    chances = [0.3, 0.3, 0.3, 0.02, 0.04, 0.04]
    x = rng.choice(choices, (3, 67, 7, width), p=chances)
    expected, indices = kernels.max_pool2d(x, 2)
    found, codes = assert_same_for_threads(lambda: kernels.max_pool2d_codes(x, 2))
    np.testing.assert_array_equal(found, expected)
    pairs = {"stride": (2, 2), "padding": (0, 0), "dilation": (1, 1)}
    np.testing.assert_array_equal(indices_of(codes, x.shape, (2, 2), **pairs), indices)


@pytest.mark.parametrize("shape", [(4, 6), (5, 7), (8, 40), (9, 67), (6, 32)])
def test_gradient_of_tiles_by_codes(shape, dtype):
    x = normal(dtype, (2, 3, *shape))
    values, indices = kernels.max_pool2d(x, 2)
    codes = kernels.max_pool2d_codes(x, 2)[1]
    grad = normal(dtype, values.shape, 1)
    actual = kernels.max_pool2d_codes_grad(grad, codes, x.shape, 2)
    np.testing.assert_array_equal(actual, kernels.max_pool2d_grad(grad, indices, x.shape))


@pytest.mark.parametrize("kernel_size", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("width", [7, 32, 45, 67])
def test_gradient_of_overlapping_windows_by_codes(kernel_size, stride, width, dtype):
    """Many planes, since those at the ends of an array may take another way; rounding included."""
    for padding in range(kernel_size // 2 + 1):
        for ceil_mode in (False, True):
            window = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
            x = normal(dtype, (3, 5, 9, width)).round(1)
            values, indices = kernels.max_pool2d(x, kernel_size, **window)
            codes = kernels.max_pool2d_codes(x, kernel_size, **window)[1]
            grad = normal(dtype, values.shape, 1)
            grad.flat[::17] = np.nan
            grad.flat[::13] = -0.0
            actual = kernels.max_pool2d_codes_grad(grad, codes, x.shape, kernel_size, **window)
            np.testing.assert_array_equal(
                actual.view(f"i{x.itemsize}"),
                kernels.max_pool2d_grad(grad, indices, x.shape).view(f"i{x.itemsize}"),
            )


@pytest.mark.parametrize("planes", [3, 150_001])
@pytest.mark.parametrize(("kernel_size", "stride", "padding"), [(2, 2, 0), (3, 2, 1), (3, 1, 1)])
def test_gradients_of_narrow_planes_by_codes(planes, kernel_size, stride, padding):
    """Several planes together, past the caches where there are many."""
    window = {"stride": stride, "padding": padding}
    x = normal(np.float32, (1, planes, 9, 7))
    values, indices = kernels.max_pool2d(x, kernel_size, **window)
    codes = kernels.max_pool2d_codes(x, kernel_size, **window)[1]
    grad = normal(np.float32, values.shape, 1)
    np.testing.assert_array_equal(
        kernels.max_pool2d_codes_grad(grad, codes, x.shape, kernel_size, **window),
        kernels.max_pool2d_grad(grad, indices, x.shape),
    )


def test_gathered_gradients_go_past_the_caches_unchanged():
    """Above the size from which results are streamed, in bands that end inside cache lines."""
    grad = normal(np.float32, (4, 64, 113, 111), 1)
    x = normal(np.float32, grad.shape)
    for kernel_size, stride in [(3, 1), (3, 2), (2, 1)]:
        window = {"stride": stride, "padding": 1}
        values, indices = kernels.max_pool2d(x, kernel_size, **window)
        codes = kernels.max_pool2d_codes(x, kernel_size, **window)[1]
        part = np.resize(grad, values.shape)
        np.testing.assert_array_equal(
            kernels.max_pool2d_codes_grad(part, codes, x.shape, kernel_size, **window),
            kernels.max_pool2d_grad(part, indices, x.shape),
        )


@pytest.mark.parametrize(("kernel_size", "padding"), [(2, 0), (3, 1)])
@pytest.mark.parametrize("code", [0, 200, 255])
def test_forged_codes_write_nowhere(kernel_size, padding, code, dtype):
    grad = np.ones((9, 2, 4, 4), dtype)
    codes = np.full(grad.shape, code, np.uint8)
    window = {"kernel_size": kernel_size, "stride": 2, "padding": padding}
    gx = kernels.max_pool2d_codes_grad(grad, codes, (9, 2, 8, 8), **window)
    # Code 0 is in the padding for the first windows where there is one.
    expected = 0 if code else 16 if padding == 0 else 9
    assert (gx.sum((2, 3)) == expected).all()


def test_large_results_go_past_the_caches_unchanged():
    """Above the size from which results are streamed, with planes that end inside cache lines."""
    x = normal(np.float32, (8, 64, 113, 111))
    grad = normal(np.float32, (8, 64, 56, 55), 1)
    parts = [slice(0, 3), slice(3, 8)]
    whole = [*kernels.max_pool2d(x, 2), kernels.max_pool2d_codes(x, 2)[1]]
    for part in parts:
        small = [*kernels.max_pool2d(x[part], 2), kernels.max_pool2d_codes(x[part], 2)[1]]
        for of_whole, of_part in zip(whole, small, strict=True):
            np.testing.assert_array_equal(of_whole[part], of_part)
    gx = kernels.max_pool2d_grad(grad, whole[1], x.shape)
    np.testing.assert_array_equal(kernels.max_pool2d_codes_grad(grad, whole[2], x.shape, 2), gx)
    for part in parts:
        few = kernels.max_pool2d_grad(grad[part], whole[1][part], x[part].shape)
        np.testing.assert_array_equal(gx[part], few)

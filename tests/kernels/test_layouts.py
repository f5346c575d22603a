"""What every function promises about the arrays that it is given and gives back.

The same values give the same result in whatever layout they come; inputs are left as they
were; results have the dtype of the inputs; `out` is filled in any layout, or refused by name.
"""

import inspect

import numpy as np
import pytest

from einkorn import kernels
from einkorn.testing import references
from einkorn.testing.calls import CALLS, ELEMENTWISE, IN_PLACE
from einkorn.testing.layouts import LAYOUTS, fortran, misaligned, plain, reversed_axes, sliced
from einkorn.testing.tolerances import assert_close

pytestmark = pytest.mark.usefixtures("isa")

PURE = [name for name in CALLS if name not in IN_PLACE]
WITH_OUT = [name for name in PURE if "out" in inspect.signature(getattr(kernels, name)).parameters]
ERRORS = (TypeError, ValueError)


def build(name, dtype, seed=3):
    return CALLS[name](np.random.default_rng(seed), dtype)


def arrays_of(arguments):
    return [key for key, value in arguments.items() if isinstance(value, np.ndarray)]


def results(name, arguments):
    """Call a function; return its results, or the arrays it changed, as a tuple."""
    value = getattr(kernels, name)(**arguments)
    if name in IN_PLACE:
        assert value is None
        return tuple(arguments[key] for key in IN_PLACE[name])
    return value if isinstance(value, tuple) else (value,)


def assert_same_bits(actual, expected):
    assert len(actual) == len(expected)
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)


def assert_close_results(actual, expected):
    # Not the same bits: a product may sum in the order in which a layout is read best.
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.dtype == theirs.dtype
        assert_close(ours, theirs)


def plain_arguments(arguments):
    return {
        key: plain(value) if isinstance(value, np.ndarray) else value
        for key, value in arguments.items()
    }


@pytest.mark.parametrize("name", [name for name in PURE if name != "dropout"])
@pytest.mark.parametrize("seed", range(5))
def test_equals_reference(name, dtype, seed):
    arguments = build(name, dtype, seed)
    expected = getattr(references, name)(**arguments)
    expected = expected if isinstance(expected, tuple) else (expected,)
    actual = results(name, arguments)
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.dtype == (dtype if theirs.dtype == np.float64 else theirs.dtype)
        assert_close(ours, theirs, what=name)


@pytest.mark.parametrize("name", PURE)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_of_each_array(name, layout, dtype):
    arguments = build(name, dtype)
    for key in arrays_of(arguments):
        changed = {**arguments, key: LAYOUTS[layout](arguments[key])}
        assert_close_results(results(name, changed), results(name, plain_arguments(changed)))


@pytest.mark.parametrize("name", PURE)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layout_of_all_arrays(name, layout, dtype):
    arguments = build(name, dtype)
    changed = {key: LAYOUTS[layout](arguments[key]) for key in arrays_of(arguments)}
    changed = {**arguments, **changed}
    assert_close_results(results(name, changed), results(name, plain_arguments(changed)))


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_arrays_changed_in_place(name, layout, dtype):
    expected = results(name, build(name, dtype))
    for key in arrays_of(build(name, dtype)):
        arguments = build(name, dtype)
        changed = {**arguments, key: LAYOUTS[layout](arguments[key])}
        if key in IN_PLACE[name] and not changed[key].flags.writeable:
            with pytest.raises(ValueError, match=key):
                results(name, changed)
        elif layout != "broadcast":
            actual = results(name, changed)
            assert all(ours is changed[k] for ours, k in zip(actual, IN_PLACE[name], strict=True))
            assert_close_results(map(plain, actual), expected)


@pytest.mark.parametrize("name", IN_PLACE)
def test_arrays_changed_in_place_must_not_overlap(name, dtype):
    arguments = build(name, dtype)
    for key in IN_PLACE[name]:
        for other in arrays_of(arguments):
            if other != key:
                with pytest.raises(ValueError, match="overlap"):
                    results(name, {**arguments, other: arguments[key]})


@pytest.mark.parametrize("name", CALLS)
def test_inputs_are_left_as_they_were(name, dtype):
    arguments = build(name, dtype)
    before = plain_arguments(arguments)
    results(name, arguments)
    for key in arrays_of(arguments):
        if key not in IN_PLACE.get(name, ()):
            np.testing.assert_array_equal(arguments[key], before[key], err_msg=key)


@pytest.mark.parametrize("name", WITH_OUT)
@pytest.mark.parametrize("layout", [np.array, fortran, reversed_axes, sliced, misaligned])
def test_out_is_filled_in_any_layout(name, layout, dtype):
    arguments = build(name, dtype)
    expected = results(name, arguments)
    out = layout(np.full_like(expected[0], np.nan))
    actual = results(name, {**arguments, "out": out})
    assert actual[0] is out
    assert_same_bits(actual, expected)


@pytest.mark.parametrize("name", WITH_OUT)
def test_out_is_all_that_is_written(name, dtype):
    arguments = build(name, dtype)
    expected = results(name, arguments)[0]
    frame = np.full([length + 2 for length in expected.shape], 7, dtype)
    out = frame[(slice(1, -1),) * frame.ndim]
    results(name, {**arguments, "out": out})
    np.testing.assert_array_equal(out, expected)
    out[...] = 7
    assert (frame == 7).all()


@pytest.mark.parametrize("name", WITH_OUT)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda out: out.tolist(),
        lambda out: out[..., None],
        lambda out: np.zeros((*out.shape[:-1], out.shape[-1] + 1), out.dtype),
        lambda out: out.astype("f4" if out.dtype == "f8" else "f8"),
        lambda out: out.astype(int),
        LAYOUTS["big_endian"],
        LAYOUTS["read_only"],
        LAYOUTS["broadcast"],
    ],
    ids=[
        "list",
        "more_axes",
        "longer",
        "other_float",
        "integer",
        "big_endian",
        "read_only",
        "broadcast",
    ],
)
def test_unfit_out_is_refused(name, spoil, dtype):
    arguments = build(name, dtype)
    out = spoil(results(name, arguments)[0])
    with pytest.raises(ERRORS, match="out"):
        results(name, {**arguments, "out": out})


@pytest.mark.parametrize("name", WITH_OUT)
def test_out_that_overlaps_an_input_is_refused(name, dtype):
    arguments = build(name, dtype)
    shape = results(name, arguments)[0].shape
    for key in arrays_of(arguments):
        if arguments[key].dtype != dtype:
            continue
        # One buffer holds the input and, one element later, the output.
        buffer = np.zeros(arguments[key].size + int(np.prod(shape)) + 1, dtype)
        shared = buffer[: arguments[key].size].reshape(arguments[key].shape)
        shared[...] = arguments[key]
        out = buffer[1 : 1 + int(np.prod(shape))].reshape(shape)
        if not np.shares_memory(shared, out):
            continue
        with pytest.raises(ValueError, match="out"):
            results(name, {**arguments, key: shared, "out": out})


@pytest.mark.parametrize("name", sorted(ELEMENTWISE))
def test_elementwise_functions_work_in_place(name, dtype):
    arguments = build(name, dtype)
    expected = results(name, arguments)
    for key in arrays_of(arguments):
        changed = plain_arguments(arguments)
        actual = results(name, {**changed, "out": changed[key]})
        assert actual[0] is changed[key]
        assert_same_bits(actual, expected)


@pytest.mark.parametrize("name", PURE)
def test_lists_of_floats_are_float64(name):
    arguments = build(name, np.float64)
    lists = {key: arguments[key].tolist() for key in arrays_of(arguments) if arguments[key].ndim}
    assert_same_bits(results(name, {**arguments, **lists}), results(name, arguments))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("wrong", ["f2", "c8", "O", "U8", "?", "i8", "other float"])
def test_other_dtypes_are_refused_by_name(name, wrong):
    arguments = build(name, np.float32)
    floats = [key for key in arrays_of(arguments) if arguments[key].dtype == np.float32]
    if wrong == "other float" and len(floats) == 1:
        return  # Alone, a float64 array is as good as a float32 one.
    for key in floats:
        changed = arguments[key].astype("f8" if wrong == "other float" else wrong)
        # Which of two arrays that differ is to blame, the function cannot know.
        blamed = "|".join(floats) if wrong == "other float" else key
        with pytest.raises(TypeError, match=blamed):
            results(name, {**arguments, key: changed})

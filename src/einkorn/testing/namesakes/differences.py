"""Where einkorn differs from PyTorch on purpose: one table, from which the page is generated."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DIFFERENCES", "Difference", "Different", "leave_out", "page"]


class Different(Exception):  # noqa: N818 - no error: a sample that is not to be compared
    """Says that a sample falls under a row of the table, given by its key."""

    def __init__(self, key: str) -> None:
        super().__init__(DIFFERENCES[key].what)


@dataclass(frozen=True)
class Difference:
    """A deliberate difference.

    Attributes
    ----------
    where : str
        The names that it concerns.
    what : str
        What einkorn does instead.
    why : str
    names : tuple of str
        The namesakes whose samples of `dtypes` are left out.
    dtypes : tuple of str
    """

    where: str
    what: str
    why: str
    names: tuple[str, ...] = ()
    dtypes: tuple[str, ...] = ()


DIFFERENCES = {
    "complex": Difference(
        "everything",
        "no complex dtypes; a complex array raises `TypeError`",
        "the kernels are real; no layer of the field's networks needs them",
    ),
    "dtypes": Difference(
        "everything",
        "dtypes are NumPy's (`einkorn.float32` is `numpy.float32`): no bfloat16, no quantised "
        "numbers; float16 is stored and converted, not computed with",
        "NumPy users bring NumPy arrays; CPUs compute in float32",
    ),
    "sparse": Difference(
        "everything",
        "no sparse tensors but the gradients of `embedding` and `embedding_bag` with "
        "`sparse=True`, which hold rows (`autograd.RowSparseTensor` with `coalesce`, `indices`, "
        "`values`, `to_dense`); they are not for functions of tensors; a table "
        "that is no leaf gets a dense gradient, and `create_graph` refuses a sparse one",
        "SciPy has sparse matrices, and the kernels gain nothing from them",
    ),
    "devices": Difference(
        "everything",
        "a device is `'cpu'` or `'cuda'`; there is no `'meta'`",
        "GPU arrays are CuPy's",
    ),
    "layouts": Difference(
        "everything",
        "no `layout`, `memory_format`, `pin_memory` of other values than the default",
        "arrays are row-major inside; any NumPy layout is accepted at the door",
    ),
    "dimensions": Difference(
        "everything",
        "a tensor has at most 64 dimensions",
        "it is a NumPy array",
    ),
    "out": Difference(
        "functions of tensors",
        "no `out=`; `einkorn.kernels` has it",
        "outputs come from a cache of memory blocks already",
    ),
    "resizing": Difference(
        "methods that end in an underscore",
        "never change the shape of a tensor, apart from `squeeze_`, `transpose_` and their like",
        "a tensor over an array keeps its memory",
    ),
    "sparse by frequency": Difference(
        "`embedding`",
        "`scale_grad_by_freq` goes with `sparse=True`; PyTorch's gradient raises",
        "a sparse gradient is the dense one's rows",
    ),
    "bags": Difference(
        "`embedding_bag` with `include_last_offset`",
        "indices after the last offset are in no bag and get no gradient; PyTorch's result leaves "
        "them out as well, its gradient does not",
        "a gradient is that of its function",
    ),
    "parametrised": Difference(
        "`nn.utils.parametrize`",
        "a tensor assigned to a parametrised name is copied; PyTorch's shares its memory where "
        "`right_inverse` returns what it is given",
        "what is changed later does not change the parameter unseen",
    ),
    "functions": Difference(
        "`func`",
        "`functional_call` alone; derivatives are in `autograd.functional`, and there is no `vmap`",
        "PyTorch's transforms nest by levels that a tape does not have",
    ),
    "integers": Difference(
        "convolution, pooling, `linear`, `unfold`, `local_response_norm` of `nn.functional`",
        "integers raise `TypeError`",
        "the kernels are for floating point numbers; `matmul` takes integers",
        (
            *(f"nn.functional.{name}" for name in ("conv1d", "conv2d", "conv3d", "linear")),
            *(f"nn.functional.conv_transpose{n}d" for n in (1, 2, 3)),
            *(f"nn.functional.{kind}_pool{n}d" for kind in ("avg", "max") for n in (1, 2, 3)),
            *("nn.functional.local_response_norm", "nn.functional.unfold"),
        ),
        ("int64", "bool"),
    ),
    "optimizers": Difference(
        "`optim`",
        "`differentiable=True` raises `ValueError`; states hold arrays, of which "
        "`einkorn.interop.torch.to_torch` makes tensors, and `load_state_dict` takes PyTorch's as "
        "they are",
        "steps change parameters in place, in compiled code",
    ),
    "optimizer hooks": Difference(
        "`optim`",
        "no hooks for the steps of all optimisers, only those of one, as `register_step_pre_hook`",
        "a step without hooks does not ask whether there are any",
    ),
}


def leave_out(name: str, dtype: str) -> None:
    """Raise `Different` if the samples of a dtype are left out for the namesake `name`."""
    for key, difference in DIFFERENCES.items():
        if name in difference.names and dtype in difference.dtypes:
            raise Different(key)


_HEAD = """# Differences from PyTorch

Whatever bears a PyTorch name takes PyTorch's arguments, in its order, with its defaults, shapes and
semantics. `python -m einkorn.testing.namesakes` feeds PyTorch's own sample inputs to both libraries
and compares values and gradients. It leaves out what differs on purpose, which is this:

| where | einkorn | reason |
|---|---|---|
"""


def page() -> str:
    """Return the text of ``docs/differences.md``."""
    rows = [f"| {d.where} | {d.what} | {d.why} |\n" for d in DIFFERENCES.values()]
    return _HEAD + "".join(rows)

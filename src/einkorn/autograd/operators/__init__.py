"""Differentiable operators, one file per family; Tensor's methods are these functions.

=================  ========================================================================
arithmetic         ``+ - * / **``
rounding           signs and whole numbers
elementary         exponentials, logarithms, roots
angles             circular and hyperbolic functions, the error function
selection          the greater of two, limits, ``where``
comparison         ``< == &``, tests for NaN, ``all``, ``any``
contraction        ``einsum``
creation           ``zeros``, ``arange``, ``full`` and the like
indexing           brackets, ``gather``, ``index_select``, masks
scattering         copies with some elements changed
inplace            the methods that end in an underscore
products           ``matmul`` and its forms, ``linear``
reduction          sums, means, variances, extremes
norms              norms of vectors and matrices
ordering           extremes with their places, sorting
scan               running sums
shape              the same elements in other shapes and orders
reversal           the same in reverse, moved round, turned
joining            ``cat`` and ``stack``, ``split`` and ``chunk``
diagonals          diagonals and triangles of matrices
conversion         copies, other dtypes
activation         ReLU and its kin
softmaxes          softmax and its kin
conv               convolution, with its gradients as operators
pool               averages under windows
max_pool           largest elements of windows, and unpooling
irregular_pool     the same of adaptive and fractional windows
bags               sums, means and greatest elements over bags of a table's rows
lookup             rows of a table, one-hot vectors
loss               cross-entropy, squared error and their kin
noise              dropout
normalization      batch normalisation and its kin
padding            ``pad``
margin             losses of margins
likelihood         negative log-likelihoods of counts and measurements
pairs              similarities and distances of pairs, bilinear forms
recurrent          LSTM, GRU and simple recurrent layers
recurrent_cells    one step of each
resample           windows, pixel shuffles, interpolation
grid               samples at given places, affine maps
attention          scaled dot-product attention
alignment          labels without places in their sequence
=================  ========================================================================

The families to ``conversion`` are the vocabulary of tensors: functions of ``einkorn``, methods of
Tensor. The others are what ``einkorn.nn.functional`` offers. A family's ``__all__`` is its public
part: every name in it has a row in ``einkorn.testing.operators``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd import random as _random
from einkorn.autograd.operators import (
    activation,
    alignment,
    angles,
    arithmetic,
    attention,
    bags,
    comparison,
    contraction,
    conv,
    conversion,
    creation,
    diagonals,
    elementary,
    grid,
    indexing,
    inplace,
    irregular_pool,
    joining,
    likelihood,
    lookup,
    loss,
    margin,
    max_pool,
    noise,
    normalization,
    norms,
    ordering,
    padding,
    pairs,
    pool,
    products,
    recurrent,
    recurrent_cells,
    reduction,
    resample,
    reversal,
    rounding,
    scan,
    scattering,
    selection,
    shape,
    softmaxes,
)
from einkorn.autograd.operators.activation import *
from einkorn.autograd.operators.alignment import *
from einkorn.autograd.operators.angles import *
from einkorn.autograd.operators.arithmetic import *
from einkorn.autograd.operators.attention import *
from einkorn.autograd.operators.bags import *
from einkorn.autograd.operators.comparison import *
from einkorn.autograd.operators.contraction import *
from einkorn.autograd.operators.conv import *
from einkorn.autograd.operators.conversion import *
from einkorn.autograd.operators.creation import *
from einkorn.autograd.operators.diagonals import *
from einkorn.autograd.operators.elementary import *
from einkorn.autograd.operators.grid import *
from einkorn.autograd.operators.indexing import *
from einkorn.autograd.operators.irregular_pool import *
from einkorn.autograd.operators.joining import *
from einkorn.autograd.operators.likelihood import *
from einkorn.autograd.operators.lookup import *
from einkorn.autograd.operators.loss import *
from einkorn.autograd.operators.margin import *
from einkorn.autograd.operators.max_pool import *
from einkorn.autograd.operators.noise import *
from einkorn.autograd.operators.normalization import *
from einkorn.autograd.operators.norms import *
from einkorn.autograd.operators.ordering import *
from einkorn.autograd.operators.padding import *
from einkorn.autograd.operators.pairs import *
from einkorn.autograd.operators.pool import *
from einkorn.autograd.operators.products import *
from einkorn.autograd.operators.recurrent import *
from einkorn.autograd.operators.recurrent_cells import *
from einkorn.autograd.operators.reduction import *
from einkorn.autograd.operators.resample import *
from einkorn.autograd.operators.reversal import *
from einkorn.autograd.operators.rounding import *
from einkorn.autograd.operators.scan import *
from einkorn.autograd.operators.scattering import *
from einkorn.autograd.operators.selection import *
from einkorn.autograd.operators.shape import *
from einkorn.autograd.operators.softmaxes import *
from einkorn.autograd.tensor import Tensor

VOCABULARY = (
    arithmetic,
    rounding,
    elementary,
    angles,
    selection,
    comparison,
    contraction,
    creation,
    indexing,
    scattering,
    products,
    reduction,
    norms,
    ordering,
    scan,
    shape,
    reversal,
    joining,
    diagonals,
    conversion,
)
FUNCTIONAL = (
    activation,
    softmaxes,
    alignment,
    attention,
    conv,
    grid,
    irregular_pool,
    bags,
    likelihood,
    lookup,
    loss,
    margin,
    max_pool,
    noise,
    normalization,
    padding,
    pairs,
    pool,
    recurrent,
    recurrent_cells,
    resample,
)
__all__ = [name for family in (*VOCABULARY, *FUNCTIONAL) for name in family.__all__]  # noqa: PLE0605

_SYMBOLS = {
    "__add__": arithmetic.add,
    "__radd__": arithmetic.add,
    "__sub__": arithmetic.sub,
    "__rsub__": arithmetic.rsub,
    "__mul__": arithmetic.mul,
    "__rmul__": arithmetic.mul,
    "__truediv__": arithmetic.div,
    "__rtruediv__": arithmetic.rdiv,
    "__floordiv__": arithmetic.floor_divide,
    "__rfloordiv__": arithmetic.rfloor_divide,
    "__mod__": arithmetic.remainder,
    "__rmod__": arithmetic.rremainder,
    "__pow__": arithmetic.pow,
    "__rpow__": arithmetic.rpow,
    "__neg__": arithmetic.neg,
    "__pos__": arithmetic.positive,
    "__abs__": arithmetic.abs,
    "__matmul__": products.matmul,
    "__rmatmul__": products.rmatmul,
    "__eq__": comparison.eq,
    "__ne__": comparison.ne,
    "__lt__": comparison.lt,
    "__le__": comparison.le,
    "__gt__": comparison.gt,
    "__ge__": comparison.ge,
    "__and__": comparison.bitwise_and,
    "__rand__": comparison.bitwise_and,
    "__or__": comparison.bitwise_or,
    "__ror__": comparison.bitwise_or,
    "__xor__": comparison.bitwise_xor,
    "__rxor__": comparison.bitwise_xor,
    "__invert__": comparison.bitwise_not,
    "__getitem__": indexing.getitem,
}
_CONVERSIONS = {
    "bool": np.bool_,
    "byte": np.uint8,
    "short": np.int16,
    "int": np.int32,
    "long": np.int64,
    "half": np.float16,
    "float": np.float32,
    "double": np.float64,
}
# What takes no tensor first.
_NOT_METHODS = {
    *("block_diag", "broadcast_shapes", "broadcast_tensors", "bucketize", "cat", "column_stack"),
    *("concat", "concatenate", "dstack", "hstack", "linear", "meshgrid", "row_stack"),
    *("searchsorted", "stack", "tensordot", "vstack"),
}
_PROPERTIES = {"T": shape.reversed_dims, "mT": shape.mT}
_NEW: tuple[Any, ...] = (
    creation.new_empty,
    creation.new_full,
    creation.new_ones,
    creation.new_tensor,
    creation.new_zeros,
    conversion.type,
    _random.bernoulli,
)
_MORE_METHODS: tuple[Any, ...] = (
    *(activation.prelu, activation.relu, activation.sigmoid, activation.tanh),
    *(softmaxes.log_softmax, softmaxes.softmax),
)


def _attach() -> None:
    for family in VOCABULARY:
        if family in (contraction, creation):
            continue
        for name in family.__all__:
            if name not in _NOT_METHODS:
                setattr(Tensor, name, getattr(family, name))
    for method in (*_NEW, *_MORE_METHODS):
        setattr(Tensor, method.__name__, method)
    for name, function in (*_SYMBOLS.items(), *inplace.methods().items()):
        setattr(Tensor, name, function)
    # PyTorch's method takes the condition second, its function first.
    # Not declared in the class, as no method is that stands here.
    Tensor.where = selection.where_method  # type: ignore[attr-defined]
    for name, dtype in _CONVERSIONS.items():
        setattr(Tensor, name, conversion.conversion(dtype))
    for name, function in _PROPERTIES.items():
        setattr(Tensor, name, property(function))


_attach()

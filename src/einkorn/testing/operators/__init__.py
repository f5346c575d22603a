"""The table of operators: one row for each public one, with samples and reference.

Values, first and second derivatives, and the agreement of the two backwards (kernels, and the
composition used under ``create_graph``) are all tested from this table, and a public operator
without a row fails a test. A row says nothing twice: the reference is PyTorch's function of the
same name unless it names another. The rows are in one file a family, as the operators are; `rows`
has the words in which they are written.

>>> operator = TABLE["clamp"]
>>> sample = operator.samples[0]
>>> arguments, options = sample.drawn(np.float64)
>>> operator.function(*arguments, **options).shape
(3, 4)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from einkorn.autograd import operators
from einkorn.autograd import random as _random
from einkorn.testing.operators import (
    activation,
    alignment,
    angles,
    arithmetic,
    attention,
    comparison,
    conv,
    creation,
    diagonals,
    elementary,
    grid,
    indexing,
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
    random,
    recurrent,
    reduction,
    resample,
    scan,
    scattering,
    selection,
    shape,
)
from einkorn.testing.operators.rows import Draw, Row, Sample

__all__ = ["TABLE", "Draw", "Row", "Sample", "public_operators"]

_FAMILIES = (
    arithmetic,
    elementary,
    angles,
    selection,
    comparison,
    creation,
    indexing,
    scattering,
    products,
    reduction,
    norms,
    ordering,
    scan,
    shape,
    joining,
    diagonals,
    activation,
    conv,
    pool,
    max_pool,
    irregular_pool,
    normalization,
    loss,
    margin,
    likelihood,
    alignment,
    pairs,
    attention,
    resample,
    grid,
    lookup,
    padding,
    noise,
    recurrent,
    random,
)

#: Name -> row.
TABLE: dict[str, Row] = {row.name: row for family in _FAMILIES for row in family.table()}

#: Names of `einkorn.autograd.random` that are not operators but handle the generator.
GENERATOR_HANDLING = {
    "default_generator",
    "get_rng_state",
    "initial_seed",
    "manual_seed",
    "set_rng_state",
}


def public_operators() -> dict[str, Callable[..., Any]]:
    """Return every public operator by name, other names of the same function included."""
    found = {name: getattr(operators, name) for name in operators.__all__}
    for name in _random.__all__:
        if name not in GENERATOR_HANDLING:
            found[name] = getattr(_random, name)
    return found

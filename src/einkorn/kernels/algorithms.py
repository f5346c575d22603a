"""Which algorithm runs: every choice the library makes can be asked for and forced."""

from collections.abc import Sequence
from typing import Any

from einkorn.kernels import gemm
from einkorn.kernels._conv_calls import CONVS, conv_algorithms
from einkorn.kernels.conv3d import CONVS_OF_VOLUMES, conv3d_algorithms


def algorithms(function: str, *shapes: Sequence[int], **options: Any) -> dict[str, str]:
    """List the algorithms that can run a call, and what ``"auto"`` would take.

    Parameters
    ----------
    function : str
        Name of a function of `einkorn.kernels` that takes an `algorithm`: ``"matmul"``,
        ``"conv2d"``, ``"conv2d_input_grad"``, ``"conv_transpose2d"`` and so on.
    *shapes : sequences of ints
        Shapes of its positional arguments (or those arguments, where they are shapes); a bias has
        no influence and is left out.
    **options
        Its options that concern shapes, such as ``stride=2``; its ``precision``; and ``dtype``,
        float32 by default.

    Returns
    -------
    dict
        For each value that ``algorithm=`` accepts here, the algorithm that runs.

    Raises
    ------
    ValueError
        If `function` has no choice of algorithms, or shapes or options are wrong.

    Examples
    --------
    >>> from einkorn import kernels
    >>> kernels.algorithms("conv2d", (1, 16, 5, 5), (120, 16, 5, 5))["auto"]
    'linear'
    >>> sorted(kernels.algorithms("matmul", (2, 3), (3, 4)))
    ['auto', 'blas', 'native']
    """
    if function in CONVS:
        return conv_algorithms(function, shapes, **options)
    if function in CONVS_OF_VOLUMES:
        return conv3d_algorithms(function, shapes, **options)
    if function == "matmul":
        return {name: gemm.matmul_engine(name) for name in gemm.ALGORITHMS}
    names = ", ".join(sorted({"matmul", *CONVS, *CONVS_OF_VOLUMES}))
    raise ValueError(f"function: expected one of {names}, got {function!r}")

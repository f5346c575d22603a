"""Tools that hold the kernels to account; used by ``tests/`` and ``bench/`` alone.

============== ===============================================================
module         what it offers
============== ===============================================================
`references`   naive NumPy versions of every function of `einkorn.kernels`
`tolerances`   `assert_close`: the project's one accuracy criterion
`layouts`      the same values in every memory layout NumPy can express
`gradients`    derivatives by central differences
`strategies`   hypothesis strategies for shapes and parameters
`isa`          running a test under each instruction set of the machine
`namesakes`    PyTorch's own sample inputs, given to PyTorch and to einkorn
============== ===============================================================

No floor of the library imports this package. A reference shares no code with the kernel
that it judges: it computes in float64, in the order in which the formula is written down.
"""

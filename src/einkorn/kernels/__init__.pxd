"""The kernels without the GIL, for other Cython modules::

    from einkorn.kernels cimport EK_F32, EK_OK, api, ek_gemm_problem, ek_workspace
"""

from einkorn.kernels._core cimport *

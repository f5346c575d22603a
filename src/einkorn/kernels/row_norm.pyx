"""Normalisation of each sample: over layers, over groups of channels, by the root mean square."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    Scratch,
    check,
    data_or_null,
    empty,
    empty_like,
    expect_shape,
    input,
    input_of_rank,
    integer,
    new_call,
    real_number,
)
from einkorn.kernels._core cimport api, ek_row_norm_problem, ek_workspace_size

import numpy as np

cnp.import_array()


cdef double epsilon(object eps) except? -1:
    cdef double number = real_number(eps, "eps")
    if not number >= 0:
        raise ValueError(f"eps: expected a number of at least 0, got {eps!r}")
    return number


cdef ek_row_norm_problem over_tail(cnp.ndarray x, object normalized_shape) except *:
    """The rows that the last sizes of `x` make, if they are those of `normalized_shape`."""
    cdef ek_row_norm_problem problem
    sizes = normalized_shape if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    tail = tuple([integer(n, "normalized_shape", 0) for n in sizes])
    cdef int lead = cnp.PyArray_NDIM(x) - len(tail), i
    if not tail or lead < 0 or np.shape(x)[lead:] != tail:
        raise ValueError(
            f"normalized_shape: expected the last sizes of {np.shape(x)}, got {normalized_shape!r}"
        )
    problem.rows = problem.length = problem.groups = problem.inner = 1
    for i in range(cnp.PyArray_NDIM(x)):
        if i < lead:
            problem.rows *= cnp.PyArray_DIM(x, i)
        else:
            problem.length *= cnp.PyArray_DIM(x, i)
    problem.eps, problem.centred = 0, True
    return problem


cdef ek_row_norm_problem over_groups(cnp.ndarray x, object num_groups) except *:
    """The rows that groups of the channels of `x` make."""
    cdef ek_row_norm_problem problem
    cdef int64_t groups = integer(num_groups, "num_groups", 1)
    cdef int i
    if cnp.PyArray_NDIM(x) < 2:
        raise ValueError(f"x: expected shape (N, C, ...), got {np.shape(x)}")
    if cnp.PyArray_DIM(x, 1) % groups != 0:
        raise ValueError(
            f"num_groups: expected a divisor of the {cnp.PyArray_DIM(x, 1)} channels, "
            f"got {num_groups!r}"
        )
    problem.groups, problem.inner = groups, 1
    for i in range(2, cnp.PyArray_NDIM(x)):
        problem.inner *= cnp.PyArray_DIM(x, i)
    problem.rows = cnp.PyArray_DIM(x, 0) * groups
    problem.length = cnp.PyArray_DIM(x, 1) // groups * problem.inner
    problem.inner = max(problem.inner, 1)
    problem.eps, problem.centred = 0, True
    return problem


cdef cnp.ndarray beside(object value, str name, Call *call, int rank, const int64_t *shape):
    """A weight or bias, or None."""
    cdef cnp.ndarray array
    if value is None:
        return None
    array = input(value, name, call)
    expect_shape(array, name, rank, shape)
    return array


cdef tuple forward(
    ek_row_norm_problem *problem, cnp.ndarray x, cnp.ndarray weight, cnp.ndarray bias, Call *call
):
    cdef cnp.ndarray y = empty_like(x)
    cdef cnp.ndarray mean = empty(1, &problem.rows, call.type_number)
    cdef cnp.ndarray inv_std = empty(1, &problem.rows, call.type_number)
    cdef const void *weights = data_or_null(weight)
    cdef const void *biases = data_or_null(bias)
    cdef int status
    with nogil:
        status = api.row_norm(
            call.dtype, problem, cnp.PyArray_DATA(x), weights, biases, cnp.PyArray_DATA(y),
            cnp.PyArray_DATA(mean), cnp.PyArray_DATA(inv_std)
        )
    check(status, "row_norm")
    return y, mean, inv_std


cdef tuple backward(
    ek_row_norm_problem *problem, object grad, cnp.ndarray x, cnp.ndarray weight, object mean,
    object inv_std, bint affine, int rank, const int64_t *shape, Call *call,
    str scale_name="inv_std"
):
    cdef cnp.ndarray g = input(grad, "grad", call), gweight = None, gbias = None
    cdef cnp.ndarray m = input_of_rank(mean, "mean", call, 1)
    cdef cnp.ndarray s = input_of_rank(inv_std, scale_name, call, 1)
    cdef cnp.ndarray gx = empty_like(x)
    cdef const void *weights = data_or_null(weight)
    cdef void *gweights = NULL
    cdef void *gbiases = NULL
    cdef ek_workspace_size size
    cdef Scratch scratch = Scratch()
    cdef int status
    expect_shape(g, "grad", cnp.PyArray_NDIM(x), <const int64_t *>cnp.PyArray_DIMS(x))
    expect_shape(m, "mean", 1, &problem.rows)
    expect_shape(s, scale_name, 1, &problem.rows)
    if affine:
        gweight = empty(rank, shape, call.type_number)
        gbias = empty(rank, shape, call.type_number)
        gweights, gbiases = cnp.PyArray_DATA(gweight), cnp.PyArray_DATA(gbias)
        check(api.row_norm_grad_workspace(call.dtype, problem, &size), "row_norm_grad")
        scratch.reserve(size.best)
    with nogil:
        status = api.row_norm_grad(
            call.dtype, problem, cnp.PyArray_DATA(g), cnp.PyArray_DATA(x), weights,
            cnp.PyArray_DATA(m), cnp.PyArray_DATA(s), cnp.PyArray_DATA(gx), gweights, gbiases,
            scratch.workspace
        )
    check(status, "row_norm_grad")
    return gx, gweight, gbias


cdef const int64_t *tail_of(cnp.ndarray x, int rank) noexcept:
    return <const int64_t *>cnp.PyArray_DIMS(x) + cnp.PyArray_NDIM(x) - rank


cdef int count_sizes(object normalized_shape) noexcept:
    return len(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else 1


def layer_norm(x, normalized_shape, weight=None, bias=None, *, eps=1e-5):
    r"""Normalise over the last axes (Ba, Kiros and Hinton, 2016).

    .. math:: y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}\, w + b

    Parameters
    ----------
    x : array, shape (\*, \*normalized_shape)
        float32 or float64.
    normalized_shape : int or tuple of int
        The last sizes of `x`, over which :math:`\mu` and the biased :math:`\sigma^2` are taken.
    weight, bias : array, shape `normalized_shape`, optional
        :math:`w` (1 where None) and :math:`b` (0 where None).
    eps : float
        At least 0.

    Returns
    -------
    y : array, shape of `x`
    mean, inv_std : array, shape (R,)
        Of the R = size of \* rows: the mean, and :math:`1/\sqrt{\sigma^2 + \epsilon}`.

    Raises
    ------
    TypeError
        If dtypes differ.
    ValueError
        If shapes do not fit, or `eps` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.layer_norm(np.array([[1.0, 3.0]]), 2, eps=0.0)
    (array([[-1.,  1.]]), array([2.]), array([1.]))
    """
    cdef Call call = new_call()
    cdef cnp.ndarray array = input(x, "x", &call)
    cdef ek_row_norm_problem problem = over_tail(array, normalized_shape)
    cdef int rank = count_sizes(normalized_shape)
    cdef cnp.ndarray w = beside(weight, "weight", &call, rank, tail_of(array, rank))
    cdef cnp.ndarray b = beside(bias, "bias", &call, rank, tail_of(array, rank))
    problem.eps = epsilon(eps)
    return forward(&problem, array, w, b, &call)


def layer_norm_grad(grad, x, normalized_shape, weight, mean, inv_std, *, affine=True):
    r"""Gradients of `layer_norm` with respect to x, weight and bias.

    With :math:`\hat x = (x - \mu)\, s`, where :math:`s` is `inv_std`, :math:`h = g w`, and means
    over the last axes,

    .. math::

        g_x = s \left( h - \overline{h} - \hat x\, \overline{h \hat x} \right), \quad
        g_w = \sum g \hat x, \quad g_b = \sum g

    Parameters
    ----------
    grad : array, shape of `x`
    x : array, shape (\*, \*normalized_shape)
    normalized_shape : int or tuple of int
    weight : array, shape `normalized_shape`, or None
    mean, inv_std : array, shape (R,)
        As `layer_norm` returned them.
    affine : bool
        Whether the gradients of weight and bias are wanted.

    Returns
    -------
    gx : array, shape of `x`
    gweight, gbias : array, shape `normalized_shape`, or None

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, mean, inv_std = np.array([[1.0, 3.0]]), np.array([2.0]), np.array([1.0])
    >>> kernels.layer_norm_grad(np.array([[1.0, 0.0]]), x, 2, None, mean, inv_std)
    (array([[0., 0.]]), array([-1.,  0.]), array([1., 0.]))
    """
    cdef Call call = new_call()
    cdef cnp.ndarray array = input(x, "x", &call)
    cdef ek_row_norm_problem problem = over_tail(array, normalized_shape)
    cdef int rank = count_sizes(normalized_shape)
    cdef const int64_t *tail = tail_of(array, rank)
    cdef cnp.ndarray w = beside(weight, "weight", &call, rank, tail)
    return backward(&problem, grad, array, w, mean, inv_std, bool(affine), rank, tail, &call)


def rms_norm(x, normalized_shape, weight=None, *, eps=1e-5):
    r"""Divide by the root mean square over the last axes (Zhang and Sennrich, 2019).

    .. math:: y = \frac{x}{\sqrt{\overline{x^2} + \epsilon}}\, w

    Parameters
    ----------
    x : array, shape (\*, \*normalized_shape)
        float32 or float64.
    normalized_shape : int or tuple of int
        The last sizes of `x`, over which the mean is taken.
    weight : array, shape `normalized_shape`, optional
    eps : float
        At least 0.

    Returns
    -------
    y : array, shape of `x`
    inv_rms : array, shape (R,)
        :math:`1/\sqrt{\overline{x^2} + \epsilon}` of the R = size of \* rows.

    Raises
    ------
    TypeError
        If dtypes differ.
    ValueError
        If shapes do not fit, or `eps` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.rms_norm(np.array([[2.0, -2.0]]), 2, eps=0.0)
    (array([[ 1., -1.]]), array([0.5]))
    """
    cdef Call call = new_call()
    cdef cnp.ndarray array = input(x, "x", &call)
    cdef ek_row_norm_problem problem = over_tail(array, normalized_shape)
    cdef int rank = count_sizes(normalized_shape)
    cdef cnp.ndarray w = beside(weight, "weight", &call, rank, tail_of(array, rank))
    problem.eps, problem.centred = epsilon(eps), False
    y, _, inv_rms = forward(&problem, array, w, None, &call)
    return y, inv_rms


def rms_norm_grad(grad, x, normalized_shape, weight, inv_rms, *, affine=True):
    r"""Gradients of `rms_norm` with respect to x and weight.

    With :math:`\hat x = x s`, where :math:`s` is `inv_rms`, and :math:`h = g w`,

    .. math::

        g_x = s \left( h - \hat x\, \overline{h \hat x} \right), \quad g_w = \sum g \hat x

    Parameters
    ----------
    grad : array, shape of `x`
    x : array, shape (\*, \*normalized_shape)
    normalized_shape : int or tuple of int
    weight : array, shape `normalized_shape`, or None
    inv_rms : array, shape (R,)
        As `rms_norm` returned it.
    affine : bool
        Whether the gradient of weight is wanted.

    Returns
    -------
    gx : array, shape of `x`
    gweight : array, shape `normalized_shape`, or None

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, inv_rms = np.array([[2.0, -2.0]]), np.array([0.5])
    >>> kernels.rms_norm_grad(np.array([[1.0, 0.0]]), x, 2, None, inv_rms)
    (array([[0.25, 0.25]]), array([1., 0.]))
    """
    cdef Call call = new_call()
    cdef cnp.ndarray array = input(x, "x", &call)
    cdef ek_row_norm_problem problem = over_tail(array, normalized_shape)
    cdef int rank = count_sizes(normalized_shape)
    cdef const int64_t *tail = tail_of(array, rank)
    cdef cnp.ndarray w = beside(weight, "weight", &call, rank, tail)
    problem.centred = False
    mean = np.zeros(problem.rows, array.dtype)
    gx, gweight, _ = backward(
        &problem, grad, array, w, mean, inv_rms, bool(affine), rank, tail, &call, "inv_rms"
    )
    return gx, gweight


def group_norm(x, num_groups, weight=None, bias=None, *, eps=1e-5):
    r"""Normalise over groups of channels of each sample (Wu and He, 2018).

    .. math:: y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}\, w + b

    With one channel to a group this is instance normalisation (Ulyanov, Vedaldi and Lempitsky,
    2016).

    Parameters
    ----------
    x : array, shape (N, C) or (N, C, ...)
        float32 or float64.
    num_groups : int
        G, a divisor of C; :math:`\mu` and the biased :math:`\sigma^2` are taken over each group.
    weight, bias : array, shape (C,), optional
        :math:`w` (1 where None) and :math:`b` (0 where None).
    eps : float
        At least 0.

    Returns
    -------
    y : array, shape of `x`
    mean, inv_std : array, shape (N * G,)
        The mean, and :math:`1/\sqrt{\sigma^2 + \epsilon}`.

    Raises
    ------
    TypeError
        If dtypes differ.
    ValueError
        If shapes do not fit, `num_groups` does not divide C, or `eps` is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.group_norm(np.array([[1.0, 3.0]]), 1, eps=0.0)
    (array([[-1.,  1.]]), array([2.]), array([1.]))
    """
    cdef Call call = new_call()
    cdef cnp.ndarray array = input(x, "x", &call)
    cdef ek_row_norm_problem problem = over_groups(array, num_groups)
    cdef int64_t channels = cnp.PyArray_DIM(array, 1)
    cdef cnp.ndarray w = beside(weight, "weight", &call, 1, &channels)
    cdef cnp.ndarray b = beside(bias, "bias", &call, 1, &channels)
    problem.eps = epsilon(eps)
    return forward(&problem, array, w, b, &call)


def group_norm_grad(grad, x, num_groups, weight, mean, inv_std, *, affine=True):
    r"""Gradients of `group_norm` with respect to x, weight and bias.

    The formula is that of `layer_norm_grad`, with means over each group.

    Parameters
    ----------
    grad : array, shape of `x`
    x : array, shape (N, C) or (N, C, ...)
    num_groups : int
    weight : array, shape (C,), or None
    mean, inv_std : array, shape (N * G,)
        As `group_norm` returned them.
    affine : bool
        Whether the gradients of weight and bias are wanted.

    Returns
    -------
    gx : array, shape of `x`
    gweight, gbias : array, shape (C,), or None

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, mean, inv_std = np.array([[1.0, 3.0]]), np.array([2.0]), np.array([1.0])
    >>> kernels.group_norm_grad(np.array([[1.0, 0.0]]), x, 1, None, mean, inv_std)
    (array([[0., 0.]]), array([-1.,  0.]), array([1., 0.]))
    """
    cdef Call call = new_call()
    cdef cnp.ndarray array = input(x, "x", &call)
    cdef ek_row_norm_problem problem = over_groups(array, num_groups)
    cdef int64_t channels = cnp.PyArray_DIM(array, 1)
    cdef cnp.ndarray w = beside(weight, "weight", &call, 1, &channels)
    return backward(&problem, grad, array, w, mean, inv_std, bool(affine), 1, &channels, &call)

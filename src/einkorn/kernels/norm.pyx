"""Batch normalisation and its gradient."""

cimport numpy as cnp
from libc.stdint cimport int64_t

from einkorn.kernels._arrays cimport (
    Call,
    check,
    data_or_null,
    empty,
    empty_like,
    expect_shape,
    input,
    new_call,
    optional_input,
    real_number,
)
from einkorn.kernels._core cimport EK_IDENTITY, EK_RELU, api, ek_activation, ek_batch_norm_problem

import numpy as np

cnp.import_array()


cdef cnp.ndarray channelled(object x, Call *call, ek_batch_norm_problem *problem):
    """The array (N, C, ...) at the door, its sizes noted."""
    cdef cnp.ndarray array = input(x, "x", call)
    cdef int i
    if cnp.PyArray_NDIM(array) < 2:
        raise ValueError(f"x: expected shape (N, C, ...), got {np.shape(x)}")
    problem.batch, problem.channels = cnp.PyArray_DIM(array, 0), cnp.PyArray_DIM(array, 1)
    problem.spatial = 1
    for i in range(2, cnp.PyArray_NDIM(array)):
        problem.spatial *= cnp.PyArray_DIM(array, i)
    problem.eps = 0
    problem.activation = EK_IDENTITY
    return array


cdef cnp.ndarray per_channel(object value, str name, Call *call, int64_t channels):
    cdef cnp.ndarray array = optional_input(value, name, call, 1)
    if array is not None:
        expect_shape(array, name, 1, &channels)
    return array


cdef object normalised(object x, object weight, object bias, object mean, object var, object eps,
                       ek_activation activation, str where):
    cdef Call call = new_call()
    cdef ek_batch_norm_problem problem
    cdef cnp.ndarray array = channelled(x, &call, &problem)
    cdef cnp.ndarray w = per_channel(weight, "weight", &call, problem.channels)
    cdef cnp.ndarray b = per_channel(bias, "bias", &call, problem.channels)
    cdef cnp.ndarray m = per_channel(mean, "mean", &call, problem.channels)
    cdef cnp.ndarray v = per_channel(var, "var", &call, problem.channels)
    cdef int status
    if (m is None) != (v is None):
        missing, given = ("mean", "var") if m is None else ("var", "mean")
        raise ValueError(f"{missing}: expected an array beside {given}, got None")
    problem.training = m is None
    if problem.training and cnp.PyArray_SIZE(array) == 0 and problem.channels > 0:
        raise ValueError(f"x: expected at least one value per channel, got shape {np.shape(x)}")
    problem.eps = real_number(eps, "eps")
    if not problem.eps >= 0:
        raise ValueError(f"eps: expected a number of at least 0, got {eps!r}")
    problem.activation = activation
    cdef cnp.ndarray y = empty_like(array)
    cdef cnp.ndarray used_mean = empty(1, &problem.channels, call.type_number)
    cdef cnp.ndarray inv_std = empty(1, &problem.channels, call.type_number)
    cdef const void *w_data = data_or_null(w)
    cdef const void *b_data = data_or_null(b)
    cdef const void *m_data = data_or_null(m)
    cdef const void *v_data = data_or_null(v)
    with nogil:
        status = api.batch_norm(
            call.dtype, &problem, cnp.PyArray_DATA(array), w_data, b_data, m_data, v_data,
            cnp.PyArray_DATA(y), cnp.PyArray_DATA(used_mean), cnp.PyArray_DATA(inv_std)
        )
    check(status, where)
    return y, used_mean, inv_std


cdef object gradients(object grad, object y, object x, object weight, object mean, object inv_std,
                      object training, str where):
    """The gradients, of `batch_norm_relu` where `y` is not None."""
    cdef Call call = new_call()
    cdef ek_batch_norm_problem problem
    cdef cnp.ndarray array = channelled(x, &call, &problem)
    cdef cnp.ndarray g = input(grad, "grad", &call)
    cdef int status
    expect_shape(g, "grad", cnp.PyArray_NDIM(array), <const int64_t *>cnp.PyArray_DIMS(array))
    cdef cnp.ndarray w = per_channel(weight, "weight", &call, problem.channels)
    if mean is None or inv_std is None:
        missing = "mean" if mean is None else "inv_std"
        raise TypeError(f"{missing}: expected an array, got None")
    cdef cnp.ndarray m = per_channel(mean, "mean", &call, problem.channels)
    cdef cnp.ndarray s = per_channel(inv_std, "inv_std", &call, problem.channels)
    problem.training = bool(training)
    cdef cnp.ndarray activated = None
    if y is not None:
        activated = input(y, "y", &call)
        expect_shape(activated, "y", cnp.PyArray_NDIM(array),
                     <const int64_t *>cnp.PyArray_DIMS(array))
    cdef const void *y_data = data_or_null(activated)
    cdef cnp.ndarray gx = empty_like(array)
    cdef cnp.ndarray gweight = empty(1, &problem.channels, call.type_number)
    cdef cnp.ndarray gbias = empty(1, &problem.channels, call.type_number)
    cdef const void *w_data = data_or_null(w)
    with nogil:
        status = api.batch_norm_grad(
            call.dtype, &problem, cnp.PyArray_DATA(g), cnp.PyArray_DATA(array), y_data, w_data,
            cnp.PyArray_DATA(m), cnp.PyArray_DATA(s), cnp.PyArray_DATA(gx),
            cnp.PyArray_DATA(gweight), cnp.PyArray_DATA(gbias)
        )
    check(status, where)
    return gx, gweight, gbias


def batch_norm(x, weight, bias, mean=None, var=None, *, eps=1e-5):
    r"""Normalise each channel (Ioffe and Szegedy, 2015).

    .. math:: y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}}\, w + b

    Parameters
    ----------
    x : array, shape (N, C) or (N, C, ...)
        float32 or float64.
    weight, bias : array, shape (C,), or None
        :math:`w` (1 where None) and :math:`b` (0 where None).
    mean, var : array, shape (C,), optional
        :math:`\mu` and :math:`\sigma^2`, as at inference. Without them those of `x` are taken,
        over all axes but the second; the variance is biased (divided by the number of values).
    eps : float
        At least 0.

    Returns
    -------
    y : array, shape of `x`
    mean, inv_std : array, shape (C,)
        The mean, and :math:`1/\sqrt{\sigma^2 + \epsilon}`, that were used.

    Raises
    ------
    TypeError
        If dtypes differ.
    ValueError
        If shapes do not fit, `eps` is negative, only one of `mean` and `var` is given, or
        statistics are asked of no values.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.batch_norm(np.array([[1.0], [3.0]]), None, None, eps=0.0)
    (array([[-1.],
           [ 1.]]), array([2.]), array([1.]))
    """
    return normalised(x, weight, bias, mean, var, eps, EK_IDENTITY, "batch_norm")


def batch_norm_relu(x, weight, bias, mean=None, var=None, *, eps=1e-5):
    r"""Normalise each channel and set what is below 0 to 0: `relu` of `batch_norm` in one pass.

    A NaN passes.

    Parameters
    ----------
    x, weight, bias, mean, var, eps
        As in `batch_norm`.

    Returns
    -------
    y : array, shape of `x`
    mean, inv_std : array, shape (C,)
        The mean, and :math:`1/\sqrt{\sigma^2 + \epsilon}`, that were used.

    Raises
    ------
    TypeError, ValueError
        As in `batch_norm`.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> kernels.batch_norm_relu(np.array([[1.0], [3.0]]), None, None, eps=0.0)[0].tolist()
    [[0.0], [1.0]]
    """
    return normalised(x, weight, bias, mean, var, eps, EK_RELU, "batch_norm_relu")


def batch_norm_grad(grad, x, weight, mean, inv_std, *, training=True):
    r"""Gradients of `batch_norm` with respect to x, weight and bias.

    With :math:`\hat x = (x - \mu)\, s`, where :math:`s` is `inv_std`, and means over all axes but
    the second,

    .. math::

        g_w = \sum g \hat x, \quad g_b = \sum g, \quad
        g_x = w s \left( g - \overline{g} - \hat x\, \overline{g \hat x} \right)

    and without `training`, where the statistics did not depend on `x`, :math:`g_x = w s g`.

    Parameters
    ----------
    grad : array, shape of `x`
    x : array, shape (N, C) or (N, C, ...)
    weight : array, shape (C,), or None
    mean, inv_std : array, shape (C,)
        As `batch_norm` returned them.
    training : bool
        Whether `mean` and `inv_std` were the statistics of `x`.

    Returns
    -------
    gx : array, shape of `x`
    gweight, gbias : array, shape (C,)

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, mean, inv_std = np.array([[1.0], [3.0]]), np.array([2.0]), np.array([1.0])
    >>> gx, gweight, gbias = kernels.batch_norm_grad(np.ones((2, 1)), x, None, mean, inv_std)
    >>> gx.tolist(), gbias.tolist()
    ([[0.0], [0.0]], [2.0])
    """
    return gradients(grad, None, x, weight, mean, inv_std, training, "batch_norm_grad")


def batch_norm_relu_grad(grad, y, x, weight, mean, inv_std, *, training=True):
    r"""Gradients of `batch_norm_relu` with respect to x, weight and bias.

    Those of `batch_norm_grad` for `grad` where `y` is above 0 or NaN, and 0 elsewhere.

    Parameters
    ----------
    grad : array, shape of `x`
    y : array, shape of `x`
        What `batch_norm_relu` returned.
    x, weight, mean, inv_std, training
        As in `batch_norm_grad`.

    Returns
    -------
    gx : array, shape of `x`
    gweight, gbias : array, shape (C,)

    Raises
    ------
    TypeError, ValueError
        If dtypes differ or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> x, mean, inv_std = np.array([[1.0], [3.0]]), np.array([2.0]), np.array([1.0])
    >>> y = np.array([[0.0], [1.0]])
    >>> gx, gweight, gbias = kernels.batch_norm_relu_grad(
    ...     np.ones((2, 1)), y, x, None, mean, inv_std
    ... )
    >>> gx.tolist(), gbias.tolist()
    ([[0.0], [0.0]], [1.0])
    """
    if y is None:
        raise TypeError("y: expected an array, got None")
    return gradients(grad, y, x, weight, mean, inv_std, training, "batch_norm_relu_grad")

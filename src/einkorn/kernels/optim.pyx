"""Steps of optimisers, in place: one pass over memory, and one call for a whole model.

A step is not interrupted half-way, and a call that raises has changed nothing.
"""

cimport numpy as cnp
from cpython.mem cimport PyMem_Calloc, PyMem_Free
from libc.stdint cimport int64_t, uintptr_t
from libc.stdlib cimport qsort

from einkorn.kernels._arrays cimport (
    check,
    deliver,
    expect_shape,
    extent,
    inplace,
    input,
    integer,
    new_call,
    real_number,
)
from einkorn.kernels._core cimport (
    EK_OPTIM_STATES,
    api,
    ek_adam_problem,
    ek_parameter,
    ek_sgd_problem,
)

cnp.import_array()

cdef int by_address(const void *a, const void *b) noexcept nogil:
    cdef uintptr_t x = (<const Extent *>a).low, y = (<const Extent *>b).low
    return -1 if x < y else x > y


cdef class Parameters:
    """The arrays of one step, for the kernel; written back by `deliver` where they were copied."""

    def __cinit__(self, int64_t count):
        self.call = new_call()
        self.count = count
        self.extent_count = 0
        self.rows = <ek_parameter *>PyMem_Calloc(count + 1, sizeof(ek_parameter))
        self.extents = <Extent *>PyMem_Calloc((2 + EK_OPTIM_STATES) * count + 1, sizeof(Extent))
        if self.rows == NULL or self.extents == NULL:
            raise MemoryError(f"no memory left for a step over {count} parameters")
        self.keep_alive = []
        self.stand_ins = []

    def __dealloc__(self):
        PyMem_Free(self.rows)
        PyMem_Free(self.extents)

    cdef int note(self, cnp.ndarray array, bint written) noexcept:
        cdef Extent *e = &self.extents[self.extent_count]
        extent(array, &e.low, &e.high)
        e.written = written
        self.extent_count += e.low < e.high
        return 0

    cdef cnp.ndarray written(self, object value, str name):
        cdef cnp.ndarray array = inplace(value, name, &self.call)
        self.note(value, True)
        self.keep_alive.append(array)
        if array is not value:
            self.stand_ins.append((array, value))
        return array

    cdef int add(self, int64_t i, object param, object grad, tuple columns,
                 tuple names) except -1:
        cdef ek_parameter *row = &self.rows[i]
        cdef cnp.ndarray value = self.written(param, "param")
        cdef int rank = cnp.PyArray_NDIM(value), s
        cdef const int64_t *shape = <const int64_t *>cnp.PyArray_DIMS(value)
        cdef cnp.ndarray gradient = input(grad, "grad", &self.call), state
        expect_shape(gradient, "grad", rank, shape)
        self.note(gradient, False)
        self.keep_alive.append(gradient)
        row.size = cnp.PyArray_SIZE(value)
        row.value = cnp.PyArray_DATA(value)
        row.grad = cnp.PyArray_DATA(gradient)
        for s in range(len(columns)):
            if names[s] is None:
                continue
            state = self.written((<list>columns[s])[i], <str>names[s])
            expect_shape(state, <str>names[s], rank, shape)
            row.state[s] = cnp.PyArray_DATA(state)
        return 0

    cdef int forbid_overlaps(self) except -1:
        """No array that is written may share memory with any other array of the step."""
        cdef uintptr_t read_end = 0, written_end = 0
        cdef int64_t i
        cdef Extent *e
        qsort(self.extents, self.extent_count, sizeof(Extent), by_address)
        for i in range(self.extent_count):
            e = &self.extents[i]
            if e.low < written_end or (e.written and e.low < read_end):
                raise ValueError(
                    "param, grad and state: expected arrays that do not overlap, got some that do"
                )
            if e.written:
                written_end = max(written_end, e.high)
            else:
                read_end = max(read_end, e.high)
        return 0

    cdef int write_back(self) except -1:
        for array, target in self.stand_ins:
            deliver(array, target)
        return 0


cdef Parameters gather_one(object param, object grad, tuple states, tuple names):
    cdef Parameters parameters = Parameters(1)
    parameters.add(0, param, grad, tuple([[state] for state in states]), names)
    parameters.forbid_overlaps()
    return parameters


cdef Parameters gather_many(object params, object grads, tuple states, tuple names):
    """`states` holds one sequence for each of `names`; where the name is None, no such state."""
    cdef list values = as_list(params), gradients = as_list(grads)
    cdef Py_ssize_t count = len(values), i
    cdef tuple columns = tuple([
        None if names[i] is None else as_list(states[i]) for i in range(len(names))
    ])
    cdef Parameters parameters = Parameters(count)
    expect_count("grad", gradients, count)
    for i in range(len(names)):
        if names[i] is not None:
            expect_count(names[i], columns[i], count)
    for i in range(count):
        try:
            parameters.add(i, values[i], gradients[i], columns, names)
        except (TypeError, ValueError) as error:
            raise type(error)(f"parameter {i}: {error}") from None
    parameters.forbid_overlaps()
    return parameters


cdef list as_list(object arrays):
    return <list>arrays if type(arrays) is list else list(arrays)


cdef int expect_count(str name, list arrays, Py_ssize_t count) except -1:
    if len(arrays) != count:
        raise ValueError(
            f"{name}: expected one array for each of {count} parameters, got {len(arrays)}"
        )
    return 0


cdef double at_least_zero(object value, str name) except? -1:
    cdef double number = real_number(value, name)
    if not number >= 0:
        raise ValueError(f"{name}: expected a number of at least 0, got {value!r}")
    return number


cdef double decay_rate(object value, str name) except? -1:
    cdef double number = real_number(value, name)
    if not 0 <= number < 1:
        raise ValueError(f"{name}: expected a number from 0 to below 1, got {value!r}")
    return number


cdef ek_sgd_problem sgd_problem(object lr, object momentum, object dampening, object weight_decay,
                                object nesterov) except *:
    cdef ek_sgd_problem problem
    problem.parameters = 0
    problem.lr = at_least_zero(lr, "lr")
    problem.momentum = at_least_zero(momentum, "momentum")
    problem.dampening = real_number(dampening, "dampening")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    problem.nesterov = bool(nesterov)
    return problem


cdef int run_sgd(Parameters parameters, ek_sgd_problem *problem) except -1:
    cdef int status
    problem.parameters = parameters.count
    with nogil:
        status = api.sgd_step(parameters.call.dtype, problem, parameters.rows)
    check(status, "sgd_step_")
    return parameters.write_back()


def sgd_step_(param, grad, velocity, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0,
              nesterov=False):
    r"""Take one step of stochastic gradient descent, in place.

    .. math::

        g &\leftarrow g + \lambda\,\theta \\
        v &\leftarrow \mu v + (1 - \tau)\, g \\
        \theta &\leftarrow \theta - \gamma v, \quad
            \text{or } \theta - \gamma (g + \mu v) \text{ with `nesterov`}

    with learning rate :math:`\gamma`, momentum :math:`\mu`, dampening :math:`\tau` and weight
    decay :math:`\lambda`; without momentum, :math:`\theta - \gamma g`. The heavy ball is Polyak's
    (1964), the other form Nesterov's (1983) as Sutskever et al. (2013) write it.

    Parameters
    ----------
    param : array, any shape
        float32 or float64, changed in place. An array that is not C-contiguous is stepped in a
        copy that is then written back.
    grad : array, shape of `param`
    velocity : array, shape of `param`, or None
        Changed in place; not read without momentum, and then may be None.
    lr, momentum, weight_decay : float
        At least 0.
    dampening : float
    nesterov : bool

    Raises
    ------
    TypeError
        If dtypes differ, or `param` or `velocity` is not an array.
    ValueError
        If shapes differ, arrays overlap, one to be changed is read-only, or a number is out of
        range. Nothing has been changed then.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> param, velocity = np.array([1.0]), np.array([1.0])
    >>> kernels.sgd_step_(param, np.array([2.0]), velocity, lr=0.5, momentum=0.5)
    >>> param, velocity
    (array([-0.25]), array([2.5]))
    """
    cdef ek_sgd_problem problem = sgd_problem(lr, momentum, dampening, weight_decay, nesterov)
    states, names = ((velocity,), ("velocity",)) if problem.momentum != 0 else ((), ())
    run_sgd(gather_one(param, grad, states, names), &problem)


def sgd_steps_(params, grads, velocities, *, lr, momentum=0.0, dampening=0.0, weight_decay=0.0,
               nesterov=False):
    """Take one `sgd_step_` on each of many parameters, in one call.

    Parameters
    ----------
    params, grads : sequences of arrays
        As for `sgd_step_`, pair by pair; one dtype for all.
    velocities : sequence of arrays, or None without momentum
    lr, momentum, dampening, weight_decay, nesterov
        As for `sgd_step_`.

    Raises
    ------
    TypeError, ValueError
        As for `sgd_step_`, naming the parameter; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params = [np.ones(2), np.zeros((1, 1))]
    >>> kernels.sgd_steps_(params, [np.ones(2), np.ones((1, 1))], None, lr=0.5)
    >>> params
    [array([0.5, 0.5]), array([[-0.5]])]
    """
    cdef ek_sgd_problem problem = sgd_problem(lr, momentum, dampening, weight_decay, nesterov)
    states, names = ((velocities,), ("velocity",)) if problem.momentum != 0 else ((), ())
    if states and velocities is None:
        raise TypeError(f"velocities: expected arrays with a momentum of {momentum!r}, got None")
    run_sgd(gather_many(params, grads, states, names), &problem)


cdef ek_adam_problem adam_problem(object step, object lr, object beta1, object beta2, object eps,
                                  object weight_decay, object decoupled, bint amsgrad) except *:
    cdef ek_adam_problem problem
    problem.parameters = 0
    problem.step = integer(step, "step", 1)
    problem.lr = at_least_zero(lr, "lr")
    problem.beta1 = decay_rate(beta1, "beta1")
    problem.beta2 = decay_rate(beta2, "beta2")
    problem.eps = at_least_zero(eps, "eps")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    problem.decoupled = bool(decoupled)
    problem.amsgrad = amsgrad
    return problem


cdef int run_adam(Parameters parameters, ek_adam_problem *problem) except -1:
    cdef int status
    problem.parameters = parameters.count
    with nogil:
        status = api.adam_step(parameters.call.dtype, problem, parameters.rows)
    check(status, "adam_step_")
    return parameters.write_back()


cdef tuple ADAM_STATES = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")


def adam_step_(param, grad, exp_avg, exp_avg_sq, step, *, lr, beta1=0.9, beta2=0.999, eps=1e-8,
               weight_decay=0.0, decoupled=False):
    r"""Take one step of Adam (Kingma and Ba, 2015), in place.

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1)\, g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
        \theta &\leftarrow \theta - \gamma\,
            \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Weight decay :math:`\lambda` is added to the gradient as :math:`\lambda\theta`; with
    `decoupled` it scales the parameter by :math:`1 - \gamma\lambda` before the step instead
    (AdamW, Loshchilov and Hutter, 2019).

    Parameters
    ----------
    param : array, any shape
        float32 or float64, changed in place. An array that is not C-contiguous is stepped in a
        copy that is then written back.
    grad : array, shape of `param`
    exp_avg, exp_avg_sq : array, shape of `param`
        :math:`m` and :math:`v`, changed in place; zeros before the first step.
    step : int
        :math:`t`, counted from 1: that of the step being taken.
    lr, eps, weight_decay : float
        At least 0.
    beta1, beta2 : float
        From 0 to below 1.
    decoupled : bool

    Raises
    ------
    TypeError
        If dtypes differ, or an argument to be changed is not an array.
    ValueError
        If shapes differ, arrays overlap, one to be changed is read-only, or a number is out of
        range. Nothing has been changed then.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> param, mean, square = np.array([1.0]), np.zeros(1), np.zeros(1)
    >>> kernels.adam_step_(param, np.array([3.0]), mean, square, 1, lr=0.5, eps=0.0)
    >>> param
    array([0.5])
    """
    cdef ek_adam_problem problem = adam_problem(
        step, lr, beta1, beta2, eps, weight_decay, decoupled, False
    )
    run_adam(gather_one(param, grad, (exp_avg, exp_avg_sq), ADAM_STATES[:2]), &problem)


def adam_steps_(params, grads, exp_avgs, exp_avg_sqs, step, *, lr, beta1=0.9, beta2=0.999,
                eps=1e-8, weight_decay=0.0, decoupled=False, max_exp_avg_sqs=None):
    """Take one `adam_step_` on each of many parameters, in one call.

    Parameters
    ----------
    params, grads, exp_avgs, exp_avg_sqs : sequences of arrays
        As for `adam_step_`, one of each a parameter; one dtype for all.
    step, lr, beta1, beta2, eps, weight_decay, decoupled
        As for `adam_step_`.
    max_exp_avg_sqs : sequence of arrays, optional
        The largest :math:`v` so far, changed in place; it then takes :math:`v`'s place in the
        step (AMSGrad; Reddi, Kale and Kumar, 2018).

    Raises
    ------
    TypeError, ValueError
        As for `adam_step_`, naming the parameter; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, grads = [np.ones(1), np.zeros(1)], [np.array([3.0]), np.array([-2.0])]
    >>> means, squares = [np.zeros(1), np.zeros(1)], [np.zeros(1), np.zeros(1)]
    >>> kernels.adam_steps_(params, grads, means, squares, 1, lr=0.5, eps=0.0)
    >>> params
    [array([0.5]), array([0.5])]
    """
    cdef ek_adam_problem problem = adam_problem(
        step, lr, beta1, beta2, eps, weight_decay, decoupled, max_exp_avg_sqs is not None
    )
    states = (exp_avgs, exp_avg_sqs, max_exp_avg_sqs)
    names = ADAM_STATES if problem.amsgrad else (*ADAM_STATES[:2], None)
    run_adam(gather_many(params, grads, states, names), &problem)

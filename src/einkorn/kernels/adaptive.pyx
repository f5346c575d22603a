"""Steps of the adaptive optimisers, each over all parameters of a model in one call.

As those of SGD and Adam: in place, one pass over memory, never interrupted half-way; a call that
raises has changed nothing.
"""

from einkorn.kernels._arrays cimport check, integer, real_number
from einkorn.kernels._core cimport (
    api,
    ek_adadelta_problem,
    ek_adagrad_problem,
    ek_adamax_problem,
    ek_asgd_problem,
    ek_nadam_problem,
    ek_radam_problem,
    ek_rmsprop_problem,
    ek_rprop_problem,
)
from einkorn.kernels.optim cimport Parameters, at_least_zero, decay_rate, gather_many


cdef double share(object value, str name) except? -1:
    cdef double number = real_number(value, name)
    if not 0 <= number <= 1:
        raise ValueError(f"{name}: expected a number from 0 to 1, got {value!r}")
    return number


def rmsprop_steps_(params, grads, square_avgs, grad_avgs, momentum_buffers, *, lr, alpha=0.99,
                   eps=1e-8, weight_decay=0.0, momentum=0.0):
    r"""Take one step of RMSprop (Hinton, 2012), in place.

    .. math::

        g &\leftarrow g + \lambda\,\theta, \quad
        v \leftarrow \alpha v + (1 - \alpha)\, g^2 \\
        b &\leftarrow \mu b + g / (\sqrt{v} + \epsilon) \\
        \theta &\leftarrow \theta - \gamma b

    With `grad_avgs`, :math:`v` is centred: :math:`a \leftarrow \alpha a + (1 - \alpha)\, g` and
    :math:`v - a^2` in its place under the root (Graves, 2013).

    Parameters
    ----------
    params : sequence of arrays
        float32 or float64, one dtype for all; changed in place. One that is not C-contiguous is
        stepped in a copy that is then written back.
    grads : sequence of arrays, shapes of `params`
    square_avgs : sequence of arrays
        :math:`v`, changed in place; zeros before the first step.
    grad_avgs : sequence of arrays, or None
        :math:`a`, likewise.
    momentum_buffers : sequence of arrays, or None
        :math:`b`, likewise; not read without momentum, and then may be None.
    lr, alpha, eps, weight_decay, momentum : float
        At least 0.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes differ, arrays overlap, one to be changed is read-only, or a number is
        out of range; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, squares = [np.array([1.0])], [np.zeros(1)]
    >>> kernels.rmsprop_steps_(params, [np.array([2.0])], squares, None, None, lr=0.1, alpha=0.0)
    >>> params[0].round(6)
    array([0.9])
    """
    cdef ek_rmsprop_problem problem
    problem.lr = at_least_zero(lr, "lr")
    problem.alpha = at_least_zero(alpha, "alpha")
    problem.eps = at_least_zero(eps, "eps")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    problem.momentum = at_least_zero(momentum, "momentum")
    problem.centered = grad_avgs is not None
    names = (
        "square_avg",
        "grad_avg" if problem.centered else None,
        "momentum_buffer" if problem.momentum != 0 else None,
    )
    cdef Parameters p = gather_many(
        params, grads, (square_avgs, grad_avgs, momentum_buffers), names
    )
    problem.parameters = p.count
    with nogil:
        status = api.rmsprop_step(p.call.dtype, &problem, p.rows)
    check(status, "rmsprop_steps_")
    p.write_back()


def adagrad_steps_(params, grads, sums, step, *, lr, lr_decay=0.0, eps=1e-10, weight_decay=0.0):
    r"""Take one step of Adagrad (Duchi, Hazan and Singer, 2011), in place.

    .. math::

        g &\leftarrow g + \lambda\,\theta, \quad s \leftarrow s + g^2 \\
        \theta &\leftarrow \theta - \frac{\gamma}{1 + (t - 1)\,\eta}
            \frac{g}{\sqrt{s} + \epsilon}

    Parameters
    ----------
    params : sequence of arrays
        float32 or float64, one dtype for all; changed in place. One that is not C-contiguous is
        stepped in a copy that is then written back.
    grads : sequence of arrays, shapes of `params`
    sums : sequence of arrays
        :math:`s`, changed in place.
    step : int
        :math:`t`, counted from 1: that of the step being taken.
    lr, lr_decay, eps, weight_decay : float
        :math:`\gamma, \eta, \epsilon, \lambda`, at least 0.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes differ, arrays overlap, one to be changed is read-only, or a number is
        out of range; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, sums = [np.array([1.0])], [np.zeros(1)]
    >>> kernels.adagrad_steps_(params, [np.array([2.0])], sums, 1, lr=0.5)
    >>> params[0].round(6)
    array([0.5])
    """
    cdef ek_adagrad_problem problem
    problem.step = integer(step, "step", 1)
    problem.lr = at_least_zero(lr, "lr")
    problem.lr_decay = at_least_zero(lr_decay, "lr_decay")
    problem.eps = at_least_zero(eps, "eps")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    cdef Parameters p = gather_many(
        params, grads, (sums,), ("sum",)
    )
    problem.parameters = p.count
    with nogil:
        status = api.adagrad_step(p.call.dtype, &problem, p.rows)
    check(status, "adagrad_steps_")
    p.write_back()


def adadelta_steps_(params, grads, square_avgs, acc_deltas, *, lr=1.0, rho=0.9, eps=1e-6,
                    weight_decay=0.0):
    r"""Take one step of Adadelta (Zeiler, 2012), in place.

    .. math::

        g &\leftarrow g + \lambda\,\theta, \quad
        v \leftarrow \rho v + (1 - \rho)\, g^2 \\
        d &\leftarrow g \sqrt{u + \epsilon} / \sqrt{v + \epsilon}, \quad
        u \leftarrow \rho u + (1 - \rho)\, d^2 \\
        \theta &\leftarrow \theta - \gamma d

    Parameters
    ----------
    params : sequence of arrays
        float32 or float64, one dtype for all; changed in place. One that is not C-contiguous is
        stepped in a copy that is then written back.
    grads : sequence of arrays, shapes of `params`
    square_avgs, acc_deltas : sequences of arrays
        :math:`v` and :math:`u`, changed in place; zeros before the first step.
    lr, eps, weight_decay : float
        At least 0.
    rho : float
        From 0 to 1.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes differ, arrays overlap, one to be changed is read-only, or a number is
        out of range; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, squares, deltas = [np.array([1.0])], [np.zeros(1)], [np.ones(1)]
    >>> kernels.adadelta_steps_(params, [np.array([2.0])], squares, deltas, rho=0.0, eps=0.0)
    >>> params[0].round(6)
    array([0.])
    """
    cdef ek_adadelta_problem problem
    problem.lr = at_least_zero(lr, "lr")
    problem.rho = share(rho, "rho")
    problem.eps = at_least_zero(eps, "eps")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    cdef Parameters p = gather_many(
        params, grads, (square_avgs, acc_deltas), ("square_avg", "acc_delta")
    )
    problem.parameters = p.count
    with nogil:
        status = api.adadelta_step(p.call.dtype, &problem, p.rows)
    check(status, "adadelta_steps_")
    p.write_back()


def adamax_steps_(params, grads, exp_avgs, exp_infs, step, *, lr, beta1=0.9, beta2=0.999, eps=1e-8,
                  weight_decay=0.0):
    r"""Take one step of Adamax (Kingma and Ba, 2015), in place.

    .. math::

        g &\leftarrow g + \lambda\,\theta, \quad
        m \leftarrow \beta_1 m + (1 - \beta_1)\, g \\
        u &\leftarrow \max(\beta_2 u, |g| + \epsilon) \\
        \theta &\leftarrow \theta - \frac{\gamma}{1 - \beta_1^t} \frac{m}{u}

    Parameters
    ----------
    params : sequence of arrays
        float32 or float64, one dtype for all; changed in place. One that is not C-contiguous is
        stepped in a copy that is then written back.
    grads : sequence of arrays, shapes of `params`
    exp_avgs, exp_infs : sequences of arrays
        :math:`m` and :math:`u`, changed in place; zeros before the first step.
    step : int
        :math:`t`, counted from 1: that of the step being taken.
    lr, eps, weight_decay : float
        At least 0.
    beta1, beta2 : float
        From 0 to below 1.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes differ, arrays overlap, one to be changed is read-only, or a number is
        out of range; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, means, largest = [np.array([1.0])], [np.zeros(1)], [np.zeros(1)]
    >>> kernels.adamax_steps_(params, [np.array([2.0])], means, largest, 1, lr=0.5, eps=0.0)
    >>> params[0].round(6)
    array([0.5])
    """
    cdef ek_adamax_problem problem
    problem.step = integer(step, "step", 1)
    problem.lr = at_least_zero(lr, "lr")
    problem.beta1 = decay_rate(beta1, "beta1")
    problem.beta2 = decay_rate(beta2, "beta2")
    problem.eps = at_least_zero(eps, "eps")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    cdef Parameters p = gather_many(
        params, grads, (exp_avgs, exp_infs), ("exp_avg", "exp_inf")
    )
    problem.parameters = p.count
    with nogil:
        status = api.adamax_step(p.call.dtype, &problem, p.rows)
    check(status, "adamax_steps_")
    p.write_back()


def nadam_steps_(params, grads, exp_avgs, exp_avg_sqs, step, *, lr, mu, mu_next, mu_product,
                 beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled=False):
    r"""Take one step of NAdam (Dozat, 2016), in place.

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1)\, g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
        \theta &\leftarrow \theta - \gamma\,
            \frac{\mu_{t+1} m / (1 - \Pi_{t+1}) + (1 - \mu_t)\, g / (1 - \Pi_t)}
                 {\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    with momenta that grow towards :math:`\beta_1`, and
    :math:`\Pi_t = \mu_1 \mu_2 \cdots \mu_t`. Weight decay as for `adam_step_`.

    Parameters
    ----------
    params : sequence of arrays
        float32 or float64, one dtype for all; changed in place. One that is not C-contiguous is
        stepped in a copy that is then written back.
    grads : sequence of arrays, shapes of `params`
    exp_avgs, exp_avg_sqs : sequences of arrays
        :math:`m` and :math:`v`, changed in place; zeros before the first step.
    step : int
        :math:`t`, counted from 1: that of the step being taken.
    lr, eps, weight_decay : float
        At least 0.
    mu, mu_next, mu_product : float
        :math:`\mu_t, \mu_{t+1}` and :math:`\Pi_t`, from 0 to below 1.
    beta1, beta2 : float
        From 0 to below 1.
    decoupled : bool

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes differ, arrays overlap, one to be changed is read-only, or a number is
        out of range; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, means, squares = [np.array([1.0])], [np.zeros(1)], [np.zeros(1)]
    >>> momenta = {"mu": 0.0, "mu_next": 0.0, "mu_product": 0.0}
    >>> kernels.nadam_steps_(params, [np.array([2.0])], means, squares, 1, lr=0.5, **momenta)
    >>> params[0].round(6)
    array([0.5])
    """
    cdef ek_nadam_problem problem
    problem.step = integer(step, "step", 1)
    problem.lr = at_least_zero(lr, "lr")
    problem.beta1 = decay_rate(beta1, "beta1")
    problem.beta2 = decay_rate(beta2, "beta2")
    problem.eps = at_least_zero(eps, "eps")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    problem.mu = decay_rate(mu, "mu")
    problem.mu_next = decay_rate(mu_next, "mu_next")
    problem.mu_product = decay_rate(mu_product, "mu_product")
    problem.decoupled = bool(decoupled)
    cdef Parameters p = gather_many(
        params, grads, (exp_avgs, exp_avg_sqs), ("exp_avg", "exp_avg_sq")
    )
    problem.parameters = p.count
    with nogil:
        status = api.nadam_step(p.call.dtype, &problem, p.rows)
    check(status, "nadam_steps_")
    p.write_back()


def radam_steps_(params, grads, exp_avgs, exp_avg_sqs, step, *, lr, beta1=0.9, beta2=0.999,
                 eps=1e-8, weight_decay=0.0, decoupled=False):
    r"""Take one step of RAdam (Liu et al., 2020), in place.

    .. math::

        m &\leftarrow \beta_1 m + (1 - \beta_1)\, g, \quad
        v \leftarrow \beta_2 v + (1 - \beta_2)\, g^2 \\
        \rho &= \rho_\infty - 2 t \beta_2^t / (1 - \beta_2^t), \quad
        \rho_\infty = 2 / (1 - \beta_2) - 1 \\
        \theta &\leftarrow \theta - \frac{\gamma m}{1 - \beta_1^t} \times
            \sqrt{\frac{(\rho - 4)(\rho - 2)\,\rho_\infty}
                       {(\rho_\infty - 4)(\rho_\infty - 2)\,\rho}}
            \frac{\sqrt{1 - \beta_2^t}}{\sqrt{v} + \epsilon}
            \text{ if } \rho > 5

    and :math:`\theta - \gamma m / (1 - \beta_1^t)` before. Weight decay as for `adam_step_`.

    Parameters
    ----------
    params : sequence of arrays
        float32 or float64, one dtype for all; changed in place. One that is not C-contiguous is
        stepped in a copy that is then written back.
    grads : sequence of arrays, shapes of `params`
    exp_avgs, exp_avg_sqs : sequences of arrays
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
    TypeError, ValueError
        If dtypes or shapes differ, arrays overlap, one to be changed is read-only, or a number is
        out of range; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, means, squares = [np.array([1.0])], [np.zeros(1)], [np.zeros(1)]
    >>> kernels.radam_steps_(params, [np.array([2.0])], means, squares, 1, lr=0.25)
    >>> params[0].round(6)
    array([0.5])
    """
    cdef ek_radam_problem problem
    problem.step = integer(step, "step", 1)
    problem.lr = at_least_zero(lr, "lr")
    problem.beta1 = decay_rate(beta1, "beta1")
    problem.beta2 = decay_rate(beta2, "beta2")
    problem.eps = at_least_zero(eps, "eps")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    problem.decoupled = bool(decoupled)
    cdef Parameters p = gather_many(
        params, grads, (exp_avgs, exp_avg_sqs), ("exp_avg", "exp_avg_sq")
    )
    problem.parameters = p.count
    with nogil:
        status = api.radam_step(p.call.dtype, &problem, p.rows)
    check(status, "radam_steps_")
    p.write_back()


def rprop_steps_(params, grads, prevs, step_sizes, *, etas=(0.5, 1.2), step_limits=(1e-6, 50.0)):
    r"""Take one step of Rprop without weight backtracking, in place.

    .. math::

        s &\leftarrow \operatorname{clip}(s \cdot (\eta^+ \text{ if } g g' > 0;\;
            \eta^- \text{ if } g g' < 0;\; 1)), \quad
        g \leftarrow 0 \text{ if } g g' < 0 \\
        \theta &\leftarrow \theta - s \operatorname{sign} g, \quad g' \leftarrow g

    The signs of the gradients alone decide (Riedmiller and Braun, 1993; Igel and Hüsken, 2000).

    Parameters
    ----------
    params : sequence of arrays
        float32 or float64, one dtype for all; changed in place. One that is not C-contiguous is
        stepped in a copy that is then written back.
    grads : sequence of arrays, shapes of `params`
    prevs, step_sizes : sequences of arrays
        :math:`g'` and :math:`s`, changed in place; zeros and the first size before the first step.
    etas, step_limits : pairs of float
        :math:`\eta^-, \eta^+`, and the least and the greatest :math:`s`.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes differ, arrays overlap, one to be changed is read-only, or a number is
        out of range; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, prevs, sizes = [np.array([1.0])], [np.ones(1)], [np.full(1, 0.25)]
    >>> kernels.rprop_steps_(params, [np.array([2.0])], prevs, sizes, etas=(0.5, 2.0))
    >>> params[0], sizes[0]
    (array([0.5]), array([0.5]))
    """
    cdef ek_rprop_problem problem
    shrink, grow = etas
    least, most = step_limits
    problem.shrink, problem.grow = real_number(shrink, "etas"), real_number(grow, "etas")
    problem.least = real_number(least, "step_limits")
    problem.most = real_number(most, "step_limits")
    cdef Parameters p = gather_many(
        params, grads, (prevs, step_sizes), ("prev", "step_size")
    )
    problem.parameters = p.count
    with nogil:
        status = api.rprop_step(p.call.dtype, &problem, p.rows)
    check(status, "rprop_steps_")
    p.write_back()


def asgd_steps_(params, grads, axs, *, eta, mu, lambd=1e-4, weight_decay=0.0):
    r"""Take one step of averaged stochastic gradient descent (Polyak and Juditsky, 1992), in place.

    .. math::

        \theta &\leftarrow (1 - \lambda \eta)\,\theta - \eta\, (g + \omega\,\theta) \\
        a &\leftarrow a + \mu (\theta - a)

    Parameters
    ----------
    params : sequence of arrays
        float32 or float64, one dtype for all; changed in place. One that is not C-contiguous is
        stepped in a copy that is then written back.
    grads : sequence of arrays, shapes of `params`
    axs : sequence of arrays
        :math:`a`, changed in place.
    eta, mu : float
        Learning rate and share of this step, which the caller lets decay.
    lambd, weight_decay : float
        :math:`\lambda` and :math:`\omega`, at least 0.

    Raises
    ------
    TypeError, ValueError
        If dtypes or shapes differ, arrays overlap, one to be changed is read-only, or a number is
        out of range; then no parameter has been changed.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import kernels
    >>> params, means = [np.array([1.0])], [np.zeros(1)]
    >>> kernels.asgd_steps_(params, [np.array([2.0])], means, eta=0.25, mu=0.5, lambd=0.0)
    >>> params[0], means[0]
    (array([0.5]), array([0.25]))
    """
    cdef ek_asgd_problem problem
    problem.eta = at_least_zero(eta, "eta")
    problem.mu = share(mu, "mu")
    problem.lambd = at_least_zero(lambd, "lambd")
    problem.weight_decay = at_least_zero(weight_decay, "weight_decay")
    cdef Parameters p = gather_many(
        params, grads, (axs,), ("ax",)
    )
    problem.parameters = p.count
    with nogil:
        status = api.asgd_step(p.call.dtype, &problem, p.rows)
    check(status, "asgd_steps_")
    p.write_back()

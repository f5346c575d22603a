"""The backward engine.

A gradient starts at the roots and travels from each operator to the *sources* of its inputs.
Operators carry the number of their creation, and an operator is always younger than its sources:
taking the youngest operator that has received a gradient guarantees that everything that uses its
result has contributed already. A heap of these numbers is therefore the whole schedule; there is
no recursion and no separate sorting of the graph.

Gradients are plain arrays; under ``create_graph`` they are Tensors, and the operators record
themselves while they compute them. An array that an operator has made and nobody else holds is
*owned*: it becomes a leaf's gradient as it is, and further gradients are added into it.

The gradient of a table may be a `RowSparseTensor`. A leaf keeps it as it is, and it stays sparse
while only such are added; an operator before the table is handed the dense one.
"""

import numpy as np

from einkorn.kernels.arithmetic import add as add_by_kernel

cimport cython
cimport numpy as cnp

from einkorn.autograd.row_sparse import RowSparseTensor as _RowSparseTensor

from einkorn.autograd.tape cimport Operator, Output, TensorBase, new_tensor
from einkorn.kernels cimport _pooling

cnp.import_array()

cdef extern from "numpy/arrayobject.h":
    int PyArray_FillWithScalar(cnp.ndarray array, object value) except -1

__all__ = ["Task", "accumulate", "copied", "inspect_gradients"]

cdef object add = np.add
cdef object RowSparseTensor = _RowSparseTensor
# Elements from which the kernel is quicker than NumPy, which adds with one thread.
cdef Py_ssize_t SMALLEST = 1 << 14
# Called with each operator, the gradient that it was handed and what it made of it; or None.
cdef object inspector = None


def inspect_gradients(inspect):
    """Call ``inspect(operator, gradient, results)`` for each operator passed from now on."""
    global inspector
    inspector = inspect


@cython.final
cdef class Arrival:
    """What has arrived for one operator: the sum, or a list of them for several outputs."""
    cdef Operator node
    cdef long long order
    cdef object gradient
    cdef bint owned


cdef bint is_own(object gradient) noexcept:
    """Whether a gradient nobody else holds can be written to: contiguous, and no view."""
    if not cnp.PyArray_CheckExact(gradient) or not cnp.PyArray_ISCARRAY(gradient):
        return False
    base = cnp.get_array_base(gradient)
    return base is None or not cnp.PyArray_CheckExact(base)


cdef bint alike(cnp.ndarray a, object b) noexcept:
    return (
        cnp.PyArray_CheckExact(b)
        and cnp.PyArray_TYPE(a) == cnp.PyArray_TYPE(b)
        and cnp.PyArray_SAMESHAPE(a, b)
    )


cdef bint is_large(cnp.ndarray array) noexcept:
    return (
        cnp.PyArray_SIZE(array) >= SMALLEST
        and cnp.PyArray_ISCARRAY_RO(array)
        and cnp.PyArray_TYPE(array) in (cnp.NPY_FLOAT32, cnp.NPY_FLOAT64)
    )


cdef object sum_into(cnp.ndarray a, object b, object out):
    """Write the sum of two arrays to one of them."""
    if is_large(a) and alike(a, b) and is_large(b):
        return add_by_kernel(a, b, out=out)
    return add(a, b, out)


cdef object sum_of(object a, object b):
    if cnp.PyArray_CheckExact(a) and is_large(a) and alike(a, b) and is_large(b):
        return add_by_kernel(a, b)
    return a + b


cpdef accumulate(TensorBase leaf, gradient, bint owned):
    """Add `gradient`, an array or (under ``create_graph``) a Tensor, to ``leaf.grad``.

    `owned` says that nobody else holds the array.
    """
    cdef TensorBase current
    if is_sparse(gradient) or is_sparse(leaf.grad):
        accumulate_sparse(leaf, gradient)
        return
    current = leaf.grad
    if isinstance(gradient, TensorBase):
        leaf.grad = gradient if current is None else current + gradient
    elif current is None:
        if not (owned and is_own(gradient)):
            gradient = np.array(gradient, order="C")
        leaf.grad = new_tensor(gradient)
    elif current._grad_fn is not None:
        leaf.grad = current + new_tensor(gradient)
    else:
        sum_into(current._data, gradient, current._data)
        current._version[0] += 1


cdef bint is_sparse(object gradient) noexcept:
    return type(gradient) is RowSparseTensor


cdef int accumulate_sparse(TensorBase leaf, object gradient) except -1:
    """Add to ``leaf.grad`` where that or `gradient` holds only some rows."""
    cdef TensorBase current
    if leaf.grad is None:
        leaf.grad = gradient
    elif is_sparse(leaf.grad):
        if not is_sparse(gradient) and not isinstance(gradient, TensorBase):
            gradient = new_tensor(gradient)
        leaf.grad = leaf.grad + gradient
    else:
        current = leaf.grad
        if current._grad_fn is not None:
            leaf.grad = gradient + current
        else:
            gradient.add_to(current._data)
            current._version[0] += 1
    return 0


def copied(gradient):
    """Return a contiguous copy of an array, a large one from the caching allocator."""
    cdef object previous = None
    if _pooling.is_worth_pooling(gradient):
        previous = _pooling.enter()
    try:
        return np.array(gradient, order="C")
    finally:
        if previous is not None:
            _pooling.leave(previous)


cdef object hooked(dict hooks, object gradient):
    """Return `gradient`, array or Tensor, as `hooks` leave it; the one under None comes last."""
    cdef bint linked = isinstance(gradient, TensorBase)
    cdef object seen = gradient if linked or is_sparse(gradient) else new_tensor(gradient)
    for key in sorted(hooks, key=is_none):
        result = hooks[key](seen)
        if result is None:
            continue
        fits = isinstance(result, TensorBase) or (is_sparse(result) and is_sparse(seen))
        if not fits or result.shape != seen.shape:
            raise RuntimeError(
                f"hook: expected None or a Tensor of shape {seen.shape}, got {result!r}"
            )
        seen = result
    return seen if linked or is_sparse(seen) else (<TensorBase>seen)._data


def is_none(key):
    """Return whether `key` is None."""
    return key is None


cdef class Task:
    """One backward pass: what has arrived where.

    Parameters
    ----------
    wanted : dict or None
        ``None`` when gradients accumulate in the leaves; otherwise the key of each wanted
        tensor -> its gradient so far.
    """

    cdef list heap
    cdef dict pending
    cdef dict wanted
    cdef dict held

    def __init__(self, dict wanted=None):
        self.heap = []
        self.pending = {}
        self.wanted = wanted
        self.held = None

    def start(self, TensorBase root, TensorBase gradient, bint create_graph):
        """Begin at `root` with `gradient`; None stands for the number 1."""
        cdef cnp.ndarray ones
        if not root._requires_grad:
            raise RuntimeError("the tensor to differentiate does not require a gradient")
        if gradient is None:
            ones = root._data
            if cnp.PyArray_SIZE(ones) != 1:
                raise RuntimeError(
                    f"gradient: needed for a tensor of shape {root._data.shape}; it may be left "
                    "out only for a tensor of one element"
                )
            ones = cnp.PyArray_EMPTY(
                cnp.PyArray_NDIM(ones), cnp.PyArray_DIMS(ones), cnp.PyArray_TYPE(ones), 0
            )
            PyArray_FillWithScalar(ones, 1)
            gradient = new_tensor(ones)
        source = root if root._grad_fn is None else root._grad_fn
        self.receive(source, gradient if create_graph else gradient._data, False)

    cdef int receive(self, object source, object gradient, bint owned) except -1:
        """Take a gradient that travels to `source`; `owned` says that nobody else holds it."""
        if is_sparse(gradient) and not isinstance(source, TensorBase):
            gradient, owned = gradient.to_dense()._data, True
        if isinstance(source, Operator):
            self.deliver(<Operator>source, gradient, owned)
        elif isinstance(source, Output):
            self.deliver_part((<Output>source).node, (<Output>source).index, gradient)
        elif (<TensorBase>source)._hooks:
            self.hold(source, gradient)
        elif self.wanted is not None:
            self.keep(id(source), gradient)
        else:
            accumulate(source, gradient, owned)
        return 0

    cdef int hold(self, TensorBase leaf, object gradient) except -1:
        """Add `gradient` to what has arrived for a leaf whose hooks have to see all of it."""
        if self.held is None:
            self.held = {}
        known = self.held.get(id(leaf))
        self.held[id(leaf)] = (leaf, gradient if known is None else known[1] + gradient)
        return 0

    cdef int finish(self) except -1:
        """Give the leaves with hooks their gradients."""
        held, self.held = self.held, None
        for leaf, gradient in held.values():
            gradient = hooked((<TensorBase>leaf)._hooks, gradient)
            if self.wanted is not None:
                self.keep(id(leaf), gradient)
            else:
                accumulate(leaf, gradient, False)
        return 0

    cdef int keep(self, object key, object gradient) except -1:
        """Add `gradient` to what has arrived for the wanted tensor `key`, if it is wanted."""
        if self.wanted is not None and key in self.wanted:
            known = self.wanted[key]
            self.wanted[key] = gradient if known is None else known + gradient
        return 0

    cdef int deliver(self, Operator node, object gradient, bint owned) except -1:
        """Add `gradient` to what has arrived for the only output of `node`."""
        cdef Arrival known = self.pending.get(node.order)
        if known is None:
            self.push(node, gradient, owned and is_own(gradient))
        elif known.owned and alike(known.gradient, gradient):
            sum_into(known.gradient, gradient, known.gradient)
        elif owned and is_own(gradient) and alike(gradient, known.gradient):
            known.gradient = sum_into(known.gradient, gradient, gradient)
            known.owned = True
        else:
            known.gradient = sum_of(known.gradient, gradient)
            known.owned = is_own(known.gradient)
        return 0

    cdef int deliver_part(self, Operator node, Py_ssize_t index, object gradient) except -1:
        """Add `gradient` to what has arrived for output `index` of `node`."""
        cdef Arrival known = self.pending.get(node.order)
        if known is None:
            known = self.push(node, [None] * node.outputs, False)
        cdef list parts = known.gradient
        parts[index] = gradient if parts[index] is None else parts[index] + gradient
        return 0

    cdef Arrival push(self, Operator node, object gradient, bint owned):
        cdef Arrival arrival = Arrival.__new__(Arrival)
        cdef Py_ssize_t at = len(self.heap), parent
        cdef Arrival above
        arrival.node = node
        arrival.order = node.order
        arrival.gradient = gradient
        arrival.owned = owned
        self.pending[node.order] = arrival
        self.heap.append(arrival)
        while at:
            parent = (at - 1) >> 1
            above = self.heap[parent]
            if above.order > arrival.order:
                break
            self.heap[at] = above
            at = parent
        self.heap[at] = arrival
        return arrival

    cdef Arrival pop(self):
        """Take the youngest operator off the heap."""
        cdef Arrival last = self.heap.pop(), youngest, child
        cdef Py_ssize_t at = 0, below = 1, size = len(self.heap)
        if not size:
            youngest = last
        else:
            youngest = self.heap[0]
            while below < size:
                child = self.heap[below]
                if below + 1 < size and (<Arrival>self.heap[below + 1]).order > child.order:
                    below += 1
                    child = self.heap[below]
                if child.order < last.order:
                    break
                self.heap[at] = child
                at = below
                below = 2 * at + 1
            self.heap[at] = last
        del self.pending[youngest.node.order]
        return youngest

    cdef int note_wanted(self, Operator node, object gradient) except -1:
        """Keep the complete gradients of the outputs of `node`, in case they are wanted."""
        cdef Py_ssize_t index
        if type(gradient) is not list:
            self.keep((node.order, 0), gradient)
            return 0
        for index in range(len(<list>gradient)):
            if (<list>gradient)[index] is not None:
                self.keep((node.order, index), (<list>gradient)[index])
        return 0

    def run(self, bint retain_graph, bint create_graph, dict plan=None):
        """Send the gradients on until none is pending.

        From the first large one on NumPy's results come from the caching allocator. `plan` maps the
        number of each operator to visit to which of its inputs need a gradient; None visits
        everything.
        """
        cdef Arrival arrival
        previous = None
        try:
            while self.heap:
                arrival = self.pop()
                if previous is None and arrival.node.is_worth_pooling(arrival.gradient):
                    previous = _pooling.enter()
                self.pass_on(arrival, retain_graph, create_graph, plan)
            if self.held is not None:
                self.finish()
        finally:
            if previous is not None:
                _pooling.leave(previous)

    cdef int pass_on(
        self, Arrival arrival, bint retain_graph, bint create_graph, dict plan
    ) except -1:
        """Send the gradient that has arrived for an operator to the operator's inputs."""
        cdef Operator node = arrival.node, active = arrival.node
        cdef tuple sources
        if node.hooks is not None:
            self.call_hooks(node, arrival)
        if self.wanted is not None:
            self.note_wanted(node, arrival.gradient)
            if plan is not None:
                needs = plan.get(node.order)
                if needs is None:
                    return 0
                node.restore()
                if needs != node.needs:
                    active = node.restricted(needs)
        node.restore()
        sources = node.sources
        results = active.propagate(arrival.gradient, create_graph)
        if inspector is not None:
            inspector(node, arrival.gradient, results)
        if not retain_graph:
            node.release()
        if type(results) is tuple:
            self.send(sources, <tuple>results, arrival.gradient)
        elif sources[0] is not None and results is not None:
            self.receive(sources[0], results, is_new(results, arrival.gradient))
        return 0

    cdef int call_hooks(self, Operator node, Arrival arrival) except -1:
        """Let the hooks of the outputs of `node` see, and replace, their gradients."""
        cdef list parts
        if type(arrival.gradient) is not list:
            arrival.gradient = hooked(node.hooks[0], arrival.gradient)
            return 0
        parts = arrival.gradient
        for index, hooks in node.hooks.items():
            if parts[index] is not None:
                parts[index] = hooked(hooks, parts[index])
        return 0

    cdef int send(self, tuple sources, tuple results, object gradient) except -1:
        cdef Py_ssize_t i
        for i in range(min(len(sources), len(results))):
            source, result = sources[i], results[i]
            if source is not None and result is not None:
                self.receive(source, result, is_new(result, gradient))
        return 0


cdef bint is_new(object result, object gradient) noexcept:
    """Whether `result` is not what the operator was handed."""
    if type(gradient) is list:
        for part in <list>gradient:
            if result is part:
                return False
        return True
    return result is not gradient

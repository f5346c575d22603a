"""The tape: an :class:`Operator` is both a differentiable function and its record in the graph.

To write one::

    class Multiply(Operator):
        __slots__ = ("shapes",)          # attributes beside tensors: dims, strides, shapes
        retain = retain_crosswise        # which tensors `backward` will be given

        def forward(self, a, b):         # arrays in, array out
            self.shapes = a.shape, b.shape
            return a * b

        def backward(self, grad, a, b):  # gradient of the output in, gradients of the inputs out
            return (
                reduce_to(grad * b, self.shapes[0]) if self.needs[0] else None,
                reduce_to(grad * a, self.shapes[1]) if self.needs[1] else None,
            )

and apply it with ``Multiply().apply(x, y)``.

``backward`` is handed arrays. Under ``create_graph`` the engine calls ``compose_backward`` with
Tensors instead; it is ``backward`` itself unless the operator says otherwise, so a formula that
reads the same for arrays and Tensors is written once. Operators over kernels write both: the
kernel for arrays, a composition of operators for Tensors.

A backward may return the gradient it was handed, or views of it, but must not return an array
that it keeps or returns twice: what it returns may become some leaf's ``.grad``, and sums of
gradients are formed in it.

The tape is compiled because a small network's step consists of little else: recording an operator
costs less than calling a Python function twice. Operators themselves are written in Python.
"""

from itertools import count

import numpy as np

cimport cython
cimport numpy as cnp

from einkorn.kernels cimport _pooling

cnp.import_array()

cdef extern from *:
    """
    #if defined(_MSC_VER)
    static __declspec(thread) int recording_is_off;
    #else
    static _Thread_local int recording_is_off;
    #endif
    /* Whether operators note where they were called. */
    static int noting_is_on;

    /* cls() without a search for __new__ and __init__. */
    static PyObject *new_instance(PyObject *cls, PyObject *no_arguments) {
        return ((PyTypeObject *)cls)->tp_new((PyTypeObject *)cls, no_arguments, NULL);
    }
    """
    int recording_is_off
    int noting_is_on
    object new_instance(object cls, object no_arguments)

__all__ = ["Operator", "retain_crosswise", "retain_inputs", "retain_output", "unrecorded"]

cdef object next_order = count(1).__next__
cdef object NO_TENSORS = ()
# What `needs` can be for up to three inputs, by number of inputs and bits.
cdef list FEW_NEEDS = [[tuple([bool(bits >> i & 1) for i in range(n)]) for bits in range(1 << n)]
                       for n in range(4)]
cdef object tensor_class = None
cdef object note_operator = None
cdef TensorBase ABSENT  # stands for what was not retained


cdef bint is_recording() noexcept:
    return not recording_is_off


cdef class Recording:
    """The flag of the calling thread that says whether operators are recorded."""

    @property
    def enabled(self):
        return not recording_is_off

    @enabled.setter
    def enabled(self, bint value):
        global recording_is_off
        recording_is_off = not value


def note_operators(note):
    """Call ``note(operator, inputs, outputs)`` for each operator recorded from now on, or None."""
    global noting_is_on, note_operator
    note_operator = note
    noting_is_on = note is not None


def unrecorded(function, tuple args, dict kwargs):
    """Return what `function` returns, called without recording operators."""
    global recording_is_off
    cdef int before = recording_is_off
    recording_is_off = True
    try:
        return function(*args, **kwargs) if kwargs else function(*args)
    finally:
        recording_is_off = before


@cython.trashcan(True)
cdef class TensorBase:
    """The fields of a Tensor.

    ``_version`` is [times changed in place]: a list, so that tensors over one memory can share it.
    ``_hooks`` of a leaf, functions of its gradient, is None or a dictionary; of the result of an
    operator the operator has them. ``_grad_fn`` is the operator that made the tensor, an `Output`
    of one with several, or None.
    """

    def __init__(self, data, bint requires_grad=False):
        self._data = data
        self._requires_grad = requires_grad
        self._grad_fn = None
        self._version = [0]
        self.grad = None

    def __reduce_ex__(self, protocol):
        state = (self._data, self._requires_grad, self._grad_fn, self._version, self.grad)
        return _restored_tensor, (type(self), state)


def _restored_tensor(cls, state):
    cdef TensorBase x = cls.__new__(cls)
    x._data, x._requires_grad, x._grad_fn, x._version, x.grad = state
    return x


def makes_tensors(cls):
    """Make known the class of the tensors that operators return; a decorator."""
    global tensor_class, ABSENT
    tensor_class = cls
    ABSENT = cls(None)
    return cls


cdef TensorBase new_tensor(object data):
    cdef TensorBase x = new_instance(tensor_class, NO_TENSORS)
    x._data = data if cnp.PyArray_CheckExact(data) else np.asarray(data)
    x._version = [0]
    return x


def retain_nothing(Operator self, tuple inputs, output):
    """Retain nothing: the gradient depends on no value."""
    return NO_TENSORS


def retain_inputs(Operator self, tuple inputs, output):
    """Retain the inputs; an input that is None stays None."""
    return tuple([ABSENT if x is None else x for x in inputs])


def retain_output(Operator self, tuple inputs, output):
    """Retain the output, as an alias outside the graph: the tensor itself would be a cycle."""
    return (alias_of(output),)


def retain_crosswise(Operator self, tuple inputs, output):
    """Retain of the first two inputs those that the other one's gradient reads."""
    needs = self.needs
    return (inputs[0] if needs[1] else ABSENT, inputs[1] if needs[0] else ABSENT)


cpdef TensorBase alias_of(TensorBase output):
    """Return a tensor over the memory and version of `output` that has no part in the graph."""
    cdef TensorBase alias = new_tensor(output._data)
    alias._version = output._version
    return alias


cdef object data_of(TensorBase x):
    return None if x is None else x._data


@cython.trashcan(True)
cdef class Operator:
    """A differentiable function of tensors, applied once; see the module's text.

    Attributes
    ----------
    needs : tuple of bool
        Which inputs need a gradient; empty when nothing is recorded.
    sources : tuple
        For each input what made it: an operator, an :class:`Output`, the leaf itself, or None.
    saved : tuple of Tensor or None
        What ``backward`` reads; None once freed.
    hooks : dict or None
        Number of an output -> the functions to call with its gradient.
    extra
        Arrays that ``forward`` leaves for ``backward`` and that are not tensors; freed as well.
    order : int
        Number of creation.
    frame
        What computes again what was saved, by ``frame.restore(self)``; None where it is kept.
    trace
        Where the operator was called, under anomaly detection; or None.
    """

    outputs = 1
    retain = retain_nothing
    #: Where among the tensors retained there is an alias of the output.
    saved_output = None

    def forward(self, *inputs):
        """Compute the output array from the input arrays."""
        raise NotImplementedError

    def backward(self, grad, /, *saved):
        """Compute the gradients of the inputs from that of the output and what was retained."""
        raise NotImplementedError

    def compose_backward(self, grad, /, *saved):
        """Compute the same as :meth:`backward` from Tensors, by operators."""
        return self.backward(grad, *saved)

    def apply(self, *inputs):
        """Compute the output for `inputs` and record the operator if one needs a gradient."""
        return self.apply_to(inputs)

    cdef TensorBase apply_to(self, tuple inputs):
        cdef bint needed = self.note_needs(inputs)
        cdef TensorBase output = new_tensor(self.compute(inputs))
        if needed:
            output._requires_grad = True
            output._grad_fn = self
            self.record(inputs, output)
        return output

    def apply_many(self, *inputs):
        """Do the same as :meth:`apply` for an operator with several outputs."""
        cdef bint needed = self.note_needs(inputs)
        cdef TensorBase output
        cdef Py_ssize_t i
        cdef tuple outputs = tuple([new_tensor(array) for array in self.compute(inputs)])
        if needed:
            for i in range(len(outputs)):
                output = outputs[i]
                output._requires_grad = True
                output._grad_fn = Output(self, i)
            self.record(inputs, outputs)
        return outputs

    cdef bint note_needs(self, tuple inputs) except -1:
        """Set ``needs`` and return whether one of `inputs` needs a gradient."""
        cdef TensorBase x
        cdef Py_ssize_t n = len(inputs), i
        cdef int bits = 0
        self.extra = None
        if recording_is_off:
            self.needs = NO_TENSORS
            return False
        if n < 4:
            for i in range(n):
                x = inputs[i]
                bits |= (x is not None and x._requires_grad) << i
            self.needs = (<list>FEW_NEEDS[n])[bits]
            return bits != 0
        needs = []
        for item in inputs:
            x = item
            needs.append(x is not None and x._requires_grad)
        self.needs = tuple(needs)
        return True in needs

    cdef object compute(self, tuple inputs):
        for x in inputs:
            if x is not None and _pooling.is_worth_pooling((<TensorBase>x)._data):
                break
        else:
            return self.forward_of(inputs)
        previous = _pooling.enter()
        try:
            return self.forward_of(inputs)
        finally:
            _pooling.leave(previous)

    cdef object forward_of(self, tuple inputs):
        # Spelled out, as a call with a fixed number of arguments needs no tuple.
        cdef Py_ssize_t n = len(inputs)
        if n == 1:
            return self.forward(data_of(inputs[0]))
        if n == 2:
            return self.forward(data_of(inputs[0]), data_of(inputs[1]))
        if n == 3:
            return self.forward(data_of(inputs[0]), data_of(inputs[1]), data_of(inputs[2]))
        return self.forward(*[data_of(x) for x in inputs])

    cdef int record(self, tuple inputs, object output) except -1:
        cdef TensorBase x
        cdef Py_ssize_t i
        cdef list sources = []
        self.order = next_order()
        for i in range(len(inputs)):
            x = inputs[i]
            if x is None or not x._requires_grad:
                sources.append(None)
            else:
                sources.append(x if x._grad_fn is None else x._grad_fn)
        self.sources = tuple(sources)
        saved = self.retained(inputs, output)
        self.versions = [(<TensorBase?>y)._version[0] for y in saved]
        self.saved = saved
        if noting_is_on:
            note_operator(self, inputs, output)
        return 0

    cdef tuple retained(self, tuple inputs, object output):
        """Do the same as ``retain``; for compiled operators to override."""
        return self.retain(inputs, output)

    @staticmethod
    def next_order():
        """Return a number between those of the operators before and after."""
        return next_order()

    @property
    def node(self):
        """The operator itself (of an :class:`Output`: the operator behind it)."""
        return self

    cdef object propagate(self, object grad, bint create_graph):
        """Return the gradients of the inputs for `grad`, that of the output."""
        cdef tuple saved = self.saved
        if saved is None:
            self.check_alive()
        self.check_versions()
        if create_graph:
            return self.compose_backward(grad, *self.linked())
        return self.pass_back(grad, saved)

    cdef object pass_back(self, object grad, tuple saved):
        """Do the same as ``backward``; for compiled operators to override."""
        cdef Py_ssize_t n = len(saved)
        if n == 0:
            return self.backward(grad)
        if n == 1:
            return self.backward(grad, data_of(saved[0]))
        if n == 2:
            return self.backward(grad, data_of(saved[0]), data_of(saved[1]))
        return self.backward(grad, *[data_of(x) for x in saved])

    cdef bint is_worth_pooling(self, object grad) except -1:
        """Return whether a gradient is large enough for memory from the caching allocator."""
        cdef tuple saved = self.saved
        if _pooling.is_worth_pooling(grad):
            return True
        if saved is not None:
            for x in saved:
                if x is not None and _pooling.is_worth_pooling((<TensorBase>x)._data):
                    return True
        return False

    cdef int check_versions(self) except -1:
        cdef TensorBase x
        cdef Py_ssize_t i
        cdef tuple saved = self.saved
        for i in range(len(saved)):
            x = saved[i]
            if x._version[0] != self.versions[i]:
                raise RuntimeError(
                    f"a value that {type(self).__name__} saved for its gradient, of shape "
                    f"{x._data.shape}, was changed in place (version {x._version[0]}, saved at "
                    f"{self.versions[i]})"
                )
        return 0

    cdef tuple linked(self):
        """Return what was saved as Tensors in their places in the graph."""
        cdef TensorBase output
        cdef list linked = [None if x is ABSENT else x for x in self.saved]
        at = 0 if type(self).retain is retain_output else self.saved_output
        if at is not None and at < len(linked):
            output = alias_of(self.saved[at])
            output._requires_grad = True
            output._grad_fn = self
            linked[at] = output
        return tuple(linked)

    cdef int restore(self) except -1:
        """Compute again what was saved, where that was put off."""
        if self.saved is None and self.frame is not None:
            self.frame.restore(self)
        return 0

    def check_alive(self):
        """Raise RuntimeError if a backward pass has freed what was saved."""
        if self.saved is None and self.frame is None:
            raise RuntimeError(
                f"backward through {type(self).__name__} a second time, but what it had saved "
                "is freed: call the first backward with retain_graph=True"
            )

    cpdef release(self):
        """Free what was saved. An operator that saved nothing can be passed again."""
        if self.saved or self.extra is not None:
            self.saved = self.extra = self.frame = None
            self.sources = ()

    def restricted(self, tuple needs):
        """Return a copy of this record that computes the gradients of `needs` only."""
        cdef Operator copied = _restored_operator(*self.__reduce_ex__(2)[1])
        copied.needs = needs
        return copied

    def __reduce_ex__(self, protocol):
        base = (
            self.extra, self.frame, self.needs, self.order, self.saved, self.sources, self.trace,
            self.versions,
        )
        own = {
            name: getattr(self, name)
            for cls in type(self).__mro__
            for name in slots_of(cls)
            if hasattr(self, name)
        }
        own.update(getattr(self, "__dict__", {}))
        return _restored_operator, (type(self), base, own)


cdef object slots_of(cls):
    slots = cls.__dict__.get("__slots__", ())
    return (slots,) if isinstance(slots, str) else slots


def _restored_operator(cls, base, own):
    cdef Operator node = cls.__new__(cls)
    node.extra, node.frame, node.needs, node.order, node.saved, node.sources, *rest = base
    node.trace, node.versions = rest
    for name, value in own.items():
        setattr(node, name, value)
    return node


@cython.trashcan(True)
cdef class Output:
    """One of several outputs of an operator, as the source of other operators' inputs."""

    def __init__(self, Operator node, Py_ssize_t index):
        self.node = node
        self.index = index

    def __reduce_ex__(self, protocol):
        return Output, (self.node, self.index)


def key_of(TensorBase x):
    """Return the key under which a backward pass keeps the gradient of `x`."""
    made_by = x._grad_fn
    if made_by is None:
        return id(x)
    return (made_by.node.order, made_by.index if isinstance(made_by, Output) else 0)

"""What surrounds a module's ``forward``, compiled: small layers take no longer than it did."""

cimport cython
cimport numpy as cnp

from einkorn.autograd.tape cimport TensorBase

__all__ = ["ModuleBase", "Plan", "hooks_of_all", "structure_changed"]

cnp.import_array()

# Every change makes a new object: the plans made for the one before are then void.
cdef object structure = object()

# Hooks called with every module, beside its own.
cdef list for_all = []
hooks_of_all = for_all


def structure_changed():
    """Make every plan void."""
    global structure
    structure = object()


@cython.auto_pickle(False)
cdef class ModuleBase:
    """The call of a `Module`."""

    def __call__(self, *args, **kwargs):
        """Run the hooks and ``forward``."""
        for value in args:
            if cnp.PyArray_Check(value):
                args, kwargs = self._accept_arrays(args, kwargs)
                break
        else:
            for value in kwargs.values():
                if cnp.PyArray_Check(value):
                    args, kwargs = self._accept_arrays(args, kwargs)
                    break
        if for_all or self._call_hooks:
            return self._call_with_hooks(args, kwargs)
        if kwargs:
            return self.forward(*args, **kwargs)
        return self.forward(args[0]) if len(args) == 1 else self.forward(*args)


cdef class Plan:
    """How a `Sequential` computes its output.

    Attributes
    ----------
    steps : tuple of (callable, arguments, modules)
        What maps a Tensor when called with it and the arguments, and the modules it stands for.
    """

    cdef readonly tuple steps
    cdef object made_for

    def __init__(self, steps):
        self.made_for = structure
        self.steps = tuple(steps)

    def run(self, input):
        """Return the output of the last module."""
        cdef tuple step
        for step in self.steps:
            if not isinstance(input, TensorBase):
                for module in <tuple>step[2]:
                    input = module(input)
            elif step[1] is None:
                input = step[0](input)
            else:
                input = step[0](input, step[1])
        return input

    def is_valid(self):
        """Return whether the structure is still the one the plan was made for."""
        return self.made_for is structure

    def __reduce__(self):
        # A copy or an unpickled Sequential makes a plan of its own.
        return type(None), ()

"""The namesake check: PyTorch's own sample inputs, given to PyTorch and to einkorn.

============= =================================================================================
module        what it offers
============= =================================================================================
`database`    PyTorch's databases of operators, modules and optimisers, with their samples
`convert`     a sample in einkorn's terms
`compare`     the comparison of values, gradients and errors
`functions`   functions and methods of tensors, and ``nn.functional``
`modules`     modules: state, results, gradients
`optimizers`  optimisers and schedules of learning rates
`differences` what differs on purpose: one table, from which ``docs/differences.md`` is made
`report`      the outcome of each namesake
============= =================================================================================

``python -m einkorn.testing.namesakes`` runs it and prints a table; ``--help`` lists the options.
"""

from einkorn.testing.namesakes.check import families, outcome

__all__ = ["families", "outcome"]

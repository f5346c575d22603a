"""A module a family.

- ``KINDS`` names the kinds of shapes that it serves, and the directions that are timed of each;
- ``build(shape)`` gives ``{direction: {library: callable}}``, the library of each result compared;
- ``cost(shape, direction)`` gives the `einkorn.benchmark.cases.Cost`;
- ``group(shape)``, where a family's shapes fall into groups that are counted apart, names one; by
  default it is the kind.
"""

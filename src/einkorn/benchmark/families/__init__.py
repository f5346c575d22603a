"""A module a family: `KINDS` names what it serves and the directions that are timed of each.

`build(shape)` returns ``{direction: {library: callable}}``.
"""

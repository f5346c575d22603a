"""Lists and dictionaries of parameters that belong to the module that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from einkorn.autograd import Tensor
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter

__all__ = ["ParameterDict", "ParameterList"]


class ParameterList(Module):
    """A list whose Tensors and arrays are parameters of the module that holds it.

    Parameters
    ----------
    values : iterable, optional
        Parameters; Tensors and arrays become such.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> weights = nn.ParameterList([np.zeros(2), np.ones((2, 3))])
    >>> [name for name, _ in weights.named_parameters()], weights[-1].shape
    (['0', '1'], (2, 3))
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return (self[position] for position in range(len(self)))

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(*index.indices(len(self)))])
        return getattr(self, self._name_at(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name_at(index), _as_parameter(value))

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def append(self, value: Any) -> ParameterList:
        """Add a value at the end."""
        self._size += 1
        self[-1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add values at the end."""
        for value in values:
            self.append(value)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take a value out; those behind move up."""
        value = self[index]
        rest = [other for number, other in enumerate(self) if number != index % len(self)]
        delattr(self, str(len(self) - 1))
        self._size -= 1
        for number, other in enumerate(rest):
            self[number] = other
        return value

    def _name_at(self, index: int) -> str:
        if not -len(self) <= index < len(self):
            raise IndexError(f"index {index} is out of range for a list of {len(self)}")
        return str(index % len(self))

    def extra_repr(self) -> str:
        """Describe the values, a line each."""
        return "\n".join(f"({number}): {_described(value)}" for number, value in enumerate(self))


class ParameterDict(Module):
    """A dictionary whose Tensors and arrays are parameters of the module that holds it.

    Parameters
    ----------
    parameters : mapping or iterable of pairs, optional
        Names and parameters; Tensors and arrays become such.

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> scales = nn.ParameterDict({"left": np.ones(2), "right": np.ones(3)})
    >>> sorted(scales), len(list(scales.parameters()))
    (['left', 'right'], 2)
    """

    def __init__(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None):
        super().__init__()
        self._keys: dict[str, None] = {}
        self.update(parameters or {})

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if key not in self._keys and hasattr(self, key):
            raise KeyError(f"{key!r} is an attribute of ParameterDict")
        self._keys[key] = None
        setattr(self, key, _as_parameter(value))

    def __delitem__(self, key: str) -> None:
        delattr(self, key)
        del self._keys[key]

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._keys.keys()

    def values(self) -> list[Any]:
        """Return the parameters."""
        return [self[key] for key in self._keys]

    def items(self) -> list[tuple[str, Any]]:
        """Return names and parameters."""
        return [(key, self[key]) for key in self._keys]

    def get(self, key: str, default: Any = None) -> Any:
        """Return a parameter, or ``default`` if there is none of that name."""
        return self[key] if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return a parameter, adding ``default`` first if there is none of that name."""
        if key not in self._keys:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take a parameter out."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the name and parameter out that were added last."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take all out."""
        for key in list(self._keys):
            del self[key]

    def copy(self) -> ParameterDict:
        """Return a new dictionary of the same parameters."""
        return type(self)(self.items())

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Return a new dictionary with ``default`` under every key."""
        return type(self)((key, default) for key in keys)

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> None:
        """Add or replace parameters by name."""
        pairs = (
            parameters.items() if isinstance(parameters, Mapping | ParameterDict) else parameters
        )
        for key, value in pairs:
            self[key] = value

    def extra_repr(self) -> str:
        """Describe the parameters, a line each."""
        return "\n".join(f"({key}): {_described(value)}" for key, value in self.items())


def _as_parameter(value: Any) -> Any:
    if isinstance(value, np.ndarray) or (
        isinstance(value, Tensor) and not isinstance(value, Parameter)
    ):
        return Parameter(value)
    return value


def _described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    sizes = "x".join(map(str, value.shape))
    return f"Parameter containing: [{value.dtype} of size {sizes}]"

"""Modules that hold modules: `Sequential`, `ModuleList`, `ModuleDict`."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Self, overload

from einkorn.nn.calls import Plan
from einkorn.nn.fusion import plan_of
from einkorn.nn.module import Module

__all__ = ["ModuleDict", "ModuleList", "Sequential"]


class _Numbered(Module):
    """Children named "0", "1", … in order, with the manners of a list."""

    _modules: dict[str, Module]  # type: ignore[assignment]  # no child is None here

    def _position(self, index: int) -> int:
        length = len(self)
        position = operator.index(index)
        if not -length <= position < length:
            raise IndexError(f"index {position} is out of range for {length} modules")
        return position % length

    def _replace_all(self, named: Iterable[tuple[str, Module]]) -> None:
        for name in list(self._modules):
            delattr(self, name)
        for name, module in named:
            self.add_module(name, module)

    def _renumber(self, modules: Iterable[Module]) -> None:
        self._replace_all((str(i), module) for i, module in enumerate(modules))

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __contains__(self, module: object) -> bool:
        return any(child is module for child in self)

    def _name_at(self, index: int) -> str:
        return list(self._modules)[self._position(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, self._name_at(index), module)

    def append(self, module: Module) -> Self:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Self:
        """Add modules at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Self:
        """Insert a module before position ``index`` and renumber those after it."""
        if not isinstance(module, Module):
            raise TypeError(f"module must be a Module, got {type(module).__name__}")
        modules = list(self)
        if not -len(modules) <= index <= len(modules):
            raise IndexError(f"index {index} is out of range for {len(modules)} modules")
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, index: int = -1) -> Module:
        """Remove the module at ``index`` and return it."""
        module = list(self)[self._position(index)]
        del self[index]
        return module

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self)
        if not isinstance(index, slice):
            index = self._position(index)
        del modules[index]
        self._renumber(modules)

    def __add__(self, other: Iterable[Module]) -> Self:
        return type(self)(*self._constructor_args([*self, *other]))

    def __iadd__(self, other: Iterable[Module]) -> Self:
        return self.extend(other)

    def _constructor_args(self, modules: list[Any]) -> tuple[Any, ...]:
        return tuple(modules)


class Sequential(_Numbered):
    """Modules called one after another, each with the output of the one before.

    Takes the modules, or one `~collections.OrderedDict` of names and modules. Neighbours such as a
    convolution and its activation are computed as one, see `einkorn.nn.fusion`.

    Examples
    --------
    >>> from einkorn import nn
    >>> net = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 2))
    >>> net[0]
    Linear(in_features=4, out_features=16, bias=True)
    >>> len(net[:2])
    2
    >>> net
    Sequential(
      (0): Linear(in_features=4, out_features=16, bias=True)
      (1): Tanh()
      (2): Linear(in_features=16, out_features=2, bias=True)
    )
    """

    _plan: Plan | None = None

    @overload
    def __init__(self, *args: Module) -> None: ...

    @overload
    def __init__(self, arg: OrderedDict[str, Module], /) -> None: ...

    def __init__(self, *args: Any) -> None:
        super().__init__()
        if len(args) == 1 and isinstance(args[0], OrderedDict):
            self._replace_all(args[0].items())
        else:
            self._renumber(args)

    def forward(self, input: Any) -> Any:
        """Return the output of the last module."""
        plan = self._plan
        if plan is None or not plan.is_valid():
            plan = self.__dict__["_plan"] = plan_of(self._modules.values())
        return plan.run(input)

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(OrderedDict(list(self._modules.items())[index]))
        return list(self)[self._position(index)]

    def __delitem__(self, index: int | slice) -> None:
        names = list(self._modules)
        chosen = names[index] if isinstance(index, slice) else [self._name_at(index)]
        for name in chosen:
            delattr(self, name)
        # Named children keep their names; numbered ones close the gap.
        if all(name.isdigit() for name in names):
            self._renumber(list(self))


class ModuleList(_Numbered):
    """A list of modules whose parameters belong to the module that holds it.

    Examples
    --------
    >>> from einkorn import nn
    >>> layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(3))
    >>> layers.append(nn.Linear(4, 2))
    ModuleList(
      (0-2): 3 x Linear(in_features=4, out_features=4, bias=True)
      (3): Linear(in_features=4, out_features=2, bias=True)
    )
    >>> len(list(layers.parameters()))
    8
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self._renumber(modules or ())

    @overload
    def __getitem__(self, index: int) -> Module: ...

    @overload
    def __getitem__(self, index: slice) -> ModuleList: ...

    def __getitem__(self, index: int | slice) -> Module:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return list(self)[self._position(index)]

    def _constructor_args(self, modules: list[Any]) -> tuple[Any, ...]:
        return (modules,)

    def _describe_children(self) -> list[str]:
        """Describe equal neighbours once, with their number."""
        lines: list[str] = []
        for text, run in groupby(enumerate(map(repr, self)), key=lambda item: item[1]):
            numbers = [number for number, _ in run]
            if len(numbers) > 1:
                text = f"({numbers[0]}-{numbers[-1]}): {len(numbers)} x {text}"
            else:
                text = f"({numbers[0]}): {text}"
            lines += text.splitlines()
        return lines


class ModuleDict(Module):
    """A dictionary of modules whose parameters belong to the module that holds it.

    Examples
    --------
    >>> from einkorn import nn
    >>> heads = nn.ModuleDict({"mean": nn.Linear(4, 1), "scale": nn.Linear(4, 1)})
    >>> list(heads), heads["mean"].out_features
    (['mean', 'scale'], 1)
    """

    _modules: dict[str, Module]  # type: ignore[assignment]  # no child is None here

    def __init__(
        self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None
    ) -> None:
        super().__init__()
        self.update(modules or {})

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        self.pop(key)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> Iterable[Module]:
        """Return the modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Module]]:
        """Return names and modules."""
        return self._modules.items()

    def pop(self, key: str) -> Module:
        """Remove the module of that name and return it."""
        module = self._modules[key]
        delattr(self, key)
        return module

    def clear(self) -> None:
        """Remove all modules."""
        for key in list(self._modules):
            delattr(self, key)

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add or replace modules by name."""
        pairs = modules.items() if isinstance(modules, Mapping | ModuleDict) else modules
        for name, module in pairs:
            self[name] = module

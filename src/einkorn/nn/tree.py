"""A module's place in a network: what is below it, and by which names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from einkorn.autograd import Tensor
from einkorn.nn.calls import ModuleBase
from einkorn.nn.parameter import Parameter

if TYPE_CHECKING:
    from einkorn.nn.module import Module

__all__ = ["Tree", "joined"]


class Tree(ModuleBase):
    """The part of `Module` that finds modules, parameters and buffers by name."""

    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Tensor | None]
    _modules: dict[str, Module | None]
    _non_persistent_buffers: set[str]

    def named_modules(
        self: Any,
        memo: set[Module] | None = None,
        prefix: str = "",
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Module]]:
        """Yield this module and all below it with their dotted names, parents first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, joined(prefix, name), remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Yield this module and all below it, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Yield the immediate children with their names, each once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """Yield the immediate children, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else ((prefix, self),)
        )
        for path, module in modules:
            for name, value in getattr(module, registry).items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield joined(path, name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Yield the parameters with their dotted names."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Yield the parameters, each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the buffers with their dotted names."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Yield the buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """Return the module of the dotted name ``target``; the empty name is this module.

        Raises
        ------
        AttributeError
            If there is none.
        """
        module: Any = self
        for name in target.split(".") if target else ():
            child = module._modules.get(name)
            if child is None:
                raise AttributeError(f"{type(module).__name__} has no module {name!r} ({target!r})")
            module = child
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put ``module`` in the place of the dotted name ``target``.

        Parameters
        ----------
        target : str
        module : Module
        strict : bool
            Whether there must be a module of that name already.

        Raises
        ------
        ValueError
            If ``target`` is empty, or ``module`` is no Module.
        AttributeError
            If what shall hold it is not there, or the name belongs to something else.
        """
        from einkorn.nn.module import Module

        if not target:
            raise ValueError("target must not be empty: a module cannot replace itself")
        if not isinstance(module, Module):
            raise ValueError(f"module must be a Module, got {type(module).__name__}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no module {name!r} ({target!r})")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"{type(parent).__name__}.{name} is not a Module ({target!r})")
        parent._register(parent._modules, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """Return the parameter of the dotted name ``target``.

        Raises
        ------
        AttributeError
            If there is none.
        """
        return self._get_member("_parameters", "parameter", target)

    def get_buffer(self, target: str) -> Tensor:
        """Return the buffer of the dotted name ``target``.

        Raises
        ------
        AttributeError
            If there is none.
        """
        return self._get_member("_buffers", "buffer", target)

    def _get_member(self, registry: str, kind: str, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        value = getattr(module, registry).get(name)
        if value is None:
            raise AttributeError(f"{type(module).__name__} has no {kind} {name!r} ({target!r})")
        return value

    def apply(self, fn: Callable[[Any], None]) -> Self:
        """Call ``fn`` on every module below this one and then on this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self


def joined(prefix: str, name: str) -> str:
    """Return the dotted name of what ``prefix`` calls ``name``."""
    return f"{prefix}.{name}" if prefix else name

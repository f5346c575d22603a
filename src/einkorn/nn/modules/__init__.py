"""PyTorch's place for what concerns all modules: `module`."""

from einkorn.nn.modules import module as module

__all__ = ["module"]

"""Optimisers and learning-rate schedules."""

from einkorn.optim import lr_scheduler
from einkorn.optim.adam import Adam, AdamW
from einkorn.optim.optimizer import Optimizer
from einkorn.optim.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "lr_scheduler"]

"""Learning-rate schedules: each rewrites ``lr`` in its optimiser's groups at every ``step``."""

from einkorn.optim.lr_scheduler.base import LRScheduler
from einkorn.optim.lr_scheduler.bold import BoldDriver
from einkorn.optim.lr_scheduler.composition import ChainedScheduler, SequentialLR
from einkorn.optim.lr_scheduler.cycle import CosineAnnealingWarmRestarts, OneCycleLR
from einkorn.optim.lr_scheduler.cyclic import CyclicLR
from einkorn.optim.lr_scheduler.factor import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LinearLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from einkorn.optim.lr_scheduler.function import LambdaLR, MultiplicativeLR
from einkorn.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "BoldDriver",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]

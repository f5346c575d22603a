"""Optimisers and learning-rate schedules."""

from einkorn.optim import lr_scheduler, swa_utils
from einkorn.optim.adadelta import Adadelta
from einkorn.optim.adafactor import Adafactor
from einkorn.optim.adagrad import Adagrad
from einkorn.optim.adam import Adam, AdamW
from einkorn.optim.adamax import Adamax
from einkorn.optim.asgd import ASGD
from einkorn.optim.delta_bar_delta import DeltaBarDelta
from einkorn.optim.hessian_free import HessianFree
from einkorn.optim.lbfgs import LBFGS
from einkorn.optim.nadam import NAdam
from einkorn.optim.optimizer import Optimizer
from einkorn.optim.radam import RAdam
from einkorn.optim.rmsprop import RMSprop
from einkorn.optim.rprop import Rprop
from einkorn.optim.sgd import SGD
from einkorn.optim.sparse_adam import SparseAdam

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "DeltaBarDelta",
    "HessianFree",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "SparseAdam",
    "lr_scheduler",
    "swa_utils",
]

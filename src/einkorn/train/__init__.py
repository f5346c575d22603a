"""Training: the loop, what hangs on it, and what it leaves behind.

::

    Trainer.fit ── step ── loss, gradients, optimiser          for every batch
       │
       ├── Progress, EarlyStopping, Schedule, Checkpoint, EMA …     callbacks
       ├── History ── CSV, TensorBoard, tables, pictures            figures of every epoch
       └── save_checkpoint, load_checkpoint                         the whole state in one file

    cross_validate, Bagging, AdaBoost, lr_range_test       many short runs of it
    mixture, product, mc_dropout, fast_gradient_sign       what to ask of trained models
    summary, receptive_field                               what to ask before

A run that is resumed from a checkpoint gives bit for bit what the unbroken run gives.
"""

from einkorn.train.adversarial import AdversarialTrainer, fast_gradient_sign
from einkorn.train.callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    Progress,
    Schedule,
)
from einkorn.train.checkpoint import load_state, save_state
from einkorn.train.ema import EMA
from einkorn.train.ensemble import AdaBoost, Bagging, mc_dropout, mixture, product
from einkorn.train.heads import MultiTaskLoss
from einkorn.train.history import History
from einkorn.train.logs import LiveTable, TensorBoard
from einkorn.train.lr_range import RangeTest, lr_range_test
from einkorn.train.pictures import plot_confusion_matrix, plot_history, plot_images
from einkorn.train.receptive import receptive_field
from einkorn.train.step import StepResult
from einkorn.train.summary import Summary, summary
from einkorn.train.trainer import Trainer
from einkorn.train.validation import CrossValidation, cross_validate

__all__ = [
    "AdaBoost",
    "AdversarialTrainer",
    "Bagging",
    "CSVLog",
    "Callback",
    "Checkpoint",
    "CrossValidation",
    "EMA",
    "EarlyStopping",
    "History",
    "LiveTable",
    "MultiTaskLoss",
    "Progress",
    "RangeTest",
    "Schedule",
    "StepResult",
    "Summary",
    "TensorBoard",
    "Trainer",
    "cross_validate",
    "fast_gradient_sign",
    "load_state",
    "lr_range_test",
    "mc_dropout",
    "mixture",
    "plot_confusion_matrix",
    "plot_history",
    "plot_images",
    "product",
    "receptive_field",
    "save_state",
    "summary",
]

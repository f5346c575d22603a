"""Training: the loop, what hangs on it, and what it leaves behind.

::

    Trainer.fit ── step ── loss, gradients, optimiser          for every batch
       │
       ├── Progress, EarlyStopping, Schedule, Checkpoint …     callbacks
       ├── History ── CSV, pictures                            figures of every epoch
       └── save_checkpoint, load_checkpoint                    the whole state in one file

A run that is resumed from a checkpoint gives bit for bit what the unbroken run gives.
"""

from einkorn.train.callbacks import (
    Callback,
    Checkpoint,
    CSVLog,
    EarlyStopping,
    Progress,
    Schedule,
)
from einkorn.train.checkpoint import load_state, save_state
from einkorn.train.history import History
from einkorn.train.pictures import plot_confusion_matrix, plot_history, plot_images
from einkorn.train.summary import Summary, summary
from einkorn.train.trainer import StepResult, Trainer

__all__ = [
    "CSVLog",
    "Callback",
    "Checkpoint",
    "EarlyStopping",
    "History",
    "Progress",
    "Schedule",
    "StepResult",
    "Summary",
    "Trainer",
    "load_state",
    "plot_confusion_matrix",
    "plot_history",
    "plot_images",
    "save_state",
    "summary",
]

"""Look-up tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter

__all__ = ["Embedding"]


class Embedding(Module):
    """Rows of a table, chosen by integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Rows and columns of the table.
    padding_idx : int, optional
        A row that is zero at first and receives no gradient; negative counts from the end.
    max_norm : float, optional
        Rows of a larger norm are scaled down to it, in place, when looked up.
    norm_type : float
        The p of that norm.
    scale_grad_by_freq : bool
        Divide a row's gradient by the number of times that it was looked up in the batch.
    sparse : bool
        The weight's gradient holds the used rows alone (`einkorn.autograd.RowSparseTensor`), for
        `SGD`, `Adagrad` and `SparseAdam`.
    device, dtype : optional
        Where and as what to hold the table; float32 by default.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)
        From N(0, 1).

    Raises
    ------
    IndexError
        When called with an index outside [0, num_embeddings).
    ValueError
        If ``padding_idx`` is outside the table.

    Notes
    -----
    Input: integers of any shape (*); output (*, embedding_dim).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> nn.Embedding(10, 3)(np.array([[1, 2], [9, 0]])).shape
    (2, 2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"padding_idx {padding_idx} is outside of {num_embeddings} rows")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse
        if _weight is None:
            self.weight = empty_parameter((num_embeddings, embedding_dim), device, dtype)
            self.reset_parameters()
        elif _weight.shape != (num_embeddings, embedding_dim):
            raise ValueError(
                f"_weight must have shape {(num_embeddings, embedding_dim)}, got {_weight.shape}"
            )
        else:
            self.weight = Parameter(_weight)
        self.weight.requires_grad = not _freeze

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor | np.ndarray,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """Return an embedding over a given table, by default not trained."""
        if embeddings.ndim != 2:
            raise ValueError(f"embeddings must be 2-D, got shape {embeddings.shape}")
        return cls(
            embeddings.shape[0],
            embeddings.shape[1],
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
            _weight=as_tensor(embeddings),
            _freeze=freeze,
        )

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.numpy()[self.padding_idx] = 0.0

    def forward(self, input: Tensor | np.ndarray) -> Tensor:
        """Return the chosen rows."""
        return F.embedding(
            as_tensor(input),
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        """Describe the table."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append("scale_grad_by_freq=True")
        return ", ".join(parts)

"""Bags of look-ups."""

from __future__ import annotations

from typing import Any

import numpy as np

from einkorn.autograd import Tensor, as_tensor
from einkorn.nn import functional as F  # noqa: N812 - PyTorch's name
from einkorn.nn import init
from einkorn.nn.module import Module
from einkorn.nn.parameter import Parameter, empty_parameter

__all__ = ["EmbeddingBag"]


class EmbeddingBag(Module):
    """Sums, means or greatest elements of a table's rows, chosen by bags of integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Rows and columns of the table.
    max_norm : float, optional
        Rows of a larger norm are scaled down to it, in place, when looked up.
    norm_type : float
        The p of that norm.
    scale_grad_by_freq : bool
        Divide a row's gradient by the number of its uses in the batch; not with ``mode="max"``.
    mode : {"mean", "sum", "max"}
    sparse : bool
        The weight's gradient holds the used rows alone (`einkorn.autograd.RowSparseTensor`), for
        `SGD`, `Adagrad` and `SparseAdam`; not with ``mode="max"``.
    include_last_offset : bool
        Offsets have one more, where the last bag ends.
    padding_idx : int, optional
        A row, zero at first, whose indices count as absent; negative counts from the end.
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
    Input: integers (B, L), or (N,) with offsets (B,); output (B, embedding_dim).

    Examples
    --------
    >>> import numpy as np
    >>> from einkorn import nn
    >>> bag = nn.EmbeddingBag(10, 3, mode="sum")
    >>> bag(np.array([1, 2, 4, 5, 4]), np.array([0, 3])).shape
    (2, 3)
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"padding_idx {padding_idx} is outside of {num_embeddings} rows")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        if _weight is None:
            self.weight = empty_parameter((num_embeddings, embedding_dim), device, dtype)
            self.reset_parameters()
        elif _weight.shape != (num_embeddings, embedding_dim):
            raise ValueError(
                f"_weight must have shape {(num_embeddings, embedding_dim)}, got {_weight.shape}"
            )
        else:
            self.weight = Parameter(_weight)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor | np.ndarray,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """Return a module over a given table, by default not trained."""
        if embeddings.ndim != 2:
            raise ValueError(f"embeddings must be 2-D, got shape {embeddings.shape}")
        made = cls(
            embeddings.shape[0],
            embeddings.shape[1],
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            _weight=as_tensor(embeddings),
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        made.weight.requires_grad = not freeze
        return made

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.numpy()[self.padding_idx] = 0.0

    def forward(
        self,
        input: Tensor | np.ndarray,
        offsets: Tensor | np.ndarray | None = None,
        per_sample_weights: Tensor | np.ndarray | None = None,
    ) -> Tensor:
        """Return what the rows of each bag come to."""
        return F.embedding_bag(
            as_tensor(input),
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """Describe the table."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        if self.max_norm is not None:
            parts.append(f"max_norm={self.max_norm}")
        if self.norm_type != 2:
            parts.append(f"norm_type={self.norm_type}")
        if self.scale_grad_by_freq:
            parts.append("scale_grad_by_freq=True")
        parts.append(f"mode={self.mode!r}")
        if self.padding_idx is not None:
            parts.append(f"padding_idx={self.padding_idx}")
        return ", ".join(parts)

"""Negative sampling, a pair of words at a time, for windows and noise that leave no choice."""

from __future__ import annotations

import numpy as np

__all__ = ["word2vec_"]


def log_sigmoid(x: float) -> float:
    return -float(np.logaddexp(0, -x))


def word2vec_(
    input_vectors: np.ndarray,
    output_vectors: np.ndarray,
    tokens: np.ndarray,
    offsets: np.ndarray,
    noise_word: int,
    *,
    negative: int = 5,
    lr: float = 0.025,
    lr_end: float | None = None,
    cbow: bool = False,
    batch: int = 64,
) -> float:
    """Train in place with windows of one word to each side and noise that is all `noise_word`."""
    v, u, losses = input_vectors, output_vectors, []
    sentence = np.searchsorted(offsets, np.arange(len(tokens)), side="right")
    for first in range(0, len(tokens), batch):
        changes = []
        for i in range(first, min(first + batch, len(tokens))):
            beside = [j for j in (i - 1, i + 1) if 0 <= j < len(tokens)]
            context = [int(tokens[j]) for j in beside if sentence[j] == sentence[i]]
            words = [int(tokens[i])] + [noise_word] * (negative if noise_word != tokens[i] else 0)
            if not context:
                continue
            rate = lr + ((lr if lr_end is None else lr_end) - lr) * i / len(tokens)
            inputs = v[context].mean(axis=0, keepdims=True) if cbow else v[context]
            products = inputs @ u[words].T
            errors = -1 / (1 + np.exp(-products))
            errors[:, 0] += 1
            losses += [-log_sigmoid(x) for x in products[:, 0]]
            losses += [-log_sigmoid(-x) for x in products[:, 1:].ravel()]
            changes.append((context, words, rate * errors))
        for context, words, errors in changes:
            inputs = v[context].mean(axis=0, keepdims=True) if cbow else v[context]
            v_change, u_change = errors @ u[words], errors.T @ inputs
            if cbow:
                v_change = np.repeat(v_change, len(context), axis=0)
            np.add.at(v, context, v_change)
            np.add.at(u, words, u_change)
    return float(np.mean(losses)) if losses else float("nan")

"""Connectionist temporal classification: the recursions of Graves et al. on probabilities."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

Array = np.ndarray


def _samples(
    log_probs: Array, targets: Array, input_lengths: Array, target_lengths: Array, blank: int
) -> Iterator[tuple[int, Array, Array]]:
    """Yield of each sample the number, the probabilities of its states, and their classes."""
    ends = np.cumsum(target_lengths)
    for i, (steps, count) in enumerate(zip(input_lengths, target_lengths, strict=True)):
        states = np.full(2 * count + 1, blank)
        rows = np.ndim(targets) == 2
        states[1::2] = targets[i, :count] if rows else targets[ends[i] - count : ends[i]]
        yield i, np.exp(np.asarray(log_probs[:steps, i, states], np.float64)), states


def _forward(p: Array, states: Array) -> Array:
    """Return the forward variables: how probable the paths are that are in a state by a step."""
    alpha = np.zeros(p.shape)
    for t, s in np.ndindex(*p.shape):
        if t == 0:
            reached = s < 2
        else:
            # Two states on only past a blank, and not to the same class.
            skips = s >= 2 and states[s] != states[s - 2]
            reached = alpha[t - 1, max(s - (2 if skips else 1), 0) : s + 1].sum()
        alpha[t, s] = p[t, s] * reached
    return alpha


def ctc_loss(
    log_probs: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    *,
    blank: int = 0,
) -> tuple[Array, Array]:
    """Return the losses and the logarithms of the forward variables.

    >>> half = np.log(np.full((2, 1, 2), 0.5))
    >>> loss, _ = ctc_loss(half, np.array([[1]]), np.array([2]), np.array([1]))
    >>> np.exp(-loss).tolist()
    [0.75]
    """
    steps, samples, _ = log_probs.shape
    alphas = np.zeros((samples, steps, 2 * int(np.max(target_lengths, initial=0)) + 1))
    likelihood = np.zeros(samples)
    for i, p, states in _samples(log_probs, targets, input_lengths, target_lengths, blank):
        alpha = _forward(p, states)
        alphas[i, : len(p), : len(states)] = alpha
        likelihood[i] = alpha[-1, -2:].sum() if len(p) else len(states) == 1
    with np.errstate(divide="ignore"):
        return -np.log(likelihood), np.log(alphas)


def ctc_loss_grad(
    grad: Array,
    log_probs: Array,
    targets: Array,
    input_lengths: Array,
    target_lengths: Array,
    loss: Array,
    log_alpha: Array,
    *,
    blank: int = 0,
    zero_infinity: bool = False,
) -> Array:
    """Return the gradient by the scores under the softmax: p less the share of the paths there.

    >>> half = np.log(np.full((2, 1, 2), 0.5))
    >>> call = (half, np.array([[1]]), np.array([2]), np.array([1]))
    >>> ctc_loss_grad(np.ones(1), *call, *ctc_loss(*call))[0, 0].round(4).tolist()
    [0.1667, -0.1667]
    """
    gx = np.zeros(log_probs.shape)
    for i, p, states in _samples(log_probs, targets, input_lengths, target_lengths, blank):
        if np.isposinf(loss[i]):
            gx[: len(p), i] = 0 if zero_infinity else np.nan
            continue
        gx[: len(p), i] = grad[i] * np.exp(np.asarray(log_probs[: len(p), i], np.float64))
        # The backward variables are the forward ones of all that is turned round.
        beta = _forward(p[::-1, ::-1], states[::-1])[::-1, ::-1]
        alpha = np.exp(np.asarray(log_alpha[i, : len(p), : len(states)], np.float64))
        share = alpha * beta / np.where(p > 0, p, 1) * np.exp(np.float64(loss[i]))
        for t, s in np.ndindex(*p.shape):
            gx[t, i, states[s]] -= grad[i] * share[t, s]
    return gx

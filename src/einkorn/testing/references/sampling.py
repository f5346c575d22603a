"""Draws, from Philox-4x32-10 as its paper defines it, on whole numbers."""

import numpy as np

Array = np.ndarray

__all__ = ["bernoulli"]

_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)
#: Counters side by side: word w of counter c is element 16 w + c of a group of 64.
_LANES = 16


def _philox(counter: Array, seed: int) -> list[Array]:
    """Four words of 32 bits for each 64-bit counter."""
    zeros = np.zeros_like(counter)
    words = [counter & _LOW, counter >> _WORD, zeros, zeros]
    key = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        products = np.uint64(0xD2511F53) * words[0], np.uint64(0xCD9E8D57) * words[2]
        words = [
            (products[1] >> _WORD) ^ words[1] ^ np.uint64(key[0]),
            products[1] & _LOW,
            (products[0] >> _WORD) ^ words[3] ^ np.uint64(key[1]),
            products[0] & _LOW,
        ]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return words


def _uniform(n: int, seed: int) -> Array:
    """Multiples of 2**-24 in [0, 1), from the upper bits of a word each."""
    groups = -(-n // (4 * _LANES))
    counters = np.arange(groups * _LANES, dtype=np.uint64).reshape(groups, 1, _LANES)
    bits = np.concatenate(_philox(counters, seed), axis=1).ravel()[:n]
    return (bits >> np.uint64(8)) / 2.0**24


def bernoulli(p: Array, seed: int) -> Array:
    """1 where a uniform number is less than p, else 0; NaN where p is.

    >>> bernoulli(np.array([0.0, 1.0, np.nan]), 3).tolist()
    [0.0, 1.0, nan]
    """
    p = np.asarray(p, np.float64)
    drawn = (_uniform(p.size, seed).reshape(p.shape) < p).astype(np.float64)
    return np.where(np.isnan(p), p, drawn)

"""Windows, pixel shuffles, interpolation."""

from __future__ import annotations

from collections.abc import Iterator

from einkorn.testing.operators.rows import Row, call, functional, normal

__all__ = ["table"]


def table() -> Iterator[Row]:
    """Return the rows of the family."""
    x = normal(2, 3, 5, 4)
    yield from functional(
        "unfold", call(x, 2), call(x, (3, 2), 1, (1, 0), 2), call(normal(3, 5, 4), 2, (2, 1))
    )
    yield from functional(
        "fold",
        call(normal(2, 12, 12), (5, 4), 2),
        call(normal(2, 18, 6), (5, 4), (3, 2), 1, (1, 0), 2),
        call(normal(12, 9), (5, 4), 2, (2, 1)),
    )
    yield from functional("pixel_shuffle", call(normal(2, 8, 2, 3), 2))
    yield from functional("pixel_unshuffle", call(normal(2, 2, 4, 6), 2))
    yield from functional("channel_shuffle", call(normal(2, 6, 2, 2), 3))
    yield from functional(
        "interpolate",
        call(x, (7, 3)),
        call(x, scale_factor=1.7),
        call(x, (7, 3), mode="nearest-exact"),
        call(x, (7, 3), mode="bilinear"),
        call(x, (7, 3), mode="bilinear", align_corners=True),
        call(x, scale_factor=(1.7, 0.6), mode="bilinear"),
        call(x, scale_factor=1.7, mode="bilinear", recompute_scale_factor=True),
        call(normal(2, 3, 5), 8, mode="linear"),
        call(normal(1, 2, 3, 2, 4), (4, 3, 2), mode="trilinear"),
        call(x, 2, mode="area"),
        call(normal(1, 2, 3, 2, 4), (2, 1, 3), mode="area"),
        call(x, (7, 3), mode="bicubic"),
        call(x, (3, 7), mode="bicubic", align_corners=True),
        call(x, scale_factor=(0.6, 1.7), mode="bicubic"),
        call(x, (2, 3), mode="bilinear", antialias=True),
        call(x, (7, 2), mode="bilinear", align_corners=True, antialias=True),
        call(x, (2, 3), mode="bicubic", antialias=True),
        call(x, scale_factor=(0.4, 0.5), mode="bicubic", antialias=True),
    )
    yield from functional("upsample", call(normal(1, 2, 3, 4), (5, 6)))
    yield from functional("upsample_nearest upsample_bilinear", call(normal(1, 2, 3, 4), (5, 6)))

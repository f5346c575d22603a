"""What developers measure with, on top of `einkorn.benchmark`.

``python -m bench.compare`` times einkorn and its peers in alternated rounds in one process and
prints ratios; ``pytest bench`` runs the same cases under pytest-benchmark.
"""

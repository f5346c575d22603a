"""Speed of einkorn and its peers on the shapes of known networks.

``python -m bench.compare`` times einkorn and its peers in alternated rounds in one process and
prints ratios; ``pytest bench`` runs the same cases under pytest-benchmark. Shapes stand in
``shapes/``, a text file a network; ``families/`` turns a line into one callable a library.
"""

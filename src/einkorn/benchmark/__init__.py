"""Speed of einkorn and of its peers on the shapes of known networks.

Shapes stand in ``shapes/``, a text file a network; ``families/`` turns a line into one callable a
library; libraries take turns in one process, after their results were held equal.
"""

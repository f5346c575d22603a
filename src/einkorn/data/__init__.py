"""Data on its way to a model: sets, splits, loaders, augmentation, and data that needs no download.

Batches are NumPy arrays. A data set gives a whole batch for an array of indices, so nothing here
runs Python code for each sample::

    digits, load_idx, stdlib_corpus      arrays, labels, text
        │
    stratified_split, kfold, Normalize   who trains, and on what scale
        │
    ArrayDataset ── Subset
        │
    DataLoader ── RandomAffine, GaussianNoise …              texts: EDA, random_swap …
        │
    (x, t), (x, t), …                    the same for the same seed, from any point on
"""

from einkorn.data.augment import (
    Compose,
    GaussianNoise,
    RandomAffine,
    RandomCrop,
    RandomFlip,
    affine,
    ten_crop,
)
from einkorn.data.datasets import ArrayDataset, Dataset, Subset
from einkorn.data.digits import digits, load_idx, read_idx
from einkorn.data.loader import DataLoader, Loader, SequenceLoader, Transform
from einkorn.data.splits import kfold, stratified_split, train_valid_test_split
from einkorn.data.text import ASCII, TextCorpus, Vocabulary, stdlib_corpus
from einkorn.data.text_augment import (
    EDA,
    random_deletion,
    random_insertion,
    random_swap,
    synonym_replacement,
    wordnet_synonyms,
)
from einkorn.data.transforms import Normalize, one_hot, resize

__all__ = [
    "ASCII",
    "EDA",
    "ArrayDataset",
    "Compose",
    "DataLoader",
    "Dataset",
    "GaussianNoise",
    "Loader",
    "Normalize",
    "RandomAffine",
    "RandomCrop",
    "RandomFlip",
    "SequenceLoader",
    "Subset",
    "TextCorpus",
    "Transform",
    "Vocabulary",
    "affine",
    "digits",
    "kfold",
    "load_idx",
    "one_hot",
    "random_deletion",
    "random_insertion",
    "random_swap",
    "read_idx",
    "resize",
    "stdlib_corpus",
    "stratified_split",
    "synonym_replacement",
    "ten_crop",
    "train_valid_test_split",
    "wordnet_synonyms",
]

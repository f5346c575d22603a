"""Models in other libraries' clothes: `sklearn` has estimators, `torch` converts states."""

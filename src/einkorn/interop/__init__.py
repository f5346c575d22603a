"""Models in other libraries' clothes: `sklearn` for scikit-learn's estimators."""

"""The report's figures: MSE by projected dimension, tables 1 (MNIST) and 2 (Fashion-MNIST)."""

from __future__ import annotations

REPORT_DIMS = (15, 30, 50, 100)

REPORT_MSE: dict[str, dict[str, dict[int, float]]] = {
    "mnist": {
        "basic": {15: 0.0681, 30: 0.0555, 50: 0.0412, 100: 0.0313},
        "extended": {15: 0.0823, 30: 0.0788, 50: 0.0698, 100: 0.0699},
    },
    "fashion_mnist": {
        "basic": {15: 0.0649, 30: 0.0561, 50: 0.0522, 100: 0.0463},
        "extended": {15: 0.0702, 30: 0.0729, 50: 0.0718, 100: 0.0736},
    },
}

# The report trains 10 epochs on MNIST and 5 on Fashion-MNIST. The 5,000 digits have a
# thirteenth of the images, so they get more passes for a comparable number of steps.
_SWEEP_EPOCHS = {"mnist": 10, "fashion_mnist": 5, "mnist5k": 20}


def sweep_epochs(dataset: str) -> int:
    """Returns the default number of epochs of a sweep; 10 for data the report does not know.

    Example:

    >>> sweep_epochs("fashion_mnist")
    5
    """
    return _SWEEP_EPOCHS.get(dataset, 10)

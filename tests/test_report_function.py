"""`kerasae.report`: the page of `kerasae report` from Python."""

import dataclasses

import pytest

import kerasae
from kerasae.errors import ArtifactError, DataError
from kerasae.runs.run import Run


@pytest.mark.slow
def test_a_run_writes_its_page_and_returns_where_it_is(digits, tmp_path):
    folder = tmp_path / "a run"
    small = {"latent_dim": 3, "hidden_dims": (8,), "epochs": 1, "verbose": 0}
    digits = dataclasses.replace(digits, name="mine")
    run = kerasae.fit(digits, folder=folder, **small)
    page = kerasae.report(run, data=digits)
    assert page == folder / "report.html"
    text = page.read_text(encoding="utf-8")
    assert "a run" in text
    assert "kerasae report" in text
    # The images are known where they were just trained on; a file has none of them.
    assert run.report() == page
    with pytest.raises(DataError, match=r"missing; .* in Python: data="):
        kerasae.report(folder)
    # An earlier page is replaced, another file is not.
    assert kerasae.report(folder, data=digits) == page
    with pytest.raises(ArtifactError, match="is there already"):
        kerasae.report(run, page, data=digits)
    other = tmp_path / "other.html"
    assert kerasae.report(run, other, data=digits) == other
    assert other.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_run_in_memory_has_no_page():
    with pytest.raises(ArtifactError, match=r"save it with run\.save"):
        kerasae.report(Run(None))

"""The table of one run."""

import pytest

from kerasae.experiment import Experiment
from kerasae.runs.run import Run
from kerasae.show.run_table import run_table


def table_of(place, **more):
    scores = {
        f"{part}_{score}": 0.5 for part in ("train", "val", "test") for score in ("mse", "psnr")
    }
    times = {"epochs": 1, "seconds": 12.0, "train_seconds": 2.5, "images_per_second": 400.0}
    run = Run.of(place, experiment=Experiment(), metrics={**scores, **times, **more})
    return run_table(run)


def note_of(place, **more):
    return table_of(place, **more).note


def test_the_rate_is_that_of_the_seconds_beside_it(tmp_path):
    assert note_of(tmp_path) == "1 epoch in 2.5 s (400 images/s), 12.0 s in all"


@pytest.mark.parametrize(
    ("best", "words"),
    [
        (9, "in all"),
        (4, "in all; epoch 4 was kept"),
        (0, "start was kept: no epoch was clearly better"),
    ],
)
def test_an_epoch_that_is_kept_and_not_the_last_is_told(tmp_path, best, words):
    assert note_of(tmp_path, epochs=9, best_epoch=best).endswith(words)


def test_pcas_error_is_that_of_the_run_and_missing_where_it_is_not_known(tmp_path):
    def of_pca(**known):
        rows = table_of(tmp_path, **known).drawn_rows()
        return [[cell.text for cell in row] for row in rows if row[0].text.startswith("PCA")]

    tested = {"pca_test_mse": 0.25, "pca_test_psnr": 7.125}
    assert of_pca(**tested) == [["PCA, test", "0.2500", "7.12"]]
    held_out = {"pca_val_mse": 0.5, "pca_val_psnr": 3.0}
    assert of_pca(**tested, **held_out) == of_pca(**tested)
    assert of_pca(**held_out) == [["PCA, validation", "0.5000", "3.00"]]
    assert of_pca(pca_test_mse=0.25) == [["PCA, test", "0.2500", ""]]
    assert of_pca() == []


def test_one_that_is_level_with_pca_is_sent_to_the_page(tmp_path):
    known = {"pca_test_mse": 0.5, "pca_difference": 0.0, "pca_difference_se": 0.1}
    assert note_of(tmp_path, **known).endswith("; the page says what to try")

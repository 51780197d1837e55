"""The table of one run."""

from kerasae.experiment import Experiment
from kerasae.runs.run import Run
from kerasae.show.run_table import run_table


def test_the_rate_is_that_of_the_seconds_beside_it(tmp_path):
    scores = {
        f"{part}_{score}": 0.5 for part in ("train", "val", "test") for score in ("mse", "psnr")
    }
    times = {"epochs": 1, "seconds": 12.0, "train_seconds": 2.5, "images_per_second": 400.0}
    run = Run.of(tmp_path, experiment=Experiment(), metrics={**scores, **times})
    assert run_table(run, 0.6).note == "1 epoch in 2.5 s (400 images/s), 12.0 s in all"

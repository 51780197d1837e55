"""What the learning-rate study finds."""

from pathlib import Path

from kerasae.experiment import Experiment
from kerasae.studies.learning_rate import LearningRateStudy
from kerasae.studies.study import Run


def test_a_rate_whose_trial_failed_is_called_that_and_never_chosen(digits):
    study = LearningRateStudy(Experiment("mnist5k"), (0.01, 0.1, 1.0))
    runs = {
        f"lr{rate:g}": Run(
            Path(), {"val_mse": mse, "test_mse": mse}, [{"val_mse": 0.5}, {"val_mse": mse}]
        )
        for rate, mse in ((0.01, 0.3), (0.1, 0.2))
    }
    found = study.findings(runs, digits, {})
    (table,) = found.tables
    assert [list(column.cells) for column in table.columns] == [
        ["0.01", "★ 0.1", "1"],
        ["0.30000", "0.20000", "failed"],
        ["0.30000", "0.20000", "failed"],
    ]
    assert found.summary["best"] == 0.1

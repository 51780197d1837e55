"""What the learning-rate study finds."""

from kerasae.experiment import Experiment
from kerasae.runs.run import Run
from kerasae.studies.learning_rate import LearningRateStudy
from kerasae.studies.study import Results


def run_of(rate, mse, **scores):
    return Run.of(
        experiment=Experiment("mnist5k", learning_rate=rate),
        model=None,
        history=[{"val_mse": 0.5}, {"val_mse": mse}],
        metrics={"val_mse": mse, "test_mse": mse, **scores},
    )


def test_no_rate_is_best_where_every_network_kept_its_start(digits):
    study = LearningRateStudy(Experiment("mnist5k"), (0.01, 0.1))
    for epochs, stars in (((0, 0), 0), ((0, 1), 1)):
        runs = {
            f"lr{rate:g}": run_of(rate, 0.25, best_epoch=epoch)
            for rate, epoch in zip(study.rates, epochs, strict=True)
        }
        findings = study.findings(Results(runs, digits, {}))
        (table,), (words,) = findings.tables, findings.words
        assert sum("★" in row[0].text for row in table.drawn_rows()) == stars
        assert ("kept" in table.note, "kept" in words) == (not stars, not stars)


def test_a_rate_whose_trial_failed_is_called_that_and_never_chosen(digits):
    study = LearningRateStudy(Experiment("mnist5k"), (0.01, 0.1, 1.0))
    runs = {f"lr{rate:g}": run_of(rate, mse) for rate, mse in ((0.01, 0.3), (0.1, 0.2))}
    findings = study.findings(Results(runs, digits, {}))
    (table,) = findings.tables
    assert [[cell.text for cell in row] for row in table.drawn_rows()] == [
        ["0.01", "0.3000", "0.3000"],
        ["★ 0.1", "0.2000", "0.2000"],
        ["1", "failed", "failed"],
    ]
    assert findings.summary["best"] == 0.1

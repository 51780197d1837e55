"""The page about a run or a sweep."""

import base64
import dataclasses
import io
import json
import math
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from kerasae.data.image_data import ImageData, PictureFile
from kerasae.data.pixels import as_floats
from kerasae.errors import ArtifactError
from kerasae.evaluation import Evaluation, PartScores, evaluate
from kerasae.experiment import Experiment
from kerasae.metrics import mean_difference, ssim
from kerasae.model_outputs import outputs
from kerasae.pca import fit_pca
from kerasae.runs import run_files
from kerasae.runs.fitting import fit_run
from kerasae.runs.run import Run
from kerasae.show.beside_pca import pca_mark
from kerasae.show.headline import headline
from kerasae.show.report_page import report_page
from kerasae.show.run_images import compared, picture_groups
from kerasae.show.run_page import run_page
from kerasae.show.runs_page import folder_page, runs_to_show


@pytest.fixture(scope="module")
def sweep(digits, tmp_path_factory):
    """Two runs, `worse` and `better [/x]`, by validation; a third has scores but no model."""
    folder = tmp_path_factory.mktemp("sweep")
    experiment = Experiment("mnist5k", (16,), 3, epochs=2, batch_size=64)
    run = fit_run(experiment, digits)
    for name, seed, mse in (("worse", 0, 0.3), ("better [red] $a$", 1, 0.2), ("dropped", 2, 0.1)):
        settings = dataclasses.replace(run.experiment, seed=seed)
        # By the test error it would be the other way round.
        metrics = {**run.metrics, "val_mse": mse, "test_mse": 1 - mse}
        Run.of(experiment=settings, model=run.model, history=run.history, metrics=metrics).save(
            folder / name
        )
    (folder / "dropped" / run_files.MODEL).unlink()
    return folder


def pixels(picture):
    content = base64.b64decode(picture.source.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)))


@pytest.fixture(scope="module")
def basis(digits):
    part = digits.parts(0.1).train
    return fit_pca(part.images, 3, part.rows)


def test_originals_both_reconstructions_and_both_errors_are_side_by_side(sweep, digits, basis):
    run = Run(sweep / "worse")
    clean = digits.test.astype(np.float32) / 255
    made = {"network": run.model.predict(clean, verbose=0), "PCA": basis.reconstructions(clean, 3)}
    errors = {name: np.square(one - clean).mean(axis=(1, 2)) for name, one in made.items()}
    groups = picture_groups(run, compared(run, digits, basis), basis)
    assert [group.title.split()[0] for group in groups] == ["Test", "Worst", "Best"]
    rows = errors["network"].argmax(), errors["network"].argmin()
    for group, row in zip(groups[1:], rows, strict=True):
        card = group.cards[0]
        assert card.title == f"{digits.test_labels[row]}, image {row}"
        by_network, by_pca = (errors[name][row] for name in ("network", "PCA"))
        assert card.detail == f"MSE {by_network:#.3g}, PCA {by_pca:#.3g}"
        pictures = {picture.name: pixels(picture) for picture in card.pictures}
        assert list(pictures) == ["original", "PCA", "network", "PCA's error", "network's error"]
        np.testing.assert_array_equal(pictures["original"], digits.test[row])
        for name, one in made.items():
            expected = np.clip(one[row], 0, 1) * 255
            np.testing.assert_allclose(pictures[name], expected, atol=0.51)
    # One scale: equal errors have equal colours, whoever made them.
    colours = {}
    for card in groups[0].cards:
        row = int(card.title.rpartition(" ")[2])
        pictures = {picture.name: pixels(picture) for picture in card.pictures}
        for name, one in made.items():
            far = np.abs(one[row] - clean[row])
            brightness = pictures[f"{name}'s error"].astype(int).sum(-1)
            colours[name] = (*colours.get(name, ()), (far.ravel(), brightness.ravel()))
    far, brightness = (
        np.concatenate([one[part] for ones in colours.values() for one in ones]) for part in (0, 1)
    )
    order = np.argsort(far)
    assert (np.diff(brightness[order]) >= 0).mean() > 0.99


@pytest.mark.parametrize("count", [1, 2, 3, 6, 20, 55])
def test_no_image_is_shown_twice(sweep, digits, basis, count):
    few = dataclasses.replace(digits, test=digits.test[:count], test_labels=digits.test_labels)
    run = Run(sweep / "worse")
    groups = picture_groups(run, compared(run, few, basis), basis)
    titles = [card.title for group in groups for card in group.cards]
    assert len(set(titles)) == len(titles) == min(count, 20)
    sizes = {group.title.split()[0]: len(group.cards) for group in groups}
    assert sizes.get("Worst", 0) == sizes.get("Best", 0) == min(6, count // 3)


def test_images_are_called_by_their_files_and_without_classes_by_no_class(sweep, digits, basis):
    run = Run(sweep / "worse")
    files = tuple(PictureFile(f"a/{row}<b>.png", "") for row in range(len(digits.test)))
    zeros = {"train_labels": digits.train_labels * 0, "test_labels": digits.test_labels * 0}
    own = dataclasses.replace(digits, name="own", test_files=files)
    assert compared(run, own, basis).names[3] == "a/3<b>.png, image 3"
    assert compared(run, dataclasses.replace(digits, name="own", **zeros), basis).names[3] == (
        "image 3"
    )
    bare = ImageData.from_arrays(digits.train)
    these = compared(run, bare, basis)
    assert these.part == "validation"
    assert these.names[0] == f"image {bare.parts(0.1).validation.rows[0]}"


def test_a_denoiser_is_shown_what_it_sees(sweep, digits, basis):
    noisy = Experiment("mnist5k", sigma=0.5, clip_noise=True)
    run = Run.of(experiment=noisy, model=Run(sweep / "worse").model)
    (group, *_) = picture_groups(run, compared(run, digits, basis), basis)
    pictures = {picture.name: pixels(picture) for picture in group.cards[0].pictures}
    assert np.abs(pictures["noisy"] / 255 - pictures["original"] / 255).mean() > 0.1


def test_a_page_has_all_runs_and_shows_the_best_by_validation_that_has_a_model(sweep, digits):
    runs, broken = runs_to_show(sweep)
    assert [run.name for run in runs] == ["dropped", "better [red] $a$", "worse"]
    content = folder_page(runs, broken, digits, "kerasae report sweep")
    (table,) = next(one for one in content.sections if one.title == "All runs").tables
    assert [column.heading for column in table.columns[:2]] == ["run", "seed"]
    assert [row[1] for row in table.rows] == [2, 1, 0]
    ratio = [column.heading for column in table.columns].index("share of PCA's")
    assert table.rows[2][ratio].value == pytest.approx(
        0.7 / Run(sweep / "worse").metrics["pca_test_mse"]
    )
    assert any(
        "this is better [red] $a$, the best by validation" in text for text in content.summary
    )
    titles = [section.title for section in content.sections]
    assert titles[0] == "The sweep"
    assert {"Training", "Scores", "Latent space"} < set(titles)
    assert "better [red] $a$" in report_page(content)


def test_the_page_of_a_run_has_pca_training_score_and_ssim(sweep, digits):
    run = Run(sweep / "worse")
    page = run_page(run, digits, "kerasae report worse")
    (table,) = next(one for one in page.sections if one.title == "Scores").tables
    expected = evaluate(run.model, digits, run.experiment)
    assert [row[0] for row in table.rows] == ["train", "validation", "test"]
    for row in table.rows:
        ours, pca = expected.model[row[0]], expected.pca[row[0]]
        assert row[2:4] == pytest.approx([ours.mse, pca.mse])
        assert row[4].value == pytest.approx(ours.mse / pca.mse)
        assert row[5:7] == pytest.approx([ours.psnr, pca.psnr])
    # Of the first hundred images of a part.
    parts = digits.parts(run.experiment.validation_split)
    clean = as_floats(parts.test.taken()[:100])
    basis = fit_pca(parts.train.images, run.experiment.latent_dim, parts.train.rows)
    seen = (outputs(run.model, clean), basis.reconstructions(clean, run.experiment.latent_dim))
    expected_ssim = [float(ssim(clean, output).mean()) for output in seen]
    assert table.rows[-1][7:] == pytest.approx(expected_ssim, abs=1e-6)
    assert page.headline.verdict in ("better", "worse", "level")
    assert page.command == "kerasae report worse"
    assert "shortcut" in page.facts["Settings"]


@pytest.mark.parametrize(
    ("difference", "error", "verdict"),
    [(-0.004, 0.001, "better"), (-0.004, 0.003, "level"), (0.004, 0.001, "worse")],
)
def test_the_headline_tells_what_is_more_than_noise(sweep, difference, error, verdict):
    run = Run(sweep / "worse")
    parts = {
        name: {
            "test": PartScores(100, mse, psnr, psnr, None),
            "train": PartScores(9, mse, 1, 1, None),
        }
        for name, mse, psnr in (("ours", 0.01 + difference, 21.04), ("pca", 0.01, 20.0))
    }
    top = headline(run, Evaluation(3, parts["ours"], parts["pca"]), "test", (difference, error), 0)
    assert top.verdict == verdict
    assert top.detail.startswith("+1.0 dB on 100 test images")
    assert (verdict == "better") == ("40 % lower error than PCA" in top.words)
    assert (verdict == "worse") == ("40 % higher error than PCA" in top.words)
    advice = " ".join(top.advice)
    assert (verdict == "better") == (advice == "")
    assert verdict == "better" or ("--learning-rate" in advice and "more images" in advice)
    assert top.detail.endswith("the start was kept, for no epoch was clearly better")


@pytest.mark.parametrize(
    ("dropout", "mixup", "advised"),
    [
        (0.0, 0.0, "--dropout 0.2, --mixup 0.75 or --weight-decay"),
        (0.2, 0.75, "--dropout 0.4 or --weight-decay"),
    ],
)
def test_a_start_that_is_kept_over_images_learnt_by_heart_asks_for_dropout(
    sweep, dropout, mixup, advised
):
    ends = (
        {"epoch": 1.0, "mse": 0.01, "train_mse": train, "val_mse": 0.011} for train in (7e-3, 9e-3)
    )
    same = {"test": PartScores(9, 0.01, 20, 20, None), "train": PartScores(9, 0.01, 20, 20, None)}
    for end, learnt in zip(ends, (True, False), strict=True):
        worse = Run(sweep / "worse").experiment
        experiment = dataclasses.replace(worse, dropout=dropout, mixup=mixup)
        run = Run.of(experiment=experiment, history=[end], metrics={})
        top = headline(run, Evaluation(3, same, same), "test", (0.0, 1.0), 0)
        advice = " ".join(top.advice)
        assert (advised in advice) == learnt
        assert ("--learning-rate" in advice) != learnt
        assert ("wider" in advice) != learnt


@pytest.mark.parametrize(
    ("train", "errors", "pca_train", "advised", "not_advised"),
    [
        # Better than PCA, and still getting better, if not clearly so.
        (0.0095, [0.012, 0.0099], 0.01, ["more epochs"], ["--learning-rate", "--dropout"]),
        (0.0095, [0.011, 0.0115], 0.01, ["--learning-rate"], ["more epochs", "--dropout"]),
        # Far below the validation error, but PCA learns the training images better still.
        (0.005, [0.02, 0.011], 0.001, ["more epochs", "--learning-rate"], ["--dropout"]),
        (0.005, [0.02, 0.011], 0.006, ["--dropout"], ["more epochs", "--learning-rate"]),
    ],
)
def test_what_is_advised_depends_on_how_training_ended(
    sweep, train, errors, pca_train, advised, not_advised
):
    scores = {"validation": PartScores(9, 0.01, 20, 20, None)}
    scores["train"] = PartScores(9, pca_train, 20, 20, None)
    history = [{"mse": 0.01, "train_mse": train, "val_mse": error} for error in errors]
    run = Run.of(experiment=Run(sweep / "worse").experiment, history=history, metrics={})
    top = headline(run, Evaluation(3, scores, scores), "validation", (0.0, 1.0), 0)
    advice = " ".join(top.advice)
    assert all(words in advice for words in advised)
    assert not any(words in advice for words in not_advised)


def test_one_image_tells_nothing_apart(sweep):
    assert mean_difference(np.array([0.1]), np.array([0.9])) == (pytest.approx(-0.8), math.inf)
    scores = [{"test": PartScores(1, mse, 20, 20, None)} for mse in (0.1, 0.9)]
    for one in scores:
        one["train"] = one["test"]
    top = headline(Run(sweep / "worse"), Evaluation(3, *scores), "test", (-0.8, math.inf), 1)
    assert top.verdict == "level"
    assert pca_mark(0.1, 0.9, [{"pca_difference": -0.8, "pca_difference_se": None}]) == "level"


@pytest.mark.parametrize(("seconds", "told"), [(0.44, "0.4 s"), (10, "0:10"), (61, "1:01")])
def test_a_brief_training_does_not_take_no_time(sweep, seconds, told):
    scores = {part: PartScores(9, 0.01, 20, 20, None) for part in ("train", "test")}
    run = Run.of(
        experiment=Run(sweep / "worse").experiment,
        history=[{"mse": 0.01}],
        metrics={"train_seconds": seconds},
    )
    top = headline(run, Evaluation(3, scores, scores), "test", (0.0, 1.0), 0)
    assert (top.figures[-1].name, top.figures[-1].value) == ("training", told)


def test_a_psnr_that_rounds_to_pcas_has_no_minus(sweep):
    scores = [{"test": PartScores(9, 0.01, psnr, psnr, None)} for psnr in (19.999, 20.0)]
    ours, pca = ({**one, "train": one["test"]} for one in scores)
    top = headline(Run(sweep / "worse"), Evaluation(3, ours, pca), "test", (0.0, 1.0), 0)
    assert top.detail.startswith("+0.0 dB on 9 test images")


def test_two_test_images_have_no_plane_and_still_a_page(sweep, digits):
    two = dataclasses.replace(digits, test=digits.test[:2], test_labels=digits.test_labels[:2])
    content = folder_page(*runs_to_show(sweep), two, "kerasae report sweep")
    assert content.sections[-1].paragraphs == ["There are too few test images to draw."]
    assert "too few test images" in report_page(content)


def test_the_page_of_thousands_of_runs_stays_small(sweep, digits):
    run = Run(sweep / "worse")
    many = [
        Run.of(
            sweep / f"{number}", experiment=dataclasses.replace(run.experiment, seed=number),
            metrics={**run.metrics, "val_mse": number / 10_000}, history=run.history, record=None,
        )
        for number in range(5_000)
    ]  # fmt: skip
    vars(many[0])["model"] = run.model
    content = folder_page(many, [], digits, "kerasae report sweep")
    (table,) = next(one for one in content.sections if one.title == "All runs").tables
    assert len(table.rows) == 1_000
    assert "the best 1,000 of 5,000" in table.note
    assert len(report_page(content)) < 5e6


def test_what_has_no_model_or_would_be_overwritten_is_refused(sweep, tmp_path):
    with pytest.raises(ArtifactError, match="no finished run with its model"):
        runs_to_show(sweep / "dropped")
    with pytest.raises(ArtifactError, match="no finished run"):
        runs_to_show(tmp_path)
    with pytest.raises(ArtifactError, match="is not a folder"):
        runs_to_show(tmp_path / "nowhere")


@pytest.mark.slow
def test_the_command_writes_one_file_and_overwrites_no_other(sweep, tmp_path):
    command = [sys.executable, "-m", "kerasae_cli.main", "report", str(sweep / "worse"), "--json"]
    page = tmp_path / "a page.html"
    done = subprocess.run([*command, "--out", str(page)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["page"] == str(page)
    assert "Worst test images" in page.read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["a page.html"]
    done = subprocess.run([*command, "--out", str(page)], capture_output=True, text=True)
    assert done.returncode == 2
    assert "expected a new file" in done.stderr

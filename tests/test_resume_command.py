"""`fit` and `sweep` that are killed, interrupted or out of room, and resumed: real processes."""

import contextlib
import csv
import json
import random
import resource
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from killed_fit import POINTS

from kerasae.errors import ArtifactError
from kerasae.files.owned_folder import owned

pytestmark = pytest.mark.slow
KERASAE = [sys.executable, "-m", "kerasae_cli.main"]
KILLED = [sys.executable, str(Path(__file__).with_name("killed_fit.py"))]
FIT = [
    "fit", "--dataset", "mnist5k", "--hidden-dims", "16", "--latent-dim", "4", "--dropout", "0.1",
    "--epochs", "40", "--patience", "30", "--threads", "1", "--json",
]  # fmt: skip
SWEEP = ["sweep", "--dataset", "mnist5k", "--latent-dims", "3,2", "--hidden-dims", "8",
         "--epochs", "3", "--json"]  # fmt: skip
TIMED = ("seconds", "train_seconds", "images_per_second")


def run(*words, command=KERASAE, **options):
    return subprocess.run([*command, *map(str, words)], capture_output=True, text=True, **options)


def result_of(folder):
    """Everything that a finished run must leave alike, times aside."""
    with (
        zipfile.ZipFile(folder / "model.keras") as archive,
        archive.open("model.weights.h5") as file,
        h5py.File(file) as weights,
    ):
        arrays = {}
        weights.visititems(
            lambda name, item: (
                arrays.update({name: np.array(item).tobytes()})
                if isinstance(item, h5py.Dataset)
                else None
            )
        )
    assert arrays
    metrics = json.loads((folder / "metrics.json").read_text())
    return (
        arrays,
        (folder / "history.csv").read_bytes(),
        {key: value for key, value in metrics.items() if key not in TIMED},
    )


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    done = run(*FIT, "--out", folder)
    assert done.returncode == 0, done.stderr
    return result_of(folder)


def resume(folder, *words, command=KERASAE):
    """Goes on, or begins again where the fit was killed before it had left anything."""
    if (folder / "experiment.json").exists():
        return run("fit", "--resume", folder, "--threads", 1, *words, command=command)
    return run(*FIT, "--out", folder, *words, command=command)


@pytest.mark.full
def test_a_fit_killed_at_twenty_random_moments_ends_the_same(tmp_path, uninterrupted):
    folder = tmp_path / "run"
    moments = random.Random(0)
    killed = 0
    for _ in range(20):
        after = moments.randrange(1, 4000)
        done = resume(folder, command=[*KILLED, "after", str(after)])
        if done.returncode == 0:
            assert result_of(folder) == uninterrupted
            shutil.rmtree(folder)
        else:
            assert done.returncode == -signal.SIGKILL, done.stderr
            killed += 1
    assert killed >= 10
    done = resume(folder)
    assert done.returncode == 0, done.stderr
    assert result_of(folder) == uninterrupted


@pytest.mark.full
def test_a_fit_killed_at_each_point_of_writing_ends_the_same(tmp_path, uninterrupted):
    folder = tmp_path / "run"
    for count, point in enumerate(POINTS, 2):
        done = resume(folder, command=[*KILLED, point, str(count)])
        assert done.returncode == -signal.SIGKILL, (point, done.stderr)
    done = resume(folder)
    assert done.returncode == 0, done.stderr
    assert result_of(folder) == uninterrupted
    left = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    assert left[0].startswith("checkpoint-")
    assert left[1:] == [
        "detector.npz", "experiment.json", "history.csv", "manifest.json", "metrics.json",
        "model.keras", "report.html", "run.json",
    ]  # fmt: skip


def test_a_finished_fit_is_not_run_again_and_takes_more_epochs(tmp_path):
    folder = tmp_path / "run"
    short = ["--hidden-dims", "8", "--latent-dim", "2", "--threads", "1", "--json"]
    assert (
        run("fit", "--dataset", "mnist5k", *short, "--epochs", 2, "--out", folder).returncode == 0
    )
    before = (folder / "model.keras").stat()
    again = run("fit", "--resume", folder, "--json")
    assert json.loads(again.stdout)["epochs"] == 2
    assert (folder / "model.keras").stat().st_mtime_ns == before.st_mtime_ns
    refused = run("fit", "--resume", folder, "--l1", "0.5", "--epochs", 1)
    assert refused.returncode == 2
    assert "epochs: 2 there, 1 here" in refused.stderr
    assert "l1: 0.0 there, 0.5 here" in refused.stderr
    more = json.loads(run("fit", "--resume", folder, "--epochs", 3, "--json").stdout)
    assert (more["epochs"], more["extended_at"]) == (3, [2])


@contextlib.contextmanager
def started(*words):
    """A process that has come to its training."""
    process = subprocess.Popen(
        [*KERASAE, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(folder, pattern, process):
    while not list(folder.glob(pattern)):
        assert process.poll() is None, process.stderr.read()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.full)],
)
def test_a_signal_ends_a_fit_which_says_how_to_resume(tmp_path, uninterrupted, number, code):
    folder = tmp_path / "run"
    with started(*FIT, "--out", folder) as process:
        wait_for(folder, "checkpoint-*", process)
        owner = rf"is in use by process {process.pid} on .* since .*fit --dataset mnist5k"
        with pytest.raises(ArtifactError, match=owner), owned(folder, resume=True):
            pass
        process.send_signal(number)
        _, error = process.communicate()
    assert process.returncode == code, error
    assert error.splitlines()[-1] == (
        f"kerasae: interrupted by {number.name}; resume with: kerasae fit --resume {folder} "
        f"--threads 1"
    )
    assert not list(folder.glob(".new-*"))
    assert resume(folder).returncode == 0
    assert result_of(folder) == uninterrupted


def limit_files(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_full_disk_ends_a_fit_which_is_resumed_when_there_is_room(tmp_path, uninterrupted):
    folder = tmp_path / "run"
    done = run(*FIT, "--out", folder, preexec_fn=limit_files(50_000))
    assert done.returncode == 1
    (line,) = [one for one in done.stderr.splitlines() if one.startswith("kerasae: ")]
    assert str(folder / "checkpoint-000001") in line
    assert "no room" in line
    assert f"kerasae fit --resume {folder}" in line
    left = sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    assert left == ["experiment.json", "run.json"]
    assert resume(folder).returncode == 0
    assert result_of(folder) == uninterrupted


@pytest.fixture(scope="module")
def whole_sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "sweep"
    done = run(*SWEEP, "--jobs", 1, "--out", folder)
    assert done.returncode == 0, done.stderr
    return sweep_result(folder)


def sweep_result(folder):
    with (folder / "results.csv").open() as file:
        rows = [
            {key: value for key, value in row.items() if key not in TIMED}
            for row in csv.DictReader(file)
        ]
    assert rows
    return rows, [result_of(folder / "trials" / row["trial"]) for row in rows]


@pytest.mark.parametrize(
    "words",
    [
        ["--executor", "serial"],
        pytest.param(["--jobs", "2"], marks=pytest.mark.full),
        pytest.param(
            ["--executor", "ray", "--jobs", "1"], marks=[pytest.mark.ray, pytest.mark.full]
        ),
    ],
)
def test_where_the_trials_run_does_not_change_a_bit(tmp_path, whole_sweep, words):
    if "ray" in words:
        pytest.importorskip("ray", reason="needs kerasae[ray]")
    done = run(*SWEEP, *words, "--out", tmp_path / "sweep")
    assert done.returncode == 0, done.stderr
    assert sweep_result(tmp_path / "sweep") == whole_sweep


@pytest.mark.full
def test_a_killed_sweep_goes_on_and_takes_more_trials(tmp_path, whole_sweep):
    folder = tmp_path / "sweep"
    with started(*SWEEP, "--jobs", 1, "--out", folder) as process:
        wait_for(folder, "trials/*/metrics.json", process)
        process.kill()
    (finished,) = folder.glob("trials/*/metrics.json")
    before = finished.stat().st_mtime_ns
    refused = run("sweep", "--resume", folder, "--l1", "0.5")
    assert refused.returncode == 2
    assert "l1: 0.0 there, 0.5 here" in refused.stderr
    fewer = run("sweep", "--resume", folder, "--latent-dims", "3,1")
    assert fewer.returncode == 2
    assert "--latent-dims: received [3, 1]; expected those that the sweep was begun" in fewer.stderr
    done = run("sweep", "--resume", folder, "--jobs", 2, "--json")
    assert done.returncode == 0, done.stderr
    assert sweep_result(folder) == whole_sweep
    assert json.loads((folder / "sweep.json").read_text())["jobs"] == 2
    assert finished.stat().st_mtime_ns == before
    words = ["--hidden-dims", "8", "--hidden-dims", "4,3", "--latent-dims", "3,2,1"]
    more = run("sweep", "--resume", folder, *words, "--keep", "best", "--json")
    rows = json.loads(more.stdout)["results"]
    assert [row["latent_dim"] for row in rows] == [3, 2, 1, 3, 2, 1]
    assert finished.stat().st_mtime_ns == before
    best = min(rows, key=lambda row: row["val_mse"])["trial"]
    assert [path.parent.name for path in folder.glob("trials/*/model.keras")] == [best]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, and a function that gives it more room."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(size, *more):
        options = ",".join([f"size={size}", *more])
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        return subprocess.run(words, capture_output=True).returncode

    try:
        mounted = mount("400k") == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("this user may not mount a file system")
    yield place, lambda: mount("100m", "remount")
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.full
def test_a_full_disk_ends_a_sweep_which_is_resumed_when_there_is_room(small_disk, whole_sweep):
    place, make_room = small_disk
    folder = place / "sweep"
    done = run(*SWEEP, "--jobs", 2, "--out", folder)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"{folder}/" in last
    assert "there is no room for it (No space left on device)" in last
    assert last.endswith(f"resume with: kerasae sweep --resume {folder} --jobs 2")
    assert make_room() == 0
    done = run("sweep", "--resume", folder, "--json")
    assert done.returncode == 0, done.stderr
    assert sweep_result(folder) == whole_sweep


def test_no_room_for_the_images_is_told_in_a_line(tmp_path):
    done = run(*SWEEP, "--out", tmp_path / "sweep", preexec_fn=limit_files(50_000))
    assert done.returncode == 1
    assert "there is no room for the images" in done.stderr.splitlines()[-1]
    assert "kerasae sweep --resume" in done.stderr

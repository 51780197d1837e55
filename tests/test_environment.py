"""Commands and calls where the environment is set up for other programs."""

import json
import os
import subprocess
import sys

import pytest

INLINE = "module://matplotlib_inline.backend_inline"
SMALL = ("--dataset", "mnist5k", "--epochs", "1", "--hidden-dims", "8", "--l1", "0")


def python(*words, **environment):
    return subprocess.run(
        [sys.executable, *map(str, words)], capture_output=True, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip


@pytest.fixture
def keras_home(tmp_path):
    """The settings of somebody who uses Keras on PyTorch, with channels first."""
    settings = {"backend": "torch", "image_data_format": "channels_first"}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    return str(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend", [pytest.param({}, marks=pytest.mark.full), {"KERAS_BACKEND": "jax"}]
)
def test_a_command_trains_and_draws_whatever_keras_and_matplotlib_are_set_to(
    keras_home, tmp_path, backend
):
    folder = tmp_path / "sweep"
    command = ("-m", "kerasae_cli.main", "sweep", *SMALL, "--latent-dims", "4", "--out", folder)
    done = python(*command, KERAS_HOME=keras_home, MPLBACKEND=INLINE, **backend)
    assert done.returncode == 0, done.stderr
    assert list(folder.glob("*.png"))


@pytest.mark.full
def test_the_library_trains_whatever_keras_json_says(keras_home):
    code = "import kerasae; print(kerasae.fit('mnist5k', epochs=1, verbose=0).metrics['epochs'])"
    done = python("-c", code, KERAS_HOME=keras_home)
    assert (done.stdout, done.returncode) == ("1\n", 0), done.stderr


def test_the_library_refuses_another_backend_before_it_trains():
    code = "import kerasae; kerasae.fit('mnist5k', epochs=1)"
    done = python("-c", code, KERAS_BACKEND="jax")
    assert "KERAS_BACKEND: received 'jax'; expected tensorflow" in done.stderr.splitlines()[-1]

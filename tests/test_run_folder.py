"""Folders that one process at a time owns."""

import pytest

from kerasae.errors import ArtifactError
from kerasae.files.owned_folder import owned


def test_a_folder_that_is_refused_is_left_as_it_was(tmp_path):
    (tmp_path / "theirs").touch()
    with pytest.raises(ArtifactError, match="is not empty"), owned(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]


def test_a_folder_of_hidden_files_is_new_and_one_that_was_owned_is_not(tmp_path):
    (tmp_path / ".new-x").touch()
    with owned(tmp_path):
        (tmp_path / "a").touch()
        with pytest.raises(ArtifactError, match="is in use by process"), owned(tmp_path):
            pass
    with pytest.raises(ArtifactError, match="is not empty"), owned(tmp_path):
        pass
    with owned(tmp_path, resume=True):
        pass


@pytest.mark.parametrize("name", ["trials", "trials/a", "trials/a/model.keras", "tensorboard"])
@pytest.mark.parametrize("there", [True, False])
def test_a_link_out_of_a_folder_is_refused_and_nothing_is_written_through_it(tmp_path, name, there):
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    if there:
        elsewhere.mkdir()
    link = folder / name
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with (
        pytest.raises(ArtifactError, match=rf"{name}: is a symbolic link out of"),
        owned(folder, resume=True),
    ):
        pass
    assert not there or not any(elsewhere.iterdir())


def test_a_link_within_a_folder_is_not_refused(tmp_path):
    (tmp_path / "trials" / "a").mkdir(parents=True)
    (tmp_path / "best").symlink_to("trials/a")
    with owned(tmp_path, resume=True):
        pass


def test_a_folder_whose_name_is_too_long_is_refused(tmp_path):
    with (
        pytest.raises(ArtifactError, match=r"name too long.*choose another"),
        owned(tmp_path / ("x" * 300)),
    ):
        pass

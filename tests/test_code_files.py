"""Files of codes: names that are no text, and disks without room."""

import csv

import numpy as np
import pytest

from kerasae.errors import ArtifactError, DiskFull
from kerasae.inference.code_files import ENDINGS, check_codes_file, write_codes

CODES = np.arange(2000, dtype=np.float32).reshape(1000, 2)


def need_for(ending):
    if ending == ".parquet":
        pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_name_that_is_no_text_is_spelled_out(tmp_path, ending):
    need_for(ending)
    path = tmp_path / f"a{ending}"
    write_codes(path, ["a\udc80.png", "ü.png"], CODES[:2])
    if ending == ".csv":
        with path.open(encoding="utf-8") as file:
            names = [row["image"] for row in csv.DictReader(file)]
    else:
        from pyarrow import parquet

        names = parquet.read_table(path).to_pydict()["image"]
    assert names == ["a\\udc80.png", "ü.png"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path, full_disk, ending):
    need_for(ending)
    path = tmp_path / f"a{ending}"
    full_disk(500)
    with pytest.raises(DiskFull, match="there is no room"):
        write_codes(path, ["a.png"] * len(CODES), CODES)
    assert list(tmp_path.iterdir()) == []


def test_only_a_new_file_of_a_possible_name_is_written(tmp_path):
    check_codes_file(tmp_path / "new" / "a.npy")
    (tmp_path / "a.csv").symlink_to("nowhere")
    with pytest.raises(ArtifactError, match="is there already"):
        check_codes_file(tmp_path / "a.csv")
    with pytest.raises(ArtifactError, match="name too long"):
        check_codes_file(tmp_path / ("x" * 300 + ".npy"))

"""Writing the codes of pictures: `.npy`, `.csv` or `.parquet`."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasae.errors import InvalidSetting
from kerasae.extras import need
from kerasae.files import whole_files

ENDINGS = (".npy", ".csv", ".parquet")


def check_codes_file(path: Path) -> None:
    """Checks, before anything is computed, that codes can be written to a new file.

    Raises:
        InvalidSetting: If its ending is not one of `ENDINGS`.
        ArtifactError: If there is something already, or the name cannot be one.
        MissingExtra: If it is a Parquet file and pyarrow is missing.
    """
    if path.suffix not in ENDINGS:
        raise InvalidSetting("out", str(path), f"a file that ends in {', '.join(ENDINGS)}")
    whole_files.check_new(path)
    if path.suffix == ".parquet":
        need("pyarrow", "parquet")


def write_codes(path: Path, names: Sequence[str], codes: NDArray[np.float32]) -> None:
    """Writes codes in one piece.

    Args:
        path: `.npy` gets the array alone; `.csv` and `.parquet` a column `image` with the
            names and a column `code_0`, `code_1`, … for each unit.
        names: The pictures' names.
        codes: `float32`, `(pictures, latent_dim)`.

    Raises:
        ArtifactError: If the file cannot be written.
    """
    units = [f"code_{number}" for number in range(codes.shape[1])]
    if path.suffix == ".csv":
        rows = [
            {"image": name, **dict(zip(units, map(float, code), strict=True))}
            for name, code in zip(names, codes, strict=True)
        ]
        whole_files.write_csv(path, ["image", *units], rows)
    elif path.suffix == ".parquet":
        whole_files.save_with(path, lambda place: _parquet(place, names, units, codes))
    else:
        whole_files.save_with(path, lambda place: place.write_bytes(_npy(codes)))


def _npy(codes: NDArray[np.float32]) -> memoryview:
    # When NumPy writes to a file itself, it does not say that the disk is full.
    content = io.BytesIO()
    np.save(content, codes)
    return content.getbuffer()


def _parquet(place: Path, names: Sequence[str], units: list[str], codes: NDArray[Any]) -> None:
    import pyarrow
    from pyarrow import parquet

    columns = dict(zip(units, codes.T, strict=True))
    # File names need not be text.
    titles = [name.encode("utf-8", "backslashreplace").decode("utf-8") for name in names]
    parquet.write_table(pyarrow.table({"image": titles, **columns}), place)

"""Readers under random and mutated input: only our own refusals may come out."""

import contextlib
import copy
import gzip
import io
import json
import random
import struct
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kerasae_cli.config_file import read_config
from model_parts import good_config, members, weights
from own_image_cases import picture

from kerasae.data.csv_images import read_csv
from kerasae.data.idx import read_idx
from kerasae.data.npz import map_npy, read_npz
from kerasae.data.picture_files import pillow_quiet, read_picture
from kerasae.errors import DataError, InvalidSetting, ModelFileError
from kerasae.experiment import Experiment
from kerasae.files.bounded_json import parse_json
from kerasae.files.local_files import Refused
from kerasae.runs.reading import parse_experiment
from kerasae.safety.model_config import check_model_config
from kerasae.safety.model_files import checked_model
from kerasae.safety.weights_file import count_weights

FAST = settings(max_examples=200, deadline=None)
SLOW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return file.getvalue()


def npz():
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(6, dtype=np.uint8).reshape(2, 3))
    return file.getvalue()


def npy():
    file = io.BytesIO()
    np.save(file, np.arange(6, dtype=np.uint8).reshape(2, 3))
    return file.getvalue()


IDX = bytes([0, 0, 8, 2]) + struct.pack(">2I", 2, 3) + bytes(6)


@st.composite
def mutated(draw, content):
    """Valid content with some bytes changed, cut off or repeated."""
    data = bytearray(content)
    places = st.integers(0, max(len(data) - 1, 0))
    for place, value in draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=8)):
        data[place] = value
    start, end = sorted(draw(st.tuples(places, places)))
    how = draw(st.sampled_from(["keep", "cut", "drop", "repeat"]))
    if how == "cut":
        del data[end:]
    elif how == "drop":
        del data[start:end]
    elif how == "repeat":
        data[start:start] = data[start:end]
    return bytes(data)


@contextlib.contextmanager
def written(content, name):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield path


def refusing_only(error, read):
    """Reads; what it raises must be our own error, in one line."""
    line = ""
    try:
        read()
    except error as refused:
        line = str(refused)
    assert line.isprintable()


@FAST
@given(st.one_of(st.binary(max_size=60), mutated(IDX)))
def test_an_idx_reader_only_refuses(content):
    for name, data in (("a", content), ("a.gz", content), ("a.gz", gzip.compress(content))):
        with written(data, name) as path:
            refusing_only(DataError, lambda path=path: read_idx(path))


@FAST
@given(mutated(gzip.compress(IDX)))
def test_an_idx_reader_only_refuses_damaged_gzip(content):
    with written(content, "a.gz") as path:
        refusing_only(DataError, lambda: read_idx(path))


@FAST
@given(mutated(npz()), mutated(npy()))
def test_an_npz_reader_only_refuses(archive, array):
    with written(archive, "a.npz") as path:
        refusing_only(DataError, lambda: read_npz(path, ["a"]))
    with written(zipped({"a.npy": array}), "a.npz") as path:
        refusing_only(DataError, lambda: read_npz(path, ["a"]))
    with written(array, "a.npy") as path:
        refusing_only(DataError, lambda: map_npy(path))


@FAST
@given(
    st.sampled_from(("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM")).flatmap(
        lambda kind: mutated(picture(0, kind))
    )
)
def test_a_picture_reader_only_refuses(content):
    with written(content, "a.png") as path, pillow_quiet():
        refusing_only(DataError, lambda: read_picture(path))


@FAST
@given(mutated(b"label,a,b,c,d\n1,0,255,3,4\n2,1,2,3,4\n"))
def test_a_csv_reader_only_refuses(content):
    with written(content, "a.csv") as path:
        refusing_only(DataError, lambda: read_csv(path))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["class_name", "config", "name", "module"]), inner)
    ),
    max_leaves=6,
)


def places_in(value, path=()):
    """Every place in a parsed JSON value."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        if isinstance(item, dict | list):
            yield from places_in(item, (*path, key))
        else:
            yield (*path, key)


PLACES = [path for path in places_in(good_config()) if path]


@FAST
@given(st.sampled_from(PLACES), JSON, st.sampled_from(PLACES))
def test_a_configuration_is_refused_or_comes_out_harmless(place, value, other):
    config = good_config()
    for path, new in ((place, value), (other, None)):
        with contextlib.suppress(LookupError, TypeError):
            holder = config
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = copy.deepcopy(new)
    try:
        checked = check_model_config(config)
    except Refused:
        return
    # What comes out is accepted again as it is, so nothing was let by that a check refuses.
    assert check_model_config(copy.deepcopy(checked.config)).config == checked.config


@FAST
@given(JSON)
def test_any_other_value_is_no_model(value):
    with pytest.raises(Refused):
        check_model_config(value)


@FAST
@given(st.one_of(st.binary(max_size=99), mutated(json.dumps(good_config()).encode())))
def test_a_json_parser_only_refuses(content):
    with contextlib.suppress(Refused):
        parse_json(content, 64)


@SLOW
@given(mutated(zipped(members())))
def test_the_gate_only_refuses(content):
    def through():
        with checked_model(path):
            pass

    with written(content, "a.keras") as path:
        refusing_only(ModelFileError, through)


@pytest.mark.parametrize("seed", range(8))
def test_damaged_weights_are_refused_or_hold_what_they_say(tmp_path, seed):
    numbers = random.Random(seed)
    content = bytearray(weights())
    for _ in range(numbers.randrange(1, 40)):
        content[numbers.randrange(len(content))] = numbers.randrange(256)
    (tmp_path / "model.weights.h5").write_bytes(content)
    with contextlib.suppress(Refused):
        assert count_weights(tmp_path / "model.weights.h5") <= len(content)


SETTINGS = Experiment("mnist5k").to_dict()


@FAST
@given(st.dictionaries(st.sampled_from([*SETTINGS, "hook"]), JSON, max_size=3))
def test_the_settings_of_a_run_are_refused_or_come_back(changes):
    with contextlib.suppress(Refused):
        experiment = parse_experiment({**SETTINGS, **changes})
        assert parse_experiment(json.loads(json.dumps(experiment.to_dict()))) == experiment


@FAST
@given(st.one_of(st.text(max_size=60).map(str.encode), mutated(b"[fit]\nepochs = 5\n")))
def test_a_toml_reader_only_refuses(content):
    def read():
        with contextlib.suppress(InvalidSetting):
            read_config(path, {"fit": {"epochs": "epochs"}})

    with written(content, "a.toml") as path:
        refusing_only(DataError, read)

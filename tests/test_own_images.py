"""Data sets of one's own: folders of pictures and files of arrays."""

import gzip
import struct
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from own_image_cases import png
from picture_cases import pattern, write_pictures
from PIL import Image

from kerasae.data.datasets import load_dataset
from kerasae.data.image_data import short_name
from kerasae.data.image_store import new_images, new_npy
from kerasae.data.picture_files import measure_picture, pixels_of, read_picture
from kerasae.errors import DataError, InvalidSetting


def rows_of(images, source):
    """Finds each image's number in the source."""
    rows = [np.flatnonzero([np.array_equal(image, other) for other in source]) for image in images]
    assert all(len(numbers) == 1 for numbers in rows)
    return [int(numbers[0]) for numbers in rows]


def test_every_picture_of_a_folder_is_in_one_part_and_the_split_is_always_the_same(tmp_path):
    write_pictures(tmp_path, 20)
    data, again = load_dataset(str(tmp_path)), load_dataset(str(tmp_path))
    source = [pattern(number) for number in range(20)]
    rows = rows_of(data.train, source), rows_of(data.test, source)
    assert sorted(rows[0] + rows[1]) == list(range(20))
    assert len(rows[1]) == 2
    assert data.name == str(tmp_path)
    assert data.checksums() == again.checksums()


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "tif", "bmp", "gif", "pnm"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_each_format_is_read_in_its_colours(tmp_path, ending, mode):
    for number in range(2):
        Image.new(mode, (5, 4), 90 + 9 * number).save(tmp_path / f"{number}.{ending}")
    data = load_dataset(str(tmp_path))
    # WebP knows no grayscale.
    gray = mode == "L" and ending != "webp"
    assert data.train.shape == ((1, 4, 5) if gray else (1, 4, 5, 3))
    first = int(data.train_files[0].name[0])
    assert abs(int(data.train.flat[0]) - 90 - 9 * first) <= 3


def test_sub_folders_are_classes(tmp_path):
    for number, name in enumerate(("dogs [x]", "cats", "Zürich")):
        write_pictures(tmp_path / name / "deeper", 4 + number)
    write_pictures(tmp_path / ".hidden", 3)
    data = load_dataset(str(tmp_path))
    assert data.class_names == ("Zürich", "cats", "dogs [x]")
    labels = np.concatenate([data.train_labels, data.test_labels])
    assert np.bincount(labels).tolist() == [6, 5, 4]


def test_unequal_sizes_are_listed_and_converted_when_asked(tmp_path):
    write_pictures(tmp_path, 5)
    write_pictures(tmp_path / "wide", 2, width=9, channels=3)
    with pytest.raises(
        DataError, match=r"2 sizes: 6x8 \(5, .*\), 9x8 \(2, .*--image-size"
    ) as error:
        load_dataset(str(tmp_path))
    assert len(str(error.value).splitlines()) == 1
    assert load_dataset(str(tmp_path), image_size=(4, 3)).train.shape[1:] == (4, 3, 3)
    gray = load_dataset(str(tmp_path), image_size=(4, 3), grayscale=True)
    assert gray.train.shape[1:] == (4, 3)


def test_gray_is_the_luma_of_itu_r_601():
    for colour, expected in ((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29):
        image = Image.new("RGB", (1, 1), colour)
        assert pixels_of(image, gray=True).item() == expected


def animated(path, kind="PNG"):
    frames = [Image.new("L", (6, 8), value) for value in (0, 255)]
    frames[0].save(path, kind, save_all=True, append_images=frames[1:])


def tiff_of_frames(path, count):
    """Writes a TIFF whose frames all show the same byte, each in 6 tags."""
    tags = {256: 1, 257: 1, 258: 8, 262: 1, 273: 8, 279: 1}
    size = 2 + 12 * len(tags) + 4
    body = struct.pack("<H", len(tags))
    body += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    nexts = [10 + size * number for number in range(1, count)] + [0]
    frames = b"".join(body + struct.pack("<I", place) for place in nexts)
    path.write_bytes(b"II*\0" + struct.pack("<IH", 10, 7) + frames)


def cut(path):
    Image.fromarray(pattern(0)).save(path)
    path.write_bytes(path.read_bytes()[:-40])


BAD = {
    "text": (lambda path: path.write_text("hello"), "is no PNG"),
    "empty": (lambda path: path.touch(), "is no PNG"),
    "folder": (lambda path: path.mkdir(), None),
    "cut": (cut, "cannot be read|damaged"),
    "bomb": (lambda path: path.write_bytes(png(30_000, 30_000, b"")), "pixels"),
    "animated": (animated, "several frames"),
    "webp": (lambda path: animated(path, "WEBP"), "several frames"),
    "tiff": (lambda path: animated(path, "TIFF"), "several frames"),
    "float": (lambda path: Image.new("F", (6, 8)).save(path, "TIFF"), "mode F"),
    "ico": (lambda path: Image.new("L", (6, 8)).save(path, "ICO"), "is no PNG"),
    "dangling": (lambda path: path.symlink_to("nowhere"), "No such file"),
}


@pytest.mark.parametrize("kind", BAD)
def test_one_bad_picture_is_named_and_can_be_left_out(tmp_path, kind):
    make, reason = BAD[kind]
    write_pictures(tmp_path / "p", 12)
    # A closing tag of rich's markup, as far as a path can hold one.
    (tmp_path / "p" / "bad [").mkdir()
    make(tmp_path / "p" / "bad [" / "x] ü.png")
    if reason is None:  # a folder is none of the pictures
        assert len(load_dataset(str(tmp_path / "p")).train) == 11
        return
    with pytest.raises(DataError, match=rf"bad \[/x\] ü\.png: .*({reason})") as refused:
        load_dataset(str(tmp_path / "p"))
    assert len(str(refused.value).splitlines()) == 1
    data = load_dataset(str(tmp_path / "p"), skip_bad=True)
    assert len(data.train) + len(data.test) == 12
    assert len(data.skipped) == 1
    assert "ü.png" in data.skipped[0]


def test_the_frames_of_a_tiff_are_not_walked_through(tmp_path):
    tiff_of_frames(tmp_path / "one.tif", 1)
    assert measure_picture(tmp_path / "one.tif").gray
    tiff_of_frames(tmp_path / "many.tif", 20_001)
    started = time.process_time()
    with pytest.raises(DataError, match="several frames"):
        measure_picture(tmp_path / "many.tif")
    assert time.process_time() - started < 1


def test_a_photo_with_a_preview_behind_it_is_one_picture(tmp_path):
    animated(tmp_path / "a.jpg", "MPO")
    with Image.open(tmp_path / "a.jpg") as image:
        assert image.n_frames == 2
    assert read_picture(tmp_path / "a.jpg").image.size == (6, 8)


def test_a_folder_of_nothing_but_bad_pictures_is_refused(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(DataError, match="none of its 1 images"):
        load_dataset(str(tmp_path), skip_bad=True)


def test_sixteen_bits_become_eight(tmp_path):
    values = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    Image.fromarray(values).save(tmp_path / "a.png")
    image = np.asarray(read_picture(tmp_path / "a.png").image)
    assert image.tolist() == [[0, 0, 1, 1, 128, 255]]


def test_cmyk_and_transparency_become_rgb(tmp_path):
    Image.new("CMYK", (4, 4), (0, 255, 255, 0)).save(tmp_path / "red.jpg", quality=100)
    red = np.asarray(read_picture(tmp_path / "red.jpg").image)
    assert np.abs(red.astype(int) - [255, 0, 0]).max() <= 8
    Image.new("RGBA", (4, 4), (9, 9, 9, 0)).save(tmp_path / "clear.png")
    clear = read_picture(tmp_path / "clear.png")
    assert clear.image.getpixel((0, 0)) == (255, 255, 255)
    assert clear.alpha.getextrema() == (0, 0)


def test_a_photo_taken_on_its_side_is_seen_upright(tmp_path):
    image = Image.fromarray(pattern(1))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "0.png", exif=exif)
    image.rotate(180).save(tmp_path / "1.png", exif=exif)
    data = load_dataset(tmp_path)
    expected = {0: np.rot90(pattern(1), -1), 1: np.rot90(pattern(1), 1)}
    for images, files in ((data.train, data.train_files), (data.test, data.test_files)):
        np.testing.assert_array_equal(images[0], expected[int(files[0].name[0])])


def test_arrays_that_do_not_fit_are_mapped(tmp_path):
    images = new_images((3, 2, 2), most_in_memory=11)
    images[1] = 7
    assert isinstance(images, np.memmap)
    assert images.sum() == 28


ROOM = 3 << 20


def has_room(status):
    return status.st_size >= ROOM and status.st_blocks * 512 >= status.st_size


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_mapped_files_have_their_room_before_anything_is_written(tmp_path):
    array = new_npy(tmp_path / "a.npy", (ROOM, 1))
    assert (array.shape, array.dtype, int(array.max())) == ((ROOM, 1), np.uint8, 0)
    assert np.load(tmp_path / "a.npy").shape == (ROOM, 1)
    assert has_room((tmp_path / "a.npy").stat())
    images = new_images((3, 1, ROOM // 3), most_in_memory=1)
    assert len(images) == 3
    # The mapping keeps its nameless file open.
    handles = [path for path in Path("/proc/self/fd").iterdir() if path.exists()]
    sizes = [status for path in handles if (status := path.stat()).st_size == ROOM]
    assert len(sizes) == 1
    assert has_room(sizes[0])


IMAGES = np.stack([pattern(number) for number in range(10)])


@pytest.mark.parametrize("kind", ["npy", "fortran", "float", "npz", "labels", "split", "idx", "gz"])
def test_files_of_arrays_hold_the_same_images(tmp_path, kind):
    path = tmp_path / f"a.{kind}"
    if kind in ("npy", "fortran", "float"):
        path = tmp_path / "a.npy"
        np.save(path, {"npy": IMAGES, "fortran": np.asfortranarray(IMAGES)}.get(kind, IMAGES / 255))
    elif kind in ("npz", "labels", "split"):
        path = tmp_path / "a.npz"
        arrays = {
            "npz": {"pictures": IMAGES},
            "labels": {"images": IMAGES, "labels": np.arange(10)[:, None] // 5 * 7},
            "split": {"x_train": IMAGES[:8], "x_test": IMAGES[8:]},
        }
        np.savez_compressed(path, **arrays[kind])
    else:
        content = bytes([0, 0, 8, 3]) + struct.pack(">3I", *IMAGES.shape) + IMAGES.tobytes()
        path.write_bytes(gzip.compress(content) if kind == "gz" else content)
    data = load_dataset(str(path))
    train, test = rows_of(data.train, IMAGES), rows_of(data.test, IMAGES)
    assert sorted(train + test) == list(range(10))
    if kind == "split":
        assert test == [8, 9]
    if kind == "labels":
        assert data.class_names == ("0", "7")
        assert [row // 5 for row in train] == data.train_labels.tolist()


def test_colour_arrays_are_converted(tmp_path):
    colours = np.stack([pattern(number, channels=3) for number in range(4)])
    np.save(tmp_path / "a.npy", colours)
    data = load_dataset(str(tmp_path / "a.npy"), image_size=(5, 4), grayscale=True)
    assert data.train.shape == (3, 5, 4)
    assert load_dataset(str(tmp_path / "a.npy")).train.shape == (3, 8, 6, 3)


@pytest.mark.parametrize(
    ("array", "reason"),
    [
        (np.zeros((5, 4, 4, 2), np.uint8), "2 channels"),
        (np.zeros((5, 15), np.uint8), "rows of 15 numbers.*--image-size"),
        (np.full((5, 4, 4), 70_000), "up to 70,000"),
        (np.full((5, 4, 4), -1), "is -1; expected numbers from 0"),
        (np.full((5, 4, 4), 2.5), "up to 2.5 that are not whole"),
        (np.full((5, 4, 4), np.nan), "is nan"),
        (np.zeros((1, 4, 4), np.uint8), "holds one image"),
        (np.array(["a"]), "expected numbers"),
    ],
)
def test_arrays_of_something_else_are_refused(tmp_path, array, reason):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(DataError, match=reason) as refused:
        load_dataset(str(tmp_path / "a.npy"))
    assert "a.npy" in str(refused.value)


def test_paths_that_hold_no_images_are_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("no images")
    (tmp_path / "one.png").touch()
    np.savez(tmp_path / "a.npz", a=IMAGES, b=IMAGES)
    reasons = {"one.png": "is one picture", "notes.txt": "not an IDX", "a.npz": "holds a, b"}
    for name, reason in reasons.items():
        with pytest.raises(DataError, match=reason):
            load_dataset(str(tmp_path / name))
    (tmp_path / "one.png").unlink()
    with pytest.raises(DataError, match="holds no images"):
        load_dataset(str(tmp_path))
    with pytest.raises(InvalidSetting, match="there is no such file or folder"):
        load_dataset(str(tmp_path / "nowhere"))
    with pytest.raises(InvalidSetting, match="path of a folder"):
        load_dataset("nowhere")
    for name in ("fashion-mnist", "FashionMNIST", "fashion_mnist/"):
        with pytest.raises(InvalidSetting, match="did you mean fashion_mnist"):
            load_dataset(name)
    with pytest.raises(InvalidSetting, match="images of your own"):
        load_dataset("mnist5k", grayscale=True)


@pytest.mark.parametrize("name", ["a/b c", "../..", "$x$", "[/red]", "x" * 9])
def test_short_names_are_safe_for_files_and_titles(name):
    assert set(short_name(name)) <= set("abcdefghijklmnopqrstuvwxyz.-")
    assert not short_name(name).startswith((".", "-"))

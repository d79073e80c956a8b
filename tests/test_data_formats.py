"""Published formats are read back. What else comes is refused before, by its checksum."""

import io
import struct
import tarfile

import numpy as np
import pytest

from lindiff_nb.data import formats


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
    return {name: r.tobytes() for name, r in zip(formats.BATCHES, records, strict=True)}


@pytest.mark.parametrize("shape", [(5, 4, 4), (7,)])
def test_an_idx_file_is_read_back(shape):
    array = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.testing.assert_array_equal(formats.idx(pack_idx(array)), array)


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

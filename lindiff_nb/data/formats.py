"""The published file formats. A file comes here once its sha256 is the known one.

idx (LeCun)     00 00 08 ndim, ndim big-endian 32-bit sizes, then the bytes
CIFAR (binary)  records of 1 label and 3 x 32 x 32 pixels, red plane first; tar, gzipped
"""

import io
import struct
import tarfile

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.data.imageset import Bytes
from lindiff_nb.data.resize import gray

RECORD = 1 + 3 * 32 * 32
BATCHES = (*(f"data_batch_{k}" for k in range(1, 6)), "test_batch")


def idx(data: bytes) -> Bytes:
    """The bytes of an idx file, in the shape that it declares."""
    ndim = data[3]
    shape = struct.unpack_from(f">{ndim}I", data, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * ndim).reshape(shape)


def cifar(packed: bytes) -> tuple[Array, Bytes, Array, Bytes]:
    """Gray training images (N, 32, 32), their labels, and the same for the test images."""
    with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as archive:
        *batches, (test, test_labels) = [_batch(archive, name) for name in BATCHES]
    train, labels = zip(*batches, strict=True)
    return np.concatenate(train), np.concatenate(labels), test, test_labels


def _batch(archive: tarfile.TarFile, name: str) -> tuple[Array, Bytes]:
    """One member of the archive, read in place: nothing is unpacked to disk."""
    stream = archive.extractfile(f"cifar-10-batches-bin/{name}.bin")
    records = np.frombuffer(stream.read() if stream else b"", np.uint8).reshape(-1, RECORD)
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return gray(np.moveaxis(planes, 1, -1)), records[:, 0]

"""The published file formats, parsed strictly: magic number, shape and length must agree.

idx (LeCun)     00 00 08 ndim, ndim big-endian 32-bit sizes, then the bytes; gzipped
CIFAR (binary)  records of 1 label and 3 x 32 x 32 pixels, red plane first; tar, gzipped
"""

import gzip
import io
import math
import struct
import tarfile
import zlib

import numpy as np

from lindiff_nb._base.types import Array
from lindiff_nb.data.imageset import Bytes, DataUnavailable
from lindiff_nb.data.resize import gray

LARGEST = 2**28  # bytes; the largest file read here, CIFAR-10, unpacks to 184 MB
RECORD = 1 + 3 * 32 * 32
BATCHES = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")


def gunzip(packed: bytes, name: str) -> bytes:
    """The unpacked bytes; raises DataUnavailable if damaged or larger than 256 MiB."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            data = stream.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataUnavailable(f"{name} is not a whole gzip file: {error}") from error
    if len(data) > LARGEST:
        raise DataUnavailable(f"{name} unpacks to more than {LARGEST // 2**20} MiB")
    return data


def idx(data: bytes, ndim: int, name: str) -> Bytes:
    """An idx file of unsigned bytes with `ndim` axes; images must be square."""
    start = 4 + 4 * ndim
    if len(data) < start or data[:4] != bytes([0, 0, 8, ndim]):
        raise DataUnavailable(f"{name} is not an idx file of bytes with {ndim} axes")
    shape = struct.unpack(f">{ndim}I", data[4:start])
    if math.prod(shape) != len(data) - start or 0 in shape:
        found = len(data) - start
        raise DataUnavailable(f"{name} declares the shape {shape} and holds {found} bytes")
    if ndim == 3 and shape[1] != shape[2]:
        raise DataUnavailable(f"{name} declares images that are not square: {shape}")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape)


def labelled(images: Bytes, labels: Bytes, name: str) -> tuple[Bytes, Bytes]:
    """Images and labels, if there are as many of one as of the other."""
    if len(images) != len(labels):
        raise DataUnavailable(f"{name} has {len(images)} images and {len(labels)} labels")
    return images, labels


def cifar(packed: bytes) -> tuple[Array, Bytes, Array, Bytes]:
    """Gray training images (N, 32, 32), their labels, and the same for the test images."""
    plain = gunzip(packed, "the archive of CIFAR-10")
    try:
        with tarfile.open(fileobj=io.BytesIO(plain), mode="r:") as archive:
            batches = [_batch(archive, name) for name in BATCHES]
            test, test_labels = _batch(archive, "test_batch")
    except (KeyError, tarfile.TarError) as error:
        raise DataUnavailable(f"the archive of CIFAR-10 is not whole: {error}") from error
    train, labels = zip(*batches, strict=True)
    return np.concatenate(train), np.concatenate(labels), test, test_labels


def _batch(archive: tarfile.TarFile, name: str) -> tuple[Array, Bytes]:
    """One member of the archive, read in place: nothing is unpacked to disk."""
    stream = archive.extractfile(f"cifar-10-batches-bin/{name}.bin")
    data = stream.read() if stream else b""
    if not data or len(data) % RECORD:
        raise DataUnavailable(f"{name}.bin holds {len(data)} bytes, not records of {RECORD}")
    records = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    if records[:, 0].max() > 9:
        raise DataUnavailable(f"{name}.bin holds labels above 9")
    planes = records[:, 1:].reshape(-1, 3, 32, 32)
    return gray(np.moveaxis(planes, 1, -1)), records[:, 0]

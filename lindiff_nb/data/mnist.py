"""MNIST, embedded in part and published in full, in four files of the format idx."""

import gzip
from collections.abc import Iterable

from lindiff_nb.data import cache, embedded, formats
from lindiff_nb.data.cache import File
from lindiff_nb.data.embedded import Part
from lindiff_nb.data.imageset import Raw

PART = Part(
    "mnist10k_28.npz",
    "be4dd03b036ed2166b9c95b0c004dc6984697728efacddf46fdddbd01c4b2594",
    "digits",
    "the first 10,000 training images of MNIST, embedded in the package",
    "In the published order; split by position (the last 2,000 are the test set), because "
    "writers come in blocks: few write in both parts.",
)

NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def four_files(
    folder: str, addresses: tuple[str, ...], *facts: tuple[int, str]
) -> tuple[File, ...]:
    """The four files of a set, given the size and sha256 of each."""
    pairs = zip(NAMES, facts, strict=True)
    return tuple(File(folder, name, *fact, addresses) for name, fact in pairs)


MNIST = four_files(
    "mnist",
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
    (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
    (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
    (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
)


def digits(download: bool) -> Raw:
    """The embedded 10,000; with `download` all 70,000, or a warning if they cannot be had."""
    return embedded.or_all(PART, download, lambda: published(map(cache.fetch, MNIST)))


def published(files: Iterable[bytes]) -> Raw:
    """The content of the four files, packed or not, as images and labels."""
    x, y, x_test, y_test = (
        formats.idx(gzip.decompress(file) if file[:2] == b"\x1f\x8b" else file) for file in files
    )
    return Raw(x, x_test, "the published files, sha256 checked", "", y, y_test)

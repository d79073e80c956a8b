"""MNIST, embedded in part and published in full, and Fashion-MNIST, which shares its format."""

import hashlib
import io
import warnings
from importlib import resources
from pathlib import Path

import numpy as np

from lindiff_nb.data import cache, formats
from lindiff_nb.data.cache import File
from lindiff_nb.data.imageset import DataUnavailable, Raw

EMBEDDED = "mnist10k_28.npz"
EMBEDDED_SHA256 = "be4dd03b036ed2166b9c95b0c004dc6984697728efacddf46fdddbd01c4b2594"
EMBEDDED_TEST = 2000

DEBIAN = Path("/usr/share/datasets/fashion-mnist")
DEBIAN_SHA256 = (  # of the unpacked files: Debian packed them anew
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)

NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def _files(folder: str, addresses: tuple[str, ...], *facts: tuple[int, str]) -> tuple[File, ...]:
    """The four files of a set, given the size and sha256 of each."""
    pairs = zip(NAMES, facts, strict=True)
    return tuple(File(folder, name, *fact, addresses) for name, fact in pairs)


MNIST = _files(
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
FASHION = _files(
    "fashion-mnist",
    (
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion/",
    ),
    (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
    (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
    (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
    (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
)


def digits(download: bool) -> Raw:
    """The embedded 10,000 digits; with `download` all 70,000, or a warning if they cannot be had.

    Without `download` the answer is the embedded set even where the full one is cached: the
    same call gives the same images on every machine.
    """
    if not download:
        return embedded()
    try:
        return _published(MNIST, [cache.fetch(file) for file in MNIST])
    except DataUnavailable as error:
        warnings.warn(f"the embedded digits are used instead of all: {error}", stacklevel=4)
        raw = embedded()
        return raw._replace(note=f"The full set was asked for and not available. {raw.note}")


def embedded() -> Raw:
    """The first 10,000 training images of MNIST, split by position."""
    data = (resources.files("lindiff_nb.data") / EMBEDDED).read_bytes()
    if hashlib.sha256(data).hexdigest() != EMBEDDED_SHA256:
        raise DataUnavailable(f"{EMBEDDED} in the installed package is damaged (sha256 differs)")
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        x, y = arrays["x"], arrays["y"]
    return Raw(
        x[:-EMBEDDED_TEST],
        x[-EMBEDDED_TEST:],
        "the first 10,000 training images of MNIST, embedded in the package",
        "In the published order; split by position (the last 2,000 are the test set), because "
        "writers come in blocks: few write in both parts.",
        y[:-EMBEDDED_TEST],
        y[-EMBEDDED_TEST:],
    )


def fashion(download: bool) -> Raw:
    """Fashion-MNIST from Debian's package if it is installed, else from the cache or network."""
    if DEBIAN.is_dir():
        return _published(FASHION, _unpacked_by_debian())._replace(
            source="the Debian package dataset-fashion-mnist, sha256 checked"
        )
    get = cache.fetch if download else cache.read
    return _published(FASHION, [get(file) for file in FASHION])


def _unpacked_by_debian() -> list[bytes]:
    """Debian's four files, unpacked and checked."""
    files = []
    for name, sha256 in zip(NAMES, DEBIAN_SHA256, strict=True):
        try:
            data = formats.gunzip((DEBIAN / name).read_bytes(), name)
        except OSError as error:
            raise DataUnavailable(f"{DEBIAN / name} cannot be read: {error}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DataUnavailable(f"{DEBIAN / name} is not the published file (sha256 differs)")
        files.append(data)
    return files


def _published(files: tuple[File, ...], data: list[bytes]) -> Raw:
    """The four files, packed or unpacked, as images and labels."""
    plain = [
        formats.gunzip(d, f.name) if d[:2] == b"\x1f\x8b" else d
        for f, d in zip(files, data, strict=True)
    ]
    x, y, x_test, y_test = (
        formats.idx(d, ndim, f.name) for d, ndim, f in zip(plain, (3, 1, 3, 1), files, strict=True)
    )
    x, y = formats.labelled(x, y, "the training set")
    x_test, y_test = formats.labelled(x_test, y_test, "the test set")
    return Raw(x, x_test, "the published files, sha256 checked", "", y, y_test)

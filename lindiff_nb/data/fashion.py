"""Fashion-MNIST, in the format of MNIST: embedded in part, and in full from Debian or the network.

Debian's package dataset-fashion-mnist puts the four files into a folder of the system. It is used
when the whole set is asked for, and never otherwise: a page must not depend on what the machine
that builds it happens to have.
"""

import gzip
import hashlib
import os
import zlib
from pathlib import Path

from lindiff_nb.data import cache, embedded, mnist
from lindiff_nb.data.embedded import Part
from lindiff_nb.data.imageset import DataUnavailable, Raw

PART = Part(
    "fashion2k_28.npz",
    "ee412114d4b1abc8e9d7a782a842b3d4da4f9f4002e5273cebf9efa278db075d",
    "clothes",
    "the first 2,000 training images of Fashion-MNIST, embedded in the package",
    "In the published order; split by position (the last 400 are the test set).",
)
FILES = mnist.four_files(
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
DEBIAN_SHA256 = (  # of the unpacked files: Debian packed them anew
    "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
)


def clothes(download: bool) -> Raw:
    """The embedded 2,000; with `download` all 70,000, or a warning if they cannot be had."""
    return embedded.or_all(PART, download, _all)


def debian() -> Path:
    """Where Debian puts the set; LINDIFF_SYSTEM_DATA replaces the system's folder of data sets."""
    return Path(os.environ.get("LINDIFF_SYSTEM_DATA") or "/usr/share/datasets") / "fashion-mnist"


def _all() -> Raw:
    """Debian's copy if there is one, else the cached or downloaded files."""
    if not debian().is_dir():
        return mnist.published(map(cache.fetch, FILES))
    return mnist.published(_unpacked_by_debian())._replace(
        source="the Debian package dataset-fashion-mnist, sha256 checked"
    )


def _unpacked_by_debian() -> list[bytes]:
    """Debian's four files, unpacked and checked."""
    files = []
    for name, sha256 in zip(mnist.NAMES, DEBIAN_SHA256, strict=True):
        path = debian() / name
        try:
            data = gzip.decompress(path.read_bytes())
        except (OSError, EOFError, zlib.error) as error:
            raise DataUnavailable(f"{path} cannot be read: {error}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise DataUnavailable(f"{path} is not the published file (sha256 differs)")
        files.append(data)
    return files

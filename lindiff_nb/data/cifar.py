"""CIFAR-10 from its binary archive; the other archive, for Python, is a pickle."""

from lindiff_nb.data import cache, formats
from lindiff_nb.data.cache import File
from lindiff_nb.data.imageset import Raw

ARCHIVE = File(
    "cifar10",
    "cifar-10-binary.tar.gz",
    170_052_171,
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ("https://www.cs.toronto.edu/~kriz/",),
)


def read(download: bool) -> Raw:
    """The 50,000 training and 10,000 test images, gray."""
    packed = cache.fetch(ARCHIVE) if download else cache.read(ARCHIVE)
    train, labels, test, test_labels = formats.cifar(packed)
    source = "the published binary archive, sha256 checked"
    return Raw(train, test, source, "", labels, test_labels)

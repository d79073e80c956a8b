"""The table of image sets, and `load`."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from lindiff_nb._base import validate
from lindiff_nb.data import att, celeba, cifar, fashion, mnist, photographs, resize
from lindiff_nb.data.cache import File, folder
from lindiff_nb.data.imageset import DataUnavailable, ImageSet, Raw, Record


class About(NamedTuple):
    """What a set is called, whose it is, its files on the network, and how else to have it."""

    title: str
    licence: str
    credit: str
    files: tuple[File, ...] = ()
    otherwise: str = ""


SETS = {
    "mnist": About(
        "MNIST",
        "CC BY-SA 3.0",
        "Yann LeCun, Corinna Cortes, Christopher J. C. Burges",
        mnist.MNIST,
    ),
    "photo-crops": About(
        "photo crops",
        "public domain and CC0; china and flower: CC BY 2.0",
        "astronaut: NASA; camera: Lav Varshney; chelsea: Stefan van der Walt; coffee: Rachel "
        "Michetti and Pikolo Espresso Bar; rocket: SpaceX; china: danielbuechele; flower: "
        "vultilion",
    ),
    "fashion-mnist": About(
        "Fashion-MNIST",
        "MIT",
        "Zalando SE (Han Xiao, Kashif Rasul, Roland Vollgraf)",
        fashion.FILES,
        "Debian's package dataset-fashion-mnist serves as well",
    ),
    "cifar10": About(
        "CIFAR-10",
        "none stated by its authors; cite the report",
        "Alex Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        (cifar.ARCHIVE,),
    ),
    "celeba": About(
        "CelebA",
        "non-commercial research only, no redistribution",
        "Ziwei Liu, Ping Luo, Xiaogang Wang, Xiaoou Tang",
        (),
        f"its licence asks every user to fetch it: get {celeba.ARCHIVE.name} from its authors "
        f"({celeba.ARCHIVE.size / 1e6:,.0f} MB, sha256 {celeba.ARCHIVE.sha256}) and put it into "
        "the folder celeba of the cache",
    ),
    "att-faces": About(
        "AT&T faces",
        "free to use with credit",
        "AT&T Laboratories Cambridge",
    ),
}
NAMES = tuple(SETS)
SHOWN = {"mnist": "digits", "att-faces": "faces", "fashion-mnist": "clothes"}  # what is on them


def load(
    name: str,
    size: int = 16,
    *,
    download: bool = False,
    limit: int | None = None,
    crops: int = 20_000,
    seed: int = 0,
) -> ImageSet:
    """Gray images in [0, 1], averaged to size x size, training and test set, and their record.

    name      "mnist", "photo-crops", "fashion-mnist", "cifar10", "celeba" or "att-faces"
    size      pixels a side: area averages (see `resize`); larger than the original works too
    download  False never touches the network. True fetches what is not on this machine, sha256
              checked; "mnist" and "fashion-mnist" are then all 70,000 images instead of the
              embedded 10,000 and 2,000, or, when they cannot be had, the embedded ones with a
              warning
    limit     at most so many training images, and so many test images: the first ones
    crops     how many training crops for "photo-crops" (and a quarter as many test crops)
    seed      which random crops

    Raises ValueError for a bad argument, and DataUnavailable, saying what to do, for a set that
    is not on this machine or a file that is not the published one.
    """
    name = validate.choice("name", name, NAMES)
    size = validate.integer("size", size)
    crops = validate.integer("crops", crops)
    seed = validate.integer("seed", seed, low=0)
    limit = None if limit is None else validate.integer("limit", limit)
    if not isinstance(download, bool):
        raise validate.fail("download", download, "True or False")
    readers: dict[str, Callable[[], Raw]] = {
        "mnist": lambda: mnist.digits(download),
        "photo-crops": lambda: photographs.crops(size, crops, seed),
        "fashion-mnist": lambda: fashion.clothes(download),
        "cifar10": lambda: cifar.read(download),
        "celeba": lambda: celeba.read(size, limit),
        "att-faces": att.read,
    }
    try:
        raw = readers[name]()
    except DataUnavailable as error:
        raise DataUnavailable(_advice(name, download, error)) from error
    return _finish(SETS[name], raw, size, limit)


def available(
    names: Iterable[str],
    size: int = 16,
    *,
    download: bool = False,
    limit: int | None = None,
    crops: int = 20_000,
) -> dict[str, ImageSet]:
    """The sets of these names that are on this machine, by what they show; `load` has the rest.

    The keys are "digits", "photo crops", "faces", "clothes", "CIFAR-10" and "CelebA". A line on
    the screen tells of each what it is, or that it is left out. Use this to compare sets of which
    a reader may have some; raises ValueError as `load` does.
    """
    found = {}
    for name in names:
        try:
            images = load(name, size, download=download, limit=limit, crops=crops)
        except DataUnavailable:
            print(f"{name} is not on this machine: load({name!r}) says how to get it.")
            continue
        found[SHOWN.get(name, SETS[name].title)] = images
        print(images.record)
    return found


def _advice(name: str, download: bool, error: DataUnavailable) -> str:
    """What went wrong, and what would help."""
    about = SETS[name]
    steps = [f"{about.title} is not available: {error}"]
    if about.files:
        size = sum(file.size for file in about.files) / 1e6
        again = "again, with a network, " if download else ""
        steps.append(f"load({name!r}, download=True) {again}fetches it ({size:,.0f} MB)")
    if about.otherwise:
        steps.append(about.otherwise)
    if about.files or name == "celeba":
        steps.append(f"the cache is {folder()}")
    return "; ".join(steps)


def _finish(about: About, raw: Raw, size: int, limit: int | None) -> ImageSet:
    """The first `limit` images at their final size, and the record of what they are."""
    train, test = resize.area(raw.train[:limit], size), resize.area(raw.test[:limit], size)
    counts = len(train), len(test), size
    record = Record(about.title, raw.source, *counts, about.licence, about.credit, raw.note)
    labels = (y if y is None else y[:limit] for y in (raw.train_labels, raw.test_labels))
    return ImageSet(train, test, record, *labels)

"""Image sets as float arrays in [0, 1], each with a record of what it is and whose.

    from lindiff_nb.data import load
    digits = load("mnist", 16)
    print(digits.record)

What `load` returns without `download=True` is on this machine already, and nothing touches the
network; "mnist", "fashion-mnist" and "photo-crops" are then the same images on every machine.
Every file, embedded, bundled, cached or downloaded, is used only if its checksum is the
one written in this package; nothing is unpickled.

    LINDIFF_DATA          the cache folder, instead of the system's place for caches
    LINDIFF_DATA_MIRROR   a base address serving SET/FILE, used instead of the public ones
    LINDIFF_SYSTEM_DATA   the folder of data sets that the system installed, instead of
                          /usr/share/datasets; an empty folder puts them out of sight

own         `images`: a folder, an array or a set, read by one rule; `Images`
groups      which images belong together by their names
fitted      a picture in the colours, the cut and the size that are wanted
folders, arrays   what counts as a picture and what is in it; which axis of an array is which
sets, imageset   the table of sets, `load` and `available`, what it returns, and `select`
mnist, fashion, photographs, cifar, celeba, att   each set's own reader
embedded, cache, formats   where files lie, that they are the published ones, how they are read
resize      images of another size, by area
"""

from lindiff_nb.data.imageset import DataUnavailable, ImageSet, Record, select
from lindiff_nb.data.own import Images, images
from lindiff_nb.data.sets import NAMES, available, load

__all__ = [
    "NAMES",
    "DataUnavailable",
    "ImageSet",
    "Images",
    "Record",
    "available",
    "images",
    "load",
    "select",
]

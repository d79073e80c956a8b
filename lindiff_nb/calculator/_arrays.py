"""Arrays in files: .npy, .npz with one array, MATLAB's .mat up to version 7.

Nothing is unpickled.
"""

import io
import zipfile
from typing import BinaryIO

import numpy as np

from lindiff_nb.calculator._reading import LARGEST, Misfit, Numbers

LIMIT = 8 * LARGEST**2 + 2**16  # bytes of an array with its head


def from_npy(content: str | bytes) -> Numbers:
    """The array that numpy.save wrote to a path, or that is in these bytes."""
    try:
        if isinstance(content, str):
            return np.load(content, mmap_mode="r", allow_pickle=False)
        return np.load(io.BytesIO(content), allow_pickle=False)
    except OSError:
        raise
    except Exception as error:  # a damaged head lets numpy raise almost anything
        raise Misfit(f"not a whole array of numbers ({error})") from None


def from_npz(stream: BinaryIO) -> tuple[Numbers, str]:
    """The only array in an archive, and its name."""
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = [part for part in archive.infolist() if part.filename.endswith(".npy")]
            names = [part.filename.removesuffix(".npy") for part in parts]
            if len(parts) != 1:
                held = f"holds the arrays {', '.join(names[:9])}" if parts else "holds no array"
                raise Misfit(f"an archive (.npz?) that {held}; numpy.save writes one")
            if parts[0].file_size > LIMIT:
                raise Misfit(f"an archive with an array of {parts[0].file_size} bytes")
            return from_npy(archive.read(parts[0])), names[0]
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise Misfit(f"a damaged archive (.npz?): {error}") from None


def from_mat(stream: BinaryIO) -> tuple[Numbers, str]:
    """The only array of numbers in a MATLAB file, and its name."""
    from scipy.io import loadmat, whosmat

    try:
        held = [found for found in whosmat(stream) if found[2] != "char"]
        names = ", ".join(name for name, *_ in held[:9])
        if len(held) != 1:
            raise Misfit(f"a MATLAB file with the variables {names or 'none'}; save one alone")
        name, shape, kind = held[0]
        if kind == "sparse":
            raise Misfit(f"a MATLAB file in which {name} is no full matrix; save full({name})")
        if np.prod(shape, dtype=float) > LARGEST**2:
            raise Misfit(f"a MATLAB file with {name} of shape {tuple(shape)}")
        stream.seek(0)
        array = loadmat(stream, variable_names=[name])[name]
    except Misfit:
        raise
    except Exception as error:  # of a damaged file, almost anything
        raise Misfit(f"a MATLAB file that cannot be read ({error})") from None
    return array, name

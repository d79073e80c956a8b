"""`calculator.spectrum_file`: what is a spectrum is read, what is none is refused by its place."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import re
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lindiff_nb.calculator import _reading, _text_rows, read_spectrum, spectrum_file
from lindiff_nb.exact import spectra

GOOD = {
    "one a line": b"0.5\n3\n1e-2\n",
    "no line end": b"0.5\n3\n1e-2",
    "empty lines and spaces": b"\n 0.5\t\n\n3 \n1e-2\n\n\n",
    "comments": b"# mine\n0.5 # half\n#\n3\n1e-2\n",
    "header": b"eigenvalue\n0.5\n3\n1e-2\n",
    "quoted header of several words": b'"the eigenvalues", of\n0.5\n3\n1e-2\n',
    "Windows": b"0.5\r\n3\r\n1e-2\r\n",
    "old Macintosh": b"0.5\r3\r1e-2\r",
    "mark": b"\xef\xbb\xbf0.5\n3\n1e-2\n",
    "UTF-16": "0.5\n3\n1e-2\n".encode("utf-16"),
    "UTF-16 of the other end": b"\xfe\xff" + "0.5\n3\n1e-2\n".encode("utf-16-be"),
    "all on one line": b"0.5 3 1e-2\n",
    "all on one line, commas": b"0.5,3,1e-2",
    "semicolons after each": b"0.5;\n3;\n1e-2;\n",
    "rounded below zero": b"0.5\n3\n-1e-17\n9e-18\n1e-2\n",
    "rounded in single precision": b"0.5\n3\n-1e-8\n9e-9\n1e-2\n",
    "rounded, none below zero": b"0.5\n3\n1e-17\n0\n1e-2\n",
    "packed": gzip.compress(b"0.5\n3\n1e-2\n", mtime=0),
    "packed twice": gzip.compress(gzip.compress(b"0.5\n3\n1e-2\n"), mtime=0),
    "a name that is 0": b"0\n3.0\n0.5\n1e-2\n",
    "quoted": b'"3"\n"0.5"\n"1e-2"\n',
    "blanks about the commas": b"0.5 , 3 , 1e-2\n",
    "one name over one line": b"eigenvalues\n0.5 3 1e-2\n",
    "a diagonal covariance": b"3 0 0\n0 .5 0\n0 0 .01\n",
    "with names": b",a,b,c\na,3,0,0\nb,0,.5,0\nc,0,0,.01\n",
    "with names and blanks": b"a b c\na 3 0 0\nb 0 .5 0\nc 0 0 .01\n",
    "with names over it": b"a;b;c\n3;0;0\n0;.5;0\n0;0;.01\n",
    "with names before": b"a,3,0,0\nb,0,.5,0\nc,0,0,.01\n",
    "with counts": b",0,1,2\n0,3,0,0\n1,0,.5,0\n2,0,0,.01\n",
    "with counts over it": b"0,1,2\n3,0,0\n0,.5,0\n0,0,.01\n",
    "with its number of rows": b"3\n3 0 0\n0 .5 0\n0 0 .01\n",
    "in one column": b"1.75\n1.25\n0\n1.25\n1.75\n0\n0\n0\n.01\n",
    "in one column, counted": b"3\n1.75\n1.25\n0\n1.25\n1.75\n0\n0\n0\n.01\n",
    "on one line": b"1.75 1.25 0 1.25 1.75 0 0 0 .01\n",
}
NO_SQUARE = ": 3 lines of 2 numbers, neither a list nor a square matrix"
BAD = {
    "empty": (b"", ": no numbers in it"),
    "blank": (b"\n \n# 3\n", ": no numbers in it"),
    "header alone": (b"eigenvalue\n", ": no numbers in it"),
    "zeros": (b"0\n0.0\n", ": no eigenvalue is positive"),
    "words": (b"1\ntwo\n3\n", ", line 2: 'two' is not a number"),
    "a second header": (b"rank\nvalue\n1\n", ", line 2: 'value' is not a number"),
    "a slip in the first line": (b"1.o\n2\n", ", line 1: '1.o' is not a number"),
    "NaN": (b"1\n2\nnan\n", ", line 3: nan is not a finite number"),
    "NaN first": (b"nan\n2\n", ", line 1: nan is not a finite number"),
    "infinite": (b"1\n-inf\n", ", line 2: -inf is not a finite number"),
    "too large": (b"1\n1e999\n", ", line 2: 1e999 is not a finite number"),
    "negative": (b"# 0\n1\n-0.25\n-0.1\n", ", line 3: -0.25 is negative"),
    "a count above those that rise": (
        b"5\n.1\n.2\n.3\n.4\n.5\n",
        ", line 1: 5, a variance or the number",
    ),
    "a count above those that fall": (
        b"5\n.5\n.4\n.3\n.2\n.1\n",
        ", line 1: 5, a variance or the number",
    ),
    "not finite in a matrix": (b"3 1 0\n1 2 0\n0 inf 1\n", ", line 3: inf is not a finite number"),
    "all negative": (b"-1\n-2\n", ", line 1: -1.0 is negative"),
    "ranks beside": (b"1,0.5\n2,0.25\n3,0.1\n", ": 3 lines of 2 numbers, neither a list nor a"),
    "two ranks beside": (b"1,0.5\n2,0.25\n", ": a 2 x 2 matrix that is not symmetric (its first"),
    "an index beside, with names": (b",0\n0,2.5\n1,0.5\n2,0.25\n", ": 3 lines of 2 numbers"),
    "ranks from the third line on": (b"1\n2\n3 4\n", ", line 3: several numbers on a line"),
    "points beside ranks": (b"1 9\n2 8\n3 4\n", f"{NO_SQUARE}; the first column counts the lines"),
    "points that begin like ranks": (b"1 9\n2 8\n5 4\n", f"{NO_SQUARE}; for points or images x"),
    "points": (b"1 0 2\n0 1 3\n", ": 2 lines of 3 numbers, neither a list nor a square matrix"),
    "a matrix cut short": (b"2 0 0\n0 1\n", ", line 2: 2 numbers, where the lines before have 3"),
    "an indefinite matrix": (b"1 2\n2 1\n", ": a symmetric 2 x 2 matrix that is not positive"),
    "a matrix of correlations": (b"1 -.9 .9\n-.9 1 .9\n.9 .9 1", ": a symmetric 3 x 3 matrix that"),
    "the same in one column": (b"1\n-.9\n.9\n-.9\n1\n.9\n.9\n.9\n1", ": seems to be a symmetric 3"),
    "a number before no matrix": (b"3\n1 0\n0 1\n", ": 3, and then 2 lines of 2 numbers"),
    "an empty cell": (b"1,,2\n", ", line 1: an empty cell"),
    "names on some lines": (b"A 1 0\n0 1\n", ", line 2: a name before the numbers on some"),
    "one row under its names": (b"rank,value\n1,0.5\n", ": one line of 2 numbers under 2 names"),
    "one row under names and a corner": (b",a,b\n3.5,0.5\n", ": one line of 2 numbers under 2"),
    "underscore": (b"1\n1_000\n", ", line 2: '1_000' is not a number"),
    "decimal comma": (b"1,5\n0,5\n", ", line 1: '1,5': a decimal comma?"),
    "decimal comma later": (b"3\n0,5\n", ", line 2: '0,5': a decimal comma?"),
    "decimal commas and semicolons": (b"0,5;0,25;0,125\n", ", line 1: commas and semicolons"),
    "decimal commas and blanks": (b"0,5 0,25 0,125\n", ", line 1: blanks and ',' between numbers"),
    "decimal commas, then blanks": (b"3,5, 2,5, 1,5\n", ", line 1: '3,5, 2,5, 1,5': a decimal"),
    "a decimal comma and an exponent": (b"0,5e-1\n", ", line 1: '0,5e-1': a decimal comma?"),
    "thousands": (b"1,234\n", ", line 1: '1,234': a decimal comma?"),
    "thousands by a blank": (
        "1\u00a0000\n".encode(),
        ", line 1: '1\\xa0000': a blank within a number?",
    ),
    "thousands by a thin blank": (
        "3\n1\u202f000\n".encode(),
        ", line 2: '1\\u202f000': a blank within a number?",
    ),
    "millions": (b"1,234,567\n", ", line 1: '1,234,567': a decimal comma?"),
    "zero before an unordered list": (b"0\n5.1\n7.2\n0.3\n", ", line 1: 0, a variance or the name"),
    "a name that is a number": (b"7\n9.5\n3.5\n0.3\n", ", line 1: 7, a variance or the name of"),
    "a larger name": (b"2026\n3.5\n2.5\n.4\n.3\n.2\n.1\n0\n", ", line 1: 2026, a variance or the"),
    "how many there are": (b"5\n3.5\n2.5\n.4\n.3\n.2\n", ", line 1: 5, a variance or the number"),
    "digits of another script": ("٣\n٢\n".encode(), ", line 1: '\\u0663' is not a number"),
    "wide digits later": ("3\n２\n".encode(), ", line 2: '\\uff12' is not a number"),
    "complex": (b"1\n1+0j\n", ", line 2: '1+0j' is not a number"),
    "binary": (b"\x00\x01\xff\xfe" * 9, ", line 1: a zero byte"),
    "a zero byte": (b"1\n2\x003\n", ", line 2: a zero byte"),
    "UTF-16 without its mark": ("1\n2\n".encode("utf-16-le"), ", line 1: a zero byte"),
    "MATLAB 7.3": (b"MATLAB 7.3 MAT-file, Platform: GLNXA64" + bytes(90), ": a MATLAB 7.3 (HDF5)"),
    "a MATLAB file cut short": (b"MATLAB 5.0 MAT-file, Platform: X", ": a MATLAB file that cannot"),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + bytes(9), ": an HDF5 file"),
    "bzip2": (bz2.compress(b"1\n2\n"), ": packed with bzip2"),
    "xz": (lzma.compress(b"1\n2\n"), ": packed with xz"),
    "gzip cut short": (gzip.compress(b"1\n2\n", mtime=0)[:-9], ": a damaged gzip file"),
    "gzip of words": (gzip.compress(b"1\nb\n", mtime=0), ", line 2: 'b' is not a number"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(9), ": a picture"),
    "a pickle": (pickle.dumps([1.0, 2.0]), ", line 1: a zero byte"),
    "Latin-1": (b"1\n\xb2\n", ", line 2: '\\udcb2' is not a number"),
    "cut UTF-16": ("1\n2\n".encode("utf-16")[:-1], ", line 2: '2\\ufffd' is not a number"),
    "an archive": (b"PK\x03\x04" + bytes(40), ": a damaged archive (.npz?)"),
    "numpy's head alone": (b"\x93NUMPY", ": not a whole array of numbers"),
    "numpy's head and noise": (b"\x93NUMPY\x01\x00\x10\x00{'descr': 1 + 1,}", ": not a whole"),
}


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a spectrum, mine.txt"
    path.write_bytes(content)
    return path


def saved(tmp_path: Path, array) -> Path:
    path = tmp_path / "spectrum.npy"
    np.save(path, array)
    return path


def is_spectrum_or_refusal(path: Path) -> bool:
    """Positive somewhere, finite, not negative, decreasing; or a ValueError that names the file."""
    try:
        spectrum = read_spectrum(path)
    except ValueError as error:
        return str(error).startswith(str(path))
    proper = np.isfinite(spectrum) & (spectrum >= 0)
    return bool(spectrum.any() and proper.all() and np.all(np.diff(spectrum) <= 0))


@pytest.mark.parametrize("name", GOOD)
def test_numbers_are_read_in_any_common_form_largest_first(tmp_path, name):
    expected = [3, 0.5, 0.01] + [0, 0] * name.startswith("rounded")
    assert read_spectrum(written(tmp_path, GOOD[name])) == pytest.approx(expected, rel=1e-14, abs=0)


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path, name):
    content, words = BAD[name]
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match="^" + re.escape(f"{path}{words}")) as refused:
        read_spectrum(path)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < len(str(path)) + 200


@pytest.mark.parametrize("name", GOOD)
def test_the_size_of_the_blocks_does_not_matter(tmp_path, monkeypatch, name):
    path = written(tmp_path, GOOD[name])
    whole = read_spectrum(path)
    for block in (1, 2, 7):
        monkeypatch.setattr(_text_rows, "BLOCK", block)
        assert np.array_equal(read_spectrum(path), whole)


@pytest.mark.parametrize("name", [name for name, (content, _) in BAD.items() if b"\n" in content])
def test_nor_for_the_line_of_an_error(tmp_path, monkeypatch, name):
    content, words = BAD[name]
    monkeypatch.setattr(_text_rows, "BLOCK", 1)
    with pytest.raises(ValueError, match=re.escape(words)):
        read_spectrum(written(tmp_path, content))


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.floats(0, 1e300), min_size=1).filter(any), data=st.data())
def test_what_python_writes_comes_back_bit_by_bit(tmp_path_factory, values, data):
    separator = data.draw(
        st.sampled_from(["\n", "\r\n", "\n\n", " \n", ",\n", "\n# no\n", ", ", "\t"])
    )
    path = written(tmp_path_factory.mktemp("x"), separator.join(map(repr, values)).encode())
    assume(len(values) not in (4, 9, 15, 16, 21, 25, 28) or values == sorted(values))  # matrices
    found, given_ = read_spectrum(path), np.sort(values)[::-1]
    assert found.tolist() == spectra.resolved(given_).tolist()


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=60) | st.text("0123456789eE+-.,;_#\n\r naif", max_size=30))
def test_any_bytes_are_a_spectrum_or_are_refused(tmp_path_factory, content):
    raw = content if isinstance(content, bytes) else content.encode()
    path = written(tmp_path_factory.mktemp("x"), raw)
    assert is_spectrum_or_refusal(path)


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, 150), byte=st.integers(0, 255))
def test_one_changed_byte_of_an_array_is_a_spectrum_or_is_refused(tmp_path_factory, at, byte):
    path = saved(tmp_path_factory.mktemp("x"), np.arange(1.0, 5.0))
    raw = bytearray(path.read_bytes())
    raw[at] = byte
    path.write_bytes(raw)
    assert is_spectrum_or_refusal(path)


def test_arrays_of_numpy_are_spectra_or_covariances(tmp_path):
    values = np.array([2, 5, 3])
    for dtype in ("i4", "u1", "f4", ">f8", "f2"):
        assert read_spectrum(saved(tmp_path, values.astype(dtype))).tolist() == [5, 3, 2]
    q = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    covariance = (q * [2, 5, 0]) @ q.T
    assert read_spectrum(saved(tmp_path, covariance)) == pytest.approx([5, 2, 0], abs=1e-15)
    assert read_spectrum(saved(tmp_path, np.asfortranarray(covariance)))[2] == 0


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([]), ": "),
        (np.array(1.0), "shape ()"),
        (np.ones((2, 3)), "shape (2, 3)"),
        (np.ones((2, 2, 2)), "shape (2, 2, 2)"),
        (np.ones((5, 8, 8)), "spectra.of_data"),
        (np.ones((5, 8, 8, 3)), "spectra.of_data"),
        (np.ones((0, 3)), "shape (0, 3)"),
        (np.array([1.0, -2, 3]), "entry 1 from 0: -2.0 is negative"),
        (np.array([1.0, 2, np.nan]), "entry 2 from 0: nan"),
        (np.array([1.0, 2, np.inf]), "entry 2 from 0: inf"),
        (np.array([[1.0, 2], [3, 4]]), "2 x 2 matrix that is not symmetric"),
        (np.array([[1.0, np.nan], [np.nan, 4]]), "entry 1 from 0: nan"),
        (np.zeros(3), "no eigenvalue is positive"),
        (np.zeros((3, 3)), "no eigenvalue is positive"),
        (np.array([[1.0, 2], [2, 1]]), "positive semi-definite"),
        (np.array([1 + 0j]), "complex128"),
        (np.array(["1", "2"]), "not of real numbers"),
        (np.array([True]), "bool"),
        (np.array([None, 1.0]), "not a whole array"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, words):
    path = saved(tmp_path, array)
    with pytest.raises(ValueError, match=re.escape(str(path)) + ".*" + re.escape(words)):
        read_spectrum(path)


def test_an_array_cut_short_or_promising_too_much_is_refused(tmp_path):
    path = saved(tmp_path, np.ones(10))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="not a whole array"):
        read_spectrum(path)
    path.write_bytes(path.read_bytes().replace(b"(10,), }     ", b"(10**15,), }"))
    with pytest.raises(ValueError, match="not a whole array"):
        read_spectrum(path)


def test_what_the_system_refuses_is_its_own_error(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        read_spectrum(tmp_path / "none.txt")
    with pytest.raises(IsADirectoryError):
        read_spectrum(tmp_path)
    with pytest.raises(OSError, match="too long"):
        read_spectrum(tmp_path / ("x" * 300))


def test_a_pipe_is_as_good_as_a_file(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"1\n3\n",))
    writer.start()
    assert read_spectrum(pipe).tolist() == [3, 1]
    writer.join()


@pytest.mark.long
def test_memory_grows_with_the_numbers_and_not_with_the_text(tmp_path):
    path = tmp_path / "long.txt"
    with path.open("w") as stream:
        for _ in range(20):
            stream.write("0.12345678901234567890123456789012345678901234567890\n" * 20_000)
    tracemalloc.start()
    assert read_spectrum(path).size == 400_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 400_000 * 4 + 12e6 < path.stat().st_size + 5e6


def test_too_many_numbers_are_refused_without_reading_on(tmp_path, monkeypatch):
    """/dev/zero and an endless pipe end too."""
    monkeypatch.setattr(_text_rows, "MOST", 1000)
    (tmp_path / "most.txt").write_text("1\n" * 1000)
    assert read_spectrum(tmp_path / "most.txt").size == 1000
    read, write = os.pipe()
    thread = threading.Thread(target=_pour, args=(write,))
    thread.start()
    with pytest.raises(ValueError, match=r"line \d+: more than 1000 numbers"):
        read_spectrum(f"/dev/fd/{read}")
    os.close(read)
    thread.join()
    with pytest.raises(ValueError, match="line 1: a zero byte"):
        read_spectrum("/dev/zero")
    monkeypatch.setattr(_text_rows, "LONGEST", 1000)
    (tmp_path / "long.txt").write_text("7" * 2**21)
    with pytest.raises(ValueError, match="line 1: longer than"):
        read_spectrum(tmp_path / "long.txt")


def _pour(descriptor: int) -> None:
    try:
        while True:
            os.write(descriptor, b"1\n" * 1000)
    except BrokenPipeError:
        os.close(descriptor)


def mat(**arrays) -> bytes:
    stream = io.BytesIO()
    scipy.io.savemat(stream, arrays)
    return stream.getvalue()


def npz(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def text(array, **how) -> bytes:
    stream = io.BytesIO()
    np.savetxt(stream, array, **how)
    return stream.getvalue()


def forms(array) -> dict[str, bytes]:
    """One array in every form that holds it, in double precision."""
    return {
        "npy": npy(array),
        "npy, packed": gzip.compress(npy(array), mtime=0),
        "npz": npz(mine=array),
        "mat": mat(mine=array),
        "text": text(array),
        "text, packed": gzip.compress(text(array), mtime=0),
        "csv": text(array, delimiter=","),
        "with ends of lines of Windows": text(array, delimiter=";", newline="\r\n"),
    }


@pytest.fixture(params=["full rank", "few points"])
def covariance(request):
    """Of 60 points in 12 dimensions, or of 8 points, rank 7."""
    n = 60 if request.param == "full rank" else 8
    x = np.random.default_rng(0).standard_normal((n, 12)) * np.sqrt(spectra.power_law(12, 1.0))
    return np.cov(x.T, bias=True)


def test_the_same_data_in_any_form_are_the_same_spectrum(tmp_path, covariance):
    spectrum = np.linalg.eigvalsh(covariance)
    rank = np.linalg.matrix_rank(covariance)
    known = read_spectrum(saved(tmp_path, covariance))
    assert np.count_nonzero(known) == rank
    assert known[:rank] == pytest.approx(spectrum[::-1][:rank], rel=1e-9)
    shapes = [covariance, spectrum, np.abs(spectrum), spectrum[:, None], spectrum[None]]
    shapes += [covariance.reshape(-1, 1), np.append(12.0, covariance)]
    for array in shapes:
        for form, content in forms(array).items():
            found = read_spectrum(written(tmp_path, content))
            assert np.count_nonzero(found) == rank, (form, array.shape)
            assert found == pytest.approx(known, rel=1e-9), (form, array.shape)


def test_single_precision_is_as_good_as_it_can_be(tmp_path, covariance):
    """Rounding of single precision is no variance either, as matrix, list, array or text."""
    known = read_spectrum(saved(tmp_path, covariance))
    single = covariance.astype(np.float32)
    for array in (single, np.linalg.eigvalsh(single), np.abs(np.linalg.eigvalsh(single))):
        found = read_spectrum(saved(tmp_path, array))
        assert np.count_nonzero(found) == np.count_nonzero(known)
        assert found == pytest.approx(known, rel=1e-2 * 1e-2, abs=1e-6)
    eigenvalues = np.linalg.eigvalsh(single)
    for form, content in forms(eigenvalues.astype(np.float64)).items():
        found = read_spectrum(written(tmp_path, content))
        assert found == pytest.approx(known, rel=1e-4, abs=1e-6), form


def test_what_is_not_rounding_is_kept_or_refused(tmp_path):
    """Next to 1, of 20: 20 eps in either precision; below zero single precision counts."""
    eps, single = np.finfo(np.float64).eps, np.finfo(np.float32).eps
    ones = np.ones(18)
    kept = read_spectrum(saved(tmp_path, np.array([*ones, 20.001 * eps, 19.999 * eps])))
    assert kept[18:].tolist() == [20.001 * eps, 0.0]
    small = [21 * single, 19 * single]
    singles = read_spectrum(saved(tmp_path, np.array([*ones, *small], dtype=np.float32)))
    assert np.flatnonzero(singles == 0).tolist() == [19]
    below = read_spectrum(saved(tmp_path, np.array([*ones, 2e-6, -1.9e-6])))
    assert below[18:].tolist() == [2e-6, 0.0]
    below = read_spectrum(saved(tmp_path, np.array([*ones, 1.8e-6, -1.9e-6])))
    assert below[18:].tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match=r"entry 19 from 0: -2\.5e-06 is negative"):
        read_spectrum(saved(tmp_path, np.array([*ones, 1.0, -2.5e-6])))
    with pytest.raises(ValueError, match="is negative"):
        read_spectrum(saved(tmp_path, np.append(np.ones(10**5), -2e-3)))


@pytest.mark.parametrize(
    "values",
    [
        np.ones(9),
        np.array([5.0, 1, 1, 1]),
        np.array([9.0, 4, 4, 4, 4, 4, 4, 4, 1]),
        spectra.power_law(16, 1.0),
        np.arange(16.0),
        np.array([4.0, *np.ones(16)]),
        np.array([0, 0.5, 0.75, 0.875]),
        np.array([1.0, 2, 0, 2, 1, 0, 0, 0, 1]),
        np.array([0.5, 0.25, 0.75, 0.125, 3, 0.1, 7, 1, 2]),
    ],
)
def test_a_list_as_long_as_a_matrix_is_a_list(tmp_path, values):
    for content in (npy(values), text(values), text(values[None])):
        found = read_spectrum(written(tmp_path, content))
        assert found.tolist() == sorted(values, reverse=True)


def test_a_covariance_may_have_more_numbers_than_a_list(tmp_path, monkeypatch):
    monkeypatch.setattr(_reading, "MOST", 9)
    monkeypatch.setattr(_reading, "LARGEST", 4)
    for d in (3, 4):
        assert read_spectrum(written(tmp_path, npy(np.eye(d)))).tolist() == [1] * d
    with pytest.raises(ValueError, match="25 numbers; a list has up to 9"):
        read_spectrum(written(tmp_path, npy(np.eye(5))))


@pytest.mark.parametrize(
    "content", [b"2\n1\n1\n2\n", b"1 0 0 0 2 0 0 0 1\n", npy(np.eye(3).ravel())]
)
def test_what_may_be_either_is_refused_with_both(tmp_path, content):
    with pytest.raises(ValueError, match="row after row, or a list in no order"):
        read_spectrum(written(tmp_path, content))


@pytest.mark.parametrize("d", [5, 6, 12])
@pytest.mark.parametrize("half", [np.tril_indices, np.triu_indices])
def test_half_of_a_covariance_is_no_list(tmp_path, half, d):
    """Of draws of any rank, with negative entries or without; the same numbers in order are one."""
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal((d + 1, d))
        for covariance in (np.cov(x.T), np.abs(np.cov(x.T))):
            packed = covariance[half(d)]
            for content in (npy(packed), text(packed), text(packed[None])):
                with pytest.raises(ValueError, match=f"half of a symmetric {d} x {d} matrix, or a"):
                    read_spectrum(written(tmp_path, content))
        in_order = np.sort(packed)
        assert read_spectrum(written(tmp_path, npy(in_order))).tolist() == in_order[::-1].tolist()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (npz(a=np.ones(2), b=np.ones(3)), ": an archive (.npz?) that holds the arrays a, b"),
        (npz(), ": an archive (.npz?) that holds no array"),
        (npz(a=np.array([None])), ": not a whole array"),
        (mat(a=np.ones(2), b=np.ones(3)), ": a MATLAB file with the variables a, b"),
        (mat(a="words"), ": a MATLAB file with the variables none"),
        (mat(a=scipy.sparse.eye_array(3, format="csc")), ": a MATLAB file in which a is no full"),
        (mat(a=np.ones((4, 8, 8))), ": an array of shape (4, 8, 8)"),
        (gzip.compress(npz(a=np.ones(2), b=np.ones(3))), ": an archive (.npz?) that holds"),
    ],
    ids=lambda value: value if isinstance(value, str) else "file",  # files say when they were made
)
def test_several_arrays_are_named_and_none_is_chosen(tmp_path, content, words):
    path = written(tmp_path, content)
    with pytest.raises(ValueError, match="^" + re.escape(f"{path}{words}")):
        read_spectrum(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a\n3\n1\n", ["a list of 2 numbers, taken as complete", "lines 2 to 3, names over"]),
        (b"0\n3.5\n1.5\n1\n", ["a list of 3 numbers", "line 1, '0', is a name", "lines 1 to 4"]),
        (b"0\n3.5\n1.5\n", ["a list of 2 numbers", "line 1, '0', is a name", "lines 1 to 3"]),
        (b"0\n1\n1\n", ["a list of 3 numbers", "lines 1 to 3"]),
        (b"1\n1\n0.5\n0.2\n", ["a list of 4 numbers", "lines 1 to 4"]),
        (b"5\n5.5\n6\n7\n8\n9\n", ["a list of 6 numbers", "lines 1 to 6"]),
        (b"5\n1.5\n6\n1\n8\n9\n", ["a list of 6 numbers", "lines 1 to 6"]),
        (b"3\n1e-20\n0\n", ["a list of 3 numbers", "1 within 6.7e-15 of zero", "lines 1 to 3"]),
        (b"3\n0\n", ["a list of 2 numbers", "lines 1 to 2"]),
        (b"2 1\n1 2\n", ["a covariance 2 x 2", "lines 1 to 2"]),
        (
            text(np.append(3.0, np.eye(3) + 1)),
            ["after their number of rows, read", "lines"],
        ),
        (npz(mine=np.eye(3)), ["the array mine", "a covariance 3 x 3"]),
        (
            gzip.compress(b"1\n2\n", mtime=0),
            ["packed with gzip", "a list of 2 numbers", "lines 1 to 2"],
        ),
    ],
)
def test_it_says_what_it_took_a_file_for(tmp_path, content, said):
    told = spectrum_file.read(written(tmp_path, content)).said
    assert len(told) == len(said)
    for line, words in zip(told, said, strict=True):
        assert words in line


def test_pipes_take_arrays_too(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(npy(np.array([1.0, 3.0])),))
    writer.start()
    assert read_spectrum(pipe).tolist() == [3, 1]
    writer.join()


def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(spectrum_file, "LIMIT", 1000)
    with pytest.raises(ValueError, match="more than 1000 bytes"):
        read_spectrum(written(tmp_path, gzip.compress(npy(np.zeros(10**6)))))
    monkeypatch.undo()
    monkeypatch.setattr("lindiff_nb.calculator._arrays.LIMIT", 1000)
    with pytest.raises(ValueError, match="an archive with an array of 8000128 bytes"):
        read_spectrum(written(tmp_path, npz(a=np.zeros(10**6))))

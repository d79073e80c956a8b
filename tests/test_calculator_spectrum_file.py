"""`calculator.spectrum_file`: what is a spectrum is read, what is none is refused by its place."""

import os
import re
import threading
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lindiff_nb.calculator import read_spectrum, spectrum_file

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
}
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
    "all negative": (b"-1\n-2\n", ", line 2: -2.0 is negative"),
    "ranks beside": (b"1,0.5\n2,0.25\n", ", line 2: several numbers on a line"),
    "ranks from the third line on": (b"1\n2\n3 4\n", ", line 3: several numbers on a line"),
    "a matrix": (b"1 0\n0 1\n", ", line 2: several numbers on a line"),
    "underscore": (b"1\n1_000\n", ", line 2: '1_000' is not a number"),
    "decimal comma": (b"1,5\n0,5\n", ", line 2: several numbers on a line"),
    "complex": (b"1\n1+0j\n", ", line 2: '1+0j' is not a number"),
    "binary": (b"\x00\x01\xff\xfe" * 9, ", line 1: '\\x00\\x01"),
    "a zero byte": (b"1\n2\x003\n", ", line 2: '2\\x003' is not a number"),
    "Latin-1": (b"1\n\xb2\n", ", line 2: '\\udcb2' is not a number"),
    "cut UTF-16": ("1\n2\n".encode("utf-16")[:-1], ", line 2: '2\\ufffd' is not a number"),
    "an archive": (b"PK\x03\x04" + bytes(40), ": an archive (.npz?)"),
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
    expected = [3, 0.5, 0.01] + [0, 0] * (name == "rounded below zero")
    assert read_spectrum(written(tmp_path, GOOD[name])).tolist() == expected


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
        monkeypatch.setattr(spectrum_file, "BLOCK", block)
        assert np.array_equal(read_spectrum(path), whole)


@pytest.mark.parametrize("name", [name for name, (content, _) in BAD.items() if b"\n" in content])
def test_nor_for_the_line_of_an_error(tmp_path, monkeypatch, name):
    content, words = BAD[name]
    monkeypatch.setattr(spectrum_file, "BLOCK", 1)
    with pytest.raises(ValueError, match=re.escape(words)):
        read_spectrum(written(tmp_path, content))


@settings(max_examples=100, deadline=None)
@given(values=st.lists(st.floats(0, 1e300), min_size=1).filter(any), data=st.data())
def test_what_python_writes_comes_back_bit_by_bit(tmp_path_factory, values, data):
    separator = data.draw(
        st.sampled_from(["\n", "\r\n", "\n\n", " \n", ",\n", "\n# no\n", ", ", "\t"])
    )
    path = written(tmp_path_factory.mktemp("x"), separator.join(map(repr, values)).encode())
    assert read_spectrum(path).tolist() == sorted(values, reverse=True)


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
        (np.ones((3, 1)), "shape (3, 1)"),
        (np.ones((2, 2, 2)), "shape (2, 2, 2)"),
        (np.array([1.0, -2, np.nan]), "entry 1 from 0: -2.0 is not a variance"),
        (np.array([1.0, 2, np.inf]), "entry 2 from 0: inf"),
        (np.array([[1.0, 2], [3, 4]]), "covariance must be symmetric"),
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


def test_too_many_numbers_are_refused_without_reading_on(monkeypatch):
    """/dev/zero and an endless pipe end too."""
    monkeypatch.setattr(spectrum_file, "MOST", 1000)
    read, write = os.pipe()
    thread = threading.Thread(target=_pour, args=(write,))
    thread.start()
    with pytest.raises(ValueError, match=r"line \d+: more than 1000 numbers"):
        read_spectrum(f"/dev/fd/{read}")
    os.close(read)
    thread.join()
    with pytest.raises(ValueError, match="line 1: longer than"):
        read_spectrum("/dev/zero")


def _pour(descriptor: int) -> None:
    try:
        while True:
            os.write(descriptor, b"1\n" * 1000)
    except BrokenPipeError:
        os.close(descriptor)

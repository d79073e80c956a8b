"""The real download path against a server on this machine, which misbehaves in every way.

After each failure the cache holds nothing that a load uses, and a good server then serves it.
"""

import contextlib
import gzip
import hashlib
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from test_data_formats import cifar_batches, pack_cifar, pack_idx

from lindiff_nb import data
from lindiff_nb.data import cache, cifar, fashion, mnist
from lindiff_nb.data.cache import File
from lindiff_nb.data.imageset import DataUnavailable

pytestmark = pytest.mark.network

CONTENT = np.random.default_rng(0).bytes(200_000)


def file_of(content: bytes, folder: str = "set", name: str = "file.bin") -> File:
    return File(folder, name, len(content), hashlib.sha256(content).hexdigest())


class Server(ThreadingHTTPServer):
    """Serves `contents` by path; `fault` says how it goes wrong, `asked` what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.contents: dict[str, bytes] = {}
        self.fault = ""
        self.asked: list[str] = []
        self.halfway = threading.Event()
        self.go_on = threading.Event()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_args):
        pass

    def answer(self, body, status=200, length=None, **headers):
        self.send_response(status)
        if length != "unknown":
            self.send_header("Content-Length", str(length or len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        body = server.contents.get(self.path)
        if body is None or server.fault == "404":
            return self.answer(b"not here", 404)
        return getattr(self, f"fault_{server.fault}", self.answer)(body)

    def fault_500(self, body):
        self.answer(b"sorry", 500)

    def fault_truncated(self, body):
        self.answer(body[: len(body) // 2], length=len(body))

    def fault_truncated_silently(self, body):
        self.answer(body[: len(body) // 2], length="unknown")

    def fault_empty(self, body):
        self.answer(b"")

    def fault_one_bit(self, body):
        self.answer(body[:-1] + bytes([body[-1] ^ 1]))

    def fault_html(self, body):
        self.answer(b"<!DOCTYPE html><html><body>Please sign in</body></html>")

    def fault_too_long(self, body):
        with contextlib.suppress(ConnectionError):  # the reader may hang up before the end
            self.answer(body + bytes(10_000_000))

    def fault_drip(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the reader hangs up
            while not self.server.go_on.wait(0.01):
                self.wfile.write(b"x")

    def fault_redirect_to_a_local_file(self, body):
        self.answer(b"", 302, Location="file:///etc/hostname")

    def fault_silence(self, body):
        self.close_connection = True

    def fault_pause(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        self.server.halfway.set()
        self.server.go_on.wait(30)


FAULTS = [
    "404",
    "500",
    "truncated",
    "truncated_silently",
    "empty",
    "one_bit",
    "html",
    "too_long",
    "redirect_to_a_local_file",
    "silence",
]


@pytest.fixture
def server(monkeypatch, tmp_path):
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        monkeypatch.setenv("LINDIFF_DATA", str(tmp_path / "cache"))
        monkeypatch.setenv("LINDIFF_DATA_MIRROR", running.address + "/")
        yield running
        running.go_on.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def digits(server, monkeypatch):
    """A small MNIST with its own checksums, ready on the server: images, labels, and as a test."""
    rng = np.random.default_rng(1)
    arrays = [rng.integers(0, 10, shape) for shape in ((30, 28, 28), (30,), (20, 28, 28), (20,))]
    arrays = [a.astype(np.uint8) for a in arrays]
    files = []
    for name, array in zip(mnist.NAMES, arrays, strict=True):
        content = gzip.compress(pack_idx(array))
        server.contents[f"/mnist/{name}"] = content
        files.append(file_of(content, "mnist", name))
    monkeypatch.setattr(mnist, "MNIST", tuple(files))
    return arrays


@pytest.fixture
def colours(server, monkeypatch):
    """A small CIFAR-10, ready on the server."""
    content = pack_cifar(cifar_batches(2, np.random.default_rng(2)))
    server.contents["/cifar10/cifar-10-binary.tar.gz"] = content
    monkeypatch.setattr(cifar, "ARCHIVE", file_of(content, "cifar10", "cifar-10-binary.tar.gz"))


def test_a_download_arrives_whole_and_is_asked_for_once(server):
    server.contents["/set/file.bin"] = CONTENT
    file = file_of(CONTENT)
    assert cache.fetch(file) == CONTENT
    assert cache.fetch(file) == CONTENT
    assert cache.read(file) == CONTENT
    assert server.asked == ["/set/file.bin"]
    assert [path.name for path in file.path.parent.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_answer_leaves_nothing_and_a_good_one_mends_it(server, fault):
    server.contents["/set/file.bin"] = CONTENT
    file = file_of(CONTENT)
    server.fault = fault
    with pytest.raises(DataUnavailable, match=r"file\.bin could not be downloaded.*127\.0\.0\.1"):
        cache.fetch(file)
    assert list(file.path.parent.iterdir()) == []
    with pytest.raises(DataUnavailable, match=r"file\.bin is not in"):
        cache.read(file)
    server.fault = ""
    assert cache.fetch(file) == CONTENT
    assert list(file.path.parent.iterdir()) == [file.path]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_set_that_cannot_be_fetched_is_an_error_that_says_what_to_do(server, colours, fault):
    server.fault = fault
    with pytest.raises(DataUnavailable) as caught:
        data.load("cifar10", download=True)
    message = str(caught.value)
    for part in ("CIFAR-10", "load('cifar10', download=True)", "(170 MB)", str(cache.folder())):
        assert part in message
    server.fault = ""
    images = data.load("cifar10", 8, download=True)
    assert (images.record.n_train, images.record.n_test) == (10, 2)


@pytest.mark.parametrize("fault", FAULTS)
def test_digits_that_cannot_be_fetched_are_the_embedded_ones_and_say_so(server, digits, fault):
    server.fault = fault
    with pytest.warns(UserWarning, match="the embedded digits are used instead"):
        images = data.load("mnist", 4, download=True)
    assert (images.record.n_train, images.record.n_test) == (8000, 2000)
    assert "asked for and not available" in images.record.note + images.record.source
    server.fault = ""
    assert data.load("mnist", 4, download=True).record.n_train == 30


def test_all_digits_are_those_served_and_stay_without_the_network(server, digits, monkeypatch):
    x, y, x_test, y_test = digits
    for _ in range(2):
        images = data.load("mnist", 28, download=True)
        np.testing.assert_array_equal(images.train, x / 255)
        np.testing.assert_array_equal(images.train_labels, y)
        np.testing.assert_array_equal(images.test, x_test / 255)
        np.testing.assert_array_equal(images.test_labels, y_test)
        assert "sha256 checked" in images.record.source
        monkeypatch.setenv("LINDIFF_DATA_MIRROR", "http://127.0.0.1:9")
    assert len(server.asked) == 4


def test_without_download_the_digits_are_the_embedded_ones_on_every_machine(server, digits):
    data.load("mnist", 4, download=True)
    assert data.load("mnist", 4).record.n_train == 8000


def test_one_missing_file_of_four_is_enough_to_fall_back(server, digits):
    del server.contents["/mnist/t10k-labels-idx1-ubyte.gz"]
    with pytest.warns(UserWarning, match="404"):
        assert data.load("mnist", 4, download=True).record.n_train == 8000


@pytest.mark.parametrize("mirror", ["http://127.0.0.1:9", "http://", "nonsense", "ftp://[::1]/x"])
def test_no_server_at_all_is_told_from_a_missing_set(colours, monkeypatch, mirror):
    monkeypatch.setenv("LINDIFF_DATA_MIRROR", mirror)
    with pytest.raises(DataUnavailable, match="could not be downloaded"):
        data.load("cifar10", download=True)


def test_an_answer_without_end_is_cut_off_at_the_published_size(server):
    server.contents["/set/file.bin"] = CONTENT
    server.fault = "too_long"
    with pytest.raises(DataUnavailable, match="longer than the published file"):
        cache.fetch(file_of(CONTENT))


def test_a_server_that_sends_a_byte_now_and_then_is_not_waited_for(server, monkeypatch):
    monkeypatch.setattr(cache, "PATIENCE", 0.1)
    server.contents["/set/file.bin"] = CONTENT[:1000]
    server.fault = "drip"
    with pytest.raises(DataUnavailable, match=r"of 1,000 bytes came in all that time"):
        cache.fetch(file_of(CONTENT[:1000]))


def test_the_addresses_are_tried_in_order(server, monkeypatch):
    server.contents["/second/file.bin"] = CONTENT
    monkeypatch.delenv("LINDIFF_DATA_MIRROR")
    addresses = (f"{server.address}/first/", f"{server.address}/second/")
    assert cache.fetch(file_of(CONTENT)._replace(addresses=addresses)) == CONTENT
    assert server.asked == ["/first/file.bin", "/second/file.bin"]


def test_every_published_file_has_an_address_and_a_sha256(monkeypatch):
    monkeypatch.delenv("LINDIFF_DATA_MIRROR", raising=False)
    for file in (*mnist.MNIST, *fashion.FILES, cifar.ARCHIVE):
        assert len(bytes.fromhex(file.sha256)) == 32
        assert file.urls
        assert all(url.startswith("http") and url.endswith(file.name) for url in file.urls)


@pytest.mark.parametrize("damage", [lambda b: b[:-1] + bytes([b[-1] ^ 1]), lambda b: b[:-1]])
def test_a_cached_file_that_changed_is_not_used_and_is_fetched_again(server, colours, damage):
    data.load("cifar10", 8, download=True)
    path = cifar.ARCHIVE.path
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataUnavailable, match="not the published file"):
        data.load("cifar10", 8)
    server.fault = "404"
    with pytest.raises(DataUnavailable, match="404"):
        data.load("cifar10", 8, download=True)
    server.fault = ""
    data.load("cifar10", 8, download=True)
    assert data.load("cifar10", 8).record.n_train == 10


def test_a_download_killed_midway_leaves_nothing_that_is_used(server):
    server.contents["/set/file.bin"] = CONTENT
    server.fault = "pause"
    file = file_of(CONTENT)
    code = f"from lindiff_nb.data import cache; cache.fetch(cache.File(*{tuple(file)!r}))"
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    assert server.halfway.wait(30)
    while not any(path.stat().st_size for path in file.path.parent.glob(".ld-*")):
        assert child.poll() is None  # it waits for the other half
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    assert not file.path.exists()
    with pytest.raises(DataUnavailable):
        cache.read(file)
    server.fault = ""
    assert cache.fetch(file) == CONTENT
    assert list(file.path.parent.iterdir()) == [file.path]


def test_a_cache_that_cannot_be_written_is_an_error_with_its_reason(server, monkeypatch, tmp_path):
    server.contents["/set/file.bin"] = CONTENT
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LINDIFF_DATA", str(tmp_path / "file"))
    with pytest.raises(DataUnavailable, match=r"NotADirectoryError|FileExistsError"):
        cache.fetch(file_of(CONTENT))


def test_two_downloads_at_once_do_not_disturb_each_other(server):
    server.contents["/set/file.bin"] = CONTENT
    results: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: results.append(cache.fetch(file_of(CONTENT))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [CONTENT] * 4


def test_the_cache_is_the_systems_unless_said_otherwise(monkeypatch, tmp_path):
    monkeypatch.delenv("LINDIFF_DATA", raising=False)
    assert cache.folder().name == "lindiff_nb"
    monkeypatch.setenv("LINDIFF_DATA", str(tmp_path))
    assert cache.folder() == tmp_path

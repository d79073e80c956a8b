"""The local server: the files of the site to readers of this machine, and nothing else."""

import http.client
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from pathlib import Path

import pytest

from lindiff_nb.run.serve import Server, server
from lindiff_nb.site import policy

pytestmark = pytest.mark.network
HASH = policy.hash_of("let x = 1;")
PAGE = f"<!DOCTYPE html><head>{policy.TAG.format(policy.policy([HASH]))}</head>Hello"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Server]:
    html = tmp_path / "html"
    (html / "book").mkdir(parents=True)
    (html / "empty").mkdir()
    for name in ("index.html", "book/index.html", "book/page.html"):
        (html / name).write_text(PAGE)
    (html / "bare.html").write_text("<p>No policy.</p>")
    (html / "drawing.svg").write_text("<svg></svg>")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "index.html").write_text("secret")
    (html / "folder").symlink_to(tmp_path / "secret")
    (html / "file.html").symlink_to(tmp_path / "secret" / "index.html")
    (html / "empty" / "inner").symlink_to(html / "book")
    (html / "circle").symlink_to(html / "circle")
    with server(html, 0) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(site: Server, path: str, host: str | None = None, method: str = "GET"):
    """The answer to a request, read to its end."""
    connection = http.client.HTTPConnection("127.0.0.1", site.server_port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    if host != "":
        connection.putheader("Host", host or f"127.0.0.1:{site.server_port}")
    connection.endheaders()
    answer = connection.getresponse()
    answer.body = answer.read()
    connection.close()
    return answer


@pytest.mark.parametrize(
    "path",
    ["/", "/book/", "/book/page.html", "/book/page.html?q=1#there", "/empty/inner/page.html"],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_page_comes_under_the_policy_that_it_states(site, path, method):
    answer = ask(site, path, method=method)
    assert answer.status == HTTPStatus.OK
    assert answer.getheader("Content-Security-Policy") == policy.policy([HASH])
    assert answer.body == (PAGE.encode() if method == "GET" else b"")


@pytest.mark.parametrize("path", ["/bare.html", "/drawing.svg", "/none", "/empty/"])
def test_whatever_states_no_policy_comes_under_the_one_without_inline_scripts(site, path):
    assert ask(site, path).getheader("Content-Security-Policy") == policy.policy()


@pytest.mark.parametrize("path", ["/", "/drawing.svg", "/book", "/none", "/%00"])
def test_no_answer_is_taken_for_another_kind_of_file_than_it_says(site, path):
    assert ask(site, path).getheader("X-Content-Type-Options") == "nosniff"


@pytest.mark.parametrize(
    "path",
    [
        *("/none", "/empty", "/empty/", "/circle", "/%00", "/book/page.html%00", "/%00/page.html"),
        *("/folder", "/folder/", "/folder/index.html", "/file.html", "/" + 300 * "x"),
        *("/../secret/index.html", "/%2e%2e/secret/index.html", "/book/..%2f../secret/index.html"),
    ],
)
def test_what_is_no_file_of_the_site_is_not_found_and_nothing_is_listed(site, path, capfd):
    answer = ask(site, path)
    assert answer.status == HTTPStatus.NOT_FOUND
    assert b"secret<" not in answer.body
    assert b"page.html" not in answer.body
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((name, 200) for name in ("localhost", "LOCALHOST:9", "127.0.0.1", "[::1]:8000")),
        *(
            (name, 421)
            for name in ("evil.example", "localhost.evil.example:80", "127.0.0.1.nip.io")
        ),
        *((name, 421) for name in ("0.0.0.0", "[::1", "localhost@evil.example", "")),
    ],
)
def test_only_names_of_this_machine_are_answered(site, host, status):
    answer = ask(site, "/", host=host)
    assert answer.status == status
    assert (b"Hello" in answer.body) == (status == HTTPStatus.OK)


def test_a_reader_who_hangs_up_leaves_no_words_and_the_next_is_answered(site, capfd):
    (Path(site.RequestHandlerClass.keywords["directory"]) / "large.bin").write_bytes(bytes(1 << 24))
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", site.server_port)) as gone:
            gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
            gone.sendall(b"GET /large.bin HTTP/1.0\r\nHost: localhost\r\n\r\n")
            gone.recv(1)
    assert ask(site, "/").status == HTTPStatus.OK
    site.shutdown()
    site.server_close()  # waits for no one
    assert capfd.readouterr() == ("", "")


def test_a_fault_of_its_own_is_told(site, capfd):
    try:
        raise OverflowError("a fault of our own")
    except OverflowError:
        site.handle_error(None, ("127.0.0.1", 1))
    assert "a fault of our own" in capfd.readouterr().err


def test_many_readers_at_once_are_all_answered(site):
    """They all connect before the first is accepted: as many as may wait in the queue."""
    many = 100
    site.shutdown()
    waiting = [socket.create_connection(("127.0.0.1", site.server_port), 5) for _ in range(many)]
    threading.Thread(target=site.serve_forever, args=(0.02,)).start()

    def read(connection: socket.socket) -> bytes:
        with connection:
            connection.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return connection.makefile("rb").read()

    with ThreadPoolExecutor(many) as pool:
        assert all(answer.endswith(PAGE.encode()) for answer in pool.map(read, waiting))

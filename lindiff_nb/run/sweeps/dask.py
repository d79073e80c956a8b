"""A sweep on a Dask cluster that runs already, on this machine or on many.

`dask scheduler` and `dask worker` are started by whoever owns the machines; a worker needs this
package and sees the folder of the sweep under the same path. Only tasks and their arguments go
over the wire, no results: those are in the folder.
"""

import contextlib
import ipaddress
import json
import re
import socket
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from lindiff_nb._base import extras
from lindiff_nb._base.errors import UsageError, refusing, words
from lindiff_nb._base.files import beside

with extras.of("sweep"):
    from distributed import Client

PATIENCE = 15  # seconds for a scheduler to come up, and again to answer
FEW = 16  # workers that are expected where there are none yet
ADDRESS = re.compile(r"(tcp|tls|ucx|wss?)://.+:[0-9]{1,5}")
SETTINGS = "DASK_DISTRIBUTED__COMM__TLS__CA_FILE, ..__CLIENT__CERT and ..__CLIENT__KEY"
EXPOSED = """\
{address} is not this machine. A Dask cluster runs whatever code it is sent, by anybody who reaches
its port{open}."""
OPEN = (
    """, and nothing on the way is encrypted. Where others share the network, start scheduler and
workers with --protocol tls and certificates, and give the tls:// address here with
"""
    + SETTINGS
)


@contextlib.contextmanager
def cluster(where: str, folder: Path, workers: int | None = None) -> Iterator[Executor]:
    """An executor on the cluster at tcp://..., tls://... or in a scheduler file.

    So many `workers` are expected, by default those that are there. UsageError if nobody answers,
    or a worker does not see the folder of the sweep.
    """
    address, written = _address(where)
    if not ADDRESS.fullmatch(address):  # of which a client would make a traceback, after a while
        raise UsageError(f"a scheduler is at tcp://HOST:PORT or tls://HOST:PORT, got {address}")
    if not _is_here(address):
        is_open = "" if address.startswith("tls:") else OPEN
        print(EXPOSED.format(address=address, open=is_open), file=sys.stderr, flush=True)
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        said = f"nobody answers at {address}{written}: {words(error)}"
        raise UsageError(said) from None
    with client:
        _look_around(client, folder)
        executor = client.get_executor(pure=False)
        expected = workers or sum(client.nthreads().values()) or FEW
        executor._max_workers = expected  # the name that the executors of Python have for it
        yield executor


def _address(where: str) -> tuple[str, str]:
    """The address of a scheduler, and when it was written down, in words."""
    if "://" in where:
        return where, ""
    path = Path(where)
    found = _waited_for(path)
    address = found.get("address") if isinstance(found, dict) else None
    if not isinstance(address, str):
        raise UsageError(f"{where} is no scheduler file: it names no address")
    date = time.strftime("%Y-%m-%d %H:%M", time.localtime(path.stat().st_mtime))
    return address, f", written {date} in {where}"


def _waited_for(path: Path) -> object:
    """What a scheduler writes once it is up; UsageError where that does not come."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            if time.monotonic() > deadline:
                raise UsageError(f"{path} is no scheduler file: {words(error)}") from None
        time.sleep(0.1)


def _is_here(address: str) -> bool:
    """Whether an address leads to this machine and no other can use it."""
    try:
        host = urlsplit(address).hostname or ""
        found = socket.getaddrinfo(host, None)
        return all(ipaddress.ip_address(info[4][0]).is_loopback for info in found)
    except (OSError, ValueError):
        return False


def _look_around(client: Any, folder: Path) -> None:
    """UsageError for the first worker that does not see what is in the folder."""
    token = beside(folder.resolve() / "seen")
    with refusing(name=folder):
        token.touch()
    try:
        answers = client.run(Path.exists, token)
        for worker in (worker for worker, seen in answers.items() if not seen):
            raise UsageError(f"the worker at {worker} does not see the folder {folder.resolve()}")
        if not answers:
            address = client.scheduler.address
            print(f"no workers yet: dask worker {address}", file=sys.stderr, flush=True)
    finally:
        token.unlink(missing_ok=True)

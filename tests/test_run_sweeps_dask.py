"""A sweep on a Dask cluster: real workers, one of them killed; the truth is in the folder."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from distributed import Client
from tiny_book import cell, chapter, tiny_book

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run import collect, sweep
from lindiff_nb.run.sweeps import dask
from lindiff_nb.run.sweeps.plan import Plan, plan

pytestmark = pytest.mark.network

MODULE = """\
import time
def slow(n: int, pause: float = 0.02, *, seed: int):
    time.sleep(pause)
    return {"twice": 2 * n, "drawn": seed % 1000}
"""
STUDY = (
    cell("seed: int = 0  # seed [0, 1000000]\nn: int = 1  # any [1, 9]", "parameters"),
    cell("from lindiff_nb.run import record\nrecord(twice=2 * n, drawn=seed % 1000)"),
)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A book with the chapter `clustered`, and a module of the user's own."""
    book = tiny_book(tmp_path, {"intro": "# Intro\n", "clustered": chapter("Clustered", *STUDY)})
    (tmp_path / "clusterstudy.py").write_text(MODULE)
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    places = [str(tmp_path), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, places)))
    return tmp_path


def dask_process(folder: Path, *words: object) -> subprocess.Popen:
    """A scheduler or a worker, started by hand in a folder of its own."""
    folder.mkdir()
    command = [sys.executable, "-m", "dask", *map(str, words), "--no-dashboard"]
    with (folder / "log.txt").open("w") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


@pytest.fixture
def by_hand(tmp_path) -> Iterator[tuple[Path, list[subprocess.Popen]]]:
    """`dask scheduler` and two `dask worker`: the scheduler's file, and the workers."""
    file = tmp_path / "scheduler.json"
    local = ("--host", "127.0.0.1", "--port", 0, "--scheduler-file", file)
    worker = ("worker", "--scheduler-file", file, "--nthreads", 1, "--no-nanny")
    with contextlib.ExitStack() as running:

        def begin(name: str, *words: object) -> subprocess.Popen:
            process = dask_process(tmp_path / name, *words)
            running.callback(process.wait)
            running.callback(process.kill)
            return process

        begin("scheduler", "scheduler", *local)
        Client(scheduler_file=str(file)).close()  # workers would read a file half written, and end
        yield file, [begin(name, *worker) for name in ("one", "two")]


def begun(folder: Path) -> list[Path]:
    """The logs of all batches that have begun to call."""
    return list((folder / "logs").glob("*.jsonl"))


def ended(folder: Path) -> int:
    """How many lines the logs of calls have."""
    return sum(log.read_bytes().count(b"\n") for log in begun(folder))


def rows(folder: Path) -> list[tuple]:
    """The table but for what differs from run to run."""
    table = collect(folder, "arrays")
    names = ("n", "replicate", "seed", "status", "reason", "twice", "drawn")
    return list(zip(*(table[name].tolist() for name in names), strict=True))


def wanted(made: Plan) -> list[tuple]:
    """The table of a plan when all went well."""
    cells = [(one.values["n"], one.replicate, one.seed) for one in made.cells()]
    return [(n, k, seed, "done", "", 2 * n, seed % 1000) for n, k, seed in cells]


def test_two_workers_started_by_hand_and_one_killed_give_the_quiet_table(tmp_path, by_hand):
    """The worker dies in the midst of its batch; what it had done stands, and the other goes on."""
    file, workers = by_hand
    words = ["--call", "clusterstudy:slow", "--grid", "n=1,2,3,4,5", "--seeds", "40"]
    words += ["--scheduler", str(file), "-o", "runs"]
    command = [sys.executable, "-m", "lindiff_nb", "sweep", *words]
    driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    while ended(tmp_path / "runs") < 20:
        assert driver.poll() is None
        time.sleep(0.05)
    workers[0].send_signal(signal.SIGKILL)
    said, _ = driver.communicate(timeout=60)
    assert driver.returncode == 0, said
    assert "200 cells: 200 done" in said
    quiet = plan("clusterstudy:slow", call=True, grid={"n": range(1, 6)}, seeds=40)
    assert rows(tmp_path / "runs") == wanted(quiet)


def sweeping(*words: str) -> subprocess.Popen:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "lindiff_nb", "sweep", "--call", "clusterstudy:slow", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def batches(folder: Path) -> list[psutil.Process]:
    """The processes that make calls for this folder, whoever started them."""
    found = psutil.process_iter(["cmdline"])
    return [one for one in found if str(folder / "logs") in " ".join(one.info["cmdline"] or [])]


def test_ctrl_c_ends_batches_after_their_call_on_a_cluster_too_and_twice_at_once(tmp_path, by_hand):
    """The first batch would take minutes; nothing waits for it, and nothing of it is left."""
    words = ["--scheduler", str(by_hand[0]), "--workers", "2", "--seeds", "3000", "-o", "runs"]
    for pause, presses in (("0.1", 1), ("100", 2)):
        before, logs = ended(tmp_path / "runs"), len(begun(tmp_path / "runs"))
        driver = sweeping("--grid", "n=1,2,3", f"pause={pause}", *words)
        while len(begun(tmp_path / "runs")) < logs + 2 or ended(tmp_path / "runs") < 9:
            assert driver.poll() is None
            time.sleep(0.05)
        for press in range(presses):
            time.sleep(press)
            driver.send_signal(signal.SIGINT)
        _, said = driver.communicate(timeout=60)
        assert driver.returncode == 130, said
        assert "no new cells; Ctrl-C again ends those that run" in said
        assert psutil.wait_procs(batches(tmp_path / "runs"), timeout=30)[1] == []
        assert ended(tmp_path / "runs") - before < 600  # of two batches of 1,500
    assert set(collect(tmp_path / "runs", "arrays")["status"]) == {"done", "not run"}


def test_notebooks_run_on_a_local_cluster(tmp_path):
    from distributed import LocalCluster

    some = plan("clustered", grid={"n": [1, 2]})
    how = {"n_workers": 1, "threads_per_worker": 2, "dashboard_address": ":0"}
    with (
        LocalCluster(host="127.0.0.1", **how) as local,
        dask.cluster(local.scheduler_address, tmp_path) as executor,
    ):
        assert sweep(some, tmp_path / "cluster", executor=executor) == {"done": 2}
    assert rows(tmp_path / "cluster") == wanted(some)


def test_a_scheduler_of_yesterday_is_named_with_its_date(tmp_path, monkeypatch):
    monkeypatch.setattr(dask, "PATIENCE", 1)
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": "tcp://127.0.0.1:9"}))
    os.utime(file, (1e9, 1e9))
    said = r"nobody answers at tcp://127.0.0.1:9, written 2001-09-0\d \d\d:\d\d in "
    with pytest.raises(UsageError, match=said), dask.cluster(str(file), tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"address": 7}', None])
def test_what_is_no_scheduler_file_is_refused_by_its_name(tmp_path, monkeypatch, text):
    monkeypatch.setattr(dask, "PATIENCE", 0.2)
    file = tmp_path / "scheduler.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError, match=r"scheduler\.json"), dask.cluster(str(file), tmp_path):
        pass


@pytest.mark.parametrize("address", ["http://x:1", "tcp://", "tcp://127.0.0.1", "tcp://h:http"])
def test_what_is_no_address_of_a_scheduler_is_refused_before_anything_is_asked(tmp_path, address):
    said = f"a scheduler is at tcp://HOST:PORT or tls://HOST:PORT, got {address}"
    with pytest.raises(UsageError, match=said), dask.cluster(address, tmp_path):
        pass


@pytest.mark.parametrize(
    ("address", "warned", "tls"),
    [
        ("tcp://127.0.0.1:9", False, False),
        ("tcp://[::1]:9", False, False),
        ("tcp://192.0.2.1:9", True, True),
        ("tcp://0.0.0.0:9", True, True),
    ],
)
def test_an_address_beyond_this_machine_is_told_what_it_means(
    tmp_path, monkeypatch, capsys, address, warned, tls
):
    monkeypatch.setattr(dask, "PATIENCE", 0.3)
    with pytest.raises(UsageError, match="nobody answers at"), dask.cluster(address, tmp_path):
        pass
    said = capsys.readouterr().err
    assert ("runs whatever code it is sent" in said) is warned
    assert ("--protocol tls" in said) is tls


def test_a_worker_that_does_not_see_the_folder_is_named(tmp_path):
    class Client:
        """A cluster of two, one of which is elsewhere."""

        def run(self, look, token):
            return {"tcp://10.0.0.1:1": look(token), "tcp://10.0.0.2:1": look(token / "elsewhere")}

    with pytest.raises(UsageError, match=r"10\.0\.0\.2:1 does not see the folder"):
        dask._look_around(Client(), tmp_path)
    assert not list(tmp_path.glob(".ld-*"))

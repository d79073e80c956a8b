"""Sweeps of chapters, each cell in a real kernel that may die, hang, eat or talk too much."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from tiny_book import cell, chapter, tiny_book

from lindiff_nb.run import collect, sweep
from lindiff_nb.run.cli import main
from lindiff_nb.run.sweeps.collect import columns, text
from lindiff_nb.run.sweeps.plan import plan

pytestmark = pytest.mark.kernel

PARAMETERS = """\
d: int = 3  # dimension [1, 99]
does: str = ""  # what it does
seed: int = 0  # seed [0, 1000000]"""
DOES = """\
import os, time
from lindiff_nb.run import record
match does:
    case "kill": os.kill(os.getpid(), 9)
    case "raise": 1 / 0
    case "sleep": time.sleep(60)
    case "eat": x = b"1" * 2**29; time.sleep(60)
    case "talk": [print("x" * 1000) for _ in range(3000)]
    case "wait": time.sleep(1)
record(twice=2 * d, drawn=seed)"""


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder to stand in, and a book with one chapter."""
    law = chapter("The law", cell(PARAMETERS, "parameters"), cell("1"), cell(DOES))
    book = tiny_book(tmp_path, {"law": law})
    monkeypatch.setenv("LINDIFF_BOOK", str(book.folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(folder: str) -> str:
    """The table but for what two runs differ in."""
    measured = ("seconds", "peak_memory", "host")
    return text({n: c for n, c in columns(Path(folder)).items() if n not in measured})


def notebooks(folder: str) -> list[Path]:
    return sorted(Path(folder, "notebooks").iterdir())


def test_a_cell_dies_alone_and_says_of_what_and_in_which_cell(here, capsys):
    words = "kill,raise,sleep,eat,talk,well"
    line = ["sweep", "law", "--grid", f"does={words}", "d=4", "-o", "runs", "--memory", "0.4"]
    assert main([*line, "--timeout", "8", "--alike", "0"]) == 1
    assert "4 of 6 cells are not done" in capsys.readouterr().err
    found = collect("runs", "arrays")
    assert list(found["does"]) == words.split(",")
    assert list(found["status"]) == ["killed", "failed", "timeout", "oom", "done", "done"]
    assert found["reason"][0].startswith("the kernel died: killed by SIGKILL")
    assert found["reason"][1] == "ZeroDivisionError: division by zero"
    assert found["reason"][2] == "it took longer than 8 s"
    assert found["reason"][3] == "it held more than 0.40 GiB"
    assert list(found["cell"][:4]) == [4, 4, 4, 4]  # the injected one counts
    assert found["peak_memory"][3] > 0.4 * 2**30 > found["peak_memory"][5] > 2**20
    assert list(found["twice"][4:]) == [8, 8]
    assert list(found["drawn"][4:]) == list(found["seed"][4:])  # the chapter's own parameter
    assert len(notebooks("runs")) == 4  # of those that failed
    kept = [nbformat.read(path, as_version=4) for path in notebooks("runs")]
    assert {nb.metadata.lindiff_nb.failed for nb in kept} == set(found["reason"][:4])
    assert main([*line, "--retry", "failed", "--keep", "none"]) == 1
    assert "5 ended before, 1 to go" in capsys.readouterr().out
    assert len(notebooks("runs")) == 3


def test_what_a_cell_puts_out_is_kept_up_to_a_limit_and_its_numbers_in_any_case(here):
    line = ["sweep", "law", "--grid", "does=talk", "-o", "runs", "--keep", "all"]
    assert main(line) == 0
    (path,) = notebooks("runs")
    assert 2**20 / 2 < path.stat().st_size < 1.1 * 2**20
    assert path.read_text().count("[this cell put out more than 1,048,576 characters") == 1
    assert columns(here / "runs")["twice"] == [6]


def test_whatever_is_killed_the_table_is_the_quiet_one_s_in_the_end(here, capsys):
    """First the driver, with its kernels at work; then a kernel, whose row is tried again."""
    line = ["sweep", "law", "--grid", "d=1,2,3,4", "does=wait", "--workers", "2"]
    assert main([*line, "-o", "quiet"]) == 0
    command = [sys.executable, "-m", "lindiff_nb", *line, "-o", "runs"]
    for victim in ("driver", "kernel"):
        driver = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        kernels: list[psutil.Process] = []
        while not kernels and driver.poll() is None:
            time.sleep(0.05)
            kernels = psutil.Process(driver.pid).children()
            kernels = [k for k in kernels if "ipykernel_launcher" in " ".join(k.cmdline())]
        time.sleep(1.5 * (victim == "driver"))
        (driver if victim == "driver" else kernels[0]).kill()
        driver.communicate(timeout=60)
        assert driver.returncode == (-signal.SIGKILL if victim == "driver" else 1)
        psutil.wait_procs(kernels, timeout=30)
        assert not any(kernel.is_running() for kernel in kernels)
    assert columns(here / "runs")["status"].count("killed") == 1
    assert main([*line, "-o", "runs", "--retry", "killed"]) == 0
    assert table("runs") == table("quiet")


@pytest.mark.slow
def test_thirty_two_kernels_at_once_come_up_and_leave_nothing_open(here):
    """Twice as many, after a few that load what stays; memory may wander by some MiB."""

    def held() -> tuple[int, int, int]:
        gc.collect()
        process = psutil.Process()
        return process.num_fds(), process.num_threads(), process.memory_info().rss

    assert sweep(plan("law", grid={"d": range(1, 5)}), "few", workers=4) == {"done": 4}
    *before, memory = held()
    assert sweep(plan("law", grid={"d": range(1, 65)}), "many", workers=32) == {"done": 64}
    *after, then = held()
    assert after == before
    assert then - memory < 60 * 2**20

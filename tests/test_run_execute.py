"""One notebook through papermill in a real kernel: what is good, what counts as failed."""

import sys
import threading
import time
from pathlib import Path

import pytest
from tiny_book import notebook

from lindiff_nb.run import read_records
from lindiff_nb.run.execute import CellFailed, execute
from lindiff_nb.run.kernel import Kernels
from lindiff_nb.run.provenance import sign

pytestmark = pytest.mark.kernel

LOOK = """\
import os, sys
record(python=sys.executable, threads=os.environ["OMP_NUM_THREADS"])
record(folder=os.getcwd(), files=len(os.listdir()), n=n)
"""


@pytest.fixture
def good(monkeypatch, capfd):
    """An executed notebook, and what was printed meanwhile."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    source = notebook(
        "n: int = 3",
        "from lindiff_nb.run import record",
        LOOK,
        "import numpy as np\nrecord(third=np.float64(1) / 3, limit=float('inf'))",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);",
        "",
    )
    source.cells[0].metadata["tags"] = ["parameters"]
    source.metadata["kernelspec"] = {"name": "no-such-kernel", "display_name": "", "language": "R"}
    cells = []
    executed = execute(source, {"n": 7}, threads=3, timeout=120, on_cell=lambda: cells.append(1))
    assert len(cells) == 6  # five with code and the injected one
    return executed, capfd.readouterr()


def test_a_run_uses_this_interpreter_in_an_empty_folder_and_leaves_no_trace(good):
    executed, printed = good
    records = read_records(executed)
    assert records["python"] == sys.executable
    assert records["threads"] == "3"
    assert records["files"] == 0
    assert records["n"] == 7  # the parameter that was passed
    assert not Path(str(records["folder"])).parent.exists()
    assert records["third"] == 1 / 3
    assert records["limit"] == float("inf")
    images = [output.data for cell in executed.cells for output in cell.get("outputs", [])]
    assert any("image/png" in data for data in images)
    assert printed == ("", "")
    text = str(sign(executed, {"seconds": 1}))
    assert "papermill" not in text.replace("application/papermill.record", "")
    assert "ld-" not in text.replace(str(records["folder"]), "")


@pytest.mark.parametrize(
    ("cells", "number", "reason"),
    [
        (["x = 1", "1 / 0", "x"], 2, "ZeroDivisionError: division by zero"),
        (["x = 1", "import os\nos.kill(os.getpid(), 9)", "x"], 2, "the kernel died"),
        (["import os\nos._exit(0)", "x"], 1, "the kernel died"),
        (["x = 1", "import sys\nsys.exit(0)", "x"], 2, "SystemExit: 0"),
        (["input()"], 1, "StdinNotImplementedError"),
        (["x = ("], 1, "SyntaxError"),
    ],
)
def test_a_chapter_that_does_not_come_to_its_end_has_failed(cells, number, reason, capfd):
    with pytest.raises(CellFailed) as caught:
        execute(notebook(*cells))
    failure = caught.value
    assert (failure.cell, failure.cells) == (number, len(cells))
    assert failure.reason.startswith(reason)
    assert failure.source == cells[number - 1]
    assert failure.source.splitlines()[-1] in str(failure)
    assert "\x1b" not in str(failure)
    assert len(failure.notebook.cells) == len(cells)
    assert capfd.readouterr() == ("", "")


def test_a_chapter_that_takes_too_long_is_ended():
    with pytest.raises(CellFailed, match=r"code cell 1 of 2: it took longer than 3 s"):
        execute(notebook("import time; time.sleep(60)", "x"), timeout=3)


def test_a_kernel_that_is_ended_takes_its_processes_along_and_none_starts_after(tmp_path):
    beats = tmp_path / "beats"
    child = f"import time\nwhile True:\n    open({str(beats)!r}, 'a').write('.'); time.sleep(0.1)"
    kernels = Kernels()

    def end_when_the_child_lives() -> None:
        while not beats.exists() and not gave_up.wait(0.1):
            pass
        kernels.end_all("interrupted")

    gave_up = threading.Event()
    watch = threading.Thread(target=end_when_the_child_lives)
    watch.start()
    spawn = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(CellFailed, match=r"code cell 2 of 2: interrupted"):
        execute(notebook("x = 1", spawn), kernels=kernels, timeout=60)
    gave_up.set()
    watch.join()
    lived = beats.stat().st_size
    time.sleep(0.5)
    assert beats.stat().st_size == lived
    with pytest.raises(CellFailed, match=r"code cell 1 of 1: interrupted"):
        execute(notebook("1"), kernels=kernels)
    assert not kernels.running

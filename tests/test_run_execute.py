"""One notebook through papermill in a real kernel: what is good, what counts as failed."""

import sys
import threading
import time
from pathlib import Path

import pytest
from tiny_book import notebook

from lindiff_nb.run import read_records
from lindiff_nb.run.environment import WHERE_CODE_IS, inherited, of_kernel
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


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import os\nos.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("import ctypes\nctypes.string_at(0)", "killed by SIGSEGV"),
        ("import os\nos._exit(0)", "it ended itself with status 0"),
        ("import os\nos._exit(7)", "it ended itself with status 7"),
    ],
)
def test_how_a_kernel_died_is_said(source, cause):
    with pytest.raises(CellFailed, match=rf"code cell 2 of 2: the kernel died: {cause}"):
        execute(notebook("x = 1", source))


def test_a_process_in_a_session_of_its_own_ends_with_its_chapter(tmp_path):
    """Also where the process between has ended, and where it gave its child no environment."""
    for name, between in (("orphan", "os._exit(0)"), ("poor", "time.sleep(60)")):
        beats = tmp_path / name
        beat = f"while True: open({str(beats)!r}, 'a').write('.'); time.sleep(0.1)"
        environment = {} if name == "poor" else None
        start = f"subprocess.Popen([sys.executable, '-c', {'import time' + chr(10) + beat!r}], "
        start += f"start_new_session=True, env={environment})"
        child = f"import os, subprocess, sys, time\n{start}\n{between}"
        spawn = (
            "import os, subprocess, sys, time\n"
            f"subprocess.Popen([sys.executable, '-c', {child!r}], start_new_session=True)\n"
            f"while not os.path.exists({str(beats)!r}): time.sleep(0.1)"
        )
        execute(notebook(spawn), timeout=60)
        lived = beats.stat().st_size
        time.sleep(0.5)
        assert beats.stat().st_size == lived


CHATTER = """\
import time
for k in range(3):
    print(k, end="", flush=True)
    time.sleep(0.3)
display("between")
print("after")
"""


def test_what_is_printed_is_kept_in_one_piece_and_in_order():
    executed = execute(notebook(CHATTER), timeout=60)
    first, between, after = executed.cells[0].outputs
    assert first.text == "012"
    assert between.data["text/plain"] == "'between'"
    assert after.text == "after\n"


def test_no_output_names_the_temporary_file_of_a_cell():
    warn = "import warnings\nwarnings.warn('beware')"
    fail = "1 / 0"
    with pytest.raises(CellFailed, match="ZeroDivisionError") as caught:
        execute(notebook(warn, "print(__import__('inspect').stack()[0].filename)", fail))
    assert "<cell>:2: UserWarning: beware" in caught.value.notebook.cells[0].outputs[0].text
    assert "ipykernel_" not in str(caught.value.notebook) + str(caught.value)


HOSTILE = {
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTHONINSPECT": "1",
    "PYTHONBREAKPOINT": "0",
    "PYTHONIOENCODING": "latin-1",
    "PYTHONHASHSEED": "3",
    "MPLBACKEND": "agg",
}
ASKS = """\
import os, sys, warnings
warnings.simplefilter("default")
import matplotlib.pyplot as plt
plt.plot([1, 2])
try:
    assert 1 == 2
except AssertionError:
    print("assertions hold")
print(sys.flags.optimize, sys.stdout.encoding, plt.rcParams["lines.linewidth"])
print(*sorted(set(os.environ) & HOSTILE))
"""


def test_the_builder_s_environment_does_not_reach_the_chapter(tmp_path, monkeypatch):
    """Nor does his home: it cannot be written to, and what matplotlib says of that is not seen."""
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    startup = tmp_path / "startup.py"
    startup.write_text("print('a startup file')")
    monkeypatch.setenv("PYTHONSTARTUP", str(startup))
    (tmp_path / "matplotlibrc").write_text("lines.linewidth: 17\n")
    monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    monkeypatch.setenv("HOME", str(startup))  # a file: no folder can be made below it
    for name in ("MPLCONFIGDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    asks = ASKS.replace("HOSTILE", repr({"PYTHONSTARTUP", *HOSTILE} - {"MPLBACKEND"}))
    executed = execute(notebook(asks), timeout=120)
    streams = [output for output in executed.cells[0].outputs if output.output_type == "stream"]
    assert [(s.name, s.text) for s in streams] == [("stdout", "assertions hold\n0 UTF-8 1.5\n\n")]


def test_of_python_s_variables_only_those_pass_that_say_where_code_is(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PYTHONDEVMODE", "1")
    monkeypatch.setenv("TQDM_ASCII", "1")
    monkeypatch.setenv("https_proxy", "http://localhost:1")
    passes = inherited()
    assert passes["PYTHONPATH"] == "/somewhere"
    assert passes["https_proxy"] == "http://localhost:1"
    assert not {"PYTHONDEVMODE", "TQDM_ASCII"} & set(passes)
    assert {name for name in passes if name.startswith("PYTHON")} <= WHERE_CODE_IS | {"PYTHONUTF8"}
    assert of_kernel(tmp_path, 3)["OPENBLAS_NUM_THREADS"] == "3"


def test_a_full_temporary_folder_is_said_and_no_notebook_is_needed_there(monkeypatch):
    """What a run computed is not kept through a file that may not fit."""
    monkeypatch.setattr(
        "papermill.iorw.LocalHandler.write", lambda *_: pytest.fail("a file was written")
    )
    with pytest.raises(CellFailed, match="ZeroDivisionError") as caught:
        execute(notebook("print(1)", "1 / 0"))
    assert caught.value.notebook.cells[0].outputs[0].text == "1\n"

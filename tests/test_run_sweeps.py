"""Sweeps: what stands in the folder is true, whatever was killed, and the table is the quiet one's.

The functions that are swept stand in a module of the test's own; each batch of them is a Python.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest
from bound import bound
from tiny_book import write

from lindiff_nb.run import collect, sweep
from lindiff_nb.run.cli import main
from lindiff_nb.run.sweeps.batch import numbers
from lindiff_nb.run.sweeps.cells import SEEDS, Cell, ingredients, is_function, replicates
from lindiff_nb.run.sweeps.collect import _dataset, columns, text
from lindiff_nb.run.sweeps.guard import Guard, Limits
from lindiff_nb.run.sweeps.plan import plan
from lindiff_nb.run.sweeps.store import Store, record

CALLS = """\
import os
import time

def draw(n: int, pause: float = 0.0, rng=None):
    time.sleep(pause)
    return {"mean": rng.random(n).mean(), "n": n}

def does(what: str):
    if what == "kill":
        os.kill(os.getpid(), 9)
    if what == "raise":
        raise ValueError("no such thing")
    if what == "sleep":
        time.sleep(60)
    if what == "eat":
        x = b"1" * 2**29
        time.sleep(60)
    if what == "leave":
        os._exit(0)
    if what == "print":
        print("x" * 10**7)
    return len(what)

def mixed(n: int, word: str = "", seed: int = 0):
    if n == 3:
        raise ValueError("three")
    more = {"only": 1, "say": "two"} if n == 2 else {"say": 1}
    return {"half": n / 2, "even": n % 2 == 0, **more}

def whole(n: int):
    return n

def once(n: int):
    \"\"\"Dies the first time it is called.\"\"\"
    if n == 3 and not os.path.exists("died"):
        open("died", "w").close()
        os.kill(os.getpid(), 9)
    return n
"""
MEASURED = ("seconds", "peak_memory", "host")


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """A folder to stand in, with functions that can be swept."""
    write(tmp_path, {"calls.py": CALLS})
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("calls", None)


class Given:
    """A plan of any cells."""

    digest, duplicates = "given", 0

    def __init__(self, cells: list[Cell]) -> None:
        self.some = cells

    def cells(self) -> list[Cell]:
        return self.some


def draws(count: int, pause: float = 0.0):
    """So many cells of a function that draws, each of which takes a while."""
    return plan("calls:draw", call=True, grid={"n": [3, 5], "pause": [pause]}, seeds=count // 2)


def table(folder: Path | str) -> str:
    """The table but for what two runs differ in."""
    kept = {name: c for name, c in columns(Path(folder)).items() if name not in MEASURED}
    return text(kept)


def command(*arguments: str, **more) -> subprocess.Popen:
    """The command in a process of its own."""
    line = [sys.executable, "-m", "lindiff_nb", "sweep", *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory) -> str:
    """The table of DRAWS, undisturbed."""
    folder = tmp_path_factory.mktemp("quiet")
    write(folder, {"calls.py": CALLS})
    command(*DRAWS, cwd=folder).communicate(timeout=60)
    return table(folder / "runs")


FEW = ["--call", "calls:draw", "--grid", "n=3,5", "pause=0", "--seeds", "7", "-o", "parts"]
GRID = ["--call", "calls:draw", "--grid", "n=3,5", "pause=0.02", "--seeds", "30"]
DRAWS = [*GRID, "--workers", "2", "-o", "runs"]


def wait_for_a_record(folder: str, count: int = 1) -> None:
    deadline = time.monotonic() + 60
    while len(Store(Path(folder)).records()) < count and time.monotonic() < deadline:
        time.sleep(0.01)


# What a cell is


def test_a_cell_is_the_same_in_any_order_of_values_and_replicates():
    one = list(replicates("a:b", {"d": 1, "c": 0.5}, range(4), "s"))
    other = list(replicates("a:b", {"c": 0.5, "d": 1}, reversed(range(4)), "s"))
    assert one == other[::-1]
    assert [cell.replicate for cell in one] == [0, 1, 2, 3]


def test_an_identity_tells_apart_whatever_a_result_depends_on():
    def identity(target="a:b", values=None, number=0, sources="s", **how) -> str:
        (found,) = replicates(target, values or {"d": 1}, [number], sources, **how)
        return found.identity

    others = [{"target": "a:c"}, {"values": {"d": 2}}, {"number": 1}, {"sources": "t"}]
    others += [{"entropy": 1}, {"values": {"d": 1.0}}, {"values": {"d": "1"}}]
    assert len({identity(), *(identity(**other) for other in others)}) == len(others) + 1


@pytest.mark.parametrize("seeds", [1, 7, 1_000_001, SEEDS])
def test_replicates_have_different_seeds_within_the_range_which_no_source_changes(seeds):
    count = min(seeds, 500)
    found = [
        [c.seed for c in replicates("a", {"d": 1}, range(count), s, seeds=seeds)] for s in "st"
    ]
    assert found[0] == found[1]
    assert len(set(found[0])) == count
    assert all(0 <= seed < seeds for seed in found[0])


def test_a_seed_that_is_given_is_the_seed():
    (found,) = replicates("a", {"seed": 5}, [0], "s")
    assert found.seed == 5


def test_ingredients_change_with_the_source_of_a_function_and_only_then(here):
    before = ingredients("calls:draw")
    assert before == ingredients("calls:does")
    write(here, {"other.py": "x = 1\n"})
    assert before == ingredients("calls:draw")
    write(here, {"calls.py": CALLS + "# a word more\n"})
    assert before != ingredients("calls:draw")


@pytest.mark.parametrize(
    ("target", "called"),
    [("a.b:c", True), ("a:B.c", True), ("replica", False), ("C:\\x\\own.md", False), (":a", False)],
)
def test_a_function_is_told_from_a_chapter_by_its_form(target, called):
    assert is_function(target) == called


# What stands in the folder


def test_a_cell_that_is_done_counts_before_any_other_and_then_the_latest(tmp_path):
    store = Store(tmp_path)
    store.begin(Given([Cell("a:b", {}, 0, 0, "i")]))
    log = store.new_log()
    lines = [record("i", "done"), record("i", "failed"), record("j", "failed", "1")]
    lines += [record("j", "killed", "2")]
    log.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"identity": "k", "sta')
    store.keep(record("i", "killed"))
    write(tmp_path, {"cells/l.json": "{", "cells/m.json": "[1]", "cells/n.json": '{"status": "?"}'})
    known = store.records()
    assert {identity: one["status"] for identity, one in known.items()} == {
        "i": "done",
        "j": "killed",
    }


def test_news_are_told_once_and_a_line_only_when_it_is_whole(tmp_path):
    store, line = Store(tmp_path), json.dumps(record("i", "done"))
    store.begin(Given([]))
    log = store.new_log()
    log.write_text(line)
    assert store.news() == []
    log.write_text(line + "\n")
    assert [one["identity"] for one in store.news()] == ["i"]
    assert store.news() == []


# Calls


@pytest.mark.long
def test_thousands_of_calls_and_the_same_again_which_has_nothing_to_do(here, capsys):
    cells = plan("calls:draw", call=True, grid={"n": [1, 2]}, seeds=1000)
    assert sweep(cells, "runs", workers=2) == {"done": 2000}
    before = table("runs")
    logs = list((here / "runs" / "logs").iterdir())
    assert len(logs) == 6  # three for each worker
    capsys.readouterr()
    assert sweep(cells, "runs") == {"done": 2000}
    assert "2,000 ended before, 0 to go" in capsys.readouterr().out
    assert list((here / "runs" / "logs").iterdir()) == logs
    assert table("runs") == before
    found = collect("runs", "arrays")
    assert len(np.unique(found["mean"][found["n"] == 1])) == 1000  # no two share a draw


@pytest.mark.long
def test_shards_are_the_whole_and_each_cell_is_in_one(here):
    sweep(draws(14), "whole")
    for part in (3, 1, 2):
        assert main(["sweep", *FEW, "--shard", f"{part}/3"]) == 0
    assert table("parts") == table("whole")
    assert "not run" not in table("parts")
    for part in (1, 2, 3, 50):  # more shards than cells
        sweep(draws(2), "few", shard=(part, 50))
    assert len(list((here / "few" / "logs").iterdir())) == 2
    assert columns(here / "few")["status"] == ["done", "done"]


@pytest.mark.parametrize("shard", ["0/50", "51/50", "1", "1/0", "a/b", "-1/2", "1/2/3"])
def test_a_shard_that_is_none_is_refused(here, capsys, shard):
    with pytest.raises(SystemExit) as left:
        main(["sweep", *DRAWS, "--shard", shard])
    assert left.value.code == 2
    assert not (here / "runs").exists()


@pytest.mark.long
def test_a_cell_that_fails_is_a_row_and_ends_no_other(here, capsys):
    words = ["raise", "kill", "good", "sleep", "eat", "leave", "print", "well"]
    line = ["sweep", "--call", "calls:does", "--grid", "what=" + ",".join(words), "-o", "runs"]
    line += ["--timeout", "5", "--memory", "0.4"]
    assert main(line) == 1
    printed = capsys.readouterr()
    assert printed.err == "5 of 8 cells are not done\n"
    assert "1 failed: ValueError: no such thing (what='raise', replicate=0)" in printed.out
    found = collect("runs", "arrays")
    expected = ["failed", "killed", "done", "timeout", "oom", "killed", "done", "done"]
    assert dict(zip(found["what"], found["status"], strict=True)) == dict(
        zip(words, expected, strict=True)
    )
    reasons = dict(zip(found["what"], found["reason"], strict=True))
    assert reasons["raise"] == "ValueError: no such thing"
    assert reasons["kill"].startswith("killed by SIGKILL")
    assert reasons["leave"] == "it ended itself with status 0"
    assert reasons["sleep"] == "it took longer than 5 s"
    assert reasons["eat"] == "it held more than 0.40 GiB"
    assert found["peak_memory"][4] > 0.4 * 2**30
    assert np.isnan(found["value"][0])
    assert found["value"][2] == 4
    write(here, {"calls.py": CALLS})  # the same source: nothing has changed
    assert main([*line, "--retry", "failed,timeout"]) == 1
    assert "6 ended before, 2 to go" in capsys.readouterr().out
    assert main(["sweep", "--status", "runs"]) == 0
    assert "8 cells: 3 done, 1 failed, 1 timeout, 1 oom, 2 killed" in capsys.readouterr().out


@pytest.mark.long
def test_a_process_that_was_killed_costs_no_cell_its_row(here):
    """The cell that it died of is called again alone: what does not die alone is not to blame."""
    cells = plan("calls:once", call=True, grid={"n": range(6)} | {"n": [0, 1, 2, 3, 4, 5]})
    assert sweep(cells, "runs", workers=1) == {"done": 6}


@pytest.mark.long
def test_the_peak_has_what_a_process_held_only_for_a_moment():
    held = "import time; bytearray(300 * 2**20); print(flush=True); time.sleep(1)"
    with subprocess.Popen([sys.executable, "-c", held], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it holds them no more
        with Guard(lambda: process.pid, lambda why: None, Limits()) as guard:
            process.wait()
    assert guard.peak > 300 * 2**20


@pytest.mark.long
def test_a_sweep_whose_first_cells_fail_alike_stops_and_says_why(here, capsys):
    grid = {"what": ["raise"] + [f"raise{i}" for i in range(40)]}
    write(here, {"calls.py": CALLS.replace('what == "raise"', 'what.startswith("raise")')})
    line = [
        "sweep",
        "--call",
        "calls:does",
        "--grid",
        "what=" + ",".join(grid["what"]),
        "-o",
        "runs",
    ]
    assert main([*line, "--workers", "1"]) == 1
    assert (
        "the first 5 cells ended alike: failed, ValueError: no such thing"
        in capsys.readouterr().err
    )
    assert main([*line, "--alike", "0"]) == 1
    assert "41 cells: 41 failed" in capsys.readouterr().out


@pytest.mark.long
def test_a_driver_that_was_killed_at_any_moment_leaves_what_the_next_goes_on_from(here, quiet):
    for count in (1, 9, 30):
        driver = command(*DRAWS)
        wait_for_a_record("runs", count)
        time.sleep(random.uniform(0, 0.2))
        driver.kill()
        driver.communicate()
    assert main(["sweep", *DRAWS]) == 0
    assert table("runs") == quiet


@pytest.mark.long
def test_a_batch_that_was_killed_is_made_up_for(here, quiet):
    driver = command(*DRAWS)
    wait_for_a_record("runs")
    for child in psutil.Process(driver.pid).children():
        child.kill()
    out, err = driver.communicate(timeout=60)
    assert (driver.returncode, err) == (0, ""), out
    assert table("runs") == quiet


@pytest.mark.long
def test_a_full_disk_stops_a_sweep_and_a_freed_one_lets_it_go_on(here, quiet):
    """What is full from the start is refused; what is full later keeps what came before."""
    assert main(["sweep", *DRAWS, "--shard", "1/60"]) == 0
    for room, status, said in (
        (2_000, 2, "cells cannot be written to"),
        (4_200, 1, "is the disk full?\n"),
    ):
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (room, room))
        driver = command(*DRAWS, "--workers", "1", preexec_fn=limit)
        _, err = driver.communicate(timeout=60)
        assert (driver.returncode, said in err) == (status, True), err
        assert ("the same command goes on from here" in err) == (status == 1)
        done = columns(here / "runs")["status"].count("done")
        assert (done == 1) if status == 2 else 1 < done < 60
    assert main(["sweep", *DRAWS]) == 0
    assert table("runs") == quiet


@pytest.mark.long
@pytest.mark.parametrize("what", ["plans", "cells", "logs", "plans/*", "cells/*", "logs/*"])
def test_what_cannot_be_read_is_never_taken_for_what_is_not_there(here, what):
    """A table without the cells of another user would be a wrong one."""
    assert main(["sweep", *DRAWS, "--shard", "1/30"]) == 0
    one = next(iter(Store(here / "runs").records().values()))
    Store(here / "runs").keep(one)
    paths = list((here / "runs").glob(what))
    assert paths
    for path in paths:
        path.chmod(0)
    for line in (["collect", "runs"], ["sweep", "--status", "runs"]):
        done = bound("-m", "lindiff_nb", *line)
        assert (done.returncode, done.stdout) == (1, "")
        named = {f"lindiff-nb: {path.relative_to(here)}" for path in paths}
        assert done.stderr.removesuffix(": Permission denied\n") in named


@pytest.mark.long
@pytest.mark.parametrize("what", ["plans", "cells", "logs"])
def test_a_sweep_that_could_not_be_written_runs_nothing(here, what):
    assert main(["sweep", *DRAWS, "--shard", "1/60"]) == 0
    before = sorted(path for path in here.rglob("*") if path.is_file())
    (here / "runs" / what).chmod(0o555)
    done = bound("-m", "lindiff_nb", "sweep", *DRAWS, "--seeds", "2")
    assert (done.returncode, f"runs/{what}" in done.stderr) == (2, True)
    assert sorted(path for path in here.rglob("*") if path.is_file())[: len(before)] == before


def test_a_damaged_plan_is_said_and_written_anew_by_its_sweep(here, capsys):
    assert main(["sweep", *DRAWS, "--shard", "1/60"]) == 0
    (path,) = (here / "runs" / "plans").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert main(["collect", "runs"]) == 2
    assert f"{path.relative_to(here)} is damaged" in capsys.readouterr().err
    assert main(["sweep", *DRAWS, "--shard", "1/60"]) == 0
    assert path.read_bytes() == whole


@pytest.mark.long
def test_two_sweeps_at_once_in_one_folder_make_one_table(here, quiet):
    drivers = [command(*DRAWS) for _ in range(2)]
    for driver in drivers:
        driver.communicate(timeout=120)
        assert driver.returncode == 0
    assert table("runs") == quiet
    assert not list((here / "runs" / "cells").iterdir())


@pytest.mark.long
def test_ctrl_c_lets_the_cells_at_work_end_and_begins_no_other_of_their_batches(here):
    line = [*DRAWS[:4], "pause=0.5", "--seeds", "60", "--workers", "2", "-o", "runs"]
    driver = command(*line)
    wait_for_a_record("runs")
    driver.send_signal(signal.SIGINT)
    _, err = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert "Traceback" not in err
    done = columns(here / "runs")["status"].count("done")
    assert 0 < done < 120 / 6  # less than one batch
    assert set(columns(here / "runs")["status"]) == {"done", "not run"}


@pytest.mark.long
def test_ctrl_c_lets_cells_end_and_twice_ends_them(here):
    slow = [*DRAWS[:4], "pause=1", "--seeds", "4", "--workers", "2", "-o", "runs"]
    driver = command(*slow)
    wait_for_a_record("runs")
    driver.send_signal(signal.SIGINT)
    time.sleep(1)
    driver.send_signal(signal.SIGINT)
    _, err = driver.communicate(timeout=20)
    assert driver.returncode == 130
    assert "no new cells; Ctrl-C again ends those that run" in err
    assert 0 < columns(here / "runs")["status"].count("done") < 8
    assert not psutil.pid_exists(driver.pid)


@pytest.mark.long
def test_ctrl_c_while_cells_are_handed_out_hands_out_no_more_of_them(here):
    class Pressed(ThreadPoolExecutor):
        """One to which Ctrl-C comes with the third batch."""

        handed = 0

        def submit(self, *it, **how):
            self.handed += 1
            if self.handed == 3:
                raise KeyboardInterrupt
            return super().submit(*it, **how)

    with Pressed(2) as executor, pytest.raises(KeyboardInterrupt):
        sweep(draws(60, 0.5), "runs", executor=executor)
    assert executor.handed == 3
    assert len(list((here / "runs" / "logs").iterdir())) <= 2
    assert columns(here / "runs")["status"].count("not run") > 50


def test_what_cannot_be_done_is_refused_before_a_cell_is_run(here, capsys):
    for line, status, words in [
        (["nothing", "-o", "runs"], 2, "there is no chapter 'nothing'"),
        (["--call", "calls:drew", "-o", "runs"], 2, "there is no function 'calls:drew'"),
        (["--call", "calls:draw", "--grid", "m=1", "-o", "runs"], 2, "there is no parameter 'm'"),
        (["--call", "calls:draw", "--grid", "n=1"], 2, "-o must name the folder"),
        (["--call", "calls:draw", "x", "--grid", "n=1", "-o", "runs"], 2, "it is one of them"),
        (["-o", "runs"], 2, "what to run must be named"),
        ([*DRAWS, "--most", "59"], 3, "60 cells, more than 59"),
        (["--status", "nowhere"], 2, "nowhere holds no sweep"),
    ]:
        assert main(["sweep", *line]) == status
        assert words in capsys.readouterr().err
    assert not (here / "runs").exists()
    assert main(["collect", "nowhere"]) == 2
    for how in ({"timeout": 0}, {"memory": -1}, {"keep": "some"}, {"retry": ["done"]}):
        with pytest.raises(ValueError, match=next(iter(how))):
            sweep(draws(2), "runs", **how)
    with pytest.raises(ValueError, match="shard must be an integer from 1 to 2"):
        sweep(draws(2), "runs", shard=(3, 2))


@pytest.mark.long
def test_sources_that_change_while_a_sweep_runs_stop_it(here):
    """A result is never kept under the identity of other sources."""
    before = draws(4)
    cells = list(before.cells())
    write(here, {"calls.py": CALLS + "# other\n"})

    with pytest.raises(RuntimeError, match="the sources of calls:draw are not those of the plan"):
        sweep(Given(cells), "runs")
    assert set(columns(here / "runs")["status"]) == {"not run"}
    assert sweep(draws(4), "runs") == {"done": 4}
    assert columns(here / "runs")["status"] == ["done"] * 4  # of the newer plan, once each


# The table


def test_what_a_function_returns_is_named_numbers():
    from typing import NamedTuple

    class Pair(NamedTuple):
        kl: float
        loss: float

    assert numbers(3) == {"value": 3}
    assert numbers(np.float64(0.5)) == {"value": 0.5}
    assert numbers({"a": True, "b": "x"}) == {"a": True, "b": "x"}
    assert numbers(Pair(1.0, 2.0)) == {"kl": 1.0, "loss": 2.0}
    assert numbers(np.array([[1.0, 2.0]])) == {"value_0": 1.0, "value_1": 2.0}
    assert numbers(np.array([7])) == {"value": 7}
    for wrong in (None, float("nan"), object(), np.zeros(1001), {"a": [1, None]}):
        with pytest.raises(ValueError, match=r"value|a_1"):
            numbers(wrong)


@pytest.mark.long
def test_a_column_is_of_one_type_whatever_is_missing(here):
    sweep(plan("calls:mixed", call=True, grid={"n": [1, 2, 3], "word": ["a", "b,c"]}), "runs")
    found = collect("runs", "arrays")
    assert found["status"].tolist() == ["done"] * 4 + ["failed"] * 2
    np.testing.assert_array_equal(found["even"], [0.0, 0.0, 1.0, 1.0, np.nan, np.nan])
    np.testing.assert_array_equal(found["half"], [0.5, 0.5, 1.0, 1.0, np.nan, np.nan])
    np.testing.assert_array_equal(found["only"], [np.nan] * 2 + [1.0] * 2 + [np.nan] * 2)
    assert found["say"].tolist() == ["1", "1", "two", "two", "", ""]
    assert np.isnan(found["cell"]).all()  # nothing was ever there


@pytest.mark.long
def test_a_whole_number_keeps_its_last_digit_however_long_it_is(here):
    large = [2**53 + 1, 2**63 - 1, 2**63, 10**300]
    for folder, some in (("held", large[:2]), ("longer", large)):
        sweep(plan("calls:whole", call=True, grid={"n": some}), folder)
        for name in ("n", "value"):
            found = collect(folder, "arrays")[name]
            assert [int(value) for value in found] == some


@pytest.mark.long
def test_a_table_is_a_frame_a_parquet_file_or_a_dataset_where_these_are_installed(here):
    grid = {"n": [1, 2, 3], "word": ["a", "b,c"], "seed": [5, 6]}
    sweep(plan("calls:mixed", call=True, grid=grid), "runs")
    arrays = collect("runs", "arrays")
    if not find_spec("pandas"):
        assert isinstance(collect("runs"), dict)
        for form in ("pandas", "xarray"):
            with pytest.raises(ImportError, match=r"^pandas is not installed: pip install pandas$"):
                collect("runs", form)
        assert main(["collect", "runs", "-o", "table.parquet"]) == 2
        assert not Path("table.parquet").exists()
        return
    frame = collect("runs")
    assert list(frame) == list(arrays)
    assert frame["even"].tolist()[:8] == arrays["even"].tolist()[:8]
    if find_spec("pyarrow"):
        assert main(["collect", "runs", "-o", "table.parquet"]) == 0
        assert import_module("pandas").read_parquet("table.parquet").equals(frame)
    else:
        assert main(["collect", "runs", "-o", "table.parquet"]) == 2
    if find_spec("xarray"):
        cube = collect("runs", "xarray")
        assert dict(cube.sizes) == {"n": 3, "word": 2, "replicate": 1, "seed": 2}
        assert float(cube["half"].sel(n=2, word="b,c", seed=6, replicate=0)) == 1.0
        assert main(["collect", "runs", "-o", "table.nc"]) == 0
        stored = import_module("xarray").open_dataset("table.nc")
        np.testing.assert_array_equal(stored["half"], cube["half"])
        thin = np.arange(100_000)  # as a square, of ten thousand million places
        sizes = {"n": thin, "k": thin, "replicate": thin * 0, "seed": thin, "status": thin}
        with pytest.raises(ValueError, match=r"100000 x 100000 x 1 places \(n, k, repl"):
            _dataset(import_module("pandas").DataFrame({"target": "t"} | sizes))


@pytest.mark.long
def test_a_table_has_text_in_quotes_and_numbers_to_their_last_digit(here, capsys):
    third = {"what": ["a,b", 'c"d', "e=f", "two words"]}
    sweep(plan("calls:does", call=True, grid=third), "runs")
    capsys.readouterr()
    assert main(["collect", "runs"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("target,what,replicate,seed,status,reason,cell,seconds,peak_memory,")
    assert lines[1].startswith('calls:does,"a,b",0,')
    assert main(["collect", "runs", "-o", "table.csv"]) == 0
    assert Path("table.csv").read_text().splitlines() == lines
    assert main(["collect", "runs", "-o", "table.txt"]) == 2
    assert main(["collect", "runs", "-o", "table.csv"]) == 2  # somebody's
    assert main(["collect", "runs", "-o", "table.csv", "--force"]) == 0

"""Files that a command writes: tried before the work, whole or as they were, one writer."""

import contextlib
import errno
import json
import math
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from bound import bound

import lindiff_nb
from lindiff_nb import cli
from lindiff_nb._base.errors import RunFailed, UsageError, counted
from lindiff_nb._base.files import Busy, alone, beside, replacing, sweep_locks
from lindiff_nb._base.outputs import output, write_all, write_bytes
from lindiff_nb._base.written import as_json

LONGEST = 255 - len(".json")
HOLD = """
import sys, time
from pathlib import Path
from lindiff_nb._base.files import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("length", [1, 200, 237, 242, LONGEST])
def test_any_name_that_the_system_takes_can_be_written(tmp_path, length):
    path = output(tmp_path / ("x" * length + ".json"), False, (".json",))
    write_bytes(path, b"all")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes() == b"all"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("x" * (LONGEST + 1) + ".json", "File name too long"),
        ("/proc/x.json", "cannot be written"),
        ("nowhere/x.json", "there is no folder"),
        ("con.json", "a name that Windows reserves"),
        ("Lpt1.json", "a name that Windows reserves"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work_by_its_own_name(tmp_path, place, why):
    with pytest.raises(UsageError, match=why) as refused:
        output(tmp_path / place, False, (".json",))
    assert place.rpartition("/")[2] in str(refused.value)
    assert ".part" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_refused_and_never_read(tmp_path):
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    for force in (False, True):
        with pytest.raises(UsageError, match="is not a file"):
            output(pipe, force, (".json",), lambda path: bool(path.read_bytes()))


def test_a_link_stays_one_and_what_it_leads_to_is_written(tmp_path):
    """As on a cluster, where what is large lies on another disk; the file need not be there yet."""
    disk, home = tmp_path / "disk", tmp_path / "home"
    disk.mkdir()
    home.mkdir()
    path = home / "net.json"
    path.symlink_to(disk / "large.json")
    for content in (b"new", b"and anew"):
        write_bytes(output(path, content != b"new", (".json",)), content)
        assert path.is_symlink()
        assert (disk / "large.json").read_bytes() == content
        assert [p.name for p in (*home.iterdir(), *disk.iterdir())] == ["net.json", "large.json"]
    with alone(path), pytest.raises(Busy, match=r"net\.json|large\.json"), alone(path.resolve()):
        pass


@pytest.mark.parametrize("leads", ["nowhere/x.json", "/dev/full", "folder", "/proc/x.json"])
def test_a_link_to_where_nothing_can_be_written_is_refused(tmp_path, leads):
    (tmp_path / "folder").mkdir()
    path = tmp_path / "link.json"
    path.symlink_to(tmp_path / leads)
    with pytest.raises(UsageError, match=r"the output .*link\.json (cannot|is)"):
        output(path, True, (".json",))
    assert {p.name for p in tmp_path.iterdir()} == {"folder", "link.json"}


TRIED = """
import sys
from pathlib import Path
from lindiff_nb._base.outputs import output, try_folder
path = Path(sys.argv[1])
for mode in (0o555, 0o600, 0):
    path.parent.chmod(mode)
    for tried in (lambda: output(path, True, (".json",)), lambda: try_folder(path.parent)):
        try:
            tried()
        except ValueError as error:
            print(error)
    path.parent.chmod(0o755)
path.chmod(0o444)
try:
    output(path, True, (".json",))
except ValueError as error:
    print(error)
"""


def test_what_one_may_not_write_is_refused_before_the_work_and_stays(tmp_path):
    """A folder without the right to write or to enter, and a file that its owner protected."""
    path = tmp_path / "mine" / "kept.json"
    write_bytes(path, b"before")
    said = bound("-c", TRIED, str(path)).stdout.splitlines()
    assert len(said) == 7
    assert all(str(path.parent) in line for line in said)
    assert ["cannot be written" in line for line in said] == [True] * 6 + [False]
    assert said[-1] == f"the output {path} is write-protected or another user's: it stays"
    assert path.read_bytes() == b"before"


def test_what_another_user_left_in_a_shared_folder_is_refused_before_the_work(
    tmp_path, monkeypatch
):
    """In a folder such as /tmp, where all may write and only the owner may replace."""
    path = tmp_path / "theirs.json"
    path.write_bytes(b"theirs")
    owner = path.stat().st_uid
    for mode, user, refused in ((0o1777, 1, True), (0o1777, 0, False), (0o777, 1, False)):
        tmp_path.chmod(mode)
        monkeypatch.setattr(os, "geteuid", lambda user=user: owner + user)
        with pytest.raises(UsageError, match="stays") if refused else contextlib.nullcontext():
            output(path, True, (".json",))


LEFT = """
import os, sys
from pathlib import Path
from lindiff_nb._base.files import alone
path = Path(sys.argv[1])
with alone(path):
    lock = next(path.parent.glob(".ld-*.lock"))
lock.touch(0o444)
path.parent.chmod(0o1777)
with alone(path):
    print("held")
"""


def test_a_lock_that_another_user_left_is_no_hindrance(tmp_path):
    done = bound("-c", LEFT, str(tmp_path / "net.safetensors"))
    assert (done.stdout, done.stderr) == ("held\n", "")


def test_the_locks_of_killed_processes_go_and_those_that_are_held_stay(tmp_path):
    (tmp_path / ".ld-0123456789abcdef.lock").touch()
    with alone(tmp_path / "held"):
        (held,) = set(tmp_path.glob(".ld-*")) - {tmp_path / ".ld-0123456789abcdef.lock"}
        sweep_locks(tmp_path)
        assert list(tmp_path.iterdir()) == [held]


def half_write(path, error):
    with replacing(path) as stream:
        stream.write(b"half")
        raise error


def test_a_writing_that_fails_leaves_the_file_as_it_was_and_names_it(tmp_path):
    path = tmp_path / "kept.json"
    path.write_bytes(b"before")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match=r"No space left on device: '.*kept\.json'"):
        half_write(path, full)
    assert path.read_bytes() == b"before"
    assert [p.name for p in tmp_path.iterdir()] == ["kept.json"]


NOT_WRITTEN = RunFailed("lindiff-nb: b of the result is not a number; no JSON is written")


@pytest.mark.parametrize("broken", [OSError(errno.EIO, "broken"), MemoryError(), NOT_WRITTEN, None])
def test_all_files_of_an_answer_are_made_before_one_is_written_and_one_that_fails_keeps_no_other(
    tmp_path, broken
):
    """So that a process that is killed as it makes them leaves none, nor refuses its own."""
    (tmp_path / "folder").mkdir()
    there = ["folder"]

    def made():
        assert sorted(path.name for path in tmp_path.iterdir()) == there
        if broken:
            raise broken
        return "two"

    asked = {tmp_path / "folder": lambda: "one", tmp_path / "2": made, tmp_path / "3": lambda: b"3"}
    with pytest.raises(RunFailed) as failed:
        write_all(asked)
    lines = str(failed.value).splitlines()
    assert any(str(tmp_path / "folder") in line for line in lines)
    told = str(NOT_WRITTEN) if broken is NOT_WRITTEN else str(tmp_path / "2")
    assert [told in line for line in lines].count(True) == len(lines) - 1 == bool(broken)
    assert (tmp_path / "3").read_bytes() == b"3"
    assert (tmp_path / "2").exists() == (broken is None)


def test_what_a_killed_process_left_goes_and_what_others_write_stays(tmp_path):
    path = tmp_path / "new.json"
    program = [sys.executable, "-c", "import os; print(os.getpid())"]
    dead = subprocess.run(program, capture_output=True, text=True).stdout.strip()
    gone = beside(path).name.replace(str(os.getpid()), dead)
    elsewhere = gone.partition("@")[0] + "@00000000.part"
    alive = f".ld-{os.getppid()}@{gone.partition('@')[2]}"
    for name in (gone, elsewhere, alive):
        (tmp_path / name).touch()
    write_bytes(path, b"all")
    assert {p.name for p in tmp_path.iterdir()} == {"new.json", elsewhere, alive}


def test_one_process_at_a_time_works_on_a_file_and_a_killed_one_blocks_nobody(tmp_path):
    path = tmp_path / "net.safetensors"
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HOLD), str(path)], stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(Busy, match="another process works on it"), alone(path):
            pass
        with alone(tmp_path / "another.safetensors"):
            pass
        other.kill()
    with alone(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_result_in_json_has_null_for_what_is_endless_and_never_what_is_no_number():
    whole = {"a": np.array([1.0, np.inf]), "b": {"c": (np.float32(0.5), -math.inf), "d": None}}
    told = json.loads(as_json(whole), parse_constant=pytest.fail)
    found = {"a": [1.0, None], "b": {"c": [0.5, None], "d": None}}
    assert told == {"schema": 1, "lindiff_nb": lindiff_nb.__version__, **found}
    for bad in (math.nan, np.array([0.0, math.nan]), [np.float32(math.nan)]):
        with pytest.raises(RunFailed, match=r"b\.c of the result is not a number"):
            as_json({"a": 1, "b": {"c": bad}})


def test_figures_are_written_whatever_the_environment_says_of_windows(tmp_path):
    law = ["predict", "--power-law", "9", "1", "-n", "4", "--alpha-bar", "0.5"]
    command = [sys.executable, "-m", "lindiff_nb", *law, "--figure", str(tmp_path / "f.png")]
    environment = os.environ | {"MPLBACKEND": "nonsense"}
    subprocess.run(command, env=environment, capture_output=True, check=True)
    assert (tmp_path / "f.png").read_bytes().startswith(b"\x89PNG")


def test_no_output_replaces_an_input_or_is_a_picture_among_the_inputs(tmp_path):
    """By force, through a link or another name of the folder; beside it and other files: yes."""
    folder = tmp_path / "mine"
    (folder / "below").mkdir(parents=True)
    (folder / "1.png").write_bytes(b"theirs")
    (tmp_path / "linked").symlink_to(folder)
    (tmp_path / "again.csv").write_bytes(b"theirs")
    for place in ("mine/1.png", "mine/below/new.png", "linked/new.png"):
        with pytest.raises(UsageError, match="would be a picture among those in"):
            output(tmp_path / place, True, (".png",), inputs=["mnist", None, folder])
    with pytest.raises(UsageError, match=r"again\.csv is an input"):
        output(tmp_path / "again.csv", True, (".csv",), inputs=[tmp_path / "mine/../again.csv"])
    for place, suffix in (("new.png", ".png"), ("mine/new.json", ".json")):
        assert output(tmp_path / place, False, (suffix,), inputs=[folder])
    assert (folder / "1.png").read_bytes() == b"theirs"


def test_one_thing_is_no_plural():
    assert [counted(n, "copy") for n in (0, 1, 2000)] == ["0 copies", "1 copy", "2,000 copies"]
    assert [counted(n, "new image") for n in (1, 2)] == ["1 new image", "2 new images"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "other"),
    [
        ("predict --spectrum s.txt -n 4", "--csv found.csv"),
        ("advise x.npy", "--figure found.png"),
        ("copies x.npy x.npy", "--figure found.png"),
    ],
)
def test_a_file_that_cannot_be_written_keeps_no_other_from_it(
    tmp_path, capsys, monkeypatch, command, other
):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", np.random.default_rng(0).random((12, 4, 4)))
    np.savetxt("s.txt", [2.0, 1.0, 0.5])
    full = os.strerror(errno.ENOSPC)

    def write(path, content):
        if path.suffix == ".json":
            raise OSError(errno.ENOSPC, full, str(path))
        write_bytes(path, content)

    monkeypatch.setattr("lindiff_nb._base.outputs.write_bytes", write)
    assert cli.main([*command.split(), "--json", "found.json", *other.split()]) == 1
    assert [path.name for path in tmp_path.glob("found*")] == other.split()[1:]
    assert capsys.readouterr().err == f"lindiff-nb: found.json: {full}\n"

"""Standard output and error of every command: letters, closed pipes, full disks, whole numbers."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lindiff_nb import cli
from lindiff_nb._base.errors import UsageError, refusing, words
from lindiff_nb.run import numbers, streams
from lindiff_nb.run.cli import main

whole = cli.main  # the commands of all rooms
FULL = Path("/dev/full")  # Linux: a device that is always full
PREDICT = "predict --power-law 3 1 -n 9 --steps 9 --rows 1"
COMMANDS = ("list", "info calculator", PREDICT)


def run(command: str, cwd: Path, **more) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "lindiff_nb", *command.split()]
    more = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.run(line, cwd=cwd, **more)


@pytest.mark.long
@pytest.mark.parametrize("encoding", ["cp932", "cp437", "cp850", "ascii"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_without_a_letter_gets_a_readable_substitute(tmp_path, command, encoding):
    (tmp_path / "größe–ㅎ.txt").write_text("2\n1\n")
    if command == PREDICT:
        command = "predict --spectrum größe–ㅎ.txt -n 9 --steps 9 --rows 1"
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = run(command, tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    told = done.stdout.decode(encoding)
    if encoding == "ascii" and "größe" in command:
        assert told.startswith("grosse-\\u314e.txt: d = 2") or told.startswith("gro")


@pytest.mark.long
def test_the_c_locale_is_a_terminal_like_any_other(tmp_path):
    c = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    done = run("list", tmp_path, env=os.environ | c)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"A dictionary" in done.stdout or done.stdout.count(b"\n") > 10


@pytest.mark.parametrize(
    ("letters", "plain"),
    [
        ("a – b — c", "a - b - c"),
        ("‘x’ “y”", "'x' \"y\""),
        ("é ö Å", "e o A"),
        ("λ", "\\u03bb"),
        ("2 × 3 ± 1", "2 x 3 +- 1"),
        ("\udc8b", "\\udc8b"),
        ("ﬁ", "fi"),
    ],
)
def test_what_stands_for_a_letter_is_ascii(letters, plain):
    with streams.told():
        assert letters.encode("ascii", streams.READABLE).decode() == plain


@pytest.mark.long
@pytest.mark.parametrize("command", [*COMMANDS, "--help"])
def test_a_reader_who_has_seen_enough_is_no_error(tmp_path, command):
    read, write = os.pipe()
    os.close(read)
    done = run(command, tmp_path, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


WORKING = {  # what writes files beside standard output, and whether it says with its status more
    f"{PREDICT} --csv a.csv --json a.json": 0,
    "advise x.npy --json a.json": 0,
    "copies x.npy x.npy --json a.json": 0,
    "copies x.npy x.npy --json a.json --at-most 0.5": 1,
    "fid x.npy y.npy --json a.json": 0,
}


@pytest.mark.long
@pytest.mark.parametrize("reader", ["gone", "full"])
@pytest.mark.parametrize("command", WORKING)
def test_work_goes_on_to_its_files_and_its_status_whoever_reads(
    tmp_path, capsys, monkeypatch, command, reader
):
    monkeypatch.chdir(tmp_path)
    for name, points in zip("xy", np.random.default_rng(0).random((2, 40, 5)), strict=True):
        np.save(f"{name}.npy", points)
    assert whole(command.split()) == WORKING[command]
    wanted = Path("a.json").read_bytes()
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as gone, FULL.open("w") as full:
        monkeypatch.setattr("sys.stdout", full if reader == "full" else gone)
        capsys.readouterr()
        assert whole([*command.split(), "--force"]) == (1 if reader == "full" else WORKING[command])
        monkeypatch.undo()
    assert (tmp_path / "a.json").read_bytes() == wanted
    told = capsys.readouterr().err
    assert ("standard output cannot be written: No space left" in told) == (reader == "full")


@pytest.mark.long
@pytest.mark.parametrize("command", [*COMMANDS, f"{PREDICT} --json a.json"])
def test_output_that_cannot_be_written_is_named(tmp_path, command):
    with FULL.open("w") as full:
        done = run(command, tmp_path, stdout=full)
    assert done.returncode == 1
    told = b"lindiff-nb: standard output cannot be written: No space left on device\n"
    assert done.stderr == told
    assert ("--json" in command) == (tmp_path / "a.json").exists()


@pytest.mark.long
def test_a_standard_error_that_is_gone_changes_no_status(tmp_path):
    read, write = os.pipe()
    os.close(read)
    done = run("predict --power-law 3 1 -n 0", tmp_path, stderr=write)
    os.close(write)
    assert (done.returncode, done.stdout) == (2, b"")


def closing(*numbers: int):
    """What closes these standard streams in a process before its program starts."""
    return lambda: [os.close(number) for number in numbers]


@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "status", "closed"),
    [
        *[(f"{PREDICT} --json a.json", 0, closed) for closed in ((0,), (1,), (2,), (0, 1, 2))],
        ("sample mnist-4-A-250 -n 1 --steps 2 -o a.npy", 0, (2,)),
        ("predict --power-law 3 1 -n 0", 2, (0, 1, 2)),
    ],
)
def test_a_standard_stream_that_was_closed_changes_no_status(tmp_path, command, status, closed):
    done = run(command, tmp_path, preexec_fn=closing(*closed))
    assert done.returncode == status
    assert b"Traceback" not in done.stderr
    assert bool(list(tmp_path.glob("a.*"))) == (status == 0)


def test_no_file_takes_the_number_of_a_standard_stream_that_was_closed(tmp_path):
    """Else what a library prints of itself would be written into the answer."""
    code = """import os
from lindiff_nb.run import streams
with streams.told(), open("answer", "w") as file:
    for number in range(3):
        os.write(number, b"a warning")
    file.write(f"{file.fileno() > 2}")"""
    line = [sys.executable, "-c", code]
    subprocess.run(line, cwd=tmp_path, preexec_fn=closing(0, 1, 2), check=True)
    assert (tmp_path / "answer").read_text() == "True"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(5, "Input/output error"), "mine.npy: Input/output error"),
        (OSError(5, "Input/output error", "other"), "other: Input/output error"),
        (OSError("no number"), "no number"),
        (MemoryError(), "too large for the memory of this machine"),
        (MemoryError("8 TiB"), "too large for the memory of this machine (8 TiB)"),
        (OverflowError("too large"), "a number leaves the range"),
        (ZeroDivisionError(), "a number leaves the range"),
        (ValueError("n must be"), "n must be"),
        (ValueError(), "ValueError"),
    ],
)
def test_every_refusal_has_words_and_names_the_file(error, told):
    with (
        pytest.raises(UsageError) as refused,
        refusing(ValueError, MemoryError, ArithmeticError, name="mine.npy"),
    ):
        raise error
    assert str(refused.value).startswith(told)
    assert words(error)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError(), "too large for the memory of this machine"),
        (ImportError("x.so: failed to map"), "a part of it cannot be loaded: x.so: failed to map"),
        (FileNotFoundError(2, "No such file"), "the folder where this was started is gone"),
    ],
)
def test_what_was_started_and_lacks_memory_or_its_folder_is_no_traceback(capsys, error, told):
    def add(commands):
        def work(chosen):
            raise error

        commands.add_parser("big").set_defaults(command=work)

    assert main(["big"], [add]) == 1
    assert capsys.readouterr().err == f"lindiff-nb: {told}\n"


@given(st.integers(-(10**30), 10**30))
def test_whole_numbers_are_read_in_any_form_that_is_whole(n):
    assert numbers.whole(str(n)) == numbers.whole(f"{n}.0") == numbers.whole(f"{n}e0") == n
    assert numbers.whole(f"{n}e3") == numbers.whole(f"{n}E+3") == 1000 * n
    if n % 10:
        with pytest.raises(argparse.ArgumentTypeError, match="must be a whole number"):
            numbers.whole(f"{n}e-1")


@pytest.mark.parametrize(
    "text", ["", "x", "1_0", "٥٠", "５", "1e", "0x10", " 1", "1 ", "nan", "1/2"]
)
def test_what_is_not_written_as_a_number_is_none(text):
    for kind in (numbers.whole, numbers.number):
        with pytest.raises(argparse.ArgumentTypeError, match="must be a"):
            kind(text)


@pytest.mark.parametrize("text", ["1e999999999", "1e400", "-1e400", "1" * 500])
def test_numbers_without_end_are_refused_at_once(text):
    with pytest.raises(argparse.ArgumentTypeError, match="must be a"):
        numbers.whole(text)


def test_numbers_are_finite():
    assert numbers.number("-1.5e-3") == -1.5e-3
    for text in ("1e309", "-1e309", "inf"):
        with pytest.raises(argparse.ArgumentTypeError):
            numbers.number(text)


@pytest.mark.long
@pytest.mark.parametrize(
    "command", ["predict --power-law 3 1 -n 9 --steps 9", "advise x.npy", "copies x.npy x.npy"]
)
def test_a_disk_that_fills_while_a_file_is_written_leaves_it_as_it_was(tmp_path, command):
    """No file may grow beyond a page: what is tried before the work fits, and no picture does."""
    np.save(tmp_path / "x.npy", np.random.default_rng(0).integers(0, 255, (12, 4, 4), np.uint8))
    (tmp_path / "a.png").write_bytes(b"before")
    code = """import resource, sys
from lindiff_nb.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
sys.exit(main(sys.argv[1:]))"""
    line = [sys.executable, "-B", "-c", code, *command.split(), "--figure", "a.png", "-f"]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "lindiff-nb: a.png: File too large\n")
    assert done.stdout  # the words come first
    assert (tmp_path / "a.png").read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"x.npy", "a.png"}

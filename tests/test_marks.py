"""A test that starts a kernel, a browser or a socket says so, or is stopped at that moment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
STARTS = {
    "kernel": "start([sys.executable, '-m', 'ipykernel_launcher', '--version'])",
    "papermill": "start([sys.executable, '-m', 'papermill', '--version'])",
    "jupyter": "start(['jupyter', 'lab'])",
    "browser": "start(['/nowhere/chromium', '--headless'])",
    "shell": "start('chromium --headless', shell=True)",
    "bind": "socket.socket().bind(('127.0.0.1', 0))",
    "connect": "socket.socket().connect_ex(('127.0.0.1', 9))",
    "look-up": "socket.getaddrinfo('localhost', '80')",
}
NEEDS = dict(zip(STARTS, [*["kernel"] * 3, *["browser"] * 2, *["network"] * 3], strict=True))
HEAD = """\
import contextlib, socket, subprocess, sys
import pytest
def start(command, **more):
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(command, capture_output=True, **more)
"""


def run(folder: Path, cases: dict[str, tuple[str, str]]) -> dict[str, str]:
    """The outcome of each case, a mark (or none) and a statement, in a pytest of its own."""
    text = HEAD
    for name, (mark, statement) in cases.items():
        marked = f"@pytest.mark.{mark}\n" if mark else ""
        text += f"{marked}def test_{name.replace('-', '_')}():\n    {statement}\n"
    (folder / "test_cases.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-p", "no:cacheprovider", "-rA"]
    done = subprocess.run(
        [*command, "-W", "ignore", "test_cases.py"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}", "PATH": "/nowhere"},
        capture_output=True,
        text=True,
    )
    lines = [line for line in done.stdout.splitlines() if "test_cases.py::test_" in line]
    return {line.split("::test_")[1].split()[0].replace("_", "-"): line for line in lines}


@pytest.mark.long
def test_an_unmarked_test_is_stopped_with_the_mark_that_it_needs(tmp_path):
    found = run(tmp_path, {name: ("", statement) for name, statement in STARTS.items()})
    assert set(found) == set(STARTS)
    for name, line in found.items():
        assert line.startswith("FAILED"), line
        assert f"'{NEEDS[name]}'" in line or "..." in line


@pytest.mark.long
def test_a_marked_one_is_not_and_what_starts_nothing_needs_no_mark(tmp_path):
    cases = {name: (NEEDS[name], statement) for name, statement in STARTS.items()}
    cases |= {
        "plain": ("", "start([sys.executable, '-c', ''])"),
        "local": ("", "socket.socketpair()"),
        "served": ("kernel", STARTS["bind"]),
    }
    found = run(tmp_path, cases)
    assert {name: line.split()[0] for name, line in found.items()} == dict.fromkeys(cases, "PASSED")


@pytest.mark.long
@pytest.mark.parametrize(("mark", "starts"), [("browser", "kernel"), ("slow", "bind")])
def test_another_mark_does_not_do(tmp_path, mark, starts):
    found = run(tmp_path, {starts: (mark, STARTS[starts])})
    assert found[starts].startswith("FAILED")

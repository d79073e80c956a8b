"""The script that a change must pass: what it hands on of a machine, and what it asks of make."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "run"
FAKE = """#!/bin/sh
echo "make $*" >> "{log}"
env -0 > "{folder}/environment"
find "$HOME" "$TMPDIR" "$XDG_RUNTIME_DIR" -mindepth 1 >> "{folder}/litter"
touch "$HOME/cache" "$TMPDIR/left"
[ "$*" != "{fails}" ]
"""
COMMANDS = ["make book", "make test", "make test-slow"]
PASS = {
    "LANG": "C.UTF-8",
    "CI": "true",
    "PIP_INDEX_URL": "https://index.invalid/simple",
    "PIP_CERT": "/certificates",
    "http_proxy": "http://proxy.invalid:1",
    "no_proxy": "localhost",
    "HTTPS_PROXY": "http://proxy.invalid:2",
    "SSL_CERT_FILE": "/certificates",
    "REQUESTS_CA_BUNDLE_CERT": "/certificates",
    "PYENV_ROOT": "/pyenv",
    "OPENBLAS_CORETYPE": "Haswell",
}
STAY = {
    "LINDIFF_DATA": "/data",
    "LINDIFF_SYSTEM_DATA": "/usr/share/datasets",
    "LINDIFF_SITE": "/site",
    "PYTHONPATH": "/elsewhere",
    "PYTHONOPTIMIZE": "2",
    "VIRTUAL_ENV": "/venv",
    "MPLBACKEND": "agg",
    "OMP_NUM_THREADS": "7",
    "XDG_CACHE_HOME": "/cache",
    "XDG_DATA_DIRS": "/share",
    "JUPYTER_PATH": "/jupyter",
    "MAKEFLAGS": "-k",
    "BASH_ENV": "/dev/null",
    "MY_PATH": "/mine",
    "SECRET": "two\nlines",
}


def run(tmp_path: Path, fails: str = "") -> tuple[int, list[str], dict[str, str]]:
    """Exit status, what make was asked for, and the environment it saw; make itself is a fake."""
    programs = tmp_path / "bin"
    programs.mkdir()
    log = tmp_path / "log"
    fake = FAKE.format(log=log, folder=tmp_path, fails=fails)
    for name, text in (("make", fake), ("chromium", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    told = PASS | STAY | {"PATH": path, "HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    done = subprocess.run([SCRIPT], env=told, cwd=tmp_path, capture_output=True, text=True)
    words = (tmp_path / "environment").read_text().split("\0")
    seen = dict(word.split("=", 1) for word in words if word)
    assert seen["PATH"] == path
    return done.returncode, log.read_text().splitlines(), seen


def test_the_readmes_commands_run_in_their_order(tmp_path):
    status, asked, _ = run(tmp_path)
    assert (status, asked) == (0, COMMANDS)
    readme = (ROOT / "README.md").read_text()
    assert all(re.search(rf"^{command.split(' SLOW')[0]}\b", readme, re.M) for command in asked)


@pytest.mark.parametrize(
    ("fails", "asked"), [(line.removeprefix("make "), at) for at, line in enumerate(COMMANDS, 1)]
)
def test_what_fails_ends_the_script_as_failed(tmp_path, fails, asked):
    status, commands, _ = run(tmp_path, fails)
    assert status != 0
    assert len(commands) == asked


def test_of_the_environment_only_what_reaches_packages_passes(tmp_path):
    seen = run(tmp_path)[2]
    assert {name: seen.get(name) for name in PASS} == PASS
    own = {"HOME", "TMPDIR", "LINDIFF_SYSTEM_DATA", "LINDIFF_REQUIRE_BROWSER"}
    own |= {f"XDG_{kind}_HOME" for kind in ("CACHE", "CONFIG", "DATA", "STATE")}
    shells = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert set(seen) - shells == set(PASS) | own | {"PATH", "XDG_RUNTIME_DIR"}


def test_home_caches_and_the_temporary_folder_are_new_and_gone_afterwards(tmp_path):
    seen = run(tmp_path)[2]
    assert (tmp_path / "litter").read_text().count("\n") == 4  # what the fake itself left
    for name in ("HOME", "TMPDIR", "LINDIFF_SYSTEM_DATA", *(n for n in seen if n[:4] == "XDG_")):
        assert Path(seen[name]).is_relative_to(tmp_path), name  # mktemp heeds TMPDIR
        assert seen[name] not in (STAY.get(name), str(tmp_path))
        assert not Path(seen[name]).exists()


def test_the_script_names_no_place_of_a_machine():
    text = SCRIPT.read_text()
    assert set(re.findall(r"(?<![\w$\"}.])/\w[\w./-]*", text)) <= {"/usr/bin/env", "/dev/null"}

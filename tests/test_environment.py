"""One lock serves make, CI, conda and Binder; what is installed is what it says."""

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKED = ("book", "faces", "test")  # bench is for who wants its comparison
EXTRAS = [need for name in LOCKED for need in PROJECT["optional-dependencies"][name]]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): pin for name, pin in pairs}


def test_environment_yml_is_python_and_the_project_with_its_lock():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, from_pip = conda["dependencies"]
    assert python == "python=3.11"
    assert pip == "pip"
    assert from_pip == {"pip": ["-r requirements.lock", "-e ."]}


@pytest.mark.parametrize("text", [*PROJECT["dependencies"], *EXTRAS])
def test_the_lock_meets_every_need_of_pyproject(text):
    need = Requirement(text)
    assert need.specifier.contains(pins()[normal(need.name)]), text


def test_what_is_installed_is_what_is_locked():
    wrong = {}
    for name, pin in pins().items():
        try:
            found = version(name).split("+")[0]
        except PackageNotFoundError:
            found = "nothing"
        if found != pin:
            wrong[name] = f"{found} instead of {pin}"
    assert not wrong


def test_the_seven_fixed_packages_are_there():
    fixed = {"jupyter-book", "jupytext", "numpy", "scipy", "torch", "matplotlib", "papermill"}
    assert fixed <= set(pins())


def test_importing_the_package_is_cheap():
    """Under 0.3 s (the fastest of three), without torch, without matplotlib."""
    code = (
        "import time; start = time.perf_counter(); import lindiff_nb, sys;"
        "print(time.perf_counter() - start);"
        "assert not {'torch', 'matplotlib', 'scipy', 'altair'} & set(sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    assert min(float(run.stdout) for run in runs) < 0.3


def test_actions_are_pinned_by_commit_and_can_only_read():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        text = path.read_text()
        uses = re.findall(r"uses: *(\S+)", text)
        assert uses
        assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action) for action in uses), path
        assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("layer", ["exact", "predict", "measure"])
def test_a_layer_hands_out_all_its_public_modules(layer):
    files = (ROOT / "lindiff_nb" / layer).glob("[!_]*.py")
    assert import_module(f"lindiff_nb.{layer}").__all__ == sorted(file.stem for file in files)

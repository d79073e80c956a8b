"""One lock serves make, CI, conda and Binder; what is installed is what it says.

Only where the lock was installed: with other versions, leave this file out.
"""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
OURS = PROJECT["name"] + "["  # an extra that asks for others of this package
LOCKED = set(PROJECT["optional-dependencies"]) - {"bench"}  # for who wants its comparison
EXTRAS = [
    need
    for name in sorted(LOCKED)
    for need in PROJECT["optional-dependencies"][name]
    if not need.startswith(OURS)
]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pairs = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {normal(name): pin for name, pin in pairs}


def hashed() -> dict[str, tuple[Requirement, list[str]]]:
    """What requirements.hashes asks for, and the checksums that it has for each."""
    found = {}
    for line in (ROOT / "requirements.hashes").read_text().replace("\\\n", "").splitlines():
        if not line.startswith("#"):
            text, *sums = re.split(r"\s+--hash=sha256:", line)
            need = Requirement(text)
            found[normal(need.name)] = need, sums
    return found


def needed_by(name: str) -> set[str]:
    """What a package that is installed asks for on this machine, its extras aside."""
    needs = [Requirement(text) for text in requires(name) or ()]
    return {
        normal(need.name)
        for need in needs
        if need.marker is None or need.marker.evaluate({"extra": ""})
    }


def test_environment_yml_is_python_and_the_project_with_its_lock():
    conda = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, from_pip = conda["dependencies"]
    assert python == "python=3.11"
    assert pip == "pip"
    assert from_pip == {"pip": ["-r requirements.lock", "-e .[all]"]}


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


def test_what_has_a_checksum_is_what_is_locked():
    """On the platform of the lock, Linux with Python 3.11; for others there may be more."""
    platform = {
        "sys_platform": "linux",
        "platform_system": "Linux",
        "os_name": "posix",
        "python_version": "3.11",
        "python_full_version": "3.11.7",
    }
    found = {
        name: str(need.specifier).removeprefix("==")
        for name, (need, _) in hashed().items()
        if need.marker is None or need.marker.evaluate(platform)
    }
    assert found == {name: pin for name, pin in pins().items() if name in found}
    for need, sums in hashed().values():
        assert sums, need
        assert all(re.fullmatch("[0-9a-f]{64}", checksum) for checksum in sums), need


def test_only_torch_and_what_only_torch_needs_has_no_checksum():
    without = set(pins()) - set(hashed())
    assert "torch" in without
    needs = {other: needed_by(other) for other in pins()}
    for name in without - {"torch"}:
        by = {other for other, needed in needs.items() if name in needed}
        assert by, name
        assert by <= without, (name, by)
    assert {normal(Requirement(need).name) for need in EXTRAS} & without == {"torch"}


def test_the_seven_fixed_packages_are_there():
    fixed = {"jupyter-book", "jupytext", "numpy", "scipy", "torch", "matplotlib", "papermill"}
    assert fixed <= set(pins())

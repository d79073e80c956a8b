"""One lock serves make, CI, conda and Binder; what is installed is what it says."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, packages_distributions, requires, version
from pathlib import Path

import pytest
import yaml
from chapters_as_scripts import write_scripts
from packaging.requirements import Requirement
from threadpoolctl import threadpool_info

from lindiff_nb.run.kernel import THREADS

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
    for name in without - {"torch"}:
        by = {other for other in pins() if name in needed_by(other)}
        assert by, name
        assert by <= without, (name, by)
    assert not {normal(Requirement(need).name) for need in EXTRAS} & without


def test_the_seven_fixed_packages_are_there():
    fixed = {"jupyter-book", "jupytext", "numpy", "scipy", "torch", "matplotlib", "papermill"}
    assert fixed <= set(pins())


IMPORTED = packages_distributions()
LOCAL = {"lindiff_nb", "benchmarks", *(path.stem for path in (ROOT / "tests").glob("*.py"))}


def imports(paths: Iterable[Path]) -> set[str]:
    """The packages that the code imports anywhere, at its top or in a function."""
    modules = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, path
                modules.add(str(node.module))
    tops = {module.split(".")[0] for module in modules} - LOCAL - sys.stdlib_module_names
    return tops


def declared(*extras: str) -> set[str]:
    needs = PROJECT["dependencies"] + [
        n for e in extras for n in PROJECT["optional-dependencies"][e]
    ]
    return {normal(Requirement(need).name) for need in needs}


def undeclared(tops: set[str], *extras: str) -> set[str]:
    """Imported packages none of whose distributions is declared."""
    known = declared(*extras)
    names = {top: {normal(name) for name in IMPORTED.get(top, [top])} for top in tops}
    return {top for top, distributions in names.items() if not distributions & known}


def test_every_imported_package_is_declared(tmp_path):
    """In the extra of what imports it: the website's code may use `book`, a chapter nothing."""
    package = set((ROOT / "lindiff_nb").rglob("*.py"))
    website = {path for path in package if path.parent.name in ("run", "site")}
    write_scripts(tmp_path)
    assert not undeclared(imports(package - website))
    assert not undeclared(imports(tmp_path.glob("*.py")))
    assert not undeclared(imports(website), "book")
    assert not undeclared(imports((ROOT / "tests").glob("*.py")), "book", "faces", "test")
    assert not undeclared(imports((ROOT / "benchmarks").glob("*.py")), "bench")


def test_every_sphinx_extension_is_declared_or_jupyter_books_own():
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]
    tops = {name if "bibtex" in name else name.split(".")[0] for name in settings["extensions"]}
    known = declared("book") | needed_by("jupyter-book")
    assert {normal(name) for name in tops - {"lindiff_nb"}} <= known


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import lindiff_nb, sys;"
        "print(*{'numpy', 'torch', 'matplotlib', 'scipy', 'altair'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_tests_run_with_one_thread_as_kernels_do():
    """Set before numpy was imported: its linear algebra has one thread already."""
    import conftest
    import scipy.linalg  # noqa: F401

    assert conftest.THREADS == THREADS
    assert {pool["num_threads"] for pool in threadpool_info()} == {1}


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

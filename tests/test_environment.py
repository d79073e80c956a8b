"""What the project asks for is declared; importing it is cheap; tests run with one thread."""

import ast
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
import types
from collections.abc import Iterable
from importlib import import_module
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from chapters_as_scripts import write_scripts
from packaging.requirements import Requirement
from test_lock import needed_by, normal
from threadpoolctl import threadpool_info

import lindiff_nb
from lindiff_nb.run.environment import THREADS
from lindiff_nb.site import api

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
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


PACKAGES = sorted(path.parent.name for path in (ROOT / "lindiff_nb").glob("[!_]*/__init__.py"))
COMMANDS = {"data", "run", "site"}  # they hand out functions, and keep their modules to themselves
FUNCTIONS = {
    f"{module.__name__}.{name}": value
    for package in api.packages()
    for module in api.modules(package)
    for name, value in api.names(module).items()
}


def files(package):
    return {file.stem for file in (ROOT / "lindiff_nb" / package).glob("[!_]*.py")}


def test_the_package_hands_out_and_describes_all_its_packages():
    assert {*PACKAGES, "cli"} == set(lindiff_nb.__all__) == set(rows(lindiff_nb))


def rows(package):
    """The modules that the map in a docstring names."""
    found = map(api.ROW.fullmatch, (package.__doc__ or "").splitlines())
    return [name for row in found if row for name in row[1].split(", ")]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_s_docstring_is_a_map_of_its_modules(package):
    """Each once, and none that is not there."""
    assert sorted(rows(getattr(lindiff_nb, package))) == sorted(files(package))


@pytest.mark.parametrize("package", sorted({*PACKAGES} - COMMANDS))
def test_a_package_hands_out_all_its_public_modules(package):
    assert files(package) <= set(getattr(lindiff_nb, package).__all__)


@pytest.mark.parametrize("package", sorted({*PACKAGES} - {"site"}))
def test_all_that_a_package_lists_is_there_and_a_function_never_hides_a_module(package):
    found = import_module(f"lindiff_nb.{package}")
    for name in found.__all__:
        assert isinstance(getattr(found, name), types.ModuleType) == (name in files(package))


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_what_is_public_says_what_it_is_and_what_it_raises(name):
    """A docstring; and where its own lines check or raise, what that is, or where it is said."""
    said = inspect.getdoc(FUNCTIONS[name]) or ""
    assert said.split("\n\n")[0].rstrip().endswith((".", ":", ",")), said
    if inspect.isfunction(FUNCTIONS[name]):
        checks = re.search(r"\bvalidate\.|\braise ", inspect.getsource(FUNCTIONS[name]))
        assert not checks or re.search(r"[Rr]aise|[Ee]rror", said), said


def test_the_three_ways_to_a_training_curve_point_at_each_other():
    ways = ("exact.training", "predict.training", "measure.experiments.training_losses")
    for way in ways:
        said = " ".join(inspect.getdoc(pkgutil.resolve_name(f"lindiff_nb.{way}")).split())
        assert "Use this when" in said
        assert all(f"`{other}`" in said for other in ways if other != way)

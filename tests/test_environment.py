"""What the project asks for is declared; importing it is cheap; tests run with one thread."""

import ast
import re
import subprocess
import sys
import tomllib
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

from lindiff_nb.run.environment import THREADS

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


@pytest.mark.parametrize("layer", ["exact", "predict", "measure", "networks"])
def test_a_layer_hands_out_all_its_public_modules(layer):
    files = (ROOT / "lindiff_nb" / layer).glob("[!_]*.py")
    assert import_module(f"lindiff_nb.{layer}").__all__ == sorted(file.stem for file in files)

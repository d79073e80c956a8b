"""Which files the results of a chapter depend on, and whether any of them changed.

A chapter is run again if its text changed, its values, the lock, the Python version, or a
file of the package that it uses: a module it imports, directly or not, or a data or style file
beside such a module. The import graph is grimp's. Two things it cannot know are read
conservatively. A package that loads its modules lazily may hand out any of them, so using the
package itself (`from lindiff_nb import exact`, `from lindiff_nb.figures import use_style`) means
using all it holds; `from lindiff_nb.exact import denoiser` means that one module. And code that
is not plain Python (a magic) may use anything.
"""

import ast
import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lindiff_nb._base import extras
from lindiff_nb._base.errors import UsageError
from lindiff_nb._base.files import digest
from lindiff_nb.run.cache import written
from lindiff_nb.run.chapters import Chapter
from lindiff_nb.run.parameters import Value

with extras.of("run"):
    import grimp

FORMAT = "3"  # raised when executed notebooks of an earlier version cannot be used any more


class Dependencies:
    """The import graph of a package and the files behind it."""

    def __init__(self, package: str) -> None:
        """Read every module of `package`, which can be imported."""
        self.package = package
        spec = find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise UsageError(f"the chapters' package {package} cannot be imported")
        self.folder = Path(spec.submodule_search_locations[0])
        with ThreadPoolExecutor(1) as apart:  # a signal heard within grimp's Rust is a panic
            self.graph = apart.submit(grimp.build_graph, package, cache_dir=None).result()
        self.digest = cache(digest)

    def ingredients(
        self, chapter: Chapter, values: Mapping[str, Value] | None = None
    ) -> dict[str, str]:
        """Everything that the results of a run depend on: name -> digest or version.

        `values` are those that differ from the published ones.
        """
        found = {
            "format": FORMAT,
            "python": platform.python_version(),
            "its text": hashlib.sha256(chapter.text.encode()).hexdigest(),
            **({"its values": written(values)} if values else {}),
            **self.of_modules(self.imported(chapter.code)),
        }
        lock = chapter.book.root / "requirements.lock"
        return found | ({lock.name: digest(lock)} if lock.is_file() else {})

    def of_modules(self, modules: Iterable[str]) -> dict[str, str]:
        """Digests of the sources of these modules, of all they import, and of the files beside."""
        used, loaded = self.closure(modules)
        files = {self.source(module) for module in used | loaded}
        for module in used:
            files |= set(self.resources(module))
        root = self.folder.parent
        return {path.relative_to(root).as_posix(): self.digest(path) for path in sorted(files)}

    def imported(self, cells: Iterable[str]) -> set[str]:
        """The modules of the package that the code of these cells names."""
        try:
            trees = [ast.parse(cell) for cell in cells]
        except SyntaxError:
            return {self.package}
        nodes = [node for tree in trees for node in ast.walk(tree)]
        return {module for node in nodes for module in self._named(node)}

    def closure(self, modules: Iterable[str]) -> tuple[set[str], set[str]]:
        """The modules that are used, and the parent packages that are loaded on the way."""
        used: set[str] = set()
        loaded: set[str] = set()
        waiting = list(modules)
        while waiting:
            module = waiting.pop()
            if module in used:
                continue
            used.add(module)
            waiting += self.graph.find_modules_directly_imported_by(module)
            if self.is_lazy(module):
                waiting += self.graph.find_descendants(module)
            for parent in set(_parents(module)) - loaded:
                loaded.add(parent)
                waiting += self.graph.find_modules_directly_imported_by(parent)
        return used, loaded

    def _named(self, node: ast.AST) -> Iterator[str]:
        """The modules of the package that an import statement names."""
        match node:
            case ast.Import(names):
                for alias in names:
                    if self._knows(alias.name):
                        yield alias.name if alias.asname else self.package
            case ast.ImportFrom(module=str(module), names=names) if self._knows(module):
                for alias in names:
                    inner = f"{module}.{alias.name}"
                    yield inner if self._knows(inner) else module

    def _knows(self, module: str) -> bool:
        return module in self.graph.modules

    def is_lazy(self, module: str) -> bool:
        """Whether a module answers for names that it does not define."""
        return "__getattr__" in self.source(module).read_text(encoding="utf-8")

    def source(self, module: str) -> Path:
        """The file of a module."""
        path = self.folder.parent.joinpath(*module.split("."))
        return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")

    def resources(self, module: str) -> Iterator[Path]:
        """The files other than Python in the package of a module, its subpackages left out."""
        return _resources(self.source(module).parent)


def changes(before: dict[str, str] | None, now: dict[str, str]) -> str:
    """What differs, in words; empty if nothing does."""
    if before is None:
        return "not run yet"
    changed = [name for name in now | before if before.get(name) != now.get(name)]
    more = f" and {len(changed) - 2} more" if len(changed) > 2 else ""
    return "changed: " + ", ".join(changed[:2]) + more if changed else ""


def _parents(module: str) -> Iterator[str]:
    while "." in module:
        module = module.rpartition(".")[0]
        yield module


def _resources(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.name.startswith((".", "__pycache__")) or path.suffix in (".py", ".pyc", ".typed"):
            continue
        if path.is_file():
            yield path
        elif not (path / "__init__.py").exists():
            yield from _resources(path)

"""Names that moved: each old one works for one release, and warns with the place of the new one.

`MODULES` moved whole and go on being imported under their old names. `NAMES` moved inside a module,
which says `__getattr__ = _moved.names(__name__)`.
"""

import pkgutil
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import lazy_loader

MODULES = {
    "exact.mixture": "exact.empirical",
    "exact.scales": "exact.scale_mixture",
    "measure.checkpoints": "networks.checkpoints",
    "measure.draws": "measure.experiments",
    "measure.held_out": "measure.cross_validated",
    "measure.mappings": "measure.comparison",
    "measure.network_training": "networks.training",
    "measure.networks": "networks.denoisers",
    "measure.onset": "measure.crossings",
    "measure.replicas": "measure.partition_functions",
    "measure.unet": "networks.unet",
    "predict.energies": "predict.unequal_images",
    "predict.replicated": "predict.replica_integer_m",
    "run.errors": "_base.errors",
}
NAMES = {
    "exact.validation.test_loss": "exact.validation.gcv_loss",
    "predict.fluctuations.kl": "predict.fluctuations.kl_sd",
    "predict.fluctuations.test_loss": "predict.fluctuations.test_loss_sd",
    "predict.fluctuations.train_loss": "predict.fluctuations.train_loss_sd",
    "predict.fluctuations.wishart_kl": "predict.fluctuations.wishart_kl_sd",
}
ROOT = "lindiff_nb."


def attach(package: str, **names: list[str]) -> tuple[Any, Any, list[str]]:
    """What `lazy_loader.attach` gives for the public modules in a package's folder and these names.

    `names` are told by their modules: text=["table"]. Modules that have left are found as well.
    """
    found = pkgutil.iter_modules(sys.modules[package].__path__)
    public = [module.name for module in found if not module.name.startswith("_")]
    lazy, directory, every = lazy_loader.attach(package, public, names)

    def find(name: str) -> Any:
        old = f"{package}.{name}"
        new = MODULES.get(old.removeprefix(ROOT))
        if new is None:
            return lazy(name)
        _warn(old, ROOT + new)
        return import_module(ROOT + new)

    return find, directory, every


def names(module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a module in which names moved."""

    def find(name: str) -> Any:
        new = NAMES.get(f"{module}.{name}".removeprefix(ROOT))
        if new is None:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        _warn(f"{module}.{name}", ROOT + new)
        return getattr(sys.modules[module], new.rpartition(".")[2])

    return find


class Finder(MetaPathFinder, Loader):
    """Finds a module that moved under its old name, after all others have looked for it."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """A specification whose loading puts the module from its new place there."""
        return ModuleSpec(name, self) if name.removeprefix(ROOT) in MODULES else None

    def exec_module(self, module: ModuleType) -> None:
        """Put the module that is meant in the place of an empty one."""
        old = module.__name__
        new = ROOT + MODULES[old.removeprefix(ROOT)]
        _warn(old, new)
        sys.modules[old] = import_module(new)


def _warn(old: str, new: str) -> None:
    warnings.warn(f"{old} is now {new}", DeprecationWarning, stacklevel=3)

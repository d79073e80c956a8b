"""Names that moved work under their old ones, warn with the new place, and are on the page."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from lindiff_nb import _moved

PAGE = (Path(__file__).parents[1] / "book" / "changes.md").read_text()
ROOT = "lindiff_nb."


@pytest.mark.parametrize("old", sorted(_moved.MODULES))
def test_a_module_that_moved_is_imported_under_its_old_name(old):
    new = ROOT + _moved.MODULES[old]
    sys.modules.pop(ROOT + old, None)
    with pytest.warns(DeprecationWarning, match=f"{ROOT}{old} is now {new}$"):
        assert import_module(ROOT + old) is import_module(new)


@pytest.mark.parametrize("old", sorted(set(_moved.MODULES) - {"run.errors"}))
def test_a_module_that_moved_is_an_attribute_as_before(old):
    package, name = old.split(".")
    room = import_module(ROOT + package)
    sys.modules.pop(ROOT + old, None)
    vars(room).pop(name, None)
    with pytest.warns(DeprecationWarning, match="is now") as seen:
        assert getattr(room, name) is import_module(ROOT + _moved.MODULES[old])
    assert seen[0].filename == __file__
    assert name not in room.__all__


@pytest.mark.parametrize("old", sorted(_moved.NAMES))
def test_a_name_that_moved_is_found_in_its_module(old):
    module, name = (ROOT + old).rsplit(".", 1)
    with pytest.warns(DeprecationWarning, match=f"is now {ROOT}{_moved.NAMES[old]}$") as seen:
        found = getattr(import_module(module), name)
    assert found.__name__ == _moved.NAMES[old].rsplit(".", 1)[1]
    assert seen[0].filename == __file__


def test_what_never_was_there_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        import_module("lindiff_nb.exact.validation").nothing  # noqa: B018
    with pytest.raises(ModuleNotFoundError):
        import_module("lindiff_nb.exact.nothing")


def test_all_ways_to_import_an_old_name_work_in_a_fresh_process():
    program = (
        "import lindiff_nb.measure.draws as a; from lindiff_nb.measure import draws as b; "
        "import lindiff_nb; c = lindiff_nb.measure.draws; "
        "from lindiff_nb.measure.draws import losses; assert a is b is c and a.losses is losses"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("old", "new"), sorted((_moved.MODULES | _moved.NAMES).items()))
def test_the_page_of_changes_names_what_moved(old, new):
    assert f"* `{old}` is now `{new}`: " in PAGE

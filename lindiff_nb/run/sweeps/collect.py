"""The finished cells of a sweep as one tidy table: a row for each cell, whether it was good or not.

The columns: target; the parameters; replicate, seed, status, reason and cell (that failed, counted
among code cells); seconds, peak_memory in bytes, host; then what was recorded. A recorded name that
is also a parameter's gets _recorded. The order of rows is the plan's, so equal sweeps are equal
tables but for seconds, peak_memory and host.
"""

import math
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from lindiff_nb._base import validate
from lindiff_nb._base.extras import NotInstalled
from lindiff_nb._base.memory import require
from lindiff_nb._base.outputs import output, write_bytes
from lindiff_nb._base.written import as_csv
from lindiff_nb.run.sweeps.cells import Cell
from lindiff_nb.run.sweeps.store import Record, Store

Columns = dict[str, list[Any]]

FIXED = ("replicate", "seed", "status", "reason", "cell")
MEASURED = ("seconds", "peak_memory", "host")
NOT_RUN: Record = {"status": "not run", "reason": "", "recorded": {}}


def collect(path: str | Path, form: str | None = None) -> Any:
    """The table of the sweep in a folder, as far as it has come.

    A pandas frame where pandas is installed, else the columns as arrays by their names; or as
    `form` says: pandas, arrays, or xarray, a dataset over the parameters and replicates. Missing
    numbers are NaN. UsageError (a ValueError) if the folder holds no sweep.
    """
    if form is not None:
        validate.choice("form", form, ("pandas", "arrays", "xarray"))
    arrays = {name: _array(values) for name, values in columns(Path(path)).items()}
    if form == "arrays" or (form is None and find_spec("pandas") is None):
        return arrays
    frame = _installed("pandas").DataFrame(arrays)
    return _dataset(frame) if form == "xarray" else frame


def _dataset(frame: Any) -> Any:
    """A frame as an xarray dataset: a place for every value with every other, filled or not."""
    _installed("xarray")
    names = list(frame)
    over = [*names[1 : names.index("replicate")], "replicate"]
    for more in ("seed", "target"):  # given by the user; two sweeps in one folder
        over += [more] * int(frame.duplicated(over).any())
    sizes = [frame[name].nunique(dropna=False) for name in over]
    room = 2 * 8 * (len(names) - len(over)) * math.prod(sizes)  # it is filled once more
    require(room, f"a dataset of {' x '.join(map(str, sizes))} places ({', '.join(over)})")
    return frame.set_index(over).to_xarray()


def columns(folder: Path) -> Columns:
    """The table as lists by the names of the columns, None where there is nothing."""
    store = Store(folder)
    cells, known = _newest(store.plans()), store.records()
    rows = [(cell, known.get(cell.identity, NOT_RUN)) for cell in cells]
    parameters = _names(cell.values for cell in cells)
    parameters = [name for name in parameters if name != "seed"]
    recorded = _names(one["recorded"] for _, one in rows)
    found: Columns = {"target": [cell.target for cell in cells]}
    found |= {name: [cell.values.get(name) for cell in cells] for name in parameters}
    found["replicate"] = [cell.replicate for cell in cells]
    found["seed"] = [cell.seed for cell in cells]
    for name in (*FIXED[2:], *MEASURED):
        found[name] = [one.get(name) for _, one in rows]
    taken = set(found)
    for name in recorded:
        column = f"{name}_recorded" if name in taken else name
        found[column] = [one["recorded"].get(name) for _, one in rows]
    return found


def text(table: Columns) -> str:
    """The table as CSV: numbers to their last digit, nothing where there is none."""
    return as_csv([table, *zip(*table.values(), strict=True)])


def to_file(folder: Path, out: Path, force: bool = False) -> None:
    """Write the table: .csv, or .parquet and .nc with pandas or xarray and what these need."""
    makers: dict[str, Callable[[], bytes]] = {
        ".csv": lambda: text(columns(folder)).encode(),
        ".parquet": lambda: _parquet(collect(folder, "pandas")),
        ".nc": lambda: bytes(collect(folder, "xarray").to_netcdf()),
    }
    output(out, force, tuple(makers))
    write_bytes(out, makers[out.suffix]())


def _parquet(frame: Any) -> bytes:
    _installed("pyarrow")
    return bytes(frame.to_parquet(engine="pyarrow"))


def _newest(plans: list[list[Cell]]) -> list[Cell]:
    """The cells of all plans; of one and the same point, seed and replicate, the latest plan's."""
    found: dict[str, Cell] = {}
    for cell in (cell for plan in plans for cell in plan):
        found[repr((cell.target, sorted(cell.values.items()), cell.replicate, cell.seed))] = cell
    return list(found.values())


def _names(mappings: Iterable[dict[str, Any]]) -> list[str]:
    """All names, in the order in which they first come."""
    return list(dict.fromkeys(name for mapping in mappings for name in mapping))


def _array(values: list[Any]) -> Any:
    """A column in one type: numbers or truth values, with NaN for what is missing, or text."""
    there = [value for value in values if value is not None]
    if all(isinstance(value, float) or _is_whole(value) for value in there):
        if len(there) == len(values):
            return np.array(values)
        return np.array([np.nan if value is None else value for value in values], float)
    return np.array(["" if value is None else str(value) for value in values], object)


def _is_whole(value: object) -> bool:
    """Whether a value is a whole number that an array of numbers holds to its last digit."""
    return isinstance(value, int) and abs(value) < 2**63


def _installed(name: str) -> Any:
    """A package that nothing here needs but a form of the table does."""
    try:
        return import_module(name)
    except ImportError:
        raise NotInstalled(f"{name} is not installed: pip install {name}", name=name) from None

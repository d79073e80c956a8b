"""What a Python that we start sees of this process's environment: the one rule for it.

Everything passes but what changes how Python, IPython, matplotlib and tqdm compute or print: that
is set here or left at its default. PYTHONOPTIMIZE would switch a chapter's assertions off,
PYTHONWARNINGS and a matplotlibrc of somebody's own would reach the page. Of Python's variables
only those pass that say where code is found. matplotlib's lists of fonts are kept where matplotlib
keeps them if that can be written to, else in a folder that goes with this process; they are made
before the first kernel starts, for matplotlib tells when that takes long.
"""

import atexit
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

WHERE_CODE_IS = {
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONPLATLIBDIR",
    "PYTHONUSERBASE",
    "PYTHONNOUSERSITE",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
}
DROPPED = ("PYTHON", "PYDEVD", "IPYTHON", "IPYKERNEL", "MPL", "MATPLOTLIB", "TQDM", "NPY_")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
LOCK = threading.Lock()


def inherited() -> dict[str, str]:
    """The part of this process's environment that a Python we start gets; its text is UTF-8."""
    passes = {
        name: value
        for name, value in os.environ.items()
        if name in WHERE_CODE_IS or not name.upper().startswith(DROPPED)
    }
    return passes | {"PYTHONUTF8": "1"}


def without_grammar() -> None:
    """Import no package that parses addresses, in a process of ours: jsonschema would.

    It compiles a grammar as it is loaded, which takes a second, for a check that no notebook asks.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault("rfc3987_syntax", None)


def of_kernel(folder: Path, threads: int) -> dict[str, str]:
    """The environment of a kernel with a private folder, and so many threads for BLAS and torch."""
    rc = folder / "matplotlibrc"
    rc.touch()
    return {
        **inherited(),
        **dict.fromkeys(THREADS, str(threads)),
        "IPYTHONDIR": str(folder / "ipython"),
        "MATPLOTLIBRC": str(rc),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "MPLCONFIGDIR": str(matplotlib_folder()),
    }


def matplotlib_folder() -> Path:
    """A folder that can be written to and holds matplotlib's list of fonts."""
    usual = os.environ.get("MPLCONFIGDIR") or platformdirs.user_cache_path("matplotlib", False)
    with LOCK:  # the kernels of a build start at once
        return _with_fonts(Path(usual).absolute())


@cache
def _with_fonts(usual: Path) -> Path:
    folder = usual if _is_writable(usual) else _temporary()
    command = [sys.executable, "-c", "import matplotlib.font_manager"]
    environment = inherited() | {"MPLCONFIGDIR": str(folder)}
    with contextlib.suppress(OSError):  # then a kernel makes the list, or says what is wrong
        subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    return folder


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except (OSError, ValueError):
        return False


def _temporary() -> Path:
    folder = tempfile.mkdtemp(prefix=f"ld-{os.getpid()}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)

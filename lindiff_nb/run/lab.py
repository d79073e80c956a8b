"""A chapter in JupyterLab, opened as a notebook: lindiff-nb lab [CHAPTER].

JupyterLab takes Markdown for text. That it is a notebook is said in viewer/labconfig, which goes
before the folders of Jupyter's configuration for this start alone. No file of the user's is
changed, and all that is configured holds but for what would keep the chapter from opening.
"""

import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from lindiff_nb._base import extras
from lindiff_nb._base.errors import UsageError
from lindiff_nb._base.outputs import output, write_text
from lindiff_nb.run.chapters import PACKAGE, Chapter

VIEWER = Path(__file__).parent / "viewer"


def lab(chapter: Chapter, read: bool, browser: bool, port: int | None) -> None:
    """Open a chapter's source, or with `read` a readable copy of it, until JupyterLab ends.

    The source is the page itself: what is saved there is saved in the book. That of an installed
    package is not for editing, and so a copy of it in the current folder is opened. No file that
    is there already is written over.
    """
    extras.need("all", "jupyterlab")
    if port is not None and not 0 < port < 65536:
        raise UsageError(f"--port must be in [1, 65535], got {port}")
    if read:
        start(_executed(chapter), Path.cwd(), browser, port)
    elif chapter.book.folder == (PACKAGE / "chapters").resolve():
        start(_copied(chapter), Path.cwd(), browser, port)
    else:
        book, page = chapter.book, chapter.path
        print(f"what you save is saved in {page}; --read opens a copy to read", flush=True)
        start(page, book.root if book.is_checkout else book.folder, browser, port)


def _executed(chapter: Chapter) -> Path:
    """The executed chapter as a notebook in the current folder: the one there, or a new one."""
    path = Path.cwd() / f"{chapter.name}.ipynb"
    if not _is_there(path):
        from lindiff_nb.run.single import run_to_file

        run_to_file(chapter, (), str(path))
    return path


def _copied(chapter: Chapter) -> Path:
    """The source of a chapter in the current folder: the one there, or a new one."""
    path = Path.cwd() / f"{chapter.name}.md"
    if not _is_there(path):
        write_text(output(path, force=False, suffixes=(".md",)), chapter.text)
        print(f"a copy of the installed chapter, to change as you like: {path}", flush=True)
    return path


def _is_there(path: Path) -> bool:
    """Whether the user has such a file, which is then opened as it is; they are told so."""
    if there := path.is_file():
        print(f"{path} is there already, and is opened as it is", flush=True)
    return there


def start(page: Path, root: Path, browser: bool, port: int | None) -> None:
    """JupyterLab on the folder `root`, with one file of it open, in this process."""
    from jupyterlab.labapp import LabApp

    paths = [str(VIEWER), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    with tempfile.TemporaryDirectory(prefix=f"ld-{os.getpid()}-") as folder:
        options = {
            "ServerApp.root_dir": root,
            "ServerApp.preferred_dir": root,
            "FileContentsManager.root_dir": root,
            "FileContentsManager.preferred_dir": "",
            "ContentsManager.allow_hidden": True,  # as the chapter may be
            "ServerApp.kernel_spec_manager_class": "lindiff_nb.run.kernel.ThisInterpreter",
            "ServerApp.allow_root": True,  # as in a container; only this machine can connect
            "ServerApp.port_retries": 50,
            "ServerApp.open_browser": browser,
            "JupyterApp.log_level": "WARN",
            "LabApp.default_url": "/lab/tree/" + quote(page.relative_to(root).as_posix()),
            "LabApp.workspaces_dir": folder,  # what the user has open stays as it is
        }
        options |= {} if port is None else {"ServerApp.port": port}
        LabApp.launch_instance([f"--{name}={value}" for name, value in options.items()])

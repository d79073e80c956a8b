"""What Sphinx is given: a folder like the checkout, its chapters as executed notebooks."""

import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from lindiff_nb._base.errors import UsageError
from lindiff_nb._base.litter import remove
from lindiff_nb.run.cache import Entry
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.sources import mapping

NOTEBOOKS = "notebooks"  # the branch of executed notebooks, see .github/workflows/release.yml
HOSTS = {
    "github.com": True,
    "gitlab.com": True,
    "bitbucket.org": False,
}  # whether a page of issues is known
LAUNCH = {
    "binderhub_url": "https://mybinder.org",
    "colab_url": "https://colab.research.google.com",
}


def stage(book: Book, entries: dict[str, Entry], folder: Path) -> None:
    """Write the folder anew: pages, executed chapters, _toc.yml, _config.yml, runs.json.

    runs.json maps each chapter to the record of its run.
    """
    remove(folder)
    pages = folder / book.folder.name
    sources = [book.pages[chapter].name for chapter in entries]
    ignore = shutil.ignore_patterns(*sources, "*.ipynb", ".*")
    shutil.copytree(book.folder, pages, ignore=ignore)
    for chapter, entry in entries.items():
        shutil.copy(entry.notebook, pages / f"{chapter}.ipynb")
    shutil.copy(book.root / "_toc.yml", folder / "_toc.yml")
    settings = configuration(mapping(book.root / "_config.yml"))
    (folder / "_config.yml").write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")
    runs = {chapter: entry.record for chapter, entry in entries.items()}
    (folder / "runs.json").write_text(json.dumps(runs, indent=1) + "\n", "utf-8")


def configuration(settings: dict[str, Any]) -> dict[str, Any]:
    """Jupyter Book's settings with execution off and, where the environment tells, the repository.

    LINDIFF_REPOSITORY_URL makes the buttons that lead there, and on GitHub those that open a
    chapter on Colab and Binder, from the branch that a release writes; without it no address is
    invented. On a host that the theme does not know there are no buttons. Raises UsageError where
    it is no address of a repository.
    """
    execute = _section(settings, "execute") | {"execute_notebooks": "off"}
    settings = settings | {"execute": execute}
    if url := os.environ.get("LINDIFF_REPOSITORY_URL"):
        host, url = _host(url), url.rstrip("/").removesuffix(".git")
        if host in HOSTS:
            settings["repository"] = {"url": url, "branch": NOTEBOOKS}
            buttons = {"use_repository_button": True, "use_issues_button": HOSTS[host]}
            settings["html"] = _section(settings, "html") | buttons
        if host == "github.com":
            settings["launch_buttons"] = _section(settings, "launch_buttons") | LAUNCH
    return settings


def _host(url: str) -> str:
    """The host of a repository's address; UsageError for anything else."""
    wanted = f"LINDIFF_REPOSITORY_URL must be like https://github.com/OWNER/NAME, got {url!r}"
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UsageError(wanted) from None
    if parts.scheme not in ("http", "https") or len(parts.path.strip("/").split("/")) < 2:
        raise UsageError(wanted)
    return parts.hostname or ""


def _section(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """One section of the settings; empty if it is not there."""
    section = settings.get(name) or {}
    if not isinstance(section, dict):
        raise UsageError(f"_config.yml: {name} must hold names and values, got {section!r}")
    return section

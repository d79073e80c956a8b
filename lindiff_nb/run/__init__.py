"""Run the chapters: with other numbers, all of them, or as a website.

records       the numbers a chapter hands to its prose, record(name=value), and their table
sources       pages and YAML as people write them; what is wrong, with file and line
chapters      where the chapters are, in which order, and what is read from each
declarations  what the parameters cell of a chapter declares
parameters    one parameter: what it may be, and checks on what replaces it
environment   what a Python that we start sees of our environment
processes     those that a kernel started; how one ended
kernel        a fresh kernel of this very interpreter
outputs       of executed cells, as they are kept
execute       one notebook through papermill; what counts as failed
provenance    when, with what and on what a chapter was run
runner        one chapter with the record of its run, or several in an executor
readable      a chapter's notebook in plain Markdown, with the words and numbers of its page
single        one chapter with other parameters, into a notebook of the user's
figure        one figure by its name: its pictures and its numbers, as files
dependencies  which files a chapter's results depend on
cache         executed chapters, kept until one of those files changes
kept          a single run and the cache
content       whether HTML, SVG and their like are passive
published     what may stand on a page of the book
executed      those that have to be executed again
lock          one command at a time changes what was built
stage         what Sphinx is given
render        Sphinx, and the place of the website
downloads     the readable notebooks that its pages hand out
build         all of it
signals       those that end a command, heard as Ctrl-C is
sweeps        ten thousand runs of a chapter or of a function, and their table
cli, commands  the command line, and what it can do
numbers, streams   what it reads, and where it writes
describe, progress, serve   what it shows
lab, viewer   a chapter in JupyterLab, as a notebook
papermill_io  chapters as lindiff:// addresses for papermill
new_chapter, skeleton   a chapter begun: its page, and its places elsewhere

A chapter imports `record` from here in its kernel, so this file imports nothing heavier: a name
that is looked up as `sweep` is called makes no chapter depend on what sweeps are made of.
"""

from importlib import import_module
from typing import Any

from lindiff_nb.run.records import measured, read_records, record

__all__ = ["collect", "measured", "read_records", "record", "sweep"]


def sweep(plan: Any, folder: Any, **how: Any) -> dict[str, int]:
    """Run the cells of a plan into a folder: `sweeps.drive.sweep`, which says what `how` may be.

    `plan` is the path of a TOML file, or what `sweeps.plan.plan` returns. How many cells ended in
    which way. Raises UsageError, RunFailed or OSError.
    """
    done: dict[str, int] = import_module("lindiff_nb.run.sweeps.drive").sweep(plan, folder, **how)
    return done


def collect(path: Any, form: str | None = None) -> Any:
    """The table of the sweep in a folder: `sweeps.collect.collect`."""
    return import_module("lindiff_nb.run.sweeps.collect").collect(path, form)

"""The commands of the chapters with their options: list, info, run, figure, lab, build and others.

What a command needs is imported when it runs, so that `lindiff-nb list` starts at once.
"""

import argparse
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lindiff_nb._base import extras
from lindiff_nb._base.errors import UsageError
from lindiff_nb.run.chapters import Book, Chapter, find_book, locate
from lindiff_nb.run.numbers import count, positive, whole

Adder = Callable[[Any], None]  # adds its command to what add_subparsers returned


def add(commands: Any) -> None:
    """Add all of them, in the order in which --help lists them."""

    def begun(name: str, run: Callable[[argparse.Namespace], None], meaning: str) -> Any:
        """A command, and how an option is added to it."""
        command = commands.add_parser(name, help=meaning)
        command.set_defaults(command=run)
        return command.add_argument

    _add_readers(begun)
    _add_builders(begun)


def _add_readers(begun: Any) -> None:
    """The commands of whoever reads or runs chapters."""
    begun("list", _list, "the chapters")
    option = begun("info", _info, "the parameters of a chapter")
    option("chapter", metavar="CHAPTER", help="its name, or a file of your own")
    option = begun("run", _run, "run a chapter with other parameters")
    option("chapter", metavar="CHAPTER", help="its name, or a file of your own")
    option("-o", dest="out", metavar="OUT.ipynb", help="default: CHAPTER.ipynb")
    option("--source", action="store_true", help="leave the text as its MyST source")
    _add_values(option)
    option = begun("figure", _figure, "one figure: its pictures, its numbers as CSV")
    option("figure", metavar="FIGURE", help="its name, as under it on the page")
    option("-o", dest="out", default=".", metavar="DIR", help="default: this folder")
    option("--dpi", type=count, metavar="DOTS", help="of the PNG; default: 100")
    _add_values(option)
    option = begun("lab", _lab, "open a chapter in JupyterLab, as a notebook")
    option("chapter", nargs="?", metavar="CHAPTER", help="default: the first")
    option("--read", action="store_true", help="run it; open a readable copy")
    option("--no-browser", action="store_true", help="print the address only")
    option("--port", type=whole, help="default: Jupyter's own, or one that is free")


def _add_values(option: Any) -> None:
    """What may be asked of the run of a chapter."""
    option("-p", dest="overrides", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"))
    option("--small", action="store_true", help="the chapter's small values, but -p")
    option("--fresh", action="store_true", help="also where such a run is kept")
    option("-f", "--force", action="store_true", help="replace what is there")
    option("--timeout", type=positive, metavar="SECONDS", help="default: none")


def _add_builders(begun: Any) -> None:
    """The commands of whoever builds the website, in a checkout."""
    option = begun("build", _build, "run what changed and build the website")
    option("-j", "--jobs", type=count, metavar="N", help="chapters at a time")
    option("--timeout", type=positive, default=600, metavar="SECONDS", help="a chapter")
    option = begun("serve", _serve, "show the website at a local address")
    option("--port", type=whole, help="default: 8000, or any that is free")
    option = begun("new-chapter", _new_chapter, "begin a chapter of the book")
    option("name", metavar="NAME", help="of its page: lower case, with hyphens")
    option("--title", help="default: the name in words")
    begun("clean", _clean, "remove what build made")


def _list(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.describe import listing

    print(listing(find_book()))


def _info(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.describe import information

    print(information(locate(chosen.chapter)))


def _run(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.single import run_to_file

    chapter = locate(chosen.chapter)
    how = (chosen.out, chosen.force, chosen.timeout, chosen.source, chosen.fresh)
    run_to_file(chapter, _overrides(chosen, chapter), *how)


def _figure(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.figure import figure_to_files, find

    chapter = find(find_book(), chosen.figure)
    how = (Path(chosen.out), chosen.force, chosen.timeout, chosen.fresh, chosen.dpi)
    figure_to_files(chapter, chosen.figure, _overrides(chosen, chapter), *how)


def _overrides(chosen: argparse.Namespace, chapter: Chapter) -> list[tuple[str, object]]:
    """The values that a chapter is to be run with; the small ones where none is given."""
    overrides: list[tuple[str, object]] = [
        (name, value.removeprefix(" ")) for name, value in chosen.overrides
    ]
    if chosen.small:
        if not chapter.small:
            raise UsageError(f"{chapter.name} names no small values in its header")
        given = {name for name, _ in overrides}
        overrides += [(n, value) for n, value in chapter.small.items() if n not in given]
    return overrides


def _lab(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.lab import lab

    chapter = locate(chosen.chapter or next(iter(find_book().chapters), ""))
    lab(chapter, chosen.read, not chosen.no_browser, chosen.port)


def _build(chosen: argparse.Namespace) -> None:
    book = _checkout()
    extras.need("book", "grimp", "jupyter_book", "markdown_it")
    from lindiff_nb.run.build import build

    build(book, jobs=chosen.jobs, timeout=chosen.timeout)


def _serve(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.serve import HOST, server

    html = _checkout().build / "html"
    with server(html, chosen.port) as site, contextlib.suppress(KeyboardInterrupt):
        print(f"http://{HOST}:{site.server_port}/   (Ctrl-C to stop)", flush=True)
        site.serve_forever()


def _new_chapter(chosen: argparse.Namespace) -> None:
    from lindiff_nb.run.new_chapter import new_chapter

    print(new_chapter(_checkout(), chosen.name, chosen.title))


def _clean(chosen: argparse.Namespace) -> None:
    book = _checkout()
    from lindiff_nb.run.lock import clean

    clean(book.build)


def _checkout() -> Book:
    """The book, if it is one that a website can be built from."""
    book = find_book()
    if not book.is_checkout:
        raise UsageError(f"this belongs to a checkout: {book.root} holds no _toc.yml")
    return book

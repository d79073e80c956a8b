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


def _add_list(commands: Any) -> None:
    command = commands.add_parser("list", help="the chapters")
    command.set_defaults(command=_list)


def _add_info(commands: Any) -> None:
    command = commands.add_parser("info", help="the parameters of a chapter")
    command.add_argument("chapter", metavar="CHAPTER", help="its name, or a file of your own")
    command.set_defaults(command=_info)


def _add_run(commands: Any) -> None:
    command = commands.add_parser("run", help="run a chapter with other parameters")
    command.add_argument("chapter", metavar="CHAPTER", help="its name, or a file of your own")
    command.add_argument("-o", dest="out", metavar="OUT.ipynb", help="default: CHAPTER.ipynb")
    command.add_argument("--source", action="store_true", help="leave the text as its MyST source")
    _add_values(command)
    command.set_defaults(command=_run)


def _add_figure(commands: Any) -> None:
    command = commands.add_parser("figure", help="one figure: its pictures, its numbers as CSV")
    command.add_argument("figure", metavar="FIGURE", help="its name, as under it on the page")
    command.add_argument("-o", dest="out", default=".", metavar="DIR", help="default: this folder")
    command.add_argument("--dpi", type=count, metavar="DOTS", help="of the PNG; default: 100")
    _add_values(command)
    command.set_defaults(command=_figure)


def _add_values(command: argparse.ArgumentParser) -> None:
    """What may be asked of the run of a chapter."""
    command.add_argument(
        "-p", dest="overrides", nargs=2, action="append", default=[], metavar=("NAME", "VALUE")
    )
    command.add_argument("--small", action="store_true", help="the chapter's small values, but -p")
    command.add_argument("--fresh", action="store_true", help="also where such a run is kept")
    command.add_argument("-f", "--force", action="store_true", help="replace what is there")
    command.add_argument("--timeout", type=positive, metavar="SECONDS", help="default: none")


def _add_lab(commands: Any) -> None:
    command = commands.add_parser("lab", help="open a chapter in JupyterLab, as a notebook")
    command.add_argument("chapter", nargs="?", metavar="CHAPTER", help="default: the first")
    command.add_argument("--read", action="store_true", help="run it; open a readable copy")
    command.add_argument("--no-browser", action="store_true", help="print the address only")
    command.add_argument("--port", type=whole, help="default: Jupyter's own, or one that is free")
    command.set_defaults(command=_lab)


def _add_build(commands: Any) -> None:
    command = commands.add_parser("build", help="run what changed and build the website")
    command.add_argument("-j", "--jobs", type=count, metavar="N", help="chapters at a time")
    command.add_argument(
        "--timeout", type=positive, default=600, metavar="SECONDS", help="a chapter"
    )
    command.set_defaults(command=_build)


def _add_serve(commands: Any) -> None:
    command = commands.add_parser("serve", help="show the website at a local address")
    command.add_argument("--port", type=whole, help="default: 8000, or any that is free")
    command.set_defaults(command=_serve)


def _add_new_chapter(commands: Any) -> None:
    command = commands.add_parser("new-chapter", help="begin a chapter of the book")
    command.add_argument("name", metavar="NAME", help="of its page: lower case, with hyphens")
    command.add_argument("--title", help="default: the name in words")
    command.set_defaults(command=_new_chapter)


def _add_clean(commands: Any) -> None:
    command = commands.add_parser("clean", help="remove what build made")
    command.set_defaults(command=_clean)


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


ADDERS: tuple[Adder, ...] = (  # in the order in which --help lists them
    _add_list,
    _add_info,
    _add_run,
    _add_figure,
    _add_lab,
    _add_build,
    _add_serve,
    _add_new_chapter,
    _add_clean,
)

"""The command line of the chapters: lindiff-nb list, info, run, figure, lab, build, serve, ...

`lindiff_nb.cli` adds the commands of other packages to these.

Exit status: 0 all is well, 1 what was started failed, 2 the request cannot be met as it
was made (nothing was run or written), 3 a sweep is too large, 130 interrupted, 143 and 129 ended
by SIGTERM and SIGHUP.
"""

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lindiff_nb
from lindiff_nb._base import extras
from lindiff_nb._base.errors import RunFailed, UsageError, words
from lindiff_nb.run import streams
from lindiff_nb.run.chapters import Book, Chapter, find_book, locate
from lindiff_nb.run.numbers import count, positive, whole
from lindiff_nb.run.signals import heard, status_and_words
from lindiff_nb.run.sweeps import command as sweeps

Adder = Callable[[Any], None]  # adds its command to what add_subparsers returned


def main(argv: Sequence[str] | None = None, more: Sequence[Adder] = ()) -> int:
    """Run one command, one of these or of those that `more` add, and return its exit status."""
    arguments = _shield(list(sys.argv[1:] if argv is None else argv))
    with streams.told():
        try:
            status = _status(arguments, more)
        except SystemExit as leaving:  # argparse has told how the command is used
            raise SystemExit(_finished(int(leaving.code or 0))) from None
        return _finished(status)


def _status(arguments: Sequence[str], more: Sequence[Adder]) -> int:
    """Run the command; what goes wrong is said in a line on standard error."""
    try:
        chosen = _parser(more).parse_args(arguments)
        with heard():
            chosen.command(chosen)
    except UsageError as error:
        return _fail(error.status, f"lindiff-nb: {error}")
    except RunFailed as error:
        return _fail(1, str(error))
    except streams.Gone:
        return 0
    except (OSError, MemoryError) as error:
        return _fail(1, f"lindiff-nb: {words(error)}")
    except KeyboardInterrupt as error:
        return _fail(*status_and_words(error))
    return 0


def _fail(status: int, message: str) -> int:
    print(message, file=sys.stderr, flush=True)
    return status


def _finished(status: int) -> int:
    """The status once all is written: a reader who has gone is silence, a full disk a failure."""
    try:
        sys.stdout.flush()
    except streams.Gone:
        return status
    except streams.Unwritable as error:
        return _fail(status or 1, f"lindiff-nb: {error}")
    return status


def _parser(more: Sequence[Adder]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lindiff-nb", description="The chapters, as programs.")
    parser.add_argument(
        "--version", action="version", version=f"lindiff-nb {lindiff_nb.__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("list", help="the chapters")
    command.set_defaults(command=_list)

    command = commands.add_parser("info", help="the parameters of a chapter")
    command.add_argument("chapter", metavar="CHAPTER", help="its name, or a file of your own")
    command.set_defaults(command=_info)

    command = commands.add_parser("run", help="run a chapter with other parameters")
    command.add_argument("chapter", metavar="CHAPTER", help="its name, or a file of your own")
    command.add_argument("-o", dest="out", metavar="OUT.ipynb", help="default: CHAPTER.ipynb")
    command.add_argument("--source", action="store_true", help="leave the text as its MyST source")
    _add_run(command)
    command.set_defaults(command=_run)

    command = commands.add_parser("figure", help="one figure: its pictures, its numbers as CSV")
    command.add_argument("figure", metavar="FIGURE", help="its name, as under it on the page")
    command.add_argument("-o", dest="out", default=".", metavar="DIR", help="default: this folder")
    command.add_argument("--dpi", type=count, metavar="DOTS", help="of the PNG; default: 100")
    _add_run(command)
    command.set_defaults(command=_figure)

    command = commands.add_parser("lab", help="open a chapter in JupyterLab, as a notebook")
    command.add_argument("chapter", nargs="?", metavar="CHAPTER", help="default: the first")
    command.add_argument("--read", action="store_true", help="run it; open a readable copy")
    command.add_argument("--no-browser", action="store_true", help="print the address only")
    command.add_argument("--port", type=whole, help="default: Jupyter's own, or one that is free")
    command.set_defaults(command=_lab)

    command = commands.add_parser("build", help="run what changed and build the website")
    command.add_argument("-j", "--jobs", type=count, metavar="N", help="chapters at a time")
    command.add_argument(
        "--timeout", type=positive, default=600, metavar="SECONDS", help="a chapter"
    )
    command.set_defaults(command=_build)

    command = commands.add_parser("serve", help="show the website at a local address")
    command.add_argument("--port", type=whole, help="default: 8000, or any that is free")
    command.set_defaults(command=_serve)

    command = commands.add_parser("new-chapter", help="begin a chapter of the book")
    command.add_argument("name", metavar="NAME", help="of its page: lower case, with hyphens")
    command.add_argument("--title", help="default: the name in words")
    command.set_defaults(command=_new_chapter)

    command = commands.add_parser("clean", help="remove what build made")
    command.set_defaults(command=_clean)

    for add in (sweeps.add, *more):
        add(commands)
    return parser


def _add_run(command: argparse.ArgumentParser) -> None:
    """What may be asked of the run of a chapter."""
    command.add_argument(
        "-p", dest="overrides", nargs=2, action="append", default=[], metavar=("NAME", "VALUE")
    )
    command.add_argument("--small", action="store_true", help="the chapter's small values, but -p")
    command.add_argument("--fresh", action="store_true", help="also where such a run is kept")
    command.add_argument("-f", "--force", action="store_true", help="replace what is there")
    command.add_argument("--timeout", type=positive, metavar="SECONDS", help="default: none")


def _shield(arguments: list[str]) -> list[str]:
    """A space before the value of each -p, so that -1e-3 is not taken for an option."""
    values = {at + 2 for at, argument in enumerate(arguments) if argument == "-p"}
    options = ("-p", "-o", "-f", "--force")  # a value that was forgotten is still missed
    shield = (at in values and text not in options for at, text in enumerate(arguments))
    return [" " * hide + text for hide, text in zip(shield, arguments, strict=True)]


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

"""The chapters and their parameters in words."""

from lindiff_nb._base.written import columns
from lindiff_nb.run.cache import Store
from lindiff_nb.run.chapters import Book, Chapter
from lindiff_nb.run.parameters import Parameter
from lindiff_nb.run.progress import seconds


def listing(book: Book) -> str:
    """One line a chapter: name, time of the last run, title."""
    store = Store(book.build / "executed")
    rows = []
    for name, chapter in book.chapters.items():
        entry = store.entry(name)
        took = seconds(entry.record["seconds"]) if entry else ""
        rows.append((name, took, chapter.title))
    return columns(rows)


def information(chapter: Chapter) -> str:
    """What a chapter is about, its parameters, and its last run."""
    book = chapter.book
    rows = [_row(parameter) for parameter in chapter.parameters]
    entry = None if book.only else Store(book.build / "executed").entry(chapter.name)
    took = entry and f"last run: {seconds(entry.record['seconds'])}, {entry.record['date']}"
    example = "".join(f" -p {name} {default}" for name, _, default, _, _ in rows[:1])
    return "\n\n".join(
        [
            f"{chapter.name}: {chapter.title}",
            columns([("name", "type", "default", "allowed", "meaning"), *rows])
            if rows
            else "no parameters",
            took or "last run: none here",
            f"lindiff-nb run {chapter.path if book.only else chapter.name}{example}",
        ]
    )


def _row(parameter: Parameter) -> tuple[str, str, str, str, str]:
    if parameter.choices:
        allowed = ", ".join(parameter.choices)
    else:
        allowed = "" if parameter.low is None else f"[{parameter.low}, {parameter.high}]"
    default = str(parameter.default)
    return parameter.name, parameter.type.__name__, default, allowed, parameter.meaning

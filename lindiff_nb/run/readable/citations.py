"""References as author and year, with links to what is cited."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pybtex.database import parse_string
from pybtex.exceptions import PybtexError

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run.sources import page


class Citations:
    """The entries of a book's references.bib; none if it has no such file."""

    def __init__(self, path: Path) -> None:
        """Read the file; UsageError if it cannot be read."""
        self.entries: Mapping[str, Any] = {}
        if path.is_file():
            try:
                self.entries = parse_string(page(path), "bibtex").entries
            except PybtexError as error:
                raise UsageError(f"{path}: {error}") from None

    def in_brackets(self, keys: str) -> str:
        """([Wishart, 1928](...); [Bai and Silverstein, 2004](...)): the role cite:p."""
        return f"({'; '.join(self._each(keys, '{}, {}'.format))})"

    def in_text(self, keys: str) -> str:
        """[Wishart (1928)](...): the role cite:t."""
        return " and ".join(self._each(keys, "{} ({})".format))

    def _each(self, keys: str, form: Callable[[str, str], str]) -> Iterator[str]:
        for key in map(str.strip, keys.split(",")):
            if entry := self.entries.get(key):
                words = form(_authors(entry), entry.fields.get("year", "no year"))
                yield f"[{words}]({_address(entry)})"
            else:
                yield key


def _authors(entry: Any) -> str:
    """The family names: one, two, or the first and others."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join(map(str, p.rich_prelast_names + p.rich_last_names)) for p in people]
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)


def _address(entry: Any) -> str:
    match entry.fields:
        case {"doi": doi}:
            return "https://doi.org/" + quote(doi)
        case {"eprint": number}:
            return f"https://arxiv.org/abs/{number}"
    return str(entry.fields.get("url", ""))

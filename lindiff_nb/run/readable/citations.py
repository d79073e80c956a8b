"""References as author and year, with links to what is cited."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote


class Citations:
    """The entries of a book's references.bib; none if it has no such file."""

    def __init__(self, path: Path) -> None:
        """Read the file."""
        self.entries: Mapping[str, Any] = {}
        if path.is_file():
            from pybtex.database import parse_file

            self.entries = parse_file(str(path), "bibtex").entries

    def in_brackets(self, keys: str) -> str:
        """([Wishart, 1928](...); [Bai and Silverstein, 2004](...)): the role cite:p."""
        return f"({'; '.join(self._each(keys, '{}, {}'.format))})"

    def in_text(self, keys: str) -> str:
        """[Wishart (1928)](...): the role cite:t."""
        return " and ".join(self._each(keys, "{} ({})".format))

    def _each(self, keys: str, form: Callable[[str, str], str]) -> list[str]:
        found = {key.strip(): self.entries.get(key.strip()) for key in keys.split(",")}
        return [
            f"[{form(_authors(entry), entry.fields['year'])}]({_address(entry)})" if entry else key
            for key, entry in found.items()
        ]


def _authors(entry: Any) -> str:
    """The family names: one, two, or the first and others."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join(map(str, p.rich_prelast_names + p.rich_last_names)) for p in people]
    return f"{names[0]} et al." if len(names) > 2 else " and ".join(names)


def _address(entry: Any) -> str:
    fields = entry.fields
    if "doi" in fields:
        return "https://doi.org/" + quote(fields["doi"])
    return f"https://arxiv.org/abs/{fields['eprint']}" if "eprint" in fields else fields["url"]

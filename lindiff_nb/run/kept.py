"""A single run and the cache: taken from there where nothing has changed, and kept there else.

Only a checkout has a cache, and only with the packages of a build can it be told what a run depends
on; elsewhere every run is a new one. What a page could not show is not kept.
"""

import contextlib

from lindiff_nb._base.errors import RunFailed
from lindiff_nb.run import published
from lindiff_nb.run.cache import Store, key
from lindiff_nb.run.chapters import Chapter
from lindiff_nb.run.dependencies import Dependencies, changes
from lindiff_nb.run.lock import alone
from lindiff_nb.run.parameters import Value
from lindiff_nb.run.runner import Result


class Kept:
    """What the cache of a checkout says of one run."""

    def __init__(self, chapter: Chapter, values: dict[str, Value]) -> None:
        """Look at what is there; `why` is in words why the run has to be made, if it has to."""
        self.build = chapter.book.build
        self.store, self.key = Store(self.build / "executed"), key(chapter.name, values)
        self.published = not values
        self.wanted: dict[str, str] | None = None
        self.entry, self.why = None, ""
        if chapter.book.is_checkout:
            self.wanted = Dependencies(chapter.book.package).ingredients(chapter, values)
            self.entry = self.store.entry(self.key)
            self.why = changes(self.entry.ingredients if self.entry else None, self.wanted)

    def result(self) -> Result | None:
        """The run that is kept, if it is one with the same ingredients and values."""
        import nbformat

        if self.entry is None or self.why:
            return None
        return nbformat.read(self.entry.notebook, as_version=4), self.entry.record

    def keep(self, result: Result) -> Result:
        """The same result, kept if it may be.

        What the site is built from changes under the lock of a build alone.
        """
        if self.wanted is None:
            return result
        with contextlib.suppress(RunFailed, OSError):
            published.check(result[0])
            with alone(self.build) if self.published else contextlib.nullcontext():
                self.store.keep(self.key, *result, self.wanted)
        return result

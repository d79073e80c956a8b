"""Chapters as addresses that papermill reads: papermill lindiff://NAME.ipynb out.ipynb -p d 200."""

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run.chapters import find_book

SCHEME = "lindiff://"


class ChapterHandler:
    """What papermill calls for addresses that begin with lindiff:// (entry point papermill.io)."""

    @classmethod
    def read(cls, path: str) -> str:
        """The chapter as the text of a notebook."""
        import nbformat

        book = find_book()
        return str(nbformat.writes(book.notebook(book.find(path.removeprefix(SCHEME)))))

    @classmethod
    def listdir(cls, path: str) -> list[str]:
        """The addresses of all chapters."""
        return [f"{SCHEME}{name}.ipynb" for name in find_book().chapters]

    @classmethod
    def write(cls, buf: str, path: str) -> None:
        """Refused: the chapters are sources."""
        raise UsageError(f"{path} is a chapter of the book and is only read: write to a file")

    @classmethod
    def pretty_path(cls, path: str) -> str:
        """The address itself."""
        return path

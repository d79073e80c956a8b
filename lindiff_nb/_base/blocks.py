"""Large tables a few rows at a time, so that memory stays bounded and a core's cache suffices."""

from collections.abc import Iterator

NUMBERS = 2**15  # 256 KiB: large enough to be fast, small enough for the cache


def blocks(rows: int, columns: int, numbers: int | None = None) -> Iterator[slice]:
    """Slices that cover the rows of a table, each of about so many numbers, or of one row."""
    size = max(1, (numbers or NUMBERS) // columns)
    return (slice(start, start + size) for start in range(0, rows, size))

"""When and with what a page was executed."""

from typing import Any


def setup(app: Any) -> None:
    """Register."""

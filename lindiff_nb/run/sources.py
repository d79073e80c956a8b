"""Read what people write: pages, their headers, YAML. What is wrong is said with file and line."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

from lindiff_nb._base.errors import UsageError

HEADER = re.compile(r"---\n(.*?)\n---\n", flags=re.DOTALL)


def page(path: Path) -> str:
    """The text of a file, in UTF-8; UsageError says what is wrong with the file, and where."""
    check_file(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{path}, line {line}: this is not UTF-8 text") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise UsageError(f"{path}, line {line}: a NUL: this is no text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check_file(path: Path) -> None:
    """Raise UsageError unless this is a file, or a link to one."""
    if path.is_symlink() and not path.exists():
        raise UsageError(f"{path} is a link that leads to no file")
    if not path.exists():
        raise UsageError(f"there is no file {path}")
    if not path.is_file():
        raise UsageError(f"{path} is not a file")


def check_tree(folder: Path) -> None:
    """Raise UsageError unless a folder holds files and folders only; hidden ones do not count."""
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir():
            check_tree(path)
        else:
            check_file(path)


def mapping(path: Path) -> dict[str, Any]:
    """What a YAML file of names and values holds; UsageError if it is anything else."""
    value = _parsed(page(path), path)
    if not isinstance(value, dict):
        raise UsageError(f"{path} must hold names and values (title: ...), got {_kind(value)}")
    return value


def nested(value: Any, *keys: str) -> Any:
    """value[key][key]... of what somebody wrote; None where there is no such thing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def header(text: str, path: Path) -> dict[str, Any]:
    """What the header of a page holds, of which this is the text; empty without one."""
    found = HEADER.match(text)
    value = _parsed(found[1], path, above=1) if found else None
    return value if isinstance(value, dict) else {}


def _parsed(text: str, path: Path, above: int = 0) -> Any:
    """The value of a YAML text that has so many lines above it in its file."""
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1 + above}" if mark else ""
        raise UsageError(f"{path}{where}: {error.problem or 'not YAML'}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())[:200]
        raise UsageError(f"{path}: this is not YAML that can be used: {said}") from None


def _kind(value: object) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def json_object(path: Path) -> dict[str, Any] | None:
    """What a JSON file of ours holds; None if it is missing, damaged or of another shape.

    OSError if it cannot be read: that is no word on what it holds.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None

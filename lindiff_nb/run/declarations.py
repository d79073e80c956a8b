"""Read the parameters cell of a chapter: name: type = literal  # meaning [low, high].

A str may have choices: {a, b} for one of them, [a, b] for some of them with commas between.
"""

import ast
import io
import re
import tokenize
from typing import Any

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run.parameters import Parameter

TYPES = {"bool": bool, "int": int, "float": float, "str": str}
COMMENT = re.compile(r"#\s*(?P<meaning>[^\[\]{}]*?)\s*(?P<allowed>[\[{].*[\]}])?\s*")
FORM = "name: type = literal  # meaning [low, high]"


def declared(cell: str) -> list[Parameter]:
    """The parameters that the source of a parameters cell declares; UsageError names the line."""
    try:
        statements = ast.parse(cell).body
        comments = _comments(cell)
    except (SyntaxError, ValueError, tokenize.TokenError) as error:
        raise UsageError(f"the parameters cell is not Python: {error}") from None
    found: dict[str, Parameter] = {}
    for number, line in enumerate(cell.splitlines(), start=1):
        if not line.strip():
            continue
        here = [statement for statement in statements if statement.lineno == number]
        parameter = _declaration(here, comments.get(number, ""), line)
        if parameter.name in found:
            raise _wrong(line, f"{parameter.name} is declared twice")
        found[parameter.name] = parameter
    return list(found.values())


def _comments(cell: str) -> dict[int, str]:
    """The comment on each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(cell).readline)
    return {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}


def _declaration(statements: list[ast.stmt], comment: str, line: str) -> Parameter:
    """The parameter that one line declares."""
    match statements:
        case [
            ast.AnnAssign(
                target=ast.Name(id=name), annotation=ast.Name(id=kind), value=ast.expr() as literal
            )
        ] if kind in TYPES:
            pass
        case _:
            raise _wrong(line, f"expected {FORM}, with {', '.join(TYPES)} as types")
    words = COMMENT.fullmatch(comment)
    if not words or not words["meaning"]:
        raise _wrong(line, "expected a comment that gives the meaning")
    if name.startswith("_"):
        raise _wrong(line, "a name does not begin with an underscore")
    allowed = _allowed(words["allowed"], kind, line)
    default = _literal(literal, kind, line)
    parameter = Parameter(name, TYPES[kind], default, words["meaning"], **allowed)
    try:
        parameter.read(default)
    except UsageError as error:
        raise _wrong(line, str(error)) from None
    return parameter


def _literal(node: ast.expr, kind: str, line: str) -> Any:
    """The default, which is exactly of its type: a float is written 1.0, not 1."""
    try:
        value = ast.literal_eval(node)
    except ValueError:
        raise _wrong(line, "the default is not a literal") from None
    if type(value) is not TYPES[kind]:
        raise _wrong(line, f"the default is not of type {kind}")
    return value


def _allowed(text: str | None, kind: str, line: str) -> dict[str, Any]:
    """Range and choices: a number needs a range, a string may have choices."""
    if kind in ("int", "float"):
        if not text or not text.startswith("["):
            raise _wrong(line, f"a {kind} needs a range [low, high]")
        low, high = _bounds(text, kind, line)
        return {"low": low, "high": high}
    if not text:
        return {}
    choices = tuple(choice.strip() for choice in text.strip("[{}]").split(","))
    if kind != "str" or text[0] + text[-1] not in ("{}", "[]") or not all(choices):
        raise _wrong(line, "only a str has choices {a, b} or [a, b], only numbers have a range")
    return {"choices": choices, "several": text.startswith("[")}


def _bounds(text: str, kind: str, line: str) -> tuple[Any, Any]:
    """The two ends of [low, high]."""
    number = Parameter("the end of a range", TYPES[kind], 0, "")
    ends: list[Any] = []
    try:
        ends = [number.read(end.strip()) for end in text.strip("[]").split(",")]
        low, high = ends
    except ValueError:
        raise _wrong(line, f"{text} is not a range of type {kind}") from None
    if low > high:
        raise _wrong(line, f"{text} is empty")
    return low, high


def _wrong(line: str, why: str) -> UsageError:
    """An error about a line of the parameters cell."""
    return UsageError(f"parameters cell, line {line.strip()!r}: {why}")

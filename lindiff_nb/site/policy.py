"""What a page may load and run: a content security policy in the head of each page.

Everything comes from the site itself, and of inline scripts only those of the theme run: their
hashes are taken from the theme's templates and from the scripts that extensions register, never
from the page, so a script that an output brings has no hash. Handlers (`onclick`) and `eval` have
no place at all. A policy in the page also holds where no server can send it: on the disk.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

RULES = (
    "default-src 'none'",
    "script-src 'self'",  # the hashes of a page's own inline scripts follow here
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
)
TAG = '<meta http-equiv="Content-Security-Policy" content="{}" />'
STATED = re.compile(TAG.format('([^"]*)'))
HASH = re.compile(r" 'sha256-[A-Za-z0-9+/=]*'")
INLINE = re.compile(r"<script(?![^>]*\ssrc=)(?![^>]*\stype=)[^>]*>(.*?)</script>", re.I | re.S)
# What no output may bring: code, other pages, and what steers the page past its policy.
BROUGHT = re.compile(
    r"<(?=/?(?:script|iframe|frame|object|embed|meta|base|link)(?:[\s/>]|$))", re.I
)


def policy(hashes: Iterable[str] = ()) -> str:
    """The policy of a page whose inline scripts have these hashes."""
    return "; ".join(RULES).replace("script-src 'self'", "script-src 'self'" + "".join(hashes), 1)


def stated(page: str) -> str:
    """The policy of a finished page; the one without any inline script if it states none."""
    found = STATED.search(page)
    return policy(HASH.findall(found[1]) if found else ())


def hash_of(script: str) -> str:
    """An inline script as a source of the policy, after a space."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f" 'sha256-{digest}'"


def narrowed(page: str) -> str:
    """The page, its policy left with the hashes of scripts that are in it; none is added."""
    found = STATED.search(page)
    if found is None:
        return page
    inside = {hash_of(script) for script in INLINE.findall(page)}
    kept = HASH.sub(lambda match: match[0] if match[0] in inside else "", found[1])
    return page[: found.start(1)] + kept + page[found.end(1) :]


def defused(body: str) -> str:
    """What outputs brought along, with the tags that no output may bring turned into text.

    The policy stops scripts and frames by itself, but not a page that sends its reader elsewhere.
    """
    return BROUGHT.sub("&lt;", body)


@cache
def theme_scripts(folders: tuple[str, ...]) -> tuple[str, ...]:
    """The inline scripts in all templates of the theme, as they stand there."""
    templates = [path for folder in folders for path in sorted(Path(folder).rglob("*.html"))]
    texts = (path.read_text(encoding="utf-8") for path in templates)
    return tuple(dict.fromkeys(script for text in texts for script in INLINE.findall(text)))


def known_scripts(app: Any, context: dict[str, Any]) -> Iterator[str]:
    """The inline scripts that theme and extensions may put on a page with this context."""
    templates = app.builder.templates
    for script in theme_scripts(tuple(map(str, templates.pathchain))):
        yield templates.environment.from_string(script).render(context)
    for script in context["script_files"]:
        if not script.filename and "type" not in script.attributes:
            yield script.attributes.get("body") or ""


def state(app: Any, page: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """State the policy first thing in the head, with the hashes of every script that is known."""
    context["body"] = defused(context.get("body", ""))
    hashes = dict.fromkeys(hash_of(script) for script in known_scripts(app, context))
    context["metatags"] = f"\n{TAG.format(policy(hashes))}\n" + context.get("metatags", "")


def setup(app: Any) -> None:
    """State it when all extensions have registered the scripts of the page."""
    app.connect("html-page-context", state, priority=1000)

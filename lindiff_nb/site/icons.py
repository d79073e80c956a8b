"""Of the theme's icons only those in use: a small font inside its style sheet.

The theme brings all of Font Awesome twice, as a script and as fonts. Each page loses the script;
the style sheet keeps the rules of the icons that a page names, and holds their shapes itself.
"""

import base64
import io
import re
import shutil
from pathlib import Path
from typing import Any

SHEET, FONTS = "styles/pydata-sphinx-theme.css", "vendor/fontawesome"
SCRIPT = re.compile(r'<script src="[^"]*/fontawesome\.js[^"]*"></script>')
NAME = re.compile(r"\bfa-[a-z0-9-]+")
RULE = re.compile(r'(?:\.fa-[\w-]+:before,?)+\{content:"\\[0-9a-f]+ ?"\}')
CODE = re.compile(r'"\\([ef][0-9a-f]{3})"')
FACE = re.compile(r"@font-face\{([^}]*)src:url\(\.\./(vendor/fontawesome/[\w/-]+)\.woff2\)[^}]*\}")


def subset(font: Path, codes: set[int]) -> bytes:
    """The font with these characters alone, as WOFF; nothing if it has none of them."""
    from fontTools import subset as tools

    options = tools.Options(flavor="woff", notdef_outline=False, layout_features=[])
    with tools.load_font(str(font), options) as loaded:
        if not codes & set(loaded.getBestCmap()):
            return b""
        subsetter = tools.Subsetter(options)
        subsetter.populate(unicodes=codes)
        subsetter.subset(loaded)
        loaded.flavor = "woff"
        out = io.BytesIO()
        loaded.save(out)
    return out.getvalue()


def narrowed(sheet: str, names: set[str]) -> str:
    """The style sheet without the rules of icons that are not named."""
    return RULE.sub(lambda rule: rule[0] if names & set(NAME.findall(rule[0])) else "", sheet)


def finish(app: Any, error: Exception | None) -> None:
    """Narrow the theme's style sheet to what the pages name, and remove the rest."""
    static = Path(app.outdir) / "_static"
    if error is not None or app.builder.format != "html" or not (static / FONTS).exists():
        return
    pages = (path.read_text(encoding="utf-8") for path in Path(app.outdir).rglob("*.html"))
    names = {name for page in pages for name in NAME.findall(page)}
    sheet = static / SHEET
    sheet.write_text(narrowed(sheet.read_text(encoding="utf-8"), names), encoding="utf-8")
    sheets = (path.read_text(encoding="utf-8") for path in static.rglob("*.css"))
    codes = {int(code, 16) for text in sheets for code in CODE.findall(text)}

    def held(found: re.Match[str]) -> str:
        font = base64.b64encode(subset(static / f"{found[2]}.ttf", codes)).decode()
        source = f'src:url(data:font/woff;base64,{font}) format("woff")'
        return f"@font-face{{{found[1]}{source}}}" if font else ""

    sheet.write_text(FACE.sub(held, sheet.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.rmtree(static / FONTS)
    for script in (static / "scripts").glob("fontawesome.js*"):
        script.unlink()


def setup(app: Any) -> None:
    """Narrow them when all pages are written."""
    app.connect("build-finished", finish, priority=350)

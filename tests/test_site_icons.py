"""Of the theme's icons a site has those that its pages name, inside the style sheet."""

import base64
import io
import re
import shutil
from importlib import resources
from types import SimpleNamespace

import pytest
from fontTools.ttLib import TTFont

from lindiff_nb.site import icons

THEME = resources.files("pydata_sphinx_theme") / "theme/pydata_sphinx_theme/static"
BARS, SUN, GITHUB = 0xF0C9, 0xF185, 0xF09B


def narrowed(folder, *names: str) -> dict[str, set[int]]:
    """What the fonts of a site hold whose page names these icons, by style of the theme's file."""
    static = folder / "_static"
    shutil.copytree(str(THEME), static)
    (folder / "page.html").write_text("".join(f'<i class="fa-solid {name}"></i>' for name in names))
    builder = SimpleNamespace(format="html")
    icons.finish(SimpleNamespace(outdir=folder, builder=builder), None)
    sheet = (static / icons.SHEET).read_text()
    found = {}
    for family, font in re.findall(r"font-family:([^;]*);[^}]*base64,([\w+/=]+)\)", sheet):
        held = TTFont(io.BytesIO(base64.b64decode(font))).getBestCmap()
        found.setdefault(family.replace("\\", ""), set()).update(held)
    return found


@pytest.mark.parametrize("brand", [False, True])
def test_a_site_has_the_icons_that_its_pages_name_and_no_others(tmp_path, brand):
    names = ["fa-bars", "fa-sun", *["fa-github"] * brand]
    fonts = narrowed(tmp_path, *names)
    assert {BARS, SUN} <= fonts["Font Awesome 6 Free"]
    assert len(fonts["Font Awesome 6 Free"]) < 40  # those of admonitions stay
    assert fonts.get("Font Awesome 6 Brands") == ({GITHUB} if brand else None)
    sheet = (tmp_path / "_static" / icons.SHEET).read_text()
    assert ".fa-bars:before" in sheet
    assert ".fa-github:before" in sheet if brand else ".fa-github:before" not in sheet
    assert "url(../" not in sheet
    assert not list((tmp_path / "_static").rglob("*fontawesome.js*"))
    assert not (tmp_path / "_static" / icons.FONTS).exists()


def test_a_page_loses_the_script_of_the_theme():
    macros = (THEME / "webpack-macros.html").read_text()
    address = "../_static/scripts/fontawesome.js"
    page = macros.replace("{{ pathto('_static/scripts/fontawesome.js', 1) }}", address)
    assert address in page
    assert address not in icons.SCRIPT.sub("", page)
    assert "bootstrap.js" in icons.SCRIPT.sub("", page)

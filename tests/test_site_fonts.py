"""One face on every machine: small, free, in the style sheet of the site and in the figures."""

import re
from pathlib import Path

import matplotlib as mpl
import pytest
from fontTools.ttLib import TTFont
from matplotlib import font_manager

from lindiff_nb.figures import style
from lindiff_nb.site import fonts

ROOT = Path(__file__).parents[1]
OURS = [path for path in fonts.FACES.glob("*.woff2") if not path.name.startswith("KaTeX")]


def test_the_face_of_text_and_code_is_small():
    assert len(OURS) == 5
    assert sum(path.stat().st_size for path in OURS) <= 120_000


@pytest.mark.parametrize("sheet", fonts.SHEETS)
def test_a_style_sheet_holds_every_font_that_it_names(sheet):
    text = fonts.embedded(sheet)
    names = re.findall(r"url\(([\w-]+)\.woff2\)", (fonts.FACES / sheet).read_text())
    assert text.count("url(data:font/woff2;base64,d09GMg") == len(names) == len(set(names))
    assert "url(" not in text.replace("url(data:", "")


def test_every_font_is_named_by_a_style_sheet():
    text = "".join((fonts.FACES / sheet).read_text() for sheet in fonts.SHEETS)
    assert set(re.findall(r"[\w-]+\.woff2", text)) == {f.name for f in fonts.FACES.glob("*.woff2")}


@pytest.mark.parametrize("kind", [{}, {"style": "italic"}, {"weight": "bold"}])
def test_figures_are_drawn_in_the_face_of_the_text(kind):
    with mpl.rc_context():
        style.use_style()
        family = mpl.rcParams["font.family"][0]
        found = font_manager.findfont(font_manager.FontProperties(family=family, **kind))
    assert Path(found) in style.FACES
    css = (ROOT / "book/static/book.css").read_text()
    assert re.search(rf"--pst-font-family-base: {family},", css)


@pytest.mark.parametrize("path", style.FACES, ids=lambda path: path.name)
def test_a_face_says_its_licence_and_has_the_signs_of_figures(path):
    font = TTFont(path)
    assert "SIL Open Font License" in font["name"].getDebugName(13)
    assert set(map(ord, "aZ09é−×±√∞≤≥≈→αβγκλνξστφΣΔ·…–’")) <= set(font.getBestCmap())

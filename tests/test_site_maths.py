"""Formulas are set when the site is built: HTML for the eye, MathML for a screen reader."""

import re
from xml.etree import ElementTree

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from lindiff_nb.site import fonts, maths

MACROS = ((r"\E", r"\mathbb{E}"), (r"\half", r"\frac{#1}{2}"))


def block(text: str, nowrap: bool = False) -> nodes.math_block:
    return nodes.math_block(text, text, nowrap=nowrap)


def test_a_formula_is_html_that_is_seen_and_mathml_that_is_heard():
    made = maths.typeset(r"\frac{a}{b} < c", True)
    seen = re.search(r'<span class="katex-html" aria-hidden="true">.*', made)[0]
    heard = ElementTree.fromstring(re.search(r"<math.*</math>", made)[0])
    names = [element.tag.rpartition("}")[2] for element in heard.iter()]
    assert heard.get("display") == "block"
    assert [names.count(name) for name in ("mfrac", "mi", "mo")] == [1, 3, 1]
    assert re.sub(r"<[^>]*>", "", seen).replace("\u200b", "") == "ba&lt;c"
    assert "display=" not in maths.typeset("a", False)


def test_macros_stand_for_what_they_are():
    made, written = (maths.typeset(text, False, MACROS) for text in (r"\E \half x", r"\E"))
    assert re.search(r"<mfrac><mi>x</mi><mn>2</mn></mfrac>", made)
    assert maths.typeset(r"\mathbb{E}", False).split("<annotation")[0] in written
    with pytest.raises(ValueError, match="Undefined control sequence"):
        maths.typeset(r"\E", False)


@pytest.mark.parametrize(
    "tex",
    [
        *(r"\frac{a}{b", r"a^2^3", r"\nosuch x", r"\left( a", "2 € for x"),
        *(r"\href{javascript:a}{b}", r"\mathfrak{g}", r"\texttt{code}"),
    ],
)
def test_what_cannot_be_set_is_named(tex):
    with pytest.raises(ValueError, match=r"in the formula '") as failed:
        maths.typeset(tex, True)
    assert repr(tex) in str(failed.value)


@pytest.mark.parametrize("name", ["align", "gather", "alignat", "equation"])
def test_lines_have_no_numbers_but_those_of_sphinx(name):
    columns = "{2}" if name == "alignat" else ""
    made = maths.typeset(rf"\begin{{{name}}}{columns} a \end{{{name}}}", True)
    assert "eqn-num" not in made
    assert "tag" not in made


@pytest.mark.parametrize(("row", "more"), [(r"\frac{a}{b_t}", 0.3), ("a", 0)])
def test_fractions_of_two_rows_do_not_touch_and_the_text_stays(row, more):
    tex = rf"\begin{{aligned}} {row} \\ {row} \end{{aligned}}"
    made, tight = (maths.typeset(text, True) for text in (tex, tex.replace(r"\\", r"\\[0em]")))
    heights = [float(re.search(r"height:([\d.]+)em", text)[1]) for text in (made, tight)]
    assert heights[0] - heights[1] == pytest.approx(more, abs=0.05)
    assert tex in made


def test_line_breaks_and_blank_lines_divide_an_equation():
    assert maths.aligned(block("a = b")) == "a = b"
    assert maths.aligned(block(r"a &= b \\ &= c")) == r"\begin{split}a &= b \\ &= c\end{split}"
    assert maths.aligned(block("a\n\nb")) == r"\begin{aligned}a\\b\end{aligned}"
    matrix = (
        r"a = \begin{pmatrix} 1 \\ 2 \end{pmatrix}"  # stays in pieces that a line can break between
    )
    assert maths.aligned(block(matrix)) == matrix
    whole = "\\begin{align}a\n\nb\\end{align}"
    assert maths.aligned(block(whole, nowrap=True)) == whole


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("of :math:`P`\\: they", "P:"),
        ("(:math:`N = m`), and", "(N = m),"),
        ("the :math:`N`\\-th of", "N-th"),
        ("see [:math:`a`\\ ].", "[a]."),
        ("of :math:`P` images", None),
        ("both :math:`a`\\ –:math:`b`", None),
    ],
)
def test_a_formula_stays_on_a_line_with_what_encloses_it(text, kept):
    document = publish_doctree(text)
    before = document.astext()
    maths.Joined(document).run()
    joined = [node.astext() for node in document.findall(nodes.inline)]
    assert joined == ([] if kept is None else [kept])
    assert document.astext() == before


def test_every_formula_keeps_its_own_point_where_two_are_alike():
    document = publish_doctree("*One*, *two* and :math:`a`, :math:`b`.")
    before = document.astext()
    maths.Joined(document).run()
    assert document.astext() == before
    assert [node.astext() for node in document.findall(nodes.inline)] == ["a,", "b."]


def test_the_last_piece_of_a_formula_is_an_element_of_its_own():
    made = maths.typeset("a = b + c", False)
    pieces = maths.LAST.sub('<b class="last">\\g<0></b>', made)
    inside = re.search('<b class="last">(.*)</b>', pieces)[1]
    assert inside.count('class="base"') == 1 < made.count('class="base"')
    assert inside.count("<span") == inside.count("</span>")


def test_style_sheet_and_script_are_of_one_version():
    version = maths.engine().eval("katex.version")
    assert f'content:"{version}"' in fonts.embedded("katex.css")

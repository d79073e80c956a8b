"""What may stand on a page of the published book: nothing on stderr, no floods, nothing active."""

import io

import nbformat
import pytest
from matplotlib.figure import Figure

from lindiff_nb.figures.live import MIME
from lindiff_nb.run import content, published
from lindiff_nb.run.execute import CellFailed
from lindiff_nb.run.records import PREFIX

new = nbformat.v4


def with_output(output) -> nbformat.NotebookNode:
    """A notebook of a title and two code cells; the second has this output."""
    cells = [new.new_markdown_cell("# A"), new.new_code_cell("1"), new.new_code_cell("show()")]
    cells[2].outputs = [output]
    return new.new_notebook(cells=cells)


def shown(**data) -> nbformat.NotebookNode:
    """A notebook that shows content of these types (html, markdown: text/...)."""
    return with_output(new.new_output("display_data", data=data))


@pytest.mark.parametrize("text", ["x.py:3: UserWarning: beware", "\r 50%|####", "\x1b[31m\n"])
def test_a_cell_that_writes_to_stderr_is_named(text):
    with pytest.raises(CellFailed, match=r"^code cell 2 of 2: it writes to stderr") as failure:
        published.check(with_output(new.new_output("stream", name="stderr", text=text)))
    assert "show()" in str(failure.value)
    assert "\x1b" not in str(failure.value)


def test_a_flood_is_refused_and_its_size_named():
    for output in (
        new.new_output("stream", name="stdout", text="x" * 100_001),
        new.new_output("execute_result", data={"text/plain": "x" * 100_001}),
    ):
        with pytest.raises(CellFailed, match=r"cell 2 of 2.*100001 characters"):
            published.check(with_output(output))
    published.check(with_output(new.new_output("stream", name="stdout", text="x" * 100_000)))
    published.check(shown(**{"image/png": "x" * 100_001}))


@pytest.mark.parametrize(
    "kind",
    [
        "application/javascript",
        "text/javascript",
        "application/vnd.jupyter.widget-view+json",
        "application/vnd.plotly.v1+json",
        "application/pdf",
        "text/vnd.mermaid",
    ],
)
def test_a_type_that_is_not_listed_is_not_published(kind):
    with pytest.raises(CellFailed, match="cell 2 of 2: an output of type") as failure:
        published.check(shown(**{kind: "1", "text/plain": "harmless"}))
    assert kind in str(failure.value)


def test_live_figures_records_and_passive_content_are_published():
    published.check(shown(**{MIME: {"kind": "<script>", "data": {}}, "text/plain": "a"}))
    published.check(shown(**{PREFIX + "text/plain": "'<script>'"}))
    published.check(shown(**{"text/plain": "<script>alert(1)</script>"}))  # text is shown as text
    published.check(shown(**{"text/latex": r"$\frac{1}{2} \hat\kappa$"}))


ACTIVE = [
    "<script>alert(1)</script>",
    "<SCRIPT src='x.js'></SCRIPT>",
    "<script",
    "<img src=x onerror=alert(1)>",
    "<img/onerror=alert(1) src=x>",
    "<img src='x'onerror='alert(1)'>",
    '<p title="a" oNcLiCk="alert(1)">x</p>',
    "<svg onload=alert(1)></svg>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate attributeName=href values=javascript:alert(1) /></svg>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='  JaVa\tScript:alert(1)'>x</a>",
    "<a href='&#106;avascript&colon;alert(1)'>x</a>",
    "<a href='vbscript:x'>x</a>",
    "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)></svg>#x'/></svg>",
    "<svg><image href='https://example.org/x.png'/></svg>",
    "<details open ontoggle=alert(1)>x</details>",
    "<table background='https://example.org/x.png'></table>",
    "<a href='#x' ping='https://example.org'>x</a>",
    "<button formaction='https://example.org'>x</button>",
    "<math><a href='javascript:alert(1)'>x</a></math>",
    "<p style='cursor: url(https://example.org/x.cur), auto'>x</p>",
    "<style>@font-face { font-family: x; src: url(https://example.org/x.woff) }</style>",
    "<script type='importmap'>{}</script>",
    "<div><template shadowrootmode=open></template></div>",
    "<me<meta>ta http-equiv=refresh>",
    "<iframe src='https://example.org'></iframe>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<object data='x.swf'></object>",
    "<embed src='x'>",
    "<form action='https://example.org'><input></form>",
    "<meta http-equiv='refresh' content='0;url=https://example.org'>",
    "<base href='https://example.org/'>",
    "<link rel='stylesheet' href='https://example.org/x.css'>",
    "<style>@import 'https://example.org/x.css';</style>",
    "<p style='background: url(https://example.org/x.png)'>x</p>",
    "<p style='background: u\\72l(https://example.org/x.png)'>x</p>",
    "<img src='https://example.org/x.png'>",
    "<img src='//example.org/x.png'>",
    "<img src='a.png' srcset='https://example.org/x.png 2x'>",
    "<video src='x' onloadstart='alert(1)'></video>",
    "<math><mtext></mtext></math>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></p></noscript>",
    "<!--><script>alert(1)</script>-->",
    "<!-- a comment -->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php x ?>",
    "<p <script>alert(1)</script>",
    "<p title='>x",
    "a < b",
    "<style><!--</style><script>alert(1)</script>--></style>",
]
PASSIVE = [
    "",
    "<p class='a'>1 &lt; 2, <b>bold</b> &amp; <a href='https://example.org/a?b=c#d'>link</a></p>",
    "<a href='replica.html#kappa'>there</a> <a href='#fig-a'>here</a> <a href=mailto:a@b.c>us</a>",
    "<table border=1><thead><tr><th>n</th></tr></thead><tbody><tr><td>1</td></tr></tbody></table>",
    "<img src='data:image/png;base64,AAAA' alt='a > b'><br/><hr>",
    "<style>td { text-align: right; }</style><details open><summary>x</summary></details>",
    "<svg viewBox='0 0 1 1'><path d='M0 0' style='fill: url(#p)'/></svg>",
]


@pytest.mark.parametrize("html", ACTIVE)
def test_html_that_would_run_or_load_something_fails_by_cell(html):
    with pytest.raises(CellFailed, match=r"cell 2 of 2: text/html that is not passive"):
        published.check(shown(**{"text/html": html}))


@pytest.mark.parametrize("html", PASSIVE)
def test_html_that_only_shows_is_published(html):
    published.check(shown(**{"text/html": html}))


@pytest.mark.parametrize(
    "markdown",
    [
        "a <img src=x onerror=alert(1)>",
        "<script>alert(1)</script>",
        "![x](https://example.org/x.png)",
        "<iframe src='x'></iframe>",
        "[x]: y\n\n<svg onload=alert(1)>",
    ],
)
def test_markdown_is_judged_by_the_html_it_becomes(markdown):
    with pytest.raises(CellFailed, match="text/markdown that is not passive"):
        published.check(shown(**{"text/markdown": markdown}))
    published.check(shown(**{"text/markdown": "a < b, *x*, `<script>`, [t](javascript:alert(1))"}))


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


@pytest.mark.parametrize(
    "inside",
    [
        "<script>alert(1)</script>",
        '<x:script xmlns:x="http://www.w3.org/2000/svg">alert(1)</x:script>',
        '<g onload="alert(1)"/>',
        '<a xlink:href="javascript:alert(1)"/>',
        '<set attributeName="href" to="javascript:alert(1)"/>',
        "<foreignObject/>",
        '<image xlink:href="https://example.org/x.png"/>',
        '<rect fill="url(https://example.org/x.svg#a)"/>',
        '<use href="https://example.org/x.svg#a"/>',
        '<use href="data:image/svg+xml;base64,AAAA#a"/>',
        '<image style="cursor: url(https://example.org/x.cur)"/>',
        "<style>@import 'x'</style>",
        "<g>",
    ],
)
def test_a_drawing_that_would_run_or_load_something_fails_by_cell(inside):
    with pytest.raises(CellFailed, match=r"image/svg\+xml that is not passive"):
        published.check(shown(**{"image/svg+xml": SVG.format(inside)}))


def test_entities_in_a_drawing_are_refused():
    with pytest.raises(content.Active, match="entities"):
        content.check_svg('<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG.format("&a;"))


def test_matplotlib_s_drawings_are_passive():
    figure, drawing = Figure(), io.StringIO()
    axes = figure.subplots()
    axes.plot([0, 1], label="$x < 1$")
    axes.imshow([[0, 1]])
    axes.legend()
    figure.savefig(drawing, format="svg")
    content.check_svg(drawing.getvalue())


@pytest.mark.parametrize("text", [r"$\href{javascript:alert(1)}{x}$", r"$\require{html}$"])
def test_mathematics_that_makes_links_fails(text):
    with pytest.raises(CellFailed, match="text/latex that is not passive"):
        published.check(shown(**{"text/latex": text}))

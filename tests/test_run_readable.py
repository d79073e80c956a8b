"""A chapter's notebook in Jupyter has the words and numbers of its page, and nothing of MyST."""

import re

import nbformat
import pytest
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from mdit_py_plugins.myst_role import myst_role_plugin
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from tiny_book import cell, chapter, tiny_book, write

from lindiff_nb._base.errors import UsageError
from lindiff_nb.run.chapters import Book, find_book
from lindiff_nb.run.cli import main
from lindiff_nb.run.execute import execute
from lindiff_nb.run.readable import Reading, readable
from lindiff_nb.run.records import PREFIX, read_records

BOOK = find_book()
MYST = MarkdownIt("commonmark").enable("table").use(colon_fence_plugin).use(myst_block_plugin)
MYST = MYST.use(myst_role_plugin).use(dollarmath_plugin, allow_labels=True, double_inline=True)
ONLY_MYST = {"myst_role", "myst_target", "myst_line_comment", "myst_block_break", "colon_fence"}
ROLE = re.compile(r"\{[\w:+-]+\}`")
MACRO = re.compile(r"\\(?:R|E|Tr|KL)(?![A-Za-z])")


def prose(notebook) -> str:
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def code(notebook) -> list[dict]:
    return [c for c in notebook.cells if c.cell_type == "code"]


def left_over(text: str) -> list[str]:
    """What of a text is MyST and not Markdown, found by its parser and, in HTML, by eye."""
    blocks = MYST.parse(text)
    all_tokens = [child for block in blocks for child in (block, *(block.children or []))]
    myst = [t.type for t in all_tokens if t.type in ONLY_MYST | {"math_block_label"}]
    fences = [t.info for t in blocks if t.type == "fence" and t.info.startswith("{")]
    return myst + fences + ROLE.findall(text) + MACRO.findall(text)


@pytest.fixture(scope="module")
def reading() -> Reading:
    return Reading(BOOK)


@pytest.mark.long
@pytest.mark.parametrize("chapter", BOOK.chapters)
def test_no_role_fence_label_or_macro_is_left(reading, chapter):
    source = BOOK.chapters[chapter].notebook
    assert left_over(prose(source))
    made = reading.of(source, chapter)
    nbformat.validate(made)
    assert left_over(prose(made)) == []


@pytest.mark.parametrize("chapter", BOOK.chapters)
def test_code_parameters_and_metadata_are_as_they_were(reading, chapter):
    source = BOOK.chapters[chapter].notebook
    made = reading.of(source, chapter)
    assert code(made) == code(source)
    assert made.metadata == source.metadata
    assert source == BOOK.chapters[chapter].notebook


@pytest.mark.long
@pytest.mark.parametrize("chapter", BOOK.chapters)
def test_every_reference_leads_somewhere_and_every_box_is_closed(reading, chapter):
    made = prose(reading.of(BOOK.chapters[chapter].notebook, chapter))
    assert not re.search(r"\b(?:eq|fig|ex|thm|tab|ch|sec)-[a-z]+-[a-z-]+(?![^(]*\))", made)
    for part in reading.of(BOOK.chapters[chapter].notebook, chapter).cells:
        assert part.source.count("<details") == part.source.count("</details>")


# ---- one page that has everything

PAGE = r"""---
jupytext:
  text_representation: {extension: .md, format_name: myst, format_version: 0.13}
---

(ch-one)=
# One $\R$

% nobody reads this
By {cite:t}`bai2004`, again {cite:p}`bai2004, wishart`, see {ref}`here
<ch-one>` and {ref}`ch-two`. The mean
is {glue:text}`mean:.2f` of {glue:text}`n`, in {glue:text}`two.md::other:.1f` {glue:text}`set`; {unheard}`of`, {ref}`lost`. Code: `{eq}`, $\E x
= \Tr A \\R$.

$$
\E[x] = 1
$$ (eq-one)

| a | b |
|---|---|
| {eq}`eq-one` | {eq}`eq-two` $\R$ |

:::{prf:theorem} Big
:label: thm-one

* A claim about {numref}`fig-one`:

  $$
  y = 2
  $$ (eq-in-list)
:::

```{list-table} A table.
:name: tab-one
:header-rows: 1

* - Symbol
  - Meaning
* - $\Tr$
  - by {eq}`eq-in-list`,
    or `x`
```

```{table} Another, which nobody refers to.
```

::::{dropdown} Proof of $\R$
:::{admonition} Inside
Because.
:::
::::

```{code-cell} ipython3
---
mystnb:
  image: {alt: A line rises.}
  figure: {name: fig-one, caption: "By {eq}`eq-one`."}
---
plot()
```

:::{exercise} Easy
:label: ex-one
Do it.
:::

```{solution-start} ex-one
:class: dropdown
```

Like this:

```{code-cell} ipython3
1
```

and that.

```{solution-end}
```

:::{solution} ex-one
Or so.
:::

```python
"{a block}"
```
"""  # noqa: E501
TWO = "(ch-two)=\n# Two\n\n$$\nx\n$$ (eq-two)\n"
BIB = """@article{bai2004,
author = {Bai, Z. D. and Silverstein, J.}, year = {2004}, doi = {10.1/(a)b}}
@article{wishart,
author = {de la Vall{\\'e}e, A. and B, C. and D, E.}, year = 1928, eprint = {1.2}}
"""
TOC = (
    "root: book/one\nparts:\n- {numbered: true, chapters: [{file: book/zero}, {file: book/two}]}\n"
)
CONFIG = r"""sphinx: {config: {mathjax3_config: {tex: {macros:
  {R: '\mathbb{R}', E: '\mathbb{E}', Tr: '\operatorname{Tr}'}}}}}
"""


@pytest.fixture
def book(tmp_path, monkeypatch) -> Book:
    monkeypatch.delenv("LINDIFF_SITE_URL", raising=False)
    pages = {"book/one.md": PAGE, "book/two.md": TWO, "book/zero.md": "# Zero\n"}
    settings = {"book/references.bib": BIB, "_toc.yml": TOC, "_config.yml": CONFIG}
    write(tmp_path, pages | settings)
    return Book(tmp_path / "book")


def executed(book: Book, **values) -> nbformat.NotebookNode:
    notebook = book.chapters["one"].notebook
    for name, value in values.items():
        shown = {PREFIX + "text/plain": repr(value)}
        output = new_output("display_data", data=shown, metadata={"scrapbook": {"name": name}})
        code(notebook)[1].outputs.append(output)
    return notebook


READ = r"""# One $\mathbb{R}$

By [Bai and Silverstein (2004)](https://doi.org/10.1/%28a%29b), again ([Bai and Silverstein, 2004](https://doi.org/10.1/%28a%29b); [de la Vallée et al., 1928](https://arxiv.org/abs/1.2)), see [here](one.html#ch-one)
 and [Two](two.html#ch-two). The mean
is 0.33 of 1\_000, in … a\*b; of, lost. Code: `{eq}`, $\mathbb{E} x
= \operatorname{Tr} A \\R$.

$$
\mathbb{E}[x] = 1
\tag{1}
$$

| a | b |
|---|---|
| [(1)](one.html#equation-eq-one) | [(2.1)](two.html#equation-eq-two) $\mathbb{R}$ |

<details open><summary><b>Theorem 1</b> (Big)</summary>

* A claim about [Fig. 1](one.html#fig-one):

  $$
  y = 2
  \tag{2}
  $$

</details>

**Table 1** A table.

| Symbol | Meaning |
| --- | --- |
| $\operatorname{Tr}$ | by [(2)](one.html#equation-eq-in-list), or `x` |

<details open><summary><b>Another, which nobody refers to.</b></summary>



</details>

<details><summary><b>Proof of $\mathbb{R}$</b></summary>

<details open><summary><b>Inside</b></summary>

Because.

</details>

</details>

**Fig. 1** By [(1)](one.html#equation-eq-one).

<details><summary>The figure in words</summary>

A line rises.

</details>

<details open><summary><b>Exercise 1</b> (Easy)</summary>

Do it.

</details>

<details><summary><b>Solution to Exercise 1</b></summary>


Like this:

</details>

<details><summary><b>Solution to Exercise 1</b>, continued</summary>

and that.

</details>

<details><summary><b>Solution to Exercise 1</b></summary>

Or so.

</details>

```python
"{a block}"
```"""  # noqa: E501


def test_every_construct_in_words(book):
    notebook = executed(book, mean=1 / 3, n="1_000", set="a*b")
    assert prose(readable(notebook, book, "one")) == READ


def test_a_number_that_is_not_recorded_is_an_ellipsis(book):
    text = prose(readable(book.chapters["one"].notebook, book, "one"))
    assert "is … of …, in … …;" in text
    partly = prose(readable(executed(book, mean=0.5), book, "one"))
    assert "is 0.50 of …, in … …;" in partly


def test_a_form_that_does_not_fit_does_not_lose_the_number(book):
    assert "is 7 digits of" in prose(readable(executed(book, mean="7 digits"), book, "one"))


def test_references_that_cannot_be_read_are_named(book):
    (book.folder / "references.bib").write_text("@article{x, year = }")
    with pytest.raises(UsageError, match=r"references\.bib: "):
        readable(book.chapters["one"].notebook, book, "one")


def test_links_lead_to_the_site_where_its_address_is_known(book, monkeypatch):
    monkeypatch.setenv("LINDIFF_SITE_URL", "https://example.org/us/")
    text = prose(readable(book.chapters["one"].notebook, book, "one"))
    assert "[(1)](https://example.org/us/book/one.html#equation-eq-one)" in text


def test_pictures_are_described_and_records_stay(book):
    notebook = executed(book, mean=0.5)
    picture = new_output("display_data", data={"image/png": "AAAA", "image/svg+xml": "<svg/>"})
    code(notebook)[0].outputs.append(picture)
    made = readable(notebook, book, "one")
    (output,) = code(made)[0].outputs
    assert output.metadata == {"image/png": {"alt": "A line rises."}}
    assert read_records(made) == read_records(notebook) == {"mean": 0.5}


def test_a_page_that_belongs_to_no_book_is_read_as_far_as_it_goes(tmp_path):
    write(tmp_path, {"own.md": PAGE, "_toc.yml": "root: [nonsense", "_config.yml": "- nonsense"})
    book = Book(tmp_path, only="own.md")
    text = prose(readable(book.chapters["own"].notebook, book, "own"))
    assert "By bai2004, again (bai2004; wishart), see [here](own.html#ch-one)" in text
    assert "[(1)](own.html#equation-eq-one) | eq-two $\\R$" in text


def test_what_is_plain_markdown_is_left_alone(book):
    plain = (
        "# A *b*\n\n1. `c` <b>d</b>  \n   e\n\n> f\n\n| g | h |\n|---|:-:|\n| \\| | $x$ |\n\n---\n"
    )
    notebook = new_notebook(cells=[new_markdown_cell(plain), new_code_cell("x = 1\n")])
    assert readable(notebook, book, "one") == notebook


@pytest.mark.kernel
def test_a_run_writes_its_own_numbers_into_the_text_and_runs_again(tmp_path, monkeypatch):
    law = chapter(
        "The law",
        cell("d: int = 3  # dimension [1, 99]", "parameters"),
        cell("from lindiff_nb.run import record\nrecord(half=d / 2)"),
        "Half is {glue:text}`half:.2f`.\n",
    )
    monkeypatch.setenv("LINDIFF_BOOK", str(tiny_book(tmp_path, {"law": law}).folder))
    monkeypatch.chdir(tmp_path)
    assert main(["run", "law", "-p", "d", "7", "-o", "out.ipynb"]) == 0
    assert main(["run", "law", "-p", "d", "7", "-o", "source.ipynb", "--source"]) == 0
    out, source = (nbformat.read(f"{name}.ipynb", as_version=4) for name in ("out", "source"))
    assert out.cells[-1].source == "Half is 3.50."
    assert source.cells[-1].source == "Half is {glue:text}`half:.2f`."
    again = execute(out, {"d": 9})
    assert read_records(again) == {"half": 4.5}
    assert read_records(out) == read_records(source)
    assert [c.source for c in code(out)] == [c.source for c in code(source)]

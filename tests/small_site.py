"""A site of three pages, with the book's own settings, made in seconds: no chapter is run.

Its notebooks come with their outputs. One page holds what every page may hold, one a live figure,
and one what no chapter should bring: code that would run in the reader's browser.
"""

import shutil
from pathlib import Path

import nbformat
import yaml
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lindiff_nb.figures import live
from lindiff_nb.run.chapters import Book
from lindiff_nb.run.lock import alone
from lindiff_nb.run.render import Site
from lindiff_nb.run.stage import configuration

ROOT = Path(__file__).parents[1]


def planted(elsewhere: str) -> dict[str, tuple[str, object]]:
    """Outputs that would act in the reader's browser, by kind: each (mime type, content).

    They change the title, open a dialog or ask the server at the address `elsewhere`; those of
    the class `bait` when they are clicked.
    """
    code = f"document.title = 'planted'; alert(1); fetch('{elsewhere}/told')"
    markup = {
        "a script": f"<script>{code}</script>",
        "a script in capitals": f"<SCRIPT\n>{code}</SCRIPT >",
        "a script of a kind": f'<script type="module">{code}</script>',
        "a script from elsewhere": f'<script src="{elsewhere}/code.js"></script>',
        "a script of data": f'<script src="data:text/javascript,{code}"></script>',
        "a script in a drawing": f"<svg><script>{code}</script></svg>",
        "a handler of an error": f'<img alt="" src="none.png" onerror="{code}">',
        "a handler of a load": f'<svg onload="{code}"></svg>',
        "a handler of a click": f'<button class="bait" onclick="{code}">x</button>',
        "a handler of an animation": (
            f'<svg><animate attributeName="x" dur="1ms" onend="{code}"/></svg>'
        ),
        "a link with code": f'<a class="bait" href="javascript:{code}">x</a>',
        "a frame": f'<iframe src="{elsewhere}/"></iframe>',
        "a frame with its page": f'<iframe srcdoc="<script>parent.{code}</script>"></iframe>',
        "a frame of data": f'<iframe src="data:text/html,<script>{code}</script>"></iframe>',
        "an object": f'<object data="{elsewhere}/"></object>',
        "an embedded page": f'<embed src="{elsewhere}/">',
        "a refresh": f'<meta http-equiv="refresh" content="0; url={elsewhere}/">',
        "a base": f'<base href="{elsewhere}/"><img alt="" src="none.png">',
        "a style sheet": f'<link rel="stylesheet" href="{elsewhere}/a.css">',
        "a style": f"<style>body {{background: url({elsewhere}/c.png)}}</style>",
        "an imported style": f"<style>@import '{elsewhere}/b.css';</style>",
        "a picture": f'<img alt="" src="{elsewhere}/d.png">',
        "a picture in a drawing": f'<svg><image href="{elsewhere}/e.png" width="9"/></svg>',
        "a picture of several": f'<img alt="" srcset="{elsewhere}/f.png 1x">',
        "a picture behind a table": f'<table background="{elsewhere}/g.png"><td>x</table>',
        "a handler of opening": f'<details open ontoggle="{code}">x</details>',
        "a form of a button": f'<form><button class="bait" formaction="{elsewhere}/">x</form>',
        "a film": f'<video src="{elsewhere}/d.mp4" autoplay></video>',
        "a form": f'<form action="{elsewhere}/"><button class="bait">x</button></form>',
    }
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><script>{code}</script></svg>'
    figure = {"kind": f'constructor"); {code}; ("</script>', "data": {"__proto__": {"u1": code}}}
    return {kind: ("text/html", text) for kind, text in markup.items()} | {
        "Javascript": ("application/javascript", code),
        "a handler in Markdown": ("text/markdown", markup["a handler of an error"]),
        "a script in a heading": ("text/markdown", f"# A heading {markup['a script']}"),
        "a drawing": ("image/svg+xml", drawing),
        "a live figure": (live.MIME, figure),
    }


PROSE = """\
# Prose

First paragraph with $\\R$.

$$
\\E[x] = \\Tr A
$$ (mean)

By {eq}`mean`.

```{prf:theorem} One
:label: thm-one
A claim.
```

:::{dropdown} Proof
Because.
:::

```{exercise}
:label: ex-one
Do it.
```

```{solution} ex-one
:class: dropdown
Done.
```

```{exercise}
:label: ex-two
Do it again.
```

```{solution} ex-two
:class: dropdown
Done again.
```

```python
print("a block with a button that copies it")
```
"""
FIGURE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="90" height="90" viewBox="0 0 90 90">
<rect x="9" y="9" width="60" height="60" style="fill: #0072b2"/></svg>
"""


def page(title: str, *outputs: tuple[str, object]) -> nbformat.NotebookNode:
    """A notebook of a title and one cell for each output."""
    cells = [new_markdown_cell(f"# {title}\n\nFirst paragraph.")]
    for mime, content in outputs:
        data = {mime: content, "text/plain": "an output"}
        cells.append(new_code_cell("1", outputs=[new_output("display_data", data=data)]))
    kernel = {"name": "python3", "display_name": "Python 3"}
    metadata = {
        "kernelspec": kernel,
        "language_info": {"name": "python", "pygments_lexer": "python"},
    }
    return new_notebook(cells=cells, metadata=metadata)


def moving(kind: str, **data: object) -> tuple[str, object]:
    """The output of a live figure."""
    figure = Figure()
    live.attach(figure, kind, **data)
    return live.MIME, live.of_figure(figure)


def build(
    root: Path, notebooks: dict[str, nbformat.NotebookNode], files: dict[str, str] | None = None
) -> Path:
    """Build the site of the prose page, these notebooks and other staged files; its folder."""
    book = Book(root / "book", package="lindiff_nb")
    site = Site(book)
    shutil.copytree(ROOT / "book" / "static", site.stage / "book" / "static")
    (site.stage / "book" / "references.bib").touch()
    (site.stage / "book" / "prose.md").write_text(PROSE)
    for name, text in (files or {}).items():
        (site.stage / name).write_text(text)
    for name, notebook in notebooks.items():
        nbformat.write(notebook, site.stage / "book" / f"{name}.ipynb")
    toc = "format: jb-book\nroot: book/prose\nchapters:\n"
    pages = [Path(name).stem for name in files or () if name.endswith(".md")]
    toc += "".join(f"- file: book/{name}\n" for name in [*notebooks, *pages])
    (site.stage / "_toc.yml").write_text(toc)
    settings = configuration(yaml.safe_load((ROOT / "_config.yml").read_text()))
    (site.stage / "_config.yml").write_text(yaml.safe_dump(settings))
    with alone(book.build) as lock:
        site.build("key", lock)
    return site.html

"""The whole book as one PDF, printed by Chromium: python tests/print_book.py BOOK.pdf [PAGE ...]

The articles of the built site (or of these pages of it, as in `book/replica`) stand one behind the
other on one page, their ids told apart, so that links between chapters lead through the PDF. The
reference of functions is left to the website: links lead there if LINDIFF_SITE_URL tells where.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from site_browser import CHAPTERS, TOC, Reader, reading

from lindiff_nb.site import doors

BOOK = [name for name in (TOC["root"], *CHAPTERS) if "/api" not in name]
JOIN = r"""async ([pages, root, site]) => {
  const names = new Map(pages.map((url, k) => [new URL(url).pathname, `p${k}-`]));
  const articles = [];
  for (const url of pages) {
    const text = await (await fetch(url)).text();
    const parsed = new DOMParser().parseFromString(text, 'text/html');
    const article = document.importNode(parsed.querySelector('article.bd-article'), true);
    const name = names.get(new URL(url).pathname);
    const gone = '.headerlink, .copybtn, .moved, .stack, script';
    for (const node of article.querySelectorAll(gone)) node.remove();
    for (const node of article.querySelectorAll('[id]')) node.id = name + node.id;
    for (const link of article.querySelectorAll('a[href]')) {
      const to = new URL(link.getAttribute('href'), url), other = names.get(to.pathname);
      if (other) link.href = `#${other}${to.hash.slice(1) || 'top'}`;
      else if (!to.href.startsWith(root)) link.href = to.href;
      else if (site) link.href = site + to.href.slice(root.length);
      else link.removeAttribute('href');
    }
    for (const image of article.querySelectorAll('img')) {
      image.loading = 'eager';
      image.src = new URL(image.getAttribute('src'), url).href;
    }
    article.id = name + 'top';
    article.style.breakBefore = articles.length ? 'page' : 'auto';
    articles.push(article);
  }
  const content = document.createElement('main');
  content.className = 'bd-main bd-content bd-article-container';
  content.style.cssText = 'display: block; max-width: none';
  content.replaceChildren(...articles);
  document.body.replaceChildren(content);
  for (const box of document.querySelectorAll('details.sd-dropdown')) box.open = true;
  const drawn = [...document.images].filter(image => !image.classList.contains('only-dark'));
  await Promise.all(drawn.map(image => image.decode()));
}"""


def book(reader: Reader, target: Path, pages: Sequence[str] = BOOK) -> None:
    """Print these pages of the site into one file."""
    addresses = [f"{reader.address}{name}.html" for name in pages]
    with reader.open(f"{pages[0]}.html") as visit:
        visit.page.emulate_media(media="print", color_scheme="light")
        visit.page.evaluate(JOIN, [addresses, reader.address, doors.address()])
        room = {"top": "18mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}
        visit.page.pdf(path=target, format="A4", margin=room, outline=True, tagged=True)


if __name__ == "__main__":
    with reading() as reader:
        book(reader, Path(sys.argv[1]), sys.argv[2:] or BOOK)

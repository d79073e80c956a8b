"""What Sphinx needs to render the executed chapters; listed as an extension in _config.yml.

vendor  our own scripts, and the folder of what a build makes beside the pages
maths   formulas set by KaTeX when the site is built
fonts   typefaces inside their style sheets
icons   of the theme's icons only those in use
live    live figures: what moves beside a picture, and the file that holds it
cite    how to cite a page
data    the numbers that each figure draws, as CSV, and the command that draws it
dark    each figure gets a partner drawn for the dark page
panels  on a phone the panels of a figure stand one under the other
footer  when and with what a page was executed; the run times that the text quotes
package  the wheel, beside the pages that were made with it
theme   small repairs to the theme: links, accessibility, description
policy  what a page may load and run, stated in its head
opening  the minutes that a chapter takes, under its title, and its symbols
reading  what a page costs its reader
lede    the figure that shows a page's answer, lifted to its top
moved   old addresses of what has moved to another page
doors   sitemap, feed of changes and card, where LINDIFF_SITE_URL says where the site is
api     the reference of functions, from their docstrings
ledger  what the build adds to the ledger of reproductions
links   from the names in a page's code to the reference
previews  what the links of the text lead to, shown beside them
pages   the last look at the files: front door, policy narrowed, no id twice
"""

from importlib import import_module
from typing import Any

DRAWN = ("vendor", "fonts", "maths", "live", "dark", "panels", "data", "opening", "lede")
SAID = ("ledger", "footer", "cite", "moved", "package", "theme", "doors", "policy", "api")
LAST = ("links", "icons", "pages", "previews")


def setup(app: Any) -> dict[str, Any]:
    """Register the extension: its modules, in the order in which some rely on others."""
    for name in (*DRAWN, *SAID, *LAST):
        import_module(f"{__name__}.{name}").setup(app)
    # Not safe to fork once V8 runs.
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": False}

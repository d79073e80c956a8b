"""The escape hatch: plain Sphinx renders what `lindiff-nb build` staged, without Jupyter Book.

    sphinx-build -c .ci _build/stage _build/plain

All settings are those of _config.yml; what Jupyter Book adds to them is spelled out here.
"""

from pathlib import Path

from lindiff_nb.run.sources import mapping
from lindiff_nb.run.stage import configuration

ROOT = Path(__file__).parents[1]
SETTINGS = configuration(mapping(ROOT / "_config.yml"))
OWN = SETTINGS["sphinx"]["config"]
globals().update(OWN)

project = html_title = SETTINGS["title"]
author, copyright = SETTINGS["author"], SETTINGS["copyright"]
extensions = [name for name in OWN["extensions"] if name not in ("jupyter_book", "sphinx_comments")]
exclude_patterns = SETTINGS["exclude_patterns"]
external_toc_exclude_missing = True

nb_execution_mode = "off"
myst_enable_extensions = SETTINGS["parse"]["myst_enable_extensions"]
myst_url_schemes = ["mailto", "http", "https"]
bibtex_bibfiles = [str(ROOT / path) for path in SETTINGS["bibtex_bibfiles"]]
suppress_warnings = ["myst.domains"]

html_theme = "sphinx_book_theme"
html_favicon = str(ROOT / SETTINGS["html"]["favicon"])
html_logo = str(ROOT / OWN["html_logo"])
html_static_path = [str(ROOT / path) for path in OWN["html_static_path"]]
html_sourcelink_suffix = ""
html_theme_options = OWN["html_theme_options"] | {
    "extra_footer": SETTINGS["html"]["extra_footer"],
    "home_page_in_toc": SETTINGS["html"]["home_page_in_navbar"],
}

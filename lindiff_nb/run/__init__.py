"""Run the chapters: with other numbers, all of them, or as a website.

records       the numbers a chapter hands to its prose: record(name=value)
chapters      where the chapters are, in which order, and each as a notebook
parameters    what the parameters cell declares; checks on what replaces it
kernel        a fresh kernel of this very interpreter
execute       one chapter through papermill; what counts as failed
provenance    when, with what and on what a chapter was run
dependencies  which files a chapter's results depend on
cache         executed chapters, kept until one of those files changes
stage         what Sphinx is given; render: Sphinx itself
build         all of it, in parallel;  cli: the command line
papermill_io  chapters as lindiff:// addresses for papermill

A chapter imports `record` from here in its kernel, so this file imports nothing heavier.
"""

from lindiff_nb.run.records import read_records, record

__all__ = ["read_records", "record"]

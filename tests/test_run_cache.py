"""Executed chapters that are kept: what was written is read back, anything else is not there."""

import json

import pytest
from tiny_book import notebook, write

from lindiff_nb.run.cache import Store

RECORD = {"date": "2026-11-27T00:00:00+00:00", "seconds": 1.5, "recorded": {"x": 1}}
INGREDIENTS = {"python": "3.11", "its text": "abc"}


@pytest.fixture
def store(tmp_path) -> Store:
    """A store with one chapter."""
    store = Store(tmp_path / "executed")
    store.keep("law", notebook("x = 1"), RECORD, INGREDIENTS)
    return store


def test_what_is_kept_is_read_back(store):
    entry = store.entry("law")
    assert entry.record == RECORD
    assert entry.ingredients == INGREDIENTS
    assert store.entry("other") is None


DAMAGE = [
    {"record": {}},
    {"record": [1]},
    {"record": None},
    {"record": RECORD | {"seconds": "x"}},
    {"record": RECORD | {"recorded": {"x": 2}}},
    {"ingredients": []},
    {"ingredients": None},
    {"ingredients": {}},
    {"sha256": 3},
    {"sha256": "0" * 64},
]
SHAPES = ["", "{", "null", "3", "[]", '"x"', "[" * 100_000, '{"a":' * 100_000, "\x00", "{}"]


@pytest.mark.parametrize("change", DAMAGE, ids=str)
def test_an_index_of_other_facts_or_shapes_is_no_entry(store, change):
    note = store.folder / "law.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | change))
    assert store.entry("law") is None


@pytest.mark.parametrize("text", SHAPES, ids=lambda text: text[:5])
def test_an_index_that_is_none_is_no_entry_and_is_written_anew(store, text):
    note = store.folder / "law.json"
    note.write_text(text)
    assert store.entry("law") is None
    store.keep("law", notebook("x = 1"), RECORD, INGREDIENTS)
    assert store.entry("law") is not None


def test_a_notebook_that_was_changed_is_no_entry(store):
    path = store.folder / "law.ipynb"
    path.write_text(path.read_text().replace("x = 1", "x = 2"))
    assert store.entry("law") is None


@pytest.mark.parametrize("name", ["law.json", "law.ipynb"])
def test_a_folder_in_the_place_of_a_file_is_no_entry_and_makes_room(store, name):
    (store.folder / name).unlink()
    write(store.folder / name, {"inside/x": ""})
    assert store.entry("law") is None
    store.prune(["law"])
    store.keep("law", notebook("x = 1"), RECORD, INGREDIENTS)
    assert store.entry("law") is not None


def test_what_belongs_to_no_chapter_is_removed_whatever_it_is(store, tmp_path):
    write(store.folder, {".ipynb_checkpoints/law-checkpoint.ipynb": "", "old.json": "", "x/y": ""})
    write(tmp_path / "elsewhere", {"precious": ""})
    (store.folder / "link").symlink_to(tmp_path / "elsewhere")
    (store.folder / "dangling").symlink_to(tmp_path / "nowhere")
    store.prune(["law"])
    assert {path.name for path in store.folder.iterdir()} == {"law.ipynb", "law.json"}
    assert (tmp_path / "elsewhere" / "precious").exists()
    assert store.entry("law") is not None

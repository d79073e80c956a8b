"""What a link leads to is found in the text of the finished page."""

import pytest

from lindiff_nb.site import panels
from lindiff_nb.site.previews import elements, preview


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ('<div id="a"><div>in</div></div><p>', '<div id="a"><div>in</div></div>'),
        ('<div id="a"><br><img alt="/>">in</div>', '<div id="a"><br><img alt="/>">in</div>'),
        ('<div id="a"><p>left open</div></p>', '<div id="a"><p>left open</div>'),
        ("<div title='>' id=\"a\"\n>x</div>", "<div title='>' id=\"a\"\n>x</div>"),
        (
            '<div id="a"><script>"</div>"</script></div>',
            '<div id="a"><script>"</div>"</script></div>',
        ),
        ('<!-- <div id="a"> --><b id="a">1 < 2</b>', '<b id="a">1 < 2</b>'),
        ('<b id="a">first</b><i id="a">second</i>', '<b id="a">first</b>'),
    ],
)
def test_an_element_is_found_whole_by_its_id(page, shown):
    tag, start, end = elements(page)["a"]
    assert page[start:end] == shown
    assert shown.startswith(f"<{tag}")


def test_what_never_closes_and_what_is_no_element_is_not_found():
    assert elements('<p id="a">text <div data-id="b">') == {}


def test_a_preview_shows_a_drawing_whole_and_no_pieces_of_it():
    drawing = '<img class="only-light" src="a.svg" alt="two panels"/>'
    pieces = panels._html(drawing, [[(0, 0, 200, 259)], [(0, 0, 40, 259), (200, 0, 460, 259)]])
    page = f'<figure id="a"><div class="themed">{drawing}{pieces}</div><p>said</p></figure>'
    shown = preview(page, elements(page)["a"])
    assert shown == f'<figure><div class="themed">{drawing}</div><p>said</p></figure>'

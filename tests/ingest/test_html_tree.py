"""HTML to a tree: what browsers see in broken markup, and a bounded time for any."""

from __future__ import annotations

import time

import pytest

from octavo.ingest.file_limits import BOUNDS
from octavo.ingest.formats.bounded_html import bound_html
from octavo.ingest.formats.epub_builder import Pictures
from octavo.ingest.formats.html import html_blocks
from octavo.ingest.formats.html_tree import read_html

_SECONDS = 30.0  # of processor time; none of them takes more than 5 on a slow machine
_SLOW = {
    "nested": "<div>" * 1_000_000 + "LAST",
    "links": "<a href=x><div>" * 50_000 + "LAST",
    "attributes": "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">LAST",
    "options": "<select>" + "<option>x" * 100_000 + "</select>LAST",
    "formatting": "<p>" + "".join(f"<font a={n}>" for n in range(400)) + "<p>x" * 50_000 + "LAST",
    "ruby": "<ruby><object>" + "<rt>" * 100_000 + "</object></ruby>LAST",
    "quote": "<a " * 100_000 + 'b="LAST>',
    "comments": "<!--" * 100_000 + "LAST",
}


def blocks(html: str) -> str:
    return "".join(html_blocks(read_html(html, BOUNDS), Pictures(BOUNDS)))


@pytest.mark.parametrize("name", _SLOW)
def test_no_markup_takes_the_square_of_its_length(name: str) -> None:
    start = time.process_time()
    tree = read_html(_SLOW[name], BOUNDS)
    assert time.process_time() - start < _SECONDS
    # An `object` is left out with what it holds; nobody sees it.
    assert name == "ruby" or "LAST" in "".join(tree.itertext())


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("<table>stray<tr><td>a<td>b</table>", "stray"),  # before the table
        ("<p>one <b>two<p>three", "<p>one <b>two</b></p><p><b>three</b></p>"),
        ("<b>1<i>2</b>3</i>", "<p><b>1<i>2</i></b><i>3</i></p>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<dl><dt>a<dd>b</dl>c", "<p>a</p><blockquote><p>b</p></blockquote><p>c</p>"),
        ("a<p>b</p></div>c", "<p>a</p><p>b</p><p>c</p>"),
        ("<title>a <b> c</title>d", "<p>d</p>"),
        ("<script>if (a<b) '<p>x'</script>y<style><p></style>", "<p>y</p>"),
        ("a<!-- <p>b -->c<!--> d<!-- e", "<p>ac d e</p>"),
        ("<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>", "<p>漢kan</p>"),
        ("5 < 6 <7 a<1", "<p>5 &lt; 6 &lt;7 a&lt;1</p>"),
        ("<p title='>'>a", "<p>a</p>"),
        ("<p>a<br/>b<hr/>c", "<p>a<br/>b</p><p>c</p>"),
        ("<select><option>a<option>b</select>c", "<p>c</p>"),
    ],
)
def test_markup_is_read_as_browsers_read_it(html: str, shown: str) -> None:
    assert shown in blocks(html)


@pytest.mark.parametrize("tag", ["title", "script", "style", "b", "i", "a id='p1'", "p", "td"])
def test_a_slash_ends_an_element_of_a_book(tag: str) -> None:
    """Books are XHTML: to an HTML parser `<title/>` has no end, and all that follows is in it."""
    assert blocks(f"<html><{tag}/><p>words</p></html>") == "<p>words</p>"


@pytest.mark.parametrize(
    "html",
    [
        "<p class='a>b' id=c>x</p>",
        "<svg><style>.a > .b{}</style><path d='M0 0'></path></svg>",
        "<math><mi>x</mi></math>",
        "<a name=x>" * 2 + "<b>bold</b>",
        "<div><span>" * 200 + "</span></div>" * 200,
        "<ruby>a<rt>b</ruby>" * 600 + "<div><b>c</b></div>",
        "<ul>" + "<li>a" * 5000 + "</ul><b>c</b>",
        "<table>" + "<tr><td>a" * 5000 + "</table><b>c</b>",
    ],
)
def test_pages_as_people_write_them_stay_as_they_are(html: str) -> None:
    assert bound_html(html) == html

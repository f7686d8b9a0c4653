"""HTML to a tree: end tags that were left out put in, what nobody sees taken out."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.epub_builder import escape

#: Elements left out with what they hold.
_LEFT_OUT = frozenset({
    "script", "style", "noscript", "template", "iframe", "object", "embed", "applet", "audio",
    "video", "canvas", "link", "meta", "base", "select", "datalist", "map", "area",
    "annotation", "annotation-xml", "rp",
})  # fmt: skip
_VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
    "source", "track", "wbr",
})  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS = HEADINGS | frozenset({
    "html", "head", "body", "p", "div", "section", "article", "main", "header", "footer", "nav",
    "aside", "address", "details", "summary", "form", "fieldset", "legend", "center", "hgroup",
    "figure", "figcaption", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd", "table",
    "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "colgroup", "hr", "dialog", "menu",
    "dir", "title", "search", "svg", "img", "picture",
})  # fmt: skip
#: Which open elements a start tag ends where their end tag was left out, and what stops the search.
_ENDS = {
    "li": ({"li"}, {"ul", "ol", "menu", "dir"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "tr": ({"tr", "td", "th"}, {"table"}),
    "td": ({"td", "th"}, {"tr", "table"}),
    "th": ({"td", "th"}, {"tr", "table"}),
    "thead": ({"thead", "tbody", "tfoot", "tr", "td", "th"}, {"table"}),
    "tbody": ({"thead", "tbody", "tfoot", "tr", "td", "th"}, {"table"}),
    "tfoot": ({"thead", "tbody", "tfoot", "tr", "td", "th"}, {"table"}),
    "option": ({"option"}, {"select"}),
}
_ENDS_PARAGRAPH = BLOCKS - {"html", "head", "body", "img", "svg", "picture", "title"}
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def read_html(text: str, bounds: FileLimits) -> Element:
    """The page as a tree; elements nested deeper than `bounds.nesting` are left out, their text
    kept. Raises DocumentError for what no parser reads."""
    reader = _TreeBuilder(bounds.nesting)
    try:
        reader.feed(_ended(text))
        return _pruned(reader.finish())
    except (AssertionError, ValueError) as error:  # of html.parser, for odd declarations
        raise DocumentError(f"has HTML that cannot be read: {error}") from None


def _ended(text: str) -> str:
    """Tags and comments that never end as text: html.parser would look for the end of each one to
    the end of the file, which takes hours where there are thousands."""
    last = text.rfind("-->") + 1
    text = text[:last] + text[last:].replace("<!--", "")
    last = text.rfind(">") + 1
    return text[:last] + text[last:].replace("<", "&lt;")


class _TreeBuilder(HTMLParser):
    """Tags to a tree, end tags that were left out put in. Never recurses."""

    def __init__(self, deepest: int) -> None:
        super().__init__(convert_charrefs=True)
        self._tree = TreeBuilder()
        self._tree.start("html", {})
        self._open = ["html"]
        self._deepest = deepest
        self._flat: Counter[str] = Counter()  # open elements left out: nested too deep
        self._drawing: list[str] | None = None  # source of an SVG drawing
        self._drawn = 0

    def finish(self) -> Element:
        self.close()
        self._end_drawing()
        while self._open:
            self._tree.end(self._open.pop())
        return self._tree.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._drawing is not None:
            self._drawing.append(self.get_starttag_text() or "")
            self._drawn += tag == "svg"
        elif tag == "svg":
            self._drawing, self._drawn = [self.get_starttag_text() or ""], 1
        else:
            self._end_implied(tag)
            self._begin(tag, {k: v or "" for k, v in attrs})

    def _begin(self, tag: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= self._deepest and tag not in _VOID | _LEFT_OUT:
            self._flat[tag] += 1
            return
        self._tree.start(tag, attributes)
        if tag in _VOID:
            self._tree.end(tag)
        else:
            self._open.append(tag)

    def _end_implied(self, tag: str) -> None:
        if tag in _ENDS_PARAGRAPH and "p" in self._open[-4:]:
            self._end_upto({"p"}, {"td", "th", "li", "table", "div"})
        if tag in _ENDS:
            self._end_upto(*_ENDS[tag])

    def _end_upto(self, names: set[str], stop: set[str]) -> None:
        """Ends the outermost of `names` that is open inside the nearest of `stop`."""
        place = None
        for n in range(len(self._open) - 1, 0, -1):
            if self._open[n] in stop:
                break
            if self._open[n] in names:
                place = n
        while place is not None and len(self._open) > place:
            self._tree.end(self._open.pop())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            if self._drawing is not None:
                self._drawn -= tag == "svg"
                if self._drawn == 0:
                    self._end_drawing()
            else:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._drawing is not None:
            self._drawing.append(f"</{tag}>")
            self._drawn -= tag == "svg"
            if self._drawn == 0:
                self._end_drawing()
        elif self._flat[tag]:
            self._flat[tag] -= 1
        elif tag in self._open[1:]:
            while True:
                last = self._open.pop()
                self._tree.end(last)
                if last == tag:
                    break

    def handle_data(self, data: str) -> None:
        if self._drawing is not None:
            self._drawing.append(escape(data))
        else:
            self._tree.data(data)

    def _end_drawing(self) -> None:
        if self._drawing is not None:
            self._tree.start("svg", {"source": "".join(self._drawing)})
            self._tree.end("svg")
            self._drawing = None


def _pruned(root: Element) -> Element:
    """Without what is left out or hidden; the text after it stays."""
    for parent in list(root.iter()):
        last: Element | None = None
        for child in list(parent):
            hidden = "hidden" in child.attrib or _HIDING.search(child.get("style", ""))
            if child.tag not in _LEFT_OUT and not hidden:
                last = child
                continue
            if last is None:
                parent.text = (parent.text or "") + (child.tail or "")
            else:
                last.tail = (last.tail or "") + (child.tail or "")
            parent.remove(child)
    return root

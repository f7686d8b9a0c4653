"""HTML to a tree, as browsers read it, without what nobody sees."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, TreeBuilder

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.bounded_html import VOID, bound_html
from octavo.ingest.formats.html_styles import TextStyles, style_sheets

#: Elements left out with what they hold.
_LEFT_OUT = frozenset({
    "script", "style", "noscript", "template", "iframe", "object", "embed", "applet", "audio",
    "video", "canvas", "link", "meta", "base", "datalist", "map", "area",
    "annotation", "annotation-xml", "rp",
})  # fmt: skip
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS = HEADINGS | frozenset({
    "html", "head", "body", "p", "div", "section", "article", "main", "header", "footer", "nav",
    "aside", "address", "details", "summary", "form", "fieldset", "legend", "center", "hgroup",
    "figure", "figcaption", "blockquote", "pre", "ul", "ol", "li", "dl", "dt", "dd", "table",
    "caption", "thead", "tbody", "tfoot", "tr", "td", "th", "colgroup", "hr", "dialog", "menu",
    "dir", "title", "search", "svg", "img", "picture",
})  # fmt: skip
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_INSIDE = {"table": 3}  # a table without its cells would lose their text


def read_html(text: str, bounds: FileLimits) -> Element:
    """The page as a tree, without struck-out text; elements nested deeper than `bounds.nesting` are
    left out, their text kept. An element's attribute `level` says where its style raises or lowers
    it (`sup`, `sub`), `symbol-font` which symbol font it is in. Raises DocumentError for what no
    parser reads."""
    try:
        root = LexborHTMLParser(bound_html(text)).root
    except (SelectolaxError, UnicodeError) as error:
        raise DocumentError(f"has HTML that cannot be read: {error}") from None
    tree = TreeBuilder()
    tree.start("html", {})
    if root is not None:
        _copy(root, tree, bounds.nesting, TextStyles(style_sheets(text)))
    tree.end("html")
    return tree.close()


def _copy(root: LexborNode, tree: TreeBuilder, deepest: int, styles: TextStyles) -> None:
    """Never recurses. The stack holds, of each open element, its children and its name; an empty
    name: nested too deep, so that it was left out."""
    stack = [(_children(root), "")]
    depth = 1
    while stack:
        children, name = stack[-1]
        node = next(children, None)
        if node is None:
            stack.pop()
            if name:
                tree.end(name)
                depth -= 1
        elif node.is_text_node:
            tree.data(node.text_content or "")
        elif node.is_element_node and _is_seen(node):
            tag = node.tag or ""
            style = styles.of(tag, node.attributes)
            if style.struck:
                continue
            if tag == "svg":
                tree.start(tag, {"source": node.html or ""})
                tree.end(tag)
                continue
            fits = depth + _INSIDE.get(tag, 0) < deepest or tag in VOID
            if fits:
                shown = {"level": style.level, "symbol-font": style.font}
                tree.start(tag, {k: v or "" for k, v in node.attributes.items()} | shown)
                depth += 1
            stack.append((_children(node), tag if fits else ""))


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _is_seen(node: LexborNode) -> bool:
    if node.tag in _LEFT_OUT:
        return False
    attributes = node.attributes
    return "hidden" not in attributes and not _HIDING.search(attributes.get("style") or "")

"""HTML that a parser reads in time: nesting, attributes and open formatting kept within bounds.

What browsers make of HTML can take the square of its length: each tag looks through the elements
that are open, each attribute through those of its tag. One pass takes out the tags that no page
has so many of, in a time that grows with the length only; their text stays.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_MAX_DEPTH = 500  # open elements; Chrome, too, nests no deeper than about 500
_MAX_FORMATTING = 3  # open ones of a name: each is repeated in every paragraph after it
_MAX_ATTRIBUTES = 1000  # of one tag
_MAX_OPTIONS = 5000  # tags of one file: past these the items of a list are one text
_START = re.compile(r"<(?=!--|/?[a-zA-Z])")
_COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
_VALUE = r"(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])[^\s>]*+)"
_ATTRIBUTE = rf"[^\s/>][^\s/>=]*+(?:\s*+=\s*+{_VALUE}|(?!\s*+=))"
_ATTRIBUTES = re.compile(_ATTRIBUTE)
#: Slash of an end tag, name, attributes, slash at the end.
_TAG = re.compile(rf"<(/?)([a-zA-Z][^\s/>]*+)((?:\s++|/(?!>)|{_ATTRIBUTE})*+)(/?)>")
VOID = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param",
    "source", "track", "wbr",
})  # fmt: skip
#: Elements that may lack their end tag, and are open only inside others that may not.
_OPTIONAL_END = frozenset({
    "html", "head", "body", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot",
    "colgroup", "caption",
})  # fmt: skip
_FORMATTING = frozenset({
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt",
    "u",
})  # fmt: skip
#: They may lack their end tags, too, and end with the `ruby` around them.
_RUBY_TEXT = ("rp", "rt", "rb", "rtc")
_OPTIONS = frozenset({"option", "optgroup"})
_FOREIGN = ("svg", "math")
#: What they hold is no markup: code, which nobody sees, and text.
_CODE = frozenset({"script", "style"})
_RAW = _CODE | {"title", "textarea"}


def bound_html(text: str) -> str:
    """`text` without comments, code, and the tags beyond the bounds. A tag or a comment that never
    ends becomes text: a parser would leave out all that follows."""
    last = text.rfind("-->") + 1
    text = text[:last] + text[last:].replace("<!--", "")
    return "".join(_Bounds().pieces(text))


class _Bounds:
    """The elements that are open while a text is gone through."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._left_out: Counter[str] = Counter()  # open elements whose tags were taken out
        self._depth = 0
        self._options = 0

    def pieces(self, text: str) -> Iterator[str]:
        """The text again, in pieces."""
        position = 0
        while start := _START.search(text, position):
            yield text[position : start.start()]
            comment = _COMMENT.match(text, start.start())
            if comment:
                position = comment.end()
                continue
            tag = _TAG.match(text, start.start())
            if tag is None:
                yield text[start.start() :].replace("<", "&lt;")
                return
            name = tag[2].lower()
            yield self._tag(tag, name)
            position = tag.end()
            if name in _RAW and not (tag[1] or tag[4] or self._is_foreign()):
                position = _raw_end(text, position, name)
                if name not in _CODE:
                    yield text[tag.end() : position].replace("<", "&lt;")
        yield text[position:]

    def _is_foreign(self) -> bool:
        return any(self._open[name] for name in _FOREIGN)

    def _tag(self, tag: re.Match[str], name: str) -> str:
        """The tag as it is kept; empty where it is taken out."""
        if name in _OPTIONS:
            self._options += 1
            return _with_few_attributes(tag) if self._options <= _MAX_OPTIONS else ""
        if name in VOID:
            return _with_few_attributes(tag)
        if tag[4]:  # as XHTML means it, of which books are made, and drawings
            return f"{_with_few_attributes(tag)[:-2]}></{name}>"
        if name in _OPTIONAL_END:
            return _with_few_attributes(tag)
        if tag[1]:
            return tag[0] if self._close(name) else ""
        return _with_few_attributes(tag) if self._opens(name) else ""

    def _opens(self, name: str) -> bool:
        """Whether an element is opened, and not left out."""
        full = name in _FORMATTING and self._open[name] >= _MAX_FORMATTING
        if full or self._depth >= _MAX_DEPTH:
            self._left_out[name] += 1
            return False
        self._open[name] += 1
        self._depth += 1
        return True

    def _close(self, name: str) -> bool:
        """Whether the end tag is kept: that of an element left out is left out, too."""
        if self._left_out[name]:
            self._left_out[name] -= 1
            return False
        if self._open[name]:
            self._open[name] -= 1
            self._depth -= 1
        for inner in _RUBY_TEXT if name == "ruby" else ():
            self._depth -= self._open.pop(inner, 0)
            self._left_out.pop(inner, None)
        return True


def _with_few_attributes(tag: re.Match[str]) -> str:
    attributes = tag[3]
    if len(attributes) < 2 * _MAX_ATTRIBUTES:
        return tag[0]
    for count, attribute in enumerate(_ATTRIBUTES.finditer(attributes), 1):
        if count == _MAX_ATTRIBUTES:
            return f"<{tag[1]}{tag[2]}{attributes[: attribute.end()]}{tag[4]}>"
    return tag[0]


def _raw_end(text: str, start: int, name: str) -> int:
    """Where the end tag of an element without markup stands; the end of the text without one."""
    end = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE).search(text, start)
    return end.start() if end else len(text)

"""What style sheets say that changes the meaning of text: struck out, raised, lowered, its font.

Only inline styles and rules for one class or element are read: the rest of CSS is layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

_MOST = 200_000  # characters of style sheets that are read
_LONGEST = 2000  # characters of one rule that are read
_SELECTOR = re.compile(r"\s*([a-z][a-z0-9]*)?(?:\.([\w-]+))?\s*", re.IGNORECASE)
_STRUCK = re.compile(r"text-decoration(?:-line)?\s*:[^;]*line-through", re.IGNORECASE)
_LEVEL = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
_FONT = re.compile(r"font(?:-family)?\s*:[^;]*?\b(Symbol|Wingdings(?:\s*[23])?|Webdings)\b", re.I)
_SHEET = re.compile(r"<style\b[^<>]{0,500}>", re.IGNORECASE)
_SHEETS = 50  # of a page that are read
_COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)", re.DOTALL)
#: Elements that a browser shows with a line through them.
STRUCK = frozenset({"s", "strike", "del"})


@dataclass(frozen=True, slots=True)
class TextStyle:
    """Of one element: `level` is `sup`, `sub` or nothing, `font` a symbol font or nothing."""

    struck: bool = False
    level: str = ""
    font: str = ""


_NONE = TextStyle()


class TextStyles:
    """The rules of a page's style sheets."""

    def __init__(self, sheets: str = "") -> None:
        self._rules: dict[tuple[str, str], TextStyle] = {}
        for rule in _COMMENT.sub("", sheets[:_MOST]).split("}"):
            selectors, _, body = rule.rpartition("{")
            style = _style(body)
            if style == _NONE:
                continue
            for selector in selectors.rpartition("{")[2].split(","):
                match = _SELECTOR.fullmatch(selector)
                if match and (match[1] or match[2]):
                    self._rules[(match[1] or "").lower(), match[2] or ""] = style

    def of(self, tag: str, attributes: Mapping[str, str | None]) -> TextStyle:
        """Of an element, by its own style, its classes and its name."""
        style = _style(attributes.get("style") or "")
        if attributes.get("face") and not style.font:
            style = TextStyle(style.struck, style.level, _symbol_font(attributes["face"] or ""))
        struck = style.struck or tag in STRUCK
        level, font = style.level, style.font
        for name in (attributes.get("class") or "").split() if self._rules else ():
            for rule in (self._rules.get((tag, name)), self._rules.get(("", name))):
                if rule is not None:
                    struck, level, font = (
                        struck or rule.struck,
                        level or rule.level,
                        font or rule.font,
                    )
        return TextStyle(struck, level, font)


def style_sheets(html: str) -> str:
    """The style sheets inside a page."""
    sheets: list[str] = []
    for start in islice(_SHEET.finditer(html), _SHEETS):
        end = html.find("</", start.end(), start.end() + _MOST)
        sheets.append(html[start.end() : end] if end > 0 else "")
    return "\n".join(sheets)


def _style(body: str) -> TextStyle:
    if not body:
        return _NONE
    body = body[:_LONGEST]
    level = _LEVEL.search(body)
    form = {"super": "sup", "sub": "sub"}[level[1].lower()] if level else ""
    return TextStyle(bool(_STRUCK.search(body)), form, _symbol_font(body))


def _symbol_font(body: str) -> str:
    match = _FONT.search(body if ":" in body else f"font:{body}")
    return match[1] if match else ""

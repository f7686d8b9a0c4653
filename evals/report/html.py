"""Elements of the page; whatever is no markup yet is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

Html = Markup


def join(parts: Iterable[object]) -> Html:
    return Html("\n").join(map(escape, parts))


def tag(name: str, *content: object, **attributes: object) -> Html:
    """An element; `class_` stands for class, and an empty attribute is left out."""
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value != ""
    )
    return Html(f"<{name}{words}>{''.join(escape(c) for c in content)}</{name}>")


def table(head: Sequence[object], rows: Iterable[Sequence[object]], caption: str = "") -> Html:
    """A table in a box of its own, that scrolls where the page is narrow. The first cell of a row
    is its heading."""
    top = tag("tr", *(tag("th", h, scope="col") for h in head))
    body = (tag("tr", tag("th", r[0], scope="row"), *(tag("td", c) for c in r[1:])) for r in rows)
    title = tag("caption", caption) if caption else ""
    # A box that scrolls must be reached by the keyboard, too.
    return tag(
        "div", tag("table", title, tag("thead", top), tag("tbody", *body)),
        class_="scroll", tabindex="0", role="region", aria_label=caption or str(head[0]),
    )  # fmt: skip


def section(anchor: str, title: str, *parts: object) -> Html:
    """A part of the page under a heading that can be linked to."""
    link = tag("a", "#", href=f"#{anchor}", class_="anchor", aria_label=f"link to {title}")
    return tag("section", tag("h2", title, " ", link), join(parts), id=anchor)


def figure(picture: Html, caption: str) -> Html:
    return tag("figure", picture, tag("figcaption", caption))


def plots(*figures: Html) -> Html:
    return tag("div", *figures, class_="plots")


def note(text: object) -> Html:
    return tag("p", text, class_="note")


def folded(summary: str, *content: object) -> Html:
    return tag("details", tag("summary", summary), join(content))


def left_out(anchor: str, title: str, why: str) -> Html:
    """A section that cannot be shown, in one line."""
    return section(anchor, title, note(f"Left out: {why}"))

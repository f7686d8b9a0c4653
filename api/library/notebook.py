"""Results as HTML for notebooks: everything escaped, pictures inline, no request to anywhere."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from octavo.api.library.results import CitedAnswer, PageCitation, SearchHits

_WIDTH = 560  # CSS pixels of a page's picture
_SHOWN = 10  # hits of a list


def answer_html(answer: CitedAnswer) -> str:
    """The sentences with what they cite, then the first cited page with its boxes."""
    if answer.abstained:
        return f"<p><b>No answer.</b> {escape(answer.reason)}</p>"
    paragraphs = "".join(
        f"<p>{escape(s.text)}<br><small>{_places(s.citations)}</small></p>"
        for s in answer.sentences
    )
    return f"{paragraphs}<p><small>confidence {answer.confidence:.2f}</small></p>{_picture(answer)}"


def hits_html(hits: SearchHits) -> str:
    """A row a hit."""
    rows = "".join(
        f"<tr><td>{n}</td><td>{escape(h.name)}, page {h.page}</td><td>{escape(h.kind)}</td>"
        f"<td style='text-align:left'>{escape(h.text[:200])}</td></tr>"
        for n, h in enumerate(hits.hits[:_SHOWN], 1)
    )
    return f"<table><tr><th></th><th>page</th><th>kind</th><th>text</th></tr>{rows}</table>"


def _places(citations: tuple[PageCitation, ...]) -> str:
    return "; ".join(f"{escape(c.name)}, page {c.page}" for c in citations)


def _picture(answer: CitedAnswer) -> str:
    png = answer._repr_png_()
    if png is None:
        return ""
    data = b64encode(png).decode("ascii")
    alt = _places(answer.citations[:1])
    return f'<img src="data:image/png;base64,{data}" width="{_WIDTH}" alt="{alt}">'

"""Which kind of text a file is: by how it begins, then by its suffix."""

from __future__ import annotations

import re

#: By suffix, of what is text; nothing in the bytes tells these apart.
_TEXTS = {
    ".md": "md", ".markdown": "md", ".html": "html", ".htm": "html", ".xhtml": "html",
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".json": "json", ".geojson": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".ipynb": "ipynb",
}  # fmt: skip
_MAIL = {".eml": "eml", ".mht": "mhtml", ".mhtml": "mhtml", ".mbox": "mbox", ".mbx": "mbox"}
#: What may stand before the root element: declarations, comments, a DOCTYPE other than HTML's.
_PROLOG = re.compile(
    r"\s*(?:<\?.*?\?>\s*|<!--.*?-->\s*"
    r"|<!DOCTYPE(?!\s+html)[^\[>]*(?:\[.*?\]\s*)?>\s*)*",
    re.DOTALL | re.IGNORECASE,
)
_ROOT = re.compile(r"<!DOCTYPE\s+html|<(?:\w+:)?(html|svg)[\s>]", re.IGNORECASE)
_MBOX = re.compile(r"From \S{1,300} [^\r\n]{0,99}\d:\d\d[^\r\n]{0,99}\r?\n[!-9;-~]+:")
_HEADER = re.compile(r"([!-9;-~]+):[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*(?:\r?\n|$)")


def mail_type(head: bytes, suffix: str) -> str:
    """`eml`, `mbox` or `mhtml`; empty for what has no headers of a mail. `head`: the first 64 KB.

    A mail may hold bytes that are no text, so this is asked before anything is decoded.
    """
    text = head.lstrip(b"\xef\xbb\xbf\r\n").decode("latin-1")
    if _MBOX.match(text):
        return "mbox"
    headers = _headers(text)
    if not headers:
        return ""
    if "snapshot-content-location" in headers or headers.get("from", "").startswith("<Saved by"):
        return "mhtml"
    known = _MAIL.get(suffix.lower(), "")
    if known in ("eml", "mhtml"):
        return known
    sent = {"date", "received"} & headers.keys()
    marked = {"mime-version", "message-id", "received"} & headers.keys()
    return "eml" if "from" in headers and sent and marked else ""


def _headers(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    position = 0
    while match := _HEADER.match(text, position):
        name, _, value = match[0].partition(":")
        headers.setdefault(name.lower(), value.strip())
        position = match.end()
        if position == match.start():
            break
    return headers


def text_type(text: str, suffix: str) -> str:
    """`svg`, `html`, or what the suffix says; `txt` where it says nothing."""
    root = _ROOT.match(text, _PROLOG.match(text).end())  # type: ignore[union-attr]  # may be empty
    if root:
        return "svg" if (root[1] or "").lower() == "svg" else "html"
    if suffix.lower() in (".mbox", ".mbx"):
        return "mbox" if _MBOX.match(text.lstrip()) else "txt"
    return _TEXTS.get(suffix.lower(), "txt")

"""Text files: which encoding they are in."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?([A-Za-z0-9_.:-]+)""", re.IGNORECASE
)
_SAMPLE = 65536
#: Encodings that hold any bytes or nearly so, and the letters that their languages use most. The
#: first whose letters make up enough of what is not ASCII is taken.
_USUAL = (
    ("shift_jis", "のにはをたがでてとしれさいるすかなんっーンスルトリラク", 0.25),
    ("euc_jp", "のにはをたがでてとしれさいるすかなんっーンスルトリラク", 0.25),
    ("euc_kr", "이다는을의에가고를한은하지로사기도어그리인시아자대", 0.25),
    ("gb18030", "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年", 0.08),
    ("big5", "的一是不了在人有我他這中大來上國個到說們為子和你地出道也時年", 0.08),
    ("cp1251", "оеаинтсрвлкмдпу", 0.55),
    ("koi8_r", "оеаинтсрвлкмдпу", 0.55),
    ("cp1253", "αοιετσνηυρπκμλςάόίέή", 0.55),
    ("cp1255", "יוהלאמרתבשנ", 0.55),
    ("cp1256", "اليمونرتبةدسعفقكهأ", 0.55),
)
_LATIN_RUN = re.compile(rb"[\x80-\xff]{3,}")


def decode(data: bytes, partial: bool = False) -> str | None:
    """Text of `data`, or None where it is not text. `partial`: the end may cut a character.

    A byte order mark decides, then UTF-8 where it fits, then what the file itself declares, then
    the letters that come out; cp1252 is what is left.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _as(data, name, partial)
    unmarked = _utf16_without_mark(data)
    if unmarked:
        return _as(data, unmarked, partial)
    if b"\x00" in data:
        return None
    text = _as(data, "utf-8-sig", partial)
    if text is not None:
        return text
    declared = _DECLARED.search(data[:2048])
    if declared:
        text = _as(data, declared[1].decode("ascii"), partial)
        if text is not None:
            return text
    return _as(data, _likely(data[:_SAMPLE]), partial) or _western(data)


def _as(data: bytes, name: str, partial: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(name)().decode(data, final=not partial)
    except (UnicodeError, LookupError, AttributeError):
        return None


def _utf16_without_mark(data: bytes) -> str:
    """UTF-16 of mostly Latin text: every other byte is 0."""
    head = data[:1024]
    if len(head) < 8 or len(data) % 2:
        return ""
    even, odd = head[::2].count(0) / len(head[::2]), head[1::2].count(0) / len(head[1::2])
    if odd > 0.7 and even < 0.02:
        return "utf-16-le"
    return "utf-16-be" if even > 0.7 and odd < 0.02 else ""


def _likely(sample: bytes) -> str:
    if not _LATIN_RUN.search(sample):
        return ""  # single accents among ASCII letters: a Western text
    best = ("", 0.0)
    for name, letters, enough in _USUAL:
        text = _as(sample, name, partial=True)
        if text is None:
            continue
        other = [c for c in text.lower() if ord(c) > 127]
        share = sum(c in letters for c in other) / max(len(other), 1) / enough
        if share >= 1 and share > best[1]:
            best = (name, share)
    return best[0]


def _western(data: bytes) -> str | None:
    text = data.decode("cp1252", errors="replace")
    odd = sum(1 for c in text if (ord(c) < 32 and c not in "\t\n\r\f") or c == "\ufffd")
    return text if odd <= len(text) / 200 else None

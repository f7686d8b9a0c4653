"""Text files: which encoding they are in."""

from __future__ import annotations

import codecs
import re

import chardet
from chardet import EncodingEra

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
#: All but mainframes, whose text files do not reach other machines as they are.
_ERAS = EncodingEra.ALL & ~EncodingEra.MAINFRAME
_FEW = 8  # bytes above 127, without a run of three: too few to tell an encoding
_HIGH = re.compile(rb"[\x80-\xff]")
_HIGH_RUN = re.compile(rb"[\x80-\xff]{3}")
#: Signs inside of a word, where the Polish letters of cp1250 stand ("ko³o" for "koło").
_SIGN_IN_WORD = re.compile("[a-zà-ÿ][£¥¯³¹¼¾¿Ÿ]+[a-zà-ÿ]")


def decode(data: bytes, partial: bool = False) -> str | None:
    """Text of `data`, or None where it is not text. `partial`: the end may cut a character.

    A byte order mark decides, then UTF-8 where it fits, then what the file itself declares, then
    what its letters tell; cp1252 is what is left.
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
    """The encoding that letters and their order tell; empty where there are too few to tell it:
    a few accents and signs among ASCII are Western. (charset-normalizer and chardet alone read 15
    and 9 of 18 such texts wrong: "naļve".)
    """
    few = len(_HIGH.findall(sample)) < _FEW and not _HIGH_RUN.search(sample)
    return "" if few else chardet.detect(sample, encoding_era=_ERAS)["encoding"] or ""


def _western(data: bytes) -> str | None:
    text = data.decode("cp1252", errors="replace")
    if _SIGN_IN_WORD.search(text):
        text = data.decode("cp1250", errors="replace")
    odd = sum(1 for c in text if (ord(c) < 32 and c not in "\t\n\r\f") or c == "\ufffd")
    return text if odd <= len(text) / 200 else None

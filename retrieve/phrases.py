"""What a question names exactly: quoted words, codes and numbers, figures, pages, files.

Rules over the text, no model: each finds only what is written in a form that leaves little doubt.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ingest.caption import label_of, references
from ingest.document import Chunk

MentionKind = Literal["phrase", "code", "label", "page", "file"]

_QUOTED = re.compile(r"\"([^\"]{2,200})\"|“([^“”]{2,200})”|«([^«»]{2,200})»|„([^„“”]{2,200})[“”]")
#: The form of an answer that is asked for (`["Page 2", "Page 4"]`) names nothing.
_FORM = re.compile(r"\[[^\]]*\]?")
_ENDING = r"\.(?:pdf|docx?|pptx?|xlsx?|html?|md|txt|epub|png|jpe?g|tiff?)"
_FILE = re.compile(
    r"\b(?P<in>(?:in|from|of|per|to)\s+(?:the\s+(?:file|document)\s+)?)?[\"“]?"
    rf"(?P<name>[\w\-.()]{{1,120}}{_ENDING})\b",
    re.IGNORECASE,
)
#: Without one no place has to be tried for the beginning of a name, each with 120 ends.
_HAS_FILE = re.compile(rf"{_ENDING}\b", re.IGNORECASE)
_PAGES = re.compile(
    r"\b(?:pages?|pp?\.|slides?|Seiten?|S\.)\s*(\d{1,5})(?:\s*(-|–|to|and|,|&)\s*(\d{1,5}))?\b"
    r"|\b(\d{1,4})(?:st|nd|rd|th)\s+(?:page|slide)\b",
    re.IGNORECASE,
)
_RANGE = 20  # pages: a longer range is a part of a book, and no place
_UNIT = (
    r"(?:%|‰|°\s?[CFK]?|[kKMGTmµun]?(?:Hz|V|W|Wh|A|Ah|Pa|bar|Nm|N|J|B|g|m|l|L|s|Ohm|Ω|eV|bit|bps)|"
    r"rpm|ppm|psi|dB|mol|cm|mm|kg|lb|ft|mL|cc)(?![\w])"
)
_CODE = re.compile(
    rf"(?<![\w.,])\d+(?:[.,]\d+)*\s?{_UNIT}"  # 0.75 Nm, 500 MHz, 23%
    r"|(?<![\w.,-])\d+[.,]\d+(?![\w])"  # 0.45
    r"|(?<![\w.,-])\d{5,}(?![\w.,]\d)(?!\w)"  # 278777
    r"|(?<![\w./-])(?=[\w./-]*\d)(?=[\w./-]*[^\W\d_])\w+(?:[./-]\w+)*",  # AX-4410, M8x1.25
)
#: Letters and digits together that are no code: 1st, 1990s, 3D, covid-19, 50-shot.
_PLAIN = re.compile(
    r"\d+(?:st|nd|rd|th|s|d|x)|[a-z]+-\d{1,2}|\d{1,3}-[^\W\d_]+(?:-[^\W\d_]+)*", re.I
)
#: `ingest.caption` shortens the nouns of labels to three letters.
_NOUNS = {
    "fig": "figure fig",
    "tab": "table",
    "cha": "chart",
    "exh": "exhibit",
    "gra": "graph",
    "dia": "diagram",
    "pla": "plate",
    "pho": "photo",
    "sch": "scheme",
    "ill": "illustration",
}
_SAME = {"“": '"', "”": '"', "„": '"', "’": "'", "‘": "'", "×": "x", "\xad": ""}
_DASHES = re.compile(r"[\u2010-\u2015\u2212]")
_PART = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|[%‰°]")


@dataclass(frozen=True, slots=True)
class Mention:
    """Something that a question names. `said` is as it stands there, `key` what is looked for: of
    a label noun and number (`fig 3`), of a page its number, of a phrase its folded words."""

    kind: MentionKind
    said: str
    key: str

    @property
    def words(self) -> str:
        """What BM25 finds the chunks by that may have it; nothing for pages and files."""
        if self.kind == "label":
            noun, number = self.key.split(" ", 1)
            return f"{_NOUNS.get(noun, noun)} {number}"
        return self.said if self.kind in ("phrase", "code") else ""


def mentions(text: str) -> tuple[Mention, ...]:
    """What `text` names, phrases first. Each thing once."""
    plain = _FORM.sub(" ", _DASHES.sub("-", text.replace("×", "x").replace("\xad", "")))
    phrases = list(_phrases(plain))
    rest = _QUOTED.sub(" ", plain)
    files = list(_files(rest))
    rest = _FILE.sub(" ", rest) if files else rest
    labels = [
        Mention("label", f"{_NOUNS.get(noun, noun).split()[0]} {number}", f"{noun} {number}")
        for noun, number in sorted(references(rest))
    ]
    found = [*phrases, *files, *labels, *_pages(rest), *_codes(rest)]
    return tuple({(m.kind, m.key): m for m in reversed(found)}.values())[::-1]


def _phrases(text: str) -> Iterator[Mention]:
    for match in _QUOTED.finditer(text):
        said = next(g for g in match.groups() if g is not None).strip()
        if any(c.isalnum() for c in said):
            yield Mention("phrase", said, folded(said).rstrip(".,;:?! "))


def _files(text: str) -> Iterator[Mention]:
    if not _HAS_FILE.search(text):
        return
    for match in _FILE.finditer(text):
        yield Mention("file", ("in " if match["in"] else "") + match["name"], match["name"].lower())


def _pages(text: str) -> Iterator[Mention]:
    for match in _PAGES.finditer(text):
        first, last = int(match[1] or match[4]), int(match[3] or match[1] or match[4])
        joined = match[2] in ("-", "–", "to") and first <= last <= first + _RANGE
        for number in range(first, last + 1) if joined else dict.fromkeys((first, last)):
            yield Mention("page", f"page {number}", str(number))


def _codes(text: str) -> Iterator[Mention]:
    text = _PAGES.sub(" ", text)
    for match in _CODE.finditer(text):
        said = match[0].strip(".,/-")
        if len(said) > 2 and not _PLAIN.fullmatch(said):
            yield Mention("code", said, folded(said))


def folded(text: str) -> str:
    """Text as it is compared: compatibility forms, case, dashes, quotes and white space folded."""
    if not text.isascii():
        text = _DASHES.sub("-", _plain(unicodedata.normalize("NFKC", _plain(text))))
    return " ".join(text.casefold().split())


def _plain(text: str) -> str:
    """As `str.translate`, which takes 50 us for a chunk, this 5."""
    for sign, plain in _SAME.items():
        text = text.replace(sign, plain)
    return text


def has_phrase(folded_text: str, key: str) -> bool:
    """Whether the words of `key` stand in a folded text, whole words and in this order."""
    return _pattern(key, False).search(folded_text) is not None


def has_code(folded_text: str, key: str) -> bool:
    """Whether a code or number stands there: not as a part of a longer one; what parts its letters
    from its digits (AX-4410, AX 4410, AX4410; 0.75 Nm, 0.75 N·m) does not count."""
    return _pattern(key, True).search(folded_text) is not None


@lru_cache(maxsize=512)
def _pattern(key: str, code: bool) -> re.Pattern[str]:
    if not code:
        inner = r"\s".join(re.escape(w) for w in key.split())
        return re.compile(rf"(?<!\w){inner}(?!\w)")
    parts = [_spread(p) if p.isalpha() else re.escape(p) for p in _PART.findall(key)]
    inner = r"[\s\-./·]{0,2}".join(parts)
    return re.compile(rf"(?<![\w])(?<!\d[.,]){inner}(?![\w]|[.,]\d)")


def _spread(unit: str) -> str:
    """`Nm` is also printed N·m."""
    return r"[\s·⋅*]?".join(unit) if len(unit) == 2 else unit


def has_label(chunk: Chunk, key: str) -> bool:
    """Whether a chunk is the figure or table of that name: by its caption, or by the beginning of
    one of its lines."""
    wanted = tuple(key.split(" ", 1))
    if label_of(chunk.caption) == wanted:
        return True
    lines = (chunk.text[s.start : s.end] for s in chunk.spans)
    return any(label_of(line) == wanted for line in lines)

"""Raised and lowered characters as plain text that keeps their meaning: 10⁶, 650³, 1 1/2, H2O.

Set on the line, a raised digit becomes part of the number before it: 10⁶ is read as 106, and a
price with the mark of a note as another price.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal[-1, 0, 1]
_SLASHES = "/\u2044\u2215"
_SUPERSCRIPTS = str.maketrans("0123456789+-\u2212=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_SUBSCRIPTS = str.maketrans("0123456789+-\u2212=()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎")
_POWER = re.compile(r"[0-9+\-\u2212=()ni]+")
#: Several notes (650 with 3 and 4 raised), or one with a sign.
_MARKS = re.compile(r"(?=.*\d)[\d*∗†‡§¶]{1,4}(?:\s?[,;]\s?[\d*∗†‡§¶]{1,4})*")
_BRACKETED = re.compile(r"\s*[\[(]\s*[\w*†‡§]{1,4}(?:\s?[,;]\s?[\w*†‡§]{1,4})*\s*[\])]\s*")
_SIGNS = {"TM": "™", "tm": "™", "SM": "℠", "(R)": "®", "(r)": "®", "(C)": "©"}
_LONGEST = 24  # characters of a power or mark: what is longer is text set higher
#: Raised endings of numbers and abbreviations, which are words as they stand: 4th, XXe, Mme, Dr.
_ENDING = re.compile(
    r"\b[a-z] (?:th|st|nd|rd)"
    r"|(?:\d|\b[IVXLCDM]+) (?:st|nd|rd|th|er|re|ère|nd|nde|e|è|ème|eme|es|os|as|de|ste)"
    r"|\bM (?:e|es|me|mes|lle|lles|gr|r|rs)|\bD (?:r|ra|re|ña)|\bS (?:t|te|r|ra|ta)|\bJ r|\bP r"
    r"|\b[nN] os",
    re.IGNORECASE,
)
_TAIL = 200  # characters, tags among them, that are looked at before a raised one
_TAGS = re.compile(r"^[^<>]*=[^<>]*>|<[^>]*>")  # one that the tail begins in the middle of, too
_BLOCKS = re.compile(r"</?(?:p|br|t[dhr]|table|li|[uo]l|h[1-6]|div|pre|blockquote)\b[^>]*>")
_LEVELS = re.compile(r"<(/?)(su[pb])>")
RAISED_DIGIT = re.compile("[⁰¹²³⁴-⁹]")
_NOTE = re.compile(r"[⁰¹²³⁴-⁹]{1,3}")
_FOOT = re.compile(r"(\d{1,2})[.)]?\s+[^\W\d]")  # a note that begins with a number on the line
#: A superscript and what stands before it on its line.
_AFTER = re.compile(r"(\S{1,40}?)([⁰¹²³⁴-⁹]{1,3})(?![\w⁰¹²³⁴-⁹⁻⁺⁽])")
_UNIT = re.compile(r"(?:^|[\d\s(/·*⋅×])(?:10|[a-zA-Zα-ωΑ-Ωµ°)\]]|[kcdmµnhM]m|in|ft|yd|mi|sec)$")


@dataclass(frozen=True, slots=True)
class Run:
    """Text at one height: 1 raised, -1 lowered, 0 on the line."""

    text: str
    level: Level = 0


def plain_text(runs: Sequence[Run]) -> str:
    """The text of runs that follow each other on one line."""
    merged = _merged(runs)
    out: list[str] = []
    tail = ""  # what was written last
    n = 0
    while n < len(merged):
        run = merged[n]
        fraction = _fraction(merged[n : n + 3])
        before = _bare(tail) if run.level else ""
        if fraction:
            written = (" " if before[-1:].isdecimal() else "") + fraction.text
        elif run.level and run.text.strip():
            following = _bare(merged[n + 1].text[:_TAIL])[:1] if n + 1 < len(merged) else ""
            form = _raised if run.level > 0 else _lowered
            written = form(run.text, before, following)
        else:
            written = run.text
        out.append(written)
        tail = (tail + written)[-_TAIL:]
        n += fraction.runs if fraction else 1
    return "".join(out)


def plain_html(html: str) -> str:
    """Inline HTML with `sup` and `sub` written out in plain characters; other tags stay."""
    if "<su" not in html:
        return html
    runs: list[Run] = []
    open_tags: list[Level] = []
    at = 0
    for tag in _LEVELS.finditer(html):
        runs.append(Run(html[at : tag.start()], open_tags[0] if open_tags else 0))
        at = tag.end()
        if not tag[1]:
            open_tags.append(1 if tag[2] == "sup" else -1)
        elif open_tags:
            open_tags.pop()
    runs.append(Run(html[at:], open_tags[0] if open_tags else 0))
    return plain_text(runs)


def note_number(text: str) -> str:
    """The number of the note that a line is, where it begins with one that is raised."""
    match = _NOTE.match(text)
    return match[0] if match and text[match.end() :].strip() else ""


def foot_number(text: str) -> str:
    """As `note_number`, of a note that begins with a number on the line; as its mark is raised."""
    match = _FOOT.match(text)
    return match[1].translate(_SUPERSCRIPTS) if match else ""


def with_note_marks(text: str, notes: frozenset[str]) -> str:
    """A line with the marks of `notes` (as they are raised) in brackets: 650³ is 650 [3]. What may
    be a power (10³, m³, x³) stays one."""
    lead = ""
    own = note_number(text)
    if own in notes:
        lead, text = f"[{_digits(own)}] ", text[len(own) :].lstrip()

    def mark(match: re.Match[str]) -> str:
        if match[2] not in notes or _UNIT.search(match[1]):
            return match[0]
        return f"{match[1]} [{_digits(match[2])}]"

    return lead + _AFTER.sub(mark, text)


def _digits(superscripts: str) -> str:
    return "".join(str("⁰¹²³⁴⁵⁶⁷⁸⁹".index(c)) for c in superscripts)


@dataclass(frozen=True, slots=True)
class _Fraction:
    text: str
    runs: int  # that it is made of


def _fraction(runs: Sequence[Run]) -> _Fraction | None:
    """Raised digits, a slash and lowered digits, as 1/2."""
    if len(runs) < 2 or runs[0].level != 1:
        return None
    above = _bare(runs[0].text).strip()
    slash = above[-1:] if above[-1:] in _SLASHES else ""
    last = 1
    if not slash and len(runs) > 2 and runs[1].level == 0:
        slash, last = _bare(runs[1].text).strip(), 2
    below = _bare(runs[last].text).strip()
    above = above.rstrip(_SLASHES)
    if len(slash) != 1 or slash not in _SLASHES or runs[last].level != -1:
        return None
    if not (above.isdecimal() and below.isdecimal()):
        return None
    tags = "".join(tag for run in runs[: last + 1] for tag in _TAGS.findall(run.text))
    return _Fraction(f"{above}/{below}{tags}", last + 1)


def _merged(runs: Sequence[Run]) -> list[Run]:
    merged: list[Run] = []
    for run in runs:
        if merged and (merged[-1].level == run.level or not _bare(run.text)):
            merged[-1] = Run(merged[-1].text + run.text, merged[-1].level)
        elif run.text:
            merged.append(run)
    return merged


def _bare(html: str) -> str:
    """Without tags; a line break where a block begins or ends."""
    if "<" not in html and ">" not in html:
        return html
    return _TAGS.sub("", _BLOCKS.sub("\n", html))


def _raised(text: str, before: str, following: str) -> str:
    """`text` may hold tags; they are kept where it stays as it is, and dropped with its form."""
    bare = _bare(text)
    core = bare.strip()
    if not any(map(str.isalnum, core)):
        return text  # marks such as * and †, which change no word
    if core in _SIGNS:
        return _SIGNS[core]
    if not before or before[-1].isspace():
        return _standing_alone(text, core, following)
    if _BRACKETED.fullmatch(core):
        return f" {core}{' ' if following.isalnum() else ''}"
    if _POWER.fullmatch(core):
        return _padded(bare, core.translate(_SUPERSCRIPTS))
    if _MARKS.fullmatch(core):
        return _padded(bare, core.replace(" ", "").translate(_SUPERSCRIPTS))
    last_word = before.split()[-1]
    if core == "o" and (before[-1].isdecimal() or last_word in ("n", "N")):
        return _padded(bare, "º")
    if core.isalpha() and _ENDING.search(f"{last_word} {core}"[-14:]):
        return text
    if len(core) > _LONGEST or not (before[-1].isalnum() or before[-1] in ")]}"):
        return text
    return _padded(bare, f"^{core}" if len(core) == 1 else f"^({core})")


def _standing_alone(text: str, core: str, following: str) -> str:
    """At the beginning of a line or after a space: the mark of a note before its text."""
    if core.isdecimal() and len(core) <= 3:
        return core.translate(_SUPERSCRIPTS) + (
            " " if following and not following.isspace() else ""
        )
    return f"{text} " if following.isalnum() and not text[-1:].isspace() else text


def _lowered(text: str, before: str, following: str) -> str:
    bare = _bare(text)
    core = bare.strip()
    if not any(map(str.isalnum, core)) or not before or before[-1].isspace():
        return text
    joins_number = (before[-1].isdecimal() and core[0].isdecimal()) or (
        following.isdecimal() and core[-1].isdecimal()
    )
    if not joins_number:
        return text  # H2O, Vmax: as people write and ask for them
    shown = core.translate(_SUBSCRIPTS)
    return _padded(bare, shown if not any(map(str.isascii, shown)) else f"_({core})")


def _padded(bare: str, shown: str) -> str:
    """With the white space that stood around it."""
    return bare[: len(bare) - len(bare.lstrip())] + shown + bare[len(bare.rstrip()) :]

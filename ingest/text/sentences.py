"""Where sentences end: one splitter for everything that quotes or cuts at sentences.

Rules with the abbreviations of English and German and some of French, Spanish and Italian. A full
stop that may or may not end a sentence (an initial, "Inc.", "usw.") ends one where the next word is
one that mostly begins sentences.
"""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: After . ! or ? and white space, before a letter that is not small, a digit, a quote or a bracket;
#: after the full stop of scripts that put no blank behind it; at a line break, and before a bullet.
_END = re.compile(
    r"(?<=[.!?…؟])[\"')\]»”]*\s+(?=[\"'(\[“«„¿¡]?[^\W_a-z])"
    r"|(?<=[。！？｡।။።])[」』）】〉》”’\"]*(?![」』）】〉》”’\"とはがを])\s*"
    r"|(?<=[가-힣]\.)(?=[가-힣])"
    r"|\n+|\s+(?=[•▪●■–]\s)"
)
#: Never the end, whatever follows.
_INSIDE = _words(
    """
    e.g i.e cf vs approx dr mr mrs ms prof rev hon gen col capt lt sgt mt messrs resp al z.b
    z.bsp d.h u.a u.ä u.u i.d.r i.a i.e.s o.ä s.o s.u v.a z.t z.zt m.e bzw vgl ca evtl ggf
    inkl exkl zzgl abzgl gem lt sog hr hrn geb gest dipl ing mag med jur phil rer nat st str
    jh max min mind bspw insb insbes einschl ausschl entspr lfd allg mme mlle sr sra srta
    dott sig
    """
)
#: Inside before a number, or a letter that stands for one ("Fig. A", "No. 7", "Abs. 2").
_NUMBERED = _words(
    """
    no nos nr nrn fig figs abb tab table art abs ziff kap bd bde vol vols ch chap sec sect
    eq eqs ref refs p pp pg pag par para app ex anm rn rz s buchst anl pos num núm n° tit cl
    item vers ver rev ed aufl jan feb febr mar mär apr jun jul aug sep sept oct okt nov dec
    dez tel
    """
)
#: Inside or the end: the next word decides.
_EITHER = _words(
    """
    inc ltd corp co llc plc bros dept est assn jr sr etc usw uvm u.s u.k u.n e.u ph.d a.m
    p.m b.c a.d gmbh ag kg sa spa srl z.hd i.v i.a p.a u.a.m ff f std tsd mio mrd
    """
)
#: Words that mostly stand at the beginning of a sentence when they begin with a capital letter.
_OPENING = _words(
    """
    the a an this that these those it its he she they we you i his her their our there here
    in on at as for from by with when while where if since after before during however
    although because but and or so then thus also each all no not to what who how why which
    most some many both der die das den dem des ein eine einer einem einen es er sie wir ihr
    ich im am zum zur bei mit nach vor auf aus für durch über unter wenn weil da dann so
    auch aber und oder doch jedoch nur diese dieser dieses alle jede jeder jedes hier dort
    was wer wie wo wann warum kein keine man le la les un une des il elle ils elles ce cette
    el los las una este esta lo gli
    """
)
#: Before an ordinal: "am 4. Verhandlungstag", "die 3. Auflage".
_BEFORE_ORDINAL = re.compile(
    r"\b(?:[ad]er|die|das|de[ms]|den|am|im|zum|zur|vom|beim|bis|ab|seit|und|jede[rnms]?|eine?[rnms]?|"
    r"ihre?[rnms]?|seine?[rnms]?|unsere?[rnms]?|diese[rnms]?|kein|le|den|det|og|och)\s+$",
    re.IGNORECASE,
)
_MONTHS = re.compile(
    r"(?:Jan|Jän|Feb|Feber|Mär|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez|Dec|Oct|Mar|May|Janv|Févr|Mars|"
    r"Avr|Juin|Juil|Août|Maj|Ene|Abr|Gen|Giu|Lug|Ott|Dic)[a-zäéûú]*\b"
)
_LAST_WORD = re.compile(
    r"(?:^|(?<=[\s(\[\"'„“«]))"
    r"(?:(?:[^\W\d_]{1,2}\. ?)+[^\W\d_]{1,2}|(?:[^\W\d_]{1,4}\.)*[^\W\d_]{1,12})\.$"
)
_ORDINAL = re.compile(r"(?<![\d.,])\d{1,3}\.$")
_ROMAN = re.compile(r"(?<!\w)[IVX]{1,5}\.$")
_NEXT_WORD = re.compile(r"[\"'(\[“«„¿¡]*([^\W\d_]+)")
_NUMBER_NEXT = re.compile(r"[\"'(\[]*(?:\d|[A-Z]\b|[IVXLC]+\b|§)")
_LETTER_NEXT = re.compile(r"[^\W\d_]\.")  # the B of "z. B."
_AMOUNT = re.compile(r"\d ?[a-z]{1,3}\.$")  # 5 m., 10 min.
_CLOSING = tuple("\"')]»”")
_LOOK = 60  # characters before a full stop that are looked at


def sentences(text: str) -> list[tuple[int, int]]:
    """Start and end of every sentence; white space between them is left out."""
    spans = []
    start = 0
    for match in _END.finditer(text):
        if "\n" not in match[0] and not _ends(text, start, match):
            continue
        end = match.start() + len(match[0].rstrip())
        spans.append((start, end))
        start = match.end()
    spans.append((start, len(text)))
    return [(a, b) for a, b in spans if text[a:b].strip()]


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether a place that looks like the end of a sentence is one."""
    before = text[max(start, match.start() - _LOOK) : match.start()].rstrip()
    if not before:
        return False
    after = text[match.end() : match.end() + _LOOK]
    if _begins_small(after[:2]):
        return False
    if not before.endswith(".") or match[0].startswith(_CLOSING):
        return True
    return not (_is_inside(before, after) or _is_ordinal(before, after))


def _is_inside(before: str, after: str) -> bool:
    """Whether the last word is an abbreviation with its full stop."""
    last = _LAST_WORD.search(before)
    if last is None:
        return False
    words = [last[0].rstrip(".").lower().replace(" ", "")]
    words.append(words[0].rsplit(".", 1)[-1])
    if len(words[-1]) == 1 and _LETTER_NEXT.match(after):
        return True
    if _AMOUNT.search(before):
        return not _opens(after) and words[0] in _INSIDE
    if any(w in _INSIDE for w in words):
        return True
    if any(w in _NUMBERED for w in words) and _NUMBER_NEXT.match(after):
        return True
    is_initial = len(words[-1]) == 1 and before[-2].isupper()
    if is_initial or any(w in _EITHER for w in words) or "." in words[0]:
        return not _opens(after)
    return False


def _is_ordinal(before: str, after: str) -> bool:
    """Whether a number with a full stop goes on: a date, a German ordinal, a number of a list."""
    number = _ORDINAL.search(before) or _ROMAN.search(before)
    if number is None:
        return False
    is_item = before.strip() == number[0]
    if is_item or _MONTHS.match(after):
        return True
    return bool(_BEFORE_ORDINAL.search(before[: number.start()])) and not _opens(after)


def _opens(after: str) -> bool:
    word = _NEXT_WORD.match(after)
    return word is not None and word[1].lower() in _OPENING


def _begins_small(beginning: str) -> bool:
    """Whether it begins with a small letter outside ASCII, which the pattern does not tell."""
    letters = [c for c in beginning if c.isalpha()]
    return bool(letters) and letters[0].islower() and not letters[0].isascii()

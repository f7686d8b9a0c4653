"""Numbers, percentages and codes in a text, each as one value however it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from octavo.index.analysis.dates import find_dates
from octavo.index.analysis.values import Value, code_term, number_term
from octavo.ingest.text.folding import fold_width

_L = "A-Za-zÀ-ÖØ-öø-ɏͰ-Ͽ\u0400-ӿ"  # letters of codes: not those of scripts without blanks
_PERCENT = (
    r"%|percent\b|per ?cent\b|pct\b|prozent\b|pour ?cent\b|por ?ciento\b|por ?cento\b|per ?cento\b|"
    r"procent\b|процент\w{0,3}|퍼센트|프로(?!\w)|パーセント"
)
_TIMES = {
    3: r"thousand\b|tausend\b|千|천",
    4: "[万萬만]",
    6: r"million(?:s|en)?\b|mio\b|millones\b|milioni\b|milhões\b",
    8: "[億亿억]",
    9: r"billions?\b|bn\b|mrd\b|milliarden?\b|milliards?\b|miliardi\b",
}
_SPACED = r"\d{1,3}(?: \d{3}){1,6}(?:[.,]\d{1,12})?"
_PLAIN = r"\d{1,40}(?:[.,'’]\d{1,40}){0,12}"
_AFTER = rf"(?![{_L}\d_])(?![.,'’]\d)(?![-/:][{_L}\d])"
_SPACED_CODE = re.compile(
    rf"(?<![{_L}\d-])(?P<letters>[A-Z]{{1,4}}) (?P<digits>\d{{1,6}}[A-Z]?){_AFTER}(?! \d)"
)
_VALUE = re.compile(
    rf"(?P<number>{_SPACED}|{_PLAIN}){_AFTER}"
    rf"|(?P<amount>{_PLAIN})(?P<unit>[{_L}°µ]{{1,6}})(?![{_L}\d_])(?![-/.:][{_L}\d])"
    rf"|(?P<code>[{_L}\d]+(?:[-/._:][{_L}\d]+)*)"
)
#: What stands before the first digit of a code, and letters before a blank.
_HEAD_REVERSED = re.compile(rf"(?:[{_L}]|[-/._:](?=[{_L}]))+")
_LETTERS = re.compile(r"[A-Z]{1,4} $")
_REACH = 40  # characters in which the beginning of a code is looked for
_HAS_DIGIT = re.compile(r"\d")
_FOLLOWS = re.compile(
    rf" ?(?:(?P<percent>{_PERCENT})|"
    + "|".join(f"(?P<e{e}>{words})" for e, words in _TIMES.items())
    + ")",
    re.IGNORECASE,
)
_ORDINAL = frozenset(("st", "nd", "rd", "th", "s", "er", "ère", "ème", "e"))
#: Letters behind a number that are a unit, so that the whole is no code.
_UNIT = re.compile(
    r"[kKMGTmµunc]?(?:Hz|V|W|Wh|A|Ah|Pa|bar|Nm|N|J|B|g|m|l|L|s|eV|bit|bps|mol)|rpm|ppm|psi|dB|lb|lbs|"
    r"ft|in|cc|h|min|kn|km|mm|cm|kg|t|EUR|USD|CHF|k|x|°|°C|°F|px|pt|yr|mph|kmh"
)
_WORDS = re.compile("A|I|IN|OF|AT|TO|BY|ON|IS|OR|NO|AS|AN|THE|AND|FOR|ARE|WAS|ALL|TOP")
_PIECE = re.compile(r"[-/._:]")


def find_values(text: str, english: bool = False) -> list[Value]:
    """Numbers, percentages, dates and codes of a text, in order, not overlapping.

    "1,250" is 1250 in English, else 1250 or 1.25; "1.250" is either in every language, because
    tables and forms mix them.
    """
    if not _HAS_DIGIT.search(text):
        return []
    folded = fold_width(text)
    dates = find_dates(folded)
    values: list[Value] = []
    start = 0
    for date in dates:
        values += _between(folded, start, date.start, english)
        values.append(date)
        start = date.end
    values += _between(folded, start, len(folded), english)
    return values


def _between(text: str, start: int, end: int, english: bool) -> Iterator[Value]:
    """Values that begin in a part of a text: only places with a digit are looked at."""
    while (digit := _HAS_DIGIT.search(text, start, end)) is not None:
        before = text[max(start, digit.start() - _REACH) : digit.start()]
        head = _HEAD_REVERSED.match(before[::-1])
        begin = digit.start() - (head.end() if head else 0)
        letters = _LETTERS.search(text, max(start, begin - 5), begin) if head is None else None
        spaced = _SPACED_CODE.match(text, letters.start(), end) if letters else None
        if spaced is not None:
            yield from _spaced_code(spaced)
            start = spaced.end()
        elif (m := _VALUE.match(text, begin, end)) is not None:
            found = list(_values_of(m, english, text))
            yield from found
            start = max(m.end(), found[-1].end if found else 0)
        else:
            start = digit.end()


def _values_of(m: re.Match[str], english: bool, text: str) -> Iterator[Value]:
    if m["number"]:
        yield from _number(m, english, text)
    elif m["amount"]:
        yield from _amount(m, english)
    else:
        yield from _code(m)


def _spaced_code(m: re.Match[str]) -> Iterator[Value]:
    """`AX 4410`; of `FY 2020` the year alone meets a question, too."""
    number = _numeral(m["digits"])
    terms = (code_term(f"{m['letters']} {m['digits']}"), *number)
    if _WORDS.fullmatch(m["letters"]):
        yield Value(m.start("digits"), m.end(), terms, number or terms[:1])
    else:
        is_code = len(m["digits"]) < 4 or not number
        yield Value(m.start(), m.end(), terms, terms[:1] if is_code else terms, m["letters"])


def _numeral(digits: str) -> tuple[str, ...]:
    return (number_term(_whole(digits)),) if digits.isdecimal() else ()


def _number(m: re.Match[str], english: bool, text: str) -> Iterator[Value]:
    token = m["number"]
    values = _readings(token, english)
    if not values and "," in token:  # 1,2,3: a list
        for part in re.finditer(r"\d+", token):
            term = (number_term(_whole(part[0])),)
            yield Value(m.start() + part.start(), m.start() + part.end(), term, term)
    elif not values:  # 1.2.3: a version, a section, an address
        code = code_term(token)
        yield Value(m.start(), m.end(), (code,), (code,))
    else:
        yield _plain_number(m, values, text)


def _plain_number(m: re.Match[str], values: Sequence[str], text: str) -> Value:
    token = m["number"]
    parts = [number_term(_whole(p)) for p in token.split(" ") if " " in token and p.isdecimal()]
    follows = _FOLLOWS.match(text, m.end())
    if follows is None:
        terms = tuple(map(number_term, values))
        return Value(m.start(), m.end(), (*terms, *parts), terms)
    if follows["percent"]:
        asked = tuple(f"{number_term(v)}%" for v in values)
        return Value(m.start(), follows.end(), (*asked, *map(number_term, values)), asked)
    exponent = next(e for e in _TIMES if follows[f"e{e}"])
    asked = tuple(number_term(_scaled(v, exponent)) for v in values)
    return Value(m.start(), follows.end(), (*asked, *map(number_term, values)), asked)


def _amount(m: re.Match[str], english: bool) -> Iterator[Value]:
    """A number and letters: `5kg`, `1k`, `3D`."""
    unit, values = m["unit"], _readings(m["amount"], english)
    if unit.lower() in _ORDINAL or not values:
        return
    numbers = tuple(map(number_term, values))
    code = code_term(m[0])
    if unit == "k":
        scaled = tuple(number_term(_scaled(v, 3)) for v in values)
        yield Value(m.start(), m.end(), (*scaled, code), scaled)
    elif _UNIT.fullmatch(unit):
        yield Value(m.start(), m.end(), (*numbers, code), numbers, unit)
    else:
        yield Value(m.start(), m.end(), (code, *numbers), (code,))


def _code(m: re.Match[str]) -> Iterator[Value]:
    text = m["code"]
    whole = code_term(text)
    pieces = _PIECE.split(text)
    numbers = [n for p in pieces if p.isdecimal() for n in _numeral(p)]
    if not any(c.isalpha() for c in text):
        asked = tuple(numbers) if len(pieces) == 2 and "-" in text else (whole,)
        if asked == (whole,):
            yield Value(m.start(), m.end(), (whole, *numbers), asked)
            return
        # "5-10 mg": either end is a number of its own.
        cut = m.start() + len(pieces[0])
        yield Value(m.start(), cut, (whole, numbers[0]), (numbers[0],))
        yield Value(cut, m.end(), (numbers[-1],), (numbers[-1],))
        return
    first = text.split("/", 1)[0]
    inner = [code_term(first)] if first != text and any(c.isdigit() for c in first) else []
    letters = " ".join(p for p in pieces if p.isalpha())
    yield Value(m.start(), m.end(), (whole, *inner), (whole,), letters)


def _readings(token: str, english: bool) -> Sequence[str]:
    """Plain forms of a number with its separators: `1,250` to 1250, and 1.25 outside English."""
    parts = re.split(r"\D", token)
    signs = re.findall(r"\D", token)
    if not signs:
        return [_whole(token)]
    readings = []
    grouped = all(len(p) == 3 for p in parts[1:]) and len(parts[0]) <= 3 and parts[0][0] != "0"
    if grouped and len(set(signs)) == 1:
        readings.append("".join(parts))
        if len(signs) > 1 or signs[0] not in ".," or (english and signs[0] == ","):
            return readings
    groups_fit = all(len(p) == 3 for p in parts[1:-1]) and len(set(signs[:-1])) <= 1
    if signs[-1] in ".," and signs.count(signs[-1]) == 1 and groups_fit:
        readings.append(_decimal("".join(parts[:-1]), parts[-1]))
    return readings


def _whole(digits: str) -> str:
    return digits.lstrip("0") or "0"


def _decimal(whole: str, fraction: str) -> str:
    fraction = fraction.rstrip("0")
    return f"{_whole(whole)}.{fraction}" if fraction else _whole(whole)


def _scaled(value: str, exponent: int) -> str:
    """A plain form times a power of ten, without the rounding of floats."""
    whole, _, fraction = value.partition(".")
    moved = fraction[:exponent].ljust(exponent, "0")
    return _decimal(_whole(whole + moved), fraction[exponent:])

"""Numbers and dates of a spreadsheet as its cells show them (ECMA-376 part 1, 18.8.30 and 18.8.31).

Separators are English (1,234.50): a file does not say on whose machine it was shown. What a column
is too narrow for is not cut, and fill characters are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from operator import eq, ge, gt, le, lt, ne

#: Formats that files name by number only.
BUILT_IN = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%",
    11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm",
    17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss",
    22: "yyyy-mm-dd h:mm", 37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)", 39: "#,##0.00;(#,##0.00)",
    40: "#,##0.00;(#,##0.00)", 45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0",
    49: "@",
}  # fmt: skip
_PARTS = re.compile(
    r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]|AM/PM|A/P|General|[yY]+|[mM]+|[dD]+|[hH]+|[sS]+'
    r"|\.0+|E[+-]0+|[0#?,.]+|.",
    re.DOTALL,
)
_DATE = re.compile(r"^(?:[yYmMdDhHsS]+|AM/PM|A/P|\[[hHmMsS]+\])$")
#: What a section is for, where it says so: `[>=1000]0.0,"k"`.
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lt, "<=": le, ">": gt, ">=": ge, "=": eq, "<>": ne,
}  # fmt: skip
_LAST_DAY = 2_958_465.99999  # 9999-12-31
_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)  # holds any double with all its digits
_MONTHS = "January February March April May June July August September October November December"
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday"


def format_number(value: float, code: str, epoch_1904: bool = False) -> str:
    """`value` as a cell with the format `code` shows it."""
    section, value = _section(value, code)
    parts = _parts(section)
    if any(_DATE.match(p) for p in parts):
        if not 0 <= value <= _LAST_DAY:
            return format_general(value)
        return _date(value, parts, epoch_1904)
    if any(p == "@" or p.lower() == "general" for p in parts):
        plain = format_general(value)
        return "".join(plain if p == "@" or p.lower() == "general" else _literal(p) for p in parts)
    return _number(value, parts)


def format_general(value: float) -> str:
    """A number without a format: whole ones in full, others to ten digits."""
    if value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.10g}"


def _section(value: float, code: str) -> tuple[str, float]:
    """The part of `code` for this value, and the value as that part shows it."""
    sections = _sections(code)
    if len(sections) == 1:
        return sections[0], value
    conditions = [_CONDITION.search(section) for section in sections[:2]]
    if any(conditions):
        for section, condition in zip(sections, conditions, strict=False):
            if condition and _COMPARE[condition[1]](value, float(condition[2])):
                negative = condition[1][0] == "<" and float(condition[2]) <= 0 > value
                return section, abs(value) if negative else value  # it brings its own sign
        others = [s for s, c in zip(sections, [*conditions, None], strict=False) if c is None]
        return (others or ["General"])[-1], value
    if value < 0:
        return sections[1], -value  # the section brings its own sign
    if value == 0 and len(sections) > 2:
        return sections[2], value
    return sections[0], value


@lru_cache(256)
def _sections(code: str) -> tuple[str, ...]:
    sections = [""]
    for part in _PARTS.findall(code):
        if part == ";":
            sections.append("")
        else:
            sections[-1] += part
    return tuple(sections)


@lru_cache(256)
def _parts(section: str) -> tuple[str, ...]:
    return tuple(_PARTS.findall(section))


def _literal(part: str) -> str:
    if part[0] == '"':
        return part[1:-1]
    if part[0] == "\\":
        return part[1:]
    if part[0] == "_":
        return " "
    if part[0] == "*":
        return ""
    if part[0] == "[":
        return part[2:-1].split("-")[0] if part.startswith("[$") else ""
    return part


def _number(value: float, parts: tuple[str, ...]) -> str:
    digits = [p for p in parts if _is_digits(p)]
    if not digits:
        return "".join(map(_literal, parts)).strip() if parts else ""
    if "/" in parts and len(digits) > 1:
        return format_general(round(value, 4))  # a fraction: its decimal value says the same
    shown = Decimal(repr(value)) * (Decimal(100) ** sum(p == "%" for p in parts))
    pattern = "".join(digits)
    exponent = next((p for p in parts if p[0] == "E" and len(p) > 2), "")
    whole, _, decimals = pattern.partition(".")
    # Each comma after the last digit, or before the point, divides by a thousand.
    commas = sum(len(p) - len(p.rstrip(",")) for p in (whole, decimals))
    shown /= Decimal(1000) ** commas
    text = _exponential(shown, decimals) if exponent else _fixed(shown, whole.rstrip(","), decimals)
    sign = "-" if value < 0 and any(c in "123456789" for c in text) else ""
    pieces = _parted(text, digits) if not exponent else [text]
    pieces[0] = sign + pieces[0]
    out = ""
    for part in parts:
        if _is_digits(part):
            out += pieces.pop(0) if pieces else ""
        elif part != exponent:
            out += _literal(part)
    return out.strip()


def _parted(text: str, patterns: list[str]) -> list[str]:
    """The digits for each run of places, where text parts them: (000) 000-0000."""
    if len(patterns) < 2 or not text.isdecimal() or not all(set(p) <= set("0#?") for p in patterns):
        return [text]
    pieces: list[str] = []
    for pattern in reversed(patterns[1:]):
        pieces.insert(0, text[-len(pattern) :])
        text = text[: -len(pattern)]
    return [text, *pieces]


def _is_digits(part: str) -> bool:
    return all(c in "0#?,." for c in part) and any(c in "0#?" for c in part)


def _fixed(value: Decimal, whole: str, decimals: str) -> str:
    places = sum(c in "0#?" for c in decimals)
    text = format(_WIDE.quantize(abs(value), Decimal(1).scaleb(-places)), "f")
    left, _, right = text.partition(".")
    kept = sum(c == "0" for c in decimals)
    while len(right) > kept and right.endswith("0"):
        right = right[:-1]
    least = sum(c == "0" for c in whole)
    left = left.lstrip("0").rjust(least, "0")
    if "," in whole:
        left = re.sub(r"(?<=\d)(?=(\d{3})+$)", ",", left)
    return f"{left}.{right}" if right else left


def _exponential(value: Decimal, decimals: str) -> str:
    places = sum(c in "0#?" for c in decimals)
    mantissa, _, power = f"{abs(value):.{places}E}".partition("E")
    return f"{mantissa}E{int(power):+03d}"


def _date(serial: float, parts: tuple[str, ...], epoch_1904: bool) -> str:
    places = max((len(p) - 1 for p in parts if p.startswith(".0")), default=0)
    moment = _moment(serial, epoch_1904, min(places, 6))
    if moment is None:
        return format_general(serial)
    half = any(p in ("AM/PM", "A/P") for p in parts)
    out, hours = "", False
    for n, part in enumerate(parts):
        low = part.lower()
        if low[0] == "m" and _DATE.match(part):
            following = next((p.lower() for p in parts[n + 1 :] if _DATE.match(p)), "")
            minutes = hours or (following[:1] == "s" and len(low) <= 2)
            out += _pad(moment.minute, low) if minutes else _month(moment, low)
        elif _DATE.match(part) or part.startswith(".0"):
            out += _piece(moment, serial, low, half)
        else:
            out += _literal(part)
        if _DATE.match(part):
            hours = low[0] == "h" or low.startswith("[h")
    return out.strip()


def _moment(serial: float, epoch_1904: bool, places: int) -> datetime | None:
    # Day 60 is 29 February 1900, which never was: Excel keeps it for the sake of Lotus 1-2-3.
    start = datetime(1904, 1, 1) if epoch_1904 else datetime(1899, 12, 30)
    if not epoch_1904 and serial < 60:
        start += timedelta(days=1)
    try:
        seconds = round(serial * 86400, places)
        return start + timedelta(seconds=seconds)
    except OverflowError:
        return None


def _pad(number: int, code: str) -> str:
    return str(number).rjust(min(len(code), 2), "0")


def _month(moment: datetime, code: str) -> str:
    name = _MONTHS.split()[moment.month - 1]
    return {3: name[:3], 4: name, 5: name[:1]}.get(len(code), _pad(moment.month, code))


def _piece(moment: datetime, serial: float, code: str, half: bool) -> str:
    if code[0] == "y":
        return f"{moment.year % 100:02d}" if len(code) <= 2 else str(moment.year)
    if code[0] == "d":
        name = _DAYS.split()[moment.weekday()]
        return {3: name[:3]}.get(len(code), name if len(code) > 3 else _pad(moment.day, code))
    if code[0] == "h":
        return _pad((moment.hour % 12 or 12) if half else moment.hour, code)
    if code[0] == "s":
        return _pad(moment.second, code)
    if code[0] == ".":
        return f".{moment.microsecond:06d}"[: len(code)]
    if code == "am/pm":
        return "AM" if moment.hour < 12 else "PM"
    if code == "a/p":
        return "A" if moment.hour < 12 else "P"
    unit = {"h": 24, "m": 1440, "s": 86400}[code[1]]  # [h]: hours in all, not of the day
    return str(int(serial * unit + 1e-6)).rjust(len(code) - 2, "0")

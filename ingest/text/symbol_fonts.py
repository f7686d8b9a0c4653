"""Characters of symbol fonts (Symbol, Wingdings, Webdings, ITC Zapf Dingbats) in Unicode.

Such fonts have signs in the places of letters. Office files name the place alone, or at U+F000 and
on, which mean nothing in other fonts: `w:char="F0B1"` in Symbol is ±. The places are those of the
fonts' own encodings (Adobe's Symbol and ZapfDingbats; Microsoft's fonts as Unicode maps them).
"""

from __future__ import annotations

import re
from functools import cache

_PRIVATE = re.compile("[\uf020-\uf0ff]")
_SUBSET = re.compile(r"^[A-Z]{6}\+")
_STYLE = re.compile(r"[\s_-]|regular|std|mt$|ps$", re.IGNORECASE)

_SYMBOL = {
    0x20: " !∀#∃%&∋()∗+,−./0123456789:;<=>?",
    0x40: "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_",
    0x60: "‾αβχδεφγηιϕκλμνοπθρστυϖωξψζ{|}∼",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓°±″≥×∝∂•÷≠≡≈…⏐⎯↵",
    0xC0: "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓",
    0xE0: "◊〈®©™∑⎛⎜⎝⎡⎢⎣⎧⎨⎩⎪ 〉∫⌠⎮⌡⎞⎟⎠⎤⎥⎦⎫⎬⎭",
}
_WINGDINGS = {
    0x21: "✏✂✁👓🔔📖🕯☎✆✉📩📪📫📬📭📁📂📄🗏🗐🗄⌛⌨🖰🖲💻🖴💾",
    0x3E: "✇✍🖎✌👌👍👎☜☞☝☟✋☺😐☹💣☠⚐🏱✈☼💧❄🕆✞🕈✠✡☪☯ॐ☸♈♉♊♋♌♍♎♏♐♑♒♓🙰&●❍■□🞐❑❒⬧⧫◆❖⬥⌧⮹⌘",
    0x80: "⓪①②③④⑤⑥⑦⑧⑨⑩⓿❶❷❸❹❺❻❼❽❾❿",
    0x9E: "·•▪○○○◉◎🔿▪◻🟂✦★✶✴✹✵",
    0xB6: "☆",
    0xD5: "⌫⌦⮘➢⮙⮛⮈⮊⮉⮋←→↑↓↖↗↙↘←➔↑↓↖↗↙↘⇦⇨⇧⇩⇔⇕⬀⬁⬃⬂▭▫✗✓☒☑",
}
_WINGDINGS2 = {
    0x4F: "✗✓☒☑☒☒☒⊗⦸",
    0x69: "⓪①②③④⑤⑥⑦⑧⑨⑩",
    0x95: "•●●●○○◉◎",
    0x9E: "▪■□□□□□",
}
_WINGDINGS3 = {0x21: "←→↑↓↖↗↙↘", 0x70: "▲▼△▽◀▶◁▷", 0x7C: "◀▶"}
_WEBDINGS = {0x31: "▫●◀▶▲▼⏪⏩⏮⏭⏸⏹⏺", 0x61: "✓", 0x63: "□", 0x67: "■", 0x6E: "●", 0x72: "✗"}
_ZAPF = {
    **{0x21 + n: chr(0x2701 + n) for n in range(0x5E)},
    0x25: "☎", 0x2A: "☛", 0x2B: "☞", 0x48: "★", 0x6C: "●", 0x6E: "■", 0x73: "▲", 0x74: "▼",
    0x75: "◆", 0x77: "◗",
    0xA1: "❡❢❣❤❥❦❧♣♦♥♠①②③④⑤⑥⑦⑧⑨⑩❶❷❸❹❺❻❼❽❾❿➀➁➂➃➄➅➆➇➈➉➊➋➌➍➎➏➐➑➒➓➔→↔↕",
    0xD8: "➘➙➚➛➜➝➞➟➠➡➢➣➤➥➦➧➨➩➪➫➬➭➮➯",
    0xF1: "➱➲➳➴➵➶➷➸➹➺➻➼➽➾",
}  # fmt: skip
#: Places that mean the same in any font that programs take private characters from: of Symbol
#: those that are letters or arrows elsewhere are left out.
_ANYWHERE = dict(zip(b"\xa3\xa5\xb0\xb1\xb3\xb4\xb7\xb8\xb9\xbb\xa7\xa8\xfc\xfe\xd8\xe0",
                     "≤∞°±≥×•÷≠≈▪☐✓☑➢→", strict=True))  # fmt: skip
#: Real Unicode where a PDF's Symbol font has them: the places themselves are signs, too.
_ALREADY = frozenset("°±×÷¬®©µ·")


def symbol_text(text: str, font: str, otherwise: str = "") -> str:
    """`text` of a run in `font`, with the signs that it shows.

    Text in other fonts comes back as it is, but for private characters: those that mean the same
    in all symbol fonts, and where `otherwise` names one, all that it has. Office files keep them
    without their font; in a PDF they may as well be the letters of a broken one.
    """
    table = _table(_family(font)) if font else None
    if table is not None:
        text = "".join(_sign(c, table) for c in text)
    if not _PRIVATE.search(text):
        return text
    rest = _table(_family(otherwise)) or {}
    return _PRIVATE.sub(lambda m: _anywhere(ord(m[0]) - 0xF000, rest) or m[0], text)


def office_text(text: str | None, font: str) -> str:
    """Text of a run of an office file, with the signs that it shows."""
    return symbol_text(text or "", font, otherwise="Symbol")


def symbol(place: int, font: str) -> str:
    """The sign at a place of a symbol font, 0x20 to 0xFF or from U+F020 on; in another font the
    character itself. Empty where there is none."""
    if not 0x20 <= place < 0x110000 or 0xD800 <= place <= 0xDFFF:
        return ""
    return symbol_text(chr(place), font, otherwise="Symbol")


def _sign(c: str, table: dict[int, str]) -> str:
    code = ord(c)
    if 0xF020 <= code <= 0xF0FF:
        return table.get(code - 0xF000, c)
    if code > 0xFF or (c in _ALREADY and table is _table("symbol")):
        return c
    return table.get(code, c)


def _anywhere(code: int, rest: dict[int, str]) -> str | None:
    return _ANYWHERE.get(code) or rest.get(code)


@cache
def _family(font: str) -> str:
    return _STYLE.sub("", _SUBSET.sub("", font)).lower()


@cache
def _table(family: str) -> dict[int, str] | None:
    """Signs by place, of a font family written without spaces; None for a font with letters."""
    if family in ("symbol", "standardsymbols", "standardsymbolsl", "symbolneu"):
        return _placed(_SYMBOL)
    if family in ("wingdings", "wingdings1"):
        return _placed(_WINGDINGS)
    if family == "wingdings2":
        return _placed(_WINGDINGS2)
    if family == "wingdings3":
        return _placed(_WINGDINGS3)
    if family == "webdings":
        return _placed(_WEBDINGS)
    if family in ("zapfdingbats", "itczapfdingbats", "zapfdingbatsitc", "dingbats", "d050000l"):
        return _placed(_ZAPF)
    return None


def _placed(runs: dict[int, str]) -> dict[int, str]:
    """Each character of a run in its place."""
    table: dict[int, str] = {}
    for start, signs in runs.items():
        table.update((start + n, sign) for n, sign in enumerate(signs))
    return table

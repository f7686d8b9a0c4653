"""Office formulas (OMML) as one line of text: a fraction as (a)/(b), a power as a^(b)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

#: Parts of a formula's elements and what is written around them.
_SHAPES = {
    "f": (("num", "(%s)"), ("den", "/(%s)")),
    "sSup": (("e", "%s"), ("sup", "^(%s)")),
    "sSub": (("e", "%s"), ("sub", "_(%s)")),
    "sSubSup": (("e", "%s"), ("sub", "_(%s)"), ("sup", "^(%s)")),
    "rad": (("deg", "%s"), ("e", "√(%s)")),
    "func": (("fName", "%s"), ("e", " %s")),
    "limLow": (("e", "%s"), ("lim", "_(%s)")),
    "limUpp": (("e", "%s"), ("lim", "^(%s)")),
}


def formula_text(element: Element) -> str:
    """The text of an `m:oMath` element or of a part of one."""
    shape = _SHAPES.get(element.tag)
    if shape:
        parts = []
        for name, form in shape:
            child = element.find(name)
            text = formula_text(child) if child is not None else ""
            parts.append(_simple(form % text, text) if text else "")
        return "".join(parts)
    if element.tag == "t":
        return element.text or ""
    if element.tag == "nary":
        sign = next((e.get("val", "∫") for e in element.iter("chr")), "∫")
        return sign + "".join(map(formula_text, element))
    if element.tag == "d":
        return f"({', '.join(map(formula_text, element.findall('e')))})"
    if element.tag.endswith("Pr"):
        return ""
    return "".join(map(formula_text, element))


def _simple(written: str, text: str) -> str:
    """Without brackets around one letter or number."""
    return written.replace(f"({text})", text) if text.isalnum() else written

"""Questions from figures: their captions turned round, and values printed beside names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from octavo.evals.synthesis.draft import Evidence, Idea
from octavo.evals.synthesis.passages import Passage
from octavo.ingest.figures.captions import label_of, without_label

_LABEL = re.compile(r"^\s*([A-Za-z]+\.?\s*[A-Z]?\d+(?:[.\-]\d+)*)")
#: What a caption says of the picture, not of the thing.
_PICTURE = re.compile(
    r"^(?:an? |the )?(?:example|view|picture|photo(?:graph)?|image|illustration|overview|sketch)s?"
    r" of ",
    re.IGNORECASE,
)
_CHART = re.compile(r"\b(share|over|per|number|rate|trend|by|versus|against|percent)\b", re.I)
_VALUE = re.compile(r"([A-Z][a-z][^:,\d]{2,40})(?:: |, )((?:set to )?[+-]?\d[^:,;]{0,20})")
_DAY = re.compile(r"\d{1,2}:\d\d|\b(?:19|20)\d\d\b")


def figure_captions(passage: Passage) -> Iterator[Idea]:
    """ "Which figure is about the pump set and shows the wiring diagram?" """
    chunk = passage.chunk
    caption = without_label(chunk.caption).rstrip(". ")
    label = _LABEL.match(chunk.caption)
    if chunk.kind != "figure" or not label or not label_of(chunk.caption) or not caption:
        return
    text = turned(passage, caption)
    if text:
        regions = (chunk.image,) if chunk.image else chunk.regions[:1]
        yield Idea("figure caption", text, label[1], regions, evidence_of(passage))


def turned(passage: Passage, caption: str) -> str:
    """A caption as a question with its parts in another order; "" for a caption that says little.

    Word order does not hide words from word search: this only keeps the question from being a
    copy.
    """
    plain = re.sub(r"\s*\([^()]*\)", "", caption)
    plain = _PICTURE.sub("", re.split(r"[;:] |\. ", plain)[0]).strip(" .,")
    if not plain or plain[0] in '"“”' or len(plain.split()) > 18:
        return ""
    comma = re.match(r"(.+?), ((?:in|by|from|at|for|as|with|on) .+|(?:19|20)\d\d.*)$", plain)
    if comma:
        place = comma[2] if comma[2][0].islower() else f"for {comma[2]}"
        return f"Which figure shows, {place}, {_the(passage, comma[1])}?"
    split = re.match(r"(.+?) (?:of|for) ((?:the|an?|three|two|different|all)\b.+)$", plain)
    if split:
        return f"Which figure is about {split[2]} and shows {_the(passage, split[1])}?"
    first, *rest = plain.split(", ")
    more = f" ({', '.join(reversed(rest))})" if rest else ""
    return f"Which figure shows {_the(passage, first)}{more}?"


def figure_values(passage: Passage) -> Iterator[Idea]:
    """ "In the figure on the use of income in 2023, what is given for energy?" """
    chunk = passage.chunk
    caption = without_label(chunk.caption).rstrip(". ").split(",")[0]
    if chunk.kind != "figure" or not caption or len(caption.split()) > 12 or '"' in caption:
        return
    about = passage.lowered(re.sub(r"\s*\([^()]*\)|[;:].*", "", caption))
    article = "" if about.startswith(("the ", "a ")) else "the "
    for span in chunk.spans:
        value = _VALUE.fullmatch(chunk.text[span.start : span.end].strip())
        if value and not _DAY.search(value[2]) and not label_of(value[0]):
            name = passage.lowered(value[1].strip())
            text = f"What does the figure of {article}{about} give for {name}?"
            answer = value[2].strip().removeprefix("set to ")
            yield Idea("figure value", text, answer, (span.region,), evidence_of(passage), name)


def evidence_of(passage: Passage) -> Evidence:
    """A figure whose caption speaks of shares or of one thing over another is a chart."""
    values = sum(
        bool(re.fullmatch(r"[+-]?[\d.,]+\s*%?", passage.chunk.text[s.start : s.end].strip()))
        for s in passage.chunk.spans
    )
    return "Chart" if values >= 5 and _CHART.search(passage.chunk.caption) else "Figure"


def _the(passage: Passage, noun: str) -> str:
    noun = passage.lowered(noun)
    return noun if re.match(r"(?:the|an?|\S*[A-Z\d])", noun) else f"the {noun}"

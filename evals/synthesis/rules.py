"""The rules by name, and the one of headings. A rule is a function from a passage to ideas."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from octavo.evals.synthesis.draft import Idea
from octavo.evals.synthesis.figure_rules import figure_captions, figure_values
from octavo.evals.synthesis.passages import Part, Passage, parts, read_sentences, words
from octavo.evals.synthesis.sentence_rules import sentence_facts
from octavo.evals.synthesis.table_rules import table_cells

Rule = Callable[[Passage], Iterator[Idea]]

_ANSWER = 40  # words of the answer under a heading
_LEAST = 8  # words under a heading that can be asked for
#: Headings that name a place in the document and no subject.
_GENERIC = {
    "abstract", "acknowledgements", "acknowledgments", "appendix", "background", "bibliography",
    "conclusion", "conclusions", "contents", "dates", "discussion", "imprint", "index",
    "introduction", "issued", "language", "method", "methods", "notes", "overview", "preface",
    "references", "results", "summary", "remarks", "open points", "table of contents", "letter",
}  # fmt: skip
_NO_SUBJECT = re.compile(
    r"^(?:in|on|at|before|after|how|what|why|when|where|who|is|are|do|does|did|if)\b|"
    r"\b(?:us|we|it|you|i|this|that|these|not)\b",
    re.IGNORECASE,
)


def headings(passage: Passage) -> Iterator[Idea]:
    """ "What does the pump manual say about aligning the coupling?" """
    if passage.chunk.kind != "text":
        return
    for part in parts(passage):
        if not _is_subject(part.heading) or _has_title(passage, part):
            continue
        answer = _first_sentences(passage, part)
        if len(words(answer)) >= _LEAST:
            regions = passage.region(part.start, part.end)
            text = f"What {passage.saying} say about {passage.lowered(part.heading)}?"
            yield Idea("heading", text, answer, regions, "Pure-text (Plain-text)", part.heading)


#: What is drafted from documents, and the share of the answerable questions that each gives.
RULES: dict[str, tuple[Rule, float]] = {
    "table": (table_cells, 0.3),
    "caption": (figure_captions, 0.15),
    "value": (figure_values, 0.1),
    "sentence": (sentence_facts, 0.3),
    "heading": (headings, 0.15),
}


def _is_subject(heading: str) -> bool:
    return (
        heading.lower() not in _GENERIC
        and len(words(heading)) <= 8
        and not _NO_SUBJECT.search(heading)
        and not heading.isupper()
    )


def _has_title(passage: Passage, part: Part) -> bool:
    """A short first line without a full stop is a heading that was not known as one, or a sign."""
    first = passage.chunk.text[part.start : part.end].strip().partition("\n")[0]
    return len(first.split()) <= 3 and not first.endswith((".", ":"))


def _first_sentences(passage: Passage, part: Part) -> str:
    """Whole sentences under a heading, up to 40 words."""
    kept: list[str] = []
    for sentence in read_sentences(passage):
        if sentence.start >= part.start and sentence.end <= part.end:
            kept.append(sentence.text)
            if len(" ".join(kept).split()) >= _ANSWER:
                break
    while len(kept) > 1 and len(" ".join(kept).split()) > _ANSWER:
        kept.pop()
    return " ".join(kept)

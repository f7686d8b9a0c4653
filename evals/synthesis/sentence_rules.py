"""Questions from sentences with a number, a date or a definition, by their form alone.

Narrow on purpose: a form that fits few sentences and reads well is worth more than one that fits
many. What is no plain statement (they, this, such) makes no question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from octavo.evals.synthesis.draft import Idea
from octavo.evals.synthesis.passages import Passage, PassageSentence, read_sentences
from octavo.evals.synthesis.verbs import PAST, base_form

_LONG = 40  # words: longer sentences are taken apart wrongly
_COUNT = (
    r"(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|"
    r"fifty|sixty|ninety|a hundred|\d[\d.,]*\d|\d)"
)
_SIGN = r"(?:EUR |USD |GBP |US\$|\$|€|£)?[+-]?"
_UNIT = r"(?: ?%| ?°[CF]| [A-Za-zµ/·²³]{1,8}(?:/[a-z]+)?| [a-z]+)"
_QUANTITY = rf"{_SIGN}{_COUNT}(?: ?(?:to|x|–|-) ?{_COUNT})*(?: (?:million|billion|thousand))?"
_MONTH = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
)
_DATE = rf"(?:\d{{1,2}} {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:, \d{{4}})?|{_MONTH} \d{{4}}|"
_DATE += r"(?:19|20)\d\d)"
_TIME = r"(?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)"
#: A character inside a clause: no end of one, save in numbers.
_IN = r"(?:[^,;:.()]|[.,](?=\d))"
_SUBJECT = rf"(?P<s>[A-Z]{_IN}{{2,70}}?)"
_IMPERATIVE = (
    r"(?P<v>Allow|Bake|Boil|Charge|Cook|Dry|Heat|Hold|Keep|Leave|Let|Reduce|Rest|Run|Set|Soak|"
    r"Store|Turn|Wait|Warm|Wash|Cool)"
)
_VAGUE = re.compile(
    r"\b(they|their|them|this|these|those|that|he|she|his|her|we|us|our|i|my|such|both|former|"
    r"latter|here|there|which|who|of them)\b|"
    r"\b(?:every|each|half|the|an?|of|to|until|and|or|for|with|your|it)\?$",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(it|its|one|some|each|all|as|at|in|on|for|from|since|after|before|below|above|of|with|by|to|"
    r"not|no|and|but|so|yet|then|also)\b",
    re.IGNORECASE,
)
#: An order ("Slide the seal on until the spring is ...") and a clause within are no subjects.
_NO_SUBJECT = re.compile(
    r"^(?:The|An?)$|^(?!(?:All|Both|Half|Of|Not) )[A-Z][a-z]+ (?:the|an?|every|each|it|them) |"
    r"\b(?:until|while|because|although|unless|is|are|was|were|must|may|can|will)\b"
)

_Ask = Callable[[Passage, re.Match[str]], tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SentenceForm:
    """A form of sentences, and how its question and answer are made of the parts."""

    rule: str
    pattern: re.Pattern[str]
    ask: _Ask


def sentence_facts(passage: Passage) -> Iterator[Idea]:
    """Each sentence by the first form that fits it."""
    if passage.chunk.kind != "text":
        return
    for sentence in read_sentences(passage):
        if sentence.text in passage.headings or len(sentence.text.split()) > _LONG:
            continue
        for form in FORMS:
            idea = _fitted(passage, sentence, form)
            if idea:
                yield idea
                break


def _fitted(passage: Passage, sentence: PassageSentence, form: SentenceForm) -> Idea | None:
    match = form.pattern.match(sentence.text)
    if not match:
        return None
    subject = match.groupdict().get("s") or ""
    text, answer = form.ask(passage, match)
    if _OPENING.match(subject) or _NO_SUBJECT.search(subject) or _VAGUE.search(text):
        return None
    regions = passage.region(sentence.start, sentence.end)
    return Idea(form.rule, text, answer.strip(" .,;"), regions, "Pure-text (Plain-text)")


def _subject(passage: Passage, subject: str) -> str:
    """ "the control voltage" of "Control voltage"; names and plurals stay without an article."""
    small = passage.lowered(re.sub(r"^Our ", "The ", subject))
    if re.match(r"(?:the|an?|every|\S*[A-Z\d])", small) or _plural(subject):
        return small
    return f"the {small}"


def _plural(subject: str) -> bool:
    head = re.split(r" (?:of|for|in|at|by|with|to|from|on) ", subject)[0]
    return head.endswith("s") and not head.endswith("ss")


def _is(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    return f"What {m['v']} {_subject(p, m['s'])}?", m["a"]


def _when_was(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    opening = {"until": "Until when", "since": "Since when"}.get(m["p"], "When")
    verb, _, rest = m["v"].partition(" ")
    middle = " ".join(x for x in (rest, m["r"]) if x)
    return f"{opening} {verb} {_subject(p, m['s'])} {middle}?", m["a"]


def _when_did(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    verb = base_form(m["v"])
    return f"When did {_subject(p, m['s'])} {verb} {m['r']}".strip() + "?", m["a"]


def _how_many_did(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    verb = base_form(m["v"])
    return f"How many {m['n']} did {_subject(p, m['s'])} {verb}{m['r'] or ''}?", m["a"]


def _how_many(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    return f"How many {m['r']}?", m["a"]


def _how_much(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    opening, verb = {
        "weighs": ("How much", "weigh"),
        "costs": ("How much", "cost"),
        "holds": ("How much", "hold"),
        "contains": ("How much", "contain"),
        "lasts": ("How long", "last"),
        "measures": ("How much", "measure"),
        "takes": ("How much", "take"),
    }[m["v"]]
    of = f" of {m['o']}" if m["o"] else ""
    return f"{opening}{of} does {_subject(p, m['s'])} {verb}?", m["a"]


def _for_how_long(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    what = f" {m['o']}" if m["o"] else ""
    return f"How long should you {m['v'].lower()}{what}{m['r'] or ''}?", m["a"]


def _to_what(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    kind = "temperature" if "°" in m["a"] else "value"
    opening = {"to": f"To what {kind}", "by": "By how much", "at": f"At what {kind}"}[m["p"]]
    return f"{opening} should you {m['v'].lower()} {m['o']}{m['r'] or ''}?", m["a"]


def _what_gap(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    return f"What {m['o']} should you {m['v'].lower()}{m['r'] or ''}?", m["a"]


def _define(p: Passage, m: re.Match[str]) -> tuple[str, str]:
    term = p.lowered(m["s"])
    where = p.title or "the text"
    if m["s"] in p.proper or m["s"].lower() in ("why", "how", "what", "where", "note"):
        return "that", ""  # a person or a place is not meant by anything
    if len(re.sub(r"^(?:the|an?) ", "", term).split()) < 2:
        return f"What does {where} mean by {term}?", m["a"]
    return f"What {m['v']} {term}?", m["a"]


def _form(rule: str, pattern: str, ask: _Ask) -> SentenceForm:
    return SentenceForm(rule, re.compile(pattern), ask)


_END = r"(?:[.,;](?!\d).*)?$"
_REST = rf"(?P<r> (?:before|after|between|in|if|on|at|while|with|from) {_IN}+)?"
FORMS = (
    _form("sentence date", rf"{_SUBJECT} (?P<v>was|were|is|are|will be|has been|have been) "
          rf"(?P<r>[a-z]+(?: [a-z]+){{0,7}}?) (?P<p>on|in|until|since) (?P<a>{_DATE}){_END}",
          _when_was),
    _form("sentence number", rf"{_SUBJECT} (?P<v>is|are|was|were) "
          rf"(?P<a>(?:about |at least |at most |up to |over |below |only )?{_QUANTITY}\b"
          rf"{_UNIT}?{_IN}{{0,60}}?){_END}", _is),
    _form("sentence number", rf"{_SUBJECT} (?P<v>weighs|costs|holds|contains|lasts|measures|takes) "
          rf"(?P<a>(?:about |at least |up to )?{_QUANTITY}{_UNIT})(?: of (?P<o>{_IN}+))?{_END}",
          _how_much),
    _form("sentence number", rf"^(?P<a>(?i:{_COUNT})) "
          rf"(?P<r>(?!is|was|has)(?:[a-z]+s|people|children|men|women) "
          rf"(?!before|after|prior|ago|from|in|per)\b{_IN}{{8,90}}){_END}",
          _how_many),
    _form("sentence number", rf"{_SUBJECT} (?P<v>{PAST}) (?P<a>{_COUNT}) "
          rf"(?P<n>(?:[a-z]{{4,}} )*?[a-z]{{3,}}s)"
          rf"(?P<r> (?:in|from|to|at|on|for|with) {_IN}+)?{_END}",
          _how_many_did),
    _form("sentence date", rf"{_SUBJECT} (?P<v>{PAST}) (?P<r>{_IN}*?) ?(?:on|in) "
          rf"(?P<a>{_DATE}){_END}", _when_did),
    _form("instruction", rf"^{_IMPERATIVE}(?: (?P<o>{_IN}+?))??(?: for)? "
          rf"(?P<a>(?:at least )?{_COUNT} {_TIME}){_REST}{_END}", _for_how_long),
    _form("instruction", rf"^{_IMPERATIVE} (?P<o>{_IN}+?) (?P<p>to|by|at) "
          rf"(?P<a>{_QUANTITY}{_UNIT}){_REST}{_END}", _to_what),
    _form("instruction", rf"^{_IMPERATIVE} an? (?P<o>[a-z]+) of (?P<a>{_QUANTITY}{_UNIT})"
          rf"{_REST}{_END}", _what_gap),
    _form("definition", r"^(?P<s>(?:[A-Z][\w-]*)(?: [\w-]+){0,3}) (?P<v>is|are|means) "
          r"(?P<a>(?:an?|the) [^;?]{20,160}?)\.?$", _define),
)  # fmt: skip

"""BM25 as sparse vectors (Robertson and Zaragoza 2009); the engine supplies the IDF.

English words are the engine's own terms. What it has no terms for is added beside them, each kind
with term ids of its own, so that nothing moves in an English text: values (numbers, percentages,
dates, codes), the stems of the text's own language, bigrams of scripts without blanks, and parts of
German compounds.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import Any

from octavo.index.analysis.compounds import compound_parts
from octavo.index.analysis.function_word_lists import languages_of_words
from octavo.index.analysis.languages import STEMMERS, Languages, languages_of, probable_languages
from octavo.index.analysis.ngrams import (
    has_ngrams,
    part_runs,
    question_ngrams,
    text_ngrams,
    without_runs,
)
from octavo.index.analysis.numbers import find_values
from octavo.index.analysis.values import Value
from octavo.index.encoders.raised_words import raised_apart
from octavo.index.store import Sparse

#: Which terms a text has: an index made by another version is told from this one by it.
NAME = "bm25 english, values, stems of 16 languages, bigrams, German compounds; version 2"
#: k1 and b as in most published baselines; the average length was measured on the built-in
#: chunking of the development sets (terms after stop words).
K1, B, AVERAGE_TERMS = 1.2, 0.75, 90.0
_TERMS_PER_BIGRAM = 0.42  # 160 words are 90 terms, and as long as 213 characters of Chinese
_PART = 0.5  # what a part of a compound counts of a word
_YEAR = 0.5  # and the year of a date beside the day
_WORD = re.compile(r"\w+")


def document_words(text: str) -> Sparse:
    """Term weights of a stored text: `tf (k1 + 1) / (tf + k1 (1 - b + b length / average))`."""
    text = raised_apart(text)
    is_segmented = has_ngrams(text)
    words = part_runs(text) if is_segmented else text
    base = _model("english").embed_document(words)
    weights = dict(zip(base.indices, base.values, strict=True))
    languages = languages_of(text)
    for language in languages.codes:
        stems = _model(STEMMERS[language]).embed_document(words)
        for term, value in zip(stems.indices, stems.values, strict=True):
            weights[_in_language(language, term)] = value
    counts: Counter[str] = Counter(t for v in _values(text, languages) for t in v.terms)
    grams = text_ngrams(text) if is_segmented else Counter()
    saturation = _saturation(base.values, sum(grams.values()))
    counts.update({_bigram(g): n for g, n in grams.items()})
    for term, count in counts.items():
        weights.setdefault(_id(term), count * (K1 + 1) / (count + saturation))
    for term, count in _part_counts(words, languages).items():
        weights.setdefault(term, _PART * count * (K1 + 1) / (count + saturation))
    return Sparse(tuple(weights), tuple(weights.values()))


def query_words(text: str) -> Sparse:
    """Every distinct term of a query, with weight 1; the year of a date with less.

    A number, date or code is one term: "1,500" looks for neither 1 nor 500, "B-52" not for 52.
    """
    question = _Question(text)
    weights = dict.fromkeys(_terms("english", question.rest), 1.0)
    for code in question.languages.codes:
        stems = _terms(STEMMERS[code], question.rest)
        weights.update({_in_language(code, t): 1.0 for t in stems})
    for word in question.stop_words():
        for term in (*_terms("english", word), *_foreign_terms(word, question.languages)):
            weights.pop(term, None)
    for value in question.values:
        weights.update({_id(t): _YEAR for t in value.terms if _is_year_of(value, t)})
        weights.update({_id(t): 1.0 for t in value.asked})
    weights.update({_id(_bigram(g)): 1.0 for row in question.ngrams for g in row})
    return Sparse(tuple(weights), tuple(weights.values()))


def question_terms(text: str) -> frozenset[frozenset[int]]:
    """What a text should have to answer a question: for each of its words and values the terms
    of which one must be there (`text_terms`)."""
    question = _Question(text)
    words = without_runs(question.bare)
    groups = {term: {term} for term in _terms("english", words)}
    languages = question.languages
    for word in dict.fromkeys(_WORD.findall(words)) if languages.codes else ():
        alternatives = _foreign_terms(word, languages)
        own = _terms("english", word)
        if not own and not languages.certain:
            continue
        for term in own or alternatives[:1]:
            groups.setdefault(term, {term}).update(alternatives)
    for word in question.stop_words():
        for term in (*_terms("english", word), *_foreign_terms(word, languages)):
            groups.pop(term, None)
    rows = [frozenset(g) for g in groups.values()]
    rows += [frozenset(map(_id, value.asked)) for value in question.values]
    rows += [frozenset(_id(_bigram(g)) for g in row) for row in question.ngrams]
    return frozenset(rows)


def value_terms(text: str) -> frozenset[frozenset[int]]:
    """Those of `question_terms` that are numbers, dates and codes."""
    return frozenset(frozenset(map(_id, v.asked)) for v in _Question(text).values)


def code_terms(text: str) -> frozenset[frozenset[int]]:
    """Those of `value_terms` that are codes: what has another code is not asked about."""
    return frozenset(frozenset(map(_id, v.asked)) for v in _Question(text).values if v.is_code)


def text_terms(text: str, around: str = "") -> frozenset[int]:
    """The terms of a text. `around`: a longer text that it stands in, which tells its language."""
    terms = set(document_words(text).indices)
    for language in languages_of(around).codes if around else ():
        terms.update(_in_language(language, t) for t in _terms(STEMMERS[language], text))
    return frozenset(terms)


def english_terms(text: str) -> frozenset[int]:
    """The distinct terms of a text's English words; stop words have none."""
    return frozenset(_terms("english", text))


def date_terms(text: str) -> frozenset[frozenset[int]]:
    """Those of `value_terms` that are a day of a year."""
    return frozenset(frozenset(map(_id, v.asked)) for v in _Question(text).values if v.is_day)


class _Question:
    """A question taken apart; `rest` is its text without values but with their letters ("AB" of
    "AB-12", "March"), which search looks for besides, `bare` its text without either."""

    def __init__(self, text: str) -> None:
        text = raised_apart(text)
        self.languages = probable_languages(text)
        self.values = _values(text, self.languages)
        rest = _without(text, self.values, True)
        is_segmented = has_ngrams(rest)
        self.bare = _without(text, self.values, False)
        self.ngrams = question_ngrams(rest) if is_segmented else []
        self.rest = part_runs(rest) if is_segmented else rest

    def stop_words(self) -> list[str]:
        """Words that the language of the question has no term for, or for asking ("wer")."""
        languages = self.languages
        if not languages.certain or not languages.codes:
            return []
        words = dict.fromkeys(_WORD.findall(without_runs(self.rest)))
        return [w for w in words if _is_function_word(w, languages)]


def _is_function_word(word: str, languages: Languages) -> bool:
    known = languages_of_words().get(word.lower(), frozenset())
    return not known.isdisjoint(languages.codes) or not _foreign_terms(word, languages)


def _foreign_terms(word: str, languages: Languages) -> tuple[int, ...]:
    return tuple(
        _in_language(code, term)
        for code in languages.codes
        for term in _terms(STEMMERS[code], word)
    )


def _values(text: str, languages: Languages) -> list[Value]:
    return find_values(text, languages.english)


def _without(text: str, values: Iterable[Value], with_letters: bool) -> str:
    parts = []
    start = 0
    for value in values:
        parts += [text[start : value.start], value.kept if with_letters else ""]
        start = value.end
    return " ".join([*parts, text[start:]]) if parts else text


def _is_year_of(value: Value, term: str) -> bool:
    return term.startswith("#") and value.asked[0].startswith("@")


def _part_counts(words: str, languages: Languages) -> Counter[int]:
    """The parts of German compounds, as terms of that language."""
    if "de" not in languages.codes:
        return Counter()
    return Counter(term for part in compound_parts(words) for term in _part_terms(part))


def _saturation(values: Sequence[float], bigrams: int) -> float:
    """`k1 (1 - b + b length / average)`: the engine's, as a term that stands once has it, for what
    it counts, and as much more as bigrams make a text longer."""
    known = (K1 + 1) / min(values) - 1 if values else K1 * (1 - B)
    return known + K1 * B * bigrams * _TERMS_PER_BIGRAM / AVERAGE_TERMS


@lru_cache(maxsize=16384)
def _part_terms(part: str) -> tuple[int, ...]:
    return tuple(_in_language("de", term) for term in _terms("german", part))


def _bigram(gram: str) -> str:
    return f"={gram}"


@lru_cache(maxsize=16384)
def _id(term: str) -> int:
    """31 bits, as the engine's own ids have."""
    return int.from_bytes(hashlib.blake2b(term.encode(), digest_size=4).digest(), "big") >> 1


def _in_language(language: str, term: int) -> int:
    return _id(f"{language}:{term}")


def _terms(language: str, text: str) -> tuple[int, ...]:
    return tuple(_model(language).embed_query(text).indices)


@cache
def _model(language: str) -> Any:
    from qdrant_edge import Bm25, Bm25Config

    config = Bm25Config(k=K1, b=B, avg_len=AVERAGE_TERMS, language=language, ascii_folding=True)
    return Bm25(config)

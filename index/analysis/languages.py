"""The language of a text: by script, then by its function words."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace

from octavo.index.analysis.function_word_lists import languages_of_words

#: The engine's stemmers besides English, by the code of their language.
STEMMERS = {
    "de": "german", "fr": "french", "es": "spanish", "it": "italian", "pt": "portuguese",
    "nl": "dutch", "sv": "swedish", "da": "danish", "no": "norwegian", "fi": "finnish",
    "hu": "hungarian", "ro": "romanian", "tr": "turkish", "ru": "russian", "el": "greek",
    "ar": "arabic",
}  # fmt: skip
_LATIN = tuple(language for language in STEMMERS if language not in ("ru", "el", "ar"))
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    ("ru", re.compile("[\u0400-\u052f]")),
    ("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]{2}")),
    ("ar", re.compile("[\u0600-\u06ff]")),
)
#: Letters that few languages write; weaker than a function word.
_LETTERS = (
    ("ß", "de"), ("ñ¿¡", "es"), ("ãõ", "pt"), ("œ", "fr"), ("øæ", "da no"), ("å", "sv da no"),
    ("äöü", "de"), ("äö", "sv fi"), ("őű", "hu"), ("șțăâ", "ro"), ("ışğ", "tr"),
    ("àèìò", "it"), ("çêîû", "fr"), ("łąęśż", "pl"), ("řěů", "cs"),
)  # fmt: skip
_NEAR = 0.6  # of the best language's score: another one may be meant, or stand in it, too
_MOST = 3
_CERTAIN = 2.0
_SHORT = 6  # words of a question, times 13 languages of Latin script
_LETTER = 0.5  # of a function word that a word of one letter and a letter of few languages count
_READ = 4000  # characters that are looked at


@dataclass(frozen=True, slots=True)
class Languages:
    """Languages other than English that a text is in, best first, of those with a stemmer.

    `english`: its function words are English, mostly. `certain`: two words or a script say so.
    """

    codes: tuple[str, ...]
    english: bool
    certain: bool


def languages_of(text: str) -> Languages:
    """The languages of a text; none of a text without function words, which may be in any."""
    text = text[:_READ]
    scripts = [] if text.isascii() else [code for code, p in _SCRIPTS if p.search(text)]
    scores = _scores(text)
    best = max(scores.values(), default=0.0)
    english = scores.get("en", 0.0) >= best > 0
    near = [
        language
        for language, score in sorted(scores.items(), key=lambda item: (-item[1], item[0]))
        if score >= _NEAR * best and not english
    ]
    latin = [language for language in near if language in STEMMERS][:_MOST]
    return Languages((*latin, *scripts), english, bool(scripts) or best >= _CERTAIN)


def probable_languages(text: str) -> Languages:
    """Those of a question: where little tells and it is short, every one that is written with its
    letters; of a long one the first, so that few terms are searched."""
    found = languages_of(text)
    words = len(_WORD.findall(text))
    if words > _SHORT and len(found.codes) > 1:
        return replace(found, codes=found.codes[:1])
    if found.english or found.certain or not 0 < words <= _SHORT:
        return found
    return Languages(_LATIN, False, False)


def _scores(text: str) -> dict[str, float]:
    known = languages_of_words()
    scores: defaultdict[str, float] = defaultdict(float)
    lower = text.lower()
    for word in set(_WORD.findall(lower)):
        for language in known.get(word, ()):
            scores[language] += 1.0 if len(word) > 1 else _LETTER
    for letters, languages in _LETTERS if not text.isascii() else ():
        if any(letter in lower for letter in letters):
            for language in languages.split():
                scores[language] += _LETTER
    return scores

"""Character bigrams: the words of scripts that put no blanks between them, and of Korean.

A dictionary finds words better where it has them and nothing where it has not; names and technical
words of a company's documents are what it has not. Bigrams find every run of two or more
characters (Lucene's CJK analyzer does the same).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from octavo.index.analysis.function_words import CHINESE, JAPANESE, KOREAN, KOREAN_ENDING, THAI

_HAN = "々〇㐀-䶿一-鿿豈-﫿\U00020000-\U0003134f"
_KANA = "ぁ-ゖゝゞァ-ヺー-ヿㇰ-ㇿｦ-ﾝ"
_THAI = "\u0e01-\u0e4e\u0e80-\u0edf\u1000-\u109f\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
_HANGUL = "가-힣ᄀ-ᇿㄱ-ㆎ"
_MOST = 96  # bigrams of a question: the first 100 characters of what it asks about
_RUN = re.compile(f"[{_HAN}{_KANA}]+|[{_THAI}]+|[{_HANGUL}]+")
_IS_KANA = re.compile(f"[{_KANA}]")
_IS_HANGUL = re.compile(f"[{_HANGUL}]")
_IS_THAI = re.compile(f"[{_THAI}]")
_HAN_RUN = re.compile(f"[{_HAN}]+")
_HIRAGANA = re.compile("[ぁ-ゖ]+")


def has_ngrams(text: str) -> bool:
    """Whether a text has characters of which bigrams are made."""
    return not text.isascii() and _RUN.search(text) is not None


def text_ngrams(text: str) -> Counter[str]:
    """What a text is indexed under: its bigrams, and single characters that may be words."""
    grams: Counter[str] = Counter()
    for match in _RUN.finditer(text):
        run = match[0]
        grams.update(_bigrams(run))
        if _IS_HANGUL.match(run):
            grams.update(
                {stem for stem in (run[:1], _stem(run)) if len(stem) == 1 and len(run) > 1}
            )
        elif not _IS_THAI.match(run):
            grams.update(c for c in run if _HAN_RUN.match(c))
    return grams


def question_ngrams(text: str) -> list[tuple[str, ...]]:
    """What a question looks for, in order, without its function words; with them where it has
    nothing else. Of several readings in one row any may be meant."""
    content = list(_content(text))
    everything = ((g,) for m in _RUN.finditer(text) for g in _bigrams(m[0]))
    return list(dict.fromkeys(content or everything))[:_MOST]


def part_runs(text: str) -> str:
    """`text` with a blank around each run of these scripts: "PCを" has the word "PC"."""
    return _RUN.sub(r" \g<0> ", text)


def without_runs(text: str) -> str:
    """`text` without the runs of these scripts."""
    return _RUN.sub(" ", text)


def _bigrams(run: str) -> Iterator[str]:
    if len(run) == 1:
        return iter((run,))
    return (run[i : i + 2] for i in range(len(run) - 1))


def _content(text: str) -> Iterator[tuple[str, ...]]:
    """The bigrams of a question's runs that are no function words."""
    is_japanese = _IS_KANA.search(text) is not None
    for match in _RUN.finditer(text):
        run = match[0]
        if _IS_HANGUL.match(run):
            yield from _korean(run)
        elif _IS_THAI.match(run):
            yield from ((g,) for p in THAI.split(run) if len(p) > 1 for g in _bigrams(p))
        else:
            parts = _japanese(run) if is_japanese else (p for p in CHINESE.split(run) if p)
            yield from ((g,) for p in parts for g in _bigrams(p))


def _korean(run: str) -> Iterator[tuple[str, ...]]:
    stem = _stem(run)
    if KOREAN.fullmatch(run) or KOREAN.fullmatch(stem):
        return
    if len(stem) == 1 and len(run) > 1:
        yield (run[:2], stem)  # "배가": a boat with a particle; "회의": a word
    else:
        yield from ((g,) for g in _bigrams(stem))


def _japanese(run: str) -> Iterator[str]:
    """Runs of one script: the endings of a verb or adjective, in hiragana, differ."""
    for part in JAPANESE.split(run):
        for piece in re.split(r"([ぁ-ゖ]+)", part):
            if piece and (len(piece) > 1 or not _HIRAGANA.match(piece)):
                yield piece


def _stem(eojeol: str) -> str:
    """A Korean word without its particles and endings."""
    for _ in range(2):  # 에서 + 는
        match = KOREAN_ENDING.search(eojeol)
        if match is None or match.start() == 0:
            break
        eojeol = eojeol[: match.start()]
    return eojeol

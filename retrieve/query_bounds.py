"""How large a question may be: what of it is searched, and what of what it names is looked up.

The time of a search grows with the word pieces of the question (the encoder, and MaxSim, which
compares each with every row of every candidate) and with what it names (each a search of its own,
whose chunks are read). A question at these bounds costs at most five times a usual one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from index.pieces import pieces
from retrieve.phrases import Mention, MentionKind
from retrieve.query import Understood

#: Word pieces of a question that are searched. Two of 427 questions of mmlong have more (69 at
#: most), one of 1,109 claims of SciFact, none of 225 of Cranfield. Of so many the built-in encoder
#: keeps the states, so that one pass serves all roles (`index/minilm.py: _SHORT`).
PIECES = 64
#: And characters: what the tokenizer takes for few pieces (a word of 10,000 letters is one) is
#: many to other models and to what looks for names. A piece of English has five.
CHARACTERS = 10 * PIECES
#: Of both, the share at the beginning; the rest is the end. Where a long text is pasted, what is
#: asked about it stands before or behind it. Which words are rare only the engine knows.
_HEAD = 0.75
#: Phrases, codes and labels that are looked up, in this order: quoted words leave the fewest
#: passages. Each is a search of its own, and its chunks are read.
LOOKED_UP = 6
#: Chunks that are read for all of them: as many as are looked at for one phrase (`Boosts.phrases`).
#: Those that have a second phrase, too, are among them.
READ = 300
FILES = 4  # file names
PAGES = 32  # a range is 21 at most; all are one filter
#: Documents that are put higher: each is a search beside the one over all. As many may be guessed
#: from their names, and one name may be that of a thousand.
DOCUMENTS = 6
PRINTED = 4  # numbers looked for on pages, of one document or several: 10 to 80 ms each
#: Rows of a question in MaxSim: its pieces, and as many of what its picture was recognised as.
#: Models with a tokenizer of their own may make more of the same text.
ROWS = 2 * PIECES

_LISTED = 8  # of what is left out, that are told
_SAID = 80  # characters of a part that is left out, that are told
_GAP = " … "
#: Where the end of a question begins is chance: its marks may close what was opened before.
_QUOTES = dict.fromkeys(map(ord, '"“”„«»'), " ")
_GROUPS: tuple[tuple[str, tuple[MentionKind, ...], int], ...] = (
    ("phrases, labels and codes", ("phrase", "label", "code"), LOOKED_UP),
    ("file names", ("file",), FILES),
    ("pages", ("page",), PAGES),
)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A question as it is searched, and the part of it that is not, if any."""

    text: str
    left: tuple[Understood, ...] = ()


def shortened(question: str) -> Shortened:
    """A question within `PIECES` and `CHARACTERS` as it is, of a longer one beginning and end."""
    text = question.strip()
    if _fits(text):
        return Shortened(question)
    head, tail = _beginning(text), _end(text)
    left = " ".join(text[len(head) :][:_SAID].split())
    why = f"the question is too long: {_kept(head, tail, text)} are searched"
    both = _GAP.join(part for part in (head, tail.translate(_QUOTES).strip()) if part)
    spans = pieces(both)  # a word that was cut may have a piece more than its part had in it
    both = both[: spans[PIECES][0]] if len(spans) > PIECES else both
    return Shortened(both, (Understood("question", f"{left} ...", "nothing", why),))


def recognised(question: str, searched: str) -> str:
    """What a question's picture was recognised as, of the text as it was searched."""
    return searched.removeprefix(shortened(question).text.strip()).strip()


def selected(said: Sequence[Mention]) -> tuple[list[Mention], list[Understood]]:
    """What of a question's mentions is looked up, the first of each group; and the rest."""
    kept: list[Mention] = []
    left = []
    for name, kinds, most in _GROUPS:
        group = [m for m in said if m.kind in kinds]
        kept += group[:most]
        if rest := group[most:]:
            why = f"not looked up: only the first {most} of {len(group)} {name} are"
            left.append(Understood(rest[0].kind, _named(rest), "nothing", why))
    return kept, left


def _kept(head: str, tail: str, text: str) -> str:
    words = len(text.split())
    if words < PIECES // 2:
        return f"its first {len(head):,} and last {len(tail):,} of {len(text):,} characters"
    return f"its first {len(head.split()):,} and last {len(tail.split()):,} of {words:,} words"


def _named(left: Sequence[Mention]) -> str:
    names = ", ".join(m.said for m in left[:_LISTED])
    more = len(left) - _LISTED
    return f"{names} and {more} more" if more > 0 else names


def _fits(text: str) -> bool:
    # A piece of ASCII is a character or more, so that most questions need not be counted.
    if len(text) <= PIECES and text.isascii():
        return True
    return len(text) <= CHARACTERS and len(pieces(text)) <= PIECES


def _beginning(text: str) -> str:
    """Up to a white space, unless there is none in its second half."""
    part = text[: int(_HEAD * CHARACTERS)]
    spans, most = pieces(part), int(_HEAD * PIECES)
    end = spans[most][0] if len(spans) > most else len(part)
    cuts = (n for n in range(end, end // 2, -1) if n == len(text) or text[n].isspace())
    return text[: next(cuts, end)].rstrip()


def _end(text: str) -> str:
    """From a white space on, unless there is none in its first half."""
    part = text[-(CHARACTERS - int(_HEAD * CHARACTERS)) :]
    spans, most = pieces(part), PIECES - int(_HEAD * PIECES) - 1  # for the sign between
    start = spans[-most][0] if len(spans) > most else 0
    cuts = (n for n in range(start, (start + len(part)) // 2) if part[n - 1 : n].isspace())
    return part[next(cuts, start) :].lstrip()

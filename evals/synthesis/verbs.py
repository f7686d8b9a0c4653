"""The base form of English past tenses, for "When did ... ?"."""

from __future__ import annotations

import re

_IRREGULAR = {
    "became": "become", "began": "begin", "bought": "buy", "built": "build", "burst": "burst",
    "came": "come", "cost": "cost", "cut": "cut", "drew": "draw", "fell": "fall", "found": "find",
    "gave": "give", "got": "get", "grew": "grow", "had": "have", "held": "hold", "hit": "hit",
    "kept": "keep", "laid": "lay", "led": "lead", "left": "leave", "lost": "lose", "made": "make",
    "met": "meet", "paid": "pay", "put": "put", "ran": "run", "read": "read", "rose": "rise",
    "said": "say", "saw": "see", "sent": "send", "set": "set", "sold": "sell", "spent": "spend",
    "took": "take", "went": "go", "won": "win", "wrote": "write",
}  # fmt: skip
#: A past tense, as part of a regular expression.
PAST = rf"(?:{'|'.join(_IRREGULAR)}|[a-z]{{3,}}ed)"
#: Stems in -ed that lose the d alone: approve, increase, replace, change, measure, unite, value.
_KEEPS_E = re.compile(
    r"(?:[vzucg]|[aeiou]s|[^aeiou]l|[^aeo]il|[aiu]r|[aiou]t|[ai]d|[aiou]n|[aeiou]k)e$"
)
_KEEPS_NO_E = re.compile(
    r"(?:[aeo]in|ai[drl]|ea[dtkrl]|oo[dkl]|oa[dtkr]|rn|ll|(?:vis|lim|ed|depos|prof|benef|exhib|aud)it|"
    r"happen|listen|open|need|occur|clean|loan|screen|weaken|widen)$"
)


def base_form(past: str) -> str:
    """ "approve" of "approved"; "" for a word that is no past tense.

    By rules of spelling: an unknown verb may come out wrong, which a reviewer sees.
    """
    if past in _IRREGULAR:
        return _IRREGULAR[past]
    if not past.endswith("ed") or len(past) < 5:
        return ""
    stem = past[:-2]
    if stem.endswith("i"):
        return f"{stem[:-1]}y"
    if stem[-1] == stem[-2] and stem[-1] not in "lsz":
        return stem[:-1]
    if _KEEPS_NO_E.search(stem):
        return stem
    return past[:-1] if _KEEPS_E.search(past[:-1]) else stem

"""Raised digits in word search."""

from __future__ import annotations

import pytest

from octavo.index.encoders.bm25 import question_terms, text_terms
from octavo.index.encoders.raised_words import raised_apart


@pytest.mark.parametrize(
    ("text", "query", "found"),
    [
        ("endures 10⁶ cycles", "106", False),
        ("endures 10⁶ cycles", "10^6", True),
        ("the fee is 650³ EUR", "650", True),
        ("the fee is 650³ EUR", "6503", False),
        ("the breakwater³ is old", "breakwater", True),
        ("an area of 35 m²", "m2", True),
        ("rinse with H₂O", "H2O", True),
    ],
)
def test_a_power_is_no_part_of_its_number(text: str, query: str, found: bool) -> None:
    terms = text_terms(text)
    assert all(any(t in terms for t in group) for group in question_terms(query)) is found


@pytest.mark.parametrize(
    ("text", "apart"), [("12¹⁰", "12^10"), ("(x)³", "(x)^3"), ("5 m²", "5 m2"), ("abc", "abc")]
)
def test_where_raised_digits_are_set_apart(text: str, apart: str) -> None:
    assert raised_apart(text) == apart

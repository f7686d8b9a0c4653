"""Measures of answers and citations, by values worked out by hand and by laws that hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.evals.dataset import AnswerFormat, Dataset, GoldQuestion
from octavo.evals.metrics.answers import by_question, score_answer
from octavo.evals.metrics.citations import (
    CitedRegion,
    box_precision,
    box_recall,
    cited_regions,
    item_precision,
    meets,
)
from octavo.evals.metrics.citations import by_question as citations_by_question
from octavo.evals.metrics.list_answers import items, list_f1, list_recall
from octavo.evals.metrics.numeric_answers import numbers, numeric, numeric_contains, only_number
from octavo.evals.metrics.retrieval import means
from octavo.evals.metrics.text_match import (
    anls,
    contains,
    exact_match,
    normalized,
    token_f1,
)
from octavo.generate.answer import Answer, Citation, Sentence
from octavo.ingest.document import Box, Region

TEXT = st.text(max_size=40)
GOLDS = st.lists(TEXT, min_size=1, max_size=4)
#: Words that meet often enough for the laws to be put to the test.
WORDS = st.lists(
    st.sampled_from(["the", "pump", "No", "12", "0.5", "12%", "and", "Pump,", "-", "(3)", "'x'"]),
    max_size=8,
).map(" ".join)


def asked(text: str, gold: str, kind: AnswerFormat = "Str") -> GoldQuestion:
    return GoldQuestion("q", text, "d", True, None, (gold,), kind)


# ------------------------------------------------------------------ words and characters


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The  Casing-Cover, an oil!", "casingcover oil"),
        ("“Quoted” – ﬁne", "quoted fine"),
        ("A", "a"),  # nothing would be left
        ("A.", "a"),
        ("(The)", "the"),
        (" + ", "+"),
        ("", ""),
    ],
)
def test_normalized(text: str, plain: str) -> None:
    assert normalized(text) == plain


def test_exact_match_and_f1_by_hand() -> None:
    assert exact_match("The ISO VG 46.", ["iso vg 46"]) == 1
    assert exact_match("ISO VG 68", ["iso vg 46"]) == 0
    assert exact_match("-", ["+"]) == 0
    # Of 4 tokens 2 are right, of 3 wanted 2 are there: 2 * 2 / (4 + 3).
    assert token_f1("ISO VG oil grade", ["the ISO VG 46"]) == pytest.approx(4 / 7)
    assert token_f1("oil oil", ["oil"]) == pytest.approx(2 / 3)
    assert token_f1("water", ["oil", "the water"]) == 1


def test_anls_by_hand() -> None:
    assert anls("sitting", ["kitten"]) == pytest.approx(1 - 3 / 7)
    assert anls("Discharge  Valve", ["discharge valve"]) == 1
    assert anls("ab", ["cd"]) == 0
    assert anls("abXX", ["abcd"]) == 0  # a distance of exactly one half
    assert anls("abXX", ["abcd"], threshold=0.6) == 0.5
    assert anls("valve", ["v" * 400, "valves"]) == pytest.approx(5 / 6)


def test_long_texts_are_compared_in_part() -> None:
    same = "x" * 4096
    assert anls(same + "a" * 3000, [same + "b" * 3000]) == 1


def test_contains_by_hand() -> None:
    quote = "In 2015-2016, the sub-surface pressure was 0.1 bar (see Fig. 3)."
    assert contains(quote, ["Sub surface PRESSURE"]) == 1
    assert contains(quote, ["2015 – 2016"]) == 1
    assert contains(quote, ["pressure bar"]) == 0  # not side by side
    assert contains(quote, ["01 bar"]) == 0  # 0.1 is not 01
    assert contains(quote, ["pres"]) == 0  # part of a word
    assert contains("It cost 1,234 euros", ["1234 euros"]) == 1
    assert contains("***", ["+"]) == 0


def test_a_gold_of_articles_alone_does_not_vanish() -> None:
    assert exact_match("A.", ["A"]) == 1
    assert token_f1("(a)", ["A"]) == 1
    assert contains("Group A, by 3 points", ["A"]) == 1
    assert contains("It is a group of the best", ["A"]) == 0  # as printed, or any sentence has it
    assert contains("a)", ["A."]) == 1  # it is the answer
    assert contains("Groups B and A", ["A"], "Is it A or B?") == 0
    assert contains("A, not B", ["A"], "Is it A or B?") == 1
    assert list_recall("Groups A and B", ["['A', 'B']"]) == 1
    assert list_recall("Group B has a chance", ["['A', 'B']"]) == 0.5


def test_what_the_question_names_must_come_first() -> None:
    question = "Which is larger, the Europe index or the US index?"
    both = "US index: 100. Europe index: 90."
    assert contains(both, ["Europe index"], question) == 0
    assert contains(both, ["US index"], question) == 1
    assert contains("There is no sign", ["No"]) == 0
    assert contains("No, there is none", ["no"]) == 1


# ------------------------------------------------------------------ numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("$1,358,000 and $ 2.5", [1358000, 2.5]),
        ("21 % or 3 percent", [21, 3]),
        ("-60.3%, −4 (–2)", [-60.3, -4, -2]),
        ("2015-2016", [2015, 2016]),
        ("399 million, 3.0bn, 2 crore", [399e6, 3e9, 2e7]),
        ("twenty-one, Thirty and four hundred", [21, 30, 400]),
        ("one of the two", [2]),
        ("there is one", [1]),
        ("minus three", [-3]),
        (".5 and 0.5.", [0.5, 0.5]),
        ("[1, 5,3]", [1, 5, 3]),
        ("section 3.6.8 of H2O v1", []),
        ("- 5 items", [5]),
        ("20kg", [20]),
        ("9" * 400, []),  # no float holds it
        ("someone phoned", []),
    ],
)
def test_numbers_as_printed(text: str, values: list[float]) -> None:
    assert [n.value for n in numbers(text)] == values


def test_only_number() -> None:
    assert only_number(" $45. ") is not None
    assert only_number("45 litres") is None
    assert only_number("13:51") is None


def test_numeric_is_within_its_tolerance() -> None:
    assert numeric("The torque is 145 N·m.", ["150"]) == 1
    assert numeric("The torque is 142 N·m.", ["150"]) == 0
    assert numeric("0.95", ["1"]) == 1
    assert numeric("0.949", ["1"]) == 0
    assert numeric("145", ["150"], tolerance=0) == 0
    assert numeric("Between 145 and 150", ["150"]) == 0  # which?
    assert numeric("145, so 145", ["145"]) == 1
    assert numeric("0.21", ["21%"]) == 1
    assert numeric("21%", ["0.21"]) == 1
    assert numeric("0.21", ["21"]) == 0
    assert numeric("Until December 31.", ["30.3%"]) == 0
    assert numeric("31%", ["30.3%"]) == 1
    assert numeric("$3.0 billion", ["3.0"]) == 1
    assert numeric("3", ["3 billion"]) == 0
    assert numeric("0", ["0"]) == 1
    assert numeric("many", ["many"]) == 0


def test_one_of_several_numbers() -> None:
    assert numeric_contains("Round 2: 70 N·m, then 145", ["145"]) == 1
    assert numeric_contains("1.344 of 20", ["1.34"]) == 1  # rounds to it
    assert numeric_contains("1.346 of 20", ["1.34"]) == 0
    assert numeric_contains("1.344 of 20", ["1"]) == 0
    # Small numbers are found by chance: at most two of one digit, three of two.
    assert numeric_contains("3 of 8 in 1954", ["3"]) == 1
    assert numeric_contains("3 of 8 or 9", ["3"]) == 0
    assert numeric_contains("10, 11, 12", ["12"]) == 1
    assert numeric_contains("10, 11, 12, 13", ["12"]) == 0
    assert numeric_contains("100, 101, 102, 103", ["102"]) == 1
    assert numeric_contains("70% or 78%, April 29", ["29%"]) == 0
    assert numeric_contains("70, 29", ["29%"]) == 1  # a table's column head has the sign


def test_numbers_of_the_question_are_not_the_answer() -> None:
    question = "How many of the 12 references of 2021 are theirs?"
    assert numeric("In 2021, 8 of 12.", ["8"]) == 0
    assert numeric("In 2021, 8 of 12.", ["8"], 0.05, question) == 1
    assert numeric("All 12.", ["12"], 0.05, question) == 1
    assert numeric("In 2021.", ["8"], 0.05, question) == 0
    assert numeric_contains("2 or 3 of 6", ["3"], "Of 6, how many?") == 1
    assert numeric_contains("2 or 3 of 6", ["3"], "How many?") == 0


# ------------------------------------------------------------------ lists


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("['White', '10%']", ("White", "10%")),
        ('["it\'s", " "]', ("it's",)),
        ("[16, 19]", ("16", "19")),
        ("[]", ()),
        ("White", ("White",)),
        ("[see Fig. 3]", ("[see Fig. 3]",)),
        (r"['\d']", (r"\d",)),
        ("[{[]: 1}]", ("[{[]: 1}]",)),
        ("[" * 500 + "]" * 500, ("[" * 500 + "]" * 500,)),
    ],
)
def test_items(text: str, found: tuple[str, ...]) -> None:
    assert items(text) == found


def test_list_recall() -> None:
    gold = "['Agricultural Drough', '10%', 'Forest Fire', 'Page 4']"
    answer = "Forest fire; agricultural drought: 10 of 12 on page 5."
    assert list_recall(answer, [gold]) == 0.75
    assert list_recall("nothing", [gold]) == 0
    assert list_recall("Agricultural District 11", ["['Agricultural District 12']"]) == 0


def test_list_f1() -> None:
    # Of three parts two are items (0.667), of four items two are found (0.5): 4 / 7.
    answer = "red, green and violet"
    assert list_f1(answer, ["['red', 'green', 'blue', 'black']"]) == pytest.approx(4 / 7)
    assert list_f1("['red', 'blue']", ["['blue', 'red']"]) == 1
    assert list_f1("[]", ["['blue']"]) == 0


# ------------------------------------------------------------------ by format


def test_a_number_is_scored_as_one() -> None:
    scores = score_answer("It takes 46 litres", asked("How much?", "45", "Float"))
    assert scores == {
        "answer numeric": 1,
        "answer numeric contains": 0,
        "answer correct": 1,
    }
    assert score_answer("46", asked("How many?", "45", "Int"))["answer correct"] == 0


@pytest.mark.parametrize(("answer", "gold"), [("-5", "5"), ("5", "-5"), ("1,5", "1.5")])
@pytest.mark.parametrize("kind", ["Int", "Float"])
def test_a_number_is_no_text_without_its_marks(answer: str, gold: str, kind: AnswerFormat) -> None:
    scores = score_answer(answer, asked("How much?", gold, kind))
    assert scores == {
        "answer numeric": 0,
        "answer numeric contains": 0,
        "answer correct": 0,
    }


def test_text_and_lists_are_scored_as_such() -> None:
    text = score_answer("Close the discharge valve first.", asked("What?", "discharge valve"))
    assert text["answer contains"] == 1
    assert text["answer ANLS"] == 0
    assert text["answer correct"] == 1
    time = score_answer("at 13:51 CET", asked("When?", "13:51 CET", "Int"))
    assert time["answer contains"] == 1  # the gold is no number: it is text
    assert time["answer exact match"] == 0
    some = score_answer("red", asked("Which?", "['red', 'blue']", "List"))
    assert some["answer list recall"] == 0.5
    assert some["answer correct"] == 0
    assert "answer ANLS" in score_answer("none", asked("Which?", "[]", "List"))


@pytest.mark.parametrize("kind", ["Str", "Int", "Float", "List"])
def test_an_abstention_scores_nothing(kind: AnswerFormat) -> None:
    scores = score_answer("  ", asked("How many?", "[3]" if kind == "List" else "3", kind))
    assert set(scores.values()) == {0.0}
    assert len(scores) == (3 if kind in ("Int", "Float") else 5)


def test_what_has_no_gold_is_not_scored() -> None:
    assert score_answer("x", GoldQuestion("q", "?", answerable=True)) == {}
    assert score_answer("x", GoldQuestion("q", "?", answerable=False, answers=("x",))) == {}
    assert score_answer("x", GoldQuestion("q", "?", answers=(" ",))) == {}
    with pytest.raises(ValueError, match="no gold answer"):
        exact_match("x", [])


@pytest.mark.parametrize(
    ("answer", "gold", "right"),
    [
        ("Special Agent Mark Silski", "Special Agent Marc Silski", True),
        ("01983873655", "01983 873655", True),
        ("01983 873656", "01983 873655", False),
        ("16:00", "15:00", False),
        ("decrease", "increase", False),
        ("It opens at 15:00.", "15:00", True),
        ("It is not said.", "yes", False),
    ],
)
def test_text_is_right_if_it_holds_the_gold_or_is_it_misspelt(
    answer: str, gold: str, right: bool
) -> None:
    scores = score_answer(answer, asked("?", gold))
    assert (scores["answer correct"] == 1) is right


def test_means_take_unanswered_questions_for_wrong() -> None:
    questions = [
        GoldQuestion("a", "?", answers=("oil",)),
        GoldQuestion("b", "?", answers=("water",)),
        GoldQuestion("c", "?", answers=("3",), answer_format="Int"),
        GoldQuestion("d", "?", answerable=False),
    ]
    each = by_question({"a": "oil", "d": "x"}, questions)
    assert set(each) == {"a", "b", "c"}
    found = means(each)
    assert found["answer correct"] == pytest.approx(1 / 3)
    assert found["answer ANLS"] == 0.5
    assert found["answer numeric"] == 0
    assert means({}) == {}


# ------------------------------------------------------------------ laws


@given(st.one_of(TEXT, WORDS), st.one_of(GOLDS, st.lists(WORDS, min_size=1, max_size=4)))
def test_stricter_measures_are_never_higher(answer: str, golds: list[str]) -> None:
    exact = exact_match(answer, golds)
    assert exact <= token_f1(answer, golds)
    assert exact <= contains(answer, golds)
    assert numeric(answer, golds, 0.0) <= numeric_contains(answer, golds)
    assert numeric(answer, golds, 0.01) <= numeric(answer, golds, 0.05)
    assert anls(answer, golds, 0.3) <= anls(answer, golds, 0.5)
    for value in (token_f1(answer, golds), anls(answer, golds), list_f1(answer, golds)):
        assert 0 <= value <= 1


@given(st.one_of(TEXT, WORDS))
def test_the_gold_itself_is_right(text: str) -> None:
    whole = 1.0 if text.strip() else 0.0
    assert exact_match(text, [text]) == whole
    assert token_f1(text, [text]) == whole
    assert anls(text, [text]) == whole
    assert contains(text, [text]) == whole
    if only_number(text):
        assert numeric(text, [text], 0.0) == 1


@given(WORDS, WORDS)
def test_likeness_has_no_direction(a: str, b: str) -> None:
    if a.strip() and b.strip():
        assert anls(a, [b]) == anls(b, [a])
        assert token_f1(a, [b]) == token_f1(b, [a])


@given(WORDS, st.lists(WORDS, min_size=1, max_size=4))
def test_the_order_of_golds_does_not_matter(answer: str, golds: list[str]) -> None:
    turned = golds[::-1]
    for measure in (exact_match, token_f1, anls, contains, numeric, list_recall, list_f1):
        assert measure(answer, golds) == measure(answer, turned)
        assert measure(answer, golds) == max(measure(answer, [g]) for g in golds)


@given(WORDS, WORDS, WORDS)
def test_words_around_it_do_not_hide_a_gold(before: str, gold: str, after: str) -> None:
    if contains(gold, ["pump"]):
        assert contains(f"{before} {gold} {after}", ["pump"]) == 1


# ------------------------------------------------------------------ citations


def cited(name: str, page: int, *box: float) -> CitedRegion:
    return CitedRegion(name, page, Box(*box) if box else Box(0, 0, 10, 10))


GOLD_BOXES = {("a", 1): [Box(0, 0, 100, 100)], ("a", 2): [Box(0, 0, 10, 10)]}
DATASET = Dataset(
    "set",
    "page",
    (
        GoldQuestion("q1", "?", answerable=True),
        GoldQuestion("q2", "?", answerable=True),
        GoldQuestion("q3", "?", answerable=False),
        GoldQuestion("q4", "?"),
    ),
    {"q1": {"a#p1": 1, "a#p2": 1, "a#p3": 0}, "q2": {"a#p1": 1}, "q3": {"a#p1": 1}},
    (),
    {"q1": GOLD_BOXES},
)


def test_what_meets_a_box() -> None:
    figure = Box(0, 0, 100, 100)
    assert meets(Box(10, 10, 50, 20), figure)  # a line inside it
    assert meets(Box(0, 0, 500, 800), figure)  # a page around it
    assert meets(Box(-10, 0, 10, 10), figure)  # half of the line
    assert not meets(Box(-11, 0, 10, 10), figure)
    assert not meets(Box(10, 10, 10, 20), figure)  # no area


def test_citations_by_hand() -> None:
    places = [cited("a", 1, 0, 0, 50, 10), cited("a", 1, 200, 0, 250, 10), cited("a", 3)]
    values = citations_by_question({"q1": places, "q2": [], "q3": places}, DATASET)
    assert values["q1"] == {
        "citation precision": pytest.approx(2 / 3),
        "citation recall": 0.5,
        "citation box precision": pytest.approx(1 / 3),
        "citation box recall": 0.5,
    }
    # Answered without a citation: wrong in both. The unanswerable one and that without gold: none.
    assert values["q2"] == {"citation precision": 0, "citation recall": 0}
    assert set(values) == {"q1", "q2"}


def test_recall_counts_what_was_not_answered_and_precision_does_not() -> None:
    found = means(citations_by_question({"q1": [cited("a", 1), cited("a", 2)]}, DATASET))
    assert found == {
        "citation recall": 0.5,
        "citation precision": 1,
        "citation box recall": 1,
        "citation box precision": 1,
    }
    assert means(citations_by_question({}, DATASET)) == {
        "citation recall": 0,
        "citation box recall": 0,
    }
    assert means(citations_by_question({}, DATASET, ["q4"])) == {}
    assert (
        means(citations_by_question({"q1": [cited("a", 1)]}, DATASET, ["q1"]))["citation recall"]
        == 0.5
    )


def test_boxes_meet_on_their_own_page_only() -> None:
    assert box_precision([cited("a", 2), cited("a", 9), cited("b", 2)], GOLD_BOXES) == 1 / 3
    assert box_recall([cited("a", 2), cited("b", 1)], GOLD_BOXES) == 0.5
    assert box_precision([], GOLD_BOXES) == 0
    assert item_precision([cited("a", 7)], {"a"}, "document") == 1


def test_regions_of_an_answer_stand_once() -> None:
    one, two = Region("id", 1, Box(0, 0, 1, 1)), Region("id", 2, Box(0, 0, 1, 1))
    sentence = Sentence("Text.", (Citation("a.pdf", "text", (one, two)),), 1.0)
    found = cited_regions(Answer((sentence, sentence), 1.0))
    assert found == (CitedRegion("a.pdf", 1, one.box), CitedRegion("a.pdf", 2, two.box))
    assert found[1].item("page") == "a.pdf#p2"
    assert found[1].item("document") == "a.pdf"
    assert cited_regions(Answer((), 0.1, "no")) == ()

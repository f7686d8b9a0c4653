"""A question has a size: what models and engine are handed of one, and what is said of the rest."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from api.service import Service
from api.settings import Settings
from api.show import show_answer
from generate.extractive import Extractive
from index.encode import Matrix
from index.pieces import pieces
from index.store import Filter, Sparse
from rerank.rerank import query_rows
from retrieve.exact import Heard
from retrieve.hearing import with_printed
from retrieve.query import Query
from retrieve.query_bounds import (
    CHARACTERS,
    DOCUMENTS,
    FILES,
    LOOKED_UP,
    PAGES,
    PIECES,
    PRINTED,
    READ,
    ROWS,
    recognised,
    shortened,
)
from tests.conftest import ROOT, WHALES, picture, text_pdf
from tests.test_asking import PARTS, figures_pdf, source

LONG = 10_000  # characters of a question, as many as a request may have
USUAL = "How tight are the bolts of the impeller AX-4410?"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def filled(parts: Iterator[str]) -> str:
    """`LONG` characters of them."""
    found = ""
    while len(found) < LONG:
        found += next(parts) + " "
    return found[:LONG]


def repeated(text: str) -> str:
    return filled(itertools.repeat(text))


def words() -> Iterator[str]:
    return ("".join(letters) for letters in itertools.product(_LETTERS, repeat=3))


QUESTIONS = {
    "short words": filled(words()),
    "one word": "x" * LONG,
    "no spaces": ("aB3dE7/" * LONG)[:LONG],
    "phrases": repeated('"a b"'),
    "different phrases": filled(f'"{a} bolt"' for a in words()),
    "phrases that many have": filled(
        itertools.cycle(f'"{w}"' for w in ("bolt", "pump", "oil", "seal", "filter", "bearing"))
    ),
    "codes": filled(f"B-{n}" for n in itertools.count(100)),
    "codes with units": filled(f"{n}.5 Nm" for n in itertools.count(1)),
    "one code": ("A1-" * LONG)[:LONG],
    "pages": filled(f"page {n}" for n in itertools.count(1)),
    "ranges of pages": filled(f"pages {n}-{n + 19}" for n in itertools.count(1, 20)),
    "figures": filled(f"figure {n}" for n in itertools.count(1)),
    "files": filled(f"in f{n}.pdf" for n in itertools.count(1)),
    "one file": repeated("readme.txt"),
    "documents": repeated("the parts list and the annual report, page 2, the drawings"),
    "punctuation": ("?!.,;:()[]" * LONG)[:LONG],
    "quotes": '"' * LONG,
    "Chinese": "".join(chr(0x4E00 + n) for n in range(LONG)),
    "Korean": "".join(chr(0xAC00 + n) for n in range(LONG)),
    "combining marks": ("a" + "\u0301\u0316" * LONG)[:LONG],
    "letters that fold to eighteen": "\ufdfa" * LONG,
    "white space": "bolt" + " " * (LONG - 8) + "seal",
}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Parts, drawings, and eight files of one name, with more chunks than one question may read."""
    folder = tmp_path_factory.mktemp("bounds") / "index"
    files = [("parts-list.pdf", text_pdf(PARTS)), ("drawings.pdf", figures_pdf())]
    files += [
        ("annual-report.txt", b"Revenue rose to 12 million."),
        ("whales.txt", WHALES.encode()),
    ]
    files += [("readme.txt", f"Pump {n}: change the oil, then seal it.".encode()) for n in range(8)]
    said = (f"# Pump {n}\n\nThe bolt of pump {n} at the filter." for n in range(2 * READ + 60))
    files.append(("pumps.md", "\n\n".join(said).encode()))
    sources = [replace(source(n, d), source=f"/{i}/{n}") for i, (n, d) in enumerate(files)]
    with closing(Service(Settings(index=folder), create=True)) as service:
        assert [r.outcome for r in service.ingest(sources)] == ["added"] * len(files)
        assert service.status().chunks > READ
        yield service


@dataclass
class Handed:
    """What the engine and the encoders are handed of one question."""

    searches: list[tuple[list[Any], Filter]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)  # of MaxSim
    read: int = 0  # chunks before MaxSim
    names: int = 0  # times that the names of all documents are read
    texts: list[str] = field(default_factory=list)

    @property
    def terms(self) -> int:
        """Of the longest sparse vector."""
        vectors = [leg.vector for legs, _ in self.searches for leg in legs]
        return max((len(v.indices) for v in vectors if isinstance(v, Sparse)), default=0)

    @property
    def looked_up(self) -> int:
        return max((len(legs) for legs, _ in self.searches if legs[0].name == "exact"), default=0)


@pytest.fixture
def handed(asked: Service, monkeypatch: pytest.MonkeyPatch) -> Handed:
    """The real store and encoders, counted."""
    found = Handed()
    store, text = asked._store, asked.encoders.text
    search, maxsim, chunks, documents, embed = (
        store.search, store.maxsim, store.chunks, store.documents, text.embed_queries,
    )  # fmt: skip

    def searched(legs: Sequence[Any], fusion: Any, limit: int, where: Filter) -> Any:
        found.searches.append((list(legs), where))
        return search(legs, fusion, limit, where)

    def compared(tokens: Matrix, *rest: Any) -> Any:
        found.rows.append(len(tokens))
        return maxsim(tokens, *rest)

    def read(ids: Sequence[str]) -> Any:
        found.read += 0 if found.rows else len(ids)
        return chunks(ids)

    def listed() -> Any:
        found.names += 1
        return documents()

    def embedded(texts: Sequence[str]) -> Matrix:
        found.texts += texts
        return embed(texts)

    for name, call in {"search": searched, "maxsim": compared, "chunks": read,
                       "documents": listed}.items():  # fmt: skip
        monkeypatch.setattr(store, name, call)
    monkeypatch.setattr(text, "embed_queries", embedded)
    return found


@pytest.mark.parametrize("kind", QUESTIONS)
def test_models_and_engine_are_handed_no_more_than_the_bounds(
    asked: Service, handed: Handed, kind: str
) -> None:
    question = QUESTIONS[kind]
    assert len(question) == LONG
    asked.search(Query(question))
    assert [len(pieces(t)) <= PIECES and len(t) <= CHARACTERS + 3 for t in handed.texts] == [True]
    assert all(n <= ROWS for n in handed.rows)
    assert handed.terms <= 2 * PIECES
    assert handed.looked_up <= LOOKED_UP
    assert handed.read <= READ
    assert handed.names <= 2
    places = 2 + PRINTED + 2 * DOCUMENTS  # looked up and numbered pages, printed ones, documents
    assert len(handed.searches) <= 2 + places
    filters = [where for _, where in handed.searches]
    assert all(len(f.documents) <= READ and len(f.pages) <= max(PAGES, READ) for f in filters)


def test_what_a_question_has_at_most_is_handed_whole(asked: Service, handed: Handed) -> None:
    asked.search(Query(f'{USUAL} "one bolt" figure 2, page 1'))
    assert handed.texts == [f'{USUAL} "one bolt" figure 2, page 1']
    assert handed.looked_up == 3


def test_usual_questions_are_searched_as_they_are() -> None:
    lines = (ROOT / "examples/evalset/queries.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["text"] for line in lines]
    assert len(questions) == 84
    for text in (
        *questions,
        "",
        f"  {USUAL}\n",
        "泵的轴承温度是多少?",
        " ".join(["bolt"] * PIECES),
    ):
        assert (shortened(text).text, shortened(text).left) == (text, ())


@settings(deadline=None)  # the first reads the tokenizer's file
@given(st.text(st.sampled_from('ab1 "B-/.,é한泵\u0301ป\U0001f600\n'), min_size=50, max_size=1500))
@example("x" * 150 + " bolt" * 200)
@example("bolt " * 63 + "x" * 400)
@example('"' * 900)
def test_of_a_long_question_the_beginning_and_the_end_are_searched(text: str) -> None:
    found = shortened(text)
    if not found.left:
        assert found.text == text
        assert len(pieces(text.strip())) <= PIECES
        assert len(text.strip()) <= CHARACTERS
        return
    assert len(pieces(found.text)) <= PIECES
    assert len(found.text) <= CHARACTERS + 3
    head = found.text.split(" … ")[0]
    assert head
    assert text.strip().startswith(head)
    assert len(found.left) == 1
    assert found.left[0].kind == "question"


def test_words_are_not_cut() -> None:
    said = [f"word{n}" for n in range(500)]
    kept = shortened(" ".join(said)).text.replace(" …", "").split()
    assert len(kept) < PIECES
    assert set(kept) <= set(said)
    assert kept[0] == "word0"
    assert kept[-1] == "word499"


@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_question_beside_a_pasted_text_is_answered(asked: Service, place: str) -> None:
    pasted = " ".join(f"We met on day {n} and talked about the weather." for n in range(150))
    question = "Is the filter basket cleaned each month?"
    text = f"{question} {pasted}" if place == "before" else f"{pasted} {question}"
    hits = asked.search(Query(text[:LONG])).hits
    assert any("basket" in h.text for h in hits[:3])


@pytest.mark.parametrize("way", ["search", "explain", "ask"])
def test_what_is_left_out_is_told(asked: Service, way: str) -> None:
    question = "Which bolt? " + "lorem ipsum " * 500
    found = getattr(asked, way)(Query(question))
    assert [(u.kind, u.use) for u in found.understood] == [("question", "nothing")]
    [row] = found.understood
    assert "of 1,002 words are searched" in row.why
    assert row.said.startswith("lorem ipsum") or row.said.startswith("ipsum lorem")
    assert "…" in found.searched
    assert len(found.searched) <= CHARACTERS + 3
    if way == "ask":
        assert found.question == question


def test_a_reader_of_answers_is_told(asked: Service, capsys: pytest.CaptureFixture[str]) -> None:
    show_answer(asked.ask(Query("Which bolt? " + "lorem ipsum " * 500)))
    said = " ".join(capsys.readouterr().out.split())
    assert "the question is too long: its first " in said
    show_answer(asked.ask(Query(USUAL)))
    assert "too long" not in capsys.readouterr().out


def test_what_is_not_looked_up_is_told(asked: Service) -> None:
    codes = [f"B-{n}" for n in range(100, 100 + LOOKED_UP + 3)]
    told = asked.search(Query(" ".join(codes))).understood
    assert [u.said for u in told[:LOOKED_UP]] == codes[:LOOKED_UP]
    assert told[LOOKED_UP:] == [told[-1]]
    assert told[-1].said == ", ".join(codes[LOOKED_UP:])
    count = len(codes)
    assert f"only the first {LOOKED_UP} of {count} phrases, labels and codes" in told[-1].why


def test_pages_over_the_bound_are_told(asked: Service) -> None:
    told = asked.search(Query("pages 1-20, pages 30-49")).understood
    assert [u.said for u in told if u.use == "boost"][-1] == f"page {30 + PAGES - 21}"
    assert (told[-1].kind, told[-1].use) == ("page", "nothing")
    assert told[-1].said.startswith("page 42, page 43, ")
    assert f"only the first {PAGES} of 40 pages" in told[-1].why


def test_chunks_over_the_bound_are_told(asked: Service, handed: Handed) -> None:
    """Nearly every chunk has "bolt" and "filter": the first takes all that may be read, and those
    that have both are found among them."""
    found = asked.search(Query('"bolt" "filter" "pump 7"'))
    assert handed.read == READ
    assert [u.use for u in found.understood] == ["filter"] * 3
    assert f"only {READ} passages are looked at" in found.understood[-1].why
    for hit in found.hits:
        said = " ".join([*hit.section, hit.text]).lower()
        assert "bolt" in said
        assert "filter" in said
        assert "pump 7" in said


def test_a_quote_that_was_cut_is_no_filter(asked: Service) -> None:
    """The end may begin within a quotation: what stands between two of them was not quoted."""
    text = f'{USUAL} "{"lorem " * 300}" and the seal "ipsum" says "dolor'
    assert '"' not in shortened(text).text.split(" … ")[1]
    assert not [u for u in asked.search(Query(text)).understood if u.kind == "phrase"]


def test_one_name_of_many_documents_raises_a_few(asked: Service, handed: Handed) -> None:
    found = asked.search(Query("oil, readme.txt"))
    row = next(u for u in found.understood if u.kind == "file")
    assert (row.use, row.why) == ("boost", "the first 6 of 8 documents that have this name")
    assert len(handed.searches) == 1 + DOCUMENTS


def test_names_are_read_once_for_all_unknown_files(asked: Service, handed: Handed) -> None:
    files = " ".join(f"f{n}.pdf" for n in range(FILES + 2))
    told = asked.search(Query(files)).understood
    assert handed.names <= 2
    assert [u.said for u in told[:FILES]] == [f"f{n}.pdf" for n in range(FILES)]
    assert f"only the first {FILES} of {FILES + 2} file names" in told[-1].why


def test_a_file_that_came_just_now_is_found(service: Service) -> None:
    list(service.ingest([source("old.txt", b"The seal is made of steel.")]))
    assert service.search(Query("seal in old.txt")).understood[0].use == "filter"
    list(service.ingest([source("new.txt", b"The seal is made of rubber.")]))
    assert service.search(Query("seal in new.txt")).understood[0].use == "filter"


def test_few_pages_are_read_for_printed_numbers() -> None:
    looked: list[tuple[str, int]] = []

    def numbered(document: str, number: int) -> int | None:
        looked.append((document, number))
        return number + 2

    heard = Heard(Filter(), documents=dict.fromkeys("abc", 0.1), pages=(1, 2, 3))
    told = with_printed(heard, numbered).understood
    assert looked == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
    assert len(looked) == PRINTED
    assert (told[-1].use, told[-1].why) == (
        "nothing", f"printed numbers: only {PRINTED} of 9 were looked for"
    )  # fmt: skip
    few = Heard(Filter(), documents={"a": 0.1}, pages=(1,))
    assert [u.use for u in with_printed(few, numbered).understood] == ["boost"]


class ManyRows:
    """A token encoder whose tokenizer makes a row of every letter."""

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        return [np.ones((len(t), 4), np.float32) for t in texts]


def test_maxsim_compares_a_bounded_number_of_rows() -> None:
    encoder: Any = ManyRows()
    assert len(query_rows("x" * 1000, encoder)) == ROWS
    assert len(query_rows(USUAL, encoder)) == len(USUAL)


def test_a_picture_keeps_its_own_part_of_a_long_question(asked: Service) -> None:
    question = "Which bolt? " + "lorem ipsum " * 500
    found = asked.search(Query(question, picture(color="#4477aa")))
    assert found.searched.startswith(shortened(question).text)
    taken_for = recognised(question, found.searched)
    assert "Ring and housing" in taken_for
    assert recognised(USUAL, f"{USUAL} {taken_for}") == taken_for
    assert recognised(USUAL, USUAL) == ""


def test_the_answerer_reads_no_more_than_was_searched(asked: Service, handed: Handed) -> None:
    question = "How tight are the bolts of the impeller? " + "lorem ipsum " * 500
    answer = asked.ask(Query(question))
    assert isinstance(asked.generator, Extractive)
    assert set(handed.texts) == {shortened(question).text}
    assert answer.evidence


def cpu(call: Callable[[Query], object], question: str, service: Service) -> float:
    """Processor seconds at the least of some runs, nothing kept of the one before."""
    least = float("inf")
    for n in range(4):
        service._cache._kept.clear()
        start = time.process_time()
        call(Query(f"{n}{question}"))
        least = min(least, time.process_time() - start)
    return least


@pytest.mark.parametrize("way", ["search", "explain", "ask"])
def test_a_question_at_the_bound_costs_a_few_times_a_usual_one(asked: Service, way: str) -> None:
    """Five times by design; before there were bounds it was 100 and more."""
    call = getattr(asked, way)
    call(Query("Warm up"))
    usual = cpu(call, USUAL, asked)
    for kind in ("short words", "phrases", "codes", "quotes"):
        assert cpu(call, QUESTIONS[kind][: LONG - 1], asked) < 10 * usual, kind

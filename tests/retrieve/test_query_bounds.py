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

from octavo.api.console.answers import show_answer
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.generate.extractive import Extractive
from octavo.index.encoders.encoder import Matrix
from octavo.index.encoders.word_pieces import pieces
from octavo.index.store import Filter, Sparse
from octavo.rerank.rerank import query_token_vectors
from octavo.retrieve.query import Query
from octavo.retrieve.understanding.boosts import QueryConstraints
from octavo.retrieve.understanding.query_bounds import (
    CHARACTERS,
    CHUNKS,
    DOCUMENTS,
    FILES,
    LOOKED_UP,
    PAGE_LABELS,
    PAGES,
    PIECES,
    ROWS,
    image_caption,
    shortened,
)
from octavo.retrieve.understanding.query_understanding import with_labelled_pages
from tests.conftest import ROOT, WHALES, picture, text_pdf
from tests.retrieve.test_understanding import PARTS, figures_pdf, source

LONG = 10_000  # characters of a question, as many as a request may have
USUAL = "How tight are the bolts of the impeller AX-4410?"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def filled(parts: Iterator[str]) -> str:
    """`LONG` characters of them."""
    text = ""
    while len(text) < LONG:
        text += next(parts) + " "
    return text[:LONG]


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
def filled_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Parts, drawings, and eight files of one name, with more chunks than one question may read."""
    folder = tmp_path_factory.mktemp("bounds") / "index"
    files = [("parts-list.pdf", text_pdf(PARTS)), ("drawings.pdf", figures_pdf())]
    files += [
        ("annual-report.txt", b"Revenue rose to 12 million."),
        ("whales.txt", WHALES.encode()),
    ]
    files += [("readme.txt", f"Pump {n}: change the oil, then seal it.".encode()) for n in range(8)]
    chunks_of_pumps = (
        f"# Pump {n}\n\nThe bolt of pump {n} at the filter." for n in range(2 * CHUNKS + 60)
    )
    files.append(("pumps.md", "\n\n".join(chunks_of_pumps).encode()))
    sources = [replace(source(n, d), source=f"/{i}/{n}") for i, (n, d) in enumerate(files)]
    with closing(Service(Settings(index=folder), create=True)) as service:
        assert [r.outcome for r in service.ingest(sources)] == ["added"] * len(files)
        assert service.status().chunks > CHUNKS
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
        vectors = [subquery.vector for subqueries, _ in self.searches for subquery in subqueries]
        return max((len(v.indices) for v in vectors if isinstance(v, Sparse)), default=0)

    @property
    def looked_up(self) -> int:
        return max(
            (len(subqueries) for subqueries, _ in self.searches if subqueries[0].name == "exact"),
            default=0,
        )


@pytest.fixture
def handed(filled_service: Service, monkeypatch: pytest.MonkeyPatch) -> Handed:
    """The real store and encoders, counted."""
    counts = Handed()
    store, text = filled_service._store, filled_service.encoders.text
    search, maxsim, chunks, documents, embed = (
        store.search, store.maxsim, store.chunks, store.documents, text.embed_queries,
    )  # fmt: skip

    def searched(subqueries: Sequence[Any], fusion: Any, limit: int, where: Filter) -> Any:
        counts.searches.append((list(subqueries), where))
        return search(subqueries, fusion, limit, where)

    def compared(tokens: Matrix, *rest: Any) -> Any:
        counts.rows.append(len(tokens))
        return maxsim(tokens, *rest)

    def read(ids: Sequence[str]) -> Any:
        counts.read += 0 if counts.rows else len(ids)
        return chunks(ids)

    def listed() -> Any:
        counts.names += 1
        return documents()

    def embedded(texts: Sequence[str]) -> Matrix:
        counts.texts += texts
        return embed(texts)

    for name, call in {"search": searched, "maxsim": compared, "chunks": read,
                       "documents": listed}.items():  # fmt: skip
        monkeypatch.setattr(store, name, call)
    monkeypatch.setattr(text, "embed_queries", embedded)
    return counts


@pytest.mark.parametrize("kind", QUESTIONS)
def test_models_and_engine_are_handed_no_more_than_the_bounds(
    filled_service: Service, handed: Handed, kind: str
) -> None:
    question = QUESTIONS[kind]
    assert len(question) == LONG
    filled_service.search(Query(question))
    assert [len(pieces(t)) <= PIECES and len(t) <= CHARACTERS + 3 for t in handed.texts] == [True]
    assert all(n <= ROWS for n in handed.rows)
    assert handed.terms <= 2 * PIECES
    assert handed.looked_up <= LOOKED_UP
    assert handed.read <= CHUNKS
    assert handed.names <= 2
    places = (
        2 + PAGE_LABELS + 2 * DOCUMENTS
    )  # looked up and numbered pages, printed ones, documents
    assert len(handed.searches) <= 2 + places
    filters = [where for _, where in handed.searches]
    assert all(len(f.documents) <= CHUNKS and len(f.pages) <= max(PAGES, CHUNKS) for f in filters)


def test_what_a_question_has_at_most_is_handed_whole(
    filled_service: Service, handed: Handed
) -> None:
    filled_service.search(Query(f'{USUAL} "one bolt" figure 2, page 1'))
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
        assert (shortened(text).text, shortened(text).omitted) == (text, ())


@settings(deadline=None)  # the first reads the tokenizer's file
@given(st.text(st.sampled_from('ab1 "B-/.,é한泵\u0301ป\U0001f600\n'), min_size=50, max_size=1500))
@example("x" * 150 + " bolt" * 200)
@example("bolt " * 63 + "x" * 400)
@example('"' * 900)
def test_of_a_long_question_the_beginning_and_the_end_are_searched(text: str) -> None:
    short = shortened(text)
    if not short.omitted:
        assert short.text == text
        return
    assert len(pieces(short.text)) <= PIECES
    assert len(short.text) <= CHARACTERS + 3
    head = short.text.split(" … ")[0]
    assert head
    assert text.strip().startswith(head)
    assert len(short.omitted) == 1
    assert short.omitted[0].kind == "question"


def test_words_are_not_cut() -> None:
    words = [f"word{n}" for n in range(500)]
    kept = shortened(" ".join(words)).text.replace(" …", "").split()
    assert set(kept) <= set(words)
    assert kept[0] == "word0"
    assert kept[-1] == "word499"


@pytest.mark.parametrize("place", ["before", "behind"])
def test_a_question_beside_a_pasted_text_is_answered(filled_service: Service, place: str) -> None:
    pasted = " ".join(f"We met on day {n} and talked about the weather." for n in range(150))
    question = "Is the filter basket cleaned each month?"
    text = f"{question} {pasted}" if place == "before" else f"{pasted} {question}"
    hits = filled_service.search(Query(text[:LONG])).hits
    assert any("basket" in h.text for h in hits[:3])


@pytest.mark.parametrize("way", ["search", "explain", "ask"])
def test_what_is_left_out_is_told(filled_service: Service, way: str) -> None:
    question = "Which bolt? " + "lorem ipsum " * 500
    result = getattr(filled_service, way)(Query(question))
    assert [(u.kind, u.use) for u in result.understood] == [("question", "nothing")]
    [row] = result.understood
    assert "of 1,002 words are searched" in row.why
    assert row.said.startswith("lorem ipsum") or row.said.startswith("ipsum lorem")
    assert "…" in result.searched
    assert len(result.searched) <= CHARACTERS + 3
    if way == "ask":
        assert result.question == question


def test_a_reader_of_answers_is_told(
    filled_service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    show_answer(filled_service.ask(Query("Which bolt? " + "lorem ipsum " * 500)))
    text = " ".join(capsys.readouterr().out.split())
    assert "the question is too long: its first " in text
    show_answer(filled_service.ask(Query(USUAL)))
    assert "too long" not in capsys.readouterr().out


def test_what_is_not_looked_up_is_told(filled_service: Service) -> None:
    codes = [f"B-{n}" for n in range(100, 100 + LOOKED_UP + 3)]
    understood = filled_service.search(Query(" ".join(codes))).understood
    assert [u.said for u in understood[:LOOKED_UP]] == codes[:LOOKED_UP]
    assert understood[LOOKED_UP:] == [understood[-1]]
    assert understood[-1].said == ", ".join(codes[LOOKED_UP:])
    count = len(codes)
    assert f"only the first {LOOKED_UP} of {count} phrases, labels and codes" in understood[-1].why


def test_pages_over_the_bound_are_told(filled_service: Service) -> None:
    understood = filled_service.search(Query("pages 1-20, pages 30-49")).understood
    assert [u.said for u in understood if u.use == "boost"][-1] == f"page {30 + PAGES - 21}"
    assert (understood[-1].kind, understood[-1].use) == ("page", "nothing")
    assert understood[-1].said.startswith("page 42, page 43, ")
    assert f"only the first {PAGES} of 40 pages" in understood[-1].why


def test_chunks_over_the_bound_are_told(filled_service: Service, handed: Handed) -> None:
    """Nearly every chunk has "bolt" and "filter": the first takes all that may be read, and those
    that have both are found among them."""
    result = filled_service.search(Query('"bolt" "filter" "pump 7"'))
    assert handed.read == CHUNKS
    assert [u.use for u in result.understood] == ["filter"] * 3
    assert f"only {CHUNKS} passages are looked at" in result.understood[-1].why
    for hit in result.hits:
        text = " ".join([*hit.section, hit.text]).lower()
        assert "bolt" in text
        assert "filter" in text
        assert "pump 7" in text


def test_a_quote_that_was_cut_is_no_filter(filled_service: Service) -> None:
    """The end may begin within a quotation: what stands between two of them was not quoted."""
    text = f'{USUAL} "{"lorem " * 300}" and the seal "ipsum" says "dolor'
    assert '"' not in shortened(text).text.split(" … ")[1]
    assert not [u for u in filled_service.search(Query(text)).understood if u.kind == "phrase"]


def test_one_name_of_many_documents_raises_a_few(filled_service: Service, handed: Handed) -> None:
    result = filled_service.search(Query("oil, readme.txt"))
    row = next(u for u in result.understood if u.kind == "file")
    assert (row.use, row.why) == ("boost", "the first 6 of 8 documents that have this name")
    assert len(handed.searches) == 1 + DOCUMENTS


def test_names_are_read_once_for_all_unknown_files(filled_service: Service, handed: Handed) -> None:
    files = " ".join(f"f{n}.pdf" for n in range(FILES + 2))
    understood = filled_service.search(Query(files)).understood
    assert handed.names <= 2
    assert [u.said for u in understood[:FILES]] == [f"f{n}.pdf" for n in range(FILES)]
    assert f"only the first {FILES} of {FILES + 2} file names" in understood[-1].why


def test_a_file_that_came_just_now_is_found(service: Service) -> None:
    list(service.ingest([source("old.txt", b"The seal is made of steel.")]))
    assert service.search(Query("seal in old.txt")).understood[0].use == "filter"
    list(service.ingest([source("new.txt", b"The seal is made of rubber.")]))
    assert service.search(Query("seal in new.txt")).understood[0].use == "filter"


def test_few_pages_are_read_for_printed_numbers() -> None:
    pairs: list[tuple[str, int]] = []

    def page_of_label(document: str, number: int) -> int | None:
        pairs.append((document, number))
        return number + 2

    constraints = QueryConstraints(
        Filter(), document_boosts=dict.fromkeys("abc", 0.1), pages=(1, 2, 3)
    )
    interpretations = with_labelled_pages(constraints, page_of_label).interpretations
    assert pairs == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
    assert len(pairs) == PAGE_LABELS
    assert (interpretations[-1].effect, interpretations[-1].reason) == (
        "nothing", f"printed numbers: only {PAGE_LABELS} of 9 were looked for"
    )  # fmt: skip
    few = QueryConstraints(Filter(), document_boosts={"a": 0.1}, pages=(1,))
    assert [u.effect for u in with_labelled_pages(few, page_of_label).interpretations] == ["boost"]


class ManyRows:
    """A token encoder whose tokenizer makes a row of every letter."""

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        return [np.ones((len(t), 4), np.float32) for t in texts]


def test_maxsim_compares_a_bounded_number_of_rows() -> None:
    encoder: Any = ManyRows()
    assert len(query_token_vectors("x" * 1000, encoder)) == ROWS
    assert len(query_token_vectors(USUAL, encoder)) == len(USUAL)


def test_a_picture_keeps_its_own_part_of_a_long_question(filled_service: Service) -> None:
    question = "Which bolt? " + "lorem ipsum " * 500
    result = filled_service.search(Query(question, picture(color="#4477aa")))
    assert result.searched.startswith(shortened(question).text)
    taken_for = image_caption(question, result.searched)
    assert "Ring and housing" in taken_for
    assert image_caption(USUAL, f"{USUAL} {taken_for}") == taken_for
    assert image_caption(USUAL, USUAL) == ""


def test_the_answerer_reads_no_more_than_was_searched(
    filled_service: Service, handed: Handed
) -> None:
    question = "How tight are the bolts of the impeller? " + "lorem ipsum " * 500
    answer = filled_service.ask(Query(question))
    assert isinstance(filled_service.generator, Extractive)
    assert set(handed.texts) == {shortened(question).text}
    assert answer.evidence


def cpu(call: Callable[[Query], object], question: str, service: Service) -> float:
    """Processor seconds at the least of some runs, nothing kept of the one before."""
    least = float("inf")
    for n in range(4):
        service._cache._entries.clear()
        start = time.process_time()
        call(Query(f"{n}{question}"))
        least = min(least, time.process_time() - start)
    return least


@pytest.mark.parametrize("way", ["search", "explain", "ask"])
def test_a_question_at_the_bound_costs_a_few_times_a_usual_one(
    filled_service: Service, way: str
) -> None:
    """Five times by design; before there were bounds it was 100 and more."""
    call = getattr(filled_service, way)
    call(Query("Warm up"))
    usual = cpu(call, USUAL, filled_service)
    for kind in ("short words", "phrases", "codes", "quotes"):
        assert cpu(call, QUESTIONS[kind][: LONG - 1], filled_service) < 10 * usual, kind

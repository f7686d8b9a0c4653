"""What a question names, what is listed, and questions that find nothing."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pymupdf
import pytest
from PIL import Image

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.source import Source
from octavo.index.store import Filter, StoredDocument
from octavo.ingest.document import Box, Chunk, Document, Region
from octavo.retrieve.context_expansion import expand_context, neighbours_of
from octavo.retrieve.deduplication import ResultOptions, iou, list_results, mmr
from octavo.retrieve.query import Candidate, Hit, Query, Stage
from octavo.retrieve.understanding.document_linking import _NameTable
from octavo.retrieve.understanding.mentions import has_code, has_phrase, mentions, normalize
from octavo.retrieve.understanding.page_labels import page_of_label
from tests.conftest import WHALES, picture, text_pdf

PARTS = [
    "1 Impeller\nThe impeller AX-4410 is held by one bolt M8x1.25. Tighten the bolt to 0.75 Nm.",
    "2 Seal\nThe seal AX-4411 is held by four bolts M8x1.5. Tighten the bolts to 10.75 Nm.",
    "3 Filter\nThe filter basket is cleaned each month. Never start the pump without it.",
]
SPAM = " ".join(["pump oil bolt torque filter bearing impeller seal tighten change clean"] * 12)


def source(name: str, data: bytes) -> Source:
    return Source(name, f"/x/{name}", lambda: data)


def stored(name: str, title: str = "") -> StoredDocument:
    metadata = {"title": title} if title else {}
    return StoredDocument(Document(name, name, f"/x/{name}", 1, metadata), "pdf", 1, 1)


def figures_pdf() -> bytes:
    """Two pages with a picture each: `Figure 1` and `Figure 2`."""
    document = pymupdf.open()
    for number, color in ((1, "#4477aa"), (2, "#aa3322")):
        page = document.new_page(width=595, height=842)
        page.insert_textbox(
            pymupdf.Rect(72, 72, 523, 160), f"Assembly {number}. The parts are drawn below.",
            fontsize=11,
        )  # fmt: skip
        page.insert_image(pymupdf.Rect(150, 200, 450, 425), stream=picture(color=color))
        page.insert_text((150, 450), f"Figure {number}. Ring and housing, exploded.", fontsize=10)
    return bytes(document.tobytes())


@pytest.fixture(scope="module")
def filled_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("asking") / "index"
    files = {
        "parts-list.pdf": text_pdf(PARTS),
        "drawings.pdf": figures_pdf(),
        "annual-report.txt": b"Revenue of the year rose to 12 million. The pump unit did best.",
        "whales.txt": WHALES.encode(),
        "spam.txt": SPAM.encode(),
        "насос.txt": "Масло насоса меняют каждые 4000 часов. Подшипник смазывают летом.".encode(),
        "ポンプ.txt": "ポンプの軸受には油が0.45リットル入ります。油は毎年交換します。".encode(),
    }
    with closing(Service(Settings(index=folder), create=True)) as service:
        sources = [source(n, d) for n, d in files.items()]
        assert [r.outcome for r in service.ingest(sources)] == ["added"] * len(files)
        yield service


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('what is "the seal" of AX-4410?', [("phrase", "the seal"), ("code", "ax-4410")]),
        ("bolts M8×1.25 at 0.75 Nm, 23%", [("code", "m8x1.25"), ("code", "0.75 nm"),
                                           ("code", "23%")]),
        ("figures 3 in Table 2", [("label", "fig 3"), ("label", "tab 2")]),
        ("see p. 12, slide 4 and the 6th page", [("page", "12"), ("page", "4"), ("page", "6")]),
        ("on pages 3-5 or pages 10 and 11", [("page", n) for n in ("3", "4", "5", "10", "11")]),
        ("oil in the file Pump_1.PDF", [("file", "pump_1.pdf")]),
        # Forms of an answer, ordinals, years and words with a number behind name nothing.
        ('as a list like ["Page 2", "x y"], the 1st of 1990, covid-19, 50-shot', []),
        ("how much oil does the housing take?", []),
    ],
)  # fmt: skip
def test_what_a_question_names(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(m.kind, m.key) for m in mentions(text)] == expected


@pytest.mark.parametrize(
    ("text", "code", "stands"),
    [
        ("part AX\u20114410.", "AX-4410", True),
        ("part AX 4410", "AX-4410", True),
        ("part AX-44101", "AX-4410", False),
        ("part BAX-4410", "AX-4410", False),
        ("to 0.75 N·m", "0.75 Nm", True),
        ("to 10.75 Nm", "0.75 Nm", False),
        ("to 0.755 Nm", "0.75 Nm", False),
        ("M8 x 1.25", "M8x1.25", True),
        ("M8x1.255", "M8x1.25", False),
    ],
)
def test_a_code_stands_there_or_not(text: str, code: str, stands: bool) -> None:
    assert has_code(normalize(text), normalize(code)) is stands


def test_a_phrase_is_whole_words_in_order() -> None:
    text = normalize("The “Net\u00a0Sales” of\nthe year")
    assert has_phrase(text, normalize("net sales"))
    assert has_phrase(text, normalize('sales" of THE'))
    assert not has_phrase(text, normalize("sales net"))
    assert not has_phrase(text, normalize("et sales"))


def test_documents_are_named_by_most_of_their_name() -> None:
    names = ["COSTCO_2021_10K.pdf", "AMAZON_2017_10K.pdf", "scan.pdf", "Contents.pdf"]
    table = _NameTable([*map(stored, names), stored("a.pdf", "Annual Report of the Acme Works")])
    assert [m.name for m in table.link("Costco's FY2021 net sales")] == ["COSTCO_2021_10K.pdf"]
    assert [m.name for m in table.link("in the annual report of Acme")] == ["a.pdf"]
    assert table.link("the table of contents of the 10K") == []
    assert table.link("") == []


def test_one_word_of_a_question_names_no_document() -> None:
    table = _NameTable(
        [stored("pump-manual.pdf"), stored("annual-report.pdf"), stored("bestbuy.pdf")]
    )
    assert table.link("How is the pump started?") == []
    assert table.link("the annual review of the pump") == []
    for text, name in (
        ("How does the pump manual say it is started?", "pump-manual.pdf"),
        ("the cash in the annual report", "annual-report.pdf"),
        ("sales of Best Buy", "bestbuy.pdf"),
    ):
        assert [m.name for m in table.link(text)] == [name]


def test_quoted_words_are_a_filter(filled_service: Service) -> None:
    result = filled_service.search(Query('what of "held by four bolts"?'))
    assert {(h.name, h.page) for h in result.hits} == {("parts-list.pdf", 2)}
    assert [(u.kind, u.use) for u in result.understood] == [("phrase", "filter")]
    assert {s.stage for s in result.hits[0].trace} >= {"text", "words", "maxsim", "final"}


def test_quoted_words_that_nothing_has_are_told_and_searched(filled_service: Service) -> None:
    result = filled_service.search(Query('"bolts held by nine" of the seal'))
    assert [(u.kind, u.use) for u in result.understood] == [("phrase", "nothing")]
    assert "no passage has it word for word" in result.understood[0].why
    assert result.hits[0].page == 2
    assert len({h.name for h in result.hits}) > 1


def test_a_phrase_of_stop_words_is_told(filled_service: Service) -> None:
    result = filled_service.search(Query('"to be or not to be" in a pump'))
    assert [(u.use, u.why) for u in result.understood] == [("nothing", "it has no word to look up")]
    assert result.hits


@pytest.mark.parametrize(
    "piece", ["a/", "1,", '"', "AX-1/", "[", "page 1-", "«x", "a.", "9.9.", "fig ", "x.pdf", "-1-x"]
)
def test_long_questions_are_read_in_little_time(piece: str) -> None:
    """10,000 characters, as many as a request may have; backtracking would take minutes."""
    start = time.process_time()
    found_mentions = mentions(piece * (10_000 // len(piece)))
    for mention in found_mentions[:3]:
        has_code(piece * 2000, mention.key)
        has_phrase(piece * 2000, mention.key)
    assert time.process_time() - start < 2


def test_codes_are_a_stage_of_their_own(filled_service: Service) -> None:
    for code, page in (("AX-4410", 1), ("AX 4411", 2), ("M8x1.25", 1), ("0.75 Nm", 1)):
        hit = filled_service.search(Query(f"What is bolted with {code}?")).hits[0]
        assert (hit.name, hit.page) == ("parts-list.pdf", page), code
        exact = [s for s in hit.trace if s.stage == "exact"]
        assert [(s.rank, s.score) for s in exact] == ([(1, 0.2)] if "-" in code or "x" in code
                                                      or "." in code else [])  # fmt: skip


def test_a_code_that_is_nowhere_takes_nothing_away(filled_service: Service) -> None:
    with_code = filled_service.search(
        Query("How often is the filter basket of the ZZ-9999 cleaned?")
    )
    assert [(u.kind, u.use) for u in with_code.understood] == [("code", "nothing")]
    assert with_code.hits[0].page == 3


@pytest.mark.parametrize(
    ("text", "name", "page"),
    [
        ("What does figure 2 show?", "drawings.pdf", 2),
        ("What does Fig. 1 show?", "drawings.pdf", 1),
        ("Which bolts hold it, by page 1?", "parts-list.pdf", 1),
        ("Which bolts hold it, by page 2?", "parts-list.pdf", 2),
        ("What stands in parts-list.pdf about whales?", "parts-list.pdf", 0),
        ("What does the annual report say of the pump?", "annual-report.txt", 1),
    ],
)
def test_figures_pages_and_documents(
    filled_service: Service, text: str, name: str, page: int
) -> None:
    result = filled_service.search(Query(text))
    assert result.understood[0].use != "nothing"
    assert result.hits[0].name == name
    assert page in (0, result.hits[0].page)
    if result.understood[0].use == "filter":
        assert {h.name for h in result.hits} == {name}


def test_a_wrong_guess_loses_nothing(filled_service: Service) -> None:
    """A boost puts higher; nothing that was found without it is gone."""
    plain = {
        h.chunk for h in filled_service.search(Query("how much krill does the whale eat"), 100).hits
    }
    named = filled_service.search(
        Query("how much krill does the whale eat on page 2, figure 1"), 100
    )
    assert {u.use for u in named.understood} == {"boost"}
    assert plain <= {h.chunk for h in named.hits}
    assert "whales.txt" in [h.name for h in named.hits[:3]]


def test_boosts_can_be_left_out(filled_service: Service) -> None:
    """As an ablation does; what was understood is told all the same."""
    names = ("exact_boost", "label_boost", "page_boost", "document_boost")
    search = filled_service.profile.search.model_copy(update=dict.fromkeys(names, 0.0))
    without = filled_service.using(filled_service.profile.model_copy(update={"search": search}))
    query = Query("AX-4410 in figure 2 on page 2 of the annual report")
    stages = [
        {s.stage for h in s.search(query).hits for s in h.trace} for s in (filled_service, without)
    ]
    assert stages[0] - stages[1] == {"exact", "named"}
    answer = without.ask(query)
    assert {u.kind for u in answer.understood} == {"code", "label", "page", "document"}


def test_an_unknown_file_is_told(filled_service: Service) -> None:
    result = filled_service.search(Query("oil in missing.pdf"))
    assert [(u.kind, u.said, u.use) for u in result.understood] == [
        ("file", "missing.pdf", "nothing")
    ]
    assert result.hits


def test_a_file_is_found_by_its_name_as_soon_as_it_is_there(tmp_path: Path) -> None:
    """Names are taken as current for some seconds; a file that was replaced or is new is found."""

    def sure(service: Service, name: str, text: str) -> None:
        (ingested,) = service.ingest([source(name, text.encode())])
        assert ingested.outcome in ("added", "updated")
        result = service.search(Query(f"What opens at which pressure in {name}?"))
        assert [u.use for u in result.understood] == ["filter"]
        assert [h.text for h in result.hits] == [text]

    with closing(Service(Settings(index=tmp_path / "index"), create=True)) as service:
        sure(service, "report.txt", "The valve opens at 3 bar.")
        sure(service, "report.txt", "The valve opens at 5 bar.")
        sure(service, "new.txt", "The hatch opens at 2 bar.")


def test_filters_that_leave_nothing(filled_service: Service) -> None:
    whales = filled_service.named(["whales.txt"])[0].document.id
    for where in (
        Filter(pages=(99,)),
        Filter(documents=("0" * 64,)),
        Filter(kinds=("figure",), documents=(whales,)),
    ):
        for text in ("krill", '"blue whale" AX-4410 figure 1 on page 3'):
            query = Query(text, where=where)
            assert filled_service.search(query).hits == []
            answer = filled_service.ask(query)
            assert answer.abstained
            assert "nothing that matches" in answer.reason
            assert filled_service.explain(query).hits == []


@pytest.mark.parametrize("text", ["the of and", "???", "¿…!", "\u200b", '""', "[[]]", "«»", "# p"])
def test_questions_without_a_word(filled_service: Service, text: str) -> None:
    """The words subquery is empty; what vectors find is listed, nothing is lost."""
    result = filled_service.search(Query(text))
    assert {s.stage for h in result.hits for s in h.trace} >= {"text", "fused", "final"}
    assert filled_service.explain(Query(text)).searched == text.strip()


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    with closing(Service(Settings(index=tmp_path / "i"), create=True)) as service:
        for query in (Query('"oil" AX-4410 figure 2 page 3'), Query(image=picture())):
            assert service.search(query, options=ResultOptions("page", diverse=0.5)).hits == []
            assert service.ask(query).abstained
            assert service.explain(query).stages == ["list"]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Как часто меняют масло насоса?", "насос.txt"),
        ("軸受の油は何リットルですか?", "ポンプ.txt"),
        ("«Подшипник смазывают летом»", "насос.txt"),
    ],
)
def test_a_question_in_another_script(filled_service: Service, text: str, name: str) -> None:
    assert filled_service.search(Query(text)).hits[0].name == name


def test_text_that_repeats_the_words_of_questions_is_not_first_everywhere(
    filled_service: Service,
) -> None:
    questions = {
        "To what torque is the bolt of the impeller tightened?": "parts-list.pdf",
        "How often is the filter basket cleaned?": "parts-list.pdf",
        "How many bolts hold the seal?": "parts-list.pdf",
        "Which pump unit did best in the year?": "annual-report.txt",
        "Never start the pump without what?": "parts-list.pdf",
    }
    first = {q: filled_service.search(Query(q)).hits[0].name for q in questions}
    assert first == questions


# --- the list


def hit(
    n: int, text: str, score: float = 0.0, document: str = "a", page: int = 1,
    box: Box | None = None, similarity: float | None = None,
) -> Hit:  # fmt: skip
    region = Region(document, page, box or Box(0, 100.0 * n, 100, 100.0 * n + 50))
    trace = (Stage("joint", 1, similarity),) if similarity is not None else ()
    image = region if similarity is not None else None
    chunk = Chunk(str(n), document, "figure" if image else "text", n, text, (region,), image=image)
    return Hit(chunk, f"{document}.pdf", score or 1 - n / 10, trace)


def in_a_list(hits: list[Hit], limit: int = 10, options: ResultOptions | None = None) -> list[Hit]:
    of = {h.chunk.id: h for h in hits}
    candidates = [Candidate(h.chunk.id, h.score, h.trace) for h in hits]
    return list_results(
        candidates, lambda some: [of[c.id] for c in some], limit, options or ResultOptions()
    )


def ids(hits: list[Hit]) -> list[str]:
    return [h.chunk.id for h in hits]


LONG = "The bearing housing takes oil that is changed every few hours in summer and winter. " * 3


def test_the_same_text_stands_once() -> None:
    hits = [hit(1, LONG), hit(2, LONG.upper() + "\n", document="b"), hit(3, "Something else.")]
    result = in_a_list(hits)
    assert ids(result) == ["1", "3"]
    assert [(a.hit.chunk.id, a.why) for a in result[0].also] == [("2", "same text")]
    assert ids(in_a_list(hits, options=ResultOptions(fold=False))) == ["1", "2", "3"]


def test_another_number_is_another_text() -> None:
    hits = [hit(1, LONG + "In 2023 12 leaks."), hit(2, LONG + "In 2024 12 leaks.")]
    assert ids(in_a_list(hits)) == ["1", "2"]


def test_the_list_is_filled_up_after_folding() -> None:
    hits = [*(hit(n, LONG) for n in range(1, 6)), hit(6, "One."), hit(7, "Two."), hit(8, "Three.")]
    result = in_a_list(hits, limit=3)
    assert ids(result) == ["1", "6", "7"]
    assert len(result[0].also) == 4


def test_overlapping_regions_are_one_hit() -> None:
    a, b, c = Box(0, 0, 100, 100), Box(0, 0, 100, 80), Box(0, 50, 100, 150)
    assert iou([a], [b]) == 0.8
    assert iou([a], [c]) == pytest.approx(1 / 3)
    assert iou([a], [Box(0, 0, 100, 50), Box(0, 50, 100, 100)]) == 1.0
    hits = [hit(1, "x", box=a), hit(2, "y", box=b), hit(3, "z", box=c),
            hit(4, "w", box=a, page=2), hit(5, "v", box=a, document="b")]  # fmt: skip
    result = in_a_list(hits)
    assert ids(result) == ["1", "3", "4", "5"]
    assert [a.why for a in result[0].also] == ["same region"]


def test_the_same_picture_is_one_hit() -> None:
    side = Box(0, 0, 50, 40)
    hits = [
        hit(1, "", box=side, similarity=0.5),
        hit(2, "", page=2, box=side, similarity=0.5),
        hit(3, "", page=3, box=side, similarity=0.50001),
        hit(4, "", page=4, box=Box(0, 0, 40, 50), similarity=0.5),
    ]
    result = in_a_list(hits)
    assert ids(result) == ["1", "3", "4"]
    assert [a.why for a in result[0].also] == ["same picture"]


def test_one_hit_a_page_or_document() -> None:
    hits = [hit(1, "one"), hit(2, "two", page=2), hit(3, "three"), hit(4, "four", document="b")]
    assert ids(in_a_list(hits, options=ResultOptions("page"))) == ["1", "2", "4"]
    assert ids(in_a_list(hits, options=ResultOptions("document", fold=False))) == ["1", "4"]
    assert ids(in_a_list(hits, 1, ResultOptions("document"))) == ["1"]


def test_mmr_by_hand() -> None:
    """Two hits of one text and a third of another: by half novelty the third comes second."""
    same = [hit(1, "oil pump", 1.0), hit(2, "oil pump", 0.8), hit(3, "blue whale", 0.5)]
    assert ids(mmr(same, 3, 1.0)) == ["1", "2", "3"]
    # .5 x .6 - .5 x 1 = -.2 against .5 x 0 - 0 = 0
    assert ids(mmr(same, 3, 0.5)) == ["1", "3", "2"]
    assert ids(mmr(same, 2, 0.0)) == ["1", "3"]
    assert mmr([], 3, 0.5) == []


def test_lists_of_a_real_index(filled_service: Service) -> None:
    pages = filled_service.search(Query("bolt torque"), options=ResultOptions("page")).hits
    assert len({(h.document, h.page) for h in pages}) == len(pages)
    documents = filled_service.search(Query("bolt torque"), options=ResultOptions("document")).hits
    assert len({h.document for h in documents}) == len(documents) > 3
    one = next(h for h in documents if h.name == "parts-list.pdf")
    assert {a.why for a in one.also} == {"same document"}
    with pytest.raises(ValueError, match="expected 0"):
        ResultOptions(diverse=1.5)


def test_a_photo_that_is_printed_twice_is_one_hit(tmp_path: Path) -> None:
    image = Image.effect_noise((200, 150), 80).convert("RGB")
    out = io.BytesIO()
    image.save(out, "PNG")
    document = pymupdf.open()
    for _ in range(2):
        page = document.new_page(width=400, height=400)
        page.insert_image(pymupdf.Rect(50, 50, 250, 200), stream=out.getvalue())
    data = bytes(document.tobytes())
    with closing(Service(Settings(index=tmp_path / "i", ocr=False), create=True)) as service:
        list(service.ingest([Source("a.pdf", "/x/a.pdf", lambda: data)]))
        everything = service.search(
            Query(image=out.getvalue()), options=ResultOptions(fold=False)
        ).hits
        result = service.search(Query(image=out.getvalue())).hits
    assert sorted(h.page for h in everything if h.kind == "figure") == [1, 2]
    (one,) = [h for h in result if h.kind == "figure"]
    assert [(a.kind, a.why) for a in one.also] == [("figure", "same picture")]


# --- what stands beside a hit


def numbered_pdf(front: int, labels: bool) -> bytes:
    """Six pages of a body behind `front` of a preface, numbered by labels or in print."""
    document = pymupdf.open()
    for n in range(front + 6):
        page = document.new_page(width=595, height=842)
        page.insert_text((72, 400), f"In the year {n + 1} of the reign.", fontsize=11)
        if not labels and n >= front:
            page.insert_text((290, 820), f"- {n - front + 1} -", fontsize=9)
    if labels:
        rules = [{"startpage": 0, "style": "r"}, {"startpage": front, "style": "D"}]
        document.set_page_labels(rules)
    return bytes(document.tobytes())


@pytest.mark.parametrize("labels", [True, False])
def test_the_page_that_a_number_is_printed_on(labels: bool) -> None:
    data = numbered_pdf(3, labels)
    assert [page_of_label(data, "pdf", n) for n in (1, 2, 6, 7)] == [4, 5, 9, None]
    assert page_of_label(numbered_pdf(0, labels), "pdf", 2) is None  # that of the count
    assert page_of_label(b"one\ntwo", "txt", 1) is None


def test_a_printed_number_counts_where_the_document_is_known(tmp_path: Path) -> None:
    with closing(Service(Settings(index=tmp_path / "i"), create=True)) as service:
        list(service.ingest([source("book.pdf", numbered_pdf(3, labels=True))]))
        here = service.where(["book.pdf"])
        result = service.search(Query("Which year is it on page 2?", where=here))
        named = {h.page: s.score for h in result.hits for s in h.trace if s.stage == "named"}
        assert named == {2: 0.25, 5: 0.25}
        assert [u.why for u in result.understood] == [
            "by the count of pages", "where the number is printed: page 5 of the count"
        ]  # fmt: skip
        service._originals.delete(service.named(["book.pdf"])[0].document.id)
        again = service.search(Query("Which year is it on page 3?", where=here))
        assert [u.why for u in again.understood] == ["by the count of pages"]


def long_pdf() -> bytes:
    """A page of three chunks and a figure that the second refers to, and a page that goes on."""
    parts = [
        f"Part {n}. " + f"Clause {n} binds the parties until its end. " * 25 for n in (1, 2, 3)
    ]
    parts[1] += "As Figure 1 shows, the second part is the shortest."
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    for n, text in enumerate(parts):
        page.insert_textbox(pymupdf.Rect(72, 30 + 170 * n, 523, 195 + 170 * n), text, fontsize=8)
    page.insert_image(pymupdf.Rect(200, 560, 400, 710), stream=picture())
    page.insert_text((200, 730), "Figure 1. The parts.", fontsize=10)
    page = document.new_page(width=595, height=842)
    page.insert_textbox(pymupdf.Rect(72, 72, 523, 300), "Part 4 begins here and ends here.")
    return bytes(document.tobytes())


def test_neighbours_of_a_hit(tmp_path: Path) -> None:
    with closing(Service(Settings(index=tmp_path / "i", ocr=False), create=True)) as service:
        list(service.ingest([source("long.pdf", long_pdf())]))
        document = service.named(["long.pdf"])[0].document.id
        texts = [c for c in service.page_chunks(document, 1) if c.kind == "text"]
        (figure,) = [c for c in service.page_chunks(document, 1) if c.kind == "figure"]
        (last,) = service.page_chunks(document, 2)
        second = next(n for n, c in enumerate(texts) if "Figure 1" in c.text)
        (result,) = neighbours_of([Hit(texts[second], "long.pdf", 1.0, ())], service._store)
        around = [*texts[second - 1 : second], *texts[second + 1 : second + 2]]
        assert result.neighbours == (*around, figure)
        # Over the edge of a page, and what is a hit itself is not given again.
        hits = [Hit(c, "long.pdf", 1.0, ()) for c in (last, texts[-1])]
        over = neighbours_of(hits, service._store)
        assert [h.neighbours for h in over] == [(), tuple(texts[-2:-1])]
        alone = neighbours_of(hits[:1], service._store)[0]
        assert alone.neighbours == (texts[-1],)
        listed_all = expand_context(hits, service._store, 1)
        assert [h.chunk.id for h in listed_all] == [last.id, texts[-1].id]
        more = service.profile.generate.model_copy(update={"neighbours": 1})
        wide = service.using(service.profile.model_copy(update={"generate": more}))
        query = Query("What does Part 4 say?", where=service.where(pages=[2]))
        assert {h.page for h in service.ask(query).evidence} == {2}
        assert {h.page for h in wide.ask(query).evidence} == {1, 2}

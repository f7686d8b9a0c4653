"""Datasets: every form read, every id checked, and what is said of each mistake."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_args

import pymupdf
import pytest

from octavo.api.service import Service
from octavo.evals.dataset import (
    AnswerFormat,
    Dataset,
    DatasetError,
    GoldQuestion,
    read_dataset,
    read_qrels,
    rows,
)
from octavo.evals.datasets.judgements import read_judgements
from octavo.index.source import Source
from octavo.ingest.document import Box, DocumentError
from octavo.retrieve.query import Query
from tests.conftest import PUMP, SHARED, WHALES, picture, text_pdf

Rows = list[dict[str, Any]]


def write(file: Path, rows: Rows) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


def judge(file: Path, *judged: tuple[str, str, int]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, j)) for j in judged)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def said(folder: Path, message: str, **options: Any) -> None:
    """Reading `folder` fails with exactly `message`, where `@` stands for the folder."""
    with pytest.raises(DatasetError) as caught:
        read_dataset(folder, **options)
    assert str(caught.value) == message.replace("@", str(folder))


def data_of(dataset: Dataset) -> dict[str, bytes]:
    return {source.name: source.read() for source in dataset.sources}


# ---------------------------------------------------------------- BEIR


def beir(folder: Path) -> Path:
    write(
        folder / "corpus.jsonl",
        [{"_id": "1", "title": "Pump", "text": PUMP}, {"_id": 2, "title": "", "text": WHALES}],
    )
    write(
        folder / "queries.jsonl",
        [{"_id": "q1", "text": "What do whales eat?"}, {"_id": "q9", "text": "How much oil?"}],
    )
    judge(folder / "qrels" / "test.tsv", ("q1", "2", 1))
    judge(folder / "qrels" / "dev.tsv", ("q9", "1", 2), ("q9", "2", 0))
    return folder


def test_a_beir_folder_is_read(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    dataset = read_dataset(folder)
    assert dataset.name == "set"
    assert dataset.unit == "document"
    assert dataset.questions == (GoldQuestion("q1", "What do whales eat?"),)
    assert dataset.qrels == {"q1": {"2": 1}}
    assert data_of(dataset) == {"1": f"Pump\n\n{PUMP}".encode(), "2": WHALES.encode()}
    assert [s.source for s in dataset.sources] == ["set:1", "set:2"]
    assert not dataset.has_boxes


def test_another_split_has_its_own_name_questions_and_hash(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    dev = read_dataset(folder, split="dev")
    assert dev.name == "set:dev"
    assert [q.id for q in dev.questions] == ["q9"]
    assert dev.qrels == {"q9": {"1": 2, "2": 0}}
    assert dev.data != read_dataset(folder).data
    said(
        folder,
        "@/qrels/train.tsv is missing; splits in @/qrels: dev, test",
        split="train",
    )


def test_a_corpus_may_hold_images(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    (folder / "images").mkdir()
    (folder / "images" / "ring.png").write_bytes(picture("ring"))
    image = {"_id": "2", "image": "images/ring.png", "text": "beside it"}
    write(folder / "corpus.jsonl", [{"_id": "1", "text": PUMP}, image])
    dataset = read_dataset(folder)
    assert data_of(dataset) == {"1": PUMP.encode(), "2": picture("ring")}
    assert dataset.sources[1].source == str(folder / "images" / "ring.png")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("images/none.png", "image 'images/none.png' is missing in @"),
        ("../other.png", "image '../other.png' lies outside @"),
        ("/other.png", "image '/other.png' lies outside @"),
        (7, "image is 7; expected a path below @"),
    ],
)
def test_images_that_are_not_there_are_told(tmp_path: Path, path: object, message: str) -> None:
    folder = beir(tmp_path / "set")
    (tmp_path / "other.png").write_bytes(picture())
    write(folder / "corpus.jsonl", [{"_id": "1", "text": "a"}, {"_id": "2", "image": path}])
    said(folder, f"@/corpus.jsonl:2: {message}")


def test_other_questions_of_the_same_corpus(tmp_path: Path) -> None:
    """The form of chart sets: judgements without splits, captions as second questions."""
    folder = beir(tmp_path / "set")
    (folder / "qrels" / "test.tsv").unlink()
    (folder / "qrels" / "dev.tsv").unlink()
    (folder / "qrels").rmdir()
    judge(folder / "qrels.tsv", ("q1", "2", 1), ("q9", "1", 1))
    write(folder / "captions.jsonl", [{"_id": "t1", "text": "Lubrication"}])
    judge(folder / "qrels_captions.tsv", ("t1", "1", 1))
    assert [q.id for q in read_dataset(folder).questions] == ["q1", "q9"]
    captions = read_dataset(folder, questions="captions")
    assert captions.name == "set:captions"
    assert captions.questions == (GoldQuestion("t1", "Lubrication"),)
    assert captions.qrels == {"t1": {"1": 1}}
    said(folder, "@/titles.jsonl is missing", questions="titles")
    said(
        folder,
        "@/qrels/dev.tsv is missing; @ has no qrels/ with splits",
        split="dev",
    )
    said(
        folder,
        "split 'dev' does not go with questions 'captions': qrels_captions.tsv has no splits",
        split="dev",
        questions="captions",
    )
    write(folder / "captions.jsonl", [{"_id": "t2", "text": "x"}])
    said(
        folder,
        "@/qrels_captions.tsv:2: question 't1' is not in captions.jsonl",
        questions="captions",
    )


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        (
            "corpus.jsonl",
            '{"_id": "1", "text": "a"}\n\n{"_id": 1, "text": "b"}\n',
            "@/corpus.jsonl:3: id '1' stands twice, first at @/corpus.jsonl:1",
        ),
        ("corpus.jsonl", '{"_id": "1"}\n', "@/corpus.jsonl:1: has no 'text' (nor 'image')"),
        ("corpus.jsonl", '{"text": "1"}\n', "@/corpus.jsonl:1: has no '_id'"),
        ("corpus.jsonl", '{"_id": "1", "text": 5}\n', "@/corpus.jsonl:1: 'text' is 5; "
         "expected a text"),
        ("corpus.jsonl", '{"_id": null, "text": ""}\n', "@/corpus.jsonl:1: '_id' is None; "
         "expected an id"),
        ("corpus.jsonl", "[1, 2]\n", "@/corpus.jsonl:1: expected an object {...}; found '[1, 2]'"),
        ("corpus.jsonl", "", "@/corpus.jsonl has no document"),
        ("corpus.jsonl", "{broken\n", "@/corpus.jsonl:1: not JSON: Expecting property name "
         "enclosed in double quotes: line 1 column 2 (char 1)"),
        ("queries.jsonl", '{"_id": "q8", "text": "x"}\n',
         "@/qrels/test.tsv:2: question 'q1' is not in queries.jsonl"),
        ("queries.jsonl", '{"_id": "q1", "text": "x"}\n{"_id": "q1", "text": "y"}\n',
         "@/queries.jsonl:2: id 'q1' stands twice, first at @/queries.jsonl:1"),
        ("queries.jsonl", "\n", "@/queries.jsonl has no question"),
        ("queries.jsonl", '{"_id": "q1", "text": "x", "answerable": 1}\n',
         "@/queries.jsonl:1: 'answerable' is 1; expected true, false or null"),
        ("queries.jsonl", '{"_id": "q1", "text": "x", "answer": {}}\n',
         "@/queries.jsonl:1: 'answer' is {}; expected a text or a list of texts"),
        ("queries.jsonl", '{"_id": "q1", "text": "x", "answer_format": "Date"}\n',
         "@/queries.jsonl:1: 'answer_format' is 'Date'; expected one of Str, Int, Float, List, "
         "None"),
        ("queries.jsonl", '{"_id": "q1", "text": "x", "evidence_sources": "Table"}\n',
         "@/queries.jsonl:1: 'evidence_sources' is 'Table'; expected a list"),
        ("qrels/test.tsv", "q1\t77\t1\n", "@/qrels/test.tsv:1: document '77' is not in "
         "corpus.jsonl"),
        ("qrels/test.tsv", "q1 77 1\n", "@/qrels/test.tsv:1: expected query-id, corpus-id and a "
         "whole number, tab separated, or TREC's four columns; found 'q1 77 1'"),
        ("qrels/test.tsv", "q1\t2\t0.5\n", "@/qrels/test.tsv:1: expected query-id, corpus-id and "
         "a whole number, tab separated, or TREC's four columns; found 'q1\\t2\\t0.5'"),
        ("qrels/test.tsv", "q1\t2\t1\nq1\t1\t1\nq1\t2\t0\n", "@/qrels/test.tsv:3: question 'q1' "
         "and '2' are judged 0 here and 1 at @/qrels/test.tsv:1; leave one"),
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\n", "@/qrels/test.tsv has no judgement"),
    ],
)  # fmt: skip
def test_damaged_beir_folders_are_told(tmp_path: Path, file: str, text: str, message: str) -> None:
    folder = beir(tmp_path / "set")
    (folder / file).write_text(text)
    said(folder, message)


@pytest.mark.parametrize("file", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_what_is_not_utf8_is_told(tmp_path: Path, file: str) -> None:
    folder = beir(tmp_path / "set")
    with (folder / file).open("ab") as stream:
        stream.write(b"caf\xe9\n")
    line = (folder / file).read_bytes().count(b"\n")
    said(folder, f"@/{file}:{line}: not UTF-8: byte 0xe9 at column 4")


def test_missing_files_are_told(tmp_path: Path) -> None:
    said(tmp_path / "none", "dataset @ is not a folder")
    folder = beir(tmp_path / "set")
    (folder / "queries.jsonl").unlink()
    said(folder, "@/queries.jsonl is missing")
    (folder / "queries.jsonl").mkdir()
    said(folder, "@/queries.jsonl cannot be read: is a directory")
    with pytest.raises(DatasetError, match=r"none\.tsv is missing$"):
        read_qrels(tmp_path / "none.tsv")
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(DatasetError, match=r"set is no dataset; expected one of .*BEIR \(corpus"):
        read_dataset(folder)


def test_an_option_of_another_form_is_told(tmp_path: Path) -> None:
    said(
        beir(tmp_path / "set"),
        "@ is a set of the form BEIR, which has no option 'direction' (it takes split and "
        "questions)",
        direction="image-to-text",
    )


@pytest.mark.parametrize(
    "text",
    [
        "query-id\tcorpus-id\tscore\nq1\ta b\t1\nq2\tc\t0\n",
        "q1\ta b\t1\r\nq2\tc\t0\r\nq1\ta b\t1\r\n",  # no header, one line twice
        "\ufeffqid\tdocid\trel\nq1\ta b\t1\nq2\tc\t0",  # a byte order mark
        "q1\t0\ta b\t1\nq2 Q0 c 0\n",  # TREC
    ],
)
def test_forms_of_judgement_files(tmp_path: Path, text: str) -> None:
    file = tmp_path / "qrels.tsv"
    file.write_bytes(text.encode())
    assert read_qrels(file) == {"q1": {"a b": 1}, "q2": {"c": 0}}


def test_judgements_know_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "qrels.tsv"
    file.write_text("query-id\tcorpus-id\tscore\n\nq1\ta\t-1\n")
    (found,) = read_judgements(file)
    assert (found.place, found.question, found.item, found.score) == (f"{file}:3", "q1", "a", -1)


def test_only_newlines_end_lines(tmp_path: Path) -> None:
    """U+2028 and form feed stand in texts, and are no ends of lines there."""
    (tmp_path / "q.jsonl").write_text('{"a": "x\u2028y"}\n', encoding="utf-8")
    assert list(rows(tmp_path / "q.jsonl", ("a",))) == [{"a": "x\u2028y"}]
    (tmp_path / "q.tsv").write_text("q1\ta\x0cb\u20281\t1\n", encoding="utf-8")
    assert read_qrels(tmp_path / "q.tsv") == {"q1": {"a\x0cb\u20281": 1}}


NAMES = ("a\tb", "a\nb", "a\rb", "a\x00b", "a\x85b", "a\u2028b", "a\u2029b", "\ud800")


@pytest.mark.parametrize("name", NAMES)
def test_ids_that_would_break_a_run_file_are_refused(tmp_path: Path, name: str) -> None:
    """`run.trec` parts its fields by tabs and its rows by line ends."""
    character = next(c for c in name if c not in "ab")
    why = f"which holds {character!r}; expected no control characters or line ends, which break "
    folder = beir(tmp_path / "queries")
    write(folder / "queries.jsonl", [{"_id": "q1", "text": "?"}, {"_id": name, "text": "?"}])
    said(folder, f"@/queries.jsonl:2: _id is {name!r}, {why}run.trec")
    folder = beir(tmp_path / "corpus")
    write(folder / "corpus.jsonl", [{"_id": name, "text": "?"}])
    said(folder, f"@/corpus.jsonl:1: _id is {name!r}, {why}run.trec")


@pytest.mark.parametrize("name", ["a\tb", "a\nb", "a\u2028b"])
def test_names_of_files_that_would_break_a_run_file_are_refused(tmp_path: Path, name: str) -> None:
    folder = pages(tmp_path / "set")
    try:
        (folder / "pdfs" / f"{name}.txt").write_text(WHALES)
    except OSError:
        pytest.skip("the file system has no such names")
    with pytest.raises(DatasetError) as caught:
        read_dataset(folder)
    found = str(caught.value)
    assert found.startswith(f"{folder}/pdfs: file name is {f'{name}.txt'!r}, which holds ")
    folder = captions(tmp_path / "photos")
    (folder / "images" / f"{name}.png").write_bytes(picture("x"))
    write(folder / "captions.jsonl", [{"image": f"images/{name}.png", "captions": ["x"]}])
    with pytest.raises(DatasetError) as caught:
        read_dataset(folder)
    found = str(caught.value)
    assert found.startswith(f"{folder}/captions.jsonl:1: id is {f'{name}.png'!r}, which holds ")


def test_a_line_nested_too_deep_is_told(tmp_path: Path) -> None:
    folder = beir(tmp_path / "set")
    (folder / "queries.jsonl").write_text('{"_id":' * 100_000)
    with pytest.raises(DatasetError, match=r"queries\.jsonl:1: not JSON: maximum recursion"):
        read_dataset(folder)


def test_judgements_of_equal_documents_meet(tmp_path: Path) -> None:
    """The index keeps equal bytes once, under the first name."""
    folder = beir(tmp_path / "set")
    for name in ("a", "b"):
        (folder / f"{name}.png").write_bytes(picture("same"))
    (folder / "c.png").write_bytes(picture("less"))
    corpus = [{"_id": k, "text": t} for k, t in (("1", PUMP), ("2", WHALES), ("3", WHALES))]
    corpus += [{"_id": k, "image": f"{k}.png"} for k in ("a", "b", "c")]
    write(folder / "corpus.jsonl", corpus)
    judge(
        folder / "qrels" / "test.tsv",
        ("q1", "3", 2), ("q1", "2", 1), ("q1", "b", 1), ("q9", "c", 1), ("q9", "3", 0),
    )  # fmt: skip
    dataset = read_dataset(folder)
    assert dataset.qrels == {"q1": {"2": 2, "a": 1}, "q9": {"c": 1, "2": 0}}
    assert len(dataset.sources) == 6


# ---------------------------------------------------------------- gold answers


def question(tmp_path: Path, **fields: Any) -> GoldQuestion:
    folder = beir(tmp_path / "set")
    write(folder / "queries.jsonl", [{"_id": "q1", "text": "?", **fields}])
    return read_dataset(folder).questions[0]


@pytest.mark.parametrize(
    ("fields", "answers"),
    [
        ({}, ()),
        ({"answer": " 21% "}, ("21%",)),
        ({"answer": 7}, ("7",)),
        ({"answer": ["a", "b", "a", ""]}, ("a", "b")),
        ({"answer": "['x', '2']"}, ("['x', '2']",)),
        ({"answer": "own words", "extractive_answer": "as printed"}, ("own words", "as printed")),
        ({"answer": None, "extractive_answer": ""}, ()),
        ({"answer": "Not answerable"}, ()),
        ({"answer": "Not answerable or 0 or none", "answerable": False}, ()),
        ({"answer": "5", "answerable": False}, ()),
    ],
)
def test_gold_answers(tmp_path: Path, fields: dict[str, Any], answers: tuple[str, ...]) -> None:
    found = question(tmp_path, **fields)
    assert found.answers == answers
    assert found.answerable is fields.get("answerable")


def test_formats_and_kinds_of_answers(tmp_path: Path) -> None:
    names = ["Pure-text (Plain-text)", "Table", "Figure", "Chart", "Generalized-text (Layout)"]
    found = question(tmp_path / "a", evidence_sources=[*names, "table"], answer_format="List")
    assert found.kinds == ("text", "table", "figure", "chart", "layout")
    assert found.answer_format == "List"
    assert question(tmp_path / "b").answer_format == "Str"
    assert question(tmp_path / "c", answer_format=None).answer_format == "None"
    assert question(tmp_path / "d", evidence_sources=None).kinds == ()
    with pytest.raises(DatasetError, match=r"jsonl:1: evidence source 'Map' is unknown; expected"):
        question(tmp_path / "e", evidence_sources=["Map"])
    assert get_args(AnswerFormat) == ("Str", "Int", "Float", "List", "None")


# ---------------------------------------------------------------- pages and boxes


def pages(folder: Path) -> Path:
    (folder / "pdfs").mkdir(parents=True)
    (folder / "pdfs" / "pump.pdf").write_bytes(text_pdf([PUMP, WHALES]))
    (folder / "pdfs" / ".hidden").write_bytes(b"")
    write(
        folder / "queries.jsonl",
        [
            {"_id": "q1", "text": "What does it eat?", "doc": "pump.pdf", "answerable": True},
            {"_id": "q2", "text": "Who is the mayor?", "answerable": False},
        ],
    )
    judge(folder / "qrels.tsv", ("q1", "pump.pdf#p2", 1))
    box = {"query-id": "q1", "doc": "pump.pdf", "page": 2, "bbox": [72, 72, 523, 100]}
    write(folder / "boxes.jsonl", [box])
    write(folder / "pages.jsonl", [{"doc": "pump.pdf", "page": n} for n in (1, 2)])
    return folder


def test_pages_and_boxes_are_read(tmp_path: Path) -> None:
    dataset = read_dataset(pages(tmp_path / "set"))
    assert dataset.unit == "page"
    assert dataset.has_boxes
    assert [(q.id, q.document, q.answerable) for q in dataset.questions] == [
        ("q1", "pump.pdf", True),
        ("q2", "", False),
    ]
    assert dataset.qrels == {"q1": {"pump.pdf#p2": 1}}
    assert dataset.boxes == {"q1": {("pump.pdf", 2): [Box(72, 72, 523, 100)]}}
    assert [s.name for s in dataset.sources] == ["pump.pdf"]


def box(**fields: Any) -> str:
    row = {"query-id": "q1", "doc": "pump.pdf", "page": 2, "bbox": [1, 2, 3, 4], **fields}
    return json.dumps(row) + "\n"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("qrels.tsv", "q1\tpump.pdf#p3\t1\n", "@/qrels.tsv:1: page 3 of 'pump.pdf', which has 2"),
        ("qrels.tsv", "q1\tpump.pdf#p0\t1\n", "@/qrels.tsv:1: page 0 of 'pump.pdf', which has 2"),
        ("qrels.tsv", "q1\tx.pdf#p1\t1\n", "@/qrels.tsv:1: 'x.pdf' names no file in pdfs/"),
        ("qrels.tsv", "q1\tpump.pdf\t1\n",
         "@/qrels.tsv:1: 'pump.pdf' is no page; expected NAME#pN, N from 1"),
        ("qrels.tsv", "q7\tpump.pdf#p1\t1\n",
         "@/qrels.tsv:1: question 'q7' is not in queries.jsonl"),
        ("qrels.tsv", "\n", "@/qrels.tsv has no judgement"),
        ("queries.jsonl", '{"_id": "q1", "text": "x", "doc": "x.pdf"}\n',
         "@/queries.jsonl:1: doc 'x.pdf' names no file in pdfs/"),
        ("boxes.jsonl", box(page=3), "@/boxes.jsonl:1: page 3 of 'pump.pdf', which has 2"),
        ("boxes.jsonl", box(doc="x"), "@/boxes.jsonl:1: 'x' names no file in pdfs/"),
        ("boxes.jsonl", box(**{"query-id": "q7"}),
         "@/boxes.jsonl:1: question 'q7' is not in queries.jsonl"),
        ("boxes.jsonl", box() + box(bbox=[0, 0, 597.5, 9]), "@/boxes.jsonl:2: box [0.0, 0.0, "
         "597.5, 9.0] lies outside page 2 of 'pump.pdf', 595 x 842 points"),
        ("boxes.jsonl", box(bbox=[0, -2.5, 9, 9]), "@/boxes.jsonl:1: box [0.0, -2.5, 9.0, 9.0] "
         "lies outside page 2 of 'pump.pdf', 595 x 842 points"),
        ("boxes.jsonl", box(bbox=[0, 0, 9, 845]), "@/boxes.jsonl:1: box [0.0, 0.0, 9.0, 845.0] "
         "lies outside page 2 of 'pump.pdf', 595 x 842 points"),
        ("pages.jsonl", '{"doc": "pump.pdf", "page": 1}\n',
         "@/pages.jsonl has 1 pages of 'pump.pdf'; the file has 2"),
        ("pages.jsonl", '{"doc": "pump.pdf", "page": 3}\n',
         "@/pages.jsonl:1: page 3 of 'pump.pdf', which has 2"),
        ("pages.jsonl", '{"doc": "pump.pdf", "page": 1}\n' * 2,
         "@/pages.jsonl:2: page 1 of 'pump.pdf' stands twice"),
        ("pages.jsonl", '{"doc": "x.pdf", "page": 1}\n',
         "@/pages.jsonl:1: 'x.pdf' names no file in pdfs/"),
        ("pages.jsonl", '{"doc": "pump.pdf", "page": "1"}\n',
         "@/pages.jsonl:1: page is '1'; expected a number from 1"),
    ],
)  # fmt: skip
def test_damaged_page_sets_are_told(tmp_path: Path, file: str, text: str, message: str) -> None:
    folder = pages(tmp_path / "set")
    (folder / file).write_text(text)
    said(folder, message)


def test_boxes_may_reach_two_points_over_the_page(tmp_path: Path) -> None:
    folder = pages(tmp_path / "set")
    (folder / "boxes.jsonl").write_text(box(bbox=[-2, -2, 597, 844]))
    assert read_dataset(folder).boxes == {"q1": {("pump.pdf", 2): [Box(-2, -2, 597, 844)]}}


def test_boxes_are_of_the_page_as_displayed(tmp_path: Path) -> None:
    """A turned page is wider than high."""
    folder = pages(tmp_path / "set")
    with pymupdf.open(stream=text_pdf([PUMP, WHALES]), filetype="pdf") as document:
        document[1].set_rotation(90)
        document.save(folder / "pdfs" / "pump.pdf")
    (folder / "boxes.jsonl").write_text(box(bbox=[0, 0, 842, 595]))
    assert read_dataset(folder).boxes == {"q1": {("pump.pdf", 2): [Box(0, 0, 842, 595)]}}


def test_pages_of_what_cannot_be_opened_are_not_checked(tmp_path: Path) -> None:
    folder = pages(tmp_path / "set")
    (folder / "pages.jsonl").unlink()
    (folder / "pdfs" / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing")
    (folder / "pdfs" / "notes.txt").write_text(WHALES)
    with pymupdf.open(stream=text_pdf([PUMP]), filetype="pdf") as document:
        secret = pymupdf.PDF_ENCRYPT_AES_256
        document.save(folder / "pdfs" / "locked.pdf", encryption=secret, user_pw="x", owner_pw="y")
    judged = [("q1", f"{n}#p9", 1) for n in ("broken.pdf", "notes.txt", "locked.pdf")]
    judge(folder / "qrels.tsv", *judged)
    assert read_dataset(folder).qrels == {"q1": {item: 1 for _, item, _ in judged}}


def test_equal_pdfs_are_told(tmp_path: Path) -> None:
    folder = pages(tmp_path / "set")
    (folder / "pdfs" / "z.pdf").write_bytes((folder / "pdfs" / "pump.pdf").read_bytes())
    said(
        folder,
        "@/pdfs/z.pdf has the bytes of pump.pdf; the index keeps equal files once: name one of "
        "them everywhere and remove the other",
    )


def test_an_empty_folder_of_pdfs_is_told(tmp_path: Path) -> None:
    (tmp_path / "pdfs").mkdir()
    said(tmp_path, "@/pdfs has no file")


# ---------------------------------------------------------------- captions


def captions(folder: Path) -> Path:
    (folder / "images").mkdir(parents=True)
    found = []
    for name, texts in (("a.png", ["a ring", "one ring"]), ("b.png", ["a disk", "one ring"])):
        (folder / "images" / name).write_bytes(picture(name))
        found.append({"image": f"images/{name}", "captions": texts})
    write(folder / "captions.jsonl", found)
    write(folder / "queries.jsonl", [{"_id": "a.png#0", "text": "a ring"}])
    judge(folder / "qrels.tsv", ("a.png#0", "a.png", 1))
    judge(
        folder / "qrels_image_to_text.tsv",
        ("a.png", "a.png#0", 1), ("a.png", "a.png#1", 1), ("b.png", "b.png#1", 1),
    )  # fmt: skip
    return folder


def test_captions_ask_for_images(tmp_path: Path) -> None:
    dataset = read_dataset(captions(tmp_path / "set"))
    assert dataset.questions == (GoldQuestion("a.png#0", "a ring"),)
    assert dataset.qrels == {"a.png#0": {"a.png": 1}}
    assert data_of(dataset) == {"a.png": picture("a.png"), "b.png": picture("b.png")}
    assert dataset.unit == "document"


def test_images_ask_for_captions(tmp_path: Path) -> None:
    folder = captions(tmp_path / "set")
    dataset = read_dataset(folder, direction="image-to-text")
    assert dataset.name == "set:image-to-text"
    assert dataset.questions == tuple(
        GoldQuestion(name, "", image=folder / "images" / name) for name in ("a.png", "b.png")
    )
    assert data_of(dataset) == {
        "a.png#0": b"a ring", "a.png#1": b"one ring", "b.png#0": b"a disk", "b.png#1": b"one ring"
    }  # fmt: skip
    # b.png#1 has the words of a.png#1, which is the one that the index keeps.
    assert dataset.qrels == {"a.png": {"a.png#0": 1, "a.png#1": 1}, "b.png": {"a.png#1": 1}}
    assert dataset.data != read_dataset(folder).data


@pytest.mark.parametrize(
    ("file", "text", "direction", "message"),
    [
        ("captions.jsonl", '{"image": "images/z.png", "captions": ["x"]}\n', "text-to-image",
         "@/captions.jsonl:1: image 'images/z.png' is missing in @"),
        ("captions.jsonl", '{"image": "images/z.png", "captions": ["x"]}\n', "image-to-text",
         "@/captions.jsonl:1: image 'images/z.png' is missing in @"),
        ("captions.jsonl", '{"image": "images/a.png", "captions": []}\n', "image-to-text",
         "@/captions.jsonl:1: 'captions' is []; expected a list of texts"),
        ("captions.jsonl", '{"image": "images/a.png", "captions": ["x"]}\n' * 2, "image-to-text",
         "@/captions.jsonl:2: image 'a.png' stands twice"),
        ("captions.jsonl", '{"image": "images/a.png", "captions": ["x"]}\n' * 2, "text-to-image",
         "@/captions.jsonl:2: id 'a.png' stands twice, first at @/captions.jsonl:1"),
        ("captions.jsonl", "", "image-to-text", "@/captions.jsonl has no image"),
        ("qrels.tsv", "a.png#0\tz.png\t1\n", "text-to-image",
         "@/qrels.tsv:1: document 'z.png' is not in captions.jsonl"),
        ("qrels_image_to_text.tsv", "z.png\ta.png#0\t1\n", "image-to-text",
         "@/qrels_image_to_text.tsv:1: question 'z.png' is not in captions.jsonl"),
        ("qrels_image_to_text.tsv", "a.png\ta.png#7\t1\n", "image-to-text",
         "@/qrels_image_to_text.tsv:1: document 'a.png#7' is not in captions.jsonl"),
        ("qrels.tsv", "a.png#0\ta.png\t1\n", "sideways",
         "direction 'sideways' is unknown; expected text-to-image or image-to-text"),
    ],
)  # fmt: skip
def test_damaged_caption_sets_are_told(
    tmp_path: Path, file: str, text: str, direction: str, message: str
) -> None:
    folder = captions(tmp_path / "set")
    (folder / file).write_text(text)
    said(folder, message, direction=direction)


# ---------------------------------------------------------------- Parquet


def table(file: Path, rows: Rows, group: int = 2, schema: Any = None) -> None:
    pyarrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    file.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), file, row_group_size=group)


def image(text: str) -> dict[str, Any]:
    return {"bytes": picture(text), "path": None}


def vidore(folder: Path) -> Path:
    """Two shards of row groups of two; page `p/1` stands twice, one question too."""
    first: Rows = [
        {"query": "What is on top?", "image": image("1"), "image_filename": "p/1.png",
         "answer": "a ring"},
        {"query": None, "image": image("2"), "image_filename": "p/2.png", "answer": None},
        {"query": "How many?", "image": image("1"), "image_filename": "p/1.png", "answer": "['1']"},
    ]  # fmt: skip
    second: Rows = [
        {"query": "What is on top?", "image": image("3"), "image_filename": "p/3.png",
         "answer": "a disk"},
        {"query": "", "image": image("4"), "image_filename": "", "answer": ""},
    ]  # fmt: skip
    table(folder / "data" / "test-00000-of-00002.parquet", first)
    table(folder / "data" / "test-00001-of-00002.parquet", second)
    return folder


def test_pages_of_parquet_rows_are_read(tmp_path: Path) -> None:
    dataset = read_dataset(vidore(tmp_path / "set"))
    assert dataset.questions == (
        GoldQuestion("q1", "What is on top?", answers=("a ring", "a disk")),
        GoldQuestion("q3", "How many?", answers=("['1']",)),
    )
    assert dataset.qrels == {"q1": {"p/1.png": 1, "p/3.png": 1}, "q3": {"p/1.png": 1}}
    assert [s.source for s in dataset.sources] == [
        "set:p/1.png", "set:p/2.png", "set:p/3.png", "set:row-5"
    ]  # fmt: skip
    # Backwards: every group is read again, and the rows are the right ones.
    read = {s.name: s.read() for s in reversed(dataset.sources)}
    assert read == {
        "p/1.png": picture("1"), "p/2.png": picture("2"), "p/3.png": picture("3"),
        "row-5": picture("4"),
    }  # fmt: skip
    assert dataset.unit == "document"


def test_pages_of_parquet_rows_are_indexed(service: Service, tmp_path: Path) -> None:
    """The names of documents are the items that are judged."""
    dataset = read_dataset(vidore(tmp_path / "set"))
    results = list(service.ingest(dataset.sources))
    assert [(r.name, r.outcome) for r in results] == [(s.name, "added") for s in dataset.sources]
    _, hits = service.hits(Query("ring"), 9)
    assert {hit.name for hit in hits} == {source.name for source in dataset.sources}


def test_images_are_read_by_row_group_when_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = vidore(tmp_path / "set")
    groups: list[int] = []
    columns: list[str] = []

    class Watched(parquet.ParquetFile):  # type: ignore[misc,name-defined,unused-ignore]
        def read_row_group(self, number: int, **options: Any) -> Any:
            groups.append(number)
            return super().read_row_group(number, **options)

        def iter_batches(self, **options: Any) -> Any:
            columns.extend(options["columns"])
            return super().iter_batches(**options)

    monkeypatch.setattr(parquet, "ParquetFile", Watched)
    dataset = read_dataset(folder)
    assert set(columns) == {"answer", "image_filename", "query"}
    assert groups == []
    for source in dataset.sources[:3]:
        source.read()
    assert groups == [0, 0]  # the first two pages at once, then the other shard's


def test_an_image_without_bytes_is_an_error_of_that_document(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    rows = [{"query": "a", "image": {"bytes": b"", "path": "x.png"}, "image_filename": "x.png"}]
    table(folder / "test-00000-of-00001.parquet", rows)
    (source,) = read_dataset(folder).sources
    with pytest.raises(DocumentError, match=r"has no bytes in column 'image' of .*test-00000"):
        source.read()


def test_images_of_a_file_that_went_are_errors_of_documents(tmp_path: Path) -> None:
    folder = vidore(tmp_path / "set")
    dataset = read_dataset(folder)
    (folder / "data" / "test-00000-of-00002.parquet").unlink()
    with pytest.raises(DocumentError, match=r"cannot be read: .*00000-of-00002.* is missing"):
        dataset.sources[0].read()


def damaged(folder: Path, change: Callable[[Path], object], message: str, **options: Any) -> None:
    change(vidore(folder) / "data" / "test-00000-of-00002.parquet")
    said(folder, message, **options)


def test_damaged_parquet_pages_are_told(tmp_path: Path) -> None:
    first = "@/data/test-00000-of-00002.parquet"
    damaged(tmp_path / "a", Path.unlink, f"{first} is missing: the set is not wholly downloaded")
    file = vidore(tmp_path / "b") / "data" / "test-00000-of-00002.parquet"
    whole = file.read_bytes()
    for data in (b"x" * 99, whole[:4] + b"\xff" * (len(whole) // 2) + whole[len(whole) // 2 + 4 :]):
        file.write_bytes(data)
        with pytest.raises(DatasetError, match=r"00002\.parquet is no Parquet file, or is damaged"):
            read_dataset(tmp_path / "b")
    damaged(
        tmp_path / "c",
        lambda f: table(f, [{"query": "x", "picture": image("1")}]),
        f"{first}: has no column 'image'; it has query",
    )
    damaged(
        tmp_path / "d",
        lambda f: table(f, [{"query": 7, "image": image("1"), "image_filename": "1"}]),
        f"{first}: row 1: 'query' is 7; expected a text",
    )
    damaged(
        tmp_path / "e",
        lambda _: None,
        "@ has none of data/dev-*.parquet, dev-*.parquet",
        split="dev",
    )
    table(tmp_path / "f" / "test.parquet", [{"query": "", "image": image("1")}])
    said(tmp_path / "f", "@ has none of data/test-*.parquet, test-*.parquet")
    (tmp_path / "f" / "test.parquet").rename(tmp_path / "f" / "test-0.parquet")
    said(tmp_path / "f", "@ has no question in split 'test'")


def tables(folder: Path, score: Any = 1) -> Path:
    pages = [{"corpus-id": n, "image": image(str(n)), "doc-id": "d"} for n in (7, 8, 9)]
    table(folder / "corpus" / "test-00000-of-00001.parquet", pages)
    asked = [{"query-id": n, "query": f"question {n}", "language": "en"} for n in (0, 1)]
    table(folder / "queries" / "test-00000-of-00001.parquet", asked)
    judged = [{"query-id": 1, "corpus-id": 9, "score": score, "answer": "x"}]
    table(folder / "qrels" / "test-00000-of-00001.parquet", judged)
    return folder


def test_parquet_tables_are_read(tmp_path: Path) -> None:
    dataset = read_dataset(tables(tmp_path / "set"))
    assert dataset.questions == (GoldQuestion("1", "question 1"),)
    assert dataset.qrels == {"1": {"9": 1}}
    assert data_of(dataset) == {str(n): picture(str(n)) for n in (7, 8, 9)}


def test_other_names_of_tables_and_columns(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    table(folder / "corpus-00000-of-00001.parquet", [{"id": "c1", "title": "T", "text": "words"}])
    table(folder / "queries" / "queries-0.parquet", [{"_id": "q", "text": "?", "answer": ["1"]}])
    table(folder / "data" / "test-0.parquet", [{"query_id": "q", "corpus_id": "c1", "score": 2.0}])
    dataset = read_dataset(folder)
    assert dataset.questions == (GoldQuestion("q", "?", answers=("1",)),)
    assert dataset.qrels == {"q": {"c1": 2}}
    assert data_of(dataset) == {"c1": b"T\n\nwords"}


def test_damaged_parquet_tables_are_told(tmp_path: Path) -> None:
    qrels = "@/qrels/test-00000-of-00001.parquet"
    said(tables(tmp_path / "a", 0.5), f"{qrels}: row 1: score is 0.5; expected a whole number")
    said(
        tables(tmp_path / "n", float("nan")),
        f"{qrels}: row 1: score is nan; expected a whole number",
    )
    folder = tables(tmp_path / "b")
    file = folder / "qrels" / "test-00000-of-00001.parquet"
    good = {"query-id": 1, "corpus-id": 9, "score": 1}
    table(file, [good, {**good, "query-id": 5}])
    said(folder, f"{qrels}: row 2: question '5' is not in queries")
    table(file, [good, {**good, "corpus-id": 5}])
    said(folder, f"{qrels}: row 2: document '5' is not in corpus")
    table(file, [good, {**good, "score": 2}])
    said(
        folder,
        f"{qrels}: row 2: question '1' and '9' are judged 2 here and 1 at {qrels}: row 1; "
        "leave one",
    )
    file.unlink()
    said(
        folder,
        "@ has none of qrels/test-*.parquet, qrels/test.parquet, qrels/qrels-*.parquet, "
        "qrels-*.parquet, qrels.parquet, default/test-*.parquet, data/test-*.parquet",
    )
    folder = tables(tmp_path / "c")
    corpus = "corpus/test-00000-of-00001.parquet"
    table(folder / corpus, [{"corpus-id": 9, "image": image("1")}] * 2)
    said(folder, f"@/{corpus}: row 2: id '9' stands twice, first at @/{corpus}: row 1")
    queries = "queries/test-00000-of-00001.parquet"
    table(folder / queries, [{"query-id": 1, "query": "x"}] * 2)
    said(folder, f"@/{queries}: row 2: id '1' stands twice")


def test_parquet_without_pyarrow_names_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = vidore(tmp_path / "set")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    said(
        folder,
        "@/data/test-00000-of-00002.parquet needs pyarrow: pip install 'octavo[evals]'",
    )


# ---------------------------------------------------------------- the hash of the data


def test_the_hash_is_of_the_data_and_not_of_its_place(tmp_path: Path) -> None:
    first, second = read_dataset(pages(tmp_path / "a")), read_dataset(pages(tmp_path / "b"))
    assert re.fullmatch(r"[0-9a-f]{12}", first.data)
    assert first.data == second.data
    turned = replace(first, questions=first.questions[::-1], name="other")
    assert turned.data == first.data


def test_every_part_of_the_data_changes_the_hash() -> None:
    source = Source("a.pdf", "a", bytes)
    base = Dataset("d", "page", (GoldQuestion("q", "?"),), {"q": {"a.pdf#p1": 1}}, (source,))
    box = {"q": {("a.pdf", 1): [Box(0, 0, 1, 1)]}}
    unit: Literal["document"] = "document"
    questions = [
        GoldQuestion("r", "?"),
        GoldQuestion("q", "!"),
        GoldQuestion("q", "?", "a.pdf"),
        GoldQuestion("q", "?", answerable=True),
        GoldQuestion("q", "?", image=Path("x.png")),
        GoldQuestion("q", "?", answers=("1",)),
        GoldQuestion("q", "?", answer_format="Int"),
        GoldQuestion("q", "?", kinds=("table",)),
    ]
    changed = [
        *(replace(base, questions=(q,)) for q in questions),
        replace(base, unit=unit),
        replace(base, qrels={"q": {"a.pdf#p1": 2}}),
        replace(base, qrels={"q": {"a.pdf#p2": 1}}),
        replace(base, sources=(replace(source, name="b.pdf"),)),
        replace(base, boxes=box),
    ]
    assert len({base.data, *(d.data for d in changed)}) == len(changed) + 1


# ---------------------------------------------------------------- real sets


@pytest.mark.parametrize(
    ("name", "options", "questions", "judgements", "documents"),
    [
        ("scifact", {}, 300, 339, 5183),
        ("scifact", {"split": "train"}, 809, 919, 5183),
        ("cranfield", {}, 225, 1612, 1400),
        ("limit-small", {}, 1000, 2000, 46),
        ("mmlong", {}, 427, 651, 50),
        ("charts", {}, 627, 627, 600),
        ("charts", {"questions": "captions"}, 627, 627, 600),
        ("flickr", {}, 5000, 5000, 1000),
        ("flickr", {"direction": "image-to-text"}, 1000, 5000, 5000),
    ],
)
def test_real_sets_have_the_counts_of_their_descriptions(
    name: str, options: dict[str, Any], questions: int, judgements: int, documents: int
) -> None:
    dataset = read_real(name, **options)
    counts = len(dataset.questions), sum(map(len, dataset.qrels.values())), len(dataset.sources)
    assert counts == (questions, judgements, documents)
    assert dataset.sources[0].read()


def read_real(name: str, **options: Any) -> Dataset:
    folder = SHARED / "data" / name
    if not folder.is_dir():
        pytest.skip(f"the set {name} is not here")
    return read_dataset(folder, **options)


def test_real_page_set_has_answers_kinds_and_boxes() -> None:
    dataset = read_real("mmlong")
    assert len(dataset.qrels) == 353
    assert sum(q.answerable is True for q in dataset.questions) == 350
    assert all(bool(q.answers) == q.answerable for q in dataset.questions)
    kinds = ("text", "table", "figure", "chart", "layout")
    found = [sum(kind in q.kinds for q in dataset.questions) for kind in kinds]
    assert found == [150, 108, 94, 54, 43]
    formats = ("Int", "Str", "Float", "List", "None")
    found = [sum(q.answer_format == f for q in dataset.questions) for f in formats]
    assert found == [110, 98, 79, 63, 77]
    assert sum(len(boxes) for gold in dataset.boxes.values() for boxes in gold.values()) == 590
    assert len(dataset.boxes) == 297
    assert dataset.questions[0].answers == ("Less well-off",)


def test_real_chart_questions_have_both_answers() -> None:
    dataset = read_real("charts")
    assert all(q.image is None for q in dataset.questions)  # `image` names the gold chart there
    assert all(1 <= len(q.answers) <= 2 for q in dataset.questions)
    assert dataset.questions[0].answers[0].startswith("Two in five ( 41 % )")
    assert dataset.questions[0].answers[1].startswith("activities .")

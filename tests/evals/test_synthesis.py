"""`octavo eval make`: rules on real chunks, the folder it writes, the review page, the model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pymupdf
import pytest
from click.testing import CliRunner, Result
from fastapi import FastAPI, Request

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.evals.dataset import DatasetError, read_dataset
from octavo.evals.synthesis.by_model import ModelDrafts, Refused, draft_by_model, parsed, stands_in
from octavo.evals.synthesis.draft import Draft, DraftPlace, format_of
from octavo.evals.synthesis.draft_rows import restored, stored
from octavo.evals.synthesis.drafting import draft_by_rules
from octavo.evals.synthesis.folder import described, merged, read_drafts, write_drafts
from octavo.evals.synthesis.make_command import chat_model, make
from octavo.evals.synthesis.originals import file_names, read_passages
from octavo.evals.synthesis.passages import Passage, readable
from octavo.evals.synthesis.review import review_app
from octavo.evals.synthesis.rules import RULES
from octavo.evals.synthesis.unanswerable import KnownWords
from octavo.evals.synthesis.verbs import base_form
from octavo.generate.answer import GeneratorError
from octavo.generate.llm.openai import OpenAiChat, OpenAiOptions
from octavo.index.source import Source
from octavo.ingest.document import Box, Chunk, ChunkKind, Region, Span
from tests.conftest import ROOT, WHALES, served

EVALSET = ROOT / "examples" / "evalset"


def passage(
    text: str, kind: ChunkKind = "text", name: str = "pump-manual.pdf", **more: Any
) -> Passage:
    """A chunk whose every line is a span of its own, 20 points below the one before."""
    spans, start = [], 0
    for n, line in enumerate(text.split("\n")):
        region = Region("d" * 64, 1, Box(50, 20.0 * n, 500, 20.0 * n + 14))
        spans.append(Span(start, start + len(line), region))
        start += len(line) + 1
    whole = Region("d" * 64, 1, Box(50, 0, 500, 20.0 * len(spans)))
    chunk = Chunk("c", "d" * 64, kind, 0, text, (whole,), spans=tuple(spans), **more)
    return Passage(name, chunk, frozenset(more.get("section", ())))


def asked(rule: str, made_of: Passage) -> dict[str, str]:
    return {idea.text: idea.answer for idea in RULES[rule][0](made_of)}


TORQUES = "Table 4. Torques\nFastener | Thread | Torque (N·m)\nImpeller bolt | M12 | 62\n"
TORQUES += "Cover nuts (8) | M16 | 145\nDrain plug | G 1/2 | 45"


def torques() -> Passage:
    header = "Fastener | Thread | Torque (N·m)"
    return passage(TORQUES, "table", header=header, caption="Table 4. Torques")


def test_a_cell_is_asked_for_by_row_and_column_and_its_box_is_the_row() -> None:
    ideas = {i.text: i for i in RULES["table"][0](torques())}
    assert {t: i.answer for t, i in ideas.items()} == {
        "What is the thread of the impeller bolt?": "M12",
        "What is the torque of the impeller bolt, in N·m?": "62",
        "What is the thread of the cover nuts?": "M16",
        "What is the torque of the cover nuts, in N·m?": "145",
        "What is the thread of the drain plug?": "G 1/2",
        "What is the torque of the drain plug, in N·m?": "45",
    }
    bolt = ideas["What is the torque of the impeller bolt, in N·m?"]
    assert [r.box for r in bolt.regions] == [Box(50, 40, 500, 54)]


def test_years_are_columns_of_their_own_kind() -> None:
    header = "EUR thousand | 2023 | 2022"
    rows = f"{header}\nWater charges | 4,318 | 4,102\nSurplus | 397 | 123"
    assert asked("table", passage(rows, "table", header=header)) == {
        "What were the water charges in 2023, in EUR thousand?": "4,318",
        "What were the water charges in 2022, in EUR thousand?": "4,102",
        "What was the surplus in 2023, in EUR thousand?": "397",
        "What was the surplus in 2022, in EUR thousand?": "123",
    }


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Contents | 3", "1 Safety | 3\n2 Parts | 5"),  # a page number is no column's name
        ("", "DANGER | Death will follow\nNOTICE | Damage may follow"),
        ("Who | How to tell | Looks like", "Smith | by ear | Jones\nMiller | by eye | Baker"),
    ],
)
def test_tables_without_usable_names_make_no_question(header: str, rows: str) -> None:
    text = f"{header}\n{rows}" if header else rows
    assert asked("table", passage(text, "table", header=header)) == {}


def test_captions_are_turned_round_and_values_are_read_off_labels() -> None:
    figure = passage(
        "Figure 3. Use of income in 2023, in per cent.\nEnergy: 23 %\nStaff: 21 %\n8",
        "figure",
        caption="Figure 3. Use of income in 2023, in per cent.",
    )
    assert asked("caption", figure) == {
        "Which figure shows, in per cent, the use of income in 2023?": "Figure 3"
    }
    assert asked("value", figure) == {
        "What does the figure of the use of income in 2023 give for energy?": "23 %",
        "What does the figure of the use of income in 2023 give for staff?": "21 %",
    }
    plain = passage("x", "figure", caption="Figure 9. Wiring diagram of the pump set.")
    assert list(asked("caption", plain)) == [
        "Which figure is about the pump set and shows the wiring diagram?"
    ]
    assert asked("caption", passage("x", "figure", caption='Figure 5. "Yes, I do": share.')) == {}


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("Control voltage is 24 V DC.", "What is the control voltage?", "24 V DC"),
        ("Bank debt was EUR 3.4 million.", "What was the bank debt?", "EUR 3.4 million"),
        (
            "Our laboratory took 2,916 samples.",
            "How many samples did the laboratory take?",
            "2,916",
        ),
        (
            "212 leaks were reported by members; thank you.",
            "How many leaks were reported by members?",
            "212",
        ),
        (
            "The new plant at Alder Spring went into service on 19 April.",
            "When did the new plant at Alder Spring go into service?",
            "19 April",
        ),
        (
            "Station 4 was built in 1988, and its pumps are old.",
            "When was Station 4 built?",
            "1988",
        ),
        (
            "2. Wait 8 minutes before opening the terminal box, so that it discharges.",
            "How long should you wait before opening the terminal box?",
            "8 minutes",
        ),
        (
            "Leave a gap of 3 mm between the two hubs.",
            "What gap should you leave between the two hubs?",
            "3 mm",
        ),
        (
            "Leakage is the share of the water we pump that never arrives.",
            "What does the pump manual mean by leakage?",
            "the share of the water we pump that never arrives",
        ),
    ],
)
def test_sentences_of_a_known_form(sentence: str, question: str, answer: str) -> None:
    assert asked("sentence", passage(sentence)) == {question: answer}


@pytest.mark.parametrize(
    "sentence",
    [
        "It was built in 1988.",
        "These pairs are 12 mm long.",
        "Slide the seal on until the spring is 2 mm shorter than when free.",
        "Turn the shaft by hand half a turn every two weeks.",
        "Nobody knows.",
    ],
)
def test_sentences_that_say_nothing_by_themselves(sentence: str) -> None:
    assert asked("sentence", passage(sentence)) == {}


def test_headings_are_asked_for_where_text_stands_under_them() -> None:
    text = "6.2 Aligning the coupling\nAlign the motor to the pump, never the pump to the motor."
    section = ("6.2 Aligning the coupling", "7 Results")
    assert asked("heading", passage(f"{text}\n7 Results\nNothing new.", section=section)) == {
        "What does the pump manual say about aligning the coupling?": (
            "Align the motor to the pump, never the pump to the motor."
        )
    }
    assert asked("heading", passage("6.2 Aligning the coupling\nSee Figure 2.")) == {}


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("What is the torque of the impeller bolt?", True),
        ("What is the tbrqxf of the mpllr blt?", False),
        ("What is the (cid:12) of the bolt?", False),
        ("What is the \ufffd of the bolt?", False),
        ("12 3 4 5 | 6 7 = ?", False),
    ],
)
def test_garbled_text_is_told(text: str, good: bool) -> None:
    assert readable(text) is good


def test_past_tenses() -> None:
    past = "went approved replaced carried stopped opened complained filled burst measured visited"
    base = "go approve replace carry stop open complain fill burst measure visit"
    assert [base_form(v) for v in past.split()] == base.split()
    assert base_form("station") == ""


def test_what_is_left_open_is_said_nowhere() -> None:
    header = "Number | Name"
    parts = f"{header}\nHX-1 | Impeller bolt\nHX-2 | Impeller key\nHX-3 | Coupling spider"
    both = [torques(), passage(parts, "table", header=header)]
    opened = [d for d in draft_by_rules(both, 100, 0) if not d.answerable]
    texts = {d.text for d in opened}
    assert "What is the torque of the coupling spider, in N·m?" in texts
    assert "What is the torque of the impeller bolt, in N·m?" not in texts  # it is said
    known = KnownWords(both)
    assert known.together("impeller bolt torque")
    assert not known.together("coupling spider torque")
    assert known.unknown("saxophone")
    assert all(d.answer == "Not answerable" and d.row()["evidence_pages"] == [] for d in opened)


def test_a_question_with_two_answers_is_left_out() -> None:
    other = replace(torques(), name="other.pdf")
    changed = replace(other, chunk=replace(other.chunk, text=TORQUES.replace("| 62", "| 99")))
    texts = {d.text for d in draft_by_rules([torques(), changed], 100, 0)}
    assert "What is the torque of the impeller bolt, in N·m?" not in texts
    assert "What is the torque of the cover nuts, in N·m?" in texts


def test_two_questions_of_one_line_have_two_ids() -> None:
    line = passage("Control voltage is 24 V DC. Bank debt was EUR 3.4 million.")
    drafts = {d.text: d.id for d in draft_by_rules([line], 10, 0) if d.answerable}
    assert set(drafts) == {"What is the control voltage?", "What was the bank debt?"}
    assert len(set(drafts.values())) == 2
    alone = passage("Control voltage is 24 V DC.")
    (first,) = [d for d in draft_by_rules([alone], 10, 0) if d.answerable]
    assert first.id == drafts["What is the control voltage?"]


def test_answers_are_compared_as_what_they_are() -> None:
    assert [format_of(a) for a in ("17", "4,318", "0.85", "62 N·m")] == [
        "Int", "Int", "Float", "Str",
    ]  # fmt: skip


# The folder


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("examples")
    script = str(ROOT / "examples" / "make_examples.py")
    subprocess.run([sys.executable, script, str(out)], check=True, capture_output=True)
    (out / "queries").rename(out.with_name(f"{out.name}-queries"))
    return out


@pytest.fixture(scope="module")
def index(examples: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index") / "index"
    service = Service(Settings(index=folder), create=True)
    files = [examples / "annual-report.pdf", examples / "site-note.md"]
    assert {r.outcome for r in service.ingest([Source.file(f) for f in files])} == {"added"}
    service.close()
    return folder


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(make, [str(a) for a in arguments])


def json_rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def files_of(folder: Path) -> dict[str, str]:
    names = ("queries.jsonl", "qrels.tsv", "boxes.jsonl", "rejected.jsonl", "drafts.jsonl")
    return {name: (folder / name).read_text() for name in names}


def test_the_same_seed_makes_the_same_set_that_eval_run_reads(index: Path, tmp_path: Path) -> None:
    one, two, three = (tmp_path / n for n in ("one", "two", "three"))
    for out, seed in ((one, 0), (two, 0), (three, 1)):
        done = run("--index", index, "--out", out, "--count", "40", "--seed", str(seed))
        assert done.exit_code == 0, done.output
    assert files_of(one) == files_of(two)
    assert files_of(one)["queries.jsonl"] != files_of(three)["queries.jsonl"]
    dataset = read_dataset(one)
    assert (len(dataset.questions), dataset.unit) == (40, "page")
    assert sum(q.answerable is False for q in dataset.questions) == 8
    assert {q.id for q in dataset.questions if q.answerable} == set(dataset.qrels)
    assert set(dataset.qrels) == set(dataset.boxes)
    assert [s.name for s in dataset.sources] == ["annual-report.pdf", "site-note.md"]
    kinds = {d.evidence for d in read_drafts(one) if d.answerable}
    assert kinds >= {"Table", "Chart", "Pure-text (Plain-text)"}


def test_drafts_spread_over_pages_and_documents(index: Path, tmp_path: Path) -> None:
    assert run("--index", index, "--out", tmp_path, "--count", "40").exit_code == 0
    answered = [d for d in read_drafts(tmp_path) if d.answerable]
    pages = {(p.doc, p.page) for d in answered for p in d.places}
    assert {doc for doc, _ in pages} == {"annual-report.pdf", "site-note.md"}
    assert len(pages) >= 9  # of eleven


def test_decisions_are_kept_when_it_is_run_again(index: Path, tmp_path: Path) -> None:
    command = ("--index", index, "--out", tmp_path, "--count", "30")
    run(*command)
    first, second, *rest = read_drafts(tmp_path)
    edited = first.decided("accepted", "Said in quite other words?", first.answer)
    write_drafts([edited, second.decided("rejected", second.text, second.answer), *rest], tmp_path)
    assert run(*command, "--seed", "5").exit_code == 0
    found = {d.id: d for d in read_drafts(tmp_path)}
    assert found[first.id] == edited
    assert found[first.id].edited
    assert found[second.id].state == "rejected"
    asked_ids = {row["_id"] for row in json_rows(tmp_path / "queries.jsonl")}
    assert first.id in asked_ids
    assert second.id not in asked_ids
    assert second.id not in (tmp_path / "qrels.tsv").read_text()
    assert json.loads((tmp_path / "rejected.jsonl").read_text())["_id"] == second.id
    read_dataset(tmp_path)


def test_the_readme_measures_how_far_questions_copy() -> None:
    place = (DraftPlace("a.pdf", 1, Box(0, 0, 9, 9)),)
    draft = Draft("1", "Which oil?", "a.pdf", "VG 46", "Table", place, "table cell", "Oil: VG 46")
    assert draft.shared == 1.0
    assert draft.decided("accepted", "Which lubricant?", "VG 46").shared == 0.0
    both = [draft, replace(draft, id="2", text="Oil temperature?")]
    assert "**Of the words of an answerable question, 75% stand in its source**" in described(both)


def test_merging_keeps_decided_drafts_that_were_not_drawn() -> None:
    draft = Draft("1", "Which oil?", "a.pdf", "VG 46", "Table", (), "table cell")
    gone = replace(draft, id="2", state="accepted")
    assert merged([gone, replace(draft, id="3")], [draft]) == [draft, gone]


def test_mistakes_are_told_in_one_line(tmp_path: Path, index: Path) -> None:
    nothing = run("--out", tmp_path / "x")
    assert (nothing.exit_code, "give PATHS" in nothing.output) == (1, True)
    review = run("--review", "--out", tmp_path / "x")
    assert (review.exit_code, "has no drafts to review" in review.output) == (1, True)
    model = run("--index", index, "--out", tmp_path / "y", "--by", "model")
    assert (model.exit_code, "set OCTAVO_LLM_URL" in model.output) == (1, True)
    (tmp_path / "z").mkdir()
    (tmp_path / "z" / "drafts.jsonl").write_text('{"_id": "1", "text": "", "state": "?"}\n')
    with pytest.raises(DatasetError, match="places"):
        read_drafts(tmp_path / "z")


def test_paths_are_ingested_beside_the_set(tmp_path: Path) -> None:
    (tmp_path / "note.md").write_text(
        "# Oil\n\nThe housing holds 3 litres. Control voltage is 24 V DC.\n\n"
        "| Part | Number |\n|---|---|\n| Pump shaft | HX-1 |\n| Wear ring | HX-2 |\n"
    )
    done = run(tmp_path / "note.md", "--out", tmp_path / "set", "--count", "10", "--json")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "set" / "index" / "manifest.json").is_file()
    texts = {d.text: d.answer for d in read_drafts(tmp_path / "set")}
    assert texts["What is the number of the pump shaft?"] == "HX-1"
    assert texts["What is the control voltage?"] == "24 V DC"
    copied = (tmp_path / "set" / "pdfs" / "note.md").read_bytes()
    assert copied == (tmp_path / "note.md").read_bytes()


@pytest.mark.parametrize("name", ["queries.jsonl", "qrels.tsv", "boxes.jsonl", "README.md"])
def test_a_set_of_other_hands_is_not_overwritten(name: str, index: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_text("by hand")
    done = run("--index", index, "--out", tmp_path, "--count", "5")
    assert done.exit_code == 1
    assert f"{tmp_path / name} was not made by octavo eval make" in done.output
    assert "give another --out" in done.output
    assert [f.name for f in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "by hand"


def note_in(folder: Path, litres: int) -> Path:
    file = folder / "note.md"
    file.write_text(f"# Oil\n\nThe housing holds {litres} litres. Control voltage is 24 V DC.\n")
    return file


def test_the_copies_follow_the_index(tmp_path: Path) -> None:
    out, note = tmp_path / "set", note_in(tmp_path, 3)
    assert run(note, "--out", out).exit_code == 0
    copied = out / "pdfs" / "note.md"
    before = copied.read_bytes()
    for name in ("gone.md", "decided.md", ".hidden"):
        (out / "pdfs" / name).write_text(name)
    first = next(d for d in read_drafts(out) if d.answerable)
    about = replace(first, id="x", doc="decided.md", state="accepted")
    place = replace(about.places[0], doc="decided.md")
    write_drafts([*read_drafts(out), replace(about, places=(place,))], out)
    note_in(tmp_path, 4)
    assert note.stat().st_size == len(before)  # the size does not tell
    assert run(note, "--out", out).exit_code == 0
    assert copied.read_bytes() == note.read_bytes() != before
    assert {f.name for f in (out / "pdfs").iterdir()} == {"note.md", "decided.md", ".hidden"}
    read_dataset(out)


def test_files_of_other_hands_are_neither_replaced_nor_removed(tmp_path: Path) -> None:
    note = note_in(tmp_path, 3)
    for name, text in (("own", "mine"), ("other", note.read_text().replace("3", "4"))):
        (tmp_path / name / "pdfs").mkdir(parents=True)
        file = "note.md" if name == "other" else "mine.md"
        (tmp_path / name / "pdfs" / file).write_text(text)
    assert run(note, "--out", tmp_path / "own").exit_code == 0
    assert (tmp_path / "own" / "pdfs" / "mine.md").read_text() == "mine"
    done = run(note, "--out", tmp_path / "other")
    assert (done.exit_code, "has other bytes than the document" in done.output) == (1, True)
    assert "4 litres" in (tmp_path / "other" / "pdfs" / "note.md").read_text()
    # What is read from there stays there, also where reading it fails.
    (tmp_path / "own" / "pdfs" / "broken.pdf").write_bytes(b"%PDF-1.7 and no more")
    assert run(tmp_path / "own" / "pdfs", "--out", tmp_path / "own").exit_code == 0
    assert (tmp_path / "own" / "pdfs" / "broken.pdf").exists()


def test_copies_have_names_that_a_set_may_hold(service: Service) -> None:
    list(service.ingest([Source("a\tb\u2028.md", "a", WHALES.encode)]))
    assert list(file_names(service).values()) == ["a_b_.md"]


def a_row(**changed: Any) -> dict[str, Any]:
    place = (DraftPlace("a.pdf", 1, Box(0, 0, 9, 9)),)
    draft = Draft("1", "Which oil?", "a.pdf", "VG 46", "Table", place, "table cell", "Oil: VG 46")
    return {**stored(draft), **changed}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"doc": "../secret.pdf"}, "'doc' is '../secret.pdf'; expected the name of a file"),
        ({"doc": ".."}, "'doc' is '..'"),
        ({"doc": "/etc/passwd"}, "'doc' is '/etc/passwd'"),
        ({"doc": "a\\b.pdf"}, "'doc' is"),
        ({"doc": "a\tb.pdf"}, r"doc is 'a\\tb.pdf'"),
        ({"doc": 5}, "'doc' is 5; expected a text"),
        ({"_id": "a\nb"}, r"_id is 'a\\nb'"),
        ({"text": 5}, "'text' is 5; expected a text"),
        ({"answer": ["VG 46"]}, "'answer' is"),
        ({"evidence": "Map"}, "'evidence' is 'Map'; expected one of"),
        ({"evidence": []}, "'evidence' is"),
        ({"state": "maybe"}, "'state' is 'maybe'; expected one of draft, accepted, rejected"),
        ({"edited": "no"}, "'edited' is 'no'; expected true or false"),
        ({"answerable": "no"}, "'answerable' is 'no'; expected true or false"),
        ({"answerable": False}, "'answerable' is False and 'places' is"),
        ({"shared_words": "x"}, "'shared_words' is 'x'; expected a share"),
        ({"shared_words": 2}, "'shared_words' is 2"),
        ({"places": 5}, "'places' is 5; expected a list"),
        ({"places": ["a"]}, "'a' in 'places'; expected doc, page"),
        ({"places": [{"doc": "../a", "page": 1, "bbox": [0, 0, 1, 1]}]}, "'doc' is '../a'"),
        ({"places": [{"doc": "a", "page": 0, "bbox": [0, 0, 1, 1]}]}, "in 'places'; expected"),
        ({"places": [{"doc": "a", "page": 1, "bbox": [0, 0, "x", 1]}]}, "in 'places'; expected"),
        ({"places": [{"doc": "a", "page": 1, "bbox": [0, 0, 1]}]}, "in 'places'; expected"),
    ],
)
def test_damaged_drafts_are_told(changed: dict[str, Any], message: str, tmp_path: Path) -> None:
    file = tmp_path / "drafts.jsonl"
    file.write_text(json.dumps(a_row()) + "\n" + json.dumps(a_row(**changed)) + "\n")
    with pytest.raises(DatasetError, match=message) as caught:
        read_drafts(tmp_path)
    assert str(caught.value).startswith(f"{file}:2: ")
    with pytest.raises(DatasetError):
        review_app(tmp_path)


def test_drafts_come_back_as_they_were_stored() -> None:
    draft = restored(a_row(), "drafts.jsonl:1")
    assert stored(draft) == a_row()
    assert draft.places == (DraftPlace("a.pdf", 1, Box(0, 0, 9, 9)),)


# The review page


@pytest.fixture
def made(index: Path, tmp_path: Path) -> Path:
    assert run("--index", index, "--out", tmp_path, "--count", "20").exit_code == 0
    return tmp_path


@pytest.fixture
def reviewing(made: Path) -> Iterator[str]:
    yield from served(review_app(made))


def test_a_decision_is_on_disk_when_it_is_answered(reviewing: str, made: Path) -> None:
    listed = httpx.get(f"{reviewing}/v1/drafts").json()
    assert listed["counts"] == {"draft": 20, "accepted": 0, "rejected": 0}
    draft = listed["drafts"][3]
    url = f"{reviewing}/v1/drafts/{draft['id']}"
    said = httpx.put(url, json={"state": "accepted", "text": "What  now?", "answer": "42"})
    assert said.json()["counts"] == {"draft": 19, "accepted": 1, "rejected": 0}
    row = next(r for r in json_rows(made / "queries.jsonl") if r["_id"] in url)
    assert (row["text"], row["answer"], row["answer_format"]) == ("What now?", "42", "Int")
    assert (row["state"], row["edited"]) == ("accepted", True)
    httpx.put(url, json={"state": "rejected", "text": "What now?", "answer": "42"})
    assert draft["id"] not in (made / "queries.jsonl").read_text()
    httpx.put(url, json={"state": "draft", "text": "What now?", "answer": "42"})
    assert draft["id"] in (made / "qrels.tsv").read_text()
    assert not list(made.glob("*.part"))


def test_the_page_and_its_marked_box(reviewing: str, made: Path) -> None:
    page = httpx.get(reviewing)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http" not in page.text.replace("http-equiv", "")  # nothing is fetched from elsewhere
    draft = next(d for d in read_drafts(made) if d.answerable)
    url = f"{reviewing}/v1/drafts/{draft.id}/pages"
    image = httpx.get(f"{url}/{draft.places[0].page}.png")
    other = httpx.get(f"{url}/1.png")
    assert image.content.startswith(b"\x89PNG")
    assert image.content != other.content
    assert httpx.get(f"{url}/99.png").status_code == 404
    assert httpx.get(f"{reviewing}/v1/drafts/nothing/pages/1.png").status_code == 404


def test_foreign_pages_and_hosts_are_refused(reviewing: str, made: Path) -> None:
    before = files_of(made)
    draft = read_drafts(made)[0]
    url = f"{reviewing}/v1/drafts/{draft.id}"
    body = {"state": "rejected", "text": "x", "answer": "y"}
    foreign = httpx.put(url, json=body, headers={"origin": "https://evil.example"})
    assert foreign.status_code == 403
    rebound = httpx.get(f"{reviewing}/v1/drafts", headers={"host": "evil.example"})
    assert rebound.status_code == 421
    assert files_of(made) == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"state": "accepted", "text": " ", "answer": "y"}, 422),
        ({"state": "accepted", "text": "x", "answer": ""}, 422),
        ({"state": "perhaps", "text": "x", "answer": "y"}, 422),
        ({"state": "accepted"}, 422),
    ],
)
def test_bad_decisions_change_nothing(
    body: dict[str, str], status: int, reviewing: str, made: Path
) -> None:
    before = files_of(made)
    draft = next(d for d in read_drafts(made) if d.answerable)
    said = httpx.put(f"{reviewing}/v1/drafts/{draft.id}", json=body)
    assert (said.status_code, "error" in said.json()) == (status, True)
    assert httpx.put(f"{reviewing}/v1/drafts/none", json={**body, "state": "x"}).status_code == 422
    assert files_of(made) == before


def test_an_open_question_takes_no_answer(reviewing: str, made: Path) -> None:
    before = files_of(made)
    draft = next(d for d in read_drafts(made) if not d.answerable)
    url = f"{reviewing}/v1/drafts/{draft.id}"
    said = httpx.put(url, json={"state": "accepted", "text": draft.text, "answer": "42"})
    assert said.status_code == 400
    assert "leave this question open, so it has no answer" in said.json()["error"]
    assert files_of(made) == before
    for answer in ("Not answerable", ""):
        said = httpx.put(url, json={"state": "accepted", "text": draft.text, "answer": answer})
        assert (said.status_code, said.json()["draft"]["answer"]) == (200, "Not answerable")
        assert not said.json()["draft"]["edited"]


def test_decisions_of_two_pages_at_once_are_both_kept(reviewing: str, made: Path) -> None:
    drafts = read_drafts(made)

    def accept(draft: Draft) -> None:
        body = {"state": "accepted", "text": draft.text, "answer": draft.answer}
        assert httpx.put(f"{reviewing}/v1/drafts/{draft.id}", json=body).status_code == 200

    threads = [threading.Thread(target=accept, args=(d,)) for d in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {d.state for d in read_drafts(made)} == {"accepted"}


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no browser is installed")
def test_the_page_runs_in_a_browser(reviewing: str, made: Path, tmp_path: Path) -> None:
    draft = next(d for d in read_drafts(made) if d.answerable)
    done = subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
            "--virtual-time-budget=5000", f"--user-data-dir={tmp_path / 'browser'}",
            f"{reviewing}/#{draft.id}",
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert "0 of 20 decided" in done.stdout
    assert f"/v1/drafts/{draft.id}/pages/{draft.places[0].page}.png" in done.stdout
    assert 'id="problem" role="alert"></p>' in done.stdout


# By a model


class Script:
    """A chat server that replies to what it is shown, and keeps what it was asked."""

    def __init__(self, replies: Callable[[str], str]) -> None:
        self.replies = replies
        self.requests: list[dict[str, Any]] = []

    def app(self) -> FastAPI:
        app = FastAPI()

        @app.post("/v1/chat/completions")
        async def complete(request: Request) -> dict[str, Any]:
            self.requests.append(await request.json())
            said = self.replies(json.dumps(self.requests[-1]["messages"][1]["content"]))
            return {"choices": [{"message": {"content": said}, "finish_reason": "stop"}]}

        return app


OIL = "The bearing housing takes 0.45 litres of ISO VG 46 oil. Change the oil every 4000 hours."


def oil_and_whales() -> list[Passage]:
    other = passage(WHALES, name="whales.pdf")
    renamed = replace(other.chunk, id="w", document="e" * 64)
    return [passage(OIL), replace(other, chunk=renamed)]


def reply(question: str, answer: str) -> str:
    return json.dumps({"question": question, "answer": answer})


def test_a_model_drafts_and_what_does_not_stand_in_the_passage_is_dropped() -> None:
    right = reply("How much lubricant does the housing hold?", "0.45 litres")
    script = Script(
        lambda shown: right if "oil" in shown else reply("How heavy is the animal?", "190 t")
    )
    for url in served(script.app()):
        model = OpenAiChat(
            f"{url}/v1", "tiny", options=OpenAiOptions(images=False, first=10, total=20)
        )
        tally = draft_by_model(model, oil_and_whales(), 2, 0)
        (draft,) = tally.drafts
        assert draft.answer == "0.45 litres"
        assert draft.made_by == "model tiny at 127.0.0.1"
        assert draft.text == "How much lubricant does the housing hold?"
        assert draft.places[0].box == Box(50, 0, 500, 14)
        assert tally.dropped == {"the answer does not stand in the passage": 1}
        asked_of = len(script.requests)
        again = draft_by_model(model, oil_and_whales(), 1, 0, known={draft.id: draft})
        assert again.drafts == [draft]
        assert len(script.requests) - asked_of <= 1  # the known draft was not asked for again
    assert "quoted material" in script.requests[0]["messages"][0]["content"]


def test_a_server_that_is_down_ends_it_with_what_was_drafted() -> None:
    model = OpenAiChat(
        "http://127.0.0.1:9/v1", "tiny", options=OpenAiOptions(connect=0.5, retries=0)
    )
    tally = ModelDrafts()
    with pytest.raises(GeneratorError):
        draft_by_model(model, oil_and_whales(), 2, 0, tally=tally)
    assert tally.drafts == []


@pytest.mark.parametrize(
    "said",
    [
        "Question: why? Answer: because",
        '{"question": "Why?"}',
        '{"question": "Why?", "answer": "x", "more": 1}',
        '{"question": "Why?", "answer": 7}',
        '["Why?", "x"]',
    ],
)
def test_replies_that_are_no_draft(said: str) -> None:
    with pytest.raises(Refused):
        parsed(said)


def test_replies_in_a_fence_or_after_thoughts() -> None:
    body = reply("Why  so?", "Because.")
    assert parsed(f"<think>hm</think>\n```json\n{body}\n```") == ("Why so?", "Because.")


@pytest.mark.parametrize(
    ("answer", "good"),
    [
        ("0.45 litres", True),
        ("ISO  vg 46", True),
        ("4,000 hours", True),
        ("5 litres", False),
        ("46", True),
        ("4", False),
        ("mineral oil", False),
        ("", False),
    ],
)
def test_an_answer_must_stand_in_the_passage(answer: str, good: bool) -> None:
    assert stands_in(answer, OIL) is good


def test_the_command_by_model_goes_on_where_it_was_interrupted(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = reply("How much water was lost in the last year of all?", "8.7 %")
    script = Script(lambda shown: lost if "8.7 %" in shown else "no JSON")
    for url in served(script.app()):
        monkeypatch.setenv("OCTAVO_LLM_URL", f"{url}/v1")
        monkeypatch.setenv("OCTAVO_LLM_MODEL", "tiny")
        service = Service(Settings(index=index, llm_url=f"{url}/v1", llm_model="tiny"))
        assert chat_model(service).name == "tiny at 127.0.0.1"
        assert len(read_passages(service)) > 30
        service.close()
        done = run("--index", index, "--out", tmp_path, "--count", "20", "--by", "model")
    assert done.exit_code == 0, done.output
    assert "dropped: the reply is no JSON" in done.output
    (made,) = [d for d in read_drafts(tmp_path) if d.made_by.startswith("model")]
    assert (made.answer, made.evidence, made.places[0].page) == ("8.7 %", "Chart", 5)
    # Figures are sent as pictures, too.
    assert "image_url" in json.dumps(script.requests)
    assert sum(not d.answerable for d in read_drafts(tmp_path)) == 4
    read_dataset(tmp_path)


# The fixed set of the sample documents


def test_the_fixed_set_fits_the_sample_documents(examples: Path, tmp_path: Path) -> None:
    folder = tmp_path / "evalset"
    shutil.copytree(EVALSET, folder)
    shutil.copytree(examples, folder / "pdfs")
    shutil.copytree(examples.with_name(f"{examples.name}-queries"), folder / "queries")
    dataset = read_dataset(folder)
    assert len(dataset.questions) == 84
    assert sum(q.answerable is False for q in dataset.questions) == 14
    assert sum(q.image is not None for q in dataset.questions) == 4
    rows = {r["_id"]: r for r in json_rows(EVALSET / "queries.jsonl")}
    assert {r["state"] for r in rows.values()} == {"accepted"}
    checked = 0
    for key, places in dataset.boxes.items():
        row = rows[key]
        if row["made_by"] not in ("table cell", "figure value", "sentence number", "sentence date"):
            continue
        for (name, page), boxes in places.items():
            if name.endswith(".pdf") and "letter" not in name:
                said = " ".join(words_in(folder / "pdfs" / name, page, b) for b in boxes)
                number = row["answer"].removeprefix("EUR ").removesuffix(" thousand")
                assert "".join(number.split()) in said, row["text"]
                checked += 1
    assert checked >= 25


def words_in(file: Path, page: int, box: Box) -> str:
    """What is printed inside a box, without white space."""
    with pymupdf.open(file) as document:
        sheet = document[page - 1]
        inside = pymupdf.Rect(*box.grow(1).rounded()) * sheet.derotation_matrix
        return "".join(sheet.get_text(clip=inside.normalize()).split())

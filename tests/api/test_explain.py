"""Where a page was found or lost, and by which words: here, over HTTP, on the command line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from octavo.api.cli.main import cli
from octavo.api.cli.question_calls import save_heat
from octavo.api.explain.explain import Expect
from octavo.api.explain.explain_schemas import ExplainOut, StandingOut
from octavo.api.http.app import make_app
from octavo.api.model_profile import SearchSettings
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.encoder import Matrix, ModelLimits, unit
from octavo.index.image_files import open_image
from octavo.index.source import Source
from octavo.index.store import NotFoundError
from octavo.rerank.similarity_map import draw_similarity_map, similarity_map
from octavo.rerank.token_alignment import align_tokens
from octavo.retrieve.query import Query
from tests.conftest import PUMP, WHALES, served, text_pdf

QUESTION = "How much oil does the bearing housing take?"
FILLER = [f"Chapter {n}. Nothing of interest is told about matter number {n}." for n in range(12)]


def source(name: str, data: bytes) -> Source:
    return Source(name, f"/x/{name}", lambda: data)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A manual of two pages read and one that failed, filler, whales, and a file that failed."""
    settings = Settings(index=tmp_path_factory.mktemp("explain") / "index", max_pages=2)
    files = {
        "pump manual.pdf": text_pdf([PUMP, " ", "Never read: over the limit."]),
        "whales.txt": WHALES.encode(),
        "broken.pdf": b"",
        **{f"filler {n}.txt": text.encode() for n, text in enumerate(FILLER)},
    }
    with closing(Service(settings, create=True)) as service:
        list(service.ingest([source(n, d) for n, d in files.items()]))
        yield service


@pytest.fixture(scope="module")
def url(filled: Service) -> Iterator[str]:
    yield from served(make_app(filled))


def at(out: ExplainOut, stage: str) -> StandingOut:
    assert out.expected is not None
    return next(r for r in out.expected.stages if r.stage == stage)


def test_a_page_that_is_found(filled: Service) -> None:
    out = filled.explain(Query(QUESTION), 5, "pump manual.pdf#p1")
    assert out.expected is not None
    assert (out.expected.outcome, out.expected.rank) == ("found", 1)
    assert out.stages == ["text", "words", "fused", "maxsim", "final", "list"]
    assert [r.stage for r in out.expected.stages] == out.stages
    traced = {s.stage: s for s in out.hits[0].trace}
    for stage in out.stages[:-1]:
        row = at(out, stage)
        assert (row.rank, row.score) == (traced[stage].rank, traced[stage].score)
        assert row.chunk == out.hits[0].chunk
        assert row.margin is None
    assert at(out, "text").kept == 14
    assert at(out, "list").kept == 5


def test_a_page_that_is_lost_at_the_end(filled: Service) -> None:
    out = filled.explain(Query(QUESTION), 1, "whales.txt#1")
    assert out.expected is not None
    assert (out.expected.outcome, out.expected.lost_at) == ("lost", "list")
    row, last = at(out, "list"), out.hits[-1].score
    assert (row.rank, row.last) == (None, last)
    assert row.score is not None
    assert row.margin == pytest.approx(last - row.score, abs=1e-6)
    assert out.expected.verdict.startswith("lost at the end: rank ")
    assert "and 1 are listed; its score lacks" in out.expected.verdict


def test_a_page_that_no_leg_brings(filled: Service) -> None:
    search = SearchSettings(text_depth=1, words_depth=1, joint_weight=0)
    narrow = filled.using(filled.profile.model_copy(update={"search": search}))
    out = narrow.explain(Query(QUESTION), 10, "whales.txt#1")
    assert out.expected is not None
    assert (out.expected.outcome, out.expected.lost_at) == ("lost", "search")
    # The score it would have had is that of a search that goes deep enough.
    deep = filled.explain(Query(QUESTION), 10, "whales.txt#1")
    row = at(out, "text")
    assert (row.rank, row.kept, row.score) == (None, 1, at(deep, "text").score)
    assert row.last is not None
    assert row.score is not None
    assert row.margin == pytest.approx(row.last - row.score, abs=2e-6)  # all three are rounded
    assert at(out, "maxsim").score == pytest.approx(at(deep, "maxsim").score or 0, abs=1e-5)
    assert "lost at the search: no subquery brought it; nearest was text" in out.expected.verdict


def test_a_page_that_a_filter_leaves_out(filled: Service) -> None:
    where = filled.where(["whales.txt"])
    out = filled.explain(Query(QUESTION, where=where), 10, "pump manual.pdf#p1")
    assert out.expected is not None
    assert out.expected.verdict == "left out: the search is restricted to other documents"
    quoted = filled.explain(Query('"largest animal" oil'), 10, "pump manual.pdf#p1")
    assert quoted.expected is not None
    assert quoted.expected.verdict == "left out: it does not have the words 'largest animal'"
    assert [u.use for u in quoted.understood] == ["filter"]


@pytest.mark.parametrize(
    ("expect", "said"),
    [
        ("pump manual.pdf#p3", "page 3 of pump manual.pdf failed: not read: over 2 page"),
        ("pump manual.pdf#p2", "page 2 of pump manual.pdf is blank"),
        ("pump manual.pdf#4", "pump manual.pdf has 3 pages"),
        ("broken.pdf#p1", "broken.pdf is not in the index, it failed: the file is empty"),
    ],
)
def test_a_page_that_is_not_there(filled: Service, expect: str, said: str) -> None:
    out = filled.explain(Query(QUESTION), 10, expect)
    assert out.expected is not None
    assert (out.expected.outcome, out.expected.stages) == ("absent", [])
    assert out.expected.verdict.startswith(said)
    assert out.hits


def test_a_misspelt_name_is_told_the_nearest(filled: Service) -> None:
    with pytest.raises(NotFoundError, match=r"the nearest name is 'pump manual\.pdf'"):
        filled.explain(Query("oil"), 10, "Pump-Manul.pdf#p1")
    with pytest.raises(NotFoundError, match=r"named 'zzz'$"):
        filled.explain(Query("oil"), 10, "zzz#p1")


@pytest.mark.parametrize("text", ["x", "x#", "x#p", "#p1", "x#p0", "x#p-1", "x#pp1", ""])
def test_an_expectation_that_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError, match="NAME#p12"):
        Expect.read(text)


def test_names_may_have_the_sign_in_them() -> None:
    assert Expect.read("C# in depth.pdf#p12") == Expect("C# in depth.pdf", 12)


def test_word_by_word(filled: Service) -> None:
    out = filled.explain(Query(QUESTION), 5)
    assert out.aligned is not None
    assert out.aligned.chunk == out.hits[0].chunk
    met = {m.word: m for m in out.aligned.tokens}
    assert [m.word for m in out.aligned.tokens] == QUESTION.rstrip("?").split()
    assert {w: met[w].met for w in ("oil", "bearing", "housing")} == {
        "oil": "oil", "bearing": "bearing", "housing": "housing",
    }  # fmt: skip
    assert met["bearing"].similarity > 0.9
    assert [w for w, m in met.items() if m.stop] == ["How", "does", "the"]
    terms = {t.word: t for t in out.aligned.words}
    assert terms["take"].found == ["takes"]
    assert set(terms) == {"oil", "bearing", "housing", "take"}
    # The terms are all there is of the BM25 score.
    words = next(s.score for s in out.hits[0].trace if s.stage == "words")
    assert sum(t.score for t in terms.values()) == pytest.approx(words, abs=1e-3)


class Tokens:
    """A token model with marks around a text: one row a character pair, [CLS] and [SEP]."""

    name, dim, limits = "pairs", 8, ModelLimits(tokens=64)

    def __init__(self, pooled: bool = False) -> None:
        self._pooled = pooled

    def embed_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        return [self._rows(t) for t in texts]

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        """With two rows of expansion."""
        return [np.concatenate([self._rows(t), _row("*"), _row("*")]) for t in texts]

    def _rows(self, text: str) -> Matrix:
        pieces = ["[", *(w[i : i + 2] for w in text.split() for i in range(0, len(w), 2)), "]"]
        rows = np.concatenate([_row(p) for p in pieces])
        return rows[: 1 + len(rows) // 2] if self._pooled else rows


def _row(piece: str) -> Matrix:
    return unit(np.random.default_rng(sum(map(ord, piece))).standard_normal((1, 8), np.float32))


def test_words_of_any_token_model() -> None:
    found = align_tokens("pump oil!", "the oil in (pump)", Tokens())
    assert [(m.word, m.text_word) for m in found][1] == ("oil", "oil")
    assert [m.word for m in found] == ["pump", "oil"]
    alone = align_tokens("pump", "oil pump", Tokens())
    assert (alone[0].text_word, round(alone[0].similarity, 5)) == ("pump", 1.0)
    # Rows that are no word's: said so, not guessed.
    assert align_tokens("pump oil", "the oil in the pump", Tokens(pooled=True)) == ()
    assert align_tokens("", "oil", Tokens()) == align_tokens("oil", " ", Tokens()) == ()


def test_no_token_model_is_told(filled: Service, encoders: Encoders) -> None:
    bare = filled.using(filled.profile)
    bare._scorers = replace(filled._scorers, tokens=None)
    out = bare.explain(Query(QUESTION), 3, "pump manual.pdf#p1")
    assert out.aligned is not None
    assert (out.aligned.tokens, out.aligned.note) == (
        [], "the profile has no model for late interaction"
    )  # fmt: skip
    assert "maxsim" not in out.stages
    assert out.aligned.words
    # The real token encoder answers for itself.
    assert encoders.tokens is not None
    assert align_tokens("oil", "The oil.", encoders.tokens)[0].text_word == "oil"


class Patches:
    """A patch encoder that sees colours: 4 columns and 3 rows between two marks, one row a patch,
    its mean red, green and blue; the word "red" is red."""

    name, dim, limits = "colours", 4, ModelLimits(tokens=64, pixels=120)

    def embed_patches(self, images: Sequence[bytes]) -> list[Matrix]:
        return [self._rows(image) for image in images]

    def _rows(self, image: bytes) -> Matrix:
        small = open_image(image, 120).convert("RGB").resize((4, 3), Image.Resampling.BOX)
        colors = np.asarray(small, np.float32).reshape(12, 3)
        rows = np.concatenate([colors, np.zeros((12, 1), np.float32)], axis=1)
        mark = np.array([[0, 0, 0, 1]], np.float32)
        return unit(np.concatenate([mark, rows, mark]))

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        colors = {"red": (1, 0, 0, 0), "green": (0, 1, 0, 0)}
        return [
            np.array([colors[w] for w in t.split() if w in colors] or [(0, 0, 0, 1)], np.float32)
            for t in texts
        ]


def ground(red: tuple[int, int, int, int]) -> bytes:
    """A green picture of 400 x 300 with a red box."""
    image = Image.new("RGB", (400, 300), "#00a000")
    image.paste((200, 0, 0), red)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def test_heat_is_where_the_question_met_the_picture() -> None:
    image = ground((200, 100, 300, 200))
    grid = similarity_map("what is red", image, Patches())
    assert grid is not None
    assert grid.shape == (3, 4)
    assert (np.argwhere(grid > 0.5) == [[1, 2]]).all()
    shown = open_image(draw_similarity_map(image, grid), 1000).convert("RGB")
    assert shown.size == (400, 300)
    plain = open_image(image, 1000).convert("RGB")
    assert shown.getpixel((20, 20)) == plain.getpixel((20, 20))
    hot, cold = shown.getpixel((250, 150)), plain.getpixel((250, 150))
    assert hot != cold


def test_a_heat_map_is_written_or_not_and_why(tmp_path: Path) -> None:
    with closing(Service(Settings(index=tmp_path / "i", ocr=False), create=True)) as service:
        list(service.ingest([source("a.png", ground((0, 0, 100, 100)))]))
        without = service.explain(Query("red"), heat=True)
        assert (without.heat, without.heat_note) == (
            "", "no heat map: the profile has no patch encoder"
        )  # fmt: skip
        service._scorers = replace(service._scorers, patches=Patches())
        # Its vectors are not in the index: the stage finds nothing, the crop is looked at anew.
        service.profile = service.profile.model_copy(
            update={"rerank": service.profile.rerank.model_copy(update={"depth": 0})}
        )
        with_one = service.explain(Query("red"), heat=True)
        assert with_one.heat_note == "heat map of the figure on page 1"
        file = save_heat(with_one, tmp_path / "deep" / "heat.png")
        assert file is not None
        assert open_image(file.read_bytes(), 2000).width > 100
        assert service.explain(Query("red")).heat == ""


def octavo(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(a) for a in arguments], env={"COLUMNS": "100"})


def test_over_http_and_on_the_command_line_it_is_the_same(filled: Service, url: str) -> None:
    mine = filled.explain(Query(QUESTION), 5, "whales.txt#p1").model_dump(
        mode="json", exclude={"seconds"}
    )
    body = {"text": QUESTION, "limit": 5, "expect": "whales.txt#p1"}
    reply = httpx.post(f"{url}/v1/explain", json=body)
    assert reply.status_code == 200
    arguments = ["explain", QUESTION, "-k", 5, "--expect", "whales.txt#p1", "--url", url]
    done = octavo(*arguments, "--json")
    assert done.exit_code == 0, done.output
    for found in (reply.json(), json.loads(done.stdout)):
        assert found.pop("seconds") > 0
        assert found == mine
    shown = octavo(*arguments)
    assert "whales.txt, page 1: found at rank" in shown.stdout
    assert "housing" in shown.stdout


def test_what_it_prints(url: str) -> None:
    shown = octavo("explain", f'{QUESTION} on page 1 "no such words"', "--url", url).stdout
    assert "phrase 'no such words': not used, no passage has it word for word" in shown
    assert "page 'page 1': put higher, by the count of pages" in shown
    assert "cross-encoder: the profile has none" in shown
    lines = [line.split() for line in shown.splitlines()]
    assert ["hit", "text", "words", "fused", "named", "maxsim", "final"] in lines
    assert "BM25: oil (oil)" in shown
    lost = octavo("explain", QUESTION, "-k", 1, "--expect", "whales.txt#1", "--url", url).stdout
    assert "whales.txt, page 1: lost at the end" in lost
    assert "not kept" in lost


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"text": ""}, 422, "the query is empty"),
        ({"text": "oil", "expect": "no page"}, 422, "NAME#p12"),
        ({"text": "oil", "expect": "pump.pdf#p1"}, 404, "the nearest name is 'pump manual.pdf'"),
        ({"text": "oil", "hint": 1}, 422, "hint"),
        ({"text": "oil", "image": "%%"}, 422, "base64"),
    ],
)
def test_bad_requests_are_told(url: str, body: dict[str, object], status: int, said: str) -> None:
    reply = httpx.post(f"{url}/v1/explain", json=body)
    assert reply.status_code == status
    assert said in reply.json()["error"]


def test_lists_over_http_and_on_the_command_line(url: str) -> None:
    body = {"text": "matter of interest", "by": "document", "diverse": 0.5, "limit": 3}
    reply = httpx.post(f"{url}/v1/search", json=body).json()
    done = octavo("search", "matter of interest", "--by", "document", "--diverse", 0.5, "-k", 3,
                  "--url", url, "--json")  # fmt: skip
    found = json.loads(done.stdout)
    assert found["hits"] == reply["hits"]
    assert len({h["name"] for h in found["hits"]}) == 3
    shown = octavo("search", '"matter number" of interest', "--by", "document", "--url", url).stdout
    assert "phrase 'matter number': only what has it, 12 passages have it word for word" in shown
    bad = httpx.post(f"{url}/v1/search", json={"text": "x", "by": "folder"})
    assert (bad.status_code, "by" in bad.json()["error"]) == (422, True)
    assert octavo("search", "x", "--diverse", 2, "--url", url).exit_code == 2
    assert octavo("explain", "x", "--expect", "y", "--url", url).exit_code == 1


def test_explain_of_the_whole_path(tmp_path: Path, filled: Service) -> None:
    """Through a process of its own, with an index that is not there."""
    done = octavo("explain", "oil", "--index", tmp_path / "none")
    assert (done.exit_code, "there is no index" in done.output) == (1, True)

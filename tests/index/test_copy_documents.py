"""An embedded index brought to a server: vectors and all, found alike, gone on where it stopped."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from qdrant_client import QdrantClient

from octavo.api.cli.main import cli
from octavo.api.open_index import OpenIndex
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.source import Source
from octavo.index.stores.copy_documents import copy_documents
from octavo.index.stores.qdrant_server import QdrantStore
from octavo.rerank.rerank import RerankOptions, Scorers, rerank
from octavo.retrieve.query import Query
from octavo.retrieve.search import Retriever
from tests.conftest import PUMP, WHALES, picture
from tests.support.profiles import figure_pdf

QUESTIONS = ["How much oil does the housing take?", "What do whales eat?", "the ring"]


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Service]:
    """Token vectors in 16 bits, as on a server: with 4 a copy holds what the index holds, which is
    near what the model made."""
    service = Service(Settings(index=tmp_path / "filled", token_bits="16"), create=True)
    pump = figure_pdf(PUMP, picture("ring"), "Figure 1. The ring of the bearing housing.")
    for source in (
        Source("pump.pdf", "/x/pump.pdf", lambda: pump),
        Source("whales.txt", "/x/whales.txt", lambda: WHALES.encode()),
    ):
        assert [r.outcome for r in service.ingest([source])] == ["added"]
    yield service
    service.close()


def test_a_copy_finds_the_same_with_the_same_scores(filled: Service) -> None:
    here: OpenIndex = filled._index
    there = QdrantStore(QdrantClient(":memory:"), "copy", filled.encoders.sizes())
    assert len(list(copy_documents(here.store, there))) == 2
    assert there.documents() == here.store.documents()
    assert list(copy_documents(here.store, there)) == []  # nothing is copied twice
    scorers = Scorers(filled.encoders.tokens)
    for question in QUESTIONS:
        mine, theirs = (
            rerank(
                Retriever(s, filled.encoders).retrieve(Query(question)), s, scorers, RerankOptions()
            ).items
            for s in (here.store, there)
        )
        assert [c.id for c in mine] == [c.id for c in theirs]
        for a, b in zip(mine, theirs, strict=True):
            assert a.score == pytest.approx(b.score, abs=2e-4)


def test_a_copy_that_was_stopped_goes_on(filled: Service) -> None:
    there = QdrantStore(QdrantClient(":memory:"), "copy", filled.encoders.sizes())
    first, _ = next(copy_documents(filled._index.store, there))
    assert [s.document.id for s in there.documents()] == [first]
    (rest,) = copy_documents(filled._index.store, there)
    assert rest[0] != first
    assert there.count() == filled._index.store.count()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({}, "127.0.0.1:9"),
        ({"OCTAVO_STORE": "http://127.0.0.1:9"}, "leave out OCTAVO_STORE"),
        ({"OCTAVO_URL": "http://127.0.0.1:9"}, "leave out --url"),
    ],
)
def test_moving_to_what_is_not_there_is_told(
    tmp_path: Path, extra: dict[str, str], said: str
) -> None:
    Service(Settings(index=tmp_path / "index"), create=True).close()
    arguments = ["reindex", "--index", str(tmp_path / "index"), "--to", "http://127.0.0.1:9"]
    done = CliRunner().invoke(cli, arguments, env=extra)
    assert done.exit_code == 1
    assert said in done.output
    assert "Traceback" not in done.output


@pytest.mark.skipif("QDRANT_URL" not in os.environ, reason="needs a Qdrant server in QDRANT_URL")
def test_the_command_moves_an_index(filled: Service) -> None:
    found = filled.search(Query(QUESTIONS[0]))
    index, url = filled.settings.index, os.environ["QDRANT_URL"]
    filled.close()
    environment = {"OCTAVO_COLLECTION": f"octavo-test-{uuid.uuid4().hex[:8]}"}
    arguments = ["reindex", "--index", str(index), "--to", url]
    done = CliRunner().invoke(cli, arguments, env=environment)
    assert done.exit_code == 0, done.output
    settings = Settings(index=index, store=url, collection=environment["OCTAVO_COLLECTION"])
    moved = Service(settings)
    assert [h.chunk for h in moved.search(Query(QUESTIONS[0])).hits] == [
        h.chunk for h in found.hits
    ]
    moved.close()

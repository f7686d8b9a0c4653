"""The service on a Qdrant store, and an embedded index beside it: originals, moves, updates.

The store is qdrant-client's local mode, kept open over several services as a server would be.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from qdrant_client import QdrantClient

from octavo.api.cli.main import cli
from octavo.api.schemas.results import MovedOut
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.source import Source
from octavo.index.store import StoreError
from octavo.retrieve.query import Query
from tests.api.test_profiles import BUILTIN
from tests.conftest import PUMP, WHALES, slow_pdf, text_pdf
from tests.support.profiles import end_to_end

STORE = "http://store.test:6333"


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> QdrantClient:
    client = QdrantClient(":memory:")
    monkeypatch.setattr(client, "close", lambda *_: None)
    monkeypatch.setattr("octavo.index.stores.qdrant_connection.connect", lambda *_, **__: client)
    return client


def pdf(text: str, source: str = "/x/pump.pdf") -> Source:
    data = text_pdf([text])
    return Source(Path(source).name, source, lambda: data)


def filled(settings: Settings, *sources: Source) -> None:
    service = Service(settings, create=True)
    try:
        assert all(r.outcome in ("added", "updated") for r in service.ingest(sources))
    finally:
        service.close()


def answers(settings: Settings, question: str) -> tuple[list[str], list[bytes]]:
    """Texts found, and the page of every document drawn from its original."""
    service = Service(settings)
    try:
        hits = service.search(Query(question)).hits
        drawn = [service.page_png(s.document.id, 1) for s in service.named_all()]
        return [h.text for h in hits], drawn
    finally:
        service.close()


def moved(index: Path, *more: str) -> str:
    done = CliRunner().invoke(cli, ["reindex", "--index", str(index), "--to", STORE, *more])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_end_to_end_case_on_a_server(tmp_path: Path) -> None:
    end_to_end(Settings(index=tmp_path / "index", store=STORE), BUILTIN)


def test_the_end_to_end_case_on_a_server_with_faiss(tmp_path: Path) -> None:
    end_to_end(Settings(index=tmp_path / "index", store=STORE, knn="flat"), BUILTIN)


def test_a_moved_index_and_the_one_it_came_from_keep_their_originals(tmp_path: Path) -> None:
    here = Settings(index=tmp_path / "index")
    there = Settings(index=tmp_path / "index", store=STORE)
    filled(here, pdf(PUMP))
    assert "copied" in moved(here.index)
    filled(there, pdf(WHALES, "/x/whales.pdf"))
    assert len(answers(here, "oil")[1]) == 1  # opening the embedded one sweeps its own only
    assert len(answers(there, "oil")[1]) == 2
    service = Service(there)
    service.delete("pump.pdf")
    service.close()
    assert len(answers(here, "oil")[1]) == 1


def test_moving_again_leaves_what_is_newer_there(tmp_path: Path) -> None:
    here = Settings(index=tmp_path / "index")
    there = Settings(index=tmp_path / "index", store=STORE)
    filled(here, pdf("The tank holds 12 litres of oil."))
    told = MovedOut.model_validate_json(moved(here.index, "--json"))
    assert (told.documents, told.chunks, told.there) == (1, 1, 0)
    assert list(Path(told.originals).glob("*/*"))
    filled(there, pdf("The tank holds 15 litres of oil."))
    told = MovedOut.model_validate_json(moved(here.index, "--json"))
    assert (told.documents, told.there) == (0, 1)
    (text,) = answers(there, "How much oil does the tank hold?")[0]
    assert "15 litres" in text


def test_embedding_anew_into_a_server_never_costs_an_original(tmp_path: Path) -> None:
    """Every page fails (no time to read it); the embedded index must be as it was."""
    here = Settings(index=tmp_path / "index")
    data = slow_pdf("The tank holds 12 litres of oil.")
    filled(here, Source("slow.pdf", "/x/slow.pdf", lambda: data))
    manifest = here.index / "manifest.json"
    text = manifest.read_text().replace("all-MiniLM", "another")
    manifest.write_text(text)
    arguments = ["reindex", "--index", str(here.index), "--to", STORE]
    done = CliRunner().invoke(cli, arguments, env={"OCTAVO_PAGE_SECONDS": "0.1"})
    assert done.exit_code == 1
    assert "stays as it was" in done.output
    manifest.write_text(text.replace("another", "all-MiniLM"))
    assert len(answers(here, "oil")[1]) == 1


def test_a_lost_original_comes_back_when_the_file_is_ingested_again(tmp_path: Path) -> None:
    here, source = Settings(index=tmp_path / "index"), pdf(PUMP)
    filled(here, source)
    (original,) = (f for f in (here.index / "blobs").glob("*/*") if len(f.name) == 64)
    original.unlink()
    with pytest.raises(StoreError, match="Ingest that file again"):
        answers(here, "oil")
    service = Service(here)
    assert [r.outcome for r in service.ingest([source])] == ["unchanged"]
    service.close()
    assert len(answers(here, "oil")[1]) == 1


def test_a_mirror_sees_what_another_process_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("octavo.api.open_index._REFRESH", 0.001)
    there = Settings(index=tmp_path / "index", store=STORE)
    filled(there, pdf(PUMP))
    mirrored = Service(there.model_copy(update={"knn": "flat"}))
    try:
        filled(there, pdf(WHALES, "/x/whales.pdf"))

        def ranks(question: str) -> dict[str, Any]:
            hits = mirrored.search(Query(question)).hits
            return {h.name: {s.stage for s in h.trace} for h in hits}

        assert "text" in ranks("What do whales eat?")["whales.pdf"]
        filled(there, pdf("The tank holds 15 litres."))
        found = mirrored.search(Query("What do whales eat?")).hits
        assert {h.name for h in found} == {"pump.pdf", "whales.pdf"}
        assert not any("0.45 litres" in h.text for h in found)
    finally:
        mirrored.close()

"""One end-to-end case for every profile, and shipped profiles pointed at other directories."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pymupdf

from octavo.api.model_profile import read_profile
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.source import Source
from octavo.retrieve.query import Query
from tests.conftest import PUMP, WHALES, picture

QUESTION = "How often must the bearing housing oil be changed?"


def write_profile(
    file: Path, name: str, directories: Mapping[str, Path | str], **changes: Mapping[str, Any]
) -> Path:
    """The shipped profile `name` with its models in `directories`; all else as it ships, but for
    `changes` by role (or section)."""
    row = read_profile(name).model_dump(mode="json", exclude_none=True)
    for role, directory in directories.items():
        row["models"][role]["model"] = str(directory)
    for section, values in changes.items():
        place = row["models"].get(section) or row[section]
        place.update(values)
    file.write_text("\n".join(_toml(row)), encoding="utf-8")
    return file


def _toml(row: Mapping[str, Any], path: str = "") -> Iterator[str]:
    if path:
        yield f"[{path}]"
    tables = {k: v for k, v in row.items() if isinstance(v, dict)}
    for key, value in row.items():
        if key not in tables:
            yield f"{key} = {json.dumps(value)}"
    for key, table in tables.items():
        yield from _toml(table, f"{path}.{key}" if path else key)


def figure_pdf(text: str, figure: bytes, caption: str) -> bytes:
    """A page of text with a picture and its caption below."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.insert_textbox(pymupdf.Rect(72, 72, 523, 300), text, fontsize=11)
    page.insert_image(pymupdf.Rect(150, 330, 450, 555), stream=figure)
    page.insert_text((150, 580), caption, fontsize=10)
    data = bytes(document.tobytes())
    document.close()
    return data


def end_to_end(settings: Settings, stages: set[str]) -> None:
    """Ingest, search by text and by image, ask, open again, delete: the same for every profile.

    `stages` must be in the traces of the hits. With random weights an order says nothing, so that
    what is asserted is what any weights must give.
    """
    figure = picture("ring", color="#aa3322")
    pump = figure_pdf(PUMP, figure, "Figure 1. The ring of the bearing housing.")
    sources = [
        Source("pump.pdf", "/x/pump.pdf", lambda: pump),
        Source("whales.txt", "/x/whales.txt", lambda: WHALES.encode()),
    ]
    with closing(Service(settings, create=True)) as service:
        results = list(service.ingest(sources))
        assert [r.outcome for r in results] == ["added", "added"], results
        found = service.search(Query(QUESTION))
        assert {h.name for h in found.hits} == {"pump.pdf", "whales.txt"}
        assert {s.stage for h in found.hits for s in h.trace} >= stages
        by_words = next(h for h in found.hits if any(s.stage == "words" for s in h.trace))
        assert by_words.name == "pump.pdf"

        seen = service.search(Query(image=figure))
        assert seen.hits[0].kind == "figure"
        assert {s.stage for s in seen.hits[0].trace} >= {"image", "final"}

        answer = service.ask(Query(QUESTION))
        stored = {s.document.id for s in service.named(["pump.pdf", "whales.txt"])}
        for sentence in answer.sentences:
            assert sentence.citations
            for citation in sentence.citations:
                assert citation.document in stored
                assert all(r.page == 1 for r in citation.regions)
        assert answer.abstained == (not answer.sentences)
        assert answer.evidence

    with closing(
        Service(settings, create=True)
    ) as service:  # the manifest fits, nothing is made again
        assert [r.outcome for r in service.ingest(sources)] == ["unchanged", "unchanged"]
        assert service.search(Query(QUESTION)).hits == found.hits
        service.delete("pump.pdf")
        assert {h.name for h in service.search(Query(QUESTION)).hits} == {"whales.txt"}

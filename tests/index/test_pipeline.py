"""Reading, embedding and writing at once: the same points whatever the workers and the luck."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pymupdf
import pytest
from click.testing import CliRunner

from octavo.api.cli.main import cli
from octavo.index.build import Builder, Result
from octavo.index.chunk_vectors import Encoders
from octavo.index.commit import delete_document
from octavo.index.encoders.dynamic_batching import Cache, ServedJoint
from octavo.index.encoders.encoder import JointEncoder, Matrix, ModelLimits
from octavo.index.ingest_pipeline import BATCH
from octavo.index.originals import Originals
from octavo.index.settle import settle
from octavo.index.source import Source
from octavo.index.store import Filter, Point, StoredDocument, Subquery
from octavo.index.stores.qdrant_edge import EdgeStore
from tests.conftest import picture

_WORDS = [
    "anchor",
    "birch",
    "copper",
    "delta",
    "ember",
    "falcon",
    "granite",
    "harbor",
    "indigo",
    "juniper",
    "kelp",
    "lemon",
]
_VECTORS = ("text", "joint", "tokens", "words")


def source(name: str, data: bytes, where: str = "") -> Source:
    return Source(name, where or f"/docs/{name}", lambda: data)


def document(number: int, pages: int, photo: bytes = b"", times: int = 22) -> bytes:
    """A PDF whose every page has chunks of its own, and `photo`, or one of its own for b"?"."""
    made = pymupdf.open()
    for p in range(1, pages + 1):
        page = made.new_page(width=500, height=700)
        own = " ".join(random.Random(1000 * number + p).choices(_WORDS, k=6))
        words = f"Valve {number}-{p} ({own}) opens at {p * number} bar and closes at half of it. "
        page.insert_textbox((40, 30, 460, 420), words * times, fontsize=9)
        if photo:
            shown = picture(f"{number}-{p}") if photo == b"?" else photo
            page.insert_image((100, 450, 400, 660), stream=shown)
    return bytes(made.tobytes(garbage=3))


@pytest.fixture(scope="module")
def sources() -> list[Source]:
    photo = picture()
    return [
        source("long.pdf", document(1, BATCH // 3 + 2, b"?")),  # more than one batch
        source("empty.pdf", b""),
        *(source(f"{n}.pdf", document(n, 2)) for n in range(2, 6)),
        source("photo.png", photo),
    ]


class Index:
    """An index of its own, written without a service."""

    def __init__(self, folder: Path, encoders: Encoders) -> None:
        folder.mkdir(exist_ok=True)
        self.encoders = encoders
        self.originals = Originals(folder / "blobs")
        self.store = EdgeStore(folder / "store", encoders.sizes())
        settle(self.store, self.originals)

    def run(self, sources: Sequence[Source], workers: int = 1) -> Iterator[Result]:
        builder = Builder(self.store, self.originals, self.encoders, workers, ocr=False)
        return builder.ingest(sources)

    def points(self) -> dict[str, bytes]:
        """Of every committed document: id to all that a point holds."""
        found = {}
        for batch in self.store.points(_VECTORS):
            for p in batch:
                arrays = (p.text, p.joint, p.tokens)
                held = b"|".join(b"" if a is None else a.tobytes() for a in arrays)
                found[p.chunk.id] = held + repr((p.chunk, p.words)).encode()
        return found

    def original_names(self) -> list[str]:
        files = [f.name for f in self.originals.directory.rglob("*") if f.is_file()]
        assert len(files) == 2 * len(self.originals.committed())  # one and its record, nothing else
        return sorted(f for f in files if len(f) == 64)


def test_points_do_not_depend_on_workers_or_interruptions(
    tmp_path: Path, encoders: Encoders, sources: list[Source]
) -> None:
    calm = Index(tmp_path / "calm", encoders)
    assert [r.outcome for r in calm.run(sources)] == ["added", "failed", *["added"] * 5]
    many = Index(tmp_path / "many", encoders)
    list(many.run(sources, workers=4))
    broken = Index(tmp_path / "broken", encoders)
    upsert, writes = broken.store.upsert, iter(range(100))

    def cut(points: Sequence[Point]) -> None:
        upsert(points)
        if next(writes) == 1:
            raise KeyboardInterrupt  # the first document is half written

    broken.store.upsert = cut  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        list(broken.run(sources, workers=2))
    assert broken.store.documents() == []
    broken.store.upsert = upsert  # type: ignore[method-assign]
    assert len(list(islice(broken.run(sources), 3))) == 3  # stopped between two documents
    broken.store.close()
    again = Index(tmp_path / "broken", encoders)
    assert [r.outcome for r in again.run(sources)][:3] == ["unchanged", "failed", "unchanged"]
    expected = calm.points()
    assert len(expected) > BATCH + 10
    assert many.points() == expected
    assert again.points() == expected
    assert again.original_names() == many.original_names() == calm.original_names()
    for index in (calm, many, again):
        index.store.close()


def test_update_and_delete_leave_nothing_behind(tmp_path: Path, encoders: Encoders) -> None:
    index = Index(tmp_path, encoders)
    old, new, other = document(1, 2, picture()), document(7, 1), document(2, 1)
    list(index.run([source("a.pdf", old), source("b.pdf", other)]))
    before = set(index.points())
    (result,) = index.run([source("a.pdf", new)])
    assert result.outcome == "updated"
    kept = {p.chunk.document for batch in index.store.points(()) for p in batch}
    assert kept == {hashlib.sha256(d).hexdigest() for d in (new, other)}
    assert index.original_names() == sorted(kept)
    assert not before & {i for i, held in index.points().items() if b"Valve 1-" in held}
    for stored in index.store.documents():
        delete_document(index.store, index.originals, stored.document.id)
    assert index.points() == {}
    assert index.original_names() == []
    index.store.close()
    assert Index(tmp_path, encoders).points() == {}


def test_the_same_bytes_twice_in_a_run_are_read_once(tmp_path: Path, encoders: Encoders) -> None:
    counted = _Counted(encoders.joint)
    index = Index(tmp_path, replace(encoders, joint=counted))
    data = document(1, 3, b"?")
    results = list(index.run([source("a.pdf", data), source("b.pdf", data)], workers=2))
    assert [r.outcome for r in results] == ["added", "duplicate"]
    assert counted.images == 3
    index.store.close()


def test_bytes_that_fail_twice_do_not_hold_up_the_next(tmp_path: Path, encoders: Encoders) -> None:
    """With the only reader busy with what comes after them."""
    index = Index(tmp_path, encoders)
    broken = b"%PDF-1.7\n" + b"no objects here\n" * 10
    sources = [source("a.pdf", broken), source("b.pdf", broken), source("c.pdf", document(1, 60))]
    found: list[Result] = []
    thread = threading.Thread(target=lambda: found.extend(index.run(sources)), daemon=True)
    thread.start()
    thread.join(60)
    assert [r.outcome for r in found] == ["failed", "failed", "added"]
    index.store.close()


def test_an_original_that_another_process_took_away_is_kept_again(
    tmp_path: Path, encoders: Encoders
) -> None:
    """Two processes on one server: the one that fails at the bytes removes what it placed."""
    index = Index(tmp_path, encoders)
    kept, changed = document(1, 2), document(2, 2)
    upsert, others = index.store.upsert, iter([kept, changed])

    def take_away(points: Sequence[Point]) -> None:
        index.originals.delete(hashlib.sha256(next(others)).hexdigest())
        upsert(points)

    index.store.upsert = take_away  # type: ignore[method-assign]
    once = iter([changed, b"other bytes"])
    rewritten = Source("b.pdf", "/x/b.pdf", lambda: next(once))
    results = list(index.run([source("a.pdf", kept), rewritten]))
    assert [r.outcome for r in results] == ["added", "failed"]
    assert results[1].reason == "was changed while it was read; ingest it again"
    assert index.original_names() == [hashlib.sha256(kept).hexdigest()]
    assert [s.document.name for s in index.store.documents()] == ["a.pdf"]
    index.store.close()


def test_an_original_that_goes_while_its_document_is_committed_is_kept_again(
    tmp_path: Path, encoders: Encoders
) -> None:
    """The other process failed at the bytes, and did not know of this commit yet."""
    index = Index(tmp_path, encoders)
    data = document(1, 1)
    commit = index.store.commit

    def take_away(stored: StoredDocument) -> None:
        commit(stored)
        index.originals.delete(stored.document.id)

    index.store.commit = take_away  # type: ignore[method-assign]
    assert [r.outcome for r in index.run([source("a.pdf", data)])] == ["added"]
    assert index.originals.get(hashlib.sha256(data).hexdigest()) == data
    index.store.close()


class _Counted:
    """A joint encoder that counts the images it is given."""

    def __init__(self, inner: JointEncoder) -> None:
        self._inner = inner
        self.name, self.dim, self.limits = inner.name, inner.dim, inner.limits
        self.images = 0

    name: str
    dim: int
    limits: ModelLimits

    def joint_texts(self, texts: Sequence[str]) -> Matrix:
        return self._inner.joint_texts(texts)

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        return self._inner.joint_queries(texts)

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        self.images += len(images)
        return self._inner.joint_images(images)


def test_the_same_picture_is_embedded_once_and_found_by_itself(
    tmp_path: Path, encoders: Encoders
) -> None:
    counted = _Counted(encoders.joint)
    index = Index(tmp_path, replace(encoders, joint=ServedJoint(counted, Cache(100), 64)))
    list(index.run([source("a.pdf", document(1, 2, picture()))]))
    list(index.run([source("b.pdf", document(2, 1, picture()))]))
    points = [p for batch in index.store.points(("joint",)) for p in batch]
    figures = [p for p in points if p.chunk.kind == "figure"]
    assert len(figures) == 3
    assert counted.images == 1
    rows = np.stack([p.joint for p in figures if p.joint is not None])
    assert (rows == rows[0]).all()
    subquery = Subquery("joint", "joint", rows[0], 5)
    found = index.store.search([subquery], "rrf", 5, Filter()).by_subquery[0]
    assert {s.id for s in found[:3]} == {p.chunk.id for p in figures}
    assert found[2].score > 0.999 > found[3].score
    index.store.close()


def test_a_vector_does_not_depend_on_its_company(encoders: Encoders) -> None:
    photos = [picture(text) for text in ("VALVE 7", "PUMP", "SEAL 12")]
    together = encoders.joint.joint_images(photos)
    assert all((encoders.joint.joint_images([p])[0] == v).all()
               for p, v in zip(photos, together, strict=True))  # fmt: skip
    texts = ["short", "a longer text about pumps " * 20, "seal"]
    assert encoders.tokens is not None
    rows = encoders.tokens.embed_tokens(texts)
    for text, row, vector in zip(texts, rows, encoders.text.embed_texts(texts), strict=True):
        assert (encoders.tokens.embed_tokens([text])[0] == row).all()
        assert (encoders.text.embed_texts([text])[0] == vector).all()


def test_embedding_waits_for_the_writing(tmp_path: Path, encoders: Encoders) -> None:
    """While nothing is written, no more than four batches are embedded, and few pages read."""
    counted = _Counted(encoders.joint)
    index = Index(tmp_path, replace(encoders, joint=counted))
    go = threading.Event()
    upsert = index.store.upsert
    waiting: list[int] = []

    def slow(points: Sequence[Point]) -> None:
        if not waiting:
            waiting.append(1)
            go.wait(60)
        upsert(points)

    index.store.upsert = slow  # type: ignore[method-assign]
    data = document(1, 3 * BATCH, b"?", 1)  # two chunks a page, one of them a figure
    thread = threading.Thread(target=lambda: list(index.run([source("a.pdf", data)])))
    thread.start()
    seen = -1
    while not waiting or counted.images != seen:
        seen = counted.images
        time.sleep(1.0)
    assert 0 < seen <= 4 * BATCH / 2
    go.set()
    thread.join(60)
    assert counted.images == 3 * BATCH
    index.store.close()


def test_workers_is_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counted(builder: Builder, *_: object) -> Iterator[Result]:
        seen.append(len(builder._readers))
        return iter(())

    monkeypatch.setattr(Builder, "ingest", counted)
    (tmp_path / "a.txt").write_text("Keep the pump dry.")
    given = ["ingest", str(tmp_path / "a.txt"), "--index", str(tmp_path / "index"), "--workers"]
    assert CliRunner().invoke(cli, [*given, "3"]).exit_code == 0
    assert seen == [3]
    assert "0 is not in the range" in CliRunner().invoke(cli, [*given, "0"]).output
    told = CliRunner().invoke(cli, [*given, "3", "--url", "http://127.0.0.1:1"])
    assert "the server at --url has its own" in told.output


_GROWTH = """
import io, sys
import pymupdf
from PIL import Image
from octavo.ingest.memory import resident
from octavo.ingest.read import read_pages

made = pymupdf.open()
for n in range(48):
    out = io.BytesIO()
    Image.linear_gradient("L").resize((1500, 1500)).rotate(n).convert("RGB").save(out, "JPEG")
    made.new_page().insert_image((50, 50, 450, 450), stream=out.getvalue())
data = made.tobytes()
made.close()
pages, most, start = 0, 0, 0
for item in read_pages(data, "pdf", ocr=False):
    pages += 1
    if pages == 6:
        start = resident()
    most = max(most, resident())
print((most - start) >> 20)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks Linux for the memory")
def test_the_memory_of_reading_does_not_grow_with_the_pages() -> None:
    """48 pictures of 7 MB each; kept as MuPDF keeps them, they came to 250 MB."""
    run = subprocess.run([sys.executable, "-c", _GROWTH], stdout=subprocess.PIPE, check=True)
    assert int(run.stdout) < 60

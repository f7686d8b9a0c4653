"""Octavo: the built-in profile, or a profile file, through the same service as every command.

Options: `ocr` ("false": pages without text stay without), `profile` ("fp32": the embedder's own
directory through sentence-transformers in the place of the int8 file).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.evals.baselines.protocol import DriverIngested, DriverTask, folded, main, page_of
from octavo.index.source import Source
from octavo.retrieve.query import Query

_FP32 = Path(__file__).with_name("fp32.toml")


class Octavo:
    packages: tuple[str, ...] = ("octavo", "onnxruntime", "qdrant-edge-py", "pymupdf")

    def __init__(self, task: DriverTask) -> None:
        profile = "builtin"
        if task.options.get("profile") == "fp32":
            profile = str(_written(Path(task.index).with_name("fp32.toml"), task.embedder))
        # No cache of questions: the cold start asks one of those that are timed later.
        self._settings = Settings(
            index=Path(task.index),
            profile=profile,
            ocr=task.options.get("ocr", "true") == "true",
            offline=True,
            query_cache=0,
        )

    def settings(self) -> dict[str, object]:
        s = self._settings
        return {"profile": self._service.profile.name, "ocr": s.ocr, "workers": s.workers}

    def load(self) -> None:
        self._service = Service(self._settings, create=True)

    def ingest(self, documents: Sequence[Path]) -> DriverIngested:
        results = list(self._service.ingest([Source.file(d) for d in documents]))
        errors = [f"{r.name}: {r.reason}" for r in results if r.outcome == "failed"]
        errors += [f"{r.name} {p.pages}: {p.reason}" for r in results for p in r.failed_pages]
        state = self._service.status()
        self._service.close()
        return DriverIngested(state.pages, state.chunks, errors)

    def open(self) -> None:
        self._service = Service(self._settings)

    def search(self, text: str, limit: int) -> list[str]:
        _, hits = self._service.hits(Query(text), limit)
        return folded(page_of(h.name, r.page) for h in hits for r in h.chunk.regions)


def _written(file: Path, embedder: str) -> Path:
    file.write_text(_FP32.read_text(encoding="utf-8").replace("EMBEDDER", embedder), "utf-8")
    return file


if __name__ == "__main__":
    main(Octavo)

"""Questions to measure speed with: of a file, or made of what an index holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from octavo.api.service import Service
from octavo.evals.dataset import rows

_WORDS = 9  # of a question made of a passage


def sample_questions(service: Service) -> Iterator[str]:
    """Beginnings of passages, evenly over the documents."""
    seen: set[str] = set()
    for page in range(1, 60):
        for stored in service.named_all():
            for chunk in service.page_chunks(stored.document.id, page)[:4]:
                words = chunk.text.split()[:_WORDS]
                text = " ".join(words)
                if len(words) == _WORDS and text not in seen:
                    seen.add(text)
                    yield text


def read_questions(file: Path) -> list[str]:
    """One question a line, or the `text` of JSON lines. Raises ValueError for other lines."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not lines or not lines[0].lstrip().startswith("{"):
        return lines
    return [str(row["text"]) for row in rows(file, ("text",))]

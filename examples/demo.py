"""The demo: ingests the sample documents, asks the questions of questions.toml, shows answers.

Every answer prints its sentences with document, page and box, and writes `demo/answer-N.png`:
the cited page with the evidence marked. Nothing here is special to the demo: it goes through
the same service as the `octavo` command. Run: make demo
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.rule import Rule

from octavo.api.cli.ingest_calls import run_ingest
from octavo.api.cli.question_calls import ask_index, save_evidence
from octavo.api.console.answers import show_answer
from octavo.api.service import Service, sources_of
from octavo.api.settings import Settings

HERE = Path(__file__).parent
DOCUMENTS = HERE / "build"
OUT = HERE.parent / "demo"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of questions.toml."""

    kind: str
    text: str
    image: Path | None


def read_questions(file: Path) -> list[Asked]:
    """The demo's questions, in order."""
    rows = tomllib.loads(file.read_text(encoding="utf-8"))["question"]
    return [
        Asked(r["kind"], r["text"], DOCUMENTS / r["image"] if r.get("image") else None)
        for r in rows
    ]


def main() -> int:
    """Exit code 1 if a sample document could not be ingested."""
    console = Console(highlight=False)
    shutil.rmtree(OUT, ignore_errors=True)
    service = Service(Settings(index=OUT / "index"), create=True)
    try:
        console.print(Rule("Ingest", align="left"))
        files = [f for f in sorted(DOCUMENTS.iterdir()) if f.is_file()]
        outcome = run_ingest(service, sources_of(files, service.settings), as_json=False)
        for n, asked in enumerate(read_questions(HERE / "questions.toml"), 1):
            said = asked.text or "What is this?"
            picture = f" + {asked.image.name}" if asked.image else ""
            console.print(Rule(f"{n}. {said}{picture}  ({asked.kind})", align="left"))
            answer = ask_index(service, asked.text, asked.image)
            saved = save_evidence(service, answer, OUT / f"answer-{n}.png")
            show_answer(answer, saved.relative_to(HERE.parent) if saved else None)
        console.print(Rule(align="left"))
        console.print(
            'Ask your own: .venv/bin/octavo ask "which grease for the bearings?" --index demo/index'
            "\nSee it in a browser: .venv/bin/octavo serve --index demo/index"
        )
    finally:
        service.close()
    return 1 if any(r.outcome == "failed" for r in outcome.results) else 0


if __name__ == "__main__":
    sys.exit(main())

"""The command line as a user has it: processes, exit codes, JSON, messages."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import PUMP, WHALES, picture, text_pdf

Done = subprocess.CompletedProcess[str]


def octavo(*arguments: object, **environment: str) -> Done:
    return subprocess.run(
        [sys.executable, "-m", "api", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    (folder / "docs").mkdir()
    (folder / "docs" / "pump.pdf").write_bytes(text_pdf([PUMP]))
    (folder / "docs" / "whales.txt").write_text(WHALES)
    done = octavo("ingest", folder / "docs", "--index", folder / "index")
    assert done.returncode == 0, done.stderr
    assert "pump.pdf: added, 1 pages" in done.stdout
    return folder / "index"


def test_ask_cites_page_and_box(index: Path) -> None:
    done = octavo("ask", "How much oil does the bearing housing take?", "--index", index)
    assert done.returncode == 0
    assert "0.45 litres of ISO VG 46 oil" in " ".join(done.stdout.split())
    assert re.search(r"pump\.pdf, page 1, box \d+,\d+,\d+,\d+", done.stdout)


def test_a_reader_that_has_enough_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "whales.txt").write_text(WHALES)
    shown = subprocess.Popen(
        [sys.executable, "-m", "api", "inspect", str(tmp_path / "whales.txt"), "--text"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert shown.stdout is not None
    shown.stdout.close()  # as `head` does
    said = shown.communicate(timeout=120)[1]
    assert (shown.returncode, said) == (141, b"")


def test_ask_abstains_and_says_why(index: Path) -> None:
    done = octavo("ask", "Who won the chess championship in 1972?", "--index", index, "--json")
    answer = json.loads(done.stdout)
    assert answer["abstained"] is True
    assert answer["sentences"] == []
    assert "do not seem to answer" in answer["reason"]
    assert answer["confidence"] < 0.5


def test_json_is_one_document_on_standard_output(index: Path) -> None:
    for command in (["search", "oil"], ["ask", "which oil?"], ["status"]):
        done = octavo(*command, "--index", index, "--json")
        assert done.returncode == 0
        assert json.loads(done.stdout)
    hit = json.loads(octavo("search", "krill", "--index", index, "--json").stdout)["hits"][0]
    assert hit["name"] == "whales.txt"
    assert [s["stage"] for s in hit["trace"]][-3:] == ["fused", "maxsim", "final"]
    assert {"text", "words"} <= {s["stage"] for s in hit["trace"]}


def test_the_index_can_come_from_the_environment(index: Path) -> None:
    done = octavo("status", OCTAVO_INDEX=str(index))
    assert "2 documents, 2 pages" in done.stdout


def test_save_writes_the_cited_page(index: Path, tmp_path: Path) -> None:
    file = tmp_path / "deep" / "page.png"
    octavo("ask", "When is the oil changed?", "--index", index, "--save", file)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_one_document_can_be_asked(index: Path) -> None:
    done = octavo("search", "oil", "--in", "whales.txt", "--index", index, "--json")
    assert {h["name"] for h in json.loads(done.stdout)["hits"]} == {"whales.txt"}


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["ask", "x", "--index", "{tmp}/none"], {}, "there is no index at .*octavo ingest"),
        (["ask", "--index", "{index}"], {}, "the query is empty"),
        (["ask", "x" * 10_001, "--index", "{index}"], {},
         "the question has 10,001 characters; at most 10,000 are taken: shorten it"),
        (["ask", "x", "--index", "{index}", "--profile", "huge"], {}, "known profiles: builtin"),
        (["status", "--index", "{index}"], {"OCTAVO_INDXE": "x"},
         "unknown setting OCTAVO_INDXE; known settings: OCTAVO_INDEX"),
        (["status", "--index", "{index}"], {"OCTAVO_WORKERS": "0"}, "greater than or equal to 1"),
        (["ask", "x", "--in", "no.pdf", "--index", "{index}"], {}, "no document is named 'no.pdf'"),
        (["ask", "x", "--image", "{tmp}/no.png", "--index", "{index}"], {}, "No such file"),
        (["ask", "x", "--image", "{text}", "--index", "{index}"], {}, "image cannot be read"),
        (["status", "--url", "http://127.0.0.1:9"], {}, "no answer from http://127.0.0.1:9"),
        (["delete", "no.pdf", "--index", "{index}"], {}, "in the index: pump.pdf, whales.txt"),
        (["eval", "run", "--dataset", "{tmp}", "--out", "{tmp}/o", "--index", "{tmp}/i"], {},
         "is no dataset; expected one of these forms"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_and_exit_code_1(
    index: Path, tmp_path: Path, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    text = tmp_path / "text.png"
    text.write_text("not a picture")
    places = {"tmp": tmp_path, "index": index, "text": text}
    done = octavo(*(a.format(**places) for a in arguments), **environment)
    assert done.returncode == 1
    assert re.search(said, done.stderr), done.stderr
    assert "Traceback" not in done.stderr


def test_a_failed_file_makes_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(WHALES)
    (tmp_path / "bad.pdf").write_bytes(b"")
    done = octavo("ingest", tmp_path / "good.txt", tmp_path / "bad.pdf", "--index", tmp_path / "i")
    assert done.returncode == 2
    assert "bad.pdf: failed: the file is empty" in done.stderr
    assert "good.txt: added" in done.stdout
    again = octavo("ingest", tmp_path / "good.txt", "--index", tmp_path / "i", "--json")
    assert again.returncode == 0
    assert json.loads(again.stdout)["results"][0]["outcome"] == "unchanged"


@pytest.fixture
def holder(index: Path) -> Iterator[subprocess.Popen[str]]:
    code = (
        "import sys; from pathlib import Path; from api.service import Service;"
        "from api.settings import Settings;"
        "s = Service(Settings(index=Path(sys.argv[1]))); s.announce('http://127.0.0.1:8000');"
        "print('open', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(index)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield process
    process.communicate()


def test_a_second_process_is_told_who_has_the_index(
    index: Path, holder: subprocess.Popen[str]
) -> None:
    done = octavo("ask", "x", "--index", index)
    assert done.returncode == 1
    assert f"in use by process {holder.pid}" in done.stderr
    assert "--url http://127.0.0.1:8000" in done.stderr


def test_an_index_of_other_models_is_refused_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text(WHALES)
    octavo("ingest", tmp_path / "w.txt", "--index", tmp_path / "i")
    file = tmp_path / "i" / "manifest.json"
    manifest: dict[str, Any] = json.loads(file.read_text())
    manifest["models"]["text"] = "some-other-model"
    manifest["profile"] = "other"
    file.write_text(json.dumps(manifest))
    done = octavo("ask", "krill", "--index", tmp_path / "i")
    assert done.returncode == 1
    assert "model text: the index has 'some-other-model'" in done.stderr
    command = re.search(r"octavo (reindex .*)", done.stderr)
    assert command is not None
    mended = octavo(*command[1].split())
    assert mended.returncode == 0, mended.stderr
    assert "krill" in octavo("ask", "What does the whale eat?", "--index", tmp_path / "i").stdout


def test_delete_says_what_it_removed(tmp_path: Path) -> None:
    (tmp_path / "w.png").write_bytes(picture("KRILL"))
    octavo("ingest", tmp_path / "w.png", "--index", tmp_path / "i")
    done = octavo("delete", "w.png", "--index", tmp_path / "i")
    assert done.stdout.startswith("deleted w.png: 1 pages")
    assert "0 documents, 0 pages, 0 chunks" in octavo("status", "--index", tmp_path / "i").stdout

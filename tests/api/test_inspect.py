"""`octavo inspect`: what is drawn and printed is what the reader found."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from octavo.api.cli.main import cli
from octavo.api.inspect_file import inspect_file
from octavo.api.settings import Settings
from octavo.ingest.inspect import draw_page
from tests.conftest import PUMP, WHALES, text_pdf


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "two.pdf").write_bytes(text_pdf([PUMP, WHALES]))
    return tmp_path / "two.pdf"


def run(*arguments: object) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["inspect", *map(str, arguments)])
    return done.exit_code, done.output


def test_regions_are_drawn_where_they_are(file: Path) -> None:
    found = inspect_file(file, Settings())
    page = found.pages[1]
    picture = Image.open(io.BytesIO(draw_page(found.data, found.kind, page))).convert("RGB")
    zoom = picture.width / page.width
    box = page.blocks[0].box
    middle = round((box.y0 + box.y1) / 2 * zoom)
    edge = {picture.getpixel((round(box.x0 * zoom) + n, middle)) for n in (-1, 0, 1)}
    assert (0, 114, 178) in edge
    outside = picture.getpixel((round(box.x0 * zoom), round((box.y1 + 40) * zoom)))
    assert outside == (255, 255, 255)
    assert picture.height == 1400 + 30  # the legend


def test_the_command_draws_and_tells(file: Path, tmp_path: Path) -> None:
    code, said = run(file, "--page", 2, "-o", tmp_path / "new" / "p.png")
    assert code == 0, said
    assert "page 2  text  1 text" in said
    assert "2 pages, 2 chunks (pdf)" in said
    with Image.open(tmp_path / "new" / "p.png") as drawn:
        assert drawn.width > 500
    code, said = run(file, "--text")
    assert "[text] page 1 [72.0, 72.0" in said
    assert "krill" in said
    code, said = run(file, "--page", 1, "--json")
    row = json.loads(said)
    assert [p["page"] for p in row["pages"]] == [1]
    assert "krill" not in json.dumps(row["chunks"])


def test_what_is_wrong_is_one_line(file: Path, tmp_path: Path) -> None:
    code, said = run(file, "--page", 3)
    assert (code, said.strip()) == (1, f"octavo: {file} has pages 1 to 2; page 3 was asked")
    (tmp_path / "bad.pdf").write_bytes(b"%PDF-1.4 nothing")
    code, said = run(tmp_path / "bad.pdf")
    assert code == 1
    assert said.startswith(f"octavo: {tmp_path / 'bad.pdf'}: ")
    assert "Traceback" not in said

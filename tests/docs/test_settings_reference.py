"""docs/settings.md says what the settings are."""

from __future__ import annotations

import re

from octavo.api.settings import Settings
from tests.conftest import ROOT
from tools.settings_reference import reference

PAGE = ROOT / "docs" / "settings.md"


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "the settings changed: python tools/settings_reference.py > docs/settings.md"
    )


def test_every_setting_stands_there_once() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `OCTAVO_(\w+)` \|", text, re.MULTILINE)
    assert [r.lower() for r in rows] == list(Settings.model_fields)
    assert "| `OCTAVO_WORKERS` | whole number | `2` | >= 1, <= 64 |" in text

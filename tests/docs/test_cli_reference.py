"""docs/cli.md says what `--help` says."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "cli.md"


def reference(columns: str) -> str:
    """In a process of its own: click keeps the help options that a command was first asked with,
    which other tests do without the group above it."""
    done = subprocess.run(
        [sys.executable, "tools/cli_reference.py"],
        cwd=ROOT, env={"COLUMNS": columns, "PYTHONUTF8": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    return done.stdout.decode("utf-8")


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_the_page_is_what_the_commands_say(columns: str) -> None:
    """Whatever the width of the terminal."""
    assert PAGE.read_text(encoding="utf-8") == reference(columns), (
        "the commands changed: python tools/cli_reference.py > docs/cli.md"
    )


def test_every_command_stands_there_as_it_is_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "octavo", "eval", "compare", "--help"],
        cwd=ROOT, env={"COLUMNS": "80", "PYTHONUTF8": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    help_text = done.stdout.decode("utf-8").replace("python -m octavo", "octavo")
    assert f"```\n{help_text}```" in PAGE.read_text(encoding="utf-8")

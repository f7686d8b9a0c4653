"""docs/cli.md says what `--help` says."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT
from tools.cli_reference import reference

PAGE = ROOT / "docs" / "cli.md"


def test_the_page_is_what_the_commands_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "the commands changed: python tools/cli_reference.py > docs/cli.md"
    )


def test_the_page_does_not_depend_on_the_terminal() -> None:
    for columns in ("40", "200"):
        done = subprocess.run(
            [sys.executable, "tools/cli_reference.py"],
            cwd=ROOT, env={"COLUMNS": columns, "PYTHONUTF8": "1"}, capture_output=True, check=True,
        )  # fmt: skip
        assert done.stdout.decode("utf-8") == reference()


def test_every_command_stands_there_as_it_is_run() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "octavo", "eval", "compare", "--help"],
        cwd=ROOT, env={"COLUMNS": "80", "PYTHONUTF8": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    help_text = done.stdout.decode("utf-8").replace("python -m octavo", "octavo")
    assert f"```\n{help_text}```" in PAGE.read_text(encoding="utf-8")

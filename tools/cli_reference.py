"""Prints docs/cli.md: the help of every command, as `--help` shows it.

python tools/cli_reference.py > docs/cli.md
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from octavo.api.cli.main import cli

_WIDE: dict[str, Any] = {"terminal_width": 80, "max_content_width": 80}  # whatever the terminal has
_HEAD = """# Command reference

Made by `python tools/cli_reference.py > docs/cli.md`; a test compares it
with the commands. Options that name a variable in brackets (`[OCTAVO_INDEX]`) can be set by it:
[settings.md](settings.md).

Exit codes: 0 done; 1 a mistake, told in one line; 2 a document failed or has failed pages
(the others are in), or the command line was wrong.
"""


def reference() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *(_section(name, text) for name, text in _helps(cli, None, "octavo"))])


def _helps(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[tuple[str, str]]:
    """Name and help of a command, then of those below it, in the order of `--help`."""
    context = click.Context(command, parent, name, **{**command.context_settings, **_WIDE})
    yield context.command_path, command.get_help(context)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            below = command.get_command(context, child)
            if below is not None:
                yield from _helps(below, context, child)


def _section(name: str, text: str) -> str:
    return f"## {name}\n```\n{text}\n```\n"


if __name__ == "__main__":
    print(reference(), end="")

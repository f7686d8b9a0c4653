"""The `octavo` command. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import click

_COMMANDS = {
    "ask": "question_commands",
    "delete": "document_commands",
    "explain": "question_commands",
    "ingest": "document_commands",
    "list": "document_commands",
    "reindex": "index_commands",
    "repair": "index_commands",
    "retry": "document_commands",
    "search": "question_commands",
    "serve": "index_commands",
    "status": "document_commands",
    "sync": "folder_commands",
    "watch": "folder_commands",
}


class _Commands(click.Group):
    """The commands of this folder, and those that other packages add as entry points; each is
    imported when it is needed.

    `evals` adds `eval`: it stands above `api` and must not be imported by it.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*_COMMANDS, *_added()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            module = import_module(f"octavo.api.cli.{_COMMANDS[cmd_name]}")
            command = getattr(module, "list_" if cmd_name == "list" else cmd_name)
        elif cmd_name in _added():
            command = _added()[cmd_name].load()
        else:
            return None
        return command if isinstance(command, click.Command) else None


@cache
def _added() -> dict[str, EntryPoint]:
    return {e.name: e for e in entry_points(group="octavo.commands")}


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="octavo")
def cli() -> None:
    """Answers questions from your documents, figures included, with the page and the box."""


def main() -> None:
    """Entry point of the `octavo` command."""
    cli()

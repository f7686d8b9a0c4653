"""Prints docs/settings.md: every field of the settings and of a profile's tables.

python tools/settings_reference.py > docs/settings.md
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from octavo.api.model_profile import (
    GenerateSettings,
    ModelSettings,
    RerankSettings,
    SearchSettings,
)
from octavo.api.settings import Settings

_HEAD = """# Settings reference

Made by `python tools/settings_reference.py > docs/settings.md`; a test compares
it with the code. Settings are read once: the profile, then `OCTAVO_` variables, then command line
options. From Python they are arguments of `octavo.open`, in small letters. An unknown name and a
value out of range are errors.
"""
_PROFILE = """## Profile tables

Tables of a profile file (`api/profiles/*.toml`, or one of your own: [models.md](models.md)).
"""
_TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[models.ROLE]", ModelSettings),
    ("[search]", SearchSettings),
    ("[rerank]", RerankSettings),
    ("[generate]", GenerateSettings),
)
_SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


def reference() -> str:
    """The whole page."""
    parts = [_HEAD, _table(Settings, "OCTAVO_"), _doc(Settings), _PROFILE]
    for title, model in _TABLES:
        parts += [f"### `{title}`\n", _table(model), _doc(model)]
    return "\n".join(parts)


def _table(model: type[BaseModel], prefix: str = "") -> str:
    title = "variable" if prefix else "key"
    lines = [f"| {title} | type | default | range |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        shown = f"{prefix}{name.upper()}" if prefix else name
        cells = (f"`{shown}`", _type(field.annotation), _default(field), ", ".join(_bounds(field)))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{a}`" if a else "empty" for a in get_args(annotation))
    names = {"Path": "path", "str": "text", "int": "whole number", "float": "number"}
    names |= {"bool": "true or false", "SecretStr": "secret"}
    if isinstance(annotation, type) and annotation.__name__ in names:
        return names[annotation.__name__]
    return f"`{annotation}`".replace("typing.", "").replace("|", "\\|")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default_factory is not None:
        return "empty" if field.default_factory in (dict, list) else "the user's data folder"
    value = field.default
    if hasattr(value, "get_secret_value"):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return f"`{value}`" if str(value) and value != () and value is not None else ""


def _bounds(field: FieldInfo) -> Iterator[str]:
    for rule in field.metadata:
        for name, sign in _SIGNS.items():
            if (bound := getattr(rule, name, None)) is not None:
                yield f"{sign} {bound:,}"
        if (pattern := getattr(rule, "pattern", None)) is not None:
            yield f"`{pattern}`".replace("|", "\\|")


def _doc(model: type[BaseModel]) -> str:
    """The class' own docstring: what the fields mean."""
    return inspect.cleandoc(model.__doc__ or "") + "\n"


if __name__ == "__main__":
    print(reference(), end="")

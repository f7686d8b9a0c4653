"""Which part of an index a question is asked of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Where:
    """Hard conditions on what is searched; an empty field does not restrict. Within a field any of
    its values will do, and all fields must be met.

    `documents`: names, parts of names, sources or ids. `kinds`: "text", "table", "figure", "page".
    `pages`: page numbers from 1. `folders`: a path, or its last parts ("contracts/2024"), with all
    that is under it. `names`: patterns of file names ("report-*.pdf"). `types`: "pdf", "docx", ...
    `since` and `until`: dates as "2024", "2024-05" or "2024-05-31", both included. `metadata`:
    patterns by key ({"project": "north*"}).
    """

    documents: Sequence[str] = ()
    kinds: Sequence[str] = ()
    pages: Sequence[int] = ()
    folders: Sequence[str] = ()
    names: Sequence[str] = ()
    types: Sequence[str] = ()
    since: str = ""
    until: str = ""
    metadata: Mapping[str, str | Sequence[str]] = field(default_factory=dict)

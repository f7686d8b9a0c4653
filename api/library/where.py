"""Which part of an index a question is asked of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Where:
    """Hard conditions on what is searched; an empty field does not restrict.

    `documents`: names, sources or ids. `kinds`: "text", "table", "figure", "page". `pages`: page
    numbers from 1.
    """

    documents: Sequence[str] = ()
    kinds: Sequence[str] = ()
    pages: Sequence[int] = ()

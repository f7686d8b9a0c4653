"""Conditions on documents, and the documents that meet them: what a filter is made of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from octavo.api.library.where import Where
from octavo.api.naming import named_by_part
from octavo.index.store import Filter, NotFoundError, StoredDocument
from octavo.retrieve.query import Interpretation

_KINDS = ("text", "table", "figure", "page")
_LISTED = 8  # names in a message
_MOST_PATTERN = 500  # characters
_MOST_STARS = 10  # in a pattern: each can double the time that a name takes
#: Where a document's date stands, the first that has one.
DATE_FIELDS = ("date", "creationDate", "modified")
_DATE = re.compile(r"(?:D:)?(\d{4})(?:-?(0[1-9]|1[0-2])(?:-?(0[1-9]|[12]\d|3[01]))?)?")


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """What conditions come to, and what is to be told of how they were understood."""

    where: Filter
    told: tuple[Interpretation, ...] = ()


def make_filter(where: Where, documents: Sequence[StoredDocument]) -> DocumentFilter:
    """Raises NotFoundError where no document meets the conditions, AmbiguousError for a whole name
    that several have, ValueError for a condition that cannot be understood."""
    kinds, pages = tuple(where.kinds), tuple(where.pages)
    told: list[Interpretation] = []
    chosen = [d for d in _named(where.documents, documents, told) if meets(d, where)]
    if documents and not chosen and restricts(where):
        raise NotFoundError(f"no document meets {described(where)}; {_known(documents)}")
    every = len(chosen) == len(documents) and not where.documents
    ids = () if every else tuple(d.document.id for d in chosen)
    if restricts(where) and not where.documents:
        reason = f"{len(chosen)} of {len(documents)} documents"
        told.append(Interpretation("document", described(where), "filter", reason))
    return DocumentFilter(Filter(ids, kinds, pages), tuple(told))  # type: ignore[arg-type]


def select(where: Where, documents: Sequence[StoredDocument]) -> list[StoredDocument]:
    """The documents that meet the conditions; maybe none. Raises as `make_filter` for names."""
    return [d for d in _named(where.documents, documents, []) if meets(d, where)]


def meets(stored: StoredDocument, where: Where) -> bool:
    """Whether a document meets every condition but that of `documents`."""
    return (
        _any(where.folders, lambda folder: any(_is_under(s, folder) for s in stored.sources))
        and _any(where.names, lambda name: _fits_name(stored, name))
        and _any(where.types, lambda kind: stored.type == kind.lower().lstrip("."))
        and _is_dated(stored, where)
        and all(
            _any(_values(v), lambda wanted, key=key: _has(stored.metadata, key, wanted))  # type: ignore[misc]
            for key, v in where.metadata.items()
        )
    )


def document_date(metadata: Mapping[str, str]) -> str:
    """When a document was written, as ISO 8601 (a year, month or day); nothing where it does not
    say."""
    for name in DATE_FIELDS:
        match = _DATE.match(metadata.get(name, "").strip())
        if match:
            return "-".join(part for part in match.groups() if part)
    return ""


def restricts(where: Where) -> bool:
    """Whether there is a condition on documents."""
    return bool(conditions_of(where))


def described(where: Where) -> str:
    """The conditions on documents, for people to read."""
    return ", ".join(conditions_of(where))


def conditions_of(where: Where) -> list[str]:
    """The conditions on documents, as `read_conditions` takes them."""
    parts = [f"in={n}" for n in where.documents]
    parts += [f"folder={f}" for f in where.folders]
    parts += [f"name={n}" for n in where.names]
    parts += [f"type={t}" for t in where.types]
    parts += [f"{k}={v}" for k, v in (("since", where.since), ("until", where.until)) if v]
    return parts + metadata_conditions(where)


def metadata_conditions(where: Where) -> list[str]:
    """As `read_metadata` takes them."""
    return [f"{k}={v}" for k, values in where.metadata.items() for v in _values(values)]


def read_conditions(conditions: Sequence[str]) -> Where:
    """Of `folder=contracts`, `type=pdf`, `since=2024`, `in=annual`, `name=*.pdf`, `kind=table`,
    `page=3`; every other key is one of the metadata. Raises ValueError for one that is no such."""
    found: dict[str, list[str]] = {}
    for condition in conditions:
        key, sign, value = condition.partition("=")
        if not sign or not key.strip() or not value.strip():
            raise ValueError(f"{condition!r} is no condition; expected KEY=VALUE, as in type=pdf")
        found.setdefault(key.strip(), []).append(value.strip())
    pages = found.pop("page", [])
    if not all(p.isdecimal() and len(p) < 8 for p in pages):
        raise ValueError(f"page={pages[0]} is no page number")
    for kind in found.get("kind", []):
        if kind not in _KINDS:
            raise ValueError(f"kind={kind} is none of {', '.join(_KINDS)}")
    dates = {k: found.pop(k, [""])[-1] for k in ("since", "until")}
    return Where(
        found.pop("in", []), found.pop("kind", []), [int(p) for p in pages],
        found.pop("folder", []), found.pop("name", []), found.pop("type", []),
        metadata=found, **dates,
    )  # fmt: skip


def read_metadata(pairs: Sequence[str]) -> dict[str, list[str]]:
    """Of `project=north*`, by key. Raises ValueError for one without `=`."""
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            raise ValueError(f"{pair!r} is no condition on metadata; expected KEY=VALUE")
        found.setdefault(key.strip(), []).append(value.strip())
    return found


def _named(
    words: Sequence[str], documents: Sequence[StoredDocument], told: list[Interpretation]
) -> Sequence[StoredDocument]:
    if not words:
        return documents
    chosen: dict[str, StoredDocument] = {}
    for word in words:
        found = named_by_part(word, documents)
        chosen |= {d.document.id: d for d in found.documents}
        if found.by_part:
            names = ", ".join(d.document.name for d in found.documents[:_LISTED])
            more = len(found.documents) - _LISTED
            reason = f"taken for {names}" + (f" and {more} more" if more > 0 else "")
            told.append(Interpretation("document", word, "filter", reason))
    return list(chosen.values())


def _known(documents: Sequence[StoredDocument]) -> str:
    names = ", ".join(d.document.name for d in documents[:_LISTED])
    return f"in the index: {names}" + (", ..." if len(documents) > _LISTED else "")


def _any(wanted: Sequence[str], fits: Callable[[str], bool]) -> bool:
    return not wanted or any(map(fits, wanted))


def _values(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def _is_under(source: str, folder: str) -> bool:
    """Whether the folders of a source have those of `folder` in a row; a path from the root has to
    stand at the beginning."""
    parts, wanted = _parts(source)[:-1], _parts(folder)
    if folder.startswith("/"):
        return parts[: len(wanted)] == wanted
    starts = range(len(parts) - len(wanted) + 1)
    return bool(wanted) and any(parts[n : n + len(wanted)] == wanted for n in starts)


def _parts(path: str) -> list[str]:
    return [_folded(p) for p in re.split(r"[/\\]", path) if p not in ("", ".")]


def _fits_name(stored: StoredDocument, pattern: str) -> bool:
    return _like(stored.document.name, pattern)


def _has(metadata: Mapping[str, str], key: str, wanted: str) -> bool:
    """Whether a value, or one of several parted by `;`, fits; keys whatever their case."""
    values: Iterable[str] = (v for k, v in metadata.items() if _folded(k) == _folded(key))
    return any(_like(part, wanted) for v in values for part in (v, *v.split(";")))


def _like(text: str, pattern: str) -> bool:
    if len(pattern) > _MOST_PATTERN or pattern.count("*") > _MOST_STARS:
        raise ValueError(
            f"{pattern[:60]!r}... is too long a pattern: at most {_MOST_PATTERN} characters and "
            f"{_MOST_STARS} stars are taken"
        )
    return fnmatchcase(_folded(text.strip()), _folded(pattern.strip()))


def _is_dated(stored: StoredDocument, where: Where) -> bool:
    """Dates are compared as far as both are known: 2024-05 is in 2024."""
    since, until = _date(where.since), _date(where.until)
    if not (since or until):
        return True
    date = document_date(stored.metadata)
    return bool(date) and date >= since[: len(date)] and date[: len(until)] <= (until or date)


def _date(text: str) -> str:
    """Raises ValueError for what is no date."""
    match = re.fullmatch(r"(\d{4})(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?", text.strip())
    if text and not match:
        raise ValueError(f"{text!r} is no date; expected 2024, 2024-05 or 2024-05-31")
    return text.strip()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()

"""Drafts as rows of `drafts.jsonl`. People edit that file, so what is read is checked."""

from __future__ import annotations

from typing import Any, get_args

from octavo.evals.dataset import DatasetError
from octavo.evals.datasets.jsonl import Place as Where
from octavo.evals.datasets.jsonl import identifier, text_of, unbroken
from octavo.evals.synthesis.draft import STATES, Draft, DraftPlace, Evidence
from octavo.ingest.document import Box

_MOST = 1e9  # points


def stored(draft: Draft) -> dict[str, Any]:
    """The row of a draft: all of it, its places included."""
    places = [{"doc": p.doc, "page": p.page, "bbox": p.box.rounded()} for p in draft.places]
    more = {"evidence": draft.evidence, "places": places, "source": draft.source}
    return {**draft.row(), **more}


def restored(row: dict[str, Any], where: Where) -> Draft:
    """The draft of a row. Raises DatasetError for a field that is missing or of another form."""
    try:
        draft = Draft(
            id=identifier(row["_id"], "_id", where),
            text=text_of(row["text"], "text", where),
            doc=_file_name(row["doc"], where),
            answer=text_of(row["answer"], "answer", where),
            evidence=_one_of(row["evidence"], "evidence", get_args(Evidence), where),
            places=_places(row["places"], where),
            made_by=text_of(row["made_by"], "made_by", where),
            source=text_of(row["source"], "source", where),
            state=_one_of(row["state"], "state", STATES, where),
            edited=_truth(row["edited"], "edited", where),
        )
    except KeyError as error:
        raise DatasetError(f"{where}: draft {row.get('_id')!r} has no {error}") from None
    _check_derived(row, draft, where)
    return draft


def _check_derived(row: dict[str, Any], draft: Draft, where: Where) -> None:
    """What follows from the rest need not be there, but must not say something else."""
    answerable, shared = row.get("answerable"), row.get("shared_words", 0.0)
    if answerable is not None and _truth(answerable, "answerable", where) != draft.answerable:
        raise DatasetError(
            f"{where}: 'answerable' is {answerable} and 'places' is {row['places']!r}; expected "
            "places where there is an answer, and none where there is not"
        )
    if not _is_number(shared) or not 0 <= shared <= 1:
        raise DatasetError(f"{where}: 'shared_words' is {shared!r}; expected a share, 0 to 1")


def _file_name(value: object, where: Where) -> str:
    """A name in `pdfs/`: the review page reads the file of that name."""
    name = unbroken(text_of(value, "doc", where), "doc", where)
    if name in ("", ".", "..") or "/" in name or "\\" in name:
        raise DatasetError(f"{where}: 'doc' is {name!r}; expected the name of a file in pdfs/")
    return name


def _places(value: object, where: Where) -> tuple[DraftPlace, ...]:
    if not isinstance(value, list):
        raise DatasetError(f"{where}: 'places' is {value!r}; expected a list")
    return tuple(_place(one, where) for one in value)


def _place(value: Any, where: Where) -> DraftPlace:
    match value:
        case {"doc": doc, "page": int(page), "bbox": [_, _, _, _] as corners} if (
            page >= 1 and not isinstance(page, bool) and all(map(_is_number, corners))
        ):
            return DraftPlace(_file_name(doc, where), page, Box(*map(float, corners)))
    raise DatasetError(
        f"{where}: {value!r} in 'places'; expected doc, page (from 1) and bbox [x0, y0, x1, y1]"
    )


def _one_of(value: Any, key: str, known: tuple[Any, ...], where: Where) -> Any:
    if value not in known:
        raise DatasetError(f"{where}: {key!r} is {value!r}; expected one of {', '.join(known)}")
    return value


def _truth(value: object, key: str, where: Where) -> bool:
    if not isinstance(value, bool):
        raise DatasetError(f"{where}: {key!r} is {value!r}; expected true or false")
    return value


def _is_number(value: Any) -> bool:
    """Whether it is a finite number, and no absurd one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and abs(value) <= _MOST

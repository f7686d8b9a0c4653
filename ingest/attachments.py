"""Files inside of a file that become documents of their own: the attachments of e-mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.mail_message import Attachment, attached_name
from octavo.ingest.formats.mime_mail import read_eml, read_mbox
from octavo.ingest.formats.outlook_msg import read_msg


def _of_eml(data: bytes, bounds: FileLimits) -> Iterator[Attachment]:
    yield from read_eml(data, bounds).attachments


def _of_mbox(data: bytes, bounds: FileLimits) -> Iterator[Attachment]:
    for message in read_mbox(data, bounds):
        yield from message.attachments


def _of_msg(data: bytes, bounds: FileLimits) -> Iterator[Attachment]:
    yield from read_msg(data, bounds).attachments


_READERS: dict[str, Callable[[bytes, FileLimits], Iterator[Attachment]]] = {
    "eml": _of_eml,
    "mbox": _of_mbox,
    "msg": _of_msg,
}


def write_attachments(data: bytes, kind: str, folder: Path, bounds: FileLimits) -> list[str]:
    """Writes what is attached to a file of that type into `folder`, as files 0, 1, 2, ...; their
    names, no two the same. What is empty is left out.

    Raises DocumentError over `bounds.members` or `bounds.unpacked`, or where it cannot be read.
    """
    names: list[str] = []
    count: Counter[str] = Counter()
    size = 0
    for attachment in _READERS[kind](data, bounds):
        if not attachment.data:
            continue
        size += len(attachment.data)
        bounds.check_unpacked(size)
        bounds.check_members(len(names) + 1)
        (folder / str(len(names))).write_bytes(attachment.data)
        names.append(_free_name(attached_name(attachment.name), count))
    return names


def _free_name(name: str, count: Counter[str]) -> str:
    """`report (2).pdf` for the second `report.pdf`."""
    count[name] += 1
    if count[name] == 1:
        return name
    stem, dot, suffix = name.rpartition(".")
    again = f"{stem} ({count[name]}){dot}{suffix}" if stem else f"{name} ({count[name]})"
    return _free_name(again, count)

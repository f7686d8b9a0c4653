"""Compound files (OLE) and Outlook messages in them, written as [MS-CFB] and [MS-OXMSG] say."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Union

_SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Tree = Mapping[str, Union[bytes, "Tree"]]


def ole_file(tree: Tree) -> bytes:
    """A compound file with storages (mappings) and streams (bytes)."""
    entries: list[list[object]] = [["Root Entry", 5, _FREE, _FREE, b""]]  # name, type, child, next
    _add(tree, 0, entries)
    mini = bytearray()
    mini_fat: list[int] = []
    data = bytearray()
    fat: list[int] = []

    def chained(content: bytes, size: int, into: bytearray, table: list[int]) -> int:
        start, count = len(table), -(-len(content) // size)
        into += content.ljust(count * size, b"\0")
        table += [*range(start + 1, start + count), _END] if count else []
        return start if count else _END

    starts = []
    for _, kind, _, _, content in entries[1:]:
        assert isinstance(content, bytes)
        small = len(content) < _CUTOFF
        place = (_MINI, mini, mini_fat) if small else (_SECTOR, data, fat)
        starts.append(chained(content, *place) if kind == 2 else 0)
    root_start = chained(bytes(mini), _SECTOR, data, fat)
    mini_table = struct.pack(f"<{len(mini_fat)}I", *mini_fat)
    mini_start = chained(mini_table.ljust(-(-len(mini_table) // _SECTOR) * _SECTOR, b"\xff"),
                         _SECTOR, data, fat)  # fmt: skip
    directory = b"".join(
        _entry(e, start, len(mini) if n == 0 else len(e[4]))  # type: ignore[arg-type]
        for n, (e, start) in enumerate(zip(entries, [root_start, *starts], strict=True))
    )
    directory_start = chained(directory, _SECTOR, data, fat)
    sectors = 1
    while sectors * _SECTOR // 4 < len(fat) + sectors:
        sectors += 1
    fat_start = len(fat)
    fat += [_FAT] * sectors
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(sectors * _SECTOR, b"\xff")
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE, 9, 6, 0, sectors, directory_start, 0,
        _CUTOFF, mini_start, -(-len(mini_table) // _SECTOR), _END, 0,
    )  # fmt: skip
    difat = [*range(fat_start, fat_start + sectors), *[_FREE] * (109 - sectors)]
    return header + struct.pack("<109I", *difat) + bytes(data) + table


def _add(tree: Tree, parent: int, entries: list[list[object]]) -> None:
    previous = None
    for name, content in tree.items():
        number = len(entries)
        storage = not isinstance(content, bytes)
        entries.append([name, 1 if storage else 2, _FREE, _FREE, b"" if storage else content])
        if previous is None:
            entries[parent][2] = number
        else:
            entries[previous][3] = number
        previous = number
        if not isinstance(content, bytes):
            _add(content, number, entries)


def _entry(entry: list[object], start: int, size: int) -> bytes:
    name, kind, child, following, _ = entry
    encoded = str(name).encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16x4x16xIQ",
        encoded, len(encoded) + 2, kind, 1, _FREE, following, child, start, size,
    )  # fmt: skip


def outlook_message(
    texts: Mapping[str, str | bytes],
    attachments: list[Tree] | None = None,
    numbers: Mapping[int, int] | None = None,
    inner: bool = False,
    wide: bool = True,
) -> dict[str, bytes | Tree]:
    """The storages of a message: `texts` by property (bytes: a binary one, or of one byte a
    character with `wide` false), `attachments` as `attached` makes them."""
    tree: dict[str, bytes | Tree] = {}
    for tag, value in texts.items():
        if isinstance(value, bytes):
            tree[f"__substg1.0_{tag}{'0102' if wide else '001E'}"] = value
        else:
            tree[f"__substg1.0_{tag}001F"] = value.encode("utf-16-le")
    rows = [struct.pack("<HHIQ", 3, tag, 6, value) for tag, value in (numbers or {}).items()]
    tree["__properties_version1.0"] = bytes(24 if inner else 32) + b"".join(rows)
    for n, attachment in enumerate(attachments or []):
        tree[f"__attach_version1.0_#{n:08X}"] = attachment
    return tree


def attached(name: str, data: bytes, content_id: str = "") -> Tree:
    """An attachment of an Outlook message."""
    texts: dict[str, str | bytes] = {"3707": name, "3701": data}
    if content_id:
        texts["3712"] = content_id
    return {**outlook_message(texts), "__properties_version1.0": bytes(8)}


def attached_message(name: str, message: Tree) -> Tree:
    """A message in an Outlook message."""
    return {
        "__properties_version1.0": bytes(8),
        "__substg1.0_3001001F": name.encode("utf-16-le"),
        "__substg1.0_3701000D": message,
    }

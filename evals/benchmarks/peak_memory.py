"""Peak memory of a command on a long PDF, for `octavo eval ingest PDFS --memory`.

The PDF is made of given ones, page after page, each page with words of its own. The whole process
tree is watched from outside (Linux only). Shared pages are counted once: private and swapped
memory in full, shared memory in proportion (PSS).
"""

from __future__ import annotations

import random
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pymupdf

_EVERY = 0.25  # seconds between two looks
_WORDS = 60  # of its own that every page gets
_LINE = re.compile(r"^(Pss|Pss_Anon|SwapPss):\s+(\d+) kB", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Peak:
    """Megabytes of a process tree at its fullest: `total`, and `anonymous`, what is held and not
    only a view of files that the kernel may drop at any time (the index is such a view)."""

    total: float
    anonymous: float


def long_pdf(samples: list[Path], pages: int) -> bytes:
    """A PDF of so many pages: the samples' over and over, figures included, each page with 60
    words of its own at its foot, so that no two pages make the same chunks."""
    made = pymupdf.open()
    parts = [pymupdf.open(file) for file in samples]
    while made.page_count < pages:
        for part in parts:
            made.insert_pdf(part)
    if made.page_count > pages:
        made.delete_pages(range(pages, made.page_count))
    for number, page in enumerate(made, 1):
        page.clean_contents()
        foot = pymupdf.Rect(36, page.rect.height - 60, page.rect.width - 36, page.rect.height - 8)
        page.insert_textbox(foot, f"Sheet {number}. " + " ".join(_own_words(number)), fontsize=6)
    return bytes(made.tobytes(garbage=3, deflate=True))


def _own_words(number: int) -> Iterator[str]:
    chance = random.Random(number)
    for _ in range(_WORDS):
        yield "".join(chance.choice("bdfgklmnprst") + chance.choice("aeiou") for _ in range(3))


def peak_of(command: list[str]) -> Peak:
    """Runs `command` and watches it and its children. Raises CalledProcessError if it fails."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    total = anonymous = 0
    while process.poll() is None:
        everything, held = tree_memory(process.pid)
        total, anonymous = max(total, everything), max(anonymous, held)
        time.sleep(_EVERY)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Peak(total / 1024, anonymous / 1024)


def tree_memory(root: int) -> tuple[int, int]:
    """kB of a process and all its descendants now: all, and anonymous memory alone."""
    total = anonymous = 0
    for pid in _tree(root):
        try:
            kilobytes = dict(_LINE.findall(Path(f"/proc/{pid}/smaps_rollup").read_text()))
        except OSError:
            continue  # it ended meanwhile
        held = int(kilobytes.get("Pss_Anon", 0)) + int(kilobytes.get("SwapPss", 0))
        total += int(kilobytes.get("Pss", 0)) + int(kilobytes.get("SwapPss", 0))
        anonymous += held
    return total, anonymous


def _tree(root: int) -> Iterator[int]:
    yield root
    for task in Path(f"/proc/{root}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _tree(int(child))

"""Real processes that are killed, stopped, starved or cut off: nothing but the page is lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from octavo.api.service import Service, sources_of
from octavo.api.settings import Settings
from octavo.ingest.document import DocumentError, PageContent, PageState
from octavo.ingest.read import read_pages
from octavo.ingest.render import render_page
from octavo.ingest.worker import reader as reader_module
from octavo.ingest.worker.reader import Reader, ReadLimits
from octavo.ingest.worker.worker_protocol import Opened
from tests.conftest import PUMP, ROOT, WHALES, picture, text_pdf
from tests.support import faulty

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture
def reader_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Reader]]:
    """Readers whose child is a function of `tests.support.faulty`."""
    made: list[Reader] = []

    def make(serve: object = faulty.faulty, limits: ReadLimits | None = None) -> Reader:
        monkeypatch.setattr(reader_module, "serve", serve)
        made.append(Reader(limits, ocr=False))
        return made[-1]

    yield make
    for reader in made:
        reader.close()


def states(reader: Reader, pages: list[str]) -> dict[int, tuple[PageState, str]]:
    items = list(reader.pages(text_pdf(pages), "pdf"))
    assert isinstance(items[0], Opened)
    read = [p for p in items[1:] if isinstance(p, PageContent)]
    assert [p.number for p in read] == list(range(1, len(pages) + 1))  # none lost, none twice
    return {p.number: (p.status.state, p.status.reason) for p in read}


def test_whatever_happens_on_a_page_costs_that_page(reader_of: Callable[..., Reader]) -> None:
    reader = reader_of(limits=ReadLimits(seconds=5.0, memory=2 << 30))
    names = ["dies", "aborts", "exits", "stops", "hangs", "fills", "raises"]
    pages = [word for name in names for word in ("Good page.", name)] + ["The last page."]
    found = states(reader, pages)
    lost = {pages[n - 1]: why for n, (state, why) in found.items() if state == "failed"}
    assert set(lost) == set(names)
    assert "exit code -9" in lost["dies"]
    assert "exit code -6" in lost["aborts"]
    assert "exit code 3" in lost["exits"]
    assert lost["stops"] == lost["hangs"] == "took over 5 s (OCTAVO_PAGE_SECONDS)"
    assert lost["fills"] == "needs more memory than OCTAVO_PAGE_MEMORY_MB allows"
    assert lost["raises"] == "KeyError: 'no such object'"
    assert {s for s, _ in found.values()} == {"text", "failed"}


def test_after_three_in_a_row_the_rest_fails_unread(
    reader_of: Callable[..., Reader],
) -> None:
    found = states(reader_of(), ["One.", *["exits"] * 3, "Five.", "Six."])
    assert [s for s, _ in found.values()] == ["text", *["failed"] * 5]
    assert found[5] == found[6] == ("failed", "not read: 3 pages in a row before it failed")


def test_a_page_that_cannot_be_sized_costs_nothing(reader_of: Callable[..., Reader]) -> None:
    found = states(reader_of(faulty.faulty_sizing), ["One.", "Two."])
    assert {s for s, _ in found.values()} == {"text"}


def test_a_document_that_kills_when_opened_fails_alone(reader_of: Callable[..., Reader]) -> None:
    reader = reader_of(faulty.deadly_to_open)
    with pytest.raises(DocumentError, match=r"died \(exit code -6\)"):
        list(reader.pages(b"%PDF-1.7 deadly", "pdf"))
    assert states(reader, ["Good."]) == {1: ("text", "")}


def test_a_child_killed_while_it_waits_is_replaced(reader_of: Callable[..., Reader]) -> None:
    reader = reader_of()
    states(reader, ["Good."])
    assert reader._process is not None
    os.kill(reader._process.process.pid or 0, signal.SIGKILL)
    assert states(reader, ["Good.", "Again."]) == {1: ("text", ""), 2: ("text", "")}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_child_cut_off_while_it_sends(
    how: signal.Signals, monkeypatch: pytest.MonkeyPatch, reader_of: Callable[..., Reader]
) -> None:
    """Each page is larger than the pipe: a paused parent leaves the child in the middle of one."""
    import pymupdf

    monkeypatch.setattr(reader_module, "_TRANSFER", 1.0)
    document = pymupdf.open()
    for n in range(4):
        page = document.new_page(width=400, height=400)
        # Noise alone is the same grey everywhere, which may be taken for a picture that repeats.
        dark = bytes(800 * 3 * 160 * n)
        pixels = dark + os.urandom(800 * 800 * 3 - len(dark))
        noise = pymupdf.Pixmap(pymupdf.csRGB, 800, 800, pixels, False)
        page.insert_image(pymupdf.Rect(20, 20, 380, 300), pixmap=noise)
        page.insert_text((20, 390), f"Page {n + 1} of four.")
    reader = reader_of(limits=ReadLimits(seconds=5.0))
    pages = reader.pages(document.tobytes(), "pdf")
    numbers = [next(pages) for _ in range(2)][1:]
    time.sleep(1.0)
    assert reader._process is not None
    os.kill(reader._process.process.pid or 0, how)
    numbers += pages
    read = [p for p in numbers if isinstance(p, PageContent)]
    assert [p.number for p in read] == [1, 2, 3, 4]
    assert [p.number for p in read if p.status.state == "failed"] == [2]


def test_too_many_pages_and_too_much_time_are_told(reader_of: Callable[..., Reader]) -> None:
    found = states(reader_of(limits=ReadLimits(pages=2)), ["One.", "Two.", "Three.", "Four."])
    over = ("failed", "not read: over 2 pages (OCTAVO_MAX_PAGES)")
    assert found == {1: ("text", ""), 2: ("text", ""), 3: over, 4: over}
    late = reader_of(limits=ReadLimits(document_seconds=6.0))
    found = states(late, ["One.", "sleeps", "Three.", "Four."])
    said = "the document took over 6 s (OCTAVO_DOCUMENT_SECONDS)"
    assert found[1] == ("text", "")
    assert found[2] == ("failed", said)
    assert found[3] == found[4] == ("failed", f"not read: {said}")


def test_only_some_pages_can_be_read(reader_of: Callable[..., Reader]) -> None:
    reader = reader_of(limits=ReadLimits(pages=3))
    some = list(reader.pages(text_pdf(["One.", "exits", "Three.", "Four."]), "pdf", only=[2, 3, 4]))
    read = [p for p in some if isinstance(p, PageContent)]
    assert [(p.number, p.status.state) for p in read] == [
        (2, "failed"), (3, "text"), (4, "failed"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "limits"),
    [
        ("Page", ReadLimits(process_pages=3)),
        pytest.param("leaks", ReadLimits(process_growth=150 << 20), marks=linux),
    ],
)
def test_a_worn_process_is_replaced_and_no_page_is_read_twice(
    word: str, limits: ReadLimits, reader_of: Callable[..., Reader]
) -> None:
    """After so many pages, or when its memory has grown: 64 MB a page here."""
    reader = reader_of(limits=limits)
    processes = set()
    numbers = []
    for item in reader.pages(text_pdf([f"{word} {n}." for n in range(8)]), "pdf"):
        processes.add(reader._process)
        if isinstance(item, PageContent):
            numbers.append(item.number)
            assert item.status.state == "text"
    assert numbers == list(range(1, 9))
    assert len(processes) == 3


@pytest.mark.parametrize(
    ("width", "height", "unit"),
    [(1, 20_000, 1), (20_000, 1, 1), (0.5, 0.5, 1), (200_000, 200_000, 1), (600, 800, 1000)],
)
def test_pages_of_any_size_are_read_and_drawn_within_bounds(
    width: float, height: float, unit: int
) -> None:
    """`unit`: UserUnit, which makes a page that many times as large."""
    import pymupdf

    document = pymupdf.open()
    page = document.new_page(width=width, height=height)
    page.insert_image(page.rect, stream=picture("VALVE 7"))
    document.xref_set_key(page.xref, "UserUnit", str(unit))
    data = document.tobytes()
    _, read = read_pages(data, "pdf", ocr=False)
    assert isinstance(read, PageContent)
    assert read.status.state in ("image", "blank")
    assert (read.width, read.height) == (max(1, width * unit), max(1, height * unit))
    drawn = [b.image for b in read.blocks if b.image]
    for png in (*drawn, render_page(data, "pdf", 1)):
        image = pymupdf.Pixmap(png)
        assert max(image.width, image.height) <= 2048


def running(pid: int) -> bool:
    """Not even as a zombie that waits for its parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")")[-1].split()[0] not in "ZX"
    except OSError:
        return False


@linux
@pytest.mark.parametrize("fault", ["sleeps", "hangs"])
def test_a_parent_that_dies_leaves_no_children(fault: str) -> None:
    """`hangs` runs no Python any more, in no thread: the kernel ends it."""
    command = [sys.executable, "-m", "tests.support.faulty", fault]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "['Opened', 'PageContent']\n"
    child = int(parent.stdout.readline())
    time.sleep(0.3)
    assert running(child)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    end = time.monotonic() + 10
    while running(child) and time.monotonic() < end:
        time.sleep(0.05)
    assert not running(child)


def octavo(*arguments: object, most: int = 0) -> subprocess.CompletedProcess[str]:
    """`most`: bytes that a file may have."""

    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    return subprocess.run(
        [sys.executable, "-m", "octavo", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
        preexec_fn=limit if most else None,
    )


def points(index: Path) -> list[object]:
    """Every chunk point, payload and vectors, and every commit record, serial included."""
    service = Service(Settings(index=index))
    names = ("text", "joint", "tokens", "words")
    found: list[object] = [
        (
            p.chunk,
            p.words,
            *(None if v is None else v.tobytes() for v in (p.text, p.joint, p.tokens)),
        )
        for batch in service._store.points(names)
        for p in batch
    ]
    found = sorted(found, key=str)
    found += service._store.documents()
    found += [(f.source, f.reason, f.document) for f in service._store.failures()]
    service.close()
    return found


def test_killed_at_any_moment_and_run_again_gives_the_same_points(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for n in range(4):
        pages = [f"Document {n} page {p}. Valve {n}{p} opens at {p} bar. " * 20 for p in range(5)]
        (docs / f"{n}.pdf").write_bytes(text_pdf(pages))
    (docs / "bad.pdf").write_bytes(b"")
    command = [sys.executable, "-m", "octavo", "ingest", str(docs), "--index"]
    assert octavo("ingest", docs, "--index", tmp_path / "calm").returncode == 2
    calm = points(tmp_path / "calm")
    assert len(calm) > 20
    start = time.monotonic()
    assert octavo("ingest", docs, "--index", tmp_path / "calm").returncode == 2  # nothing to do
    empty = time.monotonic() - start
    cut = tmp_path / "cut"
    for n in range(3):  # from before the index is open to about the end
        run = subprocess.Popen(
            [*command, str(cut)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, cwd=ROOT,
        )  # fmt: skip
        time.sleep(empty * (0.6 + 0.4 * n))
        os.killpg(run.pid, signal.SIGKILL)
        run.wait()
    assert octavo("ingest", docs, "--index", cut).returncode == 2
    assert points(cut) == calm


def test_a_second_ingest_is_told_who_is_at_it(tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text(WHALES)
    service = Service(Settings(index=tmp_path / "i"), create=True)
    try:
        second = octavo("ingest", tmp_path / "w.txt", "--index", tmp_path / "i")
    finally:
        service.close()
    assert second.returncode == 1
    assert f"in use by process {os.getpid()}" in second.stderr
    assert "Traceback" not in second.stderr
    assert octavo("ingest", tmp_path / "w.txt", "--index", tmp_path / "i").returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """170 MB of memory as a disk; the store asks for 128 MB before it writes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=170m", "tmpfs", str(place)]
    if (
        sys.platform != "linux"
        or subprocess.run(mount, capture_output=True, check=False).returncode
    ):
        pytest.skip("a small disk can be mounted by root only")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_the_index_goes_on_when_there_is_room(
    small_disk: Path, tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "pump.pdf").write_bytes(text_pdf([PUMP]))
    (docs / "big.png").write_bytes(picture("SHUT VALVE 7", size=(640, 400)) + os.urandom(60 << 20))
    (docs / "whales.txt").write_text(WHALES)
    index = small_disk / "index"
    assert octavo("ingest", docs / "pump.pdf", "--index", index).returncode == 0
    full = octavo("ingest", docs, "--index", index)
    assert full.returncode == 1, full.stdout + full.stderr
    assert re.search(
        r"has \d+ MB free; at least 128 MB.*make room and run the same again", full.stderr
    )
    assert "Traceback" not in full.stderr
    assert "0.45 litres" in octavo("ask", "How much oil?", "--index", index).stdout
    subprocess.run(["mount", "-o", "remount,size=400m", str(small_disk)], check=True)
    again = octavo("ingest", docs, "--index", index)
    assert again.returncode == 0, again.stderr


def test_a_file_that_may_not_grow_is_told(tmp_path: Path) -> None:
    """RLIMIT_FSIZE: the store can be written, the original of the second file cannot."""
    (tmp_path / "w.txt").write_text(WHALES)
    (tmp_path / "big.png").write_bytes(picture("VALVE 7") + os.urandom(50 << 20))
    arguments = ("ingest", tmp_path / "w.txt", tmp_path / "big.png", "--index", tmp_path / "i")
    cut = octavo(*arguments, most=40 << 20)
    assert cut.returncode == 2
    assert cut.stderr == "big.png: failed: file too large\n"
    again = octavo(*arguments)
    assert again.returncode == 0, again.stderr
    assert "w.txt: already indexed" in again.stdout
    assert "big.png: added" in again.stdout


def test_clocks_that_jump_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.pdf").write_bytes(text_pdf([PUMP, "3 Storage\nKeep the pump dry."]))
    service = Service(Settings(index=tmp_path / "i"), create=True)
    real, calls = time.time, iter(range(10**9))
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", lambda: real() + (-1) ** next(calls) * 86_400 * 365)
        (result,) = service.ingest(sources_of([tmp_path / "a.pdf"], service.settings))
    assert (result.outcome, result.failed_pages) == ("added", [])
    service.close()

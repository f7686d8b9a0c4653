"""Shared fixtures: small real documents, the real encoders once, an index per test."""

from __future__ import annotations

import io
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymupdf
import pytest
import uvicorn
from fastapi import FastAPI
from PIL import Image, ImageDraw, ImageFont

from octavo.api.encoder_factory import make_encoders
from octavo.api.model_profile import read_profile
from octavo.api.service import Service
from octavo.api.settings import Settings
from octavo.index.chunk_vectors import Encoders

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
_LOCAL = ("127.0.0.1", "::1", "localhost")


@pytest.fixture(autouse=True)
def closed_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing leaves the machine: a connection to any other address fails the test."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in _LOCAL:
            raise AssertionError(f"a test opened a connection to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def encoders() -> Encoders:
    return make_encoders(read_profile("builtin"))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    opened = Service(Settings(index=tmp_path / "index"), create=True)
    yield opened
    opened.close()


def served(app: FastAPI) -> Iterator[str]:
    """The application on a real server in a thread; its address, once, then it is stopped."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    socket = server.config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    socket.close()


def picture(text: str = "", size: tuple[int, int] = (320, 240), color: str = "#4477aa") -> bytes:
    """A PNG: a ring on a ground, with words if given."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((30, 30, size[1] - 30, size[1] - 30), outline=color, width=18)
    if text:
        draw.text((20, size[1] - 60), text, fill="black", font=ImageFont.load_default(28))
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def slow_pdf(text: str, shapes: int = 20_000) -> bytes:
    """A PDF whose one page has so many shapes that to read it takes a second and more."""
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.insert_text((72, 72), text)
    page.draw_rect(pymupdf.Rect(1, 1, 2, 2))
    drawn = (
        f"{n % 500} {n // 500} 3 2 re f {n % 400} {n % 300} m {n % 311} {n % 97} l S"
        for n in range(shapes)
    )
    document.update_stream(page.get_contents()[-1], "\n".join(drawn).encode())
    return bytes(document.tobytes(garbage=3, deflate=True))


def text_pdf(pages: list[str], title: str = "") -> bytes:
    """A PDF with one block of text a page."""
    document = pymupdf.open()
    for text in pages:
        page = document.new_page(width=595, height=842)
        page.insert_textbox(pymupdf.Rect(72, 72, 523, 770), text, fontsize=11)
    if title:
        document.set_metadata({"title": title})
    data = document.tobytes()
    document.close()
    return bytes(data)


def scanned_pdf(lines: list[str]) -> bytes:
    """A PDF whose only page is an image of text."""
    image = Image.new("RGB", (1240, 1754), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(40)
    for n, line in enumerate(lines):
        draw.text((150, 200 + 90 * n), line, fill="black", font=font)
    out = io.BytesIO()
    image.save(out, "PNG")
    document = pymupdf.open()
    page = document.new_page(width=595, height=842)
    page.insert_image(page.rect, stream=out.getvalue())
    data = document.tobytes()
    document.close()
    return bytes(data)


PUMP = (
    "1 Lubrication\n"
    "The bearing housing takes 0.45 litres of ISO VG 46 oil. Change the oil every 4000 hours.\n\n"
    "2 Shutdown\n"
    "Close the discharge valve before the motor is stopped."
)
WHALES = "The blue whale is the largest animal. It eats krill, up to 3600 kilograms of it a day."

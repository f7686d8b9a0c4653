"""Answers by a model server, through the service: streamed, plain, given up; over real HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from octavo.api.http.app import make_app
from octavo.api.model_profile import SettingsError
from octavo.api.service import Service
from octavo.api.settings import Settings
from tests.conftest import PUMP, served, text_pdf

SAID = "The bearing housing takes 0.45 litres of ISO VG 46 oil [1]."
WORDS = SAID.split()
QUESTION = {"text": "How much oil does the bearing housing take?"}


class Model:
    """An OpenAI-compatible server that says `WORDS`, the second half `pause` seconds later."""

    def __init__(self) -> None:
        self.pause = 0.0
        self.gone = threading.Event()
        self.asked: list[dict[str, object]] = []
        self.app = FastAPI()
        self.app.post("/v1/chat/completions")(self.complete)

    async def complete(self, request: Request) -> StreamingResponse:
        self.asked.append(await request.json())
        return StreamingResponse(self.pieces(), media_type="text/event-stream")

    async def pieces(self) -> AsyncIterator[str]:
        try:
            for n, word in enumerate(WORDS):
                if n == len(WORDS) // 2:
                    await asyncio.sleep(self.pause)
                chunk = {"choices": [{"index": 0, "delta": {"content": word + " "}}]}
                yield f"data: {json.dumps(chunk)}\n\n"
            end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
            yield f"data: {json.dumps(end)}\n\ndata: [DONE]\n\n"
        except asyncio.CancelledError:
            self.gone.set()
            raise


@pytest.fixture
def model() -> Iterator[tuple[Model, str]]:
    model = Model()
    for url in served(model.app):
        yield model, url


@pytest.fixture
def url(tmp_path: Path, model: tuple[Model, str]) -> Iterator[str]:
    settings = Settings(index=tmp_path / "index", llm_url=f"{model[1]}/v1", llm_model="tiny")
    service = Service(settings, create=True)
    app = make_app(service)
    for address in served(app):
        files = [("files", ("pump.pdf", text_pdf([PUMP])))]
        assert httpx.post(f"{address}/v1/documents", files=files, timeout=60).status_code == 200
        yield address
    service.close()


def events(reply: httpx.Response) -> Iterator[tuple[str, dict[str, object]]]:
    name = ""
    for line in reply.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def test_one_setting_lets_a_server_write_cited_answers(url: str, model: tuple[Model, str]) -> None:
    answer = httpx.post(f"{url}/v1/query", json=QUESTION, timeout=30).json()
    (sentence,) = answer["sentences"]
    assert "0.45 litres" in sentence["text"]
    assert sentence["citations"][0]["name"] == "pump.pdf"
    assert sentence["citations"][0]["regions"][0]["page"] == 1
    assert model[0].asked[0]["model"] == "tiny"
    assert "Change the oil every 4000 hours" in json.dumps(model[0].asked[0])


def test_drafts_come_while_the_model_writes_and_the_answer_last(
    url: str, model: tuple[Model, str]
) -> None:
    model[0].pause = 1.0
    start, times, heard = time.monotonic(), [], []
    body = {**QUESTION, "stream": True}
    with httpx.stream("POST", f"{url}/v1/query", json=body, timeout=30) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        for name, data in events(reply):
            heard.append((name, data))
            times.append(time.monotonic() - start)
    names = [name for name, _ in heard]
    assert names == ["draft"] * (len(names) - 1) + ["answer"]
    assert len(names) > 3
    assert times[0] < times[-1] - 0.9
    assert "".join(str(d["text"]) for n, d in heard if n == "draft").split() == WORDS
    assert heard[-1][1]["sentences"]


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_stops_the_model(
    url: str, model: tuple[Model, str], stream: bool
) -> None:
    model[0].pause = 30.0
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{url}/v1/query", json={**QUESTION, "stream": stream}, timeout=2)
    assert model[0].gone.wait(5)


def test_a_model_server_that_is_down_is_told(tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "i", llm_url="http://127.0.0.1:9/v1", llm_model="tiny")
    service = Service(settings, create=True)
    try:
        for address in served(make_app(service)):
            files = [("files", ("pump.pdf", text_pdf([PUMP])))]
            httpx.post(f"{address}/v1/documents", files=files, timeout=60)
            reply = httpx.post(f"{address}/v1/query", json=QUESTION, timeout=60)
            assert reply.status_code == 502
            assert "127.0.0.1:9" in reply.json()["error"]
            body = {**QUESTION, "stream": True}
            with httpx.stream("POST", f"{address}/v1/query", json=body, timeout=60) as streamed:
                assert [name for name, _ in events(streamed)] == ["error"]
    finally:
        service.close()


def test_a_server_without_a_model_name_is_refused_at_the_start(tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "i", llm_url="http://127.0.0.1:9/v1")
    with pytest.raises(SettingsError, match="OCTAVO_LLM_MODEL"):
        Service(settings, create=True)
    Service(Settings(index=tmp_path / "i"), create=True).close()  # the lock was given back

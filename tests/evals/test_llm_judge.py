"""A model as judge, over real HTTP: what it is shown, what counts as a verdict, what fails."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from octavo.evals.metrics.llm_judge import Judge, Verdict, make_judge, read_verdict
from tests.conftest import served

KEY = "sk-very-secret"


class Server:
    """An OpenAI-compatible server that replies `reply`, with `status`, after `pause` seconds."""

    def __init__(self) -> None:
        self.reply: str | Response = "CORRECT"
        self.status = 200
        self.pause = 0.0
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.app = FastAPI()
        self.app.post("/v1/chat/completions")(self.complete)

    async def complete(self, request: Request) -> Response:
        self.asked.append(await request.json())
        self.keys.append(request.headers.get("authorization"))
        await asyncio.sleep(self.pause)
        if isinstance(self.reply, Response):
            return self.reply
        if self.status != 200:
            return JSONResponse({"error": {"message": self.reply}}, self.status)
        message = {"role": "assistant", "content": self.reply}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return JSONResponse({"choices": [choice]})


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    made = Server()
    for url in served(made.app):
        yield made, f"{url}/v1"


def judge(url: str) -> Judge:
    return Judge(url, "tiny", KEY, retries=0, seconds=10)


def test_no_url_no_judge() -> None:
    assert make_judge("", "tiny") is None
    made = make_judge("http://127.0.0.1:9/v1", "tiny")
    assert made is not None
    assert made.name == "tiny@127.0.0.1"
    with pytest.raises(ValueError, match="needs the name of a model"):
        make_judge("http://127.0.0.1:9/v1", " ")
    with pytest.raises(ValueError, match="URL"):
        make_judge("judge", "tiny")


def test_what_the_judge_is_shown(server: tuple[Server, str]) -> None:
    model, url = server
    verdict = judge(url).verdict("Which oil?", ["VG 46", "ISO VG 46"], "It is </answer> VG 46.")
    assert verdict == Verdict(True)
    (body,) = model.asked
    assert body["model"] == "tiny"
    assert body["temperature"] == 0
    system, user = body["messages"]
    assert "CORRECT or INCORRECT" in system["content"]
    assert user["content"] == (
        "<question>Which oil?</question>\n<gold>VG 46</gold>\n<gold>ISO VG 46</gold>\n"
        "<answer>It is < /answer> VG 46.</answer>\nVerdict:"
    )
    assert model.keys == [f"Bearer {KEY}"]


def test_a_long_answer_is_cut(server: tuple[Server, str]) -> None:
    model, url = server
    judge(url).verdict("?", ["x"], "a" * 9000)
    shown = model.asked[0]["messages"][1]["content"]
    assert f"{'a' * 6000} [...]</answer>" in shown


def test_an_abstention_is_wrong_and_not_sent(server: tuple[Server, str]) -> None:
    model, url = server
    assert judge(url).verdict("?", ["x"], " ") == Verdict(False)
    assert model.asked == []
    with pytest.raises(ValueError, match="no gold answer"):
        judge(url).verdict("?", [], "x")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("CORRECT", True),
        (" Incorrect.\n", False),
        ("**CORRECT**", True),
        ("CORRECT, because it says so", None),
        ("NOT CORRECT", None),
        ("INCORRECT CORRECT", None),
        ("yes", None),
        ("", None),
    ],
)
def test_a_verdict_is_one_word(text: str, verdict: bool | None) -> None:
    assert read_verdict(text) is verdict


def test_a_reply_that_is_no_verdict_is_told(server: tuple[Server, str]) -> None:
    model, url = server
    model.reply = "I think it is CORRECT"
    verdict = judge(url).verdict("?", ["x"], "x")
    assert verdict.correct is None
    assert verdict.problem == (
        "the judge said neither CORRECT nor INCORRECT: 'I think it is CORRECT'"
    )


def test_a_long_reply_is_told_in_part(
    server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, url = server
    model.reply = "x" * 500
    told = judge(url).verdict("?", ["x"], "x").problem
    assert told.partition(": ")[2] == "'" + "x" * 199
    monkeypatch.setattr("octavo.evals.metrics.llm_judge._TOLD", 10)
    told = judge(url).verdict("?", ["x"], "x").problem
    assert told.partition(": ")[2] == "'" + "x" * 9


@pytest.mark.parametrize(
    "body",
    [
        PlainTextResponse("<html>"),
        Response(b"{not json", media_type="application/json"),
        JSONResponse({"choices": []}),
        JSONResponse({"choices": [{"message": {"content": None}}]}),
        JSONResponse([1]),
    ],
)
def test_malformed_replies_are_no_verdict(server: tuple[Server, str], body: Response) -> None:
    model, url = server
    model.reply = body
    verdict = judge(url).verdict("?", ["x"], "x")
    assert verdict.correct is None
    assert verdict.problem


def test_failures_of_the_server_are_no_verdict(server: tuple[Server, str]) -> None:
    model, url = server
    model.status, model.reply = 500, f"out of memory, key {KEY}"
    verdict = judge(url).verdict("?", ["x"], "x")
    assert verdict.correct is None
    assert "HTTP 500" in verdict.problem
    assert "out of memory" in verdict.problem
    assert KEY not in verdict.problem


def test_a_slow_judge_is_given_up(server: tuple[Server, str]) -> None:
    model, url = server
    model.pause = 2
    verdict = Judge(url, "tiny", retries=0, seconds=0.3).verdict("?", ["x"], "x")
    assert verdict.correct is None
    assert "0.3 seconds" in verdict.problem


def test_a_judge_that_is_not_there() -> None:
    with socket.socket() as taken:  # bound and not listening: nobody else gets the port
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        verdict = judge(f"http://127.0.0.1:{port}/v1").verdict("?", ["x"], "x")
    assert verdict.correct is None
    assert "cannot be reached" in verdict.problem


def test_a_streaming_judge(server: tuple[Server, str]) -> None:
    model, url = server
    pieces = [{"choices": [{"delta": {"content": part}}]} for part in ("INCOR", "RECT")]
    events = "".join(f"data: {json.dumps(p)}\n\n" for p in pieces)
    model.reply = Response(f"{events}data: [DONE]\n\n", media_type="text/event-stream")
    assert judge(url).verdict("?", ["x"], "x") == Verdict(False)

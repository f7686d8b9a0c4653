"""The HTTP service on a real socket, and its page in a real browser."""

from __future__ import annotations

import base64
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import PUMP, picture, text_pdf

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    index = tmp_path_factory.mktemp("served") / "index"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "serve", "--index", str(index), "--port", str(port)],
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            httpx.get(f"{address}/healthz")
            break
        except httpx.TransportError:
            time.sleep(0.1)
    files = [("files", ("pump.pdf", text_pdf([PUMP])))]
    assert httpx.post(f"{address}/v1/documents", files=files, timeout=60).status_code == 200
    yield address
    process.terminate()
    assert process.wait(20) in (0, -15)


def test_query_gives_a_cited_answer(url: str) -> None:
    reply = httpx.post(f"{url}/v1/query", json={"text": "How much oil does the housing take?"})
    answer = reply.json()
    assert reply.status_code == 200
    assert "0.45 litres" in answer["sentences"][0]["text"]
    (citation,) = answer["sentences"][0]["citations"]
    assert citation["name"] == "pump.pdf"
    assert citation["regions"][0]["page"] == 1
    box = ",".join(str(v) for v in citation["regions"][0]["box"])
    page = f"{url}/v1/documents/{citation['document']}/pages/1.png"
    plain, marked = httpx.get(page), httpx.get(page, params={"box": box})
    assert plain.headers["content-type"] == "image/png"
    assert plain.content.startswith(b"\x89PNG")
    assert marked.content != plain.content


def test_an_image_can_come_as_multipart_or_base64(url: str) -> None:
    png = picture()
    files = {"image": ("x.png", png)}
    one = httpx.post(f"{url}/v1/search", data={"text": "oil", "limit": "2"}, files=files)
    body = {"text": "oil", "limit": 2, "image": base64.b64encode(png).decode()}
    two = httpx.post(f"{url}/v1/search", json=body)
    assert one.status_code == two.status_code == 200
    assert [h["chunk"] for h in one.json()["hits"]] == [h["chunk"] for h in two.json()["hits"]]


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/v1/query", {"text": ""}, 422, "the query is empty"),
        ("/v1/query", {"text": "x" * 10_001}, 422,
         "text: the question has 10,001 characters; at most 10,000 are taken"),
        ("/v1/query", {"text": "x", "colour": 1}, 422, "colour"),
        ("/v1/query", {"text": "x", "limit": 0}, 422, "limit"),
        ("/v1/query", {"text": "x", "pages": [9223372036854775808]}, 422, "pages"),
        ("/v1/query", {"text": "x", "image": "%%"}, 422, "base64"),
        ("/v1/query", {"text": "x", "image": "aGVsbG8="}, 422, "image cannot be read"),
        ("/v1/search", {"text": "x", "documents": ["no.pdf"]}, 404, "no document is named"),
    ],
)  # fmt: skip
def test_bad_requests_are_told(
    url: str, path: str, body: dict[str, object], status: int, said: str
) -> None:
    reply = httpx.post(f"{url}{path}", json=body)
    assert reply.status_code == status
    assert said in reply.json()["error"]


def test_the_longest_question_is_taken(url: str) -> None:
    for said, status in (("x" * 10_000, 200), ("x" * 10_001, 422)):
        assert httpx.post(f"{url}/v1/search", json={"text": said}, timeout=60).status_code == status
        assert httpx.post(f"{url}/v1/search", data={"text": said}, timeout=60).status_code == status


def test_bad_pages_and_boxes_are_told(url: str) -> None:
    base = f"{url}/v1/documents/pump.pdf/pages"
    assert "pages 1 to 1" in httpx.get(f"{base}/9.png").json()["error"]
    assert "x0,y0,x1,y1" in httpx.get(f"{base}/1.png", params={"box": "1,2"}).json()["error"]
    assert "range" in httpx.get(f"{base}/1.png", params={"box": "nan,0,1,1"}).json()["error"]
    assert httpx.get(f"{url}/v1/documents/none/pages/1.png").status_code == 404
    assert httpx.get(f"{url}/nowhere").json() == {"error": "Not Found"}
    assert httpx.post(f"{url}/v1/query", content=b"{").status_code == 422


def test_foreign_hosts_and_origins_are_refused(url: str) -> None:
    """DNS rebinding and cross-site requests: a page elsewhere must not read or write here."""
    rebound = httpx.get(f"{url}/v1/documents", headers={"Host": "evil.example"})
    assert rebound.status_code == 421
    crossed = httpx.delete(
        f"{url}/v1/documents/pump.pdf", headers={"Origin": "http://evil.example"}
    )
    assert crossed.status_code == 403
    own = httpx.post(f"{url}/v1/search", json={"text": "oil"}, headers={"Origin": url})
    assert own.status_code == 200


def test_nothing_the_service_shows_is_loaded_from_elsewhere(url: str) -> None:
    for path in ("/", "/docs"):
        assert not re.search(r"(src|href)=[\"']?(https?:)?//", httpx.get(f"{url}{path}").text)


def test_too_large_requests_are_refused(url: str) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.putrequest("POST", "/v1/query")
    connection.putheader("Content-Length", str(1 << 40))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_two_uploads_of_one_name_are_two_documents(url: str) -> None:
    files = [("files", ("r.md", b"Report of 2023: 12 leaks.")),
             ("files", ("r.md", b"Report of 2024: 9 leaks."))]  # fmt: skip
    results = httpx.post(f"{url}/v1/documents", files=files, timeout=60).json()["results"]
    assert [r["outcome"] for r in results] == ["added", "added"]
    sources = {"sources": "/reports/r.md"}
    for text, outcome in ((b"First version.", "added"), (b"Second version.", "updated")):
        reply = httpx.post(
            f"{url}/v1/documents", files=[("files", ("r.md", text))], data=sources, timeout=60
        )
        assert reply.json()["results"][0]["outcome"] == outcome
    conflict = httpx.delete(f"{url}/v1/documents/r.md")
    assert conflict.status_code == 409
    for candidate in conflict.json()["candidates"]:
        at = f"{url}/v1/documents/{candidate['document']}"
        assert len(httpx.delete(at).json()["deleted"]) == 1
    assert httpx.get(f"{url}/v1/documents/r.md").status_code == 404


def test_upload_list_and_delete(url: str) -> None:
    files = [("files", ("a.txt", b"Krill is eaten by whales.")), ("files", ("b.pdf", b""))]
    results = httpx.post(f"{url}/v1/documents", files=files, timeout=60).json()["results"]
    assert [r["outcome"] for r in results] == ["added", "failed"]
    names = [d["name"] for d in httpx.get(f"{url}/v1/documents").json()["documents"]]
    assert names == ["a.txt", "pump.pdf"]
    assert httpx.delete(f"{url}/v1/documents/a.txt").json()["deleted"][0]["name"] == "a.txt"
    assert httpx.delete(f"{url}/v1/documents/a.txt").status_code == 404


def test_openapi_describes_the_service(url: str) -> None:
    schema = httpx.get(f"{url}/openapi.json").json()
    assert {"/v1/query", "/v1/search", "/v1/documents", "/healthz"} <= set(schema["paths"])
    body = schema["paths"]["/v1/query"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "multipart/form-data"}
    assert httpx.get(f"{url}/docs").status_code == 200


def octavo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "api", *arguments], capture_output=True, text=True, check=False
    )


def test_the_command_line_goes_through_the_server(url: str, tmp_path: Path) -> None:
    (tmp_path / "w.txt").write_text("The narwhal has one long tusk.")
    assert "w.txt: added" in octavo("ingest", str(tmp_path), "--url", url).stdout
    page = str(tmp_path / "p.png")
    said = octavo("ask", "How many tusks has the narwhal?", "--url", url, "--save", page)
    assert "one long tusk" in said.stdout
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")
    assert "2 documents" in octavo("status", "--url", url).stdout
    assert "deleted w.txt" in octavo("delete", "w.txt", "--url", url).stdout
    gone = octavo("delete", "w.txt", "--url", url)
    assert gone.returncode == 1
    assert "no document is named" in gone.stderr


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the PATH")
def test_the_page_asks_and_shows_the_box(url: str, tmp_path: Path) -> None:
    """The page itself, run by a browser: a question in the address is asked at once."""
    done = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={tmp_path}", "--virtual-time-budget=8000", "--dump-dom",
            f"{url}/?q=How+much+oil+does+the+housing+take+on+page+1%3F",
        ],
        capture_output=True, text=True, timeout=90, check=True,
        env={**os.environ, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert "0.45 litres of ISO VG 46 oil" in done.stdout
    assert 'page "page 1": by the count of pages' in done.stdout
    assert re.search(r'src="/v1/documents/[0-9a-f]{64}/pages/1\.png\?box=', done.stdout)

"""Models on a machine: pulled from a hub (a real HTTP one, here), checked, bundled, refused."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi import FastAPI, HTTPException, Request, Response

from octavo.api.cli.main import cli
from octavo.api.encoder_factory import make_encoders
from octavo.api.model_profile import SettingsError, read_profile
from octavo.api.model_store import ModelStore
from octavo.api.settings import read_settings
from octavo.index.encoders.encoder import ModelError
from octavo.index.manifest import Manifest, check_manifest
from octavo.index.store import StoreError
from tests.conftest import ROOT, served

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILES = {"config.json": b"{}", "onnx/model.onnx": b"weights" * 1000, "README.md": b"hello"}


def hub_app(files: dict[str, bytes], damaged: bool = False) -> FastAPI:
    """The part of a hub's HTTP interface that a download uses."""
    app = FastAPI()

    def listed() -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        for name, data in files.items():
            row: dict[str, object] = {"rfilename": name, "size": len(data)}
            if name.endswith(".onnx"):
                total = hashlib.sha256(data).hexdigest() if not damaged else "0" * 64
                row["lfs"] = {"sha256": total, "size": len(data), "pointerSize": 100}
            rows.append(row)
        return rows

    @app.get("/api/models/{org}/{name}/revision/{revision}")
    @app.get("/api/models/{org}/{name}")
    def info(org: str, name: str, revision: str = "main") -> dict[str, object]:
        if name == "absent":
            raise HTTPException(404, "Repository not found", {"X-Error-Code": "RepoNotFound"})
        return {"id": f"{org}/{name}", "sha": COMMIT, "siblings": listed(), "private": False}

    @app.get("/api/models/{org}/{name}/tree/{revision}")
    def tree(org: str, name: str, revision: str) -> list[dict[str, object]]:
        return [
            {"type": "file", "path": f, "size": len(d), "oid": hashlib.sha1(d).hexdigest()}
            for f, d in files.items()
        ]

    @app.api_route("/{org}/{name}/resolve/{revision}/{file:path}", methods=["GET", "HEAD"])
    def resolve(request: Request, org: str, name: str, revision: str, file: str) -> Response:
        data = files[file]
        headers = {"ETag": f'"{hashlib.sha1(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
        if request.method == "HEAD":
            headers["Content-Length"] = str(len(data))
            return Response(headers=headers)
        return Response(data, headers=headers, media_type="application/octet-stream")

    return app


@pytest.fixture
def hub() -> Iterator[str]:
    yield from served(hub_app(FILES))


@pytest.fixture
def damaged_hub() -> Iterator[str]:
    yield from served(hub_app(FILES, damaged=True))


def test_a_model_is_pulled_once_recorded_and_checked_on_every_load(
    tmp_path: Path, hub: str
) -> None:
    library = ModelStore(tmp_path)
    record = library.pull("org/model", "main", ["*.json", "onnx/*"], hub)
    assert record.commit == COMMIT
    assert set(record.files) == {"config.json", "onnx/model.onnx"}
    installed = library.installed("org/model")
    assert (installed.directory / "onnx/model.onnx").read_bytes() == FILES["onnx/model.onnx"]
    assert installed.identity.startswith("org/model@0123456789ab sha256:")
    assert (
        library.pull("org/model", "main", ["onnx/*"], "http://127.0.0.1:9") == record
    )  # not asked again

    (installed.directory / "onnx/model.onnx").write_bytes(b"other")
    with pytest.raises(ModelError, match=r"model\.onnx was changed: its sha256 is .*expected"):
        library.installed("org/model", wanted_by="light")
    (installed.directory / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json is missing.*octavo models pull light"):
        library.installed("org/model", wanted_by="light")
    library.pull("org/model", "main", ["*.json", "onnx/*"], hub)  # mends
    assert library.installed("org/model").identity == installed.identity


def test_what_is_not_there_says_how_it_comes(tmp_path: Path, hub: str, damaged_hub: str) -> None:
    library = ModelStore(tmp_path)
    with pytest.raises(ModelError, match=r"not on this machine.*models pull standard.*unpack"):
        library.installed("org/model", wanted_by="standard")
    with pytest.raises(ModelError, match="neither a folder on this machine nor a hub name"):
        library.installed("../../nowhere")
    with pytest.raises(ModelError, match=r"org/absent could not be pulled"):
        library.pull("org/absent", "main", [], hub)
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9"):
        library.pull("org/model", "main", [], "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="arrived damaged"):
        library.pull("org/other", "main", [], damaged_hub)
    with pytest.raises(ModelError, match="not on this machine"):
        library.installed("org/other")


def test_a_bundle_brings_models_to_a_machine_without_a_network(tmp_path: Path, hub: str) -> None:
    library = ModelStore(tmp_path / "here")
    library.pull("org/model", "main", [], hub)
    bundle = tmp_path / "models.tar"
    library.bundle([("org/model", "main")], bundle)
    there = ModelStore(tmp_path / "there")
    there.unpack(bundle)
    assert there.installed("org/model").identity == library.installed("org/model").identity

    with pytest.raises(ModelError, match="not a bundle"):
        there.unpack(_file(tmp_path / "no.tar", b"nothing"))
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as archive:
        archive.add(_file(tmp_path / "x", b"x"), "../../escaped")
    with pytest.raises(ModelError):
        there.unpack(evil)
    assert not (tmp_path / "escaped").exists()
    (tmp_path / "link").symlink_to("/etc/passwd")
    linked = tmp_path / "linked.tar"
    with tarfile.open(linked, "w") as archive:
        archive.add(tmp_path / "link", "org--model/main/config.json")
    with pytest.raises(ModelError, match="no file of a model"):
        there.unpack(linked)


def _file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_folder_of_the_users_own_is_known_by_its_bytes(tmp_path: Path) -> None:
    own = tmp_path / "my-model"
    own.mkdir()
    _file(own / "model.onnx", b"1")
    library = ModelStore(tmp_path / "models")
    first = library.installed(str(own)).identity
    assert first.startswith("my-model sha256:")
    _file(own / "model.onnx", b"2")
    assert library.installed(str(own)).identity != first


TOML = """
name = "mine"
description = "test"
{rows}
"""
ROW = """
[models.{role}]
backend = "{backend}"
model = "org/model"
files = ["onnx/*"]
licence = "MIT"
size_mb = 1
purpose = "test"
measured = false
"""


def profile_file(tmp_path: Path, **backends: str) -> Path:
    rows = "".join(ROW.format(role=r, backend=b) for r, b in backends.items())
    file = tmp_path / "mine.toml"
    file.write_text(TOML.format(rows=rows))
    return file


def test_two_profiles_may_use_other_files_of_one_model(tmp_path: Path, hub: str) -> None:
    library = ModelStore(tmp_path)
    library.pull("org/model", "main", ["onnx/*"], hub)
    first = library.installed("org/model", files=["onnx/*"]).identity
    with pytest.raises(ModelError, match="not on this machine"):
        library.installed("org/model", files=["*.json"])
    library.pull("org/model", "main", ["*.json"], hub)
    assert library.installed("org/model", files=["*.json"]).identity != first
    assert library.installed("org/model", files=["onnx/*"]).identity == first


def test_files_that_nobody_hashed_are_not_loaded(tmp_path: Path, hub: str) -> None:
    library = ModelStore(tmp_path)
    library.pull("org/model", "main", [], hub)
    directory = library.directory("org/model", "main")
    _file(directory / "adapter_config.json", b"{}")
    with pytest.raises(ModelError, match=r"adapter_config\.json does not belong there"):
        library.installed("org/model")
    (directory / "adapter_config.json").unlink()
    directory.parent.rename(tmp_path / "org--other")
    with pytest.raises(ModelError, match="holds org/model"):
        library.installed("org/other")


def test_a_hub_cannot_reach_outside_the_folder(tmp_path: Path) -> None:
    victim = _file(tmp_path / "victim.onnx", b"mine")
    files = {**FILES, "../../../victim.onnx": b"theirs"}
    for hub in served(hub_app(files, damaged=True)):
        with suppress(ModelError):
            ModelStore(tmp_path / "models").pull("org/model", "main", ["*.json"], hub)
    assert victim.read_bytes() == b"mine"


def test_the_commands_list_pull_check_path_and_bundle(tmp_path: Path, hub: str) -> None:
    mine = profile_file(tmp_path, text="fastembed", joint="builtin", generator="extractive")
    env = {
        "OCTAVO_MODELS": str(tmp_path / "models"),
        "OCTAVO_HUB": hub,
        "OCTAVO_PROFILE": str(mine),
        "COLUMNS": "200",
    }

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli, ["models", *arguments], env=env)
        return done.exit_code, done.output

    code, said = run("check")
    assert code == 1
    assert "not on this machine" in said
    code, said = run("pull", "--offline")
    assert code == 1
    assert "octavo models bundle" in said
    assert "Bring" not in said
    code, said = run("list", "--json")
    assert code == 0
    rows = {(r["profile"], r["role"]): r for r in json.loads(said)["models"]}
    assert not rows["mine", "text"]["here"]
    assert rows["builtin", "text"]["here"]
    assert rows["standard", "generator"]["model"] == "microsoft/Phi-4-multimodal-instruct"


def test_pull_check_and_bundle_by_command(tmp_path: Path, hub: str) -> None:
    mine = profile_file(tmp_path, text="fastembed", joint="builtin", generator="extractive")
    models = tmp_path / "models"
    common = ["--profile", str(mine)]
    env = {"OCTAVO_MODELS": str(models), "OCTAVO_HUB": hub, "COLUMNS": "200"}
    for arguments, expected in (
        (["pull", str(mine), *common], "1 files"),
        (["check", str(mine), *common], "fastembed"),
        (["path"], str(models)),
        (["bundle", str(mine), "-o", str(tmp_path / "b.tar"), *common], "octavo models unpack"),
        (["unpack", str(tmp_path / "b.tar")], "org/model"),
    ):
        done = CliRunner().invoke(cli, ["models", *arguments], env=env)
        assert done.exit_code == 0, done.output
        assert expected in done.output
    done = CliRunner().invoke(cli, ["models", "bundle", "builtin", "-o", "x.tar"], env=env)
    assert done.exit_code == 1
    assert "needs no model" in done.output


@pytest.mark.parametrize("name", ["builtin", "light", "standard", "unified"])
def test_shipped_profiles_name_licences_that_allow_commercial_use(name: str) -> None:
    rows = read_profile(name).models.rows()
    assert {"text", "joint", "generator"} <= set(rows)
    for row in rows.values():
        assert row.licence in ("Apache-2.0", "MIT", "AGPL-3.0-or-later")
        assert row.purpose
        assert row.measured == (row.backend in ("builtin", "extractive"))


def test_a_role_takes_only_its_backends(tmp_path: Path) -> None:
    file = profile_file(tmp_path, text="open_clip", joint="builtin", generator="extractive")
    with pytest.raises(SettingsError, match="text: unknown backend 'open_clip'; known: builtin"):
        read_profile(str(file))
    file = profile_file(tmp_path, text="builtin", generator="extractive")
    with pytest.raises(SettingsError, match=r"models\.joint"):
        read_profile(str(file))


@pytest.mark.parametrize("value", ["gpu", "cuda:", "cpu,gpu", "cuda:0,"])
def test_devices_are_checked(value: str) -> None:
    with pytest.raises(SettingsError, match="device"):
        read_settings({"OCTAVO_DEVICE": value}, {})


def test_keys_are_never_shown() -> None:
    settings = read_settings({"OCTAVO_STORE_KEY": "hush", "OCTAVO_LLM_KEY": "hush"}, {})
    assert "hush" not in repr(settings)
    assert "hush" not in settings.model_dump_json()


def test_keys_are_cleaned_and_never_repeated() -> None:
    settings = read_settings({"OCTAVO_LLM_KEY": "sk-secret\n"}, {})
    assert settings.llm_key.get_secret_value() == "sk-secret"
    with pytest.raises(SettingsError, match="llm_key") as caught:
        read_settings({"OCTAVO_LLM_KEY": "sk-secr\u00e9t"}, {})
    assert "sk-" not in str(caught.value)


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="loads it, then")
def test_the_documented_profile_loads_the_model_it_names(tmp_path: Path) -> None:
    """Not the built-in one that stands beside it in the profile."""
    (tmp_path / "my-encoder").mkdir()
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    example = example.replace("/srv/models/my-encoder", str(tmp_path / "my-encoder"))
    profile = read_profile(str(_file(tmp_path / "mine.toml", example.encode())))
    with pytest.raises(ModelError, match=r"octavo\[torch\]"):
        make_encoders(profile)


def test_another_pooling_is_another_index() -> None:
    one = Manifest(1, "p", {"text": "m"}, {"text": 4}, {}, options={"text": "pooling=mean"})
    other = replace(one, options={"text": "pooling=cls"})
    with pytest.raises(StoreError, match=r"options of text: the index has 'pooling=mean'"):
        check_manifest(one, other, "here", "again")


def test_another_document_prompt_is_another_index() -> None:
    def manifest(**prompts: str) -> Manifest:
        named = {k.replace("_", " "): v for k, v in prompts.items()}
        return Manifest(1, "p", {"text": "m"}, {"text": 4}, {}, named)

    check_manifest(manifest(text_query="a"), manifest(text_query="b"), "here", "again")
    with pytest.raises(
        StoreError, match=r"prompt text document: the index has 'a'.*'b'.*\n.*again"
    ):
        check_manifest(manifest(text_document="a"), manifest(text_document="b"), "here", "again")


OFFLINE = """
import socket
from octavo.ingest.sockets import forbid_sockets, OfflineError
forbid_sockets()
for call in (
    lambda: socket.create_connection(("192.0.2.1", 80), 1),
    lambda: socket.getaddrinfo("example.org", 80),
    lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 53)),
):
    try:
        call()
    except OfflineError as error:
        print(error)
listening = socket.create_server(("127.0.0.1", 0))
socket.create_connection(listening.getsockname(), 1)
print("loopback works")
"""


def test_offline_stops_every_socket_but_loopback() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all("--offline (OCTAVO_OFFLINE) forbids" in line for line in lines[:3])
    assert lines[3] == "loopback works"


def test_the_profile_in_the_documentation_is_one(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    example = text.split("```toml\n")[1].split("```")[0]
    profile = read_profile(str(_file(tmp_path / "mine.toml", example.encode())))
    assert profile.models.text.query_prompt == "query: "

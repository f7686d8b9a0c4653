"""compose.yaml and Dockerfile name what exists: settings, models, extras. They are not run here."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

from octavo.api.model_profile import read_profile
from octavo.api.model_store import ModelStore
from octavo.api.settings import read_settings
from tests.conftest import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def default(value: str) -> str:
    """`${NAME:-x}`, `${NAME-x}` as with nothing set."""
    return re.sub(r"\$\{\w+(?::?-([^}]*)|:\?[^}]*)?\}", lambda m: m[1] or "", value)


def test_the_service_gets_settings_that_exist() -> None:
    environment = {k: default(v) for k, v in COMPOSE["services"]["octavo"]["environment"].items()}
    settings = read_settings(environment, {})
    assert (settings.shards, settings.replicas) == (3, 2)
    assert settings.store == "http://qdrant-1:6333"
    served = next(
        c for c in COMPOSE["services"]["vllm"]["command"] if c.startswith("--served-model-name=")
    )
    assert settings.llm_model == served.split("=")[1]
    row = read_profile("standard").models.generator
    assert settings.llm_model == row.model
    directory = ModelStore(Path("/models")).directory(row.model, row.revision)
    assert COMPOSE["services"]["vllm"]["command"][0] == str(directory)


def test_the_nodes_form_one_cluster() -> None:
    nodes = {k: v for k, v in COMPOSE["services"].items() if k.startswith("qdrant-")}
    assert len(nodes) == 3
    for name, node in nodes.items():
        assert f"--uri http://{name}:6335" in node["command"]
        assert ("--bootstrap http://qdrant-1:6335" in node["command"]) == (name != "qdrant-1")
        assert node["environment"]["QDRANT__CLUSTER__ENABLED"] == "true"
        assert COMPOSE["volumes"].keys() >= {node["volumes"][0].split(":")[0]}
    assert len({node["volumes"][0] for node in nodes.values()}) == 3


def test_only_the_service_is_published_and_on_loopback() -> None:
    for name, service in COMPOSE["services"].items():
        if name == "octavo":
            assert service["ports"] == ["127.0.0.1:8000:8000"]
        else:
            assert "ports" not in service
            assert service["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"]["internal"]


def test_the_image_installs_an_extra_that_exists() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    extra = re.search(r"ARG EXTRAS=(\w+)", text)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert extra is not None
    assert extra[1] in extras["project"]["optional-dependencies"]

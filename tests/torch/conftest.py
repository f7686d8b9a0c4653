"""Skips this folder without torch; keeps every test of it off the network."""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

# The libraries read these when they are imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

collect_ignore_glob = [] if importlib.util.find_spec("torch") else ["test_*.py", "checkpoints.py"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "gpu: needs a CUDA device")


@pytest.fixture(autouse=True)
def no_names_looked_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No library asks for another machine, not even where it would swallow the failure."""
    asked: list[Any] = []

    look_up = socket.getaddrinfo

    def refused(host: Any, *more: Any, **named: Any) -> Any:
        if host in (None, "", "localhost", "127.0.0.1", "::1"):
            return look_up(host, *more, **named)
        asked.append(host)
        raise OSError(f"a test looked up {host}")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    yield
    assert not asked


@pytest.fixture(autouse=True)
def few_threads() -> None:
    """Tiny models are slower on many threads, and other runs share the machine."""
    import torch

    torch.set_num_threads(2)

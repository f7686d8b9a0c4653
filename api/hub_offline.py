"""Model libraries stay off the network: nothing is fetched in passing."""

from __future__ import annotations

import os

_HUB = {
    # Models are loaded from where `octavo models pull` put them; nothing is fetched in passing.
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def quiet_hub() -> None:
    """Tells the hub's libraries, before they are imported, to stay off the network."""
    for name, value in _HUB.items():
        os.environ.setdefault(name, value)

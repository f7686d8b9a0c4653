"""The systems that are compared: one row here, one driver beside it, one list of requirements."""

from __future__ import annotations

from dataclasses import dataclass, field

from octavo.evals.dataset import DatasetError

REFERENCE = "octavo"  # what the ratios are to


@dataclass(frozen=True, slots=True)
class System:
    """`environment` names a virtual environment and the requirements file beside this one;
    `ours`: Octavo is installed into it. `originals` is the folder of an index that holds copies
    of the documents."""

    name: str
    module: str
    environment: str
    what: str
    options: dict[str, str] = field(default_factory=dict)
    ours: bool = False
    originals: str = ""


SYSTEMS = (
    System(
        "octavo", "octavo.evals.baselines.octavo", "octavo", "built-in profile", {}, True, "blobs"
    ),
    System(
        "octavo-no-ocr", "octavo.evals.baselines.octavo", "octavo", "built-in profile, OCR off",
        {"ocr": "false"}, True, "blobs",
    ),
    System(
        "octavo-fp32", "octavo.evals.baselines.octavo", "octavo-fp32",
        "OCR off, text vectors by the peers' fp32 embedder",
        {"ocr": "false", "profile": "fp32"}, True, "blobs",
    ),
    System(
        "llamaindex-defaults", "octavo.evals.baselines.llamaindex", "llamaindex",
        "VectorStoreIndex as it comes", {"mode": "defaults"},
    ),
    System(
        "llamaindex", "octavo.evals.baselines.llamaindex", "llamaindex",
        "256-token chunks, vectors and BM25", {"mode": "hybrid"},
    ),
    System(
        "haystack", "octavo.evals.baselines.haystack", "haystack",
        "120-word chunks, vectors and BM25",
    ),
    System("txtai", "octavo.evals.baselines.txtai", "txtai", "254-token chunks, hybrid"),
)  # fmt: skip


def chosen(names: str) -> tuple[System, ...]:
    """Systems by comma-separated names; all for none. Raises DatasetError for an unknown one."""
    wanted = [n.strip() for n in names.split(",") if n.strip()]
    unknown = sorted(set(wanted) - {s.name for s in SYSTEMS})
    if unknown:
        known = ", ".join(s.name for s in SYSTEMS)
        raise DatasetError(f"unknown system {unknown[0]!r}; known systems: {known}")
    return tuple(s for s in SYSTEMS if not wanted or s.name in wanted)

"""Models of profiles, and what pulling them did."""

from __future__ import annotations

from octavo.api.schemas.base import Wire


class ModelOut(Wire):
    """A model of a profile."""

    profile: str
    role: str
    backend: str
    model: str
    revision: str
    licence: str
    size_mb: int
    purpose: str
    measured: bool
    here: bool


class ModelsOut(Wire):
    """Models by profile and role."""

    models: list[ModelOut]


class PulledModel(Wire):
    """A model on this machine: what it is, from which commit."""

    model: str
    revision: str
    commit: str
    files: int
    bytes: int


class PulledOut(Wire):
    """Models that were fetched, bundled or unpacked."""

    models: list[PulledModel]

"""MuPDF without its layout model, until that is asked for."""

from __future__ import annotations

import sys


def import_mupdf() -> None:
    """Imports PyMuPDF alone. By itself it imports its layout package, too, which loads the model
    at once: 48 MB, and 0.7 s of processor time, for what few pages need (see `layout_model`).
    Nothing where it is imported already."""
    name = "pymupdf.layout"
    if "pymupdf" in sys.modules:
        return
    sys.modules[name] = None  # type: ignore[assignment]  # how Python is told that there is none
    try:
        import pymupdf  # noqa: F401
    finally:
        sys.modules.pop(name, None)

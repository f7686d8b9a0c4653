"""Settings to the limits of reading."""

from __future__ import annotations

from octavo.api.settings import Settings
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.worker.reader import ReadLimits


def limits_of(settings: Settings) -> ReadLimits:
    """What the processes that read documents may take."""
    return ReadLimits(
        memory=settings.page_memory_mb << 20,
        seconds=settings.page_seconds,
        document_seconds=settings.document_seconds,
        pages=settings.max_pages,
        process_documents=settings.process_documents,
        process_pages=settings.process_pages,
        process_growth=settings.process_growth_mb << 20,
        bounds=bounds_of(settings),
    )


def bounds_of(settings: Settings) -> FileLimits:
    """What one file may unpack, nest or decode to."""
    return FileLimits(
        unpacked=settings.max_unpacked_mb << 20,
        members=settings.max_members,
        nesting=settings.max_nesting,
        pixels=settings.max_megapixels * 1_000_000,
    )

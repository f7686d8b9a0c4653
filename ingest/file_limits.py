"""How much of a file is read: what a hostile or huge file may unpack, nest or decode to."""

from __future__ import annotations

from dataclasses import dataclass

from octavo.ingest.document import DocumentError


@dataclass(frozen=True, slots=True)
class FileLimits:
    """Limits on one file, whichever format it has. Each is a setting; its message says which.

    `unpacked` bytes of a ZIP container (DOCX, PPTX, XLSX, EPUB), counted as they come out, not as
    the container declares them; `members` files in it; `nesting` elements inside each other;
    `pixels` of one picture.
    """

    unpacked: int = 512 << 20
    members: int = 20_000
    nesting: int = 100
    pixels: int = 150_000_000

    def named(self) -> dict[str, str]:
        """By the names that users set them by."""
        return {
            "max_unpacked_mb": str(self.unpacked >> 20),
            "max_members": str(self.members),
            "max_nesting": str(self.nesting),
            "max_megapixels": str(self.pixels // 1_000_000),
        }

    def check_members(self, count: int) -> None:
        """Raises DocumentError for a container with more files than are read."""
        if count > self.members:
            raise DocumentError(
                f"holds {count} files; at most {self.members} are read (OCTAVO_MAX_MEMBERS)"
            )

    def check_unpacked(self, size: int) -> None:
        """Raises DocumentError where a container has come to more bytes than are read."""
        if size > self.unpacked:
            raise DocumentError(
                f"unpacks to over {self.unpacked >> 20} MB, which is the most that is read "
                "(OCTAVO_MAX_UNPACKED_MB)"
            )

    def check_nesting(self, depth: int) -> None:
        """Raises DocumentError for elements nested deeper than is read."""
        if depth > self.nesting:
            raise DocumentError(
                f"has elements nested over {self.nesting} deep, which is the most that is read "
                "(OCTAVO_MAX_NESTING)"
            )

    def check_pixels(self, width: int, height: int) -> None:
        """Raises DocumentError for a picture larger than is decoded."""
        if width * height > self.pixels:
            raise DocumentError(
                f"has a picture of {width} x {height} pixels; at most "
                f"{self.pixels // 1_000_000} million are read (OCTAVO_MAX_MEGAPIXELS)"
            )


#: What is read where nobody says otherwise.
BOUNDS = FileLimits()

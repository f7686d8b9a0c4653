"""Which kind of picture bytes are, by how they begin."""

from __future__ import annotations

_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
)
#: Brands of files in boxes; videos have others.
_AVIF = frozenset({b"avif", b"avis"})
_HEIC = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_BMP_HEADERS = tuple(n.to_bytes(4, "little") for n in (12, 40, 52, 56, 64, 108, 124))


def image_type(data: bytes) -> str:
    """`png`, `jpeg`, `gif`, `tiff`, `bmp`, `webp`, `heic` or `avif` by signature; empty for
    anything else."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return _heif_type(data)
    if data[:2] == b"BM" and data[6:10] == bytes(4) and data[14:18] in _BMP_HEADERS:
        return "bmp"  # "BM" alone begins many a text
    return ""


def _heif_type(data: bytes) -> str:
    """The major brand decides, then those that the file is compatible with."""
    size = min(int.from_bytes(data[:4], "big"), 256)
    brands = [data[8:12], *(data[n : n + 4] for n in range(16, size, 4))]
    if _AVIF & set(brands):
        return "avif"
    return "heic" if brands[0] in _HEIC else ""

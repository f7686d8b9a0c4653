"""EPUB: the chapters of its spine, with their headings, tables and pictures."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from urllib.parse import unquote, urldefrag
from xml.etree.ElementTree import Element

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.bounded_xml import parse
from octavo.ingest.formats.converted import Converted
from octavo.ingest.formats.encoding import decode
from octavo.ingest.formats.epub_builder import EpubBuilder, Pictures
from octavo.ingest.formats.html import html_blocks
from octavo.ingest.formats.html_tree import read_html
from octavo.ingest.formats.zip_container import Container

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_FIELDS = {"title": "title", "creator": "author", "subject": "subject", "date": "creationDate"}
#: Ways to disguise fonts, which do not matter for reading.
_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def make_epub(data: bytes, bounds: FileLimits) -> Converted:
    """Each chapter on a new page.

    Raises DocumentError for a damaged or copy-protected book.
    """
    container = Container(data, bounds)
    _check_protection(container)
    package = _package_path(container)
    root = parse(container.chunks(package), bounds)
    pictures = Pictures(bounds)
    chapters = (_chapter(container, name, pictures) for name in _spine(root, package, container))
    return EpubBuilder(chapters, pictures, _metadata(root)).make()


def _check_protection(container: Container) -> None:
    if _ENCRYPTION not in container:
        return
    root = parse(container.chunks(_ENCRYPTION), container.bounds)
    methods = {e.get("Algorithm", "") for e in root.iter("EncryptionMethod")}
    if methods - set(_OBFUSCATION):
        raise DocumentError("is a copy-protected EPUB (DRM), which cannot be read")


def _package_path(container: Container) -> str:
    root = parse(container.chunks(_CONTAINER), container.bounds)
    path = next((e.get("full-path") for e in root.iter("rootfile") if e.get("full-path")), None)
    if not path:
        raise DocumentError("is an EPUB that does not say where its contents are")
    return unquote(path) if path not in container else path


def _spine(root: Element, package: str, container: Container) -> Iterator[str]:
    """Chapters in reading order; those that are missing from the file are left out."""
    folder = posixpath.dirname(package)
    items = {e.get("id"): e.get("href", "") for e in root.iter("item")}
    for reference in root.iter("itemref"):
        name = _resolved(folder, items.get(reference.get("idref"), ""), container)
        if name:
            yield name


def _resolved(folder: str, href: str, container: Container) -> str:
    path = urldefrag(href)[0]
    for candidate in (path, unquote(path)):
        name = posixpath.normpath(posixpath.join(folder, candidate))
        if candidate and name in container:
            return name
    return ""


def _chapter(container: Container, name: str, pictures: Pictures) -> Iterator[str]:
    folder = posixpath.dirname(name)

    def fetch(address: str) -> bytes | None:
        part = _resolved(folder, address, container)
        return container.picture(part) if part else None

    data = container.read(name)
    text = decode(data)
    if name.lower().endswith(".svg"):
        yield pictures.drawing(data)
    elif text:
        yield from html_blocks(read_html(text, container.bounds), pictures, fetch)


def _metadata(root: Element) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for element in root.iter():
        key = _FIELDS.get(element.tag)
        if key and key not in metadata and element.text:
            metadata[key] = " ".join(element.text.split())
    return metadata

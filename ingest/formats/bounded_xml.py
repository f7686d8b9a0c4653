"""XML within bounds: no entities, no nesting without end, names without their namespace.

Office files come with two sets of namespaces (ECMA and ISO strict) for the same names, so only
the local name counts. A relationship's id keeps its prefix: `r:id` stands beside a plain `id`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from octavo.ingest.document import DocumentError
from octavo.ingest.file_limits import FileLimits

_SPLIT = "}"
_RELATIONSHIP = "relationships"

Start = Callable[[str, dict[str, str]], object]
End = Callable[[str], object]
Text = Callable[[str], object]


def walk(pieces: Iterable[bytes], bounds: FileLimits, start: Start, end: End, text: Text) -> None:
    """Calls back for every element and text of an XML stream.

    Raises DocumentError where it is not well-formed, declares entities or nests too deep.
    """
    for _ in walking(pieces, bounds, start, end, text):
        pass


def walking(
    pieces: Iterable[bytes],
    bounds: FileLimits,
    start: Start,
    end: End,
    text: Text,
    entities: bool = False,
) -> Iterator[None]:
    """As `walk`, and yields after each piece, so that a caller can hand on what it has.

    `entities`: they may be declared, as drawing programs do; expat bounds what they expand to.
    """
    depth = 0

    def started(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        bounds.check_nesting(depth)
        start(_local(tag), {_key(k): v for k, v in attributes.items()})

    def ended(tag: str) -> None:
        nonlocal depth
        depth -= 1
        end(_local(tag))

    parser = expat.ParserCreate(namespace_separator=_SPLIT)
    parser.buffer_text = True
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = text
    if not entities:
        parser.EntityDeclHandler = _forbid
    try:
        for piece in pieces:
            parser.Parse(piece, False)
            yield
        parser.Parse(b"", True)
        yield
    # An encoding that Python does not know, or knows and expat cannot use, is no ExpatError.
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise DocumentError(f"has XML that is not well-formed: {error}") from None


def parse(pieces: Iterable[bytes], bounds: FileLimits, entities: bool = False) -> Element:
    """The root of an XML document. Raises as `walk`."""
    tree = TreeBuilder()
    for _ in walking(pieces, bounds, tree.start, tree.end, tree.data, entities):
        pass
    return tree.close()


def _forbid(*_: object) -> None:
    raise DocumentError("declares XML entities, which are not read")


def _local(tag: str) -> str:
    return tag.rpartition(_SPLIT)[2]


def _key(name: str) -> str:
    space, _, local = name.rpartition(_SPLIT)
    return f"r:{local}" if space.endswith(_RELATIONSHIP) else local

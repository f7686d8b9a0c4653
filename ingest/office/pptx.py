"""PPTX: a page a slide, notes and comments under it.

A slide's number, its date and its footer are left out, and so is all that layouts and masters
draw; hidden slides are read, so that the page number is the slide number.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from octavo.ingest.document import Box
from octavo.ingest.file_limits import FileLimits
from octavo.ingest.formats.converted import Converted, Paper
from octavo.ingest.formats.epub_builder import caption, escape
from octavo.ingest.office.chart_data import chart_html, read_chart
from octavo.ingest.office.drawing_text import drawn_text
from octavo.ingest.office.office_package import (
    EMU,
    Package,
    attribute_of,
    find_child,
    to_int,
)
from octavo.ingest.office.pptx_text import slide_table_html, text_html
from octavo.ingest.office.pptx_transforms import (
    SlideTransform,
    group_transform,
    placeholder_kind,
    transform_of,
)
from octavo.ingest.office.slide_pdf import (
    TABLE,
    TEXT,
    TITLE,
    Slide,
    SlidePicture,
    SlideShape,
    SlideText,
    draw_slides,
)

_TITLES = frozenset({"title", "ctrTitle"})
_LEFT_OUT = frozenset({"sldNum", "dt", "ftr", "hdr", "sldImg"})
_INSET = 7.2  # points between a frame and its text
_MOST_POINTS = 4000.0  # of a slide's side


def make_pptx(data: bytes, bounds: FileLimits) -> Converted:
    """Raises DocumentError for a damaged file or one without slides."""
    package = Package(data, bounds)
    main = package.main_part()
    root = package.root(main)
    size = find_child(root, "sldSz")
    width = to_int(size.get("cx") if size is not None else "", 9_144_000) / EMU
    height = to_int(size.get("cy") if size is not None else "", 6_858_000) / EMU
    targets = package.targets(main)
    parts = [targets[i].part for e in root.iter("sldId") if (i := e.get("r:id", "")) in targets]
    page = Box(0.0, 0.0, min(max(width, 72.0), _MOST_POINTS), min(max(height, 72.0), _MOST_POINTS))
    slides = (_SlideReader(package, part, page).slide() for part in parts)
    data = draw_slides(slides, page.width, page.height, bounds)
    return Converted(data, "pdf", metadata=package.metadata())


class _SlideReader:
    """One slide, with the layout and master that its placeholders take their places from."""

    def __init__(self, package: Package, part: str, page: Box) -> None:
        self._package = package
        self._part = part
        self._page = page
        self._targets = package.targets(part)
        self._slide = Slide()
        self._layouts = list(self._inherited())

    def _inherited(self) -> Iterator[Element]:
        part = self._part
        for kind in ("slideLayout", "slideMaster"):
            parts = self._package.related(part, kind)
            if not parts:
                return
            part = parts[0]
            yield self._package.root(part)

    def slide(self) -> Slide:
        if self._part not in self._package.container:
            self._slide.below.append(f"<p>{escape('[this slide is missing from the file]')}</p>")
            return self._slide
        tree = find_child(self._package.root(self._part), "cSld", "spTree")
        if tree is not None:
            self._shapes(tree, SlideTransform())
        titles = [w for w in self._slide.texts if w.size == TITLE]
        self._slide.texts.sort(key=lambda w: w not in titles)  # the title is read first
        self._notes()
        self._comments()
        return self._slide

    def _shapes(self, tree: Element, frame: SlideTransform) -> None:
        for shape in tree:
            if shape.tag == "sp":
                self._text_shape(shape, frame)
            elif shape.tag == "pic":
                self._picture(shape, frame)
            elif shape.tag == "graphicFrame":
                self._graphic_frame(shape, frame)
            elif shape.tag == "cxnSp":
                box, flipped = self._box(shape, frame)
                self._slide.shapes.append(SlideShape(box, "line", falling=not flipped))
            elif shape.tag == "grpSp":
                self._shapes(shape, group_transform(shape, frame))
            elif shape.tag == "AlternateContent":
                choice = shape.find("Choice")
                usable = choice is not None and any(e.tag in ("sp", "graphicFrame") for e in choice)
                other = choice if usable else shape.find("Fallback")
                if other is not None:
                    self._shapes(other, frame)

    def _box(self, shape: Element, frame: SlideTransform) -> tuple[Box, bool]:
        """Where a shape lies, by itself or by its placeholder; and whether it is flipped."""
        transform = transform_of(shape)
        placeholder = find_child(shape, "nvSpPr", "nvPr", "ph")
        if placeholder is None:
            placeholder = next(shape.iter("ph"), None)
        if transform is None and placeholder is not None:
            transform = self._placeholder_transform(placeholder)
        if transform is None:
            return self._page.grow(-_INSET), False
        offset, extent = transform.find("off"), transform.find("ext")
        if offset is None or extent is None:
            return self._page.grow(-_INSET), False
        box = frame.box(
            to_int(offset.get("x")), to_int(offset.get("y")),
            to_int(extent.get("cx")), to_int(extent.get("cy")),
        )  # fmt: skip
        flipped = (transform.get("flipV") in ("1", "true")) != (
            transform.get("flipH") in ("1", "true")
        )
        return box, flipped

    def _placeholder_transform(self, placeholder: Element) -> Element | None:
        """The frame that the layout, or else the master, gives a placeholder."""
        kind, index = placeholder.get("type", "obj"), placeholder.get("idx", "0")
        for base in self._layouts:
            for shape in base.iter("sp"):
                other = next(shape.iter("ph"), None)
                if other is None or transform_of(shape) is None:
                    continue
                same_index = other.get("idx", "0") == index if index != "0" else False
                same_kind = placeholder_kind(other.get("type", "obj")) == placeholder_kind(kind)
                if same_index or same_kind:
                    return transform_of(shape)
        return None

    def _text_shape(self, shape: Element, frame: SlideTransform) -> None:
        placeholder = next(shape.iter("ph"), None)
        kind = placeholder.get("type", "obj") if placeholder is not None else ""
        if kind in _LEFT_OUT:
            return
        box, _ = self._box(shape, frame)
        body = find_child(shape, "txBody")
        html = text_html(body, bulleted=kind in ("body", "obj")) if body is not None else ""
        if placeholder is None and not _is_text_box(shape):
            geometry = attribute_of(shape, "spPr", "prstGeom", name="prst")
            if geometry != "line":
                rounded = geometry in ("ellipse", "flowChartConnector")
                self._slide.shapes.append(SlideShape(box, "ellipse" if rounded else "rectangle"))
            else:
                self._slide.shapes.append(SlideShape(box, "line"))
        if not html:
            return
        if kind in _TITLES:
            bold = html.replace("<p>", "<p><b>").replace("</p>", "</b></p>")
            self._slide.texts.append(SlideText(box.grow(-3.0), bold, TITLE))
        else:
            self._slide.texts.append(SlideText(_inset(box), html, TEXT))

    def _picture(self, shape: Element, frame: SlideTransform) -> None:
        box, _ = self._box(shape, frame)
        alt = next((e.get("descr", "") for e in shape.iter("cNvPr")), "")
        for blip in shape.iter("blip"):
            target = self._targets.get(blip.get("r:embed", ""))
            data = self._package.picture(target.part) if target else None
            if data and box.area > 0:
                self._slide.pictures.append(SlidePicture(box, data, caption(alt)))
                return

    def _graphic_frame(self, shape: Element, frame: SlideTransform) -> None:
        """A table, a chart, a diagram, or an embedded object with its picture."""
        box, _ = self._box(shape, frame)
        alt = next((e.get("descr", "") for e in shape.iter("cNvPr")), "").strip()
        for table in shape.iter("tbl"):
            wide = Box(box.x0, box.y0, box.x1 + 2 * _INSET, box.y1)  # its right rule, too
            html = slide_table_html(table, frame, TABLE * self._page.height / 540)
            self._slide.texts.append(SlideText(wide, html, TABLE))
            return
        for item in shape.iter():
            target = self._targets.get(item.get("r:id", item.get("r:dm", "")))
            if target is None or target.part not in self._package.container:
                continue
            if item.tag == "chart":
                chart = read_chart(self._package, target.part)
                paper = Paper(box.width + 96.0, self._page.height, TABLE * self._page.height / 540)
                html = "".join(chart_html(chart, alt, paper))
                self._slide.texts.append(SlideText(box, html, TABLE))
            elif item.tag == "relIds":
                lines = drawn_text(self._package.root(target.part))
                html = "".join(f"<p>{escape(line)}</p>" for line in lines)
                self._slide.texts.append(SlideText(box, html, TEXT))
        for picture in shape.iter("pic"):
            self._picture(picture, frame)

    def _notes(self) -> None:
        for part in self._package.related(self._part, "notesSlide"):
            for shape in self._package.root(part).iter("sp"):
                placeholder = next(shape.iter("ph"), None)
                body = find_child(shape, "txBody")
                if placeholder is None or placeholder.get("type") != "body" or body is None:
                    continue
                text = text_html(body, bulleted=False)
                if text:
                    self._slide.below.append(text.replace("<p>", "<p>Notes: ", 1))

    def _comments(self) -> None:
        for part in self._package.related(self._part, "comments"):
            for comment in self._package.root(part).iter("cm"):
                words = " ".join(t.text or "" for t in comment.iter() if t.tag in ("text", "t"))
                if words.strip():
                    self._slide.below.append(f"<p>Comment: {escape(words.strip())}</p>")


def _is_text_box(shape: Element) -> bool:
    """A frame of text without an outline to be seen."""
    return attribute_of(shape, "nvSpPr", "cNvSpPr", name="txBox") in ("1", "true")


def _inset(box: Box) -> Box:
    inner = box.grow(-_INSET)
    return inner if inner.width > 20 and inner.height > 12 else box

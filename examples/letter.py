"""The supplier's letter: typed, printed, and scanned a little crooked."""

from __future__ import annotations

import io
import math

import numpy as np
import pymupdf
from drawing import A4, BOLD, Canvas, Color
from PIL import Image, ImageFilter

BLACK: Color = (0.08, 0.08, 0.08)
DPI = 170
TILT_DEGREES = 1.2

BODY = """\
Lindmoor Water Cooperative
Station 4, Quarry Lane
Lindmoor

                                          18 June 2024
Our reference: BW-2291

Extension of warranty, pump sets HX-24-0316 and HX-24-0317

Dear Sir or Madam,

Thank you for the start-up record of 11 June. We have
looked through the readings and found them in order.

As agreed on the telephone, we extend the warranty of both
pump sets from 24 to 42 months. It now ends on
30 November 2027. The extension covers casing, shaft,
impeller and bearings. It does not cover the mechanical
seal, the coupling spider and damage by dry running.

The extension is subject to two conditions:

  1. The oil is changed for the first time after
     300 running hours, not after 2000.
  2. You send us the vibration readings every six months.

We also confirm the price of a spare rotor, complete with
bearings: EUR 3,480, valid until 31 December 2024.
Delivery time is nine weeks.

For questions please call the service desk, extension 417.

Yours faithfully,



Service department
Brackwater Hydraulics
"""


def _typed_page() -> pymupdf.Document:
    """The letter as it left the printer."""
    document = pymupdf.open()
    canvas = Canvas.new(document, A4)
    canvas.circle((92, 78), 20, BLACK, None, 2.2)
    for radius in (6.0, 12.0):
        canvas.circle((92, 78), radius, BLACK, None, 1.2)
    canvas.text((126, 76), "BRACKWATER HYDRAULICS", 19, BOLD, BLACK)
    canvas.text((126, 94), "Pumps and service  -  14 Mill Race  -  Brackwater", 10, color=BLACK)
    canvas.line((70, 112), (525, 112), BLACK, 1.4)
    for number, line in enumerate(BODY.split("\n")):
        font = "cobo" if line.startswith("Extension of") else "cour"
        canvas.text((78, 150 + 14.6 * number), line, 11.2, font, BLACK)
    scrawl = [
        (80 + t * 1.7 + 8 * math.sin(t / 3.3), 645 + 10 * math.sin(t / 2.1) * math.exp(-t / 50))
        for t in range(64)
    ]
    canvas.path(scrawl, BLACK, None, 1.3)
    canvas.commit()
    return document


def _scan(document: pymupdf.Document) -> bytes:
    """The page as a scanner sees it, as JPEG data."""
    pixmap = document[0].get_pixmap(dpi=DPI, colorspace=pymupdf.csGRAY)
    clean = Image.frombytes("L", (pixmap.width, pixmap.height), pixmap.samples)
    crooked = clean.rotate(TILT_DEGREES, Image.Resampling.BICUBIC, fillcolor=250)
    soft = np.asarray(crooked.filter(ImageFilter.GaussianBlur(0.7)), np.float32)
    height, width = soft.shape
    # The lid never closes evenly: paper is a little darker towards one edge.
    shade = np.linspace(0, 9, width, dtype=np.float32)[None, :]
    noise = np.random.default_rng(417).normal(0, 4.0, (height, width))
    paper = np.clip(soft * 0.93 + 12 - shade + noise, 0, 255).astype(np.uint8)
    data = io.BytesIO()
    Image.fromarray(paper).save(data, "JPEG", quality=55, optimize=True, dpi=(DPI, DPI))
    return data.getvalue()


def build_letter() -> pymupdf.Document:
    """One page that is nothing but the scan."""
    picture = _scan(_typed_page())
    document = pymupdf.open()
    page = document.new_page(width=A4[0], height=A4[1])
    page.insert_image(page.rect, stream=picture)
    return document

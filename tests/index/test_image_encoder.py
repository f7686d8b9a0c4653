"""What pictures without words are found by: kinds of figure, and what stays of their looks."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw

from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.image_encoder import BuiltinJoint, ImageEncoder, ImageWords
from octavo.index.encoders.minilm import MiniLm

Draw = ImageDraw.ImageDraw


def pie(draw: Draw) -> None:
    for start, end, fill in ((0, 150, "#4477aa"), (150, 240, "#ee6677"), (240, 360, "#228833")):
        draw.pieslice((100, 40, 300, 240), start, end, fill=fill)


def bars(draw: Draw) -> None:
    draw.line([(40, 20), (40, 260), (380, 260)], fill="black", width=2)
    for i, tall in enumerate((90, 200, 140, 60, 170)):
        draw.rectangle((60 + 62 * i, 260 - tall, 100 + 62 * i, 260), fill="#4477aa")


def lines(draw: Draw) -> None:
    draw.line([(40, 20), (40, 260), (380, 260)], fill="black", width=2)
    for ys, fill in (((200, 180, 190, 120, 80), "#4477aa"), ((90, 120, 100, 150, 220), "#ee6677")):
        draw.line([(50 + 80 * i, y) for i, y in enumerate(ys)], fill=fill, width=3)


FIGURES: dict[str, Callable[[Draw], None]] = {
    "a pie chart": pie,
    "a bar chart": bars,
    "a line chart": lines,
}


def figure(draw: Callable[[Draw], None]) -> bytes:
    image, out = Image.new("RGB", (400, 280), "white"), io.BytesIO()
    draw(ImageDraw.Draw(image))
    image.save(out, "PNG")
    return out.getvalue()


def test_a_figure_is_nearest_to_the_words_for_its_kind(encoders: Encoders) -> None:
    said = encoders.joint.joint_queries(list(FIGURES))
    drawn = encoders.joint.joint_images([figure(draw) for draw in FIGURES.values()])
    assert (said @ drawn.T).argmax(axis=0).tolist() == [0, 1, 2]


def test_a_picture_is_mostly_looks(encoders: Encoders) -> None:
    (vector,) = encoders.joint.joint_images([figure(pie)])
    assert np.linalg.norm(vector[:384]) == pytest.approx(0.2, abs=1e-5)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_what_is_no_figure_is_said_by_the_classes_of_imagenet() -> None:
    words = ImageWords()
    words._kinds = np.zeros_like(words._kinds)
    words._kinds[-1, -1] = 50.0  # surely no figure
    words._words = np.zeros_like(words._words)
    logits = np.zeros((1, 1000), np.float32)
    logits[0, 207] = 100.0  # surely a golden retriever
    (said,) = words.embed(np.zeros((1, 256), np.float32), logits)
    label = words._labels[207] / np.linalg.norm(words._labels[207])
    assert said == pytest.approx(label, abs=1e-5)
    queries = MiniLm().embed_texts(["a dog runs in the grass", "a bowl of soup", "a bar chart"])
    assert (queries @ said).argmax() == 0


def test_a_picture_has_the_same_vector_in_any_company(encoders: Encoders) -> None:
    pictures = [figure(draw) for draw in FIGURES.values()]
    together = encoders.joint.joint_images(pictures)
    alone = np.concatenate([encoders.joint.joint_images([picture]) for picture in pictures])
    assert (together == alone).all()


def test_what_it_was_made_of_is_in_its_name() -> None:
    """An index of other heads or another share is told to be made anew."""
    name = BuiltinJoint(MiniLm()).name
    assert "image-words.npz sha256:" in name
    assert "imagenet-label-vectors.npy sha256:" in name
    assert name.endswith("0.2 text")


def test_bytes_that_are_no_image_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        ImageEncoder(threads=1).encode(b"no image")

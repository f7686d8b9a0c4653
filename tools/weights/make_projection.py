"""Write image-words.npz: what the looks of a picture say in words, beyond the ImageNet classes.

Two linear heads on the 256 numbers of `image-pca.npz` ("looks"): one of 33 classes, 32 kinds of
figure and "no figure", fitted by logistic regression to figures of `make_figures.py` against icons
and photographs; and one of 384 numbers of MiniLM's space, fitted by ridge regression to icons with
their names and tags.

    python -m tools.weights.make_projection --packages FOLDER --check

FOLDER holds the packages, unpacked, by the names in `ICONS`. Needs matplotlib, resvg-py, scipy and
scikit-image besides Octavo; about six minutes of one CPU core. `--check` prints scores on a set of
icons that was not fitted, and on the figures of another generator (sample_images.py).
"""

from __future__ import annotations

import argparse
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import resvg_py
from PIL import Image
from scipy.optimize import minimize

from octavo.index.encoders.encoder import unit
from octavo.index.encoders.image_encoder import ImageEncoder, ImageWords
from octavo.index.encoders.minilm import MiniLm
from tools.weights.make_figures import KINDS, figures
from tools.weights.make_label_vectors import named_scenes
from tools.weights.sample_images import FAMILIES, FIT_PHOTOS, load_photos, random_crop

Array = npt.NDArray[Any]
HERE = Path(__file__).parents[2] / "index" / "weights"
Named = tuple[tuple[str, ...], Image.Image]  # captions, picture

FIGURES, PHOTO_CROPS, SEED = 60, 40, 1  # figures of a kind; crops of a photograph
SHARPNESS = 4.0  # looks are multiplied by it before the logistic regression
LOGISTIC, RIDGE = 1e-4, 0.3  # strength of the penalties; the ridge's in mean variances
WORDS = 0.5  # share of the second head beside the classes
FIGURE_QUERIES = {
    "bar_chart": "bar chart", "line_chart": "line chart", "pie_chart": "pie chart",
    "scatter_plot": "scatter plot", "heat_map": "heat map", "flow_diagram": "flow chart",
    "table": "table of numbers", "text_page": "page of text", "region_map": "map of regions",
    "screen_shot": "screenshot", "node_graph": "network graph", "landscape": "landscape",
    "branching_tree": "a tree",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pictures:
    """Looks (n, 256) and class scores (n, 1000) of pictures, with the captions of each."""

    looks: Array
    logits: Array
    captions: list[tuple[str, ...]]


def seen(named: Iterable[Named]) -> Pictures:
    """Features of pictures."""
    tower, looks, logits, captions = ImageEncoder(threads=1), [], [], []
    for said, image in named:
        out = io.BytesIO()
        image.save(out, "BMP")
        look, scores = tower.encode(out.getvalue())
        looks.append(look[0])
        logits.append(scores[0])
        captions.append(said)
    return Pictures(np.array(looks), np.array(logits), captions)


def rendered(svg: str) -> Image.Image:
    """An SVG drawing, 256 pixels wide and high at most, with transparency."""
    data = resvg_py.svg_to_bytes(svg_string=svg, width=256, height=256)
    return Image.open(io.BytesIO(bytes(data))).convert("RGBA")


def on_paper(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Without transparency: on white, or on some pale colour."""
    pale = tuple(int(c) for c in rng.integers(190, 256, 3))
    page = Image.new("RGBA", image.size, (*((255, 255, 255) if rng.random() < 0.7 else pale), 255))
    page.alpha_composite(image)
    return page.convert("RGB")


def emoji_names(packages: Path) -> dict[str, tuple[str, ...]]:
    """Code points to captions: the name, and the name with up to six tags. No symbols or flags."""
    found = {}
    rows = json.loads((packages / "emojibase-data/package/en/data.json").read_text("utf-8"))
    for row in rows:
        if row.get("group") in (8, 9):
            continue
        tags = [t for t in row.get("tags", ()) if t.lower() not in row["label"].lower()][:6]
        said = (row["label"], ", ".join([row["label"], *tags]))
        found[row["hexcode"].lower().replace("-fe0f", "")] = said if tags else said[:1]
    return found


def fluent_3d(packages: Path) -> Iterator[Named]:
    """Fluent emoji, rendered in three dimensions."""
    names = emoji_names(packages)
    for file in sorted((packages / "fluent-emoji-3d/package/assets").glob("*.webp")):
        code = file.stem.replace("-fe0f", "")
        if code in names:
            yield names[code], Image.open(file).convert("RGBA")


def iconify(folder: Path) -> Iterator[tuple[str, Image.Image]]:
    """Name and picture of each icon of a set in Iconify's form."""
    icons = json.loads((folder / "icons.json").read_text("utf-8"))
    for name, icon in sorted(icons["icons"].items()):
        if not icon.get("hidden"):
            size = (icon.get(side, icons.get(side, 16)) for side in ("width", "height"))
            box = "{} {} {} {}".format(icon.get("left", 0), icon.get("top", 0), *size)
            start = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="'
            xlink = '" xmlns:xlink="http://www.w3.org/1999/xlink">'
            yield name, rendered(start + box + xlink + icon["body"] + "</svg>")


def emoji_set(packages: Path, folder: str) -> Iterator[Named]:
    """A set of emoji: those that have a code point with a name."""
    names, codes = emoji_names(packages), {}
    for code, name in json.loads((packages / folder / "package/chars.json").read_text()).items():
        codes.setdefault(name, code.replace("-fe0f", ""))
    for name, image in iconify(packages / folder / "package"):
        if codes.get(name) in names:
            yield names[codes[name]], image


def clip_art(packages: Path) -> Iterator[Named]:
    """Open Clip Art with its titles and keywords; no flags, cards, logos and theme icons."""
    root = packages / "openclipart-svg/usr/share/openclipart/svg"
    left_out = ("duplicates", "special/", "cards", "flags", "icons", "logos")
    for file in sorted(root.rglob("*.svg")):
        place = file.relative_to(root).as_posix()
        if any(part in place for part in left_out) or file.stat().st_size > 400_000:
            continue
        text = file.read_text("utf-8", "replace")
        title = re.search(r"<dc:title[^>]*>([^<]{3,80})<", text)
        if not title:
            continue
        name = re.sub(r"[_\W\d]+", " ", title[1]).strip().lower()
        keys = re.findall(r"<rdf:li>([^<]{2,40})</rdf:li>", text)
        keys = [k.strip().lower() for k in dict.fromkeys(keys) if "clip" not in k.lower()]
        try:
            yield (name, ", ".join(keys[:6])) if keys else (name,), rendered(text)
        except ValueError:
            continue  # a few drawings are no valid SVG


def photographs() -> Iterator[Named]:
    """Crops of scikit-image's free photographs, without names."""
    rng = np.random.default_rng(SEED)
    for photo in load_photos([name for name in FIT_PHOTOS if name != "text.png"]):
        for _ in range(PHOTO_CROPS):
            yield (), random_crop(photo, rng)


def icons(packages: Path) -> Iterator[Named]:
    """All that is fitted, on paper."""
    rng = np.random.default_rng(SEED)
    for source in (
        fluent_3d(packages),
        emoji_set(packages, "noto"),
        emoji_set(packages, "fluent-emoji-flat"),
        clip_art(packages),
    ):
        for captions, image in source:
            yield captions, on_paper(image, rng)


def caption_means(pictures: Pictures, text: MiniLm) -> Array:
    """For each picture the unit mean of its captions' vectors."""
    flat = [caption for captions in pictures.captions for caption in captions]
    vectors, start, means = text.embed_texts(flat), 0, []
    for captions in pictures.captions:
        means.append(vectors[start : start + len(captions)].mean(0))
        start += len(captions)
    return unit(np.array(means))


def fit_kinds(figure: Array, kinds: Array, others: Array) -> Array:
    """(257, 33) of a multinomial logistic regression, the last row constants; both sides weigh
    the same. The last class is "no figure"."""
    rows = np.concatenate([figure, others]).astype(np.float64) * SHARPNESS
    labels = np.concatenate([kinds, np.full(len(others), len(KINDS))])
    share = [np.full(len(part), 0.5 / len(part)) for part in (figure, others)]
    weights, wanted = np.concatenate(share), np.eye(len(KINDS) + 1)[labels]

    def loss(flat: Array) -> tuple[float, Array]:
        head = flat.reshape(-1, wanted.shape[1])
        chances = softmax(rows @ head[:-1] + head[-1])
        right = chances[np.arange(len(labels)), labels]
        error = (chances - wanted) * weights[:, None]
        slope = np.vstack([rows.T @ error + 2 * LOGISTIC * head[:-1], error.sum(0)])
        cost = -(weights * np.log(np.maximum(right, 1e-30))).sum()
        return cost + LOGISTIC * (head[:-1] ** 2).sum(), slope.ravel()

    start = np.zeros((rows.shape[1] + 1) * wanted.shape[1])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 150})
    head: Array = found.x.reshape(-1, wanted.shape[1])
    head[:-1] *= SHARPNESS
    return head


def softmax(scores: Array) -> Array:
    """Rows to chances."""
    powers = np.exp(scores - scores.max(1, keepdims=True))
    result: Array = powers / powers.sum(1, keepdims=True)
    return result


def fit_words(looks: Array, said: Array) -> Array:
    """(257, 384) of a ridge regression of centred captions on looks, the last row constants."""
    middle = looks.mean(0)
    rows, wanted = looks - middle, said - said.mean(0)
    spread = rows.T @ rows / len(rows)
    penalty = RIDGE * np.trace(spread) / len(spread) * np.eye(len(spread))
    head = np.linalg.solve(spread + penalty, rows.T @ wanted / len(rows))
    return WORDS * np.vstack([head, -middle @ head])


def kind_vectors(text: MiniLm) -> Array:
    """A unit vector for every kind of figure, less the mean of ImageNet's classes as theirs are."""
    names = (HERE / "imagenet-labels.txt").read_text("utf-8").splitlines()
    common = named_scenes(names, lambda said: text.embed_texts([said])[0]).mean(0)
    captions = [text.embed_texts(list(said)).mean(0) for said in KINDS.values()]
    return unit(unit(np.array(captions)) - common)


def write(packages: Path, out: Path) -> None:
    """Fit both heads and save them as float16."""
    text, names, kinds = MiniLm(threads=1), [kind.__name__ for kind in KINDS], []

    def drawn() -> Iterator[Named]:
        for figure in figures(FIGURES, SEED):
            kinds.append(names.index(figure.kind))
            yield figure.captions, Image.open(io.BytesIO(figure.png)).convert("RGB")

    shown, pictures, photos = seen(drawn()), seen(icons(packages)), seen(photographs())
    others = np.concatenate([pictures.looks, photos.looks])
    heads = {
        "kinds": fit_kinds(shown.looks, np.array(kinds), others),
        "kind_vectors": kind_vectors(text),
        "words": fit_words(pictures.looks, caption_means(pictures, text)),
    }
    np.savez(out, **{name: array.astype(np.float16) for name, array in heads.items()})
    print(f"{len(kinds)} figures, {len(pictures.looks)} icons, {len(photos.looks)} photo crops")


def check(packages: Path) -> None:
    """Recall@10 on a set of icons that was not fitted; average precision on drawn families."""
    text, words, rng = MiniLm(threads=1), ImageWords(), np.random.default_rng(SEED)
    folder = packages / "flat-color-icons/package"
    held = seen(((n.replace("-", " "),), on_paper(i, rng)) for n, i in iconify(folder))
    names = text.embed_texts([captions[0] for captions in held.captions])
    scores = names @ words.embed(held.looks, held.logits).T
    ranks = (scores > np.diag(scores)[:, None]).sum(1)
    print(f"flat-color-icons, {len(ranks)}: name to icon Recall@10 {(ranks < 10).mean():.3f}")
    families = seen(((n,), FAMILIES[n](rng)) for _ in range(40) for n in FAMILIES)
    kinds = np.array([captions[0] for captions in families.captions])
    vectors, found = words.embed(families.looks, families.logits), []
    for family, query in FIGURE_QUERIES.items():
        hits = (kinds == family)[np.argsort(-(vectors @ text.embed_texts([query])[0]))]
        found.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    print(f"kinds of another generator: mean average precision {np.mean(found):.3f}")


def main() -> None:
    """Write the heads; print the checks if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="folder of unpacked packages")
    parser.add_argument("--check", action="store_true", help="only print scores of what ships")
    options = parser.parse_args()
    if options.check:
        check(options.packages)
    else:
        write(options.packages, HERE / "image-words.npz")


if __name__ == "__main__":
    main()

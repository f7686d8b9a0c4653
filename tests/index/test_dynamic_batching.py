"""Batching and caching of questions: results, order, bounds, errors; with the real encoder."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from octavo.index.chunk_vectors import Encoders
from octavo.index.encoders.dynamic_batching import Cache, DynamicBatcher, ServedJoint, ServedText
from octavo.index.encoders.encoder import Matrix, ModelLimits
from tests.conftest import picture


def test_a_lone_call_does_not_wait_and_a_crowd_shares_passes() -> None:
    sizes: list[int] = []
    going = threading.Event()

    def call(items: list[int]) -> list[int]:
        sizes.append(len(items))
        going.wait(5)
        return [i * i for i in items]

    batcher: DynamicBatcher[int, int] = DynamicBatcher(call, max_batch=8)
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(batcher, 0)
        while not sizes:
            time.sleep(0.001)
        others = [pool.submit(batcher, i) for i in range(1, 21)]
        time.sleep(0.2)  # all wait behind the first pass
        going.set()
        assert [first.result(5), *(f.result(5) for f in others)] == [i * i for i in range(21)]
    assert sizes == [1, 8, 8, 4]


def test_an_error_reaches_every_caller_of_its_batch_and_no_other() -> None:
    def call(items: list[int]) -> list[int]:
        if -1 in items:
            raise ValueError("minus one")
        return items

    batcher: DynamicBatcher[int, int] = DynamicBatcher(call, max_batch=4)
    with pytest.raises(ValueError, match="minus one"):
        batcher(-1)
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(batcher, range(50))) == list(range(50))


def test_a_cache_is_bounded_and_counts() -> None:
    cache, made = Cache(2), []

    def make(items: list[str]) -> list[str]:
        made.extend(items)
        return [i.upper() for i in items]

    assert cache.get_or_compute("m", ["a", "b", "a"], make) == ["A", "B", "A"]
    assert made == ["a", "b"]
    assert cache.get_or_compute("m", ["b"], make) == ["B"]
    assert cache.get_or_compute("other", ["b"], make) == ["B"]  # another model or side
    assert cache.get_or_compute("m", ["c", "d", "a"], make) == ["C", "D", "A"]
    assert made == ["a", "b", "b", "c", "d", "a"]
    state = cache.state()
    assert (state.entries, state.limit, state.hits) == (2, 2, 1)
    assert state.hits + state.misses == 8
    none = Cache(0)
    assert none.get_or_compute("m", ["a"], make) == none.get_or_compute("m", ["a"], make) == ["A"]
    assert none.state().entries == none.state().hits == 0


class Counting:
    """A float text encoder that says how its texts came."""

    name, dim, limits = "counting", 2, ModelLimits(tokens=8)

    def __init__(self) -> None:
        self.calls: list[int] = []

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        self.calls.append(len(texts))
        time.sleep(0.01)
        return np.array([[len(t), 1.0] for t in texts], np.float32)

    embed_queries = embed_texts


def test_concurrent_questions_share_passes_and_repeated_ones_cost_none() -> None:
    inner, cache = Counting(), Cache(100)
    served = ServedText(inner, cache, 64)
    texts = ["x" * (n % 40) for n in range(400)]
    with ThreadPoolExecutor(40) as pool:
        rows = list(pool.map(lambda t: served.embed_queries([t])[0], texts))
    assert [int(r[0]) for r in rows] == [n % 40 for n in range(400)]
    assert len(inner.calls) < 100
    assert cache.state().hits > 0
    assert served.embed_queries([]).shape == (0, 2)


def test_the_built_in_encoder_finds_the_same_alone_and_in_a_crowd(encoders: Encoders) -> None:
    """Only its weights are int8: company in a batch does not move a vector by a single bit."""
    served = ServedText(encoders.text, Cache(0), 64)
    texts = [f"what is the torque of bolt {n} {'and its washer ' * (n % 5)}" for n in range(24)]
    alone = np.stack([encoders.text.embed_queries([t])[0] for t in texts])
    with ThreadPoolExecutor(12) as pool:
        crowd = np.stack(list(pool.map(lambda t: served.embed_queries([t])[0], texts)))
    assert (alone == crowd).all()


def test_images_are_kept_by_their_bytes(encoders: Encoders) -> None:
    cache = Cache(8)
    served = ServedJoint(encoders.joint, cache, 64)
    one, other = picture(color="#4477aa"), picture(color="#aa3322")
    first = served.joint_images([one, other])
    assert (served.joint_images([one])[0] == first[0]).all()
    assert cache.state().hits == 1
    with pytest.raises(ValueError, match="cannot be read"):
        served.joint_images([b"no image"])


def test_one_bad_picture_does_not_fail_its_neighbours(encoders: Encoders) -> None:
    batcher: DynamicBatcher[bytes, object] = DynamicBatcher(
        lambda i: list(encoders.joint.joint_images(i)), max_batch=64
    )
    good = picture()

    def asked(n: int) -> str:
        try:
            batcher(b"garbage" if n % 4 == 0 else good)
        except ValueError:
            return "bad"
        return "good"

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(asked, range(48)))
    assert found == ["bad" if n % 4 == 0 else "good" for n in range(48)]

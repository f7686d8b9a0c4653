"""Encoders as a service needs them: concurrent requests share passes, repeated ones cost none."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from cachetools import LRUCache

from octavo.index.encoders.encoder import (
    JointEncoder,
    Matrix,
    ModelLimits,
    PatchEncoder,
    TextEncoder,
    TokenEncoder,
)

T = TypeVar("T")
R = TypeVar("R")


class DynamicBatcher(Generic[T, R]):
    """Dynamic batching without a clock: what arrives while the model is busy is the next batch.

    An idle model starts at once, so a lone request never waits; under load one waits for the
    batch in flight and runs in the next, at most `max_batch` items long. There is no thread of its
    own: one of the waiting callers leads (runs the batch), then hands over. A timer that collects
    for some milliseconds, as most servers have, would add its wait to every quiet request.
    """

    def __init__(self, call: Callable[[list[T]], Sequence[R]], max_batch: int) -> None:
        self._call = call
        self._max_batch = max_batch
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[T, R]] = []
        self._busy = False

    def __call__(self, item: T) -> R:
        """The result for `item`; raises what the call raised for it."""
        waiter: _Waiter[T, R] = _Waiter(item)
        with self._lock:
            self._waiting.append(waiter)
            is_leader, self._busy = not self._busy, True
        try:
            if is_leader or waiter.wait():
                self._run_next_batch()
        except BaseException:  # Ctrl-C while waiting: nobody may wait for this one
            self._withdraw(waiter)
            raise
        return waiter.result.result()

    def _withdraw(self, waiter: _Waiter[T, R]) -> None:
        with self._lock:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            was_leader = waiter.wake.is_set() and not waiter.result.done()
        if was_leader:
            self._promote_next()

    def _run_next_batch(self) -> None:
        with self._lock:
            batch = self._waiting[: self._max_batch]
            del self._waiting[: self._max_batch]
        try:
            self._run(batch)
        finally:
            for waiter in batch:
                waiter.wake.set()
            self._promote_next()

    def _run(self, batch: list[_Waiter[T, R]]) -> None:
        try:
            results = self._call([w.item for w in batch])
            for waiter, result in zip(batch, results, strict=True):
                waiter.result.set_result(result)
        except Exception as error:  # noqa: BLE001  the callers raise it
            if len(batch) > 1:
                for waiter in batch:  # one of them is bad: the others must not pay for it
                    self._run([waiter])
            elif not batch[0].result.done():
                batch[0].result.set_exception(error)
        except BaseException as error:
            for waiter in batch:
                if not waiter.result.done():
                    waiter.result.set_exception(error)
            raise

    def _promote_next(self) -> None:
        with self._lock:
            next_leader = self._waiting[0] if self._waiting else None
            self._busy = next_leader is not None
        if next_leader is not None:
            next_leader.wake.set()


class _Waiter(Generic[T, R]):
    def __init__(self, item: T) -> None:
        self.item = item
        self.result: Future[R] = Future()
        self.wake = threading.Event()

    def wait(self) -> bool:
        """Until there is a result, or it is this one's turn to lead (True)."""
        self.wake.wait()
        return not self.result.done()


@dataclass(frozen=True, slots=True)
class CacheState:
    """Entries and how often they served, since the process began."""

    entries: int
    limit: int
    hits: int
    misses: int


class Cache:
    """The least recently used results of a bounded number; keyed by model, side and content."""

    def __init__(self, limit: int) -> None:
        """`limit`: entries; 0 keeps none."""
        self._entries: LRUCache[Hashable, Any] = LRUCache(max(1, limit))
        self._limit = limit
        self._lock = threading.Lock()
        self._hits = self._misses = 0

    def get_or_compute(
        self, name: str, items: Sequence[T], compute: Callable[[list[T]], Sequence[Any]]
    ) -> list[Any]:
        """Results for `items`, those not kept made together. `name` says model and side."""
        keys = [(name, _key(item)) for item in items]
        with self._lock:
            results = {key: self._entries[key] for key in keys if key in self._entries}
            self._hits += sum(key in results for key in keys)
            self._misses += sum(key not in results for key in keys)
        missing = {key: item for key, item in zip(keys, items, strict=True) if key not in results}
        if missing:
            computed = dict(zip(missing, compute(list(missing.values())), strict=True))
            results.update(computed)
            if self._limit:
                with self._lock:
                    self._entries.update(computed)
        return [results[key] for key in keys]

    def state(self) -> CacheState:
        with self._lock:
            kept = len(self._entries) if self._limit else 0
            return CacheState(kept, self._limit, self._hits, self._misses)


def _key(item: object) -> Hashable:
    """Long content by its hash: a cache of images must not hold the images."""
    if isinstance(item, bytes):
        return hashlib.sha256(item).digest()
    text = str(item)
    return text if len(text) <= 64 else hashlib.sha256(text.encode("utf-8", "replace")).digest()


class _BatchedCall(Generic[T]):
    """One method of an encoder, cached, its concurrent calls gathered unless company in a batch
    would move a vector."""

    def __init__(
        self,
        name: str,
        call: Callable[[list[T]], Sequence[Any]],
        cache: Cache,
        max_batch: int,
    ) -> None:
        self._name = name
        self._cache = cache
        self._batcher: DynamicBatcher[T, Any] | None = (
            DynamicBatcher(call, max_batch) if max_batch > 1 else None
        )
        self._call = call

    def __call__(self, items: Sequence[T]) -> list[Any]:
        return self._cache.get_or_compute(self._name, items, self._compute)

    def _compute(self, items: list[T]) -> Sequence[Any]:
        if self._batcher is None:
            # Which others are asked for is chance: the cache has some of them.
            return [result for item in items for result in self._call([item])]
        return self._call(items) if len(items) > 1 else [self._batcher(items[0])]


class ServedText:
    """A `TextEncoder` whose questions are cached and gathered; documents go straight through."""

    def __init__(self, inner: TextEncoder, cache: Cache, max_batch: int) -> None:
        self.name, self.dim, self.limits = inner.name, inner.dim, inner.limits
        self.embed_texts = inner.embed_texts
        self._queries: _BatchedCall[str] = _batched_call(
            inner, "query", inner.embed_queries, cache, max_batch
        )

    name: str
    dim: int
    limits: ModelLimits

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return _stacked(self._queries(texts), self.dim)


class ServedTokens:
    """A `TokenEncoder`, served in the same way."""

    def __init__(
        self, inner: TokenEncoder | PatchEncoder, role: str, cache: Cache, max_batch: int
    ) -> None:
        """`role`: `tokens` or `patches`; one model may have both, with prompts of their own."""
        self.name, self.dim, self.limits = inner.name, inner.dim, inner.limits
        self._inner = inner
        # A row for each token, where a model can tell: for showing what met what.
        self.every_token: Callable[[Sequence[str]], list[Matrix]] | None = getattr(
            inner, "every_token", None
        )
        self._queries: _BatchedCall[str] = _batched_call(
            inner, role, inner.query_tokens, cache, max_batch
        )

    name: str
    dim: int
    limits: ModelLimits

    def embed_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        return self._inner.embed_tokens(texts)  # type: ignore[union-attr]

    def embed_patches(self, images: Sequence[bytes]) -> list[Matrix]:
        return self._inner.embed_patches(images)  # type: ignore[union-attr]

    def query_tokens(self, texts: Sequence[str]) -> list[Matrix]:
        return self._queries(texts)


class ServedJoint:
    """A `JointEncoder`, served in the same way; images are cached too, by the hash of their
    bytes (the same photo asked about again, a logo on every page)."""

    def __init__(self, inner: JointEncoder, cache: Cache, max_batch: int) -> None:
        self.name, self.dim, self.limits = inner.name, inner.dim, inner.limits
        self.joint_texts = inner.joint_texts
        self._queries: _BatchedCall[str] = _batched_call(
            inner, "joint", inner.joint_queries, cache, max_batch
        )
        self._images: _BatchedCall[bytes] = _batched_call(
            inner, "image", inner.joint_images, cache, max_batch
        )

    name: str
    dim: int
    limits: ModelLimits

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        return _stacked(self._queries(texts), self.dim)

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        return _stacked(self._images(images), self.dim)


def _batched_call(
    inner: TextEncoder | TokenEncoder | PatchEncoder | JointEncoder,
    side: str,
    call: Callable[[Any], Any],
    cache: Cache,
    max_batch: int,
) -> _BatchedCall[Any]:
    return _BatchedCall(
        f"{side} {inner.name}", call, cache, 1 if inner.limits.batch_dependent else max_batch
    )


def _stacked(rows: Sequence[Matrix], dim: int) -> Matrix:
    return np.stack(rows) if rows else np.zeros((0, dim), np.float32)

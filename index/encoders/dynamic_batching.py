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
    batch in flight and runs in the next, at most `most` items long. There is no thread of its
    own: one of the waiting callers leads (runs the batch), then hands over. A timer that collects
    for some milliseconds, as most servers have, would add its wait to every quiet request.
    """

    def __init__(self, call: Callable[[list[T]], Sequence[R]], most: int) -> None:
        self._call = call
        self._most = most
        self._lock = threading.Lock()
        self._waiting: list[_Waiter[T, R]] = []
        self._busy = False

    def __call__(self, item: T) -> R:
        """The result for `item`; raises what the call raised for it."""
        mine: _Waiter[T, R] = _Waiter(item)
        with self._lock:
            self._waiting.append(mine)
            lead, self._busy = not self._busy, True
        try:
            if lead or mine.wait():
                self._lead()
        except BaseException:  # Ctrl-C while waiting: nobody may wait for this one
            self._leave(mine)
            raise
        return mine.result.result()

    def _leave(self, mine: _Waiter[T, R]) -> None:
        with self._lock:
            if mine in self._waiting:
                self._waiting.remove(mine)
            led = mine.turn.is_set() and not mine.result.done()
        if led:
            self._hand_over()

    def _lead(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            self._run(batch)
        finally:
            for waiter in batch:
                waiter.turn.set()
            self._hand_over()

    def _run(self, batch: list[_Waiter[T, R]]) -> None:
        try:
            found = self._call([w.item for w in batch])
            for waiter, one in zip(batch, found, strict=True):
                waiter.result.set_result(one)
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

    def _hand_over(self) -> None:
        with self._lock:
            heir = self._waiting[0] if self._waiting else None
            self._busy = heir is not None
        if heir is not None:
            heir.turn.set()


class _Waiter(Generic[T, R]):
    def __init__(self, item: T) -> None:
        self.item = item
        self.result: Future[R] = Future()
        self.turn = threading.Event()

    def wait(self) -> bool:
        """Until there is a result, or it is this one's turn to lead (True)."""
        self.turn.wait()
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
        self._kept: LRUCache[Hashable, Any] = LRUCache(max(1, limit))
        self._limit = limit
        self._lock = threading.Lock()
        self._hits = self._misses = 0

    def each(
        self, name: str, items: Sequence[T], make: Callable[[list[T]], Sequence[Any]]
    ) -> list[Any]:
        """Results for `items`, those not kept made together. `name` says model and side."""
        keys = [(name, _key(item)) for item in items]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            self._hits += sum(key in found for key in keys)
            self._misses += sum(key not in found for key in keys)
        missing = {key: item for key, item in zip(keys, items, strict=True) if key not in found}
        if missing:
            made = dict(zip(missing, make(list(missing.values())), strict=True))
            found.update(made)
            if self._limit:
                with self._lock:
                    self._kept.update(made)
        return [found[key] for key in keys]

    def state(self) -> CacheState:
        with self._lock:
            kept = len(self._kept) if self._limit else 0
            return CacheState(kept, self._limit, self._hits, self._misses)


def _key(item: object) -> Hashable:
    """Long content by its hash: a cache of images must not hold the images."""
    if isinstance(item, bytes):
        return hashlib.sha256(item).digest()
    text = str(item)
    return text if len(text) <= 64 else hashlib.sha256(text.encode("utf-8", "replace")).digest()


class _Side(Generic[T]):
    """One method of an encoder, cached, its concurrent calls gathered unless company in a batch
    would move a vector."""

    def __init__(
        self,
        name: str,
        call: Callable[[list[T]], Sequence[Any]],
        cache: Cache,
        most: int,
    ) -> None:
        self._name = name
        self._cache = cache
        self._gather: DynamicBatcher[T, Any] | None = (
            DynamicBatcher(call, most) if most > 1 else None
        )
        self._call = call

    def __call__(self, items: Sequence[T]) -> list[Any]:
        return self._cache.each(self._name, items, self._make)

    def _make(self, items: list[T]) -> Sequence[Any]:
        if self._gather is None:  # which others are asked for is chance: the cache has some of them
            return [found for item in items for found in self._call([item])]
        return self._call(items) if len(items) > 1 else [self._gather(items[0])]


class ServedText:
    """A `TextEncoder` whose questions are cached and gathered; documents go straight through."""

    def __init__(self, inner: TextEncoder, cache: Cache, most: int) -> None:
        self.name, self.dim, self.limits = inner.name, inner.dim, inner.limits
        self.embed_texts = inner.embed_texts
        self._queries: _Side[str] = _side(inner, "query", inner.embed_queries, cache, most)

    name: str
    dim: int
    limits: ModelLimits

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        return _stacked(self._queries(texts), self.dim)


class ServedTokens:
    """A `TokenEncoder`, served in the same way."""

    def __init__(
        self, inner: TokenEncoder | PatchEncoder, role: str, cache: Cache, most: int
    ) -> None:
        """`role`: `tokens` or `patches`; one model may have both, with prompts of their own."""
        self.name, self.dim, self.limits = inner.name, inner.dim, inner.limits
        self._inner = inner
        # A row for each token, where a model can tell: for showing what met what.
        self.every_token: Callable[[Sequence[str]], list[Matrix]] | None = getattr(
            inner, "every_token", None
        )
        self._queries: _Side[str] = _side(inner, role, inner.query_tokens, cache, most)

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

    def __init__(self, inner: JointEncoder, cache: Cache, most: int) -> None:
        self.name, self.dim, self.limits = inner.name, inner.dim, inner.limits
        self.joint_texts = inner.joint_texts
        self._queries: _Side[str] = _side(inner, "joint", inner.joint_queries, cache, most)
        self._images: _Side[bytes] = _side(inner, "image", inner.joint_images, cache, most)

    name: str
    dim: int
    limits: ModelLimits

    def joint_queries(self, texts: Sequence[str]) -> Matrix:
        return _stacked(self._queries(texts), self.dim)

    def joint_images(self, images: Sequence[bytes]) -> Matrix:
        return _stacked(self._images(images), self.dim)


def _side(
    inner: TextEncoder | TokenEncoder | PatchEncoder | JointEncoder,
    side: str,
    call: Callable[[Any], Any],
    cache: Cache,
    most: int,
) -> _Side[Any]:
    return _Side(f"{side} {inner.name}", call, cache, 1 if inner.limits.alone else most)


def _stacked(rows: Sequence[Matrix], dim: int) -> Matrix:
    return np.stack(rows) if rows else np.zeros((0, dim), np.float32)

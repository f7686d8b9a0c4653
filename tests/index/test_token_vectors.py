"""Token vectors of the built-in model: what counts, pooling, long texts, MaxSim by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from octavo.index.encoders.encoder import Matrix, unit
from octavo.index.encoders.minilm import MiniLm
from octavo.index.encoders.token_pooling import pool_tokens
from octavo.index.encoders.token_vectors import MiniLmTokens


@pytest.fixture(scope="module")
def model() -> MiniLm:
    return MiniLm()


@pytest.fixture(scope="module")
def tokens(model: MiniLm) -> MiniLmTokens:
    return model.token_encoder()


def random_rows(n: int, d: int = 96, seed: int = 0) -> Matrix:
    rows = np.random.default_rng(seed).standard_normal((n, d))
    return unit(np.cumsum(rows, axis=0).astype(np.float32))  # neighbours are alike


def best_cosines(query: Matrix, rows: Matrix) -> float:
    """MaxSim by its definition, in loops."""
    return sum(max(float(q @ r) for r in rows) for q in query) / len(query)


def test_two_and_two_become_two_means() -> None:
    rows = unit(np.array([[1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9]], np.float32))
    found = pool_tokens(rows, 2)
    assert found == pytest.approx(unit(np.stack([rows[0] + rows[2], rows[1] + rows[3]])))


@pytest.mark.parametrize(("n", "factor", "left"), [(5, 1, 5), (5, 2, 3), (1, 3, 1), (7, 100, 1)])
def test_how_many_are_left(n: int, factor: float, left: int) -> None:
    found = pool_tokens(random_rows(n), factor)
    assert found.shape == (left, 96)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(left), abs=1e-6)


@pytest.mark.parametrize("factor", [1.3, 2, 4])
@pytest.mark.parametrize("n", [2, 9, 150])
def test_the_clusters_are_those_of_scipy(n: int, factor: float) -> None:
    hierarchy = pytest.importorskip("scipy.cluster.hierarchy")
    rows = random_rows(n, seed=n)
    left = int(np.ceil(n / factor))
    number = hierarchy.fcluster(hierarchy.ward(rows), left, "maxclust")
    sums = [rows[number == k].sum(axis=0) for k in dict.fromkeys(number.tolist())]
    assert pool_tokens(rows, factor) == pytest.approx(unit(np.stack(sums)), abs=1e-5)


def test_equal_rows_become_one_and_no_round_is_without_end() -> None:
    assert len(pool_tokens(np.repeat(random_rows(1), 40, axis=0), 40)) == 1
    assert len(pool_tokens(np.zeros((6, 4), np.float32), 3)) == 2
    assert len(pool_tokens(np.full((6, 4), np.nan, np.float32), 3)) >= 2


def test_a_question_is_not_pooled(tokens: MiniLmTokens) -> None:
    text = "What torque do the bolts take?"  # seven word pieces
    (rows,) = tokens.query_tokens([text])
    assert rows.shape == (7, 96)
    assert (rows == tokens.every_token([text])[0]).all()
    assert tokens.embed_tokens([text])[0] == pytest.approx(pool_tokens(rows, 2))


def test_documents_are_pooled_and_company_changes_nothing(tokens: MiniLmTokens) -> None:
    texts = [
        f"Part {n}: the pump, seal and valve of line {n * 7} leak oil. " * n for n in (1, 9, 4)
    ]
    together = tokens.embed_tokens(texts)
    for text, rows in zip(texts, together, strict=True):
        assert len(rows) == -(-len(tokens.every_token([text])[0]) // 2)
        assert (tokens.embed_tokens([text])[0] == rows).all()
    backwards = tokens.embed_tokens(texts[::-1])[::-1]
    assert all((a == b).all() for a, b in zip(together, backwards, strict=True))
    assert tokens.embed_tokens([]) == tokens.query_tokens([]) == []


def scores(tokens: MiniLmTokens, question: str, texts: Sequence[str]) -> list[float]:
    (query,) = tokens.query_tokens([question])
    return [best_cosines(query, rows) for rows in tokens.embed_tokens(texts)]


def test_a_long_text_is_found_by_its_last_words(tokens: MiniLmTokens) -> None:
    """10,000 tokens: windowed and pooled part by part, never cut."""
    sentence, last = (
        "The pump runs at constant speed until the valve closes again. ",
        "Whales eat krill.",
    )
    text = sentence * 840 + last
    (every,), (rows,) = tokens.every_token([text]), tokens.embed_tokens([text])
    assert len(every) == 840 * 12 + 5 > 10_000
    assert len(every) / 2 <= len(rows) <= len(every) / 2 + 40
    (query,) = tokens.query_tokens(["What do whales eat?"])
    assert best_cosines(query, rows) > 0.6 > 0.5 > best_cosines(query, rows[:-8])


def test_repeating_the_question_does_not_outrank_the_answer(tokens: MiniLmTokens) -> None:
    """MaxSim takes the best match of each word, so the same word ten times is worth one."""
    once, often = scores(tokens, "torque of bolts", ["torque bolts", "torque bolts " * 10])
    assert often <= once + 0.05


def test_the_identity_says_what_is_done(tokens: MiniLmTokens) -> None:
    """An index made with other token vectors is told from this one by its manifest."""
    assert "token states pooled by 2, tokens-pca.npy sha256:" in tokens.name

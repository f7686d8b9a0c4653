"""`octavo bench knn`: complete rows, exact engines exact, failures told, nothing heavy imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from octavo.evals.benchmarks.knn import QUERIES, clustered, exact, run_apart
from octavo.evals.cli.bench_command import CPU, bench
from octavo.index.store import StoreError
from octavo.index.stores.qdrant_edge import EdgeStore
from tests.support.stores import RANDOM_SIZES, fill_at_random
from tests.test_layers import MODEL_LIBRARIES


def test_the_command_measures_every_engine() -> None:
    asked = [
        "knn",
        "--count=6000",
        "--dim=32",
        "--seconds=0.1",
        "--json",
        *(f"--kinds={k}" for k in CPU),
    ]
    done = CliRunner().invoke(bench, asked)
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert {"date", "commit", "command", "machine", "libraries", "data"} <= set(result)
    assert (result["n"], result["dim"], result["k"], result["errors"]) == (6000, 32, 10, [])
    rows = {row["engine"]: row for row in result["rows"]}
    assert tuple(rows) == CPU
    assert rows["faiss-flat"]["recall"] == 1.0
    assert rows["edge-exact"]["recall"] == 1.0
    for row in rows.values():
        assert row["recall"] > 0.8
        assert list(row["rates"]) == ["1", "16", "256"]
        assert all(rate > 10 for rate in row["rates"].values())
        assert row["build"] > 0
        assert row["memory"] is None or row["memory"] > -5


def test_the_table_has_a_line_an_engine() -> None:
    done = CliRunner().invoke(
        bench, ["knn", "--count=1000", "--dim=8", "--seconds=0.1", "--kinds=faiss-flat"]
    )
    assert done.exit_code == 0, done.output
    assert "recall@10" in done.stdout
    assert "faiss-flat" in done.stdout
    assert "1,000 x 8 (clustered, seed 0)" in done.stdout


def test_vectors_of_a_real_index(tmp_path: Path) -> None:
    store = EdgeStore(tmp_path / "store", RANDOM_SIZES)
    fill_at_random(store, chunks=210)
    store.close()
    asked = ["knn", "--index", str(tmp_path), "--count=1000", "--kinds=faiss-flat", "--json"]
    done = CliRunner().invoke(bench, asked)
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    # Three documents of 210; one chunk in eleven has no text vector.
    assert (
        result["n"]
        == 630 - len([n for n in (*range(1, 211), *range(421, 841)) if n % 11 == 0]) - QUERIES
    )
    assert result["dim"] == RANDOM_SIZES.text
    assert result["rows"][0]["recall"] == 1.0


def test_an_index_that_is_too_small_or_missing_is_told(tmp_path: Path) -> None:
    done = CliRunner().invoke(bench, ["knn", "--index", str(tmp_path)])
    assert done.exit_code == 1
    assert f"there is no embedded index at {tmp_path}" in done.output
    store = EdgeStore(tmp_path / "store", RANDOM_SIZES)
    fill_at_random(store, chunks=10)
    store.close()
    done = CliRunner().invoke(bench, ["knn", "--index", str(tmp_path)])
    assert done.exit_code == 1
    assert "text vectors; 512 are needed" in done.output


def test_an_engine_that_fails_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", rows=np.zeros((4, 4), np.float32))
    with pytest.raises(StoreError, match=r"faiss-flat could not be measured: .*queries"):
        run_apart("faiss-flat", tmp_path / "v.npz", 10)


def test_the_data_are_unit_vectors_and_the_same_each_time() -> None:
    rows, queries = clustered(1_500, 24)
    assert rows.shape == (1_500, 24)
    assert queries.shape == (QUERIES, 24)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-3)
    assert np.array_equal(rows, rows.astype(np.float16))
    assert np.array_equal(rows, clustered(1_500, 24)[0])
    assert not np.array_equal(rows, clustered(1_500, 24, seed=1)[0])


def test_exact_search_breaks_ties_by_id() -> None:
    rows = np.array([[0, 1], [1, 0], [1, 0], [0.5, 0]], np.float32)
    assert exact(rows, np.array([[1, 0]], np.float32), 3).tolist() == [[1, 2, 3]]


def test_importing_the_command_loads_nothing_heavy() -> None:
    code = (
        "import sys, octavo.evals.cli.bench_command;print(*{m.split('.')[0] for m in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not (MODEL_LIBRARIES | {"faiss", "qdrant_client"}) & set(done.stdout.split())

"""Makes tokens-pca.npy: principal components of MiniLM's token states, for late interaction.

Fitted on the docstrings of the Python standard library (PSF licence), which every machine with
Python has; no text of the development sets. Run: python -m tools.weights.make_token_pca
"""

from __future__ import annotations

import ast
import sysconfig
from pathlib import Path

import numpy as np

from octavo.index.encoders.encoder import unit
from octavo.index.encoders.minilm import MiniLm

_COMPONENTS = 96
_TEXTS = 1500
_OUT = Path(__file__).parents[2] / "index" / "weights" / "tokens-pca.npy"


def docstrings() -> list[str]:
    """Docstrings of 200 characters and more, in the order of the sorted file names."""
    found = []
    for file in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                text = ast.get_docstring(node) or ""
                if len(text) >= 200:
                    found.append(" ".join(text.split())[:1200])
    return found


def main() -> None:
    """Writes (384, 96) float16: columns are unit components, strongest first, not centred."""
    texts = docstrings()[:_TEXTS]
    model = MiniLm()
    moment = np.zeros((384, 384), np.float64)
    count = 0
    for start in range(0, len(texts), 64):
        for states in model.token_states(texts[start : start + 64]):
            rows = unit(states).astype(np.float64)
            moment += rows.T @ rows
            count += len(rows)
    values, vectors = np.linalg.eigh(moment / count)
    components = vectors[:, ::-1][:, :_COMPONENTS]
    signs = np.sign(components[np.abs(components).argmax(axis=0), range(_COMPONENTS)])
    np.save(_OUT, (components * signs).astype(np.float16))
    kept = values[::-1][:_COMPONENTS].sum() / values.sum()
    print(f"{count} tokens of {len(texts)} texts; {_COMPONENTS} components keep {kept:.3f}")


if __name__ == "__main__":
    main()

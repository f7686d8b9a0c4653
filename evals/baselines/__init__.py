"""Octavo beside LlamaIndex, Haystack and txtai: same documents, questions and embedder."""
